"""From readings and the health of devices to what is wrong, each with its root."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.alarms.board import Cause
from drivers.base import Quality, Reading

# So many failures in a row make a device silent; one lost reply does not.
SILENT_AFTER = 3


@dataclass(frozen=True, kw_only=True)
class FieldMap:
    """Which point hangs on which device, and which device on which bus."""

    device_of: Mapping[str, str]
    bus_of: Mapping[str, str]


def field_causes(
    field: FieldMap, failures: Mapping[str, int], readings: Mapping[str, Reading]
) -> tuple[Cause, ...]:
    """Find what is wrong in the field.

    Args:
        field: What hangs on what.
        failures: Failures in a row, by device.
        readings: The newest reading of each point that is read.

    Returns:
        Silent buses, silent devices and bad points; each names what would explain it.
    """
    silent = {device for device, count in failures.items() if count >= SILENT_AFTER}
    devices_on: dict[str, list[str]] = {}
    for device, bus in field.bus_of.items():
        devices_on.setdefault(bus, []).append(device)
    lost = {
        bus for bus, devices in devices_on.items()
        if len(devices) > 1 and all(device in silent for device in devices)
    }  # fmt: skip
    causes = [
        Cause(code="bus_lost", source=bus, detail=f"none of {len(devices_on[bus])} devices answers")
        for bus in sorted(lost)
    ]
    causes += [
        Cause(
            code="device_silent",
            source=device,
            detail=f"{failures[device]} polls in a row without an answer",
            roots=(f"bus_lost:{field.bus_of[device]}",),
        )
        for device in sorted(silent)
    ]
    causes += [
        _bad_point(field, reading)
        for reading in readings.values()
        if reading.quality not in (Quality.GOOD, Quality.UNCONFIRMED)
    ]
    return tuple(causes)


def _bad_point(field: FieldMap, reading: Reading) -> Cause:
    device = field.device_of[reading.point_id]
    return Cause(
        code="point_bad",
        source=reading.point_id,
        detail=f"{reading.quality}: {reading.detail}".rstrip(": "),
        roots=(f"bus_lost:{field.bus_of[device]}", f"device_silent:{device}"),
    )
