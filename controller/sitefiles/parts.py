"""The parts of a site that only the controller and its drivers need: buses, devices, points and
the settings of operation."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class BusKind(StrEnum):
    """How a bus speaks."""

    RTU = "rtu"
    TCP = "tcp"
    MBUS = "mbus"
    CJT188 = "cjt188"


class Direction(StrEnum):
    """Whether a point is read or written."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bus:
    """A serial line or a network connection to field devices.

    `port` is a serial port (or a URL that pyserial opens) and `host` None for serial kinds; with
    `tcp`, `tcp_port` is the port's number and `port` None. The serial settings are None for tcp.
    After a failure the bus stays quiet for `quiet_s`. `rs485` says who switches the line between
    sending and listening.
    """

    bus_id: str
    kind: BusKind
    port: str | None
    host: str | None
    tcp_port: int | None
    baudrate: int | None
    parity: str | None
    stop_bits: float | None
    timeout_s: float
    quiet_s: float
    rs485: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """A device on a bus; its registers are described in the profile file."""

    device_id: str
    bus_id: str
    address: str
    profile: str
    profile_path: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A value that a device measures or takes.

    `target_kind` is plant, pump, station, building or site, `target_id` empty for the site. The
    limits and the readback point are None where a read point or a heartbeat has none.
    """

    point_id: str
    device_id: str
    tag: str
    target_kind: str
    target_id: str
    quantity: str
    direction: Direction
    min_value: float | None
    max_value: float | None
    max_rate_per_h: float | None
    readback_point_id: str | None
    stale_after_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ColdSnap:
    """When a forecast counts as a cold snap: at least `min_hours` below `below_c`, or a fall of
    `drop_k_24h` within 24 h."""

    below_c: float
    drop_k_24h: float
    min_hours: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Fallback:
    """Whether the weather curve may be written when planning fails; else it is recommended."""

    writes: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Auto:
    """Whether every lever must have passed an identification test before AUTO may be armed."""

    needs_identification: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Trip:
    """Measured values at which every increase is refused."""

    max_makeup_m3_h: float
    max_pressure_drop_bar_min: float


@dataclass(frozen=True, kw_only=True, slots=True)
class WeatherSources:
    """Where forecasts come from, in order; a forecast older than `stale_after_h` is not used.

    `api_key_env` is the name of an environment variable, never the key.
    """

    sources: tuple[str, ...]
    csv_path: Path | None
    user_agent: str | None
    stale_after_h: float
    api_key_env: str | None
