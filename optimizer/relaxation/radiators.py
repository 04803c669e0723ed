"""Radiators of many buildings at once."""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.physics.compiled import compiled
from optimizer.physics.layout import Buildings
from optimizer.physics.radiators import radiator_heat_w


@compiled
def heats_w(
    above_air_k: FloatArray,
    flow_w_k: FloatArray,
    rated_w: FloatArray,
    excess_k: float,
    exponent: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Heat of radiators, and how it changes with their supply.

    Args:
        above_air_k: Supply above the air, K, shape (radiators,).
        flow_w_k: Heat capacity flow of the water, W/K, shape (radiators,).
        rated_w: Rated heat, W, shape (radiators,).
        excess_k: Mean excess at which they are rated, K.
        exponent: Exponents, shape (radiators,).

    Returns:
        Heat, W, and its derivative by the supply temperature, W/K, shape (radiators,).
    """
    heat = np.empty(len(above_air_k))
    slope = np.empty(len(above_air_k))
    for b in range(len(above_air_k)):
        heat[b], slope[b], _ = radiator_heat_w(
            above_air_k[b], flow_w_k[b], rated_w[b], excess_k, exponent[b]
        )
    return heat, slope


@dataclass(frozen=True, kw_only=True)
class LeastSupply:
    """Water that the radiators of every building get at least.

    Attributes:
        supply_c: No colder in each step, degC, shape (steps, buildings).
        flow_w_k: Nor with a smaller heat capacity flow, W/K, shape (buildings,).
        rated_w, exponent: The radiators, shape (buildings,).
        excess_k: Mean excess at which they are rated, K.
    """

    supply_c: FloatArray
    flow_w_k: FloatArray
    rated_w: FloatArray
    exponent: FloatArray
    excess_k: float

    def heat_w(self, step: int, air_c: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Heat that the radiators give at least.

        Args:
            step: Which step.
            air_c: Air of each building, degC, shape (buildings,).

        Returns:
            Heat, W, convex in the air, and how it falls with the air, W/K, shape (buildings,).
        """
        return heats_w(
            self.supply_c[step] - air_c, self.flow_w_k, self.rated_w, self.excess_k, self.exponent
        )


def no_supply(buildings: Buildings, steps: int) -> LeastSupply:
    """Radiators that may get nothing.

    Args:
        buildings: The buildings.
        steps: Number of steps.

    Returns:
        Water that gives no heat.
    """
    return least_supply(
        buildings,
        np.full((steps, len(buildings.ua_w_k)), -np.inf),
        np.ones(len(buildings.ua_w_k)),
    )


def least_supply(buildings: Buildings, supply_c: FloatArray, flow_w_k: FloatArray) -> LeastSupply:
    """Put bounds of the water beside the radiators that get it.

    Args:
        buildings: The buildings.
        supply_c: Coldest supply of each building, degC, shape (steps, buildings).
        flow_w_k: Its smallest heat capacity flow, W/K, shape (buildings,).

    Returns:
        Both together.
    """
    return LeastSupply(
        supply_c=supply_c,
        flow_w_k=flow_w_k,
        rated_w=buildings.radiator_w,
        exponent=buildings.exponent,
        excess_k=buildings.excess_k,
    )
