"""What leaves the drivers' room: readings, setpoints, weather series, and every way to fail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


class DriverError(Exception):
    """Anything a driver can fail with; each subclass is a different answer to "what now?"."""


class BadRequest(DriverError, ValueError):
    """The caller asked for something that can not be sent; nothing went on the wire."""


class NoReply(DriverError):
    """The device did not answer in time."""


class GarbledReply(DriverError):
    """Something came back that is not a valid answer to the request."""


class DeviceRefused(DriverError):
    """The device answered with an exception: the request was understood and not carried out."""

    def __init__(self, code: int, message: str | None = None) -> None:
        self.code = code
        super().__init__(message or f"the device refused with exception code {code}")


class PortLost(DriverError):
    """The port or connection can not be opened, is held by someone else, or has gone."""


class PortBusy(PortLost):
    """The port belongs to a running engine or another command."""


class UnknownOutcome(DriverError):
    """A write left, or may have left, and no sure answer came: only a readback resolves it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong with an input file, and how to put it right.

    `row` is the line of the file, counted from 1 with the header; None concerns the whole file.
    """

    file: str
    message: str
    remedy: str
    row: int | None = None
    column: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(p) for p in (self.file, self.row, self.column) if p is not None)
        shown = "" if self.value is None else f" [{self.value}]"
        return f"{place}: {self.message}{shown}; {self.remedy}"


class BadInput(DriverError):
    """A file or answer is unusable; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class WeatherUnavailable(DriverError):
    """A weather source gave no usable forecast; `retry_after_s` is what it asked for, if so."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class Quality(StrEnum):
    """What a reading is worth; only GOOD may decide anything."""

    GOOD = "good"
    UNCONFIRMED = "unconfirmed"  # one read only: 1 in 65,536 garbled frames passes a CRC-16
    STALE = "stale"
    DISAGREEING = "disagreeing"
    OUT_OF_RANGE = "out_of_range"
    TOO_FAST = "too_fast"
    STUCK = "stuck"
    SENTINEL = "sentinel"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A value from the field: `value` in the unit of the point's quantity, None where missing.

    `time` is when it was read, tz-aware UTC; `detail` says why the quality is not good.
    """

    point_id: str
    value: float | None
    time: datetime
    quality: Quality
    detail: str = ""

    def age_s(self, now: datetime) -> float:
        """Seconds between the read and `now` (tz-aware UTC)."""
        return (now - self.time).total_seconds()


@dataclass(frozen=True, kw_only=True, slots=True)
class Setpoint:
    """A value to be written, in the unit of the point's quantity."""

    point_id: str
    value: float


class Reader(Protocol):
    """Reads points; the real field and the in-memory one look alike from outside."""

    def read(self, point_ids: Sequence[str]) -> Mapping[str, Reading]:
        """Read points now.

        Args:
            point_ids: Points to read.

        Returns:
            A reading of each point; a point that could not be read is MISSING, never left out.

        Raises:
            BadRequest: A point is not known.
        """
        ...


class Writer(Protocol):
    """Writes points: once, without repeating."""

    def write(self, setpoint: Setpoint) -> None:
        """Write a setpoint once; returning means that the device acknowledged it.

        Args:
            setpoint: Point and value.

        Raises:
            BadRequest: Unknown or read-only point, or a value outside its range; nothing was sent.
            DeviceRefused: The device did not carry it out.
            PortLost: The port was gone before anything was sent.
            UnknownOutcome: No sure answer; only a readback tells.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class WeatherSeries:
    """Weather at instants, known since `issue_time`.

    Attributes:
        source: Where it comes from, for people.
        issue_time: When this was issued, or, where a source does not say, when it was fetched;
            tz-aware UTC.
        times: Instants, tz-aware UTC, strictly increasing.
        members: Names of the ensemble members, at least one.
        outdoor_temp_c: Instantaneous, linear in between, degC, shape (members, times).
        wind_m_s: Wind at 10 m, m/s, shape (members, times), or None.
        ghi_w_m2: Mean global horizontal irradiance of the hour that starts at each instant, W/m2,
            shape (members, times), or None.
    """

    source: str
    issue_time: datetime
    times: tuple[datetime, ...]
    members: tuple[str, ...]
    outdoor_temp_c: FloatArray
    wind_m_s: FloatArray | None = None
    ghi_w_m2: FloatArray | None = None

    def __post_init__(self) -> None:
        if not self.times or not self.members:
            raise ValueError("a weather series needs at least one instant and one member")
        for instant in (self.issue_time, *self.times):
            if instant.utcoffset() != timedelta(0):
                raise ValueError(f"{instant.isoformat()} is not UTC")
        if any(after <= before for before, after in pairwise(self.times)):
            raise ValueError("the instants of a weather series must increase")
        shape = (len(self.members), len(self.times))
        for name in ("outdoor_temp_c", "wind_m_s", "ghi_w_m2"):
            values = getattr(self, name)
            if values is not None:
                object.__setattr__(self, name, _read_only(name, values, shape))

    @property
    def posix_s(self) -> FloatArray:
        """The instants as seconds since 1970-01-01T00:00Z, shape (times,)."""
        return np.array([instant.timestamp() for instant in self.times])


def _read_only(name: str, values: npt.ArrayLike, shape: tuple[int, int]) -> FloatArray:
    array = np.array(values, dtype=np.float64)
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers of shape {shape}, not {array.shape}")
    array.setflags(write=False)
    return array


def utc_now() -> datetime:
    """The present instant, tz-aware UTC: the clock that drivers use unless they are given one."""
    return datetime.now(UTC)
