"""Where a command may write, known before anything is computed."""

import errno
import os
from pathlib import Path

from controller.problems import InputError
from drivers.base import Problem


def keep_site_whole(out: Path, site: Path) -> None:
    """Refuse an output that would replace a file of the site: a table, its settings, its store.

    Args:
        out: The file to be written. Elsewhere, what is there is replaced.
        site: The site's folder.

    Raises:
        InputError: It is there already and lies in the site's folder, by whatever name.
    """
    if out.exists() and site.resolve() in out.resolve().parents:
        message = f"is a file of the site {site} and would be replaced"
        remedy = "name a file outside of the site's folder, or a new one"
        raise InputError([Problem(file=str(out), message=message, remedy=remedy)])


def keep_site_folder(out: Path, site: Path) -> None:
    """Refuse to write tables into a site's own folder, where they would replace its own.

    Args:
        out: The folder to be written.
        site: The site's folder.

    Raises:
        InputError: They are the same, by whatever names.
    """
    if out.resolve() == site.resolve():
        message = "is the site's own folder: its tables would be replaced"
        raise InputError([Problem(file=str(out), message=message, remedy="name another folder")])


def need_room_for_file(out: Path) -> None:
    """Find out whether a file can be written; nothing is made.

    Args:
        out: The file.

    Raises:
        OSError: It is a folder, or lies in none that may be written.
    """
    if out.is_dir():
        raise _failure(errno.EISDIR, out)
    if not out.parent.is_dir():
        raise _failure(errno.ENOENT, out)
    if not os.access(out if out.exists() else out.parent, os.W_OK):
        raise _failure(errno.EACCES, out)


def need_room_for_folder(out: Path) -> None:
    """Find out whether a folder can be written, or made; nothing is made.

    Args:
        out: The folder.

    Raises:
        OSError: It is a file, or lies in one, or in a folder that may not be written.
    """
    nearest = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise _failure(errno.ENOTDIR, nearest)
    if not os.access(nearest, os.W_OK):
        raise _failure(errno.EACCES, nearest)


def _failure(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))
