"""What is known of a building from its year, its envelope and its place in the row.

These are priors: they stand where a site gives no value, and calibration replaces them.
"""

from enum import StrEnum


class Envelope(StrEnum):
    """How far a building has been insulated."""

    NONE = "none"
    PARTIAL = "partial"
    INSULATED = "insulated"


# Years in which the energy-saving steps came into force for heated housing in northern China:
# 50 % (JGJ 26-95, 1996) and 65 % (2005); before, none.
_YEAR_PARTIAL = 1996
_YEAR_INSULATED = 2006
# 75 % step (JGJ 26-2018 and the earlier rules of the large cities).
_YEAR_LOW_ENERGY = 2013

# Whole-building loss per floor area, W/(m2 K): heat index of the step plus 3.8 W/m2 of gains, over
# 17.6 K (16 degC inside, -1.6 degC mean of Beijing's heating season). JGJ 26-95, heat index of
# Beijing: 31.7 (1980/81 general design), 25.3 (JGJ 26-86), 20.6 W/m2; 65 %: 14.65; 75 %: 10.3.
_LOSS_W_M2_K = {
    "1980": (31.7 + 3.8) / 17.6,
    "30 %": (25.3 + 3.8) / 17.6,
    "50 %": (20.6 + 3.8) / 17.6,
    "65 %": (14.65 + 3.8) / 17.6,
    "75 %": (10.3 + 3.8) / 17.6,
}

# Effective capacity per floor area, kWh/(m2 K): classes medium and heavy of EN ISO 13790:2008,
# table 12 (165 and 260 kJ/(m2 K)); insulation outside brings the whole wall inside.
_CAPACITY_KWH_M2_K = {
    Envelope.NONE: 165.0 / 3600.0,
    Envelope.PARTIAL: 165.0 / 3600.0,
    Envelope.INSULATED: 260.0 / 3600.0,
}

# Radiators are larger than the design load: Jangsten et al. (2017), Energy 137, 292-301,
# doi:10.1016/j.energy.2017.06.105.
_RADIATOR_MARGIN = 1.2

# The worst flat's lag behind the mean, as a share of (mean - outdoor): a corner or top flat loses
# through one or two more faces, a vacant neighbour takes heat through a thin wall.
_BETA_BASE = 0.01
_BETA_PER_CORNER = 0.20
_BETA_PER_VACANT = 0.105
_BETA_INSULATED_FACTOR = 0.65
# Shares where the site says nothing: a row of three stairwells has a third of its flats at an end;
# few flats stand empty.
CORNER_SHARE = 0.33
VACANT_SHARE = 0.10

# Six storeys of 2.8 m: the highest that could be built without a lift (GB 50096).
HEIGHT_M = 16.8


def envelope_of(year_built: int) -> Envelope:
    """Say how a building of this year was insulated.

    Args:
        year_built: Year of construction.

    Returns:
        The envelope.

    Source:
        JGJ 26-86, JGJ 26-95 and the 65 % step of 2005.
    """
    if year_built >= _YEAR_INSULATED:
        return Envelope.INSULATED
    return Envelope.PARTIAL if year_built >= _YEAR_PARTIAL else Envelope.NONE


def default_ua_kw_k(floor_area_m2: float, year_built: int, envelope: Envelope) -> float:
    """Estimate a building's loss, indoor air to outdoor air.

    Args:
        floor_area_m2: Heated floor area, m2.
        year_built: Year of construction.
        envelope: How far it has been insulated since.

    Returns:
        Loss, kW/K.

    Source:
        JGJ 26-95, heat index of Beijing at each energy-saving step.
    """
    if envelope is Envelope.NONE:
        step = "1980"
    elif envelope is Envelope.PARTIAL:
        step = "50 %" if year_built >= _YEAR_PARTIAL else "30 %"
    else:
        step = "75 %" if year_built >= _YEAR_LOW_ENERGY else "65 %"
    return _LOSS_W_M2_K[step] * floor_area_m2 / 1000.0


def default_capacity_kwh_k(floor_area_m2: float, envelope: Envelope) -> float:
    """Estimate a building's heat capacity.

    Args:
        floor_area_m2: Heated floor area, m2.
        envelope: How far it has been insulated.

    Returns:
        Capacity, kWh/K.

    Source:
        EN ISO 13790:2008, table 12, classes medium and heavy.
    """
    return _CAPACITY_KWH_M2_K[envelope] * floor_area_m2


def default_radiator_kw(design_heat_kw: float, mean_excess_ratio: float, exponent: float) -> float:
    """Estimate the radiators' output at the reference temperatures.

    Args:
        design_heat_kw: Heat the building needs at design cold, kW.
        mean_excess_ratio: Mean water over indoor air at design cold, over the same at the
            reference: 1 behind an exchanger, more where hot network water enters directly.
        exponent: Radiator exponent.

    Returns:
        Output at the reference, kW, 20 % above the need.

    Source:
        Jangsten et al. (2017), doi:10.1016/j.energy.2017.06.105 (oversizing).
    """
    return float(_RADIATOR_MARGIN * design_heat_kw / mean_excess_ratio**exponent)


def default_worst_flat_beta(corner_share: float, vacant_share: float, envelope: Envelope) -> float:
    """Estimate how far the coldest flat lags behind the mean.

    Args:
        corner_share: Share of corner, top and ground floor flats.
        vacant_share: Share of vacated (disconnected) flats.
        envelope: How far the building has been insulated.

    Returns:
        beta in `worst = mean - beta * (mean - outdoor)`.

    Source:
        A linear prior without a published counterpart; see docs/decisions/0103.
    """
    factor = _BETA_INSULATED_FACTOR if envelope is Envelope.INSULATED else 1.0
    beta = _BETA_BASE + _BETA_PER_CORNER * corner_share + _BETA_PER_VACANT * vacant_share
    return factor * beta
