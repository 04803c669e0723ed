"""A sound site that uses every key and column, as text to break in one place at a time."""

from collections.abc import Mapping
from pathlib import Path

SITE_TOML = """\
[site]
id = "north"
name = "North"
timezone = "Asia/Shanghai"
latitude = 36.8
longitude = 118.0

[ground]
temp_c = 5.0
makeup_temp_c = 12.0

[[plant]]
id = "P1"
node = "N0"
max_heat_mw = 2.0
min_heat_mw = 0.1
min_supply_temp_c = 65.0
max_supply_temp_c = 110.0
ramp_up_k_h = 6.0
ramp_down_k_h = 8.0
heat_price_per_mwh = 190.0
holding_pressure_bar = 3.0

[[plant]]
id = "P2"
node = "N3"
max_heat_mw = 1.0
min_supply_temp_c = 65.0
max_supply_temp_c = 105.0
ramp_up_k_h = 6.0
ramp_down_k_h = 8.0
heat_price_per_mwh = [200, 200, 200, 200, 200, 200, 250, 250, 250, 250, 250, 250, \
250, 250, 250, 250, 250, 300, 300, 300, 300, 300, 200, 200]
can_stop = true
min_on_h = 3.0
min_off_h = 2.0
start_cost = 150.0

[[pump]]
id = "M1"
plant = "P1"
rated_flow_m3_h = 30.0
rated_head_m = 20.0
shutoff_head_m = 26.0
min_speed_pct = 50.0
max_speed_pct = 100.0
max_speed_ramp_pct_h = 20.0
efficiency_pct = 76.0

[[pump]]
id = "M2"
plant = "P2"
control = "dp"
rated_flow_m3_h = 20.0
rated_head_m = 20.0
shutoff_head_m = 26.0
min_speed_pct = 50.0
max_speed_pct = 100.0
max_speed_ramp_pct_h = 20.0
efficiency_pct = 76.0

[[pump]]
id = "BOOST"
pipe = "L2"
rated_flow_m3_h = 10.0
rated_head_m = 5.0
shutoff_head_m = 7.0
min_speed_pct = 0.0
max_speed_pct = 100.0
max_speed_ramp_pct_h = 50.0
efficiency_pct = 60.0

[limits]
max_velocity_m_s = 1.8
boiling_margin_k = 10.0
min_pressure_bar = 0.5
max_makeup_m3_h = 0.5
leak_reference_bar = 5.0
leak_exponent = 0.9
max_radiator_pressure_bar = 6.0
max_radiator_temp_c = 95.0

[comfort]
min_indoor_c = 18.0
max_indoor_c = 24.0

[radiators]
reference_supply_c = 60.0
reference_return_c = 45.0
reference_indoor_c = 18.0

[secondary]
curve = [[10.0, 40.0], [0.0, 50.0], [-9.0, 60.0], [-20.0, 68.0]]

[prices]
currency = "CNY"
electricity_per_mwh = 680.0
makeup_per_m3 = 14.0
leak_risk_per_event = 50000.0
fatigue_per_cycle = 100.0

[control]
step_s = 900
horizon_h = 48
heating_curve = [[10.0, 68.0], [0.0, 82.0], [-9.0, 96.0], [-20.0, 110.0]]
fallback_speed_pct = 90.0

[cold_snap]
below_c = -10.0
drop_k_24h = 8.0
min_hours = 6

[weather]
sources = ["open_meteo", "met_no", "csv"]
csv_path = "weather.csv"
user_agent = "heat@example.org"
stale_after_h = 6.0
api_key_env = "WEATHER_KEY"

[fallback]
writes = false

[trip]
max_makeup_m3_h = 0.8
max_pressure_drop_bar_min = 0.5

[store]
url = "sqlite:///heatwarden.db"

[[bus]]
id = "plant"
kind = "rtu"
port = "/dev/ttyUSB0"
baudrate = 19200
parity = "E"
stop_bits = 1
timeout_s = 0.3
quiet_s = 0.5

[[bus]]
id = "field"
kind = "tcp"
host = "10.0.0.7"
port = 502

[[device]]
id = "plc1"
bus = "plant"
address = "1"
profile = "plc"

[[device]]
id = "plc2"
bus = "plant"
address = "2"
profile = "plc"

[[device]]
id = "st1"
bus = "field"
address = "1"
profile = "station"
"""

NODES = """\
node_id,x_m,y_m,elevation_m,street
N0,0,0,35,Works
N1,200,0,36,First
N2,200,150,37,Second
N3,0,150,36,Third
C1,260,0,36.5,First
C2,260,150,37,Second
C3,-60,150,36,Third
"""

PIPES = """\
pipe_id,from_node,to_node,length_m,inner_diameter_mm,wall_thickness_mm,year_laid,roughness_mm,\
heat_loss_w_m_k,max_pressure_bar,max_temp_c,max_ramp_k_h,leak_m3_h,in_service
L1,N0,N1,205,107,3.0,1995,1.2,0.9,10,115,6,0.02,1
L2,N1,N2,155,82.5,2.5,1995,1.2,0.8,10,115,6,0.02,1
L3,N2,N3,210,82.5,2.5,2012,0.4,0.5,16,120,10,0.01,1
L4,N3,N0,155,107,3.0,2012,0.4,0.5,16,120,10,0.01,1
K1,N1,C1,62,54.5,2.0,1995,1.2,0.7,10,115,6,0.01,1
K2,N2,C2,62,54.5,2.0,2012,0.4,0.4,16,120,10,0.01,1
K3,C3,N3,62,54.5,2.0,2012,0.4,0.4,16,120,10,0.01,true
"""

STATIONS = """\
station_id,node_id,kind,hx_ua_kw_k,valve_kvs,valve_characteristic,control,opening_pct,\
secondary_flow_kg_s,min_dp_bar,design_heat_kw,load_return_temp_c
S1,C1,exchanger,25,8,equal_percentage,compensated,,5.0,0.3,300,
S2,C2,direct,,6,linear,fixed,70,,0.2,180,
S3,C3,load,,4,,,,,0.3,150,42
"""

BUILDINGS = """\
building_id,station_id,floor_area_m2,year_built,envelope,ua_kw_k,capacity_kwh_k,radiator_kw,\
radiator_exponent,height_m,corner_share,vacant_share,worst_flat_beta,min_indoor_c,\
internal_gain_w_m2,solar_aperture_m2,wind_ua_pct_per_m_s
B1,S1,2400,1986,none,4.8,120,160,1.3,17,0.25,0.15,0.07,18,3.0,40,1.5
B2,S1,2800,2008,insulated,2.9,190,100,1.3,17,0.25,0.05,0.05,18,3.0,40,1.0
B3,S2,3000,1983,partial,5.5,150,110,1.3,15,0.30,0.20,0.08,18,0,0,0
"""

POINTS = """\
point_id,device,tag,target,quantity,direction,min,max,max_rate_per_h,readback_point,stale_after_s
P1.t,plc1,supply_temp,plant:P1,supply_temp_c,read,,,,,30
P1.sp.fb,plc1,supply_temp_setpoint,plant:P1,supply_temp_setpoint_c,read,,,,,30
P1.sp,plc1,supply_temp_setpoint,plant:P1,supply_temp_c,write,65,110,6,P1.sp.fb,30
P1.beat,plc1,heartbeat,plant:P1,heartbeat,write,0,65535,,,30
S1.off.fb,st1,offset,station:S1,secondary_offset_setpoint_k,read,,,,,
S1.off,st1,offset,station:S1,secondary_offset_k,write,-5,8,4,S1.off.fb,
B1.t,st1,indoor_temp,building:B1,indoor_temp_c,read,,,,,600
out,st1,outdoor_temp,site,outdoor_temp_c,read,,,,,600
"""

PLC = """\
protocol = "modbus"
poll_s = 5

[tags.supply_temp]
register = 100
table = "input"
type = "int16"
scale = 0.1
unit = "degC"
min = -20
max = 160

[tags.supply_temp_setpoint]
register = 10
table = "holding"
type = "int16"
scale = 0.1
unit = "degC"
min = 40
max = 130
write = true

[tags.heartbeat]
register = 11
table = "holding"
type = "uint16"
scale = 1
unit = ""
min = 0
max = 65535
write = true
"""

STATION = """\
protocol = "modbus"
poll_s = 60

[tags.offset]
register = 20
table = "holding"
type = "int16"
scale = 0.1
unit = "K"
min = -10
max = 10
write = true

[tags.indoor_temp]
register = 4
table = "input"
type = "int16"
scale = 0.1
unit = "degC"
min = -20
max = 50

[tags.outdoor_temp]
register = 5
table = "input"
type = "int16"
scale = 0.1
unit = "degC"
min = -60
max = 60
"""

WEATHER = """\
time,outdoor_temp_c,wind_m_s,ghi_w_m2
2026-01-04T00:00:00+08:00,-4.5,3.0,0
2026-01-04T01:00:00+08:00,-5.5,4.0,0
2026-01-04T02:00:00+08:00,-6.0,4.0,0
"""

SOUND: Mapping[str, str] = {
    "site.toml": SITE_TOML,
    "nodes.csv": NODES,
    "pipes.csv": PIPES,
    "stations.csv": STATIONS,
    "buildings.csv": BUILDINGS,
    "points.csv": POINTS,
    "devices/plc.toml": PLC,
    "devices/station.toml": STATION,
    "weather.csv": WEATHER,
}


def write_site(folder: Path, files: Mapping[str, str] = SOUND) -> Path:
    """Write a site's files into a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return folder


def without_column(text: str, column: str) -> str:
    """Drop a column from a table without quoted cells."""
    rows = [line.split(",") for line in text.splitlines()]
    at = rows[0].index(column)
    return "".join(",".join(row[:at] + row[at + 1 :]) + "\n" for row in rows)
