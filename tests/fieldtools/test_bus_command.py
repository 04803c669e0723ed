"""`heatwarden bus` as a user types it, against a device behind a pseudo-terminal."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.fieldtools.audit_file import append, first_broken_line
from drivers.base import PortBusy
from drivers.lock import Lock, port_lock
from tests.drivers.wire import Registers, Slave, framed, slave_on_pty

SETPOINT = 10  # of plant-plc: holding, int16, 0.1 degC


@dataclass
class Bench:
    port: str
    slave: Slave
    audit: Path
    registers: Registers

    def run(self, *words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "controller.cli", "bus", *words]
        return subprocess.run(
            command, input=answer, capture_output=True, text=True, timeout=60, check=False
        )

    def plc(self, action: str, *words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        line = ("--port", self.port, "--baudrate", "19200", "--unit", "1", "--timeout", "0.3")
        return self.run(action, *line, "--profile", "plant-plc", *words, answer=answer)

    def write(self, *words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        return self.plc("write", "--audit", str(self.audit), *words, answer=answer)

    def audited(self) -> list[tuple[str, str | None]]:
        assert first_broken_line(self.audit) is None
        lines = [json.loads(line) for line in self.audit.read_text().splitlines()]
        return [(line["stage"], line.get("outcome")) for line in lines]

    def writes(self) -> int:
        return sum(frame[1] in (5, 6, 15, 16) for frame in self.slave.heard)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("HEATWARDEN_LOCK_DIR", str(tmp_path))
    monkeypatch.setenv("HEATWARDEN_STATE_DIR", str(tmp_path))
    registers = Registers()
    registers.input[100:102] = [954, 487]
    registers.holding[SETPOINT] = 900
    with slave_on_pty({1: registers}) as (port, slave):
        yield Bench(port, slave, tmp_path / "audit.jsonl", registers)


def test_list_shows_the_profiles(bench: Bench) -> None:
    done = bench.run("list", "--json")
    names = [profile["name"] for profile in json.loads(done.stdout)["profiles"]]
    assert done.returncode == 0
    assert "plant-plc" in names
    assert "plant-plc" in bench.run("list").stdout


def test_scan_finds_who_answers(bench: Bench) -> None:
    line = ("--port", bench.port, "--baudrate", "19200", "--timeout", "0.1")
    done = bench.run("scan", *line, "--units", "1-3", "--json")
    assert done.returncode == 0
    assert [unit["unit"] for unit in json.loads(done.stdout)["units"]] == [1]
    nobody = bench.run("scan", *line, "--units", "2,3")
    assert (nobody.returncode, nobody.stdout) == (1, "none of 2 units answers\n")


def test_read_with_a_profile(bench: Bench) -> None:
    done = bench.plc("read", "supply_temp", "return_temp", "--json")
    rows = json.loads(done.stdout)["readings"]
    assert [(r["tag"], r["value"], r["unit"], r["quality"]) for r in rows] == [
        ("supply_temp", 95.4, "degC", "good"),
        ("return_temp", 48.7, "degC", "good"),
    ]
    assert "95.4 degC" in bench.plc("read", "supply_temp").stdout


def test_read_without_a_profile(bench: Bench) -> None:
    line = ("--port", bench.port, "--baudrate", "19200", "--unit", "1")
    done = bench.run("read", *line, "--table", "input", "--register", "100", "--count", "2")
    assert done.returncode == 0
    assert [row.split()[:3] for row in done.stdout.splitlines()] == [
        ["input", "100", "954"],
        ["input", "101", "487"],
    ]


def test_watch_outlives_a_lost_answer(bench: Bench) -> None:
    bench.slave.faults.extend([lambda q, r: []] * 3)  # the read, its repeat, and the probe
    done = bench.plc("watch", "supply_temp", "--every", "0.05", "--times", "4", "--json")
    rows = [json.loads(line)["readings"][0] for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert len(rows) == 4
    assert rows[0]["quality"] == "missing"
    assert rows[-1]["value"] == 95.4


def test_a_confirmed_write(bench: Bench) -> None:
    done = bench.write("supply_temp_setpoint", "92.5", "--json", answer="yes\n")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "outcome": "confirmed", "tag": "supply_temp_setpoint", "value": 92.5, "unit": "degC",
        "before": 90.0, "readback": 92.5, "detail": "",
    }  # fmt: skip
    assert "now 90 degC" in done.stderr
    assert bench.registers.holding[SETPOINT] == 925
    assert bench.writes() == 1
    assert bench.audited() == [("intent", None), ("outcome", "confirmed")]


@pytest.mark.parametrize("answer", ["no\n", "\n", "", "y\n"])
def test_without_a_yes_nothing_is_written(bench: Bench, answer: str) -> None:
    done = bench.write("supply_temp_setpoint", "92.5", answer=answer)
    assert done.returncode == 1
    assert bench.writes() == 0
    assert bench.audited() == [("declined", None)]


def test_a_lost_reply_is_resolved_by_the_readback(bench: Bench) -> None:
    bench.slave.faults.extend([None, None, lambda q, r: []])  # two reads before, then the write
    done = bench.write("supply_temp_setpoint", "92.5", "--yes")
    assert done.returncode == 0
    assert "the answer was lost" in done.stdout
    assert bench.writes() == 1


def test_silence_after_a_write_is_an_unknown_outcome(bench: Bench) -> None:
    def dead(request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
        bench.slave.always = lambda q, r: []
        return []

    bench.slave.faults.extend([None, None, dead])
    done = bench.write("supply_temp_setpoint", "92.5", "--yes")
    assert done.returncode == 3
    assert done.stdout.startswith("unknown: ")
    assert bench.writes() == 1
    assert bench.audited() == [("intent", None), ("outcome", "unknown")]


def test_a_device_that_keeps_its_own_value_differs(bench: Bench) -> None:
    def keeps(request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
        bench.registers.holding[SETPOINT] = 880
        return [(0.0, reply)]

    bench.slave.faults.extend([None, None, keeps])
    done = bench.write("supply_temp_setpoint", "92.5", "--yes")
    assert done.returncode == 1
    assert done.stdout.startswith("differs: supply_temp_setpoint reads 88 degC")


def test_a_refusal_by_the_device(bench: Bench) -> None:
    bench.slave.faults.extend(
        [None, None, lambda q, r: [(0.0, framed(bytes([q[0], q[1] | 0x80, 3])))]]
    )
    done = bench.write("supply_temp_setpoint", "92.5", "--yes")
    assert done.returncode == 1
    assert "exception 3" in done.stdout
    assert bench.audited() == [("intent", None), ("outcome", "refused")]


REFUSED = {
    "outside its range": ("supply_temp_setpoint", "250"),
    "a read-only tag": ("supply_temp", "80"),
    "an unknown tag": ("no_such_tag", "80"),
    "no number": ("supply_temp_setpoint", "nan"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_writes_stay_off_the_wire(bench: Bench, name: str) -> None:
    done = bench.write(*REFUSED[name], "--yes", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["errors"][0]["remedy"]
    assert bench.slave.heard == []
    assert bench.audited() == [("refused", None)]


def test_a_write_without_a_profile_is_refused(bench: Bench) -> None:
    line = ("--port", bench.port, "--unit", "1", "--audit", str(bench.audit), "--yes")
    done = bench.run("write", *line, "setpoint", "1")
    assert done.returncode == 2
    assert "needs a profile" in done.stderr
    assert bench.slave.heard == []


def test_a_write_while_an_engine_owns_the_bus_is_refused(bench: Bench) -> None:
    with port_lock(bench.port):
        done = bench.write("supply_temp_setpoint", "92.5", "--yes")
    assert done.returncode == 3
    assert "in use" in done.stderr or "engine" in done.stderr
    assert bench.slave.heard == []
    assert bench.audited() == [("refused", None)]


def test_no_audit_no_write(bench: Bench, tmp_path: Path) -> None:
    bench.audit = tmp_path / "file" / "audit.jsonl"
    (tmp_path / "file").write_text("a file where a folder is wanted")
    done = bench.write("supply_temp_setpoint", "92.5", "--yes")
    assert done.returncode == 3
    assert "audit" in done.stderr
    assert bench.writes() == 0


BAD_LINES = {
    "no bus": (("read", "--unit", "1"), 2),
    "no unit": (("read", "--port", "PORT"), 2),
    "a unit that is none": (("read", "--port", "PORT", "--unit", "x"), 2),
    "too many registers": (("read", "--port", "PORT", "--unit", "1", "--count", "200"), 2),
    "no such profile": (("read", "--port", "PORT", "--unit", "1", "--profile", "nothing"), 2),
    "no such port": (("read", "--port", "/dev/no-such-port", "--unit", "1"), 3),
    "nobody on tcp": (("read", "--port", "tcp://127.0.0.1:9", "--unit", "1"), 3),
    "a tcp port that is none": (("read", "--port", "tcp://host:x", "--unit", "1"), 2),
    "units that are none": (("scan", "--port", "PORT", "--units", "0-3"), 2),
    "a silent unit": (("read", "--port", "PORT", "--unit", "9", "--timeout", "0.1"), 3),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_bad_command_lines(bench: Bench, name: str) -> None:
    words, exit_code = BAD_LINES[name]
    done = bench.run(*(bench.port if word == "PORT" else word for word in words), "--json")
    assert done.returncode == exit_code, done.stderr
    assert json.loads(done.stdout)["errors"][0]["message"]


def test_a_changed_audit_is_found(tmp_path: Path) -> None:
    audit = tmp_path / "audit.jsonl"
    for value in (1, 2, 3):
        append(audit, {"value": value})
    assert first_broken_line(audit) is None
    lines = audit.read_text().splitlines(keepends=True)
    audit.write_text("".join([lines[0].replace("1", "7", 1), *lines[1:]]))
    assert first_broken_line(audit) == 2
    audit.write_text("".join([lines[0], lines[2]]))
    assert first_broken_line(audit) == 2


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with Lock(path, "bus a") as first:
        assert Lock(path, "bus a").is_held_by_another()
        with pytest.raises(PortBusy, match="bus a is in use by process"):
            Lock(path, "bus a").acquire("me")
        assert first.path == path
    assert not Lock(path, "bus a").is_held_by_another()
