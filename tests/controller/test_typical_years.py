"""On which calendar years a typical year is laid for a run."""

from datetime import datetime

import pytest

from controller.case import years_around


@pytest.mark.parametrize(
    ("start", "hours", "years"),
    [
        ("2026-07-01T00:00:00+08:00", 48.0, (2026, 2026)),
        ("2026-01-01T00:00:00+08:00", 48.0, (2025, 2026)),  # with the week before it
        ("2026-01-12T00:00:00+08:00", 48.0, (2026, 2026)),
        ("2025-12-31T20:00:00+08:00", 8.0, (2025, 2026)),
        ("2025-12-30T23:00:00-05:00", 2.0, (2025, 2026)),  # a file's own stamps may be ahead
        ("2025-11-01T00:00:00+08:00", 4800.0, (2025, 2026)),
    ],
)
def test_every_year_is_there_that_a_run_and_the_week_before_touch(
    start: str, hours: float, years: tuple[int, int]
) -> None:
    assert years_around(datetime.fromisoformat(start), hours) == years
