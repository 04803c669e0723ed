"""What a console stands on: the site, the store, a clock, and what it has worked out once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from controller.console.lockout import Lockout
from controller.console.quota import Quota
from controller.console.snapshot import STALE_AFTER_S, Snapshot, read_snapshot
from controller.console.topology import Topology, topology_of
from controller.site import Site, load_site
from controller.store.database import Database

# What was worked out from the site once, and is again when it has changed.
_OF_THE_SITE = ("zone", "topology", "point_of")


@dataclass(kw_only=True)
class Console:
    """A site's console.

    Attributes:
        site: The site as the engine has it: read at the start, and again when the engine has.
        database: The store, where the engine is met.
        clock: Gives the plant's present, tz-aware UTC.
        wall: Gives the machine's present, which sessions and tokens live by: a bench may let the
            plant's time run faster.
        stale_after_s: How old what the engine has published may be, s.
        demo: Whether the plant is simulated; every page says so.
        followed: Start of the engine whose site this is; None before the first was seen.
        normal: Usual range (P5 to P95 of the last days) by point; filled by the live part.
    """

    site: Site
    database: Database
    clock: Callable[[], datetime]
    wall: Callable[[], datetime] = lambda: datetime.now(UTC)
    stale_after_s: float = STALE_AFTER_S
    demo: bool = False
    followed: str | None = None
    normal: dict[str, tuple[float, float]] = field(default_factory=dict)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.site.timezone)

    @cached_property
    def topology(self) -> Topology:
        """The ways through the network."""
        return topology_of(self.site.district.network)

    @cached_property
    def lockout(self) -> Lockout:
        """Who has failed to sign in too often."""
        return Lockout(self.wall)

    @cached_property
    def quota(self) -> Quota:
        """Who has asked the engine how often."""
        return Quota(self.wall)

    @cached_property
    def point_of(self) -> dict[tuple[str, str, str], str]:
        """Points that are read, by kind and id of their target and quantity."""
        return {
            (point.target_kind, point.target_id, point.quantity): point.point_id
            for point in self.site.points
            if point.direction == "read"
        }

    def follow(self, seen: Snapshot) -> None:
        """Read the site again where the engine has: new tables, new parameters.

        Args:
            seen: The present.

        Raises:
            InputError: The site can not be read now; what was read before stays.
        """
        started = seen.engine.get("started_at")
        if started is None or started == self.followed:
            return
        if self.followed is not None:
            self.site = load_site(self.site.folder)
            for name in _OF_THE_SITE:
                self.__dict__.pop(name, None)
        self.followed = started

    def snapshot(self) -> Snapshot:
        """Read the present.

        Returns:
            The snapshot of now.

        Raises:
            StoreError: The store failed.
        """
        return read_snapshot(self.database, self.clock(), self.stale_after_s)
