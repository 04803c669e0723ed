"""People who ask the desk of a simulated engine."""

from collections.abc import Mapping
from typing import Any

from controller.engine.changing import Changer
from controller.engine.decisions import Desk
from controller.engine.planner import PlannerWorker
from controller.store.requests import Request, ask, asked
from drivers.timekeeping import WALL_TIME
from tests.supervisor.simulated import Simulated


def desk_of(own: Simulated, worker: PlannerWorker | None = None) -> Desk:
    """A desk; `worker` certifies changed sets."""
    changer = Changer(own.core, worker or PlannerWorker(1.0, WALL_TIME), WALL_TIME)
    return Desk(core=own.core, approved=lambda: None, reload=lambda: "", changer=changer)


def answer_of(
    own: Simulated,
    desk: Desk,
    kind: str,
    body: Mapping[str, Any],
    *,
    actor: str = "li",
    role: str = "operator",
) -> tuple[bool, str]:
    """Ask, and let the desk work until it answers."""
    request = Request(actor=actor, role=role, kind=kind, body=body)
    with own.database.writing() as connection:
        number = ask(connection, request, own.time.wall())
    for _ in range(3):
        desk.answer_all()
        desk.changer.wait(60.0)
    with own.database.reading() as connection:
        found = asked(connection, number)
    assert found is not None
    assert found.answer is not None
    return bool(found.accepted), found.answer
