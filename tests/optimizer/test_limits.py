"""Every limit of a certificate, with numbers worked by hand from the site's conventions.

Water by the steam tables: 965.3 kg/m3 and 376.9 kJ/kg at 90 degC, 988.0 kg/m3 and 209.3 kJ/kg at
50 degC.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from optimizer.judge.ramps import largest_changes
from optimizer.limit_table import limit_results, lower_limit, tighter, upper_limit
from optimizer.model.arrays import frozen
from optimizer.model.network import PumpControl, StationControl, StationKind
from optimizer.model.outcome import LimitKind
from tests.optimizer.judged import district, limit, verdict
from tests.optimizer.networks import (
    START,
    building,
    constant_schedule,
    line,
    load,
    node,
    pipe,
    plant,
    pump,
    state_of,
    station,
)

# A pump whose head is 40 m whatever flows: 988.0 * 9.81 * 40 Pa = 3.877 bar at 50 degC.
FLAT = pump("M", "P", rated_flow_m3_h=1e4, rated_head_m=39.999, shutoff_head_m=40.0)
LOSSLESS = pipe("AB", "A", "B", heat_loss_w_m_k=0.0)


def one_load(kw: float = 200.0, **changes: Any) -> Any:
    return line(load("s", "B", kw, return_c=50.0), **{"pumps": [FLAT], **changes})


def at_full_speed(net: Any, steps: int = 8) -> Any:
    return constant_schedule(net, steps, pump_at=100.0)


# --- Pressures (convention 1) ---


def test_a_pipe_is_held_against_its_end_of_higher_pressure_elevations_included() -> None:
    """B lies 20 m below A: 3.0 + 3.877 bar at A, and 965.3 * 9.81 * 20 Pa = 1.894 bar more at B."""
    net = one_load(0.01, nodes=[node("A"), node("B", elevation_m=-20.0)])
    found = limit(verdict(district(net), schedule=at_full_speed(net)), LimitKind.PIPE_PRESSURE)
    assert found.worst == pytest.approx(3.0 + 3.877 + 1.894, abs=0.01)
    assert (found.where, found.allowed) == ("AB", 16.0)
    assert found.margin == pytest.approx(16.0 - found.worst)


def test_the_lowest_pressure_is_on_the_return_at_the_top() -> None:
    """B stands 20 m above A: 3.0 bar less 988.0 * 9.81 * 20 Pa = 1.938 bar."""
    net = one_load(0.01, nodes=[node("A"), node("B", elevation_m=20.0)])
    found = limit(verdict(district(net), schedule=at_full_speed(net)), LimitKind.MIN_PRESSURE)
    assert (found.where, found.unit) == ("B", "bar")
    assert found.worst == pytest.approx(3.0 - 1.938, abs=0.01)


def test_the_boiling_margin_counts_from_the_local_absolute_pressure() -> None:
    """At A 6.877 bar gauge are 7.890 bar absolute, which boil at 169.8 degC: 79.8 K above 90."""
    net = one_load(200.0, pipe=LOSSLESS)
    found = limit(verdict(district(net), schedule=at_full_speed(net)), LimitKind.BOILING_MARGIN)
    assert found.worst == pytest.approx(79.8, abs=0.4)
    assert found.margin == pytest.approx(found.worst - 5.0)


def test_a_pipe_that_is_shut_off_is_held_against_nothing() -> None:
    net = one_load(pipe=LOSSLESS)
    shut = replace(pipe("BC", "B", "C", max_pressure_bar=0.1), in_service=False)
    net = replace(net, nodes=(*net.nodes, node("C")), pipes=(*net.pipes, shut))
    certificate = verdict(district(net), schedule=at_full_speed(net))
    assert certificate.certified
    assert {one.where for one in certificate.limits if "pipe" in one.limit} == {"AB"}


# --- The plant (convention 2) ---


def test_capacity_binds_and_is_no_violation() -> None:
    """A plant of 0.1 MW before a load of 0.2 MW: it gives 0.1 MW and the water gets no hotter."""
    steady = replace(LOSSLESS, max_ramp_k_h=200.0)
    net = one_load(200.0, pipe=steady, plants=[plant("P", "A", max_heat_mw=0.1)])
    certificate = verdict(district(net), steps=24, schedule=at_full_speed(net, 24))
    found = limit(certificate, LimitKind.PLANT_HEAT)
    assert found.worst == pytest.approx(0.1, abs=1e-9)
    assert found.margin == pytest.approx(0.0, abs=1e-9)
    assert certificate.certified


@pytest.mark.parametrize(
    ("low_c", "high_c", "allowed_c", "margin_k"),
    [(50.0, 100.0, 100.0, 10.0), (50.0, 85.0, 85.0, -5.0), (85.0, 130.0, 85.0, 5.0),
     (93.0, 130.0, 93.0, -3.0)],
)  # fmt: skip
def test_an_outlet_is_held_to_its_plants_range(
    low_c: float, high_c: float, allowed_c: float, margin_k: float
) -> None:
    net = one_load(plants=[plant("P", "A", min_supply_temp_c=low_c, max_supply_temp_c=high_c)])
    certificate = verdict(district(net), schedule=at_full_speed(net))
    found = limit(certificate, LimitKind.SUPPLY_TEMP)
    assert (found.worst, found.allowed) == pytest.approx((90.0, allowed_c))
    assert found.margin == pytest.approx(margin_k)
    assert certificate.certified == (margin_k > 0.0)


# --- Ramps (convention 11) ---


def ramping(net: Any, values_c: list[float]) -> Any:
    return replace(at_full_speed(net, len(values_c)), supply_temp_c=frozen([values_c]))


@pytest.mark.parametrize(
    ("values_c", "worst_k_h"),
    [
        # From 90 degC before the start; steps of 15 min.
        ([90.0] * 8, 0.0),
        ([94.0] * 8, 4.0),  # the first step counts against the start state
        ([90.0, 92.0, 94.0, 96.0, 98.0, 98.0, 98.0, 98.0], 8.0),
        ([90.0, 95.0, 90.0, 95.0, 90.0, 95.0, 90.0, 95.0], 5.0),  # a change, not a sum of changes
        ([86.0, 82.0, 82.0, 82.0, 82.0, 82.0, 82.0, 82.0], 8.0),
    ],
)
def test_a_plants_ramp_is_the_largest_change_within_any_hour(
    values_c: list[float], worst_k_h: float
) -> None:
    net = one_load()
    certificate = verdict(district(net), schedule=ramping(net, values_c))
    assert limit(certificate, LimitKind.PLANT_RAMP).worst == pytest.approx(worst_k_h, abs=1e-9)


def test_rise_and_fall_have_limits_of_their_own() -> None:
    net = one_load(plants=[plant("P", "A", ramp_up_k_h=9.0, ramp_down_k_h=3.0)])
    up_and_down = ramping(net, [90.0, 92.0, 94.0, 96.0, 96.0, 94.0, 92.0, 92.0])
    found = limit(verdict(district(net), schedule=up_and_down), LimitKind.PLANT_RAMP)
    assert (found.worst, found.allowed, found.margin) == pytest.approx((4.0, 3.0, -1.0))


def test_a_pipes_ramp_is_that_of_the_water_that_enters_it() -> None:
    """The plant rises by 8 K within the second hour, and so does what enters its pipe."""
    net = one_load(200.0, pipe=replace(LOSSLESS, max_ramp_k_h=7.0))
    rise = ramping(net, [90.0] * 4 + [90.0, 92.0, 94.0, 96.0, 98.0, 98.0, 98.0, 98.0])
    certificate = verdict(district(net), steps=12, schedule=rise)
    found = limit(certificate, LimitKind.PIPE_RAMP)
    assert found.where == "AB"
    assert found.worst == pytest.approx(8.0, abs=0.1)
    assert not certificate.certified


def test_the_water_that_enters_is_hotter_than_a_pipe_may_be() -> None:
    net = one_load(200.0, pipe=replace(LOSSLESS, max_temp_c=88.0))
    found = limit(verdict(district(net), schedule=at_full_speed(net)), LimitKind.PIPE_TEMP)
    assert (found.worst, found.margin) == pytest.approx((90.0, -2.0), abs=0.01)


@pytest.mark.parametrize("change_k", [20.0, -20.0])
def test_a_ramp_that_begins_with_the_run_is_seen_whole(change_k: float) -> None:
    """An hour of it, then level: but for the half minute that the last water is a mean of."""
    net = one_load(200.0, pipe=replace(LOSSLESS, max_ramp_k_h=25.0))
    climb = ramping(net, [90.0 + change_k * min(k / 4.0, 1.0) for k in range(12)])
    found = limit(verdict(district(net), schedule=climb, steps=12), LimitKind.PIPE_RAMP)
    assert found.worst == pytest.approx(20.0, rel=0.01)


def test_a_pump_is_held_to_its_ramp_of_speed() -> None:
    """From 90 % before the start to 100 % at it."""
    net = one_load(pumps=[replace(FLAT, max_speed_ramp_pct_h=8.0)])
    found = limit(verdict(district(net), schedule=at_full_speed(net)), LimitKind.PUMP_RAMP)
    assert (found.worst, found.allowed, found.margin) == pytest.approx((10.0, 8.0, -2.0))


def test_a_pump_that_holds_a_pressure_is_held_to_the_ramp_of_its_speed() -> None:
    """From 2.0 to 3.0 bar at 50 degC in two hours, the first half of it from 20.64 to 25.79 m of
    50: 64.2 to 71.8 % of speed where next to nothing flows."""
    holds = pump("M", "P", control=PumpControl.DIFFERENTIAL_PRESSURE, min_speed_pct=10.0)
    net = one_load(1.0, pumps=[holds], pipe=LOSSLESS)
    course = [2.0] * 4 + [2.0 + 0.125 * k for k in range(9)]
    schedule = replace(constant_schedule(net, 13), pump_setpoint=frozen([course]))
    state = replace(state_of(net), pump_setpoint=frozen([2.0]))
    certificate = verdict(district(net), steps=13, schedule=schedule, state=state)
    assert limit(certificate, LimitKind.PUMP_RAMP).worst == pytest.approx(71.8 - 64.2, abs=0.1)


# --- Water ---


def test_velocity_in_the_hotter_pipe() -> None:
    """1 MW from 90 to 50 degC: 5.967 kg/s, in the supply of 100 mm 0.787 m/s."""
    net = one_load(1000.0, pipe=LOSSLESS)
    found = limit(verdict(district(net), schedule=at_full_speed(net)), LimitKind.VELOCITY)
    assert found.worst == pytest.approx(0.787, abs=0.003)


def test_makeup_is_what_leaks_at_the_mean_pressure_of_the_ends() -> None:
    """1 m3/h at 5 bar, half each: supply (6.877 / 5)^0.9 / 2, return (3.0 / 5)^0.9 / 2 = 0.982."""
    net = one_load(0.01, pipe=replace(LOSSLESS, leak_m3_h=1.0))
    certificate = verdict(district(net, max_makeup_m3_h=0.9), schedule=at_full_speed(net))
    found = limit(certificate, LimitKind.MAKEUP)
    # 965.3 kg/m3 leave the supply and 988.0 the return; 999.7 kg/m3 at 10 degC come in.
    assert found.worst == pytest.approx((0.6662 * 965.3 + 0.3157 * 988.0) / 999.7, rel=0.01)
    assert (found.where, certificate.certified) == ("site", False)


# --- Direct buildings ---


def direct(**limits: Any) -> Any:
    at_top = station(
        "s", "B", kind=StationKind.DIRECT, control=StationControl.FIXED, hx_ua_kw_k=0.0,
        secondary_flow_kg_s=0.0, valve_kvs=8.0, opening_pct=30.0,
    )  # fmt: skip
    net = line(at_top, buildings=[building("b", "s", height_m=25.0)], pumps=[FLAT], pipe=LOSSLESS)
    return verdict(district(net, **limits), schedule=at_full_speed(net))


def test_the_top_radiator_of_a_direct_building_must_not_run_dry() -> None:
    """25 m of water at its return, some 50 degC, are 2.42 bar of the 3.0 bar at its foot."""
    found = limit(direct(), LimitKind.STATIC_HEAD)
    assert (found.where, found.allowed) == ("s", 0.0)
    assert found.worst == pytest.approx(3.0 - 2.42, abs=0.06)


@pytest.mark.parametrize(
    ("limits", "kind", "worst", "allowed"),
    [
        ({"max_radiator_pressure_bar": 6.0}, LimitKind.RADIATOR_PRESSURE, 6.85, 6.0),
        ({"max_radiator_temp_c": 80.0}, LimitKind.RADIATOR_TEMP, 90.0, 80.0),
    ],
)
def test_what_radiators_of_direct_buildings_stand(
    limits: dict[str, float], kind: LimitKind, worst: float, allowed: float
) -> None:
    certificate = direct(**limits)
    found = limit(certificate, kind)
    assert (found.worst, found.allowed) == pytest.approx((worst, allowed), abs=0.1)
    assert not certificate.certified


def test_without_limits_of_radiators_none_is_judged() -> None:
    kinds = {one.limit for one in direct().limits}
    assert LimitKind.RADIATOR_PRESSURE not in kinds
    assert LimitKind.RADIATOR_TEMP not in kinds


# --- Tables ---


def test_each_kind_is_listed_once_and_each_element_near_its_limit_too() -> None:
    values = np.array([[5.0, 9.5, 8.0, 9.2], [6.0, 9.0, 8.9, 1.0]])
    table = upper_limit(
        LimitKind.PIPE_PRESSURE, "bar", ["far", "near", "middling", "second"], values,
        np.full(4, 10.0), 900.0,
    )  # fmt: skip
    found = limit_results([table], START)
    assert [(one.where, one.worst) for one in found] == [("near", 9.5), ("second", 9.2)]
    assert [one.margin for one in found] == pytest.approx([0.5, 0.8])
    assert {one.time for one in found} == {START}


def test_the_time_of_the_worst_value() -> None:
    values = np.array([[3.0], [2.0], [1.0], [2.0]])
    table = lower_limit(LimitKind.MIN_PRESSURE, "bar", ["n"], values, np.array([0.5]), 300.0)
    assert limit_results([table], START)[0].time == START + timedelta(seconds=600)


def test_the_worse_member_counts_element_by_element() -> None:
    def member(*values: float) -> Any:
        return upper_limit(
            LimitKind.VELOCITY, "m/s", ["a", "b"], np.array([values]), np.array([2.0, 2.0]), 300.0
        )

    assert tighter(member(1.0, 1.5), member(1.2, 0.5)).worst.tolist() == [1.2, 1.5]


@pytest.mark.parametrize(
    ("course", "rise", "fall"),
    [
        # Every 20 minutes; the hour spans three of them.
        ([0.0, 1.0, 2.0, 3.0, 4.0], 3.0, 0.0),
        ([0.0, 1.0, -1.0, 1.0, 0.0], 2.0, 2.0),
        ([5.0, 5.0, 5.0, 5.0, 5.0], 0.0, 0.0),
        ([0.0, 0.0, 0.0, -2.0, 7.0], 9.0, 2.0),
    ],
)
def test_the_largest_changes_within_an_hour(course: list[float], rise: float, fall: float) -> None:
    found = largest_changes(np.array(course)[:, None], np.arange(0.0, 6000.0, 1200.0))
    assert (found[0][0], found[2][0]) == (rise, fall)
