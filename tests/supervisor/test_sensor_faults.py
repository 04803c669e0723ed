"""Each sensor of a plant lost, stuck, spiking, drifting, swapped and scaled by ten.

What the supervisor must do: no limit passed, an alarm within one cycle, HOLD within two, and the
way back by good cycles and a person. What can not be known from the plant stands in the table too.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from controller.modes import Mode
from drivers.base import Quality, Reading
from tests.supervisor.simulated import OUTLET_BELOW_K, Simulated, simulated
from tests.supervisor.test_safety import approve, resume

CYCLE_S = 900.0
RETURN_C, FLOW_M3_H = 50.0, 20.0
KW_PER_M3_H_K = 4.19 * 975.0 / 3600.0
# Points of the plant beside those of the small site: tag and quantity in the built-in profile.
MORE = {
    "P1.ret": ("return_temp", "return_temp_c"),
    "P1.ps": ("supply_pressure", "supply_pressure_bar"),
    "P1.pr": ("return_pressure", "return_pressure_bar"),
    "P1.flow": ("flow", "flow_m3_h"),
    "P1.heat": ("heat_power", "heat_power_kw"),
    "P1.makeup": ("makeup_flow", "makeup_m3_h"),
}
Fault = Callable[[Mapping[str, float], str, float], float | Quality]


def missing(_true: Mapping[str, float], _name: str, _minute: float) -> Quality:
    return Quality.MISSING


def not_a_number(_true: Mapping[str, float], _name: str, _minute: float) -> float:
    return math.nan


def stuck(_true: Mapping[str, float], _name: str, _minute: float) -> Quality:
    """As the drivers find it, where the profile has `stuck_after_s`."""
    return Quality.STUCK


def spiking(true: Mapping[str, float], name: str, minute: float) -> float:
    return true[name] * (1.5 if int(minute * 60) % 60 < 5 else 1.0)


def drifting(true: Mapping[str, float], name: str, minute: float) -> float:
    by_name = {"P1.ps": 0.2, "P1.pr": 0.2, "P1.makeup": 0.02, "P1.heat": 20.0}
    return true[name] + minute * by_name.get(name, 2.0)


def sinking(true: Mapping[str, float], name: str, minute: float) -> float:
    """Too slowly for a trip, and to what can be."""
    return max(true[name] - 0.2 * minute, 0.4)


def swapped(true: Mapping[str, float], name: str, _minute: float) -> float:
    other = {"P1.t": "P1.ret", "P1.ret": "P1.t", "P1.ps": "P1.pr", "P1.pr": "P1.ps",
             "P1.flow": "P1.heat", "P1.heat": "P1.flow", "out": "B1.t", "B1.t": "out"}  # fmt: skip
    return true[other[name]]


def times_ten(true: Mapping[str, float], name: str, _minute: float) -> float:
    return true[name] * 10.0


def a_tenth(true: Mapping[str, float], name: str, _minute: float) -> float:
    return true[name] / 10.0


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Simulated]:
    rows = [f"{name},plc2,{tag},plant:P1,{quantity},read,,,,,5"
            for name, (tag, quantity) in MORE.items()]  # fmt: skip
    device = '[[device]]\nid = "plc2"\nbus = "plant"\naddress = "2"\nprofile = "plant-plc"\n'
    made = simulated(tmp_path, rows=rows, devices=device, values={
        "P1.ret": RETURN_C, "P1.ps": 6.0, "P1.pr": 3.0, "P1.flow": FLOW_M3_H,
        "P1.heat": (90.0 - OUTLET_BELOW_K - RETURN_C) * FLOW_M3_H * KW_PER_M3_H_K,
        "P1.makeup": 0.05, "P1.t": 90.0 - OUTLET_BELOW_K,
    })  # fmt: skip
    yield made
    made.database.close()


def break_it(own: Simulated, names: tuple[str, ...], fault: Fault) -> Callable[[], None]:
    """Let sensors go wrong from now on; give what repairs them."""
    plain, began = own.field._reading, own.time.wall()

    def wrong(name: str) -> Reading:
        heat = (own.field.values["P1.t"] - RETURN_C) * FLOW_M3_H * KW_PER_M3_H_K
        own.field.values["P1.heat"] = heat
        reading = plain(name)
        if name not in names:
            return reading
        minute = (own.time.wall() - began) / timedelta(minutes=1)
        found = fault(own.field.values, name, minute)
        if isinstance(found, Quality):
            return replace(reading, quality=found)
        return replace(reading, value=found)

    def repaired(name: str) -> Reading:
        heat = (own.field.values["P1.t"] - RETURN_C) * FLOW_M3_H * KW_PER_M3_H_K
        own.field.values["P1.heat"] = heat
        return plain(name)

    own.field._reading = wrong  # type: ignore[method-assign]
    return lambda: setattr(own.field, "_reading", repaired)


DECIDING = ("P1.t", "P1.ps", "P1.pr", "P1.makeup", "P1.sp.fb")
BALANCED = ("P1.t", "P1.ret", "P1.flow", "P1.heat")
HOLDS = [
    *((fault, (name,)) for fault in (missing, not_a_number, stuck) for name in DECIDING),
    *((spiking, (name,)) for name in ("P1.t", "P1.sp.fb")),
    *((drifting, (name,)) for name in (*BALANCED, "P1.pr", "P1.sp.fb")),
    (swapped, ("P1.t", "P1.ret")),
    (swapped, ("P1.ps", "P1.pr")),
    (swapped, ("P1.flow", "P1.heat")),
    *((times_ten, (name,)) for name in (*BALANCED, "P1.ps", "P1.pr", "P1.sp.fb")),
    *((a_tenth, (name,)) for name in (*BALANCED, "P1.ps", "P1.sp.fb")),
]
# What shows a value at its limit refuses every increase: a HOLD would do no more.
REFUSES = [
    (drifting, ("P1.ps",)),
    (drifting, ("P1.makeup",)),
    (times_ten, ("P1.makeup",)),
    (sinking, ("P1.pr",)),
]
# Sensors that decide about no setpoint: an alarm, and the plan goes on without them.
ALARMS = [
    *((fault, (name,)) for fault in (missing, not_a_number, stuck)
      for name in ("P1.ret", "P1.flow", "P1.heat", "B1.t", "out")),
    *((spiking, (name,)) for name in ("B1.t", "P1.ret")),
    *((drifting, (name,)) for name in ("B1.t", "out")),
    (swapped, ("out", "B1.t")),
    (times_ten, ("B1.t",)),
    (times_ten, ("out",)),
]  # fmt: skip
# Nothing in the plant tells these: the profile's rate, commissioning, the state's filter may.
UNKNOWABLE = [
    (a_tenth, ("B1.t",)),
    (a_tenth, ("out",)),
    (a_tenth, ("P1.pr",)),
    (a_tenth, ("P1.makeup",)),
    (spiking, ("P1.ps",)),
    (spiking, ("P1.pr",)),
    (spiking, ("P1.flow",)),
    (spiking, ("P1.heat",)),
    (spiking, ("out",)),
]


def name_of(case: tuple[Fault, tuple[str, ...]]) -> str:
    return f"{case[0].__name__}-{'-'.join(case[1])}"


def run_with(own: Simulated, seconds: float, *, until: Callable[[], bool]) -> float:
    """Run until something holds; give after how many seconds it did."""
    passed = 0.0
    while passed < seconds and not until():
        own.core.sense.expect_outdoor(own.time.wall(), -5.0)
        own.run(5.0)
        passed += 5.0
    return passed if until() else math.inf


def within_limits(own: Simulated) -> bool:
    written = [one.value for _, one in own.setpoints() if one.point_id == "P1.sp"]
    return all(65.0 <= value <= 110.0 for value in written)


def sensor_alarms(own: Simulated) -> set[str]:
    return {one for one in own.alarms() if not one.startswith(("on_hold", "in_fallback"))}


@pytest.mark.parametrize("case", HOLDS, ids=name_of)
def test_what_decides_and_is_wrong_gives_an_alarm_and_hold(
    own: Simulated, case: tuple[Fault, tuple[str, ...]]
) -> None:
    approve(own, supply=100.0)
    break_it(own, (), missing)()
    own.run(120.0)
    assert own.setpoints()
    assert own.core.state.mode is Mode.ADVISORY
    repair = break_it(own, case[1], case[0])
    fell = (Mode.HOLD, Mode.FALLBACK, Mode.MANUAL)
    held_s = run_with(own, 2 * CYCLE_S, until=lambda: own.core.state.mode in fell)
    own.run(60.0)
    assert held_s <= 2 * CYCLE_S
    assert sensor_alarms(own), "held without saying why"
    assert within_limits(own)
    count = len(own.setpoints())
    own.run(1800.0, every_s=30.0)
    assert len(own.setpoints()) == count
    repair()
    own.run(1200.0, every_s=30.0)
    own.cycles(2)
    assert own.core.happen(resume(own)).refusal == ""
    assert sensor_alarms(own) == set()
    approve(own, supply=100.0)
    # What a readback showed counts as moved: its hour must pass before the ramp is free again.
    again_s = run_with(own, 4500.0, until=lambda: len(own.setpoints()) > count)
    assert again_s <= (4500.0 if "P1.sp.fb" in case[1] else 900.0)
    assert own.core.state.mode is Mode.ADVISORY


@pytest.mark.parametrize("case", REFUSES, ids=name_of)
def test_what_stands_at_its_limit_is_told_and_nothing_rises(
    own: Simulated, case: tuple[Fault, tuple[str, ...]]
) -> None:
    approve(own, supply=110.0)
    break_it(own, case[1], case[0])
    told_s = run_with(own, 2 * CYCLE_S, until=lambda: bool(sensor_alarms(own)))
    assert told_s <= 2 * CYCLE_S
    count = len(own.setpoints())
    own.run(900.0, every_s=30.0)
    assert len(own.setpoints()) == count


@pytest.mark.parametrize("case", ALARMS, ids=name_of)
def test_what_decides_nothing_and_is_wrong_gives_an_alarm(
    own: Simulated, case: tuple[Fault, tuple[str, ...]]
) -> None:
    approve(own, supply=100.0)
    break_it(own, (), missing)()
    own.run(120.0)
    break_it(own, case[1], case[0])
    told_s = run_with(own, CYCLE_S, until=lambda: bool(sensor_alarms(own)))
    assert told_s <= CYCLE_S
    own.run(3600.0, every_s=30.0)
    assert within_limits(own)


@pytest.mark.parametrize("case", UNKNOWABLE, ids=name_of)
def test_what_nothing_tells_passes_no_limit(
    own: Simulated, case: tuple[Fault, tuple[str, ...]]
) -> None:
    approve(own, supply=110.0)
    break_it(own, case[1], case[0])
    own.run(2 * 3600.0, every_s=30.0)
    assert within_limits(own)
    assert own.field.values["P1.t"] <= 110.0
