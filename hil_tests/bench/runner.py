"""One scenario from start to verdict."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from controller.site import Site
from hil_tests.bench.assertions import Evidence, Told, Verdict, judge
from hil_tests.bench.curve_run import curve_figures
from hil_tests.bench.engine_process import STARTED_BY
from hil_tests.bench.facts import Facts
from hil_tests.bench.kpi import Kpi, kpi_of
from hil_tests.bench.plant import Plant
from hil_tests.bench.plant_parameters import PlantParameters
from hil_tests.bench.scenario import Scenario
from hil_tests.bench.session import Session, SessionOptions
from hil_tests.bench.site_facts import facts_of
from hil_tests.bench.trace import Trace
from hil_tests.bench.wire.log import WireLog
from hil_tests.bench.world import World


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run came to."""

    scenario: Scenario
    site: Site
    facts: Facts
    parameters: PlantParameters
    verdicts: tuple[Verdict, ...]
    trace: Trace
    wire: WireLog
    kpi: Kpi
    curve: Kpi | None
    notes: tuple[tuple[float, str], ...]
    told: tuple[Told, ...]
    wall_s: float
    cpu_s: float
    engine_log: str

    @property
    def passed(self) -> bool:
        """Whether every assertion holds."""
        return all(verdict.passed for verdict in self.verdicts)


def run_scenario(
    scenario: Scenario,
    work: Path,
    *,
    command: Sequence[str] = STARTED_BY,
    speed: float | None = None,
    tell: Callable[[str], None] = lambda _line: None,
) -> Outcome:
    """Run a scenario and judge it.

    Args:
        scenario: What to run.
        work: An empty folder for the working copy, ports and locks.
        command: What starts the engine.
        speed: Times real time; None for lockstep.
        tell: Receives what happens, a line each.

    Returns:
        The outcome.
    """
    spent = Spent()
    with ExitStack() as stack:
        session = Session(scenario, work, stack, SessionOptions(command=command, speed=speed), tell)
        session.run()
        log = session.log_path.read_text(encoding="utf-8", errors="replace")
        told = session.people.told(scenario.start.astimezone(UTC))
    return outcome_of(
        scenario, session.world, session.twin, session.wire, tuple(session.notes), log, spent, told
    )  # fmt: skip


class Spent:
    """Time from here on: on the wall, and of this process and its ended children."""

    def __init__(self) -> None:
        self._began_s, self._began_cpu_s = time.monotonic(), _cpu_s()

    def so_far_s(self) -> tuple[float, float]:
        """Give wall clock and CPU time, s."""
        return time.monotonic() - self._began_s, _cpu_s() - self._began_cpu_s


def outcome_of(
    scenario: Scenario,
    world: World,
    twin: Plant,
    wire: WireLog,
    notes: tuple[tuple[float, str], ...],
    log: str,
    spent: Spent,
    told: tuple[Told, ...] = (),
) -> Outcome:
    """Judge what a controller, this one or another, has made of a plant.

    Args:
        scenario: What was run.
        world: The plant, as it was left.
        twin: The plant as it was at the start; it is used up where the curve is compared.
        wire: What was on the wires.
        notes: What happened when.
        log: What the controller said.
        spent: Since the start.
        told: Alarms that came up, where the controller tells any.

    Returns:
        The outcome.
    """
    facts = facts_of(world.site)
    kpi = kpi_of(world.trace, facts, world.plant.stored_j() - twin.stored_j())
    curve = None
    if any(check.what == "kpi-against-curve" for check in scenario.checks):
        curve = curve_figures(world.site, twin, scenario, facts)
    evidence = Evidence(
        trace=world.trace, frames=wire.frames, facts=facts, kpi=kpi, curve=curve,
        end_h=scenario.hours, told=told,
    )  # fmt: skip
    verdicts = tuple(
        judge(one.name, one.what, one.options, one.low, one.high, evidence)
        for one in scenario.checks
    )
    wall_s, cpu_s = spent.so_far_s()
    return Outcome(
        scenario=scenario,
        site=world.site,
        facts=facts,
        parameters=world.plant.parameters,
        verdicts=verdicts,
        trace=world.trace,
        wire=wire,
        kpi=kpi,
        curve=curve,
        notes=notes,
        told=told,
        wall_s=wall_s,
        cpu_s=cpu_s,
        engine_log=log,
    )


def _cpu_s() -> float:
    """CPU time of this process and of all its children that have ended."""
    import resource

    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (
            resource.getrusage(resource.RUSAGE_SELF),
            resource.getrusage(resource.RUSAGE_CHILDREN),
        )
    )
