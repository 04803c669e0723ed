"""The baseline: what the weather-compensation curve would do, and the state it leaves."""

import numpy as np

from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import Plant, Pump, PumpControl
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.physics.water import GRAVITY_M_S2, density_kg_m3
from optimizer.simulate import simulate, uniform_state, with_faster_buildings
from optimizer.timegrid import curve

# Buildings this much lighter settle in two days of constant weather.
SETTLING_FACTOR = 20.0
SETTLING_HOURS = 72
TYPICAL_RETURN_TEMP_C = 50.0


def baseline_schedule(
    district: District, forecast: Forecast, state: PlantState | None = None, member: int = 0
) -> Schedule:
    """The heating curve at the instantaneous outdoor temperature, pumps at the fallback speed.

    The outlet temperature is clipped to each plant's range and limited to its ramps (convention
    10); without a state it starts on the curve.

    Args:
        district: The district.
        forecast: Weather.
        state: State at the start, whose setpoints the ramps count from.
        member: Which member.

    Returns:
        The schedule.
    """
    network = district.network
    wanted = curve(district.control.heating_curve, forecast.outdoor_temp_c[member][:-1])
    supply = [
        _ramped(
            plant,
            np.clip(wanted, plant.min_supply_temp_c, plant.max_supply_temp_c),
            None if state is None else float(state.supply_temp_setpoint_c[i]),
            forecast.step_s,
        )
        for i, plant in enumerate(network.plants)
    ]
    pumps = fallback_pump_setpoints(district)
    return Schedule(
        start=forecast.start,
        step_s=forecast.step_s,
        supply_temp_c=frozen(np.stack(supply)),
        pump_setpoint=frozen(np.repeat(pumps[:, None], forecast.steps, axis=1)),
        secondary_offset_k=frozen(np.zeros((len(network.stations), forecast.steps))),
    )


def _ramped(plant: Plant, wanted: FloatArray, last: float | None, step_s: int) -> FloatArray:
    """Follow a wanted temperature within the plant's ramps, the first step included."""
    up = plant.ramp_up_k_h * step_s / 3600.0
    down = plant.ramp_down_k_h * step_s / 3600.0
    reached = np.empty_like(wanted)
    present = float(wanted[0]) if last is None else last
    for k, temp_c in enumerate(wanted):
        present = min(max(float(temp_c), present - down), present + up)
        reached[k] = present
    return reached


def fallback_pump_setpoints(district: District) -> FloatArray:
    """Pump setpoints of the baseline.

    A pump that holds a pressure gets the one it has at the fallback speed and its rated flow.

    Args:
        district: The district.

    Returns:
        Setpoints in % or bar, shape (pumps,).
    """
    speed = district.control.fallback_speed_pct
    return np.array([_fallback_setpoint(pump, speed) for pump in district.network.pumps])


def _fallback_setpoint(pump: Pump, speed_pct: float) -> float:
    if pump.control is PumpControl.SPEED:
        return min(max(speed_pct, pump.min_speed_pct), pump.max_speed_pct)
    head_m = pump.shutoff_head_m * (speed_pct / 100.0) ** 2
    head_m -= pump.shutoff_head_m - pump.rated_head_m
    return max(head_m, 0.1) * GRAVITY_M_S2 * float(density_kg_m3(TYPICAL_RETURN_TEMP_C)) / 1e5


def starting_state(district: District, forecast: Forecast, history: Forecast | None) -> PlantState:
    """The state that the baseline leaves after the weather before the start.

    Args:
        district: The district.
        forecast: Weather from the start on; without a history its first 24 h give the state.
        history: Weather before the start, ending there, or None.

    Returns:
        The state at the start of the forecast.
    """
    before = forecast if history is None else history
    settled = _settled_state(district, before)
    if history is None:
        return settled
    schedule = baseline_schedule(district, history, settled)
    return simulate(district.network, settled, history, schedule).end_state


def _settled_state(district: District, forecast: Forecast) -> PlantState:
    """Steady state of the mean weather of the first 24 hours."""
    day = max(1, min(forecast.steps, 86400 // forecast.step_s))
    steps = SETTLING_HOURS * 3600 // forecast.step_s
    outdoor = float(forecast.outdoor_temp_c[0, : day + 1].mean())
    constant = Forecast(
        start=forecast.start,
        step_s=forecast.step_s,
        outdoor_temp_c=frozen(np.full((1, steps + 1), outdoor)),
        wind_m_s=frozen(np.full((1, steps), forecast.wind_m_s[0, :day].mean())),
        ghi_w_m2=frozen(np.full((1, steps), forecast.ghi_w_m2[0, :day].mean())),
        heat_price_per_mwh=frozen(np.zeros((len(district.network.plants), steps))),
    )
    schedule = baseline_schedule(district, constant)
    begin = uniform_state(
        district.network,
        supply_temp_c=float(schedule.supply_temp_c[0, 0]),
        return_temp_c=TYPICAL_RETURN_TEMP_C,
        indoor_temp_c=district.comfort.min_indoor_c,
        pump_setpoint=schedule.pump_setpoint[:, 0],
    )
    light = with_faster_buildings(district.network, SETTLING_FACTOR)
    return simulate(light, begin, constant, schedule).end_state
