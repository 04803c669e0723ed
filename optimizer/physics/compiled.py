"""The one way numeric code is compiled here: numba, with the result kept on disk."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function to machine code at its first call, and keep the code for later processes.

    Args:
        function: A function of numbers, arrays and named tuples of them.

    Returns:
        The compiled function, called like the original.
    """
    result: Function = njit(cache=True)(function)
    return result
