"""A limit that is passed in one place excuses no other place."""

from datetime import UTC, datetime

import pytest

from optimizer.comparison import newly_passed
from optimizer.model.outcome import Certificate, ComfortResult, Cost, LimitKind, LimitResult

RAMP, HEAT = LimitKind.PIPE_RAMP, LimitKind.PLANT_HEAT


def verdict(*margins: tuple[LimitKind, str, float]) -> Certificate:
    now = datetime(2026, 1, 12, tzinfo=UTC)
    return Certificate(
        certified=all(margin >= 0.0 for _, _, margin in margins),
        limits=tuple(
            LimitResult(limit=kind, where=where, time=now, worst=1.0, allowed=1.0 + margin,
                        margin=margin, unit="K/h")
            for kind, where, margin in margins
        ),
        comfort=ComfortResult(shortfall_k_h=0.0, max_shortfall_k=0.0, building_id=None, time=None,
                              unwarmable=(), mean_indoor_end_c=20.0),
        cost=Cost(fuel=0.0, electricity=0.0, makeup=0.0, risk=0.0, stored_heat=0.0),
        energy_residual_pct=0.0,
        step_s=300,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        ([(RAMP, "A", 0.5)], [(RAMP, "A", 0.0)], False),
        ([(RAMP, "A", 0.5)], [(RAMP, "A", -0.1)], True),
        ([(RAMP, "A", -0.5)], [(RAMP, "A", -0.5)], False),
        ([(RAMP, "A", -0.5)], [(RAMP, "A", -0.4)], False),
        ([(RAMP, "A", -0.5)], [(RAMP, "A", -0.6)], True),
        ([(RAMP, "A", -0.5)], [(RAMP, "A", -0.5), (RAMP, "B", -0.1)], True),
        ([(RAMP, "A", -0.5)], [(HEAT, "A", -0.1)], True),
        ([], [(RAMP, "A", -1e-9)], False),
    ],
)
def test_what_is_passed_anew(
    before: list[tuple[LimitKind, str, float]],
    after: list[tuple[LimitKind, str, float]],
    new: bool,
) -> None:
    assert newly_passed(verdict(*before), verdict(*after)) is new
