"""Warnings on points: quantities that nothing here uses, offsets without effect."""

from collections.abc import Mapping

from controller.sitefiles.parts import Direction, Point
from controller.sitefiles.points import OFFSET
from controller.sitefiles.references import Tables, whole_rows_by_id
from controller.sitefiles.rules import did_you_mean
from drivers.base import Problem
from optimizer.model.network import Network, StationControl

# What is read of each kind of target, and what is written to it.
_READ: Mapping[str, tuple[str, ...]] = {
    "plant": (
        "supply_temp_c",
        "return_temp_c",
        "supply_pressure_bar",
        "return_pressure_bar",
        "flow_m3_h",
        "heat_power_kw",
        "makeup_m3_h",
        "remote",
        "supply_temp_setpoint_c",
        "heartbeat",
    ),
    "pump": ("speed_pct", "power_kw", "remote", "speed_setpoint_pct", "dp_bar", "dp_setpoint_bar"),
    "station": (
        "supply_temp_c",
        "return_temp_c",
        "flow_m3_h",
        "heat_power_kw",
        "heat_energy_kwh",
        "supply_pressure_bar",
        "return_pressure_bar",
        "dp_bar",
        "valve_opening_pct",
        "secondary_supply_temp_c",
        "secondary_return_temp_c",
        "secondary_offset_setpoint_k",
        "remote",
    ),
    "building": ("indoor_temp_c", "worst_flat_temp_c", "heat_power_kw", "heat_energy_kwh"),
    "site": ("outdoor_temp_c", "wind_m_s", "ghi_w_m2"),
}
_WRITE: Mapping[str, tuple[str, ...]] = {
    "plant": ("supply_temp_c", "heartbeat"),
    "pump": ("speed_pct", "dp_bar", "heartbeat"),
    "station": (OFFSET, "heartbeat"),
    "building": (),
    "site": ("heartbeat",),
}


def implausible_points(
    points: tuple[Point, ...], tables: Tables, network: Network
) -> list[Problem]:
    """Warn of points that will not do what they seem to.

    Args:
        points: The site's points.
        tables: The five tables, for the place of each point.
        network: The network.

    Returns:
        The warnings.
    """
    rows = whole_rows_by_id(tables.points, "point_id")
    warnings: list[Problem] = []
    for point in points:
        row = rows[point.point_id]
        writes = point.direction is Direction.WRITE
        known = (_WRITE if writes else _READ)[point.target_kind]
        if point.quantity not in known:
            near = did_you_mean(point.quantity, known)
            remedy = f"did you mean {near}?" if near else "see docs/site.md for what is used"
            verb = "written" if writes else "read"
            message = f"is not {verb} of a {point.target_kind} by anything here"
            warnings.append(row.problem("quantity", message, remedy))
        elif writes and point.quantity == OFFSET:
            station = network.stations[network.station_index[point.target_id]]
            if station.control is StationControl.FIXED:
                warnings.append(
                    row.problem(
                        "target",
                        "is a station with a fixed valve: an offset has no effect there",
                        "make its control compensated, or remove the point",
                    )
                )
            elif not (point.min_value or 0.0) <= 0.0 <= (point.max_value or 0.0):
                warnings.append(
                    row.problem(
                        "min",
                        "leaves out 0, which is the curve itself",
                        "let min be below 0 and max above",
                    )
                )
    return warnings
