"""Random transactions between our masters and programs of others, each compared."""

import random
from collections.abc import Callable, Sequence

from drivers.modbus.master import ModbusMaster
from drivers.modbus.rtu import RtuMaster
from tests.drivers.peer_clients import BAUDRATE, PEER_CLIENTS, PeerClient
from tests.drivers.peer_servers import PEER_SERVERS, SIZE, UNIT
from tests.drivers.wire import Registers, slave_on_pty


def agreement_with_server(name: str, count: int, seed: int) -> int:
    """Read and write a server of others with our master.

    Args:
        name: One of PEER_SERVERS.
        count: How many transactions.
        seed: Of their kinds, addresses, counts and values.

    Returns:
        How many gave what must be there; a read after a write shows the written.
    """
    with PEER_SERVERS[name]() as (bus, memory):
        rng = random.Random(seed)
        kinds: list[Transaction] = [
            _write_register, _write_registers, _read_holding, _read_input,
        ]  # fmt: skip
        if memory.coils:
            kinds += [_write_coil, _write_coils, _read_coils, _read_discrete]
        return sum(rng.choice(kinds)(bus, memory, rng) for _ in range(count))


# One transaction; whether it gave what must be there. A write is seen by the reads after it.
Transaction = Callable[[ModbusMaster, Registers, random.Random], bool]


def _write_register(bus: ModbusMaster, memory: Registers, rng: random.Random) -> bool:
    address, value = rng.randrange(SIZE), rng.randrange(65536)
    bus.write_register(UNIT, address, value)
    memory.holding[address] = value
    return True


def _write_registers(bus: ModbusMaster, memory: Registers, rng: random.Random) -> bool:
    address, count = _range(rng)
    values = [rng.randrange(65536) for _ in range(count)]
    bus.write_registers(UNIT, address, values)
    memory.holding[address : address + count] = values
    return True


def _write_coil(bus: ModbusMaster, memory: Registers, rng: random.Random) -> bool:
    address, value = rng.randrange(SIZE), rng.random() < 0.5
    bus.write_coil(UNIT, address, value)
    memory.coils[address] = value
    return True


def _write_coils(bus: ModbusMaster, memory: Registers, rng: random.Random) -> bool:
    address, count = _range(rng)
    values = [rng.random() < 0.5 for _ in range(count)]
    bus.write_coils(UNIT, address, values)
    memory.coils[address : address + count] = values
    return True


def _read_holding(bus: ModbusMaster, memory: Registers, rng: random.Random) -> bool:
    return _same(bus.read_holding_registers, memory.holding, rng)


def _read_input(bus: ModbusMaster, memory: Registers, rng: random.Random) -> bool:
    return _same(bus.read_input_registers, memory.input, rng)


def _read_coils(bus: ModbusMaster, memory: Registers, rng: random.Random) -> bool:
    return _same(bus.read_coils, memory.coils, rng)


def _read_discrete(bus: ModbusMaster, memory: Registers, rng: random.Random) -> bool:
    return _same(bus.read_discrete_inputs, memory.inputs, rng)


def _same(
    read: Callable[[int, int, int], tuple[int, ...]], held: Sequence[int], rng: random.Random
) -> bool:
    address, count = _range(rng)
    return read(UNIT, address, count) == tuple(held[address : address + count])


def _range(rng: random.Random) -> tuple[int, int]:
    """A first address and how many from there; one alone is as likely as all others."""
    count = 1 if rng.random() < 0.5 else rng.randint(2, 20)
    return rng.randrange(SIZE - count + 1), count


ROUNDS_A_SESSION = 50
TRANSACTIONS_A_ROUND = 4


def agreement_with_client(name: str, count: int, seed: int) -> int:
    """Let a master of others and ours take turns on one device; each reads what the other wrote.

    Args:
        name: One of PEER_CLIENTS.
        count: How many transactions, a multiple of four; half of them are the other's.
        seed: Of their addresses, counts and values.

    Returns:
        How many gave what must be there.
    """
    rng = random.Random(seed)
    expected = Registers(SIZE)
    rounds = count // TRANSACTIONS_A_ROUND
    agreed = 0
    with slave_on_pty({UNIT: Registers(SIZE)}) as (port, _):
        for begin in range(0, rounds, ROUNDS_A_SESSION):
            here = min(ROUNDS_A_SESSION, rounds - begin)
            with PEER_CLIENTS[name](port) as client:
                agreed += sum(_round_of_theirs(client, expected, rng) for _ in range(here))
            with RtuMaster(port, baudrate=BAUDRATE, retries=0) as bus:
                agreed += sum(_round_of_ours(bus, expected, rng) for _ in range(here))
    return agreed


def _round_of_theirs(client: PeerClient, expected: Registers, rng: random.Random) -> int:
    address, count = _range(rng)
    values = [rng.randrange(65536) for _ in range(count)]
    if count == 1:
        client.write_register(address, values[0])
    else:
        client.write_registers(address, values)
    expected.holding[address : address + count] = values
    address, count = _range(rng)
    if rng.random() < 0.5:
        found, held = client.read_holding(address, count), expected.holding
    else:
        found, held = client.read_input(address, count), expected.input
    return 1 + (found == held[address : address + count])


def _round_of_ours(bus: ModbusMaster, expected: Registers, rng: random.Random) -> int:
    read = _read_holding if rng.random() < 0.5 else _read_input
    write = _write_register if rng.random() < 0.5 else _write_registers
    return read(bus, expected, rng) + write(bus, expected, rng)
