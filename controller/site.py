"""A site folder, read, checked and completed: what the controller starts from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from controller.problems import InputError
from controller.sitefiles import build_rules, devices, parameters, points, references, schema
from controller.sitefiles.build_consumers import build_buildings, build_stations
from controller.sitefiles.build_pipes import build_nodes, build_pipes
from controller.sitefiles.changes import NO_CHANGES, Changes
from controller.sitefiles.csv_table import Table, read_table
from controller.sitefiles.design_point import design_point
from controller.sitefiles.log import Derived, Log
from controller.sitefiles.parameters import ParameterVersion
from controller.sitefiles.parts import (
    Auto,
    Bus,
    ColdSnap,
    Device,
    Fallback,
    Point,
    Trip,
    WeatherSources,
)
from controller.sitefiles.plausible import implausible
from controller.sitefiles.plausible_points import implausible_points
from controller.sitefiles.references import Tables, known_ids, whole_rows_by_id
from controller.sitefiles.rules import Field
from controller.sitefiles.text_file import is_there
from controller.sitefiles.toml_file import Sections, read_sections
from controller.sitefiles.topology import check_topology
from drivers.base import Problem
from optimizer.model.network import Network, Pipe
from optimizer.model.policy import District

SITE_FILE = "site.toml"


class SiteError(InputError):
    """A site folder was refused; `problems` has everything that is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """A whole site. `trip` and `weather` are None where the folder leaves them out.

    `derived` lists every value that the folder leaves out, `warnings` what is implausible in it,
    `parameters` is the calibration in use, None where the tables stand alone; `tabled` is the
    network of the tables alone.
    """

    site_id: str
    name: str
    folder: Path
    timezone: str
    latitude: float
    longitude: float
    district: District
    points: tuple[Point, ...]
    devices: tuple[Device, ...]
    buses: tuple[Bus, ...]
    cold_snap: ColdSnap
    fallback: Fallback
    auto: Auto
    trip: Trip | None
    store_url: str
    weather: WeatherSources | None
    derived: tuple[Derived, ...]
    warnings: tuple[Problem, ...]
    tabled: Network
    parameters: ParameterVersion | None = None


def load_site(
    path: Path | str, *, this_year: int | None = None, changes: Changes = NO_CHANGES
) -> Site:
    """Read a site folder.

    Args:
        path: The folder.
        this_year: Year up to which pipes have aged; the present one when None.
        changes: Values that a study changes on the way; the files stay as they are.

    Returns:
        The site, complete.

    Raises:
        SiteError: Something in the folder is wrong; carries all problems at once.
    """
    folder = Path(path)
    # An empty path would be the folder one stands in, which nobody has named.
    if not str(path) or not is_there(folder, folder=True):
        raise SiteError([_no_site(path, "is not a folder")])
    if not any(is_there(folder / name) for name in _ORDER):
        raise SiteError([_no_site(path, "is a folder without any file of a site")])
    log = Log()
    sections = read_sections(log, folder, SITE_FILE, schema.SITE_TOML, changes.in_sections)

    def table(name: str, fields: Mapping[str, Field]) -> Table:
        return read_table(log, folder, f"{name}.csv", fields, partial(changes.in_table, name))

    tables = Tables(
        nodes=table("nodes", schema.NODES),
        pipes=table("pipes", schema.PIPES),
        stations=table("stations", schema.STATIONS),
        buildings=table("buildings", schema.BUILDINGS),
        points=read_table(log, folder, "points.csv", schema.POINTS),
    )
    references.check_references(log, tables, sections)
    references.check_agreement(log, tables, sections)
    year = datetime.now(UTC).year if this_year is None else this_year
    pipes = build_pipes(log, tables.pipes, year)
    check_topology(log, tables, sections)
    if sections is not None:
        for row in sections["site"]:
            build_rules.check_timezone(log, row)
        field = _read_field(log, folder, tables, sections)
    if log.errors or sections is None:
        raise SiteError(sorted(log.errors, key=_place))
    return _complete(log, folder, tables, sections, pipes, field)


def _no_site(path: Path | str, message: str) -> Problem:
    remedy = "name a site folder; `heatwarden init FOLDER` writes one"
    return Problem(file=str(path), message=message, remedy=remedy)


_ORDER = (SITE_FILE, "nodes.csv", "pipes.csv", "stations.csv", "buildings.csv", "points.csv")


def _place(problem: Problem) -> tuple[int, str, int]:
    """Sort problems as a reader meets them: by file, then by line."""
    rank = _ORDER.index(problem.file) if problem.file in _ORDER else len(_ORDER)
    return rank, problem.file, problem.row or 0


@dataclass(frozen=True, slots=True)
class _Field:
    """What connects a site to its devices and services."""

    buses: tuple[Bus, ...]
    devices: tuple[Device, ...]
    points: tuple[Point, ...]
    weather: WeatherSources | None
    store_url: str


def _read_field(log: Log, folder: Path, tables: Tables, sections: Sections) -> _Field:
    """Build buses, devices, points and services, logging what is wrong with them."""
    buses = devices.build_buses(log, sections)
    site_devices, profiles = devices.build_devices(log, folder, sections, buses)
    # A site may be planned without any device; only then may points name devices that are not.
    device_ids = known_ids(sections, "device")
    targets = {
        "plant": known_ids(sections, "plant"),
        "pump": known_ids(sections, "pump"),
        "station": tables.stations.sure_ids,
        "building": tables.buildings.sure_ids,
    }
    return _Field(
        buses=buses,
        devices=site_devices,
        points=points.build_points(log, tables.points, profiles, device_ids, targets),
        weather=build_rules.build_weather(log, folder, sections),
        store_url=build_rules.build_store_url(log, sections),
    )


def _complete(
    log: Log,
    folder: Path,
    tables: Tables,
    sections: Sections,
    pipes: tuple[Pipe, ...],
    field: _Field,
) -> Site:
    """Build the site from rows in which nothing is wrong."""
    single = {name: rows[0] for name, rows in sections.items() if rows}
    control = build_rules.build_control(single["control"])
    radiators = build_rules.build_radiators(single["radiators"])
    curve = single["secondary"].curve("curve")
    comfort = build_rules.build_comfort(single["comfort"])
    limits = build_rules.build_limits(single["limits"])
    design = design_point(radiators, curve, control.heating_curve)
    station_rows = whole_rows_by_id(tables.stations, "station_id")
    buildings = build_buildings(log, tables.buildings, station_rows, design, comfort.min_indoor_c)
    network = Network(
        nodes=build_nodes(log, tables.nodes),
        pipes=pipes,
        stations=build_stations(
            log, tables.stations, buildings, design, points.writable_offsets(field.points)
        ),
        buildings=buildings,
        plants=build_rules.build_plants(log, sections),
        pumps=build_rules.build_pumps(sections),
        ground_temp_c=single["ground"].number("temp_c"),
        makeup_temp_c=build_rules.makeup_temp_c(log, single["ground"]),
        leak_reference_bar=single["limits"].number("leak_reference_bar"),
        leak_exponent=single["limits"].number("leak_exponent"),
        radiators=radiators,
        secondary_curve=curve,
    )
    tabled = network
    network, calibrated = parameters.applied(log, folder, tabled)
    if log.errors:
        raise SiteError(log.errors)
    district = District(
        network=network,
        limits=limits,
        comfort=comfort,
        prices=build_rules.build_prices(single["prices"]),
        control=control,
    )
    log.warnings.extend(implausible(district, tables, design))
    log.warnings.extend(implausible_points(field.points, tables, network))
    head = single["site"]
    return Site(
        site_id=head.text("id"),
        name=head.maybe_text("name") or head.text("id"),
        folder=folder,
        timezone=head.text("timezone"),
        latitude=head.number("latitude"),
        longitude=head.number("longitude"),
        district=district,
        points=field.points,
        devices=field.devices,
        buses=field.buses,
        cold_snap=build_rules.build_cold_snap(single["cold_snap"]),
        fallback=build_rules.build_fallback(sections),
        auto=build_rules.build_auto(sections),
        trip=build_rules.build_trip(sections),
        store_url=field.store_url,
        weather=field.weather,
        derived=tuple(log.derived),
        warnings=tuple(log.warnings),
        tabled=tabled,
        parameters=calibrated,
    )
