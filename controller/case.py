"""What simulate and plan start from: a site, weather on its grid and the state at the start."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from controller.problems import InputError
from controller.site import Site, load_site
from controller.sitefiles.topology import cut_off_stations
from controller.study import NO_STUDY, Study
from controller.translate import weather_on_grid
from drivers.base import Problem
from drivers.weather.csv_file import read_weather_file
from drivers.weather.table import is_of_this_age
from optimizer.baseline import starting_state
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.model.state import PlantState

# A whole winter; beyond it the traces would not fit a small machine's memory.
LONGEST_RUN_H = 24.0 * 200.0
# Weather before a start that its state is found from, and a day to spare.
BEFORE = timedelta(days=8)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A site, the weather to come and the state at its start."""

    site: Site
    forecast: Forecast
    state: PlantState


def read_case(
    site_path: str,
    weather_path: str,
    start_text: str,
    hours: float | None,
    *,
    shortest_h: float,
    longest_h: float,
    tell: Callable[[str], None],
    year: int | None = None,
    study: Study = NO_STUDY,
) -> Case:
    """Read what a run starts from, from the words of a command line.

    Args:
        site_path: The site folder.
        weather_path: A weather file of any known form.
        start_text: First instant, ISO 8601 with offset.
        hours: Length, h; the site's horizon when None.
        shortest_h: Shortest length allowed, h.
        longest_h: Longest length allowed, h.
        tell: Receives progress.
        year: Calendar year of a typical year's stamps; that of the start when None.
        study: What is different from the site's files.

    Returns:
        The case.

    Raises:
        InputError: With everything wrong with the words, the site or the weather's cover.
        BadInput: With everything wrong with the weather file.
    """
    start = _start(start_text, hours, shortest_h, longest_h)
    site = load_site(site_path, changes=study.changes)
    district = study.district(site.district)
    from_start = study.at_the_start(district)
    for line in study.without_effect(site.district):
        tell(line)
    length_h = district.control.horizon_h if hours is None else hours
    first, last = years_around(start, length_h) if year is None else (year, year)
    forecast, history = weather_on_grid(
        read_weather_file(weather_path, year=first, last_year=last),
        district=district,
        timezone=site.timezone,
        start=start,
        hours=length_h,
    )
    _tell_of_cut_off_stations(from_start.network, tell)
    tell("finding the state at the start")
    return Case(
        site=replace(site, district=from_start),
        forecast=study.weather(forecast),
        state=starting_state(district, forecast, history),
    )


def years_around(start: datetime, hours: float) -> tuple[int, int]:
    """Say on which calendar years a typical year is laid for a run and the weather before it.

    Args:
        start: First instant, tz-aware.
        hours: Length, h.

    Returns:
        First and last year, with a day to spare for the offset of the file's own stamps.
    """
    return (start - BEFORE).year, (start + timedelta(hours=hours + 24.0)).year


def _tell_of_cut_off_stations(network: Network, tell: Callable[[str], None]) -> None:
    if cut_off := cut_off_stations(network):
        tell(f"no pipe in service leads from a plant to {', '.join(cut_off)}: no heat there")


def _start(text: str, hours: float | None, shortest_h: float, longest_h: float) -> datetime:
    """Read the start, and refuse it together with a length that makes no sense."""
    problems, start = [], datetime.min.replace(tzinfo=UTC)
    remedy = "write it like 2026-01-12T00:00:00+08:00"

    def refuse(value: str, message: str, remedy: str) -> None:
        problems.append(Problem(file="command line", value=value, message=message, remedy=remedy))

    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        refuse(text, "--start is not an ISO 8601 time", remedy)
    if start.utcoffset() is None:
        refuse(text, "--start has no offset from UTC", remedy)
    elif not problems and not is_of_this_age(start):
        refuse(text, "--start is not in this age", remedy)
    if hours is not None and not shortest_h <= hours <= longest_h:
        refuse(
            f"{hours:g}",
            "--hours makes no sense",
            f"give a length from {shortest_h:g} to {longest_h:g} h",
        )
    if problems:
        raise InputError(problems)
    return start
