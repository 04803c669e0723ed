"""From a world's devices to the lines on which they answer."""

from pathlib import Path

from controller.problems import InputError
from controller.site import Site
from drivers.base import Problem
from hil_tests.bench.devices import Device
from hil_tests.bench.wire.bus import SlaveBus
from hil_tests.bench.wire.lines import Line, PtyLine, TcpLine
from hil_tests.bench.wire.log import WireLog
from hil_tests.bench.world import World


def open_lines(
    world: World, wire: WireLog, work: Path, seed: int, *, paced: bool
) -> tuple[dict[str, SlaveBus], dict[str, Line]]:
    """Put a world's devices on their buses.

    Args:
        world: The plant and its devices.
        wire: Receives the frames.
        work: Where ports get their names.
        seed: Of what happens by chance on the wire.
        paced: Whether bytes take their time.

    Returns:
        The slaves and the lines to them, by bus.

    Raises:
        InputError: A bus speaks what the bench's slaves do not.
    """
    _require_modbus(world.site)
    ports = work / "ports"
    ports.mkdir(parents=True, exist_ok=True)
    buses, lines = {}, {}
    for bus in world.site.buses:
        own = SlaveBus(bus.bus_id, slaves_of(world, bus.bus_id), wire, world.engine_time, seed)
        buses[bus.bus_id] = own
        baudrate = bus.baudrate if paced else None
        lines[bus.bus_id] = _line(own, bus.kind == "tcp", ports / bus.bus_id, baudrate)
    return buses, lines


def _require_modbus(site: Site) -> None:
    problems = [
        Problem(
            file="site.toml",
            column="bus.kind",
            value=str(bus.kind),
            message=f"bus {bus.bus_id}: the bench's slaves speak Modbus only",
            remedy="give the site's copy for the bench a Modbus heat meter there",
        )
        for bus in site.buses
        if bus.kind not in ("rtu", "tcp")
    ]
    if problems:
        raise InputError(problems)


def slaves_of(world: World, bus_id: str) -> dict[int, Device]:
    """Give the devices on a bus by their units."""
    return {
        int(one.address): world.devices[one.device_id]
        for one in world.site.devices
        if one.bus_id == bus_id
    }


def _line(bus: SlaveBus, tcp: bool, path: Path, baudrate: int | None) -> Line:
    """A pseudo-terminal, or a socket where there is none."""
    if tcp:
        return TcpLine(bus)
    try:
        return PtyLine(bus, path, baudrate)
    except (ImportError, OSError):
        return TcpLine(bus, rtu=True)
