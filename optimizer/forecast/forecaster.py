"""The load forecast: physics plus a learned residual, with quantiles, from what was known.

One regression for each of a few leads (a lead between two takes the longer's, which never knew
more); penalty and kernel are chosen on blocks of time held back in turn, and the errors made there
give the quantiles.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from optimizer.forecast.errors import Errors, errors_of, scale_kw
from optimizer.forecast.features import NEEDED_H, RESTLESS, feature_rows
from optimizer.forecast.known import DAY_H, Archive, Known, LookAheadError, hours_between
from optimizer.forecast.physics import LoadPhysics, fit_physics
from optimizer.forecast.ridge import HourlyRidge, Lesson, Shape, held_back, learned
from optimizer.model.arrays import FloatArray, frozen

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
LEADS_H = (1, 2, 3, 6, 12, 18, 24, 30, 36, 48, 60, 72)
SHAPES = tuple(
    Shape(penalty=penalty, width_h=width)
    for penalty, width in itertools.product((10.0, 30.0, 100.0, 300.0), (1.5, 3.0, 6.0, np.inf))
)
# Blocks of time held back in turn, to choose by and to measure errors on.
MOST_BLOCKS, LEAST_BLOCKS, BLOCK_ROWS = 20, 5, 14 * 24
SEASON_H = 300 * DAY_H
CHOOSING_LEAD_H = 24
# How far back the errors of issued forecasts are looked at.
RECENT_H = 7 * DAY_H
# Fewer rows than this teach nothing that physics does not know better.
LEAST_ROWS = 14 * 24
# No load is forecast below this share of the record's mean.
LEAST_SHARE = 0.02


@dataclass(frozen=True, kw_only=True)
class Issued:
    """What is kept of a forecast to learn from its errors.

    Attributes:
        issue_time: When it was issued, tz-aware UTC.
        load_kw: Expected load of each hour ahead, kW, shape (leads,).
        scale_kw: Scale of its errors, likewise.
    """

    issue_time: datetime
    load_kw: FloatArray
    scale_kw: FloatArray


@dataclass(frozen=True, kw_only=True)
class LoadForecast:
    """A forecast issued at an instant.

    Attributes:
        issue_time: When, tz-aware UTC.
        load_kw: Expected load of each hour ahead, kW, shape (leads,).
        quantiles_kw: Shape (leads, len(QUANTILES)), never falling along the quantiles.
        physics_kw: Physics alone, kW, shape (leads,).
        scale_kw: Scale of its errors, kW, shape (leads,).
        day_kw: Quantiles of the mean of the next day, kW, shape (len(QUANTILES),).
        learned: False where physics stands alone.
    """

    issue_time: datetime
    load_kw: FloatArray
    quantiles_kw: FloatArray
    physics_kw: FloatArray
    scale_kw: FloatArray
    day_kw: FloatArray
    learned: bool

    @property
    def issued(self) -> Issued:
        """What is kept of it."""
        return Issued(issue_time=self.issue_time, load_kw=self.load_kw, scale_kw=self.scale_kw)


@dataclass(frozen=True, kw_only=True)
class _Residual:
    """The learned part of one lead, with the relative errors it made on hours not seen.

    `day_errors` are those of the means of a day.
    """

    ridge: HourlyRidge
    errors: Errors
    day_errors: Errors


@dataclass(frozen=True, kw_only=True)
class Forecaster:
    """A trained forecaster; `residuals` is empty where there was too little to learn from."""

    physics: LoadPhysics
    physics_errors: Errors
    residuals: dict[int, _Residual]
    season: bool
    least_kw: float

    def forecast(self, known: Known, leads: int, issued: Sequence[Issued] = ()) -> LoadForecast:
        """Forecast the hours ahead.

        Args:
            known: What is known at the issue time.
            leads: Hours ahead, at most what the weather reaches.
            issued: Forecasts of the last week, whose errors the quantiles follow.

        Returns:
            The forecast.

        Raises:
            LookAheadError: Anything but what was known at an instant was given, or a forecast that
                was issued later.
            ValueError: The weather does not reach so far.
        """
        if not isinstance(known, Known):
            raise LookAheadError(f"a forecast is made from Known, not {type(known).__name__}")
        if any(one.issue_time > known.issue_time for one in issued):
            raise LookAheadError("a forecast issued later than this one was handed to it")
        if leads > known.leads:
            raise ValueError(f"the weather reaches {known.leads} h ahead, not {leads}")
        physics_kw = np.maximum(self.physics.ahead_kw(known, leads), self.least_kw)
        learned = bool(self.residuals) and known.past.hours >= NEEDED_H
        if not learned:
            load_kw = physics_kw
            scales = scale_kw(physics_kw, 0.0)
            quantiles = self.physics_errors.quantiles(physics_kw, scales, QUANTILES)
            day_errors, recent = self.physics_errors, list[float]()
        else:
            load_kw, quantiles, scales = self._learned(known, leads, issued)
            day_errors = self.residuals[_nearest(self.residuals, CHOOSING_LEAD_H)].day_errors
            recent = recent_day_errors(known, issued)
        day_kw, day_scale_kw = (one[:DAY_H].mean(keepdims=True) for one in (load_kw, scales))
        return LoadForecast(
            issue_time=known.issue_time,
            load_kw=frozen(load_kw),
            quantiles_kw=frozen(quantiles),
            physics_kw=frozen(physics_kw),
            scale_kw=frozen(scales),
            day_kw=frozen(day_errors.quantiles(day_kw, day_scale_kw, QUANTILES, recent)[0]),
            learned=learned,
        )

    def _learned(
        self, known: Known, leads: int, issued: Sequence[Issued]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        rows = feature_rows(
            known, self.physics, np.arange(1, leads + 1, dtype=float), season=self.season
        )
        hours = known.calendar.local_hour(known.target_ends(leads))
        load_kw, scales = np.zeros(leads), np.zeros(leads)
        quantiles = np.zeros((leads, len(QUANTILES)))
        trained = sorted(self.residuals)
        recent = {lead: recent_errors(known, issued, lead) for lead in trained}
        for k in range(leads):
            lead = next((one for one in trained if one > k), trained[-1])
            part = self.residuals[lead]
            load = part.ridge.predict(rows[k : k + 1], hours[k : k + 1])
            load_kw[k] = max(float(load[0]), self.least_kw)
            here = slice(k, k + 1)
            scales[here] = scale_kw(load_kw[here], rows[here, RESTLESS])
            quantiles[k] = part.errors.quantiles(
                load_kw[here], scales[here], QUANTILES, recent[lead]
            )[0]
        return load_kw, quantiles, scales


def recent_errors(known: Known, issued: Sequence[Issued], lead: int) -> list[float]:
    """Errors of forecasts as they were issued, for hours of the last week that have come.

    Args:
        known: What is known now.
        issued: The forecasts.
        lead: Hours ahead.

    Returns:
        In units of their scale.
    """
    last = known.past.hours - 1
    found = []
    for one in issued:
        ago = hours_between(one.issue_time, known.issue_time) - lead
        if not 0 <= ago < min(RECENT_H, last + 1) or len(one.load_kw) < lead:
            continue
        came = float(known.past.load_kw[last - ago])
        if np.isfinite(came):
            found.append((came - float(one.load_kw[lead - 1])) / float(one.scale_kw[lead - 1]))
    return found


def recent_day_errors(known: Known, issued: Sequence[Issued]) -> list[float]:
    """Errors of the means of a day, of forecasts as they were issued, for days that have come.

    Args:
        known: What is known now.
        issued: The forecasts.

    Returns:
        In units of their scale; a day with an hour that was not measured is left out.
    """
    hours, found = known.past.hours, []
    for one in issued:
        first = hours - hours_between(one.issue_time, known.issue_time)
        ends = first + DAY_H
        if first < 0 or not hours - RECENT_H < ends <= hours or len(one.load_kw) < DAY_H:
            continue
        missed = float(np.mean(known.past.load_kw[first:ends] - one.load_kw[:DAY_H]))
        if np.isfinite(missed):
            found.append(missed / float(np.mean(one.scale_kw[:DAY_H])))
    return found


def train(archive: Archive, *, leads: tuple[int, ...] = LEADS_H, every_h: int = 1) -> Forecaster:
    """Train on an archive; nothing but what was known at each issue time is looked at.

    Args:
        archive: The past and the weather forecasts issued in it.
        leads: Hours ahead to learn, ascending.
        every_h: Distance of the issue times learned from, h.

    Returns:
        The forecaster; physics alone where there is too little to learn from.
    """
    physics = fit_physics(archive.past)
    measured = archive.past.load_kw[np.isfinite(archive.past.load_kw)]
    least_kw = LEAST_SHARE * float(measured.mean())
    expected = np.maximum(physics.past_kw(archive.past), least_kw)
    season = archive.past.hours >= SEASON_H
    lessons = _lessons(archive, physics, leads, every_h, season)
    shapes: tuple[Shape, ...] = ()
    if lessons:
        shapes = _chosen(lessons[_nearest(lessons, CHOOSING_LEAD_H)])
    a_day = max(DAY_H // every_h, 1)
    residuals = {lead: _learn(lesson, shapes, least_kw, a_day) for lead, lesson in lessons.items()}
    return Forecaster(
        physics=physics,
        physics_errors=errors_of(expected, archive.past.load_kw, scale_kw(expected, 0.0)),
        season=season,
        residuals=residuals,
        least_kw=least_kw,
    )


def _lessons(
    archive: Archive, physics: LoadPhysics, leads: tuple[int, ...], every_h: int, season: bool
) -> dict[int, Lesson]:
    """Rows to learn from: features of what was known, and what came of it within the archive."""
    load = archive.past.load_kw
    found: dict[int, list[tuple[FloatArray, int, float]]] = {lead: [] for lead in leads}
    for index in range(NEEDED_H - 1, archive.past.hours - 1, every_h):
        known = archive.known_at(index)
        reach = min(known.leads, archive.past.hours - 1 - index)
        usable = [one for one in leads if one <= reach and np.isfinite(load[index + one])]
        if not usable:
            continue
        rows = feature_rows(known, physics, np.array(usable, dtype=float), season=season)
        hours = archive.calendar.local_hour(known.target_ends(usable[-1]))
        for row, lead in zip(rows, usable, strict=True):
            found[lead].append((row, int(hours[lead - 1]), float(load[index + lead])))
    return {lead: _lesson(rows) for lead, rows in found.items() if len(rows) >= LEAST_ROWS}


def _lesson(rows: list[tuple[FloatArray, int, float]]) -> Lesson:
    return Lesson(
        rows=np.array([row for row, _, _ in rows]),
        target=np.array([load for _, _, load in rows]),
        hours=np.array([hour for _, hour, _ in rows], dtype=np.int64),
    )


def _chosen(lesson: Lesson) -> tuple[Shape, ...]:
    """The shapes that can not be told from the best on days held back; their mean is taken.

    Source: the one-standard-error rule, Breiman et al. (1984), Classification and Regression Trees.
    """
    missed = np.abs(held_back(lesson, SHAPES, _blocks(lesson)) - lesson.target)
    best = int(np.argmin(missed.mean(axis=1)))
    worse = missed - missed[best]
    days = len(lesson.target) // DAY_H
    daily = worse[:, : days * DAY_H].reshape(len(SHAPES), days, DAY_H).mean(axis=2)
    doubt = daily.std(axis=1) / np.sqrt(days)
    return tuple(SHAPES[int(k)] for k in np.flatnonzero(worse.mean(axis=1) <= doubt))


def _nearest(leads: Iterable[int], lead: int) -> int:
    return min(leads, key=lambda one: abs(one - lead))


def _learn(
    lesson: Lesson, shapes: tuple[Shape, ...], least_kw: float, rows_a_day: int
) -> _Residual:
    unseen = np.maximum(held_back(lesson, shapes, _blocks(lesson)).mean(axis=0), least_kw)
    scales = scale_kw(unseen, lesson.rows[:, RESTLESS])
    over_a_day = np.full(rows_a_day, 1.0 / rows_a_day)
    days = (np.convolve(one, over_a_day, "valid") for one in (unseen, lesson.target, scales))
    return _Residual(
        ridge=learned(lesson, shapes),
        errors=errors_of(unseen, lesson.target, scales),
        day_errors=errors_of(*days),
    )


def _blocks(lesson: Lesson) -> int:
    return min(max(len(lesson.target) // BLOCK_ROWS, LEAST_BLOCKS), MOST_BLOCKS)
