"""Winters from seeds: the same seed the same winter, and a weather curve that is a fair match."""

from dataclasses import replace

import pytest

from controller.site import load_site
from hil_tests.bench.plant import Plant
from hil_tests.bench.plant_parameters import perturbed
from hil_tests.bench.session import site_folder
from hil_tests.bench.verbs import read_order
from hil_tests.bench.world import usual_setpoints
from hil_tests.winter_draw import COLDEST_DAY_C, FAULTS, SENSORS, SPARED, draw_winter
from hil_tests.winters import as_warm, curve_kpi, summary_of, table_of
from tests.data import need_data

HOURS = 12.0


def test_a_seed_gives_one_winter_and_another_another() -> None:
    files = [need_data("weather/RUS_Moscow.276120_IWEC.csv")]
    first, again, other = (draw_winter(files, seed, 3, days=2) for seed in ("a", "a", "b"))
    assert first == again
    assert (first.scenario.plant_seed, first.faults) != (other.scenario.plant_seed, other.faults)
    assert COLDEST_DAY_C[0] <= first.coldest_day_c <= COLDEST_DAY_C[1]
    assert len(first.scenario.course.points) == 48 + 49


@pytest.mark.parametrize("number", range(6))
def test_what_a_fault_passes_by_itself_is_not_held_against_the_engine(number: int) -> None:
    drawn = draw_winter([need_data("weather/RUS_Moscow.276120_IWEC.csv")], "a", number, days=2)
    verbs = {one.verb for one in drawn.scenario.timeline}
    checked = {one.name for one in drawn.scenario.checks}
    assert {"velocity", "pipe pressure", "outlet's ramp"} <= checked
    for name, faults in SPARED.items():
        assert (name in checked) == verbs.isdisjoint(faults)


@pytest.mark.parametrize("text", FAULTS)
def test_every_fault_is_one_of_the_bench(text: str) -> None:
    assert read_order(0.0, text.replace("SENSOR", SENSORS[0])).verb == text.split()[0]


def test_the_curve_has_the_plant_s_own_faults_and_can_be_raised() -> None:
    site = load_site(site_folder("village"))
    files = [need_data("weather/RUS_Moscow.276120_IWEC.csv")]
    drawn = draw_winter(files, "a", 0, days=2).scenario
    calm = replace(drawn, hours=HOURS, timeline=())
    start = usual_setpoints(site, calm.course.at(0.0).outdoor_temp_c)
    twin = Plant(perturbed(site.district, 5), start, calm.course.at(0.0))
    plain = curve_kpi(site, twin, calm, 0.0)
    raised = curve_kpi(site, twin, calm, 8.0)
    ill = replace(calm, timeline=(read_order(3600.0, "capacity P1 share=0.3 6h"),))
    assert raised.ener_mwh > plain.ener_mwh
    assert curve_kpi(site, twin, ill, 0.0).ener_mwh < 0.95 * plain.ener_mwh
    found = as_warm(site, twin, calm, raised.tdis_kh)
    assert found is not None
    assert found[1].tdis_kh <= raised.tdis_kh + 0.06


def test_every_winter_stands_in_the_table_and_what_is_missed_is_named() -> None:
    figures = {"tdis_kh": 2.0, "cost_tot": 100.0}
    row = {
        "number": 0, "climate": "X.1", "coldest_day_c": -9.0, "hours": 48.0, "faults": ["a"],
        "failed": [], "engine": figures, "curve": {**figures, "tdis_kh": 3.0}, "cpu_s": 1.0,
        "shifted": {**figures, "cost_tot": 110.0}, "engine_ended": [],
    }  # fmt: skip
    colder = {**row, "number": 1, "curve": {**figures, "tdis_kh": 1.0}, "failed": ["pipe"]}
    total = summary_of([row, colder])
    assert (total["winters"], total["days"]) == (2, 4.0)
    assert (total["limits_passed_in"], total["colder_than_curve"]) == ([1], [1])
    assert total["median_dearer_pct"] == pytest.approx(-9.09)
    assert len(table_of([row, colder]).splitlines()) == 4
