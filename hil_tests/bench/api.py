"""The plant as an interface in BOPTEST's shape: initialize, advance, inputs, forecast, kpi.

Source: https://github.com/ibpsa/project1-boptest (paths and meanings); answers are
`{"status", "message", "payload"}` as there. Loopback only.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from typing import Any

from controller.sitefiles.parts import Direction
from drivers.points import converted, unit_of
from hil_tests.bench.course import Course
from hil_tests.bench.kpi import kpi_of
from hil_tests.bench.site_facts import facts_of
from hil_tests.bench.world import STEP_S, World

USUAL_STEP_S = 900.0
LONGEST_BODY = 1_000_000


class BadCallError(ValueError):
    """A call that can not be answered; says why."""


class PlantApi:
    """What can be asked of a plant; every call holds `lock`.

    Args:
        make: Makes a world of a course of weather, settled at its start.
        courses: The weathers that can be chosen, by name.

    Attributes:
        made_anew: Called with the world whenever it has been made anew.
    """

    def __init__(self, make: Callable[[Course], World], courses: Mapping[str, Course]) -> None:
        self.made_anew: Callable[[World], None] = lambda _world: None
        self._make = make
        self._courses = dict(courses)
        self._scenario = next(iter(courses))
        self.lock = threading.Lock()
        self.step_s = USUAL_STEP_S
        self.world = make(self._courses[self._scenario])
        self._stored_j = self.world.plant.stored_j()

    def call(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Answer a call.

        Args:
            method: GET, PUT or POST.
            path: Such as /advance.
            body: Its content.

        Returns:
            The payload.

        Raises:
            BadCallError: Unknown, or with wrong content.
        """
        known: dict[tuple[str, str], Callable[[Mapping[str, Any]], Any]] = {
            ("GET", "/name"): lambda _: {"name": self.world.site.site_id},
            ("GET", "/version"): lambda _: {"version": version("heatwarden")},
            ("PUT", "/initialize"): self._initialize,
            ("POST", "/advance"): self._advance,
            ("GET", "/inputs"): lambda _: self._inputs(),
            ("GET", "/measurements"): lambda _: self._measured_points(),
            ("GET", "/step"): lambda _: {"step": self.step_s},
            ("PUT", "/step"): self._set_step,
            ("GET", "/forecast_points"): lambda _: {"outdoor_temp_c": {"Unit": "degC"}},
            ("PUT", "/forecast"): self._forecast,
            ("GET", "/scenario"): lambda _: {"scenario": self._scenario,
                                             "known": list(self._courses)},
            ("PUT", "/scenario"): self._set_scenario,
            ("GET", "/panel"): lambda _: self._panel(),
            ("GET", "/kpi"): lambda _: asdict(self._kpi()),
        }  # fmt: skip
        if (method, path) not in known:
            there = ", ".join(f"{verb} {name}" for verb, name in known)
            raise BadCallError(f"{method} {path} is not known; there are {there}")
        with self.lock:
            return known[method, path](body)

    def _initialize(self, body: Mapping[str, Any]) -> Any:
        start_s = _number(body, "start_time", 0.0)
        course = self._courses[self._scenario]
        shifted = tuple((hour - start_s / 3600.0, temp) for hour, temp in course.points)
        hour = course.first_local_hour + start_s / 3600.0
        self.world = self._make(replace(course, points=shifted, first_local_hour=hour))
        self._stored_j = self.world.plant.stored_j()
        self.made_anew(self.world)
        return self._measurements()

    def _advance(self, body: Mapping[str, Any]) -> Any:
        inputs = self._inputs()
        points = {point.point_id: point for point in self.world.site.points}
        for name in body:
            point_id, _, kind = name.rpartition("_")
            if kind not in ("u", "activate") or f"{point_id}_u" not in inputs:
                raise BadCallError(f"{name} is no input; there are {', '.join(inputs)}")
            if kind == "activate" or not body.get(f"{point_id}_activate", 1):
                continue
            point, number = points[point_id], _number(body, name, 0.0)
            low, high = point.min_value or 0.0, point.max_value or 0.0
            if not low <= number <= high:
                raise BadCallError(f"{name} {number:g} is not between {low:g} and {high:g}")
            device = self.world.devices[point.device_id]
            unit = device.profile.tags[point.tag].unit
            device.held[point.tag] = converted(number, unit_of(point.quantity), unit)
        self.world.advance_to(self.world.second + self.step_s)
        return self._measurements()

    def _inputs(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for point in self.world.site.points:
            if point.direction is Direction.WRITE and point.readback_point_id:
                found[f"{point.point_id}_u"] = {
                    "Unit": unit_of(point.quantity), "Minimum": point.min_value,
                    "Maximum": point.max_value, "Description": point.quantity,
                }  # fmt: skip
                found[f"{point.point_id}_activate"] = {"Unit": None, "Minimum": 0, "Maximum": 1}
        return found

    def _panel(self) -> dict[str, float]:
        """What the panels beside the plant show of every point that is written."""
        return {
            point.point_id: round(self.world.devices[point.device_id].held[point.tag], 3)
            for point in self.world.site.points
            if point.direction is Direction.WRITE
        }

    def _measured_points(self) -> dict[str, Any]:
        return {
            point.point_id: {"Unit": unit_of(point.quantity), "Description": point.quantity}
            for point in self.world.site.points
            if f"{point.device_id}.{point.tag}" in self.world.sensors.names
        }

    def _measurements(self) -> dict[str, Any]:
        sensors = self.world.sensors
        shown = {
            point.point_id: sensors.shown(f"{point.device_id}.{point.tag}")
            for point in self.world.site.points
            if f"{point.device_id}.{point.tag}" in sensors.names
        }
        return {"time": self.world.second, **shown}

    def _set_step(self, body: Mapping[str, Any]) -> Any:
        step_s = _number(body, "step", USUAL_STEP_S)
        if step_s < STEP_S or step_s % STEP_S:
            raise BadCallError(f"step {step_s:g} is no multiple of {STEP_S:g} s")
        self.step_s = step_s
        return {"step": step_s}

    def _forecast(self, body: Mapping[str, Any]) -> Any:
        horizon_s = _number(body, "horizon", 86400.0)
        interval_s = max(_number(body, "interval", 3600.0), STEP_S)
        names = body.get("point_names", ["outdoor_temp_c"])
        if list(names) != ["outdoor_temp_c"]:
            raise BadCallError("only outdoor_temp_c is forecast")
        times = [
            self.world.second + i * interval_s
            for i in range(int(min(horizon_s / interval_s, 5000)) + 1)
        ]
        outdoor = [self.world.course.at(second / 3600.0).outdoor_temp_c for second in times]
        return {"time": times, "outdoor_temp_c": outdoor}

    def _set_scenario(self, body: Mapping[str, Any]) -> Any:
        name = str(body.get("scenario", body.get("time_period", "")))
        if name not in self._courses:
            raise BadCallError(f"{name!r} is no scenario; there are {', '.join(self._courses)}")
        self._scenario = name
        return self._initialize({})

    def _kpi(self) -> Any:
        stored = self.world.plant.stored_j() - self._stored_j
        return kpi_of(self.world.trace, facts_of(self.world.site), stored)


def _number(body: Mapping[str, Any], name: str, usual: float) -> float:
    value = body.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
        raise BadCallError(f"{name} {value!r} is no number")
    return float(value)


def api_server(api: PlantApi, port: int) -> ThreadingHTTPServer:
    """Make a server of the interface on the loopback, not yet serving.

    Args:
        api: What answers.
        port: The port; any when 0.

    Returns:
        The server.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET")

        def do_PUT(self) -> None:
            self._answer("PUT")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            try:
                payload, code, message = api.call(method, self.path, self._body()), 200, "ok"
            except BadCallError as error:
                payload, code, message = None, 400, str(error)
            answer = {"status": code, "message": message, "payload": payload}
            content = json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _body(self) -> Mapping[str, Any]:
            length = int(self.headers.get("Content-Length") or 0)
            if length > LONGEST_BODY:
                raise BadCallError(f"{length} bytes are too many")
            try:
                found = json.loads(self.rfile.read(length) or b"{}")
            except ValueError as error:
                raise BadCallError(f"no JSON: {error}") from error
            if not isinstance(found, dict):
                raise BadCallError("the body is no JSON object")
            return found

        def log_message(self, *_: object) -> None:
            return

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
