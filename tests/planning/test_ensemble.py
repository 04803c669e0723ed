"""One plan for several members of weather and load: limits hold in each, warmth counts at the
quantile."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cases.cities import city, cold_wave
from optimizer.baseline import starting_state
from optimizer.certify import certify
from optimizer.comfort import deciding_rank
from optimizer.model.arrays import frozen
from optimizer.model.forecast import Forecast
from optimizer.model.outcome import Certificate
from optimizer.model.plan import Plan
from optimizer.model.policy import District
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session
from optimizer.simulate import simulate

MEMBERS = 5
LOADS = (1.0, 1.08, 0.92, 1.04, 0.97)


def only(forecast: Forecast, member: int) -> Forecast:
    one = slice(member, member + 1)
    factor = forecast.load_factor
    return replace(
        forecast,
        outdoor_temp_c=forecast.outdoor_temp_c[one],
        wind_m_s=forecast.wind_m_s[one],
        ghi_w_m2=forecast.ghi_w_m2[one],
        load_factor=None if factor is None else factor[one],
    )


@pytest.fixture(scope="module")
def district() -> District:
    built = city(40, 2, seed=3)
    # A little too small for the coldest member.
    plants = tuple(replace(one, max_heat_mw=0.72 * one.max_heat_mw) for one in built.network.plants)
    return replace(built, network=replace(built.network, plants=plants))


@pytest.fixture(scope="module", params=["weather", "loads"])
def weather(district: District, request: pytest.FixtureRequest) -> Forecast:
    if request.param == "weather":
        return cold_wave(district, 24, members=MEMBERS, seed=5)
    alone = cold_wave(district, 24, members=MEMBERS)
    same = frozen(np.repeat(alone.outdoor_temp_c[:1], MEMBERS, axis=0))
    factors = np.outer(LOADS, np.ones(len(district.network.stations)))
    return replace(alone, outdoor_temp_c=same, load_factor=frozen(factors))


@pytest.fixture(scope="module")
def found(district: District, weather: Forecast) -> Plan:
    state = starting_state(district, weather, None)
    options = PlanOptions(max_rounds=4, with_bound=False)
    return plan(district, state, weather, solver_session(), options, lambda _: None, lambda: 0.0)


@pytest.fixture(scope="module")
def singly(district: District, weather: Forecast, found: Plan) -> list[Certificate]:
    state = starting_state(district, weather, None)
    return [
        certify(district, state, only(weather, m), found.chosen.schedule) for m in range(MEMBERS)
    ]


def test_the_plan_is_lawful_in_every_member_by_itself(
    found: Plan, singly: list[Certificate]
) -> None:
    assert found.chosen.certificate.certified
    assert all(one.certified for one in singly)


def test_each_limit_shows_the_member_that_comes_nearest_to_it(
    found: Plan, singly: list[Certificate]
) -> None:
    for kind in {limit.limit for limit in found.chosen.certificate.limits}:
        together, apart = (
            min(limit.margin for one in judged for limit in one.limits if limit.limit is kind)
            for judged in ([found.chosen.certificate], singly)
        )
        assert together == pytest.approx(apart, abs=1e-9)


def test_warmth_is_counted_at_the_quantile_of_the_members(
    district: District, found: Plan, singly: list[Certificate]
) -> None:
    rank = deciding_rank(district.comfort.shortfall_quantile, MEMBERS)
    counted = found.chosen.certificate.comfort
    sums = sorted(one.comfort.shortfall_k_h for one in singly)
    assert counted.shortfall_k_h == pytest.approx(sums[rank])
    assert sums[-1] > sums[0]
    largest = sorted(one.comfort.max_shortfall_k for one in singly)
    assert counted.max_shortfall_k == pytest.approx(largest[rank])


def test_the_plan_is_warmer_than_the_curve_in_the_member_that_decides(found: Plan) -> None:
    ours, usual = found.chosen.certificate.comfort, found.baseline.certificate.comfort
    assert ours.max_shortfall_k < usual.max_shortfall_k
    assert ours.shortfall_k_h < usual.shortfall_k_h


@pytest.mark.parametrize(
    ("quantile", "members", "rank"),
    [(0.9, 10, 8), (1.0, 10, 9), (0.5, 1, 0), (0.5, 4, 1), (0.01, 3, 0), (0.9, 5, 4)],
)
def test_the_deciding_member_by_quantile(quantile: float, members: int, rank: int) -> None:
    assert deciding_rank(quantile, members) == rank


def test_the_same_inputs_give_the_same_plan(
    district: District, weather: Forecast, found: Plan
) -> None:
    state = starting_state(district, weather, None)
    options = PlanOptions(max_rounds=4, with_bound=False)
    again = plan(district, state, weather, solver_session(), options, lambda _: None, lambda: 0.0)
    assert (again.chosen.schedule.supply_temp_c == found.chosen.schedule.supply_temp_c).all()
    assert again.chosen.certificate == found.chosen.certificate


def test_members_differ_in_what_they_do_to_the_flats(
    district: District, weather: Forecast, found: Plan
) -> None:
    state = starting_state(district, weather, None)
    ends = {
        round(
            float(
                simulate(district.network, state, weather, found.chosen.schedule, m)
                .buildings.worst_flat_temp_c[-1]
                .min()
            ),
            6,
        )
        for m in range(MEMBERS)
    }
    assert len(ends) == MEMBERS
