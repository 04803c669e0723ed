"""Buildings as two capacities: air with furniture, and the envelope, between radiators and weather.

Within a step the radiators' heat, the gains and the outdoor temperature are constant; the two
temperatures are then integrated exactly (matrix exponential of a 2 by 2 system).

Source: ISO 13790:2008 annex C for the structure; convention 7 of a site for the numbers.
"""

import math

from optimizer.physics.compiled import compiled

# Conductance between air and envelope, as a multiple of the building's UA.
AIR_TO_ENVELOPE = 5.0


@compiled
def step_response(
    ua_w_k: float, nominal_ua_w_k: float, air_j_k: float, envelope_j_k: float, step_s: float
) -> tuple[float, float, float, float, float, float]:
    """Exact step of a building's two temperatures above their own steady state.

    Args:
        ua_w_k: Air to outdoor in steady state, W/K, wind included.
        nominal_ua_w_k: The same without wind, W/K; fixes the conductance air to envelope.
        air_j_k: Heat capacity of air and furniture, J/K.
        envelope_j_k: Heat capacity of the envelope, J/K.
        step_s: Step length, s.

    Returns:
        Transition matrix (air-air, air-envelope, envelope-air, envelope-envelope) and the steady
        rise of air and of envelope above outdoor per watt into the air, K/W.
    """
    inner = AIR_TO_ENVELOPE * nominal_ua_w_k
    outer = 1.0 / (1.0 / ua_w_k - 1.0 / inner)
    a = -inner / air_j_k
    b = inner / air_j_k
    c = inner / envelope_j_k
    d = -(inner + outer) / envelope_j_k
    middle = 0.5 * (a + d)
    root = math.sqrt(0.25 * (a - d) ** 2 + b * c)
    fast = math.exp((middle - root) * step_s)
    slow = math.exp((middle + root) * step_s)
    mean = 0.5 * (fast + slow)
    half = 0.5 * (slow - fast) / root
    return (
        mean + half * (a - middle),
        half * b,
        half * c,
        mean + half * (d - middle),
        1.0 / ua_w_k,
        1.0 / outer,
    )
