"""Users: who may do what; an admin adds, changes and removes them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from controller.console.access import Visitor, console_of, need
from controller.console.frame import show
from controller.roles import Role
from controller.store.audit import AuditEntry, append_audit
from controller.store.errors import WeakPassword
from controller.store.users import SHORTEST_PASSWORD, put_user, remove_user, users

router = APIRouter()


@router.get("/users")
def people(request: Request, visitor: Annotated[Visitor, Depends(need(Role.ADMIN))]) -> Response:
    """List them."""
    return _list(request, visitor, "")


@router.post("/users")
def put(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.ADMIN))],
    name: Annotated[str, Form(min_length=1, max_length=100)],
    role: Annotated[Role, Form()],
    password: Annotated[str, Form(max_length=1000)],
) -> Response:
    """Add a user, or give one a new role and password, which ends that user's sessions."""
    console = console_of(request)
    name = name.strip()
    if not name or not name.isprintable():
        return _list(request, visitor, visitor.words("users.bad_name"))
    if name == visitor.user.name and role is not Role.ADMIN:
        return _list(request, visitor, visitor.words("users.not_yourself"))
    now = console.clock()
    details = {"name": name, "role": role.value}
    entry = AuditEntry(at=now, actor=visitor.user.name, action="user add", details=details)
    try:
        with console.database.writing() as connection:
            put_user(connection, name, role, password, now)
            append_audit(connection, entry)
    except WeakPassword:
        text = visitor.words("users.weak", least=SHORTEST_PASSWORD)
        return _list(request, visitor, text)
    return RedirectResponse("/users", status_code=303)


@router.post("/users/remove")
def remove(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.ADMIN))],
    name: Annotated[str, Form(max_length=100)],
) -> Response:
    """Remove a user; what the user did stays in the audit."""
    console = console_of(request)
    if name == visitor.user.name:
        return _list(request, visitor, visitor.words("users.not_yourself"))
    with console.database.writing() as connection:
        if remove_user(connection, name):
            details = {"name": name}
            entry = AuditEntry(
                at=console.clock(), actor=visitor.user.name, action="user remove", details=details
            )
            append_audit(connection, entry)
    return RedirectResponse("/users", status_code=303)


def _list(request: Request, visitor: Visitor, problem: str) -> Response:
    with console_of(request).database.reading() as connection:
        found = users(connection)
    return show(
        request,
        visitor,
        "users.html",
        status=422 if problem else 200,
        people=found,
        roles=[str(one) for one in Role],
        problem=problem,
        least=SHORTEST_PASSWORD,
    )
