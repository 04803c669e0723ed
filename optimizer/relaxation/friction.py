"""Bounds of friction where water's viscosity is only known within bounds.

Neither the thickest nor the thinnest water is sure to have the most or the least friction: thick
water may flow laminar where thinner water is turbulent. The factor of either regime falls with the
Reynolds number, and between the two the factor lies between theirs.
"""

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.physics.friction import LAMINAR_RE, TURBULENT_RE, colebrook
from optimizer.physics.layout import Pipes


def most_friction_pa(
    pipes: Pipes, flow_kg_s: FloatArray, least_density: float, most_viscosity: float
) -> FloatArray:
    """Find the most that flows can lose to friction.

    Args:
        pipes: The pipes.
        flow_kg_s: Flow in each, kg/s, not negative, shape (pipes,).
        least_density: No water is lighter, kg/m3.
        most_viscosity: No water is thicker, Pa s.

    Returns:
        Pressure drops, Pa, shape (pipes,).
    """
    factor = np.zeros(len(flow_kg_s))
    for pipe in np.flatnonzero(flow_kg_s > 0.0).tolist():
        reynolds = _reynolds(pipes, pipe, flow_kg_s[pipe], most_viscosity)
        factor[pipe] = _turbulent(pipes, pipe, max(reynolds, LAMINAR_RE))
        if reynolds < TURBULENT_RE:
            factor[pipe] = max(factor[pipe], 64.0 / reynolds)
    return factor * _per_factor_pa(pipes, flow_kg_s, least_density)


def least_friction_pa(
    pipes: Pipes,
    flow_kg_s: FloatArray,
    most_density: float,
    least_viscosity: float,
    most_viscosity: float,
) -> FloatArray:
    """Find the least that flows lose to friction.

    Args:
        pipes: The pipes.
        flow_kg_s: Flow in each, kg/s, not negative, shape (pipes,).
        most_density: No water is heavier, kg/m3.
        least_viscosity: No water is thinner, Pa s.
        most_viscosity: No water is thicker, Pa s.

    Returns:
        Pressure drops, Pa, shape (pipes,).
    """
    factor = np.zeros(len(flow_kg_s))
    for pipe in np.flatnonzero(flow_kg_s > 0.0).tolist():
        reynolds = _reynolds(pipes, pipe, flow_kg_s[pipe], least_viscosity)
        factor[pipe] = _turbulent(pipes, pipe, max(reynolds, LAMINAR_RE))
        if _reynolds(pipes, pipe, flow_kg_s[pipe], most_viscosity) < TURBULENT_RE:
            factor[pipe] = min(factor[pipe], 64.0 / TURBULENT_RE)
    return factor * _per_factor_pa(pipes, flow_kg_s, most_density)


def _reynolds(pipes: Pipes, pipe: int, flow_kg_s: float, viscosity: float) -> float:
    return float(4.0 * flow_kg_s / (np.pi * pipes.diameter_m[pipe] * viscosity))


def _turbulent(pipes: Pipes, pipe: int, reynolds: float) -> float:
    """Darcy friction factor of turbulent flow."""
    roughness = pipes.roughness_m[pipe] / pipes.diameter_m[pipe]
    return float(colebrook(roughness, reynolds, 0.0) ** -2)


def _per_factor_pa(pipes: Pipes, flow_kg_s: FloatArray, density: float) -> FloatArray:
    """Pressure drop at a friction factor of one."""
    drop: FloatArray = 8.0 * pipes.length_m * flow_kg_s**2
    return drop / (np.pi**2 * density * pipes.diameter_m**5)
