"""Every page, as a browser without scripts sees it."""

import pytest

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
