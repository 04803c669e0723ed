"""`heatwarden user`: who may do what on a site."""

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from controller.site_store import StorePlace
    from controller.store.database import Database

_ROLES = ("viewer", "operator", "engineer", "admin")
_EXAMPLES = """\
examples:
  heatwarden user add wang --role engineer sites/old-east      # asks for the password
  heatwarden user add li --role operator sites/old-east < password-file
  heatwarden user list sites/old-east
  heatwarden user remove li sites/old-east

A viewer looks, an operator approves, rejects, holds and acknowledges, an engineer arms, commissions
and reloads, an admin manages users. There is no default password. Adding a user that exists gives
a new role and password. The last engineer stays one: without one the engine does not start.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in (
        ("add", "add a user, or give one a new role and password"),
        ("remove", "remove a user"),
        ("list", "list the users"),
    ):
        action = actions.add_parser(
            name, help=text, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name != "list":
            action.add_argument("name", metavar="NAME", help="the user's name")
        if name == "add":
            action.add_argument("--role", choices=_ROLES, required=True)
        action.add_argument("site", metavar="SITE", help="site folder")
        action.add_argument("--json", action="store_true", help="one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Add, remove or list users.

    Args:
        arguments: The parsed command line.

    Returns:
        0 done, 1 no such user, 2 bad input, 3 no store.
    """
    from controller.site_store import with_store

    work = {"add": _add, "remove": _remove, "list": _list}[arguments.action]
    return with_store(
        arguments,
        lambda site, database: work(arguments, site, database),
        begins=arguments.action == "add",
    )


def _add(arguments: argparse.Namespace, site: "StorePlace", database: "Database") -> int:
    from controller.roles import Role
    from controller.site_store import by_hand, refused
    from controller.store.audit import append_audit
    from controller.store.errors import WeakPassword
    from controller.store.users import put_user

    name = arguments.name.strip()
    if not name.isprintable() or not 0 < len(name) <= 100:
        raise refused(arguments.name, "is no name", "give 1 to 100 printable characters")
    password = _password(name)
    now = datetime.now(UTC)
    try:
        with database.writing() as connection, _an_engineer_kept(connection, name):
            put_user(connection, name, Role(arguments.role), password, now)
            append_audit(
                connection, by_hand("user add", {"name": name, "role": arguments.role}, now)
            )
    except WeakPassword as error:
        raise refused(name, str(error), "choose a longer one") from error
    _tell(arguments, site, {"name": name, "role": arguments.role}, f"{name} is {arguments.role}")
    return 0


def _remove(arguments: argparse.Namespace, site: "StorePlace", database: "Database") -> int:
    from controller.site_store import by_hand
    from controller.store.audit import append_audit
    from controller.store.users import remove_user

    now = datetime.now(UTC)
    with database.writing() as connection, _an_engineer_kept(connection, arguments.name):
        removed = remove_user(connection, arguments.name)
        if removed:
            append_audit(connection, by_hand("user remove", {"name": arguments.name}, now))
    text = "removed" if removed else "not there"
    _tell(arguments, site, {"name": arguments.name, "removed": removed}, f"{arguments.name} {text}")
    return 0 if removed else 1


@contextmanager
def _an_engineer_kept(connection: "Connection", name: str) -> Iterator[None]:
    """Undo what takes the last engineer away: the engine would not start again at night."""
    from controller.site_store import refused
    from controller.store.users import has_engineer

    before = has_engineer(connection)
    yield
    if before and not has_engineer(connection):
        remedy = "make somebody else engineer first: without one the engine does not start again"
        raise refused(name, "is the last engineer", remedy)


def _list(arguments: argparse.Namespace, site: "StorePlace", database: "Database") -> int:
    from controller.store.users import users

    with database.reading() as connection:
        found = [{"name": user.name, "role": user.role.value} for user in users(connection)]
    lines = "\n".join(f"{user['role']:<9} {user['name']}" for user in found)
    _tell(arguments, site, {"users": found}, lines)
    return 0


def _password(name: str) -> str:
    """Ask twice at a terminal; else the first line of standard input."""
    import getpass
    import sys

    from controller.site_store import refused

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(f"password for {name}: ")
    if getpass.getpass("again: ") != password:
        raise refused(name, "the two passwords differ", "try again")
    return password


def _tell(
    arguments: argparse.Namespace, site: "StorePlace", found: dict[str, object], text: str
) -> None:
    from controller.problems import write_line

    if arguments.json:
        write_line(json.dumps({"site": site.site_id, **found}, ensure_ascii=False))
        return
    for line in text.splitlines():
        write_line(line)
