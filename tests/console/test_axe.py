"""Whether everybody can use every page: axe, WCAG A and AA, light and dark, both languages."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.console.browsing import looking
from tests.console.conftest import Scene
from tests.console.test_pages import PAGES
from tests.peers import need_node_package

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def axe() -> str:
    _, folder = need_node_package("axe-core")
    return (Path(folder) / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(("language", "theme"), [("zh", "light"), ("en", "dark")])
def test_axe_finds_nothing(
    browser: "Browser", scene: Scene, axe: str, language: str, theme: str
) -> None:
    approve = f"/recommendations/{scene.day.advice.recommendation_id}/approve"
    shelve = "/alarms/shelve?alarm_id=point_bad:B571.indoor"
    certificate = approve.replace("/approve", "/certificate")
    modify = approve.replace("/approve", "/modify")
    found = {}
    with looking(browser, scene, "zhao", language, color_scheme=theme) as seen:
        for path in (*PAGES, approve, modify, certificate, shelve, "/no-such-page"):
            seen.page.goto(path)
            seen.page.evaluate(axe)
            told = seen.page.evaluate(
                "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
            )
            assert len(told["passes"]) > 5, path
            if told["violations"]:
                found[path] = [
                    (one["id"], one["nodes"][0]["html"][:160], one["nodes"][0]["failureSummary"])
                    for one in told["violations"]
                ]
    with looking(browser, scene, "", language, color_scheme=theme) as seen:
        seen.page.goto("/login")
        seen.page.evaluate(axe)
        assert seen.page.evaluate("axe.run().then(told => told.violations.length)") == 0
    assert found == {}
