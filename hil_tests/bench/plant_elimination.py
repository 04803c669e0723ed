"""Elimination of a network's nodes in an order found once: the linear system of each iteration."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hil_tests.bench.compiled import compiled
from optimizer.model.arrays import FloatArray, IntArray


class Elimination(NamedTuple):
    """In which order nodes are eliminated, and what each one touches.

    Attributes:
        order: Nodes, first eliminated first, shape (nodes,).
        start: Where the later neighbours of the node at each place begin, shape (nodes + 1,).
        later: Those neighbours, one after the other.
        target: Entry that pair (a, b), a before b, of a node's neighbours changes; row by row.
        target_start: Where each node's pairs begin, shape (nodes + 1,).
        link_entry: Entry between the two ends of each link, -1 within one node, shape (links,).
        begin, end: Nodes of each link, shape (links,).
    """

    order: IntArray
    start: IntArray
    later: IntArray
    target: IntArray
    target_start: IntArray
    link_entry: IntArray
    begin: IntArray
    end: IntArray


def elimination(nodes: int, begin: Sequence[int], end: Sequence[int]) -> Elimination:
    """Find an order of least degree and the entries that elimination in it needs.

    Args:
        nodes: Number of nodes.
        begin: Node where each link begins.
        end: Node where it ends.

    Returns:
        The plan of elimination.
    """
    near: list[set[int]] = [set() for _ in range(nodes)]
    for a, b in zip(begin, end, strict=True):
        if a != b:
            near[a].add(int(b))
            near[b].add(int(a))
    order, later = _ordered(near)
    entry: dict[tuple[int, int], int] = {}
    for place, node in enumerate(order):
        for other in later[place]:
            entry[node, other] = entry[other, node] = len(entry) // 2
    targets = [[entry[a, b] for i, a in enumerate(row) for b in row[i + 1 :]] for row in later]
    return Elimination(
        order=np.array(order, dtype=np.int64),
        start=_starts(later),
        later=np.array([n for row in later for n in row], dtype=np.int64),
        target=np.array([n for row in targets for n in row], dtype=np.int64),
        target_start=_starts(targets),
        link_entry=np.array(
            [entry.get((int(a), int(b)), -1) for a, b in zip(begin, end, strict=True)],
            dtype=np.int64,
        ),
        begin=np.array(begin, dtype=np.int64),
        end=np.array(end, dtype=np.int64),
    )


def _ordered(near: list[set[int]]) -> tuple[list[int], list[list[int]]]:
    """Eliminate the node with the fewest neighbours, again and again."""
    left = set(range(len(near)))
    order, later = [], []
    while left:
        node = min(left, key=lambda n: (len(near[n]), n))
        left.remove(node)
        row = sorted(near[node])
        order.append(node)
        later.append(row)
        for other in row:
            near[other].discard(node)
            near[other].update(n for n in row if n != other)
    return order, later


def _starts(rows: list[list[int]]) -> IntArray:
    start = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in rows], out=start[1:])
    return start


@compiled
def solve(plan: Elimination, diagonal: FloatArray, entries: FloatArray, right: FloatArray) -> None:
    """Solve a symmetric system in place.

    Args:
        plan: The plan of elimination.
        diagonal: Diagonal, shape (nodes,); destroyed.
        entries: Entries off it, by number, shape (entries,); destroyed.
        right: Right side, shape (nodes,); becomes the solution.
    """
    for place in range(len(plan.order)):
        node = plan.order[place]
        first, last = plan.start[place], plan.start[place + 1]
        pair = plan.target_start[place]
        for a in range(first, last):
            factor = entries[a] / diagonal[node]
            other = plan.later[a]
            diagonal[other] -= factor * entries[a]
            right[other] -= factor * right[node]
            for b in range(a + 1, last):
                entries[plan.target[pair]] -= factor * entries[b]
                pair += 1
    for place in range(len(plan.order) - 1, -1, -1):
        node = plan.order[place]
        value = right[node]
        for a in range(plan.start[place], plan.start[place + 1]):
            value -= entries[a] * right[plan.later[a]]
        right[node] = value / diagonal[node]
