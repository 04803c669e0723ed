"""Priors of buildings: old and uninsulated lose more, corners and empty neighbours cool flats."""

import pytest

from optimizer.physics import building_types as types
from optimizer.physics.building_types import Envelope


@pytest.mark.parametrize(
    ("year", "envelope"),
    [(1980, "none"), (1995, "none"), (1996, "partial"), (2006, "insulated"), (2020, "insulated")],
)
def test_the_year_tells_the_envelope(year: int, envelope: str) -> None:
    assert types.envelope_of(year) == envelope


@pytest.mark.parametrize(
    ("year", "envelope", "w_m2_k"),
    [
        (1980, Envelope.NONE, 35.5 / 17.6),
        (1985, Envelope.PARTIAL, 29.1 / 17.6),
        (2000, Envelope.PARTIAL, 24.4 / 17.6),
        (1985, Envelope.INSULATED, 18.45 / 17.6),
        (2018, Envelope.INSULATED, 14.1 / 17.6),
    ],
)
def test_loss_by_floor_area(year: int, envelope: Envelope, w_m2_k: float) -> None:
    assert types.default_ua_kw_k(1000.0, year, envelope) == pytest.approx(w_m2_k)


def test_old_buildings_lose_over_one_and_a_half_times_an_energy_saving_one() -> None:
    old = types.default_ua_kw_k(1.0, 1985, Envelope.NONE)
    saving = types.default_ua_kw_k(1.0, 2008, Envelope.INSULATED)
    assert old / saving > 1.5


def test_radiators_on_network_water_are_smaller() -> None:
    assert types.default_radiator_kw(100.0, 1.0, 1.3) == pytest.approx(120.0)
    assert types.default_radiator_kw(100.0, 2.0, 1.3) == pytest.approx(120.0 / 2.0**1.3)


@pytest.mark.parametrize(
    ("corner", "vacant", "envelope", "beta"),
    [
        (0.0, 0.0, Envelope.NONE, 0.01),
        (0.25, 0.20, Envelope.NONE, 0.081),
        (0.25, 0.20, Envelope.PARTIAL, 0.081),
        (0.25, 0.20, Envelope.INSULATED, 0.05265),
    ],
)
def test_the_worst_flat(corner: float, vacant: float, envelope: Envelope, beta: float) -> None:
    assert types.default_worst_flat_beta(corner, vacant, envelope) == pytest.approx(beta)


def test_insulated_walls_store_more() -> None:
    assert types.default_capacity_kwh_k(1000.0, Envelope.NONE) == pytest.approx(45.83, abs=0.01)
    assert types.default_capacity_kwh_k(1000.0, Envelope.INSULATED) == pytest.approx(
        72.22, abs=0.01
    )
