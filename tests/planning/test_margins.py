"""How far above their minimum flats are planned to stay."""

from dataclasses import replace

import pytest

from benchmarks.cases.cities import city, cold_wave
from optimizer.baseline import starting_state
from optimizer.model.arrays import frozen
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session


def test_what_is_short_as_the_plan_begins_asks_for_no_wider_margin() -> None:
    district = city(6, 1, seed=1)
    weather = cold_wave(district, 6)
    state = starting_state(district, weather, None)
    temps = state.indoor_temp_c.copy()
    temps[1] = 19.55
    lines: list[str] = []
    made = plan(
        district,
        replace(state, indoor_temp_c=frozen(temps)),
        weather,
        solver_session(),
        PlanOptions(with_bound=False),
        lines.append,
        lambda: 0.0,
    )
    short = (made.chosen.certificate.comfort, made.baseline.certificate.comfort)
    assert short[0].max_shortfall_k == pytest.approx(short[1].max_shortfall_k)
    assert 0.0 < short[0].max_shortfall_k < 0.3, "so little that a margin is tried"
    assert [one for one in lines if "certificate" in one] == [
        "certificate 1: passed",
        "certificate 2: passed",
    ]
