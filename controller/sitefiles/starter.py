"""The starter site: a small network with the keys that only its owner knows left to fill in."""

import re
from pathlib import Path

from controller.paths import config_dir
from controller.problems import InputError
from controller.sitefiles.text_file import is_there
from drivers.base import Problem

_FILES = ("site.toml", "nodes.csv", "pipes.csv", "stations.csv", "buildings.csv", "points.csv")
_PLACEHOLDER = "SITE_ID"


def write_starter(folder: Path) -> tuple[str, ...]:
    """Write the starter site into a new or empty folder; its name becomes the site's id.

    Args:
        folder: Where to write; made with its parents where it is not there.

    Returns:
        Names of the files written.

    Raises:
        InputError: The folder has something in it, or is not a folder.
        OSError: It cannot be written.
    """
    if is_there(folder) and not is_there(folder, folder=True):
        raise InputError([_refused(folder, "is a file")])
    if is_there(folder) and any(folder.iterdir()):
        raise InputError([_refused(folder, "is not empty")])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "devices").mkdir()
    site_id = re.sub(r"[^\w.-]+", "-", folder.resolve().name).strip("-") or "site"
    for name in _FILES:
        text = (config_dir() / "starter" / name).read_text(encoding="utf-8")
        text = text.replace(_PLACEHOLDER, site_id)
        # "x": never over a file that came in between.
        with (folder / name).open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    return _FILES


def _refused(folder: Path, message: str) -> Problem:
    return Problem(file=str(folder), message=message, remedy="name a new or empty folder")
