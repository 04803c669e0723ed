"""The site.toml of the demo site."""

from benchmarks.old_east.consumers import Substation
from benchmarks.old_east.field import PUMPS, bus_sections

PLANT_MAX_MW = 43.0
HOLDING_BAR = 3.0
RATED_FLOW_M3_H = 400.0
RATED_HEAD_M = 45.0
SHUTOFF_HEAD_M = 58.0
FALLBACK_SPEED_PCT = 90.0

_HEAD = """\
# The old east of a made-up city: the demonstration site of heatwarden.
# Written by `python -m benchmarks.make_old_east`; change it there and write it anew.

[site]
id = "old-east"
name = "Old East 老城东"
timezone = "Asia/Shanghai"
latitude = 36.80
longitude = 118.05

[ground]
temp_c = 4.0
makeup_temp_c = 10.0

[[plant]]
id = "P1"
node = "T00"
max_heat_mw = {max_mw:.1f}
min_heat_mw = 4.0
min_supply_temp_c = 65.0
max_supply_temp_c = 115.0
ramp_up_k_h = 6.0
ramp_down_k_h = 6.0
heat_price_per_mwh = 190.0
holding_pressure_bar = {holding:.1f}

{pumps}
[limits]
max_velocity_m_s = 2.0
boiling_margin_k = 10.0
min_pressure_bar = 0.5
max_makeup_m3_h = 3.0
leak_reference_bar = 5.0
leak_exponent = 0.9
max_radiator_pressure_bar = 6.0
max_radiator_temp_c = 105.0

[comfort]
min_indoor_c = 18.0
max_indoor_c = 24.0
margin_k = 0.5

[radiators]
reference_supply_c = 60.0
reference_return_c = 45.0
reference_indoor_c = 18.0

[secondary]
curve = [[10.0, 38.0], [0.0, 50.0], [-9.0, 60.0], [-20.0, 71.0]]

[prices]
currency = "CNY"
electricity_per_mwh = 680.0
makeup_per_m3 = 14.0
leak_risk_per_event = 20000.0
fatigue_per_cycle = 150.0

[control]
step_s = 900
horizon_h = 48
heating_curve = [[10.0, 65.0], [0.0, 81.0], [-9.0, 96.0], [-20.0, 112.0]]
fallback_speed_pct = {speed:.1f}

[cold_snap]
below_c = -8.0
drop_k_24h = 8.0
min_hours = 6

[weather]
sources = ["csv"]
csv_path = "weather.csv"
stale_after_h = 6.0

[fallback]
writes = false

[trip]
max_makeup_m3_h = 4.5
max_pressure_drop_bar_min = 0.5

[store]
url = "sqlite:///heatwarden.db"

"""

_PUMP = """\
[[pump]]
id = "{name}"
plant = "P1"
rated_flow_m3_h = {flow:.1f}
rated_head_m = {head:.1f}
shutoff_head_m = {shutoff:.1f}
min_speed_pct = 50.0
max_speed_pct = 100.0
max_speed_ramp_pct_h = 20.0
efficiency_pct = 74.0
"""


def site_toml(stations: tuple[Substation, ...]) -> str:
    """Write site.toml.

    Args:
        stations: The stations, for their devices.

    Returns:
        The file's text.
    """
    pumps = "\n".join(
        _PUMP.format(name=name, flow=RATED_FLOW_M3_H, head=RATED_HEAD_M, shutoff=SHUTOFF_HEAD_M)
        for name in PUMPS
    )
    head = _HEAD.format(
        max_mw=PLANT_MAX_MW, holding=HOLDING_BAR, speed=FALLBACK_SPEED_PCT, pumps=pumps
    )
    return head + bus_sections(stations)


def plant_dp_bar(flow_kg_s: float) -> float:
    """Differential pressure of both pumps together at the fallback speed.

    Args:
        flow_kg_s: Mass flow through the plant.

    Returns:
        Differential pressure, bar.
    """
    per_pump_m3_h = 3.6 * flow_kg_s / 0.985 / len(PUMPS)
    falling_m = (SHUTOFF_HEAD_M - RATED_HEAD_M) * (per_pump_m3_h / RATED_FLOW_M3_H) ** 2
    head_m = SHUTOFF_HEAD_M * (FALLBACK_SPEED_PCT / 100.0) ** 2 - falling_m
    return head_m * 9.81 * 985.0 / 1e5
