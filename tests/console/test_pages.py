"""Every page, as a browser without scripts sees it."""

import pytest

from controller.console.card import effect_rows
from controller.console.languages import words
from controller.report.numbers import number
from tests.console.conftest import Scene, sign_in

PAGES = (
    "/", "/?view=temperature", "/recommendation", "/trends", "/trends?group=buildings", "/alarms",
    "/journal", "/mode", "/what-if", "/report", "/bus", "/settings", "/audit", "/users", "/tokens",
    "/knowing", "/stations/S1", "/buildings/B1",
)  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_whole(scene: Scene, page: str, language: str) -> None:
    with scene.client("zhao", language) as client:
        found = client.get(page)
    assert found.status_code == 200
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in found.text
    assert "Asia/Shanghai, UTC+08:00" in found.text


@pytest.mark.parametrize(("language", "said"), [("zh", "登录"), ("en", "sign in")])
def test_the_audit_says_what_was_done_and_finds_it_as_said_and_as_recorded(
    scene: Scene, language: str, said: str
) -> None:
    with scene.client(language=language) as client:
        assert sign_in(client, "zhao").status_code == 303
        for wanted in (said, "sign in"):
            found = client.get("/audit", params={"text": wanted}).text
            assert f"<td>{said}</td>" in found
        assert f"<td>{said}</td>" not in client.get("/audit", params={"text": "nobody did"}).text


def test_each_schedule_is_compared_by_its_own_coldest_flat_and_by_what_it_costs(
    scene: Scene,
) -> None:
    effect = scene.day.advice.effect
    own = scene.console
    rows = effect_rows(effect, own, words("en"))
    cost, coldest = rows[0], rows[-1]
    courses = effect["courses"]
    assert cost["held"] == number(courses["held_cost"]["total"], 0)
    assert 0.5 < courses["held_cost"]["total"] / effect["cost"]["total"] < 2.0
    for name, least in courses["least"].items():
        assert coldest[name] == f"{least['building_id']} {least['worst_flat_temp_c']:.1f}"
        followed = courses["buildings"]["coldest"]["p50" if name == "plan" else name]
        assert least["worst_flat_temp_c"] <= min(followed) + 0.01
    with scene.client("li") as client:
        assert f'<td class="number">{coldest["held"]}</td>' in client.get("/recommendation").text
