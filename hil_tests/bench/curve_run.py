"""The weather curve on the same plant in the same weather: what every run is compared with."""

import numpy as np

from controller.site import Site
from hil_tests.bench.facts import Facts
from hil_tests.bench.kpi import Kpi, kpi_of
from hil_tests.bench.plant import Plant, Setpoints
from hil_tests.bench.scenario import Scenario
from hil_tests.bench.trace import Trace, new_trace
from hil_tests.bench.world import usual_setpoints

STEP_S = 300.0


def curve_figures(site: Site, plant: Plant, scenario: Scenario, facts: Facts) -> Kpi:
    """Run the weather curve, ramp-limited, and give its figures.

    Args:
        site: The site.
        plant: A plant in the scenario's first state; it is used up.
        scenario: Weather and length.
        facts: Prices and promises.

    Returns:
        The figures.
    """
    return curve_trace(site, plant, scenario, facts)[1]


def curve_trace(site: Site, plant: Plant, scenario: Scenario, facts: Facts) -> tuple[Trace, Kpi]:
    """As `curve_figures`, with the trace."""
    before_j = plant.stored_j()
    trace = new_trace(plant.parameters.network)
    asked = usual_setpoints(site, scenario.course.at(0.0).outdoor_temp_c)
    trace.sample(plant.snapshot(), {})
    for step in range(round(scenario.hours * 3600.0 / STEP_S)):
        weather = scenario.course.at((step + 1) * STEP_S / 3600.0)
        wanted = usual_setpoints(site, weather.outdoor_temp_c)
        asked = ramped(asked, wanted, facts)
        trace.sample(plant.advance(asked, weather, STEP_S), {})
    return trace, kpi_of(trace, facts, plant.stored_j() - before_j)


def ramped(present: Setpoints, wanted: Setpoints, facts: Facts) -> Setpoints:
    """Go from one set of setpoints towards another by a step, within the outlets' ramps.

    Args:
        present: Where they stand.
        wanted: Where the curve wants them.
        facts: The ramps.

    Returns:
        Where they stand `STEP_S` later.
    """
    hours = STEP_S / 3600.0
    up = np.array(facts.plant_ramp_up_k_h) * hours
    down = np.array(facts.plant_ramp_down_k_h) * hours
    change = np.clip(wanted.supply_temp_c - present.supply_temp_c, -down, up)
    return Setpoints(
        supply_temp_c=present.supply_temp_c + change,
        pump=wanted.pump,
        secondary_offset_k=wanted.secondary_offset_k,
    )
