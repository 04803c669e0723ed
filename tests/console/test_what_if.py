"""What if, as an operator fills it in: wrong fields by name, limits in words, who gets no heat."""

import time

import pytest

from controller.console.languages import words
from controller.console.pages.what_if import LIMITS
from controller.console.studies import Studies, Study
from tests.console.conftest import Scene
from tests.console.forms import form_to

WRONG: list[tuple[dict[str, str], str]] = [
    ({"shift_k": "cold"}, "whatif.shift"),
    ({"shift_k": "-31"}, "whatif.shift"),
    ({"lost_mw": "-1"}, "whatif.lost"),
    ({"pipe": "X9"}, "whatif.pipe"),
    ({"limit": "price", "limit_value": "1"}, "whatif.limit"),
    ({"limit": "max_makeup", "limit_value": ""}, "whatif.limit.max_makeup"),
]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("given", "field"), WRONG)
def test_a_wrong_field_is_named(
    scene: Scene, given: dict[str, str], field: str, language: str
) -> None:
    with scene.client("li", language) as client:
        form = form_to(client.get("/what-if").text, "/what-if")
        answer = client.post("/what-if", data={**form, **given})
    assert answer.status_code == 422
    assert words(language)(field) in answer.text
    assert given.get("limit_value", next(iter(given.values()))) in answer.text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_limits_stand_in_words(scene: Scene, language: str) -> None:
    with scene.client("li", language) as client:
        page = client.get("/what-if").text
    for name, key in LIMITS.items():
        assert f'value="{name}">{words(language)(f"whatif.limit.{name}")}<' in page
        assert key not in page


def test_stations_that_a_pipe_cuts_off_are_told_of(scene: Scene) -> None:
    network = scene.day.site.district.network
    station = network.stations[-1]
    pipe = next(one for one in network.pipes if station.node_id in (one.from_node, one.to_node))
    asked = (
        "--weather-shift=-3",
        f"--without-pipe={pipe.pipe_id}",
        f"--set={LIMITS['min_indoor']}=17",
    )
    app = scene.server.config.app
    studies: Studies = app.state.studies  # type: ignore[union-attr]
    studies.kept[99] = Study(99, "li", asked, time.monotonic(), problem="none was made")
    with scene.client("li") as client:
        page = client.get("/what-if/99").text
    say = words("en")
    assert say("whatif.cut_off", stations="").rstrip() in page
    assert station.station_id in page.split(say("whatif.cut_off", stations="").rstrip())[1]
    for phrase in ("whatif.shift", "whatif.pipe", "whatif.limit.min_indoor"):
        assert say(phrase) in page
    assert "--set" not in page
