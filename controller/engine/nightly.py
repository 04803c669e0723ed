"""What is done once a night: parameters are calibrated from what was measured, changes told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from controller.alarms.board import Cause
from controller.engine.core import Core
from controller.knowing.event_words import event_detail
from controller.site import Site
from controller.store.database import Database
from controller.store.present import publish, published

PUBLISHED_AS = "calibration"
# By the sun, so that no daylight saving moves it; nobody waits for a plan then.
SOLAR_HOUR = 3
# So long a change is told as an alarm after it was sure; the page of what is known keeps it longer.
CHANGE_TOLD = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Calibrated:
    """What came of it: `changed` where parameters are new, `text` in a line, `details` as JSON."""

    changed: bool
    text: str
    details: dict[str, Any]


class CalibrationPort(Protocol):
    """Calibrates a site from its store. It may take its time: no pass of the engine waits for it.

    Whatever it raises is an alarm, and is tried again the next night.
    """

    def calibrate(self, site: Site, database: Database, now: datetime) -> Calibrated:
        """Calibrate once.

        Args:
            site: The engine's snapshot of the site.
            database: The store.
            now: tz-aware UTC.

        Returns:
            What came of it.
        """
        ...


class NothingToCalibrate:
    """Leaves every parameter as the site's tables have it."""

    def calibrate(self, site: Site, database: Database, now: datetime) -> Calibrated:
        """Calibrate nothing."""
        return Calibrated(changed=False, text="nothing to calibrate", details={})


def calibrate_nightly(core: Core, port: CalibrationPort) -> None:
    """Calibrate, audit what came of it and publish it.

    Args:
        core: The engine's shared part.
        port: What calibrates.

    Raises:
        StoreError: It could not be kept.
    """
    now = core.clock()
    found = port.calibrate(core.tables.site, core.database, now)
    body = {"changed": found.changed, "text": found.text, "details": found.details}
    with core.database.writing() as connection:
        publish(connection, PUBLISHED_AS, body, now)
    core.causes["changes"] = change_causes(body, now)
    core.note("engine", "calibrated", {"changed": found.changed, "text": found.text})


def recall_changes(core: Core) -> None:
    """Tell the changes of the last night again after a restart.

    Args:
        core: The engine's shared part.

    Raises:
        StoreError: The store failed.
    """
    with core.database.reading() as connection:
        found = published(connection, PUBLISHED_AS)
    if found is not None:
        core.causes["changes"] = change_causes(found[1], core.clock())


def change_causes(calibration: Mapping[str, Any], now: datetime) -> tuple[Cause, ...]:
    """Make the alarms of the lasting changes that a calibration has found of late.

    Args:
        calibration: As it is published.
        now: tz-aware UTC.

    Returns:
        One for each place.
    """
    return tuple(
        Cause(code="plant_changed", source=one["where"], detail=event_detail(one))
        for one in calibration["details"].get("events", ())
        if now - datetime.fromisoformat(one["seen"]) <= CHANGE_TOLD
    )


def night_hour_utc(longitude: float) -> int:
    """Give the hour of UTC that is the depth of the night somewhere.

    Args:
        longitude: Degrees east.

    Returns:
        0 to 23.
    """
    return round(SOLAR_HOUR - longitude / 15.0) % 24
