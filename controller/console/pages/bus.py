"""Bus health: per device its points, how old and how good they are, and failures in a row."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from controller.console.access import Visitor, console_of, need
from controller.console.frame import show
from controller.console.settings import Console
from controller.console.snapshot import Snapshot
from controller.report.numbers import number
from controller.roles import Role
from controller.sitefiles.parts import Bus, Device

router = APIRouter()


@router.get("/bus")
def bus(request: Request, visitor: Annotated[Visitor, Depends(need(Role.VIEWER))]) -> Response:
    """List buses and their devices."""
    console = console_of(request)
    seen = console.snapshot()
    return show(
        request,
        visitor,
        "bus.html",
        seen=seen,
        buses=[
            {
                "name": one.bus_id,
                "kind": str(one.kind),
                "port": _port(one),
                "devices": [
                    _device(console, seen, device)
                    for device in console.site.devices
                    if device.bus_id == one.bus_id
                ],
            }
            for one in console.site.buses
        ],
    )


def _port(bus: Bus) -> str:
    if bus.port is None:
        return f"{bus.host}:{bus.tcp_port}"
    return f"{bus.port} {bus.baudrate or ''} {bus.parity or ''}".strip()


def _device(console: Console, seen: Snapshot, device: Device) -> dict[str, Any]:
    readings = [
        seen.readings[point.point_id]
        for point in console.site.points
        if point.device_id == device.device_id and point.point_id in seen.readings
    ]
    ages = [one["age_s"] for one in readings if one["age_s"] is not None]
    bad = sum(one["quality"] != "good" for one in readings)
    own = seen.engine.get("devices", {}).get(device.device_id, {})
    return {
        "name": device.device_id,
        "address": device.address,
        "profile": device.profile,
        "points": len(readings),
        "bad": bad,
        "failures": own.get("failures"),
        "youngest": number(min(ages, default=None), 0),
        "oldest": number(max(ages, default=None), 0),
        "silent": bool(readings) and bad == len(readings),
    }
