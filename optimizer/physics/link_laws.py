"""Pressure laws of pumps and stations, ends of their range included.

A pump with its non-return valve, a station that throttles to a wanted flow: both are laws that rise
with the flow everywhere, very steeply where a valve stands at its end.
"""

import math

from optimizer.physics.compiled import inlined, inner
from optimizer.physics.layout import Layout
from optimizer.physics.water import GRAVITY_M_S2

# Slope of a law past the end of its range: 1 bar moves a ten-millionth of a kilogram a second.
STOP_PA_S_KG = 1e12
# A station near no flow: below this share of its flow at 1 bar the drop is linear in the flow.
LINEAR_SHARE = 1e-4
# Every pump's law has at least this slope, also at no flow and while it holds a pressure.
LEAST_PUMP_SLOPE_PA_S_KG = 1.0
NO_TARGET = math.inf
# Setpoint of a pump that stands still: its valves are closed and nothing flows either way.
STANDING = -1.0


@inner
def pump_gain(
    layout: Layout, pump: int, flow_kg_s: float, setpoint: float, density: float
) -> tuple[float, float, float, float]:
    """Pressure that a pump adds, and its derivatives.

    Args:
        layout: The network.
        pump: Which pump.
        flow_kg_s: Flow through it, kg/s; its non-return valve stops negative flow.
        setpoint: Relative speed, or Pa for a pump that holds a pressure; STANDING at standstill.
        density: Water at the pump, kg/m3.

    Returns:
        Gain in Pa (negative flow excepted), and its derivatives by flow (Pa s/kg, negative), by
        setpoint, and by density.

    Source: affinity laws, e.g. I. J. Karassik, Pump Handbook, 4th ed., section 2.3.
    """
    if setpoint == STANDING:
        return -STOP_PA_S_KG * flow_kg_s, -STOP_PA_S_KG, 0.0, 0.0
    pumps = layout.pumps
    forward = max(flow_kg_s, 0.0)
    weight = density * GRAVITY_M_S2
    volume = forward / density
    resisted = pumps.curvature[pump] * volume * volume
    yielded = LEAST_PUMP_SLOPE_PA_S_KG * forward
    by_flow = -2.0 * pumps.curvature[pump] * volume * GRAVITY_M_S2 - LEAST_PUMP_SLOPE_PA_S_KG
    speed = setpoint
    limited = False
    if pumps.holds_pressure[pump]:
        low = weight * (pumps.shutoff_head_m[pump] * pumps.min_speed[pump] ** 2 - resisted)
        high = weight * (pumps.shutoff_head_m[pump] * pumps.max_speed[pump] ** 2 - resisted)
        if low <= setpoint <= high:
            held = setpoint - yielded
            return _stopped(held, -LEAST_PUMP_SLOPE_PA_S_KG, 1.0, 0.0, flow_kg_s)
        speed = pumps.min_speed[pump] if setpoint < low else pumps.max_speed[pump]
        limited = True
    head = pumps.shutoff_head_m[pump] * speed * speed - resisted
    by_setpoint = 0.0 if limited else 2.0 * weight * pumps.shutoff_head_m[pump] * speed
    by_density = GRAVITY_M_S2 * (head + 2.0 * resisted)
    return _stopped(weight * head - yielded, by_flow, by_setpoint, by_density, flow_kg_s)


@inlined
def _stopped(
    gain: float, by_flow: float, by_setpoint: float, by_density: float, flow_kg_s: float
) -> tuple[float, float, float, float]:
    """Continue a pump's law below zero flow, where its non-return valve stands closed."""
    if flow_kg_s < 0.0:
        return gain - STOP_PA_S_KG * flow_kg_s, -STOP_PA_S_KG, by_setpoint, by_density
    return gain, by_flow, by_setpoint, by_density


@inner
def station_drop(
    flow_kg_s: float, admittance: float, target_kg_s: float
) -> tuple[float, float, float, float]:
    """Pressure drop over a station, and its derivatives.

    Args:
        flow_kg_s: Flow, kg/s.
        admittance: Flow squared per pressure drop of the open path, kg2/(s2 Pa), above zero.
        target_kg_s: Flow the valve throttles to, NO_TARGET for none.

    Returns:
        Drop in Pa, and its derivatives by flow, by admittance and by target.
    """
    knee = LINEAR_SHARE * math.sqrt(admittance * 1e5)
    size = math.sqrt(flow_kg_s * flow_kg_s + knee * knee)
    drop = flow_kg_s * size / admittance
    # The knee moves with the root of the admittance; drop = q sqrt(q^2 + c a) / a.
    by_admittance = -drop / admittance + flow_kg_s * knee * knee / (2.0 * size * admittance**2)
    by_flow = (size + flow_kg_s * flow_kg_s / size) / admittance
    by_target = 0.0
    if flow_kg_s > target_kg_s:
        drop += STOP_PA_S_KG * (flow_kg_s - target_kg_s)
        by_flow += STOP_PA_S_KG
        by_target = -STOP_PA_S_KG
    elif flow_kg_s < 0.0:
        drop += STOP_PA_S_KG * flow_kg_s
        by_flow += STOP_PA_S_KG
    return drop, by_flow, by_admittance, by_target
