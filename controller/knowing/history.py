"""A folder of history, as `simulate` and `export` write it, read into a record on an even grid.

plants, stations, buildings (.parquet or .csv)   long tables: time, an id, quantities
readings (.parquet or .csv)                      point_id, at, value, quality
weather.csv                                      the site's weather over the history
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from controller.case import years_around
from controller.knowing.leak_points import PRESSURES
from controller.problems import InputError
from controller.site import Site
from controller.translate import forecast_from_weather
from drivers.base import BadInput, Problem, Quality, WeatherSeries
from drivers.weather.csv_file import read_weather_file
from optimizer.estimate.record import (
    BUILDING_QUANTITIES,
    COLDEST_ROOM,
    PLANT_QUANTITIES,
    ROOM_QUANTITIES,
    STATION_QUANTITIES,
    Record,
)
from optimizer.model.arrays import FloatArray, IntArray, frozen
from optimizer.physics.water import REFERENCE_CP_J_KG_K, density_kg_m3

STEP_S = 900
WEATHER_FILE = "weather.csv"
READINGS = "readings"
LEAST_HOURS = 24
_OUTSIDE = ("outdoor_temp_c", "wind_m_s", "ghi_w_m2")
_KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "plants": ("plant", PLANT_QUANTITIES),
    "stations": ("station", STATION_QUANTITIES),
    "buildings": ("building", BUILDING_QUANTITIES),
}


_ON_GRID = {**dict(_KINDS.values()), "building": (*BUILDING_QUANTITIES, COLDEST_ROOM)}
# Meters count volume at the return, whose density differs by less than one percent in its range.
_RETURN_C = 45.0
_AS_RECORDED = {"flow_m3_h": ("mass_flow_kg_s", float(density_kg_m3(_RETURN_C)) / 3600.0)}


@dataclass(frozen=True, kw_only=True)
class _Long:
    """Measurements one by one: seconds since 1970, kind, index of the thing, quantity, value."""

    at_s: FloatArray
    kind: str
    index: IntArray
    quantity: str
    value: FloatArray


def read_history(site: Site, folder: Path | str, weather: Path | str | None = None) -> Record:
    """Read a history.

    Args:
        site: The site, whose ids and points the tables use.
        folder: The folder.
        weather: Weather over the history; the folder's own when None.

    Returns:
        The record.

    Raises:
        InputError: With everything that is wrong with the folder.
        BadInput: The weather file is wrong.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise _wrong(folder, "is not a folder", "name one that `simulate` or `export` wrote")
    parts: list[_Long] = []
    for name in _KINDS:
        path = _table(folder, name)
        if path is not None:
            parts += _traces(site, path, name)
    path = _table(folder, READINGS)
    if path is not None:
        parts += _readings(site, path)
    parts = [part for part in parts if len(part.at_s)]
    if not parts:
        names = ", ".join([*_KINDS, READINGS])
        raise _wrong(folder, "holds no measurement of this site", f"put there any of {names}")
    return _on_grid(site, folder, parts, Path(weather) if weather else folder / WEATHER_FILE)


def _wrong(path: Path, message: str, remedy: str, **place: Any) -> InputError:
    return InputError([Problem(file=str(path), message=message, remedy=remedy, **place)])


def _table(folder: Path, name: str) -> Path | None:
    found = [folder / f"{name}{ending}" for ending in (".parquet", ".csv")]
    return next((path for path in found if path.is_file()), None)


def _columns(path: Path, needed: Sequence[str]) -> Any:
    """Read a table; pandas alone tells both forms apart from broken ones."""
    import pandas as pd
    import pyarrow as pa

    try:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise _wrong(path, f"cannot be read: {told}", "write it anew") from error
    missing = [name for name in needed if name not in frame]
    if missing:
        remedy = f"the columns are {', '.join(map(str, frame.columns))}"
        raise _wrong(path, f"has no column {missing[0]}", remedy, column=missing[0])
    return frame


def _seconds(path: Path, frame: Any, name: str) -> FloatArray:
    import pandas as pd

    try:
        at = pd.to_datetime(frame[name].astype(str), utc=True, format="ISO8601")
    except (ValueError, TypeError) as error:
        raise _wrong(path, f"{name} is no time: {error}", "write ISO 8601 with offset") from error
    without = (~frame[name].astype(str).str.contains(r"(?:Z|[+-]\d\d:?\d\d)$")).to_numpy()
    if without.any():
        row = int(without.argmax())
        value, remedy = str(frame[name].iloc[row]), "write 2026-01-12T00:00:00+08:00"
        message = "has no offset from UTC"
        raise _wrong(path, message, remedy, row=row + 2, column=name, value=value)
    return np.asarray((at - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1), dtype=float)


def _indices(site: Site, kind: str) -> Mapping[str, int]:
    network = site.district.network
    found: dict[str, Mapping[str, int]] = {
        "plant": network.plant_index,
        "station": network.station_index,
        "building": network.building_index,
        "site": {"": 0},
    }
    return found[kind]


def _traces(site: Site, path: Path, name: str) -> list[_Long]:
    kind, quantities = _KINDS[name]
    id_column = f"{kind}_id"
    frame = _columns(path, ("time", id_column))
    indices = _indices(site, kind)
    index = frame[id_column].astype(str).map(indices)
    unknown = index.isna().to_numpy()
    if unknown.any():
        row = int(unknown.argmax())
        told, remedy = str(frame[id_column].iloc[row]), f"use the ids of {name}.csv of the site"
        raise _wrong(path, "is not of this site", remedy, row=row + 2, column=id_column, value=told)
    at_s, places = _seconds(path, frame, "time"), index.to_numpy(dtype=np.int64)
    found = []
    for quantity in quantities:
        if quantity in frame:
            value = _numbers(path, frame, quantity)
            known = np.isfinite(value)
            found.append(
                _Long(
                    at_s=at_s[known],
                    kind=kind,
                    index=places[known],
                    quantity=quantity,
                    value=value[known],
                )
            )
    return found


def _numbers(path: Path, frame: Any, name: str) -> FloatArray:
    try:
        return np.asarray(frame[name].to_numpy(dtype=float, na_value=np.nan))
    except (ValueError, TypeError) as error:
        raise _wrong(
            path, f"{name} holds no number: {error}", "leave unknown cells empty"
        ) from error


def _readings(site: Site, path: Path) -> list[_Long]:
    frame = _columns(path, ("point_id", "at", "value", "quality"))
    frame = frame[frame["quality"] == Quality.GOOD.value].reset_index(drop=True)
    at_s, value = _seconds(path, frame, "at"), _numbers(path, frame, "value")
    quantities = {**dict(_KINDS.values()), "site": _OUTSIDE}
    quantities["station"] = (*quantities["station"], *PRESSURES)
    found = []
    for point in site.points:
        quantity, factor = _AS_RECORDED.get(point.quantity, (point.quantity, 1.0))
        if quantity not in quantities.get(point.target_kind, ()):
            continue
        own = (frame["point_id"] == point.point_id).to_numpy() & np.isfinite(value)
        index = _indices(site, point.target_kind)[point.target_id]
        found.append(
            _Long(
                at_s=at_s[own],
                kind=point.target_kind,
                index=np.full(int(own.sum()), index, dtype=np.int64),
                quantity=quantity,
                value=value[own] * factor,
            )
        )
    return [*found, *_coldest_rooms(found)]


def _coldest_rooms(parts: Sequence[_Long]) -> list[_Long]:
    """Of buildings with several thermometers the one that is the coldest on the whole."""
    rooms: dict[int, list[_Long]] = {}
    for part in parts:
        if (part.kind, part.quantity) == ("building", ROOM_QUANTITIES[0]) and len(part.value):
            rooms.setdefault(int(part.index[0]), []).append(part)
    several = (group for group in rooms.values() if len(group) > 1)
    coldest = (min(group, key=lambda one: float(one.value.mean())) for group in several)
    return [replace(one, quantity=COLDEST_ROOM) for one in coldest]


def _on_grid(site: Site, folder: Path, parts: Sequence[_Long], weather: Path) -> Record:
    first = min(float(part.at_s.min()) for part in parts)
    last = max(float(part.at_s.max()) for part in parts)
    begin = first // STEP_S * STEP_S
    steps = int((last - begin) // STEP_S) + 1
    if steps * STEP_S < LEAST_HOURS * 3600:
        message = f"covers {steps * STEP_S / 3600:g} h; {LEAST_HOURS} h are the least"
        raise _wrong(folder, message, "export a longer stretch")
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=begin)
    outside = _outside(site, weather, parts, start, steps)
    tables: dict[str, dict[str, FloatArray]] = {}
    for kind, quantities in _ON_GRID.items():
        things = len(_indices(site, kind))
        tables[kind] = {
            quantity: _means(
                [p for p in parts if (p.kind, p.quantity) == (kind, quantity)], begin, steps, things
            )
            for quantity in quantities
        }
    supply, back = (
        _means(
            [p for p in parts if (p.kind, p.quantity) == ("station", quantity)],
            begin, steps, len(_indices(site, "station")),
        )
        for quantity in PRESSURES
    )  # fmt: skip
    left = tables["station"]["dp_bar"]
    tables["station"]["dp_bar"] = frozen(np.where(np.isfinite(left), left, supply - back))
    for table, to_watt in ((tables["station"], 1e3), (tables["plant"], 1e6)):
        _fill_heat(table, "heat_power_kw" if to_watt == 1e3 else "heat_power_mw", to_watt)
    return Record(
        start=start,
        step_s=STEP_S,
        outdoor_temp_c=outside[0],
        wind_m_s=outside[1],
        ghi_w_m2=outside[2],
        plants=tables["plant"],
        stations=tables["station"],
        buildings=tables["building"],
    )


def _fill_heat(table: dict[str, FloatArray], name: str, watt: float) -> None:
    """Where heat was not recorded it follows from flow and temperatures."""
    drop_k = table["supply_temp_c"] - table["return_temp_c"]
    heat = table["mass_flow_kg_s"] * REFERENCE_CP_J_KG_K * drop_k / watt
    table[name] = frozen(np.where(np.isfinite(table[name]), table[name], heat))


def _outside(
    site: Site, weather: Path, parts: Sequence[_Long], start: datetime, steps: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weather of the steps: the file's where there is one, else the site's own sensors'."""
    own = [part for part in parts if part.kind == "site"]
    if not weather.is_file() and any(part.quantity == _OUTSIDE[0] for part in own):
        temp, wind, sun = (
            _means([p for p in own if p.quantity == name], start.timestamp(), steps, 1)[:, 0]
            for name in _OUTSIDE
        )
        return frozen(_between(temp)), frozen(np.nan_to_num(wind)), frozen(np.nan_to_num(sun))
    found = forecast_from_weather(
        _weather(weather, years_around(start, steps * STEP_S / 3600.0)),
        plants=site.district.network.plants,
        timezone=site.timezone,
        start=start,
        step_s=STEP_S,
        steps=steps,
    )
    bounds = found.outdoor_temp_c[0]
    return frozen(0.5 * (bounds[:-1] + bounds[1:])), found.wind_m_s[0], found.ghi_w_m2[0]


def _between(values: FloatArray) -> FloatArray:
    known = np.flatnonzero(np.isfinite(values))
    return np.asarray(np.interp(np.arange(len(values)), known, values[known]))


def _weather(path: Path, years: tuple[int, int]) -> WeatherSeries:
    """Weather of the history; a typical year is laid on the years around it."""
    if not path.is_file():
        raise _wrong(path, "is not there", "put weather.csv into the history, or give --weather")
    try:
        return read_weather_file(str(path), year=years[0], last_year=years[1])
    except BadInput as error:
        raise InputError(error.problems) from error


def _means(parts: Sequence[_Long], begin: float, steps: int, things: int) -> FloatArray:
    total, count = np.zeros((steps, things)), np.zeros((steps, things))
    for part in parts:
        step = ((part.at_s - begin) // STEP_S).astype(np.int64)
        np.add.at(total, (step, part.index), part.value)
        np.add.at(count, (step, part.index), 1.0)
    return frozen(np.where(count > 0.0, total / np.maximum(count, 1.0), np.nan))
