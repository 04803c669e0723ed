"""What is asked of the worst flats, as conditions that are linear in the air temperatures.

A flat's shortfall is linear between the instants at which it is known, so its integral over a step
is at least the step times the mean of the two ends (Jensen), and the largest is at least that mean.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.model.network import Building
from optimizer.timegrid import step_means


@dataclass(frozen=True, kw_only=True)
class Warmth:
    """Worst flats: air - beta (air - outdoor) of each building, and what it may lack.

    Attributes:
        least_c: What each worst flat is promised, degC, shape (buildings,).
        beta: Its coldness, shape (buildings,).
        outdoor_c: Outdoor temperature at the step boundaries, degC, shape (steps + 1,).
        allowed_k: Largest shortfall of any building at any instant, K.
        allowed_k_h: Sum of all shortfalls, K h.
    """

    least_c: FloatArray
    beta: FloatArray
    outdoor_c: FloatArray
    allowed_k: float
    allowed_k_h: float

    def air_floors(self, allowed_k: float) -> FloatArray:
        """Air that leaves a shortfall, degC.

        Args:
            allowed_k: The shortfall, K.

        Returns:
            Temperatures at the boundaries, shape (steps + 1, buildings).
        """
        wanted = self.least_c - allowed_k - self.beta * self.outdoor_c[:, None]
        floors: FloatArray = wanted / (1.0 - self.beta)
        return floors

    def step_needs(self) -> FloatArray:
        """What (1 - beta) times a step's mean air temperature must reach without shortfall, degC.

        Returns:
            Needs, shape (steps, buildings).
        """
        needs: FloatArray = self.least_c - self.beta * step_means(self.outdoor_c)[:, None]
        return needs

    def air_prices(self, prices: FloatArray) -> FloatArray:
        """Prices of air temperatures at the boundaries that prices of the steps' means stand for.

        Args:
            prices: Prices of the steps' mean shortfalls, currency/K, shape (steps, buildings).

        Returns:
            Prices, currency/K, shape (steps + 1, buildings).
        """
        halves = 0.5 * prices * (1.0 - self.beta)
        at_boundaries = np.zeros((len(prices) + 1, prices.shape[1]))
        at_boundaries[:-1] += halves
        at_boundaries[1:] += halves
        return at_boundaries


def warmth_of(
    buildings: tuple[Building, ...],
    outdoor_c: FloatArray,
    allowed_k: float,
    allowed_k_h: float,
) -> Warmth:
    """Write down what is asked.

    Args:
        buildings: The buildings.
        outdoor_c: Outdoor temperature at the step boundaries, degC, shape (steps + 1,).
        allowed_k: Largest shortfall, K.
        allowed_k_h: Sum of all shortfalls, K h.

    Returns:
        The conditions.
    """
    return Warmth(
        least_c=np.array([building.min_indoor_c for building in buildings]),
        beta=np.array([building.worst_flat_beta for building in buildings]),
        outdoor_c=outdoor_c,
        allowed_k=allowed_k,
        allowed_k_h=allowed_k_h,
    )
