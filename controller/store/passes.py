"""What lets a user in without a password: a session of the console, a token of a program.

The secret itself is given out once; the store keeps its hash. A secret of 256 random bits needs no
slow hash: nobody tries them all.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from controller.roles import Role
from controller.store.tables import PASSES, USERS
from controller.store.users import User

SESSION, TOKEN = "session", "token"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """A session or token; `digest` names it, and opens nothing."""

    digest: str
    kind: str
    user: str
    label: str
    created_at: datetime
    expires_at: datetime


def issue(
    connection: Connection, kind: str, user: str, label: str, now: datetime, until: datetime
) -> str:
    """Let a user in from now on.

    Args:
        connection: From `Database.writing`.
        kind: SESSION or TOKEN.
        user: The user's name.
        label: What it is for, in the user's words.
        now: tz-aware.
        until: When it ends, tz-aware.

    Returns:
        The secret, which is not kept.
    """
    secret = secrets.token_urlsafe(32)
    connection.execute(delete(PASSES).where(PASSES.c.expires_at <= now))
    connection.execute(
        insert(PASSES).values(
            digest=digest_of(secret),
            kind=kind,
            user=user,
            label=label,
            created_at=now,
            expires_at=until,
        )
    )
    return secret


def holder(connection: Connection, kind: str, secret: str, now: datetime) -> User | None:
    """Tell whom a secret lets in, with the role that the user has now.

    Args:
        connection: Any connection to the core.
        kind: SESSION or TOKEN.
        secret: What was shown.
        now: tz-aware.

    Returns:
        The user; None where the secret is unknown, has ended, or the user is gone.
    """
    query = (
        select(USERS.c.name, USERS.c.role)
        .join(PASSES, PASSES.c.user == USERS.c.name)
        .where(
            PASSES.c.digest == digest_of(secret),
            PASSES.c.kind == kind,
            PASSES.c.expires_at > now,
            USERS.c.enabled,
        )
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else User(name=row.name, role=Role(row.role))


def passes(connection: Connection, kind: str, now: datetime) -> tuple[Pass, ...]:
    """List what is in force.

    Args:
        connection: Any connection to the core.
        kind: SESSION or TOKEN.
        now: tz-aware.

    Returns:
        Oldest first.
    """
    query = (
        select(PASSES)
        .where(PASSES.c.kind == kind, PASSES.c.expires_at > now)
        .order_by(PASSES.c.created_at)
    )
    return tuple(Pass(**row) for row in connection.execute(query).mappings())


def withdraw(connection: Connection, digest: str) -> bool:
    """End a session or token at once.

    Args:
        connection: From `Database.writing`.
        digest: Its hash.

    Returns:
        Whether there was one.
    """
    return bool(connection.execute(delete(PASSES).where(PASSES.c.digest == digest)).rowcount)


def digest_of(secret: str) -> str:
    """Hash a secret.

    Args:
        secret: What was given out.

    Returns:
        SHA-256, hexadecimal.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
