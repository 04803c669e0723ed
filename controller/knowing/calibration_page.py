"""A calibration as one self-contained page: errors before and after, rooms and heat drawn."""

import math
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from controller.knowing.calibrating import Outcome
from controller.knowing.calibration_words import COLUMNS, PARTS, QUANTITIES
from controller.report.charts import Chart, Line, line_chart
from controller.report.numbers import local_time, number, zone_label
from controller.report.wording import Text, same
from controller.site import Site
from optimizer.estimate.calibrate import FITTED_SHARE, Courses, courses
from optimizer.estimate.part_score import PartScore
from optimizer.estimate.record import Record
from optimizer.estimate.values import with_values
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network

ROOMS_SHOWN, DAYS_SHOWN = 3, 6
WORDS = {
    "title": Text("参数率定", "Calibration"),
    "period": Text("数据时段", "Period of the data"),
    "fitted": Text(
        "前 70 % 用于拟合，其余用于检验", "the first 70 % is fitted, the rest is held back"
    ),
    "scores": Text("检验时段误差", "Errors on the hours held back"),
    "part": Text("部分", "part"),
    "quantity": Text("量", "quantity"),
    "before": Text("率定前", "before"),
    "after": Text("率定后", "after"),
    "verdict": Text("结论", "verdict"),
    "better": Text("更好，采用", "better, kept"),
    "worse": Text("未改进", "not better"),
    "not_fitted": Text("未拟合", "not fitted"),
    "courses": Text("实测与模型", "Measured and predicted"),
    "measured": Text("实测", "measured"),
    "heat": Text("各站总热量", "Heat of all stations"),
    "indoor": Text("室内温度", "Indoor temperature"),
    "learned": Text("得到的数值", "What was learned"),
    "factor": Text("对原值的倍数（平均）", "factor on the former value (mean)"),
    "uncertainty": Text("不确定度（平均）", "uncertainty (mean)"),
    "kept": Text("已启用新版本", "a new version is in use"),
    "stays": Text("没有改进，参数保持不变", "nothing predicts better; the parameters stay"),
    "language": Text("语言", "Language"),
}


def write_calibration_page(site: Site, record: Record, outcome: Outcome, path: Path) -> None:
    """Write the page.

    Args:
        site: The site as it was before.
        record: What was calibrated by.
        outcome: What came of it.
        path: The file.

    Raises:
        OSError: It cannot be written.
    """
    path.write_text(calibration_page(site, record, outcome), encoding="utf-8")


def calibration_page(site: Site, record: Record, outcome: Outcome) -> str:
    """Render the page.

    Args:
        site: The site as it was before.
        record: What was calibrated by.
        outcome: What came of it.

    Returns:
        HTML that needs nothing from elsewhere.
    """
    environment = Environment(
        loader=PackageLoader("controller.knowing", "."),
        autoescape=True,
        undefined=StrictUndefined,
    )
    zone, hourly = ZoneInfo(site.timezone), record.hourly()
    found = outcome.calibration
    network = site.district.network
    new = with_values(network, found.pipes, found.stations, found.buildings)
    return environment.get_template("calibration_page.html").render(
        w=WORDS,
        site_name=site.name,
        period=f"{local_time(record.start, zone)} – {local_time(_end(record), zone)}",
        zone=zone_label(record.start, zone),
        verdict=WORDS["stays"] if outcome.version is None else WORDS["kept"],
        version="" if outcome.version is None else str(outcome.version.version),
        scores=[_score(one) for one in found.scores],
        learned=_learned(site, outcome),
        charts=_charts(network, hourly, courses(network, hourly), courses(new, hourly), zone),
    )


def _end(record: Record) -> datetime:
    return record.start + timedelta(seconds=record.step_s * record.steps)


def _score(one: PartScore) -> dict[str, object]:
    verdict = WORDS["better"] if one.better else WORDS["worse"]
    return {
        "part": PARTS[one.part],
        "quantity": QUANTITIES[one.quantity],
        "unit": one.unit,
        "before": number(None if np.isnan(one.before) else one.before, 3),
        "after": number(None if np.isnan(one.after) else one.after, 3),
        "verdict": same(one.why_not) if one.why_not else verdict,
    }


def _learned(site: Site, outcome: Outcome) -> list[dict[str, object]]:
    found, network = outcome.calibration, site.district.network
    tables = (
        (found.pipes, {p.pipe_id: p for p in network.pipes}),
        (found.stations, {s.station_id: s for s in network.stations}),
        (found.buildings, {b.building_id: b for b in network.buildings}),
    )
    rows: dict[str, list[tuple[float, float]]] = {}
    for values, things in tables:
        for name, columns in values.items():
            for column, one in columns.items():
                before = getattr(things[name], column)
                factor = one.value / before if before > 0.0 else math.nan
                rows.setdefault(column, []).append((factor, one.spread))
    return [
        {
            "name": COLUMNS[column],
            "count": str(len(pairs)),
            "factor": number(_mean([factor for factor, _ in pairs if math.isfinite(factor)]), 3),
            "uncertainty": number(100.0 * float(np.mean([spread for _, spread in pairs])), 1),
        }
        for column, pairs in rows.items()
    ]


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _charts(
    network: Network, hourly: Record, before: Courses, after: Courses, zone: ZoneInfo
) -> list[Chart]:
    heat = hourly.stations["heat_power_kw"]
    charts = [
        _chart(
            WORDS["heat"],
            "kW",
            np.nansum(heat, axis=1),
            before.heat_kw,
            after.heat_kw,
            hourly,
            zone,
        )
    ]
    rooms = hourly.buildings["indoor_temp_c"]
    sensed = np.flatnonzero(np.isfinite(rooms).any(axis=0))
    cut = int(FITTED_SHARE * hourly.steps)
    miss = (
        np.nanmean(np.abs(before.indoor_temp_c - rooms)[cut:, sensed], axis=0)
        if len(sensed)
        else []
    )
    for b in sensed[np.argsort(miss)[::-1][:ROOMS_SHOWN]]:
        name = network.buildings[int(b)].building_id
        title = Text(f"{WORDS['indoor'].zh} {name}", f"{WORDS['indoor'].en} {name}")
        charts.append(
            _chart(
                title,
                "°C",
                rooms[:, b],
                before.indoor_temp_c[:, b],
                after.indoor_temp_c[:, b],
                hourly,
                zone,
            )
        )
    return charts


def _chart(
    title: Text,
    unit: str,
    measured: FloatArray,
    before: FloatArray,
    after: FloatArray,
    hourly: Record,
    zone: ZoneInfo,
) -> Chart:
    first = max(hourly.steps - DAYS_SHOWN * 24, 0)
    lines = [
        Line(name=WORDS[word], values=values[first:], style=word)
        for word, values in (("measured", measured), ("before", before), ("after", after))
    ]
    start = hourly.part(first, hourly.steps).start
    return line_chart(title, unit, lines, start=start, step_s=hourly.step_s, zone=zone)
