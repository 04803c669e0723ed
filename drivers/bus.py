"""One owner thread per bus: writes before reads on demand, those before polls."""

import heapq
import itertools
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from drivers.base import (
    BadRequest,
    DriverError,
    GarbledReply,
    NoReply,
    PortLost,
    Quality,
    Reading,
    Setpoint,
)
from drivers.link import FieldDevice, Link
from drivers.lock import Lock
from drivers.points import FieldPoint, converted, point_value, tag_value, unit_of
from drivers.profiles import Tag
from drivers.schedule import DeviceHealth, Poll, planned
from drivers.timekeeping import WALL_TIME, Event, Timekeeper, Worker
from drivers.trust import Judged, Sample, agree, judge, scaled

log = logging.getLogger(__name__)

WRITE, READ = 0, 1
PORT_RETRY_S = 1.0
LONGEST_WAIT_S = 60.0


@dataclass(order=True)
class _Job:
    """Work for the owner thread; lower priority numbers and older jobs come first."""

    priority: int
    number: int
    work: Callable[[], object] = field(compare=False)
    done: Event = field(compare=False)
    result: object = field(default=None, compare=False)
    error: BaseException | None = field(default=None, compare=False)


class Bus:
    """The devices of one bus, as a Reader and a Writer of the site's points.

    Args:
        bus_id: Name, for people.
        link: The protocol below.
        devices: The devices on it.
        points: The site's points on these devices.
        lock: Held from start to stop, so that nobody else writes on this bus.
        timekeeper: Gives the time of readings, the clock of intervals and the owner's thread.

    Raises:
        BadRequest: A point's device, tag or unit does not fit.
    """

    def __init__(
        self,
        bus_id: str,
        link: Link,
        devices: Sequence[FieldDevice],
        points: Sequence[FieldPoint],
        *,
        lock: Lock | None = None,
        timekeeper: Timekeeper = WALL_TIME,
    ) -> None:
        self.bus_id = bus_id
        self._link = link
        self._lock = lock
        self._devices = {device.device_id: device for device in devices}
        self._points = {point.point_id: point for point in points}
        self._patiences = {point.stale_after_s for point in points}
        self._time = timekeeper
        wanted: dict[str, set[str]] = {name: set() for name in self._devices}
        for point in points:
            tag = self._tag(point)
            converted(0.0, tag.unit, unit_of(point.quantity))
            wanted[point.device_id].add(point.tag)
        self._schedule = planned(list(devices), wanted, timekeeper.monotonic_s())
        self._latest: dict[tuple[str, str], Judged] = {}
        self._good: dict[tuple[str, str], Judged] = {}
        # What a judgement means for a point, made once however often it is looked at.
        self._readings: dict[str, tuple[Judged, Reading]] = {}
        self._port_retry_s = 0.0
        self._port_failures = 0  # in a row
        self._jobs: list[_Job] = []
        self._numbers = itertools.count()
        self._turn = threading.Lock()  # held for moments, never while waiting
        self._news = timekeeper.event()
        self._ending = False
        self._owner: Worker | None = None

    @property
    def point_ids(self) -> tuple[str, ...]:
        """The points on this bus."""
        return tuple(self._points)

    def start(self) -> None:
        """Start the owner thread; a port that is not there is tried again and again.

        Raises:
            PortBusy: Somebody else owns the bus.
            PortLost: Its lock can not be made.
        """
        if self._lock is not None:
            self._lock.acquire(f"the engine's bus {self.bus_id}")
        self._ending = False
        self._owner = self._time.start(self._own, f"bus {self.bus_id}")

    def stop(self) -> None:
        """End the owner thread after the transaction under way, and close the port."""
        with self._turn:
            self._ending = True
        self._news.set()
        if self._owner is not None:
            self._owner.join()
            self._owner = None
        if self._lock is not None:
            self._lock.release()

    def read(self, point_ids: Sequence[str]) -> Mapping[str, Reading]:
        """Read points now, each twice, before any poll; see `drivers.base.Reader.read`."""
        points = [self._point(point_id) for point_id in point_ids]
        result = self._submit(READ, lambda: self._read_now(points))
        assert isinstance(result, dict)
        return result

    def write(self, setpoint: Setpoint) -> None:
        """Write a setpoint once, before any read; see `drivers.base.Writer.write`."""
        point = self._point(setpoint.point_id)
        tag = self._tag(point)
        value = tag_value(point, tag.unit, setpoint.value)
        device = self._devices[point.device_id]
        self._submit(WRITE, lambda: self._link.write(device, tag, value))

    def latest(self, point_ids: Sequence[str], now: datetime) -> Mapping[str, Reading]:
        """Give what the polls have brought, without touching the bus.

        Args:
            point_ids: The points.
            now: tz-aware UTC; older values than the point's `stale_after_s` are STALE.

        Returns:
            A reading of each point.

        Raises:
            BadRequest: A point is not known.
        """
        oldest = {patience_s: now - timedelta(seconds=patience_s) for patience_s in self._patiences}
        found = {}
        for point_id in point_ids:
            point = self._point(point_id)
            reading = self._known(point, now)
            fresh = reading.time >= oldest[point.stale_after_s]
            found[point_id] = reading if fresh else _stale(point, reading, now)
        return found

    def health(self) -> Mapping[str, DeviceHealth]:
        """How each device answers, by its id."""
        return {name: replace(health) for name, health in self._schedule.health.items()}

    def failures(self) -> Mapping[str, int]:
        """How often each device has failed in a row, or the port of all of them, by its id."""
        return {
            name: one.failures_in_a_row + self._port_failures
            for name, one in self._schedule.health.items()
        }

    def step(self) -> bool:
        """Do the most urgent thing: a job, or else a poll that is due.

        Returns:
            Whether there was anything to do.
        """
        with self._turn:
            job = heapq.heappop(self._jobs) if self._jobs else None
        if job is not None:
            _carry_out(job)
            return True
        now_s = self._time.monotonic_s()
        poll = self._schedule.take(now_s) if now_s >= self._port_retry_s else None
        if poll is None:
            return False
        self._poll(poll)
        return True

    def _own(self) -> None:
        try:
            while not self._ending:
                if not self.step():
                    self._wait()
        finally:
            self._link.close()
            with self._turn:
                self._ending = True
                abandoned, self._jobs = self._jobs, []
            for job in abandoned:
                job.error = PortLost(f"bus {self.bus_id} has been stopped")
                job.done.set()

    def _wait(self) -> None:
        self._news.clear()
        with self._turn:
            if self._jobs or self._ending:
                return
        due_s = max(self._schedule.next_due_s(), self._port_retry_s)
        wait_s = due_s - self._time.monotonic_s()
        self._news.wait(min(max(wait_s, 0.001), LONGEST_WAIT_S))

    def _submit(self, priority: int, work: Callable[[], object]) -> object:
        job = _Job(priority, next(self._numbers), work, self._time.event())
        with self._turn:
            if self._ending or self._owner is None:
                raise PortLost(f"bus {self.bus_id} is not running")
            heapq.heappush(self._jobs, job)
        self._news.set()
        job.done.wait()
        if job.error is not None:
            raise job.error
        return job.result

    def _poll(self, poll: Poll) -> None:
        """Read a group of tags, and those again that are not as the poll before left them."""
        began_s = self._time.monotonic_s()
        device = poll.device
        try:
            first = self._samples(device, poll.tags)
            doubtful = [tag for tag in poll.tags if not self._confirms(device, tag, first)]
            second = self._samples(device, doubtful) if doubtful else {}
        except PortLost as error:
            log.warning("bus %s: %s", self.bus_id, error)
            self._port_retry_s = self._time.monotonic_s() + PORT_RETRY_S
            self._port_failures += 1
            self._schedule.health[device.device_id].last_error = str(error)
            return
        except DriverError as error:
            log.debug("device %s: %s", device.device_id, error)
            self._port_failures = 0
            self._schedule.failed(
                poll, str(error), began_s=began_s, now_s=self._time.monotonic_s()
            )  # fmt: skip
            return
        self._port_failures = 0
        for tag in poll.tags:
            samples = (first[tag.name], second[tag.name]) if tag.name in second else None
            self._note(device, tag, samples or (first[tag.name],), confirmed=samples is None)
        self._schedule.answered(poll, self._time.monotonic_s())

    def _read_now(self, points: Sequence[FieldPoint]) -> dict[str, Reading]:
        """Read the points' tags twice, device by device."""
        readings = {}
        for device_id in dict.fromkeys(point.device_id for point in points):
            device = self._devices[device_id]
            mine = [point for point in points if point.device_id == device_id]
            tags = list({point.tag: self._tag(point) for point in mine}.values())
            try:
                first, second = self._two_samples(device, tags)
            except DriverError as error:
                missing = Sample(raw=None, time=self._time.now(), detail=str(error))
                first = second = dict.fromkeys((tag.name for tag in tags), missing)
            for tag in tags:
                self._note(device, tag, (first[tag.name], second[tag.name]))
            for point in mine:
                readings[point.point_id] = self._reading(point)
        return readings

    def _two_samples(
        self, device: FieldDevice, tags: Sequence[Tag]
    ) -> tuple[dict[str, Sample], dict[str, Sample]]:
        """Read twice; the whole is repeated once, as reads may be."""
        try:
            return self._samples(device, tags), self._samples(device, tags)
        except (NoReply, GarbledReply):
            return self._samples(device, tags), self._samples(device, tags)

    def _samples(self, device: FieldDevice, tags: Sequence[Tag]) -> dict[str, Sample]:
        raw = self._link.read(device, tags)
        now = self._time.now()
        detail = f"device {device.device_id} does not give it"
        return {
            tag.name: Sample(raw=raw.get(tag.name), time=now, detail=detail) for tag in tags
        }  # fmt: skip

    def _confirms(self, device: FieldDevice, tag: Tag, samples: Mapping[str, Sample]) -> bool:
        """Whether a single read agrees with the good value of the poll before."""
        before = self._latest.get((device.device_id, tag.name))
        raw = samples[tag.name].raw
        if before is None or before.value is None or raw is None:
            return False
        believed = before.quality in (Quality.GOOD, Quality.STUCK)
        return believed and agree(tag, before.value, scaled(tag, raw))

    def _note(
        self, device: FieldDevice, tag: Tag, samples: tuple[Sample, ...], *, confirmed: bool = False
    ) -> None:
        key = (device.device_id, tag.name)
        judged = judge(tag, samples, self._good.get(key), confirmed=confirmed)
        self._latest[key] = judged
        if judged.quality in (Quality.GOOD, Quality.STUCK):
            self._good[key] = judged

    def _known(self, point: FieldPoint, now: datetime) -> Reading:
        if (point.device_id, point.tag) not in self._latest:
            detail = self._schedule.health[point.device_id].last_error or "not read yet"
            return Reading(point_id=point.point_id, value=None, time=now,
                           quality=Quality.MISSING, detail=detail)  # fmt: skip
        return self._reading(point)

    def _reading(self, point: FieldPoint) -> Reading:
        judged = self._latest[point.device_id, point.tag]
        known = self._readings.get(point.point_id)
        if known is not None and known[0] is judged:
            return known[1]
        value = judged.value
        if value is not None:
            value = point_value(point, self._tag(point).unit, value)
        reading = Reading(point_id=point.point_id, value=value, time=judged.time,
                          quality=judged.quality, detail=judged.detail)  # fmt: skip
        self._readings[point.point_id] = judged, reading
        return reading

    def _point(self, point_id: str) -> FieldPoint:
        if point_id not in self._points:
            raise BadRequest(f"bus {self.bus_id} has no point {point_id}")
        return self._points[point_id]

    def _tag(self, point: FieldPoint) -> Tag:
        if point.device_id not in self._devices:
            raise BadRequest(f"bus {self.bus_id} has no device {point.device_id}")
        return self._devices[point.device_id].profile.tag(point.tag)


def _stale(point: FieldPoint, reading: Reading, now: datetime) -> Reading:
    detail = f"{reading.age_s(now):.0f} s old; at most {point.stale_after_s:.0f} s"
    return replace(reading, quality=Quality.STALE, detail=detail)


def _carry_out(job: _Job) -> None:
    """Do a job; its caller gets what goes wrong, and the owner a mistake of our own too."""
    try:
        job.result = job.work()
    except DriverError as error:
        job.error = error
    except BaseException as error:
        job.error = error
        raise
    finally:
        job.done.set()


class Field:
    """All buses of a site as one Reader and Writer.

    Args:
        buses: The buses, each with its own points.

    Raises:
        BadRequest: Two buses have a point of the same name.
    """

    def __init__(self, buses: Sequence[Bus]) -> None:
        self.buses = tuple(buses)
        self._bus_of: dict[str, Bus] = {}
        for bus in buses:
            for point_id in bus.point_ids:
                if point_id in self._bus_of:
                    raise BadRequest(f"point {point_id} is on two buses")
                self._bus_of[point_id] = bus

    def start(self) -> None:
        """Start every bus's owner thread, or none.

        Raises:
            PortLost: One of them is owned by somebody else; see `Bus.start`.
        """
        try:
            for bus in self.buses:
                bus.start()
        except PortLost:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop every bus."""
        for bus in self.buses:
            bus.stop()

    def read(self, point_ids: Sequence[str]) -> Mapping[str, Reading]:
        """Read points now; see `drivers.base.Reader.read`."""
        found: dict[str, Reading] = {}
        for bus, own in self._by_bus(point_ids):
            found |= bus.read(own)
        return found

    def latest(self, point_ids: Sequence[str], now: datetime) -> Mapping[str, Reading]:
        """Give what the polls have brought; see `Bus.latest`."""
        found: dict[str, Reading] = {}
        for bus, own in self._by_bus(point_ids):
            found |= bus.latest(own, now)
        return found

    def failures(self) -> Mapping[str, int]:
        """How often each device has failed in a row; see `Bus.failures`."""
        return {name: count for bus in self.buses for name, count in bus.failures().items()}

    def write(self, setpoint: Setpoint) -> None:
        """Write a setpoint once; see `drivers.base.Writer.write`."""
        ((bus, _),) = self._by_bus([setpoint.point_id])
        bus.write(setpoint)

    def _by_bus(self, point_ids: Sequence[str]) -> list[tuple[Bus, list[str]]]:
        for point_id in point_ids:
            if point_id not in self._bus_of:
                raise BadRequest(f"no bus has a point {point_id}")
        return [
            (bus, own)
            for bus in self.buses
            if (own := [point_id for point_id in point_ids if self._bus_of[point_id] is bus])
        ]
