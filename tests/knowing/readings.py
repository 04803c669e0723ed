"""What a twin's meters said at an instant, as the engine reads it."""

from datetime import datetime

import numpy as np

from controller.site import Site
from drivers.base import Quality, Reading
from tests.knowing.conftest import Twin


def readings_at(site: Site, twin: Twin, step: int, now: datetime) -> dict[str, Reading]:
    record, network = twin.measured.record, site.district.network
    tables = {
        "plant": (network.plant_index, record.plants),
        "station": (network.station_index, record.stations),
        "building": (network.building_index, record.buildings),
    }
    found = {}
    for point in site.points:
        if point.target_kind not in tables:
            continue
        index, table = tables[point.target_kind]
        name = "mass_flow_kg_s" if point.quantity == "flow_m3_h" else point.quantity
        if name not in table:
            continue
        value = float(table[name][step, index[point.target_id]])
        if name == "mass_flow_kg_s":
            value *= 3.6 / 0.985
        if np.isfinite(value):
            found[point.point_id] = Reading(
                point_id=point.point_id, value=value, time=now, quality=Quality.GOOD
            )
    return found
