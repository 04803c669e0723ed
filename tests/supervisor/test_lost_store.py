"""A store that is gone, full, locked or torn under a running engine, and that comes back."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.modes import Mode
from controller.store import database as stores
from controller.store.audit import verify_audit
from controller.store.database import open_database
from controller.store.errors import StoreUnavailable
from tests.supervisor.postgresql_server import Server
from tests.supervisor.simulated import Simulated, simulated
from tests.supervisor.test_safety import approve, resume

Loss = Callable[[Simulated], Iterator[None]]


def place(own: Simulated) -> Path:
    return Path(str(own.database.core.url.database))


@contextmanager
def gone(own: Simulated) -> Iterator[None]:
    """A folder stands in the file's place, as after a disk that came back elsewhere."""
    own.database.core.dispose()
    path, aside = place(own), place(own).with_suffix(".gone")
    path.rename(aside)
    path.mkdir()
    yield
    path.rmdir()
    aside.rename(path)


@contextmanager
def full(own: Simulated) -> Iterator[None]:
    """No file of this process may grow or be written, as on a disk without room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def locked(own: Simulated) -> Iterator[None]:
    """Somebody holds the file, a backup program perhaps."""
    other = sqlite3.connect(place(own), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    yield
    other.execute("ROLLBACK")
    other.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "BUSY_TIMEOUT_S", 0.05)


def records_before(own: Simulated) -> int:
    with own.database.reading() as connection:
        return verify_audit(connection).records


def see_it_through(own: Simulated, lost: object) -> None:
    """Lose the store while a set is followed, bring it back, and go on."""
    approve(own, supply=110.0)
    own.run(100)
    count, known = len(own.setpoints()), records_before(own)
    journaled = len(own.core.journal.rows(since=datetime(2000, 1, 1, tzinfo=UTC)))
    assert count > 0
    with lost:  # type: ignore[attr-defined]
        own.run(900, every_s=30.0)
        assert "store_failed:store" in own.alarms()
        assert own.core.state.mode in (Mode.HOLD, Mode.FALLBACK)
        assert len(own.setpoints()) == count, "written without a journal"
    own.run(120, every_s=30.0)
    assert "store_failed:store" not in own.alarms()
    with own.database.reading() as connection:
        verdict = verify_audit(connection)
    assert verdict.broken_at is None
    assert verdict.records >= known
    rows = own.core.journal.rows(since=datetime(2000, 1, 1, tzinfo=UTC))
    assert len(rows) >= journaled
    assert own.core.journal.open_intents() == ()
    assert len(own.setpoints()) == count, "written without a person"
    own.cycles(2)
    assert own.core.happen(resume(own)).refusal == ""
    approve(own, supply=110.0)
    own.run(3600, every_s=30.0)
    assert len(own.setpoints()) > count


@pytest.mark.parametrize("loss", [gone, full, locked])
@pytest.mark.usefixtures("impatient")
def test_nothing_is_written_without_a_store(
    tmp_path: Path, loss: Callable[[Simulated], object]
) -> None:
    own = simulated(tmp_path)
    see_it_through(own, loss(own))
    own.database.close()


def test_nothing_is_written_without_a_server(tmp_path: Path, server: Server) -> None:
    own = simulated(tmp_path, store_url=server.new_database())

    @contextmanager
    def stopped() -> Iterator[None]:
        server.stop()
        try:
            yield
        finally:
            server.start()

    see_it_through(own, stopped())
    own.database.close()


@pytest.mark.parametrize("at", [0, 100, 4096, 20000])
def test_a_journal_that_was_torn_is_not_opened_or_holds_all_that_was_acknowledged(
    tmp_path: Path, at: int
) -> None:
    own = simulated(tmp_path)
    approve(own)
    own.run(100)
    known = records_before(own)
    path = place(own)
    own.database.close()
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xff" * 4000)
    try:
        again = open_database("sqlite:///heatwarden.db", own.core.tables.site.folder)
    except StoreUnavailable:
        return
    with again.reading() as connection:
        verdict = verify_audit(connection)
    again.close()
    assert verdict.broken_at is not None or verdict.records == known
