"""The virtual plant alone, for somebody else's controller: paced buses and an interface."""

import argparse
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from controller.console_port import why_not_free
from controller.problems import InputError
from controller.site import load_site
from drivers.base import PortLost, Problem
from hil_tests.bench.api import PlantApi, api_server
from hil_tests.bench.course import ISSUE_EVERY_S, Course, Forecaster
from hil_tests.bench.plant_parameters import as_modelled, perturbed
from hil_tests.bench.session import site_folder
from hil_tests.bench.wire.lines import Line, SerialLine
from hil_tests.bench.wire.log import WireLog
from hil_tests.bench.wiring import move_to, open_lines
from hil_tests.bench.working_copy import WEATHER_FILE, connect, copy_site
from hil_tests.bench.world import STEP_S, World

TICK_S = 0.2


def serve_plant(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Serve a plant until SIGTERM or Ctrl-C.

    Args:
        arguments: With site, seed, speed, outdoor, cold_snap, port, api and connect.
        say: Receives where it is reached, a line each.

    Returns:
        0.

    Raises:
        InputError: The site or a bus is wrong.
        PortLost: A serial port is not there, or the interface's port is taken.
    """
    site = load_site(site_folder(arguments.site))
    adapters = _adapters(arguments.port, [bus.bus_id for bus in site.buses])
    _check_connection(arguments)
    _need_ports(adapters, arguments.api)
    parameters = (
        perturbed(site.district, arguments.seed) if arguments.seed else as_modelled(site.district)
    )
    steady = Course(points=((0.0, arguments.outdoor),), swing_k=3.0, first_local_hour=0.0)
    snap = Course(points=((0.0, arguments.outdoor), (12.0, arguments.outdoor),
                          (30.0, arguments.outdoor - 12.0)), swing_k=3.0)  # fmt: skip
    api = PlantApi(
        lambda course: World(site, parameters, course, seed=arguments.seed),
        {"cold-snap": snap, "steady": steady} if arguments.cold_snap else
        {"steady": steady, "cold-snap": snap},
    )  # fmt: skip
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heatwarden-plant-")))
        buses, lines = open_lines(
            api.world, WireLog(polls=False), work, arguments.seed, paced=arguments.speed <= 1.0
        )
        for bus_id, port in adapters.items():
            bus = next(one for one in site.buses if one.bus_id == bus_id)
            lines[bus_id].close()
            lines[bus_id] = SerialLine(
                buses[bus_id], port, baudrate=bus.baudrate or 9600, parity=bus.parity or "N",
                stop_bits=bus.stop_bits or 1,
            )  # fmt: skip
        forecaster = None
        if arguments.connect is not None:
            forecaster = _connected(Path(arguments.connect), arguments, api, lines)
            say(f"site: {arguments.connect}")
        for bus_id, line in lines.items():
            stack.callback(line.close)
            where = getattr(line, "tcp_port", None)
            say(f"bus {bus_id}: {line.port if where is None else f'127.0.0.1:{where}'}")
        api.made_anew = lambda world: move_to(world, buses)
        server = api_server(api, arguments.api)
        stack.callback(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        say(f"interface: http://127.0.0.1:{server.server_address[1]}")
        _go_on(api, arguments.speed, ending, forecaster)
    return 0


def _need_ports(adapters: Mapping[str, str], api_port: int) -> None:
    """Find a port that can not be had before the plant settles."""
    for bus_id, port in adapters.items():
        if "://" not in port and not Path(port).exists():
            raise PortLost(f"--port {bus_id}={port}: there is no {port}")
    if api_port and (why := why_not_free(api_port)):
        raise PortLost(f"--api {api_port}: the port {why}")


def _check_connection(arguments: argparse.Namespace) -> None:
    """Refuse a copy that cannot be left before the plant settles."""
    if arguments.connect is None:
        return
    problem = ""
    if arguments.speed != 1.0:
        problem, remedy = "needs --speed 1: an engine lives in real time", "leave --speed out"
    elif arguments.port:
        problem, remedy = "does not go with --port", "describe the adapter in the site's own file"
    elif Path(arguments.connect).exists():
        problem, remedy = "exists", "name a new folder"
    if problem:
        named = f"--connect {arguments.connect}"
        raise InputError([Problem(file=named, message=problem, remedy=remedy)])


def _connected(
    folder: Path, arguments: argparse.Namespace, api: PlantApi, lines: Mapping[str, Line]
) -> Forecaster:
    """Leave a copy of the site that leads to this plant; give its weather service."""
    connect(
        copy_site(site_folder(arguments.site), folder), api.world.site, lines,
        paced=True, fallback_writes=None,
    )  # fmt: skip
    found = Forecaster(
        course=api.world.course, start=datetime.now(UTC), path=folder / WEATHER_FILE,
        seed=arguments.seed or None,
    )  # fmt: skip
    found.issue(0.0)
    return found


def _adapters(given: list[str], buses: list[str]) -> dict[str, str]:
    found = dict(word.partition("=")[::2] for word in given)
    for bus_id, port in found.items():
        if bus_id not in buses or not port:
            remedy = f"give BUS=PORT; there are {', '.join(buses)}"
            raise InputError([Problem(file="--port", message=f"{bus_id} is no bus", remedy=remedy)])
    return found


def _go_on(
    api: PlantApi, speed: float, ending: threading.Event, forecaster: Forecaster | None
) -> None:
    """Let the plant keep pace with the clock on the wall; at speed 0 only calls move it."""
    last_s, owed_s = time.monotonic(), 0.0
    next_issue_s = ISSUE_EVERY_S
    while not ending.wait(TICK_S):
        if forecaster is not None and api.world.second >= next_issue_s:
            forecaster.issue(next_issue_s)
            next_issue_s += ISSUE_EVERY_S
        now_s = time.monotonic()
        owed_s += speed * (now_s - last_s)
        last_s = now_s
        if owed_s >= STEP_S:
            with api.lock:
                api.world.advance_to(api.world.second + owed_s)
            owed_s %= STEP_S
