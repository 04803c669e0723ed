"""A plant controller behind a pseudo-terminal, and the write path to it, as the engine has them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from controller.actuate import FieldPort, JournalPort, Order, WritePath, WritePoint
from controller.paths import config_dir
from controller.store.database import Database, open_database
from controller.store.journal import Journal, Stage
from controller.store.lease import take_lease
from drivers.bus import Bus, Field
from drivers.link import FieldDevice
from drivers.opening import BusKind, BusSettings, link_for
from drivers.points import FieldPoint
from drivers.profiles import load_profile

SETPOINT, BACK = "P1.sp", "P1.sp.fb"
REGISTER = 10  # of plant-plc: holding, int16, 0.1 degC
QUIET_S = 0.02
POINT = WritePoint(
    point_id=SETPOINT,
    readback_point_id=BACK,
    min_value=65.0,
    max_value=110.0,
    largest_step=1.5,
    tolerance=0.05 + 1e-4,
    quiet_s=QUIET_S,
)
SQLITE = "sqlite:///store.db"
LEASE_LASTS = timedelta(seconds=1)


@contextmanager
def field_at(port: str) -> Iterator[Field]:
    """Yield the running field with the one device on the port."""
    profile = load_profile(config_dir() / "devices" / "plant-plc.toml")
    settings = BusSettings(
        kind=BusKind.RTU, port=port, baudrate=115200, timeout_s=0.1, quiet_s=QUIET_S
    )
    points = [
        FieldPoint(
            point_id=name,
            device_id="plc1",
            tag="supply_temp_setpoint",
            quantity="supply_temp_c",
            writable=name == SETPOINT,
            min_value=65.0,
            max_value=110.0,
            stale_after_s=15.0,
        )
        for name in (SETPOINT, BACK)
    ]
    device = FieldDevice(device_id="plc1", address="1", profile=profile)
    field = Field([Bus("plant", link_for(settings), [device], points)])
    field.start()
    try:
        yield field
    finally:
        field.stop()


def write_path(journal: JournalPort, field: FieldPort) -> WritePath:
    return WritePath(
        journal=journal,
        field=field,
        points={SETPOINT: POINT},
        clock=lambda: datetime.now(UTC),
        sleep=time.sleep,
    )


def order(value: float, before: float) -> Order:
    return Order(point_id=SETPOINT, value=value, before=before, mode="advisory", actor="li")


def engine_store(folder: Path, url: str = SQLITE) -> tuple[Database, Journal]:
    """Open the store as a newly started engine does, after the last one's lease has ended."""
    database = open_database(url, folder)
    with database.writing() as connection:
        later = datetime.now(UTC) + 3 * LEASE_LASTS
        fence = take_lease(connection, "engine", later, timedelta(0))
    return database, Journal(database, fence)


def stages(journal: Journal) -> list[Stage]:
    return [row.stage for row in journal.rows(since=datetime(2000, 1, 1, tzinfo=UTC))]
