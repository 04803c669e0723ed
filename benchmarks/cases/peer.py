"""The same network in pandapipes, to hold ours against."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network, StationKind

KELVIN = 273.15


@dataclass(frozen=True, kw_only=True)
class PeerState:
    """A steady state by pandapipes.

    Attributes:
        supply_c, return_c: Water at each node, degC, shape (nodes,).
        supply_bar, return_bar: Pressure at each node, bar, shape (nodes,).
        flow_kg_s: Flow of each supply pipe as drawn, kg/s, shape (pipes,).
    """

    supply_c: FloatArray
    return_c: FloatArray
    supply_bar: FloatArray
    return_bar: FloatArray
    flow_kg_s: FloatArray


def pandapipes_net(network: Network, lift_bar: float, supply_c: float, sections: int = 1) -> Any:
    """Build a network of prescribed loads with one plant.

    Args:
        network: The network; elevations and leaks are left out.
        lift_bar: Pressure the plant's pump adds, bar.
        supply_c: Outlet temperature, degC.
        sections: Cells of each pipe.

    Returns:
        The pandapipes net.

    Raises:
        ValueError: If the network has other consumers than loads, or several plants.
    """
    import pandapipes

    if len(network.plants) != 1 or any(s.kind is not StationKind.LOAD for s in network.stations):
        raise ValueError("the comparison is for one plant and prescribed loads")
    net = pandapipes.create_empty_network(fluid="water")
    nodes, pipes = len(network.nodes), network.pipes
    hold = network.plants[0].holding_pressure_bar
    kelvin = supply_c + KELVIN
    supply = pandapipes.create_junctions(net, nodes, pn_bar=hold + lift_bar, tfluid_k=kelvin)
    back = pandapipes.create_junctions(net, nodes, pn_bar=hold, tfluid_k=kelvin - 40.0)
    start = [network.node_index[pipe.from_node] for pipe in pipes]
    end = [network.node_index[pipe.to_node] for pipe in pipes]
    for side in (supply, back):
        pandapipes.create_pipes_from_parameters(
            net,
            np.asarray(side)[start],
            np.asarray(side)[end],
            length_km=[pipe.length_m / 1e3 for pipe in pipes],
            inner_diameter_mm=[pipe.inner_diameter_m * 1e3 for pipe in pipes],
            k_mm=[pipe.roughness_m * 1e3 for pipe in pipes],
            u_w_per_m2k=[p.heat_loss_w_m_k / (np.pi * p.inner_diameter_m) for p in pipes],
            text_k=network.ground_temp_c + KELVIN,
            sections=sections,
        )
    at = [network.node_index[station.node_id] for station in network.stations]
    pandapipes.create_heat_consumers(
        net,
        np.asarray(supply)[at],
        np.asarray(back)[at],
        qext_w=[station.load_kw * 1e3 for station in network.stations],
        treturn_k=[station.load_return_temp_c + KELVIN for station in network.stations],
    )
    home = network.node_index[network.plants[0].node_id]
    pandapipes.create_circ_pump_const_pressure(
        net, back[home], supply[home], hold + lift_bar, lift_bar, kelvin
    )
    return net


def solve_peer(net: Any, **options: Any) -> None:
    """Solve flows and temperatures together.

    Args:
        net: The pandapipes net.
        options: For pandapipes.pipeflow.
    """
    import pandapipes

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pandapipes.pipeflow(
            net,
            mode="bidirectional",
            friction_model="colebrook",
            iter=100,
            max_iter_hyd=100,
            max_iter_therm=100,
            max_iter_bidirect=100,
            **options,
        )


def read_peer(net: Any, network: Network) -> PeerState:
    """Read a solved net.

    Args:
        net: The pandapipes net.
        network: What it was built from.

    Returns:
        Its state.
    """
    nodes, pipes = len(network.nodes), len(network.pipes)
    temp = net.res_junction.t_k.to_numpy() - KELVIN
    pressure = net.res_junction.p_bar.to_numpy()
    return PeerState(
        supply_c=temp[:nodes],
        return_c=temp[nodes:],
        supply_bar=pressure[:nodes],
        return_bar=pressure[nodes:],
        flow_kg_s=net.res_pipe.mdot_from_kg_per_s.to_numpy()[:pipes],
    )
