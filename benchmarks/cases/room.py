"""A measured test house: identified on the first rows, predicted without a look for the rest."""

from pathlib import Path

from benchmarks.cases.tables import Figure, column, instants, read_rows, rmse
from optimizer.estimate.room import RoomRecord, fit_room, free_run

FITTED_SHARE = 0.6


def armadillo(data: Path) -> list[Figure]:
    """Free-running error of the room on the rows held back.

    Args:
        data: The data folder.

    Returns:
        One figure.
    """
    rows = read_rows(data / "armadillo_room" / "data.csv")
    time_s = instants(rows, "Time")
    record = RoomRecord(
        step_s=float(time_s[1] - time_s[0]),
        outdoor_temp_c=column(rows, "T_ext"),
        heat_kw=column(rows, "P_hea") / 1e3,
        sun_w_m2=column(rows, "I_sol"),
        indoor_temp_c=column(rows, "T_int"),
    )
    fitted = int(FITTED_SHARE * len(rows))
    found = fit_room(record, fitted)
    ran = free_run(found.model, record, float(record.indoor_temp_c[0]), found.envelope_start_c)
    fit_k = rmse(ran[:fitted], record.indoor_temp_c[:fitted])
    ua_w_k, doubt_w_k = found.model.ua_kw_k * 1e3, found.ua_error_kw_k * 1e3
    return [
        Figure(
            case="Armadillo room",
            quantity=f"RMSE free-running, {len(rows) - fitted} rows held back",
            unit="K",
            ours=rmse(ran[fitted:], record.indoor_temp_c[fitted:]),
            peers={},
            at_most=0.5,
            note=f"run from the first row on; fitted at {fit_k:.2f} K; "
            f"UA {ua_w_k:.0f} +- {doubt_w_k:.0f} W/K",
        )
    ]
