"""Load forecasts as plain data, and how good those of the last week have proved."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection

from controller.knowing.loads import TOTAL
from controller.store.forecasts import LOAD, StoredIssue, hours_since, issues_since
from optimizer.forecast.forecaster import QUANTILES, Issued, LoadForecast
from optimizer.forecast.known import DAY_H, HOUR
from optimizer.model.arrays import frozen

SCORED = timedelta(days=7)
_LOW, _HIGH = QUANTILES.index(0.1), QUANTILES.index(0.9)


def forecast_json(made: LoadForecast, *, whole: bool) -> dict[str, Any]:
    """Write a forecast for archive and page.

    Args:
        made: The forecast.
        whole: Whether its quantiles and its physics are wanted too.

    Returns:
        Hour by hour, kW.
    """

    def series(values: Any) -> list[float]:
        return [round(float(value), 1) for value in values]

    told = {
        "load_kw": series(made.load_kw),
        "scale_kw": series(made.scale_kw),
        "learned": made.learned,
    }
    if whole:
        told["physics_kw"] = series(made.physics_kw)
        told["p10_kw"] = series(made.quantiles_kw[:, _LOW])
        told["p90_kw"] = series(made.quantiles_kw[:, _HIGH])
    return told


def issued_of(stored: Sequence[StoredIssue], name: str) -> tuple[Issued, ...]:
    """Read the forecasts of a load out of the archive.

    Args:
        stored: Forecasts as they were kept.
        name: The load.

    Returns:
        Those that forecast it.
    """
    return tuple(
        Issued(
            issue_time=one.issued_at,
            load_kw=frozen(found["load_kw"]),
            scale_kw=frozen(found["scale_kw"]),
        )
        for one in stored
        if (found := one.body["loads"].get(name)) is not None
    )


def score_json(connection: Connection, now: datetime) -> dict[str, Any] | None:
    """Hold the forecasts of the last week, 24 h ahead, against what came.

    Args:
        connection: From `Database.history`.
        now: tz-aware UTC.

    Returns:
        Hours, error and coverage in percent, the error of the load of a day before; None where
        nothing can be compared yet.
    """
    came = {
        hour.ended_at: hour.loads_kw[TOTAL]
        for hour in hours_since(connection, now - SCORED - HOUR * DAY_H)
        if hour.loads_kw.get(TOTAL, 0.0) > 0.0
    }
    rows = []
    for issue in issues_since(connection, LOAD, now - SCORED - HOUR * DAY_H):
        total, at = issue.body["loads"].get(TOTAL), issue.issued_at + HOUR * DAY_H
        if total is None or at not in came or issue.issued_at not in came:
            continue
        if len(total["load_kw"]) < DAY_H:
            continue
        load, low, high = (total[f"{name}_kw"][DAY_H - 1] for name in ("load", "p10", "p90"))
        is_in = low <= came[at] <= high
        rows.append(
            (abs(load / came[at] - 1.0), abs(came[issue.issued_at] / came[at] - 1.0), is_in)
        )
    if not rows:
        return None
    mape, persistence, covered = (100.0 * np.array(rows, dtype=float).mean(axis=0)).round(2)
    return {
        "hours": len(rows),
        "mape_pct": float(mape),
        "persistence_pct": float(persistence),
        "p10_p90_covers_pct": float(covered),
    }
