"""A bench at work: the plant, the wire, the engine's process and people on one clock."""

import heapq
import itertools
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from controller.paths import config_dir
from controller.site import load_site
from controller.store.database import open_database
from hil_tests.bench.clock_server import MICRO, ClockServer, EngineGoneError
from hil_tests.bench.course import ISSUE_EVERY_S, Forecaster
from hil_tests.bench.engine_process import STARTED_BY, EngineProcess
from hil_tests.bench.mishaps import Mishaps
from hil_tests.bench.people import People, add_people, commission_all, identify_all
from hil_tests.bench.plant_parameters import as_modelled, perturbed
from hil_tests.bench.scenario import SITES, Scenario
from hil_tests.bench.verbs import Order
from hil_tests.bench.wire.log import WireLog
from hil_tests.bench.wiring import open_lines
from hil_tests.bench.working_copy import WEATHER_FILE, connect, copy_site, slow_polls
from hil_tests.bench.world import World

LOOK_AT_ADVICE_S = 60.0
COMMISSIONED_BEFORE = timedelta(minutes=5)
ENDS_WITHIN_S = 120.0
REAL_TIME = 1.0  # the one speed at which a line's own can be kept


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """How a bench is run. `speed` None is as fast as it goes, else times real time; `command`
    starts the engine, with `engine_words` behind; `password` is of operator and engineer, None
    for one that nobody knows."""

    speed: float | None = None
    command: Sequence[str] = STARTED_BY
    engine_words: Sequence[str] = ()
    password: str | None = None
    shows_commissioning: bool = False


class Pace:
    """Keeps simulated time to a multiple of real time; what a long plan delays is not made up.

    Args:
        speed: Times real time; None for no pace at all.
    """

    LONGEST_STEP_S = 0.25
    FORGIVEN_S = 1.0

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._real_s = time.monotonic()
        self._simulated_us = 0.0

    def reached(self, wanted_us: int) -> int:
        """Wait until an instant may come, or a moment; give how far time may go.

        Args:
            wanted_us: The instant.

        Returns:
            It, or an earlier one.
        """
        if self._speed is None:
            return wanted_us
        per_s = self._speed * MICRO
        behind_s = time.monotonic() - self._real_s - (wanted_us - self._simulated_us) / per_s
        if behind_s > self.FORGIVEN_S:
            self._real_s, self._simulated_us = time.monotonic(), float(wanted_us)
            return wanted_us
        if behind_s < 0.0:
            time.sleep(min(-behind_s, self.LONGEST_STEP_S))
        now_us = self._simulated_us + (time.monotonic() - self._real_s) * per_s
        return int(min(wanted_us, max(now_us, 0.0)))


def site_folder(name: str) -> Path:
    """Find a scenario's site: one of the bench's, one of the program's, or a path."""
    for folder in (SITES / name, config_dir() / name):
        if folder.is_dir():
            return folder
    return Path(name)


@dataclass(order=True)
class _Due:
    second: float
    number: int
    act: Callable[[], None] = field(compare=False)


class Session:
    """A bench at work.

    Args:
        scenario: What to run.
        work: An empty folder for the working copy, ports and locks.
        stack: Ends what has been started.
        options: How it is run.
        tell: Receives what happens, a line each.
    """

    def __init__(
        self,
        scenario: Scenario,
        work: Path,
        stack: ExitStack,
        options: SessionOptions,
        tell: Callable[[str], None],
    ) -> None:
        self.scenario, self.tell = scenario, tell
        self.ending = threading.Event()
        self._pace = Pace(options.speed)
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
            seed=scenario.seed, trace_s=scenario.trace_s, starts_cold=scenario.starts_cold,
        )  # fmt: skip
        self.twin = self.world.plant.copy()
        self.wire = WireLog(polls=scenario.wire_polls)
        paced = options.speed == REAL_TIME
        self.buses, self.lines = open_lines(self.world, self.wire, work, scenario.seed, paced=paced)
        for line in self.lines.values():
            stack.callback(line.close)
        copy = copy_site(folder, work / "site")
        connect(
            copy, original, self.lines,
            paced=paced, fallback_writes=scenario.engine.fallback_writes,
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
        self.clock = ClockServer(start, lambda: self.engine.runs, paced=options.speed is not None)
        stack.callback(self.clock.close)
        self.log_path = work / "engine.log"
        self.engine = EngineProcess(
            copy, self.log_path, scenario.engine, self.clock.address, options.command,
            options.engine_words,
        )  # fmt: skip
        stack.callback(self.engine.kill)
        database = open_database(self.site.store_url, copy)
        stack.callback(database.close)
        add_people(database, options.password or secrets.token_urlsafe(12), start)
        tell(f"{scenario.name}: commissioning through the wire")
        before = start - COMMISSIONED_BEFORE
        for point_id, detail in commission_all(
            self.site, database, self.world.devices, before
        ).items():
            if options.shows_commissioning:
                tell(f"commissioned {point_id}: {detail}")
        identify_all(self.site, database, before)
        self.wire.frames.clear()
        self.people = People(database)
        self.mishaps = Mishaps(self.world, self.buses, self.lines, self.forecaster)
        self.world.engine_second = lambda: self.clock.now_us / MICRO
        self.notes: list[tuple[float, str]] = []
        self.due: list[_Due] = []
        self.numbers = itertools.count()
        self.wanted = True  # whether the engine ought to run

    def run(self, *, until_engine_ends: bool = False) -> None:
        """From start to end, or until `ending` is set.

        Args:
            until_engine_ends: Whether an engine that ends by itself ends it too.
        """
        self._plan_timeline()
        self.engine.start()
        end_us = round(self.scenario.hours * 3600.0 * MICRO)
        while self.clock.now_us < end_us and not self.ending.is_set():
            self._go_on(end_us)
            if until_engine_ends and not self.wanted:
                return
        self._end_engine()

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
        next_us = max(self._pace.reached(next_us), self.clock.now_us)
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
        """Simulated time since the start, s."""
        return self.clock.now_us / MICRO

    def _wall(self) -> datetime:
        ahead = timedelta(microseconds=self.clock.now_us + self.clock.ahead_us)
        return self.scenario.start.astimezone(UTC) + ahead
