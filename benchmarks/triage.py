"""Complaints from planted faults, weighed: python -m benchmarks.triage [--cases N].

A hidden plant runs two days with one fault: the outlet 12 K too cold (network), a station's valve
almost shut (station), a building that loses 45 % more (building), or a flat whose own radiators
give half (home; warm enough without that). Only flats below what is promised complain, three in
ten without a thermometer; the evidence is what meters (0.2 K, 1 %) and an estimate as unsure as the
filter's (0.8 K) say. A case counts where the verdict is the planted one.
"""

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.cases.tables import Figure, as_markdown
from benchmarks.leaks import coarse
from benchmarks.twin.hidden import hidden
from benchmarks.twin.measured import made_up_weather
from controller.knowing.complaints import Report, gather
from controller.site import Site, load_site
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.estimate.triage import Verdict, triage
from optimizer.model.arrays import frozen
from optimizer.model.network import Network
from optimizer.model.schedule import Schedule
from optimizer.model.trace import Trace
from optimizer.simulate import simulate

DAYS = 2
ESTIMATE_K, THERMOMETER_K, FLOW = 0.8, 0.2, 0.01
SHUT, LOSSIER, COLDER_K = 0.12, 1.45, 12.0
RADIATOR_LAG_K = 4.5
TRIES = 40
NOBODY_MEASURES = 0.3


def case(site: Site, seed: int) -> tuple[Verdict, Verdict]:
    """One complaint of a flat that is too cold: what was planted, what was said."""
    fault = list(Verdict)[seed % len(Verdict)]
    for again in range(TRIES):
        found = _complaint(site, fault, seed, np.random.default_rng(seed + 1000 * again))
        if found is not None:
            return fault, found
    raise ValueError(f"nobody complains of {fault} in plant {seed}")


def _complaint(site: Site, fault: Verdict, seed: int, dice: np.random.Generator) -> Verdict | None:
    """What is said of a fault at one place; None where the flat stays warm enough."""
    district = site.district
    truth = hidden(district, seed)
    target = int(dice.integers(len(truth.buildings)))
    weather = coarse(made_up_weather(datetime(2026, 1, 5, tzinfo=UTC), DAYS, seed, 1))
    state = starting_state(replace(district, network=truth), weather, None)
    schedule = baseline_schedule(district, weather, state)
    network, run = _planted(truth, schedule, fault, target)
    trace = simulate(network, state, weather, run)
    readings = _readings(site, network, trace, schedule, dice)
    rooms = trace.buildings.indoor_temp_c[-1]
    estimate = {
        "buildings": {
            b.building_id: {
                "indoor_temp_c": float(rooms[k] + dice.normal(0.0, ESTIMATE_K)),
                "spread_k": ESTIMATE_K,
            }
            for k, b in enumerate(network.buildings)
        }
    }
    building, outdoor = network.buildings[target], float(trace.outdoor_temp_c[-1])
    mean = float(rooms[target])
    flat = mean - building.worst_flat_beta * (mean - outdoor) * float(dice.uniform(0.5, 1.0))
    if fault is Verdict.HOME:
        if flat < building.min_indoor_c:
            return None
        flat -= RADIATOR_LAG_K
    if flat >= building.min_indoor_c:
        return None
    said = None if dice.random() < NOBODY_MEASURES else round(flat + dice.normal(0.0, 0.5), 1)
    report = Report(
        building_id=building.building_id, flat="1", room_temp_c=said, radiator_hot=None, note=""
    )
    return triage(gather(site, report, estimate, readings, ())).verdict


def _planted(
    truth: Network, schedule: Schedule, fault: Verdict, target: int
) -> tuple[Network, Schedule]:
    if fault is Verdict.NETWORK:
        colder = frozen(schedule.supply_temp_c - COLDER_K)
        return truth, replace(schedule, supply_temp_c=colder)
    building = truth.buildings[target]
    if fault is Verdict.STATION:
        k = truth.station_index[building.station_id]
        shut = replace(truth.stations[k], valve_kvs=truth.stations[k].valve_kvs * SHUT)
        stations = (*truth.stations[:k], shut, *truth.stations[k + 1 :])
        return replace(truth, stations=stations), schedule
    if fault is Verdict.BUILDING:
        lossy = replace(building, ua_kw_k=building.ua_kw_k * LOSSIER)
        rest = (*truth.buildings[:target], lossy, *truth.buildings[target + 1 :])
        return replace(truth, buildings=rest), schedule
    return truth, schedule


def _readings(
    site: Site, network: Network, trace: Trace, usual: Schedule, dice: np.random.Generator
) -> dict[tuple[str, str, str], float]:
    found = {("site", "", "outdoor_temp_c"): float(trace.outdoor_temp_c[-1])}
    stations = trace.stations
    for k, station in enumerate(network.stations):
        at = ("station", station.station_id)
        for name in ("supply_temp_c", "return_temp_c", "secondary_supply_temp_c"):
            value = float(getattr(stations, name)[-4:, k].mean())
            found[(*at, name)] = value + dice.normal(0.0, THERMOMETER_K)
        flow = float(stations.mass_flow_kg_s[-4:, k].mean()) * 3.6 / 0.985
        found[(*at, "flow_m3_h")] = flow * (1.0 + dice.normal(0.0, FLOW))
    for p, plant in enumerate(network.plants):
        at = ("plant", plant.plant_id)
        found[(*at, "supply_temp_c")] = float(trace.plants.supply_temp_c[-1, p])
        found[(*at, "supply_temp_setpoint_c")] = float(usual.supply_temp_c[p, -1])
    return found


def main() -> None:
    """Print the share of right verdicts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, default=Path("config/old-east"))
    parser.add_argument("--cases", type=int, default=40)
    arguments = parser.parse_args()
    site = load_site(arguments.site)
    rows = [case(site, 700 + k) for k in range(arguments.cases)]
    by_fault = {
        fault: [said is fault for planted, said in rows if planted is fault] for fault in Verdict
    }
    note = ", ".join(f"{fault} {sum(hit)} of {len(hit)}" for fault, hit in by_fault.items())
    figure = Figure(
        case=f"{len(rows)} complaints from planted faults",
        quantity="triage right",
        unit="%",
        ours=float(np.mean([planted is said for planted, said in rows]) * 100.0),
        peers={"always the home": float(100.0 * len(by_fault[Verdict.HOME]) / len(rows))},
        at_least=90.0,
        note=note,
    )
    print(as_markdown([figure]))


if __name__ == "__main__":
    main()
