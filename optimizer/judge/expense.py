"""The judge's own bill for a run."""

import numpy as np

from optimizer.judge.reading import Reading
from optimizer.judge.run import Hearing
from optimizer.model.forecast import Forecast
from optimizer.model.outcome import Cost
from optimizer.model.policy import District
from optimizer.physics.water import density_kg_m3
from optimizer.risk import PipeStress, risk_cost

JOULES_PER_MWH = 3.6e9


def judged_cost(district: District, forecast: Forecast, reading: Reading, hearing: Hearing) -> Cost:
    """Add up what a run costs.

    Args:
        district: Network and prices.
        forecast: Price of heat.
        reading: The run in the units of the limits.
        hearing: The run.

    Returns:
        Cost over the horizon in the site's currency.
    """
    found, prices, step_s = hearing.found, district.prices, hearing.step_s
    heat_mwh = found.fired_w.T * step_s / JOULES_PER_MWH
    price = np.repeat(forecast.heat_price_per_mwh, hearing.parts, axis=1)
    makeup_m3 = found.makeup_kg_s.sum() * step_s / density_kg_m3(district.network.makeup_temp_c)
    gained_mwh = (
        hearing.stored_water_j + _gained_by_buildings_j(reading, hearing)
    ) / JOULES_PER_MWH
    cheapest = min(float(row.mean()) for row in forecast.heat_price_per_mwh)
    return Cost(
        fuel=float((heat_mwh * price).sum()),
        electricity=float(
            found.pump_w.sum() * step_s / JOULES_PER_MWH * prices.electricity_per_mwh
        ),
        makeup=float(makeup_m3 * prices.makeup_per_m3),
        risk=risk_cost(district.network, prices, _stress(forecast, reading, hearing)),
        stored_heat=-gained_mwh * cheapest,
        starts=_of_starts(district, reading, hearing),
    )


def _of_starts(district: District, reading: Reading, hearing: Hearing) -> float:
    """What it costs to start plants that stood still."""
    total = 0.0
    for p, plant in enumerate(district.network.plants):
        ran = bool(reading.state.runs[p])
        for runs in hearing.running[:, p]:
            total += plant.start_cost if runs and not ran else 0.0
            ran = bool(runs)
    return total


def _gained_by_buildings_j(reading: Reading, hearing: Hearing) -> float:
    """Heat gained by the air and the envelopes of all buildings."""
    buildings = hearing.layout.buildings
    air = hearing.found.indoor_c[-1] - reading.state.indoor_temp_c
    envelope = hearing.envelope_end_c - reading.state.envelope_temp_c
    return float(buildings.air_j_k @ air + buildings.envelope_j_k @ envelope)


def _stress(forecast: Forecast, reading: Reading, hearing: Hearing) -> PipeStress:
    return PipeStress(
        year=forecast.start.year,
        step_s=hearing.step_s,
        outdoor_c=0.5 * (hearing.outdoor_c[:-1] + hearing.outdoor_c[1:]),
        pressure_bar=reading.highest_bar,
        supply_inlet_c=reading.supply_inlet_c,
        return_inlet_c=reading.return_inlet_c,
    )
