"""Steady states agree with pandapipes: within 0.1 K and 1 % of pressure drop."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cases.peer import pandapipes_net, read_peer, solve_peer
from benchmarks.cases.steady import steady
from optimizer.model.network import Network, PumpControl
from tests.optimizer.networks import pump, random_network
from tests.peers import need_package

LIFT_BAR = 4.0
SUPPLY_C = 90.0


@pytest.fixture(autouse=True)
def pandapipes_is_there() -> None:
    need_package("pandapipes")


def comparable(seed: int) -> Network:
    """Level, tight, one plant, a pump that holds the pressure, pipes wide enough."""
    net = random_network(seed, meshed=seed % 2 == 1, loads_only=True)
    held = pump(
        "M",
        "P0",
        control=PumpControl.DIFFERENTIAL_PRESSURE,
        rated_flow_m3_h=500.0,
        rated_head_m=60.0,
        shutoff_head_m=70.0,
    )
    return replace(
        net,
        plants=net.plants[:1],
        pumps=(held,),
        nodes=tuple(replace(node, elevation_m=0.0) for node in net.nodes),
        pipes=tuple(
            replace(p, leak_m3_h=0.0, inner_diameter_m=1.3 * p.inner_diameter_m) for p in net.pipes
        ),
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("seed", range(10))
def test_a_steady_state_is_that_of_pandapipes(seed: int) -> None:
    net = comparable(seed)
    theirs_net = pandapipes_net(net, LIFT_BAR, SUPPLY_C)
    solve_peer(theirs_net)
    theirs = read_peer(theirs_net, net)
    ours = steady(net, SUPPLY_C, 40.0, LIFT_BAR)
    assert ours.stations.unmet_kw[-1].max() < 1e-6
    flow = ours.pipes.mass_flow_kg_s[-1]
    ends = [(net.node_index[p.from_node], net.node_index[p.to_node]) for p in net.pipes]
    fed = sorted({at for f, pair in zip(flow, ends, strict=True) if abs(f) > 0.1 for at in pair})
    supply_c, back_c = ours.nodes.supply_temp_c[-1], ours.nodes.return_temp_c[-1]
    assert np.abs(supply_c - theirs.supply_c)[fed].max() < 0.1
    assert np.abs(back_c - theirs.return_c)[fed].max() < 0.1
    assert np.abs(flow - theirs.flow_kg_s).max() < 0.01 * np.abs(flow).max()
    lost = ours.nodes.supply_pressure_bar[-1, 0] - ours.nodes.supply_pressure_bar[-1]
    theirs_lost = theirs.supply_bar[0] - theirs.supply_bar
    assert np.abs(lost - theirs_lost).max() < 0.01 * theirs_lost.max()
