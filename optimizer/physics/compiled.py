"""The ways numeric code is compiled here: by numba, with the result kept on disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import config, njit
from numba.extending import register_jitable

Function = TypeVar("Function", bound=Callable[..., Any])


def _sources() -> tuple[tuple[str, int, int], ...]:
    """Name, time and size of every file that compiled code is made from: physics and the judge.

    numba looks at a function's own file only, and would go on using what it compiled from another
    file's former formulas.
    """
    here = Path(__file__).parent
    files = sorted([*here.glob("*.py"), *(here.parent / "judge").glob("*.py")])
    stats = [file.stat() for file in files]
    return tuple(
        (file.name, stat.st_mtime_ns, stat.st_size) for file, stat in zip(files, stats, strict=True)
    )


_SOURCES = _sources()


def _jit(function: Function, **options: bool) -> Function:
    """Compile, and keep the result: beside the source, else in the user's cache folder."""
    if config.DISABLE_JIT:
        return function
    dispatcher: Any = njit(error_model="numpy", **options)(function)
    try:
        dispatcher.enable_caching()
    except RuntimeError:  # numba: no folder can be written to; every process compiles for itself
        return cast(Function, dispatcher)
    file = dispatcher._cache._cache_file
    file._source_stamp = (file._source_stamp, _SOURCES)
    return cast(Function, dispatcher)


def compiled(function: Function) -> Function:
    """Compile a function to machine code at its first call, and keep the code for later processes.

    Args:
        function: A function of numbers, arrays and named tuples of them.

    Returns:
        The compiled function, called like the original.
    """
    return _jit(function)


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
    return _jit(
        function,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        _nrt=False,
    )


def inlined(function: Function) -> Function:
    """Compile a function into the body of each of its callers: for what inner loops call.

    Handing the arrays of a network from function to function costs more than small work does.

    Args:
        function: A function of numbers, arrays and named tuples of them.

    Returns:
        The compiled function, for other compiled functions to call.
    """
    return _jit(
        function,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        forceinline=True,
        _nrt=False,
    )


def outer(function: Function) -> Function:
    """Compile a function that Python calls with a whole network, and that allocates nothing.

    Other threads go on while it runs.

    Args:
        function: A function of numbers, arrays and named tuples of them.

    Returns:
        The compiled function, called like the original.
    """
    return _jit(function, no_cfunc_wrapper=True, _nrt=False, nogil=True)
