"""Watched limits: which entries of a trace they are made of, and their derivatives.

Each is a sum of at most two trace entries that must not pass an allowed value, so that its linear
forecast is a sum of two rows of the Jacobian.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.outcome import LimitKind
from optimizer.tangents import Rows

NO_ENTRY = -1


@dataclass(frozen=True, kw_only=True)
class WatchedLimits:
    """Linear limits: first_factor * entry + second_factor * other entry <= allowed.

    Attributes:
        kind: A `LimitKind` each.
        quantity, index, step: Entries, shape (limits, 2); quantity NO_ENTRY for none.
        factor: Their factors, shape (limits, 2).
        value, allowed, scale: Present value, limit and unit of nearness, shape (limits,).
    """

    kind: tuple[LimitKind, ...]
    quantity: IntArray
    index: IntArray
    step: IntArray
    factor: FloatArray
    value: FloatArray
    allowed: FloatArray
    scale: FloatArray

    @property
    def excess(self) -> FloatArray:
        """How far each value is past its limit, in scales."""
        return (self.value - self.allowed) / self.scale

    @cached_property
    def keys(self) -> list[tuple[object, ...]]:
        """What tells one limit from another: its kind, its entries and what is allowed."""
        parts = (self.quantity, self.index, self.step)
        entries = np.concatenate(parts, axis=1).tolist()
        signs = np.sign(self.factor[:, 0]).tolist()
        rest = zip(self.kind, signs, self.allowed.tolist(), entries, strict=True)
        return [(kind, sign, allowed, *entry) for kind, sign, allowed, entry in rest]

    @cached_property
    def names(self) -> list[tuple[object, ...]]:
        """Their keys without what is allowed, which is another one after each certificate."""
        return [(kind, sign, *entry) for kind, sign, _, *entry in self.keys]

    def without_twins(self) -> "WatchedLimits":
        """Pipes that begin at one node and may take the same have one limit."""
        first = {key: i for i, key in reversed(list(enumerate(self.keys)))}
        return self.chosen(np.array(sorted(first.values()), dtype=np.int64))

    def chosen(self, which: IntArray) -> "WatchedLimits":
        """Some of the limits.

        Args:
            which: Their positions.

        Returns:
            These limits.
        """
        return WatchedLimits(
            kind=tuple(self.kind[int(i)] for i in which),
            quantity=self.quantity[which],
            index=self.index[which],
            step=self.step[which],
            factor=self.factor[which],
            value=self.value[which],
            allowed=self.allowed[which],
            scale=self.scale[which],
        )


def joined(parts: list[WatchedLimits]) -> WatchedLimits:
    """Put watched limits into one list.

    Args:
        parts: Lists of limits.

    Returns:
        All of them, in order.
    """
    return WatchedLimits(
        kind=tuple(chain.from_iterable(part.kind for part in parts)),
        quantity=np.concatenate([part.quantity for part in parts]),
        index=np.concatenate([part.index for part in parts]),
        step=np.concatenate([part.step for part in parts]),
        factor=np.concatenate([part.factor for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        allowed=np.concatenate([part.allowed for part in parts]),
        scale=np.concatenate([part.scale for part in parts]),
    )


def worst_of(parts: list[WatchedLimits]) -> WatchedLimits:
    """Put the limits of several runs into one list, each once and with its worst value.

    Args:
        parts: Limits of each run.

    Returns:
        All of them, in the order of the runs.
    """
    if len(parts) == 1:
        return parts[0]
    every = joined(parts)
    worst: dict[tuple[object, ...], int] = {}
    for i, key in enumerate(every.keys):
        if key not in worst or every.value[i] > every.value[worst[key]]:
            worst[key] = i
    return every.chosen(np.array(list(worst.values()), dtype=np.int64))


def rows_of_limits(limits: WatchedLimits) -> Rows:
    """Trace entries that watched limits are made of, in two blocks: the first, then the second.

    Args:
        limits: The limits.

    Returns:
        Rows: one for each limit, then one for each that has a second entry.
    """
    two = _with_second(limits)
    return Rows(
        quantity=np.concatenate([limits.quantity[:, 0], limits.quantity[two, 1]]),
        index=np.concatenate([limits.index[:, 0], limits.index[two, 1]]),
        step=np.concatenate([limits.step[:, 0], limits.step[two, 1]]),
    )


def jacobian_of_limits(limits: WatchedLimits, rows: FloatArray) -> FloatArray:
    """Derivatives of watched limits from those of their entries.

    Args:
        limits: The limits.
        rows: Derivatives of `rows_of_limits`, in that order, shape (rows, decisions).

    Returns:
        Derivatives, shape (limits, decisions).
    """
    count, two = len(limits.kind), _with_second(limits)
    slope = limits.factor[:, :1] * rows[:count]
    slope[two] += limits.factor[two, 1:] * rows[count:]
    return slope


def _with_second(limits: WatchedLimits) -> IntArray:
    """Positions of the limits that are made of two entries."""
    return np.flatnonzero(limits.quantity[:, 1] != NO_ENTRY)
