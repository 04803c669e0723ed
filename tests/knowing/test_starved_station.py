"""A valve open all the way lets too little through: its flats lack heat, and lose no more."""

import numpy as np
import pytest

from benchmarks.cases.cities import city, cold_wave
from benchmarks.cases.driving import Case, curve_policy, driven
from benchmarks.closed_loop import Planner
from hil_tests.bench.plant import Snapshot
from hil_tests.bench.plant_parameters import Bounds, perturbed
from optimizer.estimate.heated import AIR_SHARE, fabric_of
from optimizer.estimate.rooms_filter import RoomMeasurements
from optimizer.estimate.water_as_it_came import warmed_k
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network
from optimizer.model.schedule import Schedule
from optimizer.physics.radiators import radiator_heat_w
from optimizer.physics.water import REFERENCE_CP_J_KG_K

ONE = city(1, 1, seed=1).network
FABRIC = fabric_of(ONE)
FLOW_W_K = ONE.stations[0].secondary_flow_kg_s * REFERENCE_CP_J_KG_K
INDOOR_C, USUAL_C = 20.0, 60.0


def test_what_did_not_come_is_not_taken_for_loss() -> None:
    district = city(6, 2, seed=3)
    case = Case(
        name="starved",
        district=district,
        weather=cold_wave(district, 24 + 36 + 4),
        begin=24 * 4,
        steps=4,
        cycle=4,
        seed=3,
    )
    real = perturbed(district, case.seed, Bounds(valve_at=0.2))
    planner, curve = Planner(case, district, errors=True), curve_policy(case, 0.0, 1.0, 1.0)
    opened: list[FloatArray] = []
    seen: list[Network] = []

    def watched(step: int, now: Snapshot) -> Schedule:
        seen.append(planner.watch(step, now)[1].network)
        opened.append(now.station_opening_pct)
        return curve(step, now)

    driven(case, real, watched, watched)
    starved = int(np.argmax(opened[-1]))
    assert np.min([one[starved] for one in opened[2:]]) > 99.0, "no valve is open all the way"
    behind = [
        b
        for b, one in enumerate(district.network.buildings)
        if district.network.station_index[one.station_id] == starved
    ]
    lost, drawn, true = (
        sum(network.buildings[b].ua_kw_k for b in behind)
        for network in (seen[-1], district.network, real.network)
    )
    assert lost / drawn == pytest.approx(true / drawn, abs=0.05)


CAME: list[tuple[str, float, float]] = [
    # what, heating water above the model's K, hours
    ("as warm as the model has it", 0.0, 1.0),
    ("colder", -10.0, 1.0),
    ("colder for longer", -10.0, 3.0),
]


@pytest.mark.parametrize(("what", "warmer_k", "hours"), CAME)
def test_buildings_hold_the_heat_of_the_water_that_came(
    what: str, warmer_k: float, hours: float
) -> None:
    modelled_kw, came_kw = _given_kw(USUAL_C), _given_kw(USUAL_C + warmer_k)
    stored_kwh = _stored_kwh(USUAL_C + warmer_k, modelled_kw, hours)
    # A little of it has gone to the outdoors meanwhile.
    assert stored_kwh == pytest.approx(hours * (came_kw - modelled_kw), rel=0.05), what


SAYS_NOTHING: list[tuple[str, float, float]] = [
    # what, supply degC, flow W/K
    ("nobody knows the water", float("nan"), FLOW_W_K),
    ("warmer than the model has it: its thermometer may read high", USUAL_C + 10.0, FLOW_W_K),
    ("a meter that stands", USUAL_C - 10.0, 0.0),
    ("a meter that runs backwards", USUAL_C - 10.0, -FLOW_W_K),
]


@pytest.mark.parametrize(("what", "supply_c", "flow_w_k"), SAYS_NOTHING)
def test_water_that_may_not_be_believed_moves_no_room(
    what: str, supply_c: float, flow_w_k: float
) -> None:
    assert _stored_kwh(supply_c, _given_kw(USUAL_C), 1.0, flow_w_k) == 0.0, what


def _given_kw(supply_c: float) -> float:
    heat_w, _, _ = radiator_heat_w(
        supply_c - INDOOR_C,
        FLOW_W_K,
        FABRIC.radiator_w[0],
        FABRIC.rated_excess_k,
        FABRIC.exponent[0],
    )
    return heat_w / 1e3


def _stored_kwh(
    supply_c: float, modelled_kw: float, hours: float, flow_w_k: float = FLOW_W_K
) -> float:
    """Heat that a building holds more for water that came than the model thinks."""
    unknown = np.array([np.nan])
    came = RoomMeasurements(
        indoor_c=unknown,
        heat_w=unknown,
        supply_c=np.array([supply_c]),
        flow_w_k=np.array([flow_w_k]),
    )
    modelled = np.array([INDOOR_C]), np.array([1e3 * modelled_kw])
    air_k, envelope_k = warmed_k(FABRIC, np.zeros(1, dtype=np.int64), came, modelled, hours)
    stored_k = AIR_SHARE * air_k[0] + (1.0 - AIR_SHARE) * envelope_k[0]
    return float(stored_k * FABRIC.capacity_j_k[0] / 3.6e6)
