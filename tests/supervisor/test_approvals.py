"""Whole sets: their order, their values over time, and what an approval checks; cold snaps."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from controller.approvals import (
    Member,
    Recommendation,
    from_json,
    new_id,
    refusals,
    to_json,
    value_at,
)
from controller.cold_snap import begun_at, cold_snap
from controller.guard import PointLimits
from controller.sitefiles.parts import ColdSnap
from drivers.base import Quality, Reading
from optimizer.model.forecast import Forecast
from tests.supervisor.conftest import NOW
from tests.supervisor.test_guard import LIMITS

MINUTE = timedelta(minutes=1)
SUPPLY = Member(
    element="plant:P1", quantity="supply_temp_c", point_id="sp", before=90.0,
    series=(90.0, 91.0, 92.0, 91.0),
)  # fmt: skip
ADVICE = Recommendation(
    recommendation_id="r1",
    at=NOW,
    expires_at=NOW + 60 * MINUTE,
    input_hash="h",
    start=NOW,
    step_s=900,
    members=(SUPPLY,),
    limits=({"limit": "pipe_temp", "margin": 3.0},),
    effect={"cost": 1.0},
)


def reading(value: float | None, **changes: object) -> Reading:
    plain = Reading(point_id="fb", value=value, time=NOW, quality=Quality.GOOD)
    return replace(plain, **changes)  # type: ignore[arg-type]


def checked(
    advice: Recommendation = ADVICE,
    latest: str = "r1",
    limits: Mapping[str, PointLimits] | None = None,
    back: Reading | None = None,
    minutes: float = 0.0,
) -> tuple[str, ...]:
    return refusals(
        advice,
        latest_id=latest,
        limits={"sp": LIMITS} if limits is None else limits,
        readings={"fb": reading(90.0) if back is None else back},
        now=NOW + minutes * MINUTE,
    )


def test_a_fit_set_may_be_approved() -> None:
    assert checked() == ()
    assert checked(back=reading(91.5)) == ()  # it is being followed


def with_series(*series: float) -> Recommendation:
    return replace(ADVICE, members=(replace(SUPPLY, series=series),))


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (checked(latest="r2"), "superseded by r2"),
        (checked(minutes=60, back=reading(90.0, time=NOW + 60 * MINUTE)), "expired"),
        (checked(with_series(90.0, 110.2)), "would leave 65 to 110"),
        (checked(with_series(64.8, 90.0)), "would leave 65 to 110"),
        (checked(limits={}), "can not be written any more"),
        (checked(back=reading(None)), "can not be read"),
        (checked(back=reading(90.0, quality=Quality.UNCONFIRMED)), "can not be read"),
        (checked(minutes=1), "is stale"),
        (checked(back=reading(92.2)), "holds 92.2, not 90"),
        (checked(back=reading(87.8)), "holds 87.8, not 90"),
    ],
)
def test_what_an_approval_refuses(found: tuple[str, ...], why: str) -> None:
    assert len(found) == 1
    assert why in found[0]


def test_what_can_not_be_written_is_left_to_the_operator() -> None:
    by_hand = replace(SUPPLY, element="plant:P2", point_id=None)
    advice = replace(ADVICE, members=(SUPPLY, by_hand))
    assert checked(advice) == ()
    assert advice.point_ids == {"sp"}


@pytest.mark.parametrize(
    ("minutes", "value"),
    [(-5, 90.0), (0, 90.0), (7.5, 90.5), (15, 91.0), (37.5, 91.5), (45, 91.0), (600, 91.0)],
)
def test_a_set_is_followed_along_its_series(minutes: float, value: float) -> None:
    assert value_at(ADVICE, SUPPLY, NOW + minutes * MINUTE) == pytest.approx(value)


def test_a_recommendation_survives_the_store() -> None:
    assert from_json(json.loads(json.dumps(to_json(ADVICE)))) == ADVICE
    assert new_id(NOW, "a") == new_id(NOW, "a") != new_id(NOW, "b")


# Cold snaps

RULES = ColdSnap(below_c=-10.0, drop_k_24h=8.0, min_hours=6.0)


def forecast(*members: list[float]) -> Forecast:
    """Hourly boundaries of each member."""
    steps = len(members[0]) - 1
    zeros = np.zeros((len(members), steps))
    return Forecast(
        start=NOW, step_s=3600, outdoor_temp_c=np.array(members), wind_m_s=zeros, ghi_w_m2=zeros,
        heat_price_per_mwh=np.zeros((1, steps)),
    )  # fmt: skip


MILD = [-5.0] * 49
LEVEL = [-5.0] * 10 + [-10.5] * 7 + [-5.0] * 32
SHORT = [-5.0] * 10 + [-10.5] * 6 + [-5.0] * 33
DROP = [-1.0] * 10 + [-1.0 - i * 8 / 24 for i in range(25)] + [-9.0] * 14
SLOW = [-1.0 - i * 8 / 26 for i in range(27)] + [-9.0] * 22
SNAPS: list[tuple[str, list[list[float]], tuple[int, str] | None]] = [
    ("mild", [MILD], None),
    ("six hours below", [LEVEL], (10, "level")),
    ("five hours below", [SHORT], None),
    ("just at the level", [[-10.0] * 49], None),
    ("eight kelvins in a day", [DROP], (10, "drop")),
    ("eight kelvins in more than a day", [SLOW], None),
    ("half of the members", [MILD, LEVEL], (10, "level")),
    ("a third of the members", [MILD, MILD, LEVEL], None),
    ("the earliest member", [LEVEL, [-11.0] * 49], (0, "level")),
]


@pytest.mark.parametrize(("name", "members", "expected"), SNAPS)
def test_when_it_is_a_cold_snap(
    name: str, members: list[list[float]], expected: tuple[int, str] | None
) -> None:
    seen = cold_snap(forecast(*members), RULES)
    if expected is None:
        assert seen is None, name
        return
    assert seen is not None, name
    assert (seen.begins, seen.why) == (NOW + timedelta(hours=expected[0]), expected[1])


BEGUN: list[tuple[str, int, int | None, int]] = [
    # what, the forecast of now shows it from hour h on, the one before did, it began at
    ("tomorrow", 20, None, 20),
    ("later than it was said to", 20, 18, 20),
    ("now, as was foretold for now", 0, 0, 0),
    ("now, and two hours ago already", 0, -2, -2),
    ("now, sooner than it was foretold", 0, 3, 0),
    ("now, and the one before showed none", 0, None, 0),
]


@pytest.mark.parametrize(("name", "shown", "before", "expected"), BEGUN)
def test_a_snap_that_has_begun_keeps_the_instant_at_which_it_did(
    name: str, shown: int, before: int | None, expected: int
) -> None:
    def at(hours: int) -> datetime:
        return NOW + timedelta(hours=hours)

    found = begun_at(at(shown), None if before is None else at(before), NOW)
    assert found == at(expected), name
