"""Sparse LDL' factorisation of a symmetric matrix whose pattern never changes.

The nodal equations of a pipe network have one pattern for ever, and a new set of numbers at every
Newton step. The ordering and the symbolic analysis are done once; the numeric part is compiled.

Source: T. A. Davis, Direct Methods for Sparse Linear Systems, SIAM 2006, chapter 4 (up-looking
factorisation along the elimination tree), doi 10.1137/1.9780898718881.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu

from optimizer.model.arrays import FloatArray, IntArray
from optimizer.physics.compiled import inner, outer


class Pattern(NamedTuple):
    """Symbolic analysis of a symmetric matrix in elimination order.

    Attributes:
        order: Position in elimination order of each unknown, shape (n,).
        upper_start: First upper entry of each column, in elimination order, shape (n + 1,).
        upper_row: Row of each upper entry (row < column), shape (entries,).
        row_start: First entry of each row of L, shape (n + 1,).
        row_column: Column of each entry of L by rows, ascending, shape (fill,).
        column_start: First entry of each column of L, shape (n + 1,).
        column_row: Row of each entry of L by columns, ascending, shape (fill,).
    """

    order: IntArray
    upper_start: IntArray
    upper_row: IntArray
    row_start: IntArray
    row_column: IntArray
    column_start: IntArray
    column_row: IntArray


def analyse(size: int, first: IntArray, second: IntArray) -> tuple[Pattern, IntArray]:
    """Order the unknowns and find the pattern of L.

    Args:
        size: Number of unknowns.
        first: One end of each off-diagonal pair, shape (pairs,); repeated pairs are allowed.
        second: The other end, shape (pairs,).

    Returns:
        The pattern, and for each pair the position of its entry among the upper entries.
    """
    order = _minimum_degree_order(size, first, second)
    low = np.minimum(order[first], order[second])
    high = np.maximum(order[first], order[second])
    keys, position = np.unique(high * size + low, return_inverse=True)
    upper_start = np.searchsorted(keys, np.arange(size + 1) * size).astype(np.int64)
    upper_row = (keys % size).astype(np.int64) if size else keys.astype(np.int64)
    parent = np.full(size, -1, dtype=np.int64)
    count = np.zeros(size, dtype=np.int64)
    entries = _count_factor(upper_start, upper_row, parent, np.full_like(parent, -1), count)
    column_start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    column_row = np.zeros(entries, dtype=np.int64)
    following = column_start[:-1].copy()
    _fill_factor(upper_start, upper_row, parent, np.full_like(parent, -1), following, column_row)
    row_start = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(np.bincount(column_row, minlength=size), out=row_start[1:])
    columns = np.repeat(np.arange(size), count)
    pattern = Pattern(
        order=order,
        upper_start=upper_start,
        upper_row=upper_row,
        row_start=row_start,
        row_column=columns[np.argsort(column_row, kind="stable")].astype(np.int64),
        column_start=column_start,
        column_row=column_row,
    )
    return pattern, position.astype(np.int64)


def _minimum_degree_order(size: int, first: IntArray, second: IntArray) -> IntArray:
    """Order by multiple minimum degree, as SuperLU does it."""
    degree = np.bincount(np.concatenate([first, second]), minlength=size)
    rows = np.concatenate([first, second, np.arange(size)])
    columns = np.concatenate([second, first, np.arange(size)])
    values = np.concatenate([-np.ones(2 * len(first)), degree + 1.0])
    matrix = csc_matrix((values, (rows, columns)), shape=(size, size))
    factor = splu(
        matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
    )
    return np.asarray(factor.perm_c, dtype=np.int64)


@outer
def _count_factor(
    upper_start: IntArray, upper_row: IntArray, parent: IntArray, flag: IntArray, count: IntArray
) -> int:
    """Count the entries of each column of L: what the upper entries reach in the elimination tree.

    `parent` and `flag` come in as -1 throughout, `count` as 0. Returns the number of entries.
    """
    entries = 0
    for k in range(len(parent)):
        flag[k] = k
        for entry in range(upper_start[k], upper_start[k + 1]):
            i = upper_row[entry]
            while flag[i] != k:
                if parent[i] == -1:
                    parent[i] = k
                count[i] += 1
                entries += 1
                flag[i] = k
                i = parent[i]
    return entries


@outer
def _fill_factor(
    upper_start: IntArray,
    upper_row: IntArray,
    parent: IntArray,
    flag: IntArray,
    following: IntArray,
    column_row: IntArray,
) -> None:
    """List the rows of each column of L, ascending.

    `flag` comes in as -1 throughout, `following` as the first entry of each column.
    """
    for k in range(len(parent)):
        flag[k] = k
        for entry in range(upper_start[k], upper_start[k + 1]):
            i = upper_row[entry]
            while flag[i] != k:
                column_row[following[i]] = k
                following[i] += 1
                flag[i] = k
                i = parent[i]


@inner
def factorise(
    pattern: Pattern,
    diagonal: FloatArray,
    upper: FloatArray,
    factor: FloatArray,
    pivots: FloatArray,
    filled: IntArray,
    work: FloatArray,
) -> None:
    """Compute L and D of a matrix in elimination order.

    Args:
        pattern: The symbolic analysis.
        diagonal: Diagonal in elimination order, shape (n,).
        upper: Upper entries, shape (entries,).
        factor: Receives the entries of L by columns, shape (fill,).
        pivots: Receives D, shape (n,).
        filled: Working memory, shape (n,).
        work: Working memory of zeros, left as zeros, shape (n,).
    """
    size = len(diagonal)
    for k in range(size):
        filled[k] = pattern.column_start[k]
    for k in range(size):
        pivot = diagonal[k]
        for entry in range(pattern.upper_start[k], pattern.upper_start[k + 1]):
            work[pattern.upper_row[entry]] = upper[entry]
        for entry in range(pattern.row_start[k], pattern.row_start[k + 1]):
            j = pattern.row_column[entry]
            value = work[j]
            work[j] = 0.0
            for p in range(pattern.column_start[j], filled[j]):
                work[pattern.column_row[p]] -= factor[p] * value
            scaled = value / pivots[j]
            pivot -= scaled * value
            factor[filled[j]] = scaled
            filled[j] += 1
        pivots[k] = pivot


@inner
def solve(pattern: Pattern, factor: FloatArray, pivots: FloatArray, values: FloatArray) -> None:
    """Solve L D L' x = b in place, for one right-hand side.

    Args:
        pattern: The symbolic analysis.
        factor: Entries of L.
        pivots: D.
        values: Right-hand side in elimination order, replaced by the solution, shape (n,).
    """
    size = len(pivots)
    for j in range(size):
        value = values[j]
        if value != 0.0:
            for p in range(pattern.column_start[j], pattern.column_start[j + 1]):
                values[pattern.column_row[p]] -= factor[p] * value
        values[j] = value / pivots[j]
    for j in range(size - 1, -1, -1):
        value = values[j]
        for p in range(pattern.column_start[j], pattern.column_start[j + 1]):
            value -= factor[p] * values[pattern.column_row[p]]
        values[j] = value


@inner
def solve_many(
    pattern: Pattern, factor: FloatArray, pivots: FloatArray, values: FloatArray, used: int
) -> None:
    """Solve L D L' X = B in place for several right-hand sides.

    Args:
        pattern: The symbolic analysis.
        factor: Entries of L.
        pivots: D.
        values: Right-hand sides in elimination order, replaced by the solution, shape (n, any).
        used: Number of leading columns of `values` to solve for.
    """
    size = len(pivots)
    for j in range(size):
        for p in range(pattern.column_start[j], pattern.column_start[j + 1]):
            i = pattern.column_row[p]
            coefficient = factor[p]
            for d in range(used):
                values[i, d] -= coefficient * values[j, d]
    for j in range(size - 1, -1, -1):
        inverse = 1.0 / pivots[j]
        for d in range(used):
            values[j, d] *= inverse
        for p in range(pattern.column_start[j], pattern.column_start[j + 1]):
            i = pattern.column_row[p]
            coefficient = factor[p]
            for d in range(used):
                values[j, d] -= coefficient * values[i, d]
