"""A real buried branch: AIT, Pongau. Uncalibrated, and with one loss factor per pipe class."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from benchmarks.cases.open_pipes import Tube, assemble, flush
from benchmarks.cases.tables import BadTableError, Figure, Row, column, instants, read_rows, rmse
from optimizer.model.arrays import FloatArray

KELVIN = 273.15
STEP_S = 60.0
IGNORED_S = 10000.0
# Below this the flow at point 4 is noise, kg/s; its sensor cools in a stub below the second.
NOISE_KG_S = 0.001
SCORED_P4_KG_S = 0.003
FITTED_SHARE = 0.6
STEEL_J_M3_K = 8000.0 * 500.0
# Rigid polyurethane foam of EN 253: 60 kg/m3, 1,400 J/(kg K).
PUR_J_M3_K = 60.0 * 1400.0
PUR_W_M_K, GROUND_W_M_K, DEPTH_M = 0.024, 2.4, 2.0
MAIN, SERVICE = "main", "service"
# Whole week, 672 rows (data README), K.
PEERS_WEEK = {
    "P2": {"IBPSA, whole week": 1.78, "MSL fine, whole week": 1.89},
    "P3": {"IBPSA, whole week": 1.46, "MSL fine, whole week": 1.71},
}
PANDAPIPES_WEEK = {"P2": 1.77, "P3": 1.68}
PANDAPIPES_STEP_S = 300
PANDAPIPES_CELL_M = 4.0


def _tube(name: str, start: str, end: str, length_m: float, kind: str) -> Tube:
    """A pre-insulated pipe; the README's resistance of service pipes is its reference model's."""
    inner, steel, casing = (0.0825, 0.0899, 0.18) if kind == MAIN else (0.0273, 0.0337, 0.07)
    jacket = 0.18 if kind == MAIN else 0.14
    return Tube(
        name=name,
        start=start,
        end=end,
        length_m=length_m,
        diameter_m=inner,
        wall_m=0.0032,
        wall_j_m3_k=STEEL_J_M3_K,
        casing_mk_w=float(np.log(casing / steel) / (2.0 * np.pi * PUR_W_M_K)),
        outside_mk_w=float(np.log(DEPTH_M / casing) / (2.0 * np.pi * GROUND_W_M_K)),
        casing_j_m_k=float(np.pi / 4.0 * (jacket**2 - steel**2) * PUR_J_M3_K),
    )


# Geometry and resistances of the data README; the service pipes' as its reference model has them.
TUBES = (
    _tube("pip0", "P1", "X", 20.0, MAIN),
    _tube("pip1", "X", "A", 115.0, MAIN),
    _tube("pip4", "A", "P4", 29.0, SERVICE),
    _tube("pip5", "A", "B", 20.0, MAIN),
    _tube("pip2", "B", "P2", 76.0, SERVICE),
    _tube("pip3", "B", "P3", 38.0, SERVICE),
)


def _with_factors(main: float, service: float) -> tuple[Tube, ...]:
    """Tubes whose losses are multiplied by a factor per class."""
    tubes = []
    for tube in TUBES:
        factor = main if tube.diameter_m > 0.05 else service
        resistance = tube.casing_mk_w / factor
        outside = tube.outside_mk_w / factor
        tubes.append(replace(tube, casing_mk_w=resistance, outside_mk_w=outside))
    return tuple(tubes)


def _flows(rows: list[Row]) -> FloatArray:
    """Flow of each tube, kg/s, shape (rows, tubes)."""
    m1, m2, m3, m4 = (column(rows, f"m{i}_kg_s") for i in (1, 2, 3, 4))
    m4 = np.where(m4 <= NOISE_KG_S, 0.0, m4)
    return np.stack([m1, m2 + m3 + m4, m4, m2 + m3, m2, m3], axis=1)


def _run(rows: list[Row], main: float, service: float) -> dict[str, FloatArray]:
    """Temperatures at points 2, 3 and 4 at the rows' instants, degC."""
    time_s, flows = column(rows, "time_s"), _flows(rows)
    edges = np.arange(time_s[0], time_s[-1] + STEP_S, STEP_S)
    middle = edges[:-1] + 0.5 * STEP_S

    def at(values: FloatArray) -> FloatArray:
        return np.interp(middle, time_s, values)

    inlet_c = column(rows, "T1_K") - KELVIN
    tubes = assemble(_with_factors(main, service), float(inlet_c.mean()), 0.5)
    passing = flush(
        tubes,
        np.stack([at(flow) for flow in flows.T], axis=1),
        at(inlet_c),
        at(column(rows, "T_outdoor_K") - KELVIN),
        np.full((len(TUBES), 10), inlet_c[0]),
        STEP_S,
    )
    return {
        point: np.interp(time_s, middle, passing[:, tubes.nodes.index(point)])
        for point in ("P2", "P3", "P4")
    }


def ait(data: Path) -> list[Figure]:
    """All rows of the branch, uncalibrated and calibrated.

    Args:
        data: The data folder.

    Returns:
        Errors at the points.
    """
    rows = read_rows(data / "measured" / "ait_pongau" / "data.csv")
    time_s = instants(rows, "time_s")
    if not (time_s >= IGNORED_S).any():
        message = f"no row is later than {IGNORED_S:.0f} s, where scoring begins"
        raise BadTableError(rows[-1].file, message, "add later rows", column="time_s")
    measured = {f"P{i}": column(rows, f"T{i}_K") - KELVIN for i in (2, 3, 4)}
    late = time_s >= IGNORED_S
    plain = _run(rows, 1.0, 1.0)
    theirs = pandapipes_errors(rows, measured, late)
    figures = [_uncalibrated(point, plain, measured, late, theirs) for point in ("P2", "P3")]
    moving = late & (column(rows, "m4_kg_s") > SCORED_P4_KG_S)
    figures.append(
        Figure(
            case="AIT uncalibrated",
            quantity="RMSE at P4 while m4 > 3 g/s",
            unit="K",
            ours=rmse(plain["P4"][moving], measured["P4"][moving]),
            peers={"IBPSA, whole week": 4.21, "pandapipes, whole week": 7.86},
            note="its sensor sits in a cooling stub",
        )
    )
    return figures + _calibrated(rows, measured, time_s, late)


def _uncalibrated(
    point: str,
    ours: dict[str, FloatArray],
    measured: dict[str, FloatArray],
    late: np.ndarray,
    theirs: dict[str, float],
) -> Figure:
    peers = dict(PEERS_WEEK[point])
    asked = theirs.get(point, PANDAPIPES_WEEK[point])
    same = point in theirs
    peers["pandapipes, same rows" if same else "pandapipes, whole week"] = asked
    return Figure(
        case="AIT uncalibrated",
        quantity=f"RMSE at {point}",
        unit="K",
        ours=rmse(ours[point][late], measured[point][late]),
        peers=peers,
        at_most=asked,
        note="" if same else "pandapipes is not installed: its figure is of the whole week",
    )


def _calibrated(
    rows: list[Row],
    measured: dict[str, FloatArray],
    time_s: FloatArray,
    late: np.ndarray,
) -> list[Figure]:
    """Fit the two factors on the first rows present, score them on the rest."""
    bound = time_s[int(FITTED_SHARE * len(rows))]
    early, held = late & (time_s < bound), late & (time_s >= bound)

    def error(factors: FloatArray) -> float:
        main, service = np.exp(factors)
        ours = _run(rows, float(main), float(service))
        return sum(float(np.mean((ours[p][early] - measured[p][early]) ** 2)) for p in ("P2", "P3"))

    found = minimize(error, np.zeros(2), method="Nelder-Mead", options={"xatol": 0.01})
    main, service = (float(value) for value in np.exp(found.x))
    ours = _run(rows, main, service)
    return [
        Figure(
            case="AIT calibrated",
            quantity=f"RMSE at {point}, rows held back",
            unit="K",
            ours=rmse(ours[point][held], measured[point][held]),
            peers={},
            at_most=1.2,
            note=f"loss factors {main:.2f} (main), {service:.2f} (service) from the first 60 %",
        )
        for point in ("P2", "P3")
    ]


def pandapipes_errors(
    rows: list[Row], measured: dict[str, FloatArray], late: np.ndarray
) -> dict[str, float]:
    """Errors of pandapipes on the same rows, 4 m cells and 300 s; empty if it is not installed.

    Args:
        rows: The rows.
        measured: Measured temperatures by point, degC.
        late: Which rows count.

    Returns:
        RMSE at P2 and P3, K.
    """
    try:
        import pandapipes
    except ImportError:
        return {}
    import warnings

    names = list(dict.fromkeys(n for tube in TUBES for n in (tube.start, tube.end)))
    net = pandapipes.create_empty_network(fluid="water")
    start_k = float(rows[0]["T1_K"])
    junctions = pandapipes.create_junctions(net, len(names), pn_bar=6.0, tfluid_k=start_k)
    place = dict(zip(names, junctions, strict=True))
    for tube in TUBES:
        loss = 1.0 / (tube.casing_mk_w + tube.outside_mk_w)
        pandapipes.create_pipe_from_parameters(
            net,
            place[tube.start],
            place[tube.end],
            length_km=tube.length_m / 1e3,
            inner_diameter_mm=tube.diameter_m * 1e3,
            k_mm=0.1,
            u_w_per_m2k=loss / (np.pi * tube.diameter_m),
            text_k=float(rows[0]["T_outdoor_K"]),
            sections=round(tube.length_m / PANDAPIPES_CELL_M),
        )
    source = pandapipes.create_ext_grid(net, place["P1"], p_bar=6.0, t_k=start_k)
    points = ("X", "P2", "P3", "P4")
    for point in points:
        pandapipes.create_sink(net, place[point], 1e-3)
    time_s, flows = column(rows, "time_s"), _flows(rows)
    drawn = np.stack([flows[:, 0] - flows[:, 1], flows[:, 4], flows[:, 5], flows[:, 2]], axis=1)
    grid = np.arange(time_s[0], time_s[-1] + 1.0, PANDAPIPES_STEP_S)
    series = {point: np.zeros(len(grid)) for point in ("P2", "P3")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k, now in enumerate(grid):
            net.ext_grid.loc[source, "t_k"] = np.interp(now, time_s, column(rows, "T1_K"))
            net.pipe["text_k"] = np.interp(now, time_s, column(rows, "T_outdoor_K"))
            for i in range(len(points)):
                net.sink.loc[i, "mdot_kg_per_s"] = max(np.interp(now, time_s, drawn[:, i]), 1e-5)
            pandapipes.pipeflow(
                net,
                mode="sequential",
                transient=True,
                dt=PANDAPIPES_STEP_S,
                simulation_time_step=k,
                friction_model="colebrook",
                max_iter_hyd=100,
                max_iter_therm=100,
            )
            for point in series:
                series[point][k] = net.res_junction.t_k[place[point]] - KELVIN
    return {
        point: rmse(np.interp(time_s, grid, values)[late], measured[point][late])
        for point, values in series.items()
    }
