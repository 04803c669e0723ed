"""What happened in a shift, gathered from the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from controller.site import Site
from controller.sitefiles.parts import Direction, Point
from controller.store.alarm_log import AlarmEvent, alarm_history
from controller.store.audit import AuditEntry, records_of
from controller.store.database import Database
from controller.store.hand_settings import HandSetting, hand_settings_of
from controller.store.journal import Journal, JournalRow
from controller.store.present import StoredCycle, cycles_of
from controller.store.recommendations import Decision, StoredRecommendation, recommendations_of
from controller.store.telemetry import readings_of
from drivers.base import Quality, Reading

# A reading stands for what comes after it, but not for longer than this.
LONGEST_HOLD = timedelta(minutes=10)
NOT_RUNNING = "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A mode and how long it lasted; `mode` is NOT_RUNNING where no engine ran."""

    mode: str
    since: datetime
    until: datetime
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Warmth:
    """A building's measured temperature; the coldest flat is derived where outdoors is known."""

    building_id: str
    lowest_c: float
    mean_c: float
    at: datetime
    coldest_flat_c: float | None
    promised_c: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """What was used of something: `amount` over `covered` of the shift, and what it cost."""

    what: str
    name: str
    unit: str
    amount: float
    cost: float
    covered: float


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Everything that a shift's report tells."""

    since: datetime
    until: datetime
    modes: tuple[Stretch, ...]
    cycles: tuple[StoredCycle, ...]
    recommendations: tuple[tuple[StoredRecommendation, Decision | None], ...]
    writes: tuple[JournalRow, ...]
    by_hand: tuple[HandSetting, ...]
    alarms: tuple[AlarmEvent, ...]
    warmth: tuple[Warmth, ...]
    used: tuple[Used, ...]


def gather_shift(database: Database, site: Site, since: datetime, until: datetime) -> Shift:
    """Gather a shift.

    Args:
        database: The store.
        site: The site, for what its points mean and what things cost.
        since: Its begin, tz-aware.
        until: Its end, tz-aware.

    Returns:
        The shift.

    Raises:
        StoreError: The store failed.
    """
    with database.reading() as connection:
        modes = records_of(connection, ("mode", "started", "stopped"), since, until)
        cycles = cycles_of(connection, since, until)
        advice = recommendations_of(connection, since, until)
        by_hand = hand_settings_of(connection, since, until)
        alarms = tuple(one for one in alarm_history(connection, since) if one.at < until)
    writes = tuple(row for row in Journal(database, fence=0).rows(since=since) if row.at < until)
    return Shift(
        since=since,
        until=until,
        modes=stretches(modes, since, until),
        cycles=cycles,
        recommendations=advice,
        writes=writes,
        by_hand=by_hand,
        alarms=alarms,
        warmth=_warmth(database, site, since, until),
        used=_used(database, site, since, until),
    )


def stretches(
    records: Sequence[AuditEntry], since: datetime, until: datetime
) -> tuple[Stretch, ...]:
    """Turn the audit's records of modes, starts and stops into what lasted how long.

    Args:
        records: In order; the first may be from before the shift.
        since: The shift's begin.
        until: Its end.

    Returns:
        Stretches that fill the shift, each longer than nothing.
    """
    changes = [(since, NOT_RUNNING, "")]
    for record in records:
        reason = str(record.details.get("reason", ""))
        mode = str(record.details["to"]) if record.action == "mode" else NOT_RUNNING
        if record.action == "started":
            mode = "init"
        changes.append((max(record.at, since), mode, reason))
    ends = [at for at, _, _ in changes[1:]] + [until]
    return tuple(
        Stretch(mode=mode, since=at, until=end, reason=reason)
        for (at, mode, reason), end in zip(changes, ends, strict=True)
        if end > at
    )


def _warmth(database: Database, site: Site, since: datetime, until: datetime) -> tuple[Warmth, ...]:
    buildings = {one.building_id: one for one in site.district.network.buildings}
    outdoor = [
        one for point in _read(site, "outdoor_temp_c")
        for one in _good(database, point, since, until)
    ]  # fmt: skip
    found = []
    for point in _read(site, "indoor_temp_c"):
        readings = _good(database, point, since, until)
        if not readings or point.target_id not in buildings:
            continue
        building = buildings[point.target_id]
        coldest = min(readings, key=lambda one: one.value or 0.0)
        mean = sum(one.value or 0.0 for one in readings) / len(readings)
        found.append(
            Warmth(
                building_id=building.building_id,
                lowest_c=coldest.value or 0.0,
                mean_c=mean,
                at=coldest.time,
                coldest_flat_c=_coldest_flat(coldest, outdoor, building.worst_flat_beta),
                promised_c=building.min_indoor_c,
            )
        )
    return tuple(sorted(found, key=lambda one: one.lowest_c))


def _coldest_flat(indoor: Reading, outdoor: Sequence[Reading], beta: float) -> float | None:
    """The flat that is colder than the building's mean, by the model's own rule."""
    if not outdoor or indoor.value is None:
        return None
    nearest = min(outdoor, key=lambda one: abs(one.time - indoor.time))
    if nearest.value is None or abs(nearest.time - indoor.time) > LONGEST_HOLD:
        return None
    return indoor.value - beta * (indoor.value - nearest.value)


def _used(database: Database, site: Site, since: datetime, until: datetime) -> tuple[Used, ...]:
    zone = ZoneInfo(site.timezone)
    plants = {one.plant_id: one for one in site.district.network.plants}
    prices = site.district.prices

    def sum_of(point: Point, what: str, unit: str, per: float, price: Sequence[float]) -> Used:
        amount, cost, covered_s = 0.0, 0.0, 0.0
        for reading, held_s in _holds(_good(database, point, since, until), until):
            part = (reading.value or 0.0) * per * held_s / 3600.0
            amount, covered_s = amount + part, covered_s + held_s
            cost += part * price[reading.time.astimezone(zone).hour]
        covered = covered_s / (until - since).total_seconds()
        return Used(what=what, name=point.target_id, unit=unit, amount=amount, cost=cost,
                    covered=covered)  # fmt: skip

    heat = [
        sum_of(point, "heat", "MWh", 1e-3, plants[point.target_id].heat_price_per_mwh)
        for point in _read(site, "heat_power_kw")
        if point.target_kind == "plant"
    ]
    power = [
        sum_of(point, "electricity", "MWh", 1e-3, [prices.electricity_per_mwh] * 24)
        for point in _read(site, "power_kw")
        if point.target_kind == "pump"
    ]
    makeup = [
        sum_of(point, "makeup", "m3", 1.0, [prices.makeup_per_m3] * 24)
        for point in _read(site, "makeup_m3_h")
    ]
    return (*heat, *power, *makeup)


def _holds(readings: Sequence[Reading], until: datetime) -> list[tuple[Reading, float]]:
    """How long each reading stands for what comes after it, s."""
    ends = [*(one.time for one in readings[1:]), until]
    return [
        (reading, min(ends[i] - reading.time, LONGEST_HOLD).total_seconds())
        for i, reading in enumerate(readings)
    ]


def _good(database: Database, point: Point, since: datetime, until: datetime) -> list[Reading]:
    with database.history() as connection:
        found = readings_of(connection, point.point_id, since, until)
    return [one for one in found if one.quality is Quality.GOOD and one.value is not None]


def _read(site: Site, quantity: str) -> list[Point]:
    return [
        point
        for point in site.points
        if point.direction is Direction.READ and point.quantity == quantity
    ]
