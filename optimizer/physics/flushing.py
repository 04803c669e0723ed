"""Until when water that was in the supply pipes at the start is still under way.

No decision can cool it any more: where it is hotter than a pipe may take, that is the past's doing.
"""

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray, IntArray
from optimizer.model.state import PipeContents
from optimizer.physics.water import temperature_c

# Below this mean flow nothing is under way.
STANDING_KG_S = 1e-6
ROUNDING_K = 0.01


def flushed_at_s(
    begin: IntArray,
    end: IntArray,
    content_kg: FloatArray,
    flow_kg_s: FloatArray,
    nodes: int,
    step_s: float,
) -> FloatArray:
    """When the last of the first water has passed each node, as plug flow.

    Args:
        begin, end: Ends of each pipe as drawn, shape (pipes,).
        content_kg: Water and its share of wall in each supply pipe, shape (pipes,).
        flow_kg_s: Supply flows as drawn, shape (steps, pipes).
        nodes: Number of nodes.
        step_s: Step length, s.

    Returns:
        Seconds after the start, shape (nodes,); zero where no water arrives. What comes through a
        pipe whose flow reverses counts as new.
    """
    way = np.where(flow_kg_s.mean(axis=0) < 0.0, -1.0, 1.0)
    forward = np.maximum(flow_kg_s * way, 0.0)
    into, out = np.where(way > 0.0, begin, end), np.where(way > 0.0, end, begin)
    passed = np.concatenate([np.zeros((1, len(way))), np.cumsum(forward, axis=0) * step_s])
    instants = np.arange(len(passed)) * step_s
    steady = (flow_kg_s * way > -STANDING_KG_S).all(axis=0)
    moving = np.flatnonzero(steady & (forward.mean(axis=0) > STANDING_KG_S))
    until = np.zeros(nodes)
    for _ in range(nodes):
        before = until.copy()
        for pipe in moving.tolist():
            entered = np.interp(until[into[pipe]], instants, passed[:, pipe])
            leaves = np.interp(entered + content_kg[pipe], passed[:, pipe], instants)
            until[out[pipe]] = max(until[out[pipe]], float(leaves))
        if np.array_equal(until, before):
            break
    return until


def is_first_water(
    inlet_c: FloatArray, hottest_c: float, flushed_s: FloatArray, step_s: float
) -> BoolArray:
    """Mark inlet temperatures that water from before the start accounts for.

    Where ways meet, chosen water may come before the last of the first; hotter than all that was
    there at the start it is in any case.

    Args:
        inlet_c: Water entering each pipe in each step, degC, shape (steps, pipes).
        hottest_c: Hottest water at the start, degC.
        flushed_s: When the last first water has entered each pipe, s, shape (pipes,).
        step_s: Step length, s.

    Returns:
        True where no decision is to blame, shape (steps, pipes).
    """
    early = (np.arange(len(inlet_c)) * step_s)[:, None] < flushed_s
    return np.asarray(early & (inlet_c <= hottest_c + ROUNDING_K))


def hottest_c(contents: PipeContents) -> float:
    """Hottest water in the pipes of one side.

    Args:
        contents: The water.

    Returns:
        Temperature, degC; minus infinity without pipes.
    """
    most = contents.enthalpy_j_kg.max(initial=-np.inf)
    return float(temperature_c(most)) if np.isfinite(most) else -np.inf
