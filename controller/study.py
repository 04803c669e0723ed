"""A study's questions from the words of a command line: what if this were different?"""

import argparse
from dataclasses import dataclass, field

from controller.problems import InputError
from controller.sitefiles.changes import Change, Changes, read_changes
from controller.sitefiles.rules import shown
from drivers.base import Problem
from optimizer.model.forecast import Forecast
from optimizer.model.policy import District
from optimizer.what_if import retrofitted, shifted_weather, without_capacity

WEATHER_SHIFT_K = 30.0
RETROFIT_FACTORS = (0.05, 3.0)


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is different from the site as its files describe it.

    Attributes:
        changes: Values of the files.
        retrofits: By building, what remains of its loss to the outdoors.
        lost_mw: By plant, capacity that is out; None stands for the largest plant.
        weather_shift_k: Added to the forecast, not to the weather before the start.
    """

    changes: Changes = field(default_factory=Changes)
    retrofits: tuple[tuple[str, float], ...] = ()
    lost_mw: tuple[tuple[str | None, float], ...] = ()
    weather_shift_k: float = 0.0

    def district(self, site: District) -> District:
        """Change the buildings of a site.

        Args:
            site: The site's district, with the changed values of its files.

        Returns:
            The district with its retrofits.

        Raises:
            InputError: A building that there is not.
        """
        known = {building.building_id for building in site.network.buildings}
        absent = [name for name, _ in self.retrofits if name not in known]
        if absent:
            raise InputError([_absent("--retrofit", name, "building") for name in absent])
        return retrofitted(site, dict(self.retrofits))

    def without_effect(self, site: District) -> tuple[str, ...]:
        """Find the words of a study that change nothing.

        Args:
            site: The site's district.

        Returns:
            A line for each, for people.
        """
        loses = {building.building_id: building.ua_kw_k for building in site.network.buildings}
        idle = [
            f"--retrofit {name}={factor:g} has no effect: the building loses what it lost before"
            for name, factor in self.retrofits
            if factor * loses[name] == loses[name]
        ]
        idle += [
            f"--lost-boiler {'' if plant is None else f'{plant}='}0 has no effect: nothing is lost"
            for plant, mw in self.lost_mw
            if mw == 0.0
        ]
        return tuple(idle)

    def at_the_start(self, district: District) -> District:
        """Take away what is lost when the plan begins.

        Args:
            district: The district until then.

        Returns:
            The district from then on.

        Raises:
            InputError: A plant that there is not, or that has no such capacity.
        """
        capacity = {plant.plant_id: plant.max_heat_mw for plant in district.network.plants}
        largest = max(capacity, key=lambda name: capacity[name])
        lost: dict[str, float] = {}
        problems = []
        for name, mw in self.lost_mw:
            plant = largest if name is None else name
            lost[plant] = lost.get(plant, 0.0) + mw
            if plant not in capacity:
                problems.append(_absent("--lost-boiler", plant, "plant"))
            elif lost[plant] >= capacity[plant]:
                message = f"takes all of the {capacity[plant]:g} MW that plant {plant} has"
                problems.append(_refused("--lost-boiler", f"{mw:g}", message, "lose less"))
        if problems:
            raise InputError(problems)
        return without_capacity(district, lost)

    def weather(self, forecast: Forecast) -> Forecast:
        """Shift the weather to come.

        Args:
            forecast: The forecast.

        Returns:
            The shifted forecast.
        """
        return shifted_weather(forecast, self.weather_shift_k)


NO_STUDY = Study()


def read_study(arguments: argparse.Namespace) -> Study:
    """Read a study from the parsed words.

    Args:
        arguments: With what `add_study_arguments` describes.

    Returns:
        The study.

    Raises:
        InputError: With everything wrong with the words.
    """
    problems: list[Problem] = []
    changes: tuple[Change, ...] = ()
    try:
        changes = read_changes(arguments.changed)
    except InputError as error:
        problems.extend(error.problems)
    closed = tuple(Change("pipes", name, "in_service", "false") for name in arguments.without_pipe)
    low, high = RETROFIT_FACTORS
    retrofits = [
        _named(text, "--retrofit", low, high, problems, named=True) for text in arguments.retrofit
    ]
    lost = [
        _named(text, "--lost-boiler", 0.0, 1e5, problems, named=False)
        for text in arguments.lost_boiler
    ]
    shift = _number(arguments.weather_shift, "--weather-shift", -WEATHER_SHIFT_K, WEATHER_SHIFT_K)
    if isinstance(shift, Problem):
        problems.append(shift)
    if problems or isinstance(shift, Problem):
        raise InputError(problems)
    return Study(
        changes=Changes(changes + closed),
        retrofits=tuple((str(name), value) for name, value in retrofits),
        lost_mw=tuple(lost),
        weather_shift_k=shift,
    )


def _named(
    text: str, option: str, low: float, high: float, problems: list[Problem], *, named: bool
) -> tuple[str | None, float]:
    """Read NAME=NUMBER, or a number alone where no name is needed."""
    name, equals, value = text.rpartition("=")
    if named and not (equals and name.strip()):
        problems.append(_refused(option, text, "names no element", "write it like B12=0.7"))
        return None, 0.0
    number = _number(value, option, low, high)
    if isinstance(number, Problem):
        problems.append(number)
        return None, 0.0
    return name.strip() or None, number


def _number(text: str, option: str, low: float, high: float) -> float | Problem:
    try:
        value = float(text)
    except ValueError:
        return _refused(option, text, "has no number", f"give one from {low:g} to {high:g}")
    if not low <= value <= high:
        return _refused(option, text, "is out of range", f"give one from {low:g} to {high:g}")
    return value


def _absent(option: str, name: str, what: str) -> Problem:
    return _refused(option, name, f"names no {what} of the site", f"give the id of a {what}")


def _refused(option: str, value: str, message: str, remedy: str) -> Problem:
    return Problem(
        file="command line", value=shown(value), message=f"{option} {message}", remedy=remedy
    )
