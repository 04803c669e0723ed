"""Plate heat exchangers in counterflow: effectiveness-NTU, and the flow that a duty needs.

Source: VDI Heat Atlas, 2nd ed. (2010), chapter C1, doi 10.1007/978-3-540-77877-6.
"""

import math

from optimizer.physics.compiled import compiled
from optimizer.physics.water import REFERENCE_CP_J_KG_K

UNREACHABLE = math.inf


@compiled
def conductance_w_k(ua_w_k: float, primary_w_k: float, secondary_w_k: float) -> tuple[float, float]:
    """Heat per kelvin between the two inlets: effectiveness times the smaller capacity flow.

    Args:
        ua_w_k: Exchanger's UA, W/K.
        primary_w_k: Heat capacity flow of the primary stream, W/K, above zero.
        secondary_w_k: Heat capacity flow of the secondary stream, W/K, above zero.

    Returns:
        Heat per inlet temperature difference, W/K, and its derivative by `primary_w_k`.
    """
    z = ua_w_k * (1.0 / primary_w_k - 1.0 / secondary_w_k)
    if abs(z) < 1e-4:
        value = 1.0 / (1.0 / ua_w_k + 0.5 * (1.0 / primary_w_k + 1.0 / secondary_w_k))
        return value, 0.5 * value * value / (primary_w_k * primary_w_k)
    # Within these bounds nothing overflows, and beyond them nothing changes any more.
    decay = math.exp(-min(max(z, -300.0), 700.0))
    numerator = 1.0 - decay
    denominator = 1.0 / primary_w_k - decay / secondary_w_k
    decay_slope = decay * ua_w_k / (primary_w_k * primary_w_k)
    denominator_slope = -1.0 / (primary_w_k * primary_w_k) - decay_slope / secondary_w_k
    value = numerator / denominator
    slope = (-decay_slope * denominator - numerator * denominator_slope) / denominator**2
    return value, slope


@compiled
def _log_ratio(quotient: float) -> tuple[float, float]:
    """Solve (exp(x) - 1) / x = quotient; returns x and dx/dquotient."""
    x = 2.0 * (quotient - 1.0) if quotient < 1.0 else 2.0 * math.log(quotient)
    slope = 0.5
    for _ in range(60):  # Halley's iteration: exponentials are dear
        if abs(x) < 1e-3:
            value = 1.0 + x * (1.0 / 2.0 + x * (1.0 / 6.0 + x / 24.0))
            slope = 1.0 / 2.0 + x * (1.0 / 3.0 + x / 8.0)
            bend = 1.0 / 3.0 + x * (1.0 / 4.0 + x / 10.0)
        else:
            grown = math.expm1(x)
            value = grown / x
            slope = (grown + 1.0 - value) / x
            bend = (grown + 1.0 - 2.0 * slope) / x
        miss = value - quotient
        change = 2.0 * miss * slope / (2.0 * slope * slope - miss * bend)
        x -= change
        slope -= bend * change
        if abs(change) <= 1e-5 * (1.0 + abs(x)):  # what is left is the cube of that
            break
    return x, 1.0 / slope


@compiled
def needed_flow_kg_s(
    duty_w: float, ua_w_k: float, primary_c: float, supply_c: float, return_c: float
) -> tuple[float, float, float, float, float]:
    """Primary flow that heats the secondary stream from `return_c` to `supply_c`.

    Args:
        duty_w: Heat to transfer, W, above zero.
        ua_w_k: Exchanger's UA, W/K.
        primary_c: Primary inlet temperature, degC.
        supply_c: Secondary outlet temperature, degC.
        return_c: Secondary inlet temperature, degC.

    Returns:
        Flow in kg/s (UNREACHABLE where no flow is enough), and its derivatives by duty, primary,
        supply and return temperature.
    """
    near = primary_c - supply_c
    if near <= 1e-6:
        return UNREACHABLE, 0.0, 0.0, 0.0, 0.0
    quotient = duty_w / ua_w_k / near
    x, x_slope = _log_ratio(quotient)
    far = near * math.exp(min(x, 50.0))
    cooling = primary_c - (return_c + far)
    if cooling <= 1e-6 * (primary_c - return_c):
        return UNREACHABLE, 0.0, 0.0, 0.0, 0.0
    flow = duty_w / (REFERENCE_CP_J_KG_K * cooling)
    # far = near exp(x), x of quotient = duty / (UA near)
    far_by_near = far / near - far * x_slope * quotient / near
    far_by_duty = far * x_slope / (ua_w_k * near)
    rise = flow / cooling
    by_duty = flow / duty_w + rise * far_by_duty
    by_primary = -rise * (1.0 - far_by_near)
    by_supply = -rise * far_by_near
    return flow, by_duty, by_primary, by_supply, rise
