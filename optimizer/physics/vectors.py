"""Loops over vectors that compiled code writes out itself: numpy's own would allocate."""

from optimizer.model.arrays import FloatArray
from optimizer.physics.compiled import inner


@inner
def copy_into(target: FloatArray, values: FloatArray) -> None:
    """Copy a vector.

    Args:
        target: Receives the values, shape (n,).
        values: Shape (n,) or longer.
    """
    for i in range(len(target)):
        target[i] = values[i]


@inner
def add_scaled(target: FloatArray, factor: float, values: FloatArray) -> None:
    """Add a multiple of one vector to another.

    Args:
        target: Receives the sum, shape (n,).
        factor: What the values are multiplied by.
        values: Shape (n,) or longer.
    """
    for i in range(len(target)):
        target[i] += factor * values[i]


@inner
def total(values: FloatArray) -> float:
    """Sum of a vector.

    Args:
        values: Shape (n,).

    Returns:
        The sum.
    """
    result = 0.0
    for i in range(len(values)):
        result += values[i]
    return result


@inner
def column_total(values: FloatArray, column: int) -> float:
    """Sum of a column of a matrix.

    Args:
        values: Shape (n, m).
        column: Which column.

    Returns:
        The sum.
    """
    result = 0.0
    for i in range(len(values)):
        result += values[i, column]
    return result
