"""Numbers and times as the report prints them."""

import math
from datetime import datetime
from zoneinfo import ZoneInfo

MISSING = "–"
_MINUS = "\N{MINUS SIGN}"


def number(value: float | None, digits: int) -> str:
    """Write a number with a fixed number of decimals and separated thousands.

    Args:
        value: The number; None or not finite where it is not known.
        digits: Decimals.

    Returns:
        The text, a dash where there is no number.
    """
    if value is None or not math.isfinite(value):
        return MISSING
    rounded = round(value, digits) + 0.0
    return f"{rounded:,.{digits}f}".replace("-", _MINUS)


def signed(value: float | None, digits: int) -> str:
    """Write a difference, a plus before what is positive.

    Args:
        value: The difference.
        digits: Decimals.

    Returns:
        The text.
    """
    text = number(value, digits)
    return f"+{text}" if value is not None and math.isfinite(value) and value > 0.0 else text


def short_number(value: float | None) -> str:
    """Write a number with the decimals that its size asks for.

    Args:
        value: The number.

    Returns:
        The text: three or four figures.
    """
    if value is None or not math.isfinite(value):
        return MISSING
    size = abs(value)
    return number(value, 0 if size >= 1000 else 1 if size >= 20 else 2)


def site_time(time: datetime, zone: ZoneInfo) -> str:
    """Write an instant as on the site, to the minute, with its offset from UTC.

    Args:
        time: The instant, tz-aware.
        zone: The site's zone.

    Returns:
        Such as 2026-01-16 08:00+08:00.
    """
    return time.astimezone(zone).isoformat(sep=" ", timespec="minutes")


def local_time(time: datetime, zone: ZoneInfo) -> str:
    """Write an instant in local time, to the minute.

    Args:
        time: The instant, tz-aware.
        zone: The site's zone.

    Returns:
        Month, day, hour and minute.
    """
    return time.astimezone(zone).strftime("%m-%d %H:%M")


def zone_label(time: datetime, zone: ZoneInfo) -> str:
    """Name the zone with its offset from UTC at an instant.

    Args:
        time: The instant, tz-aware.
        zone: The zone.

    Returns:
        Such as "Asia/Shanghai, UTC+08:00".
    """
    offset = time.astimezone(zone).strftime("%z")
    return f"{zone.key}, UTC{offset[:3]}:{offset[3:]}"
