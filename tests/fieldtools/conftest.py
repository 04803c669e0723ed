"""The bench of every test here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fieldtools.bench import Bench, bench_on_pty


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with bench_on_pty(tmp_path, monkeypatch) as found:
        yield found
