"""The slowest files first, so that two workers end at about the same time."""

import pytest

# CPU seconds, measured one by one; whatever is not named takes less than ten.
SECONDS = {
    "tests/repository/test_wheel.py": 90,
    "tests/supervisor/test_engine_writes.py": 60,
    "tests/supervisor/test_engine.py": 60,
    "hil_tests/test_bench.py": 56,
    "hil_tests/test_plant.py": 31,
    "tests/console/test_browser.py": 30,
    "tests/optimizer/test_validate_command.py": 28,
    "tests/knowing/test_calibrate_command.py": 27,
    "tests/drivers/test_rtu_faults.py": 25,
    "tests/supervisor/test_cycle.py": 21,
    "tests/supervisor/test_crashes.py": 20,
    "tests/supervisor/test_by_hand.py": 18,
    "tests/supervisor/test_safety.py": 16,
    "tests/replay/test_replay.py": 15,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by file; the order within a file stays."""
    items.sort(key=lambda item: -SECONDS.get(item.location[0], 0))
