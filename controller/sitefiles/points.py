"""Points of a site: what is measured, what may be written and within which limits."""

from collections.abc import Mapping

from controller.sitefiles.csv_table import Table
from controller.sitefiles.log import Log
from controller.sitefiles.parts import Direction, Point
from controller.sitefiles.references import unknown_name
from controller.sitefiles.row import Row
from drivers.base import BadRequest
from drivers.points import converted, unit_of
from drivers.profiles import Profile, Tag

HEARTBEAT = "heartbeat"
OFFSET = "secondary_offset_k"
# A point is stale after this many polls without an answer.
_STALE_POLLS = 3.0
_STALE_WITHOUT_PROFILE_S = 180.0


def build_points(
    log: Log,
    table: Table,
    profiles: Mapping[str, Profile],
    device_ids: frozenset[str] | None,
    target_ids: Mapping[str, frozenset[str] | None],
) -> tuple[Point, ...]:
    """Build the points; those that write need limits, a rate and a readback point.

    Args:
        log: Where errors and derived values go.
        table: points.csv.
        profiles: Profile by device id, where it could be read.
        device_ids: The devices there are, or None where that is not known.
        target_ids: The plants, pumps, stations and buildings there are, by kind; None where
            that is not known.

    Returns:
        The points of all usable rows.
    """
    points: list[Point] = []
    for row in table.whole_rows:
        before = len(log.errors)
        target = _target(log, row, target_ids)
        _check_source(log, row, profiles, device_ids)
        _check_limits(log, row)
        if target is not None and len(log.errors) == before:
            points.append(_point(log, row, target, profiles))
    _check_readbacks(log, table, points)
    return tuple(points)


def _target(
    log: Log, row: Row, target_ids: Mapping[str, frozenset[str] | None]
) -> tuple[str, str] | None:
    """Split and check what a point is about."""
    target = row.text("target")
    if target == "site":
        return "site", ""
    kind, colon, name = target.partition(":")
    if not colon or kind not in target_ids:
        log.errors.append(
            row.problem(
                "target",
                "names nothing a point can be about",
                "write plant:ID, pump:ID, station:ID, building:ID or site",
            )
        )
        return None
    known = target_ids[kind]
    if known is not None and name not in known:
        log.errors.append(unknown_name(row, "target", name, known, kind, "the site"))
        return None
    return kind, name


def _check_source(
    log: Log, row: Row, profiles: Mapping[str, Profile], device_ids: frozenset[str] | None
) -> None:
    """The device must exist and its profile have the tag, writable where it is written."""
    device, tag = row.text("device"), row.text("tag")
    if device_ids is not None and device not in device_ids:
        log.errors.append(unknown_name(row, "device", device, device_ids, "device", "[[device]]"))
        return
    profile = profiles.get(device)
    if profile is None:
        return
    if tag not in profile.tags:
        log.errors.append(
            unknown_name(row, "tag", tag, profile.tags, "tag", f"the profile of device {device}")
        )
        return
    _check_tag(log, row, profile.tags[tag])


def _check_tag(log: Log, row: Row, tag: Tag) -> None:
    """Tag and quantity must measure the same; what is written must fit the tag's own range."""
    quantity = row.text("quantity")
    unit = unit_of(quantity)
    try:
        converted(0.0, tag.unit, unit)
    except BadRequest as mismatch:
        message = f"does not fit tag {tag.name}: {mismatch}"
        log.errors.append(row.problem("quantity", message, "correct the quantity or the tag"))
        return
    if row.text("direction") != Direction.WRITE:
        return
    if not tag.writable:
        log.errors.append(
            row.problem("tag", "is a tag that cannot be written", "set write = true in the profile")
        )
        return
    for name in ("min", "max"):
        limit = row.maybe_number(name)
        if limit is None:
            continue
        value = converted(limit, unit, tag.unit)
        if not tag.min_value <= value <= tag.max_value:
            message = (
                f"is outside what tag {tag.name} takes, {tag.min_value:g} to {tag.max_value:g} "
                f"{tag.unit}"
            )
            log.errors.append(row.problem(name, message.rstrip(), "narrow it"))


def _check_limits(log: Log, row: Row) -> None:
    """A written point has all of min, max, max_rate_per_h, readback_point; a heartbeat need not."""
    low, high = row.maybe_number("min"), row.maybe_number("max")
    if low is not None and high is not None and low >= high:
        log.errors.append(
            row.problem("max", f"must be above min, which is {low:g}", "correct them")
        )
    if row.text("direction") != Direction.WRITE or row.text("quantity") == HEARTBEAT:
        return
    needed = ("min", "max", "max_rate_per_h", "readback_point")
    missing = [name for name in needed if name not in row.values]
    if missing:
        log.errors.append(
            row.problem(
                missing[0],
                f"is missing on a point that is written ({', '.join(missing)})"
                if len(missing) > 1
                else "is missing on a point that is written",
                "give min, max, max_rate_per_h and readback_point, or make it a read point",
            )
        )


def _point(log: Log, row: Row, target: tuple[str, str], profiles: Mapping[str, Profile]) -> Point:
    name = row.text("point_id")
    stale = row.maybe_number("stale_after_s")
    if stale is None:
        profile = profiles.get(row.text("device"))
        tag = None if profile is None else profile.tags.get(row.text("tag"))
        stale = _STALE_WITHOUT_PROFILE_S if tag is None else _STALE_POLLS * tag.poll_s
        source = "no profile" if tag is None else f"{_STALE_POLLS:g} polls of its profile"
        log.derived.append(row.derived("stale_after_s", f"point {name}", stale, source))
    return Point(
        point_id=name,
        device_id=row.text("device"),
        tag=row.text("tag"),
        target_kind=target[0],
        target_id=target[1],
        quantity=row.text("quantity"),
        direction=Direction(row.text("direction")),
        min_value=row.maybe_number("min"),
        max_value=row.maybe_number("max"),
        max_rate_per_h=row.maybe_number("max_rate_per_h"),
        readback_point_id=row.maybe_text("readback_point"),
        stale_after_s=stale,
    )


def _check_readbacks(log: Log, table: Table, points: list[Point]) -> None:
    """A readback point must exist and be read; each quantity is written by one point only."""
    directions = {row.text("point_id"): row.text("direction") for row in table.whole_rows}
    rows = {row.text("point_id"): row for row in table.whole_rows}
    writers: dict[tuple[str, str, str], str] = {}
    for point in points:
        row, back = rows[point.point_id], point.readback_point_id
        if back is not None and table.sure_ids is not None and back not in table.sure_ids:
            log.errors.append(
                unknown_name(row, "readback_point", back, table.ids, "point", "points.csv")
            )
        elif back is not None and directions.get(back) == Direction.WRITE:
            log.errors.append(
                row.problem("readback_point", "is itself written", "name a point that is read")
            )
        if point.direction is not Direction.WRITE:
            continue
        what = (point.target_kind, point.target_id, point.quantity)
        if what in writers:
            log.errors.append(
                row.problem(
                    "quantity",
                    f"of {row.text('target')} is written by point {writers[what]} too",
                    "let one point write it",
                )
            )
        writers.setdefault(what, point.point_id)


def writable_offsets(points: tuple[Point, ...]) -> dict[str, tuple[float, float, float]]:
    """Find the stations whose secondary offset can be written.

    Args:
        points: The site's points.

    Returns:
        Least and largest offset, K, and its rate, K/h, by station.
    """
    return {
        point.target_id: (point.min_value, point.max_value, point.max_rate_per_h)
        for point in points
        if point.direction is Direction.WRITE
        and point.target_kind == "station"
        and point.quantity == OFFSET
        and point.min_value is not None
        and point.max_value is not None
        and point.max_rate_per_h is not None
    }
