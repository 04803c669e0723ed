"""Who may do what: every route and method as every role, as nobody, with forged forms, too late."""

from datetime import timedelta
from typing import NamedTuple

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from controller.console.access import SESSION_COOKIE, SESSION_LASTS
from controller.console.application import build_app
from controller.console.lockout import MOST_OF_ONE_NAME
from controller.roles import Role
from controller.store.passes import SESSION, issue
from controller.store.users import put_user, remove_user
from tests.console.conftest import Scene, sign_in
from tests.console.forms import csrf_of
from tests.console.living import PASSWORD, PEOPLE

OPEN = {"/login", "/favicon.ico", "/assets/{name}", "/language/{language}", "/theme/{theme}"}
TOKENS_ONLY = {"/metrics"}


class Rule(NamedTuple):
    method: str
    path: str
    role: Role


# The lowest role of every route that needs one: a route that is not here fails the test below.
RULES = (
    Rule("GET", "/", Role.VIEWER),
    Rule("GET", "/asked/{number}", Role.VIEWER),
    Rule("GET", "/live", Role.VIEWER),
    Rule("GET", "/find", Role.VIEWER),
    Rule("GET", "/nearest", Role.VIEWER),
    Rule("GET", "/branches/{name}", Role.VIEWER),
    Rule("GET", "/stations/{name}", Role.VIEWER),
    Rule("GET", "/buildings/{name}", Role.VIEWER),
    Rule("GET", "/recommendation", Role.VIEWER),
    Rule("GET", "/recommendations/{name}/certificate", Role.VIEWER),
    Rule("GET", "/recommendations/{name}/modify", Role.OPERATOR),
    Rule("GET", "/recommendations/{name}/changed", Role.OPERATOR),
    Rule("GET", "/recommendations/{name}/{verdict}", Role.OPERATOR),
    Rule("POST", "/recommendations/{name}/modify", Role.OPERATOR),
    Rule("POST", "/recommendations/{name}/set-by-hand", Role.OPERATOR),
    Rule("POST", "/recommendations/{name}/{verdict}", Role.OPERATOR),
    Rule("GET", "/trends", Role.VIEWER),
    Rule("GET", "/trends/data.json", Role.VIEWER),
    Rule("GET", "/trends/values.csv", Role.VIEWER),
    Rule("GET", "/alarms", Role.VIEWER),
    Rule("GET", "/alarms/shelve", Role.OPERATOR),
    Rule("POST", "/alarms/acknowledge", Role.OPERATOR),
    Rule("POST", "/alarms/shelve", Role.OPERATOR),
    Rule("GET", "/journal", Role.VIEWER),
    Rule("GET", "/mode", Role.VIEWER),
    Rule("POST", "/mode/{kind}", Role.OPERATOR),
    Rule("GET", "/bus", Role.VIEWER),
    Rule("GET", "/settings", Role.VIEWER),
    Rule("GET", "/knowing", Role.VIEWER),
    Rule("POST", "/complaints", Role.OPERATOR),
    Rule("POST", "/complaints/answer", Role.OPERATOR),
    Rule("POST", "/complaints/close", Role.OPERATOR),
    Rule("GET", "/report", Role.VIEWER),
    Rule("GET", "/report/shift.html", Role.VIEWER),
    Rule("GET", "/report/shift.xlsx", Role.VIEWER),
    Rule("GET", "/what-if", Role.OPERATOR),
    Rule("GET", "/what-if/{name}", Role.OPERATOR),
    Rule("POST", "/what-if", Role.OPERATOR),
    Rule("POST", "/what-if/{name}/cancel", Role.OPERATOR),
    Rule("GET", "/audit", Role.ENGINEER),
    Rule("GET", "/users", Role.ADMIN),
    Rule("POST", "/users", Role.ADMIN),
    Rule("POST", "/users/remove", Role.ADMIN),
    Rule("GET", "/tokens", Role.OPERATOR),
    Rule("POST", "/tokens", Role.OPERATOR),
    Rule("POST", "/tokens/withdraw", Role.OPERATOR),
    Rule("POST", "/logout", Role.VIEWER),
)
POSTS = tuple(rule for rule in RULES if rule.method == "POST")
NAMES = {role: name for name, role in PEOPLE.items()}
# Whole forms, so that what refuses is the role and not a missing field.
FORM = {
    "alarm_id": "no:such", "hours": "1", "reason": "test", "version": "x", "element": "x",
    "value": "1", "name": "nobody-at-all", "role": "viewer", "password": "short", "digest": "x",
    "label": "x", "days": "1", "pipe": "no-such-pipe",
    "building": "no-such", "number": "999999", "cause": "home",
}  # fmt: skip


def address(rule: Rule) -> str:
    path = rule.path.replace("{number}", "1").replace("{kind}", "no-such-mode")
    if rule.path.startswith("/what-if/"):
        path = path.replace("{name}", "9999")
    return path.replace("{name}", "no-such").replace("{verdict}", "approve")


def routes(app: FastAPI) -> set[tuple[str, str]]:
    found = set()
    for route in app.routes:
        own = getattr(route, "original_router", None)
        for one in own.routes if own is not None else [route]:
            if isinstance(one, APIRoute):
                found |= {(method, one.path) for method in one.methods or ()}
    return found


def test_every_route_is_ruled(scene: Scene) -> None:
    known = {(rule.method, rule.path) for rule in RULES}
    found = {one for one in routes(build_app(scene.console)) if one[1] not in OPEN | TOKENS_ONLY}
    assert found == known


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.method} {rule.path}")
def test_nobody_gets_in(scene: Scene, rule: Rule) -> None:
    with scene.client() as client:
        found = client.request(rule.method, address(rule), data=FORM if rule in POSTS else None)
    assert found.status_code == (303 if rule.method == "GET" else 401)
    assert "<main" not in found.text or "badge mode" not in found.text


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_what_it_may_and_no_more(scene: Scene, role: Role) -> None:
    with scene.client(NAMES[role]) as client:
        csrf = csrf_of(client)
        for rule in RULES:
            if rule.path in ("/logout", "/live"):
                continue
            data = {**FORM, "csrf": csrf} if rule in POSTS else None
            found = client.request(rule.method, address(rule), data=data)
            assert found.status_code != 500, rule
            assert (found.status_code == 403) == (not role.may(rule.role)), rule


def test_an_operator_arms_nothing(scene: Scene) -> None:
    with scene.client("li") as client:
        for kind in ("arm", "reload"):
            found = client.post(f"/mode/{kind}", data={"csrf": csrf_of(client), "hours": "1"})
            assert found.status_code == 403


@pytest.mark.parametrize("rule", POSTS, ids=lambda rule: rule.path)
@pytest.mark.parametrize("forged", ["", "0" * 64, "other"])
def test_a_forged_form_does_nothing(scene: Scene, rule: Rule, forged: str) -> None:
    with scene.client("zhao") as client, scene.client("wang") as other:
        csrf = csrf_of(other) if forged == "other" else forged
        found = client.post(address(rule), data={**FORM, "csrf": csrf})
    assert found.status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_form_from_elsewhere_does_nothing(scene: Scene, headers: dict[str, str]) -> None:
    with scene.client("li") as client:
        found = client.post("/mode/hold", data={"csrf": csrf_of(client)}, headers=headers)
        assert found.status_code == 403
        login = {"name": "li", "password": PASSWORD}
        assert client.post("/login", data=login, headers=headers).status_code == 403


def test_an_expired_session_is_none(scene: Scene) -> None:
    now = scene.console.clock()
    with scene.database.writing() as connection:
        secret = issue(
            connection, SESSION, "li", "", now - SESSION_LASTS, now - timedelta(seconds=1)
        )
    with httpx.Client(base_url=scene.base, cookies={SESSION_COOKIE: secret}) as client:
        assert client.get("/").status_code == 303
        assert client.post("/mode/hold", data={"csrf": "x"}).status_code == 401


def test_a_removed_user_is_out_at_once(scene: Scene) -> None:
    now = scene.console.clock()
    with scene.database.writing() as connection:
        put_user(connection, "gone", Role.OPERATOR, PASSWORD, now)
    with scene.client("gone") as client:
        assert client.get("/").status_code == 200
        with scene.database.writing() as connection:
            remove_user(connection, "gone")
        assert client.get("/").status_code == 303


def test_signing_out_ends_the_session_in_the_store_too(scene: Scene) -> None:
    with scene.client() as client:
        assert sign_in(client, "guest").status_code == 303
        secret = client.cookies[SESSION_COOKIE]
        assert client.post("/logout", data={"csrf": csrf_of(client)}).status_code == 303
    with httpx.Client(base_url=scene.base, cookies={SESSION_COOKIE: secret}) as client:
        assert client.get("/").status_code == 303


def test_failures_lock_a_name_out(fresh: Scene) -> None:
    with fresh.client() as client:
        for _ in range(MOST_OF_ONE_NAME):
            assert sign_in(client, "li", "wrong password").status_code == 401
        assert sign_in(client, "li").status_code == 429
        assert sign_in(client, "wang").status_code == 303


def test_the_cookie_is_kept_from_scripts_and_other_sites(scene: Scene) -> None:
    with scene.client() as client:
        cookie = sign_in(client, "li").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert f"Max-Age={int(SESSION_LASTS.total_seconds())}" in cookie


@pytest.mark.parametrize(
    "away", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(scene: Scene, away: str) -> None:
    with scene.client() as client:
        data = {"name": "li", "password": PASSWORD, "next": away}
        assert client.post("/login", data=data).headers["location"] == "/"


def test_a_foreign_name_for_this_machine_is_refused(scene: Scene) -> None:
    with scene.client() as client:
        assert client.get("/login", headers={"Host": "evil.example"}).status_code == 400


def test_every_answer_has_its_headers(scene: Scene) -> None:
    with scene.client("li") as client:
        for path in ("/", "/login", "/no-such-page", "/api/v1/status"):
            headers = client.get(path).headers
            assert "script-src 'self'" in headers["content-security-policy"], path
            assert "unsafe" not in headers["content-security-policy"], path
            assert headers["x-frame-options"] == "DENY"
            assert headers["cache-control"] == "no-store"
