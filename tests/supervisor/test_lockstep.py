"""Time from outside: turns in one order, whatever the threads do, and time only when all wait."""

import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.engine.lockstep import Lockstep, TimeService, local_address
from drivers.bus import Bus
from drivers.fake import FakeLink
from tests.drivers.test_bus import plant, points

START = datetime(2026, 1, 16, tzinfo=UTC)
START_US = int(START.timestamp()) * 1_000_000


class Clock(socketserver.StreamRequestHandler):
    """Tells what it was asked for; notes it."""

    asked: list[str]

    def handle(self) -> None:
        now_us = 0
        for line in self.rfile:
            until = line.split()[1].decode()
            self.asked.append(until)
            now_us = max(now_us, int(until))
            self.wfile.write(f"{now_us} {START_US + now_us}\n".encode())


class Settable(Lockstep):
    """Whose wall clock can be set."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


@contextmanager
def time_service() -> Iterator[tuple["Settable", list[str]]]:
    asked: list[str] = []
    handler = type("Noting", (Clock,), {"asked": asked})
    with socketserver.TCPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host, port = str(server.server_address[0]), int(server.server_address[1])
        service = TimeService((host, port))
        yield Settable(service), asked
        service.close()
        server.shutdown()


def test_threads_take_turns_in_one_order() -> None:
    with time_service() as (time, _):
        seen: list[tuple[float, str]] = []

        def every(seconds: float, name: str) -> None:
            while time.monotonic_s() < 6.0:
                seen.append((time.monotonic_s(), name))
                time.sleep(seconds)

        slow = time.start(lambda: every(3.0, "slow"), "slow")
        fast = time.start(lambda: every(2.0, "fast"), "fast")
        slow.join()
        fast.join()
        assert seen == [(0.0, "slow"), (0.0, "fast"), (2.0, "fast"), (3.0, "slow"), (4.0, "fast")]
        assert time.now() == START + timedelta(seconds=6)


def test_an_event_ends_a_wait_at_once_and_no_time_passes() -> None:
    with time_service() as (time, asked):
        news = time.event()
        waited: list[tuple[bool, float]] = []
        waiting = time.start(lambda: waited.append((news.wait(100.0), time.monotonic_s())), "w")
        time.sleep(1.0)
        news.set()
        waiting.join()
        assert waited == [(True, 1.0)]
        assert asked == ["0", "1000000"]


def test_a_wait_that_nothing_ends_in_time_gives_false() -> None:
    with time_service() as (time, _):
        assert not time.event().wait(0.25)
        assert time.monotonic_s() == 0.25


def polled_for(seconds: float) -> tuple[list[float], list[str], float | None]:
    """Poll a device on a bus of a second's rate, and read it in between."""
    with time_service() as (time, asked):
        polls: list[float] = []
        link = FakeLink(lambda _device, _answered: polls.append(time.monotonic_s()))
        link.memory["plc"] = {
            "supply_temp": 905.0, "supply_pressure": 612.0, "supply_temp_setpoint": 900.0
        }  # fmt: skip
        bus = Bus("plant", link, [plant()], points(), timekeeper=time)
        bus.start()
        time.sleep(seconds)
        value = bus.read(["supply"])["supply"].value
        bus.stop()
        return polls, asked, value


def test_a_bus_polls_and_reads_in_lockstep_and_does_so_again_the_same_way() -> None:
    polls, asked, value = polled_for(12.0)
    assert value == 90.5
    assert sorted(set(polls)) == [0.0, 5.0, 10.0, 12.0]
    assert polled_for(12.0) == (polls, asked, value)


@pytest.mark.parametrize("text", ["", "5021", "127.0.0.1:", "127.0.0.1:0", "10.0.0.7:5021"])
def test_only_this_machine_may_give_the_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"HOST:PORT|this machine"):
        local_address(text)


def test_an_engine_whose_time_service_is_not_there_does_not_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "controller.cli", "run", str(tmp_path), "--clock"]
    for address, code, said in (
        ("127.0.0.1:1", 3, "refused"),
        ("10.0.0.7:5021", 2, "not this machine"),
    ):
        done = subprocess.run([*command, address], capture_output=True, text=True, check=False)
        assert (done.returncode, said in done.stderr) == (code, True), done.stderr
