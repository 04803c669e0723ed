"""Where no search passes its certificate, part of the way from where everything stands may."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cases.cities import city, cold_wave
from optimizer.baseline import starting_state
from optimizer.model.arrays import frozen
from optimizer.model.plan import Plan, PlanStatus
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session

FALL_K = 9.0


def unsearched(max_ramp_k_h: float) -> Plan:
    """A sudden fall of the weather, which the curve answers faster than pipes bear; no rounds."""
    built = city(6, 1, seed=1)
    pipes = tuple(replace(one, max_ramp_k_h=max_ramp_k_h) for one in built.network.pipes)
    district = replace(built, network=replace(built.network, pipes=pipes))
    mild = cold_wave(district, 6)
    state = starting_state(district, mild, None)
    course = np.full(mild.outdoor_temp_c.shape, float(mild.outdoor_temp_c[0, 0]))
    course[:, 8:] -= FALL_K
    return plan(
        district,
        state,
        replace(mild, outdoor_temp_c=frozen(course)),
        solver_session(),
        PlanOptions(max_rounds=0, with_bound=False),
        lambda _: None,
        lambda: 0.0,
    )


@pytest.fixture(scope="module")
def gentle() -> Plan:
    return unsearched(max_ramp_k_h=8.0)


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
    refused = unsearched(max_ramp_k_h=1e-6)
    assert refused.status is PlanStatus.FALLBACK
    assert refused.chosen is refused.baseline
