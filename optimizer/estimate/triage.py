"""A complaint weighed: is it the network, the station, the building, or inside the home?

The evidence is what the meters and the model say of everything above the flat, and who else
complains. The highest place with evidence against it is named; with none, the fault is in the home.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from optimizer.model.arrays import FloatArray


class Verdict(StrEnum):
    """Where a complaint's cause lies."""

    NETWORK = "network"
    STATION = "station"
    BUILDING = "building"
    HOME = "home"


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What is known when a complaint comes in; NaN or None where nothing is.

    Attributes:
        plant_short_k: Water at the plant's outlet below what is asked of it, K.
        supply_short_k: Water that reaches the station below what is expected there, K.
        stations_short_share: Share of all stations that the water reaches so much too cold.
        heating_short_k: The station's heating water below what is expected, K.
        heat_share: The station's heat over what its buildings need.
        indoor_c: The building's mean as estimated, degC.
        indoor_spread_k: Its standard deviation, K.
        worst_c: The coldest flat as predicted, degC.
        promised_c: What is promised, degC.
        reported_c: What the resident measured, degC.
        radiator_hot: What the resident says of the radiators.
        same_building, same_station, elsewhere: Other open complaints of the last day.
    """

    plant_short_k: float
    supply_short_k: float
    stations_short_share: float
    heating_short_k: float
    heat_share: float
    indoor_c: float
    indoor_spread_k: float
    worst_c: float
    promised_c: float
    reported_c: float | None
    radiator_hot: bool | None
    same_building: int
    same_station: int
    elsewhere: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Clue:
    """A piece of evidence: a code with its numbers, and what it speaks for."""

    code: str
    speaks_for: Verdict
    values: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Triage:
    """The verdict and the clues, the deciding ones first."""

    verdict: Verdict
    clues: tuple[Clue, ...]


# Shortfalls beyond what meters, model and weather's noise explain.
# A plant at its capacity is a few kelvins short in every snap.
PLANT_SHORT_K, SUPPLY_SHORT_K, HEATING_SHORT_K = 8.0, 5.0, 4.0
MANY_STATIONS = 0.25
HEAT_SHORT, ENOUGH_HEAT = 0.85, 1.0
NEIGHBOURS_OF_BUILDING, NEIGHBOURS_OF_STATION, NEIGHBOURS_ELSEWHERE = 2, 3, 8
COLDER_THAN_WORST_K = 1.0
WORST_SHORT_K = 0.3
UNKNOWN_SPREAD_K = 1.0


def triage(evidence: Evidence) -> Triage:
    """Weigh a complaint.

    Args:
        evidence: What is known.

    Returns:
        The verdict with its clues.
    """
    clues = [*_network(evidence), *_station(evidence), *_building(evidence)]
    order = (Verdict.NETWORK, Verdict.STATION, Verdict.BUILDING)
    verdict = next(
        (one for one in order if any(clue.speaks_for is one for clue in clues)), Verdict.HOME
    )
    clues += _home(evidence)
    deciding = [clue for clue in clues if clue.speaks_for is verdict]
    return Triage(verdict=verdict, clues=(*deciding, *(c for c in clues if c not in deciding)))


def _network(evidence: Evidence) -> list[Clue]:
    found = []
    if evidence.plant_short_k > PLANT_SHORT_K:
        found.append(_clue("plant_short", Verdict.NETWORK, short_k=evidence.plant_short_k))
    if evidence.supply_short_k > SUPPLY_SHORT_K and evidence.stations_short_share > MANY_STATIONS:
        share = 100.0 * evidence.stations_short_share
        found.append(
            _clue("many_short", Verdict.NETWORK, short_k=evidence.supply_short_k, share_pct=share)
        )
    elif evidence.supply_short_k > SUPPLY_SHORT_K:
        found.append(_clue("supply_short", Verdict.NETWORK, short_k=evidence.supply_short_k))
    if evidence.elsewhere >= NEIGHBOURS_ELSEWHERE:
        found.append(_clue("many_complain", Verdict.NETWORK, count=float(evidence.elsewhere)))
    return found


def _station(evidence: Evidence) -> list[Clue]:
    found = []
    # Cooler water that brings all the heat needed is another setting, not a fault.
    enough = evidence.heat_share >= ENOUGH_HEAT
    if evidence.heating_short_k > HEATING_SHORT_K and not enough:
        found.append(_clue("heating_short", Verdict.STATION, short_k=evidence.heating_short_k))
    if evidence.heat_share < HEAT_SHORT:
        found.append(_clue("heat_short", Verdict.STATION, share_pct=100.0 * evidence.heat_share))
    if evidence.same_station >= NEIGHBOURS_OF_STATION:
        found.append(
            _clue("station_complains", Verdict.STATION, count=float(evidence.same_station))
        )
    return found


def _building(evidence: Evidence) -> list[Clue]:
    found = []
    if evidence.promised_c - evidence.worst_c > WORST_SHORT_K and not _far_colder(evidence):
        values = {"worst_c": evidence.worst_c, "promised_c": evidence.promised_c}
        found.append(_clue("worst_short", Verdict.BUILDING, **values))
    if evidence.same_building >= NEIGHBOURS_OF_BUILDING:
        count = float(evidence.same_building)
        found.append(_clue("building_complains", Verdict.BUILDING, count=count))
    return found


def _far_colder(evidence: Evidence) -> bool:
    """Whether the flat is colder than a building as cold as estimated could make it."""
    reported, spread = evidence.reported_c, evidence.indoor_spread_k
    doubt = 2.0 * (spread if math.isfinite(spread) else UNKNOWN_SPREAD_K)
    return reported is not None and evidence.worst_c - reported > doubt


def _home(evidence: Evidence) -> list[Clue]:
    found = []
    reported = evidence.reported_c
    if reported is not None and evidence.worst_c - reported > COLDER_THAN_WORST_K:
        values = {"reported_c": reported, "worst_c": evidence.worst_c}
        found.append(_clue("colder_than_worst", Verdict.HOME, **values))
    if reported is not None and reported >= evidence.promised_c:
        values = {"reported_c": reported, "promised_c": evidence.promised_c}
        found.append(_clue("warm_enough", Verdict.HOME, **values))
    if evidence.radiator_hot is False:
        found.append(_clue("radiator_cold", Verdict.HOME))
    if evidence.radiator_hot is True:
        found.append(_clue("radiator_hot", Verdict.HOME))
    if not (evidence.same_building or evidence.same_station):
        found.append(_clue("nobody_else", Verdict.HOME))
    return found


def _clue(code: str, speaks_for: Verdict, **values: float) -> Clue:
    plain = {name: round(value, 2) for name, value in values.items() if math.isfinite(value)}
    return Clue(code=code, speaks_for=speaks_for, values=plain)


# How sure a site's beta is, and what one flat's thermometer says of it, as standard deviations.
BETA_SPREAD, BETA_ERROR = 0.025, 0.04
LEAST_COMPLAINTS = 2
LARGEST_BETA = 0.4


def beta_after(beta: float, seen: FloatArray) -> tuple[float, float] | None:
    """Move a building's worst-flat beta by complaints that were no fault of the home's.

    Args:
        beta: What it is thought to be.
        seen: (mean - reported) / (mean - outdoor) of each complaint, shape (complaints,).

    Returns:
        The new beta and its standard deviation, or None where too few complaints or milder ones
        than thought say nothing: only the cold complain.
    """
    if len(seen) < LEAST_COMPLAINTS:
        return None
    precision = BETA_SPREAD**-2 + len(seen) * BETA_ERROR**-2
    moved = (beta * BETA_SPREAD**-2 + float(seen.sum()) * BETA_ERROR**-2) / precision
    if moved <= beta:
        return None
    return min(moved, LARGEST_BETA), precision**-0.5
