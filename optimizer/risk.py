"""Expected leaks and fatigue of a run: what convention 13 of a site prices."""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network
from optimizer.model.policy import Prices
from optimizer.physics.wear import (
    UNKNOWN_AGE_YEARS,
    StressModel,
    expected_leaks,
    full_cycles,
    stress_factor,
)

STRESS = StressModel()


@dataclass(frozen=True, kw_only=True)
class PipeStress:
    """What the pipes went through.

    Attributes:
        year: Calendar year of the run, from which pipes count their age.
        step_s: Step length, s.
        outdoor_c: Mean outdoor temperature of each step, degC, shape (steps,).
        pressure_bar: Highest pressure in each pair, bar, shape (steps, pipes).
        supply_inlet_c: Water entering each supply pipe, the start state first, degC,
            shape (steps + 1, pipes).
        return_inlet_c: The same of the return pipes.
    """

    year: int
    step_s: float
    outdoor_c: FloatArray
    pressure_bar: FloatArray
    supply_inlet_c: FloatArray
    return_inlet_c: FloatArray


def risk_cost(network: Network, prices: Prices, stress: PipeStress) -> float:
    """Price the expected leaks and the fatigue of a run.

    Args:
        network: The network.
        prices: Prices; what has none costs nothing and is not counted.
        stress: What the pipes went through.

    Returns:
        Cost in the site's currency.
    """
    cost = 0.0
    if prices.leak_risk_per_event > 0.0:
        cost += prices.leak_risk_per_event * expected_events(network, stress)
    if prices.fatigue_per_cycle > 0.0:
        cost += prices.fatigue_per_cycle * fatigue_cycles(stress)
    return cost


def expected_events(network: Network, stress: PipeStress) -> float:
    """Count the leaks to be expected: rising with age, cold, pressure and warming.

    Args:
        network: The network.
        stress: What the pipes went through.

    Returns:
        Expected number of leaks of all pipes in service.

    Source:
        See `optimizer.physics.wear`.
    """
    pipes = network.pipes
    years = [p.year_laid for p in pipes]
    age = [UNKNOWN_AGE_YEARS if laid is None else float(stress.year - laid) for laid in years]
    hours = stress.step_s / 3600.0
    rise_k_h = np.maximum(
        np.diff(stress.supply_inlet_c, axis=0), np.diff(stress.return_inlet_c, axis=0)
    )
    factor = stress_factor(
        stress.outdoor_c[:, None],
        np.nan_to_num(stress.pressure_bar) / np.array([p.max_pressure_bar for p in pipes]),
        rise_k_h / hours / np.array([p.max_ramp_k_h for p in pipes]),
        STRESS,
    )
    length = np.array([p.length_m if p.in_service else 0.0 for p in pipes])
    return float(expected_leaks(length, np.array(age), factor, stress.step_s).sum())


def fatigue_cycles(stress: PipeStress) -> float:
    """Count equivalent full temperature cycles of all pipes, supply and return.

    Args:
        stress: What the pipes went through.

    Returns:
        Number of full cycles.

    Source:
        ASTM E1049-85 (rain flow), EN 13941-1 (slope 4); see `optimizer.physics.wear`.
    """
    both = (stress.supply_inlet_c, stress.return_inlet_c)
    return float(sum(full_cycles(side).sum() for side in both))
