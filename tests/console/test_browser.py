"""The traps of a control room page, each in a real Chromium."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from controller.console.snapshot import STALE_AFTER_S
from controller.store.recommendations import decision_on
from tests.console.browsing import SIZES, keep_picture, looking
from tests.console.conftest import Scene
from tests.console.living import PASSWORD
from tests.console.test_pages import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LANGUAGES = ("zh", "en")
SAID = {
    "zh": {"accepted": "已接受", "stale": "数据已过期", "shelve": "搁置", "ack": "确认"},
    "en": {"accepted": "accepted", "stale": "Stale", "shelve": "Shelve", "ack": "Acknowledge"},
}


def verdict_of(scene: Scene) -> str | None:
    with scene.database.reading() as connection:
        found = decision_on(connection, scene.day.advice.recommendation_id)
    return None if found is None else found.verdict


def open_dialog(page: "Page", verdict: str) -> None:
    page.goto("/")
    page.click(f"#do-{verdict}")
    page.wait_for_selector("dialog[open] .sheet")


@pytest.mark.parametrize("language", LANGUAGES)
def test_enter_in_the_note_does_not_approve(
    browser: "Browser", scene: Scene, language: str
) -> None:
    with looking(browser, scene, language=language) as seen:
        open_dialog(seen.page, "approve")
        note = seen.page.locator("dialog textarea")
        note.fill("first line")
        for key in ("Enter", "Control+Enter", "Shift+Enter"):
            note.press(key)
        seen.page.wait_for_timeout(300)
        assert seen.page.locator("dialog[open]").count() == 1
        assert note.input_value().startswith("first line\n")
    assert verdict_of(scene) is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("verdict", "kept"), [("approve", "approved"), ("reject", "rejected")])
def test_a_set_is_decided_about_in_the_dialog(
    browser: "Browser", fresh: Scene, language: str, verdict: str, kept: str
) -> None:
    with looking(browser, fresh, language=language) as seen:
        open_dialog(seen.page, verdict)
        shown = seen.page.locator("dialog").inner_text()
        assert fresh.day.advice.recommendation_id in shown
        for member in fresh.day.advice.members:
            if member.element.startswith(("plant:", "pump:")):
                assert f"{member.first:.1f}" in shown or f"{member.first:.2f}" in shown
        seen.page.fill("dialog textarea", "看过 seen")
        seen.page.click("dialog form[method=post] button")
        seen.page.wait_for_url(re.compile("asked="))
        assert (
            SAID[language]["accepted"]
            in seen.page.locator(".notice[role=status]").last.inner_text()
        )
    assert verdict_of(fresh) == kept


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_set_is_approved_without_scripts(browser: "Browser", fresh: Scene, language: str) -> None:
    with looking(browser, fresh, language=language, java_script_enabled=False) as seen:
        seen.page.goto("/")
        seen.page.click("#do-approve")
        seen.page.fill("textarea", "by hand")
        seen.page.click("form[method=post][action*=recommendations] button")
        seen.page.wait_for_url(re.compile("asked="))
    assert verdict_of(fresh) == "approved"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_superseded_set_is_refused_in_the_dialog(
    browser: "Browser", fresh: Scene, language: str
) -> None:
    from dataclasses import replace

    from controller.engine.cycling import keep_recommendation

    with looking(browser, fresh, language=language) as seen:
        open_dialog(seen.page, "approve")
        newer = replace(fresh.day.advice, recommendation_id="20990101-000000-00000000")
        keep_recommendation(fresh.engine.core, newer)
        with seen.page.expect_response(re.compile("/approve")) as answered:
            seen.page.click("dialog form[method=post] button")
        assert answered.value.status == 409
    assert verdict_of(fresh) is None


@pytest.mark.parametrize(("language", "how"), [("zh", "stuck"), ("en", "cut off")])
def test_a_stale_page_says_so_within_five_seconds_and_disables_its_buttons(
    browser: "Browser", fresh: Scene, language: str, how: str
) -> None:
    with looking(browser, fresh, language=language) as seen:
        page = seen.page
        page.goto("/")
        page.wait_for_selector("html[data-stale=false]", state="attached")
        page.wait_for_selector("#do-approve:enabled")
        if how == "stuck":
            fresh.engine.stuck.set()
        else:
            fresh.server.should_exit = True
        assert STALE_AFTER_S < 5.0
        page.wait_for_selector("html[data-stale=true]", state="attached")
        assert page.locator("#stale").is_visible()
        assert page.locator("[data-live]:enabled").count() == 0
        assert page.locator("[data-live]").count() >= 5
        if how == "stuck":
            assert SAID[language]["stale"] in page.locator("#stale").inner_text()
            fresh.engine.stuck.clear()
            page.wait_for_selector("html[data-stale=false]", state="attached")
            assert page.locator("#do-approve").is_enabled()
        seen.complaints.clear()  # that the stream broke is what this is about


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_fits_every_width(browser: "Browser", scene: Scene, language: str) -> None:
    with looking(browser, scene, "zhao", language) as seen:
        for path in PAGES:
            for width, height in SIZES.items():
                seen.page.set_viewport_size({"width": width, "height": height})
                seen.page.goto(path)
                if "trends" in path:
                    seen.page.wait_for_selector("#charts[data-ready]", state="attached")
                too_wide = seen.page.evaluate(
                    "document.documentElement.scrollWidth - window.innerWidth"
                )
                keep_picture(seen.page, f"{path.strip('/').replace('/', '-')}-{width}-{language}")
                assert too_wide <= 0, (path, width, too_wide)


def test_labels_are_text(browser: "Browser", scene: Scene) -> None:
    with looking(browser, scene) as seen:
        seen.page.goto("/")
        assert seen.page.locator("main img, main canvas").count() == 0
        labels = seen.page.locator(".map-over text").all_text_contents()
        assert any("P1" in one for one in labels)
        for width in SIZES:
            seen.page.set_viewport_size({"width": width, "height": 800})
            height = seen.page.locator(".map-over text").first.bounding_box()
            assert height is not None
            assert height["height"] >= 12.0


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_other_action(browser: "Browser", fresh: Scene, language: str) -> None:
    with looking(browser, fresh, "zhao", language) as seen:
        page = seen.page
        _alarms(page, language)
        _change(page)
        _modes(page, fresh)
        _what_if(page)
        _people_and_tokens(page)
        _ways(page)
        page.click("form[action='/logout'] button")
        page.wait_for_url(re.compile("/login"))


def test_signing_in_and_choosing_language_and_light(browser: "Browser", scene: Scene) -> None:
    with looking(browser, scene, name="") as seen:
        page = seen.page
        page.goto("/alarms")
        page.wait_for_url(re.compile(r"/login\?next=/alarms"))
        page.fill("[name=name]", "li")
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url(re.compile("/alarms$"))
        page.click(".language a[lang=zh]")
        assert page.get_attribute("html", "lang") == "zh-CN"
        page.click(".theme-links a[href*=dark]")
        assert page.get_attribute("html", "data-theme") == "dark"


def test_the_live_page_takes_in_what_changes(browser: "Browser", fresh: Scene) -> None:
    with looking(browser, fresh) as seen:
        seen.page.goto("/")
        fresh.engine.plant.values["P1.t"] = 91.7
        seen.page.wait_for_selector(".figure .value:text-is('91.7')")


def test_the_keyboard_reaches_the_decision_and_comes_back(browser: "Browser", scene: Scene) -> None:
    with looking(browser, scene) as seen:
        page = seen.page
        page.goto("/")
        page.focus("#do-approve")
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog[open]")
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog:not([open])", state="attached")
        # The browser gives the focus back a moment after the dialog has closed.
        page.wait_for_function("document.activeElement.id === 'do-approve'")


def _alarms(page: "Page", language: str) -> None:
    page.goto("/alarms")
    page.click(f"button:text-is('{SAID[language]['ack']}') >> nth=0")
    page.wait_for_url(re.compile("asked="))
    page.click(f"button:has-text('{SAID[language]['shelve']}') >> nth=0")
    page.wait_for_selector("dialog[open]")
    page.fill("dialog textarea", "传感器 ordered")
    page.click("dialog form[method=post] button")
    page.wait_for_url(re.compile("asked="))
    assert "传感器 ordered" in page.inner_text("main")


def _modes(page: "Page", scene: Scene) -> None:
    asked: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("arm", lambda: scene.engine.core.state.arming is not None),
        ("disarm", lambda: scene.engine.core.state.arming is None),
        ("hold", lambda: scene.engine.core.state.mode == "hold"),
        ("resume", lambda: True),
        ("reload", lambda: True),
    )
    for kind, true in asked:
        page.goto("/mode")
        page.click(f"#do-{kind}")
        page.wait_for_url(re.compile("asked="))
        assert true(), kind


def _change(page: "Page") -> None:
    page.goto("/")
    page.click("#do-modify")
    page.wait_for_selector("dialog[open] input[type=number]")
    first = page.locator("dialog input[type=number]").first
    first.fill("92")
    first.press("Enter")  # leads to the review, never to a decision
    page.wait_for_selector("dialog textarea")
    assert "92.0" in page.inner_text("dialog")
    page.click("dialog [data-close]")
    page.wait_for_selector("dialog:not([open])", state="attached")


def _what_if(page: "Page") -> None:
    page.goto("/what-if")
    page.fill("[name=shift_k]", "-3")
    page.click("form[action='/what-if'] button")
    page.wait_for_url(re.compile(r"/what-if/\d"))
    page.click("form[action$='/cancel'] button")
    page.wait_for_url(re.compile("/what-if$"))


def _people_and_tokens(page: "Page") -> None:
    page.goto("/users")
    page.fill("[name=name][type=text]", "新人")
    page.fill("[name=password]", "a long enough one")
    page.click("form[action='/users'] button")
    page.wait_for_selector("th:text-is('新人')")
    page.click("tr:has(th:text-is('新人')) button")
    page.wait_for_selector("th:text-is('新人')", state="detached")
    page.goto("/tokens")
    page.fill("[name=label]", "historian")
    page.click("form[action='/tokens'] button")
    page.wait_for_selector("#secret")
    page.click("tr:has(th:text-is('historian')) button")
    page.wait_for_selector("th:text-is('historian')", state="detached")


def _ways(page: "Page") -> None:
    page.goto("/")
    page.fill("[name=name]", "B1")
    page.press("[name=name]", "Enter")
    page.wait_for_url(re.compile("/buildings/B1"))
    page.click(".crumbs a >> nth=0")
    page.wait_for_url(re.compile("/$"))
    page.locator(".map.clickable").click(position={"x": 40, "y": 40})
    page.wait_for_url(re.compile("/stations/"))
