"""Radiators of a building fed by a constant flow: the heat that a supply temperature gives.

Source: EN 442-2:2014 (output by the arithmetic mean excess temperature and an exponent).
"""

import math

from optimizer.physics.compiled import compiled


@compiled
def radiator_heat_w(
    above_air_k: float, flow_w_k: float, rated_w: float, rated_excess_k: float, exponent: float
) -> tuple[float, float, float]:
    """Heat given to a room by radiators, zero where the water is no warmer than the room.

    The mean water temperature is the arithmetic mean of supply and return; where the flow is so
    small that the return would be colder than the air, it is as cold as the air.

    Args:
        above_air_k: Supply water above the room's air, K.
        flow_w_k: Heat capacity flow of the water, W/K.
        rated_w: Output at the rated excess, W.
        rated_excess_k: Mean water above air at which `rated_w` is stated, K.
        exponent: Radiator exponent, at least 1.

    Returns:
        Heat in W, and its derivatives by `above_air_k` (W/K) and by `flow_w_k` (K).
    """
    if above_air_k <= 0.0 or flow_w_k <= 0.0 or rated_w <= 0.0:
        return 0.0, 0.0, 0.0
    # The return is never colder than the air, though its arithmetic mean with the supply could be.
    if flow_w_k * above_air_k <= rated_w * (0.5 * above_air_k / rated_excess_k) ** exponent:
        return flow_w_k * above_air_k, flow_w_k, above_air_k
    # 2 C (Y - y) = R (y / D)^n with y the mean excess, by Halley's iteration: powers are dear. It
    # starts where (Y / D)^(n - 1) is drawn as 1 + (n - 1) log(Y / D), the logarithm as a quotient.
    scale = rated_w / rated_excess_k
    ratio = above_air_k / rated_excess_k
    secant = scale * max(1.0 + (exponent - 1.0) * 2.0 * (ratio - 1.0) / (ratio + 1.0), 0.05)
    y = above_air_k * min(1.0, 2.0 * flow_w_k / (2.0 * flow_w_k + secant) * 1.05)
    slope = secant
    for _ in range(30):
        per_kelvin = scale * (y / rated_excess_k) ** (exponent - 1.0)
        slope = exponent * per_kelvin
        miss = per_kelvin * y - 2.0 * flow_w_k * (above_air_k - y)
        steep = slope + 2.0 * flow_w_k
        bend = (exponent - 1.0) * slope / y
        change = miss * steep / (steep * steep - 0.5 * miss * bend)
        if abs(change) < 1e-4 * y:  # what is left is the cube of that
            y -= change
            slope -= bend * change
            break
        y = max(y - change, 1e-9 * above_air_k)
    total = slope + 2.0 * flow_w_k
    heat = 2.0 * flow_w_k * (above_air_k - y)
    by_above = slope * 2.0 * flow_w_k / total
    by_flow = slope * 2.0 * (above_air_k - y) / total
    return heat, by_above, by_flow


@compiled
def mean_excess_k(heat_w: float, rated_w: float, rated_excess_k: float, exponent: float) -> float:
    """Mean water temperature above the air that a heat output needs.

    Args:
        heat_w: Heat, W, not negative.
        rated_w: Output at the rated excess, W.
        rated_excess_k: Mean water above air at which `rated_w` is stated, K.
        exponent: Radiator exponent.

    Returns:
        Mean excess temperature, K.
    """
    return rated_excess_k * math.pow(heat_w / rated_w, 1.0 / exponent)
