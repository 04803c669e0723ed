"""Open the store, SQLite or PostgreSQL, bring its tables up to date and hand out connections."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from controller.store.errors import StoreUnavailable

BUSY_TIMEOUT_S = 5
_READING = "heatwarden_reading"
# Alembic keeps the migration under way in module globals: one thread at a time.
_MIGRATING = threading.Lock()
_MIGRATING_ACROSS_PROCESSES = 0x68656174
_MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True, kw_only=True)
class Database:
    """An open store; the core is fully synchronous, telemetry is not."""

    core: Engine
    telemetry: Engine

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection to the core; leaving it without an error makes its work durable.

        Yields:
            The connection, in a transaction of its own.

        Raises:
            StoreUnavailable: The database failed; nothing of the transaction is kept.
        """
        with _translated(), self.core.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection to the core that keeps no writer waiting.

        Yields:
            The connection; it sees one moment of the database.

        Raises:
            StoreUnavailable: The database failed.
        """
        with _translated(), _snapshot(self.core) as connection:
            yield connection

    @contextmanager
    def recording(self) -> Iterator[Connection]:
        """Give a connection to write telemetry with; the last second may be lost in a power cut.

        Yields:
            The connection, in a transaction of its own.

        Raises:
            StoreUnavailable: The database failed.
        """
        with _translated(), self.telemetry.begin() as connection:
            yield connection

    @contextmanager
    def history(self) -> Iterator[Connection]:
        """Give a connection to read telemetry with.

        Yields:
            The connection; it sees one moment of the database.

        Raises:
            StoreUnavailable: The database failed.
        """
        with _translated(), _snapshot(self.telemetry) as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self.core.dispose()
        self.telemetry.dispose()


def open_database(url: str, folder: Path, *, must_exist: bool = False) -> Database:
    """Open the store of a site and bring its tables up to date.

    Args:
        url: sqlite:///FILE, relative to the site's folder, or postgresql://USER@HOST/NAME.
        folder: The site's folder.
        must_exist: Whether a missing SQLite file is an error; else it is made.

    Returns:
        The store.

    Raises:
        StoreUnavailable: It can not be opened, is damaged, or is newer than this program.
    """
    with _translated():
        core_url, telemetry_url = database_urls(url, folder)
        if must_exist:
            need_store(url, folder)
        database = Database(
            core=_engine(core_url, durable=True), telemetry=_engine(telemetry_url, durable=False)
        )
        try:
            _check_sound(database.core)
            migrate(database.core, "core")
            migrate(database.telemetry, "telemetry")
        except BaseException:
            database.close()
            raise
    return database


def database_urls(url: str, folder: Path) -> tuple[URL, URL]:
    """Give the addresses of core and telemetry; on PostgreSQL both are the same.

    Args:
        url: As of `open_database`.
        folder: The site's folder.

    Returns:
        Both.

    Raises:
        StoreUnavailable: It is the address of no store.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        parsed = parsed.set(drivername="postgresql+pg8000")
        return parsed, parsed
    if backend != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise StoreUnavailable(f"{url} is no store; use sqlite:///FILE or postgresql://...")
    path = folder.absolute() / parsed.database
    beside = path.with_name(f"{path.stem}-telemetry{path.suffix}")
    return parsed.set(database=str(path)), parsed.set(database=str(beside))


def need_store(url: str, folder: Path) -> None:
    """Refuse a missing store before anything is made; a server's is looked for as it is opened.

    Args:
        url: As of `open_database`.
        folder: The site's folder.

    Raises:
        StoreUnavailable: It is a SQLite file that is not there.
    """
    core_url, _ = database_urls(url, folder)
    if core_url.get_backend_name() == "sqlite" and not Path(str(core_url.database)).exists():
        raise StoreUnavailable(
            f"there is no store: {core_url.database}",
            remedy=f"begin one: heatwarden user add NAME --role engineer {folder}",
        )


def _engine(url: URL, *, durable: bool) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
        event.listen(engine, "connect", _sqlite_settings(durable))
        event.listen(engine, "begin", _begin_sqlite)
    else:
        # A server that was restarted in between is found out before a transaction, not in it.
        need_driver(url)
        engine = create_engine(url, pool_pre_ping=True, connect_args={"timeout": BUSY_TIMEOUT_S})
        event.listen(engine, "connect", _postgresql_settings(durable))
    return engine


def need_driver(url: URL) -> None:
    """Find out whether the package that speaks to a database is installed.

    Args:
        url: As of `database_urls`.

    Raises:
        StoreUnavailable: It is not.
    """
    if url.get_backend_name() == "postgresql" and find_spec("pg8000") is None:
        raise StoreUnavailable(
            "PostgreSQL needs the package pg8000: pip install heatwarden[postgresql]",
            remedy="install it, then try again",
        )


def _sqlite_settings(durable: bool) -> Any:
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the listener below begins transactions
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        connection.execute("PRAGMA fullfsync = ON")

    return set_up


def _begin_sqlite(connection: Connection) -> None:
    """Take the writer's lock at the start: one taken half-way can not wait and fails at once."""
    reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _postgresql_settings(durable: bool) -> Any:
    def set_up(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET synchronous_commit TO {'on' if durable else 'off'}")
        cursor.execute(f"SET lock_timeout TO '{BUSY_TIMEOUT_S}s'")
        connection.commit()
        cursor.close()

    return set_up


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    options: dict[str, Any] = {_READING: True}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect() as connection:
        connection.execution_options(**options)
        yield connection


def _check_sound(engine: Engine) -> None:
    """A torn SQLite file is found before anything hangs on it."""
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        answer = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if answer != "ok":
        raise StoreUnavailable(f"the database {engine.url.database} is damaged: {answer}")


def migrate(engine: Engine, part: str, revision: str = "head") -> None:
    """Bring the tables of a database up to a revision.

    Args:
        engine: The database.
        part: core or telemetry.
        revision: The newest unless given.

    Raises:
        StoreUnavailable: Its tables are newer than this program.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(_MIGRATIONS / part).replace("%", "%%"))
    try:
        with _MIGRATING, engine.begin() as connection:
            if engine.dialect.name == "postgresql":  # SQLite's writers wait for each other anyway
                connection.exec_driver_sql(
                    f"SELECT pg_advisory_xact_lock({_MIGRATING_ACROSS_PROCESSES})"
                )
            config.attributes.update(connection=connection, part=part)
            command.upgrade(config, revision)
    except CommandError as error:
        raise StoreUnavailable(
            f"the store's tables do not fit this program ({error}); install the program that "
            "wrote them, or a newer one"
        ) from error


@contextmanager
def _translated() -> Iterator[None]:
    """Turn whatever a database fails with into a StoreError."""
    try:
        yield
    except ArgumentError as error:
        raise StoreUnavailable(f"the store's address is wrong: {error}") from error
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise StoreUnavailable(f"the database failed: {cause}") from error
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"the database failed: {error}") from error
