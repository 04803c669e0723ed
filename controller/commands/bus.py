"""`heatwarden bus`: look at field devices, and write them, before any site exists."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from controller.fieldtools.connection import Connection
    from drivers.link import Link
    from drivers.profiles import Tag
    from drivers.trust import Judged

_EXAMPLES = """\
examples:
  heatwarden bus list
  heatwarden bus scan --port /dev/ttyUSB0 --baudrate 19200 --units 1-10
  heatwarden bus read --port /dev/ttyUSB0 --unit 1 --profile plant-plc supply_temp flow
  heatwarden bus read --port COM3 --unit 1 --table holding --register 10 --count 2
  heatwarden bus read --port tcp://192.168.1.50:502 --unit 1 --profile pump-drive
  heatwarden bus read --port /dev/ttyUSB1 --unit 12345678901234 --profile heat-meter-cjt188
  heatwarden bus watch --port /dev/ttyUSB0 --unit 1 --profile plant-plc supply_temp --every 2
  heatwarden bus write --port /dev/ttyUSB0 --unit 1 --profile plant-plc supply_temp_setpoint 92.5
  heatwarden bus write --site sites/old-east --device plc1 supply_temp_setpoint 92.5

A write is asked for once, written once and read back twice; every attempt is audited. It is
refused without a profile, outside the range of the profile or of the site's point, on a read-only
tag, and while an engine owns the bus. Exit code 1: not confirmed, refused by the device, or the
readback differs; 3: the bus or the device can not be reached, is in use, or the outcome is unknown.
docs/drivers.md says more.
"""
_UNREAD = "-"
_LONGEST_PAUSE_S = 86400.0
_EXIT_OF_OUTCOME = {"confirmed": 0, "declined": 1, "refused": 1, "differs": 1, "unknown": 3}


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        found = actions.add_parser(
            name, help=text, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        found.add_argument("--json", action="store_true", help="one JSON object on standard output")
        return found

    action("list", "list serial ports and built-in device profiles")
    scan = action("scan", "find the units that answer on a Modbus bus")
    _line_arguments(scan)
    scan.add_argument("--units", default="1-247", help="such as 1-10 or 1,5,20 (default 1-247)")
    _register_arguments(scan)
    for name, text in (("read", "read a device once"), ("watch", "read a device again and again")):
        reader = action(name, text)
        _device_arguments(reader)
        _register_arguments(reader)
        reader.add_argument("tags", metavar="TAG", nargs="*", help="tags; all when none is named")
        if name == "watch":
            reader.add_argument("--every", type=float, default=1.0, help="seconds between reads")
            reader.add_argument("--times", type=int, default=0, help="reads; 0 is until Ctrl-C")
    writer = action("write", "write one tag of a device, once")
    _device_arguments(writer)
    writer.add_argument("tag", metavar="TAG", help="the tag")
    writer.add_argument("value", metavar="VALUE", type=float, help="in the tag's unit")
    writer.add_argument("--yes", action="store_true", help="do not ask")
    writer.add_argument("--audit", metavar="FILE", help="audit file instead of the user's own")


def _line_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", help="/dev/ttyUSB0, COM3, socket://HOST:PORT or tcp://HOST:PORT")
    parser.add_argument("--baudrate", type=int, help="default 9600, for meters 2400")
    parser.add_argument("--parity", choices=("N", "E", "O"), help="default N, for meters E")
    parser.add_argument("--stop-bits", type=float, default=1, choices=(1, 1.5, 2))
    parser.add_argument(
        "--rs485", choices=("adapter", "kernel", "rts"), help="who switches the line (adapter)"
    )
    parser.add_argument("--timeout", type=float, default=0.5, help="seconds to a reply")
    parser.set_defaults(site=None, device=None, profile=None, address=None)


def _device_arguments(parser: argparse.ArgumentParser) -> None:
    _line_arguments(parser)
    parser.add_argument("--unit", "--address", dest="address", help="unit or meter address")
    parser.add_argument("--profile", help="name of a profile or path of its file")
    parser.add_argument("--site", help="take bus, address and profile from this site")
    parser.add_argument("--device", help="the site's device")


def _register_arguments(parser: argparse.ArgumentParser) -> None:
    tables = ("coil", "discrete", "input", "holding")
    parser.add_argument("--table", choices=tables, default="holding", help="without a profile")
    parser.add_argument("--register", type=int, default=0, help="first register, from 0")
    parser.add_argument("--count", type=int, default=1, help="how many registers")


def run(arguments: argparse.Namespace) -> int:
    """Carry out one action.

    Args:
        arguments: The parsed command line.

    Returns:
        0 done, 1 the answer is no, 2 bad input, 3 the bus or the device can not be reached.
    """
    from controller.problems import report_problems
    from drivers.base import BadInput, DriverError, Problem

    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list, "scan": _scan, "read": _read, "watch": _watch, "write": _write,
    }  # fmt: skip
    where = vars(arguments).get("port") or vars(arguments).get("site") or "bus"
    try:
        return actions[arguments.action](arguments)
    except BadInput as error:
        report_problems(error.problems, as_json=arguments.json)
        return 2
    except DriverError as error:
        exit_code, remedy = _advice(error)
        problem = Problem(file=where, message=str(error), remedy=remedy)
        report_problems([problem], as_json=arguments.json)
        return exit_code


def _advice(error: Exception) -> tuple[int, str]:
    """The exit code of a failure and what to do about it; the first class that fits counts."""
    from controller.fieldtools.audit_file import AuditFailed
    from drivers.base import BadRequest, DeviceRefused, NoReply, PortBusy, PortLost

    advice = (
        (BadRequest, 2, "see heatwarden bus --help"),
        (DeviceRefused, 1, "compare table, register and count with the device's own list"),
        (AuditFailed, 3, "name another file with --audit, or free some space"),
        (PortBusy, 3, "end what uses it; an engine must be stopped, not held"),
        (PortLost, 3, "heatwarden bus list shows this machine's ports"),
        (NoReply, 3, "check power, wiring, unit, baud rate and parity"),
    )
    for kind, exit_code, remedy in advice:
        if isinstance(error, kind):
            return exit_code, remedy
    return 3, "check baud rate, parity, wiring and terminating resistors"


def _list(arguments: argparse.Namespace) -> int:
    from controller.paths import config_dir
    from controller.problems import write_line
    from drivers.profiles import load_profile
    from drivers.serial_port import known_ports

    ports = [{"port": port, "description": text} for port, text in known_ports()]
    paths = sorted((config_dir() / "devices").glob("*.toml"))
    profiles = [load_profile(path) for path in paths]
    if arguments.json:
        shown = [{"name": p.name, "protocol": p.protocol, "tags": list(p.tags)} for p in profiles]
        _write_json({"ports": ports, "profiles": shown})
        return 0
    for port in ports:
        write_line(f"{port['port']:<24}{port['description']}")
    if not ports:
        write_line("no serial ports")
    write_line("")
    for profile in profiles:
        write_line(f"{profile.name:<24}{profile.protocol:<8}{', '.join(profile.tags)}")
    return 0


def _scan(arguments: argparse.Namespace) -> int:
    from controller.fieldtools.connection import connection
    from controller.fieldtools.reading import scan
    from controller.problems import write_line
    from drivers.base import DeviceRefused, NoReply
    from drivers.modbus.link import READ_FUNCTION
    from drivers.opening import modbus_master
    from drivers.profiles import Table

    units = _units(arguments.units)
    function = READ_FUNCTION[Table(arguments.table)]
    found = []
    with modbus_master(connection(arguments).settings, retries=0) as master:
        for unit, answer in scan(master, units, function, arguments.register):
            if isinstance(answer, NoReply):
                continue
            refused = isinstance(answer, DeviceRefused)
            there = refused or isinstance(answer, tuple)
            found.append({"unit": unit, "answers": there, "detail": str(answer)})
            if not arguments.json:
                write_line(
                    f"unit {unit:<4} {answer if isinstance(answer, Exception) else answer[0]}"
                )
    if arguments.json:
        _write_json({"units": found})
    elif not found:
        write_line(f"none of {len(units)} units answers")
    return 0 if any(unit["answers"] for unit in found) else 1


def _units(text: str) -> list[int]:
    from drivers.base import BadRequest

    units: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()):
            raise BadRequest(f"--units {text} is not like 1-10 or 1,5,20")
        units.update(range(int(first), int(last or first) + 1))
    if not units or not all(1 <= unit <= 247 for unit in units):
        raise BadRequest(f"--units {text} is not between 1 and 247")
    return sorted(units)


def _read(arguments: argparse.Namespace) -> int:
    from controller.fieldtools.connection import connection

    rows = next(_readouts(arguments, connection(arguments), times=1))
    _show(rows, as_json=arguments.json)
    return 0


def _watch(arguments: argparse.Namespace) -> int:
    from controller.fieldtools.connection import connection
    from drivers.base import BadRequest

    if not 0 <= arguments.every <= _LONGEST_PAUSE_S:  # refuses NaN too
        raise BadRequest(f"--every {arguments.every:g} is not between 0 and {_LONGEST_PAUSE_S:g}")
    if arguments.times < 0:
        raise BadRequest("--times can not be negative")
    try:
        for rows in _readouts(arguments, connection(arguments), times=arguments.times):
            _show(rows, as_json=arguments.json, with_time=True)
    except KeyboardInterrupt:
        return 0
    return 0


def _readouts(
    arguments: argparse.Namespace, target: "Connection", *, times: int
) -> "Iterator[list[dict[str, object]]]":
    """Read the tags, or plain registers without a profile; a watch outlives a failed read."""
    from drivers.base import BadRequest, DriverError, PortLost
    from drivers.opening import link_for

    link = link_for(target.settings)
    done = 0
    try:
        link.open()
        while True:
            try:
                yield _rows(arguments, target, link)
            except (PortLost, BadRequest):
                raise
            except DriverError as error:
                if arguments.action != "watch":
                    raise
                yield [_row("-", None, "", "missing", str(error))]
            done += 1
            if done == times:
                return
            time.sleep(arguments.every)
    finally:
        link.close()


def _rows(
    arguments: argparse.Namespace, target: "Connection", link: "Link"
) -> list[dict[str, object]]:
    from controller.fieldtools.reading import read_registers, read_tags
    from drivers.base import BadRequest

    if target.device is None:
        if arguments.tags:
            raise BadRequest(f"tag {arguments.tags[0]} needs a profile: give --profile")
        pairs = read_registers(link, arguments.address, arguments.table, arguments.register,
                               arguments.count)  # fmt: skip
        return [
            _row(f"{arguments.table} {arguments.register + i}", second, "",
                 "good" if first == second else "disagreeing", f"{first:#06x}")
            for i, (first, second) in enumerate(pairs)
        ]  # fmt: skip
    profile = target.device.profile
    tags = [profile.tag(name) for name in arguments.tags] or list(profile.tags.values())
    judged = read_tags(link, target.device, tags)
    return [_judged_row(tag, judged[tag.name]) for tag in tags]


def _judged_row(tag: "Tag", judged: "Judged") -> dict[str, object]:
    return _row(tag.name, judged.value, tag.unit, str(judged.quality), judged.detail)


def _row(name: str, value: float | None, unit: str, quality: str, detail: str) -> dict[str, object]:
    from drivers.base import utc_now

    instant = utc_now().isoformat(timespec="milliseconds")
    return {"time": instant, "tag": name, "value": value, "unit": unit, "quality": quality,
            "detail": detail}  # fmt: skip


def _show(rows: list[dict[str, object]], *, as_json: bool, with_time: bool = False) -> None:
    from controller.problems import write_line

    if as_json:
        _write_json({"readings": rows})
        return
    for row in rows:
        value = _UNREAD if row["value"] is None else f"{row['value']:.10g}"
        shown = f"{row['tag']:<28}{value:>14} {row['unit']:<8}{row['quality']:<14}{row['detail']}"
        write_line(f"{row['time']}  {shown}".rstrip() if with_time else shown.rstrip())


def _write(arguments: argparse.Namespace) -> int:
    from controller.fieldtools.audit_file import FILE_NAME, state_folder
    from controller.fieldtools.connection import connection
    from controller.fieldtools.writing import write_by_hand
    from controller.problems import write_line
    from drivers.opening import link_for

    target = connection(arguments)
    written = write_by_hand(
        target,
        lambda: link_for(target.settings),
        arguments.tag,
        arguments.value,
        audit=Path(arguments.audit) if arguments.audit else state_folder() / FILE_NAME,
        confirmed=lambda tag, before: arguments.yes or _asked(arguments, tag, before),
    )
    if arguments.json:
        _write_json({
            "outcome": written.outcome, "tag": written.tag.name, "value": written.value,
            "unit": written.tag.unit, "before": written.before, "readback": written.readback,
            "detail": written.detail,
        })  # fmt: skip
    else:
        shown = _UNREAD if written.readback is None else f"{written.readback:.10g}"
        detail = f"; {written.detail}" if written.detail else ""
        write_line(
            f"{written.outcome}: {written.tag.name} reads {shown} {written.tag.unit}{detail}"
        )
    return _EXIT_OF_OUTCOME[written.outcome]


def _asked(arguments: argparse.Namespace, tag: "Tag", before: float | None) -> bool:
    """Ask on standard error, so that standard output stays the answer's alone."""
    now = "unknown" if before is None else f"{before:.10g} {tag.unit}"
    sys.stderr.write(
        f"write {tag.name} = {arguments.value:.10g} {tag.unit} (now {now}; allowed "
        f"{tag.min_value:g} to {tag.max_value:g}) once? type yes: "
    )
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() == "yes"


def _write_json(document: dict[str, object]) -> None:
    from controller.problems import write_line

    write_line(json.dumps(document, ensure_ascii=False, allow_nan=False))
