"""The site's settings as they were read, each with the file it comes from; nothing to change."""

from dataclasses import fields, is_dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from controller.console.access import Visitor, console_of, need
from controller.console.frame import show
from controller.roles import Role
from controller.site import SITE_FILE

router = APIRouter()


@router.get("/settings")
def settings(request: Request, visitor: Annotated[Visitor, Depends(need(Role.VIEWER))]) -> Response:
    """Show them."""
    site = console_of(request).site
    district = site.district
    network = district.network
    head = {
        "id": site.site_id,
        "name": site.name,
        "timezone": site.timezone,
        "latitude": site.latitude,
        "longitude": site.longitude,
        "store": _without_password(site.store_url),
    }
    sections: list[tuple[str, list[tuple[str, str]]]] = [
        ("[site]", [(key, str(value)) for key, value in head.items()]),
        *((f"[[plant]] {one.plant_id}", _rows(one)) for one in network.plants),
        *((f"[[pump]] {one.pump_id}", _rows(one)) for one in network.pumps),
        ("[limits]", _rows(district.limits)),
        ("[comfort]", _rows(district.comfort)),
        ("[prices]", _rows(district.prices)),
        ("[control]", _rows(district.control)),
        ("[cold_snap]", _rows(site.cold_snap)),
        ("[fallback]", _rows(site.fallback)),
        *((("[trip]", _rows(site.trip)),) if site.trip else ()),
        *((("[weather]", _rows(site.weather)),) if site.weather else ()),
    ]
    tables = [
        ("nodes.csv", len(network.nodes)),
        ("pipes.csv", len(network.pipes)),
        ("stations.csv", len(network.stations)),
        ("buildings.csv", len(network.buildings)),
        ("points.csv", len(site.points)),
    ]
    return show(
        request,
        visitor,
        "settings.html",
        sections=sections,
        tables=tables,
        file=SITE_FILE,
        folder=str(site.folder.resolve()),
        warnings=[str(one) for one in site.warnings],
        derived=len(site.derived),
    )


def _rows(part: Any) -> list[tuple[str, str]]:
    if not is_dataclass(part):
        return []
    return [(one.name, _text(getattr(part, one.name))) for one in fields(part)]


def _text(value: Any) -> str:
    if isinstance(value, tuple) and value and all(one == value[0] for one in value):
        return _text(value[0])
    return "–" if value is None else str(value)


def _without_password(url: str) -> str:
    """Addresses of databases may carry a password."""
    head, at, tail = url.rpartition("@")
    user = head.rpartition(":")[0] if head.count(":") > 1 else head
    return f"{user}{at}{tail}"
