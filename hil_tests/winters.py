"""Winters by seed: real climates, faults and plants that are not as modelled, against the curve.

    python -m hil_tests.winters --weather ../shared/data/weather --days 2 --winters 20
    python -m hil_tests.winters --days 2 --seed 36a53fb4f1da8db8c420ed4ea311b89e5a4038a2 --only 1 4
    python -m hil_tests.winters --table out/winters.jsonl

The unmodified engine runs each winter in lockstep. A line of JSON is kept for each one, with its
seed; what is there already for the same commit, seed and length is not run again. Exit code 1
where a limit was passed or a winter was left colder than by the weather curve.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from controller.problems import write_line
from controller.site import Site
from hil_tests.bench.curve_run import STEP_S, ramped
from hil_tests.bench.kpi import Kpi, kpi_of
from hil_tests.bench.plant import Plant
from hil_tests.bench.runner import Spent, outcome_of
from hil_tests.bench.scenario import Scenario
from hil_tests.bench.session import Session, SessionOptions
from hil_tests.bench.site_facts import facts_of
from hil_tests.bench.trace import new_trace
from hil_tests.bench.verbs import Order
from hil_tests.bench.world import usual_setpoints
from hil_tests.winter_draw import Winter, draw_winter, plant_orders

OUT = Path("out/winters.jsonl")
# The weather curve is shifted by at most this, K, and so often halved.
MOST_SHIFT_K, HALVINGS = 16.0, 6
AS_WARM_KH = 0.05


def run_winter(winter: Winter) -> dict[str, Any]:
    """Let the engine run a winter, and the weather curve beside it.

    Args:
        winter: Which.

    Returns:
        What came of it, as JSON can hold it.
    """
    began_s, spent, scenario = time.monotonic(), Spent(), winter.scenario
    with tempfile.TemporaryDirectory(prefix="heatwarden-winter-") as work, ExitStack() as stack:
        session = Session(scenario, Path(work), stack, SessionOptions(), lambda _line: None)
        session.run()
        log = session.log_path.read_text(encoding="utf-8", errors="replace")
        notes = tuple(session.notes)
    found = outcome_of(scenario, session.world, session.twin, session.wire, notes, log, spent)
    curve = curve_kpi(session.world.site, session.twin, scenario, 0.0)
    warm = as_warm(session.world.site, session.twin, scenario, found.kpi.tdis_kh)
    return {
        "number": winter.number,
        "climate": winter.climate,
        "coldest_day_c": winter.coldest_day_c,
        "hours": scenario.hours,
        "plant_seed": scenario.plant_seed,
        "faults": list(winter.faults),
        "verdicts": {one.name: round(one.measured, 4) for one in found.verdicts},
        "failed": [one.name for one in found.verdicts if not one.passed],
        "engine": asdict(found.kpi),
        "curve": asdict(curve),
        "shift_k": None if warm is None else warm[0],
        "shifted": None if warm is None else asdict(warm[1]),
        "engine_ended": [text for _, text in notes if "ended by itself" in text],
        "wall_s": round(time.monotonic() - began_s, 1),
        "cpu_s": round(found.cpu_s, 1),
    }


def curve_kpi(site: Site, twin: Plant, scenario: Scenario, shift_k: float) -> Kpi:
    """Run the weather curve on the same plant, in the same weather, with the plant's own faults.

    Args:
        site: The site.
        twin: The plant in its first state; left as it is.
        scenario: Weather, length and faults.
        shift_k: What the curve is raised by.

    Returns:
        The figures.
    """
    plant, facts, site = twin.copy(), facts_of(site), _raised(site, shift_k)
    before_j, trace = plant.stored_j(), new_trace(plant.parameters.network)
    asked = usual_setpoints(site, scenario.course.at(0.0).outdoor_temp_c)
    trace.sample(plant.snapshot(), {})
    orders = plant_orders(scenario)
    for step in range(round(scenario.hours * 3600.0 / STEP_S)):
        for order in orders:
            _befall(plant, order, step * STEP_S)
        weather = scenario.course.at((step + 1) * STEP_S / 3600.0)
        asked = ramped(asked, usual_setpoints(site, weather.outdoor_temp_c), facts)
        trace.sample(plant.advance(asked, weather, STEP_S), {})
    return kpi_of(trace, facts, plant.stored_j() - before_j)


def _befall(plant: Plant, order: Order, second: float) -> None:
    """Let a fault of the plant begin or end, where its time falls into this step."""
    ends_s = order.second + (order.lasts_s or math.inf)
    begins = order.second <= second < order.second + STEP_S
    if not begins and not ends_s <= second < ends_s + STEP_S:
        return
    network = plant.parameters.network
    if order.verb == "capacity":
        share = float(order.settings["share"]) if begins else 1.0
        plant.set_capacity(network.plant_index[order.target], share)
    elif order.verb == "burst":
        m3_h = float(order.settings["m3_h"]) if begins else 0.0
        plant.set_burst(network.pipe_index[order.target], m3_h)
    elif order.verb == "trip-pump":
        plant.set_pump(network.pump_index[order.target], works=not begins)
    else:
        plant.set_valve(network.station_index[order.target], stuck=begins)


def _raised(site: Site, shift_k: float) -> Site:
    control = site.district.control
    curve = tuple((outdoor_c, supply_c + shift_k) for outdoor_c, supply_c in control.heating_curve)
    control = replace(control, heating_curve=curve)
    return replace(site, district=replace(site.district, control=control))


def as_warm(
    site: Site, twin: Plant, scenario: Scenario, kelvin_hours: float
) -> tuple[float, Kpi] | None:
    """Find the weather curve that leaves flats as cold as a run did, in hindsight.

    Args:
        site: The site.
        twin: The plant in its first state.
        scenario: Weather, length and faults.
        kelvin_hours: What the run left.

    Returns:
        What the curve is raised by, K, and its figures; None where no shift is as warm.
    """
    low, high = -MOST_SHIFT_K, MOST_SHIFT_K
    best = None
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        found = curve_kpi(site, twin, scenario, middle)
        if found.tdis_kh > kelvin_hours + AS_WARM_KH:
            low = middle
        else:
            high, best = middle, (middle, found)
    return best


def table_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write a table of winters, as Markdown.

    Args:
        rows: What `run_winter` gave.

    Returns:
        The table, every winter in it.
    """
    lines = [
        "| winter | climate | coldest day, degC | faults | flats, K h: engine / curve "
        "| cost: engine / curve / curve as warm | limits passed |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        engine, curve, shifted = row["engine"], row["curve"], row["shifted"]
        as_warm_cost = "none" if shifted is None else f"{shifted['cost_tot']:.0f}"
        lines.append(
            f"| {row['number']} | {row['climate'].partition('.')[0]} | {row['coldest_day_c']:g} "
            f"| {len(row['faults'])} | {engine['tdis_kh']:.2f} / {curve['tdis_kh']:.2f} "
            f"| {engine['cost_tot']:.0f} / {curve['cost_tot']:.0f} / {as_warm_cost} "
            f"| {', '.join(row['failed']) or 'none'} |"
        )
    return "\n".join(lines)


def summary_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sum winters up against what is asked of them.

    Args:
        rows: What `run_winter` gave.

    Returns:
        Counts, and the median of what the engine costs more than the curve that is as warm, %.
    """
    dearer = [
        100.0 * (row["engine"]["cost_tot"] / row["shifted"]["cost_tot"] - 1.0)
        for row in rows
        if row["shifted"] is not None
    ]
    return {
        "winters": len(rows),
        "days": sum(row["hours"] for row in rows) / 24.0,
        "limits_passed_in": [row["number"] for row in rows if row["failed"]],
        "colder_than_curve": [row["number"] for row in rows if is_colder(row)],
        "engine_ended_in": [row["number"] for row in rows if row["engine_ended"]],
        "median_dearer_pct": round(statistics.median(dearer), 2) if dearer else None,
        "cpu_s": round(sum(row["cpu_s"] for row in rows)),
    }


def is_colder(row: Mapping[str, Any]) -> bool:
    """Whether a winter's flats were colder than by the weather curve, in kelvin-hours."""
    return bool(row["engine"]["tdis_kh"] > row["curve"]["tdis_kh"] + AS_WARM_KH)


def main(words: Sequence[str]) -> int:
    """Run what is not yet there, and sum up."""
    arguments = _parser().parse_args(words)
    if arguments.table is not None:
        rows = read_rows(arguments.table)
        for line in (*table_of(rows).splitlines(), "", json.dumps(summary_of(rows))):
            write_line(line)
        return 0
    commit = present_commit()
    seed = arguments.seed or commit
    about = {"commit": commit, "seed": seed, "hours": 24.0 * arguments.days}
    files = sorted(path for path in arguments.weather.glob("*.csv") if path.name != "index.csv")
    there = [row for row in read_rows(arguments.out) if about.items() <= row.items()]
    done = {row["number"] for row in there}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    for number in arguments.only or range(arguments.winters):
        if number in done:
            continue
        row = run_winter(draw_winter(files, seed, number, days=arguments.days)) | about
        there.append(row)
        with arguments.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        write_line(table_of([row]).splitlines()[-1])
    total = summary_of(there)
    write_line(json.dumps(total))
    return 1 if total["limits_passed_in"] or total["colder_than_curve"] else 0


def present_commit() -> str:
    """Name the commit that runs here."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read what has been kept; nothing where there is no file yet."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weather", type=Path, default=Path("../shared/data/weather"))
    parser.add_argument("--days", type=float, default=14.0)
    parser.add_argument("--winters", type=int, default=200)
    parser.add_argument("--only", type=int, nargs="+", metavar="N", help="these numbers alone")
    parser.add_argument("--seed", help="any text; the commit's hash unless given")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--table", type=Path, metavar="FILE", help="only sum a file up")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
