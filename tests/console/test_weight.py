"""How much a page weighs, and that its files are kept by browsers."""

import gzip
import re
from pathlib import Path

import httpx
import pytest

from benchmarks.console_site import advice_for, write_console_site
from controller.console.map_frame import frame_of
from controller.console.network_map import draw_map
from controller.site import load_site
from tests.console.conftest import Scene
from tests.console.plant_day import utc_now

MOST = {300: 250_000, 3000: 1_000_000}


def files_of(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)


@pytest.mark.parametrize("path", ["/", "/trends", "/recommendation", "/alarms"])
def test_a_page_with_its_files_is_light(scene: Scene, path: str) -> None:
    with scene.client("li") as client:
        page = client.get(path)
        sent = int(page.headers["content-length"])
        for name in files_of(page.text):
            found = client.get(name)
            assert found.headers["content-encoding"] == "gzip"
            sent += int(found.headers["content-length"])
    assert sent < MOST[300]


@pytest.mark.parametrize("nodes", list(MOST))
def test_a_large_network_is_drawn_lightly(tmp_path: Path, nodes: int) -> None:
    site = load_site(write_console_site(tmp_path / "site", nodes))
    network = site.district.network
    temps = advice_for(site, utc_now()).effect["courses"]["now"]["nodes"]
    drawn = draw_map(
        network, frame_of(network), year=2026, label="map", supply_temp_c=temps
    ).encode()
    assert len(network.nodes) >= nodes
    assert len(drawn) < MOST[nodes] / 2
    assert len(gzip.compress(drawn)) < 40_000


def test_files_are_kept_for_ever_and_pages_never(scene: Scene) -> None:
    with scene.client("li") as client:
        page = client.get("/")
        assert page.headers["cache-control"] == "no-store"
        for name in files_of(page.text):
            assert "immutable" in client.get(name).headers["cache-control"]
            assert re.search(r"\.[0-9a-f]{10}\.(?:js|css)$", name)


def test_an_unknown_file_is_none(scene: Scene) -> None:
    for name in ("console.0000000000.css", "..%2Fserver.py", "htmx.LICENSE"):
        assert httpx.get(f"{scene.base}/assets/{name}").status_code == 404
