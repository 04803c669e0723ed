"""The streets: where nodes lie and which pipes join them, before any pipe has a size."""

from dataclasses import dataclass, replace

from benchmarks.old_east.dice import Dice

TRUNK_NODES = 10
PLANT_NODE = "T00"
_TRUNK_STEP_M = 190.0
_BRANCH_STEP_M = 135.0
# New estates of the 2010s stand north of these trunk nodes; the blocks south of RENOVATED got door
# curtains, new windows and some insulation.
NEW_ESTATES = (4, 5)
RENOVATED = (2, 6)


@dataclass(frozen=True, kw_only=True, slots=True)
class Junction:
    """A point of the network; `elevation_m` is above sea level."""

    node_id: str
    x_m: float
    y_m: float
    elevation_m: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Street:
    """A pair of pipes to be laid, from the plant's side outwards; `year_laid` of the pipes."""

    pipe_id: str
    from_node: str
    to_node: str
    length_m: float
    year_laid: int
    in_service: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """Where a station stands: its node, its quarter and when that was built.

    `quarter` is old, renovated or new; `reach` runs from 0 at the plant to 1 at the far end.
    """

    node_id: str
    quarter: str
    reach: float
    built_from: int
    built_to: int


@dataclass(frozen=True, kw_only=True)
class Town:
    """The whole plan."""

    junctions: tuple[Junction, ...]
    streets: tuple[Street, ...]
    plots: tuple[Plot, ...]


def elevation_m(x_m: float, y_m: float) -> float:
    """Height of the ground: the plant on a rise, the river low in the east, a hill in the north.

    Args:
        x_m: East of the plant, m.
        y_m: North of the plant, m.

    Returns:
        Height above sea level, m.
    """
    return 44.0 - 9.0 * x_m / 1900.0 + 10.0 * y_m / 300.0


def lay_out(dice: Dice) -> Town:
    """Draw the town: a trunk to the east, a branch north and south of each of its nodes.

    Args:
        dice: The randomness.

    Returns:
        The town.
    """
    junctions = [_junction(PLANT_NODE, 0.0, 0.0)]
    streets: list[Street] = []
    plots: list[Plot] = []
    last = junctions[0]
    for i in range(1, TRUNK_NODES + 1):
        x_m = _TRUNK_STEP_M * i + dice.between(-20.0, 20.0)
        trunk = _junction(f"T{i:02d}", x_m, dice.between(-18.0, 18.0))
        # The western half is from 1987, the eastern from 1994; a burst section was renewed.
        year = 2021 if i == 3 else 1987 if i <= 5 else 1994
        streets.append(_street(f"M{i:02d}", last, trunk, year, dice))
        junctions.append(trunk)
        last = trunk
        for side in ("N", "S"):
            _lay_branch(i, side, trunk, junctions, streets, plots, dice)
    streets.append(_tie(junctions, dice))
    return Town(junctions=tuple(junctions), streets=tuple(streets), plots=tuple(plots))


def _junction(node_id: str, x_m: float, y_m: float) -> Junction:
    return Junction(node_id=node_id, x_m=x_m, y_m=y_m, elevation_m=elevation_m(x_m, y_m))


def _street(pipe_id: str, near: Junction, far: Junction, year: int, dice: Dice) -> Street:
    straight_m = ((far.x_m - near.x_m) ** 2 + (far.y_m - near.y_m) ** 2) ** 0.5
    return Street(
        pipe_id=pipe_id,
        from_node=near.node_id,
        to_node=far.node_id,
        length_m=straight_m * dice.between(1.03, 1.15),
        year_laid=year,
        in_service=True,
    )


def _lay_branch(
    trunk_number: int,
    side: str,
    trunk: Junction,
    junctions: list[Junction],
    streets: list[Street],
    plots: list[Plot],
    dice: Dice,
) -> None:
    """Two blocks along a side street: one station in the first, two in the last, or the reverse."""
    new = side == "N" and trunk_number in NEW_ESTATES
    renovated = side == "S" and trunk_number in RENOVATED
    year = 2012 if new else dice.whole(1986, 1997)
    sign = 1.0 if side == "N" else -1.0
    before = trunk
    stations = (1, 2) if (trunk_number + (side == "S")) % 2 else (2, 1)
    for block, count in enumerate(stations, start=1):
        y_m = trunk.y_m + sign * (_BRANCH_STEP_M * block + dice.between(-15.0, 15.0))
        node = _junction(f"{side}{trunk_number:02d}{block}", trunk.x_m + dice.between(-20, 20), y_m)
        streets.append(_street(f"L{node.node_id}", before, node, year, dice))
        junctions.append(node)
        for place in range(count):
            east = (1.0 if place == 0 else -1.0) * dice.between(40.0, 62.0)
            number = len(plots) + 1
            plot = _junction(f"C{number:02d}", node.x_m + east, node.y_m + dice.between(-22, 30))
            # A house connection is as old as its branch, but for a few that were renewed.
            laid = 2019 if number in (17, 29, 44, 58) else year + dice.whole(0, 2)
            streets.append(_street(f"H{number:02d}", node, plot, laid, dice))
            junctions.append(plot)
            plots.append(
                Plot(
                    node_id=plot.node_id,
                    quarter="new" if new else "renovated" if renovated else "old",
                    reach=(trunk_number - 1 + 0.5 * (block - 1)) / (TRUNK_NODES - 0.5),
                    built_from=2011 if new else 1981,
                    built_to=2017 if new else 1995,
                )
            )
        before = node


def _tie(junctions: list[Junction], dice: Dice) -> Street:
    """An old connection between two branch ends, valved off."""
    by_id = {junction.node_id: junction for junction in junctions}
    return replace(_street("X01", by_id["S072"], by_id["S082"], 1991, dice), in_service=False)
