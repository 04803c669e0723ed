"""A weather service on loopback: the real ones' forms of answers, misbehaving on demand."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Reply:
    """What to send: bytes may stop early (`cut`) or drip (`drip_s` between bytes)."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    drip_s: float = 0.0
    cut: int | None = None


@dataclass
class Asked:
    """One request: path, parameters, headers in lower case."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]


class Service:
    """`answer` makes a reply of a request; `asked` holds every request."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Reply] = lambda asked: Reply(status=500)
        self.url = ""


@contextmanager
def weather_service() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        sys_version = ""

        def do_GET(self) -> None:
            split = urlsplit(self.path)
            params = {key: values[0] for key, values in parse_qs(split.query).items()}
            headers = {key.lower(): value for key, value in self.headers.items()}
            asked = Asked(split.path, params, headers)
            service.asked.append(asked)
            reply = service.answer(asked)
            time.sleep(reply.wait_s)
            self.send_response_only(reply.status)
            for key, value in reply.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            body = reply.body if reply.cut is None else reply.body[: reply.cut]
            try:
                if reply.drip_s:
                    for i in range(len(body)):
                        self.wfile.write(body[i : i + 1])
                        time.sleep(reply.drip_s)
                else:
                    self.wfile.write(body)
            except OSError:
                pass  # the client gave up, as it should
            self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def open_meteo_json(
    now: datetime,
    *,
    members: int = 1,
    hours: int = 144,
    days_late: int = 0,
    nulls_at_end: int = 0,
) -> dict[str, object]:
    """An answer in the service's form: temperature counts hours, irradiance its own hour's end."""
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1 + days_late)
    times = [int((first + timedelta(hours=i)).timestamp()) for i in range(hours)]
    hourly: dict[str, object] = {"time": times}
    units = {"time": "unixtime"}
    for member in range(members):
        suffix = f"_member{member:02d}" if member else ""
        known = hours - nulls_at_end
        nulls: list[float | None] = [None] * nulls_at_end
        hourly["temperature_2m" + suffix] = [
            round(-0.1 * i - member, 1) for i in range(known)
        ] + nulls  # fmt: skip
        hourly["wind_speed_10m" + suffix] = [3.0 + 0.01 * member] * known + nulls
        hourly["shortwave_radiation" + suffix] = [float(i) for i in range(known)] + nulls
        units |= {
            "temperature_2m" + suffix: "°C",
            "wind_speed_10m" + suffix: "m/s",
            "shortwave_radiation" + suffix: "W/m²",
        }
    return {
        "latitude": 36.8, "longitude": 118.0, "generationtime_ms": 0.1, "utc_offset_seconds": 0,
        "timezone": "GMT", "timezone_abbreviation": "GMT", "elevation": 40.0,
        "hourly_units": units, "hourly": hourly,
    }  # fmt: skip


def met_no_json(now: datetime, *, issued_h_ago: float = 1.0) -> dict[str, object]:
    """An answer in the service's form: hourly for 60 h, then every 6 h."""
    issued = now - timedelta(hours=issued_h_ago)
    first = now.replace(minute=0, second=0, microsecond=0)
    offsets = [*range(60), *range(60, 200, 6)]
    series = []
    for i in offsets:
        time_ = first + timedelta(hours=i)
        details = {
            "air_pressure_at_sea_level": 1021.0, "air_temperature": round(-5 - 0.1 * i, 1),
            "wind_from_direction": 12.0, "wind_speed": 2.5,
        }  # fmt: skip
        series.append({"time": stamp(time_), "data": {"instant": {"details": details}}})
    meta = {
        "updated_at": stamp(issued),
        "units": {
            "air_pressure_at_sea_level": "hPa", "air_temperature": "celsius",
            "wind_from_direction": "degrees", "wind_speed": "m/s",
        },
    }  # fmt: skip
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [118.05, 36.8, 40]},
        "properties": {"meta": meta, "timeseries": series},
    }


def stamp(time_: datetime) -> str:
    return time_.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_reply(content: object, now: datetime | None = None, **headers: str) -> Reply:
    """JSON with a Date header, as services send it."""
    found = {"Content-Type": "application/json"}
    if now is not None:
        found["Date"] = format_datetime(now, usegmt=True)
    found |= {key.replace("_", "-"): value for key, value in headers.items()}
    return Reply(body=json.dumps(content).encode(), headers=found)
