"""From a page to the engine: a request in the store by a signed-in user, and its answer."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool

from controller.console.settings import Console
from controller.store.requests import Asked, Request, ask, asked
from controller.store.users import User

PATIENCE_S = 10.0
LOOK_EVERY_S = 0.2


class NoEngineError(Exception):
    """No engine runs, or it is stuck: nobody would answer."""


async def ask_engine(console: Console, user: User, kind: str, body: Mapping[str, Any]) -> int:
    """Put a request and wait a while for its answer.

    Args:
        console: The console.
        user: Who asks.
        kind: What is asked.
        body: The rest of it.

    Returns:
        The request's number; whether it has been answered stands in the store.

    Raises:
        NoEngineError: There is nobody to answer.
        TooOftenError: The user asks too often.
        StoreError: The store failed.
    """
    console.quota.take(user.name)
    number = await run_in_threadpool(_put, console, user, kind, body)
    give_up_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_s:
        found = await run_in_threadpool(look_up, console, number)
        if found is not None and found.answered_at is not None:
            break
        await asyncio.sleep(LOOK_EVERY_S)
    return number


def look_up(console: Console, number: int) -> Asked | None:
    """Give a request as it stands.

    Args:
        console: The console.
        number: The request's number.

    Returns:
        The request, or None where there is none.

    Raises:
        StoreError: The store failed.
    """
    with console.database.reading() as connection:
        return asked(connection, number)


def _put(console: Console, user: User, kind: str, body: Mapping[str, Any]) -> int:
    seen = console.snapshot()
    if seen.is_stale(seen.read_at):
        raise NoEngineError
    request = Request(actor=user.name, role=user.role.value, kind=kind, body=body)
    with console.database.writing() as connection:
        return ask(connection, request, console.clock())
