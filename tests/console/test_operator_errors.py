"""A tired operator: every way to approve, with wrong, stale, double, concurrent, malicious input.

The same desk answers all of them; what is refused leaves no decision, no owned point, no write.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from controller.engine.cycling import keep_recommendation
from controller.store.recommendations import decision_on
from controller.store.users import remove_user
from tests.console.conftest import Scene
from tests.console.forms import csrf_of
from tests.console.living import PASSWORD
from tests.console.test_api import program
from tests.terminal import heatwarden

Values = dict[str, str]
WRONG_VALUES: dict[str, Callable[[Values], object]] = {
    "one changed by the least": lambda v: {**v, "plant:P1": f"{float(v['plant:P1']) + 1e-4:.4f}"},
    "one left out": lambda v: dict(list(v.items())[1:]),
    "none": lambda v: {},
    "one too many": lambda v: {**v, "pump:M9": "80.0000"},
    "one under another name": lambda v: {**v, "plant:p1": v["plant:P1"]},
    "no number": lambda v: {**v, "plant:P1": "hot"},
    "not finite": lambda v: {**v, "plant:P1": "nan"},
    "beyond all": lambda v: {**v, "plant:P1": "1e309"},
    "with its unit": lambda v: {**v, "plant:P1": v["plant:P1"] + " °C"},
    "with a comma": lambda v: {**v, "plant:P1": v["plant:P1"].replace(".", ",")},
    "in other digits": lambda v: {**v, "plant:P1": "９９.0000"},
    "a number, not a text": lambda v: {**v, "plant:P1": 92.5},
    "a list": lambda v: list(v.items()),
    "markup": lambda v: {**v, "<script>": "1"},
    "SQL": lambda v: {**v, "x'; DROP TABLE decisions; --": "1"},
}
WRONG_NAMES = ("no-such", "20260101-000000-00000000", "' OR '1'='1", "x" * 200, "..%2f..%2fetc")


def undecided(scene: Scene) -> bool:
    """Nobody has decided, and the program owns nothing."""
    with scene.database.reading() as connection:
        decision = decision_on(connection, scene.day.advice.recommendation_id)
    return decision is None and scene.engine.core.state.ownership is None


def exact(client: httpx.Client) -> Values:
    found: Values = client.get("/v1/recommendation").json()["exact"]
    return found


@pytest.mark.parametrize("name", WRONG_VALUES)
def test_other_values_than_the_whole_set_s_are_refused(scene: Scene, name: str) -> None:
    path = f"/v1/recommendations/{scene.day.advice.recommendation_id}/approve"
    with program(scene, "li") as client:
        answer = client.post(path, json={"values": WRONG_VALUES[name](exact(client))})
    assert answer.status_code in (409, 422)
    assert answer.status_code == 422 or "nothing was decided" in answer.json()["detail"]
    assert undecided(scene)


@pytest.mark.parametrize("name", WRONG_NAMES)
def test_a_set_that_is_none_is_refused(scene: Scene, name: str) -> None:
    with program(scene, "li") as client:
        body = {"values": exact(client)}
        assert client.post(f"/v1/recommendations/{name}/approve", json=body).status_code in (
            404, 409, 422
        )  # fmt: skip
    assert undecided(scene)


WRONG_WORDS: dict[str, tuple[list[str], int]] = {
    "no such set": (["no-such"], 1),
    "an old set": (["20260101-000000-00000000"], 1),
    "SQL for a set": (["' OR '1'='1"], 1),
    "no such element": (["--modify", "plant:P9=92"], 1),
    "no number": (["--modify", "plant:P1=hot"], 2),
    "not finite": (["--modify", "plant:P1=inf"], 2),
    "no value": (["--modify", "plant:P1"], 2),
    "twice": (["--modify", "plant:P1=91", "--modify", "plant:P1=92"], 2),
    "beyond the plant": (["--modify", "plant:P1=400"], 1),
    "below zero": (["--modify", "plant:P1=-40"], 1),
    "by hand what a point writes": (["--set-by-hand", "plant:P1=92"], 1),
    "by hand what is not there": (["--set-by-hand", "<b>=1"], 1),
}


@pytest.mark.parametrize("name", WRONG_WORDS)
def test_wrong_words_at_the_command_line_are_refused(scene: Scene, name: str) -> None:
    words, code = WRONG_WORDS[name]
    done = heatwarden("approve", scene.folder, *words, "--user", "li", "--json", typed=[PASSWORD])
    assert done.returncode == code, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said.get("accepted") is False or said["errors"][0]["remedy"]
    assert undecided(scene)


@pytest.mark.parametrize(
    ("user", "password", "code"),
    [
        ("li", "wrong", 2),
        ("li", "", 2),
        ("LI", PASSWORD, 2),
        ("li'; --", PASSWORD, 2),
        ("nobody", PASSWORD, 2),
        ("guest", PASSWORD, 1),  # a viewer: the engine itself refuses
    ],
)
@pytest.mark.parametrize("command", ["approve", "reject", "hold", "disarm", "reload"])
def test_who_may_not_is_refused(
    scene: Scene, command: str, user: str, password: str, code: int
) -> None:
    done = heatwarden(command, scene.folder, "--user", user, typed=[password])
    assert done.returncode == code, done.stdout + done.stderr
    assert undecided(scene)


@pytest.mark.parametrize("hours", ["0", "-1", "337", "nan", "inf"])
def test_a_window_that_makes_no_sense_is_refused(scene: Scene, hours: str) -> None:
    done = heatwarden("arm", scene.folder, "--user", "wang", "--hours", hours, typed=[PASSWORD])
    assert done.returncode == 2
    assert "0.1 to 336" in done.stderr
    with scene.client("wang", "en") as client:
        said = client.post("/mode/arm", data={"csrf": csrf_of(client), "hours": hours})
    assert said.status_code == 422
    assert "give 0.1 to 336 hours" in said.text
    assert scene.engine.core.state.arming is None


@pytest.mark.parametrize(
    ("until", "code", "said"),
    [
        ("2020-01-01T08:00:00+08:00", 1, "2020-01-01T08:00+08:00 is past; arm until"),
        ("9999-12-31T23:59:59-12:00", 1, "9999-12-31T23:59-12:00 is too far ahead; arm for at"),
        ("2026-01-19T08:00:00", 2, "is no instant with offset from UTC [2026-01-19T08:00:00]"),
        ("tomorrow", 2, "is no instant with offset from UTC [tomorrow]"),
    ],
)
def test_an_end_that_makes_no_sense_is_refused_alike(
    scene: Scene, until: str, code: int, said: str
) -> None:
    done = heatwarden("arm", scene.folder, "--user", "wang", "--until", until, typed=[PASSWORD])
    assert done.returncode == code
    with program(scene, "wang") as client:
        answer = client.post("/v1/mode/arm", json={"until": until})
    assert said in done.stdout + done.stderr
    assert answer.status_code == (409 if code == 1 else 422)
    assert code == 2 or said in answer.json()["detail"]
    assert scene.engine.core.state.arming is None


def test_one_of_many_at_once_is_accepted(fresh: Scene) -> None:
    path = f"/v1/recommendations/{fresh.day.advice.recommendation_id}"
    said: list[bool] = []
    start = threading.Barrier(8)

    def decide(verdict: str, name: str) -> None:
        with program(fresh, name) as client:
            body = {"values": exact(client)}
            start.wait()
            answer = client.post(f"{path}/{verdict}", json=body)
            said.append(answer.status_code == 200 and answer.json()["accepted"] is True)

    people = [
        threading.Thread(target=decide, args=(verdict, name))
        for verdict in ("approve", "reject")
        for name in ("li", "wang", "li", "zhao")
    ]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert said.count(True) == 1
    assert len(said) == 8


def test_approved_twice_at_the_command_line_counts_once(fresh: Scene) -> None:
    words = ("approve", fresh.folder, fresh.day.advice.recommendation_id, "--user", "li")
    first = heatwarden(*words, typed=[PASSWORD])
    second = heatwarden(*words, typed=[PASSWORD])
    assert (first.returncode, second.returncode) == (0, 1)
    assert "refused" in second.stdout


def test_a_set_that_is_superseded_between_look_and_word_is_refused(fresh: Scene) -> None:
    old = fresh.day.advice
    newer = replace(old, recommendation_id="20991231-235959-ffffffff")
    with program(fresh, "li") as client:
        seen = exact(client)
        keep_recommendation(fresh.engine.core, newer)
        fresh.engine.core.advice = newer
        answer = client.post(
            f"/v1/recommendations/{old.recommendation_id}/approve", json={"values": seen}
        )
    assert answer.status_code == 409
    done = heatwarden(
        "approve", fresh.folder, old.recommendation_id, "--user", "li", typed=[PASSWORD]
    )
    assert (done.returncode, "refused" in done.stdout) == (1, True)
    assert undecided(fresh)


def test_a_user_who_is_removed_meanwhile_is_refused(fresh: Scene) -> None:
    with program(fresh, "li") as client:
        body = {"values": exact(client)}
        with fresh.database.writing() as connection:
            remove_user(connection, "li")
        path = f"/v1/recommendations/{fresh.day.advice.recommendation_id}/approve"
        assert client.post(path, json=body).status_code == 401
    assert undecided(fresh)


def test_an_expired_set_is_refused(fresh: Scene) -> None:
    stale = replace(
        fresh.day.advice,
        recommendation_id="20991231-235959-eeeeeeee",
        expires_at=fresh.console.clock() - timedelta(seconds=1),
    )
    keep_recommendation(fresh.engine.core, stale)
    fresh.engine.core.advice = stale
    done = heatwarden("approve", fresh.folder, "--user", "li", typed=[PASSWORD])
    assert (done.returncode, "refused" in done.stdout) == (1, True)
    assert undecided(fresh)
