"""Where the network's nodes lie on the page: north up, one scale, a margin around."""

from collections.abc import Collection
from dataclasses import dataclass

from optimizer.model.network import Network

WIDTH = 1000.0
_MARGIN = 45.0
# A street of houses in a row would be drawn as a line: give it some height.
_FLATTEST = 0.35
_TALLEST = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class MapFrame:
    """The drawing's frame: metres at its left and upper edge, units per metre, height in units."""

    west_m: float
    north_m: float
    scale: float
    height: float

    def at(self, x_m: float, y_m: float) -> tuple[float, float]:
        """Place a point.

        Args:
            x_m: East, m.
            y_m: North, m.

        Returns:
            Units from the left and from the top.
        """
        return (
            round((x_m - self.west_m) * self.scale, 1),
            round((self.north_m - y_m) * self.scale, 1),
        )

    def share(self, x_m: float, y_m: float) -> tuple[float, float]:
        """Place a point as shares of the drawing.

        Args:
            x_m: East, m.
            y_m: North, m.

        Returns:
            % of the width and of the height.
        """
        x, y = self.at(x_m, y_m)
        return round(100.0 * x / WIDTH, 2), round(100.0 * y / self.height, 2)


def frame_of(network: Network, node_ids: Collection[str] | None = None) -> MapFrame:
    """Find the frame that shows some nodes.

    Args:
        network: The network.
        node_ids: The nodes; all of them where None.

    Returns:
        The frame.
    """
    nodes = [one for one in network.nodes if node_ids is None or one.node_id in node_ids]
    east = [one.x_m for one in nodes] or [0.0]
    north = [one.y_m for one in nodes] or [0.0]
    wide, tall = max(east) - min(east), max(north) - min(north)
    room = WIDTH - 2 * _MARGIN
    span = max(wide, tall / _TALLEST, 1.0)
    scale = room / span
    height = max(tall * scale, _FLATTEST * room) + 2 * _MARGIN
    middle_x, middle_y = (max(east) + min(east)) / 2, (max(north) + min(north)) / 2
    return MapFrame(
        west_m=middle_x - WIDTH / 2 / scale,
        north_m=middle_y + height / 2 / scale,
        scale=scale,
        height=round(height, 1),
    )
