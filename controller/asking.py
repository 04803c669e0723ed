"""From a command line to the running engine: a request by an authenticated user, and its answer."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from controller.site_store import StorePlace
    from controller.store.database import Database
    from controller.store.requests import Asked
    from controller.store.users import User

PATIENCE_S = 30.0
LOOK_EVERY_S = 0.2


def asking_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes that asks the engine.

    Args:
        parser: The command's parser.
    """
    from controller.terminal_words import language_argument

    parser.add_argument("site", metavar="SITE", help="site folder")
    parser.add_argument("--user", metavar="NAME", help="who asks; always needed")
    language_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run_asking(
    arguments: argparse.Namespace,
    kind: str,
    body: Callable[["Database"], Mapping[str, Any]],
    patience_s: float = PATIENCE_S,
) -> int:
    """Ask the engine and wait for its answer.

    Args:
        arguments: With site, user and json; the password comes from the terminal or from the first
            line of standard input.
        kind: What is asked.
        body: Gives the request's body from the store.
        patience_s: How long to wait for the answer, s.

    Returns:
        0 accepted, 1 refused, 2 bad input, 3 no store, or no engine that answers.
    """
    from controller.site_store import with_store

    return with_store(
        arguments,
        lambda site, database: _asked(arguments, site, database, kind, body, patience_s),
    )


def _asked(
    arguments: argparse.Namespace,
    site: "StorePlace",
    database: "Database",
    kind: str,
    body: Callable[["Database"], Mapping[str, Any]],
    patience_s: float,
) -> int:
    from controller.problems import write_line
    from controller.store.errors import StoreUnavailable
    from controller.store.lease import lease_holder
    from controller.store.requests import Request, ask
    from controller.terminal_words import as_said, saying

    user = authenticated_user(need_user(arguments), database)
    content = body(database)
    now = datetime.now(UTC)
    with database.writing() as connection:
        if lease_holder(connection, now) is None:
            raise StoreUnavailable(
                "no engine runs", remedy=f"start it: heatwarden run {arguments.site}"
            )
        request = Request(actor=user.name, role=user.role.value, kind=kind, body=content)
        number = ask(connection, request, now)
    found = _answer(database, number, patience_s)
    if found is None:
        raise StoreUnavailable(
            f"the engine has not answered within {patience_s:.0f} s",
            remedy=f"look whether it lives: heatwarden status {arguments.site}",
        )
    if arguments.json:
        said = {"site": site.site_id, "accepted": found.accepted, "answer": found.answer}
        write_line(json.dumps(said, ensure_ascii=False))
    else:
        answer = as_said(arguments.lang, found.answer or "")
        verdict = "accepted" if found.accepted else "refused"
        write_line(saying(arguments.lang)(verdict, answer=answer))
    return 0 if found.accepted else 1


def need_user(arguments: argparse.Namespace) -> str:
    """Give the name of who asks.

    Args:
        arguments: With user and site.

    Returns:
        The name.

    Raises:
        InputError: There is none.
    """
    from controller.site_store import refused

    if arguments.user:
        return str(arguments.user)
    remedy = (
        "write --user NAME; a user is made on this machine by: heatwarden user add NAME "
        f"--role operator {arguments.site} (--role engineer, to arm, commission or reload too)"
    )
    raise refused("", "--user is missing: what is asked of the engine is a person's word", remedy)


def authenticated_user(name: str, database: "Database") -> "User":
    """Ask for a user's password at the terminal, or read it from the first line of standard input.

    Args:
        name: The user's name.
        database: The store.

    Returns:
        The user.

    Raises:
        InputError: Name and password do not fit.
    """
    import getpass

    from controller.site_store import refused
    from controller.store.users import authenticated

    if sys.stdin.isatty():
        password = getpass.getpass(f"password for {name}: ")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    with database.reading() as connection:
        user = authenticated(connection, name, password)
    if user is None:
        raise refused(name, "name and password do not fit", "try again, or ask an admin")
    return user


def _answer(database: "Database", number: int, patience_s: float) -> "Asked | None":
    from controller.store.requests import asked

    give_up_s = time.monotonic() + patience_s
    while time.monotonic() < give_up_s:
        with database.reading() as connection:
            found = asked(connection, number)
        if found is not None and found.answered_at is not None:
            return found
        time.sleep(LOOK_EVERY_S)
    return None


def chosen_recommendation(arguments: argparse.Namespace, database: "Database") -> dict[str, Any]:
    """Give the body of a decision: the named recommendation, or else the newest.

    Args:
        arguments: With recommendation and note.
        database: The store.

    Returns:
        The body.
    """
    from controller.site_store import refused
    from controller.store.recommendations import latest

    name = arguments.recommendation
    if name is None:
        with database.reading() as connection:
            found = latest(connection)
        if found is None:
            raise refused("", "there is no recommendation yet", "wait for the next cycle")
        name = found.recommendation_id
    return {"recommendation_id": name, "note": arguments.note or ""}


def values_by_name(words: "list[str] | None", option: str) -> dict[str, float]:
    """Read an option that is given as NAME=VALUE, once or more often.

    Args:
        words: As they stand on the command line.
        option: The option's name, for messages.

    Returns:
        Value by name.

    Raises:
        InputError: A word is something else, or a name stands twice.
    """
    import math

    from controller.site_store import refused

    found: dict[str, float] = {}
    for word in words or ():
        name, _, text = word.partition("=")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not name or not math.isfinite(value):
            raise refused(word, f"{option} takes NAME=VALUE", "write it like plant:P1=92.5")
        if name in found:
            raise refused(word, f"{option} names {name} twice", "name it once")
        found[name] = value
    return found
