"""The load of the next day as the planner's own model has it, to hold a forecast against."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from optimizer.baseline import baseline_schedule
from optimizer.forecast.known import DAY_H
from optimizer.model.arrays import frozen
from optimizer.model.forecast import Forecast
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.simulate import simulate
from optimizer.timegrid import part_of


@dataclass(frozen=True, kw_only=True)
class ModelledDay:
    """Means over the next day, or over as much of it as a plan has.

    Attributes:
        hours: How much that is, h.
        station_kw: What each station takes, kW.
        beside_kw: What the total holds beside that, as it is measured: losses of pipes and what
            warms them, where it is the plants'; else nothing.
    """

    hours: int
    station_kw: Mapping[str, float]
    beside_kw: float


def modelled_day(
    district: District, state: PlantState, forecast: Forecast, *, total_is_sent: bool
) -> ModelledDay:
    """Run the model on the weather curve, in the mean of the members' weather.

    Loads are forecast from what was measured while the plant ran as usual, and the usual is what
    the curve is.

    Args:
        district: As the plan is to see it.
        state: Where it begins.
        forecast: The weather; loads of members are left out.
        total_is_sent: Whether the total is what plants send, not what stations take.

    Returns:
        The day.
    """
    day = _first_day(forecast)
    trace = simulate(district.network, state, day, baseline_schedule(district, day, state))
    taken_kw = trace.stations.heat_power_kw.mean(axis=0)
    sent_kw = 1e3 * float(trace.plants.heat_power_mw.mean(axis=0).sum())
    names = (station.station_id for station in district.network.stations)
    return ModelledDay(
        hours=max(day.steps * day.step_s // 3600, 1),
        station_kw=dict(zip(names, taken_kw.tolist(), strict=True)),
        beside_kw=sent_kw - float(taken_kw.sum()) if total_is_sent else 0.0,
    )


def _first_day(forecast: Forecast) -> Forecast:
    """One member with the mean of all, no further than a day."""
    day = part_of(forecast, 0, min(forecast.steps, DAY_H * 3600 // forecast.step_s))
    return replace(
        day,
        outdoor_temp_c=frozen(day.outdoor_temp_c.mean(axis=0, keepdims=True)),
        wind_m_s=frozen(day.wind_m_s.mean(axis=0, keepdims=True)),
        ghi_w_m2=frozen(day.ghi_w_m2.mean(axis=0, keepdims=True)),
        load_factor=None,
    )
