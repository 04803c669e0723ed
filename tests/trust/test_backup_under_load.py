"""A backup while four writers write: what was acknowledged before it began is restored."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import select

from controller.store.audit import AuditEntry, append_audit, verify_audit
from controller.store.backup import backup_to, restore_from
from controller.store.database import Database, open_database
from controller.store.journal import Intent, Journal, Stage
from controller.store.lease import take_lease
from controller.store.requests import Request, ask
from controller.store.tables import AUDIT, JOURNAL, READINGS, REQUESTS
from controller.store.telemetry import record_readings
from tests.supervisor.conftest import NOW
from tests.supervisor.stores import reading

LEAST_EACH = 20
DAY = timedelta(days=1)


def audits(database: Database) -> Iterator[str]:
    for number in count():
        with database.writing() as connection:
            append_audit(connection, AuditEntry(at=NOW, actor="x", action=f"a{number}", details={}))
        yield f"a{number}"


def asks(database: Database) -> Iterator[str]:
    for _ in count():
        with database.writing() as connection:
            number = ask(
                connection, Request(actor="li", role="operator", kind="hold", body={}), NOW
            )
        yield str(number)


def writes(database: Database) -> Iterator[str]:
    with database.writing() as connection:
        journal = Journal(database, take_lease(connection, "engine", NOW, DAY))
    for number in count():
        intent = Intent(
            intent_id=f"i{number}", point_id="P1.sp", value=1.0, before=0.0, set_id=None,
            mode="auto", actor="engine",
        )  # fmt: skip
        journal.intend(intent, NOW)
        journal.settle(intent, Stage.CONFIRMED, 1.0, "", NOW)
        yield intent.intent_id


def records(database: Database) -> Iterator[str]:
    for number in count():
        with database.recording() as connection:
            record_readings(connection, [reading(number, 1.0, f"p{n}") for n in range(20)])
        yield str(number)


WRITERS: tuple[Callable[[Database], Iterator[str]], ...] = (audits, asks, writes, records)


def restored(database: Database) -> tuple[set[str], ...]:
    with database.reading() as connection:
        assert verify_audit(connection).broken_at is None
        audit = {str(name) for name in connection.execute(select(AUDIT.c.action)).scalars()}
        asked = {
            str(number) for number in connection.execute(select(REQUESTS.c.request_id)).scalars()
        }
        settled = JOURNAL.c.stage == Stage.CONFIRMED.value
        journal = set(connection.execute(select(JOURNAL.c.intent_id).where(settled)).scalars())
    with database.history() as connection:
        rows = connection.execute(select(READINGS.c.at)).scalars()
        minutes = {str(round((at - NOW).total_seconds() / 60)) for at in rows}
    return audit, asked, journal, minutes


def test_nothing_acknowledged_is_missing(store_url: str, tmp_path: Path) -> None:
    stores = [open_database(store_url, tmp_path) for _ in WRITERS]
    acknowledged: list[list[str]] = [[] for _ in WRITERS]
    ending, enough = threading.Event(), threading.Semaphore(0)

    def work(writer: Callable[[Database], Iterator[str]], store: Database, to: list[str]) -> None:
        for done in writer(store):
            to.append(done)
            enough.release()
            if ending.is_set():
                return

    threads = [
        threading.Thread(target=work, args=(writer, store, to))
        for writer, store, to in zip(WRITERS, stores, acknowledged, strict=True)
    ]
    for thread in threads:
        thread.start()
    source = open_database(store_url, tmp_path)
    rounds = []
    try:
        for number in range(2):
            for _ in range(LEAST_EACH * len(WRITERS)):
                assert enough.acquire(timeout=60)
            before = [list(one) for one in acknowledged]
            backup_to(source, tmp_path / f"copy{number}", NOW)
            rounds.append(before)
    finally:
        ending.set()
        for thread in threads:
            thread.join()
    for number, before in enumerate(rounds):
        target = open_database(f"sqlite:///again{number}.db", tmp_path)
        restore_from(tmp_path / f"copy{number}", target, NOW + 2 * DAY)
        for there, wanted in zip(restored(target), before, strict=True):
            assert set(wanted) - there == set()
        target.close()
    for store in (*stores, source):
        store.close()
    assert sum(map(len, acknowledged)) >= 2 * LEAST_EACH * len(WRITERS)
