"""Line charts as SVG: drawn on the server, readable in print and without scripts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from markupsafe import Markup

from controller.report.wording import Text
from optimizer.model.arrays import FloatArray

_WIDTH, _HEIGHT = 560, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 26
_MOST_TIME_LABELS = 7
_MOST_VALUE_LABELS = 6
_SPACINGS_H = (1, 2, 3, 6, 12, 24, 48)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A course to draw; `style` is a class of the page's style sheet, `values` at every step.

    A line with one value is a limit: it runs straight across.
    """

    name: Text
    values: FloatArray
    style: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A drawn chart with its legend."""

    title: Text
    unit: str
    svg: Markup
    legend: tuple[tuple[Text, str], ...]


def line_chart(
    title: Text,
    unit: str,
    lines: Sequence[Line],
    *,
    start: datetime,
    step_s: int,
    zone: ZoneInfo,
) -> Chart:
    """Draw courses over local time.

    Args:
        title: What the chart shows.
        unit: Unit of the values.
        lines: The courses, all on one grid, and limits.
        start: Instant of the first value, tz-aware.
        step_s: Distance of the values, s.
        zone: The site's time zone.

    Returns:
        The chart.
    """
    finite = np.concatenate([line.values[np.isfinite(line.values)] for line in lines])
    ticks = value_ticks(float(finite.min()), float(finite.max())) if len(finite) else [0.0, 1.0]
    steps = max(len(line.values) for line in lines)
    frame = _Frame(low=ticks[0], high=ticks[-1], last_s=max(steps - 1, 1) * step_s)
    parts = [*_value_grid(frame, ticks), *_time_grid(frame, start, zone)]
    parts += [_course(frame, line, step_s) for line in lines]
    label = f"{title.zh} / {title.en}, {unit}"
    svg = Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(_WIDTH, _HEIGHT, label, Markup("").join(parts))
    legend = tuple((line.name, line.style) for line in lines)
    return Chart(title=title, unit=unit, svg=svg, legend=legend)


def value_ticks(low: float, high: float) -> list[float]:
    """Choose round values that span a range.

    Args:
        low: Least value.
        high: Largest value.

    Returns:
        Two to seven values at equal distances, the first at or below `low`, the last at or above
        `high`.
    """
    span = max(high - low, 1e-3 * max(abs(high), abs(low)), 1e-6)
    rough = span / (_MOST_VALUE_LABELS - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0, 20.0) if m * power >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, max(last, first + 1) + 1)]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Frame:
    """Where values and instants lie on the page."""

    low: float
    high: float
    last_s: float

    def x(self, at_s: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * at_s / self.last_s

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share


def _value_grid(frame: _Frame, ticks: list[float]) -> list[Markup]:
    digits = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))
    parts = []
    for tick in ticks:
        y = round(frame.y(tick), 1)
        text = f"{tick:.{digits}f}".replace("-", "\N{MINUS SIGN}")
        parts.append(
            Markup(
                '<path class="grid" d="M{} {}H{}"/><text x="{}" y="{}" class="y">{}</text>'
            ).format(_LEFT, y, _WIDTH - _RIGHT, _LEFT - 6, y + 4, text)
        )
    return parts


def _time_grid(frame: _Frame, start: datetime, zone: ZoneInfo) -> list[Markup]:
    """Lines at round local hours; midnight carries the date."""
    hours = frame.last_s / 3600.0
    spacing = next((s for s in _SPACINGS_H if hours / s <= _MOST_TIME_LABELS), _SPACINGS_H[-1])
    end = start + timedelta(seconds=frame.last_s)
    # Whole hours are walked in UTC: a local clock may repeat one or leave one out.
    at = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    parts = []
    while at <= end:
        local = at.astimezone(zone)
        if at >= start and local.hour % spacing == 0 and local.minute == 0:
            x = round(frame.x((at - start).total_seconds()), 1)
            text = local.strftime("%m-%d" if local.hour == 0 else "%H:%M")
            parts.append(
                Markup(
                    '<path class="grid" d="M{} {}V{}"/><text x="{}" y="{}" class="x">{}</text>'
                ).format(x, _TOP, _HEIGHT - _BOTTOM, x, _HEIGHT - 8, text)
            )
        at += timedelta(hours=1)
    return parts


def _course(frame: _Frame, line: Line, step_s: int) -> Markup:
    values = np.repeat(line.values, 2) if len(line.values) == 1 else line.values
    spacing = frame.last_s if len(line.values) == 1 else step_s
    points = []
    pen = "M"
    for i, value in enumerate(values):
        if not math.isfinite(value):
            pen = "M"
            continue
        points.append(f"{pen}{frame.x(i * spacing):.1f} {frame.y(float(value)):.1f}")
        pen = "L"
    return Markup('<path class="line {}" d="{}"/>').format(line.style, "".join(points))
