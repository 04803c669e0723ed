"""From readings and the health of devices to what is wrong, each with its root."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.alarms.board import Cause
from drivers.base import Quality, Reading

# So many failures in a row make a device silent; one lost reply does not.
SILENT_AFTER = 3
# So many silent devices of a bus share a cause.
SEVERAL = 3


@dataclass(frozen=True, kw_only=True)
class FieldMap:
    """Which point hangs on which device, and which device on which bus."""

    device_of: Mapping[str, str]
    bus_of: Mapping[str, str]


def field_causes(
    field: FieldMap,
    failures: Mapping[str, int],
    readings: Mapping[str, Reading],
    doubts: Mapping[str, Cause],
) -> tuple[Cause, ...]:
    """Find what is wrong in the field.

    Args:
        field: What hangs on what.
        failures: Failures in a row, by device.
        readings: The newest reading of each point that is read.
        doubts: The contradiction that a point is part of, by point.

    Returns:
        Silent buses, silent devices and bad points; each names what would explain it.
    """
    silent = {device for device, count in failures.items() if count >= SILENT_AFTER}
    buses = sorted(set(field.bus_of.values()))
    causes = [cause for bus in buses for cause in _bus(field, bus, silent)]
    causes += [
        Cause(
            code="device_silent",
            source=device,
            detail=f"{failures[device]} polls in a row without an answer",
            roots=_bus_roots(field.bus_of[device]),
        )
        for device in sorted(silent)
    ]
    causes += [
        _bad_point(field, reading, doubts.get(reading.point_id))
        for reading in readings.values()
        if reading.quality not in (Quality.GOOD, Quality.UNCONFIRMED)
        and not _is_about_to_tell(field, failures, reading)
    ]
    return tuple(causes)


def _bus(field: FieldMap, bus: str, silent: set[str]) -> tuple[Cause, ...]:
    """What the silence of several devices says of their bus."""
    devices = sorted(device for device, own in field.bus_of.items() if own == bus)
    fallen = [device for device in devices if device in silent]
    if len(devices) > 1 and fallen == devices:
        detail = f"none of {len(devices)} devices answers"
        return (Cause(code="bus_lost", source=bus, detail=detail),)
    if len(fallen) >= SEVERAL:
        detail = f"{len(fallen)} of {len(devices)} devices are silent: {', '.join(fallen)}"
        return (Cause(code="bus_failing", source=bus, detail=detail),)
    return ()


def _bus_roots(bus: str) -> tuple[str, ...]:
    return f"bus_lost:{bus}", f"bus_failing:{bus}"


def _is_about_to_tell(field: FieldMap, failures: Mapping[str, int], reading: Reading) -> bool:
    """Whether the point's device has just failed: soon it answers again, or is silent itself."""
    failing = 0 < failures.get(field.device_of[reading.point_id], 0) < SILENT_AFTER
    return failing and reading.quality in (Quality.MISSING, Quality.STALE)


def _bad_point(field: FieldMap, reading: Reading, doubt: Cause | None) -> Cause:
    device = field.device_of[reading.point_id]
    doubted = () if doubt is None else (doubt.alarm_id,)
    return Cause(
        code="point_bad",
        source=reading.point_id,
        detail=f"{reading.quality}: {reading.detail}".rstrip(": "),
        roots=(*_bus_roots(field.bus_of[device]), f"device_silent:{device}", *doubted),
    )
