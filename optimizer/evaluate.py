"""A schedule simulated and judged."""

from optimizer.certify import certify
from optimizer.members import runs_in, watched_members
from optimizer.model.forecast import Forecast
from optimizer.model.plan import Evaluated
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState


def evaluate(
    district: District, state: PlantState, forecast: Forecast, schedule: Schedule
) -> Evaluated:
    """Simulate and judge a schedule that is given.

    Args:
        district: The district.
        state: State at the start.
        forecast: Weather and prices.
        schedule: The schedule.

    Returns:
        The schedule with its certificate, and its trace in the member in which warmth is counted.
    """
    traces = runs_in(district.network, state, forecast, schedule, range(forecast.members))
    return Evaluated(
        schedule=schedule,
        trace=traces[watched_members(district, state, forecast, traces)[0]],
        certificate=certify(district, state, forecast, schedule),
    )
