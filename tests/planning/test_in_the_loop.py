"""The planner in the loop without a wire: what the engine's filter sees of a small city's plant."""

from benchmarks.cases.cities import city, cold_wave
from benchmarks.cases.driving import Case, curve_policy, driven
from benchmarks.closed_loop import Planner
from hil_tests.bench.plant_parameters import perturbed


def test_a_plan_in_the_loop_keeps_the_limits_and_costs_no_more_than_the_curve() -> None:
    district = city(6, 1, seed=3)
    case = Case(
        name="small",
        district=district,
        weather=cold_wave(district, 24 + 36 + 4),
        begin=24 * 4,
        steps=4 * 4,
        cycle=8,
        seed=3,
    )
    real = perturbed(district, case.seed)
    planner = Planner(case, district, errors=True)
    ours = driven(case, real, planner, planner.watch)
    curve = driven(case, real, curve_policy(case, 0.0, 1.0, 1.0))
    assert planner.uncertified == 0
    assert not ours.passed
    assert ours.cost < curve.cost
    assert ours.shortfall_k_h <= curve.shortfall_k_h
