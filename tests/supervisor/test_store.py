"""The store on SQLite and on a real PostgreSQL server: one suite, both must pass it."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select, text

from controller.roles import Role
from controller.store import present, recommendations, requests
from controller.store.alarm_log import AlarmEvent, alarm_history, append_alarms
from controller.store.audit import AuditEntry, append_audit, verify_audit
from controller.store.commissions import Commission, commissioned, record_commission
from controller.store.database import Database, open_database
from controller.store.errors import (
    AlreadyDecided,
    IntentOpen,
    LeaseLost,
    StoreUnavailable,
    WeakPassword,
)
from controller.store.journal import Intent, Journal, Stage
from controller.store.lease import end_lease, lease_holder, renew_lease, take_lease
from controller.store.retention import forget_before
from controller.store.tables import APPEND_ONLY, AUDIT, CORE, TELEMETRY
from controller.store.telemetry import latest_readings, readings_of, record_readings
from controller.store.users import (
    authenticated,
    has_engineer,
    put_user,
    remove_user,
    users,
)
from drivers.base import Quality, Reading
from tests.supervisor.conftest import NOW
from tests.supervisor.postgresql_server import Server

MINUTE = timedelta(minutes=1)
INTENT = Intent(
    intent_id="i-1",
    point_id="P1.sp",
    value=92.5,
    before=91.0,
    set_id="set",
    mode="advisory",
    actor="li",
)


def audited(database: Database, count: int) -> None:
    for number in range(count):
        with database.writing() as connection:
            entry = AuditEntry(at=NOW, actor="王", action="note", details={"n": number})
            append_audit(connection, entry)


def fence_of(database: Database, holder: str = "one", at: datetime = NOW) -> int:
    with database.writing() as connection:
        return take_lease(connection, holder, at, MINUTE)


# Opening


def test_migrations_make_the_tables_that_the_program_uses(database: Database) -> None:
    for engine, tables, part in (
        (database.core, CORE, "core"),
        (database.telemetry, TELEMETRY, "telemetry"),
    ):
        own = set(tables.tables)

        def include(
            thing: object, name: str | None, kind: str, *_: object, own: set[str] = own
        ) -> bool:
            return kind != "table" or name in own

        with engine.connect() as connection:
            options = {"version_table": f"schema_{part}", "include_object": include}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, tables) == []


def test_opening_again_keeps_everything(store_url: str, tmp_path: Path) -> None:
    first = open_database(store_url, tmp_path)
    audited(first, 3)
    first.close()
    again = open_database(store_url, tmp_path)
    with again.reading() as connection:
        assert verify_audit(connection).records == 3
    again.close()


def test_a_newer_store_is_refused(store_url: str, tmp_path: Path) -> None:
    first = open_database(store_url, tmp_path)
    with first.writing() as connection:
        connection.execute(text("UPDATE schema_core SET version_num = 'core_9999'"))
    first.close()
    with pytest.raises(StoreUnavailable, match="do not fit this program"):
        open_database(store_url, tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://x/y",
        "nonsense",
        "postgresql://nobody@127.0.0.1:1/none",
        "sqlite:////proc/nowhere/store.db",
    ],
)
def test_an_unusable_address_is_a_store_error(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        open_database(url, tmp_path)


def test_the_core_of_sqlite_is_fully_synchronous(tmp_path: Path) -> None:
    opened = open_database("sqlite:///store.db", tmp_path)
    found = {}
    for name, engine in (("core", opened.core), ("telemetry", opened.telemetry)):
        with engine.connect() as connection:
            pragmas = ("synchronous", "journal_mode")
            found[name] = [connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in pragmas]
    opened.close()
    assert found == {"core": [2, "wal"], "telemetry": [1, "wal"]}  # 2 is FULL, 1 is NORMAL
    assert (tmp_path / "store-telemetry.db").exists()


def test_the_core_of_postgresql_is_synchronous(server: Server, tmp_path: Path) -> None:
    opened = open_database(server.new_database(), tmp_path)
    found = []
    for engine in (opened.core, opened.telemetry):
        with engine.connect() as connection:
            found.append(connection.execute(text("SHOW synchronous_commit")).scalar())
    opened.close()
    assert found == ["on", "off"]


def test_a_torn_file_is_found_at_the_start(tmp_path: Path) -> None:
    opened = open_database("sqlite:///store.db", tmp_path)
    audited(opened, 50)
    opened.close()
    path = tmp_path / "store.db"
    content = bytearray(path.read_bytes())
    content[4096:12288] = b"\xff" * 8192
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable):
        open_database("sqlite:///store.db", tmp_path)


def test_a_locked_database_is_an_error_in_seconds(tmp_path: Path) -> None:
    one = open_database("sqlite:///store.db", tmp_path)
    two = open_database("sqlite:///store.db", tmp_path)
    with one.writing(), pytest.raises(StoreUnavailable, match="locked"), two.writing():
        pass
    audited(two, 1)
    one.close()
    two.close()


def test_a_full_disk_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    opened = open_database("sqlite:///store.db", tmp_path)
    with opened.core.connect() as connection:  # the only one in the pool: writing() gets it again
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")
    acknowledged = 0

    def until_full() -> None:
        nonlocal acknowledged
        while True:
            audited(opened, 1)
            acknowledged += 1

    with pytest.raises(StoreUnavailable, match="full"):
        until_full()
    with opened.reading() as connection:
        verdict = verify_audit(connection)
    assert (verdict.records, verdict.broken_at) == (acknowledged, None)
    assert acknowledged > 0
    opened.close()


def test_a_server_that_went_away_is_an_error_and_then_works_again(
    server: Server, tmp_path: Path
) -> None:
    opened = open_database(server.new_database(), tmp_path)
    audited(opened, 2)
    server.stop()
    try:
        with pytest.raises(StoreUnavailable), opened.writing() as connection:
            connection.execute(text("SELECT 1"))
    finally:
        server.start()
    audited(opened, 1)
    with opened.reading() as connection:
        assert verify_audit(connection).records == 3
    opened.close()


# Audit


def test_the_chain_is_whole(database: Database) -> None:
    audited(database, 5)
    with database.reading() as connection:
        verdict = verify_audit(connection)
    assert (verdict.records, verdict.broken_at, verdict.message) == (5, None, "whole")


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("what", ["UPDATE {0} SET at = 0", "DELETE FROM {0}"])
def test_the_database_itself_refuses_to_change_a_record(
    database: Database, table: str, what: str
) -> None:
    filled(database)
    with pytest.raises(StoreUnavailable, match="append-only"), database.writing() as connection:
        connection.execute(text(what.format(table)))


def filled(database: Database) -> None:
    """Put at least a row into every append-only table."""
    audited(database, 1)
    Journal(database, fence_of(database)).intend(INTENT, NOW)
    advice = recommendations.StoredRecommendation(
        recommendation_id="r", at=NOW, expires_at=NOW + MINUTE, input_hash="h", body={"a": 1.5}
    )
    decision = recommendations.Decision(
        recommendation_id="r", at=NOW, verdict="approved", actor="li", note=""
    )
    with database.writing() as connection:
        recommendations.record(connection, advice)
        recommendations.decide(connection, decision)
        record_commission(connection, COMMISSION)


TAMPERINGS = {
    "changed details": (3, "UPDATE audit SET details = '{}' WHERE seq = 3"),
    "changed time": (2, "UPDATE audit SET at = at + 1 WHERE seq = 2"),
    "changed actor": (4, "UPDATE audit SET actor = 'nobody' WHERE seq = 4"),
    "removed in the middle": (3, "DELETE FROM audit WHERE seq = 3"),
    "removed at the end": (6, "DELETE FROM audit WHERE seq = 6"),
    "removed at the start": (1, "DELETE FROM audit WHERE seq = 1"),
    "own hash for a changed one": (2, "UPDATE audit SET hash = 'x' WHERE seq = 2"),
    "head moved back": (7, "UPDATE audit_head SET seq = 5"),
    "head gone": (0, "DELETE FROM audit_head"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found_where_it_is(database: Database, name: str) -> None:
    place, statement = TAMPERINGS[name]
    audited(database, 6)
    with database.writing() as connection:
        drop_triggers(connection)
        connection.execute(text(statement))
        assert verify_audit(connection).broken_at == place


def drop_triggers(connection: Connection) -> None:
    """What somebody with the database's own tools would begin with."""
    names = ["audit_no_change ON audit", "audit_no_truncate ON audit"]
    if connection.dialect.name == "sqlite":
        names = ["audit_no_update", "audit_no_delete"]
    for name in names:
        connection.execute(text(f"DROP TRIGGER {name}"))


def test_two_writers_make_one_chain(store_url: str, tmp_path: Path) -> None:
    both = [open_database(store_url, tmp_path) for _ in range(2)]
    threads = [threading.Thread(target=audited, args=(one, 20)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with both[0].reading() as connection:
        verdict = verify_audit(connection)
    assert (verdict.records, verdict.broken_at) == (40, None)
    for one in both:
        one.close()


def test_a_failed_transaction_leaves_no_record(database: Database) -> None:
    audited(database, 1)

    def fail_after_it() -> None:
        with database.writing() as connection:
            append_audit(connection, AuditEntry(at=NOW, actor="x", action="y", details={}))
            raise KeyError

    with pytest.raises(KeyError):
        fail_after_it()
    with database.reading() as connection:
        assert verify_audit(connection).records == 1


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    actor=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50),
    details=st.dictionaries(
        st.text(max_size=5).filter(lambda text: text.isprintable()),
        st.floats(allow_nan=False) | st.integers(-(2**53), 2**53) | st.booleans() | st.none(),
    ),
)
def test_whatever_is_audited_verifies(
    database: Database, actor: str, details: dict[str, object]
) -> None:
    with database.writing() as connection:
        append_audit(connection, AuditEntry(at=NOW, actor=actor, action="a", details=details))
    with database.reading() as connection:
        assert verify_audit(connection).broken_at is None


# Lease


def test_the_second_engine_is_refused_and_the_next_gets_a_larger_fence(database: Database) -> None:
    first = fence_of(database, "one")
    with pytest.raises(LeaseLost, match="one holds the store"):
        fence_of(database, "two", NOW + MINUTE / 2)
    with database.writing() as connection:
        end_lease(connection, first, NOW)
    assert fence_of(database, "two") > first


def test_a_lease_that_ran_out_can_be_taken_and_the_late_engine_is_fenced(
    database: Database,
) -> None:
    late = fence_of(database, "late")
    fence_of(database, "next", NOW + 2 * MINUTE)
    journal = Journal(database, late)
    with pytest.raises(LeaseLost):
        journal.intend(INTENT, NOW + 2 * MINUTE)
    with pytest.raises(LeaseLost):
        journal.settle(INTENT, Stage.CONFIRMED, 92.5, "", NOW)
    with pytest.raises(LeaseLost), database.writing() as connection:
        renew_lease(connection, late, NOW, MINUTE)
    assert journal.open_intents() == ()
    with database.reading() as connection:
        assert lease_holder(connection, NOW + 2 * MINUTE) == "next"


def test_a_lease_from_before_the_clock_was_set_back_does_not_lock_the_store(
    database: Database,
) -> None:
    fence_of(database, "one", NOW + timedelta(days=365))
    assert fence_of(database, "two", NOW) == 2


def test_a_holder_that_is_known_to_be_dead_is_replaced_at_once(database: Database) -> None:
    fence_of(database, "here:/site process 1")
    for dead in ("", "there:/site ", "here:/other "):
        with pytest.raises(LeaseLost), database.writing() as connection:
            take_lease(connection, "here:/site process 2", NOW, MINUTE, dead=dead)
    with database.writing() as connection:
        assert take_lease(connection, "here:/site process 2", NOW, MINUTE, dead="here:/site ") == 2


def test_of_many_at_once_one_gets_the_lease(store_url: str, tmp_path: Path) -> None:
    open_database(store_url, tmp_path).close()
    won, lost = [], []

    def contend(number: int) -> None:
        own = open_database(store_url, tmp_path)
        try:
            won.append(fence_of(own, f"engine {number}"))
        except (LeaseLost, StoreUnavailable):  # two first rows at once: one fails on the key
            lost.append(number)
        own.close()

    threads = [threading.Thread(target=contend, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 5)


# Journal


def test_an_intent_is_open_until_it_is_settled(database: Database) -> None:
    journal = Journal(database, fence_of(database))
    journal.intend(INTENT, NOW)
    assert journal.open_intents() == (INTENT,)
    journal.settle(INTENT, Stage.UNKNOWN, None, "no reply", NOW)
    assert journal.open_intents() == (INTENT,)
    journal.settle(INTENT, Stage.CONFIRMED, 92.5, "", NOW)
    assert journal.open_intents() == ()
    assert journal.last_confirmed() == {"P1.sp": 92.5}
    stages = [row.stage for row in journal.rows(point_id="P1.sp", since=NOW)]
    assert stages == [Stage.INTENT, Stage.UNKNOWN, Stage.CONFIRMED]


def test_a_point_has_one_open_intent_at_most(database: Database) -> None:
    journal = Journal(database, fence_of(database))
    journal.intend(INTENT, NOW)
    with pytest.raises(IntentOpen, match=r"P1\.sp"):
        journal.intend(replace(INTENT, intent_id="i-2"), NOW)
    assert len(journal.rows(since=NOW)) == 1
    journal.intend(replace(INTENT, intent_id="i-3", point_id="other"), NOW)


# People


def test_a_request_is_answered_once(database: Database) -> None:
    request = requests.Request(actor="li", role="operator", kind="hold", body={"why": "漏水"})
    with database.writing() as connection:
        number = requests.ask(connection, request, NOW)
    with database.reading() as connection:
        assert [one.request for one in requests.pending(connection)] == [request]
    for expected in (True, False):
        with database.writing() as connection:
            done = requests.answer(connection, number, accepted=True, text="held", now=NOW)
            assert done is expected
    with database.reading() as connection:
        assert requests.pending(connection) == ()
        found = requests.asked(connection, number)
    assert found is not None
    assert (found.accepted, found.answer, found.answered_at) == (True, "held", NOW)


def test_a_password_is_checked_and_never_kept(database: Database) -> None:
    with database.writing() as connection:
        put_user(connection, "wang", Role.ENGINEER, "correct horse", NOW)
        put_user(connection, "li", Role.OPERATOR, "battery staple", NOW)
    with database.reading() as connection:
        user = authenticated(connection, "wang", "correct horse")
        assert user is not None
        assert user.role is Role.ENGINEER
        assert authenticated(connection, "wang", "battery staple") is None
        assert authenticated(connection, "nobody", "correct horse") is None
        assert [one.name for one in users(connection)] == ["li", "wang"]
        secret = connection.execute(text("SELECT secret FROM users WHERE name = 'wang'")).scalar()
    assert str(secret).startswith("$argon2id$")


def test_an_engineer_is_there_or_not(database: Database) -> None:
    with database.writing() as connection:
        put_user(connection, "li", Role.OPERATOR, "battery staple", NOW)
        assert not has_engineer(connection)
        put_user(connection, "wang", Role.ADMIN, "correct horse", NOW)
        assert has_engineer(connection)
        assert remove_user(connection, "wang")
        assert not remove_user(connection, "wang")
        assert not has_engineer(connection)


@pytest.mark.parametrize("password", ["short", "", "engineer-wang", "Engineer-Wang"])
def test_a_weak_password_is_refused(database: Database, password: str) -> None:
    with pytest.raises(WeakPassword), database.writing() as connection:
        put_user(connection, "engineer-wang", Role.ENGINEER, password, NOW)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("needed", list(Role))
def test_a_role_includes_those_below(role: Role, needed: Role) -> None:
    order = ["viewer", "operator", "engineer", "admin"]
    assert role.may(needed) == (order.index(role) >= order.index(needed))


# Recommendations, commissions, alarms, present


def test_a_recommendation_is_decided_once(database: Database) -> None:
    filled(database)
    with database.reading() as connection:
        found = recommendations.latest(connection)
        decision = recommendations.decision_on(connection, "r")
    assert found is not None
    assert decision is not None
    assert (found.body, found.expires_at) == ({"a": 1.5}, NOW + MINUTE)
    with pytest.raises(AlreadyDecided), database.writing() as connection:
        recommendations.decide(connection, replace(decision, verdict="rejected"))


COMMISSION = Commission(
    at=NOW,
    point_id="P1.sp",
    fingerprint="f1",
    actor="wang",
    value=90.0,
    panel_value=90.0,
    passed=True,
)


def test_the_last_comparison_of_a_point_counts(database: Database) -> None:
    expectations: list[tuple[Commission, dict[str, str]]] = [
        (COMMISSION, {"P1.sp": "f1"}),
        (replace(COMMISSION, fingerprint="f2"), {"P1.sp": "f2"}),
        (replace(COMMISSION, passed=False), {}),
    ]
    for one, expected in expectations:
        with database.writing() as connection:
            record_commission(connection, one)
            assert commissioned(connection) == expected


def test_alarms_and_the_present_are_kept(database: Database) -> None:
    event = AlarmEvent(at=NOW, alarm_id="bus:plant", event="raised", actor="", detail="no reply")
    with database.writing() as connection:
        append_alarms(connection, ())
        append_alarms(connection, (event, replace(event, event="cleared", at=NOW + MINUTE)))
        for mode in ("init", "monitor"):
            present.publish(connection, "engine", {"mode": mode}, NOW)
        present.record_cycle(connection, NOW, "recommended", {"took_s": 1.0})
    with database.reading() as connection:
        assert [one.event for one in alarm_history(connection, NOW)] == ["raised", "cleared"]
        assert present.published(connection, "engine") == (NOW, {"mode": "monitor"})
        assert present.published(connection, "other") is None


# Telemetry


def reading(minute: int, value: float | None, point_id: str = "t") -> Reading:
    return Reading(point_id=point_id, value=value, time=NOW + minute * MINUTE, quality=Quality.GOOD)


def test_readings_come_back_in_order_and_never_as_nan(database: Database) -> None:
    kept = [reading(2, 3.0), reading(0, 1.0), reading(1, float("nan")), reading(1, 5.0, "u")]
    with database.recording() as connection:
        record_readings(connection, ())
        record_readings(connection, kept)
        record_readings(connection, [reading(0, 99.0)])  # the same instant again
    with database.history() as connection:
        found = readings_of(connection, "t", NOW, NOW + 2 * MINUTE)
        newest = latest_readings(connection)
    assert [one.value for one in found] == [1.0, None]
    assert {name: one.value for name, one in newest.items()} == {"t": 3.0, "u": 5.0}


def test_retention_forgets_telemetry_and_keeps_the_rest(database: Database) -> None:
    filled(database)
    with database.recording() as connection:
        record_readings(connection, [reading(minute, 1.0) for minute in range(10)])
    with database.writing() as connection:
        present.record_cycle(connection, NOW, "recommended", {})
        number = requests.ask(
            connection, requests.Request(actor="a", role="operator", kind="hold", body={}), NOW
        )
        requests.answer(connection, number, accepted=True, text="", now=NOW)
        requests.ask(
            connection, requests.Request(actor="a", role="operator", kind="arm", body={}), NOW
        )
    gone = forget_before(database, NOW + 4 * MINUTE)
    assert (gone.readings, gone.cycles, gone.requests) == (4, 1, 1)
    with database.reading() as connection:
        assert verify_audit(connection).records == 1
        assert len(requests.pending(connection)) == 1
        for name in APPEND_ONLY:
            assert connection.execute(select(CORE.tables[name])).first() is not None


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.datetimes(timezones=st.timezones()))
def test_an_instant_comes_back_to_the_microsecond(database: Database, at: datetime) -> None:
    with database.writing() as connection:
        present.publish(connection, "one", {}, at)
        found = present.published(connection, "one")
    assert found is not None
    assert found[0] == at.astimezone(UTC)


def test_an_instant_without_offset_is_refused(database: Database) -> None:
    empty = dict.fromkeys(("actor", "action", "details", "previous", "hash"), "")
    with pytest.raises(StoreUnavailable, match="offset"), database.writing() as connection:
        connection.execute(insert(AUDIT).values(seq=1, at=NOW.replace(tzinfo=None), **empty))
