"""The life of `heatwarden run`: real processes, store, planner, and devices on a pty."""

import itertools
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.store.database import open_database
from controller.store.lease import take_lease
from controller.store.present import cycles_of
from tests.supervisor.operating import (
    MINUTE,
    approve,
    audit,
    commissioned,
    has_alarm,
    in_mode,
    known_for_an_hour,
    settled,
)
from tests.supervisor.running_site import CYCLE_S, PASSWORD, QUICK, Plant, plant, with_users
from tests.supervisor.together import one_start_together

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
# As long as a lease of now can last; one that ends later is taken for one of a clock set back.
HELD = timedelta(seconds=110)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Plant]:
    with plant(tmp_path, lambda hour: -8.0) as opened:
        yield opened


def test_without_an_engineer_nothing_starts(own: Plant) -> None:
    own.run("user", "add", "li", "--role", "operator", own.folder, typed=[PASSWORD])
    engine = own.start()
    assert engine.wait(60) == 3
    assert engine.stderr is not None
    assert "user add NAME --role engineer" in engine.stderr.read()


def test_of_two_engines_started_together_one_runs(own: Plant) -> None:
    with_users(own)
    for _ in range(2):
        assert one_start_together(own) == (3, 0)


def test_an_engine_that_holds_the_store_from_elsewhere_is_respected(own: Plant) -> None:
    with_users(own)
    database = open_database(own.store_url, own.folder)
    with database.writing() as connection:
        take_lease(connection, "another machine", datetime.now(UTC), HELD)
    database.close()
    engine = own.start(*QUICK)
    assert engine.wait(60) == 3
    assert engine.stderr is not None
    assert "another machine" in engine.stderr.read()


def test_a_site_is_read_again_only_when_it_is_sound(own: Plant) -> None:
    with_users(own)
    engine = own.start(*QUICK)
    own.until(in_mode("monitor", "advisory"))
    path = own.folder / "site.toml"
    sound = path.read_text(encoding="utf-8")
    path.write_text(sound.replace("max_velocity_m_s = 1.8", "max_velocity_m_s = -1"))
    refused = own.asked("reload", own.folder, code=1)
    assert "max_velocity_m_s" in refused["answer"]
    assert own.asked("reload", own.folder, user="li", code=1)["answer"].endswith("needs engineer")
    path.write_text(sound.replace("max_velocity_m_s = 1.8", "max_velocity_m_s = 1.7"))
    assert own.asked("reload", own.folder, code=0)["accepted"]

    def leaves_init(_shown: object) -> bool:
        """Say whether it has left INIT for MONITOR a second time."""
        modes = [str(one["details"]) for one in audit(own) if one["action"] == "mode"]
        return sum("monitor" in one and "init" in one for one in modes) == 2

    own.until(leaves_init)
    code, told = own.stop(engine)
    assert code == 0, told


def test_a_process_that_was_suspended_misses_cycles_and_doubles_none(own: Plant) -> None:
    with_users(own)
    commissioned(own)
    known_for_an_hour(own)
    began = datetime.now(UTC)
    engine = own.start(*QUICK)
    own.until(in_mode("advisory"))
    approve(own)
    settled(own, began)
    engine.send_signal(signal.SIGSTOP)
    time.sleep(0.5)  # bytes that were under way have come
    written, stopped = len(own.writes()), datetime.now(UTC)
    time.sleep(3.2 * CYCLE_S)
    assert len(own.writes()) == written
    woken = datetime.now(UTC)
    engine.send_signal(signal.SIGCONT)
    assert own.until(has_alarm("cycle_late:cycle"))["running"]

    def cycles() -> list[datetime]:
        database = open_database(own.store_url, own.folder)
        with database.reading() as connection:
            found = cycles_of(connection, began, datetime.now(UTC) + MINUTE)
        database.close()
        return [one.at for one in found]

    second = timedelta(seconds=1)  # a cycle is known by its whole second
    own.until(lambda _: len([at for at in cycles() if at >= woken - second]) >= 2)
    assert own.stop(engine)[0] == 0
    assert [at for at in cycles() if stopped < at < woken - second] == []
    after = [at for at in cycles() if at >= woken - second]
    gaps_s = [(late - early).total_seconds() for early, late in itertools.pairwise(after)]
    assert min(gaps_s[1:], default=CYCLE_S) >= CYCLE_S - 1.0, "a missed cycle is not made up for"
