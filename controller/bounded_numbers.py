"""Numbers on a command line, within bounds."""

import argparse
from collections.abc import Callable


def number_between(least: float, most: float) -> Callable[[str], float]:
    """Make a reader of numbers for `add_argument`.

    Args:
        least: Smallest that is taken.
        most: Largest.

    Returns:
        The reader; it refuses anything else, nan too, with both bounds.
    """

    def read(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = float("nan")
        if not least <= found <= most:
            message = f"{text} is not a number from {least:g} to {most:g}"
            raise argparse.ArgumentTypeError(message)
        return found

    return read
