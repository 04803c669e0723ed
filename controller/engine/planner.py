"""The planner in a process of its own, killed when its time is up."""

import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

from controller.engine.courses import courses_of
from controller.engine.elements import Element
from controller.engine.prefixes import lawful_order
from drivers.timekeeping import WALL_TIME, Timekeeper
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.model.outcome import Certificate
from optimizer.model.plan import LastPlan, Plan, PlanStatus, SolveStatistics
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState

# A day of quarters of an hour: what the solver's libraries keep of each plan ends with the process.
PLANS_EACH = 96
# Time for a planner process to put its locks away, which the system would list as leaked.
# It is asked again: a library's callback may swallow that, and a busy machine is slow to listen.
PUTTING_AWAY_S, ASKED_TIMES = 0.7, 12
ENDING = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, kw_only=True)
class PlanTask:
    """What a plan is made from: its elements in any order, those of no point included.

    `schedule` is to be certified as it is; None asks for a plan. `previous` is the last certified
    plan, from which the search goes on; None lets it begin with the weather curve.
    """

    district: District
    state: PlantState
    forecast: Forecast
    elements: tuple[Element, ...]
    schedule: Schedule | None = None
    previous: LastPlan | None = None


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan, the order in which its set is written, and the first prefix that is not lawful.

    `to_go_on` is what the next plan goes on from, None where this one was given or is the curve.
    """

    certified: bool
    schedule: Schedule
    certificate: Certificate
    baseline: Certificate
    reasons: tuple[tuple[str, dict[str, Any]], ...]
    wall_s: float
    order: tuple[Element, ...]
    broken_prefix: str | None
    courses: Mapping[str, Any]
    to_go_on: LastPlan | None


Elements = tuple[tuple[str, ...], ...]


class PlanningError(Exception):
    """No plan came: it was late, or the planner failed."""


class PlannerWorker:
    """A planner process; a new one takes the place of one that was killed, died, or served its day.

    Args:
        budget_s: The wall clock after which a plan is given up.
        timekeeper: Says what goes on while a plan is waited for.
        plans_each: How many plans a process makes.
    """

    def __init__(
        self, budget_s: float, timekeeper: Timekeeper = WALL_TIME, plans_each: int = PLANS_EACH
    ) -> None:
        self._budget_s = budget_s
        self._time = timekeeper
        self._plans_each, self._made = plans_each, 0
        self._process: Any = None
        self._pipe: Connection | None = None
        self._last: LastPlan | None = None
        # Those of the last plan, by what it is told in: its numbers belong to these, in this order.
        self._planned_for: Elements = ()
        self._changing = threading.Lock()
        self._stopped = False

    def plan(self, task: PlanTask) -> Planned:
        """Plan, and wait for it no longer than the budget.

        Args:
            task: What to plan.

        Returns:
            The plan.

        Raises:
            PlanningError: It was late, the planner failed, or it was stopped.
        """
        pipe = self._started()
        previous = self._going_on(task)
        try:
            pipe.send(replace(task, previous=previous))
            if not self._time.attend(pipe.poll, self._budget_s):
                # That says nothing against the last plan; without it the next takes longer.
                self._last = previous or self._last
                self.rest()
                raise PlanningError(f"no plan within {self._budget_s:.0f} s; the planner was ended")
            answer = pipe.recv()
        except (EOFError, OSError) as error:
            self.rest()
            raise PlanningError(f"the planner died: {error}") from error
        self._made += 1
        if self._made >= self._plans_each:
            self.rest()
        if isinstance(answer, str):
            raise PlanningError(answer)
        assert isinstance(answer, Planned)
        self._last = answer.to_go_on or previous or self._last
        return answer

    def _going_on(self, task: PlanTask) -> LastPlan | None:
        """What a plan goes on from, forgotten if that fails; none of other elements."""
        if task.schedule is not None:
            return None
        last, self._last = self._last, None
        elements, self._planned_for = self._planned_for, elements_of(task.district.network)
        return last if elements == self._planned_for else None

    def stop(self) -> None:
        """End the process for good: whatever is still to be planned is refused."""
        self._stopped = True
        self.rest()

    def rest(self) -> None:
        """End the process, if it lingers by force; the next plan starts another."""
        with self._changing:
            process, self._process = self._process, None
            pipe, self._pipe = self._pipe, None
        if process is not None:
            for _ in range(ASKED_TIMES):
                process.terminate()
                process.join(PUTTING_AWAY_S)
                if not process.is_alive():
                    break
            process.kill()
            process.join()
        if pipe is not None:
            pipe.close()

    def _started(self) -> Connection:
        if self._pipe is None or self._process is None or not self._process.is_alive():
            self.rest()
            spawning = multiprocessing.get_context("spawn")
            pipe, far = spawning.Pipe()
            process = spawning.Process(target=_serve, args=(far,), daemon=True)
            self._made = 0
            # The engine may end meanwhile: what it is to end has to have begun.
            with self._changing:
                if self._stopped:
                    raise PlanningError("the planner has been stopped")
                process.start()
                self._process, self._pipe = process, pipe
            far.close()
            return pipe
        return self._pipe


def elements_of(network: Network) -> Elements:
    """Name what a plan's numbers belong to, in order.

    Args:
        network: The network.

    Returns:
        Names of its pipes, plants, pumps, stations and buildings.
    """
    return (
        tuple(pipe.pipe_id for pipe in network.pipes),
        tuple(plant.plant_id for plant in network.plants),
        tuple(pump.pump_id for pump in network.pumps),
        tuple(station.station_id for station in network.stations),
        tuple(building.building_id for building in network.buildings),
    )


def _serve(pipe: Connection) -> None:
    """Plan what comes until nobody asks any more; a failure is an answer, and the next is fresh."""
    for number in ENDING:
        signal.signal(number, _leave)
    try:
        _answer(pipe)
    finally:
        # It is ending: what puts its locks away is not to be interrupted.
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)


def _answer(pipe: Connection) -> None:
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(plan_with_prefixes(task))
        except Exception as error:  # noqa: BLE001 -- whatever it is, the engine must hear of it
            pipe.send(f"{type(error).__name__}: {error}")


def _leave(_number: int, _frame: object) -> None:
    sys.exit(0)


def plan_with_prefixes(task: PlanTask) -> Planned:
    """Plan, or take the given schedule, and certify every prefix of the set's order of writing.

    Args:
        task: What to plan or to certify.

    Returns:
        The plan.
    """
    made = _found(task) if task.schedule is None else _taken(task, task.schedule)
    certified = made.status is PlanStatus.CERTIFIED and made.chosen.certificate.certified
    order, broken = lawful_order(
        task.district, task.state, task.forecast, task.elements, made.chosen.schedule
    )
    return Planned(
        certified=certified,
        schedule=made.chosen.schedule,
        certificate=made.chosen.certificate,
        baseline=made.baseline.certificate,
        reasons=tuple((reason.code, dict(reason.values)) for reason in made.reasons),
        wall_s=made.solve.wall_s,
        order=order,
        broken_prefix=broken if certified else None,
        courses=courses_of(task.district, task.state, task.forecast, made),
        to_go_on=made.to_go_on,
    )


def _found(task: PlanTask) -> Plan:
    from optimizer.plan import PlanOptions, plan
    from optimizer.round import solver_session

    def tell(_line: str) -> None:
        return

    return plan(
        task.district,
        task.state,
        task.forecast,
        solver_session(),
        PlanOptions(
            with_bound=False,
            last=task.previous,
            comfort_margin_k=task.district.comfort.margin_k,
        ),
        tell,
        time.perf_counter,
    )


def _taken(task: PlanTask, schedule: Schedule) -> Plan:
    """Judge a schedule that somebody has changed, beside the weather curve."""
    from optimizer.baseline import baseline_schedule
    from optimizer.evaluate import evaluate

    began_s = time.perf_counter()
    given = task.district, task.state, task.forecast
    chosen = evaluate(*given, schedule)
    usual = evaluate(*given, baseline_schedule(task.district, task.forecast, task.state))
    wall_s = time.perf_counter() - began_s
    return Plan(
        status=PlanStatus.CERTIFIED if chosen.certificate.certified else PlanStatus.FALLBACK,
        chosen=chosen,
        baseline=usual,
        bound=None,
        solve=SolveStatistics(wall_s=wall_s, iterations=0, simulations=2, buildings=0),
        reasons=(),
        to_go_on=None,
    )
