"""Taking values out of a service's JSON, strictly."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from drivers.base import WeatherUnavailable
from drivers.weather.table import PLAUSIBLE


def table(parent: Mapping[str, object], key: str) -> Mapping[str, object]:
    """Take an object out of an object.

    Args:
        parent: The outer object.
        key: Its key.

    Returns:
        The inner object.

    Raises:
        WeatherUnavailable: There is none.
    """
    found = parent.get(key)
    if not isinstance(found, dict):
        raise WeatherUnavailable(f"the answer has no {key}")
    return found


def rows(parent: Mapping[str, object], key: str) -> list[object]:
    """Take a list out of an object.

    Args:
        parent: The outer object.
        key: Its key.

    Returns:
        The list.

    Raises:
        WeatherUnavailable: There is none.
    """
    found = parent.get(key)
    if not isinstance(found, list):
        raise WeatherUnavailable(f"the answer has no list {key}")
    return found


def expect(parent: Mapping[str, object], key: str, wanted: object) -> None:
    """Insist on a value: a unit, an offset.

    Args:
        parent: The object.
        key: Its key.
        wanted: What it must be.

    Raises:
        WeatherUnavailable: It is something else.
    """
    if parent.get(key) != wanted:
        raise WeatherUnavailable(f"{key} is {parent.get(key)!r} instead of {wanted!r}")


def plausible(value: object, quantity: str, where: str) -> float:
    """Take a number that weather can have.

    Args:
        value: As the JSON has it.
        quantity: A key of PLAUSIBLE.
        where: Place in the answer, for the message.

    Returns:
        The number.

    Raises:
        WeatherUnavailable: It is no number, or none that weather can have.
    """
    low, high, unit = PLAUSIBLE[quantity]
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise WeatherUnavailable(f"{where}: {value!r} is no {quantity}")
    if not low <= value <= high:
        raise WeatherUnavailable(f"{where}: {value} is not between {low:g} and {high:g} {unit}")
    return float(value)


def instant(value: object, where: str) -> datetime:
    """Take an ISO 8601 instant with offset.

    Args:
        value: As the JSON has it.
        where: Place in the answer, for the message.

    Returns:
        The instant in UTC.

    Raises:
        WeatherUnavailable: It is none, or has no offset: local times are never guessed at.
    """
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise WeatherUnavailable(f"{where}: {value!r} is no time") from error
    if found.utcoffset() is None:
        raise WeatherUnavailable(f"{where}: {value!r} has no offset from UTC")
    return found.astimezone(UTC)


def check_place(latitude: float, longitude: float) -> None:
    """Refuse places that are not on Earth.

    Args:
        latitude: Degrees north.
        longitude: Degrees east.

    Raises:
        ValueError: Out of range.
    """
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError(f"{latitude}, {longitude} is no place on Earth")
