"""A load forecast on hours held back, beside persistence and a plain ridge."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from optimizer.forecast.forecaster import QUANTILES, RECENT_H, Issued, train
from optimizer.forecast.known import DAY_H, HOUR, Archive, filled
from optimizer.model.arrays import BoolArray, FloatArray

LEAD_H = 24
_LOW, _HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)
_PENALTY = 1.0


@dataclass(frozen=True, kw_only=True)
class Score:
    """Errors at one lead over the hours held back, in % and in the load's unit.

    `naive_pct` is the load of a day before, `daily_pct` the error of the means of each 24 hours,
    `first_day_pct` the mean over the leads of the first day.
    """

    hours: int
    mape_pct: float
    daily_pct: float
    first_day_pct: float
    physics_pct: float
    naive_pct: float
    ridge_pct: float
    covered_pct: float
    pinball: float
    ridge_pinball: float


@dataclass(frozen=True, kw_only=True)
class _Held:
    """What was forecast for hours held back, and what came."""

    came: FloatArray
    forecast: FloatArray
    first_day: FloatArray
    physics: FloatArray
    quantiles: FloatArray
    naive: FloatArray
    target: FloatArray


def score(archive: Archive, first: int, counted: BoolArray, retrain_h: int | None = None) -> Score:
    """Train on the hours before `first`, forecast the rest.

    Args:
        archive: The whole record.
        first: Index of the first hour held back.
        counted: Which hours count, shape (hours,).
        retrain_h: Train again on what is known by then after so many hours; never when None.

    Returns:
        The errors.
    """
    held = _held(archive, first, counted, retrain_h)
    ridge, spread = _plain_ridge(archive, first, held.target)
    days = len(held.came) // DAY_H * DAY_H
    daily = [part[:days].reshape(-1, DAY_H).mean(axis=1) for part in (held.forecast, held.came)]
    inside = (held.came >= held.quantiles[:, _LOW]) & (held.came <= held.quantiles[:, _HIGH])
    return Score(
        hours=len(held.came),
        mape_pct=_mape(held.forecast, held.came),
        daily_pct=_mape(daily[0], daily[1]),
        first_day_pct=float(held.first_day.mean() * 100.0),
        physics_pct=_mape(held.physics, held.came),
        naive_pct=_mape(held.naive, held.came),
        ridge_pct=_mape(ridge, held.came),
        covered_pct=float(inside.mean() * 100.0),
        pinball=_pinball(held.quantiles, held.came),
        ridge_pinball=_pinball(ridge[:, None] + spread, held.came),
    )


def _held(archive: Archive, first: int, counted: BoolArray, retrain_h: int | None) -> _Held:
    load = archive.past.load_kw
    last, forecaster = first - 1, train(archive.until(first - 1), leads=(6, 12, LEAD_H))
    rows, issued = [], deque[Issued](maxlen=RECENT_H + LEAD_H)
    for index in range(first - 1, archive.past.hours - LEAD_H):
        if retrain_h is not None and index - last >= retrain_h:
            last, forecaster = index, train(archive.until(index), leads=(6, 12, LEAD_H))
        target = index + LEAD_H
        known = archive.known_at(index)
        if known.leads >= LEAD_H:
            found = forecaster.forecast(known, LEAD_H, tuple(issued))
            issued.append(found.issued)
        if not counted[target] or not np.isfinite(load[target]) or known.leads < LEAD_H:
            continue
        day = load[index + 1 : target + 1]
        first_day = np.nanmean(np.abs(found.load_kw / day - 1.0))
        ends = (load[target], found.load_kw[-1], first_day, found.physics_kw[-1])
        rows.append((*ends, found.quantiles_kw[-1], filled(load[: index + 1])[-1], target))
    columns = [np.array(values) for values in zip(*rows, strict=True)]
    return _Held(
        came=columns[0],
        forecast=columns[1],
        first_day=columns[2],
        physics=columns[3],
        quantiles=columns[4],
        naive=columns[5],
        target=columns[6],
    )


def _plain_ridge(archive: Archive, first: int, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """One ridge on lagged loads, the weather that came and the hour, with its own errors' spread.

    It is given the weather that came, which no forecast knows: a lenient rival.
    """
    past, hours = archive.past, np.arange(archive.past.hours)
    ends = [past.first_end + HOUR * int(k) for k in hours]
    hour = archive.calendar.local_hour(ends)
    load, temp = filled(past.load_kw), filled(past.outdoor_temp_c)
    lags = (LEAD_H, 2 * LEAD_H, 7 * LEAD_H)
    columns = [load[np.maximum(hours - lag, 0)] for lag in lags]
    day_mean = np.convolve(temp, np.full(DAY_H, 1.0 / DAY_H))[: len(temp)]
    columns += [temp, day_mean, archive.calendar.is_off(ends).astype(float)]
    table = np.concatenate([np.stack(columns, axis=1), np.eye(DAY_H)[hour]], axis=1)
    seen = (hours >= lags[-1]) & (hours < first) & np.isfinite(past.load_kw)
    mean, spread = table[seen].mean(axis=0), table[seen].std(axis=0) + 1e-9
    table = (table - mean) / spread
    gram = table[seen].T @ table[seen] + _PENALTY * np.eye(table.shape[1])
    level = load[seen].mean()
    weights = np.linalg.solve(gram, table[seen].T @ (load[seen] - level))
    predicted = level + table @ weights
    errors = np.quantile((past.load_kw - predicted)[seen], QUANTILES)
    return predicted[target], errors


def _mape(ours: FloatArray, came: FloatArray) -> float:
    return float(np.mean(np.abs(ours / came - 1.0)) * 100.0)


def _pinball(quantiles: FloatArray, came: FloatArray) -> float:
    missed = came[:, None] - quantiles
    levels = np.array(QUANTILES)
    return float(np.mean(np.maximum(levels * missed, (levels - 1.0) * missed)))
