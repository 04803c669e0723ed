"""The load that a history lets expect, put into what a plan is made from."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from controller.case import Case
from controller.knowing.history import read_history
from controller.knowing.load_members import FRESH, fresh, load_factors, with_loads
from controller.knowing.loads import TOTAL, known_until, next_day, total_is_sent
from controller.knowing.modelled_day import modelled_day
from controller.problems import InputError
from controller.site import Site
from drivers.base import Problem, WeatherSeries
from optimizer.estimate.record import Record


def with_history(
    case: Case, folder: str, weather: WeatherSeries, tell: Callable[[str], None]
) -> Case:
    """Let a plan serve the load that a history lets expect.

    Args:
        case: What the plan is made from.
        folder: The history; what it says of later than the start is left out.
        weather: The weather that the case is made of.
        tell: Receives progress, and what is learned.

    Returns:
        The case with members of the load; as it is where the history is too short to learn from.

    Raises:
        InputError: The history is in error, or does not reach to the start.
        BadInput: Its weather is in error.
    """
    site, start = case.site, case.forecast.start
    record = _until_start(site, read_history(site, folder), start, folder)
    tell("learning the load from the history")
    made = next_day(site, record, TOTAL, weather)
    found = fresh({} if made is None else {TOTAL: made}, start)
    if not found:
        tell("the history does not teach the total load: the plan stands on the tables alone")
        return case
    modelled = modelled_day(
        site.district, case.state, case.forecast, total_is_sent=total_is_sent(record)
    )
    # Learned in the weather that came, its errors are the load's own: none of the spread that the
    # weather's members bring is in them to be taken out.
    factors = load_factors(found, modelled, weather_spread=0.0)
    assert factors is not None
    mean = ", ".join(f"{row.mean():.2f}" for row in factors)
    tell(f"load of the next day: {mean} times the tables' (expected, P90, P10)")
    return replace(case, forecast=with_loads(case.forecast, factors))


def _until_start(site: Site, record: Record, start: datetime, folder: str) -> Record:
    """Cut off what comes later than the start, and the part of an hour before it."""
    hours = int((start - record.start) / timedelta(hours=1))
    record = record.part(0, max(hours, 0) * 3600 // record.step_s)
    end = known_until(site, record, TOTAL)
    if start - end > FRESH:
        message = f"ends at {end.isoformat()}; loads are not known at the start, "
        remedy = "export up to the start, or leave out --history"
        raise InputError([Problem(file=folder, message=message + start.isoformat(), remedy=remedy)])
    return record
