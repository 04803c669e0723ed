"""Every limit of a run of the planner: values on a grid, and the entries they are made of."""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.network import StationKind
from optimizer.model.outcome import LimitKind
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace
from optimizer.physics.flushing import flushed_at_s, hottest_c, is_first_water
from optimizer.physics.layout import build_layout
from optimizer.physics.water import (
    GRAVITY_M_S2,
    density_kg_m3,
    saturation_slope_k_bar,
    saturation_temp_c,
)
from optimizer.standing import loaded_steps
from optimizer.tangents import Quantity

HOUR_S = 3600


@dataclass(frozen=True, kw_only=True)
class LimitField:
    """Values of one kind on a grid of (steps, elements), with the entries they are made of.

    `held` says that physics itself keeps the limit: nothing is to be kept away from it.
    """

    kind: LimitKind
    value: FloatArray
    allowed: FloatArray
    first: Quantity
    first_index: IntArray
    first_factor: FloatArray
    second: Quantity | None = None
    second_index: IntArray | None = None
    second_factor: FloatArray | None = None
    second_step: IntArray | None = None
    held: bool = False


def limit_fields(district: District, state: PlantState, trace: Trace) -> list[LimitField]:
    """Lay out all limits of a trace.

    Ranges and ramps of the setpoints themselves are no matter of the trace.

    Args:
        district: The district.
        state: State at the start, which the first ramps count from.
        trace: The trace.

    Returns:
        A field for each kind of limit and quantity.
    """
    return [
        *_pressure_fields(district, trace),
        *_temperature_fields(district, state, trace),
        *_flow_fields(district, state, trace),
        *_radiator_fields(district, trace),
        *_ramp_fields(district, state, trace),
    ]


def _node_pressure_limit(district: District) -> FloatArray:
    """The least allowed pressure of all pipes that end at a node, bar."""
    network = district.network
    least = np.full(len(network.nodes), np.inf)
    for pipe in network.pipes:
        if pipe.in_service:
            for node_id in (pipe.from_node, pipe.to_node):
                at = network.node_index[node_id]
                least[at] = min(least[at], pipe.max_pressure_bar)
    return least


def _pressure_fields(district: District, trace: Trace) -> list[LimitField]:
    nodes = np.arange(len(district.network.nodes))
    one = np.ones(1)
    most = _node_pressure_limit(district)
    connected = np.isfinite(most)
    fields = []
    for quantity, pressure in (
        (Quantity.SUPPLY_PRESSURE, trace.nodes.supply_pressure_bar),
        (Quantity.RETURN_PRESSURE, trace.nodes.return_pressure_bar),
    ):
        fields.append(
            LimitField(
                kind=LimitKind.PIPE_PRESSURE,
                value=pressure[:, connected],
                allowed=most[connected],
                first=quantity,
                first_index=nodes[connected],
                first_factor=one,
            )
        )
        fields.append(
            LimitField(
                kind=LimitKind.MIN_PRESSURE,
                value=-pressure,
                allowed=np.full(len(nodes), -district.limits.min_pressure_bar),
                first=quantity,
                first_index=nodes,
                first_factor=-one,
            )
        )
    supply = trace.nodes.supply_pressure_bar
    fields.append(
        LimitField(
            kind=LimitKind.BOILING_MARGIN,
            value=trace.nodes.supply_temp_c - saturation_temp_c(supply),
            allowed=np.full(len(nodes), -district.limits.boiling_margin_k),
            first=Quantity.SUPPLY_NODE_TEMP,
            first_index=nodes,
            first_factor=one,
            second=Quantity.SUPPLY_PRESSURE,
            second_index=nodes,
            second_factor=-saturation_slope_k_bar(supply),
        )
    )
    return fields


def _upstream(district: District, flow: FloatArray) -> IntArray:
    """Node that each pipe's water comes from in most steps."""
    network = district.network
    ends = np.array(
        [[network.node_index[p.from_node], network.node_index[p.to_node]] for p in network.pipes]
    )
    backward = (flow < 0.0).mean(axis=0) > 0.5
    return np.where(backward, ends[:, 1], ends[:, 0])


def _temperature_fields(district: District, state: PlantState, trace: Trace) -> list[LimitField]:
    """Pipe temperatures; only the supply pipe of a pair can be too hot.

    What was under way at the start is not watched: no decision cools it.
    """
    inlet_c, flow = trace.pipes.supply_inlet_temp_c, trace.pipes.mass_flow_kg_s
    allowed_c = np.array([pipe.max_temp_c for pipe in district.network.pipes])
    hottest = hottest_c(state.supply_contents)
    if np.any(hottest > allowed_c):
        layout, count = build_layout(district.network), len(allowed_c)
        flushed_s = flushed_at_s(
            layout.graph.first[:count],
            layout.graph.second[:count],
            layout.pipes.content_kg[0],
            flow,
            len(district.network.nodes),
            trace.step_s,
        )
        into = flushed_s[_upstream(district, flow)]
        first = is_first_water(inlet_c, hottest, into, trace.step_s)
        inlet_c = np.where(first, -np.inf, inlet_c)
    return [
        LimitField(
            kind=LimitKind.PIPE_TEMP,
            value=inlet_c,
            allowed=allowed_c,
            first=Quantity.SUPPLY_NODE_TEMP,
            first_index=_upstream(district, flow),
            first_factor=np.ones(1),
        )
    ]


def _flow_fields(district: District, state: PlantState, trace: Trace) -> list[LimitField]:
    network = district.network
    fields = []
    for quantity, flow, inlet_c in (
        (Quantity.SUPPLY_PIPE_FLOW, trace.pipes.mass_flow_kg_s, trace.pipes.supply_inlet_temp_c),
        (
            Quantity.RETURN_PIPE_FLOW,
            trace.pipes.return_mass_flow_kg_s,
            trace.pipes.return_inlet_temp_c,
        ),
    ):
        area = np.array([np.pi / 4.0 * pipe.inner_diameter_m**2 for pipe in network.pipes])
        per_flow = 1.0 / (density_kg_m3(inlet_c) * area)
        fields.append(
            LimitField(
                kind=LimitKind.VELOCITY,
                value=np.abs(flow) * per_flow,
                allowed=np.full(len(area), district.limits.max_velocity_m_s),
                first=quantity,
                first_index=np.arange(len(area)),
                first_factor=np.sign(flow) * per_flow,
            )
        )
    cold = float(density_kg_m3(network.makeup_temp_c))
    fields.append(
        LimitField(
            kind=LimitKind.MAKEUP,
            value=trace.plants.makeup_m3_h[:, :1],
            allowed=np.array([district.limits.max_makeup_m3_h]),
            first=Quantity.MAKEUP,
            first_index=np.zeros(1, dtype=np.int64),
            first_factor=np.full(1, 3600.0 / cold),
        )
    )
    fields.append(
        LimitField(
            kind=LimitKind.PLANT_HEAT,
            value=trace.plants.heat_power_mw,
            allowed=np.array([plant.max_heat_mw for plant in network.plants]),
            first=Quantity.PLANT_HEAT,
            first_index=np.arange(len(network.plants)),
            first_factor=np.ones(1),
            held=True,
        )
    )
    # A least load, where there is one and while it counts.
    counts = loaded_steps(network, trace.plants.running.T, state.runs, trace.step_s).T
    loaded = np.flatnonzero([plant.min_heat_mw > 0.0 for plant in network.plants])
    if len(loaded):
        fields.append(
            LimitField(
                kind=LimitKind.PLANT_HEAT,
                value=np.where(counts, -trace.plants.heat_power_mw, -np.inf)[:, loaded],
                allowed=np.array([-network.plants[int(i)].min_heat_mw for i in loaded]),
                first=Quantity.PLANT_HEAT,
                first_index=loaded,
                first_factor=-np.ones(1),
            )
        )
    return fields


def _radiator_fields(district: District, trace: Trace) -> list[LimitField]:
    """Limits of buildings whose radiators hold the network's own water."""
    network, limits = district.network, district.limits
    direct = [i for i, s in enumerate(network.stations) if s.kind is StationKind.DIRECT]
    if not direct:
        return []
    nodes = np.array([network.node_index[network.stations[i].node_id] for i in direct])
    fields = [_static_head_field(district, trace, direct, nodes)]
    if limits.max_radiator_pressure_bar is not None:
        fields.append(
            LimitField(
                kind=LimitKind.RADIATOR_PRESSURE,
                value=trace.nodes.supply_pressure_bar[:, nodes],
                allowed=np.full(len(nodes), limits.max_radiator_pressure_bar),
                first=Quantity.SUPPLY_PRESSURE,
                first_index=nodes,
                first_factor=np.ones(1),
            )
        )
    if limits.max_radiator_temp_c is not None:
        fields.append(
            LimitField(
                kind=LimitKind.RADIATOR_TEMP,
                value=trace.stations.secondary_supply_temp_c[:, direct],
                allowed=np.full(len(nodes), limits.max_radiator_temp_c),
                first=Quantity.STATION_SUPPLY_TEMP,
                first_index=np.array(direct),
                first_factor=np.ones(1),
            )
        )
    return fields


def _static_head_field(
    district: District, trace: Trace, direct: list[int], nodes: IntArray
) -> LimitField:
    """The return pressure must reach the top of the tallest building of each direct station."""
    network = district.network
    height = np.array(
        [
            max(
                b.height_m
                for b in network.buildings
                if b.station_id == network.stations[i].station_id
            )
            for i in direct
        ]
    )
    back_c = trace.stations.return_temp_c[:, direct]
    column_bar = density_kg_m3(back_c) * GRAVITY_M_S2 * height / 1e5
    return LimitField(
        kind=LimitKind.STATIC_HEAD,
        value=column_bar - trace.nodes.return_pressure_bar[:, nodes],
        allowed=np.zeros(len(nodes)),
        first=Quantity.RETURN_PRESSURE,
        first_index=nodes,
        first_factor=-np.ones(1),
    )


def _ramp_fields(district: District, state: PlantState, trace: Trace) -> list[LimitField]:
    """Change of each pipe's inlet water against every instant of the hour before."""
    network = district.network
    allowed = np.array([pipe.max_ramp_k_h for pipe in network.pipes])
    span = HOUR_S // trace.step_s
    fields = []
    for quantity, inlet_c, before, flow in (
        (
            Quantity.SUPPLY_NODE_TEMP,
            trace.pipes.supply_inlet_temp_c,
            state.supply_inlet_temp_c,
            trace.pipes.mass_flow_kg_s,
        ),
        (
            Quantity.RETURN_NODE_TEMP,
            trace.pipes.return_inlet_temp_c,
            state.return_inlet_temp_c,
            trace.pipes.return_mass_flow_kg_s,
        ),
    ):
        nodes = _upstream(district, flow)
        for back in range(1, span + 1):
            change, partner = _change_since(inlet_c, before, back)
            fields += [
                LimitField(
                    kind=LimitKind.PIPE_RAMP,
                    value=sign * change,
                    allowed=allowed,
                    first=quantity,
                    first_index=nodes,
                    first_factor=np.full(1, sign),
                    second=quantity,
                    second_index=nodes,
                    second_factor=np.full(1, -sign),
                    second_step=partner,
                )
                for sign in (1.0, -1.0)
            ]
    return fields


def largest_ramps(district: District, state: PlantState, trace: Trace) -> FloatArray:
    """Largest change within an hour of the water that enters each pipe pair.

    Args:
        district: The district.
        state: State at the start.
        trace: The trace.

    Returns:
        Rises or falls, K, shape (pipes,).
    """
    fields = _ramp_fields(district, state, trace)
    largest = [np.nanmax(field.value, axis=0, initial=0.0) for field in fields]
    return np.asarray(np.max(largest, axis=0))


def _change_since(
    inlet_c: FloatArray, before: FloatArray, back: int
) -> tuple[FloatArray, IntArray]:
    """Rise over what each pipe had `back` steps ago, and when that was.

    Step -1 is the state before the start; NaN where there was nothing yet.
    """
    line = np.concatenate([before[None, :], inlet_c])
    origin = np.arange(len(inlet_c)) - back
    change = np.full(inlet_c.shape, np.nan)
    change[origin >= -1] = inlet_c[origin >= -1] - line[origin[origin >= -1] + 1]
    return change, np.broadcast_to(origin[:, None], inlet_c.shape)
