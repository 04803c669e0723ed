"""Complaints: entered by command, weighed with evidence, clocked, and learned from."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controller.cli import main
from controller.knowing.complaint_desk import enter
from controller.knowing.complaint_words import ADVICE, CLUES, VERDICTS, clue_text
from controller.knowing.complaints import Report, clocks, learned_betas
from controller.knowing.watching import PUBLISHED_AS
from controller.site import Site, load_site
from controller.store.complaints import Complaint, StoredComplaint, close_complaint
from controller.store.database import Database, open_database
from controller.store.present import publish
from controller.store.telemetry import record_readings
from drivers.base import Quality, Reading
from optimizer.estimate.triage import Evidence, Verdict, beta_after, triage
from tests.terminal import heatwarden

NOW = datetime(2026, 1, 12, 4, tzinfo=UTC)
SOUND = Evidence(
    plant_short_k=0.3,
    supply_short_k=0.5,
    stations_short_share=0.0,
    heating_short_k=0.2,
    heat_share=1.05,
    indoor_c=21.0,
    indoor_spread_k=0.8,
    worst_c=18.4,
    promised_c=18.0,
    reported_c=15.0,
    radiator_hot=None,
    same_building=0,
    same_station=0,
    elsewhere=1,
)
WEIGHED: tuple[tuple[dict[str, Any], Verdict, str], ...] = (
    ({}, Verdict.HOME, "colder_than_worst"),
    ({"reported_c": 19.0}, Verdict.HOME, "warm_enough"),
    ({"radiator_hot": True}, Verdict.HOME, "radiator_hot"),
    ({"radiator_hot": False}, Verdict.HOME, "radiator_cold"),
    ({"worst_c": 16.8, "reported_c": 16.2}, Verdict.BUILDING, "worst_short"),
    ({"worst_c": 16.8, "reported_c": None}, Verdict.BUILDING, "worst_short"),
    ({"worst_c": 17.5, "reported_c": 13.0}, Verdict.HOME, "colder_than_worst"),
    ({"same_building": 3}, Verdict.BUILDING, "building_complains"),
    ({"heating_short_k": 9.0, "heat_share": 0.9}, Verdict.STATION, "heating_short"),
    ({"heating_short_k": 9.0}, Verdict.HOME, "colder_than_worst"),
    ({"heat_share": 0.6}, Verdict.STATION, "heat_short"),
    ({"same_station": 4}, Verdict.STATION, "station_complains"),
    ({"plant_short_k": 12.0, "heat_share": 0.7}, Verdict.NETWORK, "plant_short"),
    ({"supply_short_k": 9.0, "stations_short_share": 0.5}, Verdict.NETWORK, "many_short"),
    ({"supply_short_k": 9.0}, Verdict.NETWORK, "supply_short"),
    ({"elsewhere": 12}, Verdict.NETWORK, "many_complain"),
)
NOTHING: dict[str, Any] = {
    name: float("nan")
    for name in ("plant_short_k", "supply_short_k", "heating_short_k", "heat_share", "indoor_c")
}


@pytest.mark.parametrize(("change", "verdict", "code"), WEIGHED)
def test_evidence_decides(change: dict[str, Any], verdict: Verdict, code: str) -> None:
    found = triage(replace(SOUND, **change))
    assert found.verdict is verdict
    assert found.clues[0].speaks_for is verdict
    assert code in [clue.code for clue in found.clues]


def test_where_nothing_is_known_someone_is_sent_home() -> None:
    unknown = replace(SOUND, **NOTHING, worst_c=float("nan"), reported_c=None)
    assert triage(unknown).verdict is Verdict.HOME


def test_every_word_is_there_in_both_languages() -> None:
    for change, verdict, _ in WEIGHED:
        for clue in triage(replace(SOUND, **change)).clues:
            said = clue_text({"code": clue.code, "values": clue.values})
            assert "?" not in said.en + said.zh
            assert "{" not in said.en + said.zh
        assert VERDICTS[verdict].zh
        assert ADVICE[verdict].en
    assert len(CLUES) == 14


def test_only_repeated_and_colder_complaints_move_a_beta() -> None:
    assert beta_after(0.09, np.array([0.2])) is None
    assert beta_after(0.09, np.array([0.05, 0.06])) is None
    moved = beta_after(0.09, np.array([0.2, 0.2, 0.2]))
    assert moved is not None
    assert 0.12 < moved[0] < 0.2
    more = beta_after(0.09, np.full(30, 0.2))
    assert more is not None
    assert moved[0] < more[0] < 0.2
    assert more[1] < moved[1]


@pytest.fixture
def store(site: Path) -> Any:
    loaded = load_site(site)
    database = open_database(loaded.store_url, site)
    yield loaded, database
    database.close()


def known(site: Site, database: Database, mean_c: float, outdoor_c: float) -> None:
    rooms = {
        b.building_id: {"indoor_temp_c": mean_c, "spread_k": 0.8}
        for b in site.district.network.buildings
    }
    reading = Reading(point_id="ws1.outdoor_temp", value=outdoor_c, time=NOW, quality=Quality.GOOD)
    name = next(p.point_id for p in site.points if p.quantity == "outdoor_temp_c")
    with database.recording() as connection:
        record_readings(connection, [replace(reading, point_id=name)])
    with database.writing() as connection:
        publish(connection, PUBLISHED_AS, {"buildings": rooms}, NOW)


def said(building: str, temp_c: float) -> Report:
    return Report(
        building_id=building, flat="3-502", room_temp_c=temp_c, radiator_hot=None, note=""
    )


def test_neighbours_make_it_the_building_s_and_teach_its_beta(store: Any) -> None:
    site, database = store
    known(site, database, 21.0, -10.0)
    verdicts = []
    for temp_c in (15.0, 15.2, 14.8, 15.1):
        number, found = enter(database, site, said("B011", temp_c), actor="li", now=NOW)
        verdicts.append(found.verdict)
    assert verdicts == [Verdict.HOME, Verdict.HOME, Verdict.BUILDING, Verdict.BUILDING]
    beta = learned_betas(database, site, NOW + timedelta(days=1))["B011"]["worst_flat_beta"]
    assert 0.099 < beta.value < 0.2
    with database.writing() as connection:
        assert close_complaint(connection, number, "home", "strainer cleaned", NOW)
    assert learned_betas(database, site, NOW + timedelta(days=1)) == {}


def stored(at: datetime) -> StoredComplaint:
    return StoredComplaint(
        complaint_id=1,
        complaint=Complaint(
            at=at,
            building_id="B011",
            flat="",
            room_temp_c=None,
            radiator_hot=None,
            note="",
            actor="wang",
            verdict="home",
            clues=(),
            beta_seen=None,
        ),
        answered_at=None,
        closed_at=None,
        cause=None,
        outcome=None,
    )


CLOCKS: tuple[tuple[timedelta, bool, bool], ...] = (
    (timedelta(minutes=29), False, False),
    (timedelta(minutes=31), True, False),
    (timedelta(hours=12), True, False),
    (timedelta(hours=12, minutes=1), True, True),
)


@pytest.mark.parametrize(("passed", "answer_late", "close_late"), CLOCKS)
def test_half_an_hour_and_the_same_local_day(
    passed: timedelta, answer_late: bool, close_late: bool
) -> None:
    noon = datetime(2026, 1, 12, 4, tzinfo=UTC)
    found = clocks(stored(noon), noon + passed, "Asia/Shanghai")
    assert (found.answer_late, found.close_late) == (answer_late, close_late)
    assert found.close_by == datetime(2026, 1, 12, 16, tzinfo=UTC)


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = main(list(words))
    return code, capsys.readouterr().out


@pytest.mark.usefixtures("store")
def test_the_life_of_a_complaint_by_command(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def asked(action: str, *more: str) -> tuple[int, Any]:
        return ran(capsys, "complaint", action, str(site), *more)

    code, told = asked("add", "--building", "B012", "--temp", "15")
    assert code == 0
    assert "inside the home / 户内问题" in told
    code, told = asked("list")
    assert "1 complaint, 1 open" in told
    day, minute = told.split()[1:3]
    assert minute.endswith("+08:00"), "as on the site, to the minute"
    assert abs(datetime.now(UTC) - datetime.fromisoformat(f"{day}T{minute}")) < timedelta(hours=1)
    assert asked("answer", "1") == (0, "complaint 1: answered\n")
    assert asked("close", "1", "--cause", "home", "--outcome", "air")[1] == "complaint 1: closed\n"
    (row,) = json.loads(asked("list", "--json")[1])["complaints"]
    assert (row["cause"], row["outcome"], row["close_late"]) == ("home", "air", False)
    assert "complaint close" in ran(capsys, "audit", "show", str(site))[1]


REFUSED: tuple[tuple[str, ...], ...] = (
    ("add", "--building", "B999"),
    ("add", "--building", "B011", "--temp", "155"),
    ("add",),
    ("add", "--building", "B011"),
    ("add", "--building", "B011", "--note", "it is cold"),
    ("add", "--building", "B011", "--temp", "nan"),
    ("add", "--building", "B011", "--temp", "15", "--flat", "3-\udcff"),
    ("add", "--building", "B011", "--temp", "15", "--flat", "3" * 101),
    ("add", "--building", "B011", "--temp", "15", "--note", "n" * 2001),
    ("answer",),
    ("answer", "9"),
    ("close", "9"),
    ("close", "9", "--cause", "home"),
    ("close", "9", "--cause", "home", "--outcome", "\0"),
)
OUT_OF_BOUNDS: tuple[tuple[str, ...], ...] = (
    ("complaint", "list", "SITE", "--days", "nan"),
    ("complaint", "list", "SITE", "--days", "1e300"),
    ("complaint", "list", "SITE", "--days", "-1"),
    ("complaint", "answer", "SITE", "99999999999999999999999"),
    ("complaint", "answer", "SITE", "9" * 5000),
    ("complaint", "close", "SITE", "0", "--cause", "home"),
    ("audit", "show", "SITE", "--last", "99999999999999999999999"),
    ("audit", "show", "SITE", "--last", "-1"),
)


@pytest.mark.parametrize("words", OUT_OF_BOUNDS, ids=lambda words: " ".join(words)[:60])
def test_numbers_out_of_bounds_are_refused_with_them(words: tuple[str, ...]) -> None:
    done = heatwarden(*words, "--json")
    assert done.returncode == 2
    (error,) = json.loads(done.stdout)["errors"]
    assert " number from " in error["message"]


@pytest.mark.parametrize("words", REFUSED)
def test_what_makes_no_sense_is_refused(
    site: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    open_database(load_site(site).store_url, site).close()
    code, told = ran(capsys, "complaint", words[0], str(site), *words[1:], "--json")
    assert code == 2
    assert json.loads(told)["errors"][0]["remedy"]
