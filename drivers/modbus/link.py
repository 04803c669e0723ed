"""Tags of a Modbus device: neighbouring registers in one request, numbers out of registers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drivers.base import BadRequest, DeviceRefused
from drivers.link import FieldDevice
from drivers.modbus import pdu
from drivers.modbus.master import ModbusMaster
from drivers.profiles import Registers, Table, Tag, raw_number
from drivers.values import decode_number, encode_number

READ_FUNCTION = {
    Table.COIL: pdu.READ_COILS,
    Table.DISCRETE: pdu.READ_DISCRETE_INPUTS,
    Table.INPUT: pdu.READ_INPUT_REGISTERS,
    Table.HOLDING: pdu.READ_HOLDING_REGISTERS,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """One read request and the tags that it brings."""

    table: Table
    address: int
    count: int
    tags: tuple[Tag, ...]


class ModbusLink:
    """The tags of the devices behind one master.

    A device that refuses a block because of a gap in it is read tag by tag from then on.
    """

    def __init__(self, master: ModbusMaster) -> None:
        self.master = master
        self._gapless: set[str] = set()
        # The same tags are asked for poll after poll; names tell a device's tags apart.
        self._blocks: dict[tuple[str, int, tuple[str, ...]], list[Block]] = {}

    def open(self) -> None:
        """Open the master's port; PortLost where that fails."""
        self.master.open()

    def close(self) -> None:
        """Close the master's port."""
        self.master.close()

    def read(self, device: FieldDevice, tags: Sequence[Tag]) -> Mapping[str, float]:
        """Read tags of one device; see `drivers.link.Link.read`."""
        unit = unit_of_address(device.address)
        bridge = 0 if device.device_id in self._gapless else device.profile.bridge
        raw: dict[str, float] = {}
        for block in self._blocks_of(device, tags, bridge):
            try:
                raw |= self._read_block(unit, block)
            except DeviceRefused:
                if not _has_gap(block):
                    raise
                self._gapless.add(device.device_id)
                for part in merged_blocks(block.tags, 0):
                    raw |= self._read_block(unit, part)
        return raw

    def write(self, device: FieldDevice, tag: Tag, value: float) -> None:
        """Write a tag once; see `drivers.link.Link.write`."""
        place = _registers(tag)
        raw = raw_number(tag, value)
        words = encode_number(
            raw, place.type, word_order=place.word_order, byte_order=place.byte_order
        )
        unit = unit_of_address(device.address)
        if place.table is Table.COIL:
            self.master.write_coil(unit, place.register, words[0])
        elif len(words) == 1:
            self.master.write_register(unit, place.register, words[0])
        else:
            self.master.write_registers(unit, place.register, words)

    def _blocks_of(self, device: FieldDevice, tags: Sequence[Tag], bridge: int) -> list[Block]:
        key = device.device_id, bridge, tuple(tag.name for tag in tags)
        if key not in self._blocks:
            self._blocks[key] = merged_blocks(tags, bridge)
        return self._blocks[key]

    def _read_block(self, unit: int, block: Block) -> dict[str, float]:
        words = self.master.read(unit, READ_FUNCTION[block.table], block.address, block.count)
        return {tag.name: _decoded(_registers(tag), block.address, words) for tag in block.tags}


def unit_of_address(address: str) -> int:
    """Read a Modbus unit out of a device's address.

    Args:
        address: A decimal number.

    Returns:
        The unit.

    Raises:
        BadRequest: It is none.
    """
    if not (address.isascii() and address.isdigit()) or int(address) > 255:
        raise BadRequest(f"address {address!r} is no Modbus unit; give 1 to 247")
    return int(address)


def merged_blocks(tags: Sequence[Tag], bridge: int) -> list[Block]:
    """Merge tags into as few reads as the protocol allows.

    Args:
        tags: Tags with registers.
        bridge: Largest gap of unwanted registers inside a block.

    Returns:
        Blocks by table and address; a number is never split between two.
    """
    blocks: list[Block] = []
    for tag in sorted(tags, key=lambda tag: (_registers(tag).table, _registers(tag).register)):
        place = _registers(tag)
        end = place.register + place.count
        last = blocks[-1] if blocks else None
        if last is not None and _fits(last, place, end, bridge):
            count = max(last.count, end - last.address)
            blocks[-1] = Block(
                table=last.table, address=last.address, count=count, tags=(*last.tags, tag)
            )
        else:
            blocks.append(
                Block(table=place.table, address=place.register, count=place.count, tags=(tag,))
            )
    return blocks


def _fits(block: Block, place: Registers, end: int, bridge: int) -> bool:
    largest = pdu.LARGEST_COUNT[READ_FUNCTION[block.table]]
    return (
        place.table is block.table
        and place.register <= block.address + block.count + bridge
        and end - block.address <= largest
    )


def _has_gap(block: Block) -> bool:
    covered = {
        register
        for tag in block.tags
        for register in range(
            _registers(tag).register, _registers(tag).register + _registers(tag).count
        )
    }
    return len(covered) < block.count


def _decoded(place: Registers, address: int, words: tuple[int, ...]) -> float:
    first = place.register - address
    return decode_number(
        words[first : first + place.count],
        place.type,
        word_order=place.word_order,
        byte_order=place.byte_order,
    )


def _registers(tag: Tag) -> Registers:
    if tag.registers is None:
        raise BadRequest(f"tag {tag.name} is a meter's value, not a register")
    return tag.registers
