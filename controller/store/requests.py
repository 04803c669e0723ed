"""What people ask of the engine: rows by an authenticated user, each answered by the engine."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from controller.store.tables import REQUESTS


@dataclass(frozen=True, kw_only=True)
class Request:
    """A question to the engine; `kind` such as `approve`, `role` the asker's at the time."""

    actor: str
    role: str
    kind: str
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it stands in the store; `accepted` and `answer` are None until answered."""

    request_id: int
    at: datetime
    request: Request
    answered_at: datetime | None
    accepted: bool | None
    answer: str | None


def ask(connection: Connection, request: Request, now: datetime) -> int:
    """Put a request to the engine.

    Args:
        connection: From `Database.writing`.
        request: What is asked, by whom.
        now: tz-aware.

    Returns:
        The request's number.
    """
    done = connection.execute(
        insert(REQUESTS)
        .values(
            at=now,
            actor=request.actor,
            role=request.role,
            kind=request.kind,
            body=json.dumps(dict(request.body), ensure_ascii=False, sort_keys=True),
        )
        .returning(REQUESTS.c.request_id)
    )
    return int(done.scalar_one())


def pending(connection: Connection) -> tuple[Asked, ...]:
    """Give the requests that wait for an answer, oldest first.

    Args:
        connection: Any connection to the core.

    Returns:
        The requests.
    """
    query = select(REQUESTS).where(REQUESTS.c.answered_at.is_(None)).order_by(REQUESTS.c.request_id)
    return tuple(_asked(row) for row in connection.execute(query).mappings())


def answer(
    connection: Connection, request_id: int, *, accepted: bool, text: str, now: datetime
) -> bool:
    """Answer a request once.

    Args:
        connection: From `Database.writing`.
        request_id: Its number.
        accepted: Whether what was asked is done or under way.
        text: Why, for people.
        now: tz-aware.

    Returns:
        False where it had been answered before.
    """
    done = connection.execute(
        update(REQUESTS)
        .where(REQUESTS.c.request_id == request_id, REQUESTS.c.answered_at.is_(None))
        .values(answered_at=now, accepted=accepted, answer=text)
    )
    return bool(done.rowcount)


def asked(connection: Connection, request_id: int) -> Asked | None:
    """Look a request up.

    Args:
        connection: Any connection to the core.
        request_id: Its number.

    Returns:
        The request with its answer, or None where there is none.
    """
    query = select(REQUESTS).where(REQUESTS.c.request_id == request_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _asked(row)


def _asked(row: RowMapping) -> Asked:
    return Asked(
        request_id=row["request_id"],
        at=row["at"],
        request=Request(
            actor=row["actor"], role=row["role"], kind=row["kind"], body=json.loads(row["body"])
        ),
        answered_at=row["answered_at"],
        accepted=row["accepted"],
        answer=row["answer"],
    )
