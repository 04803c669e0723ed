"""Down from the district: a branch, a station, a building; each with the way back up."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from controller.console.access import Visitor, console_of, need
from controller.console.figures import measured_value, target_figures, written
from controller.console.flats import Flat, flats_now
from controller.console.frame import Crumb, show
from controller.console.knowledge import intervals_of
from controller.console.map_frame import frame_of
from controller.console.network_map import draw_map
from controller.console.settings import Console
from controller.console.snapshot import Snapshot
from controller.console.topology import is_old
from controller.report.numbers import number
from controller.roles import Role
from optimizer.model.network import Station

router = APIRouter()


@router.get("/find")
def find(
    request: Request, visitor: Annotated[Visitor, Depends(need(Role.VIEWER))], name: str = ""
) -> Response:
    """Go to a station, building or branch by its name."""
    console = console_of(request)
    network, wanted = console.site.district.network, name.strip()
    if wanted in network.station_index:
        return RedirectResponse(f"/stations/{wanted}", status_code=303)
    if wanted in network.building_index:
        return RedirectResponse(f"/buildings/{wanted}", status_code=303)
    if wanted in console.topology.stations_of_branch:
        return RedirectResponse(f"/branches/{wanted}", status_code=303)
    raise HTTPException(404)


@router.get("/nearest")
def nearest(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.VIEWER))],
    x: float,
    y: float,
) -> Response:
    """Go to the station nearest to a place on the map, given in shares of its width and height."""
    console = console_of(request)
    network = console.site.district.network
    frame = frame_of(network)

    def distance(station: Station) -> float:
        node = network.nodes[network.node_index[station.node_id]]
        at = frame.share(node.x_m, node.y_m)
        return (at[0] - 100.0 * x) ** 2 + ((at[1] - 100.0 * y) * frame.height / 1000.0) ** 2

    found = min(network.stations, key=distance, default=None)
    if found is None:
        raise HTTPException(404)
    return RedirectResponse(f"/stations/{found.station_id}", status_code=303)


@router.get("/branches/{name}")
def branch(
    request: Request, name: str, visitor: Annotated[Visitor, Depends(need(Role.VIEWER))]
) -> Response:
    """Show a branch: its part of the map, its stations, the nearest first."""
    console = console_of(request)
    stations = console.topology.stations_of_branch.get(name)
    if stations is None:
        raise HTTPException(404)
    seen = console.snapshot()
    flats = flats_now(console, seen)
    network = console.site.district.network
    ways = [pipe for one in stations for pipe in console.topology.way_to(one.node_id)]
    first = next((i for i, pipe in enumerate(ways) if pipe.pipe_id == name), 0)
    own = {pipe.pipe_id for pipe in ways} - {pipe.pipe_id for pipe in ways[:first]}
    nodes = {end for pipe in ways if pipe.pipe_id in own for end in (pipe.from_node, pipe.to_node)}
    drawn = draw_map(
        network,
        frame_of(network, nodes or None),
        year=seen.read_at.year,
        label=visitor.words("map.label_branch", name=name),
        supply_temp_c=seen.courses.get("now", {}).get("nodes"),
        faint_but=own,
    )
    return show(
        request,
        visitor,
        "branch.html",
        seen=seen,
        name=name,
        crumbs=[Crumb(visitor.words("place.district"), "/")],
        network_map=drawn,
        stations=[_station_row(console, seen, one, flats) for one in stations],
    )


@router.get("/stations/{name}")
def station(
    request: Request, name: str, visitor: Annotated[Visitor, Depends(need(Role.VIEWER))]
) -> Response:
    """Show a station, the pipes on its way, its buildings."""
    console = console_of(request)
    network = console.site.district.network
    if name not in network.station_index:
        raise HTTPException(404)
    seen = console.snapshot()
    found = network.stations[network.station_index[name]]
    flats = flats_now(console, seen)
    branch_name = console.topology.branch_of_station[name]
    year = seen.read_at.year
    return show(
        request,
        visitor,
        "station.html",
        seen=seen,
        station=found,
        crumbs=_crumbs(visitor, branch_name),
        figures=target_figures(console, seen, visitor.words, "station", name),
        distance=number(console.topology.distance_to(found), 0),
        buildings=[
            _building_row(one.building_id, one.floor_area_m2, one.year_built, flats)
            for one in console.topology.buildings_of_station[name]
        ],
        way_to=[
            {
                "name": pipe.pipe_id,
                "length": number(pipe.length_m, 0),
                "diameter": number(1000.0 * pipe.inner_diameter_m, 0),
                "year": pipe.year_laid,
                "old": is_old(pipe, year),
                "pressure": number(pipe.max_pressure_bar, 1),
                "temp": number(pipe.max_temp_c, 0),
                "ramp": number(pipe.max_ramp_k_h, 1),
            }
            for pipe in console.topology.way_to(found.node_id)
        ],
        points=_diagnostics(console, seen, "station", name),
    )


@router.get("/buildings/{name}")
def building(
    request: Request, name: str, visitor: Annotated[Visitor, Depends(need(Role.VIEWER))]
) -> Response:
    """Show a building and where its figures come from."""
    console = console_of(request)
    network = console.site.district.network
    if name not in network.building_index:
        raise HTTPException(404)
    seen = console.snapshot()
    found = network.buildings[network.building_index[name]]
    least = seen.courses.get("now", {}).get("flats_least", [])
    index = network.building_index[name]
    crumbs = _crumbs(visitor, console.topology.branch_of_station[found.station_id])
    crumbs.append(Crumb(found.station_id, f"/stations/{found.station_id}"))
    return show(
        request,
        visitor,
        "building.html",
        seen=seen,
        building=found,
        crumbs=crumbs,
        figures=target_figures(console, seen, visitor.words, "building", name),
        flat=_building_row(name, found.floor_area_m2, found.year_built, flats_now(console, seen)),
        least_ahead=number(least[index] if index < len(least) else None, 1),
        points=_diagnostics(console, seen, "building", name),
        derived=[one for one in console.site.derived if name in str(one)],
        intervals=intervals_of(console, "buildings", name),
    )


def _crumbs(visitor: Visitor, branch_name: str) -> list[Crumb]:
    crumbs = [Crumb(visitor.words("place.district"), "/")]
    if branch_name:
        text = visitor.words("place.branch", name=branch_name)
        crumbs.append(Crumb(text, f"/branches/{branch_name}"))
    return crumbs


def _station_row(console: Console, seen: Snapshot, one: Station, flats: Any) -> dict[str, Any]:
    name = one.station_id
    own = [
        flats[building.building_id]
        for building in console.topology.buildings_of_station[name]
        if building.building_id in flats
    ]
    worst: Flat | None = min(own, key=lambda flat: flat.worst_c - flat.least_c, default=None)

    def measured(quantity: str) -> str:
        return written(measured_value(console, seen, "station", name, quantity), quantity)

    return {
        "name": name,
        "kind": str(one.kind),
        "distance": number(console.topology.distance_to(one), 0),
        "supply": measured("supply_temp_c"),
        "return": measured("return_temp_c"),
        "flow": measured("flow_m3_h"),
        "buildings": len(console.topology.buildings_of_station[name]),
        "worst": "" if worst is None else number(worst.worst_c, 1),
        "short": worst is not None and worst.short,
    }


def _building_row(name: str, floor_area_m2: float, year_built: int, flats: Any) -> dict[str, Any]:
    flat: Flat | None = flats.get(name)
    return {
        "name": name,
        "area": number(floor_area_m2, 0),
        "year": year_built,
        "worst": "" if flat is None else number(flat.worst_c, 1),
        "least": "" if flat is None else number(flat.least_c, 1),
        "short": flat is not None and flat.short,
        "measured": flat is not None and flat.measured,
    }


def _diagnostics(console: Console, seen: Snapshot, kind: str, name: str) -> list[dict[str, Any]]:
    """Every point of a place, raw: what its device says, how good and how old it is."""
    rows = []
    for point in console.site.points:
        if (point.target_kind, point.target_id) != (kind, name):
            continue
        reading = seen.readings.get(point.point_id, {})
        rows.append(
            {
                "point": point.point_id,
                "device": point.device_id,
                "tag": point.tag,
                "quantity": point.quantity,
                "direction": str(point.direction),
                "value": number(reading.get("value"), 2),
                "quality": str(reading.get("quality", "")),
                "age": number(reading.get("age_s"), 0),
                "stale_after": number(point.stale_after_s, 0),
            }
        )
    return rows
