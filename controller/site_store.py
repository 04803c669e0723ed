"""From a site folder named on a command line to its open store, and what goes wrong on the way."""

import argparse
import getpass
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from controller.problems import InputError, report_problems
from controller.site import SITE_FILE, load_site
from controller.store.audit import AuditEntry
from controller.store.database import Database, open_database
from controller.store.errors import StoreError
from drivers.base import DriverError, Problem

BAD_INPUT, COULD_NOT_RUN = 2, 3
_SEE_TO_STORE = "see to the store that [store] in site.toml names, then try again"
_SEE_TO_PORT = "stop what holds it, or see to the port and what is on it, then try again"
_SEE_TO_FILE = "see to that file or folder, then try again"


@dataclass(frozen=True, kw_only=True, slots=True)
class StorePlace:
    """Which store belongs to a site folder; the rest of the site may be in error."""

    site_id: str
    folder: Path
    url: str
    zone: ZoneInfo


def store_place(site: str) -> StorePlace:
    """Find a site's store without reading the whole site.

    A site that is being edited, and is wrong just now, must not keep anybody from holding its
    engine.

    Args:
        site: The site folder.

    Returns:
        The store's place.

    Raises:
        InputError: There is no site, or nothing in it tells the store.
    """
    folder = Path(site)
    try:
        found = tomllib.loads((folder / SITE_FILE).read_text(encoding="utf-8"))
        site_id, url = found["site"]["id"], found["store"]["url"]
        zone = _zone(found["site"].get("timezone"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        whole = load_site(folder)
        site_id, url, zone = whole.site_id, whole.store_url, ZoneInfo(whole.timezone)
    return StorePlace(site_id=str(site_id), folder=folder, url=str(url), zone=zone)


def _zone(name: object) -> ZoneInfo:
    """The site's zone, UTC where it is none: times are shown, whatever is wrong with the site."""
    try:
        return ZoneInfo(str(name))
    except (OSError, ValueError, KeyError):
        return ZoneInfo("UTC")


def with_store(
    arguments: argparse.Namespace,
    work: Callable[[StorePlace, Database], int],
    *,
    begins: bool = False,
    first: Callable[[], object] | None = None,
) -> int:
    """Open the store of the site on the command line and do something with it.

    Args:
        arguments: With `site` and `json`.
        work: Gets the place and its store; returns an exit code.
        begins: Whether a missing store is made; else it is a failure.
        first: What is looked at before the store is opened, or made.

    Returns:
        The work's exit code; 2 where the site or another input is wrong, 3 where the store, a port
        or a file fails.
    """
    try:
        site = store_place(arguments.site)
        if first is not None:
            first()
        database = open_database(site.url, site.folder, must_exist=not begins)
        try:
            return work(site, database)
        finally:
            database.close()
    except InputError as refusal:
        report_problems(refusal.problems, as_json=arguments.json)
        return BAD_INPUT
    except BrokenPipeError:  # the reader of the output has gone, not the store
        raise
    except (StoreError, DriverError, OSError) as error:
        report_problems([failure(arguments.site, error)], as_json=arguments.json)
        return COULD_NOT_RUN


def failure(site: str, error: StoreError | DriverError | OSError) -> Problem:
    """Describe why something could not run.

    Args:
        site: The site, as on the command line.
        error: What came of it.

    Returns:
        The problem, with the remedy that fits.
    """
    if isinstance(error, StoreError):
        return Problem(file=str(site), message=str(error), remedy=error.remedy or _SEE_TO_STORE)
    if isinstance(error, DriverError):
        return Problem(file=str(site), message=str(error), remedy=_SEE_TO_PORT)
    if error.filename is None:  # a connection
        return Problem(file=str(site), message=str(error), remedy=_SEE_TO_PORT)
    what = error.strerror or str(error)
    return Problem(file=str(error.filename), message=what, remedy=_SEE_TO_FILE)


def refused(value: str, message: str, remedy: str) -> InputError:
    """Make the error for a wrong word on the command line.

    Args:
        value: The word; empty where there is none.
        message: What is wrong with it.
        remedy: What to write instead.

    Returns:
        The error, to be raised.
    """
    problem = Problem(file="command line", value=value or None, message=message, remedy=remedy)
    return InputError([problem])


def instant_of_words(text: str | None, otherwise: datetime) -> datetime:
    """Read an instant from the command line.

    Args:
        text: ISO 8601 with an offset from UTC.
        otherwise: Where nothing is given.

    Returns:
        The instant, tz-aware.

    Raises:
        InputError: It is no instant, or has no offset.
    """
    if text is None:
        return otherwise
    remedy = "write it like 2026-01-12T00:00:00+08:00"
    problem = refused(text, "is no instant with offset from UTC", remedy)
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise problem from error
    if found.utcoffset() is None:
        raise problem
    return found


def by_hand(action: str, details: Mapping[str, object], now: datetime) -> AuditEntry:
    """Make the audit's entry for something done on this machine's command line.

    Args:
        action: Such as `user add`.
        details: What JSON can hold.
        now: tz-aware.

    Returns:
        The entry, by the machine's own user.
    """
    return AuditEntry(at=now, actor=machine_user(), action=action, details=details)


def machine_user() -> str:
    """Name who is at this machine's command line.

    Returns:
        The account, marked as such.
    """
    try:
        account = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may run as a number without a name
        account = "unknown"
    return f"{account} (command line)"
