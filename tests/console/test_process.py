"""The console as `run` starts it: a process beside the engine that comes back and ends with it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from controller.console.server import GRACE_S
from controller.console_process import ConsoleOptions, ConsoleProcess, command_of
from controller.demo_ports import real_ports
from controller.site import load_site
from tests.console.conftest import Scene, sign_in
from tests.console.plant_day import PlantDay
from tests.site.sound import write_site
from tests.supervisor.running_site import files


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int, within_s: float = 90.0) -> bool:
    give_up_s = time.monotonic() + within_s
    while time.monotonic() < give_up_s:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{port}/login", timeout=5).status_code == 200
        time.sleep(0.1)
    return False


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def kept(day: PlantDay, port: int) -> Iterator[ConsoleProcess]:
    process = ConsoleProcess(
        day.site.folder, ConsoleOptions(port=port), lambda line: None, lambda: False
    )
    yield process
    process.stop()


def test_one_that_dies_is_started_again(kept: ConsoleProcess, port: int) -> None:
    assert answers(port)
    first = kept.process_id
    os.kill(first, signal.SIGKILL)
    give_up_s = time.monotonic() + 90
    while kept.process_id == first and time.monotonic() < give_up_s:
        time.sleep(0.1)
    assert kept.process_id != first
    assert answers(port)


def test_it_ends_with_open_pages(day: PlantDay, port: int) -> None:
    from tests.console.living import PASSWORD

    assert GRACE_S < 2
    words = command_of(day.site.folder, ConsoleOptions(port=port))
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        assert answers(port)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            sign_in(client, "li", PASSWORD)
            with client.stream("GET", "/live", params={"parts": "head"}) as answer:
                assert next(answer.iter_lines()).startswith("event:")
                process.terminate()
                process.wait(60)  # without its grace it would wait for the page for ever


def test_it_ends_when_whoever_started_it_is_gone(day: PlantDay, port: int) -> None:
    words = command_of(day.site.folder, ConsoleOptions(port=port))
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        assert answers(port)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0


def test_it_listens_on_this_machine_only(kept: ConsoleProcess, port: int) -> None:
    assert answers(port)
    for host in socket.gethostbyname_ex(socket.gethostname())[2]:
        if not host.startswith("127."):
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"http://{host}:{port}/login")


def test_a_demonstration_refuses_real_ports(tmp_path: Path) -> None:
    tables = files("/dev/ttyUSB0", lambda hour: -5.0, False)
    folder = write_site(tmp_path / "site", tables)
    words = [sys.executable, "-m", "controller.cli", "run", str(folder), "--demo"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "/dev/ttyUSB0" in done.stderr
    assert "writes to no plant" in done.stderr


@pytest.mark.parametrize(
    ("port_name", "simulated"),
    [("/dev/pts/3", True), ("socket://127.0.0.1:5020", True), ("socket://10.0.0.9:4001", False),
     ("/dev/ttyS0", False), ("COM3", False)],
)  # fmt: skip
def test_which_ports_are_simulated(tmp_path: Path, port_name: str, simulated: bool) -> None:
    site = load_site(write_site(tmp_path, files(port_name, lambda hour: -5.0, False)))
    assert (real_ports(site) == []) == simulated


def test_two_consoles_may_look_at_one_store(scene: Scene, kept: ConsoleProcess, port: int) -> None:
    assert answers(port)
    assert httpx.get(f"{scene.base}/login").status_code == 200
