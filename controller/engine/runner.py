"""The life of an engine: locks, lease, INIT, the safety loop with its watchdog, an orderly end."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from controller.alarms.settings import Delivery, read_delivery
from controller.engine.changing import Changer
from controller.engine.core import Core, EngineField, SiteField, build_core
from controller.engine.cycling import CycleThread
from controller.engine.decisions import Desk
from controller.engine.jobs import start_jobs
from controller.engine.nightly import recall_changes
from controller.engine.planner import PlannerWorker
from controller.engine.safety import SafetyLoop
from controller.engine.status import status_of
from controller.engine.watchdog import Watchdog
from controller.knowing.ahead import Ahead
from controller.knowing.nightly import NightlyCalibration
from controller.modes import Started
from controller.problems import InputError
from controller.site import Site, load_site
from controller.store.database import Database, need_store, open_database
from controller.store.errors import LeaseLost, StoreError
from controller.store.journal import Journal, Stage
from controller.store.lease import end_lease, place_of, renew_lease, take_lease
from controller.store.present import publish
from controller.store.users import has_engineer
from drivers.base import DriverError, Quality
from drivers.lock import site_lock
from drivers.timekeeping import WALL_TIME, Event, Timekeeper

log = logging.getLogger(__name__)

LEASE_LASTS = timedelta(seconds=60)
RENEW_EVERY_S = 15.0
CHANGE_BUDGET_S = 240.0


class NoEngineerError(StoreError):
    """Nobody could arm, commission or reload: an engine without an engineer does not start."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineOptions:
    """How often the engine does what: a safety pass, a cycle; and the planner's budget, s."""

    safety_s: float = 3.0
    cycle_s: float = 900.0
    planning_budget_s: float = 600.0
    first_polls_s: float = 30.0


def run_engine(
    site: Site,
    options: EngineOptions,
    stopping: Event,
    tell: Callable[[str], None],
    time: Timekeeper = WALL_TIME,
    plant: Callable[[Site, Timekeeper], EngineField] = SiteField,
    beside: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> bool:
    """Run the engine of a site until it is told to stop.

    Args:
        site: The site's snapshot.
        options: How often it does what.
        stopping: Ends it when set; the last values stay and the heartbeat ends.
        tell: Receives what happens, a line each.
        time: Gives the clocks, and the threads that live by them; `stopping` is one of its events.
        plant: Makes the field.
        beside: Begins what lives beside the engine, once nothing is left to refuse it for.

    Returns:
        Whether it ended to read the site again.

    Raises:
        PortLost: Another engine, or a command, holds the site or a port.
        LeaseLost: Another engine holds the store.
        StoreError: The store can not be opened.
        NoEngineerError: There is no engineer or admin among the users.
    """
    # One that were made now would have no engineer.
    need_store(site.store_url, site.folder)
    with ExitStack() as stack:
        stack.enter_context(site_lock(site.folder))
        database = open_database(site.store_url, site.folder, must_exist=True)
        stack.callback(database.close)
        with database.reading() as connection:
            if not has_engineer(connection):
                raise NoEngineerError(
                    "nobody among the users is engineer or admin",
                    remedy=f"add one: heatwarden user add NAME --role engineer {site.folder}",
                )
        fence = stack.enter_context(_lease(database, site.folder, time))
        delivery = read_delivery(site.folder)
        field = plant(site, time)
        field.start()
        stack.callback(field.stop)
        journal = Journal(database, fence)
        core = build_core(site, database, journal, field, clock=time.now, sleep=time.sleep)
        core.rules = replace(core.rules, cycle_s=options.cycle_s)
        stack.enter_context(beside())
        initialise(core, options, stopping, tell, time)
        return _serve(core, fence, options, delivery, stopping, tell, time)


@contextmanager
def _lease(database: Database, folder: Path, time: Timekeeper) -> Iterator[int]:
    """Hold the store's lease; the site's lock, which is held, says that who had it here is dead."""
    place = place_of(folder)
    holder = f"{place}process {os.getpid()}"
    with database.writing() as connection:
        fence = take_lease(connection, holder, time.now(), LEASE_LASTS, dead=place)
    try:
        yield fence
    finally:
        with database.writing() as connection:
            end_lease(connection, fence, time.now())


def initialise(
    core: Core,
    options: EngineOptions,
    stopping: Event,
    tell: Callable[[str], None],
    time: Timekeeper,
) -> None:
    """INIT: resolve what is open by readback, read every output back, write nothing; MONITOR.

    Args:
        core: The engine's shared part.
        options: How long to wait for the first polls.
        stopping: Ends the wait.
        tell: Receives what is found.
        time: Gives the clock of intervals.

    Raises:
        StoreError: The store failed.
    """
    give_up_s = time.monotonic_s() + options.first_polls_s
    while not stopping.is_set() and time.monotonic_s() < give_up_s:
        core.look()
        if all(one.quality is Quality.GOOD for one in core.readings.values()):
            break
        stopping.wait(0.2)
    for outcome in core.path.resolve_open():
        tell(f"an open write of {outcome.point_id} is {outcome.stage}: {outcome.detail}")
        core.note("engine", "resolved", {"point": outcome.point_id, "stage": outcome.stage})
        if outcome.stage is Stage.UNKNOWN:
            core.unresolved |= {outcome.point_id}
    try:
        core.plant.read(core.tables.readback_ids)
    except DriverError as error:
        tell(f"outputs can not be read back: {error}")
    core.look()
    recall_changes(core)
    core.note("engine", "started", {"process": os.getpid()})
    core.happen(Started(now=core.clock()))


def _serve(
    core: Core,
    fence: int,
    options: EngineOptions,
    delivery: Delivery,
    stopping: Event,
    tell: Callable[[str], None],
    time: Timekeeper,
) -> bool:
    worker = PlannerWorker(options.planning_budget_s, time)
    safety = SafetyLoop(core, time.monotonic_s)
    ahead = Ahead(core)
    cycle = CycleThread(core, worker, ahead, options.cycle_s, time)
    reloading = time.event()
    changer = Changer(core, PlannerWorker(CHANGE_BUDGET_S, time), time)
    desk = Desk(
        core=core,
        approved=safety.follow_soon,
        reload=lambda: may_reload(core.tables.site, reloading),
        changer=changer,
    )
    calendar = start_jobs(core, delivery, NightlyCalibration(), ahead, time)
    watchdog = Watchdog(time.monotonic_s)
    tell("running; Ctrl-C or SIGTERM ends it, the last values stay")
    renewed_s, mode = 0.0, ""
    try:
        while not (stopping.is_set() or reloading.is_set()):
            watchdog.pet()
            if time.monotonic_s() - renewed_s >= RENEW_EVERY_S:
                _renew(core, fence)
                renewed_s = time.monotonic_s()
            desk.answer_all()
            safety.one_pass()
            cycle.start_if_due()
            _resolve_again(core)
            _publish(core)
            if core.state.mode.value != mode:
                mode = core.state.mode.value
                tell(f"{core.clock().isoformat(timespec='seconds')} {mode}: {core.state.reason}")
            stopping.wait(options.safety_s)
    finally:
        watchdog.stop()
        calendar.stop()
        worker.stop()
        changer.stop()
        cycle.wait(5.0)
        core.note("engine", "stopped", {"reload": reloading.is_set()})
    return reloading.is_set()


def _renew(core: Core, fence: int) -> None:
    """Keep the lease; one that is lost ends the engine, a store that fails does not."""
    try:
        with core.database.writing() as connection:
            renew_lease(connection, fence, core.clock(), LEASE_LASTS)
    except LeaseLost:
        raise
    except StoreError as error:
        core.store_failed(error)


def _resolve_again(core: Core) -> None:
    """What is unknown is looked at again until a readback tells."""
    try:
        if core.journal.open_intents():
            outcomes = core.path.resolve_open()
            core.unresolved = frozenset(
                one.point_id for one in outcomes if one.stage is Stage.UNKNOWN
            )
        else:
            core.unresolved = frozenset()
    except StoreError as error:
        core.store_failed(error)


def _publish(core: Core) -> None:
    try:
        with core.database.writing() as connection:
            publish(connection, "engine", status_of(core), core.clock())
    except StoreError as error:
        core.store_failed(error)


def may_reload(site: Site, reloading: Event) -> str:
    """Read the site again before giving the present snapshot up.

    Args:
        site: The present snapshot.
        reloading: Set where the new one is sound.

    Returns:
        What is wrong with the new one, or empty: an engine that runs must not end by a slip.
    """
    try:
        found = load_site(site.folder)
        read_delivery(site.folder)
    except InputError as error:
        return str(error)
    if found.store_url != site.store_url:
        return "site.toml names another store; stop the engine and start it again"
    reloading.set()
    return ""
