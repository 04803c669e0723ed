"""`heatwarden run` as a user starts it: real processes, store, planner, and devices on a pty."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.store.database import open_database
from controller.store.journal import Journal, JournalRow
from controller.store.lease import take_lease
from controller.store.present import cycles_of
from controller.store.telemetry import record_readings
from drivers.base import Quality, Reading
from tests.supervisor.postgresql_server import Server
from tests.supervisor.running_site import (
    HEARTBEAT,
    OFFSET,
    PASSWORD,
    QUICK,
    SETPOINT,
    Plant,
    plant,
    signed,
    with_users,
)
from tests.supervisor.together import one_start_together

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Plant]:
    with plant(tmp_path, lambda hour: -8.0) as opened:
        yield opened


def commission(own: Plant, point: str, panel: Callable[[], float]) -> None:
    """Type the password, wait for the question, read the panel, type what it shows."""
    command = [sys.executable, "-m", "controller.cli", "commission", str(own.folder), point]
    asked = subprocess.Popen(
        [*command, "--user", "wang"], env=own.environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert asked.stdin is not None
    assert asked.stderr is not None
    asked.stdin.write(PASSWORD + "\n")
    asked.stdin.flush()
    assert "has been written once" in asked.stderr.readline()
    said, _ = asked.communicate(f"{panel()}\n", timeout=60)
    assert asked.returncode == 0, said


def commissioned(own: Plant) -> None:
    commission(own, "P1.sp", lambda: own.plc.holding[SETPOINT] / 10)
    commission(own, "S1.off", lambda: offset(own))
    commission(own, "P1.beat", lambda: own.plc.holding[HEARTBEAT])
    own.slave.heard.clear()


def offset(own: Plant) -> float:
    raw = own.station.holding[OFFSET]
    return (raw - 65536 if raw > 32767 else raw) / 10


def known_for_an_hour(own: Plant) -> None:
    """What an engine that has run for an hour leaves in telemetry: nothing has moved."""
    now = datetime.now(UTC)
    rows = [
        Reading(point_id=name, value=value, time=now - minute * MINUTE, quality=Quality.GOOD)
        for name, value in (("P1.sp.fb", 90.0), ("S1.off.fb", 0.0))
        for minute in range(70, 0, -1)
    ]
    database = open_database(own.store_url, own.folder)
    with database.recording() as connection:
        record_readings(connection, rows)
    database.close()


def journal(own: Plant, since: datetime) -> list[JournalRow]:
    database = open_database(own.store_url, own.folder)
    try:
        return list(Journal(database, 0).rows(since=since))
    finally:
        database.close()


def in_mode(mode: str) -> Callable[[dict[str, object]], bool]:
    return lambda shown: shown["mode"] == mode


def audit(own: Plant) -> list[dict[str, object]]:
    shown = json.loads(own.run("audit", "show", own.folder, "--json", "--last", "500").stdout)
    records: list[dict[str, object]] = shown["records"]
    return records


def test_without_an_engineer_nothing_starts(own: Plant) -> None:
    own.run("user", "add", "li", "--role", "operator", own.folder, answer=PASSWORD + "\n")
    engine = own.start()
    assert engine.wait(60) == 3
    assert engine.stderr is not None
    assert "user add NAME --role engineer" in engine.stderr.read()


def test_of_two_engines_started_together_one_runs(own: Plant) -> None:
    with_users(own)
    for _ in range(5):
        assert one_start_together(own) == (3, 0)


def test_an_engine_that_holds_the_store_from_elsewhere_is_respected(own: Plant) -> None:
    with_users(own)
    database = open_database(own.store_url, own.folder)
    with database.writing() as connection:
        take_lease(connection, "another machine", datetime.now(UTC), MINUTE)
    database.close()
    engine = own.start(*QUICK)
    assert engine.wait(60) == 3
    assert engine.stderr is not None
    assert "another machine" in engine.stderr.read()


def test_from_a_recommendation_to_the_plant_and_back_to_the_operator(own: Plant) -> None:
    with_users(own)
    commissioned(own)
    known_for_an_hour(own)
    began = datetime.now(UTC)
    engine = own.start(*QUICK)
    shown = own.until(in_mode("advisory"))
    assert (shown["locked"], shown["owned"]) == ([], None)
    assert own.writes() == [], "written without a person"

    # A viewer may not, an operator may, nobody may twice.
    assert not own.asked("approve", own.folder, user="guest", code=1)["accepted"]
    first = own.asked("approve", own.folder, user="li")
    while not first["accepted"] and "superseded" in first["answer"]:
        first = own.asked("approve", own.folder, user="li")
    assert first["accepted"], first["answer"]
    shown = own.until(lambda now: now["owned"] is not None and offset(own) != 0.0)
    set_id = shown["owned"]["set_id"]
    assert shown["owned"]["points"] == ["P1.sp", "S1.off"]
    again = own.asked("approve", own.folder, set_id, user="li", code=1)
    assert "decided before" in again["answer"] or "superseded" in again["answer"]

    # What was written is what was approved, within a step, journaled before and after.
    assert abs(offset(own)) <= 1.0 + 1e-9
    rows = journal(own, began)
    assert {row.intent.set_id for row in rows} == {set_id}
    assert {row.intent.actor for row in rows} == {"li"}
    assert len(own.writes()) == sum(row.stage == "intent" for row in rows)
    assert [row.stage for row in rows][-1] == "confirmed"

    # Somebody turns it at the panel: it is theirs.
    written = len(own.writes())
    own.station.holding[OFFSET] = signed(3.0)
    shown = own.until(in_mode("manual"))
    assert shown["owned"] is None
    assert "foreign_change:S1.off" in [one["alarm_id"] for one in shown["alarms"]]
    assert not own.asked("approve", own.folder, user="li", code=1)["accepted"]

    # Up again needs good cycles and a person, and owns nothing then.
    own.until(lambda now: now["good_cycles"] >= 2)
    assert own.asked("hold", own.folder, "--release", user="li", code=0)["accepted"]
    shown = own.until(in_mode("advisory"))
    assert shown["owned"] is None
    assert own.asked("hold", own.folder, user="li", code=0)["accepted"]
    assert own.status()["mode"] == "hold"
    assert len(own.writes()) == written
    assert offset(own) == 3.0

    code, told = own.stop(engine)
    assert code == 0, told
    beat = own.plc.holding[HEARTBEAT]
    assert beat > 0
    time.sleep(1.5)
    assert own.plc.holding[HEARTBEAT] == beat, "the heartbeat goes on after the end"
    actions = [one["action"] for one in audit(own)]
    assert actions.count("approve") >= 3
    assert own.run("audit", "verify", own.folder).returncode == 0


def test_an_engine_keeps_everything_in_postgresql(tmp_path: Path, server: Server) -> None:
    with plant(tmp_path, lambda hour: -8.0, store_url=server.new_database()) as own:
        with_users(own)
        commissioned(own)
        known_for_an_hour(own)
        began = datetime.now(UTC)
        engine = own.start(*QUICK)
        own.until(in_mode("advisory"))
        first = own.asked("approve", own.folder, user="li")
        while not first["accepted"] and "superseded" in first["answer"]:
            first = own.asked("approve", own.folder, user="li")
        assert first["accepted"], first["answer"]
        own.until(lambda now: offset(own) != 0.0)
        assert own.start(*QUICK).wait(60) == 3
        assert own.stop(engine)[0] == 0
        rows = journal(own, began)
        assert len(own.writes()) == sum(row.stage == "intent" for row in rows)
        assert rows[-1].stage == "confirmed"
        assert own.run("audit", "verify", own.folder).returncode == 0
        assert not list(own.folder.glob("*.db")), "something was kept elsewhere"


def test_a_silent_controller_gives_hold_and_one_alarm(own: Plant) -> None:
    with_users(own)
    commissioned(own)
    engine = own.start(*QUICK)
    own.until(in_mode("advisory"))
    own.slave.heard.clear()
    approved = own.asked("approve", own.folder, user="li")
    while not approved["accepted"] and "superseded" in approved["answer"]:
        approved = own.asked("approve", own.folder, user="li")
    assert approved["accepted"], approved["answer"]
    own.slave.units.pop(1)
    own.until(in_mode("hold"))
    written = len(own.writes())
    shown = own.until(lambda now: any(one["alarm_id"] == "device_silent:plc1"
                                      for one in now["alarms"]))  # fmt: skip
    active = {one["alarm_id"] for one in shown["alarms"] if one["active"]}
    assert not {one for one in active if re.match("point_bad:P1", one)}
    assert len(own.writes()) == written
    held = own.plc.holding[SETPOINT]

    # A crash: the next engine begins in MONITOR, owning nothing, writing nothing.
    assert own.stop(engine, signal.SIGKILL)[0] == -signal.SIGKILL
    own.slave.units[1] = own.plc
    time.sleep(1)
    engine = own.start(*QUICK)
    shown = own.until(lambda now: now["running"] and now["mode"] in ("monitor", "advisory"))
    assert (shown["owned"], shown["armed"]) == (None, None)
    assert len(own.writes()) == written
    assert own.plc.holding[SETPOINT] == held
    assert own.stop(engine)[0] == 0


def test_a_site_is_read_again_only_when_it_is_sound(own: Plant) -> None:
    with_users(own)
    engine = own.start(*QUICK)
    own.until(lambda now: now["running"] and now["mode"] in ("monitor", "advisory"))
    path = own.folder / "site.toml"
    sound = path.read_text(encoding="utf-8")
    path.write_text(sound.replace("max_velocity_m_s = 1.8", "max_velocity_m_s = -1"))
    refused = own.asked("reload", own.folder, code=1)
    assert "max_velocity_m_s" in refused["answer"]
    assert own.asked("reload", own.folder, user="li", code=1)["answer"].endswith("needs engineer")
    path.write_text(sound.replace("max_velocity_m_s = 1.8", "max_velocity_m_s = 1.7"))
    assert own.asked("reload", own.folder, code=0)["accepted"]

    def starts(shown: dict[str, object]) -> bool:
        return [one["action"] for one in audit(own)].count("started") == 2

    own.until(starts)
    assert own.status()["mode"] in ("init", "monitor")
    assert own.stop(engine)[0] == 0


def test_a_process_that_was_suspended_misses_cycles_and_doubles_none(own: Plant) -> None:
    with_users(own)
    commissioned(own)
    known_for_an_hour(own)
    engine = own.start(*QUICK)
    own.until(in_mode("advisory"))
    approved = own.asked("approve", own.folder, user="li")
    while not approved["accepted"] and "superseded" in approved["answer"]:
        approved = own.asked("approve", own.folder, user="li")
    assert approved["accepted"], approved["answer"]
    own.until(lambda now: len(own.writes()) > 0)
    engine.send_signal(signal.SIGSTOP)
    time.sleep(2.0)
    written, stopped = len(own.writes()), datetime.now(UTC)
    time.sleep(36.0)
    assert len(own.writes()) == written
    engine.send_signal(signal.SIGCONT)
    woken = datetime.now(UTC)
    shown = own.until(lambda now: any(one["alarm_id"] == "cycle_late:cycle"
                                      for one in now["alarms"]))  # fmt: skip
    assert shown["running"]
    time.sleep(30.0)
    assert own.stop(engine)[0] == 0
    database = open_database(own.store_url, own.folder)
    with database.reading() as connection:
        cycles = [one.at for one in cycles_of(connection, stopped - 5 * MINUTE, woken + MINUTE)]
    database.close()
    second = timedelta(seconds=1)  # a cycle is known by its whole second
    asleep = [at for at in cycles if stopped < at < woken - second]
    assert asleep == []
    assert len(cycles) == len(set(cycles))
    after = [at for at in cycles if at >= woken - second]
    assert 1 <= len(after) <= 4, "a missed cycle is not made up for"
