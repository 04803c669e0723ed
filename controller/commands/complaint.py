"""`heatwarden complaint`: enter, list, answer and close complaints of residents."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from controller.bounded_numbers import number_between
from controller.whole_numbers import whole_number

if TYPE_CHECKING:
    from controller.site_store import StorePlace
    from controller.store.database import Database

_EXAMPLES = """\
examples:
  heatwarden complaint add sites/old-east --building B011 --flat 3-502 --temp 15.5 \\
      --radiator hot --note "cold since yesterday"
  heatwarden complaint list sites/old-east
  heatwarden complaint answer sites/old-east 17
  heatwarden complaint close sites/old-east 17 --cause home --outcome "strainer cleaned"

A complaint is weighed as it comes in: network, station, building, or inside the home, with the
evidence. It must be answered within half an hour and closed on the same day; `list` shows what is
late. Repeated ones that are no fault of a home move the building's coldest flat (worst_flat_beta)
at the next nightly calibration.
"""
LONGEST_LIST_DAYS = 36_525.0  # a century
_DONE = {"answer": "answered", "close": "closed"}
CAUSES = ("network", "station", "building", "home")


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("action", choices=("add", "list", "answer", "close"))
    parser.add_argument("site", metavar="SITE", help="the site folder")
    parser.add_argument("number", nargs="?", type=whole_number(1, 2**62), metavar="N", help="which")
    parser.add_argument("--building", metavar="ID", help="the building")
    parser.add_argument("--flat", default="", metavar="NAME", help="the flat")
    parser.add_argument("--temp", type=float, metavar="C", help="room temperature, degC")
    parser.add_argument("--radiator", choices=("hot", "cold"), help="what the radiators are")
    parser.add_argument("--note", default="", metavar="TEXT", help="what the resident says")
    parser.add_argument("--cause", choices=CAUSES, help="what was found")
    parser.add_argument("--outcome", default="", metavar="TEXT", help="what was done")
    parser.add_argument(
        "--days",
        type=number_between(0.0, LONGEST_LIST_DAYS),
        default=7.0,
        metavar="D",
        help="how far back to list",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Do what is asked.

    Args:
        arguments: The parsed command line.

    Returns:
        0 done, 2 where an input is refused, 3 where the store fails.
    """
    from controller.site_store import with_store

    actions = {"add": _add, "list": _list, "answer": _answer, "close": _close}
    work = actions[arguments.action]
    return with_store(
        arguments,
        lambda site, database: work(arguments, site, database),
    )


def _add(arguments: argparse.Namespace, place: "StorePlace", database: "Database") -> int:
    from datetime import UTC, datetime

    from controller.knowing.complaint_desk import enter
    from controller.knowing.complaint_words import ADVICE, VERDICTS, clue_text
    from controller.knowing.complaints import Report
    from controller.problems import write_line
    from controller.site import load_site
    from controller.site_store import machine_user, refused

    site = load_site(place.folder)
    building = arguments.building
    if building not in site.district.network.building_index:
        remedy = "take an id of buildings.csv"
        raise refused(str(building), "--building is no building of this site", remedy)
    _need_sense(arguments)
    report = Report(
        building_id=building,
        flat=arguments.flat,
        room_temp_c=arguments.temp,
        radiator_hot=None if arguments.radiator is None else arguments.radiator == "hot",
        note=arguments.note,
    )
    now = datetime.now(UTC)
    number, found = enter(database, site, report, actor=machine_user(), now=now)
    clues = [
        {"code": one.code, "speaks_for": one.speaks_for.value, "values": one.values}
        for one in found.clues
    ]
    if arguments.json:
        answer = {"complaint_id": number, "verdict": found.verdict.value, "clues": clues}
        write_line(json.dumps(answer, allow_nan=False))
        return 0
    verdict, advice = VERDICTS[found.verdict], ADVICE[found.verdict]
    write_line(f"complaint {number}: {verdict.en} / {verdict.zh}")
    for clue in clues:
        said = clue_text(clue)
        write_line(f"  {said.en} / {said.zh}")
    write_line(f"  {advice.en} / {advice.zh}")
    write_line("answer within half an hour, close today")
    return 0


def _need_sense(arguments: argparse.Namespace) -> None:
    """Refuse what the console's own form refuses, and a complaint that says nothing to weigh."""
    from controller.knowing.complaint_desk import (
        COLDEST_C,
        LONGEST_FLAT,
        LONGEST_TEXT,
        WARMEST_C,
        says_nothing,
    )
    from controller.site_store import refused

    if says_nothing(arguments.temp, arguments.radiator):
        remedy = "give what the resident tells of the room or of the radiators"
        raise refused("add", "neither --temp nor --radiator is given", remedy)
    if arguments.temp is not None and not COLDEST_C <= arguments.temp <= WARMEST_C:
        remedy = f"give the room's temperature, {COLDEST_C:g} to {WARMEST_C:g} degC"
        raise refused(f"{arguments.temp:g}", "--temp is no room's temperature", remedy)
    _need_text("--flat", arguments.flat, LONGEST_FLAT)
    _need_text("--note", arguments.note, LONGEST_TEXT)


def _need_text(option: str, text: str, longest: int) -> None:
    from controller.site_store import refused

    if len(text) > longest:
        remedy = f"give at most {longest} characters"
        raise refused(f"{text[:20]}...", f"{option} has {len(text)} characters", remedy)
    # Bytes that are no UTF-8 come as halves of pairs.
    if any("\ud800" <= char <= "\udfff" or char == "\0" for char in text):
        raise refused(text, f"{option} is no text", "write it in UTF-8, without zeros")


def _list(arguments: argparse.Namespace, place: "StorePlace", database: "Database") -> int:
    from datetime import UTC, datetime, timedelta

    from controller.counted import counted
    from controller.knowing.complaints import stored_json
    from controller.problems import write_line
    from controller.report.numbers import site_time
    from controller.store.complaints import complaints_since

    now = datetime.now(UTC)
    with database.reading() as connection:
        stored = complaints_since(connection, now - timedelta(days=arguments.days))
    rows = [stored_json(one, now, place.zone.key) for one in stored]
    if arguments.json:
        write_line(json.dumps({"site": place.site_id, "complaints": rows}, allow_nan=False))
        return 0
    for one, row in zip(stored, rows, strict=True):
        write_line(_row(site_time(one.complaint.at, place.zone), row))
    still_open = sum(row["closed_at"] is None for row in rows)
    write_line(f"{counted(len(rows), 'complaint')}, {still_open} open")
    return 0


def _row(at: str, row: "dict[str, Any]") -> str:
    temp = "" if row["room_temp_c"] is None else f" {row['room_temp_c']:g} degC"
    state = "closed" if row["closed_at"] else "answered" if row["answered_at"] else "open"
    late = [name for name in ("answer", "close") if row[f"{name}_late"]]
    told = f" LATE: {', '.join(late)}" if late else ""
    cause = row["cause"] or row["verdict"]
    return (
        f"{row['complaint_id']:5d} {at} {row['building_id']} {row['flat']}{temp} "
        f"{cause} {state}{told} {row['outcome'] or row['note']}"
    )


def _answer(arguments: argparse.Namespace, place: "StorePlace", database: "Database") -> int:
    from datetime import UTC, datetime

    from controller.knowing.complaint_desk import answer
    from controller.site_store import machine_user

    number = _number(arguments)
    done = answer(database, number, actor=machine_user(), now=datetime.now(UTC))
    return _said(arguments, number, done)


def _close(arguments: argparse.Namespace, place: "StorePlace", database: "Database") -> int:
    from datetime import UTC, datetime

    from controller.knowing.complaint_desk import LONGEST_TEXT, close
    from controller.site_store import machine_user, refused

    cause = arguments.cause
    if cause is None:
        raise refused("close", "--cause is missing", f"say what was found: {', '.join(CAUSES)}")
    _need_text("--outcome", arguments.outcome, LONGEST_TEXT)
    number, now = _number(arguments), datetime.now(UTC)
    done = close(
        database, number, cause=cause, outcome=arguments.outcome, actor=machine_user(), now=now
    )
    return _said(arguments, number, done)


def _number(arguments: argparse.Namespace) -> int:
    from controller.site_store import refused

    if arguments.number is None:
        raise refused(arguments.action, "the complaint's number is missing", "see `list`")
    return int(arguments.number)


def _said(arguments: argparse.Namespace, number: int, done: bool) -> int:
    from controller.problems import write_line
    from controller.site_store import refused

    if not done:
        message = f"there is no such complaint to {arguments.action}, or it was done before"
        raise refused(str(number), message, "see `list`")
    if arguments.json:
        write_line(json.dumps({"complaint_id": number, "done": arguments.action}))
    else:
        write_line(f"complaint {number}: {_DONE[arguments.action]}")
    return 0
