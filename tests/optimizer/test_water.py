"""Water properties against CoolProp (IAPWS-95), to the accuracy that each states."""

from collections.abc import Callable

import numpy as np
import pytest

from optimizer.model.arrays import FloatArray
from optimizer.physics import water
from tests.peers import need_package

TEMPS_C = np.linspace(0.5, 160.0, 60)
PRESSURE_PA = 1.0e6


@pytest.fixture
def coolprop_is_there() -> None:
    need_package("CoolProp")


def reference(name: str, temps_c: FloatArray) -> FloatArray:
    from CoolProp.CoolProp import PropsSI

    kelvin = temps_c + 273.15
    return np.array([PropsSI(name, "T", t, "P", PRESSURE_PA, "Water") for t in kelvin])


@pytest.mark.usefixtures("coolprop_is_there")
@pytest.mark.parametrize(
    ("name", "ours", "relative"),
    [
        ("D", water.density_kg_m3, 2e-4),
        ("V", water.viscosity_pa_s, 1.4e-2),
        ("C", water.heat_capacity_j_kg_k, 9e-3),
    ],
)
def test_properties(name: str, ours: Callable[[FloatArray], FloatArray], relative: float) -> None:
    assert ours(TEMPS_C) == pytest.approx(reference(name, TEMPS_C), rel=relative)


@pytest.mark.usefixtures("coolprop_is_there")
def test_enthalpy_differences() -> None:
    from CoolProp.CoolProp import PropsSI

    zero = PropsSI("H", "T", 273.16, "P", PRESSURE_PA, "Water")
    theirs = reference("H", TEMPS_C[TEMPS_C > 10.0]) - zero
    ours = water.enthalpy_j_kg(TEMPS_C[TEMPS_C > 10.0])
    assert ours == pytest.approx(theirs, rel=2e-3)


@pytest.mark.usefixtures("coolprop_is_there")
def test_boiling() -> None:
    from CoolProp.CoolProp import PropsSI

    for absolute_bar in np.geomspace(0.3, 40.0, 25):
        theirs = PropsSI("T", "P", absolute_bar * 1e5, "Q", 0.0, "Water") - 273.15
        assert water.saturation_temp_c(absolute_bar - 1.01325) == pytest.approx(theirs, abs=0.15)


def test_slopes_are_those_of_the_functions() -> None:
    step = 1e-4
    pairs = [
        (water.density_kg_m3, water.density_slope_kg_m3_k),
        (water.enthalpy_j_kg, water.heat_capacity_j_kg_k),
        (water.viscosity_pa_s, water.viscosity_slope_pa_s_k),
        (water.saturation_temp_c, water.saturation_slope_k_bar),
    ]
    at = np.linspace(1.0, 30.0, 20)
    for function, slope in pairs:
        by_difference = (function(at + step) - function(at - step)) / (2 * step)
        assert slope(at) == pytest.approx(by_difference, rel=1e-5)


def test_temperature_is_the_inverse_of_enthalpy() -> None:
    assert water.temperature_c(water.enthalpy_j_kg(TEMPS_C)) == pytest.approx(TEMPS_C, abs=1e-8)
