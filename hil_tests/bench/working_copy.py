"""A working copy of a site folder in which only ports, weather file and store are the bench's."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from controller.site import Site, load_site
from controller.sitefiles.parts import Bus
from hil_tests.bench.wire.lines import Line, TcpLine

WEATHER_FILE = "bench-weather.csv"
LEFT_BEHIND = shutil.ignore_patterns("*.db", "*.db-*", "__pycache__", ".git")
# In lockstep nothing is paced and nobody is slow: a short silence after a failure is enough.
LOCKSTEP_QUIET_S = 0.02
# Bytes and their timeouts are real time always: on a busy machine a reply may take its time, and a
# timeout that it alone has caused would tell two runs of one seed apart.
LOCKSTEP_TIMEOUT_S = 2.0


def copy_site(folder: Path, to: Path) -> Path:
    """Copy a site folder; its store stays behind.

    Args:
        folder: The site.
        to: Where; must not exist.

    Returns:
        The copy.
    """
    shutil.copytree(folder, to, ignore=LEFT_BEHIND)
    return to


def connect(
    copy: Path, site: Site, lines: Mapping[str, Line], *, paced: bool, fallback_writes: bool | None
) -> None:
    """Let a copy's buses lead to the bench's lines and its weather come from the bench.

    Args:
        copy: The working copy.
        site: The site as read from the original.
        lines: The bench's line of each bus.
        paced: Whether bytes take their time.
        fallback_writes: Overrides `[fallback] writes` where it is given.
    """
    path = copy / "site.toml"
    text = path.read_text(encoding="utf-8-sig")
    for name in ("[[bus]]", "[weather]", "[store]"):
        text = _without(text, name)
    if fallback_writes is not None:
        text = _without(text, "[fallback]")
        text += f"\n[fallback]\nwrites = {str(fallback_writes).lower()}\n"
    stale_h = site.weather.stale_after_h if site.weather else 6.0
    text += (
        f'\n[weather]\nsources = ["csv"]\ncsv_path = "{WEATHER_FILE}"\nstale_after_h = {stale_h}\n'
    )
    text += '\n[store]\nurl = "sqlite:///heatwarden.db"\n'
    for bus in site.buses:
        text += _bus(bus.bus_id, lines[bus.bus_id], site, paced=paced)
    path.write_text(text, encoding="utf-8", newline="\n")


def timeout_of(bus: Bus, *, paced: bool) -> float:
    """How long the engine waits for a reply on a bus of the bench, s."""
    return bus.timeout_s if paced else max(bus.timeout_s, LOCKSTEP_TIMEOUT_S)


def _without(text: str, table: str) -> str:
    """Cut a table out, wherever and however often it stands."""
    pattern = rf"^{re.escape(table)}[^\n]*\n(?:(?!\[)[^\n]*\n?)*"
    return re.sub(pattern, "", text, flags=re.MULTILINE)


def _bus(bus_id: str, line: Line, site: Site, *, paced: bool) -> str:
    bus = next(one for one in site.buses if one.bus_id == bus_id)
    quiet_s = bus.quiet_s if paced else LOCKSTEP_QUIET_S
    head = f'\n[[bus]]\nid = "{bus_id}"\nkind = "{bus.kind}"\n'
    tail = f"timeout_s = {timeout_of(bus, paced=paced)}\nquiet_s = {quiet_s}\n"
    if bus.kind == "tcp":
        assert isinstance(line, TcpLine)
        return head + f'host = "{line.host}"\nport = {line.tcp_port}\n' + tail
    rate = bus.baudrate if paced else 115200
    # A pseudo-terminal knows no parity.
    return head + f'port = "{line.port}"\nbaudrate = {rate}\nparity = "N"\nstop_bits = 1\n' + tail


def slow_polls(copy: Path, poll_s: float) -> None:
    """Let a working copy's devices be polled no more often than this: weeks are many polls.

    Args:
        copy: The working copy; built-in profiles become its own.
        poll_s: Time between polls, s.
    """
    site = load_site(copy)
    (copy / "devices").mkdir(exist_ok=True)
    for device in site.devices:
        own = copy / "devices" / device.profile_path.name
        if not own.exists():
            shutil.copyfile(device.profile_path, own)
    for path in (copy / "devices").glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        found = re.sub(
            r"^poll_s *= *([\d.]+)",
            lambda match: f"poll_s = {max(poll_s, float(match[1])):g}",
            text,
            flags=re.MULTILINE,
        )
        path.write_text(found, encoding="utf-8", newline="\n")
