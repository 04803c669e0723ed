"""The levers of a site as a test moves them: how far, for how long, and what must answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.site import Site
from controller.sitefiles.parts import Direction, Point
from controller.write_points import write_points
from optimizer.estimate.step_response import Response

STEP_K, STEP_SPEED_PCT, STEP_SHARE = 3.0, 5.0, 0.05
# How long a lever rests before, stands moved, and stands back, s.
HOLDS_S: Mapping[str, float] = {"plant": 5400.0, "pump": 1200.0, "station": 2700.0}
# What shows best that a lever works, first what is nearest to it.
ANSWERS: Mapping[str, tuple[str, ...]] = {
    "plant": ("supply_temp_c",),
    "pump": ("flow_m3_h", "speed_pct", "dp_bar"),
    "station": ("secondary_supply_temp_c", "flow_m3_h", "heat_power_kw", "return_temp_c"),
}
# Least and largest gain of a sound lever; what is counted in its own unit only has a direction.
SOUND: Mapping[tuple[str, str], tuple[float, float]] = {
    ("plant", "supply_temp_c"): (0.5, 1.5),
    ("pump", "speed_pct"): (0.7, 1.3),
    ("pump", "dp_bar"): (0.5, 1.5),
    ("station", "secondary_supply_temp_c"): (0.2, 1.5),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Lever:
    """A setpoint that is tested.

    `answer` is the point that must answer, of `answer_quantity`, None where nothing shows it;
    `watched` are points farther away by name, whose answers are noted.
    """

    point_id: str
    kind: str
    name: str
    quantity: str
    hold_s: float
    answer: str | None
    answer_quantity: str
    watched: Mapping[str, str]

    def step(self, present: float, least: float, most: float) -> float:
        """The move: downward where there is room, as nothing is strained by less.

        Args:
            present: What the point holds.
            least, most: What the guard lets it hold.

        Returns:
            The move, in the point's unit; zero where there is no room at all.
        """
        size = {"speed_pct": STEP_SPEED_PCT, "dp_bar": STEP_SHARE * present}.get(
            self.quantity, STEP_K
        )
        if present - size >= least:
            return -size
        return size if present + size <= most else 0.0


def levers(site: Site) -> tuple[tuple[Lever, ...], ...]:
    """Group the levers of a site: those of a group are moved together.

    Args:
        site: The site.

    Returns:
        Plants and pumps one by one; stations all at once, as none feels the other.
    """
    read = [point for point in site.points if point.direction is Direction.READ]
    writable = write_points(site)
    own = [
        _lever(point, site, read)
        for point in site.points
        if point.point_id in writable and point.target_kind in HOLDS_S
    ]
    alone = [(one,) for one in own if one.kind != "station"]
    stations = tuple(one for one in own if one.kind == "station")
    return (*alone, stations) if stations else tuple(alone)


def _lever(point: Point, site: Site, read: Sequence[Point]) -> Lever:
    kind, name = point.target_kind, point.target_id
    by_place = {(one.target_kind, one.target_id, one.quantity): one.point_id for one in read}
    places = [(kind, name)]
    if kind == "pump":
        network = site.district.network
        pump = network.pumps[network.pump_index[name]]
        places = [("plant", pump.plant_id or ""), (kind, name)]
    shown = [
        (by_place[*place, quantity], quantity)
        for quantity in ANSWERS[kind]
        for place in places
        if (*place, quantity) in by_place
    ]
    answer, quantity = shown[0] if shown else (None, "")
    watched = {}
    if kind == "plant":
        watched = {
            one.target_id: one.point_id
            for one in read
            if (one.target_kind, one.quantity) == ("station", "supply_temp_c")
        }
    return Lever(
        point_id=point.point_id,
        kind=kind,
        name=name,
        quantity=point.quantity,
        hold_s=HOLDS_S[kind],
        answer=answer,
        answer_quantity=quantity,
        watched=watched,
    )


def objection(lever: Lever, found: Response | None) -> str:
    """Say why a lever has not passed.

    Args:
        lever: The lever.
        found: How its answer responded.

    Returns:
        Why, empty where it has.
    """
    if lever.answer is None:
        return f"nothing measured shows what it does; measure one of {_wanted(lever)}"
    if found is None or not found.sure:
        return f"{lever.answer} does not answer"
    if found.gain <= 0.0:
        return f"{lever.answer} goes the wrong way: {found.gain:.2f} by unit"
    low, high = SOUND.get((lever.kind, lever.answer_quantity), (0.0, float("inf")))
    if not low <= found.gain <= high:
        return f"{lever.answer} answers by {found.gain:.2f} of the step, not {low:g} to {high:g}"
    return ""


def _wanted(lever: Lever) -> str:
    return ", ".join(ANSWERS[lever.kind])
