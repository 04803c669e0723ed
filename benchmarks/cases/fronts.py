"""Temperature fronts through single insulated pipes: University of Liege and TU Graz.

One set of parameters for all tests, from the data's own descriptions and handbooks: steel
8,000 kg/m3 and 500 J/(kg K) (the upper of the range given with the data), copper 8,960 and 385;
Tubolit (polyethylene foam) 30 kg/m3 and 2,300 J/(kg K), the elastomer foam of TU Graz 60 kg/m3 and
1,400 J/(kg K); conductivities and outside films as given with the data. The insulation's heat
capacity acts in the surroundings of the simulator's pipe: networks of a site have none, as site
files do not describe insulation.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.cases.open_pipes import Tube, assemble, flush
from benchmarks.cases.tables import BadTableError, Figure, column, instants, read_rows, rmse, text
from optimizer.model.arrays import FloatArray
from optimizer.physics.water import density_kg_m3

STEP_S = 1.0
STEEL_J_M3_K = 8000.0 * 500.0
COPPER_J_M3_K = 8960.0 * 385.0
ULG_AMBIENT_C = 18.0

# Best of pydhn 0.1.3 and IBPSA plug flow on each test (data README), K.
ULG_ASKED = {"150801": 0.37, "151202": 0.60, "151204_1": 0.18, "151204_2": 0.20}
ULG_PYDHN = {"150801": 0.37, "151202": 0.64, "151204_1": 0.18, "151204_2": 0.20}
ULG_PANDAPIPES = {"150801": 2.99, "151202": 4.99, "151204_1": 1.80, "151204_2": 1.72}
TUGRAZ_PEERS = {
    "pydhn": 0.156,
    "IBPSA": 0.233,
    "TRNSYS 709cc": 0.309,
    "CARNOT": 0.493,
    "pandapipes": 1.32,
}
# A sensor that jumps this far within a second belongs to another recording, K.
SPLICE_K = 2.0


def foam_j_m_k(outer_m: float, thickness_m: float, j_m3_k: float) -> float:
    """Heat capacity of a tube of foam.

    Args:
        outer_m: Outer diameter of the pipe below it, m.
        thickness_m: Its thickness, m.
        j_m3_k: Its heat capacity, J/(m3 K).

    Returns:
        J/(m K).
    """
    return np.pi * (outer_m + thickness_m) * thickness_m * j_m3_k


def sleeve_mk_w(outer_m: float, thickness_m: float, w_m_k: float) -> float:
    """Thermal resistance of a tube of foam.

    Args:
        outer_m: Outer diameter of the pipe below it, m.
        thickness_m: Its thickness, m.
        w_m_k: Its conductivity, W/(m K).

    Returns:
        m K/W.
    """
    return float(np.log(1.0 + 2.0 * thickness_m / outer_m) / (2.0 * np.pi * w_m_k))


ULG = Tube(
    name="steel",
    start="in",
    end="out",
    length_m=39.0,
    diameter_m=0.05248,
    wall_m=0.00391,
    wall_j_m3_k=STEEL_J_M3_K,
    casing_mk_w=sleeve_mk_w(0.0603, 0.013, 0.04),
    outside_mk_w=1.0 / (np.pi * 0.0863 * 5.0),
    casing_j_m_k=foam_j_m_k(0.0603, 0.013, 30.0 * 2300.0),
)
TUGRAZ = Tube(
    name="copper",
    start="in",
    end="out",
    length_m=60.33,
    diameter_m=0.02,
    wall_m=0.001,
    wall_j_m3_k=COPPER_J_M3_K,
    # Between 0.0389 W/(m K) at 14.4 degC and 0.0442 at 54.4 degC.
    casing_mk_w=sleeve_mk_w(0.022, 0.013, 0.0415),
    outside_mk_w=1.0 / (np.pi * 0.048 * 9.35),
    casing_j_m_k=foam_j_m_k(0.022, 0.013, 60.0 * 1400.0),
)


def outlet_c(
    tube: Tube,
    time_s: FloatArray,
    flow_kg_s: FloatArray,
    inlet_c: FloatArray,
    ambient_c: FloatArray,
    start_c: tuple[float, float],
) -> FloatArray:
    """Outlet temperature of a pipe at the instants of a recording.

    Args:
        tube: The pipe.
        time_s: Instants, s, shape (rows,).
        flow_kg_s: Flow, kg/s, same shape.
        inlet_c: Inlet temperature, degC, same shape.
        ambient_c: Surroundings, degC, same shape.
        start_c: Water at the inlet and the outlet at the start, linear between, degC.

    Returns:
        Outlet temperature, degC, same shape.
    """
    edges = np.arange(time_s[0], time_s[-1] + STEP_S, STEP_S)
    middle = edges[:-1] + 0.5 * STEP_S
    water_c = 0.5 * (start_c[1] + float(inlet_c.max()))
    area = np.pi / 4.0 * tube.diameter_m**2
    velocity = float(flow_kg_s.mean()) / (float(density_kg_m3(water_c)) * area)
    passing = flush(
        assemble((tube,), water_c, velocity),
        np.interp(middle, time_s, flow_kg_s)[:, None],
        np.interp(middle, time_s, inlet_c),
        np.interp(middle, time_s, ambient_c),
        np.linspace(*start_c, 10)[None],
        STEP_S,
    )
    return np.interp(time_s, middle, passing[:, 1])


def ulg(data: Path) -> list[Figure]:
    """Every test of the University of Liege's bench that is there.

    Args:
        data: The data folder.

    Returns:
        One figure a test.
    """
    folder = data / "measured" / "ulg_pipe"
    rows, tests = read_rows(folder / "data.csv"), read_rows(folder / "tests.csv")
    figures = []
    for test in tests:
        name = text(test, "test")
        own = [row for row in rows if text(row, "test") == name]
        if not own:
            message, remedy = "the test has no rows in data.csv", "add them or remove the test"
            raise BadTableError(
                test.file, message, remedy, row=test.line, column="test", value=name
            )
        time_s, measured = instants(own, "time_s"), column(own, "T_water_out_C")
        ours = outlet_c(
            ULG,
            time_s,
            column(own, "m_kg_s"),
            column(own, "T_water_in_C"),
            np.full(len(own), ULG_AMBIENT_C),
            # Cold water has run for long: the inlet's first sample belongs to the rise that begins.
            (float(measured[0]), float(measured[0])),
        )
        figures.append(
            Figure(
                case=f"ULg {name}",
                quantity="RMSE of outlet temperature",
                unit="K",
                ours=rmse(ours, measured),
                peers=_ulg_peers(name),
                at_most=ULG_ASKED.get(name),
                note=f"bias {float(np.mean(ours - measured)):+.2f} K",
            )
        )
    return figures


def _ulg_peers(name: str) -> dict[str, float]:
    peers = {}
    if name in ULG_PYDHN:
        peers = {"pydhn": ULG_PYDHN[name], "pandapipes": ULG_PANDAPIPES[name]}
    if name == "151202":
        peers["IBPSA"] = 0.60
    return peers


def tugraz(data: Path) -> list[Figure]:
    """TU Graz, case 1: each recording of the file, scored where the peers were.

    Args:
        data: The data folder.

    Returns:
        The figure of the peers' rows, and one for each later recording.
    """
    folder = data / "measured" / "tugraz_pipe"
    rows = read_rows(folder / "case1_data.csv")
    time_s, measured = instants(rows, "time_s"), column(rows, "T_out_C")
    last_s = column(read_rows(folder / "case1_peer_results.csv"), "time_s").max()
    jumps = np.flatnonzero(np.abs(np.diff(measured)) > SPLICE_K) + 1
    bounds = [0, *(int(at) for at in jumps if at > np.searchsorted(time_s, last_s)), len(rows)]
    figures = []
    for number, (begin, end) in enumerate(pairwise(bounds)):
        part = rows[begin:end]
        inlet_c, at_s = column(part, "T_in_C"), time_s[begin:end]
        # The meter sits in the cold return.
        flow = column(part, "flow_l_h") / 3.6e6 * float(density_kg_m3(float(measured[begin])))
        ours = outlet_c(
            TUGRAZ,
            at_s,
            flow,
            inlet_c,
            column(part, "T_amb_C"),
            (float(inlet_c[0]), float(measured[begin])),
        )
        scored = at_s <= last_s if number == 0 else np.full(len(part), True)
        error = rmse(ours[scored], measured[begin:end][scored])
        figures.append(
            Figure(
                case="TU Graz 1" if number == 0 else f"TU Graz 1, from {at_s[0]:.0f} s",
                quantity="RMSE of outlet temperature",
                unit="K",
                ours=error,
                peers=TUGRAZ_PEERS if number == 0 else {},
                at_most=0.156 if number == 0 else None,
                note="the peers' rows" if number == 0 else "a recording of its own",
            )
        )
    return figures
