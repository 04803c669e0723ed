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
        size, enthalpy: Shape (pipes, slots).
        size_d, enthalpy_d: Their derivatives, shape (pipes, slots, directions).
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
        size=np.zeros((rows, slots)),
        enthalpy=np.zeros((rows, slots)),
        size_d=np.zeros((rows, slots, directions)),
        enthalpy_d=np.zeros((rows, slots, directions)),
    )


@inlined
def join(row: Row, at: int, slot: int, other: int, used: int) -> None:
    """Merge entry `other` into `slot`, conserving energy."""
    a = row.size[at, slot]
    b = row.size[at, other]
    total = a + b
    if total <= 0.0:
        return
    difference = row.enthalpy[at, other] - row.enthalpy[at, slot]
    share = b / total
    for d in range(used):
        share_d = (row.size_d[at, other, d] * a - row.size_d[at, slot, d] * b) / (total * total)
        row.enthalpy_d[at, slot, d] += share_d * difference + share * (
            row.enthalpy_d[at, other, d] - row.enthalpy_d[at, slot, d]
        )
        row.size_d[at, slot, d] += row.size_d[at, other, d]
    row.enthalpy[at, slot] += share * difference
    row.size[at, slot] = total


@inlined
def _copy(row: Row, at: int, target: int, origin: int, used: int) -> None:
    row.size[at, target] = row.size[at, origin]
    row.enthalpy[at, target] = row.enthalpy[at, origin]
    for d in range(used):
        row.size_d[at, target, d] = row.size_d[at, origin, d]
        row.enthalpy_d[at, target, d] = row.enthalpy_d[at, origin, d]


@inner
def _make_room(row: Row, at: int, used: int) -> None:
    """Merge the two neighbours of a full row whose merging changes least."""
    ring = row.size.shape[1] - 1
    count = row.filled[at]
    head = row.head[at]
    best = 0
    least = math.inf
    for i in range(count - 1):
        a = (head + i) & ring
        b = (head + i + 1) & ring
        size_a = row.size[at, a]
        size_b = row.size[at, b]
        step = row.enthalpy[at, a] - row.enthalpy[at, b]
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
    ring = row.size.shape[1] - 1
    if row.filled[at] > ring:
        _make_room(row, at, used)
    slot = (row.head[at] + row.filled[at]) & ring
    row.filled[at] += 1
    row.size[at, slot] = size
    row.enthalpy[at, slot] = enthalpy
    return int(slot)


@inlined
def prepend(row: Row, at: int, size: float, enthalpy: float, used: int) -> int:
    """Add an entry at the start of a row and return its slot; its derivatives are the caller's."""
    ring = row.size.shape[1] - 1
    if row.filled[at] > ring:
        _make_room(row, at, used)
    row.head[at] = (row.head[at] - 1) & ring
    row.filled[at] += 1
    slot = row.head[at]
    row.size[at, slot] = size
    row.enthalpy[at, slot] = enthalpy
    return int(slot)


@inlined
def merge_last(row: Row, at: int, used: int) -> None:
    """Merge the last two entries of a row if they are alike."""
    count = row.filled[at]
    if count < 2:
        return
    ring = row.size.shape[1] - 1
    last = (row.head[at] + count - 1) & ring
    before = (row.head[at] + count - 2) & ring
    if abs(row.enthalpy[at, last] - row.enthalpy[at, before]) < ALIKE_J_KG:
        join(row, at, before, last, used)
        row.filled[at] = count - 1


@inlined
def merge_first(row: Row, at: int, used: int) -> None:
    """Merge the first two entries of a row if they are alike."""
    if row.filled[at] < 2:
        return
    ring = row.size.shape[1] - 1
    first = row.head[at]
    after = (first + 1) & ring
    if abs(row.enthalpy[at, first] - row.enthalpy[at, after]) < ALIKE_J_KG:
        join(row, at, after, first, used)
        row.head[at] = after
        row.filled[at] -= 1


@inlined
def cool(contents: Row, pipe: int, decay: float, ground: float, used: int) -> float:
    """Cool everything that lies in a pipe for a whole step; returns the heat lost, J."""
    ring = contents.size.shape[1] - 1
    fade = math.exp(-decay)
    lost = 0.0
    for i in range(contents.filled[pipe]):
        slot = (contents.head[pipe] + i) & ring
        above = contents.enthalpy[pipe, slot] - ground
        lost += contents.size[pipe, slot] * above * (1.0 - fade)
        contents.enthalpy[pipe, slot] = ground + above * fade
        for d in range(used):
            contents.enthalpy_d[pipe, slot, d] *= fade
    return lost
