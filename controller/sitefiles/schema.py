"""Every table, column, section and key of a site, with what each may hold.

The ranges are those of the physically possible; what is merely implausible is a warning elsewhere.
What must not be zero has a least value: a pipe of a nanometre is a slip, and nothing can be
computed with it.
"""

from collections.abc import Mapping

from controller.sitefiles.rules import (
    Choice,
    Curve,
    Field,
    Flag,
    HourlyPrice,
    Port,
    Real,
    Text,
    Whole,
    Words,
)
from controller.sitefiles.toml_file import Section

Fields = Mapping[str, Field]


def _optional(rule: Real | Whole | Text | Choice | Flag) -> Field:
    return Field(rule, required=False)


_ID = Field(Text())
_METRES = Field(Real(-1e8, 1e8, "m"))
_SHARE = _optional(Real(0, 1))
_YEAR = Whole(1850, 2100)

NODES: Fields = {
    "node_id": _ID,
    "x_m": _METRES,
    "y_m": _METRES,
    "elevation_m": _optional(Real(-500, 9000, "m")),
}

PIPES: Fields = {
    "pipe_id": _ID,
    "from_node": _ID,
    "to_node": _ID,
    "length_m": Field(Real(0.1, 100_000, "m")),
    "inner_diameter_mm": Field(Real(4, 3000, "mm")),
    "wall_thickness_mm": _optional(Real(0.1, 100, "mm")),
    "year_laid": _optional(_YEAR),
    "roughness_mm": _optional(Real(0, 50, "mm")),
    "heat_loss_w_m_k": _optional(Real(0, 50, "W/(m K)")),
    "max_pressure_bar": _optional(Real(0.1, 100, "bar")),
    "max_temp_c": _optional(Real(20, 220, "degC")),
    "max_ramp_k_h": _optional(Real(0.1, 1000, "K/h")),
    "leak_m3_h": _optional(Real(0, 1000, "m3/h")),
    "in_service": _optional(Flag()),
}

STATIONS: Fields = {
    "station_id": _ID,
    "node_id": _ID,
    "kind": Field(Choice(("exchanger", "direct", "load"))),
    "hx_ua_kw_k": _optional(Real(0.01, 1e6, "kW/K")),
    "valve_kvs": _optional(Real(0.01, 1e5, "m3/h")),
    "valve_characteristic": _optional(Choice(("linear", "equal_percentage"))),
    "control": _optional(Choice(("compensated", "fixed"))),
    "opening_pct": _optional(Real(0, 100, "%")),
    "secondary_flow_kg_s": _optional(Real(0.001, 1e5, "kg/s")),
    "min_dp_bar": _optional(Real(0, 50, "bar")),
    "design_heat_kw": _optional(Real(0.01, 1e6, "kW")),
    "load_return_temp_c": _optional(Real(1, 150, "degC")),
}

BUILDINGS: Fields = {
    "building_id": _ID,
    "station_id": _ID,
    "floor_area_m2": Field(Real(1, 1e7, "m2")),
    "year_built": Field(Whole(1000, 2100)),
    "envelope": _optional(Choice(("none", "partial", "insulated"))),
    "ua_kw_k": _optional(Real(0.001, 1e5, "kW/K")),
    "capacity_kwh_k": _optional(Real(0.001, 1e7, "kWh/K")),
    "radiator_kw": _optional(Real(0.01, 1e6, "kW")),
    "radiator_exponent": _optional(Real(0.9, 2)),
    "height_m": _optional(Real(1, 800, "m")),
    "corner_share": _SHARE,
    "vacant_share": _SHARE,
    "worst_flat_beta": _optional(Real(0, 0.9)),
    "min_indoor_c": _optional(Real(0, 35, "degC")),
    "internal_gain_w_m2": _optional(Real(0, 200, "W/m2")),
    "solar_aperture_m2": _optional(Real(0, 1e6, "m2")),
    "wind_ua_pct_per_m_s": _optional(Real(0, 100, "% per m/s")),
}

POINTS: Fields = {
    "point_id": _ID,
    "device": _ID,
    "tag": _ID,
    "target": _ID,
    "quantity": _ID,
    "direction": Field(Choice(("read", "write"))),
    "min": _optional(Real(-1e9, 1e9)),
    "max": _optional(Real(-1e9, 1e9)),
    "max_rate_per_h": _optional(Real(0, 1e9, above=True)),
    "readback_point": _optional(Text()),
    "stale_after_s": _optional(Real(0, 864_000, "s", above=True)),
}

_TEMP = Real(0, 220, "degC")
_PERCENT = Real(1, 100, "%")
_SPEED = Field(Real(1, 120, "%"))
_RAMP = Field(Real(0.1, 1000, "K/h"))
_PRICE = Real(0, 1e6)
_SECONDS = Real(0, 3600, "s", above=True)

_PLANT: Fields = {
    "id": _ID,
    "node": _ID,
    "max_heat_mw": Field(Real(0.001, 1e5, "MW")),
    "min_heat_mw": _optional(Real(0, 1e5, "MW")),
    "min_supply_temp_c": Field(_TEMP),
    "max_supply_temp_c": Field(_TEMP),
    "ramp_up_k_h": _RAMP,
    "ramp_down_k_h": _RAMP,
    "heat_price_per_mwh": Field(HourlyPrice()),
    "holding_pressure_bar": _optional(Real(-1, 60, "bar")),
    "can_stop": _optional(Flag()),
    "min_on_h": _optional(Real(0, 96, "h")),
    "min_off_h": _optional(Real(0, 96, "h")),
    "start_cost": _optional(Real(0, 1e9)),
}

_PUMP: Fields = {
    "id": _ID,
    "plant": _optional(Text()),
    "pipe": _optional(Text()),
    "control": _optional(Choice(("speed", "dp"))),
    "rated_flow_m3_h": Field(Real(0.01, 1e6, "m3/h")),
    "rated_head_m": Field(Real(0.1, 1000, "m")),
    "shutoff_head_m": Field(Real(0.1, 1000, "m")),
    "min_speed_pct": Field(Real(0, 120, "%")),
    "max_speed_pct": _SPEED,
    "max_speed_ramp_pct_h": Field(Real(0.1, 1e6, "%/h")),
    "efficiency_pct": Field(_PERCENT),
}

_BUS: Fields = {
    "id": _ID,
    "kind": Field(Choice(("rtu", "tcp", "mbus", "cjt188"))),
    "port": Field(Port()),
    "host": _optional(Text()),
    "baudrate": _optional(Whole(50, 4_000_000)),
    "parity": _optional(Choice(("N", "E", "O", "M", "S"))),
    "stop_bits": _optional(Real(1, 2)),
    "timeout_s": _optional(_SECONDS),
    "quiet_s": _optional(Real(0, 3600, "s")),
    "rs485": _optional(Choice(("adapter", "kernel", "rts"))),
}

_LIMITS: Fields = {
    "max_velocity_m_s": Field(Real(0.01, 20, "m/s")),
    "boiling_margin_k": Field(Real(0, 100, "K")),
    "min_pressure_bar": Field(Real(-1, 20, "bar")),
    "max_makeup_m3_h": Field(Real(0, 1e5, "m3/h", above=True)),
    "leak_reference_bar": Field(Real(0.1, 60, "bar")),
    "leak_exponent": Field(Real(0, 3)),
    "max_radiator_pressure_bar": _optional(Real(0.1, 60, "bar")),
    "max_radiator_temp_c": _optional(Real(20, 220, "degC")),
}

SITE_TOML: Mapping[str, Section] = {
    "site": Section(
        {
            "id": _ID,
            "name": _optional(Text()),
            "timezone": Field(Text()),
            "latitude": Field(Real(-90, 90, "deg")),
            "longitude": Field(Real(-180, 180, "deg")),
        }
    ),
    "ground": Section(
        {
            "temp_c": Field(Real(-40, 60, "degC")),
            "makeup_temp_c": _optional(Real(0, 100, "degC")),
        }
    ),
    "plant": Section(_PLANT, many=True),
    "pump": Section(_PUMP, many=True),
    "limits": Section(_LIMITS),
    "comfort": Section(
        {
            "min_indoor_c": Field(Real(0, 35, "degC")),
            "max_indoor_c": Field(Real(0, 45, "degC")),
            "shortfall_quantile": _optional(Real(0, 1, above=True)),
            "margin_k": _optional(Real(0, 5, "K")),
        }
    ),
    "radiators": Section(
        {
            "reference_supply_c": Field(Real(20, 150, "degC")),
            "reference_return_c": Field(Real(10, 140, "degC")),
            "reference_indoor_c": Field(Real(0, 40, "degC")),
        }
    ),
    "secondary": Section({"curve": Field(Curve(10, 150))}),
    "prices": Section(
        {
            "currency": Field(Text()),
            "electricity_per_mwh": Field(Real(-1e5, 1e6)),
            "makeup_per_m3": Field(_PRICE),
            "leak_risk_per_event": _optional(Real(0, 1e12)),
            "fatigue_per_cycle": _optional(Real(0, 1e12)),
        }
    ),
    "control": Section(
        {
            "step_s": Field(Whole(60, 3600)),
            "horizon_h": Field(Whole(1, 168)),
            "heating_curve": Field(Curve(10, 220)),
            "fallback_speed_pct": _SPEED,
        }
    ),
    "cold_snap": Section(
        {
            "below_c": Field(Real(-90, 40, "degC")),
            "drop_k_24h": Field(Real(0, 80, "K")),
            "min_hours": Field(Real(0, 240, "h")),
        }
    ),
    "weather": Section(
        {
            "sources": Field(Words(("open_meteo", "open_meteo_ensemble", "met_no", "csv"))),
            "csv_path": _optional(Text()),
            "user_agent": _optional(Text()),
            "stale_after_h": _optional(Real(0, 240, "h", above=True)),
            "api_key_env": _optional(Text()),
        },
        required=False,
    ),
    "fallback": Section({"writes": Field(Flag())}, required=False),
    "auto": Section({"identification": Field(Choice(("required", "off")))}, required=False),
    "trip": Section(
        {
            "max_makeup_m3_h": Field(Real(0, 1e5, "m3/h", above=True)),
            "max_pressure_drop_bar_min": Field(Real(0, 100, "bar/min", above=True)),
        },
        required=False,
    ),
    "store": Section({"url": Field(Text())}, required=False),
    "bus": Section(_BUS, many=True, required=False),
    "device": Section(
        {"id": _ID, "bus": _ID, "address": Field(Text()), "profile": _ID},
        many=True,
        required=False,
    ),
}
