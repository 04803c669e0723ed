"""What a district's operation must respect and what it costs: limits, comfort, prices, curves."""

from dataclasses import dataclass

from optimizer.model.network import Network

# Nine of ten members are to be no colder than what shortfalls are counted in.
COUNTED_QUANTILE = 0.9
# A building's loss that is a twentieth more than believed costs its flats about a kelvin.
COMFORT_MARGIN_K = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Limits of the network as a whole; those of pipes, plants and pumps stand with them.

    The radiator limits concern direct buildings and are None where the site gives none.
    """

    max_velocity_m_s: float
    boiling_margin_k: float
    min_pressure_bar: float
    max_makeup_m3_h: float
    max_radiator_pressure_bar: float | None = None
    max_radiator_temp_c: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Comfort:
    """Indoor temperatures that people are promised; a building's own minimum stands with it.

    Shortfalls are counted at `shortfall_quantile` of the members: so large a share of them
    is to be no colder. The engine plans for `margin_k` more than the minimum, for what its model
    does not know of the plant.
    """

    min_indoor_c: float
    max_indoor_c: float
    shortfall_quantile: float = COUNTED_QUANTILE
    margin_k: float = COMFORT_MARGIN_K


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """Prices in the site's currency; the price of heat stands with each plant."""

    currency: str
    electricity_per_mwh: float
    makeup_per_m3: float
    leak_risk_per_event: float = 0.0
    fatigue_per_cycle: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """Time grid of planning and the operator's usual way, which is the baseline.

    `heating_curve` holds (outdoor_temp_c, supply_temp_c) points.
    """

    step_s: int
    horizon_h: int
    heating_curve: tuple[tuple[float, float], ...]
    fallback_speed_pct: float


@dataclass(frozen=True, kw_only=True)
class District:
    """A network with the rules it is run by: what planner and judge both start from."""

    network: Network
    limits: Limits
    comfort: Comfort
    prices: Prices
    control: Control
