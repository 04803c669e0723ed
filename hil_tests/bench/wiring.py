"""From a world's devices to the lines on which they answer."""

from collections.abc import Mapping
from pathlib import Path

from controller.sitefiles.parts import Bus
from hil_tests.bench.devices import Device, HeatMeter
from hil_tests.bench.wire.bus import SlaveBus
from hil_tests.bench.wire.lines import Line, PtyLine, TcpLine
from hil_tests.bench.wire.log import WireLog
from hil_tests.bench.wire.meters import MeterBus
from hil_tests.bench.working_copy import timeout_of
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
    """
    ports = work / "ports"
    ports.mkdir(parents=True, exist_ok=True)
    buses, lines = {}, {}
    for bus in world.site.buses:
        own = _bus(world, bus, wire, seed)
        own.timeout_s = timeout_of(bus, paced=paced)
        buses[bus.bus_id] = own
        baudrate = bus.baudrate if paced else None
        lines[bus.bus_id] = _line(own, bus.kind == "tcp", ports / bus.bus_id, baudrate)
    return buses, lines


def _bus(world: World, bus: Bus, wire: WireLog, seed: int) -> SlaveBus:
    """The slaves of a bus, Modbus devices or meters."""
    if bus.kind in ("rtu", "tcp"):
        return SlaveBus(bus.bus_id, _slaves_of(world, bus.bus_id), wire, world.engine_time, seed)
    meters = _meters_of(world, bus.bus_id)
    return MeterBus(bus.bus_id, str(bus.kind), meters, wire, world.engine_time, seed)


def move_to(world: World, buses: Mapping[str, SlaveBus]) -> None:
    """Let buses that lead to one world's devices lead to another's of the same site."""
    for bus_id, bus in buses.items():
        if isinstance(bus, MeterBus):
            bus.read_from(_meters_of(world, bus_id))
        else:
            bus.serve(_slaves_of(world, bus_id))


def _meters_of(world: World, bus_id: str) -> dict[str, HeatMeter]:
    return {
        one.address: HeatMeter(world.devices[one.device_id])
        for one in world.site.devices
        if one.bus_id == bus_id
    }


def _slaves_of(world: World, bus_id: str) -> dict[int, Device]:
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
