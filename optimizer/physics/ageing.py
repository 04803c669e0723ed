"""What age does to a steel pipe: wall, allowed pressure, temperature, ramp, roughness, losses.

Scalars in, scalars out; an engineer's entered value always wins over what is computed here.
Sizes and walls are those of EN 253 / EN 10220 pipes.
"""

import math

# (outer diameter, nominal wall, casing of insulation series 1), mm. EN 253:2019 and EN 10220.
_SIZES_MM = (
    (21.3, 2.0, 90.0),
    (26.9, 2.0, 90.0),
    (33.7, 2.3, 90.0),
    (42.4, 2.6, 110.0),
    (48.3, 2.6, 110.0),
    (60.3, 2.9, 125.0),
    (76.1, 2.9, 140.0),
    (88.9, 3.2, 160.0),
    (114.3, 3.6, 200.0),
    (139.7, 3.6, 225.0),
    (168.3, 4.0, 250.0),
    (219.1, 4.5, 315.0),
    (273.0, 5.0, 400.0),
    (323.9, 5.6, 450.0),
    (355.6, 5.6, 500.0),
    (406.4, 6.3, 560.0),
    (457.0, 6.3, 630.0),
    (508.0, 6.3, 710.0),
    (610.0, 7.1, 800.0),
    (711.0, 8.0, 900.0),
    (813.0, 8.8, 1000.0),
    (914.0, 10.0, 1100.0),
    (1016.0, 11.0, 1200.0),
)

# Deepest penetration of unprotected steel in soil of low aggressiveness (class Ib). DIN 50929-3.
CORROSION_RATE_M_PER_YEAR = 0.05e-3
# A wall is not counted below this share of the nominal one: pipes that thin are found by leaking.
_LEAST_WALL_SHARE = 0.25
# Yield of P235GH at 130 degC (EN 10216-2, between 198 MPa at 100 and 187 at 150 degC), and the
# safety factor of EN 13480-3.
_YIELD_PA = 191e6
_SAFETY = 1.5
# Weld factor of a seam that was never radiographed. EN 13480-3.
_WELD_FACTOR = 0.7
# Fittings, valves and compensators hold less than the straight pipe: PN 16 (EN 13941-1), PN 10
# before China's first design code for heating networks, CJJ 34-90.
_RATING_PA = 16e5
_RATING_BEFORE_CODE_PA = 10e5
_FIRST_CODE_YEAR = 1991

# EN 253:2019, annex A: 30 years at 120 degC, Arrhenius with 150 kJ/mol.
_FOAM_LIFE_YEARS = 30.0
_FOAM_TEMP_K = 393.15
_FOAM_ACTIVATION_K = 150e3 / 8.314

# Half the rate at which CJJ/T 88 lets a network be heated up (20 K/h), for a pipe as built.
_RAMP_AS_BUILT_K_H = 10.0

# Roughness of steel pipe as laid, and its growth (Colebrook & White 1937, Proc. R. Soc. A 161,
# 367-381: linear with time; slow growth in treated water).
_ROUGHNESS_NEW_M = 0.05e-3
_ROUGHNESS_GROWTH_M_PER_YEAR = 0.03e-3
# Where the age is unknown: the design value of CJJ 34-2010.
ROUGHNESS_UNKNOWN_M = 0.5e-3

# Conductivities, W/(m K): foam as new (EN 253:2019, 0.029 at 50 degC at most) with its ageing by
# gas exchange, mineral wool in moist ducts before foam came into use, soil. Frederiksen & Werner,
# District Heating and Cooling (2013), chapter 8.
_FOAM_W_M_K = 0.029
_FOAM_AGEING_W_M_K_PER_YEAR = 0.0003
_OLD_WOOL_W_M_K = 0.07
_LAST_WOOL_YEAR = 1999
_SOIL_W_M_K = 1.5
_COVER_M = 1.0

# Water lost per pipe volume and hour: one refill a year in a tight new network, ten times that in
# one 40 years old. Frederiksen & Werner (2013), on water losses.
_LEAK_NEW_PER_H = 1.0 / 8760.0
_LEAK_DOUBLING_YEARS = 12.0


def nominal_wall_m(inner_diameter_m: float) -> float:
    """Give the wall a pipe of this inner diameter was built with.

    Args:
        inner_diameter_m: Inner diameter, m.

    Returns:
        Nominal wall of the nearest standard size, m.

    Source:
        EN 253:2019, EN 10220.
    """
    return _nearest_size_mm(inner_diameter_m)[1] / 1000.0


def remaining_wall_m(inner_diameter_m: float, age_years: float) -> float:
    """Estimate the wall that corrosion has left.

    Args:
        inner_diameter_m: Inner diameter, m.
        age_years: Years in the ground.

    Returns:
        Remaining wall, m, never below a quarter of the nominal one.

    Source:
        DIN 50929-3 (soil of class Ib).
    """
    nominal = nominal_wall_m(inner_diameter_m)
    lost = CORROSION_RATE_M_PER_YEAR * max(age_years, 0.0)
    return max(nominal - lost, _LEAST_WALL_SHARE * nominal)


def allowed_pressure_bar(inner_diameter_m: float, wall_m: float, year_laid: int | None) -> float:
    """Compute the pressure that a wall may hold: p = 2 e f z / (D - e), within the rating.

    Args:
        inner_diameter_m: Inner diameter, m.
        wall_m: Remaining wall, measured or estimated, m.
        year_laid: Year of construction; None (unknown) counts as before the first design code.

    Returns:
        Allowed gauge pressure, bar.

    Source:
        EN 13480-3:2017, straight pipe under internal pressure (Barlow with mean diameter) and
        its time-independent design stress.
    """
    outer = inner_diameter_m + 2.0 * wall_m
    stress = _YIELD_PA / _SAFETY
    barlow = 2.0 * wall_m * stress * _WELD_FACTOR / (outer - wall_m)
    old = year_laid is None or year_laid < _FIRST_CODE_YEAR
    rating = _RATING_BEFORE_CODE_PA if old else _RATING_PA
    return min(barlow, rating) / 1e5


def allowed_temp_c(age_years: float) -> float:
    """Compute the continuous temperature at which the insulation would still have reached its age.

    Args:
        age_years: Years in the ground.

    Returns:
        Allowed water temperature, degC: 120 up to 30 years, falling after.

    Source:
        EN 253:2019, annex A.
    """
    years = max(age_years, _FOAM_LIFE_YEARS)
    inverse = 1.0 / _FOAM_TEMP_K + math.log(years / _FOAM_LIFE_YEARS) / _FOAM_ACTIVATION_K
    return 1.0 / inverse - 273.15


def allowed_ramp_k_h(inner_diameter_m: float, wall_m: float) -> float:
    """Compute the temperature change in an hour that a thinned pipe may see.

    Thermal stress at bends and compensators grows as the wall thins, so the rate falls with it.

    Args:
        inner_diameter_m: Inner diameter, m.
        wall_m: Remaining wall, m.

    Returns:
        Allowed ramp, K/h: 10 as built.

    Source:
        Half of the rate of CJJ/T 88-2014 for heating a network up (20 K/h), times the share of
        wall left.
    """
    share = min(wall_m / nominal_wall_m(inner_diameter_m), 1.0)
    return _RAMP_AS_BUILT_K_H * max(share, _LEAST_WALL_SHARE)


def aged_roughness_m(age_years: float) -> float:
    """Estimate the roughness of a steel pipe.

    Args:
        age_years: Years in service.

    Returns:
        Absolute roughness, m.

    Source:
        Colebrook & White (1937), doi:10.1098/rspa.1937.0150.
    """
    return _ROUGHNESS_NEW_M + _ROUGHNESS_GROWTH_M_PER_YEAR * max(age_years, 0.0)


def aged_heat_loss_w_m_k(inner_diameter_m: float, year_laid: int | None, age_years: float) -> float:
    """Estimate the heat loss factor of one buried pipe: insulation and soil in series.

    Args:
        inner_diameter_m: Inner diameter, m.
        year_laid: Year of construction; None (unknown) counts as mineral wool in a duct.
        age_years: Years in the ground; matters for foam.

    Returns:
        Loss factor per metre of one pipe, W/(m K).

    Source:
        EN 13941-1:2019; conductivities from Frederiksen & Werner (2013), chapter 8.
    """
    outer, _, casing = (size / 1000.0 for size in _nearest_size_mm(inner_diameter_m))
    wool = year_laid is None or year_laid <= _LAST_WOOL_YEAR
    foam = _FOAM_W_M_K + _FOAM_AGEING_W_M_K_PER_YEAR * max(age_years, 0.0)
    conductivity = _OLD_WOOL_W_M_K if wool else foam
    insulation = math.log(casing / outer) / (2.0 * math.pi * conductivity)
    depth = _COVER_M + casing / 2.0
    soil = math.acosh(2.0 * depth / casing) / (2.0 * math.pi * _SOIL_W_M_K)
    return 1.0 / (insulation + soil)


def aged_leak_m3_h(inner_diameter_m: float, length_m: float, age_years: float) -> float:
    """Estimate the leakage of a pair of pipes at the reference pressure.

    Args:
        inner_diameter_m: Inner diameter, m.
        length_m: Length of the pair, m.
        age_years: Years in service.

    Returns:
        Leakage of both pipes together, m3/h.

    Source:
        Frederiksen & Werner (2013), on water losses: one refill a year to more than ten.
    """
    volume = 2.0 * length_m * math.pi / 4.0 * inner_diameter_m**2
    return volume * _LEAK_NEW_PER_H * math.pow(2.0, max(age_years, 0.0) / _LEAK_DOUBLING_YEARS)


def _nearest_size_mm(inner_diameter_m: float) -> tuple[float, float, float]:
    wanted = inner_diameter_m * 1000.0
    return min(_SIZES_MM, key=lambda size: abs(math.log((size[0] - 2.0 * size[1]) / wanted)))
