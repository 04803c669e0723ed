"""What lies over the drawn network: what is abnormal, and the two buildings everybody asks for.

Marks are placed by shares of the drawing and their labels keep their size, so that they can be read
on a telephone too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from controller.console.figures import measured_value
from controller.console.flats import Flat, coldest_of, farthest_building, flats_now
from controller.console.languages import Words
from controller.console.map_frame import MapFrame
from controller.console.settings import Console
from controller.console.snapshot import Snapshot
from controller.report.numbers import number
from optimizer.model.network import Network

# A map as wide as this, px, is what labels are kept apart for; letters are so wide and high, px.
_MAP_PX, _LETTER_PX, _LINE_PX = 820.0, 7.4, 20.0
MOST_LABELS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A mark on the map: `kind` is a class of the style sheet; places in % of the drawing."""

    kind: str
    label: str
    link: str
    x_pct: float
    y_pct: float
    anchor: str = "start"
    dx: int = 12
    dy: int = 4
    labelled: bool = True


def marks_of(console: Console, seen: Snapshot, words: Words, frame: MapFrame) -> list[Mark]:
    """Collect the marks of the present.

    Args:
        console: The console.
        seen: The present.
        words: The reader's words.
        frame: The drawing's frame.

    Returns:
        The marks, the most important first; labels do not lie over each other.
    """
    network = console.site.district.network
    flats = flats_now(console, seen)
    marks = [*_plants(console, words, frame)]
    farthest, coldest = farthest_building(console, seen), coldest_of(flats)
    if coldest is not None:
        text = words("map.coldest", name=coldest.building_id, temp=number(coldest.worst_c, 1))
        kind = "coldest short" if coldest.short else "coldest"
        marks.append(_at_station(network, frame, kind, text, coldest.station_id))
    if farthest is not None:
        building = network.buildings[network.building_index[farthest]]
        temp_c = _supply_temp_c(console, seen, building.station_id)
        text = words("map.farthest", name=farthest, temp=number(temp_c, 1))
        marks.append(_at_station(network, frame, "farthest", text, building.station_id))
    marks += _short_stations(network, frame, flats.values(), words)
    marks += _silent_stations(console, seen, frame, words)
    inside = [one for one in marks if -1.0 <= one.x_pct <= 101.0 and -1.0 <= one.y_pct <= 101.0]
    return _kept_apart(inside, frame)


def strained_pipes(console: Console, seen: Snapshot) -> list[str]:
    """Name the pipes that the newest plan brings to a limit.

    Args:
        console: The console.
        seen: The present.

    Returns:
        Their ids.
    """
    index = console.site.district.network.pipe_index
    return sorted(
        {
            str(one["where"])
            for one in seen.body.get("limits", ())
            if one["where"] in index
            and one["margin"] is not None
            and one["margin"] < 0.01 * abs(one["allowed"] or 0.0)
        }
    )


def _supply_temp_c(console: Console, seen: Snapshot, station_id: str) -> float | None:
    """What reaches a station: measured, or as the model has it."""
    measured = measured_value(console, seen, "station", station_id, "supply_temp_c")
    if measured is not None:
        return measured
    network = console.site.district.network
    node = network.stations[network.station_index[station_id]].node_id
    modelled = seen.courses.get("now", {}).get("nodes", [])
    index = network.node_index[node]
    return modelled[index] if index < len(modelled) else None


def _plants(console: Console, words: Words, frame: MapFrame) -> Iterable[Mark]:
    network = console.site.district.network
    for plant in network.plants:
        node = network.nodes[network.node_index[plant.node_id]]
        x, y = frame.share(node.x_m, node.y_m)
        text = words("map.plant", name=plant.plant_id)
        yield Mark(kind="plant", label=text, link="/trends?group=plant", x_pct=x, y_pct=y)


def _short_stations(
    network: Network, frame: MapFrame, flats: Iterable[Flat], words: Words
) -> Iterable[Mark]:
    worst: dict[str, Flat] = {}
    for flat in flats:
        before = worst.get(flat.station_id)
        if flat.short and (before is None or flat.worst_c < before.worst_c):
            worst[flat.station_id] = flat
    for flat in sorted(worst.values(), key=lambda one: one.worst_c - one.least_c):
        text = words("map.short", name=flat.building_id, temp=number(flat.worst_c, 1))
        yield _at_station(network, frame, "short", text, flat.station_id)


def _silent_stations(
    console: Console, seen: Snapshot, frame: MapFrame, words: Words
) -> Iterable[Mark]:
    bad: dict[str, str] = {}
    for (kind, name, _), point_id in console.point_of.items():
        quality = seen.readings.get(point_id, {}).get("quality", "good")
        if kind == "station" and quality != "good":
            bad.setdefault(name, str(quality))
    for name, quality in sorted(bad.items()):
        text = f"{name} {words(f'quality.{quality}')}"
        yield _at_station(console.site.district.network, frame, "silent", text, name)


def _at_station(network: Network, frame: MapFrame, kind: str, text: str, station_id: str) -> Mark:
    node = network.nodes[
        network.node_index[network.stations[network.station_index[station_id]].node_id]
    ]
    x, y = frame.share(node.x_m, node.y_m)
    return Mark(kind=kind, label=text, link=f"/stations/{station_id}", x_pct=x, y_pct=y)


def _kept_apart(marks: Sequence[Mark], frame: MapFrame) -> list[Mark]:
    """Give each label a side where it lies over no other; what finds none goes without."""
    taken: list[tuple[float, float, float, float]] = []
    placed = []
    for mark in marks:
        fits = None
        if len(taken) < MOST_LABELS:
            boxes = ((side, _box(side, frame)) for side in _sides(mark))
            fits = next(((s, b) for s, b in boxes if not any(_meet(b, t) for t in taken)), None)
        if fits is None:
            placed.append(replace(mark, labelled=False))
            continue
        taken.append(fits[1])
        placed.append(fits[0])
    return placed


def _sides(mark: Mark) -> Iterable[Mark]:
    places = [(12, 4), (0, -15), (0, 25), (12, -15), (12, 25)]
    if mark.kind == "plant":  # pipes leave it sideways
        places = [(0, -15), (0, 25), *places]
    left = mark.x_pct >= 55.0
    return [
        replace(
            mark,
            anchor="middle" if dx == 0 else "end" if left else "start",
            dx=-dx if left else dx,
            dy=dy,
        )
        for dx, dy in places
    ]


def _box(mark: Mark, frame: MapFrame) -> tuple[float, float, float, float]:
    wide = sum(2.0 if ord(letter) > 0x2E80 else 1.0 for letter in mark.label) * _LETTER_PX
    x = mark.x_pct / 100.0 * _MAP_PX + mark.dx
    left = {"start": x, "end": x - wide, "middle": x - wide / 2}[mark.anchor]
    y = mark.y_pct / 100.0 * frame.height * _MAP_PX / 1000.0 + mark.dy
    return left, y - _LINE_PX / 2, left + wide, y + _LINE_PX / 2


def _meet(one: tuple[float, float, float, float], two: tuple[float, float, float, float]) -> bool:
    beside = one[2] < two[0] or two[2] < one[0] or one[3] < two[1] or two[3] < one[1]
    outside = one[0] < 0.0 or one[2] > _MAP_PX
    return outside or not beside
