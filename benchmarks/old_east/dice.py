"""Seeded randomness that gives the same numbers on every machine and Python version."""

from collections.abc import Sequence
from random import Random


class Dice:
    """Draws from a seed; only `Random.random` is used, whose sequence Python guarantees."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def between(self, low: float, high: float) -> float:
        """Draw a number, evenly.

        Args:
            low: Least.
            high: Largest.

        Returns:
            The number.
        """
        return low + (high - low) * self._random.random()

    def whole(self, low: int, high: int) -> int:
        """Draw a whole number, evenly.

        Args:
            low: Least.
            high: Largest, may be drawn.

        Returns:
            The number.
        """
        return low + int((high - low + 1) * self._random.random())

    def one_of(self, choices: Sequence[float]) -> float:
        """Draw one of several values, evenly.

        Args:
            choices: The values.

        Returns:
            One of them.
        """
        return choices[int(len(choices) * self._random.random())]

    def normal(self) -> float:
        """Draw from the standard normal distribution (sum of twelve even draws).

        Returns:
            The number, between -6 and 6.
        """
        return sum(self._random.random() for _ in range(12)) - 6.0
