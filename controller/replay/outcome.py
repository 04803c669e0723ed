"""A replayed past as JSON and as a schedule file."""

import csv
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from controller.outcome_json import JsonObject, comfort_json, cost_json, limits_json, number
from controller.problems import as_json_object
from controller.replay.receding import Replayed
from controller.report.reasons import reason_text
from controller.schedule_file import COLUMNS
from optimizer.model.network import Network, PumpControl
from optimizer.model.outcome import Certificate
from optimizer.model.plan import PlanStatus
from optimizer.model.schedule import Schedule

ADVISED = "advised.csv"


def replay_json(done: Replayed, files: tuple[Path, ...] = ()) -> JsonObject:
    """Give a replayed past.

    Args:
        done: The past.
        files: What was written.

    Returns:
        Cost, warmth and limits of what was run and what was advised, and every advice with its
        reasons in both languages.
    """
    forecast, site = done.history.forecast, done.history.site
    end = forecast.start + timedelta(seconds=forecast.step_s * forecast.steps)
    zone = ZoneInfo(site.timezone)
    certified = sum(one.status is PlanStatus.CERTIFIED for one in done.advices)
    return {
        "site": site.site_id,
        "start": forecast.start.isoformat(),
        "end": end.isoformat(),
        "step_s": forecast.step_s,
        "weather": "as it came",
        "plans": {"made": len(done.advices), "certified": certified},
        "run": _verdict(done.verdict_run),
        "advised": _verdict(done.verdict_advised),
        "saved": saved(done),
        "measured": [asdict(one) for one in done.agreement],
        "advices": [
            {
                "at": one.at.isoformat(),
                "status": one.status.value,
                "reasons": [
                    {"code": reason.code, "values": dict(reason.values),
                     **reason_text(reason, zone)._asdict()}
                    for reason in one.reasons
                ],
            }
            for one in done.advices
        ],
        "warnings": [as_json_object(warning) for warning in done.history.warnings],
        "files": [str(path) for path in files],
    }  # fmt: skip


def saved(done: Replayed) -> Mapping[str, float | None]:
    """Say what the advice would have been worth; positive is better.

    Args:
        done: The past.

    Returns:
        Cost in the site's currency and in percent, kelvin-hours and the largest shortfall.
    """
    run, advised = done.verdict_run, done.verdict_advised
    cost = run.cost.total - advised.cost.total
    return {
        "cost": number(cost),
        "cost_pct": number(100.0 * cost / run.cost.total) if run.cost.total > 0.0 else None,
        "shortfall_k_h": number(run.comfort.shortfall_k_h - advised.comfort.shortfall_k_h),
        "max_shortfall_k": number(run.comfort.max_shortfall_k - advised.comfort.max_shortfall_k),
    }


def _verdict(one: Certificate) -> JsonObject:
    return {
        "cost": cost_json(one.cost),
        "comfort": comfort_json(one.comfort),
        "limits": limits_json(one.limits),
    }


def write_advised(done: Replayed, folder: Path) -> Path:
    """Write what would have been advised as a schedule that `simulate` takes.

    Args:
        done: The past.
        folder: Made where it is missing.

    Returns:
        The file.

    Raises:
        OSError: It can not be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ADVISED
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_rows(done.history.site.district.network, done.advised))
    return path


def _rows(network: Network, schedule: Schedule) -> list[tuple[str, str, str, str]]:
    named = [(one.plant_id, "supply_temp_c", schedule.supply_temp_c[i])
             for i, one in enumerate(network.plants)]  # fmt: skip
    named += [
        (one.pump_id, "speed_pct" if one.control is PumpControl.SPEED else "dp_bar",
         schedule.pump_setpoint[i]) for i, one in enumerate(network.pumps)
    ]  # fmt: skip
    named += [
        (one.station_id, "secondary_offset_k", schedule.secondary_offset_k[i])
        for i, one in enumerate(network.stations)
        if one.offset_range_k is not None
    ]
    times = [(schedule.start + timedelta(seconds=schedule.step_s * k)).isoformat()
             for k in range(schedule.steps)]  # fmt: skip
    return [
        (at, name, quantity, f"{value:.4f}")
        for name, quantity, series in named
        for at, value in zip(times, series, strict=True)
    ]
