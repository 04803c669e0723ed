"""Sensors that can not be right, found by what they said of late beside what was expected.

Missing, stuck, spike, drift, scaled and swapped: each has its own mark, the surest is named, and
what is named decides nothing until it is gone.

Source: Isermann (2006), Fault-Diagnosis Systems, chapters 7 and 11 (limit checks, residuals);
Page (1954), doi:10.1093/biomet/41.1-2.100 (cumulative sums for drifts).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from optimizer.model.arrays import FloatArray


class Fault(StrEnum):
    """What is wrong with a sensor."""

    MISSING = "missing"
    STUCK = "stuck"
    SPIKE = "spike"
    DRIFT = "drift"
    SCALED = "scaled"
    SWAPPED = "swapped"
    OFF = "off"


@dataclass(frozen=True, kw_only=True, slots=True)
class BadSensor:
    """A sensor that is left out: `measured` and `expected` are its last, `with_sensor` whom it is
    swapped with, `factor` what it is scaled by."""

    sensor: str
    fault: Fault
    measured: float
    expected: float
    factor: float | None = None
    with_sensor: str | None = None


# Identical values in a row while what is expected has gone away from them. What comes nearer is a
# model that has just begun; what nothing contradicts may be as steady as it says (a profile's
# stuck_after_s tells what may not).
STUCK_SAMPLES = 6
MOVED_SIGMA = 2.0
SPIKE_SIGMA, OFF_SIGMA, DRIFT_SIGMA = 6.0, 4.0, 2.5
LEAST_SIGMA = min(MOVED_SIGMA, SPIKE_SIGMA, OFF_SIGMA, DRIFT_SIGMA)
MISSING_SAMPLES = 2
LEAST_SAMPLES = 8
# A factor this near to 1 is an offset or a parameter, not a wrong unit or digit.
SCALE_FROM = 0.12
# A swap explains the misses of both to this share.
SWAP_SHARE = 0.3


def find_bad(
    names: Sequence[str], measured: FloatArray, expected: FloatArray, sigma: FloatArray
) -> tuple[BadSensor, ...]:
    """Find the sensors of one quantity that can not be right.

    Args:
        names: The sensors.
        measured: What they said, oldest first, NaN where nothing, shape (samples, sensors).
        expected: What was expected, same shape; NaN where nothing, which is not judged.
        sigma: Standard deviation of the difference for sound ones, shape (sensors,).

    Returns:
        The bad ones, in order.
    """
    found = {}
    # Nothing but a gap is found where no miss is larger than the smallest that counts for anything.
    silent = ~np.isfinite(measured[-MISSING_SAMPLES:]).any(axis=0)
    missed = np.abs(measured - expected) > LEAST_SIGMA * sigma
    for k in np.flatnonzero(silent | missed.any(axis=0)).tolist():
        name = names[k]
        fault, factor = _single(measured[:, k], expected[:, k], float(sigma[k]))
        if fault is not None:
            found[k] = BadSensor(
                sensor=name,
                fault=fault,
                measured=float(measured[-1, k]),
                expected=float(expected[-1, k]),
                factor=factor,
            )
    off = [k for k, bad in found.items() if bad.fault in (Fault.OFF, Fault.SCALED, Fault.DRIFT)]
    for one, other in _swapped(off, measured, expected, sigma):
        for k, its in ((one, other), (other, one)):
            found[k] = BadSensor(
                sensor=names[k],
                fault=Fault.SWAPPED,
                measured=float(measured[-1, k]),
                expected=float(expected[-1, k]),
                with_sensor=names[its],
            )
    return tuple(found[k] for k in sorted(found))


def _single(
    measured: FloatArray, expected: FloatArray, sigma: float
) -> tuple[Fault | None, float | None]:
    known = np.isfinite(measured)
    if not known[-MISSING_SAMPLES:].any():
        return Fault.MISSING, None
    known &= np.isfinite(expected)
    if not known.any():
        return None, None
    values, wanted = measured[known], expected[known]
    miss = (values - wanted) / sigma
    if _stuck(values, wanted, sigma):
        return Fault.STUCK, None
    if (
        len(miss) >= 2
        and abs(miss[-1]) > SPIKE_SIGMA
        and abs(np.median(miss[:-1][-5:])) < 0.5 * SPIKE_SIGMA
    ):
        return Fault.SPIKE, None
    if len(miss) < LEAST_SAMPLES:
        return (Fault.OFF, None) if abs(np.median(miss)) > SPIKE_SIGMA else (None, None)
    recent = miss[-LEAST_SAMPLES:]
    if abs(np.median(recent)) > OFF_SIGMA:
        factor = float(np.median(values[-LEAST_SAMPLES:] / wanted[-LEAST_SAMPLES:]))
        if abs(factor - 1.0) > SCALE_FROM and _follows(values, wanted, factor, sigma):
            return Fault.SCALED, factor
        return (Fault.DRIFT if _grows(miss) else Fault.OFF), None
    if abs(np.median(recent)) > DRIFT_SIGMA and _grows(miss):
        return Fault.DRIFT, None
    return None, None


def _stuck(values: FloatArray, wanted: FloatArray, sigma: float) -> bool:
    others = np.flatnonzero(values != values[-1])
    same = len(values) - 1 - int(others[-1]) if len(others) else len(values)
    if same < STUCK_SAMPLES:
        return False
    missed = np.abs(wanted[-same:] - values[-1])
    return float(np.max(missed) - missed[0]) > MOVED_SIGMA * sigma


def _grows(miss: FloatArray) -> bool:
    """Whether the misses have grown steadily from nothing."""
    third = max(len(miss) // 3, 2)
    first, middle, last = (
        float(np.median(part)) for part in (miss[:third], miss[third : 2 * third], miss[-third:])
    )
    steady = abs(first) < abs(middle) < abs(last)
    return (
        steady and abs(last - first) > DRIFT_SIGMA and abs(middle - first) < 0.8 * abs(last - first)
    )


def _follows(values: FloatArray, wanted: FloatArray, factor: float, sigma: float) -> bool:
    """Whether a factor leaves nothing over."""
    left = values / factor - wanted
    return bool(np.median(np.abs(left)) < 2.0 * sigma)


def _swapped(
    off: Sequence[int], measured: FloatArray, expected: FloatArray, sigma: FloatArray
) -> list[tuple[int, int]]:
    """Pairs each of which says what the other should."""
    pairs, used = [], set()
    for i, one in enumerate(off):
        for other in off[i + 1 :]:
            if one in used or other in used:
                continue
            own = _miss(measured, expected, one, one) + _miss(measured, expected, other, other)
            crossed = _miss(measured, expected, one, other) + _miss(measured, expected, other, one)
            if crossed < SWAP_SHARE * own and crossed < 4.0 * (sigma[one] + sigma[other]):
                pairs.append((one, other))
                used |= {one, other}
    return pairs


def _miss(measured: FloatArray, expected: FloatArray, said: int, meant: int) -> float:
    return float(
        np.nanmedian(np.abs(measured[-LEAST_SAMPLES:, said] - expected[-LEAST_SAMPLES:, meant]))
    )
