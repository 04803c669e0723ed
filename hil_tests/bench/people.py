"""Operator and engineer of the bench: they use the store as page and command line do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from controller.commissioning import Ready, commission_point
from controller.roles import Role
from controller.site import Site
from controller.sitefiles.parts import Direction
from controller.store import recommendations
from controller.store.alarm_log import alarm_history
from controller.store.database import Database
from controller.store.identifications import Identification, record_identification
from controller.store.requests import Request, ask
from controller.store.users import put_user
from controller.write_points import fingerprints, write_points
from hil_tests.bench.assertions import Told
from hil_tests.bench.devices import Device

OPERATOR, ENGINEER = "operator", "engineer"
ENGINEERS_WORK = ("arm", "disarm", "reload", "resume")


def add_people(database: Database, password: str, now: datetime) -> None:
    """Add an operator and an engineer.

    Args:
        database: The store of the working copy.
        password: Of both.
        now: tz-aware.
    """
    with database.writing() as connection:
        for name, role in ((OPERATOR, Role.OPERATOR), (ENGINEER, Role.ENGINEER)):
            put_user(connection, name, role, password, now)


def commission_all(
    site: Site,
    database: Database,
    devices: Mapping[str, Device],
    now: datetime,
) -> dict[str, str]:
    """Commission every point that is written, through its real bus, by the device's own panel.

    Args:
        site: The working copy.
        database: Its store.
        devices: The bench's devices, whose panels are read.
        now: tz-aware.

    Returns:
        What came of each point.
    """
    found = {}
    for point in site.points:
        if point.direction is not Direction.WRITE:
            continue
        device = devices[point.device_id]

        def panel(_ready: Ready, device: Device = device, tag: str = point.tag) -> float:
            return device.held[tag]

        done = commission_point(
            site, database, point.point_id, ENGINEER,
            panel=panel, clock=lambda: now, sleep=lambda _seconds: None,
        )  # fmt: skip
        found[point.point_id] = done.detail
        device.beaten_at = None
    return found


def identify_all(site: Site, database: Database, now: datetime) -> None:
    """Record every lever as identified: the simulated plant's levers are known to be sound.

    Args:
        site: The working copy.
        database: Its store.
        now: tz-aware.
    """
    prints = fingerprints(site)
    with database.writing() as connection:
        for point_id in write_points(site):
            record_identification(
                connection,
                Identification(
                    at=now, point_id=point_id, fingerprint=prints[point_id], actor=ENGINEER,
                    passed=True, body={"why_not": "", "answer": "the bench's set-up"},
                ),
            )  # fmt: skip


@dataclass
class People:
    """Who asks the engine.

    Attributes:
        database: The store.
    """

    database: Database
    _approved: str = ""

    def told(self, since: datetime) -> tuple[Told, ...]:
        """Give the alarms that came up from an instant on, as the page lists them.

        Args:
            since: tz-aware.

        Returns:
            The alarms, oldest first, s after the instant by the engine's wall clock.
        """
        with self.database.reading() as connection:
            events = alarm_history(connection, since)
        return tuple(
            Told(second=(one.at - since).total_seconds(), alarm_id=one.alarm_id)
            for one in events
            if one.event == "raised"
        )

    def newest(self) -> tuple[str, datetime] | None:
        """Id and time of the newest recommendation."""
        with self.database.reading() as connection:
            found = recommendations.latest(connection)
        return None if found is None else (found.recommendation_id, found.at)

    def ask(self, kind: str, body: Mapping[str, Any], now: datetime) -> None:
        """Ask something of the engine.

        Args:
            kind: Such as hold.
            body: The request's body.
            now: The engine's wall clock.
        """
        engineer = kind in ENGINEERS_WORK
        name, role = (ENGINEER, Role.ENGINEER) if engineer else (OPERATOR, Role.OPERATOR)
        with self.database.writing() as connection:
            ask(connection, Request(actor=name, role=role.value, kind=kind, body=body), now)

    def order(self, verb: str, hours: float, now: datetime) -> None:
        """Carry out an order of a timeline.

        Args:
            verb: approve, reject, arm, disarm, hold, resume or reload.
            hours: How long arming lasts.
            now: The engine's wall clock.
        """
        body: dict[str, Any] = {}
        if verb in ("approve", "reject"):
            newest = self.newest()
            if newest is None:
                return
            body = {"recommendation_id": newest[0], "note": "bench"}
        if verb == "arm":
            body = {"until": (now + timedelta(hours=hours)).isoformat()}
        self.ask(verb, body, now)

    def approve_after(self, minutes: float, now: datetime) -> None:
        """Approve the newest recommendation once it is so old, each one once."""
        newest = self.newest()
        if newest is None or newest[0] == self._approved:
            return
        if now - newest[1] >= timedelta(minutes=minutes):
            self._approved = newest[0]
            self.order("approve", 0.0, now)
