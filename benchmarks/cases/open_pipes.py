"""Pipes whose flows and inlet are given: the simulator's own transport, driven by measurements."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network, Node, Pipe, Plant, RadiatorReference
from optimizer.physics.compiled import inner, outer
from optimizer.physics.layout import Layout, build_layout
from optimizer.physics.stirring import stirred_mass_kg
from optimizer.physics.transport import Side, Source, move_water, new_side, new_source
from optimizer.physics.vectors import copy_into
from optimizer.physics.water import (
    REFERENCE_CP_J_KG_K,
    density_kg_m3,
    enthalpy_j_kg,
    temperature_c,
)

SLOTS = 1024
# Of insulation that stores heat.
LAYERS = 4
OUTDOOR_CURVE = ((-10.0, 60.0), (10.0, 40.0))


@dataclass(frozen=True, kw_only=True)
class Tube:
    """A pipe as its data sheet describes it; the casing is the insulation around it.

    `casing_mk_w` is the insulation's own resistance per metre, `outside_mk_w` what lies beyond.
    """

    name: str
    start: str
    end: str
    length_m: float
    diameter_m: float
    wall_m: float
    wall_j_m3_k: float
    casing_mk_w: float
    outside_mk_w: float
    casing_j_m_k: float = 0.0


class Casing(NamedTuple):
    """The insulation of tubes as layers, each as warm as its middle, from the inside out.

    Attributes:
        temp_c: Temperatures, degC, shape (tubes, layers).
        onward_w_k: Conductance from each layer to the next or to the surroundings, W/K, same shape.
        capacity_j_k: Heat capacity of a layer, J/K, shape (tubes,); zero where insulation stores
            nothing.
        ambient_c: Surroundings in each step, degC, shape (steps,).
    """

    temp_c: FloatArray
    onward_w_k: FloatArray
    capacity_j_k: FloatArray
    ambient_c: FloatArray


class Tubes(NamedTuple):
    """Tubes made ready for the simulator's transport."""

    tubes: tuple[Tube, ...]
    layout: Layout
    content_kg: FloatArray
    nodes: tuple[str, ...]


def assemble(tubes: tuple[Tube, ...], water_c: float, velocity_m_s: float) -> Tubes:
    """Describe tubes to the simulator; water enters at the first tube's start.

    Args:
        tubes: The tubes.
        water_c: Temperature at which the water in them is reckoned, degC.
        velocity_m_s: Velocity for which the film on their walls is reckoned, m/s.

    Returns:
        The tubes, ready to be filled.
    """
    names = tuple(dict.fromkeys(name for tube in tubes for name in (tube.start, tube.end)))
    layout = build_layout(_network(tubes, names))
    length = np.array([tube.length_m for tube in tubes])
    diameter = np.array([tube.diameter_m for tube in tubes])
    wall = np.array([tube.wall_m for tube in tubes])
    capacity = np.array([tube.wall_j_m3_k for tube in tubes]) * np.pi * (diameter + wall) * wall
    water_kg = np.pi / 4.0 * diameter**2 * length * density_kg_m3(water_c)
    content = water_kg + capacity * length / REFERENCE_CP_J_KG_K
    stirred = stirred_mass_kg(length, diameter, wall, capacity, velocity_m_s, water_c)
    loss = np.array([tube.length_m / _inner_mk_w(tube) for tube in tubes])
    pipes = layout.pipes._replace(
        content_kg=np.stack([content, content]), stirred_kg=stirred, loss_w_k=loss
    )
    return Tubes(tubes, layout._replace(pipes=pipes), content, names)


def _inner_mk_w(tube: Tube) -> float:
    """Resistance between the water and what the simulator's transport takes for the ground."""
    if tube.casing_j_m_k > 0.0:
        return tube.casing_mk_w / (2 * LAYERS)
    return tube.casing_mk_w + tube.outside_mk_w


def _casing(tubes: tuple[Tube, ...], start_c: FloatArray, ambient_c: FloatArray) -> Casing:
    """Insulation in the steady state of the start."""
    slices = np.array([tube.casing_mk_w / LAYERS for tube in tubes])
    outside = np.array([tube.outside_mk_w for tube in tubes])
    length = np.array([tube.length_m for tube in tubes])
    onward = np.repeat((length / slices)[:, None], LAYERS, axis=1)
    onward[:, -1] = length / (0.5 * slices + outside)
    depth = slices[:, None] * (np.arange(LAYERS) + 0.5) / (LAYERS * slices + outside)[:, None]
    water_c = start_c.mean(axis=1)[:, None]
    return Casing(
        temp_c=water_c + depth * (ambient_c[0] - water_c),
        onward_w_k=onward,
        capacity_j_k=np.array([tube.casing_j_m_k for tube in tubes]) * length / LAYERS,
        ambient_c=ambient_c,
    )


def _network(tubes: tuple[Tube, ...], names: tuple[str, ...]) -> Network:
    return Network(
        nodes=tuple(Node(node_id=name, x_m=0.0, y_m=0.0, elevation_m=0.0) for name in names),
        pipes=tuple(
            Pipe(
                pipe_id=tube.name,
                from_node=tube.start,
                to_node=tube.end,
                length_m=tube.length_m,
                inner_diameter_m=tube.diameter_m,
                wall_thickness_m=tube.wall_m,
                roughness_m=1e-5,
                heat_loss_w_m_k=1.0 / (tube.casing_mk_w + tube.outside_mk_w),
                max_pressure_bar=16.0,
                max_temp_c=130.0,
                max_ramp_k_h=100.0,
                leak_m3_h=0.0,
                in_service=True,
                year_laid=None,
            )
            for tube in tubes
        ),
        stations=(),
        buildings=(),
        plants=(
            Plant(
                plant_id="inlet",
                node_id=names[0],
                max_heat_mw=1.0,
                min_supply_temp_c=0.0,
                max_supply_temp_c=150.0,
                ramp_up_k_h=100.0,
                ramp_down_k_h=100.0,
                heat_price_per_mwh=(0.0,) * 24,
                holding_pressure_bar=2.0,
            ),
        ),
        pumps=(),
        ground_temp_c=10.0,
        makeup_temp_c=10.0,
        leak_reference_bar=5.0,
        leak_exponent=1.0,
        radiators=RadiatorReference(supply_c=60.0, return_c=45.0, indoor_c=18.0),
        secondary_curve=OUTDOOR_CURVE,
    )


def flush(
    tubes: Tubes,
    flow_kg_s: FloatArray,
    inlet_c: FloatArray,
    ambient_c: FloatArray,
    start_c: FloatArray,
    step_s: float,
) -> FloatArray:
    """Send water through tubes.

    Args:
        tubes: The tubes.
        flow_kg_s: Mean flow in each step, kg/s, shape (steps, tubes).
        inlet_c: Mean temperature of the water that enters in each step, degC, shape (steps,).
        ambient_c: Surroundings in each step, degC, shape (steps,).
        start_c: Water in each tube at the start, from its first to its last tenth, degC, shape
            (tubes, 10).
        step_s: Step length, s.

    Returns:
        Mean temperature of the water that passes each node in each step, degC, shape
        (steps, nodes).
    """
    nodes = len(tubes.nodes)
    side = new_side(flow_kg_s.shape[1], nodes, SLOTS, 0)
    for tube, temps in enumerate(start_c):
        parts = len(temps)
        side.contents.filled[tube] = parts
        side.contents.size[:parts, tube] = tubes.content_kg[tube] / parts
        side.contents.enthalpy[:parts, tube] = enthalpy_j_kg(temps)
    passing = np.zeros((len(inlet_c), nodes))
    _flush(
        tubes.layout,
        side,
        new_source(nodes, 0),
        tubes.content_kg,
        np.ascontiguousarray(flow_kg_s),
        enthalpy_j_kg(inlet_c),
        _casing(tubes.tubes, start_c, ambient_c),
        step_s,
        passing,
        np.zeros((flow_kg_s.shape[1], 0)),
    )
    return np.asarray(temperature_c(passing))


@outer
def _flush(
    layout: Layout,
    side: Side,
    source: Source,
    content_kg: FloatArray,
    flow: FloatArray,
    inlet: FloatArray,
    casing: Casing,
    step_s: float,
    passing: FloatArray,
    flow_d: FloatArray,
) -> None:
    for k in range(len(inlet)):
        source.flow[0] = max(flow[k, 0], 0.0)
        source.power[0] = source.flow[0] * inlet[k]
        for tube in range(len(casing.capacity_j_k)):
            stores = casing.capacity_j_k[tube] > 0.0
            around_c = casing.temp_c[tube, 0] if stores else casing.ambient_c[k]
            side.ground[tube] = enthalpy_j_kg(around_c)
        move_water(layout, side, content_kg, source, flow[k], flow_d, step_s, 0 * k)
        for tube in range(len(casing.capacity_j_k)):
            if casing.capacity_j_k[tube] > 0.0:
                _warm(casing, tube, side.lost[tube], casing.ambient_c[k], step_s)
        copy_into(passing[k], side.mean)


@inner
def _warm(casing: Casing, tube: int, gained_j: float, ambient_c: float, step_s: float) -> None:
    """Let heat flow outwards through the layers of a tube's insulation."""
    layers = casing.temp_c.shape[1]
    flowing = gained_j
    for i in range(layers):
        beyond_c = casing.temp_c[tube, i + 1] if i + 1 < layers else ambient_c
        onward = (casing.temp_c[tube, i] - beyond_c) * casing.onward_w_k[tube, i] * step_s
        casing.temp_c[tube, i] += (flowing - onward) / casing.capacity_j_k[tube]
        flowing = onward
