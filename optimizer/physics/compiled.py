"""The ways numeric code is compiled here: by numba, with the result kept on disk."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit
from numba.extending import register_jitable

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function to machine code at its first call, and keep the code for later processes.

    Args:
        function: A function of numbers, arrays and named tuples of them.

    Returns:
        The compiled function, called like the original.
    """
    result: Function = njit(cache=True, error_model="numpy")(function)
    return result


def compilable(function: Function) -> Function:
    """Let compiled code compile a function; called from Python it stays what it is.

    For formulas that take arrays as well as numbers: every kind of array would cost a compilation.

    Args:
        function: A formula of numbers or arrays.

    Returns:
        The function.
    """
    result: Function = register_jitable(function)
    return result


def inner(function: Function) -> Function:
    """Compile a function that only compiled code calls, and that allocates nothing.

    Without a way in from Python and without counting references to the many arrays of a network it
    compiles and runs several times faster.

    Args:
        function: A function of numbers, arrays and named tuples of them.

    Returns:
        The compiled function, for other compiled functions to call.
    """
    result: Function = njit(
        cache=True,
        error_model="numpy",
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        _nrt=False,
    )(function)
    return result


def inlined(function: Function) -> Function:
    """Compile a function into the body of each of its callers: for what inner loops call.

    Handing the arrays of a network from function to function costs more than small work does.

    Args:
        function: A function of numbers, arrays and named tuples of them.

    Returns:
        The compiled function, for other compiled functions to call.
    """
    result: Function = njit(
        cache=True,
        error_model="numpy",
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        forceinline=True,
        _nrt=False,
    )(function)
    return result


def outer(function: Function) -> Function:
    """Compile a function that Python calls with a whole network, and that allocates nothing.

    Args:
        function: A function of numbers, arrays and named tuples of them.

    Returns:
        The compiled function, called like the original.
    """
    result: Function = njit(cache=True, error_model="numpy", no_cfunc_wrapper=True, _nrt=False)(
        function
    )
    return result
