"""How the bench's numeric code is compiled, and kept only as long as none of its files changes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import config, njit

Function = TypeVar("Function", bound=Callable[..., Any])


def _sources() -> tuple[tuple[str, int, int], ...]:
    """Name, time and size of the plant's files: numba looks at a function's own only."""
    files = sorted(Path(__file__).parent.glob("plant_*.py"))
    stats = [file.stat() for file in files]
    return tuple((f.name, s.st_mtime_ns, s.st_size) for f, s in zip(files, stats, strict=True))


_SOURCES = _sources()


def compiled(function: Function) -> Function:
    """Compile a function of numbers, arrays and named tuples of them at its first call.

    Args:
        function: The function.

    Returns:
        The compiled function, called like the original.
    """
    if config.DISABLE_JIT:
        return function
    dispatcher: Any = njit(error_model="numpy", nogil=True)(function)
    try:
        dispatcher.enable_caching()
    except RuntimeError:  # no folder can be written to: every process compiles for itself
        return cast(Function, dispatcher)
    file = dispatcher._cache._cache_file
    file._source_stamp = (file._source_stamp, _SOURCES)
    return cast(Function, dispatcher)
