"""Extremes of one limit at every element it concerns, and which of them are worth a line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.model.outcome import LimitKind, LimitResult

# An element this near its limit, as a share of the limit, is named beside the worst one.
NEAR_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class LimitTable:
    """The extremes of one limit over a run; all arrays have shape (elements,).

    Attributes:
        limit: Which limit.
        unit: Unit of worst, allowed and margin.
        where: Names of the elements; plants, pumps, pipes, nodes or stations, or "site".
        worst: The value nearest to the limit, or furthest beyond it.
        allowed: The limit.
        margin: Distance to the limit, positive inside.
        scale: What ten per cent are taken of: the limit's size where it is not zero.
        at_s: When, s after the start.
    """

    limit: LimitKind
    unit: str
    where: tuple[str, ...]
    worst: FloatArray
    allowed: FloatArray
    margin: FloatArray
    scale: FloatArray
    at_s: FloatArray


def upper_limit(
    limit: LimitKind,
    unit: str,
    where: Sequence[str],
    values: FloatArray,
    allowed: FloatArray,
    step_s: float,
) -> LimitTable:
    """Tabulate a limit that values must not exceed.

    Args:
        limit: Which limit.
        unit: Its unit.
        where: Names of the elements.
        values: Step values, shape (steps, elements).
        allowed: Limit of each element, shape (elements,).
        step_s: Step length, s.

    Returns:
        The table.
    """
    at = np.argmax(values, axis=0)
    worst = values[at, np.arange(len(where))]
    return LimitTable(
        limit=limit,
        unit=unit,
        where=tuple(where),
        worst=worst,
        allowed=allowed,
        margin=allowed - worst,
        scale=np.abs(allowed),
        at_s=at * step_s,
    )


def lower_limit(
    limit: LimitKind,
    unit: str,
    where: Sequence[str],
    values: FloatArray,
    allowed: FloatArray,
    step_s: float,
    scale: FloatArray | None = None,
) -> LimitTable:
    """Tabulate a limit that values must not fall below.

    Args:
        limit: Which limit.
        unit: Its unit.
        where: Names of the elements.
        values: Step values, shape (steps, elements).
        allowed: Limit of each element, shape (elements,).
        step_s: Step length, s.
        scale: What near is measured by; the limit's size when None.

    Returns:
        The table.
    """
    at = np.argmin(values, axis=0)
    worst = values[at, np.arange(len(where))]
    return LimitTable(
        limit=limit,
        unit=unit,
        where=tuple(where),
        worst=worst,
        allowed=allowed,
        margin=worst - allowed,
        scale=np.abs(allowed) if scale is None else scale,
        at_s=at * step_s,
    )


def tighter(first: LimitTable, second: LimitTable) -> LimitTable:
    """Keep of two tables of the same limit and elements the one with less margin, by element.

    Args:
        first: One table.
        second: The other: another member, or the other side of a range.

    Returns:
        The worst of both.
    """
    pick = second.margin < first.margin

    def chosen(name: str) -> FloatArray:
        values: FloatArray = np.where(pick, getattr(second, name), getattr(first, name))
        return values

    return LimitTable(
        limit=first.limit,
        unit=first.unit,
        where=first.where,
        worst=chosen("worst"),
        allowed=chosen("allowed"),
        margin=chosen("margin"),
        scale=chosen("scale"),
        at_s=chosen("at_s"),
    )


def limit_results(tables: Iterable[LimitTable], start: datetime) -> tuple[LimitResult, ...]:
    """List the worst element of every limit and each that is within 10 % of its own.

    Args:
        tables: One table for each limit that applies.
        start: Start of the run, tz-aware.

    Returns:
        The results, limits in the order given, within a limit the tightest first.
    """
    results: list[LimitResult] = []
    for table in tables:
        if not table.where:
            continue
        share = table.margin / np.maximum(table.scale, 1e-9)
        order = np.argsort(share, kind="stable")
        named = [order[0], *(i for i in order[1:] if share[i] < NEAR_SHARE)]
        results.extend(_result(table, int(i), start) for i in named)
    return tuple(results)


def _result(table: LimitTable, i: int, start: datetime) -> LimitResult:
    return LimitResult(
        limit=table.limit,
        where=table.where[i],
        time=start + timedelta(seconds=float(table.at_s[i])),
        worst=float(table.worst[i]),
        allowed=float(table.allowed[i]),
        margin=float(table.margin[i]),
        unit=table.unit,
    )
