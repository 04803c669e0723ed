"""Changing a set: other values are asked for, reviewed as they are, certified again, approved."""

import math
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from controller.approvals import Recommendation
from controller.console.access import Visitor, console_of, need
from controller.console.asking import ask_engine, look_up
from controller.console.card import Change, changes
from controller.console.exact import problem_with
from controller.console.frame import show
from controller.console.pages.recommendation import find_advice, newest_id
from controller.console.settings import Console
from controller.console.snapshot import Snapshot
from controller.roles import Role

router = APIRouter()
# Nearer than this to what is recommended, nothing is changed.
SAME = 1e-3


@router.get("/recommendations/{name}/modify")
def ask_values(
    request: Request, name: str, visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))]
) -> Response:
    """Ask for other values of plants and pumps."""
    console = console_of(request)
    seen = console.snapshot()
    advice = find_advice(console, name)
    return show(
        request,
        visitor,
        "modify.html",
        seen=seen,
        advice=advice,
        members=_changeable(console, seen, advice, visitor),
        ranges=_ranges(console),
        problem=problem_with(seen, advice, None),
        newest_id=newest_id(seen),
    )


@router.get("/recommendations/{name}/changed")
def review(
    request: Request, name: str, visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))]
) -> Response:
    """Repeat what would be certified and approved."""
    console = console_of(request)
    seen = console.snapshot()
    advice = find_advice(console, name)
    wanted, wrong = _wanted(advice, dict(request.query_params))
    problem = problem_with(seen, advice, None) or wrong or ("" if wanted else "nothing")
    return _reviewed(request, visitor, seen, advice, wanted, problem)


@router.post("/recommendations/{name}/modify")
async def modify(
    request: Request,
    name: str,
    visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))],
    version: Annotated[str, Form(max_length=64)],
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Ask the engine to certify the changed set and to approve it as a whole."""
    console = console_of(request)
    seen = await run_in_threadpool(console.snapshot)
    advice = await run_in_threadpool(find_advice, console, name)
    form = {key: str(value) for key, value in (await request.form()).items()}
    carried = {key[6:]: value for key, value in form.items() if key.startswith("value:")}
    wanted, wrong = _wanted(advice, form)
    problem = problem_with(seen, advice, carried) or wrong or ("" if wanted else "nothing")
    if version != name:
        problem = problem or "other"
    said = ""
    if not problem:
        body = {"recommendation_id": name, "note": note.strip(), "modify": wanted}
        asked = await ask_engine(console, visitor.user, "approve", body)
        found = await run_in_threadpool(look_up, console, asked)
        if found is None or found.accepted is not False:
            return RedirectResponse(f"/?asked={asked}", status_code=303)
        problem, said = "refused", visitor.words.engine(found.answer or "")
    return await run_in_threadpool(_reviewed, request, visitor, seen, advice, wanted, problem, said)


def _reviewed(
    request: Request,
    visitor: Visitor,
    seen: Snapshot,
    advice: Recommendation,
    wanted: dict[str, float],
    problem: str,
    said: str = "",
) -> Response:
    console = console_of(request)
    return show(
        request,
        visitor,
        "changed.html",
        seen=seen,
        status=409 if problem else 200,
        advice=advice,
        members=changes(console, seen, advice, visitor.words),
        wanted=wanted,
        problem=problem,
        said=said,
    )


def _wanted(advice: Recommendation, given: dict[str, str]) -> tuple[dict[str, float], str]:
    """What is to be changed: values that differ from the recommended ones."""
    wanted = {}
    for member in advice.members:
        text = given.get(f"new:{member.element}", "").strip()
        if not text:
            continue
        try:
            value = float(text)
        except ValueError:
            return {}, "number"
        if not math.isfinite(value):
            return {}, "number"
        if abs(value - round(member.first, 1)) > SAME:
            wanted[member.element] = value
    return wanted, ""


def _changeable(
    console: Console, seen: Snapshot, advice: Recommendation, visitor: Visitor
) -> list[Change]:
    found = changes(console, seen, advice, visitor.words)
    return [row for row in found if not row.element.startswith("station:")]


def _ranges(console: Console) -> dict[str, tuple[float, float]]:
    network = console.site.district.network
    found = {
        f"plant:{one.plant_id}": (one.min_supply_temp_c, one.max_supply_temp_c)
        for one in network.plants
    }
    for pump in network.pumps:
        if pump.control == "speed":
            found[f"pump:{pump.pump_id}"] = (pump.min_speed_pct, pump.max_speed_pct)
    return found
