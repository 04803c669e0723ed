"""Reading site.toml into rows by section, with everything that is wrong with it."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.sitefiles.log import Log
from controller.sitefiles.row import Row, make_row
from controller.sitefiles.rules import Field, choices, did_you_mean, shown
from controller.sitefiles.text_file import read_text
from drivers.base import Problem

_HEADER = re.compile(r"\s*\[(\[?)\s*\"?([^\]\"]+?)\"?\s*\]")
_KEY = re.compile(r"\s*\"?([A-Za-z0-9_-]+)\"?\s*=")
_AT_LINE = re.compile(r"line (\d+)")

Sections = Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True, slots=True)
class Section:
    """A section's keys; `many` for an array of tables, such as [[plant]]."""

    fields: Mapping[str, Field]
    many: bool = False
    required: bool = True


def parse_toml(path: Path, name: str) -> tuple[dict[str, object], str] | Problem:
    """Parse a TOML file.

    Args:
        path: Where it lies.
        name: Its name for messages.

    Returns:
        Its content and its text, or what is wrong with it.
    """
    text = read_text(path, name)
    if isinstance(text, Problem):
        return text
    try:
        return tomllib.loads(text), text
    except RecursionError:
        reason, line = "it is nested too deeply", None
    except ValueError as error:
        # Also raised by integers too long for Python, which TOML does not allow anyway.
        found = _AT_LINE.search(str(error))
        reason, line = str(error)[:120], int(found.group(1)) if found else None
    return Problem(
        file=name,
        row=line,
        message=f"is not well-formed TOML: {reason}",
        remedy='write sections as [name] and keys as key = value, text in "quotes"',
    )


def read_sections(
    log: Log,
    folder: Path,
    file: str,
    schema: Mapping[str, Section],
    change: Callable[[dict[str, object]], list[Problem]] = lambda _: [],
) -> Sections | None:
    """Read a TOML file by its schema.

    Args:
        log: Where errors go.
        folder: The site's folder.
        file: The file's name.
        schema: The sections there may be.
        change: Changes what was parsed, for a study, and says what it could not change.

    Returns:
        The rows of each section (none where it is absent or wrong), or None where the file as a
        whole could not be read.
    """
    parsed = parse_toml(folder / file, file)
    if isinstance(parsed, Problem):
        log.errors.append(parsed)
        return None
    content, text = parsed
    log.errors.extend(change(content))
    if not content:
        remedy = "write its sections; `heatwarden init FOLDER` writes an example"
        log.errors.append(Problem(file=file, message="says nothing", remedy=remedy))
        return None
    lines = _line_numbers(text)
    misspelt = _unknown_sections(log, file, content, schema, lines)
    found: dict[str, tuple[Row, ...]] = {}
    for name, section in schema.items():
        tables = _tables(log, file, name, section, content, lines, misspelt)
        found[name] = tuple(
            _read_section(log, file, name, i, table, section, lines)
            for i, table in enumerate(tables)
        )
        if section.many:
            found[name] = _without_duplicates(log, found[name])
    return found


def _line_numbers(text: str) -> dict[tuple[str, int, str], int]:
    """Find the line of each section and key; the last line wins, absent where unsure."""
    lines: dict[tuple[str, int, str], int] = {}
    count: dict[str, int] = {}
    section, index = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            section = header.group(2)
            index = count.get(section, 0)
            count[section] = index + 1
            lines[section, index, ""] = number
        elif key := _KEY.match(line):
            lines.setdefault((section, index, key.group(1)), number)
    return lines


def _unknown_sections(
    log: Log,
    file: str,
    content: Mapping[str, object],
    schema: Mapping[str, Section],
    lines: Mapping[tuple[str, int, str], int],
) -> frozenset[str]:
    """Report sections that there are not; return the known ones they were probably meant for."""
    meant: set[str] = set()
    absent = [name for name in schema if name not in content]
    for name in content:
        if name in schema:
            continue
        near = did_you_mean(name, absent)
        if near:
            meant.add(near)
        log.errors.append(
            Problem(
                file=file,
                row=lines.get((name, 0, ""), lines.get(("", 0, name))),
                column=shown(name),
                message="is not a known section or key",
                remedy=f"did you mean [{near}]?" if near else f"known are {choices(schema)}",
            )
        )
    return frozenset(meant)


def _tables(
    log: Log,
    file: str,
    name: str,
    section: Section,
    content: Mapping[str, object],
    lines: Mapping[tuple[str, int, str], int],
    misspelt: frozenset[str],
) -> list[dict[str, object]]:
    """Return a section's tables; report one that is missing or of the wrong form."""
    written = f"[[{name}]]" if section.many else f"[{name}]"
    if name not in content:
        if section.required and name not in misspelt:
            log.errors.append(
                Problem(
                    file=file,
                    column=name,
                    message="is a required section that is missing",
                    remedy=f"add {written}",
                )
            )
        return []
    value = content[name]
    tables = value if isinstance(value, list) else [value]
    right_form = section.many == isinstance(value, list)
    dicts = [table for table in tables if isinstance(table, dict)]
    if not right_form or len(dicts) < len(tables) or not tables:
        log.errors.append(
            Problem(
                file=file,
                row=lines.get((name, 0, ""), lines.get(("", 0, name))),
                column=name,
                message=f"is not written as {written}",
                remedy=f"write {written} on a line of its own, its keys below",
            )
        )
        return []
    return dicts


def _read_section(
    log: Log,
    file: str,
    name: str,
    index: int,
    table: Mapping[str, object],
    section: Section,
    lines: Mapping[tuple[str, int, str], int],
) -> Row:
    """Read one table; unknown keys are errors and excuse the key they were meant for."""
    own_lines = {key: line for (of, i, key), line in lines.items() if (of, i) == (name, index)}
    absent = [key for key in section.fields if key not in table]
    excused: set[str] = set()
    unknown = Row(file, own_lines.get(""), f"{name}.", {}, table, True, own_lines)
    for key in table:
        if key in section.fields:
            continue
        near = did_you_mean(key, absent)
        if near:
            excused.add(near)
        remedy = f"did you mean {near}?" if near else f"known are {choices(section.fields)}"
        problem = unknown.problem(key, "is not a known key", remedy)
        log.errors.append(problem)
    return make_row(
        log,
        file=file,
        line=own_lines.get(""),
        prefix=f"{name}.",
        raw=table,
        fields=section.fields,
        lines=own_lines,
        excused=frozenset(excused),
    )


def _without_duplicates(log: Log, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Report ids used twice in an array of tables and spoil all but the first of each."""
    kept: list[Row] = []
    seen: set[str] = set()
    for row in rows:
        name = row.maybe_text("id")
        if name is not None and name in seen:
            log.errors.append(row.problem("id", "is the id of two", "give each its own id"))
            row = row.spoilt()
        elif name is not None:
            seen.add(name)
        kept.append(row)
    return tuple(kept)
