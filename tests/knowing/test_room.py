"""A room identified from one thermometer: made up, then measured."""

import numpy as np

from benchmarks.cases.room import armadillo
from optimizer.estimate.room import RoomModel, RoomRecord, fit_room, free_run
from tests.data import need_data_with

TRUE = RoomModel(
    inner_kw_k=0.4,
    outer_kw_k=0.08,
    direct_kw_k=0.02,
    air_kwh_k=0.6,
    envelope_kwh_k=5.0,
    air_aperture_m2=0.2,
    envelope_aperture_m2=0.1,
)


def made_up_record() -> RoomRecord:
    dice = np.random.default_rng(3)
    at = np.arange(400)
    outdoor = 5.0 + 5.0 * np.sin(2.0 * np.pi * at / 48.0) + np.cumsum(dice.normal(0, 0.1, 400))
    heat = np.where(dice.random(400) > 0.5, 1.5, 0.0)
    sun = np.maximum(600.0 * np.sin(2.0 * np.pi * (at - 12) / 48.0), 0.0)
    blank = RoomRecord(
        step_s=1800.0,
        outdoor_temp_c=outdoor,
        heat_kw=heat,
        sun_w_m2=sun,
        indoor_temp_c=np.zeros(400),
    )
    indoor = free_run(TRUE, blank, 20.0, 18.0) + dice.normal(0.0, 0.1, 400)
    return RoomRecord(
        step_s=1800.0, outdoor_temp_c=outdoor, heat_kw=heat, sun_w_m2=sun, indoor_temp_c=indoor
    )


def test_a_made_up_room_is_recovered_with_its_uncertainty() -> None:
    record = made_up_record()
    found = fit_room(record, 240)
    assert abs(found.model.ua_kw_k - TRUE.ua_kw_k) < 3.0 * found.ua_error_kw_k
    assert found.ua_error_kw_k < 0.1 * TRUE.ua_kw_k
    ran = free_run(found.model, record, record.indoor_temp_c[0], found.envelope_start_c)
    assert np.sqrt(np.mean((ran - record.indoor_temp_c)[240:] ** 2)) < 0.3


def test_a_measured_room() -> None:
    assert [figure.verdict for figure in armadillo(need_data_with("armadillo_room"))] == ["met"]
