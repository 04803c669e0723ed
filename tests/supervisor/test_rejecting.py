"""Rejecting a recommendation: the newest once, an older one never, as approving it is answered."""

from dataclasses import replace
from pathlib import Path

import pytest

from controller.approvals import to_json
from controller.engine.changing import Changer
from controller.engine.decisions import Desk
from controller.engine.planner import PlannerWorker
from controller.store import recommendations
from controller.store.requests import Request, ask, asked
from drivers.timekeeping import WALL_TIME
from tests.supervisor.simulated import Simulated, simulated
from tests.supervisor.test_approvals import ADVICE

NEWER = replace(ADVICE, recommendation_id="r2")


def keep(own: Simulated) -> None:
    with own.database.writing() as connection:
        for one in (ADVICE, NEWER):
            stored = recommendations.StoredRecommendation(
                recommendation_id=one.recommendation_id,
                at=one.at,
                expires_at=one.expires_at,
                input_hash=one.input_hash,
                body=to_json(one),
            )
            recommendations.record(connection, stored)
    own.core.advice = NEWER


def answers(own: Simulated, *asks: tuple[str, str]) -> list[tuple[bool | None, str | None]]:
    changer = Changer(own.core, PlannerWorker(1.0, WALL_TIME), WALL_TIME)
    desk = Desk(core=own.core, approved=lambda: None, reload=lambda: "", changer=changer)
    found = []
    for kind, name in asks:
        request = Request(actor="li", role="operator", kind=kind, body={"recommendation_id": name})
        with own.database.writing() as connection:
            number = ask(connection, request, own.time.wall())
        desk.answer_all()
        with own.database.reading() as connection:
            said = asked(connection, number)
        assert said is not None
        found.append((said.accepted, said.answer))
    return found


@pytest.mark.parametrize("kind", ["approve", "reject"])
def test_a_superseded_set_is_not_decided_about(kind: str, tmp_path: Path) -> None:
    own = simulated(tmp_path)
    keep(own)
    ((accepted, text),) = answers(own, (kind, "r1"))
    assert accepted is False
    assert (text or "").startswith("superseded by r2")
    with own.database.reading() as connection:
        assert recommendations.decision_on(connection, "r1") is None
    own.database.close()


def test_the_newest_is_rejected_once(tmp_path: Path) -> None:
    own = simulated(tmp_path)
    keep(own)
    first, second = answers(own, ("reject", "r2"), ("reject", "r2"))
    assert first == (True, "rejected")
    assert second[0] is False
    own.database.close()
