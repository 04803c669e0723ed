"""A resident's complaint: taken down, answered, closed."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from controller.console.access import Visitor, console_of, need
from controller.console.forms import WrongFormError, number_in_form
from controller.knowing.complaint_desk import (
    COLDEST_C,
    WARMEST_C,
    answer,
    close,
    enter,
    says_nothing,
)
from controller.knowing.complaints import Report
from controller.roles import Role
from optimizer.estimate.triage import Verdict

router = APIRouter()
Operator = Annotated[Visitor, Depends(need(Role.OPERATOR))]
HERE = "/knowing"


@router.post("/complaints")
def add(
    request: Request,
    visitor: Operator,
    building: Annotated[str, Form(min_length=1, max_length=200)],
    flat: Annotated[str, Form(max_length=100)] = "",
    temp: Annotated[str, Form(max_length=10)] = "",
    radiator: Annotated[Literal["", "hot", "cold"], Form()] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Take a complaint down and weigh it."""
    console = console_of(request)
    if building.strip() not in console.site.district.network.building_index:
        raise WrongFormError("complaint.wrong.building", building=building.strip())
    report = Report(
        building_id=building.strip(),
        flat=flat.strip(),
        room_temp_c=_temperature(temp),
        radiator_hot=None if not radiator else radiator == "hot",
        note=note.strip(),
    )
    if says_nothing(report.room_temp_c, report.radiator_hot):
        raise WrongFormError("complaint.wrong.nothing")
    number, _ = enter(
        console.database, console.site, report, actor=visitor.user.name, now=console.clock()
    )
    return RedirectResponse(f"{HERE}?entered={number}#entered", status_code=303)


@router.post("/complaints/answer")
def say(request: Request, visitor: Operator, number: Annotated[int, Form(ge=1)]) -> Response:
    """Note that the resident has been answered; doing it twice changes nothing."""
    console = console_of(request)
    answer(console.database, number, actor=visitor.user.name, now=console.clock())
    return RedirectResponse(HERE, status_code=303)


@router.post("/complaints/close")
def end(
    request: Request,
    visitor: Operator,
    number: Annotated[int, Form(ge=1)],
    cause: Annotated[Verdict, Form()],
    outcome: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Close a complaint with what was found and done; doing it twice changes nothing."""
    console = console_of(request)
    close(
        console.database,
        number,
        cause=cause.value,
        outcome=outcome.strip(),
        actor=visitor.user.name,
        now=console.clock(),
    )
    return RedirectResponse(HERE, status_code=303)


def _temperature(text: str) -> float | None:
    if not text.strip():
        return None
    value = number_in_form(text)
    if not COLDEST_C <= value <= WARMEST_C:
        low, high = f"{COLDEST_C:g}", f"{WARMEST_C:g}"
        raise WrongFormError("complaint.wrong.temp", given=text.strip(), low=low, high=high)
    return value
