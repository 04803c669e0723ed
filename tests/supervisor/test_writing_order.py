"""The order in which a set is written, whose every prefix is certified."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from controller.engine.elements import Element
from controller.engine.prefixes import series_of, writing_order
from optimizer.model.schedule import Schedule
from tests.supervisor.conftest import NOW

moves = st.lists(
    st.tuples(st.floats(60, 110), st.floats(60, 110), st.booleans()), min_size=1, max_size=8
)


def plant(index: int, *, by_hand: bool = False) -> Element:
    point = None if by_hand else f"P{index}.sp"
    return Element(kind="plant", element_id=f"P{index}", index=index, quantity="supply_temp_c",
                   point_id=point, readback_id=None)  # fmt: skip


def schedule(*rows: tuple[float, float]) -> Schedule:
    none = np.zeros((0, 2))
    return Schedule(start=NOW, step_s=900, supply_temp_c=np.array(rows), pump_setpoint=none,
                    secondary_offset_k=none)  # fmt: skip


def test_what_is_written_comes_before_what_hands_set_and_what_falls_comes_first() -> None:
    elements = (plant(0), plant(1), plant(2), plant(3, by_hand=True), plant(4, by_hand=True))
    stands = schedule((80, 80), (90, 90), (80, 80), (70, 70), (70, 70))
    goes = schedule((80, 85), (90, 91), (80, 75), (70, 71), (70, 69))
    order = [one.element_id for one in writing_order(elements, goes, stands)]
    assert order == ["P2", "P0", "P1", "P4", "P3"]


@given(moves=moves)
def test_no_prefix_rises_before_everything_that_falls_has_fallen(
    moves: list[tuple[float, float, bool]],
) -> None:
    elements = tuple(plant(i, by_hand=hand) for i, (_, _, hand) in enumerate(moves))
    stands = schedule(*((before, before) for before, _, _ in moves))
    goes = schedule(*((before, to) for before, to, _ in moves))
    order = writing_order(elements, goes, stands)
    assert sorted(order, key=lambda one: one.index) == list(elements)
    by_hand = [one.point_id is None for one in order]
    assert by_hand == sorted(by_hand)
    for hands in (False, True):
        rising = [bool(series_of(one, goes)[1] >= series_of(one, stands)[0]) for one in order
                  if (one.point_id is None) is hands]  # fmt: skip
        assert rising == sorted(rising)
