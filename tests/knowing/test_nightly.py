"""Every night the engine calibrates from its own store."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from controller.knowing.nightly import NightlyCalibration
from controller.site import Site, load_site
from controller.store.database import Database, open_database
from controller.store.telemetry import record_readings
from drivers.base import Quality, Reading
from tests.knowing.conftest import Twin

NOW = datetime(2026, 1, 12, tzinfo=UTC)


def stored(site: Site, twin: Twin, database: Database) -> None:
    record = twin.measured.record
    network = site.district.network
    indices = {
        "plant": network.plant_index,
        "station": network.station_index,
        "building": network.building_index,
    }
    tables = {"plant": record.plants, "station": record.stations, "building": record.buildings}
    readings: list[Reading] = []
    for point in site.points:
        kind, quantity = point.target_kind, point.quantity
        if kind == "site" and quantity == "outdoor_temp_c":
            values = record.outdoor_temp_c
        elif kind in tables and quantity in tables[kind]:
            values = tables[kind][quantity][:, indices[kind][point.target_id]]
        elif kind == "station" and quantity == "flow_m3_h":
            flow = tables[kind]["mass_flow_kg_s"][:, indices[kind][point.target_id]]
            values = flow * 3.6 / 0.99
        else:
            continue
        for k in range(0, record.steps, 4):
            if np.isfinite(values[k]):
                at = record.start + timedelta(seconds=k * record.step_s)
                readings.append(
                    Reading(
                        point_id=point.point_id,
                        value=float(values[k]),
                        time=at,
                        quality=Quality.GOOD,
                    )
                )
    with database.recording() as connection:
        record_readings(connection, readings)


def test_a_week_of_readings_gives_a_new_version(twin: Twin, site: Path) -> None:
    loaded = load_site(site)
    database = open_database(loaded.store_url, site)
    try:
        stored(loaded, twin, database)
        found = NightlyCalibration().calibrate(loaded, database, NOW)
    finally:
        database.close()
    assert found.changed, found.text
    assert "parameters version 1" in found.text
    parameters = load_site(site).parameters
    assert parameters is not None
    assert parameters.version == 1


def test_an_empty_store_changes_nothing_and_says_so(site: Path) -> None:
    loaded = load_site(site)
    database = open_database(loaded.store_url, site)
    try:
        found = NightlyCalibration().calibrate(loaded, database, NOW)
    finally:
        database.close()
    assert not found.changed
    assert "not calibrated" in found.text
