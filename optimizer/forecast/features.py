"""What a forecast of the load is learned from: one row an hour ahead, all of it known before."""

import numpy as np

from optimizer.forecast.known import DAY_H, Known, filled
from optimizer.forecast.lag import lagged, lagged_on
from optimizer.forecast.physics import LoadPhysics
from optimizer.model.arrays import FloatArray, IntArray

TEMP_LAGS_H = (3.0, 6.0, 12.0, 24.0, 48.0, 96.0)
SUN_LAGS_H = (2.0, 6.0)
# Where the need for heat bends, and the weather of single hours before.
THRESHOLDS_C = (5.0, 10.0, 15.0)
EARLIER_H = (1, 2, 3, 6, 9, 12, 18, 24, 30)
# Days of the same hour that are looked back at.
DAYS = 7
# The past that features reach into, h: a week before the first day that a lead can look back to.
NEEDED_H = DAY_H * (DAYS + 4)
YEAR = 2.0 * np.pi / 365.25
RESTLESS_H = 3 * DAY_H
_HARMONICS, _OFF_HARMONICS = 4, 3
_LEVELS_H = (6, DAY_H, 3 * DAY_H, 7 * DAY_H)


EXPECTED, RESTLESS = 0, 1


def feature_rows(
    known: Known, physics: LoadPhysics, leads: FloatArray, *, season: bool
) -> FloatArray:
    """Features of hours ahead.

    Args:
        known: What is known; at least NEEDED_H hours of the past.
        physics: The physical load.
        leads: Whole numbers of hours ahead, shape (rows,), from 1.
        season: Whether the time of the year may count: only where a whole year has been seen.

    Returns:
        Shape (rows, features); in column EXPECTED the physical load, in RESTLESS how far the load
        of late was from that of a day before.
    """
    take = np.asarray(leads, dtype=np.int64) - 1
    most = int(take.max()) + 1
    load, temp = _recent(known.past.load_kw), _recent(known.past.outdoor_temp_c)
    ahead_c, sun = known.weather_ahead(most)
    restless = np.full(
        most, float(np.abs(load[-RESTLESS_H:] - load[-RESTLESS_H - DAY_H : -DAY_H]).mean())
    )
    parts = [
        np.stack([physics.ahead_kw(known, most), restless, ahead_c, sun], axis=1)[take],
        _weather_lags(known, temp, ahead_c, sun)[take],
        _same_hours(load, temp, ahead_c, take),
        np.broadcast_to(_levels(load, temp), (len(take), 2 * len(_LEVELS_H) + 1)),
        _calendar(known, most)[take],
    ]
    return np.concatenate(parts + ([_season(known, most)[take]] if season else []), axis=1)


def _recent(values: FloatArray) -> FloatArray:
    return filled(values[-NEEDED_H:])


def _weather_lags(
    known: Known, temp: FloatArray, ahead_c: FloatArray, sun: FloatArray
) -> FloatArray:
    columns = [lagged_on(temp, ahead_c, lag) for lag in TEMP_LAGS_H]
    columns += [np.maximum(threshold - columns[3], 0.0) for threshold in THRESHOLDS_C]
    whole = np.concatenate([temp[-EARLIER_H[-1] :], ahead_c])
    columns += [whole[EARLIER_H[-1] - back : len(whole) - back] for back in EARLIER_H]
    columns += [lagged_on(known.past.ghi_w_m2, sun, lag) for lag in SUN_LAGS_H]
    columns.append(np.full(len(ahead_c), float(np.mean(ahead_c[:DAY_H]) - np.mean(temp[-DAY_H:]))))
    return np.stack(columns, axis=1)


def _same_hours(
    load: FloatArray, temp: FloatArray, ahead_c: FloatArray, take: IntArray
) -> FloatArray:
    """Load at the same hour of the days before, its neighbours, and how the weather differs."""
    first_day = take // DAY_H + 1
    target = len(load) + take
    days = np.arange(DAYS)
    at = target[:, None] - DAY_H * (first_day[:, None] + days)
    same = load[at]
    last = len(load) - 1
    around = load[np.minimum(at[:, :1] + np.array([-3, -2, -1, 1, 2, 3]), last)]
    wall, then = lagged_on(temp, ahead_c, 12.0)[take], lagged(temp, 12.0)
    warmer_now = ahead_c[take] - temp[at[:, 0]]
    warmer_week = ahead_c[take] - temp[at].mean(axis=1)
    wall_now = wall - then[at[:, 0]]
    wall_week = wall - then[at].mean(axis=1)
    changes = np.stack([warmer_now, warmer_week, wall_now, wall_week], axis=1)
    return np.concatenate([same, same.mean(axis=1, keepdims=True), around, changes], axis=1)


def _levels(load: FloatArray, temp: FloatArray) -> FloatArray:
    """The load of late and the weather that it came with."""
    loads = [float(load[-hours:].mean()) for hours in _LEVELS_H]
    temps = [float(temp[-hours:].mean()) for hours in _LEVELS_H]
    return np.array([float(load[-1]), *loads, *temps])


def _calendar(known: Known, leads: int) -> FloatArray:
    ends = known.target_ends(leads)
    hour = known.calendar.local_hour(ends)
    off = known.calendar.is_off(ends).astype(float)
    before = known.calendar.is_off([known.issue_time])[0]
    angle = 2.0 * np.pi * hour / DAY_H
    columns = [off, np.full(leads, float(before)), off - float(before)]
    for k in range(1, _HARMONICS + 1):
        columns += [np.sin(k * angle), np.cos(k * angle)]
    for k in range(1, _OFF_HARMONICS + 1):
        columns += [off * np.sin(k * angle), off * np.cos(k * angle)]
    return np.stack(columns, axis=1)


def _season(known: Known, leads: int) -> FloatArray:
    """Where the year stands: the height of the sun."""
    days = np.array([end.timetuple().tm_yday for end in known.target_ends(leads)])
    return np.stack([np.sin(YEAR * days), np.cos(YEAR * days)], axis=1)
