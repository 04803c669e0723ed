"""The coldest day a site was built for: what sizes of stations and radiators are derived from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from optimizer.model.network import RadiatorReference

WATER_KJ_KG_K = 4.19
WATER_KG_M3 = 960.0
# How near a plate exchanger's primary return comes to its secondary return.
APPROACH_K = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class DesignPoint:
    """Temperatures on the design day, degC."""

    outdoor_c: float
    supply_c: float
    secondary_supply_c: float
    secondary_return_c: float
    indoor_c: float

    @property
    def primary_return_c(self) -> float:
        """Return water of an exchanger station."""
        return self.secondary_return_c + APPROACH_K

    @property
    def primary_drop_k(self) -> float:
        """Cooling of the network's water at a station, at least 10 K."""
        return max(self.supply_c - self.primary_return_c, 10.0)

    @property
    def exchanger_mean_k(self) -> float:
        """Logarithmic mean difference over an exchanger."""
        hot = max(self.supply_c - self.secondary_supply_c, 1.0)
        cold = self.primary_return_c - self.secondary_return_c
        return hot if abs(hot - cold) < 1e-6 else (hot - cold) / math.log(hot / cold)


def design_point(
    radiators: RadiatorReference,
    secondary_curve: Sequence[tuple[float, float]],
    heating_curve: Sequence[tuple[float, float]],
) -> DesignPoint:
    """Find the design day: where the secondary curve asks for the radiators' reference supply.

    Args:
        radiators: Reference temperatures of the radiators.
        secondary_curve: Secondary supply over outdoor temperature.
        heating_curve: Network supply over outdoor temperature.

    Returns:
        The design day; the coldest point of the curve where it never reaches the reference.
    """
    outdoor = secondary_curve[0][0]
    for (cold_x, cold_y), (warm_x, warm_y) in pairwise(secondary_curve):
        if warm_y <= radiators.supply_c < cold_y:
            share = (cold_y - radiators.supply_c) / (cold_y - warm_y)
            outdoor = cold_x + share * (warm_x - cold_x)
    # A design day warmer than this is a curve that says nothing of cold weather.
    outdoor = min(outdoor, radiators.indoor_c - 10.0)
    return DesignPoint(
        outdoor_c=outdoor,
        supply_c=float(
            np.interp(outdoor, [x for x, _ in heating_curve], [y for _, y in heating_curve])
        ),
        secondary_supply_c=radiators.supply_c,
        secondary_return_c=radiators.return_c,
        indoor_c=radiators.indoor_c,
    )
