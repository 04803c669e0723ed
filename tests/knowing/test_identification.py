"""The identification test: what each lever does is measured, and AUTO waits for it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from controller.knowing.identification import CannotIdentifyError, Identified, trial_of
from controller.knowing.levers import Lever, levers
from controller.roles import Role
from controller.site import Site, load_site
from controller.store.audit import verify_audit
from controller.store.commissions import Commission, record_commission
from controller.store.database import Database, open_database
from controller.store.identifications import (
    Identification,
    latest_identifications,
    record_identification,
)
from controller.write_points import fingerprints
from drivers.base import PortBusy, Quality, Reading, Setpoint
from drivers.lock import site_lock
from optimizer.estimate.step_response import Response, fit_response
from optimizer.model.arrays import FloatArray
from tests.site.sound import write_site
from tests.supervisor.asking import answer_of, desk_of
from tests.supervisor.conftest import NOW
from tests.supervisor.running_site import files
from tests.supervisor.simulated import Time, simulated

ROWS = (
    "S1.t,st1,indoor_temp,station:S1,supply_temp_c,read,,,,,3",
    "S1.sec,st1,indoor_temp,station:S1,secondary_supply_temp_c,read,,,,,3",
)
BACK = {"P1.sp": "P1.sp.fb", "S1.off": "S1.off.fb"}


@dataclass
class SlowPlant:
    """A plant whose water takes its time; `outlet_gain` and `authority` are what is to be found."""

    time: Time
    outlet_gain: float = 1.0
    authority: float = 0.6
    room_c: float = 19.5
    stuck: bool = False
    silent: str = ""
    held: dict[str, float] = field(default_factory=lambda: {"P1.sp.fb": 90.0, "S1.off.fb": 0.0})
    past: list[tuple[float, float, float]] = field(default_factory=list)
    outlet: float = 0.0
    dice: np.random.Generator = field(default_factory=lambda: np.random.default_rng(5))

    def start(self) -> None:
        return

    def stop(self) -> None:
        return

    def failures(self) -> Mapping[str, int]:
        return {}

    def read(self, point_ids: Sequence[str]) -> Mapping[str, Reading]:
        return self.latest(point_ids, self.time.wall())

    def write(self, setpoint: Setpoint) -> None:
        if not self.stuck:
            self.held[BACK[setpoint.point_id]] = round(setpoint.value, 1)

    def latest(self, point_ids: Sequence[str], now: datetime) -> Mapping[str, Reading]:
        self._go_on()
        values = {
            **self.held,
            "P1.t": 89.0 + self.outlet,
            "S1.t": 85.0 + 0.9 * self._before(1500.0, 1),
            "S1.sec": 55.0 + self.authority * self._before(240.0, 2),
            "B1.t": self.room_c,
            "out": -5.0,
        }
        noise = {"P1.t": 0.1, "S1.t": 0.1, "S1.sec": 0.1}
        return {
            name: Reading(
                point_id=name,
                value=values[name] + self.dice.normal(0.0, noise.get(name, 0.0)),
                time=self.time.wall(),
                quality=Quality.MISSING if self.silent else Quality.GOOD,
                detail=self.silent,
            )
            for name in point_ids
        }

    def _go_on(self) -> None:
        at = self.time.monotonic
        if self.past:
            share = 1.0 - np.exp(-(at - self.past[-1][0]) / 420.0)
            wanted = self.outlet_gain * (self.held["P1.sp.fb"] - 90.0)
            self.outlet += share * (wanted - self.outlet)
        self.past.append((at, self.outlet, self.held["S1.off.fb"]))

    def _before(self, seconds: float, column: int) -> float:
        table = np.array(self.past)
        return float(np.interp(self.time.monotonic - seconds, table[:, 0], table[:, column]))


@dataclass
class Rig:
    site: Site
    database: Database
    plant: SlowPlant

    def test(self, point_id: str) -> Identified:
        (group,) = [one for one in levers(self.site) if one[0].point_id == point_id]
        with trial_of(
            self.site,
            self.database,
            self.plant,
            "wang",
            clock=self.plant.time.wall,
            sleep=self.plant.time.pass_by,
        ) as trial:
            (found,) = trial.run(group, lambda _line: None)
        return found


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("HEATWARDEN_LOCK_DIR", str(tmp_path))
    tables = files("/dev/null", lambda hour: -5.0, False)
    tables["points.csv"] = "\n".join([tables["points.csv"].rstrip(), *ROWS]) + "\n"
    site = load_site(write_site(tmp_path / "site", tables))
    database = open_database("sqlite:///heatwarden.db", site.folder)
    with database.writing() as connection:
        for name, fingerprint in fingerprints(site).items():
            record_commission(connection, Commission(
                at=NOW, point_id=name, fingerprint=fingerprint, actor="wang", value=1.0,
                panel_value=1.0, passed=True,
            ))  # fmt: skip
    yield Rig(site, database, SlowPlant(Time()))
    database.close()


def test_an_outlet_s_delay_gain_and_way_to_the_stations_are_measured(rig: Rig) -> None:
    found = rig.test("P1.sp")
    assert found.passed, found.why_not
    assert found.step == -3.0
    assert found.response is not None
    assert found.response.gain == pytest.approx(1.0, abs=0.1)
    assert found.response.delay_s + found.response.lag_s == pytest.approx(420.0, abs=150.0)
    assert found.watched["S1"].delay_s == pytest.approx(1500.0, abs=300.0)
    assert rig.plant.held["P1.sp.fb"] == 90.0, "it is taken back"
    with rig.database.reading() as connection:
        kept = latest_identifications(connection)["P1.sp"]
        assert verify_audit(connection).records == 1
    assert kept.passed
    assert kept.fingerprint == fingerprints(rig.site)["P1.sp"]
    assert kept.body["watched"]["S1"]["gain"] == pytest.approx(0.9, abs=0.1)


def test_a_valve_s_authority_is_its_gain(rig: Rig) -> None:
    found = rig.test("S1.off")
    assert found.passed, found.why_not
    assert found.response is not None
    assert found.response.gain == pytest.approx(0.6, abs=0.06)


REFUSED: tuple[tuple[str, dict[str, float], str], ...] = (
    ("P1.sp", {"outlet_gain": -1.0}, "goes the wrong way"),
    ("P1.sp", {"outlet_gain": 0.0}, "does not answer"),
    ("P1.sp", {"outlet_gain": 2.0}, "not 0.5 to 1.5"),
    ("S1.off", {"authority": 0.1}, "not 0.2 to 1.5"),
)


@pytest.mark.parametrize(("point", "wrong", "said"), REFUSED)
def test_an_unsound_lever_does_not_pass(
    rig: Rig, point: str, wrong: dict[str, float], said: str
) -> None:
    for name, value in wrong.items():
        setattr(rig.plant, name, value)
    found = rig.test(point)
    assert said in found.why_not
    with rig.database.reading() as connection:
        assert not latest_identifications(connection)[point].passed


def test_no_step_while_a_flat_is_cold(rig: Rig) -> None:
    rig.plant.room_c = 16.0
    with pytest.raises(CannotIdentifyError, match="milder"):
        rig.test("P1.sp")
    assert rig.plant.held["P1.sp.fb"] == 90.0


def test_a_lever_that_does_not_take_its_setpoint_ends_the_test(rig: Rig) -> None:
    rig.plant.stuck = True
    with pytest.raises(CannotIdentifyError, match=r"P1\.sp"):
        rig.test("P1.sp")


def test_an_engine_or_a_point_not_commissioned_stand_in_the_way(rig: Rig) -> None:
    with site_lock(rig.site.folder), pytest.raises(PortBusy):
        rig.test("P1.sp")
    with rig.database.writing() as connection:
        record_commission(connection, Commission(
            at=NOW, point_id="P1.sp", fingerprint="", actor="wang", value=1.0, panel_value=9.0,
            passed=False,
        ))  # fmt: skip
    began = rig.plant.time.monotonic
    with pytest.raises(CannotIdentifyError, match=r"P1\.sp: not commissioned"):
        rig.test("P1.sp")
    assert rig.plant.time.monotonic == began, "said before any rest"


def test_what_can_not_be_read_is_said_before_any_rest(rig: Rig) -> None:
    rig.plant.silent = "no adapter /dev/ttyUSB9"
    with pytest.raises(CannotIdentifyError, match=r"is missing: no adapter /dev/ttyUSB9"):
        rig.test("P1.sp")
    assert rig.plant.time.monotonic == Time().monotonic


@pytest.mark.parametrize(
    ("present", "least", "most", "step"),
    [(90.0, 65.0, 110.0, -3.0), (66.0, 65.0, 110.0, 3.0), (66.0, 65.0, 67.0, 0.0)],
)
def test_a_step_goes_down_where_there_is_room(
    present: float, least: float, most: float, step: float
) -> None:
    lever = Lever(
        point_id="P1.sp", kind="plant", name="P1", quantity="supply_temp_c", hold_s=1.0,
        answer=None, answer_quantity="", watched={},
    )  # fmt: skip
    assert lever.step(present, least, most) == step
    assert replace(lever, quantity="speed_pct").step(80.0, 30.0, 100.0) == -5.0


AT = np.arange(0.0, 14400.0, 60.0)
MOVED = np.where((AT > 1800.0) & (AT < 8000.0), -3.0, 0.0)


def answer(delay_s: float, gain: float) -> FloatArray:
    return np.asarray(gain * np.interp(AT - delay_s, AT, MOVED))


@pytest.mark.parametrize("seed", range(3))
def test_a_response_is_told_from_a_drift_and_from_noise(seed: int) -> None:
    dice = np.random.default_rng(seed)
    noise = dice.normal(0.0, 0.15, len(AT)) + AT / 7200.0
    found = fit_response(AT, MOVED, answer(900.0, 0.7) + noise, 4000.0)
    assert isinstance(found, Response)
    assert found.sure
    assert found.gain == pytest.approx(0.7, abs=0.1)
    assert found.delay_s == pytest.approx(900.0, abs=200.0)
    nothing = fit_response(AT, MOVED, noise, 4000.0)
    assert nothing is not None
    assert not nothing.sure
    assert fit_response(AT, 0.0 * MOVED, noise, 4000.0) is None
    assert fit_response(AT[:5], MOVED[:5], noise[:5], 4000.0) is None


@pytest.mark.parametrize(
    ("setting", "tested", "accepted"),
    [("", (), False), ("", ("P1.sp",), False), ("", ("P1.sp", "S1.off"), True), ("off", (), True)],
)
def test_auto_is_armed_only_where_every_lever_has_passed(
    tmp_path: Path, setting: str, tested: tuple[str, ...], accepted: bool
) -> None:
    section = f'\n[auto]\nidentification = "{setting}"\n' if setting else ""
    own = simulated(tmp_path, devices=section)
    try:
        with own.database.writing() as connection:
            for name in tested:
                record_identification(connection, Identification(
                    at=NOW, point_id=name, fingerprint=own.core.tables.fingerprints[name],
                    actor="wang", passed=True, body={},
                ))  # fmt: skip
        window = {"until": (own.time.wall() + timedelta(hours=1)).isoformat()}
        armed, said = answer_of(own, desk_of(own), "arm", window, actor="wang", role="engineer")
        assert armed == accepted, said
        assert accepted or "not identified: " in said
        assert not accepted or said.startswith(f"armed until {NOW:%Y-%m-%d} ")
        assert (own.core.state.arming is not None) == accepted
    finally:
        own.database.close()


def test_the_command_says_what_is_known_and_refuses_what_is_no_lever(
    rig: Rig, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    from controller.cli import main
    from controller.store.users import put_user

    with rig.database.writing() as connection:
        put_user(connection, "wang", Role.ENGINEER, "correct horse", NOW)
    rig.test("S1.off")

    def ran(*words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
        code = main(["identify", str(rig.site.folder), "--user", "wang", *words])
        return code, capsys.readouterr().out

    code, told = ran("--list")
    assert code == 1
    assert "P1.sp: not passed, tested never" in told
    assert "S1.off: passed" in told
    assert ran("--list", "--point", "S1.off")[0] == 0
    assert ran("--point", "B1.t")[0] == 2
