"""What an inspector gets: verdicts as JUnit, a page with plots, trace and wire log, versions."""

import json
import platform
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import numpy as np

from controller.report.charts import Chart, Line, line_chart
from controller.report.wording import Text
from hil_tests.bench.kpi import Kpi
from hil_tests.bench.runner import Outcome

MOST_POINTS = 600


def write_report(outcome: Outcome, folder: Path, *, as_csv: bool = False) -> Path:
    """Write everything of a run into a folder.

    Args:
        outcome: The run.
        folder: Where; made where it is not there.
        as_csv: The trace as CSV instead of Parquet.

    Returns:
        The page.

    Raises:
        OSError: The folder can not be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    outcome.trace.write(folder, as_csv=as_csv)
    outcome.wire.write_csv(folder / "wire.csv")
    (folder / "run.json").write_text(
        json.dumps(_about(outcome), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    _junit(outcome).write(folder / "junit.xml", encoding="utf-8", xml_declaration=True)
    page = folder / "report.html"
    page.write_text(_page(outcome), encoding="utf-8")
    return page


def _about(outcome: Outcome) -> dict[str, object]:
    scenario = outcome.scenario
    return {
        "scenario": scenario.name,
        "site": outcome.site.site_id,
        "start": scenario.start.isoformat(),
        "hours": scenario.hours,
        "seed": scenario.seed,
        "plant_seed": scenario.plant_seed,
        "plant": list(outcome.parameters.changes),
        "passed": outcome.passed,
        "verdicts": [
            {
                "name": one.name, "what": one.what, "unit": one.unit, "passed": one.passed,
                "measured": one.measured if np.isfinite(one.measured) else None,
                "low": one.low, "high": one.high, "where": one.where,
            }
            for one in outcome.verdicts
        ],
        "alarms": [{"second": one.second, "alarm": one.alarm_id} for one in outcome.told],
        "kpi": dict(outcome.kpi.rows()),
        "weather_curve": None if outcome.curve is None else dict(outcome.curve.rows()),
        "versions": {
            "heatwarden": version("heatwarden"),
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "numba", "highspy", "pyserial")},
        },
    }  # fmt: skip


def _junit(outcome: Outcome) -> "ElementTree.ElementTree[ElementTree.Element]":
    failed = sum(not one.passed for one in outcome.verdicts)
    suite = ElementTree.Element(
        "testsuite",
        name=f"bench.{outcome.scenario.name}",
        tests=str(len(outcome.verdicts)),
        failures=str(failed),
        time=f"{outcome.wall_s:.1f}",
    )
    for one in outcome.verdicts:
        case = ElementTree.SubElement(
            suite, "testcase", name=one.name, classname=f"bench.{outcome.scenario.name}"
        )
        if not one.passed:
            said = f"{one.measured:g} {one.unit}, from {one.low} to {one.high}; {one.where}"
            ElementTree.SubElement(case, "failure", message=said)
    return ElementTree.ElementTree(suite)


def _page(outcome: Outcome) -> str:
    from jinja2 import Environment, select_autoescape

    environment = Environment(autoescape=select_autoescape(["html"], default=True))
    template = environment.from_string(
        Path(__file__).with_name("report.html").read_text(encoding="utf-8")
    )
    scenario = outcome.scenario
    facts = (
        f"{outcome.site.name}, {scenario.start.isoformat()}, {scenario.hours:g} h; "
        f"seed {scenario.seed}, plant {scenario.plant_seed}; "
        f"heatwarden {version('heatwarden')}; {outcome.wall_s:.0f} s, CPU {outcome.cpu_s:.0f} s"
    )
    return template.render(
        outcome=outcome, charts=_charts(outcome), facts=facts, curve=_rows(outcome.curve)
    )


def _rows(kpi: Kpi | None) -> dict[str, str] | None:
    return None if kpi is None else dict(kpi.rows())


def _charts(outcome: Outcome) -> list[Chart]:
    trace, facts = outcome.trace, outcome.facts
    stride = max(1, len(trace.seconds) // MOST_POINTS)
    step_s = round((trace.seconds[1] - trace.seconds[0]) * stride) if len(trace.seconds) > 1 else 60
    zone = ZoneInfo(outcome.site.timezone)
    worst = trace.of("buildings", "worst_flat_temp_c")
    top = trace.of("nodes", "supply_pressure_bar").max(axis=1)

    def chart(title: Text, unit: str, *lines: tuple[Text, object, str]) -> Chart:
        drawn = [
            Line(name=name, style=style, values=np.atleast_1d(np.asarray(values, dtype=float)))
            for name, values, style in lines
        ]
        thinned = [
            line if len(line.values) == 1 else Line(
                name=line.name, values=line.values[::stride], style=line.style
            )
            for line in drawn
        ]  # fmt: skip
        return line_chart(
            title, unit, thinned, start=outcome.scenario.start, step_s=step_s, zone=zone
        )

    return [
        chart(
            Text(zh="供水温度", en="Supply temperature"), "degC",
            (Text(zh="设定", en="setpoint"), trace.of("plants", "setpoint_c")[:, 0], "base"),
            (Text(zh="实际", en="outlet"), trace.of("plants", "supply_temp_c")[:, 0], "plan"),
            (Text(zh="回水", en="return"), trace.of("plants", "return_temp_c")[:, 0], "second"),
        ),
        chart(
            Text(zh="室外温度", en="Outdoor temperature"), "degC",
            (Text(zh="室外", en="outdoor"), trace.site["outdoor_temp_c"], "plan"),
        ),
        chart(
            Text(zh="最冷房间", en="Worst flats"), "degC",
            (Text(zh="最冷", en="coldest"), worst.min(axis=1), "plan"),
            (Text(zh="平均", en="mean"), worst.mean(axis=1), "second"),
            (Text(zh="承诺", en="promised"), min(facts.min_indoor_c), "limit"),
        ),
        chart(
            Text(zh="泵", en="Pumps"), "%",
            (Text(zh="转速", en="speed"), trace.of("pumps", "speed_pct")[:, 0], "plan"),
        ),
        chart(
            Text(zh="最高压力", en="Highest pressure"), "bar",
            (Text(zh="最高", en="highest"), top, "plan"),
            (Text(zh="最弱管道允许", en="weakest pipe"), min(facts.pipe_max_bar), "limit"),
        ),
        chart(
            Text(zh="补水", en="Make-up"), "m3/h",
            (Text(zh="补水", en="make-up"), trace.site["makeup_m3_h"], "plan"),
            (Text(zh="允许", en="allowed"), facts.max_makeup_m3_h, "limit"),
        ),
    ]  # fmt: skip
