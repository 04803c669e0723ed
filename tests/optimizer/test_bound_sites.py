"""The bounds on the sites that are shown, against walks of every lever and their weather curve."""

from pathlib import Path

import pytest

from controller.site import load_site
from optimizer.bound import lower_bound
from optimizer.comfort import comfort_of_trace
from optimizer.cost import cost_of_trace
from optimizer.model.policy import District
from optimizer.simulate import simulate
from tests.data import need_site_example
from tests.optimizer.bound_districts import random_case

OLD_EAST = Path(__file__).resolve().parents[2] / "config" / "old-east"


def _distances(district: District, mean_c: float, seed: int) -> tuple[float, float]:
    """How far a walk lies above the bounds of its own warmth: share of cost, and kelvins."""
    case = random_case(district, mean_c, seed)
    trace = simulate(district.network, case.state, case.forecast, case.schedule)
    cost = cost_of_trace(district, case.state, case.forecast, trace).total
    comfort = comfort_of_trace(district.network, trace)
    bound = lower_bound(district, case.state, case.forecast, comfort, cost)
    return (cost - bound.cost_lower) / cost, comfort.max_shortfall_k - bound.max_shortfall_lower_k


@pytest.mark.parametrize("mean_c", [4.0, -8.0, -18.0])
@pytest.mark.parametrize("seed", range(3))
def test_no_walk_on_old_east_beats_its_bounds(seed: int, mean_c: float) -> None:
    dearer, colder_k = _distances(load_site(str(OLD_EAST)).district, mean_c, seed)
    assert 0.0 <= dearer < 0.3
    assert colder_k >= 0.0


@pytest.mark.parametrize("mean_c", [4.0, -8.0, -18.0])
@pytest.mark.parametrize("seed", range(6))
def test_no_walk_on_the_example_site_beats_its_bounds(seed: int, mean_c: float) -> None:
    dearer, colder_k = _distances(load_site(str(need_site_example())).district, mean_c, seed)
    assert 0.0 <= dearer < 0.3
    assert colder_k >= 0.0
