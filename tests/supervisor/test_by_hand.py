"""Setpoints that no point writes, and sets that a person changes: real store, certificate, desk."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.approvals import Recommendation, from_json
from controller.by_hand import OVERDUE_AFTER
from controller.cycle import run_cycle
from controller.engine.cycling import after_cycle, cycle_ports
from controller.engine.planner import Planned, PlannerWorker, PlanTask, plan_with_prefixes
from controller.knowing.ahead import Ahead
from controller.store import recommendations
from controller.store.hand_settings import hand_settings_of
from drivers.base import Quality
from tests.supervisor.asking import answer_of, desk_of
from tests.supervisor.conftest import NOW
from tests.supervisor.simulated import Simulated, simulated

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
FAR = timedelta(days=4000)


class Here(PlannerWorker):
    """Plans in the test's own process, where everything is compiled already."""

    made: Planned | None = None

    def plan(self, task: PlanTask) -> Planned:
        if task.schedule is not None:
            return plan_with_prefixes(task)
        Here.made = Here.made or plan_with_prefixes(task)
        started = replace(Here.made.schedule, start=task.forecast.start)
        return replace(Here.made, schedule=started)


class Office:
    """An engine in ADVISORY with a planned set, and the desk that people ask."""

    def __init__(self, folder: Path) -> None:
        self.own: Simulated = simulated(folder)
        self.own.run(5)
        self.own.cycles(2)
        self.own.core.happen(resume(self.own))
        self.desk = desk_of(self.own, Here(1.0))
        ports = cycle_ports(self.own.core, Here(1.0), Ahead(self.own.core))
        after_cycle(self.own.core, run_cycle(self.own.time.wall(), ports))

    @property
    def advice(self) -> Recommendation:
        assert self.own.core.advice is not None
        return self.own.core.advice

    def ask(self, kind: str, role: str = "operator", **body: Any) -> tuple[bool, str]:
        """Ask, and let the desk work until it answers."""
        body.setdefault("recommendation_id", self.advice.recommendation_id)
        return answer_of(self.own, self.desk, kind, body, role=role)

    def asked_by_hand(self) -> Mapping[str, float]:
        return {one.element: one.value for one in self.own.core.by_hand}


def resume(own: Simulated) -> Any:
    from controller.modes import Resume
    from controller.roles import Role

    return Resume(now=own.time.wall(), by="li", role=Role.OPERATOR)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.own.database.close()


def test_what_no_point_writes_is_asked_for_and_confirmed_by_a_typed_value(office: Office) -> None:
    accepted, text = office.ask("approve")
    assert accepted, text
    wanted = office.asked_by_hand()
    assert set(wanted) <= {"plant:P2", "pump:BOOST", "pump:M1", "pump:M2"}
    assert wanted
    assert all(name in text for name in wanted)
    name, value = next(iter(wanted.items()))

    off = office.ask("set_by_hand", set_by_hand={name: value + 20.0})
    assert off[0] is False
    assert f"not {value + 20.0:g}" in off[1]
    unknown = office.ask("set_by_hand", set_by_hand={"plant:P1": 90.0})
    assert unknown[0] is False
    assert "not to be set by hand" in unknown[1]
    assert office.ask("set_by_hand", role="viewer", set_by_hand=wanted)[0] is False
    assert office.ask("set_by_hand", set_by_hand={name: "warm"})[1].endswith("is no number")
    assert not any(one.done for one in office.own.core.by_hand)

    assert office.ask("approve", set_by_hand=wanted) == (True, "confirmed")
    with office.own.database.reading() as connection:
        kept = hand_settings_of(connection, NOW - FAR, NOW + FAR)
    assert {one.element: one.found for one in kept} == wanted
    assert {(one.how, one.actor) for one in kept} == {("typed", "li")}


def test_what_is_not_confirmed_in_time_is_an_alarm(office: Office) -> None:
    assert office.ask("approve")[0]
    name = next(iter(office.asked_by_hand()))
    office.own.run(OVERDUE_AFTER.total_seconds() - 60.0, every_s=30.0)
    assert f"not_set_by_hand:{name}" not in office.own.alarms()
    office.own.run(120.0, every_s=30.0)
    assert f"not_set_by_hand:{name}" in office.own.alarms()
    assert office.ask("set_by_hand", set_by_hand=office.asked_by_hand())[0]
    office.own.run(120.0, every_s=30.0)
    assert f"not_set_by_hand:{name}" not in office.own.alarms()


def test_a_measurement_confirms_what_a_hand_has_set(office: Office) -> None:
    assert office.ask("approve")[0]
    one = office.own.core.by_hand[0]
    tables = office.own.core.tables
    shown = tuple(
        replace(element, readback_id="P1.t") if element.name == one.element else element
        for element in tables.elements
    )
    office.own.core.tables = replace(tables, elements=shown)
    office.own.field.values["P1.t"] = one.value
    office.own.field.bad["P1.t"] = Quality.STUCK
    office.own.run(10.0)
    assert not office.own.core.by_hand[0].done
    del office.own.field.bad["P1.t"]
    office.own.run(10.0)
    assert (office.own.core.by_hand[0].how, office.own.core.by_hand[0].found) == (
        "measured", one.value,
    )  # fmt: skip


def test_a_changed_set_is_certified_becomes_a_new_one_and_is_approved(office: Office) -> None:
    parent = office.advice
    accepted, text = office.ask("approve", modify={"P1.sp": 91.0})
    assert accepted, text
    changed = office.advice
    assert changed.recommendation_id != parent.recommendation_id
    assert text.startswith(changed.recommendation_id)
    assert (changed.parent_id, changed.changed) == (parent.recommendation_id, {"plant:P1": 91.0})
    member = next(one for one in changed.members if one.element == "plant:P1")
    assert member.series[-1] == 91.0
    others = [one for one in changed.members if one.element != "plant:P1"]
    assert {one.element: one.series for one in others} == {
        one.element: one.series for one in parent.members if one.element != "plant:P1"
    }
    assert changed.expires_at == parent.expires_at
    assert all(limit["margin"] >= -1e-6 for limit in changed.limits)
    assert office.own.core.approved == changed
    assert {one["code"] for one in changed.effect["reasons"]} == {"changed_by"}
    with office.own.database.reading() as connection:
        kept = recommendations.latest(connection)
        decision = recommendations.decision_on(connection, changed.recommendation_id)
        untouched = recommendations.decision_on(connection, parent.recommendation_id)
    assert kept is not None
    assert from_json(kept.body) == changed
    assert decision is not None
    assert (decision.verdict, untouched) == ("approved", None)
    # The set as it was planned is superseded now, and a changed one is not changed again.
    assert "superseded" in office.ask("approve", recommendation_id=parent.recommendation_id)[1]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"P1.sp": 130.0}, "P1.sp 130 is not between 65 and 110"),
        ({"pump:M1": 20.0}, "pump:M1 20 is not between 50 and 100"),
        ({"plant:P9": 90.0}, "there is no setpoint plant:P9"),
        ({"P1.sp": float("inf")}, "is no number"),
        ({"P1.sp": True}, "is no number"),
        (["P1.sp"], "is no table of numbers"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_is_certified(
    office: Office, changes: object, text: str
) -> None:
    parent = office.advice
    accepted, answer = office.ask("approve", modify=changes)
    assert not accepted
    assert text in answer
    assert office.advice is parent
    assert office.own.core.approved is None


def test_a_changed_set_that_would_pass_a_limit_is_not_approved(office: Office) -> None:
    district = office.own.core.tables.site.district
    tight = replace(district, limits=replace(district.limits, max_velocity_m_s=0.01))
    assert office.own.core.basis is not None
    office.own.core.basis = replace(office.own.core.basis, district=tight)
    parent = office.advice
    accepted, answer = office.ask("approve", modify={"plant:P1": 91.0})
    assert not accepted
    assert answer.startswith("the plan is not certified: velocity at")
    assert office.advice is parent
    assert office.own.core.approved is None
