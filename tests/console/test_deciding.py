"""Deciding without scripts: by value and version, as a whole, once, by the real desk."""

import re

import pytest

from controller.store.recommendations import decision_on
from tests.console.conftest import Scene
from tests.console.forms import csrf_of, form_to


def decide_page(scene: Scene, verdict: str) -> str:
    return f"/recommendations/{scene.day.advice.recommendation_id}/{verdict}"


def verdict_of(scene: Scene) -> str | None:
    with scene.database.reading() as connection:
        found = decision_on(connection, scene.day.advice.recommendation_id)
    return None if found is None else found.verdict


@pytest.mark.parametrize(("verdict", "kept"), [("approve", "approved"), ("reject", "rejected")])
def test_a_set_is_decided_about(fresh: Scene, verdict: str, kept: str) -> None:
    with fresh.client("li") as client:
        path = decide_page(fresh, verdict)
        page = client.get(path).text
        found = client.post(path, data={**form_to(page, path), "note": "as discussed"})
        assert found.status_code == 303
        told = client.get(found.headers["location"]).text
    assert verdict_of(fresh) == kept
    assert "accepted" in told
    assert "as discussed" in told


def test_the_dialog_repeats_the_exact_values_and_the_version(scene: Scene) -> None:
    with scene.client("li") as client:
        page = client.get(decide_page(scene, "approve")).text
    form = form_to(page, decide_page(scene, "approve"))
    assert form["version"] == scene.day.advice.recommendation_id
    for member in scene.day.advice.members:
        assert form[f"value:{member.element}"] == f"{member.first:.4f}"
    outlet = next(m for m in scene.day.advice.members if m.element == "plant:P1")
    assert f"{outlet.first:.1f} °C" in page


@pytest.mark.parametrize("wrong", ["value", "version", "missing"])
def test_other_values_than_the_ones_shown_are_not_approved(scene: Scene, wrong: str) -> None:
    path = decide_page(scene, "approve")
    with scene.client("li") as client:
        form = form_to(client.get(path).text, path)
        if wrong == "value":
            form["value:plant:P1"] = "99.0000"
        elif wrong == "version":
            form["version"] = "20260101-000000-00000000"
        else:
            del form["value:plant:P1"]
        assert client.post(path, data=form).status_code == 409
    assert verdict_of(scene) is None


def test_a_superseded_set_is_refused(fresh: Scene) -> None:
    from dataclasses import replace

    from controller.engine.cycling import keep_recommendation

    path = decide_page(fresh, "approve")
    with fresh.client("li") as client:
        form = form_to(client.get(path).text, path)
        newer = replace(fresh.day.advice, recommendation_id="20990101-000000-00000000")
        keep_recommendation(fresh.engine.core, newer)
        fresh.engine.core.advice = newer
        found = client.post(path, data=form)
        assert found.status_code == 409
        assert "A newer recommendation" in found.text
        assert client.get(path).status_code == 409
    assert verdict_of(fresh) is None


def test_a_set_is_decided_once(fresh: Scene) -> None:
    path = decide_page(fresh, "reject")
    with fresh.client("li") as one, fresh.client("wang") as two:
        forms = [form_to(client.get(path).text, path) for client in (one, two)]
        assert one.post(path, data=forms[0]).status_code == 303
        assert two.post(path, data=forms[1]).status_code == 409


def test_what_the_engine_refuses_is_told_in_the_readers_language(fresh: Scene) -> None:
    fresh.engine.plant.values["P1.sp.fb"] += 20.0
    fresh.until(lambda: fresh.engine.core.readings["P1.sp.fb"].value != 90.0)
    path = decide_page(fresh, "approve")
    with fresh.client("li", "zh") as client:
        form = form_to(client.get(path).text, path)
        found = client.post(path, data=form)
    assert found.status_code == 409
    assert "不是建议生成时的" in found.text


def test_a_changed_set_is_reviewed_then_certified_again(fresh: Scene) -> None:
    name = fresh.day.advice.recommendation_id
    outlet = next(m for m in fresh.day.advice.members if m.element == "plant:P1")
    wanted = round(outlet.first - 1.0, 1)
    with fresh.client("li") as client:
        assert 'name="new:plant:P1"' in client.get(f"/recommendations/{name}/modify").text
        review = client.get(f"/recommendations/{name}/changed", params={"new:plant:P1": wanted})
        assert f"{wanted} °C" in review.text
        form = form_to(review.text, f"/recommendations/{name}/modify")
        assert form["new:plant:P1"] == str(wanted)
        found = client.post(f"/recommendations/{name}/modify", data=form)
        # It is certified beside: either the answer is there already, or it is waited for.
        assert found.status_code in (303, 409)
    with fresh.database.reading() as connection:
        from sqlalchemy import select

        from controller.store.tables import REQUESTS

        bodies = [row.body for row in connection.execute(select(REQUESTS))]
    assert any('"modify": {"plant:P1": ' in body for body in bodies)


@pytest.mark.parametrize(
    ("given", "says"),
    [({}, "Nothing has been changed"), ({"new:plant:P1": "warm"}, "is no number"),
     ({"new:plant:P1": "nan"}, "is no number")],
)  # fmt: skip
def test_a_change_of_nothing_is_no_change(scene: Scene, given: dict[str, str], says: str) -> None:
    name = scene.day.advice.recommendation_id
    with scene.client("li") as client:
        found = client.get(f"/recommendations/{name}/changed", params=given)
    assert found.status_code == 409
    assert says in found.text


def test_a_viewer_is_offered_nothing(scene: Scene) -> None:
    with scene.client("guest") as client:
        page = client.get("/").text
    assert "do-approve" not in page
    assert "/alarms/acknowledge" not in page


def test_a_stuck_engine_makes_the_page_stale_and_is_asked_nothing(fresh: Scene) -> None:
    path = decide_page(fresh, "approve")
    with fresh.client("li") as client:
        form = form_to(client.get(path).text, path)
        fresh.engine.stuck.set()
        fresh.until(lambda: 'data-stale="true"' in client.get("/").text)
        page = client.get("/").text
        assert "Every action is disabled" in page
        assert re.search(r'id="do-approve"[^>]* disabled', page)
        assert client.post(path, data=form).status_code == 503
        assert client.post("/mode/hold", data={"csrf": csrf_of(client)}).status_code == 503
    assert verdict_of(fresh) is None


def test_alarms_are_acknowledged_and_shelved(fresh: Scene) -> None:
    with fresh.client("li") as client:
        csrf = csrf_of(client)
        name = "point_bad:B571.indoor"
        client.post("/alarms/acknowledge", data={"csrf": csrf, "alarm_id": name})
        form = form_to(
            client.get("/alarms/shelve", params={"alarm_id": name}).text, "/alarms/shelve"
        )
        found = client.post(
            "/alarms/shelve", data={**form, "hours": "2", "reason": "sensor ordered"}
        )
        assert found.status_code == 303
        page = client.get("/alarms").text
    assert "seen by li" in page
    assert "sensor ordered" in page


@pytest.mark.parametrize("kind", ["hold", "arm", "disarm"])
def test_the_mode_is_asked_for(fresh: Scene, kind: str) -> None:
    with fresh.client("wang") as client:
        data = {"csrf": csrf_of(client), "hours": "24"}
        found = client.post(f"/mode/{kind}", data=data)
        assert found.status_code == 303
        told = client.get(found.headers["location"]).text
    assert "accepted" in told
    if kind == "hold":
        assert fresh.engine.core.state.mode == "hold"
    assert (fresh.engine.core.state.arming is not None) == (kind == "arm")


def test_what_hands_have_to_set_is_asked_and_confirmed(fresh: Scene) -> None:
    """The second plant of this site and its pumps have no point that writes."""
    path = decide_page(fresh, "approve")
    with fresh.client("li", "zh") as client:
        found = client.post(path, data={**form_to(client.get(path).text, path)})
        told = client.get(found.headers["location"]).text
        waiting = [one for one in fresh.engine.core.by_hand if not one.done]
        assert waiting
        assert "须手动设置" in told
        fresh.until(lambda: waiting[0].element in client.get("/").text)
        action = f"/recommendations/{fresh.day.advice.recommendation_id}/set-by-hand"
        form = form_to(client.get("/").text, action)
        wrong = client.post(action, data={**form, "value": "1"})
        assert "被拒绝" in client.get(wrong.headers["location"]).text
        right = next(one for one in waiting if one.element == form["element"])
        client.post(action, data={**form, "value": str(right.value)})
    assert next(one for one in fresh.engine.core.by_hand if one.element == form["element"]).done


def test_an_armed_snap_can_be_declined_from_the_banner(fresh: Scene) -> None:
    with fresh.client("wang") as engineer:
        engineer.post("/mode/arm", data={"csrf": csrf_of(engineer), "hours": "24"})
    with fresh.client("li") as client:
        fresh.until(lambda: 'id="decline"' in client.get("/alarms").text)
        form = form_to(client.get("/alarms").text, "/mode/disarm")
        assert client.post("/mode/disarm", data=form).status_code == 303
    assert fresh.engine.core.state.arming is None
    with fresh.client("guest") as client:
        assert 'id="decline"' not in client.get("/alarms").text


def test_outside_advisory_nothing_is_offered_for_approval(fresh: Scene) -> None:
    with fresh.client("li") as client:
        client.post("/mode/hold", data={"csrf": csrf_of(client)})
        fresh.until(lambda: "Only in ADVISORY" in client.get("/").text)
        page = client.get("/").text
        assert re.search(r'id="do-approve"[^>]* data-barred disabled', page)
        path = decide_page(fresh, "approve")
        found = client.post(path, data=form_to(client.get(path).text, path))
    assert found.status_code == 409
    assert "nothing can be approved in mode hold" in found.text
