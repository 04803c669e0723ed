"""An append-only audit file of writes that are made by hand, each record bound to the one before.

It lies in HEATWARDEN_STATE_DIR, else in the user's state folder, and needs no site and no store.
"""

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from drivers.base import PortLost
from drivers.lock import Lock

STATE_FOLDER_VARIABLE = "HEATWARDEN_STATE_DIR"
FILE_NAME = "bus-audit.jsonl"
FIRST = "0" * 64
TURN_S = 10.0  # commands on several buses may keep one audit


class AuditFailed(PortLost):
    """The audit can not be kept, so nothing may be written."""


def state_folder() -> Path:
    """Where this user's heatwarden keeps what belongs to no site.

    Returns:
        The folder, perhaps not yet made.
    """
    chosen = os.environ.get(STATE_FOLDER_VARIABLE)
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "heatwarden"
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "heatwarden"


def append(path: Path, record: Mapping[str, object]) -> None:
    """Add a record and make it durable before returning.

    Args:
        path: The audit file; made where it is not there.
        record: What happened; `previous` is added.

    Raises:
        AuditFailed: It could not be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = Lock(path.with_name(path.name + ".lock"), f"audit {path}", wait_s=TURN_S)
        with lock, path.open("ab+") as file:
            kept = path.read_bytes()
            line = json.dumps({**record, "previous": _last_hash(kept)}, ensure_ascii=False)
            cut_off = kept and not kept.endswith(b"\n")  # a power cut in the middle of a record
            file.write((b"\n" if cut_off else b"") + line.encode("utf-8") + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except (OSError, PortLost) as error:
        raise AuditFailed(f"the audit {path} can not be kept: {error}") from error


def first_broken_line(path: Path) -> int | None:
    """Check that no record has been changed, removed or moved.

    Args:
        path: The audit file.

    Returns:
        Number of the first line that does not follow from those before, from 1; None if all do.
        A removed end can not be told from the file alone.
    """
    previous = FIRST
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            found = json.loads(line)["previous"]
        except (ValueError, KeyError, TypeError):
            return number
        if found != previous:
            return number
        previous = hashlib.sha256(line).hexdigest()
    return None


def _last_hash(kept: bytes) -> str:
    lines = kept.splitlines()
    return hashlib.sha256(lines[-1]).hexdigest() if lines else FIRST
