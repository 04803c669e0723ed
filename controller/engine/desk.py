"""The desk: answers what people ask through the store, each request once."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from controller.modes import Approve, Arm, Asked, Disarm, Hold, Reload, Resume
from controller.roles import Role
from controller.store.requests import Request

# What was asked so long ago is not done any more: whoever asked has given up waiting.
STALE_AFTER = timedelta(minutes=2)
# A changed set is certified first; whoever asked waits that long.
CHANGE_STALE_AFTER = timedelta(minutes=5)


class BadRequestError(ValueError):
    """A request that can not be understood."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the engine says to a request."""

    accepted: bool
    text: str


def event_of(
    request: Request,
    now: datetime,
    *,
    point_ids: frozenset[str] = frozenset(),
    until: datetime | None = None,
) -> Asked:
    """Turn a request into the modes' event.

    Args:
        request: What was asked.
        now: tz-aware UTC.
        point_ids: For `approve`: the set's points.
        until: For `approve`: the set's end.

    Returns:
        The event.

    Raises:
        BadRequestError: The kind is unknown, or something is missing from the body.
    """
    role = Role(request.role)
    if request.kind == "approve":
        assert until is not None
        return Approve(
            now=now,
            by=request.actor,
            role=role,
            set_id=text_of(request.body, "recommendation_id"),
            point_ids=point_ids,
            until=until,
        )
    if request.kind == "arm":
        return Arm(now=now, by=request.actor, role=role, until=instant_of(request.body, "until"))
    simple: Mapping[str, type[Disarm | Hold | Resume | Reload]] = {
        "disarm": Disarm,
        "hold": Hold,
        "resume": Resume,
        "reload": Reload,
    }
    if request.kind not in simple:
        raise BadRequestError(f"{request.kind} is nothing that can be asked")
    return simple[request.kind](now=now, by=request.actor, role=role)


def text_of(body: Mapping[str, Any], name: str) -> str:
    """Give a text of a request's body.

    Args:
        body: The body.
        name: Its key.

    Returns:
        The text.

    Raises:
        BadRequestError: It is not there, or no text.
    """
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequestError(f"{name} is missing")
    return value


def values_of(body: Mapping[str, Any], name: str) -> dict[str, float]:
    """Give numbers by name from a request's body.

    Args:
        body: The body.
        name: Their key.

    Returns:
        The numbers; none where the key is not there.

    Raises:
        BadRequestError: It is something else.
    """
    found = body.get(name, {})
    if not isinstance(found, Mapping):
        raise BadRequestError(f"{name} is no table of numbers")
    for key, value in found.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadRequestError(f"{name}: {key} is no number")
        if not math.isfinite(value):
            raise BadRequestError(f"{name}: {key} is no number")
    return {str(key): float(value) for key, value in found.items()}


def instant_of(body: Mapping[str, Any], name: str) -> datetime:
    """Give an instant of a request's body.

    Args:
        body: The body.
        name: Its key.

    Returns:
        The instant, tz-aware.

    Raises:
        BadRequestError: It is not there, or no instant with an offset.
    """
    try:
        value = datetime.fromisoformat(text_of(body, name))
    except ValueError as error:
        raise BadRequestError(f"{name} is no instant") from error
    if value.utcoffset() is None:
        raise BadRequestError(f"{name} has no offset from UTC")
    return value
