"""What is done once a night: the model's parameters are calibrated from what was measured."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from controller.engine.core import Core
from controller.site import Site
from controller.store.database import Database
from controller.store.present import publish

PUBLISHED_AS = "calibration"
# By the sun, so that no daylight saving moves it; nobody waits for a plan then.
SOLAR_HOUR = 3


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
    core.note("engine", "calibrated", {"changed": found.changed, "text": found.text})


def night_hour_utc(longitude: float) -> int:
    """Give the hour of UTC that is the depth of the night somewhere.

    Args:
        longitude: Degrees east.

    Returns:
        0 to 23.
    """
    return round(SOLAR_HOUR - longitude / 15.0) % 24
