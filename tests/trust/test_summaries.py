"""Old readings: what their summaries say, when the readings go, what a trend shows of both."""

from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import func, select

from controller.console.history import thinned
from controller.console.settings import Console
from controller.store.database import Database
from controller.store.export import export_table
from controller.store.imported import import_readings
from controller.store.reading_file import Believable
from controller.store.retention import Policy, keep_to
from controller.store.summaries import DAY, QUARTER, summaries_of, summarise_new
from controller.store.tables import READINGS, SUMMARIES
from controller.store.telemetry import readings_of, record_readings
from drivers.base import Quality, Reading
from tests.supervisor.conftest import NOW

START = NOW.replace(hour=0)
MINUTE = timedelta(minutes=1)
POLICY = Policy(readings=3 * DAY, summaries=10 * DAY, records=10 * DAY)


def wave(minute: int) -> float:
    return 60.0 + minute % 15 - 0.001 * minute


def filled(database: Database, days: int, point_id: str = "t", first: datetime = START) -> None:
    with database.recording() as connection:
        record_readings(
            connection,
            [
                Reading(point_id=point_id, value=wave(m), time=first + m * MINUTE,
                        quality=Quality.GOOD)
                for m in range(days * 1440)
            ],
        )  # fmt: skip


def test_a_quarter_hour_has_its_mean_lowest_and_highest(database: Database) -> None:
    filled(database, 1)
    odd = [("t", None, Quality.MISSING), ("u", 999.0, Quality.STUCK), ("v", 1.5, Quality.GOOD)]
    with database.recording() as connection:
        record_readings(
            connection,
            [Reading(point_id=p, value=v, time=START + MINUTE / 2, quality=q) for p, v, q in odd],
        )
    summarise_new(database, START + DAY)
    with database.history() as connection:
        quarters = summaries_of(connection, "t", QUARTER, START, START + DAY)
        (day,) = summaries_of(connection, "t", DAY, START, START + DAY)
        assert summaries_of(connection, "u", DAY, START, START + DAY) == ()
        assert summaries_of(connection, "v", DAY, START, START + DAY)[0].mean == 1.5
    assert [one.at for one in quarters] == [START + i * QUARTER for i in range(96)]
    values = [wave(m) for m in range(15, 30)]
    assert quarters[1].mean == pytest.approx(sum(values) / 15)
    assert (quarters[1].low, quarters[1].high) == (min(values), max(values))
    assert {one.readings for one in quarters} == {15}
    everything = [wave(m) for m in range(1440)]
    assert (day.low, day.high, day.readings) == (min(everything), max(everything), 1440)
    assert day.mean == pytest.approx(sum(everything) / 1440)


def test_a_day_that_is_not_over_waits(database: Database) -> None:
    filled(database, 2)
    made = [
        summarise_new(database, START + DAY + timedelta(hours=hour)) for hour in (1, 2, 23, 24, 25)
    ]
    assert made == [97, 0, 0, 97, 0]


def test_night_after_night_readings_go_and_summaries_stay(database: Database) -> None:
    filled(database, 5)
    for hour in range(0, 6 * 24, 7):  # nights come at any hour
        keep_to(database, POLICY, START + timedelta(hours=hour))
    with database.history() as connection:
        assert connection.execute(select(func.min(READINGS.c.at))).scalar() == START + 2 * DAY
        days = summaries_of(connection, "t", DAY, START, START + 9 * DAY)
    assert [(one.at, one.readings) for one in days] == [(START + n * DAY, 1440) for n in range(5)]
    gone = keep_to(database, POLICY, START + 12 * DAY + MINUTE)
    assert (gone.readings, gone.summaries) == (3 * 1440, 2 * 97 + 2)


def of(points: str, until: datetime) -> Believable:
    return Believable(ranges=dict.fromkeys(points, (-inf, inf)), since=START, until=until)


def test_what_comes_in_late_is_in_the_summaries(database: Database, tmp_path: Path) -> None:
    filled(database, 2)
    summarise_new(database, START + 2 * DAY)
    other = tmp_path / "late.csv"
    rows = [f"u,{(START + m * MINUTE).isoformat()},{wave(m)}" for m in range(1440)]
    other.write_text("\n".join(["point_id,at,value", *rows]) + "\n", encoding="utf-8")
    import_readings(database, other, of("tu", START + 2 * DAY))
    with database.history() as connection:
        (day,) = summaries_of(connection, "u", DAY, START, START + 2 * DAY)
    assert day.readings == 1440


def test_a_part_of_an_old_day_does_not_take_the_whole_one_s_place(
    database: Database, tmp_path: Path
) -> None:
    filled(database, 5)
    keep_to(database, POLICY, START + 5 * DAY)
    part = tmp_path / "part.csv"
    part.write_text(f"point_id,at,value\nt,{START.isoformat()},-40\n", encoding="utf-8")
    import_readings(database, part, of("t", START + 5 * DAY))
    keep_to(database, POLICY, START + 5 * DAY)
    with database.history() as connection:
        day = summaries_of(connection, "t", DAY, START, START + DAY)[0]
    assert (day.readings, day.low > 0.0) == (1440, True)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_readings_come_back_from_an_export_as_they_were(
    database: Database, ending: str, tmp_path: Path
) -> None:
    values = [0.1 + 0.2, -1e-300, 1.7976931348623157e308, 3.0, None, 5e-324, -0.0]
    odd = [*Quality]
    kept = [
        Reading(point_id="点", value=value, quality=odd[i % len(odd)],
                time=START + i * timedelta(microseconds=1_000_001))
        for i, value in enumerate(values)
    ]  # fmt: skip
    with database.recording() as connection:
        record_readings(connection, kept)
    path = tmp_path / f"all{ending}"
    assert export_table(database, "readings", START, START + DAY, path) == len(values)
    with database.recording() as connection:
        connection.execute(READINGS.delete())
    done = import_readings(database, path, of("点", START + DAY))
    assert done.problems == ()
    with database.history() as connection:
        found = readings_of(connection, "点", START, START + DAY)
        assert connection.execute(select(func.count()).select_from(SUMMARIES)).scalar() is not None
    assert [(one.time, one.value, one.quality) for one in found] == [
        (one.time, one.value, one.quality) for one in kept
    ]


class OnlyStore:
    """As much of a console as the reading of courses needs."""

    def __init__(self, database: Database) -> None:
        self.database = database


@pytest.mark.parametrize("back", [1, 4, 130])
def test_a_trend_is_thin_keeps_its_peaks_and_ends_now(database: Database, back: int) -> None:
    filled(database, 4)
    peak = START + 3 * DAY + 100.5 * MINUTE
    with database.recording() as connection:
        record_readings(
            connection, [Reading(point_id="t", value=99.5, time=peak, quality=Quality.GOOD)]
        )
    summarise_new(database, START + 3 * DAY + MINUTE)  # the last day is not summed up yet
    now = START + 4 * DAY
    own = cast(Console, OnlyStore(database))
    found = thinned(own, "t", now - back * DAY, now, 600)
    assert 50 < len(found) <= 700
    assert [at for at, _ in found] == sorted(at for at, _ in found)
    assert (peak, 99.5) in found
    assert now - found[-1][0] < timedelta(minutes=30)
    assert min(value for _, value in found if value is not None) == pytest.approx(
        min(wave(m) for m in range(max(4 - back, 0) * 1440, 4 * 1440))
    )
