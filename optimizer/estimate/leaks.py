"""A new leak, noticed by the make-up water.

Make-up is compared with what was usual of late by a cumulative sum.

Source: Page (1954), doi:10.1093/biomet/41.1-2.100.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import FloatArray

# Half of the smallest rise looked for, and the sum at which it is believed, in standard deviations.
SLACK, LIMIT = 1.0, 8.0
# A smaller rise comes with the pressure and the weather.
LEAST_RISE = 0.1
BASE_STEPS = 96 * 2
# A meter never repeats better than this share of what it shows.
LEAST_SPREAD = 0.01
# Beside a leak that is known the last day is judged, by three hours at least, whose spread says
# little.
JUDGED_STEPS, FEWEST_BASE_STEPS, SPREAD_OF_FEW = 96, 12, 0.02
# A leak goes on while the make-up of so many last steps is nearer to what it was with the leak.
LAST_STEPS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class LeakNoticed:
    """A rise of the make-up: when it began, when it was sure (steps), from what and how much."""

    began: int
    noticed: int
    usual_m3_h: float
    size_m3_h: float


def notice_leak(makeup_m3_h: FloatArray) -> LeakNoticed | None:
    """Look for a lasting rise of the make-up.

    Args:
        makeup_m3_h: Make-up of even steps, oldest first, NaN where unknown, shape (steps,); the
            first BASE_STEPS of them are taken for usual.

    Returns:
        The first rise, or None.
    """
    return _rise(makeup_m3_h, BASE_STEPS, BASE_STEPS // 2, LEAST_SPREAD)


def notice_another(makeup_m3_h: FloatArray) -> LeakNoticed | None:
    """Look for a further rise while a leak runs.

    Args:
        makeup_m3_h: Make-up since the leak that is known began, as for `notice_leak`. The last day
            is judged by what came before it; three hours are the least for that.

    Returns:
        The first rise, or None.
    """
    base = min(max(len(makeup_m3_h) - JUDGED_STEPS, FEWEST_BASE_STEPS), BASE_STEPS)
    return _rise(makeup_m3_h, base, FEWEST_BASE_STEPS // 2, SPREAD_OF_FEW)


def _rise(
    makeup_m3_h: FloatArray, base_steps: int, least_known: int, least_spread: float
) -> LeakNoticed | None:
    """The first rise after steps that are taken for usual."""
    base = makeup_m3_h[:base_steps]
    base = base[np.isfinite(base)]
    if len(base) < least_known:
        return None
    level = float(np.median(base))
    spread = max(1.4826 * float(np.median(np.abs(base - level))), least_spread * abs(level), 1e-6)
    total, began = 0.0, base_steps
    for k in range(base_steps, len(makeup_m3_h)):
        if not np.isfinite(makeup_m3_h[k]):
            continue
        before = total
        total = max(0.0, total + min((makeup_m3_h[k] - level) / spread, 4.0) - SLACK)
        if before == 0.0 and total > 0.0:
            began = k
        if total > LIMIT:
            size = float(np.nanmedian(makeup_m3_h[began : k + 1])) - level
            if size > LEAST_RISE * abs(level):
                return LeakNoticed(began=began, noticed=k, usual_m3_h=level, size_m3_h=size)
    return None


def goes_on(makeup_m3_h: FloatArray, usual_m3_h: float, size_m3_h: float) -> bool:
    """Whether a leak that was noticed still runs.

    Args:
        makeup_m3_h: Make-up since it began, even steps, oldest first, NaN where unknown, shape
            (steps,).
        usual_m3_h: What was usual before it.
        size_m3_h: Its size.

    Returns:
        Whether it does; where nothing is known of late, it does.
    """
    last = makeup_m3_h[-LAST_STEPS:]
    last = last[np.isfinite(last)]
    return not len(last) or float(np.median(last)) > usual_m3_h + 0.5 * size_m3_h
