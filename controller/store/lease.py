"""The lease: one engine a store. Its fence number only grows, so that a late writer is refused."""

import socket
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from controller.store.errors import LeaseLost
from controller.store.tables import LEASE

ENGINE = "engine"


def take_lease(
    connection: Connection, holder: str, now: datetime, lasts: timedelta, *, dead: str = ""
) -> int:
    """Become the store's one engine.

    Args:
        connection: From `Database.writing`.
        holder: Who asks, for messages.
        now: tz-aware.
        lasts: How long the lease holds without being renewed.
        dead: What the names of holders begin with that are known to be dead, because the caller
            has their lock: their lease is taken over at once.

    Returns:
        The fence number, larger than any before.

    Raises:
        LeaseLost: Another engine holds the lease.
    """
    row = connection.execute(
        select(LEASE).where(LEASE.c.name == ENGINE).with_for_update()
    ).one_or_none()
    if row is None:
        connection.execute(
            insert(LEASE).values(name=ENGINE, holder=holder, fence=1, expires_at=now + lasts)
        )
        return 1
    # A lease far in the future is one from before the clock was set back, not a living engine.
    known_dead = bool(dead) and row.holder.startswith(dead)
    if now < row.expires_at <= now + 2 * lasts and not known_dead:
        raise LeaseLost(
            f"{row.holder} holds the store until {row.expires_at.isoformat(timespec='seconds')}",
            remedy="stop it, or wait until then",
        )
    fence = int(row.fence) + 1
    connection.execute(
        update(LEASE)
        .where(LEASE.c.name == ENGINE)
        .values(holder=holder, fence=fence, expires_at=now + lasts)
    )
    return fence


def place_of(folder: Path) -> str:
    """Name a site's folder on this machine: who holds its lock is the only engine there.

    Args:
        folder: The site's folder.

    Returns:
        What the names of all holders from there begin with.
    """
    return f"{socket.gethostname()}:{folder.resolve()} "


def check_fence(connection: Connection, fence: int) -> None:
    """Make sure that no other engine has taken over, and keep it so until the transaction ends.

    Args:
        connection: From `Database.writing`.
        fence: The number that `take_lease` gave.

    Raises:
        LeaseLost: Another engine has the lease now.
    """
    row = connection.execute(
        select(LEASE).where(LEASE.c.name == ENGINE).with_for_update()
    ).one_or_none()
    if row is None or row.fence != fence:
        raise LeaseLost(f"fence {fence} is over; {row.holder if row else 'nobody'} has the store")


def renew_lease(connection: Connection, fence: int, now: datetime, lasts: timedelta) -> None:
    """Keep the lease.

    Args:
        connection: From `Database.writing`.
        fence: The number that `take_lease` gave.
        now: tz-aware.
        lasts: How long it holds from now.

    Raises:
        LeaseLost: Another engine has it now.
    """
    own = update(LEASE).where(LEASE.c.name == ENGINE, LEASE.c.fence == fence)
    if not connection.execute(own.values(expires_at=now + lasts)).rowcount:
        check_fence(connection, fence)  # which says who has it


def end_lease(connection: Connection, fence: int, now: datetime) -> None:
    """Give the lease back; does nothing where another engine has it.

    Args:
        connection: From `Database.writing`.
        fence: The number that `take_lease` gave.
        now: tz-aware.
    """
    connection.execute(
        update(LEASE).where(LEASE.c.name == ENGINE, LEASE.c.fence == fence).values(expires_at=now)
    )


def lease_holder(connection: Connection, now: datetime) -> str | None:
    """Tell who runs the store now.

    Args:
        connection: Any connection to the core.
        now: tz-aware.

    Returns:
        The holder, or None where no lease is in force.
    """
    row = connection.execute(select(LEASE).where(LEASE.c.name == ENGINE)).one_or_none()
    return None if row is None or row.expires_at <= now else str(row.holder)


def lease_end(connection: Connection) -> datetime | None:
    """Tell until when the last lease holds, or held.

    Args:
        connection: Any connection to the core.

    Returns:
        The instant, or None where no engine has ever run.
    """
    query = select(LEASE.c.expires_at).where(LEASE.c.name == ENGINE)
    return connection.execute(query).scalar_one_or_none()
