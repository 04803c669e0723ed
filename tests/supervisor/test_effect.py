"""What a setpoint should bring about, as a table; the plant's own excuse included."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.effect import EffectWatch, Expectation, expectations
from controller.paths import config_dir
from controller.site import load_site
from drivers.base import Quality, Reading
from tests.supervisor.conftest import NOW

MINUTE = timedelta(minutes=1)
OUTLET = Expectation(point_id="sp", measured_id="t", tolerance=3.0, within=30 * MINUTE,
                     full_id="heat", full_kw=950.0)  # fmt: skip
FLOW = replace(OUTLET, measured_id="flow", least=5.0)


def good(**values: float) -> dict[str, Reading]:
    return {name: Reading(point_id=name, value=value, time=NOW, quality=Quality.GOOD)
            for name, value in values.items()}  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "readings", "met"),
    [
        (OUTLET, good(t=90.0), True),
        (OUTLET, good(t=87.0), True),
        (OUTLET, good(t=93.0), True),
        (OUTLET, good(t=86.9), False),
        (OUTLET, good(t=93.1), False),
        (OUTLET, good(t=80.0, heat=949.0), False),
        (OUTLET, good(t=80.0, heat=950.0), True),  # it gives all it can
        (OUTLET, good(t=99.0, heat=950.0), False),  # too hot is no lack of heat
        (OUTLET, {}, True),  # not measured: another alarm says so
        (FLOW, good(flow=5.0), True),
        (FLOW, good(flow=4.9), False),
    ],
)
def test_what_counts_as_an_effect(
    expected: Expectation, readings: dict[str, Reading], met: bool
) -> None:
    assert expected.is_met(90.0, readings) is met


def test_a_bad_reading_decides_nothing() -> None:
    stuck = {"t": replace(good(t=10.0)["t"], quality=Quality.STUCK)}
    assert OUTLET.is_met(90.0, stuck)


def test_only_what_lasts_is_told_and_a_moment_in_between_begins_it_anew() -> None:
    watch = EffectWatch([OUTLET])
    course = [(0, 80.0, 0), (29, 80.0, 0), (30, 80.0, 1), (31, 90.0, 0), (32, 80.0, 0),
              (61, 80.0, 0), (62, 80.0, 1)]  # fmt: skip
    for minute, outlet, told in course:
        causes = watch.look(NOW + minute * MINUTE, {"sp": 90.0}, good(t=outlet))
        assert len(causes) == told, minute
    assert causes[0].alarm_id == "no_effect:sp"
    assert causes[0].detail == "t 80, setpoint 90 for 0:30:00"
    assert watch.look(NOW + 63 * MINUTE, {}, good(t=80.0)) == ()


def test_a_real_site_is_checked_where_it_measures() -> None:
    found = expectations(load_site(config_dir() / "old-east"))
    assert {(one.point_id, one.measured_id, one.full_id) for one in found} == {
        ("P1.supply_temp.sp", "P1.supply_temp", "P1.heat_power"),
        ("M1.speed.sp", "M1.speed", None),
        ("M1.speed.sp", "P1.flow", None),
        ("M2.speed.sp", "M2.speed", None),
        ("M2.speed.sp", "P1.flow", None),
    }
