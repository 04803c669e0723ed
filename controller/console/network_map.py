"""The network drawn from its coordinates as SVG: quiet lines, one path a kind of pipe, so that
3,000 nodes stay light. What is abnormal lies over it (`map_marks`)."""

from collections.abc import Collection, Sequence
from statistics import median

from markupsafe import Markup

from controller.console.map_frame import WIDTH, MapFrame
from controller.console.topology import is_derated, is_old
from optimizer.model.network import Network, Pipe

BINS = 12
_WIDTHS_M = (0.08, 0.15, 0.25, 0.4)


def draw_map(
    network: Network,
    frame: MapFrame,
    *,
    year: int,
    label: str,
    supply_temp_c: Sequence[float | None] | None = None,
    faint_but: Collection[str] | None = None,
    marked: Collection[str] = (),
) -> Markup:
    """Draw pipes and stations.

    Args:
        network: The network.
        frame: The drawing's frame.
        year: Present year, for the pipes' age.
        label: What the drawing is, for a screen reader.
        supply_temp_c: Supply water at each node, degC, to colour the pipes with; None for grey.
        faint_but: Pipes that matter here; the others are drawn faintly. None where all matter.
        marked: Pipes with something abnormal.

    Returns:
        An SVG element.
    """
    usual = median([pipe.max_pressure_bar for pipe in network.pipes] or [0.0])
    span = temperature_span(supply_temp_c)
    lines: dict[str, list[str]] = {}
    for pipe in network.pipes:
        faint = faint_but is not None and pipe.pipe_id not in faint_but
        kind = _kind(pipe, year, usual, faint)
        if supply_temp_c is not None and span is not None and pipe.in_service and not faint:
            kind += _bin(network, pipe, supply_temp_c, span)
        lines.setdefault(kind, []).append(_line(network, pipe, frame))
    drawn = [
        Markup('<path class="{}" d="{}"/>').format(kind, "".join(parts))
        for kind, parts in sorted(lines.items(), reverse=True)
    ]
    if marked:
        over = "".join(_line(network, network.pipes[network.pipe_index[n]], frame) for n in marked)
        drawn.append(Markup('<path class="strained" d="{}"/>').format(over))
    dots = "".join(f"M{x:g} {y:g}h0" for x, y in _stations(network, frame))
    drawn.append(Markup('<path class="stations" d="{}"/>').format(dots))
    drawn += [
        Markup('<rect class="plant" x="{}" y="{}" width="16" height="16"/>').format(x - 8, y - 8)
        for x, y in _plants(network, frame)
    ]
    return Markup(
        '<svg class="map-base" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">{}</svg>'
    ).format(WIDTH, frame.height, label, Markup("").join(drawn))


def temperature_span(
    supply_temp_c: Sequence[float | None] | None,
) -> tuple[float, float] | None:
    """Give the coldest and the hottest of the drawing.

    Args:
        supply_temp_c: Supply water at each node, degC.

    Returns:
        Both, degC; None where nothing is known.
    """
    known = [one for one in supply_temp_c or () if one is not None]
    return (min(known), max(known)) if known else None


def pipe_path(network: Network, pipe: Pipe, frame: MapFrame) -> str:
    """Give a pipe's line as path data.

    Args:
        network: The network.
        pipe: The pipe.
        frame: The drawing's frame.

    Returns:
        Path data.
    """
    return _line(network, pipe, frame)


def _kind(pipe: Pipe, year: int, usual_bar: float, faint: bool) -> str:
    width = 1 + sum(pipe.inner_diameter_m > limit for limit in _WIDTHS_M)
    if not pipe.in_service:
        return f"pipe w{width} closed"
    marks = " old" if is_old(pipe, year) else ""
    marks += " derated" if is_derated(pipe, usual_bar) else ""
    return f"pipe w{width}{marks}" + (" faint" if faint else "")


def _bin(
    network: Network,
    pipe: Pipe,
    supply_temp_c: Sequence[float | None],
    span: tuple[float, float],
) -> str:
    ends = [
        supply_temp_c[network.node_index[node_id]] for node_id in (pipe.from_node, pipe.to_node)
    ]
    known = [one for one in ends if one is not None]
    if not known:
        return ""
    share = (sum(known) / len(known) - span[0]) / max(span[1] - span[0], 0.1)
    return f" t{min(int(share * BINS), BINS - 1)}"


def _line(network: Network, pipe: Pipe, frame: MapFrame) -> str:
    a = network.nodes[network.node_index[pipe.from_node]]
    b = network.nodes[network.node_index[pipe.to_node]]
    (x1, y1), (x2, y2) = frame.at(a.x_m, a.y_m), frame.at(b.x_m, b.y_m)
    return f"M{x1:g} {y1:g}L{x2:g} {y2:g}"


def _stations(network: Network, frame: MapFrame) -> list[tuple[float, float]]:
    nodes = [network.nodes[network.node_index[one.node_id]] for one in network.stations]
    return [frame.at(node.x_m, node.y_m) for node in nodes]


def _plants(network: Network, frame: MapFrame) -> list[tuple[float, float]]:
    nodes = [network.nodes[network.node_index[one.node_id]] for one in network.plants]
    return [frame.at(node.x_m, node.y_m) for node in nodes]
