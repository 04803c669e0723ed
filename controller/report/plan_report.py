"""A plan as one self-contained page: beside the weather curve, in Chinese and English."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from controller.report.charts import Chart, Line, line_chart
from controller.report.drawing import draw_network, temperature_colour
from controller.report.numbers import local_time, number, short_number, zone_label
from controller.report.reasons import reason_text
from controller.report.wording import LIMITS, STATUS, WORDS, Text, same
from controller.site import Site
from optimizer.model.network import PumpControl
from optimizer.model.outcome import LimitResult
from optimizer.model.plan import Evaluated, Plan
from optimizer.standing import pumps_running


def write_plan_report(plan: Plan, site: Site, path: Path) -> None:
    """Write the page of a plan.

    Args:
        plan: The plan.
        site: The site it is for.
        path: The file.

    Raises:
        OSError: If the file cannot be written.
    """
    path.write_text(plan_page(plan, site), encoding="utf-8")


def plan_page(plan: Plan, site: Site) -> str:
    """Render the page of a plan.

    Args:
        plan: The plan.
        site: The site it is for.

    Returns:
        HTML that needs nothing from elsewhere.
    """
    environment = Environment(
        loader=PackageLoader("controller.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
    )
    zone = ZoneInfo(site.timezone)
    trace = plan.chosen.trace
    coldest = min(int(trace.outdoor_temp_c.argmin()), len(trace.nodes.supply_temp_c) - 1)
    temps = trace.nodes.supply_temp_c[coldest]
    low, high = float(temps.min()), float(temps.max())
    end = trace.start + timedelta(seconds=trace.step_s * len(trace.nodes.supply_temp_c))
    return environment.get_template("plan_report.html").render(
        w=WORDS,
        site_name=site.name,
        period=f"{local_time(trace.start, zone)} – {local_time(end, zone)}",
        zone=zone_label(trace.start, zone),
        status=STATUS[plan.status.value],
        glance=_glance(plan, site),
        bound=_bound(plan),
        reasons=[reason_text(reason, zone) for reason in plan.reasons],
        coldest_time=local_time(trace.start + timedelta(seconds=coldest * trace.step_s), zone),
        network=_network(plan, site, coldest),
        ramp_low=temperature_colour(0.0, 0.0, 1.0),
        ramp_high=temperature_colour(1.0, 0.0, 1.0),
        ramp_from=number(low, 1),
        ramp_to=number(high, 1),
        charts=_charts(plan, site, zone),
        limits=[_limit_row(one, zone) for one in plan.chosen.certificate.limits],
        baseline_limits=[
            _limit_row(one, zone) for one in plan.baseline.certificate.limits if one.margin < 0.0
        ],
        hourly=_hourly(plan, site, zone),
    )


def _glance(plan: Plan, site: Site) -> list[dict[str, object]]:
    """Warmth and cost of the plan beside the weather curve's."""
    chosen, usual = plan.chosen.certificate, plan.baseline.certificate
    currency = site.district.prices.currency

    def row(
        name: Text, unit: str, planned: float, baseline: float, digits: int
    ) -> dict[str, object]:
        return {
            "name": Text(f"{name.zh}, {unit}", f"{name.en}, {unit}"),
            "plan": number(planned, digits),
            "baseline": number(baseline, digits),
        }

    warmth = (
        ("max_shortfall", "K", "max_shortfall_k", 2),
        ("shortfall_k_h", "K h", "shortfall_k_h", 1),
        ("mean_indoor_end", "°C", "mean_indoor_end_c", 2),
    )
    costs = ("total", "fuel", "electricity", "makeup", "risk", "stored_heat", "starts")
    return [
        row(WORDS[word], unit, getattr(chosen.comfort, key), getattr(usual.comfort, key), digits)
        for word, unit, key, digits in warmth
    ] + [
        row(WORDS[key], currency, getattr(chosen.cost, key), getattr(usual.cost, key), 0)
        for key in costs
    ]


def _bound(plan: Plan) -> dict[str, str] | None:
    if plan.bound is None:
        return None
    return {"cost": number(plan.bound.cost_lower, 0), "gap": number(plan.bound.gap_pct, 2)}


def _limit_row(one: LimitResult, zone: ZoneInfo) -> dict[str, object]:
    return {
        "name": LIMITS[one.limit],
        "where": one.where,
        "time": local_time(one.time, zone),
        "worst": short_number(one.worst),
        "allowed": short_number(one.allowed),
        "margin": short_number(one.margin),
        "unit": one.unit,
        "exceeded": one.margin < 0.0,
    }


def _special_buildings(plan: Plan, site: Site) -> tuple[int, int]:
    """The building farthest from a plant, and the one with the coldest flat."""
    network = site.district.network
    named = [one.values.get("building_id") for one in plan.reasons if one.code == "transport_time"]
    farthest = network.building_index[str(named[0])] if named else 0
    least = np.array([building.min_indoor_c for building in network.buildings])
    margin = (plan.chosen.trace.buildings.worst_flat_temp_c - least).min(axis=0)
    return farthest, int(margin.argmin())


def _network(plan: Plan, site: Site, coldest: int) -> object:
    network = site.district.network
    trace = plan.chosen.trace
    least = np.array([building.min_indoor_c for building in network.buildings])
    short = (trace.buildings.worst_flat_temp_c < least - 0.01).any(axis=0)
    names = {network.buildings[int(b)].station_id for b in np.flatnonzero(short)}
    farthest, cold = _special_buildings(plan, site)
    marks = []
    for building, word in ((farthest, WORDS["farthest"]), (cold, WORDS["coldest"])):
        made = network.buildings[building]
        station = network.stations[network.station_index[made.station_id]]
        name = made.building_id
        marks.append((station.node_id, Text(f"{word.zh} {name}", f"{word.en} {name}")))
    return draw_network(
        network,
        trace.nodes.supply_temp_c[coldest],
        year=trace.start.year,
        short_stations=sorted(names),
        marks=marks,
    )


def _charts(plan: Plan, site: Site, zone: ZoneInfo) -> list[Chart]:
    chosen, usual = plan.chosen, plan.baseline
    charts = [*_plant_charts(plan, site, zone), *_pump_charts(plan, site, zone)]
    network = site.district.network
    for building, word in zip(_special_buildings(plan, site), ("farthest", "coldest"), strict=True):
        made, title = network.buildings[building], WORDS[word]
        lines = [
            Line(
                name=_beside("worst_flat", "plan"),
                values=chosen.trace.buildings.worst_flat_temp_c[:, building],
                style="plan",
            ),
            Line(
                name=_beside("worst_flat", "baseline"),
                values=usual.trace.buildings.worst_flat_temp_c[:, building],
                style="base",
            ),
            Line(name=WORDS["least"], values=np.array([made.min_indoor_c]), style="limit"),
        ]
        name = Text(f"{title.zh} {made.building_id}", f"{title.en} {made.building_id}")
        charts.append(_chart(name, "°C", lines, chosen, zone))
    outdoor = Line(name=WORDS["outdoor"], values=chosen.trace.outdoor_temp_c, style="plan")
    charts.append(_chart(WORDS["outdoor_chart"], "°C", [outdoor], chosen, zone))
    offsets = chosen.schedule.secondary_offset_k
    if np.abs(offsets).max(initial=0.0) > 0.0:
        writable = [s.offset_range_k is not None for s in network.stations]
        moved = offsets[np.array(writable)]
        lines = [
            Line(name=WORDS["offset_highest"], values=moved.max(axis=0), style="second"),
            Line(name=WORDS["offset_mean"], values=moved.mean(axis=0), style="plan"),
            Line(name=WORDS["offset_lowest"], values=moved.min(axis=0), style="base"),
        ]
        charts.append(_chart(WORDS["offset_chart"], "K", lines, chosen, zone))
    return charts


def _beside(word: str, whose: str) -> Text:
    """Name a course of the plan or of the baseline."""
    return Text(f"{WORDS[word].zh}（{WORDS[whose].zh}）", f"{WORDS[word].en} ({WORDS[whose].en})")


def _chart(title: Text, unit: str, lines: list[Line], shown: Evaluated, zone: ZoneInfo) -> Chart:
    trace = shown.trace
    return line_chart(title, unit, lines, start=trace.start, step_s=trace.step_s, zone=zone)


def _plant_charts(plan: Plan, site: Site, zone: ZoneInfo) -> list[Chart]:
    chosen, usual = plan.chosen, plan.baseline
    charts = []
    for i, plant in enumerate(site.district.network.plants):
        temps = [
            Line(
                name=_beside("setpoint", "plan"),
                values=chosen.schedule.supply_temp_c[i],
                style="plan",
            ),
            Line(
                name=_beside("delivered", "plan"),
                values=chosen.trace.plants.supply_temp_c[:, i],
                style="second",
            ),
            Line(
                name=_beside("delivered", "baseline"),
                values=usual.trace.plants.supply_temp_c[:, i],
                style="base",
            ),
        ]
        heats = [
            Line(name=WORDS["plan"], values=chosen.trace.plants.heat_power_mw[:, i], style="plan"),
            Line(
                name=WORDS["baseline"], values=usual.trace.plants.heat_power_mw[:, i], style="base"
            ),
            Line(name=WORDS["capacity"], values=np.array([plant.max_heat_mw]), style="limit"),
        ]
        charts.append(_chart(_of(WORDS["supply_chart"], plant.plant_id), "°C", temps, chosen, zone))
        charts.append(_chart(_of(WORDS["heat_chart"], plant.plant_id), "MW", heats, chosen, zone))
    return charts


def _of(title: Text, name: str) -> Text:
    return Text(f"{title.zh} {name}", f"{title.en} {name}")


def _pump_charts(plan: Plan, site: Site, zone: ZoneInfo) -> list[Chart]:
    charts = []
    for i, pump in enumerate(site.district.network.pumps):
        by_speed = pump.control is PumpControl.SPEED
        lines = [
            Line(name=WORDS["plan"], values=plan.chosen.schedule.pump_setpoint[i], style="plan"),
            Line(
                name=WORDS["baseline"],
                values=plan.baseline.schedule.pump_setpoint[i],
                style="base",
            ),
        ]
        title = WORDS["pump_chart"] if by_speed else WORDS["pump_dp_chart"]
        unit = "%" if by_speed else "bar"
        charts.append(_chart(_of(title, pump.pump_id), unit, lines, plan.chosen, zone))
    return charts


def _hourly(plan: Plan, site: Site, zone: ZoneInfo) -> dict[str, object]:
    """The plan's setpoints once an hour."""
    network, schedule = site.district.network, plan.chosen.schedule
    span = max(1, 3600 // schedule.step_s)
    names = [same(plant.plant_id) for plant in network.plants]
    names += [same(pump.pump_id) for pump in network.pumps]
    running = [*schedule.runs, *pumps_running(network, schedule.runs)]
    rows: list[list[str | Text]] = []
    for k in range(0, schedule.steps, span):
        at: datetime = schedule.start + timedelta(seconds=k * schedule.step_s)
        setpoints = zip([*schedule.supply_temp_c, *schedule.pump_setpoint], running, strict=True)
        rows.append([local_time(at, zone)])
        rows[-1] += [
            number(float(series[k]), 1) if runs[k] else WORDS["stands"]
            for series, runs in setpoints
        ]
    return {"names": names, "rows": rows}
