"""A network with rings: flows, losses and roughness are told by the same meters as in a tree."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from benchmarks.cases.districts import district as street_grid
from benchmarks.leaks import coarse
from benchmarks.twin.measured import made_up_weather
from controller.site import load_site
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.estimate.arrivals import arrivals, ways_of
from optimizer.estimate.calibrate import FITTED_SHARE
from optimizer.estimate.calibrate_pipes import calibrate_losses
from optimizer.estimate.flows import Draws, UnknownFlowsError, friction_pa, pipe_flows, spanned
from optimizer.estimate.pipe_friction import fit_friction, pressures_of
from optimizer.estimate.pipe_loss import fit_losses, kind_of
from optimizer.estimate.record import PLANT_QUANTITIES, STATION_QUANTITIES, Record
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network
from optimizer.model.policy import District
from optimizer.model.trace import Trace
from optimizer.simulate import simulate
from tests.knowing.conftest import Twin

LOSS, ROUGH = np.array([1.5, 1.0, 1.0]), np.array([1.8, 1.0, 1.0])
DAYS = 4


def ringed(network: Network) -> Network:
    """The network with three streets more, each between branches that were apart."""
    span = spanned(network)
    last = [network.node_index[network.pipes[int(i)].to_node] for i in span.order[-40:]]
    ends = [(last[0], last[20]), (last[10], last[30]), (last[5], last[39])]
    like = network.pipes[int(span.order[len(span.order) // 2])]
    rings = tuple(
        replace(
            like, pipe_id=f"R{n}", length_m=150.0, inner_diameter_m=0.15, leak_m3_h=0.0,
            from_node=network.nodes[a].node_id, to_node=network.nodes[b].node_id,
        )
        for n, (a, b) in enumerate(ends)
    )  # fmt: skip
    return replace(network, pipes=(*network.pipes, *rings))


@pytest.fixture(scope="module")
def meshed(twin: Twin) -> District:
    found = load_site(twin.site).district
    return replace(found, network=ringed(found.network))


@pytest.fixture(scope="module")
def truth(meshed: District) -> Trace:
    """Days of the whole model, its pipes losing and rubbing more than the site says."""
    kind = kind_of(meshed.network.pipes)
    pipes = [
        replace(
            pipe,
            heat_loss_w_m_k=pipe.heat_loss_w_m_k * float(LOSS[k]),
            roughness_m=pipe.roughness_m * float(ROUGH[k]),
        )
        for pipe, k in zip(meshed.network.pipes, kind, strict=True)
    ]
    real = replace(meshed, network=replace(meshed.network, pipes=tuple(pipes)))
    weather = coarse(made_up_weather(datetime(2026, 1, 5, tzinfo=UTC), DAYS, 1, 1))
    state = starting_state(real, weather, None)
    usual = baseline_schedule(real, weather, state)
    wander = 3.0 * np.sin(np.arange(weather.steps) / 23.0)
    schedule = replace(usual, supply_temp_c=usual.supply_temp_c + wander)
    return simulate(real.network, state, weather, schedule)


@pytest.fixture(scope="module")
def record(meshed: District, truth: Trace) -> Record:
    steps = truth.plants.supply_temp_c.shape[0]
    return Record(
        start=truth.start,
        step_s=truth.step_s,
        outdoor_temp_c=np.zeros(steps),
        wind_m_s=np.zeros(steps),
        ghi_w_m2=np.zeros(steps),
        plants={name: getattr(truth.plants, name) for name in PLANT_QUANTITIES},
        stations={name: getattr(truth.stations, name) for name in STATION_QUANTITIES},
        buildings={"indoor_temp_c": np.full((steps, len(meshed.network.buildings)), np.nan)},
    )


def test_the_water_divides_as_in_the_simulator(
    meshed: District, truth: Trace, record: Record
) -> None:
    network = meshed.network
    assert len(spanned(network).chord) == 3
    drawn = Draws(
        station_kg_s=record.stations["mass_flow_kg_s"], plant_kg_s=record.plants["mass_flow_kg_s"]
    )
    factor = ROUGH[kind_of(network.pipes)]
    found, true = pipe_flows(network, drawn, factor), truth.pipes.mass_flow_kg_s
    # What leaks on the way is in no meter.
    assert np.abs(found - true).max() < 0.003 * np.abs(true).max()
    rings = slice(-3, None)
    assert np.all(np.abs(true[:, rings]).mean(axis=0) > 0.5), "the rings carry no water"
    assert found[:, rings] == pytest.approx(true[:, rings], rel=0.02)


def test_the_loss_of_each_class_is_found(meshed: District, record: Record) -> None:
    found = fit_losses(meshed.network, record)
    off = np.abs(np.log(found.factor / LOSS))
    assert np.all(off < 0.1)
    values, score = calibrate_losses(meshed.network, record, int(FITTED_SHARE * record.steps))
    assert score.after < 0.6 * score.before
    assert set(values) == {pipe.pipe_id for pipe in meshed.network.pipes}


def test_the_water_arrives_as_in_the_simulator(meshed: District, record: Record) -> None:
    factor = LOSS[kind_of(meshed.network.pipes)]
    found = arrivals(meshed.network, record, ways_of(meshed.network, record), factor)
    missed = (found - record.stations["supply_temp_c"])[96:]
    assert np.isfinite(missed).mean() > 0.97
    assert np.sqrt(np.nanmean(missed**2)) < 0.4


def test_the_roughness_of_each_class_is_found(meshed: District, record: Record) -> None:
    found = fit_friction(meshed.network, pressures_of(meshed.network, record))
    assert found.factor[:2] == pytest.approx(ROUGH[:2], rel=0.12)


def balance(network: Network, flows: FloatArray) -> FloatArray:
    """What each node gets from its pipes, kg/s, shape (steps, nodes)."""
    got = np.zeros((len(flows), len(network.nodes)))
    for i, pipe in enumerate(network.pipes):
        got[:, network.node_index[pipe.from_node]] -= flows[:, i]
        got[:, network.node_index[pipe.to_node]] += flows[:, i]
    return got


@pytest.mark.parametrize("plants", [1, 2, 3])
def test_flows_balance_at_nodes_and_friction_around_rings(plants: int) -> None:
    network = street_grid(60, meshed=True, plants=plants)
    dice = np.random.default_rng(plants)
    taken = dice.uniform(0.2, 2.0, (5, len(network.stations)))
    taken[3, 7] = np.nan
    share = dice.dirichlet(np.ones(plants), 5)
    fed = np.nan_to_num(taken).sum(axis=1)[:, None] * share
    flows = pipe_flows(network, Draws(station_kg_s=taken, plant_kg_s=fed))
    assert np.isnan(flows[3]).all(), "a silent meter leaves the flows unknown"
    for k in (0, 1, 2, 4):
        wanted = np.zeros(len(network.nodes))
        for s, station in enumerate(network.stations):
            wanted[network.node_index[station.node_id]] += taken[k, s]
        for p, plant in enumerate(network.plants):
            wanted[network.node_index[plant.node_id]] -= fed[k, p]
        assert balance(network, flows[k : k + 1])[0] == pytest.approx(wanted, abs=1e-6)
        lost = [friction_pa(network, i, float(q), 1.0) for i, q in enumerate(flows[k])]
        around = spanned(network).loop @ np.array(lost)
        assert np.abs(around).max() < 0.05 * np.abs(lost).sum()


def test_a_booster_in_a_ring_is_said(meshed: District, record: Record) -> None:
    network = meshed.network
    booster = replace(
        network.pumps[0], pump_id="B", plant_id=None, pipe_id=network.pipes[3].pipe_id
    )
    boosted = replace(network, pumps=(*network.pumps, booster))
    with pytest.raises(UnknownFlowsError, match="booster"):
        ways_of(boosted, record)
    values, score = calibrate_losses(boosted, record, int(FITTED_SHARE * record.steps))
    assert values == {}
    assert "booster" in score.why_not
