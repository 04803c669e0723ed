"""Rejecting a recommendation: the newest once, an older one never, as approving it is answered."""

from dataclasses import replace
from pathlib import Path

import pytest

from controller.approvals import to_json
from controller.store import recommendations
from tests.supervisor.asking import answer_of, desk_of
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


@pytest.mark.parametrize("kind", ["approve", "reject"])
def test_a_superseded_set_is_not_decided_about(kind: str, tmp_path: Path) -> None:
    own = simulated(tmp_path)
    keep(own)
    accepted, text = answer_of(own, desk_of(own), kind, {"recommendation_id": "r1"})
    assert accepted is False
    assert text.startswith("superseded by r2")
    with own.database.reading() as connection:
        assert recommendations.decision_on(connection, "r1") is None
    own.database.close()


def test_the_newest_is_rejected_once(tmp_path: Path) -> None:
    own = simulated(tmp_path)
    keep(own)
    desk, newest = desk_of(own), {"recommendation_id": "r2"}
    assert answer_of(own, desk, "reject", newest) == (True, "rejected")
    assert answer_of(own, desk, "reject", newest)[0] is False
    own.database.close()
