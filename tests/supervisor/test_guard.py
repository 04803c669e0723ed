"""The guard: tables of what it refuses and shrinks, and properties over any input."""

import ast
import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import controller.guard as guard_module
from controller.actuate import Order, Outcome
from controller.engine.following import Target, follow
from controller.guard import (
    Authority,
    Deciding,
    DropTrip,
    Held,
    Permit,
    PointLimits,
    Ruling,
    Verdict,
    View,
    guard,
)
from controller.guard_limits import guard_limits
from controller.modes import Mode
from controller.site import load_site
from controller.store.journal import Stage
from drivers.base import Quality, Reading
from tests.supervisor.conftest import NOW

ROOT = Path(__file__).parents[2]
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LIMITS = PointLimits(
    point_id="sp",
    readback_point_id="fb",
    readback_stale_s=15.0,
    min_value=65.0,
    max_value=110.0,
    up_per_h=6.0,
    down_per_h=8.0,
    resolution=0.1,
    deciding=(
        Deciding(point_id="t", stale_after_s=15.0, high=110.0, band=0.5),
        Deciding(point_id="p", stale_after_s=15.0, high=10.0, low=0.5, band=0.2),
        Deciding(point_id="makeup", stale_after_s=15.0, high=0.25, band=0.025),
    ),
    drops=(DropTrip(point_id="p", max_drop_bar_min=0.5),),
    remote_point_ids=("remote",),
    remote_stale_s=15.0,
)


def reading(point_id: str, value: float | None, **changes: object) -> Reading:
    plain = Reading(point_id=point_id, value=value, time=NOW, quality=Quality.GOOD)
    return replace(plain, **changes)  # type: ignore[arg-type]


GOOD: Mapping[str, Reading] = {
    name: reading(name, value)
    for name, value in {"fb": 90.0, "t": 90.0, "p": 6.0, "makeup": 0.1, "remote": 1.0}.items()
}
VIEW = View(
    now=NOW,
    mode="advisory",
    permit=Permit(
        authority=Authority.APPROVED, point_ids=frozenset({"sp"}), until=NOW + 15 * MINUTE
    ),
    commissioned=True,
    held=((NOW - 2 * HOUR, 90.0), (NOW, 90.0)),
    last_write=None,
    readings=GOOD,
    pressures={"p": ((NOW - 10 * MINUTE, 6.0), (NOW, 6.0))},
)


def seen(**readings: Reading) -> View:
    return replace(VIEW, readings={**GOOD, **readings})


def ruled(verdict: Verdict) -> tuple[str, float | None]:
    return verdict.ruling.value, verdict.value


VALUES: list[tuple[str, float, Held, tuple[str, float | None]]] = [
    ("unchanged", 90.0, VIEW.held, ("allowed", 90.0)),
    ("up within a step", 91.5, VIEW.held, ("allowed", 91.5)),
    ("down within a step", 88.0, VIEW.held, ("allowed", 88.0)),
    ("finer than the device", 90.16, VIEW.held, ("shrunk", 90.1)),
    ("finer than the device, down", 89.84, VIEW.held, ("shrunk", 89.9)),
    ("up by more than a step", 95.0, VIEW.held, ("shrunk", 91.5)),
    ("down by more than a step", 70.0, VIEW.held, ("shrunk", 88.0)),
    (
        "half the hour's ramp is used up",
        91.5,
        ((NOW - 2 * HOUR, 85.0), (NOW - HOUR / 2, 90.0), (NOW, 90.0)),
        ("shrunk", 91.0),
    ),
    (
        "all of it is used up",
        91.5,
        ((NOW - 2 * HOUR, 84.0), (NOW - HOUR / 2, 90.0), (NOW, 90.0)),
        ("shrunk", 90.0),
    ),
    (
        "what held at the window's very start counts",
        91.5,
        ((NOW - HOUR, 84.0), (NOW - HOUR + SECOND, 90.0), (NOW, 90.0)),
        ("shrunk", 90.0),
    ),
    (
        "what ended before the window does not",
        91.5,
        ((NOW - 2 * HOUR, 84.0), (NOW - HOUR - SECOND, 90.0), (NOW, 90.0)),
        ("allowed", 91.5),
    ),
    (
        "down after up is bounded by the highest",
        88.0,
        ((NOW - 2 * HOUR, 90.0), (NOW - HOUR / 2, 97.0), (NOW, 90.0)),
        ("shrunk", 89.0),
    ),
    (
        "seen for a tenth of an hour: a tenth of the ramp",
        91.5,
        ((NOW - HOUR / 10, 90.0), (NOW, 90.0)),
        ("shrunk", 90.6),
    ),
    ("seen just now", 91.5, ((NOW, 90.0),), ("shrunk", 90.0)),
    ("less than the device's step", 90.08, VIEW.held, ("shrunk", 90.0)),
    ("far beyond the largest", 500.0, VIEW.held, ("shrunk", 91.5)),
    ("not a number", math.nan, VIEW.held, ("refused", None)),
    ("infinite", math.inf, VIEW.held, ("refused", None)),
    ("no history", 91.0, (), ("refused", None)),
    ("history ends elsewhere", 91.0, ((NOW - HOUR, 88.0),), ("refused", None)),
]


@pytest.mark.parametrize(("name", "asked", "held", "expected"), VALUES)
def test_ranges_steps_and_ramps(
    name: str, asked: float, held: Held, expected: tuple[str, float | None]
) -> None:
    assert ruled(guard(LIMITS, asked, replace(VIEW, held=held))) == expected, name


def at(value: float) -> View:
    return replace(seen(fb=reading("fb", value)), held=((NOW - 2 * HOUR, value), (NOW, value)))


@pytest.mark.parametrize(
    ("held", "asked", "expected"),
    [
        (109.5, 112.0, ("refused", None)),  # see below: the measured outlet decides
        (66.0, 60.0, ("shrunk", 65.0)),
        (65.0, 60.0, ("shrunk", 65.0)),
        (112.0, 111.0, ("refused", None)),  # the way back must be asked for as a whole
        (112.0, 110.0, ("allowed", 110.0)),
        (64.0, 66.0, ("shrunk", 65.5)),
        (64.0, 64.5, ("refused", None)),
    ],
)
def test_the_ends_of_the_range(
    held: float, asked: float, expected: tuple[str, float | None]
) -> None:
    view = at(held)
    hot = {**view.readings, "t": reading("t", min(held, 109.5))}
    assert ruled(guard(LIMITS, asked, replace(view, readings=hot))) == expected


OTHERS = Permit(authority=Authority.ARMED, point_ids=frozenset({"else"}), until=NOW + HOUR)
ARMED = Permit(authority=Authority.ARMED, point_ids=frozenset({"sp"}), until=NOW + HOUR)
REFUSALS: list[tuple[str, View, str]] = [
    ("nobody approved", replace(VIEW, permit=None), "not owned"),
    ("another point approved", replace(VIEW, permit=OTHERS), "not owned"),
    ("armed, but advisory", replace(VIEW, permit=ARMED), "does not write in mode advisory"),
    ("approved, but auto", replace(VIEW, mode="auto"), "does not write in mode auto"),
    ("approved, but hold", replace(VIEW, mode="hold"), "does not write in mode hold"),
    ("approved, but init", replace(VIEW, mode="init"), "does not write in mode init"),
    ("approved, but manual", replace(VIEW, mode="manual"), "does not write in mode manual"),
    ("the permit has just ended", replace(VIEW, now=NOW + 15 * MINUTE), "ended at"),
    ("not commissioned", replace(VIEW, commissioned=False), "commission"),
    ("on local", seen(remote=reading("remote", 0.0)), "on local"),
    ("switch not known", seen(remote=reading("remote", None)), "is missing"),
    (
        "switch stale",
        seen(remote=reading("remote", 1.0, time=NOW - 16 * SECOND)),
        "16 s old, at most 15 s",
    ),
    ("readback missing", seen(fb=reading("fb", None)), "is missing"),
    ("readback not agreed", seen(fb=reading("fb", 90.0, quality=Quality.UNCONFIRMED)), "unconf"),
    ("readback stale", seen(fb=reading("fb", 90.0, time=NOW - MINUTE)), "60 s old"),
    ("readback not the history's end", seen(fb=reading("fb", 93.0)), "history"),
    ("clock set back", replace(VIEW, now=NOW - 6 * SECOND), "from the future"),
    (
        "history from the future",
        replace(VIEW, held=((NOW - HOUR, 90.0), (NOW + 6 * SECOND, 90.0))),
        "the clock was set back",
    ),
    ("just written", replace(VIEW, last_write=NOW - 59 * SECOND), "less than 60 s ago"),
]


@pytest.mark.parametrize(("name", "view", "why"), REFUSALS)
@pytest.mark.parametrize("asked", [89.0, 91.0])
def test_what_refuses_any_change(name: str, view: View, why: str, asked: float) -> None:
    verdict = guard(LIMITS, asked, view)
    assert ruled(verdict) == ("refused", None), name
    assert any(why in reason for reason in verdict.reasons), verdict.reasons


DANGERS: list[tuple[str, View, str]] = [
    ("outlet near its limit", seen(t=reading("t", 109.5)), "within 0.5 of its limit 110"),
    ("outlet stale", seen(t=reading("t", 90.0, time=NOW - 16 * SECOND)), "old"),
    ("outlet missing", seen(t=reading("t", None)), "missing"),
    ("outlet stuck", seen(t=reading("t", 90.0, quality=Quality.STUCK)), "stuck"),
    ("outlet not a number", seen(t=reading("t", math.nan)), "good"),
    ("pressure near its limit", seen(p=reading("p", 9.8)), "within 0.2 of its limit 10"),
    ("pressure near its least", seen(p=reading("p", 0.7)), "within 0.2 of its least 0.5"),
    ("make-up near its limit", seen(makeup=reading("makeup", 0.225)), "makeup 0.225"),
    (
        "pressure falling",
        replace(VIEW, pressures={"p": ((NOW - MINUTE, 6.0), (NOW, 5.4))}),
        "fell by 0.60 bar within a minute",
    ),
    (
        "pressure fell a while ago",
        replace(
            VIEW,
            pressures={"p": ((NOW - 14 * MINUTE, 6.0), (NOW - 13.5 * MINUTE, 5.4), (NOW, 5.4))},
        ),
        "fell by 0.60 bar",
    ),
]


@pytest.mark.parametrize(("name", "view", "why"), DANGERS)
def test_what_refuses_an_increase_and_lets_a_decrease_pass(name: str, view: View, why: str) -> None:
    verdict = guard(LIMITS, 91.0, view)
    assert ruled(verdict) == ("refused", None), name
    assert any(why in reason for reason in verdict.reasons), verdict.reasons
    assert ruled(guard(LIMITS, 89.0, view)) == ("allowed", 89.0)


def test_a_device_without_steps_takes_any_value() -> None:
    floating = replace(LIMITS, resolution=0.0)
    assert ruled(guard(floating, 90.1234567, VIEW)) == ("allowed", 90.1234567)


@pytest.mark.parametrize(("seconds", "expected"), [(900, "refused"), (901, "allowed")])
def test_a_fall_counts_for_a_quarter_of_an_hour(seconds: int, expected: str) -> None:
    high = NOW - seconds * SECOND
    pressures = {"p": ((high, 6.0), (high + SECOND, 5.4), (NOW, 5.4))}
    assert guard(LIMITS, 91.0, replace(VIEW, pressures=pressures)).ruling.value == expected


# The first is asked for less than its device's step.
ASKED = {"waits": 90.08, "rises": 91.0}


def test_a_point_that_waits_stops_no_other_and_one_that_is_refused_does() -> None:
    limits = {name: replace(LIMITS, point_id=name) for name in ASKED}
    written: list[str] = []

    def carry_out(order: Order) -> Outcome:
        written.append(order.point_id)
        return Outcome(point_id=order.point_id, value=order.value, stage=Stage.CONFIRMED,
                       readback=order.value, detail="")  # fmt: skip

    def followed(makeup: float) -> list[str]:
        written.clear()
        permit = replace(ARMED, point_ids=frozenset(ASKED))
        view = replace(seen(makeup=reading("makeup", makeup)), permit=permit, mode="auto")
        follow(
            [Target(point_id=one, value=value, set_id=None) for one, value in ASKED.items()],
            permit=permit, mode=Mode.AUTO, limits=limits,
            view=lambda _limits: view, carry_out=carry_out, actor="t",
        )  # fmt: skip
        return written

    assert followed(0.1) == ["rises"]
    assert followed(0.3) == []


def test_what_stays_as_it_is_is_no_increase() -> None:
    assert ruled(guard(LIMITS, 90.0, seen(t=reading("t", 109.9)))) == ("allowed", 90.0)


def test_a_limit_without_a_band_holds_at_the_limit_itself() -> None:
    bare = replace(LIMITS, deciding=(Deciding(point_id="t", stale_after_s=15.0, high=100.0),))
    assert ruled(guard(bare, 91.0, seen(t=reading("t", 99.9)))) == ("allowed", 91.0)
    assert ruled(guard(bare, 91.0, seen(t=reading("t", 100.0)))) == ("refused", None)


NO_DANGERS: list[tuple[str, View]] = [
    ("outlet below its band", seen(t=reading("t", 109.4))),
    ("outlet just fresh enough", seen(t=reading("t", 90.0, time=NOW - 15 * SECOND))),
    ("pressure below its band", seen(p=reading("p", 9.7))),
    ("pressure above its least", seen(p=reading("p", 0.8))),
    ("make-up below its band", seen(makeup=reading("makeup", 0.224))),
    ("slow fall", replace(VIEW, pressures={"p": ((NOW - MINUTE, 6.0), (NOW, 5.5))})),
    (
        "same fall in a longer time",
        replace(VIEW, pressures={"p": ((NOW - 61 * SECOND, 6.0), (NOW, 5.4))}),
    ),
    (
        "fall longer ago than it counts",
        replace(
            VIEW, pressures={"p": ((NOW - 17 * MINUTE, 6.0), (NOW - 16 * MINUTE, 5.4), (NOW, 5.4))}
        ),
    ),
    ("rise", replace(VIEW, pressures={"p": ((NOW - MINUTE, 5.0), (NOW, 6.0))})),
    ("written a minute ago", replace(VIEW, last_write=NOW - MINUTE)),
    ("clock a little off", replace(VIEW, now=NOW - 5 * SECOND)),
]


@pytest.mark.parametrize(("name", "view"), NO_DANGERS)
def test_what_does_not_refuse_an_increase(name: str, view: View) -> None:
    assert ruled(guard(LIMITS, 91.0, view)) == ("allowed", 91.0), name


# The very edges, in numbers that floating point holds exactly.
DUST = 1e-9
WIDE = replace(LIMITS, min_value=-10.0, max_value=10.0, up_per_h=100.0, down_per_h=100.0,
               resolution=0.0)  # fmt: skip
EDGES: list[tuple[str, PointLimits, float, float, float, tuple[str, float | None]]] = [
    ("a little above the largest comes down", replace(WIDE, max_value=0.0), DUST, DUST, 5.0,
     ("shrunk", 0.0)),
    ("a little below the least comes up", replace(WIDE, min_value=0.0), -DUST, -DUST, -5.0,
     ("shrunk", 0.0)),
    ("half a step off is what was asked", replace(WIDE, resolution=2.0), -2.0, -2.0, 1.0 + DUST,
     ("allowed", 0.0)),
    ("the readback is off by dust", WIDE, 0.0, DUST, 5.0, ("allowed", 5.0)),
    ("the readback is off by two dusts", WIDE, 0.0, 2 * DUST, 5.0, ("refused", None)),
    ("nine decimals are enough", replace(WIDE, resolution=4e-10), 0.0, 0.0, 4e-10,
     ("shrunk", 0.0)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "limits", "held", "back", "asked", "expected"), EDGES)
def test_edges(
    name: str, limits: PointLimits, held: float, back: float, asked: float,
    expected: tuple[str, float | None],
) -> None:  # fmt: skip
    view = replace(seen(fb=reading("fb", back)), held=((NOW - 2 * HOUR, held), (NOW, held)))
    assert ruled(guard(limits, asked, view)) == expected, name


def test_what_holds_from_the_window_s_very_start_covers_what_was_before() -> None:
    held = ((NOW - 2 * HOUR, 80.0), (NOW - HOUR, 90.0), (NOW, 90.0))
    assert ruled(guard(LIMITS, 91.5, replace(VIEW, held=held))) == ("allowed", 91.5)


def test_a_fall_of_exactly_the_trip_is_none() -> None:
    pressures = {"p": ((NOW - MINUTE, 0.5 + DUST), (NOW, 0.0))}
    view = replace(seen(p=reading("p", 6.0)), pressures=pressures)
    assert ruled(guard(LIMITS, 91.0, view)) == ("allowed", 91.0)


def test_nothing_rises_without_a_measurement() -> None:
    blind = replace(LIMITS, deciding=())
    assert guard(blind, 91.0, VIEW).ruling is Ruling.REFUSED
    assert guard(blind, 89.0, VIEW).ruling is Ruling.ALLOWED


# Properties

temps = st.floats(-50.0, 250.0) | st.floats(allow_nan=True, allow_infinity=True)
histories = st.lists(
    st.tuples(st.integers(0, 3 * 3600), st.floats(60.0, 115.0)), min_size=0, max_size=12
).map(lambda rows: tuple((NOW - timedelta(seconds=s), v) for s, v in sorted(rows, reverse=True)))


@st.composite
def views(draw: st.DrawFn) -> View:
    held = draw(histories)
    last = held[-1][1] if held else 90.0
    sure = draw(st.integers(0, 4)) > 0
    readings = {
        name: reading(
            name,
            draw(st.one_of(st.none(), st.floats(-1.0, 130.0))) if not sure else good.value,
            quality=Quality.GOOD if sure else draw(st.sampled_from(Quality)),
            time=NOW - timedelta(seconds=draw(st.integers(-10, 20)) if not sure else 0),
        )
        for name, good in {**GOOD, "fb": reading("fb", last)}.items()
    }
    permits = [VIEW.permit, VIEW.permit, VIEW.permit, OTHERS, ARMED, None]
    return replace(
        VIEW,
        mode=draw(st.sampled_from(["advisory", "advisory", "advisory", "auto", "hold", "init"])),
        permit=draw(st.sampled_from(permits)),
        commissioned=draw(st.integers(0, 9)) > 0,
        held=held,
        readings=readings,
    )


@settings(max_examples=400)
@given(asked=temps, view=views())
def test_it_never_enlarges_and_never_leaves_the_bounds(asked: float, view: View) -> None:
    verdict = guard(LIMITS, asked, view)
    if verdict.value is None:
        assert verdict.ruling is Ruling.REFUSED
        assert verdict.reasons
        return
    present = view.held[-1][1]
    assert min(present, asked) - 1e-9 <= verdict.value <= max(present, asked) + 1e-9
    assert view.permit is not None
    assert view.commissioned
    if verdict.value != present:
        assert LIMITS.min_value - 1e-9 <= verdict.value <= LIMITS.max_value + 1e-9
        assert abs(verdict.value - present) <= (2.0 if verdict.value < present else 1.5) + 1e-9


@settings(max_examples=150)
@given(
    asks=st.lists(
        st.tuples(st.integers(60, 2400), st.floats(50.0, 130.0)), min_size=1, max_size=30
    ),
    start=st.floats(65.0, 110.0).map(lambda value: round(value, 1)),
)
def test_no_sequence_of_writes_leaves_a_sliding_hour(
    asks: list[tuple[int, float]], start: float
) -> None:
    held: list[tuple[datetime, float]] = [(NOW, start)]
    now = NOW
    for wait_s, asked in asks:
        now += timedelta(seconds=wait_s)
        present = held[-1][1]
        held.append((now, present))
        readings = {name: replace(one, time=now) for name, one in GOOD.items()}
        readings["fb"] = replace(readings["fb"], value=present)
        permit = replace(ARMED, until=now + HOUR)
        view = replace(
            VIEW, now=now, mode="auto", permit=permit, held=tuple(held), readings=readings
        )
        value = guard(LIMITS, asked, view).value
        if value is not None:
            held.append((now, value))
    for i, (late, value) in enumerate(held):
        # In force within the hour: set in it, or set before and held into it.
        in_force = [v for (_, v), (end, _) in pairwise(held[: i + 1]) if end >= late - HOUR]
        for before in in_force:
            assert value - before <= LIMITS.up_per_h + 1e-6
            assert before - value <= LIMITS.down_per_h + 1e-6


# Where its limits come from, and what it may import


def test_limits_come_from_the_site() -> None:
    site = load_site(ROOT / "config" / "old-east", this_year=2026)
    limits = guard_limits(site)
    supply = limits["P1.supply_temp.sp"]
    plant = site.district.network.plants[0]
    pipes = [
        pipe
        for pipe in site.district.network.pipes
        if pipe.in_service and plant.node_id in (pipe.from_node, pipe.to_node)
    ]
    assert supply.max_value == min(115.0, plant.max_supply_temp_c, *(p.max_temp_c for p in pipes))
    assert supply.up_per_h == min(6.0, plant.ramp_up_k_h, *(p.max_ramp_k_h for p in pipes))
    assert supply.resolution == pytest.approx(0.1)
    assert supply.remote_point_ids == ("P1.remote",)
    deciding = {one.point_id: one for one in supply.deciding}
    assert set(deciding) == {
        "P1.supply_temp", "P1.supply_pressure", "P1.return_pressure", "P1.makeup_flow"
    }  # fmt: skip
    assert deciding["P1.supply_pressure"].high == min(pipe.max_pressure_bar for pipe in pipes)
    assert site.trip is not None
    assert deciding["P1.makeup_flow"].high == min(
        site.trip.max_makeup_m3_h, site.district.limits.max_makeup_m3_h
    )
    assert {trip.max_drop_bar_min for trip in supply.drops} == {site.trip.max_pressure_drop_bar_min}
    assert limits["M1.speed.sp"].remote_point_ids == ("M1.remote",)
    assert "P1.heartbeat" not in limits
    written = [p for p in site.points if p.direction == "write" and p.quantity != "heartbeat"]
    assert set(limits) == {point.point_id for point in written}


def test_it_imports_only_the_base_types() -> None:
    tree = ast.parse(Path(guard_module.__file__).read_text(encoding="utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    ours = {n for n in names if n and n.split(".")[0] in ("controller", "optimizer", "drivers")}
    assert all(n == "drivers.base" or n.startswith("optimizer.model") for n in ours), ours


def test_importing_it_loads_no_pyomo() -> None:
    code = "import sys, controller.guard; print(sorted({'pyomo', 'sqlalchemy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
