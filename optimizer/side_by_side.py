"""Two things at a time: compiled runs release the interpreter and share two cores."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
First = TypeVar("First")
Second = TypeVar("Second")

AT_A_TIME = 2


def side_by_side(run: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Do the same for several things.

    Args:
        run: What to do; compiled code that releases the interpreter.
        items: For what.

    Returns:
        The results, in order.
    """
    ordered = list(items)
    if len(ordered) == 1:
        return [run(ordered[0])]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return list(pool.map(run, ordered))


def both(first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
    """Do two different things.

    Args:
        first: What to do here; compiled code that releases the interpreter.
        second: What to do beside it.

    Returns:
        What came of each.
    """
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(second)
        return first(), beside.result()
