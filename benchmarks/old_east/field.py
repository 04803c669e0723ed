"""What connects the demo site to its devices: buses, devices and points."""

from benchmarks.old_east.consumers import Substation

PUMPS = ("P1-M1", "P1-M2")
# How many stations share one serial line.
_PER_BUS = 20
_FIRST_ADDRESS = 11
_POINT_HEADER = (
    "point_id,device,tag,target,quantity,direction,min,max,max_rate_per_h,readback_point"
)
_STATION_TAGS = (
    ("supply_temp", "supply_temp_c"),
    ("return_temp", "return_temp_c"),
    ("flow", "flow_m3_h"),
    ("secondary_supply_temp", "secondary_supply_temp_c"),
)
_PLANT_TAGS = (
    ("supply_temp", "supply_temp_c"),
    ("return_temp", "return_temp_c"),
    ("supply_pressure", "supply_pressure_bar"),
    ("return_pressure", "return_pressure_bar"),
    ("flow", "flow_m3_h"),
    ("heat_power", "heat_power_kw"),
    ("makeup_flow", "makeup_m3_h"),
    ("remote", "remote"),
)


def bus_sections(stations: tuple[Substation, ...]) -> str:
    """Write the buses and devices of site.toml.

    Args:
        stations: The stations.

    Returns:
        TOML text.
    """
    lines = [_bus("plant", 0, 19200, "E", 1)]
    field_buses = -(-len(stations) // _PER_BUS)
    lines += [_bus(f"field{i}", i, 9600, "N", 2) for i in range(1, field_buses + 1)]
    lines.append(_device("plc1", "plant", 1, "plant-plc"))
    lines += [_device(f"drive{i}", "plant", 1 + i, "pump-drive") for i in (1, 2)]
    lines.append(_device("ws1", "plant", 10, "weather-station"))
    for number, station in enumerate(stations):
        bus, place = divmod(number, _PER_BUS)
        name = f"st{station.station_id[1:]}"
        lines.append(_device(name, f"field{bus + 1}", _FIRST_ADDRESS + place, "station-plc"))
    return "\n".join(lines)


def _bus(name: str, port: int, baudrate: int, parity: str, stop_bits: int) -> str:
    return (
        f'[[bus]]\nid = "{name}"\nkind = "rtu"\nport = "/dev/ttyUSB{port}"\n'
        f'baudrate = {baudrate}\nparity = "{parity}"\nstop_bits = {stop_bits}\n'
        "timeout_s = 0.5\nquiet_s = 0.5\n"
    )


def _device(name: str, bus: str, address: int, profile: str) -> str:
    return (
        f'[[device]]\nid = "{name}"\nbus = "{bus}"\naddress = "{address}"\nprofile = "{profile}"\n'
    )


def point_lines(stations: tuple[Substation, ...]) -> list[str]:
    """Write points.csv.

    Args:
        stations: The stations.

    Returns:
        Its lines, the header first.
    """
    lines = [_POINT_HEADER]
    lines += [
        _read(f"P1.{tag}", "plc1", tag, "plant:P1", quantity) for tag, quantity in _PLANT_TAGS
    ]
    lines += _write("P1.supply_temp.sp", "plc1", "supply_temp_setpoint", "plant:P1",
                    ("supply_temp_setpoint_c", "supply_temp_c"), (65, 115, 6))  # fmt: skip
    lines.append("P1.heartbeat,plc1,heartbeat,plant:P1,heartbeat,write,0,65535,,")
    for number, pump in enumerate(PUMPS, start=1):
        lines += _pump_points(number, f"pump:{pump}")
    for tag, quantity in (("outdoor_temp", "outdoor_temp_c"), ("wind", "wind_m_s"),
                          ("radiation", "ghi_w_m2")):  # fmt: skip
        lines.append(_read(f"site.{tag}", "ws1", tag, "site", quantity))
    for number, station in enumerate(stations):
        lines += _station_points(number, station)
    return lines


def _pump_points(number: int, target: str) -> list[str]:
    device, name = f"drive{number}", f"M{number}"
    return [
        _read(f"{name}.speed", device, "speed", target, "speed_pct"),
        _read(f"{name}.power", device, "power", target, "power_kw"),
        _read(f"{name}.remote", device, "remote", target, "remote"),
        *_write(f"{name}.speed.sp", device, "speed_setpoint", target,
                ("speed_setpoint_pct", "speed_pct"), (50, 100, 20)),
    ]  # fmt: skip


def _station_points(number: int, station: Substation) -> list[str]:
    name, device = station.station_id, f"st{station.station_id[1:]}"
    target = f"station:{name}"
    lines = [
        _read(f"{name}.{tag}", device, tag, target, quantity) for tag, quantity in _STATION_TAGS
    ]
    # Two stations in three have a sensor in one flat.
    if number % 3 != 1:
        house = station.houses[number % len(station.houses)].building_id
        lines.append(
            _read(f"{house}.indoor", device, "indoor_temp", f"building:{house}", "indoor_temp_c")
        )
    if station.writable:
        quantities = ("secondary_offset_setpoint_k", "secondary_offset_k")
        lines += _write(
            f"{name}.offset", device, "secondary_offset", target, quantities, (-6, 8, 4)
        )
    return lines


def _read(point: str, device: str, tag: str, target: str, quantity: str) -> str:
    return f"{point},{device},{tag},{target},{quantity},read,,,,"


def _write(
    point: str,
    device: str,
    tag: str,
    target: str,
    quantities: tuple[str, str],
    limits: tuple[int, int, int],
) -> list[str]:
    """A point that is written and the one that reads it back."""
    low, high, rate = limits
    back = f"{point}.fb"
    return [
        _read(back, device, tag, target, quantities[0]),
        f"{point},{device},{tag},{target},{quantities[1]},write,{low},{high},{rate},{back}",
    ]
