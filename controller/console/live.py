"""The stream that keeps pages up to date: the store is read once for all of them.

Each part is drawn once a language and role, and sent to a page when it has changed; a beat every
second says how old the engine's word is. A page that hears no beat knows that it is cut off.
"""

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime

from starlette.concurrency import run_in_threadpool

from controller.console.access import Visitor
from controller.console.languages import Words
from controller.console.normal_range import normal_ranges
from controller.console.parts import CSRF_PLACE, PARTS, render_part
from controller.console.quota import TooOftenError
from controller.console.settings import Console
from controller.console.snapshot import Snapshot
from controller.problems import InputError
from controller.roles import Role
from controller.store.errors import StoreError

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
BEAT_EVERY_S = 1.0
CHECK_EVERY_S = 15.0
NORMAL_EVERY_S = 600.0
FOLLOW_AGAIN_S = 15.0
STORE_SILENT_AFTER_S = 4.0
# Pages that are open at once: of everybody, and of one user (a control room has many screens).
MOST_STREAMS, MOST_OF_ONE_USER = 200, 60
_Key = tuple[str, str, str]


class Live:
    """One reader of the store for every open page.

    Args:
        console: The console.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._seen: Snapshot | None = None
        self._latest: Snapshot | None = None
        self._looked_s = time.monotonic()
        self._drawn: dict[_Key, str] = {}
        self._changed = asyncio.Condition()
        self._normal_s = float("-inf")
        self._follow_from_s = float("-inf")
        self._ending = False
        self._open: Counter[str] = Counter()

    def admit(self, visitor: Visitor) -> None:
        """Refuse one page too many: each costs the server a connection and a task.

        Args:
            visitor: Who wants to look.

        Raises:
            TooOftenError: There are too many.
        """
        if self._open.total() >= MOST_STREAMS or self._open[visitor.user.name] >= MOST_OF_ONE_USER:
            raise TooOftenError

    async def run(self) -> None:
        """Read the store until cancelled; a store that fails makes every page stale."""
        try:
            while not self._ending:
                await run_in_threadpool(self._look)
                async with self._changed:
                    self._changed.notify_all()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            self._ending = True
            async with self._changed:
                self._changed.notify_all()

    def end(self) -> None:
        """Let every stream end by itself: a server waits for what is open."""
        self._ending = True

    async def stream(
        self, visitor: Visitor, parts: Sequence[str], still_in: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[str]:
        """Tell one page what changes.

        Args:
            visitor: Who looks.
            parts: The parts that the page has.
            still_in: Says whether the visitor's session goes on.

        Yields:
            Events as text.
        """
        self._open[visitor.user.name] += 1
        try:
            async for event in self._changes(visitor, parts, still_in):
                yield event
        finally:
            self._open[visitor.user.name] -= 1

    async def _changes(
        self, visitor: Visitor, parts: Sequence[str], still_in: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[str]:
        sent: dict[str, str] = {}
        beaten_s, checked_s = 0.0, time.monotonic()
        wanted = [name for name in parts if name in PARTS]
        while not self._ending:
            if time.monotonic() - checked_s >= CHECK_EVERY_S:
                checked_s = time.monotonic()
                if not await still_in():
                    yield _event("ended", "")
                    return
            seen = self._seen
            if seen is not None:
                for name in wanted:
                    drawn = self._draw(name, seen, visitor.words, visitor.user.role)
                    if sent.get(name) != drawn:
                        sent[name] = drawn
                        yield _event(name, drawn.replace(CSRF_PLACE, visitor.csrf))
            if time.monotonic() - beaten_s >= BEAT_EVERY_S:
                beaten_s = time.monotonic()
                yield _event("beat", json.dumps(self._beat()))
            async with self._changed:
                await self._changed.wait()

    def _beat(self) -> dict[str, object]:
        seen = self._latest
        if seen is None or time.monotonic() - self._looked_s > STORE_SILENT_AFTER_S:
            return {"age": None, "stale": True}
        age_s = seen.age_s(seen.read_at)
        return {
            "age": None if age_s is None else round(age_s),
            "stale": seen.is_stale(seen.read_at),
        }

    def _look(self) -> None:
        try:
            seen = self._console.snapshot()
            self._follow(seen)
            self._learn_normal(seen.read_at)
        except StoreError as error:
            log.warning("the store can not be read: %s", error)
            return
        self._looked_s = time.monotonic()
        before, self._latest = self._latest, seen
        same = (
            before is not None
            and before.published_at == seen.published_at
            and before.decision == seen.decision
            and before.is_stale(before.read_at) == seen.is_stale(seen.read_at)
        )
        if not same:
            self._seen, self._drawn = seen, {}

    def _follow(self, seen: Snapshot) -> None:
        if time.monotonic() < self._follow_from_s:
            return
        try:
            self._console.follow(seen)
        except InputError as error:
            self._follow_from_s = time.monotonic() + FOLLOW_AGAIN_S
            log.warning("the engine has read the site again, here it can not be read: %s", error)

    def _learn_normal(self, now: datetime) -> None:
        if time.monotonic() - self._normal_s >= NORMAL_EVERY_S:
            self._normal_s = time.monotonic()
            self._console.normal.update(normal_ranges(self._console, now))

    def _draw(self, name: str, seen: Snapshot, words: Words, role: Role) -> str:
        key = (name, words.language, role.value)
        drawn = self._drawn
        if key not in drawn:
            now = seen.read_at
            drawn[key] = str(render_part(name, self._console, seen, words, role, now))
        return drawn[key]


def _event(name: str, text: str) -> str:
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {name}\n{lines}\n"
