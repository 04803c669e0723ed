"""Somebody else's controller on the bench: a weather curve over minimalmodbus, for a day.

    python -m hil_tests.outside_master --hours 24 --out /tmp/outside

Its report has the same form as the engine's, so that the two can be laid side by side.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from controller.site import load_site
from hil_tests.bench.plant_parameters import perturbed
from hil_tests.bench.report import write_report
from hil_tests.bench.runner import Outcome, Spent, outcome_of
from hil_tests.bench.scenario import find_scenario, read_scenario
from hil_tests.bench.session import site_folder
from hil_tests.bench.wire.log import WireLog
from hil_tests.bench.wiring import open_lines
from hil_tests.bench.world import World

STEP_S = 900.0
PLC, WEATHER_STATION = 1, 10
OUTDOOR, SETPOINT = 0, 10
CURVE = ((-20.0, 110.0), (-9.0, 96.0), (0.0, 81.0), (10.0, 65.0))
RAMP_K_H = 6.0


def curve_c(outdoor_c: float) -> float:
    """Outlet temperature of the village's weather curve, degC."""
    for (x0, y0), (x1, y1) in pairwise(CURVE):
        if outdoor_c <= x1:
            share = min(max((outdoor_c - x0) / (x1 - x0), 0.0), 1.0)
            return y0 + share * (y1 - y0)
    return CURVE[-1][1]


def run_outside_master(hours: float, work: Path) -> Outcome:
    """Let a master over minimalmodbus run the village's plant by its weather curve.

    Args:
        hours: How long.
        work: Where the ports get their names.

    Returns:
        The outcome, judged as an ordinary day.
    """
    spent = Spent()
    scenario = replace(read_scenario(find_scenario("ordinary-day")), hours=hours)
    outlets = ("plant-ramp-margin", "pipe-pressure-margin", "pipe-temp-margin")
    checks = tuple(one for one in scenario.checks if one.what in outlets)
    scenario = replace(scenario, checks=checks, name="outside-master")
    site = load_site(site_folder(scenario.site))
    world = World(site, perturbed(site.district, 1), scenario.course, seed=scenario.seed)
    twin, wire = world.plant.copy(), WireLog()
    _, lines = open_lines(world, wire, work, scenario.seed, paced=False)
    try:
        plc = _instrument(lines["plant"].port, PLC)
        station = _instrument(lines["plant"].port, WEATHER_STATION)
        asked = plc.read_register(SETPOINT, 1, signed=True)
        for _ in range(round(hours * 3600.0 / STEP_S)):
            outdoor = station.read_register(OUTDOOR, 1, functioncode=4, signed=True)
            most = RAMP_K_H * STEP_S / 3600.0
            asked += min(max(curve_c(outdoor) - asked, -most), most)
            plc.write_register(SETPOINT, round(asked, 1), 1, functioncode=6, signed=True)
            world.advance_to(world.second + STEP_S)
    finally:
        for line in lines.values():
            line.close()
    return outcome_of(scenario, world, twin, wire, (), "minimalmodbus, weather curve", spent)


def _instrument(port: str, unit: int) -> Any:
    import minimalmodbus  # type: ignore[import-untyped]

    found = minimalmodbus.Instrument(port, unit)
    found.serial.baudrate = 19200
    found.serial.timeout = 0.5
    return found


def main(words: list[str]) -> int:
    """Run it and write the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--out", type=Path, default=Path("outside-report"))
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as work:
        outcome = run_outside_master(arguments.hours, Path(work))
    page = write_report(outcome, arguments.out)
    for name, value in outcome.kpi.rows():
        sys.stdout.write(f"{name:16} {value}\n")
    sys.stdout.write(f"{'passed' if outcome.passed else 'FAILED'}; {page}\n")
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
