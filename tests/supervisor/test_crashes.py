"""kill -9 at every step of the write path, with a real store and a device on a pseudo-terminal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.store.journal import Stage
from tests.supervisor.crash_child import STEPS
from tests.supervisor.crashes import Kitchen, kitchen, one_try

TIMES = {"sqlite": 3, "postgresql": 1}  # the soak does it 200 times
INTENT, CONFIRMED, NOT_WRITTEN = Stage.INTENT, Stage.CONFIRMED, Stage.NOT_WRITTEN
NOTHING = ((), ())
# What lies in the journal after the restart, and what the restart resolved.
EXPECTED = {
    "before intend": NOTHING,
    "before commit of intend": NOTHING,
    "after intend": ((INTENT, NOT_WRITTEN), (NOT_WRITTEN,)),
    "before preread": ((INTENT, NOT_WRITTEN), (NOT_WRITTEN,)),
    "after preread": ((INTENT, NOT_WRITTEN), (NOT_WRITTEN,)),
    "before write": ((INTENT, NOT_WRITTEN), (NOT_WRITTEN,)),
    "while the device takes it": ((INTENT, NOT_WRITTEN), (NOT_WRITTEN,)),
    "while the device answers": ((INTENT, CONFIRMED), (CONFIRMED,)),
    "after write": ((INTENT, CONFIRMED), (CONFIRMED,)),
    "before readback": ((INTENT, CONFIRMED), (CONFIRMED,)),
    "after readback": ((INTENT, CONFIRMED), (CONFIRMED,)),
    "before readback again": ((INTENT, CONFIRMED), (CONFIRMED,)),
    "after readback again": ((INTENT, CONFIRMED), (CONFIRMED,)),
    "before settle": ((INTENT, CONFIRMED), (CONFIRMED,)),
    "before commit of settle": ((INTENT, CONFIRMED), (CONFIRMED,)),
    "after settle": ((INTENT, CONFIRMED), ()),
    "never": ((INTENT, CONFIRMED), ()),
}


@pytest.fixture
def one(tmp_path: Path, store_url: str) -> Iterator[Kitchen]:
    with kitchen(tmp_path, store_url) as opened:
        yield opened


def test_every_step_has_an_expectation() -> None:
    assert set(EXPECTED) == set(STEPS)


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_killed_engine_loses_nothing_and_writes_nothing_twice(one: Kitchen, step: str) -> None:
    for _ in range(TIMES[one.url.partition(":")[0]]):
        found = one_try(one, step)
        assert found.killed == (step != "never")
        assert (found.stages, found.resolved) == EXPECTED[step], found
