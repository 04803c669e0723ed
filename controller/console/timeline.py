"""A chart over local time as SVG: what was measured, what is planned, limits, and now.

Lines stretch with the page; letters do not, so that they can be read at any width.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from controller.report.charts import value_ticks
from controller.report.numbers import number

_SPACINGS_H = (1, 2, 3, 6, 12, 24, 48)
_MOST_TIMES = 9
_UNITS = 1000.0

Points = Sequence[tuple[datetime, float | None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """A line to draw: `style` is a class of the style sheet."""

    name: str
    style: str
    points: Points


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """A band between two courses of the same instants."""

    name: str
    style: str
    low: Points
    high: Points


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """A drawn chart; `legend` has each line's name and style."""

    svg: Markup
    legend: tuple[tuple[str, str], ...]


def draw_timeline(
    label: str,
    courses: Sequence[Course],
    *,
    since: datetime,
    until: datetime,
    now: datetime | None,
    zone: ZoneInfo,
    limits: Sequence[tuple[str, float]] = (),
    bands: Sequence[Band] = (),
) -> Timeline:
    """Draw courses over local time.

    Args:
        label: What the chart is, for a screen reader.
        courses: The lines.
        since: Left edge, tz-aware.
        until: Right edge, tz-aware.
        now: Where the line of the present stands, or None.
        zone: The site's time zone.
        limits: Straight lines with their names.
        bands: Bands below the lines.

    Returns:
        The chart.
    """
    values = [v for one in courses for _, v in one.points if v is not None and math.isfinite(v)]
    values += [v for one in bands for row in (one.low, one.high) for _, v in row if v is not None]
    values += [value for _, value in limits]
    ticks = value_ticks(min(values), max(values)) if values else [0.0, 1.0]
    place = _Place(since=since, until=until, low=ticks[0], high=ticks[-1])
    lines = [_band(place, one) for one in bands]
    lines += [
        Markup('<path class="line limit" d="M0 {y:.1f}H1000"/>').format(y=place.y(value))
        for _, value in limits
    ]
    lines += [_course(place, one) for one in courses]
    times = _times(place, zone)
    grid = [Markup('<path class="grid" d="M0 {:.1f}H1000"/>').format(place.y(t)) for t in ticks]
    grid += [Markup('<path class="grid" d="M{:.1f} 0V1000"/>').format(x) for x, _ in times]
    if now is not None:
        grid.append(Markup('<path class="now" d="M{:.1f} 0V1000"/>').format(place.x(now)))
    svg = Markup(
        '<div class="chart" role="img" aria-label="{}">'
        '<svg class="plot" viewBox="0 0 1000 1000" preserveAspectRatio="none">{}</svg>'
        '<svg class="labels">{}</svg></div>'
    ).format(label, Markup("").join([*grid, *lines]), _labels(place, ticks, times))
    legend = [(one.name, one.style) for one in courses]
    legend += [(one.name, one.style) for one in bands]
    legend += [(name, "limit") for name, _ in limits]
    return Timeline(svg=svg, legend=tuple(legend))


def stepped(start: datetime, step_s: float, values: Sequence[float | None]) -> Points:
    """Give a series its instants.

    Args:
        start: Instant of the first value, tz-aware.
        step_s: Distance, s.
        values: The values.

    Returns:
        Points.
    """
    return [(start + timedelta(seconds=i * step_s), value) for i, value in enumerate(values)]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    since: datetime
    until: datetime
    low: float
    high: float

    def x(self, at: datetime) -> float:
        return _UNITS * (at - self.since) / (self.until - self.since)

    def y(self, value: float) -> float:
        return _UNITS * (1.0 - (value - self.low) / (self.high - self.low))


def _course(place: _Place, course: Course) -> Markup:
    return Markup('<path class="line {}" d="{}"/>').format(
        course.style, _path(place, course.points)
    )


def _band(place: _Place, band: Band) -> Markup:
    upper = [(at, value) for at, value in band.high if value is not None]
    lower = [(at, value) for at, value in reversed(band.low) if value is not None]
    return Markup('<path class="band {}" d="{}Z"/>').format(
        band.style, _path(place, [*upper, *lower])
    )


def _path(place: _Place, points: Points) -> str:
    parts, pen = [], "M"
    for at, value in points:
        if value is None or not math.isfinite(value):
            pen = "M"
            continue
        parts.append(f"{pen}{place.x(at):.1f} {place.y(value):.1f}")
        pen = "L"
    return "".join(parts)


def _times(place: _Place, zone: ZoneInfo) -> list[tuple[float, str]]:
    """Round local hours, walked in UTC; midnight carries the date."""
    hours = (place.until - place.since).total_seconds() / 3600.0
    spacing = next((one for one in _SPACINGS_H if hours / one <= _MOST_TIMES), _SPACINGS_H[-1])
    at = place.since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    found = []
    while at <= place.until:
        local = at.astimezone(zone)
        if at >= place.since and local.hour % spacing == 0 and local.minute == 0:
            text = local.strftime("%m-%d" if local.hour == 0 else "%H:%M")
            found.append((round(place.x(at), 1), text))
        at += timedelta(hours=1)
    return found


def _labels(place: _Place, ticks: Sequence[float], times: Sequence[tuple[float, str]]) -> Markup:
    digits = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))
    parts = [
        Markup('<text class="y" x="-6" dy="4" y="{:.1f}%">{}</text>').format(
            place.y(tick) / 10.0, number(tick, digits)
        )
        for tick in ticks
    ]
    # Every second time gives way on a narrow page.
    parts += [
        Markup('<text class="x{}" x="{:.1f}%" y="100%" dy="18">{}</text>').format(
            " odd" if i % 2 else "", x / 10.0, text
        )
        for i, (x, text) in enumerate(times)
        if 20.0 < x < 980.0
    ]
    return Markup("").join(parts)
