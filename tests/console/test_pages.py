"""Every page, as a browser without scripts sees it."""

import pytest

from tests.console.conftest import Scene

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
