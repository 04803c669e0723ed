"""The store's tables as CSV or Parquet files, for others' tools."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select

from controller.store.database import Database
from controller.store.tables import (
    ALARMS,
    AUDIT,
    COMMISSIONS,
    CYCLES,
    DECISIONS,
    HAND_SETTINGS,
    JOURNAL,
    READINGS,
    RECOMMENDATIONS,
    SUMMARIES,
    TELEMETRY,
    Instant,
)

EXPORTED: Mapping[str, Table] = {
    table.name: table
    for table in (
        READINGS, SUMMARIES, JOURNAL, AUDIT, ALARMS, RECOMMENDATIONS, DECISIONS,
        HAND_SETTINGS, COMMISSIONS, CYCLES
    )
}  # fmt: skip
FORMATS = (".csv", ".parquet")
_BATCH = 10_000


def export_table(
    database: Database, name: str, since: datetime, until: datetime, path: Path
) -> int:
    """Write one table's rows of a stretch of time to a file.

    Args:
        database: The store.
        name: One of EXPORTED.
        since: First instant, tz-aware.
        until: The instant before which it ends, tz-aware.
        path: Ending in .csv or .parquet; replaced where it is there.

    Returns:
        Number of rows. Instants are UTC with microseconds.

    Raises:
        ValueError: Another ending.
        OSError: The file can not be written.
        StoreUnavailable: The database failed.
    """
    if path.suffix not in FORMATS:
        raise ValueError(f"{path} ends in neither {' nor '.join(FORMATS)}")
    table = EXPORTED[name]
    count = 0
    with ExitStack() as stack:
        source = database.history() if table.metadata is TELEMETRY else database.reading()
        connection = stack.enter_context(source)
        writer = stack.enter_context(_writer(path, table))
        for batch in _batches(connection, table, since, until):
            writer.write_batch(batch)
            count += batch.num_rows
    return count


def _batches(
    connection: Connection, table: Table, since: datetime, until: datetime
) -> Iterator[Any]:
    import pyarrow as pa

    schema = _schema(table)
    query = select(table).where(table.c.at >= since, table.c.at < until).order_by(table.c.at)
    found = connection.execution_options(yield_per=_BATCH).execute(query)
    for rows in found.partitions():
        by_column = [list(values) for values in zip(*rows, strict=True)]
        yield pa.record_batch(by_column, schema=schema)


def _writer(path: Path, table: Table) -> Any:
    import pyarrow.csv
    import pyarrow.parquet

    if path.suffix == ".csv":
        return pyarrow.csv.CSVWriter(path, _schema(table))
    return pyarrow.parquet.ParquetWriter(path, _schema(table))


def _schema(table: Table) -> Any:
    import pyarrow as pa

    kinds = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}

    def kind(column: Any) -> Any:
        if isinstance(column.type, Instant):
            return pa.timestamp("us", tz="UTC")
        return kinds[column.type.python_type]

    return pa.schema([(column.name, kind(column)) for column in table.c])
