"""`heatwarden status`: what the engine of a site is doing."""

import argparse
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from controller.site_store import StorePlace
    from controller.store.database import Database

_EXAMPLES = """\
examples:
  heatwarden status sites/old-east
  heatwarden status sites/old-east --lang zh
  heatwarden status sites/old-east --json

Exit code 1: no engine runs; what is shown is what the last one left. An engine that was killed
keeps its lease for a minute: until then the first line says since when nothing was heard of it.
"""
# An engine publishes at every look of its safety loop, every two seconds if nobody says otherwise.
SILENT_S = 20.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    from controller.terminal_words import language_argument

    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="site folder")
    language_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Show it.

    Args:
        arguments: The parsed command line.

    Returns:
        0 an engine runs, 1 none does, 2 bad input, 3 no store.
    """
    from controller.site_store import with_store

    return with_store(arguments, lambda site, database: _show(arguments, site, database))


def _show(arguments: argparse.Namespace, site: "StorePlace", database: "Database") -> int:
    from datetime import UTC, datetime

    from controller.problems import write_line
    from controller.store.lease import lease_end, lease_holder
    from controller.store.present import published

    now = datetime.now(UTC)
    with database.reading() as connection:
        holder, held_until = lease_holder(connection, now), lease_end(connection)
        found = published(connection, "engine")
    at, body = found if found is not None else (None, {})
    heard = Heard(engine=holder, at=at, held_until=held_until, now=now)
    if arguments.json:
        shown: dict[str, Any] = {
            "site": site.site_id,
            "running": holder is not None,
            "engine": holder,
            "published_at": None if at is None else at.isoformat(),
            "silent_s": heard.silent_s,
            "held_until": None if held_until is None else held_until.isoformat(),
            **{name: value for name, value in body.items() if name != "site"},
        }
        write_line(json.dumps(shown, ensure_ascii=False))
    else:
        write_line(engine_line(heard, site.zone, arguments.lang))
        for line in _lines(body, site.zone, arguments.lang) if body else ():
            write_line(line)
    return 0 if holder is not None else 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What is heard of an engine.

    Attributes:
        engine: Who holds the store's lease, None where nobody does.
        at: When an engine last published, None before it ever has.
        held_until: Until when the lease holds, or held.
        now: tz-aware.
    """

    engine: str | None
    at: "datetime | None"
    held_until: "datetime | None"
    now: "datetime"

    @property
    def silent_s(self) -> float | None:
        """How long nothing has been heard, s; None where nothing ever was."""
        return None if self.at is None else max((self.now - self.at).total_seconds(), 0.0)


def engine_line(heard: Heard, zone: "ZoneInfo", language: str) -> str:
    """Say which engine runs, and since when it has not been heard of.

    A killed engine keeps its lease for a minute: what it said last is not to pass for the present.

    Args:
        heard: What is heard of it.
        zone: The site's.
        language: zh or en.

    Returns:
        A line.
    """
    from controller.terminal_words import age_said, saying

    def local(instant: "datetime") -> str:
        return instant.astimezone(zone).isoformat(sep=" ", timespec="seconds")

    say = saying(language)
    if heard.at is None or heard.silent_s is None:
        return say("never") if heard.engine is None else say("starting", engine=heard.engine)
    age, since = age_said(language, heard.silent_s), local(heard.at)
    if heard.engine is None:
        return say("ended", since=since, age=age)
    if heard.silent_s <= SILENT_S or heard.held_until is None:
        return say("engine", engine=heard.engine, age=age)
    return say("silent", engine=heard.engine, since=since, age=age, end=local(heard.held_until))


def _lines(shown: "Mapping[str, Any]", zone: "ZoneInfo", language: str) -> list[str]:
    from datetime import datetime

    from controller.engine_words import MODES_ZH
    from controller.modes import Mode
    from controller.report.numbers import site_time
    from controller.terminal_words import as_said, saying

    say = saying(language)

    def local(instant: str) -> str:
        return site_time(datetime.fromisoformat(instant), zone)

    mode = MODES_ZH[Mode(shown["mode"])] if language == "zh" else shown["mode"]
    reason = as_said(language, shown["reason"])
    lines = [say("mode", mode=mode, since=local(shown["since"]), reason=reason)]
    armed, owned = shown["armed"], shown["owned"]
    if armed:
        lines.append(say("armed", by=armed["by"], until=local(armed["until"])))
    if owned:
        named = {**owned, "points": ", ".join(owned["points"]), "until": local(owned["until"])}
        lines.append(say("owned", **named))
    for one in shown.get("by_hand", ()):
        how = f"{one['how']}: {one['found']:g}" if one["how"] else say("not_confirmed")
        lines.append(say("by_hand", **{**one, "how": how}))
    if shown["recommendation_id"]:
        lines.append(say("recommendation", names=shown["recommendation_id"]))
    left = [name for name in ("unidentified", "locked", "unresolved") if shown[name]]
    lines += [say(name, names=", ".join(shown[name])) for name in left]
    bad = [name for name, one in shown["readings"].items() if one["quality"] != "good"]
    count = len(shown["readings"])
    lines.append(say("readings", count=count, bad=", ".join(bad) or say("none")))
    return lines + [_alarm_line(one, language) for one in shown["alarms"]]


def _alarm_line(one: "Mapping[str, Any]", language: str) -> str:
    from controller.terminal_words import as_said, saying

    say = saying(language)
    detail = as_said(language, one["detail"])
    line = say("alarm", priority=one["priority"], alarm=one["alarm_id"], detail=detail)
    line += "" if one["active"] else say("gone")
    return line + (say("seen_by", by=one["acknowledged_by"]) if one["acknowledged_by"] else "")
