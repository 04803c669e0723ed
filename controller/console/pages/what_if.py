"""What if: weather, a limit, a pipe or a boiler changed on a copy, never near a write."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from controller.console.access import Visitor, console_of, need
from controller.console.card import limit_rows
from controller.console.forms import WrongFormError, number_in_form
from controller.console.frame import show
from controller.console.settings import Console
from controller.console.snapshot import Snapshot
from controller.console.studies import BusyError, Studies, Study
from controller.report.numbers import number, short_number
from controller.roles import Role
from controller.sitefiles.topology import cut_off_stations

router = APIRouter()
# What an operator may ask about; an engineer has the whole command. By name, the key of the file.
LIMITS = {
    "max_makeup": "limits.max_makeup_m3_h",
    "max_velocity": "limits.max_velocity_m_s",
    "boiling_margin": "limits.boiling_margin_k",
    "min_pressure": "limits.min_pressure_bar",
    "min_indoor": "comfort.min_indoor_c",
}
SHIFT_K = 30.0
MOST_MW = 1e5
MOST = 1e6


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
    shift_k: Annotated[str, Form(max_length=30)] = "0",
    pipe: Annotated[str, Form(max_length=100)] = "",
    limit: Annotated[str, Form(max_length=100)] = "",
    limit_value: Annotated[str, Form(max_length=30)] = "",
    lost_mw: Annotated[str, Form(max_length=30)] = "0",
) -> Response:
    """Start one."""
    console = console_of(request)
    seen = console.snapshot()
    if not seen.courses:
        return _page(request, visitor, "whatif.no_plan")
    say = visitor.words
    words = []
    if shift := _number(shift_k or "0", say("whatif.shift"), -SHIFT_K, SHIFT_K):
        words.append(f"--weather-shift={shift:g}")
    if pipe:
        if pipe not in console.site.district.network.pipe_index:
            raise WrongFormError("whatif.wrong.name", field=say("whatif.pipe"), given=pipe)
        words.append(f"--without-pipe={pipe}")
    if lost := _number(lost_mw or "0", say("whatif.lost"), 0.0, MOST_MW):
        words.append(f"--lost-boiler={lost:g}")
    if limit:
        if limit not in LIMITS:
            raise WrongFormError("whatif.wrong.name", field=say("whatif.limit"), given=limit)
        value = _number(limit_value, say(f"whatif.limit.{limit}"), -MOST, MOST)
        words.append(f"--set={LIMITS[limit]}={value:g}")
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
        cut_off=_cut_off(console, study),
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


def _number(text: str, field: str, low: float, high: float) -> float:
    """Read a number of the form; what is wrong with it is said with the field's name."""
    value = number_in_form(text)
    if not low <= value <= high:
        raise WrongFormError(
            "whatif.wrong.number",
            field=field,
            given=text.strip(),
            low=short_number(low),
            high=short_number(high),
        )
    return value


def _asked(study: Study, visitor: Visitor) -> str:
    """What a study asks, in the words of its form."""
    say = visitor.words
    labels = {
        "--weather-shift": say("whatif.shift"),
        "--without-pipe": say("whatif.pipe"),
        "--lost-boiler": say("whatif.lost"),
        **{f"--set={key}": say(f"whatif.limit.{name}") for name, key in LIMITS.items()},
    }
    said = []
    for word in study.words:
        cut = word.rpartition if word.startswith("--set=") else word.partition
        label, _, value = cut("=")
        said.append(say("whatif.asked_one", field=labels[label], value=value))
    return "; ".join(said) or say("whatif.nothing")


def _cut_off(console: Console, study: Study) -> tuple[str, ...]:
    """The stations that get no heat without the pipes that a study takes out."""
    out = {w.partition("=")[2] for w in study.words if w.startswith("--without-pipe=")}
    network = console.site.district.network
    pipes = tuple(
        replace(pipe, in_service=False) if pipe.pipe_id in out else pipe for pipe in network.pipes
    )
    return cut_off_stations(replace(network, pipes=pipes)) if out else ()


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
