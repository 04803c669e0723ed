"""A measured substation in Tartu: the exchanger model, months held back.

Given are the primary flow and inlet temperature and the secondary return; the secondary flow is
one constant. UA and secondary flow are fitted on the winter's first months; the primary return and
the secondary supply are predicted for the others. Hours with hot water drawn or without heating
are left out as the meter does not separate them.
"""

from datetime import datetime
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from benchmarks.cases.tables import (
    BadTableError,
    Figure,
    Row,
    column,
    number,
    read_rows,
    rmse,
    text,
)
from optimizer.estimate.exchanger import Around, fit_exchanger
from optimizer.model.arrays import FloatArray
from optimizer.physics.exchanger import conductance_w_k
from optimizer.physics.water import REFERENCE_CP_J_KG_K, density_kg_m3

FITTED_MONTHS = ("2019-01", "2019-02")
# Of the night, when hardly any hot water is drawn.
NIGHT_HOURS = range(5)
# Below this the loop of the hot water is most of what the meter sees.
LEAST_FLOW_L_H = 350.0
LEAST_SUPPLY_C = 32.0


def tartu(data: Path) -> list[Figure]:
    """Errors of the exchanger model on the months held back.

    Args:
        data: The data folder.

    Returns:
        Errors of the two outlet temperatures, beside those of the fitted months' means.
    """
    folder = data / "tartu_substation"
    rows = [row for path in sorted(folder.glob("meter_*.csv")) for row in _nights(read_rows(path))]
    if not rows:
        message = "no complete night hours with heating in any meter_*.csv"
        raise BadTableError(str(folder), message, "add a meter's table with such hours")
    fitted = np.array([row["READ_DATE"][:7] in FITTED_MONTHS for row in rows])
    if fitted.all() or not fitted.any():
        message = f"hours of {' and '.join(FITTED_MONTHS)} and of later months are needed"
        raise BadTableError(str(folder), message, "add the months that are not there")
    primary = column(rows, "FLOW") / 3.6e6 * density_kg_m3(column(rows, "RETURN_TEMP"))
    inlet, back = column(rows, "FLOW_TEMP"), column(rows, "SEC_RETURN")
    measured = np.stack([column(rows, "RETURN_TEMP"), column(rows, "SEC_FLOW")])

    def residual(logs: FloatArray) -> FloatArray:
        ua, flow = np.exp(logs)
        ours = outlets(ua, flow, primary[fitted], inlet[fitted], back[fitted])
        return np.asarray((ours - measured[:, fitted]).ravel())

    found = least_squares(residual, np.log([3e3, 1e3]))
    ua, flow = (float(value) for value in np.exp(found.x))
    ours = outlets(ua, flow, primary, inlet, back)
    names = ("primary return", "secondary supply")
    held = int((~fitted).sum())
    figures = []
    for i, name in enumerate(names):
        mean = np.full(held, measured[i, fitted].mean())
        fit_k = rmse(ours[i, fitted], measured[i, fitted])
        figures.append(
            Figure(
                case="Tartu substation",
                quantity=f"RMSE of {name}, {held} hours held back",
                unit="K",
                ours=rmse(ours[i, ~fitted], measured[i, ~fitted]),
                peers={"mean of the fitted months": rmse(mean, measured[i, ~fitted])},
                note=f"UA {ua / 1e3:.2f} kW/K, secondary {flow / REFERENCE_CP_J_KG_K:.2f} kg/s, "
                f"fitted on {int(fitted.sum())} hours at {fit_k:.2f} K",
            )
        )
    return [*figures, *_recovered(rows, fitted)]


def _recovered(rows: list[Row], fitted: np.ndarray) -> list[Figure]:
    """UA with its uncertainty, from the four temperatures of each half of the record."""
    around = Around(
        supply_c=column(rows, "FLOW_TEMP"),
        return_c=column(rows, "RETURN_TEMP"),
        secondary_supply_c=column(rows, "SEC_FLOW"),
        secondary_return_c=column(rows, "SEC_RETURN"),
        heat_kw=column(rows, "POWER1"),
    )
    first, second = (
        fit_exchanger(Around(**{name: values[part] for name, values in vars(around).items()}))
        for part in (fitted, ~fitted)
    )
    if first is None:
        return []
    later = "" if second is None else f"{second.ua_kw_k:.2f} +- {second.error_kw_k:.2f} later"
    return [
        Figure(
            case="Tartu substation",
            quantity="UA from four temperatures at night",
            unit="kW/K",
            ours=first.ua_kw_k,
            peers={},
            note=f"+- {first.error_kw_k:.2f}, standard error; {later}",
        )
    ]


def _nights(rows: list[Row]) -> list[Row]:
    """Complete night hours with heating, each once."""
    kept = {}
    needed = ("FLOW", "FLOW_TEMP", "RETURN_TEMP", "SEC_FLOW", "SEC_RETURN")
    for row in rows:
        if any(not text(row, name) for name in needed) or _hour(row) not in NIGHT_HOURS:
            continue
        heating = number(row, "SEC_FLOW") > LEAST_SUPPLY_C
        if heating and number(row, "FLOW") > LEAST_FLOW_L_H:
            kept[row["READ_DATE"]] = row
    return list(kept.values())


def _hour(row: Row) -> int:
    """Hour of the day at which a row was read."""
    when = text(row, "READ_DATE")
    try:
        return datetime.fromisoformat(when).hour
    except ValueError as error:
        raise BadTableError(
            row.file,
            "is no time",
            "write 2019-01-31 23:00:00",
            row=row.line,
            column="READ_DATE",
            value=when,
        ) from error


def outlets(
    ua_w_k: float,
    secondary_w_k: float,
    primary_kg_s: FloatArray,
    inlet_c: FloatArray,
    back_c: FloatArray,
) -> FloatArray:
    """Outlet temperatures of a counterflow exchanger.

    Args:
        ua_w_k: UA, W/K.
        secondary_w_k: Heat capacity flow of the secondary side, W/K.
        primary_kg_s: Primary flow, kg/s, shape (hours,).
        inlet_c: Primary inlet, degC, shape (hours,).
        back_c: Secondary inlet, degC, shape (hours,).

    Returns:
        Primary return and secondary supply, degC, shape (2, hours).
    """
    flows = primary_kg_s * REFERENCE_CP_J_KG_K
    between = np.array([conductance_w_k(ua_w_k, flow, secondary_w_k)[0] for flow in flows])
    heat = between * (inlet_c - back_c)
    return np.stack([inlet_c - heat / flows, back_c + heat / secondary_w_k])
