"""Pressure drop of flow in round pipes: Darcy-Weisbach with the friction law of Colebrook.

Laminar below Re 2000 (Hagen-Poiseuille), Colebrook-White above Re 4000, a smooth blend between,
so that the drop rises with the flow everywhere and its slope is never zero.

Sources: C. F. Colebrook, J. Inst. Civ. Eng. 11 (1939) 133, doi 10.1680/ijoti.1939.13150;
D. Clamond, Ind. Eng. Chem. Res. 48 (2009) 3665, doi 10.1021/ie801626g (Newton on Colebrook).
"""

import math

from optimizer.physics.compiled import compiled

LAMINAR_RE = 2000.0
TURBULENT_RE = 4000.0
LN10 = math.log(10.0)


@compiled
def colebrook(relative_roughness: float, reynolds: float, guess: float) -> float:
    """Solve Colebrook's equation for 1/sqrt(f).

    Args:
        relative_roughness: Roughness over inner diameter.
        reynolds: Reynolds number, above LAMINAR_RE.
        guess: A value to start from (the last solution); not above zero for none.

    Returns:
        1/sqrt(f) with f the Darcy friction factor.
    """
    inverse_root = guess
    if inverse_root <= 0.0:
        inverse_root = -2.0 * math.log10(relative_roughness / 3.7 + 5.74 / reynolds**0.9)
    for _ in range(20):
        inside = relative_roughness / 3.7 + 2.51 * inverse_root / reynolds
        residual = inverse_root + 2.0 / LN10 * math.log(inside)
        slope = 1.0 + 2.0 * 2.51 / (reynolds * inside * LN10)
        change = residual / slope
        inverse_root -= change
        if abs(change) < 3e-5 * inverse_root:  # Newton squares it
            break
    return inverse_root


@compiled
def friction_factor(
    relative_roughness: float, reynolds: float, guess: float
) -> tuple[float, float, float]:
    """Darcy friction factor times the Reynolds number, which stays finite at standstill.

    Args:
        relative_roughness: Roughness over inner diameter.
        reynolds: Reynolds number, zero or more.
        guess: Last value of 1/sqrt(f), not above zero for none.

    Returns:
        f * Re, its derivative with respect to Re, and 1/sqrt(f) for the next call.
    """
    if reynolds <= LAMINAR_RE:
        return 64.0, 0.0, guess
    inverse_root = colebrook(relative_roughness, reynolds, guess)
    inside = relative_roughness / 3.7 + 2.51 * inverse_root / reynolds
    # Implicit derivative of Colebrook's equation with respect to Re.
    weight = 2.0 / (LN10 * inside)
    root_slope = weight * 2.51 * inverse_root / reynolds**2 / (1.0 + weight * 2.51 / reynolds)
    turbulent = 1.0 / inverse_root**2
    turbulent_slope = -2.0 * turbulent / inverse_root * root_slope
    value = turbulent * reynolds
    slope = turbulent + turbulent_slope * reynolds
    if reynolds < TURBULENT_RE:
        share = (reynolds - LAMINAR_RE) / (TURBULENT_RE - LAMINAR_RE)
        blend = share * share * (3.0 - 2.0 * share)
        blend_slope = 6.0 * share * (1.0 - share) / (TURBULENT_RE - LAMINAR_RE)
        slope = blend * slope + blend_slope * (value - 64.0)
        value = 64.0 + blend * (value - 64.0)
    return value, slope, inverse_root


@compiled
def pressure_drop(
    mass_flow_kg_s: float,
    length_m: float,
    diameter_m: float,
    roughness_m: float,
    density: float,
    viscosity: float,
    guess: float,
) -> tuple[float, float, float, float, float]:
    """Pressure drop along a pipe and its derivatives.

    Args:
        mass_flow_kg_s: Mass flow, kg/s, either sign.
        length_m: Length, m.
        diameter_m: Inner diameter, m.
        roughness_m: Roughness, m.
        density: Density of the water, kg/m3.
        viscosity: Dynamic viscosity, Pa s.
        guess: Last value of 1/sqrt(f), not above zero for none.

    Returns:
        Pressure drop in the direction of positive flow, Pa; its derivatives with respect to mass
        flow (Pa s/kg), density (Pa m3/kg) and viscosity (Pa/(Pa s)); 1/sqrt(f) for the next call.
    """
    reynolds_per_flow = 4.0 / (math.pi * diameter_m * viscosity)
    flow = abs(mass_flow_kg_s)
    reynolds = reynolds_per_flow * flow
    value, slope, next_guess = friction_factor(roughness_m / diameter_m, reynolds, guess)
    # dp = (f Re) * viscosity * flow * constant / density: linear in the flow where laminar.
    constant = 2.0 * length_m / (math.pi * diameter_m**4)
    linear = constant * viscosity / density
    drop = linear * value * mass_flow_kg_s
    per_flow = linear * (value + slope * reynolds)
    per_density = -drop / density
    per_viscosity = drop / viscosity - linear * mass_flow_kg_s * slope * reynolds / viscosity
    return drop, per_flow, per_density, per_viscosity, next_guess
