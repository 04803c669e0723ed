"""Exact derivatives of a simulated trace with respect to the levers.

Forward differentiation of the same march that simulates: what comes out is the derivative of the
computed trace itself, kinks apart (a valve that reaches its stop, a front that passes a sample).
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from optimizer.model.arrays import FloatArray, IntArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network, Pump, PumpControl
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace
from optimizer.physics import march as kernel
from optimizer.physics.compiled import compiled
from optimizer.simulate import March, prepare, read_trace
from optimizer.timegrid import setpoints_at_boundaries, step_means

# Parts of the directions that march at the same time.
HALVES = 2


class Lever(IntEnum):
    """What a direction moves."""

    PLANT = kernel.PLANT
    PUMP = kernel.PUMP
    PLANT_PUMPS = kernel.PLANT_PUMPS
    OFFSET = kernel.OFFSET


class Quantity(IntEnum):
    """What a row of derivatives is of, in the units of the trace.

    Temperatures in degC, flows in kg/s, pressures in bar, station heat in kW, plant heat in MW,
    pump power in kW. Indoor temperatures are at the step boundary, the others step means.
    """

    INDOOR_TEMP = kernel.INDOOR
    STATION_SUPPLY_TEMP = kernel.STATION_SUPPLY
    STATION_RETURN_TEMP = kernel.STATION_RETURN
    STATION_FLOW = kernel.STATION_FLOW
    STATION_HEAT = kernel.STATION_HEAT
    PLANT_HEAT = kernel.PLANT_HEAT
    PLANT_SUPPLY_TEMP = kernel.PLANT_SUPPLY
    PLANT_RETURN_TEMP = kernel.PLANT_RETURN
    PLANT_FLOW = kernel.PLANT_FLOW
    PUMP_POWER = kernel.PUMP_POWER
    MAKEUP = kernel.MAKEUP
    SUPPLY_PRESSURE = kernel.SUPPLY_PRESSURE
    RETURN_PRESSURE = kernel.RETURN_PRESSURE
    SUPPLY_NODE_TEMP = kernel.SUPPLY_NODE_TEMP
    RETURN_NODE_TEMP = kernel.RETURN_NODE_TEMP
    SUPPLY_PIPE_FLOW = kernel.SUPPLY_PIPE_FLOW
    RETURN_PIPE_FLOW = kernel.RETURN_PIPE_FLOW


# From the kernel's SI units to those of the trace, by quantity.
_TO_TRACE_UNIT = np.ones(len(Quantity))
_TO_TRACE_UNIT[[Quantity.STATION_HEAT, Quantity.PUMP_POWER]] = 1e-3
_TO_TRACE_UNIT[Quantity.PLANT_HEAT] = 1e-6
_TO_TRACE_UNIT[[Quantity.SUPPLY_PRESSURE, Quantity.RETURN_PRESSURE]] = 1e-5


@dataclass(frozen=True, kw_only=True)
class Directions:
    """Directions in the space of setpoints.

    Attributes:
        lever: Kind of lever of each direction, a `Lever`, shape (directions,).
        which: Index of the plant or pump, or number of the group of stations it moves, shape
            (directions,); the pumps of a plant move together only if they are controlled alike.
        profile: How far it moves the setpoint at each step's start, in the setpoint's own unit
            (K, %, bar), shape (directions, steps).
        group: Group of each station, shape (stations,); each station by itself where None.
    """

    lever: IntArray
    which: IntArray
    profile: FloatArray
    group: IntArray | None = None


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Entries of the trace whose derivatives are wanted.

    Attributes:
        quantity: A `Quantity` each, shape (rows,).
        index: Index of the element (node, pipe, station, plant, pump or building), shape (rows,).
        step: Step, or step boundary for indoor temperatures, shape (rows,).
    """

    quantity: IntArray
    index: IntArray
    step: IntArray


@dataclass(frozen=True, kw_only=True)
class Functionals:
    """Weighted sums over a trace whose gradients are wanted; the first axis counts them.

    Attributes:
        plant_heat: Weights per MW, shape (functionals, steps, plants).
        pump_power: Weights per kW, shape (functionals, steps, pumps).
        makeup: Weights per kg/s, shape (functionals, steps).
        indoor: Weights per K at the boundaries, shape (functionals, steps + 1, buildings).
        envelope_end: Weights per K at the end, shape (functionals, buildings).
        water_end: Weight per J left in the water at the end, shape (functionals,).
    """

    plant_heat: FloatArray
    pump_power: FloatArray
    makeup: FloatArray
    indoor: FloatArray
    envelope_end: FloatArray
    water_end: FloatArray


@dataclass(frozen=True, kw_only=True)
class Linearisation:
    """A trace and its derivatives.

    Attributes:
        trace: The trace at the schedule itself.
        jacobian: Derivatives of the wanted rows, shape (rows, directions).
        gradients: Gradients of the functionals, shape (functionals, directions).
    """

    trace: Trace
    jacobian: FloatArray
    gradients: FloatArray


def no_rows() -> Rows:
    """Ask for no rows.

    Returns:
        Empty rows.
    """
    whole = np.zeros(0, dtype=np.int64)
    return Rows(quantity=whole, index=whole, step=whole)


def no_functionals(network: Network, steps: int) -> Functionals:
    """Ask for no functionals.

    Args:
        network: The network.
        steps: Number of steps.

    Returns:
        Functionals of length zero.
    """
    return Functionals(
        plant_heat=np.zeros((0, steps, len(network.plants))),
        pump_power=np.zeros((0, steps, len(network.pumps))),
        makeup=np.zeros((0, steps)),
        indoor=np.zeros((0, steps + 1, len(network.buildings))),
        envelope_end=np.zeros((0, len(network.buildings))),
        water_end=np.zeros(0),
    )


def linearise(
    network: Network,
    state: PlantState,
    forecast: Forecast,
    schedule: Schedule,
    directions: Directions,
    rows: Rows,
    functionals: Functionals,
    member: int = 0,
    outlet_c: FloatArray | None = None,
) -> Linearisation:
    """Simulate, with derivatives.

    Args:
        network: The network.
        state: Where everything stands at the start.
        forecast: Weather, on the grid of the steps.
        schedule: Setpoints on the same grid.
        directions: Directions to differentiate along.
        rows: Entries of the trace to differentiate.
        functionals: Weighted sums to differentiate.
        member: Which member.
        outlet_c: Outlet temperatures that the plants are set to in each step, in the place of the
            schedule's, degC, shape (steps, plants).

    Returns:
        The trace and its derivatives.

    Raises:
        ValueError: If the inputs do not fit each other.
    """
    weight = _step_weights(network, directions)
    first = np.where(weight.any(axis=0), (weight != 0.0).argmax(axis=0), forecast.steps)
    order = np.argsort(first, kind="stable")
    # Columns do not touch each other: halves of them, early and late alike, march side by side.
    halves = [order[i::HALVES].copy() for i in range(min(HALVES, max(len(order), 1)))]

    def march(columns: IntArray) -> _Columns:
        prepared = prepare(network, state, forecast, schedule, member, directions=len(columns))
        if outlet_c is not None:
            prepared = prepared._replace(drive=prepared.drive._replace(plant_c=outlet_c))
        seeds = _seeds(network, directions, weight, first, columns, rows, functionals)
        jacobian = np.zeros((len(rows.step), len(columns)))
        gradients = np.zeros((len(functionals.water_end), len(columns)))
        motion, record = prepared.motion, prepared.record
        kernel.march(prepared.layout, prepared.drive, motion, record, seeds, jacobian, gradients)
        return _Columns(prepared, jacobian, gradients)

    with ThreadPoolExecutor(len(halves)) as pool:
        done = list(pool.map(march, halves))
    by_step = np.argsort(rows.step, kind="stable")
    jacobian = np.empty((len(rows.step), len(order)))
    gradients = np.empty((len(functionals.water_end), len(order)))
    for columns, part in zip(halves, done, strict=True):
        _place(part.jacobian, by_step, columns, _TO_TRACE_UNIT[rows.quantity[by_step]], jacobian)
        gradients[:, columns] = part.gradients
    # Frozen as it is: a copy of so much would take as long as a simulation of a small district.
    jacobian.setflags(write=False)
    return Linearisation(
        trace=read_trace(network, done[0].prepared, state, forecast, schedule, member),
        jacobian=jacobian,
        gradients=frozen(gradients),
    )


class _Columns(NamedTuple):
    """A march with some of the directions, and what came of it."""

    prepared: March
    jacobian: FloatArray
    gradients: FloatArray


def _seeds(
    network: Network,
    directions: Directions,
    weight: FloatArray,
    first: IntArray,
    columns: IntArray,
    rows: Rows,
    functionals: Functionals,
) -> kernel.Seeds:
    """What the kernel differentiates, and along which of the directions."""
    steps, by_step = len(weight), np.argsort(rows.step, kind="stable")
    alone = np.arange(len(network.stations), dtype=np.int64)
    return kernel.Seeds(
        lever=directions.lever[columns].astype(np.int64),
        which=directions.which[columns].astype(np.int64),
        group=alone if directions.group is None else directions.group.astype(np.int64),
        weight=np.ascontiguousarray(weight[:, columns]),
        used=np.searchsorted(first[columns], np.arange(steps), side="right").astype(np.int64),
        row_start=np.searchsorted(rows.step[by_step], np.arange(steps + 2)).astype(np.int64),
        quantity=rows.quantity[by_step].astype(np.int64),
        element=rows.index[by_step].astype(np.int64),
        plant_heat=functionals.plant_heat * 1e-6,
        pump_power=functionals.pump_power * 1e-3,
        makeup=functionals.makeup,
        indoor=functionals.indoor,
        envelope_end=functionals.envelope_end,
        water_end=functionals.water_end,
    )


def _step_weights(network: Network, directions: Directions) -> FloatArray:
    """Move of the kernel's inputs in each step, shape (steps, directions)."""
    means = step_means(setpoints_at_boundaries(directions.profile))
    unit = np.ones(len(directions.lever))
    for d, (lever, which) in enumerate(zip(directions.lever, directions.which, strict=True)):
        if lever == Lever.PUMP:
            unit[d] = _pump_unit(network.pumps[which])
        elif lever == Lever.PLANT_PUMPS:
            plant_id = network.plants[which].plant_id
            unit[d] = next(_pump_unit(p) for p in network.pumps if p.plant_id == plant_id)
    return (means * unit[:, None]).T


def _pump_unit(pump: Pump) -> float:
    """From a pump's setpoint to the kernel's: Pa from bar, relative speed from %."""
    return 1e5 if pump.control is PumpControl.DIFFERENTIAL_PRESSURE else 0.01


@compiled
def _place(
    values: FloatArray, rows: IntArray, columns: IntArray, scale: FloatArray, into: FloatArray
) -> None:
    """Put values into their rows and columns of a matrix, each row times its scale."""
    for r in range(len(rows)):
        for d in range(len(columns)):
            into[rows[r], columns[d]] = values[r, d] * scale[r]
