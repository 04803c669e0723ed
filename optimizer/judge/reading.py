"""A run of the judge's in the units of the limits."""

import numpy as np

from optimizer.judge.run import Hearing
from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.physics.water import temperature_c

# Below this flow no water enters a pipe.
STANDING_KG_S = 1e-6


class Reading:
    """One run in the units of the limits; arrays of shape (steps, things)."""

    def __init__(self, district: District, state: PlantState, hearing: Hearing) -> None:
        self.network = district.network
        self.limits = district.limits
        self.state = state
        self.run = hearing
        self.count = len(self.network.nodes)
        self.pressure_bar = hearing.found.pressure_pa / 1e5
        self.temp_c: FloatArray = temperature_c(hearing.found.node_j_kg)
        self.connected = self._connected()
        self.first = hearing.layout.graph.first[: len(self.network.pipes)]
        self.second = hearing.layout.graph.second[: len(self.network.pipes)]
        self.supply_inlet_c = self._inlet_c(0, self.temp_c)
        self.return_inlet_c = self._inlet_c(1, self.temp_c)
        ends_c: FloatArray = temperature_c(hearing.found.node_end_j_kg)
        # Means over steps would hide the corners of a course: ramps are taken between instants.
        self.inlets_at_instants_c = (
            self._from_the_instant_it_begins(0, self._inlet_c(0, ends_c)),
            self._from_the_instant_it_begins(1, self._inlet_c(1, ends_c)),
        )
        self.highest_bar = self._highest_bar()

    def _connected(self) -> BoolArray:
        """Nodes that the held pressure reaches, supply side first."""
        graph = self.run.layout.graph
        connected: BoolArray = graph.unknown >= 0
        connected[graph.reference] = True
        return connected

    def flow_kg_s(self, side: int) -> FloatArray:
        """Flow of each pipe of one side, as drawn."""
        pipes = len(self.network.pipes)
        return self.run.found.flow_kg_s[:, side * pipes : (side + 1) * pipes]

    def _highest_bar(self) -> FloatArray:
        """Pressure at the higher end of each pair, both sides."""
        ends = [end + side * self.count for end in (self.first, self.second) for side in (0, 1)]
        highest: FloatArray = np.maximum.reduce([self.pressure_bar[:, end] for end in ends])
        return highest

    def _inlet_c(self, side: int, node_c: FloatArray) -> FloatArray:
        """Water entering each pipe of a side, the start state first; held where none enters."""
        flow, temp = self.flow_kg_s(side), node_c[:, side * self.count : (side + 1) * self.count]
        start_c = (self.state.supply_inlet_temp_c, self.state.return_inlet_temp_c)[side]
        entering = np.where(flow > 0.0, temp[:, self.first], temp[:, self.second])
        course = np.concatenate([start_c[None, :], entering])
        last = np.where(np.abs(flow) > STANDING_KG_S, np.arange(1, len(course))[:, None], 0)
        last = np.maximum.accumulate(np.concatenate([np.zeros_like(last[:1]), last]), axis=0)
        return np.take_along_axis(course, last, axis=0)

    def _from_the_instant_it_begins(self, side: int, course: FloatArray) -> FloatArray:
        """Add the water that stands at each pipe's inlet when the run begins, after the state's."""
        node_c = (self.state.supply_node_temp_c, self.state.return_node_temp_c)[side]
        flow = self.flow_kg_s(side)[0]
        entering = np.where(flow > 0.0, node_c[self.first], node_c[self.second])
        first = np.where(np.abs(flow) > STANDING_KG_S, entering, course[0])
        return np.concatenate([course[:1], first[None, :], course[1:]])
