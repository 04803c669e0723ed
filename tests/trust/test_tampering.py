"""The audit, byte by byte: whatever is changed, removed or moved, the first bad record is named."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from controller.store.audit import AuditEntry, append_audit, verify_audit
from controller.store.database import Database, open_database
from tests.supervisor.conftest import NOW
from tests.supervisor.test_store_audit import drop_triggers

RECORDS = 5
Statement = tuple[str, dict[str, object]]
TEXTS = ("actor", "action", "details", "previous", "hash")


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = open_database("sqlite:///store.db", tmp_path_factory.mktemp("chain"))
    with opened.writing() as connection:
        for number in range(RECORDS):
            entry = AuditEntry(at=NOW, actor="王 li", action="approve", details={"n": number})
            append_audit(connection, entry)
        drop_triggers(connection)
    yield opened
    opened.close()


class Undone(Exception):  # noqa: N818 - nothing is wrong: the tampering is only taken back
    pass


def found_after(chain: Database, *statements: Statement) -> int | None:
    """Where the chain is said to be broken after some tampering, which is then taken back."""
    found: list[int | None] = []

    def tamper() -> None:
        with chain.writing() as connection:
            for statement, values in statements:
                connection.execute(text(statement), values)
            found.append(verify_audit(connection).broken_at)
            raise Undone

    with pytest.raises(Undone):
        tamper()
    return found[0]


def cells(connection: Connection, seq: int) -> dict[str, bytes]:
    row = connection.execute(text("SELECT * FROM audit WHERE seq = :seq"), {"seq": seq}).mappings()
    return {name: str(value).encode() for name, value in row.one().items()}


def test_every_byte_of_every_record_counts(chain: Database) -> None:
    missed, tried = [], 0
    for seq in range(1, RECORDS + 1):
        with chain.reading() as connection:
            record = cells(connection, seq)
        for name in TEXTS:
            for place in range(len(record[name])):
                for bit in (0x01, 0x20, 0x80):  # another character, case, none at all
                    changed = bytearray(record[name])
                    changed[place] ^= bit
                    statement = f"UPDATE audit SET {name} = CAST(:new AS TEXT) WHERE seq = :seq"
                    found = found_after(chain, (statement, {"new": bytes(changed), "seq": seq}))
                    tried += 1
                    if found != seq:
                        missed.append((seq, name, place, bit, found))
    assert missed == []
    assert tried > 2000


@pytest.mark.parametrize("seq", range(1, RECORDS + 1))
@pytest.mark.parametrize("new", ["at + 1", "at - 1000000", "-at", "1.5", "'soon'", "x'00'"])
def test_every_time_counts(chain: Database, seq: int, new: str) -> None:
    assert found_after(chain, (f"UPDATE audit SET at = {new} WHERE seq = {seq}", {})) == seq


@pytest.mark.parametrize("seq", range(1, RECORDS + 1))
def test_a_removed_record_is_missed(chain: Database, seq: int) -> None:
    assert found_after(chain, (f"DELETE FROM audit WHERE seq = {seq}", {})) == seq


@pytest.mark.parametrize("gone", range(1, RECORDS + 1))
def test_a_cut_off_end_is_missed(chain: Database, gone: int) -> None:
    first = RECORDS - gone + 1
    assert found_after(chain, (f"DELETE FROM audit WHERE seq >= {first}", {})) == first


@pytest.mark.parametrize(("one", "other"), list(combinations(range(1, RECORDS + 1), 2)))
def test_two_records_in_each_other_s_place_are_found(chain: Database, one: int, other: int) -> None:
    moves = ((one, 99), (other, one), (99, other))
    statements: list[Statement] = [
        (f"UPDATE audit SET seq = {b} WHERE seq = {a}", {}) for a, b in moves
    ]
    assert found_after(chain, *statements) == one


def test_a_record_put_in_between_is_found(chain: Database) -> None:
    moved: list[Statement] = [
        (f"UPDATE audit SET seq = {n + 1} WHERE seq = {n}", {}) for n in range(RECORDS, 2, -1)
    ]
    copied = (
        "INSERT INTO audit SELECT 3, at, actor, action, details, previous, hash || 'x' "
        "FROM audit WHERE seq = 2"
    )
    assert found_after(chain, *moved, (copied, {})) == 3


def test_one_more_at_the_end_is_found(chain: Database) -> None:
    added = (
        f"INSERT INTO audit SELECT {RECORDS + 1}, at, actor, action, details, hash, hash || 'x' "
        f"FROM audit WHERE seq = {RECORDS}"
    )
    assert found_after(chain, (added, {})) == RECORDS + 1


def test_the_chain_is_whole_all_the_same(chain: Database, tmp_path: Path) -> None:
    with chain.reading() as connection:
        assert verify_audit(connection).broken_at is None
