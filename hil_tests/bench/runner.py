"""One scenario from start to verdict."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from controller.site import Site
from hil_tests.bench.assertions import Evidence, Verdict, judge
from hil_tests.bench.curve_run import curve_figures
from hil_tests.bench.engine_process import STARTED_BY
from hil_tests.bench.facts import Facts
from hil_tests.bench.kpi import Kpi, kpi_of
from hil_tests.bench.plant_parameters import PlantParameters
from hil_tests.bench.scenario import Scenario
from hil_tests.bench.session import Session, SessionOptions
from hil_tests.bench.site_facts import facts_of
from hil_tests.bench.trace import Trace
from hil_tests.bench.wire.log import WireLog


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
    tell: Callable[[str], None] = lambda _line: None,
) -> Outcome:
    """Run a scenario in lockstep and judge it.

    Args:
        scenario: What to run.
        work: An empty folder for the working copy, ports and locks.
        command: What starts the engine.
        tell: Receives what happens, a line each.

    Returns:
        The outcome.
    """
    began_s, began_cpu_s = time.monotonic(), _cpu_s()
    with ExitStack() as stack:
        session = Session(scenario, work, stack, SessionOptions(command=command), tell)
        session.run()
        log = session.log_path.read_text(encoding="utf-8", errors="replace")
    facts = facts_of(session.site)
    trace, frames = session.world.trace, session.wire.frames
    kpi = kpi_of(trace, facts, session.stored_j() - session.stored_at_start_j)
    curve = None
    if any(check.what == "kpi-against-curve" for check in scenario.checks):
        curve = curve_figures(session.world.site, session.twin, scenario, facts)
    evidence = Evidence(
        trace=trace, frames=frames, facts=facts, kpi=kpi, curve=curve, end_h=scenario.hours
    )
    return Outcome(
        scenario=scenario,
        site=session.site,
        facts=facts,
        parameters=session.parameters,
        verdicts=tuple(
            judge(one.name, one.what, one.options, one.low, one.high, evidence)
            for one in scenario.checks
        ),
        trace=trace,
        wire=session.wire,
        kpi=kpi,
        curve=curve,
        notes=tuple(session.notes),
        wall_s=time.monotonic() - began_s,
        cpu_s=_cpu_s() - began_cpu_s,
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
