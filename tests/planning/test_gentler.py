"""Where a search passes no certificate another begins at the weather curve; then less is moved."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cases.cities import city, cold_wave
from controller.case import read_case
from controller.planning import plan_site
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.model.arrays import frozen
from optimizer.model.plan import Plan, PlanStatus
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session
from tests.data import need_site_example

FALL_K = 9.0


def planned(max_ramp_k_h: float, rounds: int = 0, at_most: bool = False) -> Plan:
    """A sudden fall of the weather, which the curve answers faster than pipes bear.

    The search begins at the curve, or with everything at its most.
    """
    built = city(6, 1, seed=1)
    pipes = tuple(replace(one, max_ramp_k_h=max_ramp_k_h) for one in built.network.pipes)
    district = replace(built, network=replace(built.network, pipes=pipes))
    mild = cold_wave(district, 6)
    state = starting_state(district, mild, None)
    course = np.full(mild.outdoor_temp_c.shape, float(mild.outdoor_temp_c[0, 0]))
    course[:, 8:] -= FALL_K
    weather = replace(mild, outdoor_temp_c=frozen(course))
    curve = baseline_schedule(district, weather, state)
    most = replace(
        curve,
        supply_temp_c=frozen(np.full(curve.supply_temp_c.shape, 120.0)),
        pump_setpoint=frozen(np.full(curve.pump_setpoint.shape, 100.0)),
    )
    return plan(
        district,
        state,
        weather,
        solver_session(),
        PlanOptions(max_rounds=rounds, with_bound=False, start=most if at_most else None),
        lambda _: None,
        lambda: 0.0,
    )


@pytest.fixture(scope="module")
def gentle() -> Plan:
    return planned(max_ramp_k_h=8.0)


def test_the_curve_is_too_fast_for_the_pipes(gentle: Plan) -> None:
    assert not gentle.baseline.certificate.certified


def test_a_gentler_schedule_is_certified_instead(gentle: Plan) -> None:
    assert gentle.status is PlanStatus.CERTIFIED
    assert gentle.chosen.certificate.certified


def test_it_goes_part_of_the_way_where_it_can(gentle: Plan) -> None:
    ours, curve = (one.schedule.supply_temp_c[0] for one in (gentle.chosen, gentle.baseline))
    assert np.abs(ours - ours[0]).max() < np.abs(curve - curve[0]).max()


def test_where_even_staying_put_is_refused_the_curve_remains() -> None:
    # Water that is on its way already changes some pipes faster than this.
    refused = planned(max_ramp_k_h=1e-6)
    assert refused.status is PlanStatus.FALLBACK
    assert refused.chosen is refused.baseline


def test_where_the_start_leads_nowhere_the_search_begins_anew() -> None:
    usual, lost = (planned(8.0, rounds=1, at_most=at_most) for at_most in (False, True))
    assert lost.status is PlanStatus.CERTIFIED
    ours, theirs = lost.chosen.certificate, usual.chosen.certificate
    assert ours.comfort.max_shortfall_k == theirs.comfort.max_shortfall_k
    assert ours.cost.total <= 1.002 * theirs.cost.total


def test_it_begins_anew_even_where_the_curve_is_certified() -> None:
    lost = planned(15.0, rounds=1, at_most=True)
    assert lost.baseline.certificate.certified
    assert lost.chosen is not lost.baseline, "the curve, for want of a second start"


def test_where_no_search_is_certified_but_the_curve_is_it_goes_part_of_the_way() -> None:
    site = need_site_example()
    case = read_case(
        *(str(site), str(site / "weather.csv"), "2026-01-12T00:00+08:00", 8.0),
        shortest_h=1.0,
        longest_h=96.0,
        tell=lambda _: None,
    )
    made = plan_site(case, PlanOptions(with_bound=False), lambda _: None).plan
    ours, curve = (one.certificate.comfort for one in (made.chosen, made.baseline))
    assert made.baseline.certificate.certified
    assert ours.max_shortfall_k < 0.5 * curve.max_shortfall_k
    assert ours.shortfall_k_h < 0.5 * curve.shortfall_k_h
