"""What each point of a site truly measures: from the plant's present to a number."""

from collections.abc import Callable
from typing import Any

from hil_tests.bench.plant import Snapshot
from optimizer.model.network import Network
from optimizer.physics.water import density_kg_m3

Getter = Callable[[Snapshot], float]

_PLANT: dict[str, Callable[[Snapshot, int], float]] = {
    "supply_temp_c": lambda now, i: now.plant_supply_c[i],
    "return_temp_c": lambda now, i: now.plant_return_c[i],
    "supply_pressure_bar": lambda now, i: now.plant_supply_bar[i],
    "return_pressure_bar": lambda now, i: now.plant_return_bar[i],
    "flow_m3_h": lambda now, i: _m3_h(now.plant_flow_kg_s[i], now.plant_return_c[i]),
    "mass_flow_kg_s": lambda now, i: now.plant_flow_kg_s[i],
    "heat_power_kw": lambda now, i: now.plant_heat_mw[i] * 1e3,
    "makeup_m3_h": lambda now, i: now.makeup_m3_h if i == 0 else 0.0,
}
_PUMP: dict[str, Callable[[Snapshot, int], float]] = {
    "speed_pct": lambda now, i: now.pump_speed_pct[i],
    "power_kw": lambda now, i: now.pump_power_kw[i],
}
_STATION: dict[str, Callable[[Snapshot, int], float]] = {
    "supply_temp_c": lambda now, i: now.station_supply_c[i],
    "return_temp_c": lambda now, i: now.station_return_c[i],
    "flow_m3_h": lambda now, i: _m3_h(now.station_flow_kg_s[i], now.station_return_c[i]),
    "heat_power_kw": lambda now, i: now.station_heat_kw[i],
    "secondary_supply_temp_c": lambda now, i: now.station_secondary_c[i],
    "valve_opening_pct": lambda now, i: now.station_opening_pct[i],
    "dp_bar": lambda now, i: now.station_dp_bar[i],
}
_BUILDING: dict[str, Callable[[Snapshot, int], float]] = {
    "indoor_temp_c": lambda now, i: now.indoor_c[i],
    "worst_flat_temp_c": lambda now, i: now.worst_flat_c[i],
}
_SITE: dict[str, Callable[[Snapshot, int], float]] = {
    "outdoor_temp_c": lambda now, _: now.weather.outdoor_temp_c,
    "wind_m_s": lambda now, _: now.weather.wind_m_s,
    "ghi_w_m2": lambda now, _: now.weather.ghi_w_m2,
}


def _m3_h(flow_kg_s: Any, temp_c: Any) -> float:
    return float(flow_kg_s / density_kg_m3(float(temp_c)) * 3600.0)


def getter_of(network: Network, kind: str, name: str, quantity: str) -> Getter | None:
    """Find what a point measures.

    Args:
        network: The site's network.
        kind: plant, pump, station, building or site.
        name: Which one.
        quantity: Such as supply_temp_c.

    Returns:
        What reads it off the plant, None where the plant has no such thing (a switch, a setpoint).
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
    if found is None:
        return None
    at = index[name]
    return lambda now: float(found(now, at))
