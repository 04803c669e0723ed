"""A real plan and two simulated days of a site, for pages to show; the weather is moved to now."""

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from controller.approvals import Recommendation
from controller.cycle import recommendation_of
from controller.engine.elements import Element, elements
from controller.engine.planner import PlanTask, plan_with_prefixes
from controller.site import Site, load_site
from controller.sitefiles.parts import Point
from controller.translate import weather_on_grid
from drivers.base import Quality, Reading
from drivers.weather.csv_file import read_weather_csv
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast
from optimizer.model.schedule import Schedule
from optimizer.model.trace import Trace
from optimizer.simulate import simulate

PAST_H = 48
SEED = 8


@dataclass(frozen=True, kw_only=True)
class PlantDay:
    """A site whose present is `now`: readings until then, a recommendation made then."""

    site: Site
    now: datetime
    readings: tuple[Reading, ...]
    advice: Recommendation
    basis: PlanTask


def moved_site(source: Path, folder: Path, present: datetime, now: datetime) -> Path:
    """Copy a site and move its weather so that an instant of it becomes now."""
    shutil.copytree(source, folder)
    path = folder / "weather.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    moved = [lines[0]]
    for line in lines[1:]:
        at, _, rest = line.partition(",")
        moved.append(f"{(datetime.fromisoformat(at) + (now - present)).isoformat()},{rest}")
    path.write_text("\n".join(moved) + "\n", encoding="utf-8")
    return folder


def plant_day(folder: Path, now: datetime) -> PlantDay:
    """Simulate the past on the weather curve, then plan from where it ends."""
    site = load_site(folder)
    series = read_weather_csv(folder / "weather.csv", issue_time=now)

    def ahead(start: datetime, hours: float) -> tuple[Forecast, Forecast | None]:
        return weather_on_grid(
            series, district=site.district, timezone=site.timezone, start=start, hours=hours
        )

    since = now - timedelta(hours=PAST_H)
    before, history = ahead(since, PAST_H)
    begin = starting_state(site.district, before, history)
    schedule = baseline_schedule(site.district, before, begin)
    past = simulate(site.district.network, begin, before, schedule)
    forecast, _ = ahead(now, site.district.control.horizon_h)
    own = elements(site)
    task = PlanTask(
        district=site.district,
        state=past.end_state,
        forecast=forecast,
        elements=own,
    )
    planned = plan_with_prefixes(task)
    assert planned.certified
    readings = _readings(site, own, past, schedule, before)
    advice = recommendation_of(now, task, planned, latest(readings))
    basis = replace(task, schedule=planned.schedule)
    return PlantDay(site=site, now=now, readings=readings, advice=advice, basis=basis)


def latest(readings: tuple[Reading, ...]) -> dict[str, Reading]:
    return {one.point_id: one for one in readings}


def _readings(
    site: Site,
    own: tuple[Element, ...],
    past: Trace,
    schedule: Schedule,
    weather: Forecast,
) -> tuple[Reading, ...]:
    """What the points would have measured, with a little noise, at every step's end."""
    dice = np.random.default_rng(SEED)
    backs = {one.readback_id: one for one in own if one.readback_id is not None}
    found = []
    for point in site.points:
        if point.direction != "read":
            continue
        back = backs.get(point.point_id)
        row = _setpoints(back, schedule) if back else _course(site, point, past, weather)
        if row is None:
            continue
        noise = 0.0 if back else _NOISE.get(point.quantity, 0.0)
        for step, value in enumerate(row[: schedule.steps]):
            at = past.start + timedelta(seconds=(step + 1) * past.step_s)
            noisy = round(float(value) + float(dice.normal(0.0, noise or 1e-12)), 2)
            found.append(
                Reading(point_id=point.point_id, value=noisy, time=at, quality=Quality.GOOD)
            )
    return tuple(sorted(found, key=lambda one: (one.time, one.point_id)))


_NOISE = {
    "supply_temp_c": 0.15,
    "return_temp_c": 0.15,
    "secondary_supply_temp_c": 0.15,
    "flow_m3_h": 0.4,
    "supply_pressure_bar": 0.01,
    "return_pressure_bar": 0.01,
    "makeup_m3_h": 0.03,
    "heat_power_kw": 60.0,
    "indoor_temp_c": 0.05,
    "outdoor_temp_c": 0.1,
}


def _setpoints(element: Element, schedule: Schedule) -> FloatArray:
    rows = {
        "plant": schedule.supply_temp_c,
        "pump": schedule.pump_setpoint,
        "station": schedule.secondary_offset_k,
    }
    row: FloatArray = rows[element.kind][element.index]
    return row


def _course(site: Site, point: Point, past: Trace, weather: Forecast) -> FloatArray | None:
    network = site.district.network
    steps = weather.steps
    if point.quantity == "remote":
        return np.ones(steps)
    if point.target_kind == "site":
        rows = {
            "outdoor_temp_c": weather.outdoor_temp_c[0, 1:],
            "wind_m_s": weather.wind_m_s[0],
            "ghi_w_m2": weather.ghi_w_m2[0],
        }
        return rows.get(point.quantity)
    if point.target_kind == "building":
        index = network.building_index[point.target_id]
        row: FloatArray = past.buildings.indoor_temp_c[1:, index]
        return row
    if point.target_kind == "station":
        i = network.station_index[point.target_id]
        flow = past.stations.mass_flow_kg_s[:, i] * 3.6
        table = {
            "supply_temp_c": past.stations.supply_temp_c[:, i],
            "return_temp_c": past.stations.return_temp_c[:, i],
            "secondary_supply_temp_c": past.stations.secondary_supply_temp_c[:, i],
            "flow_m3_h": flow,
        }
        return table.get(point.quantity)
    if point.target_kind == "pump":
        i = network.pump_index[point.target_id]
        table = {"speed_pct": past.pumps.speed_pct[:, i], "power_kw": past.pumps.power_kw[:, i]}
        return table.get(point.quantity)
    i = network.plant_index[point.target_id]
    table = {
        "supply_temp_c": past.plants.supply_temp_c[:, i],
        "return_temp_c": past.plants.return_temp_c[:, i],
        "flow_m3_h": past.plants.mass_flow_kg_s[:, i] * 3.6,
        "heat_power_kw": past.plants.heat_power_mw[:, i] * 1000.0,
        "supply_pressure_bar": past.plants.supply_pressure_bar[:, i],
        "return_pressure_bar": past.plants.return_pressure_bar[:, i],
        "makeup_m3_h": past.plants.makeup_m3_h[:, i],
    }
    return table.get(point.quantity)


def utc_now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
