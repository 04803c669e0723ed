"""What assertions need to know of a site, as plain numbers: limits, prices, registers."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Limits in the order of the trace's ids, and where setpoints lie.

    `setpoints` are (bus, unit, register) of everything written but the heartbeat, by point;
    `ranges` the registers' lowest and highest numbers there; `heartbeats` those of heartbeats.
    """

    pipe_ends: tuple[tuple[int, int], ...]
    pipe_in_service: tuple[bool, ...]
    pipe_max_bar: tuple[float, ...]
    pipe_max_c: tuple[float, ...]
    pipe_ramp_k_h: tuple[float, ...]
    plant_ramp_up_k_h: tuple[float, ...]
    plant_ramp_down_k_h: tuple[float, ...]
    plant_max_c: tuple[float, ...]
    pump_ramp_pct_h: tuple[float, ...]
    max_velocity_m_s: float
    max_makeup_m3_h: float
    boiling_margin_k: float
    min_pressure_bar: float
    min_indoor_c: tuple[float, ...]
    heat_price_per_mwh: tuple[tuple[float, ...], ...]
    electricity_per_mwh: float
    makeup_per_m3: float
    currency: str
    setpoints: Mapping[str, tuple[str, int, int]]
    ranges: Mapping[str, tuple[float, float]]
    heartbeats: tuple[tuple[str, int, int], ...]
