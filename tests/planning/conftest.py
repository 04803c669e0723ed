from datetime import datetime

import pytest

from controller.case import Case, read_case
from controller.paths import config_dir
from controller.planning import PlannedSite, plan_site
from optimizer.plan import PlanOptions

START = "2026-01-16T12:00:00+08:00"


def old_east(hours: float) -> Case:
    folder = config_dir() / "old-east"
    return read_case(
        str(folder),
        str(folder / "weather.csv"),
        START,
        hours,
        shortest_h=1.0,
        longest_h=96.0,
        tell=lambda _: None,
    )


@pytest.fixture(scope="session")
def planned() -> PlannedSite:
    """Half a day of the demonstration district, running into the cold wave."""
    assert datetime.fromisoformat(START).utcoffset() is not None
    return plan_site(old_east(12.0), PlanOptions(max_rounds=6), lambda _: None)
