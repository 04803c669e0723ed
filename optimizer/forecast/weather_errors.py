"""What the weather forecasts of late were wrong by: how long an error lasts, what is left of it.

The error of a forecast that the site's own sensor shows now is partly the place's (height, shelter,
the warmth of the city) and lasts, partly the weather's and fades. How much of it is left at each
lead is learned from forecasts as they were issued; until there are enough of them it fades by a
usual time. What is left after that correction is the spread that an ensemble ought to have.

Source: Glahn and Lowry (1972), model output statistics; Gneiting et al. (2005), ensemble model
output statistics, doi:10.1175/MWR2904.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.forecast.known import DAY_H, Past, WeatherIssue, hours_between
from optimizer.model.arrays import FloatArray, frozen

# How far back an error is looked at, and the usual time in which it falls to 1/e, h.
RECENT_H, FADES_H = 6, 12.0
# Fewer forecasts than these teach nothing: five days of hours.
LEAST_ISSUES = 120
# How far back forecasts are learned from, h, and how often anew.
LEARNED_FROM_H, LEARNED_EVERY_H = 45 * DAY_H, DAY_H
# Weight of the usual course against what was learned, in squared kelvins of errors seen.
PRIOR_K2 = 50.0
# So many hours of forecasts make a lasting error half believed: neighbouring hours say the same.
PRIOR_H = 120
LARGEST_K = 5.0
# An ensemble is never narrowed or widened by more than this.
FACTORS = (0.5, 3.0)


@dataclass(frozen=True, kw_only=True)
class WeatherErrors:
    """What was learned.

    Attributes:
        kept: Share of the present error that is left at each hour ahead, shape (leads,).
        lasting_k: What forecasts were wrong by beyond that on average, sensor minus forecast, K,
            shape (leads,).
        spread_k: Standard deviation of what is left after the correction, K, shape (leads,).
        issues: From how many forecasts.
    """

    kept: FloatArray
    lasting_k: FloatArray
    spread_k: FloatArray
    issues: int


def present_error_k(came_c: FloatArray, forecast_c: FloatArray) -> float:
    """The mean error of the last hours, sensor minus forecast.

    Args:
        came_c: What the sensor showed in the last hours, degC, NaN where nothing, shape (hours,).
        forecast_c: What was forecast for them an hour before each, likewise.

    Returns:
        Kelvins; zero where fewer than half of the hours are known, or where it is larger than can
        be believed.
    """
    missed = came_c[-RECENT_H:] - forecast_c[-RECENT_H:]
    known = missed[np.isfinite(missed)]
    if len(known) < RECENT_H // 2:
        return 0.0
    found = float(known.mean())
    return found if abs(found) <= LARGEST_K else 0.0


def usual_share(leads: int) -> FloatArray:
    """The share of an error that is usually left.

    Args:
        leads: Hours ahead.

    Returns:
        Shape (leads,).
    """
    return np.exp(-np.arange(1, leads + 1) / FADES_H)


def learn_errors(
    issues: Sequence[WeatherIssue], came_c: FloatArray, first: int, leads: int
) -> WeatherErrors | None:
    """Learn from forecasts as they were issued.

    Args:
        issues: Hourly forecasts, oldest first.
        came_c: What the sensor showed, hour by hour, degC, NaN where nothing, shape (hours,).
        first: Position in `came_c` of the first hour that the first issue forecasts.
        leads: Hours ahead.

    Returns:
        What was learned, None where there are too few forecasts.
    """
    missed = _missed(issues, came_c, first, leads)
    if np.isfinite(missed[:, :1]).sum() < LEAST_ISSUES:
        return None
    present = _present(missed)
    usual = usual_share(leads)
    kept, lasting, spread = usual.copy(), np.zeros(leads), np.full(leads, np.nan)
    for k in range(leads):
        known = np.isfinite(missed[:, k]) & np.isfinite(present)
        now, then = present[known], missed[known, k]
        if not known.any():
            continue
        kept[k] = np.clip((now @ then + PRIOR_K2 * usual[k]) / (now @ now + PRIOR_K2), 0.0, 1.0)
        left = then - kept[k] * now
        lasting[k] = left.sum() / (len(left) + PRIOR_H)
        if len(left) >= LEAST_ISSUES // 2:
            spread[k] = float(np.sqrt(np.mean((left - lasting[k]) ** 2)))
    return WeatherErrors(
        kept=frozen(kept),
        lasting_k=frozen(lasting),
        spread_k=frozen(_growing(spread)),
        issues=int(np.isfinite(missed[:, 0]).sum()),
    )


def _missed(
    issues: Sequence[WeatherIssue], came_c: FloatArray, first: int, leads: int
) -> FloatArray:
    """Sensor minus forecast by hour of issue and lead; NaN where either is unknown."""
    if not issues:
        return np.zeros((0, leads))
    hours = hours_between(issues[0].issue_time, issues[-1].issue_time) + 1
    missed = np.full((hours, leads), np.nan)
    for issue in issues:
        row = hours_between(issues[0].issue_time, issue.issue_time)
        count = min(leads, len(issue.outdoor_temp_c), len(came_c) - first - row)
        if count > 0:
            came = came_c[first + row : first + row + count]
            missed[row, :count] = came - issue.outdoor_temp_c[:count]
    return missed


def _present(missed: FloatArray) -> FloatArray:
    """What the sensor had shown by each issue: the mean of the one-hour errors before it."""
    found = np.full(len(missed), np.nan)
    for row in range(RECENT_H, len(missed)):
        recent = missed[row - RECENT_H : row, 0]
        known = recent[np.isfinite(recent)]
        if len(known) >= RECENT_H // 2:
            found[row] = known.mean()
    return found


def corrected_issue(issue: WeatherIssue, error_k: float, learned: WeatherErrors) -> WeatherIssue:
    """Take the present error out of a forecast of single hours.

    Args:
        issue: The forecast.
        error_k: The error at its issue, sensor minus forecast, K.
        learned: What was learned by then.

    Returns:
        The corrected forecast.
    """
    count = min(len(issue.outdoor_temp_c), len(learned.kept))
    moved = np.array(issue.outdoor_temp_c)
    moved[:count] += error_k * learned.kept[:count] + learned.lasting_k[:count]
    return replace(issue, outdoor_temp_c=frozen(moved))


def corrected_issues(issues: Sequence[WeatherIssue], past: Past) -> tuple[WeatherIssue, ...]:
    """Correct forecasts of the past, each by what had come by its issue.

    Args:
        issues: Hourly forecasts, oldest first.
        past: What the sensor showed, to the last issue at least.

    Returns:
        The corrected forecasts; as they were where too few had come before.
    """
    seen = [one for one in issues if one.issue_time >= past.first_end]
    return (*issues[: len(issues) - len(seen)], *_corrected(seen, past))


def _corrected(issues: Sequence[WeatherIssue], past: Past) -> list[WeatherIssue]:
    """Correct forecasts that were all issued within the past."""
    if not issues:
        return []
    first = hours_between(past.first_end, issues[0].issue_time) + 1
    present = _present(_missed(issues, past.outdoor_temp_c, first, 1))
    present = np.where(np.abs(present) <= LARGEST_K, present, 0.0)
    rows = np.array([hours_between(issues[0].issue_time, one.issue_time) for one in issues])
    leads = max(len(one.outdoor_temp_c) for one in issues)
    learned: WeatherErrors | None = None
    learned_at, found = -LEARNED_EVERY_H, []
    for row, issue in zip(rows.tolist(), issues, strict=True):
        if row - learned_at >= LEARNED_EVERY_H:
            begin, end = np.searchsorted(rows, [row - LEARNED_FROM_H, row]).tolist()
            came = past.outdoor_temp_c[: first + row]
            learned = learn_errors(issues[begin:end], came, first + rows[begin], leads)
            learned_at = row
        error_k = float(present[row])
        found.append(issue if learned is None else corrected_issue(issue, error_k, learned))
    return found


def _growing(spread_k: FloatArray) -> FloatArray:
    """A spread never shrinks with the lead; unknown ones take the nearest before, or the first."""
    known = np.isfinite(spread_k)
    if not known.any():
        return np.zeros(len(spread_k))
    filled = np.interp(np.arange(len(spread_k)), np.flatnonzero(known), spread_k[known])
    return np.asarray(np.maximum.accumulate(filled))


def corrected_members(
    members_c: FloatArray, ahead_h: FloatArray, error_k: float, learned: WeatherErrors
) -> FloatArray:
    """Take the present error out of a forecast and give an ensemble the spread it ought to have.

    Args:
        members_c: Outdoor temperature, degC, shape (members, times).
        ahead_h: Hours from now to each time, shape (times,); what is past stays as it is.
        error_k: The present error, sensor minus forecast, K.
        learned: What was learned.

    Returns:
        The corrected temperatures, of the same shape.
    """
    leads = np.arange(1, len(learned.kept) + 1)
    kept = np.interp(ahead_h, np.r_[0.0, leads], np.r_[1.0, learned.kept])
    spread = np.interp(ahead_h, leads, learned.spread_k)
    lasting = np.interp(ahead_h, np.r_[0.0, leads], np.r_[0.0, learned.lasting_k])
    shifted = members_c + np.where(ahead_h > 0.0, error_k * kept + lasting, 0.0)
    own = members_c.std(axis=0)
    if len(members_c) < 2 or not (own > 0.0).any():
        return np.asarray(shifted)
    factor = np.clip(spread / np.maximum(own, 1e-3), *FACTORS)
    factor = np.where((ahead_h > 0.0) & (own > 1e-3) & (spread > 0.0), factor, 1.0)
    mean = shifted.mean(axis=0)
    return np.asarray(mean + (shifted - mean) * factor)
