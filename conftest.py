"""In which order files are run, so that two workers end at about the same time."""

import pytest

FIRST = (
    # On a fresh machine one worker compiles the physics of planner, judge and bench here,
    "hil_tests/test_plant.py",
    # while the other does what needs none of it.
    "tests/drivers/test_rtu_faults.py",
    "tests/fieldtools/test_bus_command.py",
    "tests/supervisor/test_crashes.py",
    "tests/supervisor/test_safety.py",
    "tests/repository/test_imports.py",
    # Then what takes longest: thirty seconds and more.
    "tests/supervisor/test_engine.py",
    "tests/supervisor/test_engine_writes.py",
    "tests/repository/test_wheel.py",
    "hil_tests/test_bench.py",
    "tests/console/test_browser.py",
    "tests/knowing/test_calibrate_command.py",
    "tests/supervisor/test_cycle.py",
    "tests/supervisor/test_by_hand.py",
    "tests/replay/test_replay.py",
    "tests/console/test_process.py",
    "tests/console/test_api.py",
)
RANKS = {name: rank for rank, name in enumerate(FIRST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by file; the order within a file stays."""
    items.sort(key=lambda item: RANKS.get(item.location[0], len(FIRST)))
