"""The same actions for programs: JSON with bearer tokens, described by OpenAPI."""

import json
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import AwareDatetime, BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from controller.approvals import from_json
from controller.console.access import NotAllowedError, NotSignedInError, console_of, need_token
from controller.console.answers import ConflictError, NothingError
from controller.console.api_knowing import add_knowing
from controller.console.asking import NoEngineError, ask_engine, look_up
from controller.console.exact import exact_values, problem_with
from controller.console.languages import words
from controller.console.quota import TooOftenError
from controller.console.settings import Console
from controller.console.snapshot import Snapshot
from controller.roles import Role
from controller.store.errors import StoreError
from controller.store.recommendations import by_id, decision_on
from controller.store.telemetry import readings_of
from controller.store.users import User

LONGEST = timedelta(days=31)
_ENGLISH = words("en")  # programs are spoken to in English
_TEXT = r"^[^\x00-\x1f\x7f]*$"  # control characters are in no name

# The header is checked by `need_token`; this one is for the description.
_bearer = HTTPBearer(auto_error=False)
Viewer = Annotated[User, Depends(need_token(Role.VIEWER))]
Operator = Annotated[User, Depends(need_token(Role.OPERATOR))]
Engineer = Annotated[User, Depends(need_token(Role.ENGINEER))]
Name = Annotated[str, Path(min_length=1, max_length=200, pattern=_TEXT)]


class Said(BaseModel):
    """What the engine said to a request; `accepted` is null while it has not answered."""

    request_id: int
    accepted: bool | None
    answer: str | None


class Refused(BaseModel):
    """Why something is not done."""

    detail: str


class Deciding(BaseModel):
    """A decision: the values by element, as `exact` of the recommendation gives them."""

    values: dict[str, str] = Field(max_length=5000)
    note: str = Field(default="", max_length=2000, pattern=r"^[^\x00]*$")


class Arming(BaseModel):
    """Until when AUTO may be entered; at most 14 days from now."""

    until: AwareDatetime


class AlarmNamed(BaseModel):
    """The alarm that is meant."""

    alarm_id: str = Field(min_length=1, max_length=200, pattern=_TEXT)


class Shelving(AlarmNamed):
    """How long, at most 12 hours, and why."""

    hours: float = Field(gt=0, le=12)
    reason: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00]*\S[^\x00]*$")


_ANSWERS: dict[int | str, dict[str, Any]] = {
    code: {"model": Refused} for code in (401, 403, 404, 409, 429, 503)
}


def build_api(console: Console) -> FastAPI:
    """Put the API together.

    Args:
        console: What it stands on.

    Returns:
        An application of its own, to be mounted.
    """
    app = FastAPI(
        title="heatwarden",
        version="1",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(_bearer)],
        responses=_ANSWERS,
    )
    app.state.console = console
    _readers(app)
    _decisions(app)
    _askers(app)
    add_knowing(app)
    _on_errors(app)
    return app


def _readers(app: FastAPI) -> None:
    @app.get("/v1/status")
    def status(request: Request, user: Viewer) -> dict[str, Any]:
        """What the engine published last, how old it is, and whether it may be acted on."""
        seen = console_of(request).snapshot()
        return {
            "running": seen.running,
            "stale": seen.is_stale(seen.read_at),
            "age_s": seen.age_s(seen.read_at),
            "engine": seen.engine,
        }

    @app.get("/v1/recommendation")
    def newest(request: Request, user: Viewer) -> dict[str, Any]:
        """The newest recommendation with the values that a decision about it carries."""
        seen = console_of(request).snapshot()
        if seen.advice is None:
            raise NothingError("there is no recommendation yet")
        return _recommendation(console_of(request), seen.advice.recommendation_id)

    @app.get("/v1/recommendations/{name}")
    def one(request: Request, name: Name, user: Viewer) -> dict[str, Any]:
        """A recommendation by its id."""
        return _recommendation(console_of(request), name)

    @app.get("/v1/readings/{point_id}")
    def readings(
        request: Request,
        point_id: Name,
        user: Viewer,
        hours: Annotated[float, Query(gt=0, le=LONGEST.total_seconds() / 3600)] = 24.0,
    ) -> dict[str, Any]:
        """A point's readings of the last hours, none left out."""
        own = console_of(request)
        if point_id not in {point.point_id for point in own.site.points}:
            raise NothingError(f"there is no point {point_id}")
        until = own.clock()
        with own.database.history() as connection:
            found = readings_of(connection, point_id, until - timedelta(hours=hours), until)
        rows = [
            {"time": item.time.isoformat(), "value": item.value, "quality": item.quality.value}
            for item in found
        ]
        return {"point_id": point_id, "readings": rows}

    @app.get("/v1/alarms")
    def alarms(request: Request, user: Viewer) -> dict[str, Any]:
        """The alarms on the board."""
        return {"alarms": list(console_of(request).snapshot().engine.get("alarms", ()))}

    @app.get("/v1/requests/{number}")
    def answer(
        request: Request, number: Annotated[int, Path(ge=1, le=2**62)], user: Viewer
    ) -> Said:
        """What the engine said to a request of the token's own user."""
        found = look_up(console_of(request), number)
        if found is None or found.request.actor != user.name:
            raise NothingError(f"there is no request {number}")
        return Said(request_id=number, accepted=found.accepted, answer=found.answer)


def _decisions(app: FastAPI) -> None:
    async def decide(
        request: Request, name: str, user: User, kind: str, deciding: Deciding
    ) -> Said:
        own = console_of(request)
        seen: Snapshot = await run_in_threadpool(own.snapshot)
        found = await run_in_threadpool(_recommendation, own, name)
        problem = problem_with(seen, from_json(found["body"]), deciding.values)
        if problem:
            raise ConflictError(f"{problem}: {_ENGLISH(f'decide.problem.{problem}')}")
        body = {"recommendation_id": name, "note": deciding.note}
        return await _said(own, user, kind, body)

    @app.post("/v1/recommendations/{name}/approve")
    async def approve(request: Request, name: Name, user: Operator, deciding: Deciding) -> Said:
        """Approve as a whole; 409 where it is superseded, decided, expired, or other values."""
        return await decide(request, name, user, "approve", deciding)

    @app.post("/v1/recommendations/{name}/reject")
    async def reject(request: Request, name: Name, user: Operator, deciding: Deciding) -> Said:
        """Reject as a whole."""
        return await decide(request, name, user, "reject", deciding)


def _askers(app: FastAPI) -> None:
    @app.post("/v1/mode/hold")
    async def hold(request: Request, user: Operator) -> Said:
        """Write nothing until a person resumes."""
        return await _said(console_of(request), user, "hold", {})

    @app.post("/v1/mode/resume")
    async def resume(request: Request, user: Operator) -> Said:
        """Go back to ADVISORY."""
        return await _said(console_of(request), user, "resume", {})

    @app.post("/v1/mode/disarm")
    async def disarm(request: Request, user: Operator) -> Said:
        """End the armed window."""
        return await _said(console_of(request), user, "disarm", {})

    @app.post("/v1/mode/arm")
    async def arm(request: Request, user: Engineer, arming: Arming) -> Said:
        """Let AUTO be entered in a cold snap."""
        body = {"until": arming.until.isoformat()}
        return await _said(console_of(request), user, "arm", body)

    @app.post("/v1/mode/reload")
    async def reload(request: Request, user: Engineer) -> Said:
        """Read the site again."""
        return await _said(console_of(request), user, "reload", {})

    @app.post("/v1/alarms/acknowledge")
    async def acknowledge(request: Request, user: Operator, alarm: AlarmNamed) -> Said:
        """Say that an alarm has been seen."""
        return await _said(console_of(request), user, "acknowledge", alarm.model_dump())

    @app.post("/v1/alarms/shelve")
    async def shelve(request: Request, user: Operator, alarm: Shelving) -> Said:
        """Put an alarm aside for a while, for a reason."""
        own = console_of(request)
        until = own.clock() + timedelta(hours=alarm.hours)
        body = {
            "alarm_id": alarm.alarm_id,
            "until": until.isoformat(),
            "reason": alarm.reason.strip(),
        }
        return await _said(own, user, "shelve", body)


async def _said(console: Console, user: User, kind: str, body: dict[str, Any]) -> Said:
    number = await ask_engine(console, user, kind, body)
    found = await run_in_threadpool(look_up, console, number)
    if found is not None and found.accepted is False:
        raise ConflictError(found.answer or "refused")
    accepted, answer = (None, None) if found is None else (found.accepted, found.answer)
    return Said(request_id=number, accepted=accepted, answer=answer)


def _recommendation(console: Console, name: str) -> dict[str, Any]:
    with console.database.reading() as connection:
        stored = by_id(connection, name)
        decision = decision_on(connection, name)
    if stored is None:
        raise NothingError(f"there is no recommendation {name}")
    return {
        "recommendation_id": stored.recommendation_id,
        "expires_at": stored.expires_at.isoformat(),
        "decision": None if decision is None else decision.verdict,
        "exact": exact_values(from_json(stored.body)),
        "body": stored.body,
    }


def _on_errors(app: FastAPI) -> None:
    async def not_allowed(request: Request, error: Exception) -> Response:
        assert isinstance(error, NotAllowedError)
        detail = _ENGLISH(error.key, **error.values)
        return JSONResponse({"detail": detail}, status_code=403)

    def saying(status: int, otherwise: str) -> Any:
        async def said(request: Request, error: Exception) -> Response:
            headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
            text = str(error) or otherwise
            return JSONResponse({"detail": text}, status_code=status, headers=headers)

        return said

    async def wrong(request: Request, error: Exception) -> Response:
        # Without what was given: it may be what JSON can not hold, and is nobody's to repeat.
        assert isinstance(error, RequestValidationError)
        detail = [{name: one[name] for name in ("type", "loc", "msg")} for one in error.errors()]
        return Response(
            json.dumps({"detail": detail}), status_code=422, media_type="application/json"
        )

    app.add_exception_handler(RequestValidationError, wrong)
    app.add_exception_handler(NotSignedInError, saying(401, "show a token that is in force"))
    app.add_exception_handler(NotAllowedError, not_allowed)
    app.add_exception_handler(NothingError, saying(404, "there is no such thing"))
    app.add_exception_handler(ConflictError, saying(409, "refused"))
    app.add_exception_handler(NoEngineError, saying(503, "no engine runs, or it is stuck"))
    app.add_exception_handler(TooOftenError, saying(429, "too many requests within a minute"))
    app.add_exception_handler(StoreError, saying(503, "the store failed"))
