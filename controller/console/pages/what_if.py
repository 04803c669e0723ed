"""What if: weather, a limit, a pipe or a boiler changed on a copy, never near a write."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from controller.console.access import Visitor, console_of, need
from controller.console.card import limit_rows
from controller.console.frame import show
from controller.console.settings import Console
from controller.console.snapshot import Snapshot
from controller.console.studies import BusyError, Studies, Study
from controller.report.numbers import number
from controller.roles import Role

router = APIRouter()
# What an operator may ask about; an engineer has the whole command.
LIMITS = (
    "limits.max_makeup_m3_h",
    "limits.max_velocity_m_s",
    "limits.boiling_margin_k",
    "limits.min_pressure_bar",
    "comfort.min_indoor_c",
)
SHIFT_K = 30.0


@router.get("/what-if")
def what_if(
    request: Request, visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))]
) -> Response:
    """Ask, and list what has been asked."""
    return _page(request, visitor, "")


@router.post("/what-if")
def begin(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))],
    shift_k: Annotated[float, Form(ge=-SHIFT_K, le=SHIFT_K)] = 0.0,
    pipe: Annotated[str, Form(max_length=100)] = "",
    limit: Annotated[str, Form(max_length=100)] = "",
    limit_value: Annotated[str, Form(max_length=30)] = "",
    lost_mw: Annotated[float, Form(ge=0, le=1e5)] = 0.0,
) -> Response:
    """Start one."""
    console = console_of(request)
    seen = console.snapshot()
    if not seen.courses:
        return _page(request, visitor, "whatif.no_plan")
    if pipe and pipe not in console.site.district.network.pipe_index:
        raise HTTPException(422)
    words = _words(shift_k, pipe, limit, limit_value, lost_mw)
    try:
        study = studies_of(request).begin(console, seen, visitor.user.name, words)
    except BusyError:
        return _page(request, visitor, "whatif.busy")
    return RedirectResponse(f"/what-if/{study.number}", status_code=303)


@router.get("/what-if/{name}")
def result(
    request: Request, name: int, visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))]
) -> Response:
    """Show one, running or done."""
    study = studies_of(request).kept.get(name)
    if study is None:
        raise HTTPException(404)
    console = console_of(request)
    seen = console.snapshot()
    rows = None if study.plan is None else _compared(console, seen, study.plan)
    limits = (
        []
        if study.plan is None
        else [one for one in limit_rows(study.plan["limits"], console, visitor.words) if one.near]
    )
    return show(
        request,
        visitor,
        "study.html",
        seen=seen,
        study=study,
        asked=_asked(study, visitor),
        rows=rows,
        limits=limits[:12],
    )


@router.post("/what-if/{name}/cancel")
def cancel(
    request: Request, name: int, visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))]
) -> Response:
    """End one that is running."""
    studies_of(request).cancel(name)
    return RedirectResponse("/what-if", status_code=303)


def studies_of(request: Request) -> Studies:
    """Give the console's studies.

    Args:
        request: The request.

    Returns:
        The studies.
    """
    studies: Studies = request.app.state.studies
    return studies


def _page(request: Request, visitor: Visitor, problem: str) -> Response:
    console = console_of(request)
    studies = sorted(studies_of(request).kept.values(), key=lambda one: -one.number)
    return show(
        request,
        visitor,
        "what_if.html",
        status=409 if problem else 200,
        problem=problem,
        pipes=[one.pipe_id for one in console.site.district.network.pipes if one.in_service],
        limits=LIMITS,
        shift_k=SHIFT_K,
        studies=[{"study": one, "asked": _asked(one, visitor)} for one in studies],
    )


def _words(shift_k: float, pipe: str, limit: str, limit_value: str, lost_mw: float) -> list[str]:
    words = []
    if shift_k:
        words += [f"--weather-shift={shift_k:g}"]
    if pipe:
        words += [f"--without-pipe={pipe}"]
    if lost_mw:
        words += [f"--lost-boiler={lost_mw:g}"]
    if limit:
        try:
            value = float(limit_value)
        except ValueError:
            raise HTTPException(422) from None
        if limit not in LIMITS or not abs(value) < 1e6:
            raise HTTPException(422)
        words += [f"--set={limit}={value:g}"]
    return words


def _asked(study: Study, visitor: Visitor) -> str:
    said = ", ".join(word.removeprefix("--") for word in study.words)
    return said or visitor.words("whatif.nothing")


def _compared(console: Console, seen: Snapshot, plan: dict[str, Any] | Any) -> list[dict[str, str]]:
    """The answer beside the newest recommendation and the answer's own weather curve."""
    effect = seen.body.get("effect", {})
    currency = console.site.district.prices.currency
    rows = []
    for key, group, name, digits in (
        ("effect.cost", "cost", "total", 0),
        ("effect.worst_short", "comfort", "max_shortfall_k", 2),
        ("effect.short_k_h", "comfort", "shortfall_k_h", 1),
        ("effect.mean_end", "comfort", "mean_indoor_end_c", 2),
    ):
        rows.append(
            {
                "key": key,
                "currency": currency,
                "now": number(effect.get(group, {}).get(name), digits),
                "what": number(plan[group][name], digits),
                "baseline": number(plan["baseline"][group][name], digits),
            }
        )
    return rows
