"""Stations and buildings: what stands on each plot and how large it is."""

import math
from dataclasses import dataclass, replace

from benchmarks.old_east.dice import Dice
from benchmarks.old_east.streets import Plot
from optimizer.physics.building_types import (
    Envelope,
    default_capacity_kwh_k,
    default_ua_kw_k,
    default_worst_flat_beta,
)

# The design day: outdoor and indoor temperature, primary and secondary supply and return, degC.
OUTDOOR_C, INDOOR_C = -9.0, 18.0
PRIMARY_SUPPLY_C, PRIMARY_RETURN_C = 96.0, 50.0
SECONDARY_SUPPLY_C, SECONDARY_RETURN_C = 60.0, 45.0
RADIATOR_EXPONENT = 1.3
_CP_KJ_KG_K = 4.19
_GAIN_W_M2 = 3.8

# Station numbers, counted along the trunk. Every third station got a controller whose curve can be
# shifted from afar; a few have a self-acting one; the rest are valves that somebody set by hand.
_LOCAL_CONTROLLERS = (10, 25, 41, 55)
_MIXING = (33, 45, 50, 57)
_FIXED_DIRECT = (14, 38)

_ENVELOPES = {
    "old": Envelope.NONE,
    "renovated": Envelope.PARTIAL,
    "new": Envelope.INSULATED,
}
_AREA_M2 = {"old": (1500.0, 3300.0), "renovated": (1700.0, 3000.0), "new": (2300.0, 3700.0)}
_BUILDINGS_PER_STATION = 5
# Radiators over the need of the design day, gains left out.
_RADIATOR_MARGIN = (1.18, 1.34)
_NEW_RADIATOR_MARGIN = (1.15, 1.30)


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """A building; its columns are those of buildings.csv."""

    building_id: str
    station_id: str
    floor_area_m2: float
    year_built: int
    envelope: Envelope
    ua_kw_k: float
    capacity_kwh_k: float
    radiator_kw: float
    height_m: float
    corner_share: float
    vacant_share: float
    worst_flat_beta: float
    solar_aperture_m2: float
    wind_ua_pct_per_m_s: float
    internal_gain_w_m2: float = _GAIN_W_M2


@dataclass(frozen=True, kw_only=True, slots=True)
class Substation:
    """A station; `opening_pct` is None where a controller moves the valve."""

    station_id: str
    plot: Plot
    kind: str
    control: str
    writable: bool
    design_heat_kw: float
    hx_ua_kw_k: float | None
    valve_kvs: float
    opening_pct: float | None
    secondary_flow_kg_s: float | None
    houses: tuple[House, ...]

    @property
    def design_flow_kg_s(self) -> float:
        """Primary flow of the design day."""
        return_c = SECONDARY_RETURN_C if self.kind == "direct" else PRIMARY_RETURN_C
        return self.design_heat_kw / (_CP_KJ_KG_K * (PRIMARY_SUPPLY_C - return_c))


def build_stations(plots: tuple[Plot, ...], dice: Dice) -> tuple[Substation, ...]:
    """Put a station with its buildings on every plot; fixed valves stand fully open.

    Args:
        plots: The plots, along the trunk.
        dice: The randomness.

    Returns:
        The stations.
    """
    return tuple(_station(number, plot, dice) for number, plot in enumerate(plots, start=1))


def _station(number: int, plot: Plot, dice: Dice) -> Substation:
    name = f"S{number:02d}"
    direct = number in _FIXED_DIRECT or number in _MIXING
    writable = number % 3 == 0
    controlled = writable or number in _LOCAL_CONTROLLERS or number in _MIXING
    houses = tuple(
        _house(f"B{number:02d}{i}", name, plot, number in _FIXED_DIRECT, dice)
        for i in range(1, _BUILDINGS_PER_STATION + 1)
    )
    heat = sum(house.ua_kw_k for house in houses) * (INDOOR_C - OUTDOOR_C)
    secondary = heat / (_CP_KJ_KG_K * (SECONDARY_SUPPLY_C - SECONDARY_RETURN_C))
    station = Substation(
        station_id=name,
        plot=plot,
        kind="direct" if direct else "exchanger",
        control="compensated" if controlled else "fixed",
        writable=writable,
        design_heat_kw=heat,
        hx_ua_kw_k=None if direct else heat / _design_difference_k() * _hx_margin(plot, dice),
        valve_kvs=1.0,
        opening_pct=None if controlled else 100.0,
        secondary_flow_kg_s=None if direct and not controlled else secondary * _pumped(dice),
        houses=houses,
    )
    flow_m3_h = 3.6 * station.design_flow_kg_s
    return replace(station, valve_kvs=flow_m3_h / math.sqrt(0.4) * dice.between(1.3, 1.9))


def _design_difference_k() -> float:
    """Logarithmic mean difference over an exchanger on the design day."""
    hot = PRIMARY_SUPPLY_C - SECONDARY_SUPPLY_C
    cold = PRIMARY_RETURN_C - SECONDARY_RETURN_C
    return (hot - cold) / math.log(hot / cold)


def _hx_margin(plot: Plot, dice: Dice) -> float:
    """Exchangers were bought with a margin that scale has eaten in the old quarters."""
    return dice.between(1.2, 1.35) if plot.quarter == "new" else dice.between(0.95, 1.3)


def _pumped(dice: Dice) -> float:
    """Secondary pumps are rarely the size of the design."""
    return dice.between(0.95, 1.25)


def _house(name: str, station_id: str, plot: Plot, hot_water: bool, dice: Dice) -> House:
    envelope = _ENVELOPES[plot.quarter]
    area = dice.between(*_AREA_M2[plot.quarter])
    year = dice.whole(plot.built_from, plot.built_to)
    ua = default_ua_kw_k(area, year, envelope) * dice.between(0.92, 1.10)
    corner = dice.between(0.20, 0.38)
    vacant = dice.between(0.0, 0.12) if dice.between(0, 1) < 0.8 else dice.between(0.15, 0.40)
    insulated = envelope is Envelope.INSULATED
    return House(
        building_id=name,
        station_id=station_id,
        floor_area_m2=area,
        year_built=year,
        envelope=envelope,
        ua_kw_k=ua,
        capacity_kwh_k=default_capacity_kwh_k(area, envelope) * dice.between(0.9, 1.1),
        radiator_kw=_radiator_kw(ua, insulated, hot_water, dice),
        height_m=dice.one_of((14.0, 16.8)) if not insulated else dice.one_of((30.8, 33.6)),
        corner_share=corner,
        vacant_share=vacant,
        worst_flat_beta=default_worst_flat_beta(corner, vacant, envelope),
        solar_aperture_m2=area * dice.between(0.004, 0.008),
        wind_ua_pct_per_m_s=dice.between(0.3, 0.6) if insulated else dice.between(0.8, 1.6),
    )


def _radiator_kw(ua_kw_k: float, insulated: bool, hot_water: bool, dice: Dice) -> float:
    """Output at the reference; fewer sections where network water enters the radiators."""
    margin = dice.between(*(_NEW_RADIATOR_MARGIN if insulated else _RADIATOR_MARGIN))
    mean_c = (PRIMARY_SUPPLY_C + SECONDARY_RETURN_C) / 2.0
    usual_c = (SECONDARY_SUPPLY_C + SECONDARY_RETURN_C) / 2.0
    excess = (mean_c - INDOOR_C) / (usual_c - INDOOR_C) if hot_water else 1.0
    return float(ua_kw_k * (INDOOR_C - OUTDOOR_C) * margin / excess**RADIATOR_EXPONENT)
