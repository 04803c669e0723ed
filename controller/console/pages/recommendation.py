"""The recommendation in full, and deciding about it: as a whole, by value and version."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from controller.approvals import Recommendation, from_json
from controller.console.access import Visitor, console_of, need
from controller.console.asking import ask_engine, look_up
from controller.console.card import changes, effect_rows, limit_rows
from controller.console.courses import ahead_timelines, schedule_rows
from controller.console.exact import problem_with
from controller.console.frame import show
from controller.console.pages.overview import answer_to
from controller.console.settings import Console
from controller.console.snapshot import Snapshot
from controller.roles import Role
from controller.store.recommendations import by_id, decision_on

router = APIRouter()
VERDICTS = ("approve", "reject")


@router.get("/recommendation")
async def newest(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.VIEWER))],
    asked: int | None = None,
) -> Response:
    """Show the newest recommendation with its schedule."""

    def made() -> Response:
        console = console_of(request)
        seen = console.snapshot()
        return show(
            request,
            visitor,
            "recommendation.html",
            seen=seen,
            live=("head", "banner", "card"),
            timelines=ahead_timelines(console, seen, visitor.words),
            schedule=schedule_rows(console, seen, visitor.words),
            answer=answer_to(console, visitor, asked, seen.read_at),
        )

    return await run_in_threadpool(made)


@router.get("/recommendations/{name}/certificate")
def certificate(
    request: Request, name: str, visitor: Annotated[Visitor, Depends(need(Role.VIEWER))]
) -> Response:
    """Show every limit that the judge has looked at."""
    console = console_of(request)
    advice = find_advice(console, name)
    with console.database.reading() as connection:
        decision = decision_on(connection, name)
    return show(
        request,
        visitor,
        "certificate.html",
        advice=advice,
        decision=decision,
        limits=limit_rows(advice.limits, console, visitor.words),
        effect=effect_rows(advice.effect, console, visitor.words),
        members=changes(console, console.snapshot(), advice, visitor.words),
    )


@router.get("/recommendations/{name}/{verdict}")
def ask_first(
    request: Request,
    name: str,
    verdict: str,
    visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))],
) -> Response:
    """Repeat exactly what is decided about, before it is."""
    if verdict not in VERDICTS:
        raise HTTPException(404)
    console = console_of(request)
    seen = console.snapshot()
    advice = find_advice(console, name)
    problem = problem_with(seen, advice, None)
    return show(
        request,
        visitor,
        "decide.html",
        seen=seen,
        status=409 if problem else 200,
        verdict=verdict,
        advice=advice,
        members=changes(console, seen, advice, visitor.words),
        problem=problem,
        said="",
        note="",
    )


@router.post("/recommendations/{name}/{verdict}")
async def decide(
    request: Request,
    name: str,
    verdict: str,
    visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))],
    version: Annotated[str, Form(max_length=64)],
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Ask the engine, if what the operator saw is what would be decided about."""
    if verdict not in VERDICTS:
        raise HTTPException(404)
    console = console_of(request)
    seen = await run_in_threadpool(console.snapshot)
    advice = await run_in_threadpool(find_advice, console, name)
    form = await request.form()
    carried = {key[6:]: str(value) for key, value in form.items() if key.startswith("value:")}
    problem = problem_with(seen, advice, carried) or ("other" if version != name else "")
    said = ""
    if not problem:
        body = {"recommendation_id": name, "note": note.strip()}
        asked = await ask_engine(console, visitor.user, verdict, body)
        found = await run_in_threadpool(look_up, console, asked)
        if found is not None and found.accepted is False:
            problem, said = "refused", visitor.words.engine(found.answer or "")
        else:
            return RedirectResponse(f"/?asked={asked}", status_code=303)

    def refused() -> Response:
        return show(
            request,
            visitor,
            "decide.html",
            status=409,
            verdict=verdict,
            advice=advice,
            members=changes(console, seen, advice, visitor.words),
            problem=problem,
            said=said,
            note=note,
        )

    return await run_in_threadpool(refused)


def find_advice(console: Console, name: str) -> Recommendation:
    """Look a recommendation up.

    Args:
        console: The console.
        name: Its id.

    Returns:
        The recommendation.

    Raises:
        HTTPException: 404, there is none.
        StoreError: The store failed.
    """
    with console.database.reading() as connection:
        stored = by_id(connection, name)
    if stored is None:
        raise HTTPException(404)
    return from_json(stored.body)


def newest_id(seen: Snapshot) -> str | None:
    """Name the newest recommendation.

    Args:
        seen: The present.

    Returns:
        Its id, or None before the first.
    """
    return None if seen.advice is None else seen.advice.recommendation_id
