"""What a virtual plant's own trace says of a run: cost, warmth, and limits that were passed."""

from dataclasses import dataclass, field

import numpy as np

from hil_tests.bench.plant import Plant, Snapshot
from optimizer.model.arrays import FloatArray
from optimizer.model.policy import District
from optimizer.physics.water import saturation_temp_c

JOULES_PER_MWH = 3.6e9
HOUR_S = 3600
# What a limit may be passed by before it counts: sensors and rounding, in scales of the limit.
SLACK = {"pressure_bar": 0.02, "temp_k": 0.2, "ramp_k_h": 0.2, "velocity": 0.02, "makeup": 0.02}


@dataclass(frozen=True, kw_only=True)
class Account:
    """A run: cost with the change of stored heat, worst flats, and what was passed by how much."""

    cost: float
    shortfall_k_h: float
    max_shortfall_k: float
    short_share: float
    passed: dict[str, float]


@dataclass(kw_only=True)
class Ledger:
    """Adds up a run of a plant of a district from its snapshots."""

    district: District
    plant: Plant
    cost: float = 0.0
    shortfall_k_h: float = 0.0
    max_shortfall_k: float = 0.0
    short: int = 0
    seen: int = 0
    passed: dict[str, float] = field(default_factory=dict)
    inlets: list[tuple[float, FloatArray, FloatArray]] = field(default_factory=list)
    stored_j: float = 0.0

    def begin(self) -> None:
        """Count from the present state on."""
        self.stored_j = _stored_j(self.plant)

    def note(self, now: Snapshot, seconds: float, price: FloatArray) -> None:
        """Add what happened until now.

        Args:
            now: The plant.
            seconds: Since the last note.
            price: Price of each plant's heat, currency/MWh.
        """
        prices, hours = self.district.prices, seconds / 3600.0
        self.cost += float((now.plant_heat_mw * price).sum()) * hours
        self.cost += float(now.pump_power_kw.sum()) / 1e3 * hours * prices.electricity_per_mwh
        self.cost += now.makeup_m3_h * hours * prices.makeup_per_m3
        least = np.array([one.min_indoor_c for one in self.district.network.buildings])
        missing = np.maximum(least - now.worst_flat_c, 0.0)
        self.shortfall_k_h += float(missing.sum()) * hours
        self.max_shortfall_k = max(self.max_shortfall_k, float(missing.max(initial=0.0)))
        self.short += int((missing > 0.0).sum())
        self.seen += len(missing)
        self._limits(now)

    def account(self, price: float) -> Account:
        """Close the ledger.

        Args:
            price: What stored heat is worth, currency/MWh.

        Returns:
            The account.
        """
        stored_mwh = (_stored_j(self.plant) - self.stored_j) / JOULES_PER_MWH
        return Account(
            cost=self.cost - stored_mwh * price,
            shortfall_k_h=self.shortfall_k_h,
            max_shortfall_k=self.max_shortfall_k,
            short_share=self.short / max(self.seen, 1),
            passed=dict(sorted(self.passed.items())),
        )

    def _limits(self, now: Snapshot) -> None:
        network, limits = self.district.network, self.district.limits
        index = network.node_index
        ends = np.array([[index[p.from_node], index[p.to_node]] for p in network.pipes])
        highest = np.maximum(now.node_supply_bar, now.node_return_bar)[ends].max(axis=1)
        self._pass("pressure_bar", highest, [p.max_pressure_bar for p in network.pipes])
        self._pass("temp_k", now.pipe_supply_inlet_c, [p.max_temp_c for p in network.pipes])
        self._pass("velocity", now.pipe_velocity_m_s, [limits.max_velocity_m_s])
        self._pass("makeup", np.array([now.makeup_m3_h]), [limits.max_makeup_m3_h])
        lowest = np.minimum(now.node_supply_bar, now.node_return_bar)
        self._pass("pressure_bar", -lowest, [-limits.min_pressure_bar])
        near = now.node_supply_c - saturation_temp_c(now.node_supply_bar)
        self._pass("temp_k", near, [-limits.boiling_margin_k])
        self.inlets.append((now.seconds, now.pipe_supply_inlet_c, now.pipe_return_inlet_c))
        self.inlets = [one for one in self.inlets if one[0] > now.seconds - HOUR_S - 1.0]
        for side in (1, 2):
            course = np.stack([one[side] for one in self.inlets])
            change = np.abs(course - course[-1]).max(axis=0)
            self._pass("ramp_k_h", change, [p.max_ramp_k_h for p in network.pipes])

    def _pass(self, kind: str, value: FloatArray, allowed: list[float]) -> None:
        beyond = float((value - np.array(allowed)).max())
        if beyond > SLACK[kind]:
            self.passed[kind] = max(self.passed.get(kind, 0.0), round(beyond, 3))


def _stored_j(plant: Plant) -> float:
    heat = plant.heat_j()
    return heat["in_pipes"] + heat["in_buildings"]
