"""Standard output and error that may be missing, full or no longer read."""

import os
import select
import sys
from typing import TextIO


def complete_streams() -> None:
    """Put what swallows everything in the place of a stream that the program was started without.

    A service may be started so (`>&-`); Python then has None there.
    """
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the whole run
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the whole run


def silence_lost_streams() -> bool:
    """Let go of what a stream can no longer write: the interpreter would fail on it at its end.

    Returns:
        Whether one of the streams was lost.
    """
    lost = [stream for stream in (sys.stdout, sys.stderr) if _is_lost(stream)]
    for stream in lost:
        silence(stream)
    return bool(lost)


def silence(stream: TextIO) -> None:
    """Send what a stream still holds, and all that follows, nowhere.

    Args:
        stream: A stream of the process.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _is_lost(stream: TextIO) -> bool:
    """Whether what a stream still holds cannot be written, or its pipe has no reader any more."""
    try:
        stream.flush()
    except OSError:
        return True
    if not hasattr(select, "poll"):  # Windows, where the flush has told already
        return False
    try:
        descriptor = stream.fileno()
    except OSError:  # a stream in memory
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))
