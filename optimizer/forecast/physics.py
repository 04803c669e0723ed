"""Heat of buildings from the weather: what their walls remember, a threshold, the sun.

    load = base + UA softplus(balance - T_tau) + fast softplus(balance - T) - aperture G_tau

with T_tau and G_tau the weather behind a first-order lag of `tau`, as a wall delays it.

Source: Bacher, Madsen, Nielsen, Perers (2013), Short-term heat load forecasting for single family
houses, Energy and Buildings 65, 101-112, doi:10.1016/j.enbuild.2013.04.022 (low-pass filtered
weather); Hammarsten (1987), doi:10.1016/0306-2619(87)90012-2 (energy signature).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from optimizer.forecast.known import Known, Past, filled
from optimizer.forecast.lag import lagged, lagged_on
from optimizer.model.arrays import FloatArray

LAGS_H = (3.0, 8.0, 16.0, 30.0, 60.0)
BALANCES_C = (12.0, 14.0, 16.0, 18.0, 20.0)
# The threshold is soft: not all buildings close their valves at one temperature.
SOFTNESS_K = 2.0
SUN_LAG_H = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadPhysics:
    """Parameters of the physical load.

    Attributes:
        lag_h: Lag of the walls, h.
        balance_c: Outdoor temperature from which heat is needed, degC.
        base_kw: What does not depend on the weather, kW.
        ua_kw_k: Heat for each kelvin, behind the walls' lag, kW/K.
        fast_kw_k: Heat for each kelvin without lag (air), kW/K.
        aperture_m2: Sun that heats, m2 of horizontal area.
    """

    lag_h: float
    balance_c: float
    base_kw: float
    ua_kw_k: float
    fast_kw_k: float
    aperture_m2: float

    def past_kw(self, past: Past) -> FloatArray:
        """Load of the past as physics has it.

        Args:
            past: Weather of the past.

        Returns:
            kW, shape (hours,).
        """
        temp, ghi = filled(past.outdoor_temp_c), filled(past.ghi_w_m2)
        columns = _columns(lagged(temp, self.lag_h), temp, lagged(ghi, SUN_LAG_H), self.balance_c)
        return np.asarray(columns @ self._weights())

    def ahead_kw(self, known: Known, leads: int) -> FloatArray:
        """Load of the hours to come.

        Args:
            known: What is known.
            leads: Number of hours.

        Returns:
            kW, shape (leads,).
        """
        temp, ghi = known.weather_ahead(leads)
        wall = lagged_on(known.past.outdoor_temp_c, temp, self.lag_h)
        sun = lagged_on(known.past.ghi_w_m2, ghi, SUN_LAG_H)
        return np.asarray(_columns(wall, temp, sun, self.balance_c) @ self._weights())

    def _weights(self) -> FloatArray:
        return np.array([self.base_kw, self.ua_kw_k, self.fast_kw_k, self.aperture_m2])


def fit_physics(past: Past) -> LoadPhysics:
    """Fit the physical load to a record; every part keeps the sign that physics gives it.

    Args:
        past: Load and weather.

    Returns:
        The parameters of the lag and balance that fit best.

    Raises:
        ValueError: There is no hour with a load.
    """
    measured = np.isfinite(past.load_kw)
    if not measured.any():
        raise ValueError("there is no hour with a load to fit")
    temp, ghi = filled(past.outdoor_temp_c), filled(past.ghi_w_m2)
    sun = lagged(ghi, SUN_LAG_H)
    load = past.load_kw[measured]
    best: tuple[float, LoadPhysics] | None = None
    for lag_h in LAGS_H:
        wall = lagged(temp, lag_h)
        for balance_c in BALANCES_C:
            columns = _columns(wall, temp, sun, balance_c)[measured]
            weights, miss = nnls(columns, load)
            if best is None or miss < best[0]:
                best = float(miss), _physics(lag_h, balance_c, weights)
    assert best is not None
    return best[1]


def physics_of_district(ua_kw_k: float, balance_c: float, lag_h: float) -> LoadPhysics:
    """Physical load from what a site says of its buildings, before anything was measured.

    Args:
        ua_kw_k: Sum of the buildings' UA, kW/K.
        balance_c: Outdoor temperature from which they need heat, degC.
        lag_h: Lag of their walls, h.

    Returns:
        The parameters.
    """
    return _physics(lag_h, balance_c, np.array([0.0, ua_kw_k, 0.0, 0.0]))


def _physics(lag_h: float, balance_c: float, weights: FloatArray) -> LoadPhysics:
    base, ua, fast, aperture = (float(value) for value in weights)
    return LoadPhysics(
        lag_h=lag_h,
        balance_c=balance_c,
        base_kw=base,
        ua_kw_k=ua,
        fast_kw_k=fast,
        aperture_m2=aperture,
    )


def _columns(wall: FloatArray, air: FloatArray, sun: FloatArray, balance_c: float) -> FloatArray:
    need, need_fast = _need_k(wall, balance_c), _need_k(air, balance_c)
    heated = need / (need + SOFTNESS_K)
    return np.stack([np.ones_like(wall), need, need_fast, -heated * sun / 1e3], axis=1)


def _need_k(temp_c: FloatArray, balance_c: float) -> FloatArray:
    return np.asarray(SOFTNESS_K * np.logaddexp(0.0, (balance_c - temp_c) / SOFTNESS_K))
