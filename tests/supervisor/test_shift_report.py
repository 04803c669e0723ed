"""The shift's report, made from what a simulated engine has left in a real store."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from controller.engine.cycling import keep_recommendation
from controller.modes import Hold
from controller.paths import config_dir
from controller.report.shift_facts import Shift, Stretch, gather_shift, stretches
from controller.report.shift_page import shift_page
from controller.report.shift_report import write_shift
from controller.report.shift_tables import Cell, Table, shift_tables
from controller.roles import Role
from controller.site import load_site
from controller.store.audit import AuditEntry
from controller.store.database import open_database
from controller.store.hand_settings import HandSetting, record_hand_setting
from controller.store.present import record_cycle
from controller.store.recommendations import Decision, decide
from drivers.base import Quality
from tests.supervisor.conftest import NOW
from tests.supervisor.simulated import Simulated, simulated
from tests.supervisor.test_safety import advice, approve
from tests.terminal import heatwarden

HOUR = timedelta(hours=1)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Simulated]:
    """A shift: approved, followed, a sensor lost, held by a person; a note that Excel would run."""
    made = simulated(tmp_path)
    made.run(600)
    kept = advice(made)
    keep_recommendation(made.core, kept)
    with made.database.writing() as connection:
        decide(connection, Decision(recommendation_id=kept.recommendation_id, at=made.time.wall(),
                                    verdict="approved", actor="李", note="=1+1 <b>"))  # fmt: skip
        record_cycle(connection, made.time.wall(), "recommended", {"took_s": 12.5, "reason": ""})
        record_hand_setting(connection, HandSetting(
            at=made.time.wall(), recommendation_id=kept.recommendation_id, element="plant:P2",
            quantity="supply_temp_c", value=92.0, found=91.5, how="typed", actor="李",
        ))  # fmt: skip
    approve(made)
    made.run(600, every_s=30.0)
    made.field.bad["B1.t"] = Quality.STUCK
    made.field.values["B1.t"] = 16.0
    made.run(300, every_s=30.0)
    made.core.happen(Hold(now=made.time.wall(), by="li", role=Role.OPERATOR), "li")
    made.run(300, every_s=30.0)
    yield made
    made.database.close()


@pytest.fixture
def shift(own: Simulated) -> Shift:
    end = own.time.wall()
    return gather_shift(own.database, own.core.tables.site, end - 4 * HOUR, end)


def test_what_happened_is_there(own: Simulated, shift: Shift) -> None:
    assert [one.mode for one in shift.modes] == ["stopped", "monitor", "advisory", "hold"]
    assert shift.modes[0].since == shift.since
    assert shift.modes[-1].until == shift.until
    ((stored, decision),) = shift.recommendations
    assert decision is not None
    assert (decision.verdict, decision.actor) == ("approved", "李")
    written = [one for _, one in own.setpoints() if one.point_id == "P1.sp"]
    confirmed = [row for row in shift.writes if row.stage == "confirmed"]
    assert [row.intent.value for row in confirmed] == [one.value for one in written]
    assert confirmed
    assert stored.recommendation_id in {row.intent.set_id for row in shift.writes}
    assert ("point_bad:B1.t", "raised") in {(one.alarm_id, one.event) for one in shift.alarms}
    (warmth,) = shift.warmth
    assert (warmth.building_id, warmth.lowest_c, warmth.promised_c) == ("B1", 19.5, 18.0)
    assert warmth.coldest_flat_c is not None
    assert warmth.coldest_flat_c < 19.5, "outdoors is measured, so the coldest flat is derived"


def entry(minutes: float, action: str, to: str = "") -> AuditEntry:
    details = {"to": to, "reason": "r"} if to else {}
    return AuditEntry(at=NOW + timedelta(minutes=minutes), actor="engine", action=action,
                      details=details)  # fmt: skip


@pytest.mark.parametrize(
    ("records", "modes"),
    [
        ([], [("stopped", 60)]),
        ([entry(-90, "mode", "auto")], [("auto", 60)]),
        ([entry(-90, "mode", "auto"), entry(30, "stopped")], [("auto", 30), ("stopped", 30)]),
        (
            [entry(-90, "stopped"), entry(15, "started"), entry(20, "mode", "monitor")],
            [("stopped", 15), ("init", 5), ("monitor", 40)],
        ),
        ([entry(0, "mode", "hold")], [("hold", 60)]),
    ],
)
def test_stretches_fill_the_shift(
    records: list[AuditEntry], modes: list[tuple[str, float]]
) -> None:
    found = stretches(records, NOW, NOW + HOUR)
    lasted = [(one.mode, (one.until - one.since) / timedelta(minutes=1)) for one in found]
    assert lasted == modes


@pytest.mark.parametrize(("language", "said"), [("en", "held by li"), ("zh", "li 置为保持")])
def test_why_a_mode_came_is_said_in_the_readers_language(
    own: Simulated, shift: Shift, language: str, said: str
) -> None:
    held = Stretch(mode="hold", since=shift.since, until=shift.until, reason="held by li")
    tables = shift_tables(replace(shift, modes=(held,)), own.core.tables.site, language)
    (row,) = next(one for one in tables if one.key == "modes").rows
    assert row[-1] == said


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("Shift report", "hold", "critical")), ("zh", ("值班报告", "保持", "紧急"))],
)
def test_page_and_workbook_say_the_same(
    own: Simulated, shift: Shift, tmp_path: Path, language: str, words: tuple[str, ...]
) -> None:
    page, workbook = write_shift(shift, own.core.tables.site, language, tmp_path / "out" / "a")
    html = page.read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in html
    assert words[0] in html
    assert words[1] in html
    assert not re.search(r"(?:src|href)=|https?://|<script", html), "needs something from elsewhere"
    assert "=1+1 &lt;b&gt;" in html
    assert "@media print" in html
    book = openpyxl.load_workbook(workbook)
    tables = shift_tables(shift, own.core.tables.site, language)
    assert book.sheetnames == [table.title for table in tables]
    for sheet, table in zip(book.worksheets, tables, strict=True):
        rows = list(sheet.iter_rows(values_only=True))
        assert rows[0] == table.columns
        assert len(rows) == len(table.rows) + 1
        assert table.title in html
    notes = [cell for row in book.worksheets[2].iter_rows() for cell in row
             if cell.value == "=1+1 <b>"]  # fmt: skip
    assert [cell.data_type for cell in notes] == ["s"], "a note must not become a formula"


def test_a_page_is_made_in_few_passes_over_its_rows(shift: Shift) -> None:
    """A site that writes twenty setpoints every minute has ten thousand rows a shift."""
    passes = 0

    class Rows(tuple[tuple[Cell, ...], ...]):
        __slots__ = ()

        def __iter__(self) -> Iterator[tuple[Cell, ...]]:
            nonlocal passes
            passes += 1
            return super().__iter__()

    rows = Rows((f"P{i}", float(i)) for i in range(300))
    table = Table(key="writes", title="Writes", columns=("point", "value"), rows=rows)
    html = shift_page(shift, [table], language="en", site_name="x", period="y")
    assert html.count("<tr>") >= 300
    assert passes <= 4


def report(site: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return heatwarden("report", site, "--shift", *words)


def test_a_shift_without_any_reading_has_a_report_too(tmp_path: Path) -> None:
    """The first nightly report of a new site looks at hours in which nothing was read."""
    folder = tmp_path / "old-east"
    shutil.copytree(config_dir() / "old-east", folder)
    database = open_database("sqlite:///heatwarden.db", folder)
    empty = gather_shift(database, load_site(folder), NOW - 8 * HOUR, NOW)
    database.close()
    assert empty.warmth == ()
    assert {one.covered for one in empty.used} == {0.0}
    done = report(folder, "--end", NOW.isoformat(), "--out", tmp_path / "reports")
    assert done.returncode == 0, done.stderr


def test_the_command(own: Simulated, tmp_path: Path) -> None:
    site, out = own.core.tables.site.folder, tmp_path / "reports"
    end = own.time.wall().isoformat()
    done = report(site, "--end", end, "--out", out, "--lang", "en", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    shown: dict[str, Any] = json.loads(done.stdout)
    assert [Path(one).suffix for one in shown["files"]] == [".html", ".xlsx"]
    assert all(Path(one).stat().st_size > 3000 for one in shown["files"])
    assert datetime.fromisoformat(shown["until"]) == own.time.wall()
    assert shown["recommendations"] == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--end", "2026-01-16"), 2, "is no instant with offset"),
        (("--end", "yesterday"), 2, "is no instant with offset"),
        (("--hours", "0"), 2, "--hours makes no sense"),
        (("--hours", "nan"), 2, "--hours makes no sense"),
        (("--lang", "fr"), 2, "invalid choice"),
        (("--out", "/proc/nothing"), 3, "cannot be written"),
    ],
)
def test_wrong_words(
    own: Simulated, tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    out = () if "--out" in words else ("--out", tmp_path / "out")
    done = report(own.core.tables.site.folder, *out, *words)
    assert done.returncode == code
    assert said in done.stderr
