"""One write by hand: refused, or confirmed, audited, written once and read back."""

import getpass
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from controller.fieldtools.audit_file import AuditFailed, append
from controller.fieldtools.connection import Connection
from controller.fieldtools.reading import read_tags
from drivers.base import (
    BadRequest,
    DeviceRefused,
    DriverError,
    PortBusy,
    Quality,
    UnknownOutcome,
    utc_now,
)
from drivers.link import FieldDevice, Link
from drivers.lock import port_lock, site_lock
from drivers.points import FieldPoint, converted, unit_of
from drivers.profiles import Tag, raw_number
from drivers.trust import Judged, written_as_read


@dataclass(frozen=True, kw_only=True)
class Written:
    """What became of a write.

    `outcome` is confirmed, differs, refused, declined or unknown; values are in the tag's unit,
    None where they could not be read.
    """

    outcome: str
    tag: Tag
    value: float
    before: float | None
    readback: float | None
    detail: str


def write_by_hand(
    target: Connection,
    make_link: Callable[[], Link],
    tag_name: str,
    value: float,
    *,
    audit: Path,
    confirmed: Callable[[Tag, float | None], bool],
) -> Written:
    """Write one tag of one device, once.

    Args:
        target: The device, with its profile.
        make_link: Makes the bus's link.
        tag_name: The tag.
        value: In the tag's unit.
        audit: The audit file.
        confirmed: Shows the tag and its present value and asks a person.

    Returns:
        What became of it.

    Raises:
        BadRequest: No profile, an unknown or read-only tag, or a value out of range.
        PortBusy: An engine, or another command, owns the bus.
        DriverError: The device could not be read before, the port was gone before the write, or
            the audit can not be kept; not written.
    """
    record: dict[str, object] = {
        "action": "bus write", "user": _user(), "bus": target.settings.name,
        "site": None if target.site is None else str(target.site), "tag": tag_name, "value": value,
    }  # fmt: skip

    def note(stage: str, **more: object) -> None:
        append(audit, {"time": utc_now().isoformat(), "stage": stage, **record, **more})

    try:
        device, tag = _allowed(target, tag_name, value)
        record |= {
            "device": device.address, "profile": device.profile.name, "unit": tag.unit,
            "profile_sha256": _hash(target.profile_path),
        }  # fmt: skip
        _no_engine(target)
    except DriverError as error:
        note("refused", reason=str(error))
        raise
    try:
        with port_lock(target.settings.name):
            link = make_link()
            try:
                return _written(link, device, tag, value, note, confirmed)
            finally:
                link.close()
    except AuditFailed:
        raise
    except DriverError as error:
        note("failed", reason=str(error))
        raise


def _allowed(target: Connection, tag_name: str, value: float) -> tuple[FieldDevice, Tag]:
    if target.device is None:
        raise BadRequest("a write needs a profile: give --profile")
    tag = _within_site(target.device.profile.tag(tag_name), target.points)
    raw_number(tag, value)
    return target.device, tag


def _within_site(tag: Tag, points: Sequence[FieldPoint]) -> Tag:
    """Narrow a tag's range to that of the site's point that writes it, where there is one."""
    for point in points:
        if point.tag == tag.name and point.writable:
            unit = unit_of(point.quantity)
            if point.min_value is not None:
                low = converted(point.min_value, unit, tag.unit)
                tag = replace(tag, min_value=max(tag.min_value, low))
            if point.max_value is not None:
                high = converted(point.max_value, unit, tag.unit)
                tag = replace(tag, max_value=min(tag.max_value, high))
    return tag


def _no_engine(target: Connection) -> None:
    """Refuse where the site's engine runs, or anybody owns the bus."""
    locks = [port_lock(target.settings.name)]
    if target.site is not None:
        locks.append(site_lock(target.site))
    for lock in locks:
        if lock.is_held_by_another():
            raise PortBusy(f"{lock.what} is in use by {lock.holder()}; nothing was written")


def _written(
    link: Link,
    device: FieldDevice,
    tag: Tag,
    value: float,
    note: Callable[..., None],
    confirmed: Callable[[Tag, float | None], bool],
) -> Written:
    before = _believed(read_tags(link, device, [tag])[tag.name])
    try:
        agreed = confirmed(tag, before)
    except KeyboardInterrupt:
        note("declined", before=before, reason="interrupted")
        raise
    if not agreed:
        note("declined", before=before)
        return Written(outcome="declined", tag=tag, value=value, before=before, readback=before,
                       detail="not confirmed; nothing was written")  # fmt: skip
    note("intent", before=before)
    try:
        outcome, readback, detail = _write_and_read_back(link, device, tag, value)
    except KeyboardInterrupt:
        note("outcome", outcome="unknown", readback=None, reason="interrupted")
        raise
    note("outcome", outcome=outcome, readback=readback, reason=detail)
    return Written(outcome=outcome, tag=tag, value=value, before=before, readback=readback,
                   detail=detail)  # fmt: skip


def _write_and_read_back(
    link: Link, device: FieldDevice, tag: Tag, value: float
) -> tuple[str, float | None, str]:
    """Write once and read twice; outcome, readback and why. Other errors mean: nothing was sent."""
    detail, refused = "", False
    try:
        link.write(device, tag, value)
    except DeviceRefused as error:
        detail, refused = str(error), True
    except UnknownOutcome as error:
        detail = str(error)
    readback, why_not = _readback(link, device, tag)
    if refused:
        return "refused", readback, detail
    if readback is None:
        return "unknown", None, f"{detail} {why_not}".strip()
    if not written_as_read(tag, value, readback):
        return "differs", readback, detail
    if detail:
        detail = f"the answer was lost ({detail}), the readback shows the value"
    return "confirmed", readback, detail


def _readback(link: Link, device: FieldDevice, tag: Tag) -> tuple[float | None, str]:
    try:
        judged = read_tags(link, device, [tag])[tag.name]
    except DriverError as error:
        return None, f"the readback failed: {error}"
    return _believed(judged), judged.detail


def _believed(judged: Judged) -> float | None:
    """A value out of range is shown all the same: it is what the device holds."""
    shown = (Quality.GOOD, Quality.OUT_OF_RANGE)
    return judged.value if judged.quality in shown else None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may run as a number without a name
        return "unknown"


def _hash(path: Path | None) -> str | None:
    return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()
