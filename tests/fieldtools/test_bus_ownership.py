"""`heatwarden bus` on a site's devices, and beside an engine that owns them in another process."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.drivers.tcp_server import Server, tcp_server
from tests.fieldtools.bench import SETPOINT, Bench
from tests.site.sound import SOUND, write_site

OFFSET = 20  # of the site's station: holding, int16, 0.1 K


@pytest.fixture
def station() -> Iterator[Server]:
    with tcp_server() as found:
        found.registers.holding[OFFSET] = 10
        yield found


@pytest.fixture
def site(bench: Bench, station: Server, tmp_path: Path) -> Path:
    """A site whose PLC is the bench's serial device and whose station the server."""
    text = SOUND["site.toml"].replace("/dev/ttyUSB0", bench.port).replace('"E"', '"N"')
    text = text.replace('"10.0.0.7"', '"127.0.0.1"').replace("port = 502", f"port = {station.port}")
    return write_site(tmp_path / "site", {**SOUND, "site.toml": text})


@contextmanager
def engine(site: Path, holds: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.fieldtools.engine_process", str(site), holds]
    with subprocess.Popen(
        command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def writing(bench: Bench, site: Path) -> dict[str, tuple[str, ...]]:
    """The same two registers, each by name and by hand."""
    audit = ("--audit", str(bench.audit), "--yes", "--json")
    tcp = next(line for line in (site / "site.toml").read_text().splitlines() if "port = " in line
               and '"' not in line).split()[-1]  # fmt: skip
    plc = ("--port", bench.port, "--baudrate", "19200", "--unit", "1", "--profile", "plant-plc")
    station = ("--port", f"tcp://127.0.0.1:{tcp}", "--unit", "1",
               "--profile", str(site / "devices" / "station.toml"))  # fmt: skip
    of_site = ("--site", str(site), "--device")
    return {
        "serial, by hand": (*plc, *audit, "supply_temp_setpoint", "92.5"),
        "serial, of the site": (*of_site, "plc1", *audit, "supply_temp_setpoint", "92.5"),
        "TCP, by hand": (*station, *audit, "offset", "2.5"),
        "TCP, of the site": (*of_site, "st1", *audit, "offset", "2.5"),
    }


WAYS = ("serial, by hand", "serial, of the site", "TCP, by hand", "TCP, of the site")


@pytest.mark.parametrize("way", WAYS)
def test_a_write_is_refused_until_the_engine_s_process_has_gone(
    bench: Bench, station: Server, site: Path, way: str
) -> None:
    words = writing(bench, site)[way]
    with engine(site, "buses") as process:
        assert first_line(process) == "running"
        refused = bench.run("write", *words)
        assert refused.returncode == 3
        assert "engine" in json.loads(refused.stdout)["errors"][0]["message"]
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    heard = bench.slave.heard + [request[6:] for request in station.heard]
    assert not [frame for frame in heard if frame[1] in (5, 6, 15, 16)]
    done = bench.run("write", *words)
    assert (done.returncode, json.loads(done.stdout)["outcome"]) == (0, "confirmed")
    assert bench.audited() == [("refused", None), ("intent", None), ("outcome", "confirmed")]


def test_an_engine_that_has_only_its_site_s_lock_is_an_engine(bench: Bench, site: Path) -> None:
    with engine(site, "site") as process:
        assert first_line(process) == "running"
        refused = bench.run("write", *writing(bench, site)["serial, of the site"])
    assert refused.returncode == 3
    assert bench.slave.heard == []


def test_an_engine_does_not_start_in_the_middle_of_a_write(bench: Bench, site: Path) -> None:
    with bench.started("write", "supply_temp_setpoint", "92.5") as process:
        bench.await_question(process)
        with engine(site, "buses") as late:
            assert f"{bench.port} is in use by process {process.pid} " in first_line(late)
            assert late.wait(10) == 3
        process.communicate("yes\n", timeout=20)
    assert process.returncode == 0


def test_a_site_s_device_is_read_by_its_name(bench: Bench, site: Path) -> None:
    done = bench.run("read", "--site", str(site), "--device", "plc1", "supply_temp", "--json")
    (row,) = json.loads(done.stdout)["readings"]
    assert (done.returncode, row["value"], row["quality"]) == (0, 95.4, "good")


@pytest.mark.parametrize("value", ["64.9", "110.1"])
def test_the_site_s_range_is_narrower_than_the_profile_s(
    bench: Bench, site: Path, value: str
) -> None:
    words = ("--site", str(site), "--device", "plc1", "--audit", str(bench.audit), "--yes")
    done = bench.run("write", *words, "supply_temp_setpoint", value)
    assert done.returncode == 2
    assert f"{value} degC is not between 65 and 110" in done.stderr
    assert bench.slave.heard == []
    assert bench.registers.holding[SETPOINT] == 900


def test_a_site_with_bad_points_says_all_that_is_wrong(bench: Bench, site: Path) -> None:
    points = (site / "points.csv").read_text()
    points = points.replace("65,110,6", "65,abc,6").replace("P1.t,plc1", "P1.t,plc9")
    (site / "points.csv").write_text(points)
    done = bench.run("read", "--site", str(site), "--device", "plc1", "--json")
    errors = json.loads(done.stdout)["errors"]
    assert done.returncode == 2
    assert {(e["file"], e["column"]) for e in errors} == {
        ("points.csv", "max"),
        ("points.csv", "device"),
    }
