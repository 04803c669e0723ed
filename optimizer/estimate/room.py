"""A room or building identified from its heat, its weather and one thermometer inside.

Two capacities: air with furniture and the envelope, the sun shared between them; heat and weather
are linear between samples. Parameters are fitted to the free-running temperature, so that what is
fitted is what is later relied on, not the next sample.

Source: Bacher and Madsen (2011), Identifying suitable models for the heat dynamics of buildings,
Energy and Buildings 43, 1511-1522, doi:10.1016/j.enbuild.2011.02.005 (model TiTe with both inputs).
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm
from scipy.optimize import least_squares

from optimizer.model.arrays import FloatArray

_STARTS_KWH_K = (0.1, 1.0)


@dataclass(frozen=True, kw_only=True)
class RoomRecord:
    """A record at equal distances, each array of shape (samples,).

    Attributes:
        step_s: Distance of the samples, s.
        outdoor_temp_c: Outdoor temperature, degC.
        heat_kw: Heat into the air, kW.
        sun_w_m2: Irradiance, W/m2.
        indoor_temp_c: The thermometer, degC; only the part that is fitted is looked at.
    """

    step_s: float
    outdoor_temp_c: FloatArray
    heat_kw: FloatArray
    sun_w_m2: FloatArray
    indoor_temp_c: FloatArray


@dataclass(frozen=True, kw_only=True, slots=True)
class RoomModel:
    """Parameters of a room.

    Attributes:
        inner_kw_k: Air to envelope, kW/K.
        outer_kw_k: Envelope to outdoors, kW/K.
        direct_kw_k: Air to outdoors past the envelope (windows, air change), kW/K.
        air_kwh_k: Capacity of air and furniture, kWh/K.
        envelope_kwh_k: Capacity of the envelope, kWh/K.
        air_aperture_m2: Sun into the air, m2.
        envelope_aperture_m2: Sun on the envelope, m2.
    """

    inner_kw_k: float
    outer_kw_k: float
    direct_kw_k: float
    air_kwh_k: float
    envelope_kwh_k: float
    air_aperture_m2: float
    envelope_aperture_m2: float

    @property
    def ua_kw_k(self) -> float:
        """Air to outdoors in steady state, kW/K."""
        return self.direct_kw_k + 1.0 / (1.0 / self.inner_kw_k + 1.0 / self.outer_kw_k)


@dataclass(frozen=True, kw_only=True)
class RoomFit:
    """A fitted room: the model, the envelope's start and the standard error of UA, kW/K."""

    model: RoomModel
    envelope_start_c: float
    ua_error_kw_k: float


def free_run(
    model: RoomModel, record: RoomRecord, air_start_c: float, envelope_start_c: float
) -> FloatArray:
    """Run a room through a record without looking at its thermometer.

    Args:
        model: The room.
        record: Heat and weather.
        air_start_c: Air at the first sample, degC.
        envelope_start_c: Envelope at the first sample, degC.

    Returns:
        Air at each sample, degC, shape (samples,).
    """
    step, now, later = _discrete(model, record.step_s / 3600.0)
    inputs = np.stack([record.outdoor_temp_c, record.heat_kw, record.sun_w_m2 / 1e3], axis=1)
    driven = inputs[:-1] @ now.T + inputs[1:] @ later.T
    state = np.array([air_start_c, envelope_start_c])
    air = np.empty(len(inputs))
    air[0] = air_start_c
    for k, push in enumerate(driven):
        state = step @ state + push
        air[k + 1] = state[0]
    return air


def fit_room(record: RoomRecord, fitted: int) -> RoomFit:
    """Fit a room to the first samples of a record.

    Args:
        record: The record.
        fitted: Number of samples to fit.

    Returns:
        The best of a few starts.

    Raises:
        ValueError: Fewer than 20 samples.
    """
    if fitted < 20:
        raise ValueError(f"{fitted} samples are too few to identify a room; give 20 or more")
    part = RoomRecord(
        step_s=record.step_s,
        outdoor_temp_c=record.outdoor_temp_c[:fitted],
        heat_kw=record.heat_kw[:fitted],
        sun_w_m2=record.sun_w_m2[:fitted],
        indoor_temp_c=record.indoor_temp_c[:fitted],
    )

    def misses(values: FloatArray) -> FloatArray:
        ran = free_run(_model(values), part, float(values[-1]), float(values[-2]))
        return np.asarray(ran - part.indoor_temp_c)

    first = float(part.indoor_temp_c[0])
    tries = []
    for capacity in _STARTS_KWH_K:
        for inner in (0.05, 0.5):
            logs = np.log([inner, 0.1, 0.02, 0.1 * capacity, capacity, 0.5, 0.5])
            start = np.concatenate([logs, [first - 1.0, first]])
            tries.append(least_squares(misses, start, x_scale="jac", max_nfev=200))
    found = min(tries, key=lambda one: float(one.cost))
    model = _model(found.x)
    return RoomFit(
        model=model,
        envelope_start_c=float(found.x[-2]),
        ua_error_kw_k=_ua_error(found.x, np.asarray(found.jac), found.fun),
    )


def _model(values: FloatArray) -> RoomModel:
    inner, outer, direct, air, envelope, sun_air, sun_envelope = np.exp(
        np.clip(values[:7], -12.0, 8.0)
    )
    return RoomModel(
        inner_kw_k=float(inner),
        outer_kw_k=float(outer),
        direct_kw_k=float(direct),
        air_kwh_k=float(air),
        envelope_kwh_k=float(envelope),
        air_aperture_m2=float(sun_air),
        envelope_aperture_m2=float(sun_envelope),
    )


def _ua_error(values: FloatArray, jac: FloatArray, misses: FloatArray) -> float:
    """Standard error of UA by the delta method; misses that follow each other count as fewer."""
    lag = float(np.corrcoef(misses[:-1], misses[1:])[0, 1]) if misses.std() > 0.0 else 0.0
    variance = float(misses @ misses) / len(misses) * (1.0 + lag) / max(1.0 - lag, 1e-3)
    covariance = np.linalg.pinv(jac.T @ jac) * variance
    slope = np.zeros(len(values))
    for i in range(3):
        moved = values.copy()
        moved[i] += 1e-4
        slope[i] = (_model(moved).ua_kw_k - _model(values).ua_kw_k) / 1e-4
    return float(np.sqrt(slope @ covariance @ slope))


def _discrete(model: RoomModel, step_h: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Exact step of the two temperatures for inputs that are linear within it."""
    inner, outer, direct = model.inner_kw_k, model.outer_kw_k, model.direct_kw_k
    capacity = np.array([[model.air_kwh_k], [model.envelope_kwh_k]])
    between = np.array([[-inner - direct, inner], [inner, -inner - outer]])
    outside = np.array(
        [[direct, 1.0, model.air_aperture_m2], [outer, 0.0, model.envelope_aperture_m2]]
    )
    big = np.zeros((8, 8))
    big[:2, :2], big[:2, 2:5], big[2:5, 5:] = between / capacity, outside / capacity, np.eye(3)
    power = expm(big * step_h)
    held, ramp = power[:2, 2:5], power[:2, 5:] / step_h
    return power[:2, :2], held - ramp, ramp
