"""Tokens: what lets a program do over the API what its user may do."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from controller.console.access import Visitor, console_of, need
from controller.console.frame import show
from controller.report.numbers import local_time
from controller.roles import Role
from controller.store.audit import AuditEntry, append_audit
from controller.store.passes import TOKEN, issue, passes, withdraw

router = APIRouter()
LASTS_DAYS = (1, 30, 365)


@router.get("/tokens")
def tokens(request: Request, visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))]) -> Response:
    """List the reader's own tokens."""
    return _list(request, visitor, "")


@router.post("/tokens")
def make(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))],
    label: Annotated[str, Form(min_length=1, max_length=100)],
    days: Annotated[int, Form(ge=1, le=365)],
) -> Response:
    """Make one; it is shown this once."""
    console = console_of(request)
    now = console.wall()
    details = {"label": label, "days": days}
    entry = AuditEntry(
        at=console.clock(), actor=visitor.user.name, action="token add", details=details
    )
    with console.database.writing() as connection:
        until = now + timedelta(days=days)
        secret = issue(connection, TOKEN, visitor.user.name, label, now, until)
        append_audit(connection, entry)
    return _list(request, visitor, secret)


@router.post("/tokens/withdraw")
def end(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))],
    digest: Annotated[str, Form(max_length=64)],
) -> Response:
    """End one of the reader's own tokens."""
    console = console_of(request)
    now = console.wall()
    with console.database.writing() as connection:
        own = [one for one in passes(connection, TOKEN, now) if one.user == visitor.user.name]
        if any(one.digest == digest for one in own):
            withdraw(connection, digest)
            entry = AuditEntry(
                at=console.clock(), actor=visitor.user.name, action="token end", details={}
            )
            append_audit(connection, entry)
    return RedirectResponse("/tokens", status_code=303)


def _list(request: Request, visitor: Visitor, secret: str) -> Response:
    console = console_of(request)
    with console.database.reading() as connection:
        found = passes(connection, TOKEN, console.wall())
    return show(
        request,
        visitor,
        "tokens.html",
        secret=secret,
        lasts=LASTS_DAYS,
        tokens=[
            {
                "digest": one.digest,
                "label": one.label,
                "until": local_time(one.expires_at, console.zone),
            }
            for one in found
            if one.user == visitor.user.name
        ],
    )
