"""What people do at a running site, and what it left in the store."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from controller.store.database import open_database
from controller.store.journal import Journal, JournalRow, Stage
from controller.store.recommendations import latest
from controller.store.telemetry import record_readings
from drivers.base import Quality, Reading
from tests.supervisor.running_site import HEARTBEAT, OFFSET, PASSWORD, SETPOINT, Plant
from tests.terminal import Typed

MINUTE = timedelta(minutes=1)


def commission(own: Plant, point: str, panel: Callable[[], float]) -> None:
    """Type the password, and what the panel shows once the point has been written."""
    typed: list[Typed] = [PASSWORD, lambda: str(panel())]
    done = own.run("commission", own.folder, point, "--user", "wang", typed=typed)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "has been written once" in done.stderr


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


def recommends_a_move_of(point_id: str, own: Plant) -> bool:
    """Whether the newest set takes a point elsewhere: the weather curve leaves offsets alone."""
    database = open_database(own.store_url, own.folder)
    with database.reading() as connection:
        newest = latest(connection)
    database.close()
    members = [] if newest is None else newest.body["members"]
    return any(m["point_id"] == point_id and m["series"][0] != m["before"] for m in members)


def approve(own: Plant) -> str:
    """Approve the newest set as the operator; a newer one may come while he types. Its id."""
    done = own.asked("approve", own.folder, user="li")
    while not done["accepted"] and "superseded" in done["answer"]:
        done = own.asked("approve", own.folder, user="li")
    assert done["accepted"], done["answer"]
    return str(own.until(lambda shown: shown["owned"] is not None)["owned"]["set_id"])


def journal(own: Plant, since: datetime) -> list[JournalRow]:
    database = open_database(own.store_url, own.folder)
    try:
        return list(Journal(database, 0).rows(since=since))
    finally:
        database.close()


def settled(own: Plant, since: datetime) -> list[JournalRow]:
    """Wait until something was written, every write of it journaled and confirmed; the journal."""

    def told(_shown: dict[str, object]) -> bool:
        stages = [row.stage for row in journal(own, since)]
        asked, done = stages.count(Stage.INTENT), stages.count(Stage.CONFIRMED)
        return 0 < len(own.writes()) == asked == done

    own.until(told)
    return journal(own, since)


def in_mode(*modes: str) -> Callable[[dict[str, object]], bool]:
    return lambda shown: bool(shown["running"]) and shown["mode"] in modes


def has_alarm(name: str) -> Callable[[dict[str, object]], bool]:
    def has(shown: dict[str, object]) -> bool:
        alarms = shown["alarms"]
        assert isinstance(alarms, list)
        return any(one["alarm_id"] == name for one in alarms)

    return has


def audit(own: Plant) -> list[dict[str, object]]:
    shown = json.loads(own.run("audit", "show", own.folder, "--json", "--last", "500").stdout)
    records: list[dict[str, object]] = shown["records"]
    return records
