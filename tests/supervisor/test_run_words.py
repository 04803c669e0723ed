"""What `run` refuses before the engine starts: numbers out of bounds, a port that is held."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.console_port import why_not_free
from controller.store.database import open_database
from tests.site.sound import write_site
from tests.terminal import heatwarden

OUT_OF_BOUNDS = [
    ("--cycle", "-5", "1 to 86400"),
    ("--cycle", "nan", "1 to 86400"),
    ("--cycle", "0", "1 to 86400"),
    ("--cycle", "inf", "1 to 86400"),
    ("--safety", "0", "0.05 to 60"),
    ("--safety", "often", "0.05 to 60"),
    ("--planning-budget", "-1", "1 to 86400"),
    ("--console-port", "0", "1 to 65535"),
    ("--console-port", "65536", "1 to 65535"),
    ("--console-port", "-80", "1 to 65535"),
]


@pytest.mark.parametrize(("option", "value", "bounds"), OUT_OF_BOUNDS)
def test_numbers_out_of_bounds_are_refused_with_them(option: str, value: str, bounds: str) -> None:
    done = heatwarden("run", "nowhere", option, value, "--json")
    assert done.returncode == 2
    (error,) = json.loads(done.stdout)["errors"]
    assert f"{option}: {value} is not a" in error["message"]
    assert bounds in error["message"]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield int(holder.getsockname()[1])


def test_a_taken_port_is_said_before_anything_starts(taken: int, tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")
    done = heatwarden("run", site, "--console-port", taken)
    assert done.returncode == 3
    assert f"the console's port {taken} is taken" in done.stderr
    assert "console: http" not in done.stderr
    assert not (site / "heatwarden.db").exists()


def test_who_refuses_to_run_names_no_console_and_makes_nothing(tmp_path: Path) -> None:
    """Without a store, then in one in which nobody is an engineer."""
    site = write_site(tmp_path / "site")
    before = set(site.rglob("*"))
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = int(holder.getsockname()[1])
    done = heatwarden("run", site, "--console-port", port)
    assert done.returncode == 3
    assert "there is no store" in done.stderr
    assert "user add NAME --role engineer" in done.stderr
    assert "console: http" not in done.stderr
    assert set(site.rglob("*")) == before
    open_database("sqlite:///heatwarden.db", site).close()
    done = heatwarden("run", site, "--console-port", port)
    assert done.returncode == 3
    assert "engineer or admin" in done.stderr
    assert "console: http" not in done.stderr


@pytest.mark.parametrize(
    ("host", "why"), [("127.0.0.1", "is taken"), ("0.0.0.0", "is taken"), ("192.0.2.1", "can not")]
)
def test_why_a_port_is_not_free(host: str, why: str, taken: int) -> None:
    assert why_not_free(taken, host).startswith(why)


def test_a_port_that_was_let_go_is_free() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = int(holder.getsockname()[1])
    assert why_not_free(port) == ""
