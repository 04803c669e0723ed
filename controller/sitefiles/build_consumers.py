"""Stations and buildings of a site: rows to typed elements, what is left out derived."""

import math
from collections.abc import Mapping

from controller.sitefiles.csv_table import Table
from controller.sitefiles.design_point import (
    WATER_KG_M3,
    WATER_KJ_KG_K,
    DesignPoint,
)
from controller.sitefiles.log import Log
from controller.sitefiles.row import Row
from optimizer.model.network import (
    Building,
    Station,
    StationControl,
    StationKind,
    ValveCharacteristic,
)
from optimizer.physics import building_types
from optimizer.physics.building_types import Envelope

_RADIATOR_EXPONENT = 1.3
_DESIGN_DP_BAR = 0.5
_LEAST_DP_BAR = {StationKind.EXCHANGER: 0.3, StationKind.DIRECT: 0.2, StationKind.LOAD: 0.3}
_LOAD_RETURN_C = 40.0


class _Deriver:
    """Reads a row's values and derives those left out, listing each."""

    def __init__(self, log: Log, row: Row, element: str) -> None:
        self.log, self.row, self.element = log, row, element

    def number(self, column: str, value: float, source: str) -> float:
        given = self.row.maybe_number(column)
        if given is not None:
            return given
        self.log.derived.append(self.row.derived(column, self.element, value, source))
        return value

    def word(self, column: str, value: str, source: str) -> str:
        given = self.row.maybe_text(column)
        if given is not None:
            return given
        self.log.derived.append(self.row.derived(column, self.element, value, source))
        return value


def mixes(row: Row) -> bool:
    """Say whether a station is a direct one that mixes its supply down to the secondary curve.

    Args:
        row: A usable row of stations.csv.

    Returns:
        True for kind direct with control compensated.
    """
    return row.text("kind") == "direct" and row.maybe_text("control") == "compensated"


def build_buildings(
    log: Log,
    table: Table,
    stations: Mapping[str, Row],
    design: DesignPoint,
    min_indoor_c: float,
) -> tuple[Building, ...]:
    """Build the buildings, what is left out derived from year, envelope and the design day.

    Args:
        log: Where derived values go.
        table: buildings.csv.
        stations: Usable rows of stations.csv by id.
        design: The design day.
        min_indoor_c: The site's indoor minimum, degC.

    Returns:
        The buildings of all usable rows.
    """
    return tuple(
        _building(log, row, stations.get(row.text("station_id")), design, min_indoor_c)
        for row in table.whole_rows
    )


def _building(
    log: Log, row: Row, station: Row | None, design: DesignPoint, min_indoor_c: float
) -> Building:
    derive = _Deriver(log, row, f"building {row.text('building_id')}")
    area, year = row.number("floor_area_m2"), int(row.number("year_built"))
    envelope = Envelope(
        derive.word("envelope", building_types.envelope_of(year), f"built {year}: JGJ 26")
    )
    ua = derive.number(
        "ua_kw_k",
        building_types.default_ua_kw_k(area, year, envelope),
        f"area, built {year}, envelope {envelope}: JGJ 26-95",
    )
    exponent = derive.number("radiator_exponent", _RADIATOR_EXPONENT, "panel radiators: EN 442")
    hot = station is not None and station.text("kind") == "direct" and not mixes(station)
    ratio = _excess_ratio(design) if hot else 1.0
    need = ua * (design.indoor_c - design.outdoor_c)
    return Building(
        building_id=row.text("building_id"),
        station_id=row.text("station_id"),
        floor_area_m2=area,
        year_built=year,
        ua_kw_k=ua,
        capacity_kwh_k=derive.number(
            "capacity_kwh_k",
            building_types.default_capacity_kwh_k(area, envelope),
            f"area, envelope {envelope}: EN ISO 13790",
        ),
        radiator_kw=derive.number(
            "radiator_kw",
            building_types.default_radiator_kw(need, ratio, exponent),
            f"{need:.0f} kW at {design.outdoor_c:g} degC outside, 20 % margin: Jangsten et al.",
        ),
        radiator_exponent=exponent,
        height_m=derive.number("height_m", building_types.HEIGHT_M, "six storeys of 2.8 m"),
        worst_flat_beta=_beta(derive, envelope),
        min_indoor_c=derive.number("min_indoor_c", min_indoor_c, "comfort.min_indoor_c"),
        internal_gain_w_m2=row.maybe_number("internal_gain_w_m2") or 0.0,
        solar_aperture_m2=row.maybe_number("solar_aperture_m2") or 0.0,
        wind_ua_pct_per_m_s=row.maybe_number("wind_ua_pct_per_m_s") or 0.0,
    )


def _beta(derive: _Deriver, envelope: Envelope) -> float:
    """Read worst_flat_beta; the shares matter (and are derived) only where it is left out."""
    given = derive.row.maybe_number("worst_flat_beta")
    if given is not None:
        return given
    corner = derive.number("corner_share", building_types.CORNER_SHARE, "usual row of flats")
    vacant = derive.number("vacant_share", building_types.VACANT_SHARE, "usual vacancy")
    beta = building_types.default_worst_flat_beta(corner, vacant, envelope)
    return derive.number(
        "worst_flat_beta", beta, f"corner_share {corner:g}, vacant_share {vacant:g}"
    )


def _excess_ratio(design: DesignPoint) -> float:
    """Mean water over air at design with network water in the radiators, over the reference."""
    hot = (design.supply_c + design.secondary_return_c) / 2.0 - design.indoor_c
    usual = (design.secondary_supply_c + design.secondary_return_c) / 2.0 - design.indoor_c
    return max(hot / usual, 1.0)


def build_stations(
    log: Log,
    table: Table,
    buildings: tuple[Building, ...],
    design: DesignPoint,
    offsets: Mapping[str, tuple[float, float, float]],
) -> tuple[Station, ...]:
    """Build the stations, what is left out derived from their buildings and the design day.

    Args:
        log: Where derived values go.
        table: stations.csv.
        buildings: All buildings.
        design: The design day.
        offsets: Writable offsets by station: least and largest, K, and rate, K/h.

    Returns:
        The stations of all usable rows.
    """
    heat: dict[str, float] = {}
    for one in buildings:
        need = one.ua_kw_k * (design.indoor_c - design.outdoor_c)
        heat[one.station_id] = heat.get(one.station_id, 0.0) + need
    return tuple(
        _station(log, row, heat.get(row.text("station_id"), 0.0), design, offsets)
        for row in table.whole_rows
    )


def _station(
    log: Log,
    row: Row,
    building_heat_kw: float,
    design: DesignPoint,
    offsets: Mapping[str, tuple[float, float, float]],
) -> Station:
    name = row.text("station_id")
    derive = _Deriver(log, row, f"station {name}")
    kind = StationKind(row.text("kind"))
    # A station without buildings (warned of elsewhere) gets the size of a small house.
    heat = derive.number(
        "design_heat_kw",
        building_heat_kw or 10.0,
        f"its buildings at {design.outdoor_c:g} degC outside",
    )
    direct = kind is StationKind.DIRECT
    control = StationControl(row.maybe_text("control") or "compensated")
    if kind is not StationKind.LOAD:
        usual = "fixed" if direct else "compensated"
        control = StationControl(derive.word("control", usual, f"usual for {kind}"))
    least_dp = derive.number("min_dp_bar", _LEAST_DP_BAR[kind], f"usual for {kind}; only reported")
    load_return = _LOAD_RETURN_C
    if kind is StationKind.LOAD:
        load_return = derive.number("load_return_temp_c", _LOAD_RETURN_C, "usual return")
    low, high, rate = offsets.get(name, (0.0, 0.0, 0.0))
    return Station(
        station_id=name,
        node_id=row.text("node_id"),
        kind=kind,
        control=control,
        hx_ua_kw_k=_hx_ua(derive, kind, heat, design),
        valve_kvs=_kvs(derive, kind, heat, load_return, design),
        valve_characteristic=ValveCharacteristic(
            row.maybe_text("valve_characteristic") or "linear"
        ),
        opening_pct=_opening(derive, kind, control),
        secondary_flow_kg_s=_secondary_flow(derive, kind, control, heat, design),
        min_dp_bar=least_dp,
        design_heat_kw=heat,
        load_kw=heat if kind is StationKind.LOAD else 0.0,
        load_return_temp_c=load_return,
        offset_range_k=(low, high) if name in offsets else None,
        offset_rate_k_h=rate,
    )


def _hx_ua(derive: _Deriver, kind: StationKind, heat_kw: float, design: DesignPoint) -> float:
    """Size of the exchanger for its heat at the logarithmic mean difference of the design day."""
    if kind is not StationKind.EXCHANGER:
        return 0.0
    mean = design.exchanger_mean_k
    return derive.number(
        "hx_ua_kw_k", heat_kw / mean, f"{heat_kw:.0f} kW at {mean:.1f} K mean difference"
    )


def _kvs(
    derive: _Deriver, kind: StationKind, heat_kw: float, load_return_c: float, design: DesignPoint
) -> float:
    """Size of the primary path for its design flow at 0.5 bar."""
    drop = design.primary_drop_k
    if kind is StationKind.LOAD:
        drop = max(design.supply_c - load_return_c, 10.0)
    flow_m3_h = heat_kw / (WATER_KJ_KG_K * drop) * 3600.0 / WATER_KG_M3
    return derive.number(
        "valve_kvs",
        flow_m3_h / math.sqrt(_DESIGN_DP_BAR),
        f"{flow_m3_h:.2f} m3/h at {_DESIGN_DP_BAR:g} bar",
    )


def _opening(derive: _Deriver, kind: StationKind, control: StationControl) -> float:
    """Opening of a fixed valve; one that moves by itself has none of its own."""
    if control is StationControl.FIXED and kind is not StationKind.LOAD:
        return derive.number("opening_pct", 100.0, "fully open")
    return derive.row.maybe_number("opening_pct") or 100.0


def _secondary_flow(
    derive: _Deriver,
    kind: StationKind,
    control: StationControl,
    heat_kw: float,
    design: DesignPoint,
) -> float:
    """Flow on the consumers' side; a fixed direct station's is its primary flow."""
    mixing = kind is StationKind.DIRECT and control is StationControl.COMPENSATED
    if kind is not StationKind.EXCHANGER and not mixing:
        return 0.0
    spread = design.secondary_supply_c - design.secondary_return_c
    return derive.number(
        "secondary_flow_kg_s",
        heat_kw / (WATER_KJ_KG_K * spread),
        f"{heat_kw:.0f} kW at {spread:g} K between supply and return",
    )
