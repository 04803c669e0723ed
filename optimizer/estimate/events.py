"""What has changed for good: a day's signals of every station, held against the days before.

Each signal is taken relative to that of all stations of its kind, so that weather, setpoints and
what the model has wrong everywhere cancel. A change that two days in a row show, well beyond what
the days before varied by, is an event; which signals it shows in tells its likely cause.

Source: Basseville and Nikiforov (1993), Detection of Abrupt Changes, chapter 2 (change points in
mean); Rousseeuw and Croux (1993), doi:10.1080/01621459.1993.10476408 (robust spread).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from optimizer.estimate.arrivals import arrivals, ways_of
from optimizer.estimate.calibrate_exchangers import around
from optimizer.estimate.exchanger import fit_exchanger
from optimizer.estimate.flows import NotATreeError, ends_of, rooted
from optimizer.estimate.record import Record
from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.model.network import Network, StationControl

BASE_DAYS, LASTING_DAYS = 6, 2
SIGMA = 4.5
# Heat is judged only in weather this near to what the days before have seen.
SEEN_K = 1.0


class Cause(StrEnum):
    """What an event most likely is."""

    VALVE = "half_shut_valve"
    OPENED = "opened_valve"
    EXCHANGER = "clogged_exchanger"
    CLEANED = "cleaned_exchanger"
    RETROFIT = "retrofit_or_vacated"
    MORE_LOSS = "more_heat_needed"
    WET = "insulation_wet"
    NEW_MAIN = "new_main"


class Signal(StrEnum):
    """What is looked at: flow and UA and heat as logarithms, water that arrives in K."""

    FLOW = "flow"
    UA = "ua"
    HEAT = "heat"
    ARRIVAL = "arrival"


# The smallest lasting change that matters, and the least that a day varies by.
SMALLEST: Mapping[Signal, float] = {
    Signal.FLOW: 0.08,
    Signal.UA: 0.08,
    Signal.HEAT: 0.035,
    Signal.ARRIVAL: 0.5,
}
LEAST_SPREAD: Mapping[Signal, float] = {
    Signal.FLOW: 0.008,
    Signal.UA: 0.01,
    Signal.HEAT: 0.006,
    Signal.ARRIVAL: 0.08,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """A lasting change.

    Attributes:
        where: Station, or the pipe behind which all stations show it.
        since: Begin of the first day that shows it, tz-aware UTC.
        seen: End of the day on which it was sure.
        cause: The likely cause.
        size: Change of the signal: a share for flow, UA and heat, kelvins for arrival.
        signal: The signal that shows it most.
    """

    where: str
    since: datetime
    seen: datetime
    cause: Cause
    size: float
    signal: Signal


def daily_signals(network: Network, record: Record) -> dict[Signal, FloatArray]:
    """Signals of every station by day.

    Args:
        network: The network.
        record: The record.

    Returns:
        Relative to the stations' median, NaN where unknown, each of shape (days, stations).
    """
    per_day = 86400 // record.step_s
    days = record.steps // per_day
    flow = _days(record.stations["mass_flow_kg_s"], days, per_day)
    heat = _days(record.stations["heat_power_kw"], days, per_day)
    with np.errstate(invalid="ignore", divide="ignore"):
        signals = {Signal.FLOW: np.log(flow), Signal.HEAT: np.log(heat)}
    signals[Signal.UA] = _ua(network, record, days, per_day)
    try:
        rooted(network)  # behind which pipe stations lie is told in a tree alone
        expected = arrivals(network, record, ways_of(network, record), np.ones(len(network.pipes)))
        missed = record.stations["supply_temp_c"] - expected
        signals[Signal.ARRIVAL] = _days(missed, days, per_day)
    except NotATreeError:
        signals[Signal.ARRIVAL] = np.full((days, len(network.stations)), np.nan)
    kinds = [(s.kind, s.control) for s in network.stations]
    for signal, values in signals.items():
        groups = {k: k for k in kinds} if signal in (Signal.FLOW, Signal.HEAT) else {None: None}
        for group in groups:
            own = np.array([group in (None, kind) for kind in kinds])
            values[:, own] -= _median(values[:, own])
    return signals


def _days(values: FloatArray, days: int, per_day: int) -> FloatArray:
    cut = values[: days * per_day].reshape(days, per_day, -1)
    known = np.isfinite(cut)
    count = known.sum(axis=1)
    total = np.where(known, cut, 0.0).sum(axis=1)
    return np.asarray(np.where(count > per_day // 2, total / np.maximum(count, 1), np.nan))


def _median(values: FloatArray) -> FloatArray:
    known = np.isfinite(values).any(axis=1)
    middle = np.zeros((len(values), 1))
    if known.any():
        middle[known, 0] = np.nanmedian(values[known], axis=1)
    return middle


def _ua(network: Network, record: Record, days: int, per_day: int) -> FloatArray:
    found = np.full((days, len(network.stations)), np.nan)
    for day in range(days):
        part = record.part(day * per_day, (day + 1) * per_day)
        for k, station in enumerate(network.stations):
            if station.hx_ua_kw_k > 0.0:
                fit = fit_exchanger(around(network, part, k))
                found[day, k] = np.nan if fit is None else np.log(fit.ua_kw_k)
    return found


def find_events(network: Network, record: Record) -> tuple[Event, ...]:
    """Find lasting changes.

    Args:
        network: The network.
        record: At least BASE_DAYS and LASTING_DAYS of measurements.

    Returns:
        The events in order of time; each station has at most one at a time.
    """
    signals = daily_signals(network, record)
    days = len(signals[Signal.FLOW])
    outdoor = _days(record.outdoor_temp_c[:, None], days, record.steps // days)[:, 0]
    found: list[Event] = []
    done: set[str] = set()
    for day in range(BASE_DAYS + LASTING_DAYS - 1, days):
        shifts = {name: _shift(values, day, name) for name, values in signals.items()}
        if not _seen_before(outdoor, day):
            shifts[Signal.HEAT] = np.zeros(len(network.stations))
        for event in _of_day(network, record, shifts, day):
            if event.where not in done:
                done.add(event.where)
                found.append(event)
    return tuple(found)


def _seen_before(outdoor_c: FloatArray, day: int) -> bool:
    """Whether the weather of late has been seen before: colder, stations' heat parts for good."""
    first = day - LASTING_DAYS + 1
    low, high = outdoor_c[:first].min() - SEEN_K, outdoor_c[:first].max() + SEEN_K
    return bool(((outdoor_c[first : day + 1] >= low) & (outdoor_c[first : day + 1] <= high)).all())


def _shift(values: FloatArray, day: int, signal: Signal) -> FloatArray:
    """Lasting change of each station by a day, zero where there is none."""
    base = values[: day - LASTING_DAYS + 1]
    known = np.isfinite(base).sum(axis=0) >= BASE_DAYS
    middle, spread = np.zeros(values.shape[1]), np.full(values.shape[1], np.inf)
    if known.any():
        middle[known] = np.nanmedian(base[:, known], axis=0)
        around_it = np.abs(base[:, known] - middle[known])
        spread[known] = np.maximum(1.4826 * np.nanmedian(around_it, axis=0), LEAST_SPREAD[signal])
    late = values[day - LASTING_DAYS + 1 : day + 1] - middle
    least = np.where(np.isfinite(late).all(axis=0), np.abs(late).min(axis=0), 0.0)
    alike = np.abs(np.sign(late).sum(axis=0)) == LASTING_DAYS
    sure: BoolArray = alike & (least > SIGMA * spread) & (least > SMALLEST[signal])
    return np.asarray(np.where(sure, late.mean(axis=0), 0.0))


def _of_day(
    network: Network, record: Record, shifts: Mapping[Signal, FloatArray], day: int
) -> list[Event]:
    begin = record.start + timedelta(days=day - LASTING_DAYS + 1)
    seen = record.start + timedelta(days=day + 1)
    found = []
    for k, station in enumerate(network.stations):
        told = _cause({name: float(values[k]) for name, values in shifts.items()}, station.control)
        if told is not None:
            cause, signal, size = told
            found.append(
                Event(
                    where=station.station_id,
                    since=begin,
                    seen=seen,
                    cause=cause,
                    size=size,
                    signal=signal,
                )
            )
    colder = shifts[Signal.ARRIVAL]
    for sign, cause in ((-1.0, Cause.WET), (1.0, Cause.NEW_MAIN)):
        affected = np.sign(colder) == sign
        if affected.any():
            size = float(np.median(colder[affected]))
            where = behind(network, affected)
            found.append(
                Event(
                    where=where,
                    since=begin,
                    seen=seen,
                    cause=cause,
                    size=size,
                    signal=Signal.ARRIVAL,
                )
            )
    return found


def _cause(
    shift: Mapping[Signal, float], control: StationControl
) -> tuple[Cause, Signal, float] | None:
    flow, ua, heat = shift[Signal.FLOW], shift[Signal.UA], shift[Signal.HEAT]
    if ua != 0.0 and abs(ua) > 0.5 * abs(flow):
        share = float(np.expm1(ua))
        return (Cause.EXCHANGER if ua < 0.0 else Cause.CLEANED), Signal.UA, share
    if flow != 0.0 and (control is StationControl.FIXED or np.sign(flow) != -np.sign(heat)):
        share = float(np.expm1(flow))
        if control is StationControl.FIXED or flow < -0.3:
            return (Cause.VALVE if flow < 0.0 else Cause.OPENED), Signal.FLOW, share
    if heat != 0.0:
        share = float(np.expm1(heat))
        return (Cause.RETROFIT if heat < 0.0 else Cause.MORE_LOSS), Signal.HEAT, share
    return None


def behind(network: Network, affected: BoolArray) -> str:
    """The pipe behind which the affected stations, and as few others as possible, lie.

    Args:
        network: The network, a tree.
        affected: Which stations, shape (stations,).

    Returns:
        Its id.
    """
    order, sign = rooted(network)
    below: dict[int, set[int]] = {}
    for k, station in enumerate(network.stations):
        below.setdefault(network.node_index[station.node_id], set()).add(k)
    wanted = set(np.flatnonzero(affected).tolist())
    best = (-1.0, "")
    for i, s in zip(order[::-1], sign[::-1], strict=True):
        near, far = ends_of(network, int(i), int(s))
        served = below.get(far, set())
        below.setdefault(near, set()).update(served)
        score = len(served & wanted) / max(len(served | wanted), 1)
        best = max(best, (score, network.pipes[int(i)].pipe_id))
    return best[1]
