"""What each point of a site truly measures: from the plant's present to numbers."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hil_tests.bench.plant import Snapshot
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network
from optimizer.physics.water import density_kg_m3

Column = Callable[[Snapshot], FloatArray]


class Signal(NamedTuple):
    """What a point measures: a column of the plant's present, and the place in it."""

    column: Column
    at: int


def _m3_h(flow_kg_s: FloatArray, temp_c: FloatArray) -> FloatArray:
    return flow_kg_s / density_kg_m3(temp_c) * 3600.0


def _makeup_m3_h(now: Snapshot) -> FloatArray:
    """Water is made up at the first plant."""
    found = np.zeros(len(now.plant_flow_kg_s))
    found[0] = now.makeup_m3_h
    return found


_PLANT: dict[str, Column] = {
    "supply_temp_c": lambda now: now.plant_supply_c,
    "return_temp_c": lambda now: now.plant_return_c,
    "supply_pressure_bar": lambda now: now.plant_supply_bar,
    "return_pressure_bar": lambda now: now.plant_return_bar,
    "flow_m3_h": lambda now: _m3_h(now.plant_flow_kg_s, now.plant_return_c),
    "mass_flow_kg_s": lambda now: now.plant_flow_kg_s,
    "heat_power_kw": lambda now: now.plant_heat_mw * 1e3,
    "makeup_m3_h": _makeup_m3_h,
}
_PUMP: dict[str, Column] = {
    "speed_pct": lambda now: now.pump_speed_pct,
    "power_kw": lambda now: now.pump_power_kw,
}
_STATION: dict[str, Column] = {
    "supply_temp_c": lambda now: now.station_supply_c,
    "return_temp_c": lambda now: now.station_return_c,
    "flow_m3_h": lambda now: _m3_h(now.station_flow_kg_s, now.station_return_c),
    "heat_power_kw": lambda now: now.station_heat_kw,
    "secondary_supply_temp_c": lambda now: now.station_secondary_c,
    "valve_opening_pct": lambda now: now.station_opening_pct,
    "dp_bar": lambda now: now.station_dp_bar,
}
_BUILDING: dict[str, Column] = {
    "indoor_temp_c": lambda now: now.indoor_c,
    "worst_flat_temp_c": lambda now: now.worst_flat_c,
}
_SITE: dict[str, Column] = {
    "outdoor_temp_c": lambda now: np.array([now.weather.outdoor_temp_c]),
    "wind_m_s": lambda now: np.array([now.weather.wind_m_s]),
    "ghi_w_m2": lambda now: np.array([now.weather.ghi_w_m2]),
}


def signal_of(network: Network, kind: str, name: str, quantity: str) -> Signal | None:
    """Find what a point measures.

    Args:
        network: The site's network.
        kind: plant, pump, station, building or site.
        name: Which one.
        quantity: Such as supply_temp_c.

    Returns:
        Where it is found, None where the plant has no such thing (a switch, a setpoint).
    """
    tables = {
        "plant": (_PLANT, network.plant_index),
        "pump": (_PUMP, network.pump_index),
        "station": (_STATION, network.station_index),
        "building": (_BUILDING, network.building_index),
        "site": (_SITE, {"": 0}),
    }
    table, index = tables[kind]
    found = table.get(quantity)
    return None if found is None else Signal(found, index[name])
