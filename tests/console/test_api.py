"""The API: what a token may do, and that no input whatever gives a 500."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from controller.roles import Role
from controller.store.passes import TOKEN, digest_of, issue
from controller.store.recommendations import decision_on
from tests.console.conftest import Scene
from tests.console.forms import csrf_of
from tests.console.living import PEOPLE

NAMES = {role: name for name, role in PEOPLE.items()}
# Method, path, body, lowest role.
CALLS: tuple[tuple[str, str, dict[str, object] | None, Role], ...] = (
    ("GET", "/v1/status", None, Role.VIEWER),
    ("GET", "/v1/recommendation", None, Role.VIEWER),
    ("GET", "/v1/recommendations/no-such", None, Role.VIEWER),
    ("GET", "/v1/readings/P1.t", None, Role.VIEWER),
    ("GET", "/v1/alarms", None, Role.VIEWER),
    ("GET", "/v1/requests/99999", None, Role.VIEWER),
    ("POST", "/v1/recommendations/no-such/approve", {"values": {}}, Role.OPERATOR),
    ("POST", "/v1/recommendations/no-such/reject", {"values": {}}, Role.OPERATOR),
    ("POST", "/v1/mode/resume", None, Role.OPERATOR),
    ("POST", "/v1/mode/disarm", None, Role.OPERATOR),
    ("POST", "/v1/mode/arm", {"until": "2999-01-01T00:00:00Z"}, Role.ENGINEER),
    ("POST", "/v1/mode/reload", None, Role.ENGINEER),
    ("POST", "/v1/mode/hold", None, Role.OPERATOR),
    ("POST", "/v1/alarms/acknowledge", {"alarm_id": "no:such"}, Role.OPERATOR),
    ("POST", "/v1/alarms/shelve", {"alarm_id": "no:such", "hours": 1, "reason": "x"},
     Role.OPERATOR),
    ("GET", "/v1/knowing", None, Role.VIEWER),
    ("GET", "/v1/complaints", None, Role.VIEWER),
    ("POST", "/v1/complaints", {"building_id": "no-such"}, Role.OPERATOR),
    ("POST", "/v1/complaints/99999/answer", None, Role.OPERATOR),
    ("POST", "/v1/complaints/99999/close", {"cause": "home"}, Role.OPERATOR),
)  # fmt: skip


@contextmanager
def program(scene: Scene, name: str) -> Iterator[httpx.Client]:
    now = scene.console.clock()
    with scene.database.writing() as connection:
        secret = issue(connection, TOKEN, name, "test", now, now + timedelta(hours=1))
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=f"{scene.base}/api", headers=headers, timeout=30) as client:
        yield client


def test_every_call_is_listed(scene: Scene) -> None:
    described = httpx.get(f"{scene.base}/api/openapi.json").json()["paths"]
    known = {(method, path.replace("no-such", "{name}")) for method, path, _, _ in CALLS}
    known = {(m, p.replace("P1.t", "{point_id}").replace("99999", "{number}")) for m, p in known}
    assert {(m.upper(), path) for path, ways in described.items() for m in ways} == known


@pytest.mark.parametrize("role", list(Role))
def test_a_token_may_what_its_user_may_and_no_more(scene: Scene, role: Role) -> None:
    with program(scene, NAMES[role]) as client:
        for method, path, body, needed in CALLS:
            found = client.request(method, path, json=body)
            assert (found.status_code == 403) == (not role.may(needed)), path
            assert found.status_code < 500, path


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic bGk6bGk="])
def test_without_a_token_in_force_nothing_goes(scene: Scene, header: str) -> None:
    with scene.client("zhao") as client:  # a session is no token
        for method, path, body, _ in CALLS:
            headers = {"Authorization": header} if header else {}
            found = client.request(method, f"/api{path}", json=body, headers=headers)
            assert found.status_code == 401, path
        assert client.get("/metrics", headers={"Authorization": header}).status_code in (303, 401)


def test_a_token_opens_no_page(scene: Scene) -> None:
    with program(scene, "zhao") as client:
        assert client.get(f"{scene.base}/users").status_code == 303


def test_prometheus_reads_with_a_token(scene: Scene) -> None:
    with program(scene, "guest") as client:
        found = client.get(f"{scene.base}/metrics")
    assert found.status_code == 200
    assert "heatwarden_up" in found.text


def test_a_token_is_made_on_its_page_and_withdrawn(scene: Scene) -> None:
    import re

    with scene.client("li") as client:
        data = {"csrf": csrf_of(client), "label": "historian", "days": "1"}
        page = client.post("/tokens", data=data).text
        secret = re.findall(r'<code id="secret">([^<]+)', page)[0]
        headers = {"Authorization": f"Bearer {secret}"}
        assert client.get("/api/v1/status", headers=headers).status_code == 200
        data = {"csrf": csrf_of(client), "digest": digest_of(secret)}
        client.post("/tokens/withdraw", data=data)
        assert client.get("/api/v1/status", headers=headers).status_code == 401


def test_a_program_approves_by_value(fresh: Scene) -> None:
    name = fresh.day.advice.recommendation_id
    with program(fresh, "li") as client:
        exact = client.get("/v1/recommendation").json()["exact"]
        wrong = {**exact, "plant:P1": "99.0000"}
        path = f"/v1/recommendations/{name}/approve"
        assert client.post(path, json={"values": wrong}).status_code == 409
        found = client.post(path, json={"values": exact, "note": "by a program"})
        assert found.json()["accepted"] is True
        assert client.post(path, json={"values": exact}).status_code == 409
    with fresh.database.reading() as connection:
        decision = decision_on(connection, name)
    assert decision is not None
    assert (decision.verdict, decision.actor) == ("approved", "li")


def test_no_input_gives_a_500(fresh: Scene) -> None:
    from tests.peers import need_package

    need_package("schemathesis")
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings

    schema = schemathesis.openapi.from_url(f"{fresh.base}/api/openapi.json")
    fresh.engine.desk.answer_all()
    with program(fresh, "zhao") as client:
        authorization = client.headers["Authorization"]
        for found in schema.get_all_operations():
            operation = found.ok()  # type: ignore[union-attr]
            assert operation is not None

            @given(case=operation.as_strategy())
            @settings(
                max_examples=8,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            def never_a_500(case: Any) -> None:
                answer = case.call(
                    base_url=f"{fresh.base}/api", headers={"Authorization": authorization}
                )
                assert answer.status_code != 500, answer.text
                case.validate_response(answer)

            never_a_500()
