"""One cycle with real parts: what it recommends, and the typed outcome of each step that fails."""

import contextlib
import os
import signal
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from controller.cycle import CycleOutcome, CyclePorts, CycleRecord, run_cycle
from controller.engine.cycling import CycleThread, after_cycle, cycle_ports
from controller.engine.planner import (
    Planned,
    PlannerWorker,
    PlanningError,
    PlanTask,
    plan_with_prefixes,
)
from controller.engine.prefixes import PREFIX_FOLLOWED_H, lawful_order, prefix, writing_order
from controller.knowing.ahead import Ahead
from controller.modes import Mode
from controller.store import recommendations
from optimizer.certify import certify
from optimizer.model.plan import LastPlan
from optimizer.model.state import PlantState
from tests.supervisor.simulated import Simulated, simulated

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class Kitchen:
    """A simulated engine with its cycle's ports and the last task that was planned."""

    def __init__(self, folder: Path) -> None:
        self.own: Simulated = simulated(folder)
        self.own.run(5)
        self.task: PlanTask | None = None
        self.planned: Planned | None = None
        self.ports: CyclePorts = replace(
            cycle_ports(self.own.core, PlannerWorker(1.0), Ahead(self.own.core)), plan=self.plan
        )

    def plan(self, task: PlanTask) -> Planned:
        self.task, self.planned = task, plan_with_prefixes(task)
        return self.planned

    def once(self) -> tuple[PlanTask, Planned]:
        """What was planned; planned now if nothing was."""
        if self.planned is None:
            self.run()
        assert self.task is not None
        assert self.planned is not None
        return self.task, self.planned

    def run(self, **changes: object) -> CycleRecord:
        ports = replace(self.ports, **changes)  # type: ignore[arg-type]
        return run_cycle(self.own.time.wall(), ports)


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Kitchen:
    return Kitchen(tmp_path_factory.mktemp("site"))


def test_a_cycle_recommends_a_whole_certified_set(kitchen: Kitchen) -> None:
    record = kitchen.run()
    assert (record.outcome, record.reason) == (CycleOutcome.RECOMMENDED, "")
    advice = record.recommendation
    assert advice is not None
    assert advice.point_ids == {"P1.sp", "S1.off"}
    by_hand = [member.element for member in advice.members if member.point_id is None]
    assert sorted(by_hand) == ["plant:P2", "pump:BOOST", "pump:M1", "pump:M2"]
    assert all(limit["margin"] >= -1e-6 for limit in advice.limits)
    with kitchen.own.database.reading() as connection:
        kept = recommendations.latest(connection)
    assert kept is not None
    assert kept.recommendation_id == advice.recommendation_id

    # Every prefix of the order of writing is judged too.
    task, planned = kitchen.once()
    order = planned.order
    assert [one.name for one in order] == [member.element for member in advice.members]
    for count in range(len(order) + 1):
        hour = 3600 // planned.schedule.step_s
        partial = prefix(order[:count], planned.schedule, task.state, PREFIX_FOLLOWED_H * hour)
        assert certify(task.district, task.state, task.forecast, partial).certified


def test_the_same_inputs_give_the_same_recommendation(kitchen: Kitchen) -> None:
    _, planned = kitchen.once()
    one = kitchen.run(keep=lambda _advice: None, plan=lambda _task: planned)
    kitchen.ports = replace(
        cycle_ports(kitchen.own.core, PlannerWorker(1.0), Ahead(kitchen.own.core)),
        plan=kitchen.plan,
    )
    other = kitchen.run(keep=lambda _advice: None)
    assert one.recommendation is not None
    assert other.recommendation is not None
    assert one.recommendation.members == other.recommendation.members
    assert one.recommendation.input_hash == other.recommendation.input_hash


def test_without_weather_nothing_is_recommended(kitchen: Kitchen) -> None:
    path = kitchen.own.core.tables.site.folder / "weather.csv"
    gone = path.rename(path.with_suffix(".gone"))
    try:
        record = kitchen.run()
    finally:
        gone.rename(path)
    assert record.outcome is CycleOutcome.NO_WEATHER
    assert record.recommendation is None
    after_cycle(kitchen.own.core, record)
    kitchen.own.run(5)
    assert "weather_missing:cycle" in kitchen.own.alarms()


def test_a_planner_that_is_late_is_ended(kitchen: Kitchen) -> None:
    worker = PlannerWorker(0.2)
    record = kitchen.run(plan=worker.plan)
    assert record.outcome is CycleOutcome.NO_PLAN
    assert "within 0 s" in record.reason
    assert worker._process is None


def planning_with(worker: PlannerWorker, task: PlanTask) -> tuple[threading.Thread, list[str]]:
    """A plan that is waited for elsewhere, and why none came."""
    failed: list[str] = []

    def plan() -> None:
        try:
            worker.plan(task)
        except PlanningError as error:
            failed.append(str(error))

    planning = threading.Thread(target=plan)
    planning.start()
    return planning, failed


def test_an_engine_may_end_while_its_planner_is_being_started(kitchen: Kitchen) -> None:
    task, _ = kitchen.once()
    for delay_s in (0.0, 0.001, 0.003, 0.01, 0.02, 0.05):
        worker = PlannerWorker(120.0)
        planning, failed = planning_with(worker, task)
        time.sleep(delay_s)
        worker.stop()  # it may not have been started yet: then it is not
        planning.join()
        assert len(failed) == 1
        assert worker._process is None


def test_a_planner_that_has_been_stopped_starts_no_process_that_nobody_ends(
    kitchen: Kitchen,
) -> None:
    task, planned = kitchen.once()
    given = replace(task, schedule=planned.schedule)
    worker = PlannerWorker(120.0)
    worker.rest()
    assert worker.plan(given).certified
    worker.stop()
    with pytest.raises(PlanningError, match="has been stopped"):
        worker.plan(given)
    assert worker._process is None


def test_a_planner_serves_its_day_and_a_new_one_goes_on(kitchen: Kitchen) -> None:
    task, planned = kitchen.once()
    given = replace(task, schedule=planned.schedule)
    worker = PlannerWorker(120.0, plans_each=2)
    worker.plan(given)
    first = worker._process
    worker.plan(given)
    assert first is not None
    assert not first.is_alive()
    assert worker.plan(given).certificate == planned.certificate
    assert worker._process is not first
    worker.stop()


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.3])
def test_a_planner_that_is_stopped_ends_by_itself(kitchen: Kitchen, after_s: float) -> None:
    task, _ = kitchen.once()
    worker = PlannerWorker(120.0)
    worker.plan(task)
    process = worker._process
    if after_s:
        planning_with(worker, task)
        time.sleep(after_s)
    worker.stop()
    assert process.exitcode == 0, "killed before it had put its locks away"


def test_a_planner_that_is_interrupted_says_nothing_of_its_own(
    kitchen: Kitchen, capfd: pytest.CaptureFixture[str]
) -> None:
    task, planned = kitchen.once()
    worker = PlannerWorker(120.0)
    worker.plan(replace(task, schedule=planned.schedule))
    process = worker._process
    planning, failed = planning_with(worker, task)
    os.kill(process.pid, signal.SIGINT)
    planning.join()
    assert failed
    assert "KeyboardInterrupt" not in capfd.readouterr().err
    worker.stop()


def test_what_rises_is_written_first_where_what_falls_may_not_be(kitchen: Kitchen) -> None:
    """A plant that falls while the stations draw as before cools a pipe faster than it may."""
    task, planned = kitchen.once()
    steps = planned.schedule.steps
    stands = prefix((), planned.schedule, task.state, steps)
    supply_temp_c, offset_k = stands.supply_temp_c.copy(), stands.secondary_offset_k.copy()
    supply_temp_c[0] = np.interp(np.arange(steps), [0, 1, 2, 3], [89.7, 87.7, 86.0, 84.2])
    offset_k[0] = 4.0
    goes = replace(stands, supply_temp_c=supply_temp_c, secondary_offset_k=offset_k)
    written = tuple(one for one in task.elements if one.point_id is not None)
    assert [one.name for one in writing_order(written, goes, stands)] == ["plant:P1", "station:S1"]
    order, broken = lawful_order(task.district, task.state, task.forecast, written, goes)
    assert [one.name for one in order] == ["station:S1", "plant:P1"]
    assert broken is None


def test_a_planner_that_fails_says_so(kitchen: Kitchen) -> None:
    task, _ = kitchen.once()
    worker = PlannerWorker(120.0)
    broken = replace(task, state=None)  # type: ignore[arg-type]
    with pytest.raises(PlanningError, match="Error"):
        worker.plan(broken)
    worker.stop()


class Wire:
    """A planner process that notes what it was asked to go on from, and answers as it is told.

    None is an answer that comes too late.
    """

    def __init__(self, *answers: Planned | str | None) -> None:
        self.answers = list(answers)
        self.asked: list[LastPlan | None] = []

    def send(self, task: PlanTask) -> None:
        self.asked.append(task.previous)

    def poll(self, _seconds: float) -> bool:
        if self.answers[0] is None:
            self.answers.pop(0)
            return False
        return True

    def recv(self) -> Planned | str | None:
        return self.answers.pop(0)


def asked_of(wire: Wire, *tasks: PlanTask) -> list[bool]:
    """Whether each of some tasks goes on from an earlier plan."""
    worker = PlannerWorker(1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "_started", lambda: wire)
        for task in tasks:
            with contextlib.suppress(PlanningError):
                worker.plan(task)
    return [previous is not None for previous in wire.asked]


def renamed(task: PlanTask) -> PlanTask:
    network = task.district.network
    pipes = (replace(network.pipes[0], pipe_id="another"), *network.pipes[1:])
    return replace(task, district=replace(task.district, network=replace(network, pipes=pipes)))


def test_a_last_plan_is_gone_on_from_while_all_goes_well_on_the_same_elements(
    kitchen: Kitchen,
) -> None:
    task, planned = kitchen.once()
    given = replace(task, schedule=planned.schedule)
    unsure = replace(planned, to_go_on=None)
    assert planned.to_go_on is not None
    assert asked_of(Wire(planned, planned, planned), task, task, task) == [False, True, True]
    assert asked_of(Wire(planned, unsure, planned), task, task, task) == [False, True, True]
    assert asked_of(Wire(planned, unsure, planned), task, given, task) == [False, False, True]
    assert asked_of(Wire(planned, None, planned), task, task, task) == [False, True, True]
    assert asked_of(Wire(planned, "KeyError: x", planned), task, task, task) == [
        False,
        True,
        False,
    ]
    assert asked_of(Wire(planned, planned, planned), task, renamed(task), renamed(task)) == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ({"certified": False}, "not certified"),
        ({"broken_prefix": "plant:P1"}, "plant:P1 and no further"),
    ],
)
def test_what_is_not_certified_as_a_whole_is_not_recommended(
    kitchen: Kitchen, found: dict[str, object], reason: str
) -> None:
    planned = replace(kitchen.once()[1], **found)  # type: ignore[arg-type]
    record = kitchen.run(plan=lambda _task: planned)
    assert record.outcome is CycleOutcome.NOT_CERTIFIED
    assert reason in record.reason
    assert record.recommendation is None


def test_a_store_that_fails_ends_the_cycle(kitchen: Kitchen, tmp_path: Path) -> None:
    made = simulated(tmp_path / "other")
    made.database.close()
    path = Path(str(made.database.core.url.database))
    path.rename(path.with_suffix(".gone"))
    path.mkdir()
    lost = cycle_ports(made.core, PlannerWorker(1.0), Ahead(made.core))
    record = kitchen.run(keep=lost.keep, plan=lambda _task: kitchen.once()[1])
    assert record.outcome is CycleOutcome.STORE_FAILED
    assert record.recommendation is None


def test_a_good_cycle_counts_only_with_good_readbacks(kitchen: Kitchen, tmp_path: Path) -> None:
    made = Kitchen(tmp_path)
    core = made.own.core
    record = made.run(plan=lambda _task: kitchen.once()[1])
    before = core.state.good_cycles
    after_cycle(core, record)
    assert core.state.good_cycles == before + 1
    core.unresolved = frozenset({"P1.sp"})
    after_cycle(core, replace(record, at=record.at + timedelta(seconds=1)))
    assert core.state.good_cycles == 0
    assert core.advice == record.recommendation


class Broken:
    """A state port with a mistake in it."""

    def state_at(self, *_: object) -> PlantState:
        raise ZeroDivisionError("a mistake")


def test_a_cycle_that_dies_counts_as_a_bad_one(tmp_path: Path) -> None:
    made = Kitchen(tmp_path)
    core, clock = made.own.core, made.own.time
    cycle = CycleThread(core, PlannerWorker(1.0), Ahead(core), 900.0, clock)
    cycle._ports = replace(made.ports, observer=Broken())
    for _ in range(2):
        cycle.start_if_due()
        cycle.wait(60.0)
        cycle.start_if_due()  # not due yet: nothing is started
        clock.pass_by(900.0)
    assert core.state.mode is Mode.HOLD
    made.own.run(5)
    assert "job_failed:cycle" in made.own.alarms()
