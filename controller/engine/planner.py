"""The planner in a process of its own, killed when its time is up."""

import multiprocessing
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from controller.engine.courses import courses_of
from controller.engine.elements import Element
from drivers.timekeeping import WALL_TIME, Timekeeper
from optimizer.model.forecast import Forecast
from optimizer.model.outcome import Certificate
from optimizer.model.plan import Plan, PlanStatus, SolveStatistics
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState

# A set is followed while its points are owned; after a failed write a person acts within hours.
PREFIX_FOLLOWED_H, PREFIX_JUDGED_H = 1, 6
RISING_ORDER = ("station", "plant", "pump")


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
    previous: Schedule | None = None


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan, and the first prefix of its order of writing that is not certified, if any."""

    certified: bool
    schedule: Schedule
    certificate: Certificate
    baseline: Certificate
    reasons: tuple[tuple[str, dict[str, Any]], ...]
    wall_s: float
    broken_prefix: str | None
    courses: Mapping[str, Any]


class PlanningError(Exception):
    """No plan came: it was late, or the planner failed."""


class PlannerWorker:
    """A planner process; a new one takes the place of one that was killed or died.

    Args:
        budget_s: The wall clock after which a plan is given up.
        timekeeper: Says what goes on while a plan is waited for.
    """

    def __init__(self, budget_s: float, timekeeper: Timekeeper = WALL_TIME) -> None:
        self._budget_s = budget_s
        self._time = timekeeper
        self._process: Any = None
        self._pipe: Connection | None = None
        self._last: Schedule | None = None

    def plan(self, task: PlanTask) -> Planned:
        """Plan, and wait for it no longer than the budget.

        Args:
            task: What to plan.

        Returns:
            The plan.

        Raises:
            PlanningError: It was late, or the planner failed.
        """
        pipe = self._started()
        try:
            pipe.send(replace(task, previous=self._last))
            if not self._time.attend(pipe.poll, self._budget_s):
                self.stop()
                raise PlanningError(f"no plan within {self._budget_s:.0f} s; the planner was ended")
            answer = pipe.recv()
        except (EOFError, OSError) as error:
            self.stop()
            raise PlanningError(f"the planner died: {error}") from error
        if isinstance(answer, str):
            raise PlanningError(answer)
        assert isinstance(answer, Planned)
        if answer.certified and task.schedule is None:
            self._last = answer.schedule
        return answer

    def stop(self) -> None:
        """End the process at once."""
        process, self._process = self._process, None
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.kill()
            process.join()

    def _started(self) -> Connection:
        if self._pipe is None or self._process is None or not self._process.is_alive():
            self.stop()
            spawning = multiprocessing.get_context("spawn")
            self._pipe, far = spawning.Pipe()
            self._process = spawning.Process(target=_serve, args=(far,), daemon=True)
            self._process.start()
            far.close()
        return self._pipe


def _serve(pipe: Connection) -> None:
    """Plan what comes until nobody asks any more; a failure is an answer, and the next is fresh."""
    while True:
        try:
            task = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            pipe.send(plan_with_prefixes(task))
        except Exception as error:  # noqa: BLE001 -- whatever it is, the engine must hear of it
            pipe.send(f"{type(error).__name__}: {error}")


def plan_with_prefixes(task: PlanTask) -> Planned:
    """Plan, or take the given schedule, and certify every prefix of the set's order of writing.

    Args:
        task: What to plan or to certify.

    Returns:
        The plan.
    """
    made = _found(task) if task.schedule is None else _taken(task, task.schedule)
    certified = made.status is PlanStatus.CERTIFIED and made.chosen.certificate.certified
    return Planned(
        certified=certified,
        schedule=made.chosen.schedule,
        certificate=made.chosen.certificate,
        baseline=made.baseline.certificate,
        reasons=tuple((reason.code, dict(reason.values)) for reason in made.reasons),
        wall_s=made.solve.wall_s,
        broken_prefix=_broken_prefix(task, made.chosen.schedule) if certified else None,
        courses=courses_of(task.district, task.state, task.forecast, made),
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
            start=_gone_on(task),
            comfort_margin_k=task.district.comfort.margin_k,
        ),
        tell,
        time.perf_counter,
    )


def _gone_on(task: PlanTask) -> Schedule | None:
    """The last plan from now on, where it is on the same grid and reaches beyond now."""
    from optimizer.levers import continued

    last, ahead = task.previous, task.forecast
    if last is None or (last.step_s, last.steps) != (ahead.step_s, ahead.steps):
        return None
    gone_s = (ahead.start - last.start).total_seconds()
    return continued(last, ahead.start) if 0.0 <= gone_s < last.steps * last.step_s else None


def _taken(task: PlanTask, schedule: Schedule) -> Plan:
    """Judge a schedule that somebody has changed, beside the weather curve."""
    from optimizer.baseline import baseline_schedule
    from optimizer.plan import evaluate

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
    )


def _broken_prefix(task: PlanTask, schedule: Schedule) -> str | None:
    """Name the member after which the set, written so far and no further, would pass a limit.

    What is written follows the set while its points are owned and stays there, all else stays put:
    a failed write is followed by HOLD and an alarm. Judged over the hours in which a person acts,
    beside what staying put altogether would do.
    """
    from optimizer.certify import certify
    from optimizer.comparison import newly_passed
    from optimizer.timegrid import first_steps, part_of

    hour = round(3600 / schedule.step_s)
    steps = min(PREFIX_JUDGED_H * hour, schedule.steps)
    ahead, begun = part_of(task.forecast, 0, steps), first_steps(schedule, steps)
    stands = prefix((), begun, task.state, PREFIX_FOLLOWED_H * hour)
    order = writing_order(task.elements, begun, stands)
    put = certify(task.district, task.state, ahead, stands)
    before = stands
    for count in range(1, len(order)):
        partial = prefix(order[:count], begun, task.state, PREFIX_FOLLOWED_H * hour)
        if same_setpoints(partial, before):
            continue  # its last member stays where it is
        judged, before = certify(task.district, task.state, ahead, partial), partial
        if not judged.certified and newly_passed(put, judged):
            return order[count - 1].name
    return None


def same_setpoints(one: Schedule, other: Schedule) -> bool:
    """Whether two schedules of the same grid ask for the same.

    Args:
        one: A schedule.
        other: Another.

    Returns:
        True where every setpoint is equal.
    """
    return (
        np.array_equal(one.supply_temp_c, other.supply_temp_c)
        and np.array_equal(one.pump_setpoint, other.pump_setpoint)
        and np.array_equal(one.secondary_offset_k, other.secondary_offset_k)
    )


def writing_order(
    elements: tuple[Element, ...], schedule: Schedule, stands: Schedule
) -> tuple[Element, ...]:
    """Order elements as they are set: what is written before what hands set, each with what falls
    first, so that no prefix stands higher than before before something has been lowered.

    Of what falls the pumps come first, of what rises last: pressure rises with the pumps and falls
    with the flow that warmer curves of stations draw.

    Args:
        elements: What is set.
        schedule: Where the set takes them.
        stands: Where they stand, on the same grid.

    Returns:
        The same elements.
    """

    def rank(element: Element) -> tuple[bool, bool, int, str]:
        series = series_of(element, schedule)
        rises = bool(series[min(1, len(series) - 1)] >= series_of(element, stands)[0])
        place = RISING_ORDER.index(element.kind)
        return element.point_id is None, rises, place if rises else -place, element.name

    return tuple(sorted(elements, key=rank))


def prefix(
    written: tuple[Element, ...], schedule: Schedule, state: PlantState, followed: int
) -> Schedule:
    """The schedule if the set were written so far and no further.

    Args:
        written: The members that follow the schedule.
        schedule: The whole set's.
        state: Where all others stay.
        followed: Steps after which what is written stays, too.

    Returns:
        The schedule.
    """
    held = {
        "plant": np.repeat(np.asarray(state.supply_temp_setpoint_c)[:, None], schedule.steps, 1),
        "pump": np.repeat(np.asarray(state.pump_setpoint)[:, None], schedule.steps, 1),
        "station": np.repeat(np.asarray(state.secondary_offset_k)[:, None], schedule.steps, 1),
    }
    for element in written:
        series = series_of(element, schedule)
        held[element.kind][element.index] = series[
            np.minimum(np.arange(len(series)), min(followed, len(series) - 1))
        ]
    return replace(
        schedule,
        supply_temp_c=held["plant"],
        pump_setpoint=held["pump"],
        secondary_offset_k=held["station"],
    )


def series_of(element: Element, schedule: Schedule) -> Any:
    """Give an element's row of a schedule.

    Args:
        element: The element.
        schedule: The schedule.

    Returns:
        Its setpoints, shape (steps,).
    """
    rows = {
        "plant": schedule.supply_temp_c,
        "pump": schedule.pump_setpoint,
        "station": schedule.secondary_offset_k,
    }
    return rows[element.kind][element.index]
