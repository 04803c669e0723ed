"""Calibration of a site from a record: a new version of its parameters, or none."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from controller.outcome_json import JsonObject, number
from controller.site import Site, SiteError, load_site
from controller.sitefiles import parameters
from controller.sitefiles.parameters import ParameterVersion
from optimizer.estimate.calibrate import Calibration, calibrate
from optimizer.estimate.events import Event, find_events
from optimizer.estimate.part_score import PartScore
from optimizer.estimate.record import Record
from optimizer.estimate.values import Values, merged


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a calibration; `version` is None where nothing predicted better.

    `events` are the lasting changes that the record shows.
    """

    calibration: Calibration
    version: ParameterVersion | None
    events: tuple[Event, ...]


def calibrate_site(
    site: Site, record: Record, now: datetime, betas: Values | None = None
) -> Outcome:
    """Calibrate a site and, where it predicts better, write a new version and take it into use.

    Args:
        site: The site, with the version in use.
        record: The record.
        now: tz-aware UTC.
        betas: What complaints taught of the coldest flats, by building.

    Returns:
        The outcome.

    Raises:
        ValueError: The record is too short, or the site refuses what was learned.
        OSError: The version could not be written.
    """
    found = calibrate(site.district.network, record)
    events = find_events(site.district.network, record)
    if not found.accepted and not betas:
        return Outcome(calibration=found, version=None, events=events)
    made = _version(site, found, record, now, betas or {})
    take_into_use(site.folder, made)
    return Outcome(calibration=found, version=made, events=events)


def take_into_use(folder: Path, made: ParameterVersion) -> None:
    """Write a version and use it; one that the site refuses is taken back.

    Args:
        folder: The site folder.
        made: The version.

    Raises:
        ValueError: The site refuses it; the version before is in use.
        OSError: It could not be written.
    """
    before = parameters.current(folder)
    parameters.write(folder, made)
    parameters.use(folder, made.version)
    try:
        load_site(folder)
    except SiteError as error:
        parameters.use(folder, before)
        raise ValueError(f"version {made.version} is not taken into use: {error}") from error


def _version(
    site: Site, found: Calibration, record: Record, now: datetime, betas: Values
) -> ParameterVersion:
    """What is in use, with what was learned in its place."""
    before = {} if site.parameters is None else site.parameters.values
    buildings = merged(found.buildings, _colder(betas, found.buildings))
    learned = {"pipes": found.pipes, "stations": found.stations, "buildings": buildings}
    there = parameters.versions(site.folder)
    days = record.steps * record.step_s / 86400.0
    return ParameterVersion(
        version=there[-1] + 1 if there else 1,
        made_at=now,
        source=f"from {days:.1f} days since {record.start:%Y-%m-%d}",
        values={table: merged(before.get(table, {}), new) for table, new in learned.items()},
        scores=tuple(score_json(score) for score in found.scores),
    )


def _colder(betas: Values, measured: Values) -> Values:
    """What complaints taught, but where thermometers show a colder flat still."""
    column = "worst_flat_beta"
    return {
        name: columns
        for name, columns in betas.items()
        if column not in measured.get(name, {})
        or columns[column].value > measured[name][column].value
    }


def score_json(score: PartScore) -> dict[str, Any]:
    """A part's score as plain data.

    Args:
        score: The score.

    Returns:
        Its fields, null for what is not a number.
    """
    plain: dict[str, Any] = asdict(score)
    return {**plain, "before": number(score.before), "after": number(score.after)}


def event_json(event: Event) -> dict[str, Any]:
    """A lasting change as plain data.

    Args:
        event: The event.

    Returns:
        Where, since when, the likely cause and its size.
    """
    return {
        "where": event.where,
        "since": event.since.isoformat(),
        "seen": event.seen.isoformat(),
        "cause": event.cause.value,
        "signal": event.signal.value,
        "size": round(event.size, 3),
    }


def outcome_json(site: Site, outcome: Outcome) -> JsonObject:
    """A calibration as JSON.

    Args:
        site: The site.
        outcome: What came of it.

    Returns:
        Scores and counts, and the version.
    """
    found = outcome.calibration
    return {
        "site": site.site_id,
        "accepted": found.accepted,
        "version": None if outcome.version is None else outcome.version.version,
        "scores": [score_json(score) for score in found.scores],
        "events": [event_json(event) for event in outcome.events],
        "kept": {
            "pipes": len(found.pipes),
            "stations": len(found.stations),
            "buildings": len(found.buildings),
        },
    }


def roll_back(folder: Path, to: int | None) -> int | None:
    """Take an earlier version into use.

    Args:
        folder: The site folder.
        to: Which; the one before the present when None, 0 for the tables alone.

    Returns:
        The version in use now, None for the tables alone.

    Raises:
        ValueError: There is no such version, or none before.
        OSError: It could not be written.
    """
    there, present = parameters.versions(folder), parameters.current(folder)
    if to is None:
        if present is None:
            raise ValueError("no version is in use")
        earlier = [version for version in there if version < present]
        to = earlier[-1] if earlier else 0
    if to != 0 and to not in there:
        raise ValueError(
            f"there is no version {to}; there are {', '.join(map(str, there)) or 'none'}"
        )
    chosen = None if to == 0 else to
    parameters.use(folder, chosen)
    return chosen
