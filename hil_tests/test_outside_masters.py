"""Other people's masters against the virtual plant: mbpoll by hand, minimalmodbus for a day."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hil_tests.bench.report import write_report
from hil_tests.outside_master import run_outside_master
from tests.peers import need_package, need_program


@dataclass
class Served:
    """A plant that is being served, and where."""

    port: str
    tcp_port: str
    interface: str

    def call(self, method: str, path: str, body: object = None) -> dict[str, object]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.interface + path, data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, object] = json.load(answer)["payload"]
            return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    said = tmp_path_factory.mktemp("served") / "said.txt"
    command = [sys.executable, "-m", "controller.cli", "bench", "plant", "village", "--speed", "1"]
    with said.open("wb") as file, subprocess.Popen(command, stderr=file) as process:
        try:
            while "interface" not in (text := said.read_text()):
                assert process.poll() is None, text
                time.sleep(0.2)
            yield Served(
                re.search(r"bus plant: (\S+)", text)[1],  # type: ignore[index]
                re.search(r"bus house: 127\.0\.0\.1:(\d+)", text)[1],  # type: ignore[index]
                re.search(r"interface: (\S+)", text)[1],  # type: ignore[index]
            )
        finally:
            process.terminate()
    assert process.returncode == 0


def mbpoll(*words: str) -> str:
    command = [need_program("mbpoll"), "-1", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_mbpoll_reads_and_writes_over_the_paced_line(served: Served) -> None:
    line = ("-m", "rtu", "-b", "19200", "-P", "none", "-a", "1")
    temps = re.findall(r"\[10[12]\]:\s+(\d+)", mbpoll(*line, "-t", "3", "-r", "101", "-c", "2",
                                                      served.port))  # fmt: skip
    assert 700 < int(temps[0]) < 1100
    assert 300 < int(temps[1]) < 700
    mbpoll(*line, "-t", "4", "-r", "11", served.port, "933")
    assert re.search(r"\[11\]:\s+933", mbpoll(*line, "-t", "4", "-r", "11", served.port))


def test_mbpoll_reads_over_tcp(served: Served) -> None:
    said = mbpoll("-m", "tcp", "-a", "13", "-p", served.tcp_port, "-t", "3", "-r", "5", "127.0.0.1")
    indoor = re.search(r"\[5\]:\s+(\d+)", said)
    assert indoor is not None
    assert 150 < int(indoor[1]) < 300


def test_the_interface_advances_forecasts_and_counts(served: Served) -> None:
    inputs = served.call("GET", "/inputs")
    assert {"P1.sp_u", "P1.sp_activate", "M1.sp_u"} <= inputs.keys()
    served.call("PUT", "/scenario", {"scenario": "cold-snap"})
    before = served.call("PUT", "/initialize", {"start_time": 0})
    served.call("PUT", "/step", {"step": 1800})
    after = served.call("POST", "/advance", {"P1.sp_u": 105.0, "P1.sp_activate": 1})
    assert float(str(after["P1.supply_temp"])) > float(str(before["P1.supply_temp"])) + 5.0
    forecast = served.call("PUT", "/forecast", {"horizon": 86400, "interval": 3600})
    assert len(forecast["outdoor_temp_c"]) == 25  # type: ignore[arg-type]
    assert float(str(served.call("GET", "/kpi")["ener_mwh"])) > 0.0


def test_a_call_that_makes_no_sense_says_why(served: Served) -> None:
    for method, path, body, said in (
        ("POST", "/advance", {"P9.sp_u": 1.0}, "is no input"),
        ("POST", "/advance", {"P1.sp_u": 400.0}, "not between 60 and 110"),
        ("PUT", "/step", {"step": 7}, "no multiple of 30"),
        ("GET", "/nothing", None, "not known"),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            served.call(method, path, body)
        assert said in json.load(refused.value)["message"]


@pytest.mark.slow
def test_another_controller_runs_the_plant_for_a_day(tmp_path: Path) -> None:
    need_package("minimalmodbus")
    outcome = run_outside_master(24.0, tmp_path)
    assert outcome.passed, [one.name for one in outcome.verdicts if not one.passed]
    assert outcome.kpi.tdis_kh < 1.0
    assert write_report(outcome, tmp_path / "report").is_file()
