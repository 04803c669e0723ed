"""How long the state filter takes for 1,000 stations: python -m benchmarks.filter_time."""

import time

import numpy as np

from benchmarks.cases.districts import district
from optimizer.estimate import rooms_filter, water_filter
from optimizer.estimate.bad_data import find_bad
from optimizer.estimate.heated import fabric_of
from optimizer.physics.water import REFERENCE_CP_J_KG_K

STATIONS, WINDOW, CYCLES = 1000, 96, 5
# Supply, return, heating water and flow of each station are judged.
JUDGED = 4


def main() -> None:
    """Print CPU seconds of a cycle's parts."""
    network = district(STATIONS)
    dice = np.random.default_rng(1)
    places, fabric = rooms_filter.places_of(network), fabric_of(network)
    errors = rooms_filter.first_errors(places)
    where = water_filter.water_map(network)
    buildings, nodes = len(network.buildings), len(network.nodes)
    indoor = np.full(buildings, 20.0)
    thermometers = np.where(
        dice.random(buildings) < 0.1, indoor + dice.normal(0, 1, buildings), np.nan
    )
    flow = np.array([s.secondary_flow_kg_s for s in network.stations]) * REFERENCE_CP_J_KG_K
    measured = rooms_filter.RoomMeasurements(
        indoor_c=thermometers,
        heat_w=np.full(STATIONS, 2e5),
        supply_c=np.full(STATIONS, 55.0),
        flow_w_k=flow,
    )
    water = np.full(nodes, 80.0)
    said = water_filter.WaterMeasurements(
        station_c=80.0 + dice.normal(0, 1, STATIONS), plant_c=np.full(1, 81.0)
    )
    names = [f"S{k}" for k in range(STATIONS)]
    expected = np.full((WINDOW, STATIONS), 80.0) + np.sin(np.arange(WINDOW))[:, None]
    window = expected + dice.normal(0.0, 0.3, expected.shape)
    rooms_filter.corrected(places, fabric, errors, indoor, measured)  # compiled once
    begun = time.process_time()
    for _ in range(CYCLES):
        errors = rooms_filter.later(places, errors, 0.25)
        errors = rooms_filter.corrected(places, fabric, errors, indoor, measured).errors
    rooms_s = (time.process_time() - begun) / CYCLES
    begun = time.process_time()
    for _ in range(CYCLES):
        water_filter.corrected_water(where, water, said)
    water_s = (time.process_time() - begun) / CYCLES
    begun = time.process_time()
    for _ in range(CYCLES):
        for _quantity in range(JUDGED):
            find_bad(names, window, expected, np.full(STATIONS, 0.5))
    bad_s = (time.process_time() - begun) / CYCLES
    total = rooms_s + water_s + bad_s
    print(f"{STATIONS} stations, {buildings} buildings, {nodes} nodes, CPU s a cycle:")
    print(f"rooms {rooms_s:.3f}, water {water_s:.3f}, bad data {bad_s:.3f}, all {total:.3f}")


if __name__ == "__main__":
    main()
