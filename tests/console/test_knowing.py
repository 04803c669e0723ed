"""The page of what is known: complaints by page and program, changes, parameters, the load."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controller.console import live
from controller.knowing.leak_watch import Suspicion, leaks_json
from controller.knowing.state_filter import Sureness
from controller.knowing.watching import estimate_json
from controller.site import load_site
from controller.sitefiles import parameters
from controller.sitefiles.parameters import ParameterVersion
from controller.store.audit import last_records
from controller.store.identifications import Identification, record_identification
from controller.store.present import publish, published
from optimizer.estimate.bad_data import BadSensor, Fault
from optimizer.estimate.values import Value
from optimizer.model.state import PlantState
from tests.console.conftest import Scene, scene_on
from tests.console.forms import csrf_of
from tests.console.plant_day import PlantDay
from tests.console.test_api import program

EVENT = {
    "where": "S1", "since": "2026-01-10T00:00:00+00:00", "seen": "2026-01-12T00:00:00+00:00",
    "cause": "half_shut_valve", "signal": "flow", "size": -0.32,
}  # fmt: skip
SCORE = {
    "part": "buildings", "quantity": "heat of the stations", "unit": "kW", "before": 9.5,
    "after": 4.25, "why_not": "",
}  # fmt: skip
BLIND = {
    "part": "friction", "quantity": "pressure difference at the stations", "unit": "bar",
    "before": None, "after": None,
    "why_not": "no station's pressure difference is known together with the plant's and all flows",
}  # fmt: skip
LOAD = {"load_kw": [900.0] * 48, "physics_kw": [880.0] * 48, "p10_kw": [850.0] * 48,
        "p90_kw": [950.0] * 48, "learned": True}  # fmt: skip

PROVED = {"hours": 168, "mape_pct": 4.5, "persistence_pct": 9.1, "p10_p90_covers_pct": 79.0}

LEAKS = (
    Suspicion(
        point_id="P1.makeup", began=datetime(2026, 1, 10, 4, tzinfo=UTC), usual_m3_h=1.2,
        size_m3_h=0.41, why_not="", pipes=("L2", "K2"), stations=9,
    ),
    Suspicion(
        point_id="P2.makeup", began=datetime(2026, 1, 10, 5, tzinfo=UTC), usual_m3_h=1.2,
        size_m3_h=0.52, why_not="no_pressures",
    ),
)  # fmt: skip

LEVER = Identification(
    at=datetime(2026, 1, 10, tzinfo=UTC), point_id="S1.off", fingerprint="", actor="wang",
    passed=False,
    body={"answer": "S1.sec", "why_not": "S1.sec does not answer", "watched": {},
          "response": {"gain": 0.031, "gain_sigma": 0.02, "delay_s": 420.0, "lag_s": 60.0}},
)  # fmt: skip


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory, day: PlantDay) -> Iterator[Scene]:
    """A scene whose engine has published what it knows, on a site that was calibrated."""
    with scene_on(tmp_path_factory.mktemp("knowing") / "site", day) as made:
        now = made.console.clock()
        _calibrated(made.folder, day)
        made.console.site = load_site(made.folder)
        with made.database.writing() as connection:
            details = {"version": 2, "scores": [SCORE, BLIND], "events": [EVENT]}
            body = {"changed": True, "text": "", "details": details}
            publish(connection, "calibration", body, now)
            publish(connection, "estimate", estimate_json(day.site, *estimated(day, 0.62)), now)
            issued = {"issue_time": now.isoformat(), "loads": {"total": LOAD}, "score": PROVED}
            publish(connection, "loads", issued, now)
            record_identification(connection, LEVER)
            publish(connection, "leaks", leaks_json(day.site, LEAKS), now)
        causes = tuple(one.cause for one in LEAKS)
        made.engine.core.causes["leak"] = causes
        made.until(
            lambda: (
                {one.alarm_id for one in causes}
                <= {one.alarm_id for one in made.console.snapshot().alarms}
            )
        )
        yield made


def estimated(day: PlantDay, share: float, station_id: str = "S2") -> tuple[PlantState, Sureness]:
    """A state as the filter tells it: the fixed station S2 lets through a share of its table's."""
    network, stuck = day.site.district.network, "B571.indoor"
    bad = BadSensor(sensor=stuck, fault=Fault.STUCK, measured=19.2, expected=21.0)
    sureness = Sureness(
        at=day.now,
        indoor_k=np.full(len(network.buildings), 0.8),
        supply_k=np.ones(len(network.nodes)),
        left_out=(bad,),
        missed_bar=np.full(2 * len(network.stations), np.nan),
        valve_share=np.array(
            [share if one.station_id == station_id else 1.0 for one in network.stations]
        ),
        loss_share=np.ones(len(network.buildings)),
    )
    return day.basis.state, sureness


def _calibrated(folder: Path, day: PlantDay) -> None:
    ua = Value(value=load_site(folder).district.network.buildings[0].ua_kw_k, spread=0.1)
    made = ParameterVersion(
        version=1,
        made_at=day.now,
        source="from 7 days",
        values={"pipes": {}, "stations": {}, "buildings": {"B1": {"ua_kw_k": ua}}},
        scores=(),
    )
    parameters.write(folder, made)
    parameters.use(folder, 1)


WORDS = {
    "en": ("a half-shut valve", "flow -32 %", "P1.makeup has risen by 0.41 m³/h since",
           "By the pressures of 9 stations it is likeliest in these pipes", "order gets surer",
           "no station&#39;s pressure difference is known together",
           "P2.makeup has risen by 0.52", "where can not be told: fewer than 3 stations",
           "stations that measure pressure: 0 of 3", "a leak is noticed by the make-up, but where",
           "version 2 predicts better", "4.250",
           "heat of the stations", "± 1.3", "stuck: says 19.2", "physics and learned residual",
           "4.5 % off",
           "S1.sec does not answer", "0.03",
           "62 ↓", "look for a half-shut hand valve", "fixed stations: 1, with a heat meter: 0"),
    "zh": ("阀门半关", "流量 -32 %", "P1.makeup 自", "升高 0.41 m³/h", "按 9 座换热站的压力判断",
           "无法定位：测压的换热站少于 3 座", "测压换热站 0 座，共 3 座",
           "没有换热站压差与热源压力、全部流量同时可用", "管道粗糙度", "第 2 版预测更准",
           "4.250", "各站热量", "± 1.3", "物理模型加学习残差", "S1.sec 没有响应",
           "62 ↓", "检查手动阀是否半关", "固定开度站 1 座，其中 0 座装有热量表"),
}  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_says_what_is_known(known: Scene, language: str) -> None:
    with known.client("guest", language) as client:
        page = client.get("/knowing").text
        building = client.get("/buildings/B1").text
    for word in WORDS[language]:
        assert word in page, word
    assert 'action="/complaints"' not in page  # a viewer enters nothing
    assert {"zh": "90 % 区间", "en": "90 % interval"}[language] in building


def test_the_life_of_a_complaint_on_the_page(known: Scene) -> None:
    with known.client("li") as client:
        csrf = csrf_of(client)
        said = {"csrf": csrf, "building": "B1", "flat": "3-502", "temp": "15,5", "note": "<cold>"}
        found = client.post("/complaints", data=said)
        assert found.status_code == 303
        page = client.get(found.headers["location"]).text
        assert "inside the home" in page
        assert "&lt;cold&gt;" in page
        number = found.headers["location"].split("entered=")[1].split("#")[0]
        for path, more in (
            ("/complaints/answer", {}),
            ("/complaints/close", {"cause": "station", "outcome": "valve opened"}),
        ):
            data = {"csrf": csrf, "number": number, **more}
            assert client.post(path, data=data).status_code == 303
        assert "valve opened" in client.get("/knowing").text
    with known.database.reading() as connection:
        told = [(one["actor"], one["action"]) for one in last_records(connection, 3)]
    assert [("li", f"complaint {verb}") for verb in ("add", "answer", "close")] == told


SLIPS = [
    ({"building": "B999", "temp": "15"}, "no building B999"),
    ({"temp": "155"}, "155 is no room&#39;s temperature; go back and give -10 to 45 °C"),
    ({"temp": "warm"}, "warm is no room&#39;s temperature"),
    ({"note": "it is cold"}, "there is nothing to weigh"),
]


@pytest.mark.parametrize(("wrong", "told"), SLIPS)
def test_a_slip_of_the_keyboard_is_refused(known: Scene, wrong: dict[str, str], told: str) -> None:
    with known.client("li", "en") as client:
        data = {"csrf": csrf_of(client), "building": "B1", **wrong}
        found = client.post("/complaints", data=data)
    assert found.status_code == 422
    assert told in found.text


def test_a_program_too_says_something_to_weigh(known: Scene) -> None:
    with program(known, "li") as client:
        found = client.post("/v1/complaints", json={"building_id": "B1", "note": "it is cold"})
    assert found.status_code == 422
    assert "give room_temp_c or radiator_hot" in found.text


def test_an_unanswered_complaint_is_late_after_half_an_hour(
    known: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with known.client("li") as client:
        client.post("/complaints", data={"csrf": csrf_of(client), "building": "B1", "temp": "15"})
        assert "late</strong>" not in client.get("/knowing").text
    present = known.console.clock
    monkeypatch.setattr(known.console, "clock", lambda: present() + timedelta(minutes=31))
    with known.client("guest") as client:
        assert "late</strong>" in client.get("/knowing").text


def test_a_program_takes_complaints_and_reads_what_is_known(known: Scene) -> None:
    with program(known, "li") as client:
        said = {"building_id": "B1", "room_temp_c": 15.0, "radiator_hot": True}
        made = client.post("/v1/complaints", json=said).json()
        assert made["verdict"] == "home"
        path = f"/v1/complaints/{made['complaint_id']}"
        assert client.post(f"{path}/answer").status_code == 200
        assert client.post(f"{path}/answer").status_code == 409
        closing = {"cause": "building", "outcome": "riser balanced"}
        assert client.post(f"{path}/close", json=closing).status_code == 200
        listed = client.get("/v1/complaints").json()["complaints"]
        assert listed[-1]["cause"] == "building"
        told = client.get("/v1/knowing").json()
    ua = told["parameters"]["values"]["buildings"]["B1"]["ua_kw_k"]
    assert ua["from"] < ua["value"] < ua["to"]
    assert told["calibration"]["details"]["events"] == [EVENT]
    valve = {"station_id": "S2", "share": 0.62, "at_bound": False}
    assert told["estimate"]["valves_off"] == [valve]
    placed, blind = told["leaks"]["suspected"]
    assert [one["pipe_id"] for one in placed["places"]] == ["L2", "K2"]
    assert (blind["places"], blind["why_not"]) == ([], "no_pressures")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            ("+0.41 m3/h since 2026-01-10 04:00Z; likeliest in L2, K2", "fewer than 3 stations"),
        ),
        ("zh", ("自 2026-01-10 04:00Z 起 +0.41 m3/h；最可能在 L2, K2", "无法定位：测压的换热站")),
    ],
)
def test_the_alarm_of_a_leak_says_where_or_why_not(
    known: Scene, language: str, said: tuple[str, ...]
) -> None:
    with known.client("guest", language) as client:
        page = client.get("/alarms").text
    for words in (*said, 'href="/knowing#leaks"'):
        assert words in page


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.84, "84 ↓"),
        (1.16, "takes its neighbours&#39; water"),
        (0.4, "check the flow meter first"),
        (0.86, "lets through what the table says"),
    ],
)
def test_a_valve_is_a_work_order_where_it_is_far_from_the_table(
    known: Scene, share: float, said: str
) -> None:
    body = estimate_json(known.day.site, *estimated(known.day, share))
    with _while_published(known, body), known.client("guest") as client:
        assert said in client.get("/knowing").text


def test_a_controlled_valve_that_is_open_and_starved_is_a_work_order_too(known: Scene) -> None:
    body = estimate_json(known.day.site, *estimated(known.day, 0.5, "S1"))
    with _while_published(known, body), known.client("guest") as client:
        assert "controlled, fully open" in client.get("/knowing").text


@contextmanager
def _while_published(known: Scene, estimate: dict[str, Any]) -> Iterator[None]:
    """What stands in the store meanwhile; afterwards it is as it was."""
    with known.database.reading() as connection:
        before = published(connection, "estimate")
    assert before is not None
    try:
        with known.database.writing() as connection:
            publish(connection, "estimate", estimate, before[0])
        yield
    finally:
        with known.database.writing() as connection:
            publish(connection, "estimate", before[1], before[0])


def test_the_console_follows_the_parameters_of_the_engine_after_a_reload(
    fresh: Scene, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine that has read the site again is a new one; a site that is broken by then waits."""
    monkeypatch.setattr(live, "FOLLOW_AGAIN_S", 0.0)

    def page() -> str:
        with fresh.client("guest") as client:
            return client.get("/knowing").text

    fresh.until(lambda: fresh.console.followed is not None)
    _calibrated(fresh.folder, fresh.day)
    assert "as the site&#39;s tables have them" in page()
    nodes = fresh.folder / "nodes.csv"
    sound = nodes.read_text(encoding="utf-8")
    nodes.write_text("nonsense", encoding="utf-8")
    fresh.engine.core.started_at += timedelta(minutes=1)
    fresh.until(lambda: "here it can not be read" in caplog.text)
    assert "as the site&#39;s tables have them" in page()
    nodes.write_text(sound, encoding="utf-8")
    fresh.until(lambda: fresh.console.site.parameters is not None)
    assert "version 1 of" in page()
    with fresh.client("guest") as client:
        assert "90 % interval" in client.get("/buildings/B1").text
