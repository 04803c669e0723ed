"""Calibrated parameters beside a site's tables: numbered versions, one of them in use.

SITE/parameters/0001.json, 0002.json, ...   never changed once written
SITE/parameters/current                     the number in use; without it, the tables alone
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from controller.sitefiles.log import Log
from drivers.base import Problem
from optimizer.estimate.triage import LARGEST_BETA
from optimizer.estimate.values import Value, Values, with_values
from optimizer.model.network import Network

FOLDER, CURRENT = "parameters", "current"
# What a calibration may change, and how far it may be from the tables before it is no calibration.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "pipes": ("heat_loss_w_m_k", "roughness_m"),
    "stations": ("hx_ua_kw_k", "valve_kvs"),
    "buildings": ("ua_kw_k", "capacity_kwh_k", "radiator_kw", "worst_flat_beta"),
}
FARTHEST_FACTOR = 5.0
# A share that the tables may have as nothing: bounded by itself, not by the tables.
MOST_OF_SHARES: Mapping[str, float] = {"worst_flat_beta": LARGEST_BETA}


@dataclass(frozen=True, kw_only=True)
class ParameterVersion:
    """A version of the parameters.

    Attributes:
        version: Its number.
        made_at: When it was written, tz-aware UTC.
        source: What it was learned from, for people.
        values: By table, id and column.
        scores: Errors on what was held back, before and after, as plain data.
    """

    version: int
    made_at: datetime
    source: str
    values: Mapping[str, Values]
    scores: tuple[Mapping[str, Any], ...]

    def __str__(self) -> str:
        counts = ", ".join(f"{len(ids)} {table}" for table, ids in self.values.items() if ids)
        return (
            f"parameters version {self.version} of {self.made_at:%Y-%m-%d}, {self.source}: {counts}"
        )


def versions(folder: Path) -> tuple[int, ...]:
    """Numbers of the versions that are there, ascending.

    Args:
        folder: The site folder.

    Returns:
        The numbers.
    """
    found = (folder / FOLDER).glob("[0-9][0-9][0-9][0-9].json")
    return tuple(sorted(int(path.stem) for path in found))


def current(folder: Path) -> int | None:
    """The version in use.

    Args:
        folder: The site folder.

    Returns:
        Its number, or None where the tables stand alone.

    Raises:
        ValueError: The file does not hold a number.
        OSError: It cannot be read.
    """
    path = folder / FOLDER / CURRENT
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8").strip()
    return int(text) if text else None


def use(folder: Path, version: int | None) -> None:
    """Say which version is in use.

    Args:
        folder: The site folder.
        version: Its number; None for the tables alone.

    Raises:
        OSError: It cannot be written.
    """
    path = folder / FOLDER / CURRENT
    fresh = path.with_suffix(".new")
    fresh.write_text("" if version is None else f"{version}\n", encoding="utf-8")
    fresh.replace(path)


def write(folder: Path, made: ParameterVersion) -> Path:
    """Write a version; one that is there is never changed.

    Args:
        folder: The site folder.
        made: The version.

    Returns:
        The file.

    Raises:
        OSError: It cannot be written, or is there already.
    """
    path = folder / FOLDER / f"{made.version:04d}.json"
    path.parent.mkdir(exist_ok=True)
    content = {
        "version": made.version,
        "made_at": made.made_at.isoformat(),
        "source": made.source,
        "scores": [dict(score) for score in made.scores],
        **{
            table: {
                name: {c: {"value": v.value, "spread": v.spread} for c, v in columns.items()}
                for name, columns in ids.items()
            }
            for table, ids in made.values.items()
        },
    }
    with path.open("x", encoding="utf-8") as file:
        json.dump(content, file, indent=1, allow_nan=False)
        file.write("\n")
    return path


def read(folder: Path, version: int) -> ParameterVersion:
    """Read a version.

    Args:
        folder: The site folder.
        version: Its number.

    Returns:
        The version.

    Raises:
        ValueError: Something in it is no number, or no such thing as it should be.
        OSError: It cannot be read.
    """
    path = folder / FOLDER / f"{version:04d}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        values = {
            table: {
                str(name): {
                    str(c): Value(value=float(v["value"]), spread=float(v["spread"]))
                    for c, v in columns.items()
                }
                for name, columns in content.get(table, {}).items()
            }
            for table in COLUMNS
        }
        made_at = datetime.fromisoformat(content["made_at"])
        scores = tuple(content.get("scores", ()))
        return ParameterVersion(
            version=version,
            made_at=made_at,
            source=str(content["source"]),
            values=values,
            scores=scores,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"is no version of parameters: {error!r}") from error


def applied(log: Log, folder: Path, network: Network) -> tuple[Network, ParameterVersion | None]:
    """Put the version in use into a network.

    Args:
        log: Receives what is wrong.
        folder: The site folder.
        network: The network of the tables.

    Returns:
        The network with the calibrated values, and the version; the network unchanged and None
        where there is none in use or something is wrong with it.
    """
    name = f"{FOLDER}/{CURRENT}"
    try:
        number = current(folder)
        if number is None:
            return network, None
        name = f"{FOLDER}/{number:04d}.json"
        found = read(folder, number)
    except (OSError, ValueError) as error:
        log.errors.append(_problem(name, f"cannot be used: {error}"))
        return network, None
    wrong = _wrong(found, network)
    if wrong is not None:
        log.errors.append(_problem(name, wrong))
        return network, None
    values = found.values
    return with_values(network, values["pipes"], values["stations"], values["buildings"]), found


def _problem(file: str, message: str) -> Problem:
    remedy = "calibrate anew, or go back with `heatwarden calibrate SITE --rollback`"
    return Problem(file=file, message=message, remedy=remedy)


def _wrong(found: ParameterVersion, network: Network) -> str | None:
    """What makes a version unusable: unknown ids or columns, values far from the tables."""
    things: dict[str, dict[str, Any]] = {
        "pipes": {one.pipe_id: one for one in network.pipes},
        "stations": {one.station_id: one for one in network.stations},
        "buildings": {one.building_id: one for one in network.buildings},
    }
    for table, ids in found.values.items():
        for name, columns in ids.items():
            if name not in things[table]:
                return f"{name} is not in {table}.csv"
            for column, one in columns.items():
                if column not in COLUMNS[table]:
                    return f"{table} have no column {column} that is calibrated"
                before = float(getattr(things[table][name], column))
                if (wrong := _out_of_range(column, one.value, before)) is not None:
                    return f"{column} of {name} is {one.value:g}, {wrong}"
    return None


def _out_of_range(column: str, value: float, before: float) -> str | None:
    """What makes a value unusable, given what the table says."""
    if not math.isfinite(value) or value <= 0.0:
        return "which can not be"
    if column in MOST_OF_SHARES:
        most = MOST_OF_SHARES[column]
        return None if value <= most else f"more than {most:g}"
    if before <= 0.0 or not 1.0 / FARTHEST_FACTOR <= value / before <= FARTHEST_FACTOR:
        return f"in the table {before:g}"
    return None
