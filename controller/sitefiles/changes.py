"""Values of a site that a study changes on the way in; the files stay as they are."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from controller.problems import InputError
from controller.sitefiles import schema
from controller.sitefiles.rules import Field, choices, did_you_mean, shown
from controller.sitefiles.toml_file import Section
from drivers.base import Problem

# Tables by the name that a change gives them, and the sections that describe the plant itself.
TABLES: Mapping[str, Mapping[str, Field]] = {
    "nodes": schema.NODES,
    "pipes": schema.PIPES,
    "stations": schema.STATIONS,
    "buildings": schema.BUILDINGS,
}
SECTIONS = (
    *("ground", "plant", "pump", "limits", "comfort"),
    *("radiators", "secondary", "prices", "control"),
)
FORM = (
    "write it like limits.max_makeup_m3_h=30, plant.P1.max_heat_mw=20 or pipes.P7.in_service=false"
)


@dataclass(frozen=True, slots=True)
class Change:
    """One value: of a section's key, or of the element `element_id` of a table or array."""

    group: str
    element_id: str | None
    key: str
    value: str


def read_changes(texts: list[str]) -> tuple[Change, ...]:
    """Read changes from the words of a command line.

    Args:
        texts: Each like `limits.max_velocity_m_s=2` or `pipes.P7.max_pressure_bar=6`.

    Returns:
        The changes, in order.

    Raises:
        InputError: With everything wrong with their form or their names.
    """
    changes, problems = [], []
    for text in texts:
        read = _read(text)
        if isinstance(read, Problem):
            problems.append(read)
        else:
            changes.append(read)
    if problems:
        raise InputError(problems)
    return tuple(changes)


def _problem(text: str, message: str, remedy: str) -> Problem:
    return Problem(file="command line", value=shown(text), message=message, remedy=remedy)


def _read(text: str) -> Change | Problem:
    name, equals, value = text.partition("=")
    parts = [part.strip() for part in name.split(".")]
    if not equals or not value.strip() or len(parts) < 2 or not all(parts):
        return _problem(text, "is not a change", FORM)
    group, key = parts[0], parts[-1]
    fields = _fields(group)
    if fields is None:
        near = did_you_mean(group, [*SECTIONS, *TABLES])
        known = f"known are {choices([*SECTIONS, *TABLES])}"
        return _problem(
            text, "names no section or table", f"did you mean {near}?" if near else known
        )
    element_id = ".".join(parts[1:-1]) or None
    if (element_id is None) == _has_elements(group):
        message = "names no element" if element_id is None else "names an element of a section"
        return _problem(text, message, FORM)
    if key not in fields:
        near = did_you_mean(key, list(fields))
        remedy = f"did you mean {near}?" if near else f"known are {choices(fields)}"
        return _problem(text, "names no known key", remedy)
    return Change(group, element_id, key, value.strip())


def _fields(group: str) -> Mapping[str, Field] | None:
    if group in TABLES:
        return TABLES[group]
    return schema.SITE_TOML[group].fields if group in SECTIONS else None


def _has_elements(group: str) -> bool:
    section: Section | None = schema.SITE_TOML.get(group)
    return group in TABLES or (section is not None and section.many)


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of a study, applied to what is read before it is checked."""

    every: tuple[Change, ...] = ()

    def in_sections(self, content: dict[str, object]) -> list[Problem]:
        """Apply those that concern sections of site.toml.

        Args:
            content: What was parsed; receives the changed values.

        Returns:
            Changes of elements that there are not.
        """
        problems = []
        for change in self.every:
            if change.group in TABLES:
                continue
            tables = content.get(change.group)
            elements = tables if isinstance(tables, list) else [tables]
            named = [
                one
                for one in elements
                if isinstance(one, dict)
                and (change.element_id is None or one.get("id") == change.element_id)
            ]
            for one in named:
                one[change.key] = _toml_value(change.value)
            if not named:
                problems.append(_absent(change))
        return problems

    def in_table(self, table: str, raw: dict[str, dict[str, object]]) -> list[Problem]:
        """Apply those that concern a table.

        Args:
            table: Its name, such as `pipes`.
            raw: Cells of each row by its id; receives the changed values.

        Returns:
            Changes of elements that there are not.
        """
        problems = []
        for change in self.every:
            if change.group != table:
                continue
            if change.element_id in raw:
                raw[change.element_id][change.key] = change.value
            else:
                problems.append(_absent(change))
        return problems


NO_CHANGES = Changes()


def _absent(change: Change) -> Problem:
    return _problem(
        f"{change.group}.{change.element_id}.{change.key}={change.value}",
        f"names an element that {change.group} does not have",
        "give the id of an element of the site",
    )


def _toml_value(text: str) -> object:
    """A number, flag or list as TOML writes it, else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
