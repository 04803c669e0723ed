"""Checks between rows: ids that must exist, and values that must agree with one another."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from controller.sitefiles.csv_table import Table
from controller.sitefiles.log import Log
from controller.sitefiles.row import Row
from controller.sitefiles.rules import did_you_mean, shown
from controller.sitefiles.toml_file import Sections
from drivers.base import Problem

# A hundred bar of standing water: no network spans it without heat exchangers between.
LARGEST_RISE_M = 1000.0


@dataclass(frozen=True, slots=True)
class Tables:
    """The five tables of a site."""

    nodes: Table
    pipes: Table
    stations: Table
    buildings: Table
    points: Table


def known_ids(sections: Sections | None, name: str) -> frozenset[str] | None:
    """List the ids of an array of tables.

    Args:
        sections: What site.toml holds, or None where it could not be read.
        name: The array's name.

    Returns:
        The ids, or None where they cannot be known for sure.
    """
    if sections is None or not sections[name]:
        return None
    ids = [row.maybe_text("id") for row in sections[name]]
    return None if None in ids else frozenset(one for one in ids if one is not None)


def check_references(log: Log, tables: Tables, sections: Sections | None) -> None:
    """Report every id that is named but not there.

    Args:
        log: Where errors go.
        tables: The five tables.
        sections: What site.toml holds, or None where it could not be read.
    """
    nodes = tables.nodes.sure_ids
    pipes = tables.pipes.sure_ids
    stations = tables.stations.sure_ids
    for row in tables.pipes.rows:
        _refer(log, row, "from_node", nodes, "node", "nodes.csv")
        _refer(log, row, "to_node", nodes, "node", "nodes.csv")
    for row in tables.stations.rows:
        _refer(log, row, "node_id", nodes, "node", "nodes.csv")
    for row in tables.buildings.rows:
        _refer(log, row, "station_id", stations, "station", "stations.csv")
    if sections is None:
        return
    for row in sections["plant"]:
        _refer(log, row, "node", nodes, "node", "nodes.csv")
    for row in sections["pump"]:
        _refer(log, row, "plant", known_ids(sections, "plant"), "plant", "[[plant]]")
        _refer(log, row, "pipe", pipes, "pipe", "pipes.csv")
    for row in sections["device"]:
        buses = known_ids(sections, "bus") if sections["bus"] else frozenset[str]()
        _refer(log, row, "bus", buses, "bus", "[[bus]]")


def _refer(
    log: Log, row: Row, column: str, known: Collection[str] | None, what: str, where: str
) -> None:
    """Report a name that is not among the known ones; nothing where they are not known."""
    name = row.maybe_text(column)
    if known is None or name is None or name in known:
        return
    log.errors.append(unknown_name(row, column, name, known, what, where))


def unknown_name(
    row: Row, column: str, name: str, known: Iterable[str], what: str, where: str
) -> Problem:
    """Describe a name that is not there, with the nearest one that is.

    Args:
        row: The row that names it.
        column: The column it stands in.
        name: The name.
        known: The names there are.
        what: What it should name.
        where: Where such things are listed.

    Returns:
        The problem.
    """
    near = did_you_mean(name, known)
    remedy = f"did you mean {shown(near)!r}?" if near else f"add the {what} to {where}"
    return row.problem(column, f"is no {what} of this site", remedy)


def check_agreement(log: Log, tables: Tables, sections: Sections | None) -> None:
    """Report values of one row that contradict one another, and tables that lack rows.

    Args:
        log: Where errors go.
        tables: The five tables.
        sections: What site.toml holds, or None where it could not be read.
    """
    for row in tables.pipes.whole_rows:
        if row.text("from_node") == row.text("to_node"):
            log.errors.append(
                row.problem("to_node", "is where the pipe begins", "give its other end")
            )
    _check_rows_there(log, tables)
    _check_loads(log, tables)
    _check_elevations(log, tables)
    if sections is not None:
        _check_sections(log, sections)


def _check_rows_there(log: Log, tables: Tables) -> None:
    """Nodes, pipes and stations must have rows; buildings too, unless all stations are loads."""
    loads_only = bool(tables.stations.rows) and all(
        row.maybe_text("kind") == "load" for row in tables.stations.rows
    )
    needed = [tables.nodes, tables.pipes, tables.stations]
    if not loads_only:
        needed.append(tables.buildings)
    log.errors.extend(
        Problem(file=table.file, message="has no rows", remedy="describe the network in it")
        for table in needed
        if table.sound and not table.rows
    )


def _check_elevations(log: Log, tables: Tables) -> None:
    """No node lies so far from the others that water could not stand between them."""
    rows = [row for row in tables.nodes.whole_rows if "elevation_m" in row.values]
    if not rows:
        return
    middle = median(row.number("elevation_m") for row in rows)
    log.errors.extend(
        row.problem(
            "elevation_m",
            f"is more than {LARGEST_RISE_M:g} m from the middle of the nodes, {middle:g} m",
            "check the value and its unit",
        )
        for row in rows
        if abs(row.number("elevation_m") - middle) > LARGEST_RISE_M
    )


def _check_loads(log: Log, tables: Tables) -> None:
    """A prescribed load says what it asks, and has no buildings: they would be counted twice."""
    for row in tables.stations.whole_rows:
        if row.text("kind") == "load" and "design_heat_kw" not in row.values:
            log.errors.append(
                row.problem("design_heat_kw", "is missing on a prescribed load", "give its heat")
            )
    kinds = {row.text("station_id"): row.text("kind") for row in tables.stations.whole_rows}
    for row in tables.buildings.rows:
        if kinds.get(row.maybe_text("station_id") or "") == "load":
            log.errors.append(
                row.problem(
                    "station_id",
                    "is a prescribed load, which has no buildings",
                    "name another station, or make its kind exchanger or direct",
                )
            )


def _check_sections(log: Log, sections: Sections) -> None:
    for row in sections["plant"]:
        _ordered(log, row, "min_supply_temp_c", "max_supply_temp_c")
        _ordered(log, row, "min_heat_mw", "max_heat_mw")
    _check_stops(log, sections["plant"])
    first = sections["plant"][0] if sections["plant"] else None
    if first is not None and "holding_pressure_bar" not in first.raw:
        log.errors.append(
            first.problem(
                "holding_pressure_bar",
                "is missing on the first plant, where pressure is held",
                "give the pressure at its pump suction",
            )
        )
    for row in sections["pump"]:
        _ordered(log, row, "min_speed_pct", "max_speed_pct")
        _ordered(log, row, "rated_head_m", "shutoff_head_m", strictly=True)
        if ("plant" in row.raw) == ("pipe" in row.raw):
            log.errors.append(
                row.problem(
                    None,
                    "stands on a plant and in a pipe"
                    if "plant" in row.raw
                    else "stands neither on a plant nor in a pipe",
                    'give plant = "ID", or pipe = "ID" for a booster',
                )
            )
    pumps = sections["pump"]
    if pumps and not any(row.broken or "plant" in row.raw for row in pumps):
        log.errors.append(
            pumps[0].problem(None, "is only a booster", "give a plant its circulation pump too")
        )
    for row in sections["comfort"]:
        _ordered(log, row, "min_indoor_c", "max_indoor_c", strictly=True)
    for row in sections["radiators"]:
        _ordered(log, row, "reference_return_c", "reference_supply_c", strictly=True)
        _ordered(log, row, "reference_indoor_c", "reference_return_c", strictly=True)
    for row in sections["control"]:
        if "step_s" in row.values and 3600 % int(row.number("step_s")):
            log.errors.append(
                row.problem("step_s", "does not divide an hour", "use 300, 600, 900 or 1800")
            )


# What is said of a plant's stops, without which it means nothing.
_OF_STOPS = ("min_on_h", "min_off_h", "start_cost")


def _check_stops(log: Log, plants: Sequence[Row]) -> None:
    """The plant that holds the pressure never stops; what is said of stops needs one that may."""
    for number, row in enumerate(plants):
        stops = "can_stop" in row.values and row.flag("can_stop")
        if stops and number == 0:
            log.errors.append(
                row.problem(
                    "can_stop",
                    "is true on the first plant, which holds the pressure",
                    "leave it out here: another plant may stop",
                )
            )
        # One that is neither true nor false is an error of its own.
        unclear = "can_stop" in row.raw and "can_stop" not in row.values
        for name in _OF_STOPS:
            if name in row.values and not stops and not unclear:
                log.errors.append(
                    row.problem(
                        name,
                        "is given for a plant that cannot stop",
                        "add can_stop = true, or drop it",
                    )
                )


def _ordered(log: Log, row: Row, low: str, high: str, *, strictly: bool = False) -> None:
    """Report two values of which the first should be the smaller."""
    if low not in row.values or high not in row.values:
        return
    a, b = row.number(low), row.number(high)
    if a > b or (strictly and a == b):
        relation = "must be above" if strictly else "must be at least"
        log.errors.append(
            row.problem(high, f"{relation} {low}, which is {a:g}", f"correct {high} or {low}")
        )


def whole_rows_by_id(table: Table, id_name: str) -> Mapping[str, Row]:
    """List a table's usable rows by id.

    Args:
        table: The table.
        id_name: Its id column.

    Returns:
        Row by id.
    """
    return {row.text(id_name): row for row in table.whole_rows}
