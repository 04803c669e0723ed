"""Which point writes and which shows each setpoint of the network."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.site import Site
from controller.sitefiles.parts import Direction
from drivers.base import Quality, Reading
from optimizer.model.network import PumpControl

# How a point is called that reads a setpoint back.
_SETPOINT_OF = {
    "supply_temp_c": "supply_temp_setpoint_c",
    "speed_pct": "speed_setpoint_pct",
    "dp_bar": "dp_setpoint_bar",
    "secondary_offset_k": "secondary_offset_setpoint_k",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Element:
    """A setpoint of the network: `kind` is plant, pump or station, `index` its place there.

    `point_id` writes it and `readback_id` shows it; None where the site has no such point. What
    can not be written is shown by a setpoint that is read, or else by what is measured.
    """

    kind: str
    element_id: str
    index: int
    quantity: str
    point_id: str | None
    readback_id: str | None

    @property
    def name(self) -> str:
        """As targets are written: plant:P1."""
        return f"{self.kind}:{self.element_id}"


def elements(site: Site) -> tuple[Element, ...]:
    """List the setpoints of a site's plants, pumps and stations with writable offsets.

    Args:
        site: The site.

    Returns:
        Plants, pumps, stations, each in the network's order.
    """
    network = site.district.network
    named = [("plant", one.plant_id, i, "supply_temp_c") for i, one in enumerate(network.plants)]
    named += [
        ("pump", one.pump_id, i, "speed_pct" if one.control is PumpControl.SPEED else "dp_bar")
        for i, one in enumerate(network.pumps)
    ]
    named += [
        ("station", one.station_id, i, "secondary_offset_k")
        for i, one in enumerate(network.stations)
        if one.offset_range_k is not None
    ]
    writers = {
        (point.target_kind, point.target_id, point.quantity): point
        for point in site.points
        if point.direction is Direction.WRITE
    }
    readers = {
        (point.target_kind, point.target_id, point.quantity): point.point_id
        for point in site.points
        if point.direction is Direction.READ
    }
    found = []
    for kind, name, index, quantity in named:
        point = writers.get((kind, name, quantity))
        measured = readers.get((kind, name, quantity))
        found.append(
            Element(
                kind=kind,
                element_id=name,
                index=index,
                quantity=quantity,
                point_id=None if point is None else point.point_id,
                readback_id=readers.get((kind, name, _SETPOINT_OF[quantity]), measured)
                if point is None
                else point.readback_point_id,
            )
        )
    return tuple(found)


def held_value(element: Element, readings: Mapping[str, Reading], otherwise: float) -> float:
    """What an element's setpoint stands at.

    Args:
        element: The element.
        readings: The newest readings.
        otherwise: Where no readback shows it.

    Returns:
        The readback, if it is good.
    """
    reading = readings.get(element.readback_id or "")
    if reading is None or reading.value is None or reading.quality is not Quality.GOOD:
        return otherwise
    return reading.value
