"""Pipes: sized for the design flow when they were laid, then aged, surveyed and derated."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.old_east.dice import Dice
from benchmarks.old_east.streets import Street
from optimizer.physics.ageing import (
    aged_heat_loss_w_m_k,
    aged_leak_m3_h,
    aged_roughness_m,
    nominal_wall_m,
)

SURVEY_YEAR = 2025
# Inner diameters of the standard sizes DN 50 to DN 600, mm. EN 10220.
_BORES_MM = (
    54.5, 70.3, 82.5, 107.1, 132.5, 160.3, 210.1, 263.0, 312.7, 344.4, 393.8, 444.4, 495.4, 595.8,
)  # fmt: skip
# Pressure gradients that the designers allowed with pipes as new, Pa/m.
_GRADIENT_PA_M = {"M": 60.0, "L": 95.0, "H": 130.0, "X": 95.0}
# Water loss is the highest of the city: this many times what pipes of that age lose elsewhere.
_LEAKS_OF_THE_OLD_EAST = 6.0
_AS_NEW_ROUGHNESS_M = 0.5e-3
_DENSITY, _VISCOSITY = 975.0, 3.5e-4
# What a survey gave beyond age alone: mains that burst, ducts that flood, brittle bends.
# pipe -> (max_pressure_bar, max_temp_c, max_ramp_k_h); None leaves what age gives.
_ENGINEERS_LIMITS: Mapping[str, tuple[float | None, float | None, float | None]] = {
    "M05": (None, 99.5, None),
    "LS081": (7.6, 103.0, None),
    "LS082": (7.6, 103.0, None),
    "LS061": (7.8, None, None),
    "LN071": (None, 100.0, None),
}
# A pipe that cannot hold this is replaced at once.
_LEAST_PRESSURE_BAR = 8.0
_LEAST_RAMP_K_H = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SizedPipe:
    """A pair of pipes; its columns are those of pipes.csv."""

    street: Street
    design_flow_kg_s: float
    inner_diameter_mm: float
    wall_thickness_mm: float
    roughness_mm: float
    heat_loss_w_m_k: float
    max_pressure_bar: float
    max_temp_c: float
    max_ramp_k_h: float
    leak_m3_h: float


def flows_kg_s(streets: tuple[Street, ...], demand_kg_s: Mapping[str, float]) -> dict[str, float]:
    """Add up what flows in each pipe of the tree.

    Args:
        streets: The streets; each is drawn away from the plant.
        demand_kg_s: Flow taken at each node.

    Returns:
        Flow by pipe; zero in a pipe out of service.
    """
    beyond = dict(demand_kg_s)
    flows = {street.pipe_id: 0.0 for street in streets}
    for street in reversed(streets):
        if not street.in_service:
            continue
        flow = beyond.get(street.to_node, 0.0)
        flows[street.pipe_id] = flow
        beyond[street.from_node] = beyond.get(street.from_node, 0.0) + flow
    return flows


def build_pipes(
    streets: tuple[Street, ...], flow_kg_s: Mapping[str, float], dice: Dice
) -> tuple[SizedPipe, ...]:
    """Size and age every pipe.

    Args:
        streets: The streets.
        flow_kg_s: Design flow by pipe.
        dice: The randomness.

    Returns:
        The pipes, in the order of the streets.
    """
    return tuple(_pipe(street, flow_kg_s[street.pipe_id], dice) for street in streets)


def gradient_pa_m(flow_kg_s: float, bore_m: float, roughness_m: float) -> float:
    """Friction of a pipe.

    Args:
        flow_kg_s: Mass flow.
        bore_m: Inner diameter.
        roughness_m: Roughness.

    Returns:
        Pressure gradient, Pa/m.

    Source:
        Darcy-Weisbach with Haaland (1983), doi:10.1115/1.3240948.
    """
    area = math.pi / 4.0 * bore_m**2
    speed = flow_kg_s / (_DENSITY * area)
    reynolds = max(_DENSITY * speed * bore_m / _VISCOSITY, 4000.0)
    root = -1.8 * math.log10((roughness_m / bore_m / 3.7) ** 1.11 + 6.9 / reynolds)
    return _DENSITY * speed**2 / (2.0 * bore_m * root**2)


def _pipe(street: Street, flow_kg_s: float, dice: Dice) -> SizedPipe:
    bore_mm = _bore_mm(flow_kg_s, _GRADIENT_PA_M[street.pipe_id[0]])
    bore_m = bore_mm / 1000.0
    age = SURVEY_YEAR - street.year_laid
    nominal_mm = 1000.0 * nominal_wall_m(bore_m)
    # Corrosion between a quarter and twice of what is usual; measured at one place of each pipe.
    wall_mm = max(nominal_mm - dice.between(0.015, 0.055) * age, 0.35 * nominal_mm)
    share = wall_mm / nominal_mm
    pressure, temp, ramp = _limits(street, share, dice)
    return SizedPipe(
        street=street,
        design_flow_kg_s=flow_kg_s,
        inner_diameter_mm=bore_mm,
        wall_thickness_mm=wall_mm,
        roughness_mm=1000.0 * aged_roughness_m(age) * dice.between(0.8, 1.2),
        heat_loss_w_m_k=aged_heat_loss_w_m_k(bore_m, street.year_laid, age)
        * dice.between(0.9, 1.25),
        max_pressure_bar=pressure,
        max_temp_c=temp,
        max_ramp_k_h=ramp,
        leak_m3_h=_LEAKS_OF_THE_OLD_EAST
        * aged_leak_m3_h(bore_m, street.length_m, age)
        * dice.between(0.5, 1.5),
    )


def _bore_mm(flow_kg_s: float, gradient: float) -> float:
    for bore_mm in _BORES_MM:
        if gradient_pa_m(flow_kg_s, bore_mm / 1000.0, _AS_NEW_ROUGHNESS_M) <= gradient:
            return bore_mm
    return _BORES_MM[-1]


def _limits(street: Street, wall_share: float, dice: Dice) -> tuple[float, float, float]:
    """What the company lets a pipe see: its rating, less what the wall has lost."""
    new = street.year_laid >= 2010
    rating = 16.0 if street.year_laid >= 1991 else 12.0
    pressure = 16.0 if new else max(rating * wall_share, _LEAST_PRESSURE_BAR)
    temp = 130.0 if new else dice.one_of((105.0, 110.0, 115.0))
    ramp = 12.0 if new else max(8.0 * wall_share, _LEAST_RAMP_K_H)
    own = _ENGINEERS_LIMITS.get(street.pipe_id, (None, None, None))
    return (
        pressure if own[0] is None else own[0],
        temp if own[1] is None else own[1],
        ramp if own[2] is None else own[2],
    )
