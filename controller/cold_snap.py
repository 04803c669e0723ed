"""Whether a forecast shows a cold snap: level, drop and duration, as the site configures them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from controller.sitefiles.parts import ColdSnap
from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast

DAY_S = 86400
# One member of an ensemble alone does not make a snap.
LEAST_SHARE = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class SnapSeen:
    """A cold snap in the forecast: `share` of the members show it; `why` is level or drop."""

    begins: datetime
    coldest_c: float
    share: float
    why: str


def cold_snap(forecast: Forecast, rules: ColdSnap) -> SnapSeen | None:
    """Look for a cold snap.

    Args:
        forecast: The ensemble.
        rules: The site's `[cold_snap]`.

    Returns:
        The snap that at least half of the members show, or None.
    """
    found = [_in_member(member, forecast.step_s, rules) for member in forecast.outdoor_temp_c]
    seen = [one for one in found if one is not None]
    if not seen or len(seen) / len(found) < LEAST_SHARE:
        return None
    step, why = min(seen)
    return SnapSeen(
        begins=forecast.start + timedelta(seconds=step * forecast.step_s),
        coldest_c=float(forecast.outdoor_temp_c.min()),
        share=len(seen) / len(found),
        why=why,
    )


def begun_at(begins: datetime, before: datetime | None, now: datetime) -> datetime:
    """When a snap has begun: what the forecast shows from now on began when it was first so.

    Args:
        begins: From when on the forecast of now shows it.
        before: From when on the one before showed one; None where it showed none.
        now: tz-aware.

    Returns:
        When it began, or from when on it is expected.
    """
    return begins if before is None else min(begins, before) if begins <= now else begins


def _in_member(outdoor_temp_c: FloatArray, step_s: int, rules: ColdSnap) -> tuple[int, str] | None:
    """The first step of a member's snap, and whether level or drop makes it one."""
    found = []
    needed = max(round(rules.min_hours * 3600 / step_s), 1)
    run = 0
    for step, cold in enumerate(outdoor_temp_c < rules.below_c):
        run = run + 1 if cold else 0
        # So many intervals have one boundary more.
        if run > needed:
            found.append((step - run + 1, "level"))
            break
    window = DAY_S // step_s
    for step in range(len(outdoor_temp_c)):
        ahead = outdoor_temp_c[step : step + window + 1]
        if outdoor_temp_c[step] - float(np.min(ahead)) >= rules.drop_k_24h:
            found.append((step, "drop"))
            break
    return min(found) if found else None
