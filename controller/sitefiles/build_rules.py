"""Plants, pumps, limits, prices and settings of a site: the sections of site.toml, typed."""

import zoneinfo
from collections.abc import Mapping
from pathlib import Path

from controller.sitefiles.log import Log
from controller.sitefiles.parts import Auto, ColdSnap, Fallback, Trip, WeatherSources
from controller.sitefiles.row import Row
from controller.sitefiles.rules import did_you_mean
from controller.sitefiles.text_file import is_there
from controller.sitefiles.toml_file import Sections
from optimizer.model.network import Plant, Pump, PumpControl, RadiatorReference
from optimizer.model.policy import (
    COMFORT_MARGIN_K,
    COUNTED_QUANTILE,
    Comfort,
    Control,
    Limits,
    Prices,
)

_MAKEUP_C = 10.0
_STALE_AFTER_H = 6.0
_STORE_URL = "sqlite:///heatwarden.db"


def build_plants(log: Log, sections: Sections) -> tuple[Plant, ...]:
    """Build the plants; pressure is held at the first.

    Args:
        log: Where derived values go.
        sections: What site.toml holds.

    Returns:
        The plants of all usable sections.
    """
    rows = [row for row in sections["plant"] if not row.broken]
    held = next((row.maybe_number("holding_pressure_bar") for row in rows), None) or 0.0
    return tuple(_plant(log, row, held) for row in rows)


def _plant(log: Log, row: Row, held_bar: float) -> Plant:
    holding = row.maybe_number("holding_pressure_bar")
    if holding is None:
        holding = held_bar
        source = "the first plant holds the pressure"
        element = f"plant {row.text('id')}"
        log.derived.append(row.derived("holding_pressure_bar", element, holding, source))
    price = row.values["heat_price_per_mwh"]
    assert isinstance(price, tuple)
    return Plant(
        plant_id=row.text("id"),
        node_id=row.text("node"),
        max_heat_mw=row.number("max_heat_mw"),
        min_supply_temp_c=row.number("min_supply_temp_c"),
        max_supply_temp_c=row.number("max_supply_temp_c"),
        ramp_up_k_h=row.number("ramp_up_k_h"),
        ramp_down_k_h=row.number("ramp_down_k_h"),
        heat_price_per_mwh=price,
        holding_pressure_bar=holding,
        min_heat_mw=row.maybe_number("min_heat_mw") or 0.0,
        can_stop="can_stop" in row.values and row.flag("can_stop"),
        min_on_h=row.maybe_number("min_on_h") or 0.0,
        min_off_h=row.maybe_number("min_off_h") or 0.0,
        start_cost=row.maybe_number("start_cost") or 0.0,
    )


def build_pumps(sections: Sections) -> tuple[Pump, ...]:
    """Build the pumps.

    Args:
        sections: What site.toml holds.

    Returns:
        The pumps of all usable sections.
    """
    return tuple(
        Pump(
            pump_id=row.text("id"),
            plant_id=row.maybe_text("plant"),
            pipe_id=row.maybe_text("pipe"),
            rated_flow_m3_h=row.number("rated_flow_m3_h"),
            rated_head_m=row.number("rated_head_m"),
            shutoff_head_m=row.number("shutoff_head_m"),
            min_speed_pct=row.number("min_speed_pct"),
            max_speed_pct=row.number("max_speed_pct"),
            max_speed_ramp_pct_h=row.number("max_speed_ramp_pct_h"),
            efficiency_pct=row.number("efficiency_pct"),
            control=PumpControl(row.maybe_text("control") or "speed"),
        )
        for row in sections["pump"]
        if not row.broken
    )


def build_radiators(row: Row) -> RadiatorReference:
    """Build the radiator reference from [radiators]."""
    return RadiatorReference(
        supply_c=row.number("reference_supply_c"),
        return_c=row.number("reference_return_c"),
        indoor_c=row.number("reference_indoor_c"),
    )


def build_limits(row: Row) -> Limits:
    """Build the network's limits from [limits]."""
    return Limits(
        max_velocity_m_s=row.number("max_velocity_m_s"),
        boiling_margin_k=row.number("boiling_margin_k"),
        min_pressure_bar=row.number("min_pressure_bar"),
        max_makeup_m3_h=row.number("max_makeup_m3_h"),
        max_radiator_pressure_bar=row.maybe_number("max_radiator_pressure_bar"),
        max_radiator_temp_c=row.maybe_number("max_radiator_temp_c"),
    )


def build_comfort(row: Row) -> Comfort:
    """Build the promise of warmth from [comfort]."""
    quantile, margin_k = row.maybe_number("shortfall_quantile"), row.maybe_number("margin_k")
    return Comfort(
        min_indoor_c=row.number("min_indoor_c"),
        max_indoor_c=row.number("max_indoor_c"),
        shortfall_quantile=COUNTED_QUANTILE if quantile is None else quantile,
        margin_k=COMFORT_MARGIN_K if margin_k is None else margin_k,
    )


def build_prices(row: Row) -> Prices:
    """Build the prices from [prices]."""
    return Prices(
        currency=row.text("currency"),
        electricity_per_mwh=row.number("electricity_per_mwh"),
        makeup_per_m3=row.number("makeup_per_m3"),
        leak_risk_per_event=row.maybe_number("leak_risk_per_event") or 0.0,
        fatigue_per_cycle=row.maybe_number("fatigue_per_cycle") or 0.0,
    )


def build_control(row: Row) -> Control:
    """Build the planning grid and the usual way of operation from [control]."""
    return Control(
        step_s=int(row.number("step_s")),
        horizon_h=int(row.number("horizon_h")),
        heating_curve=row.curve("heating_curve"),
        fallback_speed_pct=row.number("fallback_speed_pct"),
    )


def build_cold_snap(row: Row) -> ColdSnap:
    """Build the conditions of a cold snap from [cold_snap]."""
    return ColdSnap(
        below_c=row.number("below_c"),
        drop_k_24h=row.number("drop_k_24h"),
        min_hours=row.number("min_hours"),
    )


def makeup_temp_c(log: Log, row: Row) -> float:
    """Read the make-up water's temperature from [ground]; 10 degC where it is left out."""
    given = row.maybe_number("makeup_temp_c")
    if given is None:
        given = _MAKEUP_C
        log.derived.append(row.derived("makeup_temp_c", "site", given, "mains water"))
    return given


def check_timezone(log: Log, row: Row) -> None:
    """Report a time zone that there is not.

    Args:
        log: Where errors go.
        row: The [site] section.
    """
    name = row.maybe_text("timezone")
    if name is None:
        return
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = did_you_mean(name, zoneinfo.available_timezones())
        remedy = f"did you mean {near!r}?" if near else 'use a name such as "Asia/Shanghai"'
        log.errors.append(row.problem("timezone", "is not a known time zone", remedy))


def build_fallback(sections: Sections) -> Fallback:
    """Read [fallback]; without it nothing is written when planning fails."""
    return Fallback(
        writes=any(row.flag("writes") for row in sections["fallback"] if not row.broken)
    )


def build_auto(sections: Sections) -> Auto:
    """Read [auto]; without it AUTO is not armed before its levers are identified."""
    rows = [row for row in sections["auto"] if not row.broken]
    return Auto(needs_identification=all(row.text("identification") != "off" for row in rows))


def build_trip(sections: Sections) -> Trip | None:
    """Read [trip], None where it is left out."""
    for row in sections["trip"]:
        if not row.broken:
            return Trip(
                max_makeup_m3_h=row.number("max_makeup_m3_h"),
                max_pressure_drop_bar_min=row.number("max_pressure_drop_bar_min"),
            )
    return None


def build_store_url(log: Log, sections: Sections) -> str:
    """Read [store], the site's own SQLite file where it is left out.

    Args:
        log: Where errors and derived values go.
        sections: What site.toml holds.

    Returns:
        The database's URL.
    """
    for row in sections["store"]:
        if row.broken:
            continue
        scheme, mark, _ = row.text("url").partition("://")
        if not mark or scheme.partition("+")[0] not in ("sqlite", "postgresql"):
            log.errors.append(
                row.problem("url", "is no database URL", "use sqlite:///FILE or postgresql://...")
            )
        return row.text("url")
    return _STORE_URL


def build_weather(log: Log, folder: Path, sections: Sections) -> WeatherSources | None:
    """Read [weather], None where it is left out.

    Args:
        log: Where errors and derived values go.
        folder: The site's folder.
        sections: What site.toml holds.

    Returns:
        The sources in order.
    """
    needs: Mapping[str, tuple[str, str]] = {
        "csv": ("csv_path", "name the weather file"),
        "met_no": ("user_agent", "met.no serves only those who say who they are"),
    }
    for row in sections["weather"]:
        if row.broken:
            continue
        sources = row.values["sources"]
        assert isinstance(sources, tuple)
        for source, (column, remedy) in needs.items():
            if source in sources and column not in row.raw:
                log.errors.append(
                    row.problem(column, f"is missing for the source {source}", remedy)
                )
        stale = row.maybe_number("stale_after_h")
        if stale is None:
            stale = _STALE_AFTER_H
            log.derived.append(row.derived("stale_after_h", "weather", stale, "usual"))
        csv_path = row.maybe_text("csv_path")
        if csv_path is not None and not is_there(folder / csv_path):
            log.warnings.append(
                row.problem("csv_path", "is a file that is not there yet", "put it there in time")
            )
        return WeatherSources(
            sources=sources,
            csv_path=None if csv_path is None else folder / csv_path,
            user_agent=row.maybe_text("user_agent"),
            stale_after_h=stale,
            api_key_env=row.maybe_text("api_key_env"),
        )
    return None
