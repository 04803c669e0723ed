"""The network drawn from its coordinates as SVG, supply pipes coloured by temperature."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from controller.report.wording import WORDS, Text
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network

_WIDTH, _MARGIN = 760, 40
DESIGN_LIFE_YEARS = 30
# From cold to hot: single-hued lightness would vanish on paper, so blue to red through violet.
_COLD, _HOT = (36, 84, 164), (178, 36, 28)


def temperature_colour(temp_c: float, low_c: float, high_c: float) -> str:
    """Colour of a temperature.

    Args:
        temp_c: The temperature, degC.
        low_c: The coldest of the drawing, degC.
        high_c: The hottest of the drawing, degC.

    Returns:
        A CSS colour.
    """
    share = min(max((temp_c - low_c) / max(high_c - low_c, 1e-9), 0.0), 1.0)
    mixed = [round(a + share * (b - a)) for a, b in zip(_COLD, _HOT, strict=True)]
    return f"rgb({mixed[0]},{mixed[1]},{mixed[2]})"


def draw_network(
    network: Network,
    supply_temp_c: FloatArray,
    *,
    year: int,
    short_stations: Sequence[str],
    marks: Sequence[tuple[str, Text]],
) -> Markup:
    """Draw a network at one instant.

    Args:
        network: The network.
        supply_temp_c: Supply water at each node, degC, shape (nodes,).
        year: Present year, for the pipes' age.
        short_stations: Stations with a flat below its minimum.
        marks: Nodes to name, with what they are.

    Returns:
        An SVG element.
    """
    x, y, height = _places(network)
    low, high = float(supply_temp_c.min()), float(supply_temp_c.max())
    parts = [
        _pipe(network, i, x, y, supply_temp_c, low, high, year) for i in range(len(network.pipes))
    ]
    for station in network.stations:
        at = network.node_index[station.node_id]
        shape = "station short" if station.station_id in short_stations else "station"
        radius = 5 if station.station_id in short_stations else 2.2
        parts.append(
            Markup(
                '<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{}"><title>{}</title></circle>'
            ).format(shape, x[at], y[at], radius, station.station_id)
        )
    for plant in network.plants:
        at = network.node_index[plant.node_id]
        parts.append(
            Markup('<rect class="plant" x="{:.1f}" y="{:.1f}" width="12" height="12"/>').format(
                x[at] - 6, y[at] - 6
            )
        )
        parts.append(_label(x[at], y[at] - 10, WORDS["plant"]))
    used: list[float] = []
    for node_id, name in marks:
        at = network.node_index[node_id]
        parts.append(
            Markup('<circle class="mark" cx="{:.1f}" cy="{:.1f}" r="8"/>').format(x[at], y[at])
        )
        # Two marks close together: the second label goes below.
        below = any(abs(y[at] - other) < 24 for other in used)
        parts.append(_label(x[at], y[at] + (22 if below else -12), name))
        used.append(float(y[at]))
    return Markup('<svg class="network" viewBox="0 0 {} {:.0f}" role="img">{}</svg>').format(
        _WIDTH, height, Markup("").join(parts)
    )


def _places(network: Network) -> tuple[FloatArray, FloatArray, float]:
    """Page coordinates of the nodes, north up, and the drawing's height."""
    east = np.array([node.x_m for node in network.nodes])
    north = np.array([node.y_m for node in network.nodes])
    span = max(float(np.ptp(east)), 0.6 * float(np.ptp(north)), 1.0)
    scale = (_WIDTH - 2 * _MARGIN) / span
    x = _MARGIN + (east - east.min()) * scale
    y = _MARGIN + (north.max() - north) * scale
    return x, y, float(y.max()) + _MARGIN


def _pipe(
    network: Network,
    i: int,
    x: FloatArray,
    y: FloatArray,
    temp_c: FloatArray,
    low: float,
    high: float,
    year: int,
) -> Markup:
    pipe = network.pipes[i]
    a, b = network.node_index[pipe.from_node], network.node_index[pipe.to_node]
    old = pipe.year_laid is not None and year - pipe.year_laid > DESIGN_LIFE_YEARS
    style = "pipe" + (" old" if old else "") + ("" if pipe.in_service else " closed")
    colour = temperature_colour(float(0.5 * (temp_c[a] + temp_c[b])), low, high)
    return Markup(
        '<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}" '
        'stroke-width="{:.1f}"><title>{}</title></line>'
    ).format(
        style, x[a], y[a], x[b], y[b], colour, 1.2 + 12.0 * pipe.inner_diameter_m, pipe.pipe_id
    )


def _label(x: float, y: float, name: Text) -> Markup:
    anchor = "start" if x < 0.25 * _WIDTH else "end" if x > 0.75 * _WIDTH else "middle"
    return Markup("").join(
        Markup(
            '<text class="{}" lang="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>'
        ).format(language, language, x, y, anchor, text)
        for language, text in (("zh", name.zh), ("en", name.en))
    )
