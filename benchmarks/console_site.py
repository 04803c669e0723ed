"""A site of any size for the console's figures: streets off a main, a station every other node."""

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

from controller.approvals import Member, Recommendation
from controller.paths import config_dir
from controller.site import Site

HOUSES = 24  # nodes in a street
_SPACING_M = 60.0
_PLANT_DEVICES = ("plc1", "drive1", "drive2", "ws1")


def write_console_site(folder: Path, nodes: int) -> Path:
    """Write a site folder.

    Args:
        folder: Made here.
        nodes: Number of nodes.

    Returns:
        The folder.
    """
    source = config_dir() / "old-east"
    folder.mkdir(parents=True)
    (folder / "site.toml").write_bytes((source / "site.toml").read_bytes())
    (folder / "weather.csv").write_bytes((source / "weather.csv").read_bytes())
    places, pipes, stations, buildings = _tables(nodes)
    _write(folder / "nodes.csv", places)
    _write(folder / "pipes.csv", pipes)
    _write(folder / "stations.csv", stations)
    _write(folder / "buildings.csv", buildings)
    points = (source / "points.csv").read_text(encoding="utf-8").splitlines()
    kept = [points[0], *(one for one in points[1:] if one.split(",")[1] in _PLANT_DEVICES)]
    (folder / "points.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    return folder


def advice_for(site: Site, now: datetime) -> Recommendation:
    """Make up a recommendation with its courses, of the size of a real one.

    Args:
        site: The site.
        now: When it is made, tz-aware.

    Returns:
        The recommendation.
    """
    from datetime import timedelta

    network = site.district.network
    half_hours = 97
    course = [75.0 + 0.2 * i for i in range(half_hours)]
    building = {
        "building_id": network.buildings[-1].building_id, "min_indoor_c": 18.0,
        "p10": None, "p50": course, "p90": None, "baseline": course, "held": course,
    }  # fmt: skip
    courses: dict[str, Any] = {
        "start": now.isoformat(),
        "step_s": 1800,
        "outdoor": {"p10": None, "p50": [-0.1 * i for i in range(half_hours)], "p90": None},
        "plants": {
            "P1": dict.fromkeys(("setpoint", "delivered", "baseline", "return", "heat_mw"), course)
        },
        "pumps": {one.pump_id: {"setpoint": course, "baseline": course} for one in network.pumps},
        "buildings": {"farthest": building, "coldest": building},
        "short": {
            name: {"buildings": 3, "max_shortfall_k": 0.4} for name in ("plan", "baseline", "held")
        },
        "now": {
            "nodes": [60.0 + (i % 30) for i in range(len(network.nodes))],
            "flats": [17.9 + (i % 30) / 10.0 for i in range(len(network.buildings))],
            "flats_least": [17.5] * len(network.buildings),
        },
    }
    series = tuple(75.0 + 0.05 * i for i in range(192))
    cost = {"total": 1e5, "fuel": 1e5, "electricity": 0, "makeup": 0, "risk": 0, "stored_heat": 0}
    return Recommendation(
        recommendation_id="20260116-040000-00000000",
        at=now,
        expires_at=now + timedelta(hours=1),
        input_hash="0" * 64,
        start=now,
        step_s=900,
        members=(
            Member(element="plant:P1", quantity="supply_temp_c", point_id="P1.supply_temp.sp",
                   before=75.0, series=series),
        ),
        limits=(),
        effect={"cost": cost, "baseline_cost": cost, "comfort": {}, "reasons": [],
                "courses": courses},
    )  # fmt: skip


def _tables(nodes: int) -> tuple[list[list[Any]], ...]:
    places: list[list[Any]] = [["node_id", "x_m", "y_m", "elevation_m"], ["T00", 0, 0, 40]]
    pipes: list[list[Any]] = [
        ["pipe_id", "from_node", "to_node", "length_m", "inner_diameter_mm", "year_laid",
         "max_pressure_bar"]
    ]  # fmt: skip
    stations: list[list[Any]] = [
        ["station_id", "node_id", "kind", "hx_ua_kw_k", "valve_kvs", "control",
         "secondary_flow_kg_s", "design_heat_kw"]
    ]  # fmt: skip
    buildings: list[list[Any]] = [["building_id", "station_id", "floor_area_m2", "year_built"]]
    street, before_main = 0, "T00"
    while len(places) - 1 < nodes:
        street += 1
        x = street * 2 * _SPACING_M
        main = f"M{street}"
        places.append([main, x, 0, 40])
        pipes.append([f"P{main}", before_main, main, 2 * _SPACING_M, 300, 1990, 10])
        before_main = main
        for house in range(1, HOUSES + 1):
            if len(places) - 1 >= nodes:
                break
            side = 1 if house % 2 else -1
            name = f"N{street}-{house}"
            places.append([name, x + 7 * (house % 3), side * _SPACING_M * ((house + 1) // 2), 41])
            parent = main if house <= 2 else f"N{street}-{house - 2}"
            pipes.append([f"P{name}", parent, name, _SPACING_M, 100, 1985 + house, 9 + house % 4])
            if house % 2 == 0 or house > HOUSES - 2:
                stations.append(
                    [f"S{street}-{house}", name, "exchanger", 8, 4, "compensated", 2, 80]
                )
                buildings.append([f"B{street}-{house}", f"S{street}-{house}", 2400, 1986])
    return places, pipes, stations, buildings


def _write(path: Path, rows: list[list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
