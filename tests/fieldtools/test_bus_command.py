"""`heatwarden bus` as a user types it, against a device behind a pseudo-terminal."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from controller.fieldtools.audit_file import append, first_broken_line
from controller.fieldtools.connection import Connection
from controller.fieldtools.writing import write_by_hand
from controller.paths import config_dir
from drivers.base import DriverError, GarbledReply, NoReply, PortBusy, PortLost
from drivers.fake import FakeLink
from drivers.link import FieldDevice
from drivers.lock import Lock
from drivers.opening import BusKind, BusSettings
from drivers.profiles import Tag, load_profile
from tests.drivers.wire import framed
from tests.fieldtools.bench import SETPOINT, Bench


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
    def refuse(request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
        bench.registers.holding[SETPOINT] = 900
        return [(0.0, framed(bytes([request[0], request[1] | 0x80, 3])))]

    bench.slave.faults.extend([None, None, refuse])
    done = bench.write("supply_temp_setpoint", "92.5", "--yes")
    assert done.returncode == 1
    assert done.stdout.startswith("refused: supply_temp_setpoint reads 90 degC; ")
    assert "exception 3" in done.stdout
    assert bench.audited() == [("intent", None), ("outcome", "refused")]


def test_a_port_that_goes_before_the_write_leaves_it_unknown(bench: Bench) -> None:
    with bench.started("write", "supply_temp_setpoint", "92.5") as process:
        bench.await_question(process)
        bench.slave.unplug()
        out, _ = process.communicate("yes\n", timeout=20)
    assert process.returncode == 3
    assert out.startswith("unknown: supply_temp_setpoint reads - degC; ")
    assert bench.audited() == [("intent", None), ("outcome", "unknown")]


@pytest.mark.parametrize("error", [PortLost("gone"), NoReply("silent before"), GarbledReply("?")])
def test_what_was_never_sent_is_neither_refused_nor_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: DriverError
) -> None:
    monkeypatch.setenv("HEATWARDEN_LOCK_DIR", str(tmp_path))
    link = FakeLink()
    link.memory["1"] = {"supply_temp_setpoint": 900}

    def port_goes(tag: Tag, before: float | None) -> bool:
        link.errors["1"] = [error]
        return True

    path = config_dir() / "devices" / "plant-plc.toml"
    device = FieldDevice(device_id="1", address="1", profile=load_profile(path))
    settings = BusSettings(kind=BusKind.RTU, port="fake")
    target = Connection(settings=settings, device=device, profile_path=path, site=None)
    audit = tmp_path / "audit.jsonl"
    with pytest.raises(type(error)):
        write_by_hand(
            target, lambda: link, "supply_temp_setpoint", 92.5, audit=audit, confirmed=port_goes
        )
    assert link.writes == []
    stages = [json.loads(line)["stage"] for line in audit.read_text().splitlines()]
    assert stages == ["intent", "failed"]


def test_ctrl_c_at_the_question_is_a_no(bench: Bench) -> None:
    with bench.started("write", "supply_temp_setpoint", "92.5") as process:
        bench.await_question(process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130
    assert bench.writes() == 0
    assert bench.audited() == [("declined", None)]


def test_ctrl_c_in_the_middle_of_a_write_leaves_it_unknown(bench: Bench) -> None:
    def interrupt(request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
        os.kill(process.pid, signal.SIGINT)
        return []

    bench.slave.faults.extend([None, None, interrupt])
    with bench.started("write", "supply_temp_setpoint", "92.5", "--yes") as process:
        process.communicate(timeout=20)
    assert process.returncode == 130
    assert bench.writes() == 1
    assert bench.audited() == [("intent", None), ("outcome", "unknown")]


def test_ctrl_c_ends_a_watch(bench: Bench) -> None:
    with bench.started("watch", "supply_temp", "--every", "0.05") as process:
        assert process.stdout is not None
        assert "95.4 degC" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=20)
    assert (process.returncode, error) == (0, "")


@pytest.mark.parametrize("code", [10, 11])
def test_a_gateway_s_refusal_is_no_unit(bench: Bench, code: int) -> None:
    bench.slave.always = lambda q, r: [(0.0, framed(bytes([q[0], q[1] | 0x80, code])))]
    line = ("--port", bench.port, "--baudrate", "19200", "--units", "1")
    assert bench.run("scan", *line).returncode == 1


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
    "no RS-485 driver": (("read", "--port", "PORT", "--unit", "1", "--rs485", "kernel"), 3),
    "nobody on tcp": (("read", "--port", "tcp://127.0.0.1:9", "--unit", "1"), 3),
    "a tcp port that is none": (("read", "--port", "tcp://host:x", "--unit", "1"), 2),
    "units that are none": (("scan", "--port", "PORT", "--units", "0-3"), 2),
    "a silent unit": (("read", "--port", "PORT", "--unit", "9", "--timeout", "0.1"), 3),
    "a register that is not there": (
        ("read", "--port", "PORT", "--unit", "1", "--register", "5000"), 1),
    "a scan of no register": (("scan", "--port", "PORT", "--units", "1", "--register", "99999"), 2),
    "no bits a second": (("read", "--port", "PORT", "--unit", "1", "--baudrate", "0"), 2),
    "no time": (("read", "--port", "PORT", "--unit", "1", "--timeout", "0"), 2),
    "a time that is none": (("read", "--port", "PORT", "--unit", "1", "--timeout", "nan"), 2),
    "endless pauses": (("watch", "--port", "PORT", "--unit", "1", "--every", "inf"), 2),
    "a tag without a profile": (("read", "--port", "PORT", "--unit", "1", "flow"), 2),
    "a device without a site": (("read", "--port", "PORT", "--device", "plc1"), 2),
    "a site and a port": (("read", "--port", "PORT", "--site", "s", "--device", "plc1"), 2),
}  # fmt: skip


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


def test_a_record_that_was_cut_off_takes_no_other_with_it(tmp_path: Path) -> None:
    audit = tmp_path / "audit.jsonl"
    append(audit, {"value": 1})
    with audit.open("ab") as file:
        file.write(b'{"value": 2, "prev')
    append(audit, {"value": 3})
    lines = audit.read_text().splitlines()
    assert json.loads(lines[2])["value"] == 3
    assert first_broken_line(audit) == 2


def test_commands_on_several_buses_keep_one_audit(tmp_path: Path) -> None:
    audit = tmp_path / "audit.jsonl"
    program = (
        "import sys, pathlib; from controller.fieldtools.audit_file import append\n"
        "for i in range(40): append(pathlib.Path(sys.argv[1]), {'i': i})"
    )
    command = [sys.executable, "-c", program, str(audit)]
    running = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert len(audit.read_text().splitlines()) == 120
    assert first_broken_line(audit) is None


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with Lock(path, "bus a") as first:
        assert Lock(path, "bus a").is_held_by_another()
        with pytest.raises(PortBusy, match="bus a is in use by process"):
            Lock(path, "bus a").acquire("me")
        assert first.path == path
    assert not Lock(path, "bus a").is_held_by_another()
