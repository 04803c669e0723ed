"""docs/security.md names tests that are there, and make targets that are."""

import re

from tests.repository.conftest import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_test_that_is_named_as_evidence_is_there() -> None:
    named = set(re.findall(r"`(?:[a-z_]+/)*(test_[a-z_]+\.py)`", PAGE))
    there = {path.name for folder in ("tests", "hil_tests") for path in (ROOT / folder).rglob("*")}
    assert len(named) > 20
    assert named - there == set()


def test_every_target_that_is_named_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):", makefile, re.MULTILINE)
    assert set(re.findall(r"^    make ([a-z]+)", PAGE, re.MULTILINE)) <= set(targets)
