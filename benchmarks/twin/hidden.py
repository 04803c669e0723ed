"""A hidden plant: the bench's perturbations of a site, and structure that the model does not have.

The parameters come from the bench's own campaign (`hil_tests.bench.plant_parameters`), which no
estimator imports: half of each change common, half each element's own, one unknown leak, one valve
at half. On top, exchangers are fouled, radiators have other exponents, people, sun and wind other
shares.
"""

from dataclasses import replace

import numpy as np

from hil_tests.bench.plant_parameters import perturbed
from optimizer.model.network import Building, Network, Station
from optimizer.model.policy import District


def hidden(district: District, seed: int) -> Network:
    """Draw a hidden plant.

    Args:
        district: The site's district.
        seed: The seed.

    Returns:
        The network as it really is.
    """
    found = perturbed(district, seed).network
    chance = np.random.default_rng(seed + 1000)
    return replace(
        found,
        stations=tuple(_fouled(chance, station) for station in found.stations),
        buildings=tuple(_lived_in(chance, building) for building in found.buildings),
    )


def _fouled(chance: np.random.Generator, station: Station) -> Station:
    return replace(station, hx_ua_kw_k=station.hx_ua_kw_k * float(chance.uniform(0.75, 1.1)))


def _lived_in(chance: np.random.Generator, building: Building) -> Building:
    return replace(
        building,
        radiator_kw=building.radiator_kw * float(chance.uniform(0.95, 1.05)),
        radiator_exponent=building.radiator_exponent + float(chance.uniform(-0.05, 0.05)),
        solar_aperture_m2=building.solar_aperture_m2 * float(chance.uniform(0.5, 1.5)),
        wind_ua_pct_per_m_s=building.wind_ua_pct_per_m_s * float(chance.uniform(0.5, 1.5)),
        internal_gain_w_m2=building.internal_gain_w_m2 + float(chance.uniform(-0.6, 0.6)),
    )
