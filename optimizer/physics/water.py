"""Properties of liquid water between 0 and 160 degC at network pressures.

Polynomials fitted to IAPWS-95 (through CoolProp) at 10 bar; the tests hold them to the accuracy
stated beside each. All functions take scalars or arrays.
"""

from typing import TypeVar

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.physics.compiled import compilable

Real = TypeVar("Real", float, FloatArray)

# Heat capacity where a difference of a few kelvins does not matter: losses to the ground, walls
# and the two streams of an exchanger. 4190 J/(kg K) is right within 0.5 % from 10 to 110 degC.
REFERENCE_CP_J_KG_K = 4190.0
GRAVITY_M_S2 = 9.81
ATMOSPHERE_BAR = 1.01325
KELVIN_OFFSET = 273.15


@compilable
def density_kg_m3(temp_c: Real) -> Real:
    """Density of water, within 0.02 %.

    Args:
        temp_c: Water temperature, degC, 0 to 160.

    Returns:
        Density, kg/m3, same shape.

    Source: fit to IAPWS-95 at 10 bar.
    """
    return 1000.507299 + temp_c * (
        0.0182724288
        + temp_c * (-0.006272945232 + temp_c * (2.465745974e-05 - 5.532097667e-08 * temp_c))
    )


@compilable
def density_slope_kg_m3_k(temp_c: Real) -> Real:
    """Derivative of `density_kg_m3`.

    Args:
        temp_c: Water temperature, degC, 0 to 160.

    Returns:
        Change of density with temperature, kg/(m3 K), same shape.
    """
    return 0.0182724288 + temp_c * (
        -2 * 0.006272945232 + temp_c * (3 * 2.465745974e-05 - 4 * 5.532097667e-08 * temp_c)
    )


@compilable
def enthalpy_j_kg(temp_c: Real) -> Real:
    """Specific enthalpy of water above 0 degC, within 0.1 %.

    Args:
        temp_c: Water temperature, degC, 0 to 160.

    Returns:
        Enthalpy, J/kg, same shape.

    Source: fit to IAPWS-95 at 10 bar.
    """
    return temp_c * (
        4210.377376
        + temp_c * (-0.9208720048 + temp_c * (0.008835924465 - 1.811684986e-05 * temp_c))
    )


@compilable
def heat_capacity_j_kg_k(temp_c: Real) -> Real:
    """Isobaric heat capacity of water, the derivative of `enthalpy_j_kg`.

    Args:
        temp_c: Water temperature, degC, 0 to 160.

    Returns:
        Heat capacity, J/(kg K), same shape.
    """
    return 4210.377376 + temp_c * (
        -2 * 0.9208720048 + temp_c * (3 * 0.008835924465 - 4 * 1.811684986e-05 * temp_c)
    )


@compilable
def temperature_c(enthalpy: Real) -> Real:
    """Temperature of water of a given enthalpy: the inverse of `enthalpy_j_kg`.

    Args:
        enthalpy: Specific enthalpy, J/kg.

    Returns:
        Temperature, degC, same shape.
    """
    temp_c = enthalpy / 4200.0
    for _ in range(2):  # Newton; the enthalpy is so nearly linear that two steps leave 1e-10 K
        temp_c = temp_c - (enthalpy_j_kg(temp_c) - enthalpy) / heat_capacity_j_kg_k(temp_c)
    return temp_c


@compilable
def viscosity_pa_s(temp_c: Real) -> Real:
    """Dynamic viscosity of water, within 1.4 %.

    Args:
        temp_c: Water temperature, degC, 0 to 160.

    Returns:
        Dynamic viscosity, Pa s, same shape.

    Source: Vogel's equation fitted to IAPWS 2008.
    """
    viscosity: Real = np.exp(-10.58946327 + 558.52424226 / (temp_c + 131.45176666))
    return viscosity


@compilable
def viscosity_slope_pa_s_k(temp_c: Real) -> Real:
    """Derivative of `viscosity_pa_s`.

    Args:
        temp_c: Water temperature, degC, 0 to 160.

    Returns:
        Change of viscosity with temperature, Pa s/K, same shape.
    """
    return -558.52424226 / (temp_c + 131.45176666) ** 2 * viscosity_pa_s(temp_c)


@compilable
def saturation_temp_c(gauge_pressure_bar: Real) -> Real:
    """Boiling temperature of water, within 0.15 K from 0.3 to 40 bar absolute.

    Args:
        gauge_pressure_bar: Pressure above the atmosphere, bar.

    Returns:
        Saturation temperature, degC, same shape.

    Source: Antoine's equation fitted to IAPWS-95.
    """
    absolute_bar = np.maximum(gauge_pressure_bar + ATMOSPHERE_BAR, 0.01)
    boiling_c: Real = 3860.78469261 / (11.73506938 - np.log(absolute_bar)) - 229.42025367
    return boiling_c


@compilable
def saturation_slope_k_bar(gauge_pressure_bar: Real) -> Real:
    """Derivative of `saturation_temp_c`.

    Args:
        gauge_pressure_bar: Pressure above the atmosphere, bar.

    Returns:
        Change of the saturation temperature with pressure, K/bar, same shape.
    """
    absolute_bar = np.maximum(gauge_pressure_bar + ATMOSPHERE_BAR, 0.01)
    slope: Real = 3860.78469261 / (11.73506938 - np.log(absolute_bar)) ** 2 / absolute_bar
    return slope
