"""Nodes and pipes of a site: rows to typed elements, what is left out derived from age."""

from collections.abc import Callable

from controller.sitefiles.csv_table import Table
from controller.sitefiles.log import Log
from controller.sitefiles.row import Row
from optimizer.model.network import Node, Pipe
from optimizer.physics import ageing


def build_nodes(log: Log, table: Table) -> tuple[Node, ...]:
    """Build the nodes; without an elevation a node lies at the datum.

    Args:
        log: Where derived values go.
        table: nodes.csv.

    Returns:
        The nodes of all usable rows.
    """
    rows = table.whole_rows
    given = [row for row in rows if "elevation_m" in row.values]
    if given:  # where no node has one the site is level; among others a gap is a slip
        message = "is missing where other nodes have one: 0 m is assumed"
        log.warnings.extend(
            row.problem("elevation_m", message, "give the node's elevation")
            for row in rows
            if "elevation_m" not in row.values
        )
    return tuple(_node(log, row) for row in rows)


def _node(log: Log, row: Row) -> Node:
    name = row.text("node_id")
    elevation = row.maybe_number("elevation_m")
    if elevation is None:
        elevation = 0.0
        log.derived.append(
            row.derived("elevation_m", f"node {name}", elevation, "the site's datum")
        )
    return Node(node_id=name, x_m=row.number("x_m"), y_m=row.number("y_m"), elevation_m=elevation)


def build_pipes(log: Log, table: Table, this_year: int) -> tuple[Pipe, ...]:
    """Build the pipes; a limit that can neither be read nor computed is an error.

    Args:
        log: Where errors and derived values go.
        table: pipes.csv.
        this_year: Year up to which pipes have aged.

    Returns:
        The pipes of all usable rows; a limit in error is zero there and the site is refused.
    """
    return tuple(_pipe(log, row, this_year) for row in table.whole_rows)


def _pipe(log: Log, row: Row, this_year: int) -> Pipe:
    name = f"pipe {row.text('pipe_id')}"
    year = int(row.number("year_laid")) if "year_laid" in row.values else None
    age = None if year is None else max(this_year - year, 0)
    if year is not None and year > this_year:
        log.warnings.append(
            row.problem(
                "year_laid", f"is later than {this_year}", "a pipe to come is not in service"
            )
        )
    diameter = row.number("inner_diameter_mm") / 1000.0
    length = row.number("length_m")
    measured_mm = row.maybe_number("wall_thickness_mm")

    def derive(column: str, scale: float, compute: Callable[[], float], source: str) -> float:
        given = row.maybe_number(column)
        if given is not None:
            return given * scale
        value = compute()
        log.derived.append(row.derived(column, name, value / scale, source))
        return value

    aged = "age unknown" if age is None else f"{age} years old"
    wall = derive(
        "wall_thickness_mm",
        1e-3,
        lambda: ageing.remaining_wall_m(diameter, 0 if age is None else age),
        f"nominal wall less corrosion, {aged}: EN 253, DIN 50929-3",
    )
    limits = _limits(log, row, name, diameter, wall, year, age, measured_mm is not None)
    return Pipe(
        pipe_id=row.text("pipe_id"),
        from_node=row.text("from_node"),
        to_node=row.text("to_node"),
        length_m=length,
        inner_diameter_m=diameter,
        wall_thickness_m=wall,
        roughness_m=derive(
            "roughness_mm",
            1e-3,
            lambda: ageing.ROUGHNESS_UNKNOWN_M if age is None else ageing.aged_roughness_m(age),
            "CJJ 34 design value, age unknown" if age is None else f"{aged}: Colebrook & White",
        ),
        heat_loss_w_m_k=derive(
            "heat_loss_w_m_k",
            1.0,
            lambda: ageing.aged_heat_loss_w_m_k(diameter, year, age or 0),
            f"diameter and insulation, {aged}: EN 13941-1",
        ),
        max_pressure_bar=limits["max_pressure_bar"],
        max_temp_c=limits["max_temp_c"],
        max_ramp_k_h=limits["max_ramp_k_h"],
        leak_m3_h=derive(
            "leak_m3_h",
            1.0,
            lambda: ageing.aged_leak_m3_h(diameter, length, 20 if age is None else age),
            f"volume and age, {aged}: Frederiksen & Werner",
        ),
        in_service=row.flag("in_service") if "in_service" in row.values else True,
        year_laid=year,
    )


def _limits(
    log: Log,
    row: Row,
    name: str,
    diameter_m: float,
    wall_m: float,
    year: int | None,
    age: int | None,
    wall_measured: bool,
) -> dict[str, float]:
    """Read the three limits, or compute them where the pipe's age or wall is known."""
    wall_known = wall_measured or year is not None
    wall_source = "measured wall" if wall_measured else f"wall after {age} years"
    computed: dict[str, tuple[bool, Callable[[], float], str, str]] = {
        "max_pressure_bar": (
            wall_known,
            lambda: ageing.allowed_pressure_bar(diameter_m, wall_m, year),
            f"{wall_source}: EN 13480-3",
            "year_laid or a measured wall_thickness_mm",
        ),
        "max_temp_c": (
            age is not None,
            lambda: ageing.allowed_temp_c(age or 0),
            f"{age} years old: EN 253, annex A",
            "year_laid",
        ),
        "max_ramp_k_h": (
            wall_known,
            lambda: ageing.allowed_ramp_k_h(diameter_m, wall_m),
            f"{wall_source}: CJJ/T 88",
            "year_laid or a measured wall_thickness_mm",
        ),
    }
    limits: dict[str, float] = {}
    for column, (known, compute, source, needed) in computed.items():
        given = row.maybe_number(column)
        if given is None and known:
            given = compute()
            log.derived.append(row.derived(column, name, given, source))
        elif given is None:
            log.errors.append(
                row.problem(
                    column,
                    "is a limit that is neither given nor can be computed",
                    f"give {column}, or {needed} to compute it from",
                )
            )
        limits[column] = 0.0 if given is None else given
    return limits
