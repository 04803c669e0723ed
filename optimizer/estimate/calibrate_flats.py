"""Betas of the coldest flats, each kept where it predicts better on the hours held back."""

from dataclasses import replace

import numpy as np

from optimizer.estimate.part_score import PartScore, not_fitted, root_mean_square
from optimizer.estimate.record import COLDEST_ROOM, ROOM_QUANTITIES, Record
from optimizer.estimate.values import Value, Values
from optimizer.estimate.worst_flat import MEASURED_MEAN_K, MODELLED_MEAN_K, FlatCourse, fit_beta
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network

PART, QUANTITY = "flats", "measured coldest flats"


def flat_courses(record: Record, modelled_c: FloatArray) -> dict[int, FlatCourse]:
    """Take from a record what tells of coldest flats.

    Args:
        record: The record.
        modelled_c: Mean of each building by the model, degC, shape (steps, buildings).

    Returns:
        By position of the building.
    """
    nothing = np.full(modelled_c.shape, np.nan)
    inside, worst, coldest = (
        record.buildings.get(name, nothing) for name in (*ROOM_QUANTITIES, COLDEST_ROOM)
    )
    found = {}
    for flats, is_worst in ((coldest, False), (worst, True)):
        for b in np.flatnonzero(np.isfinite(flats).any(axis=0)):
            measured = bool(np.isfinite(inside[:, b]).any())
            found[int(b)] = FlatCourse(
                worst_c=flats[:, b],
                mean_c=inside[:, b] if measured else modelled_c[:, b],
                outdoor_c=record.outdoor_temp_c,
                mean_error_k=MEASURED_MEAN_K if measured else MODELLED_MEAN_K,
                is_worst=is_worst,
            )
    return found


def calibrate_flats(
    network: Network, courses: dict[int, FlatCourse], cut: int
) -> tuple[Values, PartScore]:
    """Calibrate the betas of the coldest flats that are measured.

    Args:
        network: The network as it is thought to be.
        courses: What was measured, by position of the building.
        cut: The step from which it is held back.

    Returns:
        The betas to be kept, and how well all of them predict.
    """
    values: dict[str, dict[str, Value]] = {}
    before, after = [], []
    for b, course in courses.items():
        building = network.buildings[b]
        found = fit_beta(building.worst_flat_beta, _part(course, 0, cut))
        if found is None:
            continue
        rest = _part(course, cut, len(course.worst_c))
        old, new = (_missed_k(rest, beta) for beta in (building.worst_flat_beta, found[0]))
        better = root_mean_square(new) < root_mean_square(old)
        before.append(old)
        after.append(new if better else old)
        if better:
            one = Value(value=found[0], spread=found[1] / found[0])
            values[building.building_id] = {"worst_flat_beta": one}
    if not before:
        return {}, not_fitted(PART, QUANTITY, "K", "no coldest flat is measured in the cold")
    return values, PartScore(
        part=PART,
        quantity=QUANTITY,
        unit="K",
        before=root_mean_square(np.concatenate(before)),
        after=root_mean_square(np.concatenate(after)),
    )


def _part(course: FlatCourse, first: int, last: int) -> FlatCourse:
    cut = slice(first, last)
    return replace(
        course,
        worst_c=course.worst_c[cut],
        mean_c=course.mean_c[cut],
        outdoor_c=course.outdoor_c[cut],
    )


def _missed_k(course: FlatCourse, beta: float) -> FloatArray:
    return np.asarray(course.mean_c - beta * (course.mean_c - course.outdoor_c) - course.worst_c)
