"""Users: a name, a role, and a password of which only an argon2 hash is kept."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from controller.roles import Role
from controller.store.errors import WeakPassword
from controller.store.tables import PASSES, USERS

SHORTEST_PASSWORD = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A person who may use the system."""

    name: str
    role: Role


def put_user(connection: Connection, name: str, role: Role, password: str, now: datetime) -> None:
    """Add a user, or give one a new role and password.

    Args:
        connection: From `Database.writing`.
        name: The user's name.
        role: What the user may do.
        password: In clear; only its hash is kept.
        now: tz-aware.

    Raises:
        WeakPassword: The password is too short, or is the name.
    """
    from argon2 import PasswordHasher

    if len(password) < SHORTEST_PASSWORD:
        raise WeakPassword(f"a password needs at least {SHORTEST_PASSWORD} characters")
    if password.casefold() == name.casefold():
        raise WeakPassword("a password must not be the name")
    secret = PasswordHasher().hash(password)
    remove_user(connection, name)
    connection.execute(
        insert(USERS).values(
            name=name, role=role.value, secret=secret, created_at=now, enabled=True
        )
    )


def remove_user(connection: Connection, name: str) -> bool:
    """Remove a user, whose sessions and tokens end; what the user did stays in the audit.

    Args:
        connection: From `Database.writing`.
        name: The user's name.

    Returns:
        Whether there was one.
    """
    connection.execute(delete(PASSES).where(PASSES.c.user == name))
    return bool(connection.execute(delete(USERS).where(USERS.c.name == name)).rowcount)


def authenticated(connection: Connection, name: str, password: str) -> User | None:
    """Check a password.

    Args:
        connection: Any connection to the core.
        name: The user's name.
        password: In clear.

    Returns:
        The user, or None where name and password do not fit together.
    """
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    row = connection.execute(select(USERS).where(USERS.c.name == name)).one_or_none()
    hasher = PasswordHasher()
    if row is None or not row.enabled:
        hasher.hash(password)  # a missing name must not answer sooner than a wrong password
        return None
    try:
        hasher.verify(row.secret, password)
    except (VerificationError, InvalidHashError):
        return None
    return User(name=row.name, role=Role(row.role))


def users(connection: Connection) -> tuple[User, ...]:
    """List the users by name.

    Args:
        connection: Any connection to the core.

    Returns:
        The users that may log in.
    """
    query = select(USERS).where(USERS.c.enabled).order_by(USERS.c.name)
    return tuple(User(name=row.name, role=Role(row.role)) for row in connection.execute(query))


def has_engineer(connection: Connection) -> bool:
    """Whether anybody is engineer or admin: without one, `run` refuses to start.

    Args:
        connection: Any connection to the core.

    Returns:
        Whether there is one.
    """
    able = [role.value for role in Role if role.may(Role.ENGINEER)]
    query = select(func.count()).select_from(USERS).where(USERS.c.enabled, USERS.c.role.in_(able))
    return bool(connection.execute(query).scalar_one())
