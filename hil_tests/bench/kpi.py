"""What a run comes to: cost, warmth, heat, as numbers of one form for every controller.

Names and units follow D. Blum et al., "Building optimization testing framework (BOPTEST)",
J. Build. Perform. Simul. 14 (2021) 586, doi 10.1080/19401493.2021.1986574, where they fit.
"""

from dataclasses import asdict, dataclass

import numpy as np

from hil_tests.bench.facts import Facts
from hil_tests.bench.trace import Trace

JOULES_PER_MWH = 3.6e9


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """Key figures of a run. `tdis_kh` are kelvin-hours of worst flats below what is promised;
    `cost_tot` counts the heat that the run leaves stored against it or for it."""

    ener_mwh: float
    elec_mwh: float
    makeup_m3: float
    tdis_kh: float
    worst_short_k: float
    mean_indoor_c: float
    stored_mwh: float
    cost_tot: float
    currency: str

    def rows(self) -> list[tuple[str, str]]:
        """Name and value of each, for tables."""
        return [
            (name, value if isinstance(value, str) else f"{value:.3f}")
            for name, value in asdict(self).items()
        ]


def kpi_of(trace: Trace, facts: Facts, stored_j: float, from_h: float = 0.0) -> Kpi:
    """Reckon the figures of a run.

    Args:
        trace: The plant's trace.
        facts: Prices and promises.
        stored_j: Change of the heat in pipes and buildings over the run, J.
        from_h: Where the figures begin.

    Returns:
        The figures.
    """
    seconds = np.array(trace.seconds)
    keep = seconds >= from_h * 3600.0
    hours = np.gradient(seconds[keep]) / 3600.0 if keep.sum() > 1 else np.zeros(keep.sum())
    heat = trace.of("plants", "heat_power_mw")[keep]
    power = trace.of("pumps", "power_kw")[keep].sum(axis=1)
    makeup = np.array(trace.site["makeup_m3_h"])[keep]
    worst = trace.of("buildings", "worst_flat_temp_c")[keep]
    short = np.maximum(np.array(facts.min_indoor_c)[None, :] - worst, 0.0)
    price = np.array([np.mean(prices) for prices in facts.heat_price_per_mwh])
    fuel = float((heat * hours[:, None] * price[None, :]).sum())
    elec, water = float((power * hours).sum() / 1e3), float((makeup * hours).sum())
    stored = stored_j / JOULES_PER_MWH
    cost = fuel + elec * facts.electricity_per_mwh + water * facts.makeup_per_m3
    return Kpi(
        ener_mwh=float((heat * hours[:, None]).sum()),
        elec_mwh=elec,
        makeup_m3=water,
        tdis_kh=float((short * hours[:, None]).sum()),
        worst_short_k=float(short.max(initial=0.0)),
        mean_indoor_c=float(trace.of("buildings", "indoor_temp_c")[keep].mean()),
        stored_mwh=stored,
        cost_tot=cost - stored * float(price.min()),
        currency=facts.currency,
    )
