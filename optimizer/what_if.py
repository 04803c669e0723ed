"""What if: a district or its weather, changed as a study asks."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from optimizer.model.arrays import frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network, Pipe
from optimizer.model.policy import District
from optimizer.physics.ageing import (
    aged_heat_loss_w_m_k,
    aged_leak_m3_h,
    aged_roughness_m,
    allowed_pressure_bar,
    allowed_ramp_k_h,
    allowed_temp_c,
    nominal_wall_m,
)

SHIFT_K_PER_HOUR = 1.0


def with_network(district: District, network: Network) -> District:
    """Give a district another network.

    Args:
        district: The district.
        network: The network.

    Returns:
        The district with it.
    """
    return replace(district, network=network)


def retrofitted(district: District, factors: Mapping[str, float]) -> District:
    """Let buildings lose less heat: curtains, sealed windows, insulation.

    Args:
        district: The district.
        factors: By building, what remains of its loss to the outdoors, 1 for all of it.

    Returns:
        The district with these buildings.
    """
    buildings = tuple(
        replace(one, ua_kw_k=one.ua_kw_k * factors.get(one.building_id, 1.0))
        for one in district.network.buildings
    )
    return with_network(district, replace(district.network, buildings=buildings))


def without_capacity(district: District, lost_mw: Mapping[str, float]) -> District:
    """Take capacity from plants: a boiler that is out.

    Args:
        district: The district.
        lost_mw: By plant, what is lost, MW, less than it has.

    Returns:
        The district with what remains.
    """
    plants = tuple(
        replace(one, max_heat_mw=one.max_heat_mw - lost_mw.get(one.plant_id, 0.0))
        for one in district.network.plants
    )
    return with_network(district, replace(district.network, plants=plants))


def renewed(pipe: Pipe, year: int) -> Pipe:
    """Lay a pair of pipes anew in the same bore.

    Args:
        pipe: The pair.
        year: Year in which it is laid.

    Returns:
        What it is as new; a limit that it has already and that is wider remains.
    """
    bore_m = pipe.inner_diameter_m
    wall_m = nominal_wall_m(bore_m)
    return replace(
        pipe,
        wall_thickness_m=wall_m,
        roughness_m=aged_roughness_m(0.0),
        heat_loss_w_m_k=min(aged_heat_loss_w_m_k(bore_m, year, 0.0), pipe.heat_loss_w_m_k),
        leak_m3_h=min(aged_leak_m3_h(bore_m, pipe.length_m, 0.0), pipe.leak_m3_h),
        max_pressure_bar=max(allowed_pressure_bar(bore_m, wall_m, year), pipe.max_pressure_bar),
        max_temp_c=max(allowed_temp_c(0.0), pipe.max_temp_c),
        max_ramp_k_h=max(allowed_ramp_k_h(bore_m, wall_m), pipe.max_ramp_k_h),
        year_laid=year,
    )


def with_renewed_pipe(district: District, pipe_id: str, year: int) -> District:
    """Lay one pair of a district's pipes anew.

    Args:
        district: The district.
        pipe_id: Which.
        year: Year in which it is laid.

    Returns:
        The district with it.
    """
    pipes = tuple(
        renewed(one, year) if one.pipe_id == pipe_id else one for one in district.network.pipes
    )
    return with_network(district, replace(district.network, pipes=pipes))


def shifted_weather(forecast: Forecast, kelvin: float) -> Forecast:
    """Make weather colder or milder, by one kelvin more every hour until all of it is there.

    A whole shift at once would throw open every valve in the first minute, as no weather does.

    Args:
        forecast: The forecast.
        kelvin: Added to every outdoor temperature in the end, K.

    Returns:
        The shifted forecast.
    """
    hours = np.arange(forecast.outdoor_temp_c.shape[-1]) * forecast.step_s / 3600.0
    grown = np.sign(kelvin) * np.minimum(SHIFT_K_PER_HOUR * hours, abs(kelvin))
    return replace(forecast, outdoor_temp_c=frozen(forecast.outdoor_temp_c + grown))
