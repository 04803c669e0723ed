"""Commands under faults, a few thousand of the million that `make soak` carries out."""

from pathlib import Path

import pytest

from controller.store.journal import Stage
from tests.trust.commands import run


@pytest.mark.parametrize(("seed", "share"), [(1, 0.02), (2, 0.1), (3, 0.4)])
def test_none_is_wrong_double_or_unjournaled(seed: int, share: float, tmp_path: Path) -> None:
    counts = run(400, seed, share, tmp_path)
    assert sum(counts.values()) == 400
    assert {Stage.CONFIRMED.value, Stage.NOT_WRITTEN.value, Stage.FOREIGN.value} <= counts.keys()
