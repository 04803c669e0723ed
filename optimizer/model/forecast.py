"""What the horizon brings: members of weather and load, and the price of heat, on the grid."""

from dataclasses import dataclass
from datetime import datetime

from optimizer.model.arrays import FloatArray


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Weather, loads and heat prices from `start` (UTC) in `steps` steps of `step_s` seconds.

    Attributes:
        start: First instant, tz-aware UTC.
        step_s: Step length, s.
        outdoor_temp_c: Instantaneous outdoor temperature at the step boundaries, degC,
            shape (members, steps + 1); linear in between.
        wind_m_s: Mean wind of each step, m/s, shape (members, steps).
        ghi_w_m2: Mean global horizontal irradiance of each step, W/m2, shape (members, steps).
        heat_price_per_mwh: Price of each plant's heat in each step, currency/MWh,
            shape (plants, steps).
        load_factor: How many times the heat of the network's tables the buildings of each station
            need and take, shape (members, stations); None where the tables stand.
    """

    start: datetime
    step_s: int
    outdoor_temp_c: FloatArray
    wind_m_s: FloatArray
    ghi_w_m2: FloatArray
    heat_price_per_mwh: FloatArray
    load_factor: FloatArray | None = None

    @property
    def steps(self) -> int:
        """Number of steps."""
        return int(self.wind_m_s.shape[1])

    @property
    def members(self) -> int:
        """Number of members."""
        return int(self.wind_m_s.shape[0])
