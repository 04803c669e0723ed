"""Stations and buildings of the virtual plant, with the lags that real ones have.

Sources: VDI Heat Atlas (2010), chapter C1 (effectiveness of a counterflow exchanger); EN 442-2
(radiators); ISO 13790:2008, annex C (two capacities). Valves are moved by a controller of their
own; the planner's model opens them ideally.
"""

import math
from typing import NamedTuple

from hil_tests.bench.compiled import compiled
from hil_tests.bench.plant_flow import Flow
from hil_tests.bench.plant_layout import DIRECT, EXCHANGER, LOAD, MIXING, Layout
from hil_tests.bench.plant_water import Water
from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.physics.water import enthalpy_j_kg, temperature_c

CP = 4190.0
STILL_KG_S = 1e-5
AIR_TO_ENVELOPE = 5.0
RANGEABILITY = 50.0
STROKE_S = 150.0  # from shut to open
GAIN_PER_K, RESET_S = 0.015, 150.0
NEARLY_SHUT = 0.02
DETECTOR_S = 15.0


class Consumers(NamedTuple):
    """What stations and buildings are doing; temperatures in degC.

    Attributes:
        opening: Of each valve, 0 to 1.
        stuck: Valves that do not move.
        supply_c, back_c: Water in each station's secondary supply and return side.
        seen_c: What each controller's detector shows.
        error_k: Its control error in the last step.
        asked_w: Heat that a load asks for.
        indoor_c, envelope_c: Each building, in the layout's order.
        excess_k: Mean radiator water above the air.
        room_w: Heat of each building's radiators.
        counted: Heat since the start, J: radiators gave, buildings lost (gains counted off),
            shape (2,).
    """

    opening: FloatArray
    stuck: BoolArray
    supply_c: FloatArray
    back_c: FloatArray
    seen_c: FloatArray
    error_k: FloatArray
    asked_w: FloatArray
    indoor_c: FloatArray
    envelope_c: FloatArray
    excess_k: FloatArray
    room_w: FloatArray
    counted: FloatArray


@compiled
def valve_kv(layout: Layout, consumers: Consumers, flow: Flow) -> None:
    """Set each station's flow coefficient by its opening.

    Args:
        layout: The plant.
        consumers: Openings.
        flow: Receives the coefficients.
    """
    stations = layout.stations
    for i in range(len(stations.kvs)):
        opening = consumers.opening[i]
        share = opening
        if stations.equal_percentage[i] and opening > 0.0:
            share = RANGEABILITY ** (opening - 1.0)
        flow.kv[i] = stations.kvs[i] * share


@compiled
def consume(layout: Layout, consumers: Consumers, water: Water, link_kg_s: FloatArray,
            offset_k: FloatArray, weather: tuple[float, float, float],
            step_s: float) -> None:  # fmt: skip
    """Let stations and buildings go on for a step.

    Args:
        layout: The plant.
        consumers: Changes.
        water: Gives what arrives; receives what each station takes.
        link_kg_s: Flows.
        offset_k: Offset to each station's curve.
        weather: Outdoor temperature degC, wind m/s, irradiance W/m2.
        step_s: How long, s.
    """
    wanted_c = _on_curve(layout, weather[0])
    for i in range(len(layout.stations.node)):
        now = max(link_kg_s[len(layout.pipes.begin) + i], 0.0)
        _station(layout, consumers, water, i, now, step_s)
        if layout.stations.compensated[i] and not consumers.stuck[i]:
            _control(layout, consumers, water, i, wanted_c + offset_k[i], step_s)
    _rooms(layout, consumers, weather, step_s)


@compiled
def _on_curve(layout: Layout, outdoor_c: float) -> float:
    x, y = layout.curve_x, layout.curve_y
    if outdoor_c <= x[0]:
        return float(y[0])
    for i in range(1, len(x)):
        if outdoor_c <= x[i]:
            share = (outdoor_c - x[i - 1]) / (x[i] - x[i - 1])
            return float(y[i - 1] + share * (y[i] - y[i - 1]))
    return float(y[-1])


@compiled
def _station(layout: Layout, consumers: Consumers, water: Water, i: int, now: float,
             step_s: float) -> None:  # fmt: skip
    """Heat that a station takes from the water, and its secondary side's two volumes."""
    stations = layout.stations
    inlet_j_kg = water.node_j_kg[stations.node[i]]
    inlet_c = temperature_c(inlet_j_kg)
    kind = stations.kind[i]
    back_c = consumers.back_c[i]
    if kind == LOAD:
        back_c = stations.load_return_c[i]
    most_w = now * max(inlet_j_kg - enthalpy_j_kg(back_c), 0.0)
    round_kg_s = stations.secondary_kg_s[i]
    heat_w = most_w
    if now <= STILL_KG_S:
        heat_w = 0.0
    elif kind == EXCHANGER:
        share = _effectiveness(stations.ua_w_k[i], now * CP, round_kg_s * CP)
        heat_w = min(share * min(now, round_kg_s) * CP * max(inlet_c - back_c, 0.0), most_w)
    elif kind == MIXING and now > round_kg_s:
        heat_w = most_w * round_kg_s / now
    if kind == DIRECT:
        round_kg_s = now
    water.station_w[i] = heat_w
    if kind == LOAD:
        consumers.supply_c[i] = inlet_c
        return
    _secondary(layout, consumers, i, round_kg_s, heat_w, step_s)


@compiled
def _effectiveness(ua_w_k: float, primary_w_k: float, secondary_w_k: float) -> float:
    """Of a counterflow exchanger, of the smaller stream."""
    small, large = min(primary_w_k, secondary_w_k), max(primary_w_k, secondary_w_k)
    if small <= 0.0:
        return 0.0
    ratio, units = small / large, ua_w_k / small
    if 1.0 - ratio < 1e-6:
        return units / (1.0 + units)
    decay = math.exp(-min(units * (1.0 - ratio), 500.0))
    return (1.0 - decay) / (1.0 - ratio * decay)


@compiled
def _secondary(layout: Layout, consumers: Consumers, i: int, round_kg_s: float, heat_w: float,
               step_s: float) -> None:  # fmt: skip
    """The loop behind a station: supply side, radiators, return side; heat is kept exactly."""
    stations, buildings = layout.stations, layout.buildings
    first, last = stations.first[i], stations.first[i + 1]
    if round_kg_s <= STILL_KG_S:
        consumers.room_w[first:last] = 0.0
        return
    taken_w = 0.0
    for b in range(first, last):
        flow_w_k = buildings.share[b] * round_kg_s * CP
        room_w = _radiators(layout, consumers, b, consumers.supply_c[i], flow_w_k)
        consumers.room_w[b] = room_w
        taken_w += room_w
    supply_c, back_c = consumers.supply_c[i], consumers.back_c[i]
    through = round_kg_s * step_s
    heated_c = back_c + heat_w / (round_kg_s * CP)
    moved = min(through / stations.supply_side_kg[i], 1.0)
    left_c = supply_c  # explicit: what leaves a side is what stood in it
    consumers.supply_c[i] += moved * (heated_c - left_c)
    cooled_c = left_c - taken_w / (round_kg_s * CP)
    consumers.back_c[i] += min(through / stations.return_side_kg[i], 1.0) * (cooled_c - back_c)


@compiled
def _radiators(
    layout: Layout, consumers: Consumers, b: int, supply_c: float, flow_w_k: float
) -> float:
    """Heat of a building's radiators, W; Newton on the mean excess from the last one."""
    buildings = layout.buildings
    above_k = supply_c - consumers.indoor_c[b]
    rated_w = buildings.radiator_w[b]
    if above_k <= 0.0 or flow_w_k <= 0.0 or rated_w <= 0.0:
        return 0.0
    exponent: float = buildings.exponent[b]
    whole: float = flow_w_k * above_k
    if whole <= rated_w * (0.5 * above_k / layout.radiator_excess_k) ** exponent:
        return whole  # so little flow that the return is as cold as the air
    y = min(max(consumers.excess_k[b], 0.05 * above_k), above_k)
    for _ in range(20):
        given = rated_w * (y / layout.radiator_excess_k) ** exponent
        miss = given - 2.0 * flow_w_k * (above_k - y)
        change = miss / (exponent * given / y + 2.0 * flow_w_k)
        y -= change
        if abs(change) < 1e-6 * above_k:
            break
    consumers.excess_k[b] = y
    found: float = 2.0 * flow_w_k * (above_k - y)
    return found


@compiled
def _control(layout: Layout, consumers: Consumers, water: Water, i: int, wanted_c: float,
             step_s: float) -> None:  # fmt: skip
    """Move a valve by its controller: proportional and integral, in shares of the opening."""
    if layout.stations.kind[i] == LOAD:
        error = (consumers.asked_w[i] - water.station_w[i]) / max(consumers.asked_w[i], 1.0) * 30.0
    else:
        lag = 1.0 - math.exp(-step_s / DETECTOR_S)
        consumers.seen_c[i] += lag * (consumers.supply_c[i] - consumers.seen_c[i])
        error = wanted_c - consumers.seen_c[i]
    change = GAIN_PER_K * (error - consumers.error_k[i] + error * step_s / RESET_S)
    consumers.error_k[i] = error
    opening = consumers.opening[i]
    moved = max(opening, NEARLY_SHUT) * change
    stroke = step_s / STROKE_S
    consumers.opening[i] = min(max(opening + min(max(moved, -stroke), stroke), 0.0), 1.0)


@compiled
def _rooms(layout: Layout, consumers: Consumers, weather: tuple[float, float, float],
           step_s: float) -> None:  # fmt: skip
    """Air and envelope of each building."""
    outdoor_c, wind, irradiance = weather
    buildings = layout.buildings
    for b in range(len(buildings.ua_w_k)):
        nominal = buildings.ua_w_k[b]
        inside = AIR_TO_ENVELOPE * nominal
        outside = 1.0 / (1.0 / (nominal * (1.0 + buildings.wind_ua[b] * wind)) - 1.0 / inside)
        gain_w = buildings.gain_w[b] + buildings.aperture_m2[b] * irradiance
        across_w = inside * (consumers.indoor_c[b] - consumers.envelope_c[b])
        lost_w = outside * (consumers.envelope_c[b] - outdoor_c)
        into_w = consumers.room_w[b] + gain_w - across_w
        consumers.indoor_c[b] += into_w * step_s / buildings.air_j_k[b]
        consumers.envelope_c[b] += (across_w - lost_w) * step_s / buildings.envelope_j_k[b]
        consumers.counted[0] += consumers.room_w[b] * step_s
        consumers.counted[1] += (lost_w - gain_w) * step_s


@compiled
def consumers_stored_j(layout: Layout, consumers: Consumers) -> float:
    """Heat in secondary water and buildings, above 0 degC.

    Args:
        layout: The plant.
        consumers: Its consumers.

    Returns:
        The heat, J.
    """
    stations, buildings = layout.stations, layout.buildings
    total = 0.0
    for i in range(len(stations.node)):
        if stations.kind[i] != LOAD:
            total += CP * (stations.supply_side_kg[i] * consumers.supply_c[i]
                           + stations.return_side_kg[i] * consumers.back_c[i])  # fmt: skip
    for b in range(len(buildings.ua_w_k)):
        total += buildings.air_j_k[b] * consumers.indoor_c[b]
        total += buildings.envelope_j_k[b] * consumers.envelope_c[b]
    return total
