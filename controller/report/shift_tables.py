"""A shift as tables of words and numbers in one language: what page and workbook both show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from controller.alarms.catalogue import CATALOGUE
from controller.engine_words import in_chinese
from controller.report.shift_facts import Shift
from controller.report.shift_words import (
    EVENTS,
    HOWS,
    MODES,
    OUTCOMES,
    PRIORITIES,
    SHIFT_WORDS,
    STAGES,
    USED,
    VERDICTS,
)
from controller.report.wording import Text, same
from controller.site import Site
from controller.store.journal import Stage
from controller.store.recommendations import Decision, StoredRecommendation

LANGUAGES = ("zh", "en")
MOST_BUILDINGS = 30

Cell = str | float | datetime | None
Say = Callable[[Text], str]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A titled table; instants are local, numbers unrounded, None where unknown."""

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def saying(language: str) -> Say:
    """Give what picks one language of a text.

    Args:
        language: One of LANGUAGES.

    Returns:
        The picker.
    """
    return lambda text: text[LANGUAGES.index(language)]


def shift_tables(shift: Shift, site: Site, language: str) -> tuple[Table, ...]:
    """Lay a shift out.

    Args:
        shift: The shift.
        site: Its site.
        language: One of LANGUAGES.

    Returns:
        The tables, in the order in which they are read.
    """
    say, zone = saying(language), ZoneInfo(site.timezone)

    def local(at: datetime) -> datetime:
        return at.astimezone(zone).replace(tzinfo=None, microsecond=0)

    def made(key: str, columns: str, rows: Sequence[tuple[Cell, ...]]) -> Table:
        names = tuple(say(SHIFT_WORDS[name]) for name in columns.split())
        return Table(key=key, title=say(SHIFT_WORDS[key]), columns=names, rows=tuple(rows))

    def word(words: dict[str, Text], name: str) -> str:
        return say(words.get(name, same(name)))

    def engine(text: str) -> str:
        return say(Text(in_chinese(text), text))

    return (
        made("glance", "what figure", _glance(shift, site, say, local)),
        made("modes", "from to lasted mode reason", [
            (local(one.since), local(one.until), (one.until - one.since) / timedelta(hours=1),
             word(MODES, one.mode), engine(one.reason)) for one in shift.modes]),
        made("advice", "at id cost usual_cost shortfall changed decision who note",
             [_advice_row(one, decision, word, local) for one, decision in shift.recommendations]),
        made("writes", "at point before value readback stage mode who detail", [
            (local(row.at), row.intent.point_id, row.intent.before, row.intent.value, row.readback,
             word(STAGES, row.stage), word(MODES, row.intent.mode), row.intent.actor, row.detail)
            for row in shift.writes if row.stage is not Stage.INTENT]),
        made("by_hand", "at point value readback how who", [
            (local(one.at), one.element, one.value, one.found, word(HOWS, one.how), one.actor)
            for one in shift.by_hand]),
        made("alarms", "at event priority alarm meaning detail who", [
            (local(one.at), word(EVENTS, one.event), *_alarm(one.alarm_id, say), one.detail,
             one.actor) for one in shift.alarms]),
        made("warmth", "building lowest at mean flat promised", [
            (one.building_id, one.lowest_c, local(one.at), one.mean_c, one.coldest_flat_c,
             one.promised_c) for one in shift.warmth[:MOST_BUILDINGS]]),
        made("used", "what id amount unit cost covered", [
            (word(USED, one.what), one.name, one.amount, one.unit, one.cost, 100.0 * one.covered)
            for one in shift.used]),
        made("cycles", "at outcome took reason", [
            (local(one.at), word(OUTCOMES, one.outcome), one.body.get("took_s"),
             engine(str(one.body.get("reason", "")))) for one in shift.cycles]),
    )  # fmt: skip


def _glance(
    shift: Shift, site: Site, say: Say, local: Callable[[datetime], datetime]
) -> list[tuple[Cell, ...]]:
    def of(part: int, whole: int) -> str:
        return f"{part} / {whole}"

    good = sum(one.outcome == "recommended" for one in shift.cycles)
    approved = sum(
        decision is not None and decision.verdict == "approved"
        for _, decision in shift.recommendations
    )
    ends = [row for row in shift.writes if row.stage is not Stage.INTENT]
    confirmed = sum(row.stage is Stage.CONFIRMED for row in ends)
    raised = sum(one.event == "raised" for one in shift.alarms)
    heat = [one.amount for one in shift.used if one.what == "heat"]
    costs = [one.cost for one in shift.used]
    coldest = shift.warmth[0] if shift.warmth else None
    time_in: dict[str, timedelta] = {}
    for one in shift.modes:
        time_in[one.mode] = time_in.get(one.mode, timedelta()) + (one.until - one.since)
    modes = ", ".join(f"{say(MODES.get(mode, same(mode)))} {span / timedelta(hours=1):.1f} h"
                      for mode, span in time_in.items())  # fmt: skip
    words = SHIFT_WORDS
    return [
        (say(words["modes"]), modes),
        (say(words["cycles_good"]), of(good, len(shift.cycles))),
        (say(words["sets_approved"]), of(approved, len(shift.recommendations))),
        (say(words["writes_confirmed"]), of(confirmed, len(ends))),
        (say(words["alarms_raised"]), str(raised)),
        (
            say(words["coldest"]),
            None
            if coldest is None
            else f"{coldest.building_id} {coldest.lowest_c:.1f} °C, "
            f"{local(coldest.at):%m-%d %H:%M}",
        ),
        (say(words["heat"]), sum(heat) if heat else None),
        (
            f"{say(words['total_cost'])}, {site.district.prices.currency}",
            sum(costs) if costs else None,
        ),
    ]


def _advice_row(
    advice: StoredRecommendation,
    decision: Decision | None,
    word: Callable[[dict[str, Text], str], str],
    local: Callable[[datetime], datetime],
) -> tuple[Cell, ...]:
    effect = advice.body.get("effect", {})
    changed = advice.body.get("changed", {})
    return (
        local(advice.at),
        advice.recommendation_id,
        effect.get("cost", {}).get("total"),
        effect.get("baseline_cost", {}).get("total"),
        effect.get("comfort", {}).get("max_shortfall_k"),
        ", ".join(f"{name}={value:g}" for name, value in changed.items()),
        "" if decision is None else word(VERDICTS, decision.verdict),
        "" if decision is None else decision.actor,
        "" if decision is None else decision.note,
    )


def _alarm(alarm_id: str, say: Say) -> tuple[str, str, str]:
    """Priority, id and what it means."""
    code = alarm_id.partition(":")[0]
    kind = CATALOGUE.get(code)
    if kind is None:
        return "", alarm_id, ""
    meaning = Text(kind.cause.zh, kind.cause.en)
    return say(PRIORITIES[int(kind.priority)]), alarm_id, say(meaning)
