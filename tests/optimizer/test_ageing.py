"""Age takes wall, pressure, temperature and ramp from a pipe: numbers worked by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.physics import ageing

BORES = st.floats(0.02, 1.0)
AGES = st.floats(0.0, 80.0)


@pytest.mark.parametrize(
    ("bore_mm", "wall_mm"), [(22.9, 2.0), (82.5, 3.2), (107.1, 3.6), (210.1, 4.5), (994, 11.0)]
)
def test_a_bore_has_the_wall_of_its_standard_size(bore_mm: float, wall_mm: float) -> None:
    assert ageing.nominal_wall_m(bore_mm / 1000) == pytest.approx(wall_mm / 1000)


def test_corrosion_takes_a_millimetre_in_twenty_years_and_never_all() -> None:
    assert ageing.remaining_wall_m(0.0825, 20.0) == pytest.approx(0.0032 - 0.001)
    assert ageing.remaining_wall_m(0.0825, 200.0) == pytest.approx(0.0008)


def test_a_thin_wide_wall_holds_what_barlow_says() -> None:
    # 2 * 1 mm * 127.33 MPa * 0.7 / (0.996 + 0.002 - 0.001 m) = 0.17880 MPa.
    assert ageing.allowed_pressure_bar(0.996, 0.001, 2010) == pytest.approx(1.7880, rel=1e-4)


@pytest.mark.parametrize(("year", "rating_bar"), [(2010, 16.0), (1980, 10.0), (None, 10.0)])
def test_fittings_bound_what_a_sound_wall_holds(year: int | None, rating_bar: float) -> None:
    assert ageing.allowed_pressure_bar(0.0825, 0.0032, year) == rating_bar


def test_foam_allows_120_degrees_for_thirty_years_and_less_after() -> None:
    assert ageing.allowed_temp_c(5.0) == pytest.approx(120.0)
    assert ageing.allowed_temp_c(30.0) == pytest.approx(120.0)
    # 1 / (1 / 393.15 + ln(50 / 30) * 8.314 / 150000) - 273.15
    assert ageing.allowed_temp_c(50.0) == pytest.approx(115.67, abs=0.01)


def test_ramp_falls_with_the_wall() -> None:
    assert ageing.allowed_ramp_k_h(0.0825, 0.0032) == pytest.approx(10.0)
    assert ageing.allowed_ramp_k_h(0.0825, 0.0016) == pytest.approx(5.0)


def test_old_wool_loses_more_than_foam() -> None:
    old = ageing.aged_heat_loss_w_m_k(0.0825, 1985, 40.0)
    new = ageing.aged_heat_loss_w_m_k(0.0825, 2021, 5.0)
    # Insulation ln(160 / 88.9) / (2 pi 0.07) = 1.336, soil acosh(13.5) / (2 pi 1.5) = 0.349 m K/W.
    assert old == pytest.approx(1 / (1.3362 + 0.3493), rel=1e-3)
    assert 0.2 < new < 0.4


def test_leak_of_a_new_pair_is_one_refill_a_year() -> None:
    volume = 2 * 100 * math.pi / 4 * 0.1**2
    assert ageing.aged_leak_m3_h(0.1, 100.0, 0.0) == pytest.approx(volume / 8760)
    assert ageing.aged_leak_m3_h(0.1, 100.0, 12.0) == pytest.approx(2 * volume / 8760)


@given(bore=BORES, young=AGES, more=st.floats(0.0, 40.0))
def test_age_never_makes_a_pipe_better(bore: float, young: float, more: float) -> None:
    old = young + more
    thick, thin = (ageing.remaining_wall_m(bore, age) for age in (young, old))
    assert thin <= thick
    assert ageing.allowed_pressure_bar(bore, thin, 1995) <= ageing.allowed_pressure_bar(
        bore, thick, 1995
    )
    assert ageing.allowed_temp_c(old) <= ageing.allowed_temp_c(young)
    assert ageing.allowed_ramp_k_h(bore, thin) <= ageing.allowed_ramp_k_h(bore, thick)
    assert ageing.aged_roughness_m(old) >= ageing.aged_roughness_m(young)
    assert ageing.aged_leak_m3_h(bore, 10.0, old) >= ageing.aged_leak_m3_h(bore, 10.0, young)
