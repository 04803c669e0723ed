"""Write the demonstration site `config/old-east`: a made-up district of a real kind.

    python -m benchmarks.make_old_east [FOLDER]

Everything follows from two seeds, so the same files come out on every machine. What is drawn and
what is chosen stands in the modules of `benchmarks.old_east`: streets, pipes with their ages and
limits, stations and buildings, the hand-set valves, the points, and the weather with its cold wave.
`tests/demo/test_old_east.py` holds what the site is meant to show.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.old_east.balance import available_bar, set_valves
from benchmarks.old_east.consumers import RADIATOR_EXPONENT, Substation, build_stations
from benchmarks.old_east.dice import Dice
from benchmarks.old_east.field import point_lines
from benchmarks.old_east.pipes import SizedPipe, build_pipes, flows_kg_s
from benchmarks.old_east.site_toml import plant_dp_bar, site_toml
from benchmarks.old_east.streets import PLANT_NODE, Town, lay_out
from benchmarks.old_east.weather import weather_rows

SEED = 1987
DEFAULT_FOLDER = Path(__file__).resolve().parent.parent / "config" / "old-east"


@dataclass(frozen=True, kw_only=True)
class OldEast:
    """The whole district before it is written."""

    town: Town
    pipes: tuple[SizedPipe, ...]
    stations: tuple[Substation, ...]


def build(seed: int = SEED) -> OldEast:
    """Draw the district.

    Args:
        seed: The seed.

    Returns:
        The district.
    """
    dice = Dice(seed)
    town = lay_out(dice)
    stations = build_stations(town.plots, dice)
    demand = {station.plot.node_id: station.design_flow_kg_s for station in stations}
    flow = flows_kg_s(town.streets, demand)
    pipes = build_pipes(town.streets, flow, dice)
    total = sum(flow[street.pipe_id] for street in town.streets if street.from_node == PLANT_NODE)
    left = available_bar(pipes, plant_dp_bar(total))
    return OldEast(town=town, pipes=pipes, stations=set_valves(stations, left, dice))


def write(folder: Path) -> None:
    """Write all files of the site.

    Args:
        folder: Where to; made if it is not there.
    """
    district = build()
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "site.toml": site_toml(district.stations),
        "nodes.csv": _text(_node_lines(district)),
        "pipes.csv": _text(_pipe_lines(district)),
        "stations.csv": _text(_station_lines(district)),
        "buildings.csv": _text(_building_lines(district)),
        "points.csv": _text(point_lines(district.stations)),
        "weather.csv": _text(_weather_lines()),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _node_lines(district: OldEast) -> list[str]:
    lines = ["node_id,x_m,y_m,elevation_m"]
    lines += [
        f"{node.node_id},{node.x_m:.1f},{node.y_m:.1f},{node.elevation_m:.1f}"
        for node in district.town.junctions
    ]
    return lines


def _pipe_lines(district: OldEast) -> list[str]:
    lines = [
        "pipe_id,from_node,to_node,length_m,inner_diameter_mm,wall_thickness_mm,year_laid,"
        "roughness_mm,heat_loss_w_m_k,max_pressure_bar,max_temp_c,max_ramp_k_h,leak_m3_h,in_service"
    ]
    for pipe in district.pipes:
        street = pipe.street
        lines.append(
            f"{street.pipe_id},{street.from_node},{street.to_node},{street.length_m:.1f},"
            f"{pipe.inner_diameter_mm:.1f},{pipe.wall_thickness_mm:.2f},{street.year_laid},"
            f"{pipe.roughness_mm:.2f},{pipe.heat_loss_w_m_k:.3f},{pipe.max_pressure_bar:.1f},"
            f"{pipe.max_temp_c:.1f},{pipe.max_ramp_k_h:.1f},{pipe.leak_m3_h:.4f},"
            f"{int(street.in_service)}"
        )
    return lines


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _station_lines(district: OldEast) -> list[str]:
    lines = [
        "station_id,node_id,kind,hx_ua_kw_k,valve_kvs,control,opening_pct,secondary_flow_kg_s,"
        "min_dp_bar,design_heat_kw"
    ]
    lines += [
        f"{one.station_id},{one.plot.node_id},{one.kind},{_number(one.hx_ua_kw_k, 2)},"
        f"{one.valve_kvs:.2f},{one.control},{_number(one.opening_pct, 0)},"
        f"{_number(one.secondary_flow_kg_s, 2)},{0.2 if one.kind == 'direct' else 0.3},"
        f"{one.design_heat_kw:.1f}"
        for one in district.stations
    ]
    return lines


def _building_lines(district: OldEast) -> list[str]:
    lines = [
        "building_id,station_id,floor_area_m2,year_built,envelope,ua_kw_k,capacity_kwh_k,"
        "radiator_kw,radiator_exponent,height_m,corner_share,vacant_share,worst_flat_beta,"
        "min_indoor_c,internal_gain_w_m2,solar_aperture_m2,wind_ua_pct_per_m_s"
    ]
    lines += [
        f"{one.building_id},{one.station_id},{one.floor_area_m2:.0f},{one.year_built},"
        f"{one.envelope},{one.ua_kw_k:.3f},{one.capacity_kwh_k:.1f},{one.radiator_kw:.1f},{RADIATOR_EXPONENT},"
        f"{one.height_m:.1f},{one.corner_share:.2f},{one.vacant_share:.2f},"
        f"{one.worst_flat_beta:.4f},18.0,{one.internal_gain_w_m2:.1f},"
        f"{one.solar_aperture_m2:.1f},{one.wind_ua_pct_per_m_s:.2f}"
        for station in district.stations
        for one in station.houses
    ]
    return lines


def _weather_lines() -> list[str]:
    return ["time,outdoor_temp_c,wind_m_s,ghi_w_m2", *(",".join(row) for row in weather_rows())]


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FOLDER)
