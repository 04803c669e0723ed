"""Rows of plugs: what lies in a pipe, or passes a point within a step, piece by piece.

Every operation conserves mass and energy and carries the derivatives along.
"""

import math
from typing import NamedTuple

import numpy as np

from optimizer.model.arrays import FloatArray, IntArray
from optimizer.physics.compiled import inlined, inner

# Neighbours that differ by less than 0.02 K become one.
ALIKE_J_KG = 80.0


class Row(NamedTuple):
    """Rows of plugs (or pieces) with their derivatives by the directions asked for.

    Slots form a ring from `head`. For the contents of pipes `size` is a plug's mass in kg and the
    first plug is nearest to the drawn start; for pieces it is a share of the step, in the order
    of time.

    Attributes:
        head, filled: First slot and number of entries, shape (pipes,).
        size, enthalpy: Shape (slots, pipes): few slots are in use at a time, and they lie together.
        size_d, enthalpy_d: Their derivatives, shape (slots, pipes, directions).
    """

    head: IntArray
    filled: IntArray
    size: FloatArray
    enthalpy: FloatArray
    size_d: FloatArray
    enthalpy_d: FloatArray


def new_row(rows: int, slots: int, directions: int) -> Row:
    """Make empty rows.

    Args:
        rows: Number of rows.
        slots: Largest number of entries in a row.
        directions: Number of derivatives carried along.

    Returns:
        The rows.
    """
    return Row(
        head=np.zeros(rows, dtype=np.int64),
        filled=np.zeros(rows, dtype=np.int64),
        size=np.zeros((slots, rows)),
        enthalpy=np.zeros((slots, rows)),
        size_d=np.zeros((slots, rows, directions)),
        enthalpy_d=np.zeros((slots, rows, directions)),
    )


@inlined
def join(row: Row, at: int, slot: int, other: int, used: int) -> None:
    """Merge entry `other` into `slot`, conserving energy."""
    a = row.size[slot, at]
    b = row.size[other, at]
    total = a + b
    if total <= 0.0:
        return
    difference = row.enthalpy[other, at] - row.enthalpy[slot, at]
    share = b / total
    for d in range(used):
        share_d = (row.size_d[other, at, d] * a - row.size_d[slot, at, d] * b) / (total * total)
        row.enthalpy_d[slot, at, d] += share_d * difference + share * (
            row.enthalpy_d[other, at, d] - row.enthalpy_d[slot, at, d]
        )
        row.size_d[slot, at, d] += row.size_d[other, at, d]
    row.enthalpy[slot, at] += share * difference
    row.size[slot, at] = total


@inlined
def _copy(row: Row, at: int, target: int, origin: int, used: int) -> None:
    row.size[target, at] = row.size[origin, at]
    row.enthalpy[target, at] = row.enthalpy[origin, at]
    for d in range(used):
        row.size_d[target, at, d] = row.size_d[origin, at, d]
        row.enthalpy_d[target, at, d] = row.enthalpy_d[origin, at, d]


@inner
def _make_room(row: Row, at: int, used: int) -> None:
    """Merge the two neighbours of a full row whose merging changes least."""
    ring = row.size.shape[0] - 1
    count = row.filled[at]
    head = row.head[at]
    best = 0
    least = math.inf
    for i in range(count - 1):
        a = (head + i) & ring
        b = (head + i + 1) & ring
        size_a = row.size[a, at]
        size_b = row.size[b, at]
        step = row.enthalpy[a, at] - row.enthalpy[b, at]
        blur = size_a * size_b / max(size_a + size_b, 1e-300) * step * step
        if blur < least:
            least = blur
            best = i
    join(row, at, (head + best) & ring, (head + best + 1) & ring, used)
    for i in range(best + 1, count - 1):
        _copy(row, at, (head + i) & ring, (head + i + 1) & ring, used)
    row.filled[at] = count - 1


@inlined
def append(row: Row, at: int, size: float, enthalpy: float, used: int) -> int:
    """Add an entry at the end of a row and return its slot; its derivatives are the caller's."""
    ring = row.size.shape[0] - 1
    if row.filled[at] > ring:
        _make_room(row, at, used)
    slot = (row.head[at] + row.filled[at]) & ring
    row.filled[at] += 1
    row.size[slot, at] = size
    row.enthalpy[slot, at] = enthalpy
    return int(slot)


@inlined
def prepend(row: Row, at: int, size: float, enthalpy: float, used: int) -> int:
    """Add an entry at the start of a row and return its slot; its derivatives are the caller's."""
    ring = row.size.shape[0] - 1
    if row.filled[at] > ring:
        _make_room(row, at, used)
    row.head[at] = (row.head[at] - 1) & ring
    row.filled[at] += 1
    slot = row.head[at]
    row.size[slot, at] = size
    row.enthalpy[slot, at] = enthalpy
    return int(slot)


@inlined
def merge_last(row: Row, at: int, used: int) -> None:
    """Merge the last two entries of a row if they are alike."""
    count = row.filled[at]
    if count < 2:
        return
    ring = row.size.shape[0] - 1
    last = (row.head[at] + count - 1) & ring
    before = (row.head[at] + count - 2) & ring
    if abs(row.enthalpy[last, at] - row.enthalpy[before, at]) < ALIKE_J_KG:
        join(row, at, before, last, used)
        row.filled[at] = count - 1


@inlined
def merge_first(row: Row, at: int, used: int) -> None:
    """Merge the first two entries of a row if they are alike."""
    if row.filled[at] < 2:
        return
    ring = row.size.shape[0] - 1
    first = row.head[at]
    after = (first + 1) & ring
    if abs(row.enthalpy[first, at] - row.enthalpy[after, at]) < ALIKE_J_KG:
        join(row, at, after, first, used)
        row.head[at] = after
        row.filled[at] -= 1


@inlined
def cool(contents: Row, pipe: int, decay: float, ground: float, used: int) -> float:
    """Cool everything that lies in a pipe for a whole step; returns the heat lost, J."""
    ring = contents.size.shape[0] - 1
    fade = math.exp(-decay)
    lost = 0.0
    for i in range(contents.filled[pipe]):
        slot = (contents.head[pipe] + i) & ring
        above = contents.enthalpy[slot, pipe] - ground
        lost += contents.size[slot, pipe] * above * (1.0 - fade)
        contents.enthalpy[slot, pipe] = ground + above * fade
        for d in range(used):
            contents.enthalpy_d[slot, pipe, d] *= fade
    return lost
