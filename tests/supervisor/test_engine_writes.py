"""What `heatwarden run` writes and what it does not, as a user starts it: devices on a pty."""

import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.supervisor.operating import (
    approve,
    audit,
    commissioned,
    has_alarm,
    in_mode,
    known_for_an_hour,
    offset,
    recommends_a_move_of,
    settled,
)
from tests.supervisor.postgresql_server import Server
from tests.supervisor.running_site import (
    HEARTBEAT,
    OFFSET,
    QUICK,
    SETPOINT,
    Plant,
    plant,
    signed,
    with_users,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Plant]:
    with plant(tmp_path, lambda hour: -8.0) as opened:
        yield opened


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
    own.until(lambda _: recommends_a_move_of("S1.off", own))
    assert not own.asked("approve", own.folder, user="guest", code=1)["accepted"]
    set_id = approve(own)
    shown = own.until(lambda now: now["owned"] is not None)
    assert shown["owned"]["points"] == ["P1.sp", "S1.off"]
    again = own.asked("approve", own.folder, set_id, user="li", code=1)
    assert "decided before" in again["answer"] or "superseded" in again["answer"]

    # What was written is what was approved, within a step, journaled before and after.
    own.until(lambda _: offset(own) != 0.0)
    rows = settled(own, began)
    assert {row.intent.set_id for row in rows} == {set_id}
    assert {row.intent.actor for row in rows} == {"li"}
    assert abs(offset(own)) <= 1.0 + 1e-9

    # Somebody turns it at the panel: it is theirs.
    own.station.holding[OFFSET] = signed(3.0)
    shown = own.until(in_mode("manual"))
    written = len(own.writes())
    assert shown["owned"] is None
    assert "foreign_change:S1.off" in [one["alarm_id"] for one in shown["alarms"]]
    assert not own.asked("approve", own.folder, user="li", code=1)["accepted"]

    # Up again needs good cycles and a person, and owns nothing then.
    own.until(lambda now: now["good_cycles"] >= 2)
    assert own.asked("hold", own.folder, "--release", user="li", code=0)["accepted"]
    shown = own.until(in_mode("advisory"))
    assert shown["owned"] is None
    assert own.asked("hold", own.folder, user="li", code=0)["accepted"]
    own.until(in_mode("hold"))
    assert len(own.writes()) == written
    assert offset(own) == 3.0

    code, told = own.stop(engine)
    assert code == 0, told
    beat = own.plc.holding[HEARTBEAT]
    assert beat > 0
    time.sleep(0.5)
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
        approve(own)
        settled(own, began)
        assert own.start(*QUICK).wait(60) == 3
        assert own.stop(engine)[0] == 0
        assert settled(own, began)[-1].stage == "confirmed"
        assert own.run("audit", "verify", own.folder).returncode == 0
        assert not list(own.folder.glob("*.db")), "something was kept elsewhere"


def test_a_silent_controller_gives_hold_and_one_alarm(own: Plant) -> None:
    with_users(own)
    commissioned(own)
    engine = own.start(*QUICK)
    own.until(in_mode("advisory"))
    approve(own)
    own.slave.units.pop(1)
    own.until(in_mode("hold"))
    written = len(own.writes())
    shown = own.until(has_alarm("device_silent:plc1"))
    active = {one["alarm_id"] for one in shown["alarms"] if one["active"]}
    assert not {one for one in active if re.match("point_bad:P1", one)}
    assert len(own.writes()) == written
    held = own.plc.holding[SETPOINT]

    # A crash: the next engine begins in MONITOR, owning nothing, writing nothing.
    assert own.stop(engine, signal.SIGKILL)[0] == -signal.SIGKILL
    own.slave.units[1] = own.plc
    engine = own.start(*QUICK)
    own.until(lambda _: [one["action"] for one in audit(own)].count("started") == 2)
    shown = own.until(in_mode("monitor", "advisory"))
    assert (shown["owned"], shown["armed"]) == (None, None)
    assert len(own.writes()) == written
    assert own.plc.holding[SETPOINT] == held
    assert own.stop(engine)[0] == 0
