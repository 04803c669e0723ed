"""The steady state of a network of loads, by a few long steps of the simulator."""

from datetime import UTC, datetime

import numpy as np

from optimizer.model.arrays import frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace
from optimizer.simulate import simulate, uniform_state

START = datetime(2026, 1, 12, tzinfo=UTC)
# Each step flushes the whole network many times; stations follow the water of the step before.
STEP_S = 86400
STEPS = 16


def constant_weather(network: Network, steps: int, step_s: int, outdoor_c: float) -> Forecast:
    """Weather that does not change.

    Args:
        network: The network.
        steps: Number of steps.
        step_s: Step length, s.
        outdoor_c: Outdoor temperature, degC.

    Returns:
        The forecast.
    """
    return Forecast(
        start=START,
        step_s=step_s,
        outdoor_temp_c=frozen(np.full((1, steps + 1), outdoor_c)),
        wind_m_s=frozen(np.zeros((1, steps))),
        ghi_w_m2=frozen(np.zeros((1, steps))),
        heat_price_per_mwh=frozen(np.zeros((len(network.plants), steps))),
    )


def constant_setpoints(
    network: Network, steps: int, step_s: int, supply_c: float, pump: float
) -> Schedule:
    """Setpoints that do not change.

    Args:
        network: The network.
        steps: Number of steps.
        step_s: Step length, s.
        supply_c: Outlet temperature of every plant, degC.
        pump: Setpoint of every pump, % or bar.

    Returns:
        The schedule.
    """
    return Schedule(
        start=START,
        step_s=step_s,
        supply_temp_c=frozen(np.full((len(network.plants), steps), supply_c)),
        pump_setpoint=frozen(np.full((len(network.pumps), steps), pump)),
        secondary_offset_k=frozen(np.zeros((len(network.stations), steps))),
    )


def first_state(network: Network, supply_c: float, return_c: float, pump: float) -> PlantState:
    """Everything of a kind at one temperature.

    Args:
        network: The network.
        supply_c: Supply water, degC.
        return_c: Return water, degC.
        pump: Setpoint of every pump.

    Returns:
        The state.
    """
    return uniform_state(
        network,
        supply_temp_c=supply_c,
        return_temp_c=return_c,
        indoor_temp_c=18.0,
        pump_setpoint=np.full(len(network.pumps), pump),
    )


def steady(network: Network, supply_c: float, return_c: float, pump: float) -> Trace:
    """Steady state of a network of prescribed loads.

    Args:
        network: The network.
        supply_c: Outlet temperature, degC.
        return_c: A guess of the return temperature, degC.
        pump: Setpoint of every pump, % or bar.

    Returns:
        The trace whose last step is steady.
    """
    return simulate(
        network,
        first_state(network, supply_c, return_c, pump),
        constant_weather(network, STEPS, STEP_S, 0.0),
        constant_setpoints(network, STEPS, STEP_S, supply_c, pump),
    )
