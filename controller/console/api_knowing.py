"""What is known of the plant, for programs: complaints and their clocks, estimate, calibration."""

from datetime import timedelta
from typing import Annotated, Any, Self

from fastapi import Depends, FastAPI, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from controller.console.access import console_of, need_token
from controller.console.answers import ConflictError, NothingError
from controller.console.knowledge import interval
from controller.console.settings import Console
from controller.knowing.complaint_desk import (
    COLDEST_C,
    LONGEST_FLAT,
    LONGEST_TEXT,
    WARMEST_C,
    answer,
    close,
    enter,
    says_nothing,
)
from controller.knowing.complaints import Report, stored_json
from controller.roles import Role
from controller.store.complaints import complaints_since
from controller.store.present import published
from controller.store.users import User
from optimizer.estimate.triage import Verdict

PUBLISHED = ("estimate", "calibration", "loads", "leaks")
_FREE_TEXT = r"^[^\x00]*$"
# What `_says_something` checks, for the description.
_SAYS_SOMETHING: list[JsonValue] = [
    {"required": ["room_temp_c"], "properties": {"room_temp_c": {"type": "number"}}},
    {"required": ["radiator_hot"], "properties": {"radiator_hot": {"type": "boolean"}}},
]
Viewer = Annotated[User, Depends(need_token(Role.VIEWER))]
Operator = Annotated[User, Depends(need_token(Role.OPERATOR))]
Number = Annotated[int, Path(ge=1, le=2**62)]


class Complaining(BaseModel):
    """What a resident says; null where nothing is said of it, of the room or of the radiators."""

    model_config = ConfigDict(json_schema_extra={"anyOf": _SAYS_SOMETHING})

    building_id: str = Field(min_length=1, max_length=200)
    flat: str = Field(default="", max_length=LONGEST_FLAT, pattern=_FREE_TEXT)
    room_temp_c: float | None = Field(default=None, ge=COLDEST_C, le=WARMEST_C)
    radiator_hot: bool | None = None
    note: str = Field(default="", max_length=LONGEST_TEXT, pattern=_FREE_TEXT)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if says_nothing(self.room_temp_c, self.radiator_hot):
            raise ValueError("give room_temp_c or radiator_hot: there is nothing to weigh else")
        return self


class Closing(BaseModel):
    """What was found, and what was done."""

    cause: Verdict
    outcome: str = Field(default="", max_length=LONGEST_TEXT, pattern=_FREE_TEXT)


class Entered(BaseModel):
    """A complaint's number and its triage."""

    complaint_id: int
    verdict: str
    clues: list[dict[str, Any]]


class Done(BaseModel):
    """What was done with which complaint."""

    complaint_id: int
    done: str


def add_knowing(app: FastAPI) -> None:
    """Add the routes.

    Args:
        app: The API.
    """
    _readers(app)
    _complaints(app)


def _readers(app: FastAPI) -> None:
    @app.get("/v1/knowing")
    def knowing(request: Request, user: Viewer) -> dict[str, Any]:
        """Parameters with their 90 % intervals, and what is published of state, loads, leaks."""
        own = console_of(request)
        with own.database.reading() as connection:
            found = {name: published(connection, name) for name in PUBLISHED}
        told = {
            name: None if one is None else {"at": one[0].isoformat(), **one[1]}
            for name, one in found.items()
        }
        return {"parameters": _parameters(own), **told}

    @app.get("/v1/complaints")
    def complaints(
        request: Request, user: Viewer, days: Annotated[float, Query(gt=0, le=366)] = 7.0
    ) -> dict[str, Any]:
        """Complaints of the last days with triage and clocks, oldest first."""
        own = console_of(request)
        now = own.clock()
        with own.database.reading() as connection:
            found = complaints_since(connection, now - timedelta(days=days))
        return {"complaints": [stored_json(one, now, own.site.timezone) for one in found]}


def _complaints(app: FastAPI) -> None:
    @app.post("/v1/complaints")
    def add(request: Request, user: Operator, said: Complaining) -> Entered:
        """Take a complaint down and weigh it."""
        own = console_of(request)
        if said.building_id not in own.site.district.network.building_index:
            raise NothingError(f"there is no building {said.building_id}")
        report = Report(**said.model_dump())
        number, found = enter(own.database, own.site, report, actor=user.name, now=own.clock())
        clues = [
            {"code": one.code, "speaks_for": one.speaks_for.value, "values": dict(one.values)}
            for one in found.clues
        ]
        return Entered(complaint_id=number, verdict=found.verdict.value, clues=clues)

    @app.post("/v1/complaints/{number}/answer")
    def say(request: Request, number: Number, user: Operator) -> Done:
        """Note that the resident has been answered; 409 where that was done before."""
        own = console_of(request)
        if not answer(own.database, number, actor=user.name, now=own.clock()):
            raise ConflictError(f"there is no complaint {number} that waits for an answer")
        return Done(complaint_id=number, done="answer")

    @app.post("/v1/complaints/{number}/close")
    def end(request: Request, number: Number, user: Operator, closing: Closing) -> Done:
        """Close it with what was found; 409 where that was done before."""
        own = console_of(request)
        done = close(
            own.database, number, cause=closing.cause.value, outcome=closing.outcome,
            actor=user.name, now=own.clock(),
        )  # fmt: skip
        if not done:
            raise ConflictError(f"there is no complaint {number} that is open")
        return Done(complaint_id=number, done="close")


def _parameters(console: Console) -> dict[str, Any] | None:
    version = console.site.parameters
    if version is None:
        return None
    return {
        "version": version.version,
        "made_at": version.made_at.isoformat(),
        "source": version.source,
        "values": {
            table: {
                name: {
                    column: {"value": one.value, "from": interval(one)[0], "to": interval(one)[1]}
                    for column, one in columns.items()
                }
                for name, columns in ids.items()
            }
            for table, ids in version.values.items()
        },
    }
