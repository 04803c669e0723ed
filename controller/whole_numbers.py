"""Whole numbers on a command line, within bounds."""

import argparse
from collections.abc import Callable

MOST_DIGITS = 100  # thousands of them are no number to Python


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Make a reader of whole numbers for `add_argument`.

    Args:
        least: Smallest that is taken.
        most: Largest.

    Returns:
        The reader; it refuses anything else with both bounds.
    """

    def read(text: str) -> int:
        digits = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
        if not digits or not least <= int(text) <= most:
            message = f"{text} is not a whole number from {least} to {most}"
            raise argparse.ArgumentTypeError(message)
        return int(text)

    return read
