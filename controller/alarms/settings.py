"""Who is told of an alarm, and after how long the next ones: `alarms.toml` of a site."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.problems import InputError
from drivers.base import Problem

FILE = "alarms.toml"
_SMTP = {"host": str, "port": int, "sender": str, "starttls": bool, "user": str,
         "password_env": str}  # fmt: skip
_LEVEL = {"after_min": (int, float), "mail": list, "webhook": list, "lowest_priority": int}


@dataclass(frozen=True, kw_only=True, slots=True)
class Smtp:
    """A mail server; `password_env` names an environment variable, never the password."""

    host: str
    port: int = 25
    sender: str = "heatwarden@localhost"
    starttls: bool = False
    user: str = ""
    password_env: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """Who is told when an alarm has not been acknowledged for `after_min`.

    Alarms of a priority number above `lowest_priority` are not sent to them.
    """

    after_min: float
    mail: tuple[str, ...] = ()
    webhook: tuple[str, ...] = ()
    lowest_priority: int = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """The levels in order of time, and the mail server where mail is sent."""

    levels: tuple[Level, ...] = ()
    smtp: Smtp | None = None


def read_delivery(folder: Path) -> Delivery:
    """Read a site's `alarms.toml`.

    Args:
        folder: The site's folder.

    Returns:
        The settings; without the file nobody is told.

    Raises:
        InputError: With everything that is wrong with the file.
    """
    path = folder / FILE
    if not path.exists():
        return Delivery()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError([_problem("", f"can not be read: {error}", "write valid TOML")]) from error
    problems = [
        _problem(key, "is not known", "use [smtp] and [[level]]")
        for key in found
        if key not in ("smtp", "level")
    ]
    smtp = found.get("smtp")
    levels = found.get("level", [])
    if smtp is not None:
        problems += _wrong("smtp", smtp, _SMTP, ("host",))
    if not isinstance(levels, list):
        problems.append(_problem("level", "is one table", "write [[level]]"))
        levels = []
    for level in levels:
        problems += _wrong("level", level, _LEVEL, ("after_min",))
        if isinstance(level, dict) and level.get("mail") and smtp is None:
            problems.append(_problem("level.mail", "needs [smtp]", "add [smtp] with host"))
    if problems:
        raise InputError(problems)
    return Delivery(
        levels=tuple(sorted((_level(one) for one in levels), key=lambda one: one.after_min)),
        smtp=None if smtp is None else Smtp(**smtp),
    )


def _level(found: Mapping[str, Any]) -> Level:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in found.items()
    }
    return Level(**values)


def _wrong(
    section: str, found: Any, known: Mapping[str, Any], needed: tuple[str, ...]
) -> list[Problem]:
    if not isinstance(found, dict):
        return [_problem(section, "is no table", f"write [{section}]")]
    problems = [
        _problem(f"{section}.{name}", "is missing", "add it")
        for name in needed
        if name not in found
    ]
    for name, value in found.items():
        if name not in known:
            remedy = f"use {', '.join(known)}"
            problems.append(_problem(f"{section}.{name}", "is not known", remedy))
        elif not isinstance(value, known[name]) or (
            isinstance(value, bool) and known[name] is not bool
        ):
            problems.append(_problem(f"{section}.{name}", "is of the wrong kind", "see the docs"))
        elif isinstance(value, list) and not all(isinstance(one, str) for one in value):
            problems.append(_problem(f"{section}.{name}", "is no list of texts", "quote each"))
    return problems


def _problem(column: str, message: str, remedy: str) -> Problem:
    return Problem(file=FILE, column=column or None, message=message, remedy=remedy)
