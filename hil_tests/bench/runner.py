"""One scenario from start to verdict: the plant, the wire, the engine process, one clock."""

import heapq
import itertools
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from controller.paths import config_dir
from controller.site import Site, load_site
from controller.store.database import open_database
from hil_tests.bench.assertions import Evidence, Verdict, judge
from hil_tests.bench.clock_server import MICRO, ClockServer, EngineGoneError
from hil_tests.bench.course import ISSUE_EVERY_S, Forecaster
from hil_tests.bench.curve_run import curve_figures
from hil_tests.bench.engine_process import STARTED_BY, EngineProcess
from hil_tests.bench.facts import Facts
from hil_tests.bench.kpi import Kpi, kpi_of
from hil_tests.bench.mishaps import Mishaps
from hil_tests.bench.people import People, add_people, commission_all
from hil_tests.bench.plant_parameters import PlantParameters, as_modelled, perturbed
from hil_tests.bench.scenario import SITES, Scenario
from hil_tests.bench.site_facts import facts_of
from hil_tests.bench.trace import Trace
from hil_tests.bench.verbs import Order
from hil_tests.bench.wire.log import WireLog
from hil_tests.bench.wiring import open_lines
from hil_tests.bench.working_copy import WEATHER_FILE, connect, copy_site, slow_polls
from hil_tests.bench.world import World

LOOK_AT_ADVICE_S = 60.0
COMMISSIONED_BEFORE = timedelta(minutes=5)
ENDS_WITHIN_S = 120.0


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


def site_folder(name: str) -> Path:
    """Find a scenario's site: one of the bench's, one of the program's, or a path."""
    for folder in (SITES / name, config_dir() / name):
        if folder.is_dir():
            return folder
    return Path(name)


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
    with ExitStack() as stack:
        run = _Run(scenario, work, command, tell, stack)
        return run.whole()


@dataclass(order=True)
class _Due:
    second: float
    number: int
    act: Callable[[], None] = field(compare=False)


class _Run:
    """The run under way."""

    def __init__(
        self,
        scenario: Scenario,
        work: Path,
        command: Sequence[str],
        tell: Callable[[str], None],
        stack: ExitStack,
    ) -> None:
        self.began_s, self.began_cpu_s = time.monotonic(), _cpu_s()
        self.scenario, self.tell = scenario, tell
        folder = site_folder(scenario.site)
        original = load_site(folder)
        self.parameters = (
            as_modelled(original.district)
            if scenario.plant_seed is None
            else perturbed(original.district, scenario.plant_seed)
        )
        tell(f"{scenario.name}: settling the plant")
        self.world = World(
            original, self.parameters, scenario.course,
            seed=scenario.seed, trace_s=scenario.trace_s,
        )  # fmt: skip
        self.stored_j = self._stored_j()
        self.twin = self.world.plant.copy()
        self.wire = WireLog(polls=scenario.wire_polls)
        self.buses, self.lines = open_lines(self.world, self.wire, work, scenario.seed, paced=False)
        for line in self.lines.values():
            stack.callback(line.close)
        copy = copy_site(folder, work / "site")
        connect(
            copy, original, self.lines,
            paced=False, fallback_writes=scenario.engine.fallback_writes,
        )  # fmt: skip
        if scenario.engine.poll_s is not None:
            slow_polls(copy, scenario.engine.poll_s)
        self.site = load_site(copy)
        start = scenario.start.astimezone(UTC)
        self.forecaster = Forecaster(
            course=scenario.course,
            start=start,
            path=copy / WEATHER_FILE,
            seed=scenario.seed if scenario.forecast_errors else None,
            bias_k=scenario.forecast_bias_k if scenario.forecast_errors else 0.0,
        )
        self.clock = ClockServer(start, lambda: self.engine.runs)
        stack.callback(self.clock.close)
        self.engine = EngineProcess(
            copy, work / "engine.log", scenario.engine, self.clock.address, command
        )
        stack.callback(self.engine.kill)
        database = open_database(self.site.store_url, copy)
        stack.callback(database.close)
        add_people(database, secrets.token_urlsafe(12), start)
        tell(f"{scenario.name}: commissioning through the wire")
        commission_all(self.site, database, self.world.devices, start - COMMISSIONED_BEFORE)
        self.wire.frames.clear()
        self.people = People(database)
        self.mishaps = Mishaps(self.world, self.buses, self.lines, self.forecaster)
        self.world.engine_second = lambda: self.clock.now_us / MICRO
        self.log_path = work / "engine.log"
        self.notes: list[tuple[float, str]] = []
        self.due: list[_Due] = []
        self.numbers = itertools.count()
        self.wanted = True  # whether the engine ought to run

    def whole(self) -> Outcome:
        """From start to verdict."""
        self._plan_timeline()
        self.engine.start()
        end_us = round(self.scenario.hours * 3600.0 * MICRO)
        while self.clock.now_us < end_us:
            self._go_on(end_us)
        self._end_engine()
        return self._outcome()

    def _plan_timeline(self) -> None:
        for hour in range(int(self.scenario.hours) + 1):
            self._at(hour * ISSUE_EVERY_S, self._issue)
        for order in self.scenario.timeline:
            self._at(order.second, partial(self._carry_out, order))
        if self.scenario.arms_at_h is not None:
            self._at(self.scenario.arms_at_h * 3600.0, lambda: self._ask("arm", 240.0))
        if self.scenario.approves_after_min is not None:
            self._at(LOOK_AT_ADVICE_S, self._look_at_advice)
        self.forecaster.issue(0.0)

    def _go_on(self, end_us: int) -> None:
        """Until the next instant at which anybody has something to do."""
        next_us = min(round(self.due[0].second * MICRO), end_us) if self.due else end_us
        speaking = False
        if self.engine.runs:
            try:
                next_us = int(min(self.clock.idle_until_us(), next_us))
                speaking = True
            except EngineGoneError:
                self._gone()
                return
        elif self.wanted:
            self._gone()
        next_us = max(next_us, self.clock.now_us)
        self.world.advance_to(next_us / MICRO)
        self.clock.now_us = next_us
        while self.due and round(self.due[0].second * MICRO) <= next_us:
            heapq.heappop(self.due).act()
        if speaking and self.engine.runs:
            try:
                self.clock.tell()
            except EngineGoneError:
                self._gone()

    def _gone(self) -> None:
        """The engine has ended: wanted, killed or by itself."""
        self.clock.hang_up()
        if self.engine.runs:
            self.engine.wait(ENDS_WITHIN_S)
        if self.wanted:
            self._note(f"the engine has ended by itself with {self.engine.exit_code}")
            self.wanted = False

    def _at(self, second: float, act: Callable[[], None]) -> None:
        heapq.heappush(self.due, _Due(second, next(self.numbers), act))

    def _issue(self) -> None:
        self.forecaster.issue(self.second)

    def _look_at_advice(self) -> None:
        after = self.scenario.approves_after_min
        assert after is not None
        self.people.approve_after(after, self._wall())
        self._at(self.second + LOOK_AT_ADVICE_S, self._look_at_advice)

    def _ask(self, verb: str, hours: float = 0.0) -> None:
        self._note(verb)
        self.people.order(verb, hours, self._wall())

    def _carry_out(self, order: Order) -> None:
        self._note(order.text)
        if self.mishaps.knows(order):
            undo = self.mishaps.begin(order)
            if order.lasts_s is not None:
                self._at(self.second + order.lasts_s, lambda: self._undo(order, undo))
            return
        special: dict[str, Callable[[], None]] = {
            "clock-jump": lambda: self._jump(float(order.settings["s"])),
            "kill-engine": self._kill,
            "kill-on-write": self._kill_on_write,
            "stop-engine": self._stop,
            "start-engine": self._start,
            "disk-full": lambda: self._fill(order),
        }
        if order.verb in special:
            special[order.verb]()
        else:
            hours = float(order.settings.get("hours", 0.0))
            self.people.order(order.verb, hours, self._wall())

    def _undo(self, order: Order, undo: Callable[[], None]) -> None:
        self._note(f"{order.text} ends")
        undo()

    def _jump(self, seconds: float) -> None:
        self.clock.ahead_us += round(seconds * MICRO)

    def _kill(self) -> None:
        self.wanted = False
        self.engine.kill()
        self.clock.hang_up()

    def _kill_on_write(self) -> None:
        """Kill the engine when a device has taken a setpoint and not yet answered."""

        def killed() -> None:
            self.wanted = False
            self.engine.kill()

        for bus in self.buses.values():
            bus.on_write = killed

    def _stop(self) -> None:
        self.wanted = False
        self.engine.ask_to_end()

    def _start(self) -> None:
        for bus in self.buses.values():
            bus.on_write = None
        self.wanted = True
        self.engine.start()

    def _fill(self, order: Order) -> None:
        self.engine.fill_disk(full=True)
        if order.lasts_s is not None:
            self._at(
                self.second + order.lasts_s,
                lambda: self._undo(order, lambda: self.engine.fill_disk(full=False)),
            )

    def _end_engine(self) -> None:
        """Let the engine end in order, as on SIGTERM in the evening."""
        self.wanted = False
        self.engine.ask_to_end()
        while self.engine.runs:
            try:
                until_us = self.clock.idle_until_us()
                self.clock.now_us = int(min(until_us, self.clock.now_us + 60 * MICRO))
                self.clock.tell()
            except EngineGoneError:
                self._gone()

    def _note(self, text: str) -> None:
        self.notes.append((self.second, text))
        self.tell(f"{self.second / 3600.0:8.3f} h  {text}")

    @property
    def second(self) -> float:
        return self.clock.now_us / MICRO

    def _wall(self) -> datetime:
        ahead = timedelta(microseconds=self.clock.now_us + self.clock.ahead_us)
        return self.scenario.start.astimezone(UTC) + ahead

    def _stored_j(self) -> float:
        heat = self.world.plant.heat_j()
        return heat["in_pipes"] + heat["in_buildings"]

    def _outcome(self) -> Outcome:
        scenario, facts = self.scenario, facts_of(self.site)
        kpi = kpi_of(self.world.trace, facts, self._stored_j() - self.stored_j)
        curve = None
        if any(check.what == "kpi-against-curve" for check in scenario.checks):
            curve = curve_figures(self.world.site, self.twin, scenario, facts)
        evidence = Evidence(
            trace=self.world.trace, frames=self.wire.frames, facts=facts, kpi=kpi, curve=curve,
            end_h=scenario.hours,
        )  # fmt: skip
        verdicts = tuple(
            judge(one.name, one.what, one.options, one.low, one.high, evidence)
            for one in scenario.checks
        )
        return Outcome(
            scenario=scenario,
            site=self.site,
            facts=facts,
            parameters=self.parameters,
            verdicts=verdicts,
            trace=self.world.trace,
            wire=self.wire,
            kpi=kpi,
            curve=curve,
            notes=tuple(self.notes),
            wall_s=time.monotonic() - self.began_s,
            cpu_s=_cpu_s() - self.began_cpu_s,
            engine_log=self.log_path.read_text(encoding="utf-8", errors="replace"),
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
