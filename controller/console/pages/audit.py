"""The audit: who did what, and whether the chain of records is whole."""

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from controller.console.access import Visitor, console_of, need, words_of
from controller.console.frame import show
from controller.console.languages import Words
from controller.roles import Role
from controller.store.audit import last_records, verify_audit

router = APIRouter()
MOST_ROWS = 300
LOOKS_THROUGH = 5000
SEARCHED = ("actor", "action", "recorded", "details")


@router.get("/audit")
def audit(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.ENGINEER))],
    text: str = "",
    verify: Annotated[bool, Query()] = False,
) -> Response:
    """List the newest records; follow the whole chain where asked to."""
    console, words = console_of(request), words_of(request)
    wanted = text.strip().casefold()
    with console.database.reading() as connection:
        records = last_records(connection, LOOKS_THROUGH if wanted else MOST_ROWS)
        verdict = verify_audit(connection) if verify else None
    rows = [
        {
            "seq": row["seq"],
            "at": row["at"].astimezone(console.zone).strftime("%Y-%m-%d %H:%M:%S"),
            "actor": row["actor"],
            "action": _action(row["action"], words),
            "recorded": row["action"],
            "details": _details(row["details"]),
            "hash": row["hash"],
        }
        for row in reversed(records)
    ]
    found = [
        row
        for row in rows
        if not wanted or wanted in " ".join(row[key] for key in SEARCHED).casefold()
    ]
    return show(request, visitor, "audit.html", rows=found[:MOST_ROWS], text=text, verdict=verdict)


def _action(recorded: str, words: Words) -> str:
    return words.maybe(f"audit.action.{recorded.replace(' ', '_')}", recorded)


def _details(text: str) -> str:
    found = json.loads(text)
    return ", ".join(f"{key}: {_plain(value)}" for key, value in found.items())


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
