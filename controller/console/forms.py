"""Forms that people fill in: numbers as they are written, and what is said of wrong ones."""

import math


class WrongFormError(Exception):
    """A form of the pages was filled in wrongly; the phrase says how."""

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key, self.values = key, values


def number_in_form(text: str) -> float:
    """Read a number from a form, with a point or a comma.

    Args:
        text: What was filled in.

    Returns:
        The number; nan where it is none, so that every range refuses it.
    """
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return math.nan
