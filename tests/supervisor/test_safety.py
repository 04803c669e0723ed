"""The safety loop on a simulated field and clock: clocks, bad data, foreign hands, lost stores."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from controller.approvals import Member, Recommendation
from controller.cycle import run_cycle
from controller.engine.cycling import after_cycle, cycle_ports
from controller.engine.planner import PlannerWorker
from controller.guard import STEP_SHARE
from controller.knowing.ahead import Ahead
from controller.modes import Approve, Arm, Mode, Resume
from controller.roles import Role
from controller.store.journal import Stage
from drivers.base import Quality, Setpoint, UnknownOutcome, WeatherSeries, WeatherUnavailable
from tests.supervisor.simulated import BACK, Simulated, simulated

HOUR = timedelta(hours=1)
DAY = 86400.0


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Simulated]:
    made = simulated(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def either(tmp_path: Path, store_url: str) -> Iterator[Simulated]:
    """On SQLite and on PostgreSQL."""
    made = simulated(tmp_path, store_url=store_url)
    yield made
    made.database.close()


def mode_of(own: Simulated) -> Mode:
    return own.core.state.mode


def advice(own: Simulated, *, supply: float = 96.0, offset: float = 0.0) -> Recommendation:
    """A set that asks for a constant value from now on."""
    now = own.time.wall()
    values = {"P1.sp": ("plant:P1", supply), "S1.off": ("station:S1", offset)}
    return Recommendation(
        recommendation_id=f"r{now:%H%M%S}", at=now, expires_at=now + 10 * HOUR, input_hash="",
        start=now, step_s=900, limits=(), effect={},
        members=tuple(
            Member(element=element, quantity="", point_id=point,
                   before=own.field.values[BACK[point]], series=(value, value))
            for point, (element, value) in values.items()
        ),
    )  # fmt: skip


def approve(own: Simulated, supply: float = 96.0) -> None:
    made = advice(own, supply=supply)
    own.core.happen(Approve(now=own.time.wall(), by="li", role=Role.OPERATOR,
                            set_id=made.recommendation_id, point_ids=made.point_ids,
                            until=made.expires_at))  # fmt: skip
    own.core.approved = made


def arm(own: Simulated, hours: float = 24.0) -> None:
    own.core.advice = advice(own)
    own.core.happen(Arm(now=own.time.wall(), by="wang", role=Role.ENGINEER,
                        until=own.time.wall() + hours * HOUR))  # fmt: skip
    own.cycles(1, snap=True)


def test_nothing_is_written_before_anybody_said_so(own: Simulated) -> None:
    assert mode_of(own) is Mode.ADVISORY
    own.core.advice = advice(own)
    own.run(DAY / 4, every_s=60.0)
    assert own.setpoints() == []


def test_an_approved_set_is_followed_within_step_and_ramp(own: Simulated) -> None:
    approve(own)
    own.run(3 * 3600, every_s=10.0)
    written = [(at, one.value) for at, one in own.setpoints() if one.point_id == "P1.sp"]
    assert written[-1][1] == 96.0
    held = [(own.time.wall() - 4 * HOUR, 90.0), *written]
    for (_, before), (at, value) in pairwise(held):
        assert 0 < value - before <= STEP_SHARE * 6.0 + 1e-6
        hour_ago = [v for t, v in held if t <= at - HOUR][-1:]
        recent = [v for t, v in held if at - HOUR < t <= at]
        assert value - min([*hour_ago, *recent]) <= 6.0 + 1e-6
    rows = own.core.journal.rows(since=datetime(2000, 1, 1, tzinfo=UTC))
    assert [row.stage for row in rows] == [Stage.INTENT, Stage.CONFIRMED] * len(written)


def test_the_plant_hears_that_the_program_lives_before_it_is_told_a_setpoint(
    own: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    write = own.field.write

    def hear(setpoint: Setpoint) -> None:
        heard.append(setpoint.point_id)
        write(setpoint)

    monkeypatch.setattr(own.field, "write", hear)
    approve(own)
    own.safety.follow_soon()
    own.safety.one_pass()
    assert heard == ["P1.beat", "P1.sp"]


def test_an_approval_that_ends_releases_the_points(own: Simulated) -> None:
    approve(own, supply=110.0)
    own.run(11 * 3600, every_s=60.0)
    ended = own.core.state.ownership
    assert ended is None
    count = len(own.setpoints())
    own.run(3600, every_s=60.0)
    assert len(own.setpoints()) == count


JUMPS = [1.0, 4.0, 6.0, 60.0, 3600.0, DAY, 365 * DAY]


@pytest.mark.parametrize("jump_s", [*JUMPS, *(-jump for jump in JUMPS)])
def test_no_write_on_a_clock_that_was_set(own: Simulated, jump_s: float) -> None:
    approve(own, supply=110.0)
    own.run(300)
    count = len(own.setpoints())
    assert count > 0
    own.time.wall_at += timedelta(seconds=jump_s)
    own.run(2400)
    if abs(jump_s) <= 5.0:  # what a time server does
        assert mode_of(own) is Mode.ADVISORY
        return
    assert mode_of(own) in (Mode.HOLD, Mode.FALLBACK)
    assert own.core.state.ownership is None
    assert len(own.setpoints()) == count


@pytest.mark.parametrize("jump_s", [7200.0, -7200.0])
def test_arming_does_not_survive_a_jump(own: Simulated, jump_s: float) -> None:
    arm(own)
    assert mode_of(own) is Mode.AUTO
    own.time.wall_at += timedelta(seconds=jump_s)
    own.run(30)
    assert own.core.state.arming is None


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 3, 28, 23, 0, tzinfo=UTC),  # the nights of both changes in Europe
        datetime(2026, 10, 24, 23, 0, tzinfo=UTC),
        datetime(2028, 2, 28, 20, 0, tzinfo=UTC),  # before a leap day
        datetime(2026, 12, 31, 22, 0, tzinfo=UTC),
    ],
)
def test_the_calendar_changes_nothing(tmp_path: Path, at: datetime) -> None:
    made = simulated(tmp_path)
    made.time.wall_at = at
    made.run(10)  # the jump itself
    made.run(4000, every_s=60.0)
    made.cycles(2)
    made.core.happen(resume(made))
    approve(made, supply=110.0)
    made.run(6 * 3600, every_s=60.0)
    assert mode_of(made) is Mode.ADVISORY
    assert len(made.setpoints()) > 10
    made.database.close()


def resume(own: Simulated) -> Resume:
    return Resume(now=own.time.wall(), by="li", role=Role.OPERATOR)


@pytest.mark.parametrize("point", ["P1.t", "P1.sp.fb", "S1.off.fb"])
@pytest.mark.parametrize(
    "quality",
    [Quality.MISSING, Quality.STALE, Quality.STUCK, Quality.TOO_FAST, Quality.OUT_OF_RANGE,
     Quality.SENTINEL, Quality.DISAGREEING],
)  # fmt: skip
def test_a_deciding_measurement_that_is_bad_gives_hold_and_an_alarm(
    own: Simulated, point: str, quality: Quality
) -> None:
    approve(own, supply=110.0)
    own.run(200)
    count = len(own.setpoints())
    own.field.bad[point] = quality
    own.run(5)
    assert mode_of(own) is Mode.HOLD
    assert f"point_bad:{point}" in own.alarms()
    own.run(3600, every_s=30.0)
    assert len(own.setpoints()) == count
    assert mode_of(own) is Mode.FALLBACK


def test_a_measurement_at_its_limit_stops_the_rise_and_not_the_fall(own: Simulated) -> None:
    own.field.values["P1.t"] = 109.8
    approve(own, supply=110.0)
    own.run(600)
    assert own.setpoints() == []
    assert "limit_near:P1.t" in own.alarms()
    approve(own, supply=85.0)
    own.run(600)
    assert own.setpoints() != []


def test_a_setpoint_without_effect_gives_hold_and_an_alarm(either: Simulated) -> None:
    either.field.plant_follows = False
    approve(either, supply=110.0)
    either.run(2 * 3600, every_s=30.0)
    assert "no_effect:P1.sp" in either.alarms()
    assert mode_of(either) in (Mode.HOLD, Mode.FALLBACK)
    written = [one.value for _, one in either.setpoints() if one.point_id == "P1.sp"]
    assert written[-1] == 96.0, "what the ramp gives in half an hour, and no more"
    either.cycles(2)
    either.run(5)
    assert "2 more good cycles" in either.core.happen(resume(either)).refusal
    either.field.values["P1.t"] = written[-1] - 1.0
    either.run(120)
    either.cycles(2)
    assert either.core.happen(resume(either)).refusal == ""
    assert "no_effect:P1.sp" not in either.alarms()


def test_a_foreign_change_gives_manual(either: Simulated) -> None:
    approve(either)
    either.run(100)
    count = len(either.setpoints())
    either.field.values["P1.sp.fb"] = 80.0
    either.run(30)
    assert mode_of(either) is Mode.MANUAL
    assert "foreign_change:P1.sp" in either.alarms()
    either.run(7200, every_s=30.0)
    assert len(either.setpoints()) == count


@pytest.mark.parametrize("writes", [True, False])
def test_fallback_follows_the_weather_curve_on_owned_points_if_it_may(
    tmp_path: Path, writes: bool
) -> None:
    made = simulated(tmp_path, writes=writes)
    made.field.values["out"] = -20.0  # the curve says 110
    arm(made, hours=24)
    made.run(100)
    count = len(made.setpoints())
    made.cycles(2, good=False)
    assert mode_of(made) is Mode.HOLD
    made.run(900)
    assert mode_of(made) is Mode.FALLBACK
    made.run(5 * 3600, every_s=30.0)
    assert (len(made.setpoints()) > count) is writes
    supply = [one.value for _, one in made.setpoints() if one.point_id == "P1.sp"]
    assert max([90.0, *supply]) == (110.0 if writes else max([90.0, *supply[:count]]))
    assert all(65.0 <= value <= 110.0 for value in supply)
    made.database.close()


def test_fallback_without_the_local_sensor_writes_nothing(tmp_path: Path) -> None:
    made = simulated(tmp_path, writes=True)
    arm(made)
    made.run(100)
    made.field.bad["out"] = Quality.MISSING
    made.cycles(2, good=False)
    made.run(700)
    count = len(made.setpoints())
    made.run(3600, every_s=30.0)
    assert len(made.setpoints()) == count
    made.database.close()


def test_auto_ends_with_its_window_and_nothing_jumps(either: Simulated) -> None:
    arm(either, hours=2)
    assert mode_of(either) is Mode.AUTO
    either.run(2 * 3600 + 60, every_s=30.0)
    assert mode_of(either) is Mode.ADVISORY
    last = either.field.values["P1.sp.fb"]
    either.run(3600, every_s=30.0)
    assert either.field.values["P1.sp.fb"] == last > 90.0


def test_a_write_of_unknown_outcome_stops_the_rest_and_holds(either: Simulated) -> None:
    plain = either.field.write

    def lost(setpoint: Setpoint) -> None:
        plain(setpoint)
        if setpoint.point_id in BACK:
            either.field.bad["P1.sp.fb"] = Quality.MISSING
            raise UnknownOutcome("no reply")

    either.field.write = lost  # type: ignore[method-assign]
    approve(either)
    either.run(65)
    assert mode_of(either) is Mode.HOLD
    assert "write_failed:P1.sp" in either.alarms()
    assert len(either.setpoints()) == 1
    assert len(either.core.journal.open_intents()) == 1


def test_a_forecast_that_is_dead_for_two_days_of_a_snap(tmp_path: Path) -> None:
    """Armed in a snap: alarm at the first cycle, HOLD at the second, the curve, and back."""
    made = simulated(tmp_path, writes=True)
    made.field.values["out"] = -18.0
    made.run(7200, every_s=60.0)
    arm(made, hours=72.0)
    made.run(600, every_s=30.0)
    assert mode_of(made) is Mode.AUTO

    def dead(_now: datetime) -> WeatherSeries:
        raise WeatherUnavailable("no source answers")

    ports = replace(cycle_ports(made.core, PlannerWorker(1.0), Ahead(made.core)), weather=dead)
    began, seen = made.time.wall(), []
    for _ in range(48 * 4):
        after_cycle(made.core, run_cycle(made.time.wall(), ports))
        made.run(900, every_s=30.0)
        seen.append((mode_of(made), "weather_missing:cycle" in made.alarms()))
    assert seen[0] == (Mode.AUTO, True)
    assert all(mode in (Mode.HOLD, Mode.FALLBACK) and alarm for mode, alarm in seen[1:])
    assert {mode for mode, _ in seen[2:]} == {Mode.FALLBACK}
    lately = [(at, one.value) for at, one in made.setpoints()
              if one.point_id == "P1.sp" and at >= began]  # fmt: skip
    # The heating curve at -18 degC, kept by the local sensor and nothing else.
    assert lately[-1][1] == pytest.approx(96.0 + 14.0 * 9.0 / 11.0, abs=0.1)
    for (one, before), (at, value) in pairwise(lately):
        assert abs(value - before) <= STEP_SHARE * 8.0 + 1e-6
        assert at - one >= timedelta(seconds=60)
    # The forecast is back: two good cycles and a person, then the snap arms it again.
    made.cycles(1, snap=True)
    assert made.core.happen(resume(made)).refusal
    made.cycles(1, snap=True)
    made.core.causes.pop("cycle", None)
    assert made.core.happen(resume(made)).refusal == ""
    assert mode_of(made) is Mode.ADVISORY
    made.core.advice = advice(made)
    made.cycles(1, snap=True)
    made.run(600, every_s=30.0)
    assert mode_of(made) is Mode.AUTO
    assert "weather_missing:cycle" not in made.alarms()
    made.database.close()
