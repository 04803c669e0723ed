"""Numbers as people and spreadsheets write them into tables, read strictly."""

import re

# Python's own float() also takes 8_0 for 80 and the digits of every script: a slip of the keyboard
# would become another number instead of an error.
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def plain_number(text: str) -> float | None:
    """Read a decimal number with a point: ASCII digits, sign, exponent, nothing else.

    Args:
        text: What is written, blanks round it allowed.

    Returns:
        The number, infinite where it is too large for a float; None where there is no number.
    """
    stripped = text.strip()
    return float(stripped) if _PLAIN.fullmatch(stripped) else None
