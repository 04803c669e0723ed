"""Verdicts on the plant's trace and the wire log. Nothing the engine says of itself counts, but for
alarms: whether a person was told is seen nowhere else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hil_tests.bench.facts import Facts
from hil_tests.bench.kpi import Kpi
from hil_tests.bench.trace import Trace
from hil_tests.bench.wire.log import Frame
from optimizer.model.arrays import FloatArray
from optimizer.physics.water import saturation_temp_c

HOUR_S = 3600.0
REPEATED_WITHIN_S = 300.0
READ_BACK_WITHIN_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Told:
    """An alarm that came up on the operator's page, `code:source`, s after the start."""

    second: float
    alarm_id: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What verdicts are made from; `curve` are the figures of the weather curve on this plant."""

    trace: Trace
    frames: list[Frame]
    facts: Facts
    kpi: Kpi
    curve: Kpi | None
    end_h: float
    told: Sequence[Told] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One assertion's outcome; a bound that is None does not bind."""

    name: str
    what: str
    unit: str
    measured: float
    low: float | None
    high: float | None
    where: str

    @property
    def passed(self) -> bool:
        """Whether the measured value lies in its range."""
        above = self.low is None or self.measured >= self.low - 1e-9
        below = self.high is None or self.measured <= self.high + 1e-9
        return bool(np.isfinite(self.measured)) and above and below


class UnknownCheckError(ValueError):
    """An assertion of something that is not measured."""


def judge(
    name: str, what: str, options: Mapping[str, Any], low: float | None, high: float | None,
    evidence: Evidence,
) -> Verdict:  # fmt: skip
    """Judge one assertion.

    Args:
        name: For people.
        what: What is measured; a key of MEASURES.
        options: Its options.
        low: Lowest value that passes.
        high: Highest value that passes.
        evidence: Trace, wire log and facts.

    Returns:
        The verdict.

    Raises:
        UnknownCheckError: There is no such measure.
    """
    if what not in MEASURES:
        raise UnknownCheckError(f"{what} is not measured; there are {', '.join(MEASURES)}")
    measured, unit, where = MEASURES[what](evidence, dict(options))
    return Verdict(
        name=name, what=what, unit=unit, measured=measured, low=low, high=high, where=where
    )


Measured = tuple[float, str, str]


def _window(
    evidence: Evidence, options: Mapping[str, Any]
) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    seconds = np.array(evidence.trace.seconds)
    begin = float(options.get("from_h", 0.0)) * HOUR_S
    end = float(options.get("to_h", evidence.end_h)) * HOUR_S
    return np.asarray((seconds >= begin) & (seconds <= end))


def _worst(margin: FloatArray, names: list[str], seconds: FloatArray, unit: str) -> Measured:
    """The least of margins of shape (samples, things), and where."""
    if margin.size == 0:
        return float("nan"), unit, "nothing was sampled"
    sample, thing = divmod(int(np.nanargmin(margin)), margin.shape[1])
    where = f"{names[thing]} at {seconds[sample] / HOUR_S:.2f} h"
    return float(margin[sample, thing]), unit, where


def _pipe_pressure(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    facts, keep = evidence.facts, _window(evidence, options)
    supply = evidence.trace.of("nodes", "supply_pressure_bar")[keep]
    ends = np.array(facts.pipe_ends)
    highest = np.maximum(supply[:, ends[:, 0]], supply[:, ends[:, 1]])
    return _pipes(evidence, np.array(facts.pipe_max_bar)[None, :] - highest, keep, "bar")


def _pipes(evidence: Evidence, margin: FloatArray, keep: Any, unit: str) -> Measured:
    margin = np.where(np.array(evidence.facts.pipe_in_service)[None, :], margin, np.inf)
    return _worst(margin, list(evidence.trace.ids["pipes"]), _seconds(evidence)[keep], unit)


def _seconds(evidence: Evidence) -> FloatArray:
    return np.array(evidence.trace.seconds)


def _pipe_temp(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    keep = _window(evidence, options)
    hottest = evidence.trace.of("pipes", "supply_inlet_c")[keep]
    return _pipes(evidence, np.array(evidence.facts.pipe_max_c)[None, :] - hottest, keep, "K")


def _hourly(series: FloatArray, seconds: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Largest rise and fall of each column within any hour, shape (columns,)."""
    up = np.zeros(series.shape[1])
    down = np.zeros(series.shape[1])
    step = float(np.median(np.diff(seconds))) if len(seconds) > 1 else HOUR_S
    for lag in range(1, min(round(HOUR_S / step), len(series) - 1) + 1):
        change = series[lag:] - series[:-lag]
        up, down = np.maximum(up, change.max(axis=0)), np.maximum(down, (-change).max(axis=0))
    return up, down


def _pipe_ramp(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    keep = _window(evidence, options)
    fastest = np.max(
        [
            _hourly(evidence.trace.of("pipes", inlet)[keep], _seconds(evidence)[keep])
            for inlet in ("supply_inlet_c", "return_inlet_c")
        ],
        axis=(0, 1),
    )
    margin = np.array(evidence.facts.pipe_ramp_k_h) - fastest
    margin = np.where(np.array(evidence.facts.pipe_in_service), margin, np.inf)
    worst = int(np.argmin(margin))
    return float(margin[worst]), "K/h", str(evidence.trace.ids["pipes"][worst])


def _plant_ramp(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    keep, facts = _window(evidence, options), evidence.facts
    up, down = _hourly(evidence.trace.of("plants", "setpoint_c")[keep], _seconds(evidence)[keep])
    margin = np.minimum(
        np.array(facts.plant_ramp_up_k_h) - up, np.array(facts.plant_ramp_down_k_h) - down
    )
    worst = int(np.argmin(margin))
    return float(margin[worst]), "K/h", str(evidence.trace.ids["plants"][worst])


def _pump_ramp(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    keep = _window(evidence, options)
    up, down = _hourly(evidence.trace.of("pumps", "speed_pct")[keep], _seconds(evidence)[keep])
    margin = np.array(evidence.facts.pump_ramp_pct_h) - np.maximum(up, down)
    worst = int(np.argmin(margin))
    return float(margin[worst]), "%/h", str(evidence.trace.ids["pumps"][worst])


def _velocity(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    keep = _window(evidence, options)
    margin = evidence.facts.max_velocity_m_s - evidence.trace.of("pipes", "velocity_m_s")[keep]
    return _pipes(evidence, margin, keep, "m/s")


def _makeup(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    keep = _window(evidence, options)
    makeup = np.array(evidence.trace.site["makeup_m3_h"])[keep]
    margin = (evidence.facts.max_makeup_m3_h - makeup)[:, None]
    return _worst(margin, ["make-up"], _seconds(evidence)[keep], "m3/h")


def _boiling(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    keep = _window(evidence, options)
    pressure = evidence.trace.of("nodes", "supply_pressure_bar")[keep]
    hot = evidence.trace.of("nodes", "supply_temp_c")[keep]
    margin = saturation_temp_c(pressure) - hot - evidence.facts.boiling_margin_k
    return _worst(margin, list(evidence.trace.ids["nodes"]), _seconds(evidence)[keep], "K")


def _least_pressure(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    keep = _window(evidence, options)
    lowest = evidence.trace.of("nodes", "return_pressure_bar")[keep]
    margin = lowest - evidence.facts.min_pressure_bar
    return _worst(margin, list(evidence.trace.ids["nodes"]), _seconds(evidence)[keep], "bar")


def _trace(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    """One series of the trace: `kind`, `quantity`, `id`; `of` = min, max, last, mean, change."""
    keep = _window(evidence, options)
    kind, quantity, name = options["kind"], options["quantity"], str(options.get("id", ""))
    series = evidence.trace.series(kind, quantity, name)[keep]
    how: dict[str, Callable[[FloatArray], float]] = {
        "min": lambda x: float(x.min()),
        "max": lambda x: float(x.max()),
        "last": lambda x: float(x[-1]),
        "mean": lambda x: float(x.mean()),
        "change": lambda x: float(x[-1] - x[0]),
        "spread": lambda x: float(x.max() - x.min()),
    }
    of = str(options.get("of", "last"))
    return how[of](series), quantity.rsplit("_", 1)[-1], f"{of} of {name or quantity}"


def _setpoint_writes(evidence: Evidence, options: Mapping[str, Any]) -> list[Frame]:
    places = dict(evidence.facts.setpoints)
    only = options.get("point")
    wanted = {places[only]} if only else set(places.values())
    begin = float(options.get("from_h", 0.0)) * HOUR_S
    end = float(options.get("to_h", evidence.end_h)) * HOUR_S
    return [
        one
        for one in evidence.frames
        if one.is_write
        and not one.is_reply
        and begin <= one.second <= end
        and (one.bus, one.unit, one.address) in wanted
    ]


def _writes(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    return float(len(_setpoint_writes(evidence, options))), "writes", "wire log"


def _repeats(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    """Setpoints written again with the same value soon after."""
    last: dict[tuple[str, int, int], Frame] = {}
    count, where = 0, "wire log"
    for one in _setpoint_writes(evidence, options):
        key = (one.bus, one.unit, one.address)
        before = last.get(key)
        same = before is not None and before.words == one.words
        if same and before is not None and one.second - before.second <= REPEATED_WITHIN_S:
            count, where = count + 1, f"{key} at {one.second / HOUR_S:.3f} h"
        last[key] = one
    return float(count), "writes", where


def _not_read_back(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    """Setpoint writes that fewer than two reads of the register follow at once: polls come too,
    but not so soon."""
    count, where = 0, "wire log"
    frames = evidence.frames
    for number, one in enumerate(frames):
        key = (one.bus, one.unit, one.address)
        if one.is_reply or not one.is_write or key not in evidence.facts.setpoints.values():
            continue
        reads = 0
        for later in frames[number + 1 :]:
            if later.second > one.second + READ_BACK_WITHIN_S or reads >= 2:
                break
            mine = (later.bus, later.unit) == key[:2] and later.function == 3
            span = later.address <= key[2] < later.address + max(len(later.words), 1)
            reads += bool(mine and later.is_reply and span)
        if reads < 2:
            count, where = count + 1, f"{key} at {one.second / HOUR_S:.3f} h"
    return float(count), "writes", where


def _heartbeat_gap(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    begin = float(options.get("from_h", 0.0)) * HOUR_S
    end = float(options.get("to_h", evidence.end_h)) * HOUR_S
    beats = [
        one.second
        for one in evidence.frames
        if one.is_write and not one.is_reply and begin <= one.second <= end
        and (one.bus, one.unit, one.address) in evidence.facts.heartbeats
    ]  # fmt: skip
    gaps = np.diff([begin, *beats, end])
    return float(gaps.max()), "s", "wire log"


def _answering(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    """How many devices give an answer that is neither garbled nor a refusal."""
    begin = float(options.get("from_h", 0.0)) * HOUR_S
    end = float(options.get("to_h", evidence.end_h)) * HOUR_S
    heard = {
        (one.bus, one.unit)
        for one in evidence.frames
        if one.is_reply and not one.note and begin <= one.second <= end
    }
    return float(len(heard)), "devices", "wire log"


def _largest_write_step(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    """Largest change of a register by one write, in register steps, from what it held as last
    written or, where reads are kept, as last read."""
    wanted = {id(one) for one in _setpoint_writes(evidence, options)}
    held: dict[tuple[str, int, int], int] = {}
    largest, where = 0, "wire log"
    for one in evidence.frames:
        is_read = one.is_reply and one.function == 3 and not one.note
        if not is_read and id(one) not in wanted:
            continue
        for at, word in enumerate(one.words if is_read else one.words[:1]):
            key = (one.bus, one.unit, one.address + at)
            value = word - 65536 if word >= 32768 else word
            step = abs(value - held.get(key, value))
            if not is_read and step > largest:
                largest, where = step, f"{key} at {one.second / HOUR_S:.3f} h"
            held[key] = value
    return float(largest), "register steps", where


def _out_of_range(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    """Setpoints on the wire that are outside what the site's own table allows the point."""
    point_of = {place: name for name, place in evidence.facts.setpoints.items()}
    count, where = 0, "wire log"
    for one in _setpoint_writes(evidence, options):
        name = point_of[one.bus, one.unit, one.address]
        low, high = evidence.facts.ranges[name]
        value = one.words[0] - 65536 if low < 0 and one.words[0] >= 32768 else one.words[0]
        if not low - 0.5 <= value <= high + 0.5:
            count, where = count + 1, f"{name} {value} at {one.second / HOUR_S:.3f} h"
    return float(count), "writes", where


def _alarms(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    """How often an alarm came up: `alarm` is its code, or its code and source."""
    begin = float(options.get("from_h", 0.0)) * HOUR_S
    end = float(options.get("to_h", evidence.end_h)) * HOUR_S
    came = [one for one in evidence.told if begin <= one.second <= end]
    wanted = str(options["alarm"])
    found = [one for one in came if wanted in (one.alarm_id, one.alarm_id.partition(":")[0])]
    shown = ", ".join(f"{one.alarm_id} at {one.second / HOUR_S:.3f} h" for one in found or came)
    return float(len(found)), "alarms", shown or "no alarm came up"


def _figure(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    name = str(options["kpi"])
    return float(getattr(evidence.kpi, name)), name.rsplit("_", 1)[-1], "whole run"


def _against_curve(evidence: Evidence, options: Mapping[str, Any]) -> Measured:
    """A figure minus the weather curve's on the same plant and weather; below zero is better."""
    name = str(options["kpi"])
    if evidence.curve is None:
        return float("nan"), name, "the weather curve was not run"
    ours, theirs = float(getattr(evidence.kpi, name)), float(getattr(evidence.curve, name))
    if options.get("relative"):
        return 100.0 * (ours - theirs) / max(abs(theirs), 1e-9), "%", f"{ours:.2f} / {theirs:.2f}"
    return ours - theirs, name.rsplit("_", 1)[-1], f"{ours:.2f} against {theirs:.2f}"


MEASURES: Mapping[str, Callable[[Evidence, Mapping[str, Any]], Measured]] = {
    "pipe-pressure-margin": _pipe_pressure,
    "pipe-temp-margin": _pipe_temp,
    "pipe-ramp-margin": _pipe_ramp,
    "plant-ramp-margin": _plant_ramp,
    "pump-ramp-margin": _pump_ramp,
    "velocity-margin": _velocity,
    "makeup-margin": _makeup,
    "boiling-margin": _boiling,
    "least-pressure-margin": _least_pressure,
    "trace": _trace,
    "writes": _writes,
    "repeated-writes": _repeats,
    "writes-not-read-back": _not_read_back,
    "heartbeat-gap": _heartbeat_gap,
    "answering-devices": _answering,
    "writes-out-of-range": _out_of_range,
    "largest-write-step": _largest_write_step,
    "alarms": _alarms,
    "kpi": _figure,
    "kpi-against-curve": _against_curve,
}
