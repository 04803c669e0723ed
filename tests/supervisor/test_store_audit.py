"""The audit: one chain, whatever is written and whoever tampers with it."""

import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from controller.store.audit import AuditEntry, append_audit, verify_audit
from controller.store.database import Database, open_database
from controller.store.errors import (
    StoreUnavailable,
)
from controller.store.tables import APPEND_ONLY
from tests.supervisor.conftest import NOW
from tests.supervisor.stores import audited, filled


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
