"""What runs by the calendar: calibration at night, reports of shifts, nothing silent."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.alarms.settings import Delivery
from controller.engine.calendar import Job
from controller.engine.jobs import jobs_of, report_shift, start_jobs
from controller.engine.nightly import (
    Calibrated,
    NothingToCalibrate,
    calibrate_nightly,
    night_hour_utc,
    recall_changes,
)
from controller.engine_words import in_chinese
from controller.knowing.ahead import Ahead
from controller.site import Site
from controller.store.audit import last_records
from controller.store.database import Database
from controller.store.present import published
from tests.supervisor.simulated import Simulated, simulated
from tests.supervisor.test_lockstep import time_service


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Simulated]:
    made = simulated(tmp_path)
    yield made
    made.database.close()


class Found:
    """A calibration that has found something."""

    def calibrate(self, site: Site, database: Database, now: datetime) -> Calibrated:
        return Calibrated(changed=True, text="UA of B1 -12 %", details={"B1": -0.12})


@pytest.mark.parametrize(
    ("port", "text"),
    [(NothingToCalibrate(), "nothing to calibrate"), (Found(), "UA of B1 -12 %")],
)
def test_what_came_of_a_night_is_published_and_audited(
    own: Simulated, port: NothingToCalibrate | Found, text: str
) -> None:
    calibrate_nightly(own.core, port)
    with own.database.reading() as connection:
        found = published(connection, "calibration")
        (audited,) = last_records(connection, 1)
    assert found is not None
    assert (found[0], found[1]["text"]) == (own.time.wall(), text)
    assert (audited["action"], text in audited["details"]) == ("calibrated", True)


EVENT = {"where": "S1", "since": "2026-01-10T00:00:00+00:00", "cause": "half_shut_valve",
         "signal": "flow", "size": -0.32}  # fmt: skip


@pytest.mark.parametrize(("days_ago", "told"), [(1, True), (8, False)])
def test_a_lasting_change_is_an_alarm_for_a_week_and_over_a_restart(
    own: Simulated, days_ago: int, told: bool
) -> None:
    seen = own.time.wall() - timedelta(days=days_ago)

    class Changed:
        def calibrate(self, site: Site, database: Database, now: datetime) -> Calibrated:
            events = [{**EVENT, "seen": seen.isoformat()}]
            return Calibrated(changed=False, text="", details={"events": events})

    calibrate_nightly(own.core, Changed())
    del own.core.causes["changes"]
    recall_changes(own.core)
    own.run(5)
    assert ("plant_changed:S1" in own.alarms()) == told
    details = [one.detail for one in own.core.causes["changes"]]
    assert details == ["a half-shut valve since 2026-01-10, flow -32 %"] * told
    assert [in_chinese(one) for one in details] == ["阀门半关，自 2026-01-10 起，流量 -32 %"] * told


@pytest.mark.parametrize(("longitude", "hour"), [(118.0, 19), (0.0, 3), (-74.0, 8), (180.0, 15)])
def test_the_night_is_where_the_site_is(longitude: float, hour: int) -> None:
    assert night_hour_utc(longitude) == hour


@pytest.mark.parametrize(("utc_hour", "reports"), [(0, 4), (8, 4), (16, 4), (1, 0), (9, 0)])
def test_a_report_is_written_when_a_shift_has_ended(
    own: Simulated, utc_hour: int, reports: int
) -> None:
    own.time.wall_at = datetime(2026, 1, 17, utc_hour, 2, tzinfo=UTC)
    report_shift(own.core)
    folder = own.core.tables.site.folder / "reports"
    found = sorted(path.name for path in folder.glob("*")) if folder.exists() else []
    assert len(found) == reports
    if reports:
        local = (utc_hour + 8) % 24
        assert all(f"-{local:02d}00-" in name for name in found)


def test_a_job_that_fails_is_an_alarm_until_it_has_run_well(own: Simulated) -> None:
    with time_service() as (time, _):
        calendar = start_jobs(own.core, Delivery(), NothingToCalibrate(), Ahead(own.core), time)
        room: list[bool] = []

        def fails() -> None:
            if not room:
                raise OSError("no room")

        calendar.start([Job(name="x", work=fails, when=60.0)])
        time.sleep(61.0)
        own.run(5)
        assert "job_failed:x" in own.alarms()
        assert "no room" in own.core.causes["job x"][0].detail
        room.append(True)
        time.sleep(60.0)
        assert "job x" not in own.core.causes
        calendar.stop()


def test_what_is_done_when(own: Simulated) -> None:
    jobs = jobs_of(own.core, Delivery(), NothingToCalibrate(), Ahead(own.core))
    times = {job.name: str(job.when) for job in jobs}
    night = night_hour_utc(own.core.tables.site.longitude)
    assert times == {
        "deliver": "20.0",
        "retention": f"cron[hour='{night}', minute='10']",
        "calibration": f"cron[hour='{night}', minute='30']",
        "learning": f"cron[hour='{night}', minute='45']",
        "learning at the start": "None",
        "report": "cron[minute='2']",
    }
