"""Buildings calibrated all at once: each station's heat, a few thermometers, priors for the rest.

Each building has a loss, a capacity and a radiator factor (logarithms, zero where the site is
right) and a start temperature. What buildings of one age have in common is learned from all of
them, what those of one station have in common from its heat meter. What is left of each, where it
has neither a heat meter nor a thermometer, keeps its prior, so that a building without a sensor has
an estimate and an uncertainty.

Method: maximum a posteriori by Gauss-Newton; shared parameters are eliminated by a Schur
complement, so that the effort grows with the number of stations alone.

Source: Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., chapter 5 (hierarchical models);
Nocedal and Wright (2006), Numerical Optimization, section 10.3 (Gauss-Newton).
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from optimizer.estimate.heated import Drive, Fabric, run_buildings, steady_start
from optimizer.estimate.record import Record
from optimizer.model.arrays import BoolArray, FloatArray, IntArray, frozen

# Loss, capacity, radiator: how far a site's values are off (standard deviations of logarithms)
# in what an age has in common, a station has in common, and each building has for itself.
AGE_SPREAD = np.array([0.15, 0.20, 0.12])
STATION_SPREAD = np.array([0.04, 0.05, 0.04])
OWN_SPREAD = np.array([0.06, 0.08, 0.04])
START_SPREAD_K = 1.5
FACTORS = 3
LOCAL = FACTORS + 1
# Meters and model together, for means of three hours: heat relative to the station's mean, rooms.
HEAT_ERROR, ROOM_ERROR_K = 0.006, 0.1
# One look at a thermometer, in one room of the building, beside a mean of three hours.
ONE_LOOK_ERROR_K = 0.5
# A building's own heat meter is off by this share for good: the longest record tells no more.
OWN_METER_ERROR = 0.02
MEANS_H = 3
ROUNDS = 6
# Years from which buildings differ in kind: JGJ 26-86, JGJ 26-95, the 65 % step.
AGE_BOUNDS = (1987, 1996, 2006)


@dataclass(frozen=True, kw_only=True)
class Sensed:
    """What is compared: heat, W, and rooms, degC, NaN where unknown or left out.

    Attributes:
        heat_w: Of the stations, shape (steps, stations).
        own_heat_w: Of buildings with a heat meter of their own, shape (steps, buildings).
        indoor_c: Shape (steps, buildings).
    """

    heat_w: FloatArray
    own_heat_w: FloatArray
    indoor_c: FloatArray


def sensed_of(record: Record) -> Sensed:
    """Take from a record what buildings are compared with.

    Args:
        record: The record.

    Returns:
        Heat and rooms.
    """
    indoor = record.buildings["indoor_temp_c"]
    own_heat_kw = record.buildings.get("heat_power_kw", np.full(indoor.shape, np.nan))
    return Sensed(
        heat_w=record.stations["heat_power_kw"] * 1e3,
        own_heat_w=own_heat_kw * 1e3,
        indoor_c=indoor,
    )


@dataclass(frozen=True, kw_only=True)
class BuildingFit:
    """Factors on the site's values, with standard deviations of their logarithms.

    Attributes:
        factor: Loss, capacity and radiator factor of each building, shape (buildings, 3).
        spread: Standard deviations of the logarithms, same shape.
        start_c: Air at the record's start, degC, shape (buildings,).
        covariance: Of each building's local logarithms and start, shape (buildings, 4, 4).
        misfit: Squared misfit for each compared value; above 1 the uncertainties are widened by it.
    """

    factor: FloatArray
    spread: FloatArray
    start_c: FloatArray
    covariance: FloatArray
    misfit: float


def age_of(years: IntArray) -> IntArray:
    """Kind of building by its year.

    Args:
        years: Years of construction.

    Returns:
        0 for the oldest kind.
    """
    return np.searchsorted(AGE_BOUNDS, years, side="right").astype(np.int64)


def scaled(fabric: Fabric, factor: FloatArray) -> Fabric:
    """Apply factors to buildings.

    Args:
        fabric: The buildings.
        factor: Loss, capacity and radiator factor, shape (buildings, 3).

    Returns:
        The buildings with them; the shares of the flow stay as built.
    """
    return fabric._replace(
        ua_w_k=fabric.ua_w_k * factor[:, 0],
        capacity_j_k=fabric.capacity_j_k * factor[:, 1],
        radiator_w=fabric.radiator_w * factor[:, 2],
    )


def fit_buildings(drive: Drive, fabric: Fabric, sensed: Sensed, age: IntArray) -> BuildingFit:
    """Calibrate.

    Args:
        drive: What was measured of the heating water and the weather.
        fabric: The buildings as the site has them.
        sensed: What is compared.
        age: Kind of each building, shape (buildings,).

    Returns:
        The factors with their uncertainty.
    """
    problem = _Problem(drive, fabric, sensed, age)
    local = np.zeros((len(age), LOCAL))
    for _ in range(ROUNDS):
        system = problem.system(local)
        change = system.solution - local
        local = local + np.clip(change, -0.3, 0.3) * np.array([1.0, 1.0, 1.0, 5.0])
    system = problem.system(local)
    widened = max(system.misfit, 1.0)
    covariance = system.covariance * widened
    return BuildingFit(
        factor=frozen(np.exp(local[:, :FACTORS])),
        spread=frozen(np.sqrt(np.einsum("bii->bi", covariance)[:, :FACTORS])),
        start_c=frozen(problem.start_c(local)),
        covariance=frozen(covariance),
        misfit=system.misfit,
    )


@dataclass(frozen=True, kw_only=True)
class _System:
    solution: FloatArray
    covariance: FloatArray
    misfit: float


class _Problem:
    """The linearised comparison, station by station."""

    def __init__(self, drive: Drive, fabric: Fabric, sensed: Sensed, age: IntArray) -> None:
        self._drive, self._fabric, self._age = drive, fabric, age
        self._steps = max(int(MEANS_H * 3600 / drive.step_s), 1)
        self._base_c = steady_start(drive, fabric, int(86400 / drive.step_s))
        self._heat, self._room = self._means(sensed.heat_w), self._known_means(sensed.indoor_c)
        looked = self._known_means(np.isfinite(sensed.indoor_c).astype(float))
        self._room_error_k = ROOM_ERROR_K + (ONE_LOOK_ERROR_K - ROOM_ERROR_K) * (1.0 - looked)
        self._own_heat = self._means(sensed.own_heat_w)
        with np.errstate(invalid="ignore"):
            self._heat_error = HEAT_ERROR * np.maximum(_mean_of_known(self._heat), 1e3)
            # Errors of one meter are all the same one: each row counts as a part of it.
            count = np.isfinite(self._own_heat).sum(axis=0)
            own_w = np.maximum(_mean_of_known(self._own_heat), 1e3)
            self._own_heat_error = OWN_METER_ERROR * own_w * np.sqrt(np.maximum(count, 1))
        self._kinds = int(age.max()) + 1

    def start_c(self, local: FloatArray) -> FloatArray:
        """Air at the start."""
        return np.asarray(self._base_c + local[:, FACTORS])

    def _means(self, values: FloatArray) -> FloatArray:
        count = len(values) // self._steps
        cut = values[: count * self._steps].reshape(count, self._steps, -1)
        return np.asarray(cut.mean(axis=1))

    def _known_means(self, values: FloatArray) -> FloatArray:
        """Means of what is known: rooms change little, so that one look tells of three hours."""
        count = len(values) // self._steps
        cut = values[: count * self._steps].reshape(count, self._steps, -1)
        known = np.isfinite(cut)
        total, looks = np.where(known, cut, 0.0).sum(axis=1), known.sum(axis=1)
        return np.asarray(np.where(looks > 0, total / np.maximum(looks, 1), np.nan))

    def _run(self, local: FloatArray) -> tuple[FloatArray, FloatArray]:
        fabric = scaled(self._fabric, np.exp(local[:, :FACTORS]))
        air, _, heat = run_buildings(self._drive, fabric, self.start_c(local))
        return self._means(0.5 * (air[:-1] + air[1:])), self._means(heat)

    def system(self, local: FloatArray) -> _System:
        """Normal equations at a point, solved."""
        air, heat = self._run(local)
        slopes = []
        for k, small in enumerate((0.01, 0.01, 0.01, 0.1)):
            moved = local.copy()
            moved[:, k] += small
            air_k, heat_k = self._run(moved)
            slopes.append(((air_k - air) / small, (heat_k - heat) / small))
        return self._solve(local, air, heat, slopes)

    def _solve(
        self,
        local: FloatArray,
        air: FloatArray,
        heat: FloatArray,
        slopes: list[tuple[FloatArray, FloatArray]],
    ) -> _System:
        shared = self._kinds * FACTORS
        schur = np.diag(np.tile(AGE_SPREAD**-2.0, self._kinds))
        right = np.zeros(shared)
        parts = []
        squares, compared = 0.0, 0
        for station in range(int(self._drive.station.max()) + 1):
            members = np.flatnonzero(self._drive.station == station)
            if not len(members):
                continue
            rows, missed = self._rows(station, members, air, heat, slopes)
            squares, compared = squares + float(missed @ missed), compared + len(missed)
            # The goal is stated for the whole logarithm, so the present point is added back.
            goal = missed + rows @ local[members].ravel()
            to_shared = self._to_shared(members)
            normal = rows.T @ rows + _own_precision(len(members))
            factor = cho_factor(normal)
            towards = rows.T @ goal
            # Logarithm = shared + own: the rows act on both.
            cross = rows.T @ (rows @ to_shared)
            schur += to_shared.T @ (rows.T @ (rows @ to_shared)) - cross.T @ cho_solve(
                factor, cross
            )
            right += to_shared.T @ towards - cross.T @ cho_solve(factor, towards)
            parts.append((members, factor, cross, towards, to_shared))
        shared_cov = np.asarray(np.linalg.inv(schur), dtype=np.float64)
        found = shared_cov @ right
        return self._gathered(local, parts, found, shared_cov, squares / max(compared, 1))

    def _gathered(
        self,
        local: FloatArray,
        parts: list[tuple[IntArray, tuple[FloatArray, bool], FloatArray, FloatArray, FloatArray]],
        shared: FloatArray,
        shared_cov: FloatArray,
        misfit: float,
    ) -> _System:
        solution = np.zeros_like(local)
        covariance = np.zeros((len(local), LOCAL, LOCAL))
        for members, factor, cross, towards, to_shared in parts:
            own = cho_solve(factor, towards - cross @ shared)
            whole = own + to_shared @ shared
            solution[members] = whole.reshape(-1, LOCAL)
            reach = to_shared - cho_solve(factor, cross)
            cov = cho_solve(factor, np.eye(len(whole))) + reach @ shared_cov @ reach.T
            for i, b in enumerate(members):
                at = slice(i * LOCAL, (i + 1) * LOCAL)
                covariance[b] = cov[at, at]
        return _System(solution=solution, covariance=covariance, misfit=misfit)

    def _rows(
        self,
        station: int,
        members: IntArray,
        air: FloatArray,
        heat: FloatArray,
        slopes: list[tuple[FloatArray, FloatArray]],
    ) -> tuple[FloatArray, FloatArray]:
        """Rows of the station's heat, its thermometers and its buildings' own heat meters, each in
        units of its error."""
        size = len(members) * LOCAL
        known = np.isfinite(self._heat[:, station])
        heat_error = self._heat_error[station]
        rows = [
            np.stack([slope[1][known][:, members] for slope in slopes], axis=2).reshape(-1, size)
            / heat_error
        ]
        missed = [(self._heat[known, station] - heat[known][:, members].sum(axis=1)) / heat_error]
        for i, b in enumerate(members):
            for measured, modelled, which, own_error in (
                (self._room, air, 0, self._room_error_k[:, b]),
                (self._own_heat, heat, 1, np.full(len(heat), self._own_heat_error[b])),
            ):
                seen = np.isfinite(measured[:, b])
                error = own_error[seen]
                row = np.zeros((int(seen.sum()), size))
                for k, slope in enumerate(slopes):
                    row[:, i * LOCAL + k] = slope[which][seen, b] / error
                rows.append(row)
                missed.append((measured[seen, b] - modelled[seen, b]) / error)
        return np.concatenate(rows), np.concatenate(missed)

    def _to_shared(self, members: IntArray) -> FloatArray:
        """Which shared logarithm each local one contains."""
        table = np.zeros((len(members) * LOCAL, self._kinds * FACTORS))
        for i, b in enumerate(members):
            for k in range(FACTORS):
                table[i * LOCAL + k, self._age[b] * FACTORS + k] = 1.0
        return table


def _own_precision(count: int) -> FloatArray:
    """Inverse of what buildings of a station have in common and for themselves."""
    covariance = np.zeros((count * LOCAL, count * LOCAL))
    for k in range(FACTORS):
        at = np.arange(count) * LOCAL + k
        covariance[np.ix_(at, at)] = STATION_SPREAD[k] ** 2
        covariance[at, at] += OWN_SPREAD[k] ** 2
    at = np.arange(count) * LOCAL + FACTORS
    covariance[at, at] = START_SPREAD_K**2
    return np.asarray(np.linalg.inv(covariance), dtype=np.float64)


def _mean_of_known(values: FloatArray) -> FloatArray:
    known: BoolArray = np.isfinite(values)
    return np.asarray(np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))
