"""A plan of the demonstration district: certified, warmer than the curve, within every lever."""

from dataclasses import replace

import numpy as np
import pytest

from controller.planning import PlannedSite, plan_site
from optimizer.certified_search import is_better
from optimizer.levers import EVERY_LEVER
from optimizer.model.plan import PlanStatus
from optimizer.plan import PlanOptions
from optimizer.tangents import Lever
from tests.planning.conftest import old_east


def test_it_is_certified_and_passes_no_limit(planned: PlannedSite) -> None:
    assert planned.plan.status is PlanStatus.CERTIFIED
    passed = [one for one in planned.plan.chosen.certificate.limits if one.margin < -1e-6]
    assert passed == []


def test_where_the_curve_passes_a_limit_keeping_it_costs_hardly_any_warmth(
    planned: PlannedSite,
) -> None:
    ours = planned.plan.chosen.certificate.comfort
    assert not planned.plan.baseline.certificate.certified
    assert ours.shortfall_k_h <= 0.5
    assert ours.max_shortfall_k <= 0.2


def test_a_colder_schedule_never_beats_a_certified_one_and_a_cheaper_as_warm_one_does(
    planned: PlannedSite,
) -> None:
    kept = planned.plan.chosen.certificate
    colder = replace(
        kept.comfort,
        shortfall_k_h=kept.comfort.shortfall_k_h + 0.1,
        max_shortfall_k=kept.comfort.max_shortfall_k + 0.1,
    )
    cheaper = replace(kept.cost, fuel=kept.cost.fuel - 100.0)
    assert not is_better(replace(kept, comfort=colder, cost=cheaper), kept)
    assert not is_better(replace(kept, cost=cheaper, certified=False), kept)
    assert is_better(replace(kept, cost=cheaper), kept)


def test_both_runs_balance_their_energy(planned: PlannedSite) -> None:
    for one in (planned.plan.chosen, planned.plan.baseline):
        assert one.trace.energy.residual_pct < 0.1
        assert one.certificate.energy_residual_pct < 0.1


@pytest.mark.parametrize("window_min", [15, 30, 45, 60])
def test_plant_setpoints_keep_their_ramp_over_every_sliding_hour(
    planned: PlannedSite, window_min: int
) -> None:
    schedule, plants = planned.plan.chosen.schedule, planned.case.site.district.network.plants
    span = window_min * 60 // schedule.step_s
    for plant, course in zip(plants, schedule.supply_temp_c, strict=True):
        change = course[span:] - course[:-span]
        assert change.max() <= plant.ramp_up_k_h + 1e-6
        assert change.min() >= -plant.ramp_down_k_h - 1e-6


def test_setpoints_and_offsets_stay_in_their_ranges(planned: PlannedSite) -> None:
    schedule, network = planned.plan.chosen.schedule, planned.case.site.district.network
    for plant, course in zip(network.plants, schedule.supply_temp_c, strict=True):
        assert plant.min_supply_temp_c - 1e-6 <= course.min()
        assert course.max() <= plant.max_supply_temp_c + 1e-6
    for pump, course in zip(network.pumps, schedule.pump_setpoint, strict=True):
        assert pump.min_speed_pct - 1e-6 <= course.min()
        assert course.max() <= pump.max_speed_pct + 1e-6
    for station, course in zip(network.stations, schedule.secondary_offset_k, strict=True):
        low, high = station.offset_range_k or (0.0, 0.0)
        assert low - 1e-6 <= course.min()
        assert course.max() <= high + 1e-6


def test_parallel_pumps_move_together(planned: PlannedSite) -> None:
    first, second = planned.plan.chosen.schedule.pump_setpoint
    np.testing.assert_array_equal(first, second)


def test_the_bound_is_not_above_the_plan(planned: PlannedSite) -> None:
    bound = planned.plan.bound
    assert bound is not None
    assert bound.gap_pct >= 0.0


def test_reasons_name_the_coldest_hour_and_the_farthest_building(planned: PlannedSite) -> None:
    codes = {one.code for one in planned.plan.reasons}
    assert {"coldest_weather", "transport_time", "saving"} <= codes


def test_offsets_stay_at_zero_when_they_may_not_move_and_the_same_inputs_give_the_same_plan() -> (
    None
):
    options = PlanOptions(movable=EVERY_LEVER - {Lever.OFFSET}, with_bound=False, max_rounds=2)
    runs = [plan_site(old_east(3.0), options, lambda _: None).plan.chosen for _ in range(2)]
    assert not runs[0].schedule.secondary_offset_k.any()
    np.testing.assert_array_equal(runs[0].schedule.supply_temp_c, runs[1].schedule.supply_temp_c)
    np.testing.assert_array_equal(runs[0].schedule.pump_setpoint, runs[1].schedule.pump_setpoint)
