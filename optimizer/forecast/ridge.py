"""Ridge regression for each hour of the day, neighbouring hours sharing what they learn.

Normal equations are summed for each hour of the day once; each hour then solves those of all hours,
weighted by their distance on the clock, so that the width of the kernel and the penalty can be
tried at the cost of small solves, and blocks held back at the cost of a difference.

Source: Hoerl and Kennard (1970), doi:10.1080/00401706.1970.10488634; kernel weights in the manner
of local regression, Cleveland and Devlin (1988), doi:10.1080/01621459.1988.10478639.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.linalg import solve

from optimizer.forecast.known import DAY_H
from optimizer.model.arrays import FloatArray, IntArray

# Features beyond this many standard deviations are taken for the edge of what is known.
CLIPPED = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What a regression is told beforehand.

    Attributes:
        penalty: Weight of the penalty, in rows.
        width_h: Width of the kernel over the hours of the day, h; infinite for one for all hours.
    """

    penalty: float
    width_h: float


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How features are standardised, each of shape (features,)."""

    mean: FloatArray
    spread: FloatArray

    def table(self, rows: FloatArray) -> FloatArray:
        """Standardise.

        Args:
            rows: Features, shape (rows, features).

        Returns:
            The same, clipped, with a column of ones, shape (rows, features + 1).
        """
        table = np.clip((rows - self.mean) / self.spread, -CLIPPED, CLIPPED)
        return np.concatenate([table, np.ones((len(rows), 1))], axis=1)


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Normal equations by hour of the day: (24, n, n) and (24, n), the constant last."""

    gram: FloatArray
    moment: FloatArray

    def without(self, other: "Sums") -> "Sums":
        """Take rows out again.

        Args:
            other: Sums of those rows.

        Returns:
            What is left.
        """
        return Sums(gram=self.gram - other.gram, moment=self.moment - other.moment)


@dataclass(frozen=True, kw_only=True)
class HourlyRidge:
    """A regression for each hour of the day; coefficients of shape (24, features + 1)."""

    scale: Scale
    coefficients: FloatArray

    def predict(self, rows: FloatArray, hours: IntArray) -> FloatArray:
        """Predict.

        Args:
            rows: Features, shape (rows, features).
            hours: Local hour of each, shape (rows,).

        Returns:
            Shape (rows,).
        """
        return predicted(self.scale.table(rows), self.coefficients, hours)


def scale_of(rows: FloatArray) -> Scale:
    """Find how to standardise.

    Args:
        rows: Features, shape (rows, features).

    Returns:
        The scale; a feature that never changes is left out by it.
    """
    mean = rows.mean(axis=0)
    spread = rows.std(axis=0)
    return Scale(mean=mean, spread=np.where(spread > 1e-9 + 1e-6 * np.abs(mean), spread, np.inf))


def predicted(table: FloatArray, coefficients: FloatArray, hours: IntArray) -> FloatArray:
    """Apply coefficients to a standardised table.

    Args:
        table: From `Scale.table`.
        coefficients: Shape (24, features + 1).
        hours: Local hour of each row.

    Returns:
        Shape (rows,).
    """
    return np.asarray(np.einsum("ij,ij->i", table, coefficients[hours]))


def sums_of(table: FloatArray, target: FloatArray, hours: IntArray) -> Sums:
    """Sum the normal equations.

    Args:
        table: Standardised features, shape (rows, n).
        target: What is to be predicted, shape (rows,).
        hours: Local hour of each row, shape (rows,).

    Returns:
        The sums.
    """
    size = table.shape[1]
    gram, moment = np.zeros((DAY_H, size, size)), np.zeros((DAY_H, size))
    for hour in range(DAY_H):
        own = hours == hour
        gram[hour] = table[own].T @ table[own]
        moment[hour] = table[own].T @ target[own]
    return Sums(gram=gram, moment=moment)


def coefficients_of(sums: Sums, shape: Shape) -> FloatArray:
    """Solve for the coefficients.

    Args:
        sums: The normal equations.
        shape: Penalty and kernel.

    Returns:
        Shape (24, features + 1).
    """
    size = sums.gram.shape[1]
    penalty = np.eye(size) * shape.penalty
    penalty[-1, -1] = 1e-6
    if np.isinf(shape.width_h):
        one = solve(sums.gram.sum(axis=0) + penalty, sums.moment.sum(axis=0), assume_a="pos")
        return np.tile(one, (DAY_H, 1))
    return np.stack([_one_hour(sums, shape, hour, penalty) for hour in range(DAY_H)])


def _one_hour(sums: Sums, shape: Shape, hour: int, penalty: FloatArray) -> FloatArray:
    apart = (np.arange(DAY_H) - hour + DAY_H // 2) % DAY_H - DAY_H // 2
    kernel = np.exp(-0.5 * (apart / shape.width_h) ** 2)
    gram = np.tensordot(kernel, sums.gram, axes=1) + penalty
    return np.asarray(solve(gram, kernel @ sums.moment, assume_a="pos"))


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Rows of one lead in order of time: features, what came of them and the local hour."""

    rows: FloatArray
    target: FloatArray
    hours: IntArray


def held_back(lesson: Lesson, shapes: Sequence[Shape], blocks: int) -> FloatArray:
    """Predict every row by regressions that have not seen its block of time.

    Args:
        lesson: The rows.
        shapes: Shapes to try.
        blocks: Number of blocks.

    Returns:
        Predictions, shape (shapes, rows).
    """
    table = scale_of(lesson.rows).table(lesson.rows)
    edges = np.linspace(0, len(table), blocks + 1).astype(int)
    parts = [slice(a, b) for a, b in pairwise(edges)]
    found = np.zeros((len(shapes), len(table)))
    whole = sums_of(table, lesson.target, lesson.hours)
    for part in parts:
        hours = lesson.hours[part]
        others = whole.without(sums_of(table[part], lesson.target[part], hours))
        for k, shape in enumerate(shapes):
            found[k, part] = predicted(table[part], coefficients_of(others, shape), hours)
    return found


def learned(lesson: Lesson, shapes: Sequence[Shape]) -> HourlyRidge:
    """Learn from all rows, as the mean of several shapes.

    Args:
        lesson: The rows.
        shapes: At least one.

    Returns:
        The regression.
    """
    scale = scale_of(lesson.rows)
    table = scale.table(lesson.rows)
    sums = sums_of(table, lesson.target, lesson.hours)
    coefficients = np.mean([coefficients_of(sums, shape) for shape in shapes], axis=0)
    return HourlyRidge(scale=scale, coefficients=coefficients)
