"""Complaints as measurements: evidence from the store, two clocks, and what they teach."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from controller.site import Site
from controller.store.complaints import (
    StoredComplaint,
    complaints_since,
    open_complaints,
)
from controller.store.database import Database
from controller.store.present import published
from controller.store.telemetry import latest_readings
from drivers.base import Quality, Reading
from optimizer.estimate.triage import Evidence, Triage, Verdict, beta_after, triage
from optimizer.estimate.values import Value, Values
from optimizer.model.network import Station, StationControl

ESTIMATE = "estimate"
ANSWER_WITHIN = timedelta(minutes=30)
NEIGHBOURS_WITHIN = timedelta(hours=24)
FRESH = timedelta(hours=1)
TAUGHT_BY = timedelta(days=60)
# What the field is like where nobody measures: nothing speaks against it.
_UNKNOWN = math.nan


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a resident says; None where nothing is said of it."""

    building_id: str
    flat: str
    room_temp_c: float | None
    radiator_hot: bool | None
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighed:
    """What evidence says of a complaint; `beta_seen` is None where no temperature was told."""

    triage: Triage
    beta_seen: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Clocks:
    """When a complaint must be answered and closed, and whether either is late."""

    answer_by: datetime
    close_by: datetime
    answer_late: bool
    close_late: bool


def clocks(stored: StoredComplaint, now: datetime, timezone: str) -> Clocks:
    """Read the clocks of a complaint.

    Args:
        stored: The complaint.
        now: tz-aware.
        timezone: The site's, in which a day ends.

    Returns:
        Half an hour for the answer, the end of the local day for closing.
    """
    at = stored.complaint.at
    local = at.astimezone(ZoneInfo(timezone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    answer_by = at + ANSWER_WITHIN
    return Clocks(
        answer_by=answer_by,
        close_by=midnight.astimezone(at.tzinfo),
        answer_late=(stored.answered_at or now) > answer_by,
        close_late=(stored.closed_at or now) > midnight,
    )


def weigh(database: Database, site: Site, report: Report, now: datetime) -> Weighed:
    """Triage a complaint by what the store holds.

    Args:
        database: The store.
        site: The site; the building is one of its.
        report: What the resident says.
        now: tz-aware UTC.

    Returns:
        The triage and what the complaint says of the coldest flat.

    Raises:
        StoreError: The store failed.
    """
    with database.history() as connection:
        readings = _good(site, latest_readings(connection, now - FRESH))
    with database.reading() as connection:
        estimate = published(connection, ESTIMATE)
        others = [
            one
            for one in open_complaints(connection)
            if now - one.complaint.at <= NEIGHBOURS_WITHIN
        ]
    known = estimate[1] if estimate is not None and now - estimate[0] <= FRESH else {}
    evidence = gather(site, report, known, readings, others)
    return Weighed(triage=triage(evidence), beta_seen=_beta_seen(evidence, _outdoor(readings)))


def gather(
    site: Site,
    report: Report,
    estimate: Mapping[str, Any],
    readings: Mapping[tuple[str, str, str], float],
    others: Sequence[StoredComplaint],
) -> Evidence:
    """Collect the evidence on a complaint.

    Args:
        site: The site.
        report: The complaint.
        estimate: What the engine published of its state, empty where nothing.
        readings: Fresh values by target kind, id and quantity.
        others: Open complaints of the last day.

    Returns:
        The evidence, NaN where nothing is known.
    """
    network = site.district.network
    building = network.buildings[network.building_index[report.building_id]]
    station = network.stations[network.station_index[building.station_id]]
    room = estimate.get("buildings", {}).get(building.building_id, {})
    mean = _number(room.get("indoor_temp_c"))
    outdoor = _outdoor(readings)
    shorts = _supply_shorts(site, readings)
    station_of = {b.building_id: b.station_id for b in network.buildings}
    at = Counter(one.complaint.building_id for one in others)
    same_building = at[building.building_id]
    near = sum(n for b, n in at.items() if station_of.get(b) == station.station_id)
    heat = _heat_share(site, station, estimate, readings)
    return Evidence(
        plant_short_k=_plant_short(site, readings),
        supply_short_k=shorts.get(station.station_id, _UNKNOWN),
        stations_short_share=float(np.mean([s > 5.0 for s in shorts.values()])) if shorts else 0.0,
        heating_short_k=_heating_short(site, station, readings),
        heat_share=heat,
        indoor_c=mean,
        indoor_spread_k=_number(room.get("spread_k")),
        worst_c=mean - building.worst_flat_beta * (mean - outdoor),
        promised_c=building.min_indoor_c,
        reported_c=report.room_temp_c,
        radiator_hot=report.radiator_hot,
        same_building=same_building,
        same_station=near - same_building,
        elsewhere=sum(at.values()) - near,
    )


def learned_betas(database: Database, site: Site, now: datetime) -> Values:
    """What complaints that were no fault of a home's teach of the coldest flats.

    Args:
        database: The store.
        site: The site.
        now: tz-aware UTC.

    Returns:
        Betas by building, where enough complaints move them.
    """
    with database.reading() as connection:
        stored = complaints_since(connection, now - TAUGHT_BY)
    seen: dict[str, list[float]] = {}
    for one in stored:
        inside = (one.cause or one.complaint.verdict) == Verdict.HOME.value
        if one.complaint.beta_seen is not None and not inside:
            seen.setdefault(one.complaint.building_id, []).append(one.complaint.beta_seen)
    found = {}
    for building in site.district.network.buildings:
        moved = beta_after(building.worst_flat_beta, np.array(seen.get(building.building_id, [])))
        if moved is not None:
            value = Value(value=moved[0], spread=moved[1] / moved[0])
            found[building.building_id] = {"worst_flat_beta": value}
    return found


def stored_json(stored: StoredComplaint, now: datetime, timezone: str) -> dict[str, Any]:
    """A complaint as plain data.

    Args:
        stored: The complaint.
        now: tz-aware.
        timezone: The site's.

    Returns:
        Its fields and its clocks.
    """
    fields = asdict(stored.complaint)
    own = clocks(stored, now, timezone)

    def text(at: datetime | None) -> str | None:
        return None if at is None else at.isoformat()

    return {
        "complaint_id": stored.complaint_id,
        **fields,
        "at": text(stored.complaint.at),
        "answer_by": text(own.answer_by),
        "answered_at": text(stored.answered_at),
        "answer_late": own.answer_late,
        "close_by": text(own.close_by),
        "closed_at": text(stored.closed_at),
        "close_late": own.close_late,
        "cause": stored.cause,
        "outcome": stored.outcome,
    }


def _good(site: Site, readings: Mapping[str, Reading]) -> dict[tuple[str, str, str], float]:
    found = {}
    for point in site.points:
        one = readings.get(point.point_id)
        if one is not None and one.value is not None and one.quality is Quality.GOOD:
            found[point.target_kind, point.target_id, point.quantity] = one.value
    return found


def _number(value: Any) -> float:
    return _UNKNOWN if value is None else float(value)


def _outdoor(readings: Mapping[tuple[str, str, str], float]) -> float:
    return readings.get(("site", "", "outdoor_temp_c"), _UNKNOWN)


def _plant_short(site: Site, readings: Mapping[tuple[str, str, str], float]) -> float:
    shorts = [
        readings["plant", plant.plant_id, "supply_temp_setpoint_c"]
        - readings["plant", plant.plant_id, "supply_temp_c"]
        for plant in site.district.network.plants
        if ("plant", plant.plant_id, "supply_temp_setpoint_c") in readings
        and ("plant", plant.plant_id, "supply_temp_c") in readings
    ]
    return max(shorts, default=_UNKNOWN)


def _supply_shorts(site: Site, readings: Mapping[tuple[str, str, str], float]) -> dict[str, float]:
    """How far each station's water is below that of most: distance alone costs a few kelvins."""
    found = {
        station.station_id: readings["station", station.station_id, "supply_temp_c"]
        for station in site.district.network.stations
        if ("station", station.station_id, "supply_temp_c") in readings
    }
    if not found:
        return {}
    usual = float(np.median(list(found.values())))
    return {name: usual - value for name, value in found.items()}


def _heating_short(
    site: Site, station: Station, readings: Mapping[tuple[str, str, str], float]
) -> float:
    """Heating water below the curve where one is held, else below that of stations like it."""
    own = readings.get(("station", station.station_id, "secondary_supply_temp_c"), _UNKNOWN)
    if station.control is StationControl.COMPENSATED:
        curve = sorted(site.district.network.secondary_curve)
        outdoor = _outdoor(readings)
        return float(np.interp(outdoor, [p[0] for p in curve], [p[1] for p in curve])) - own
    alike = [
        readings["station", other.station_id, "secondary_supply_temp_c"]
        for other in site.district.network.stations
        if (other.kind, other.control) == (station.kind, station.control)
        and ("station", other.station_id, "secondary_supply_temp_c") in readings
    ]
    return float(np.median(alike)) - own if alike else _UNKNOWN


def _heat_share(
    site: Site,
    station: Station,
    estimate: Mapping[str, Any],
    readings: Mapping[tuple[str, str, str], float],
) -> float:
    """Heat that the station takes over what holds its buildings at what is promised."""
    at = ("station", station.station_id)
    names = ("flow_m3_h", "supply_temp_c", "return_temp_c")
    if not all((*at, name) in readings for name in names):
        return _UNKNOWN
    flow, supply, back = (readings[(*at, name)] for name in names)
    heat_kw = flow / 3600.0 * 985.0 * 4.19 * (supply - back)
    outdoor = _outdoor(readings)
    need = sum(
        b.ua_kw_k * (b.min_indoor_c - outdoor) - b.internal_gain_w_m2 * b.floor_area_m2 / 1e3
        for b in site.district.network.buildings
        if b.station_id == station.station_id
    )
    return heat_kw / need if need > 0.0 else _UNKNOWN


def _beta_seen(evidence: Evidence, outdoor_c: float) -> float | None:
    if evidence.reported_c is None:
        return None
    lag = (evidence.indoor_c - evidence.reported_c) / (evidence.indoor_c - outdoor_c)
    return lag if math.isfinite(lag) else None
