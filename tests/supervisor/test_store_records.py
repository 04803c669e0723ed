"""What a store keeps: journal, people, recommendations, alarms, telemetry."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text

from controller.roles import Role
from controller.store import present, recommendations, requests
from controller.store.alarm_log import AlarmEvent, alarm_history, append_alarms
from controller.store.audit import verify_audit
from controller.store.commissions import Commission, commissioned, record_commission
from controller.store.database import Database, open_database
from controller.store.errors import (
    AlreadyDecided,
    IntentOpen,
    StoreUnavailable,
    WeakPassword,
)
from controller.store.identifications import latest_identifications, record_identification
from controller.store.journal import Journal, Stage
from controller.store.retention import Policy, keep_to
from controller.store.tables import APPEND_ONLY, AUDIT, CORE, JOURNAL
from controller.store.telemetry import latest_readings, readings_of, record_readings
from controller.store.users import (
    authenticated,
    has_engineer,
    put_user,
    remove_user,
    users,
)
from tests.supervisor.conftest import NOW
from tests.supervisor.stores import (
    COMMISSION,
    IDENTIFICATION,
    INTENT,
    MINUTE,
    fence_of,
    filled,
    reading,
)


def test_an_intent_is_open_until_it_is_settled(database: Database) -> None:
    journal = Journal(database, fence_of(database))
    journal.intend(INTENT, NOW)
    assert journal.open_intents() == (INTENT,)
    journal.settle(INTENT, Stage.UNKNOWN, None, "no reply", NOW)
    assert journal.open_intents() == (INTENT,)
    journal.settle(INTENT, Stage.CONFIRMED, 92.5, "", NOW)
    assert journal.open_intents() == ()
    stages = [row.stage for row in journal.rows(point_id="P1.sp", since=NOW)]
    assert stages == [Stage.INTENT, Stage.UNKNOWN, Stage.CONFIRMED]


def test_a_point_has_one_open_intent_at_most(database: Database) -> None:
    journal = Journal(database, fence_of(database))
    journal.intend(INTENT, NOW)
    with pytest.raises(IntentOpen, match=r"P1\.sp"):
        journal.intend(replace(INTENT, intent_id="i-2"), NOW)
    assert len(journal.rows(since=NOW)) == 1
    journal.intend(replace(INTENT, intent_id="i-3", point_id="other"), NOW)


def test_looking_for_open_writes_reads_none_of_the_winter_that_is_settled(tmp_path: Path) -> None:
    database = open_database("sqlite:///store.db", tmp_path)
    journal = Journal(database, fence_of(database))
    with database.writing() as connection:
        settled = {**asdict(INTENT), "at": NOW, "stage": "intent", "fence": 1, "detail": ""}
        rows = [{**settled, "intent_id": f"old-{number}"} for number in range(1000)]
        connection.execute(insert(JOURNAL), rows)
    journal.intend(INTENT, NOW)
    steps: list[int] = []
    raw = database.core.raw_connection()
    assert raw.driver_connection is not None
    raw.driver_connection.set_progress_handler(lambda: steps.append(1), 1)
    raw.close()  # back to the pool: the next to read has it
    assert journal.open_intents() == (INTENT,)
    assert 0 < len(steps) < 500
    database.close()


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


def test_the_last_identification_of_a_lever_comes_back(database: Database) -> None:
    failed = replace(IDENTIFICATION, passed=False, body={"why_not": "P1.t does not answer"})
    for one in (IDENTIFICATION, failed):
        with database.writing() as connection:
            record_identification(connection, one)
            assert latest_identifications(connection) == {"P1.sp": one}


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


def test_readings_come_back_in_order_and_never_as_nan(database: Database) -> None:
    kept = [reading(2, 3.0), reading(0, 1.0), reading(1, float("nan")), reading(1, 5.0, "u")]
    with database.recording() as connection:
        record_readings(connection, ())
        record_readings(connection, kept)
        record_readings(connection, [reading(0, 99.0)])  # the same instant again
    with database.history() as connection:
        found = readings_of(connection, "t", NOW, NOW + 2 * MINUTE)
        newest = latest_readings(connection, NOW)
        late = latest_readings(connection, NOW + 2 * MINUTE)
    assert [one.value for one in found] == [1.0, None]
    assert {name: one.value for name, one in newest.items()} == {"t": 3.0, "u": 5.0}
    assert late.keys() == {"t"}


def test_retention_forgets_telemetry_and_keeps_the_rest(database: Database) -> None:
    filled(database)
    with database.recording() as connection:
        record_readings(connection, [reading(minute, 1.0) for minute in (0, 1, 1440, 1441)])
    with database.writing() as connection:
        present.record_cycle(connection, NOW, "recommended", {})
        number = requests.ask(
            connection, requests.Request(actor="a", role="operator", kind="hold", body={}), NOW
        )
        requests.answer(connection, number, accepted=True, text="", now=NOW)
        requests.ask(
            connection, requests.Request(actor="a", role="operator", kind="arm", body={}), NOW
        )
    day = timedelta(days=1)
    policy = Policy(readings=2 * day, summaries=9 * day, records=2 * day)
    gone = keep_to(database, policy, NOW + 3 * day)
    assert (gone.readings, gone.cycles, gone.requests) == (2, 1, 1)
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
