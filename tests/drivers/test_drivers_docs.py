"""docs/drivers.md names every key, unit, quality and error there is."""

from pathlib import Path

import pytest

from drivers import base, profiles
from drivers.base import Quality
from drivers.points import UNITS
from drivers.values import ValueType

PAGE = (Path(__file__).parents[2] / "docs" / "drivers.md").read_text("utf-8")
ERRORS = ("BadRequest", "NoReply", "GarbledReply", "DeviceRefused", "PortLost", "PortBusy",
          "UnknownOutcome")  # fmt: skip
KEYS = {key for keys in profiles._TOP_KEYS.values() for key in keys} - {"tags"}
KEYS |= profiles._MODBUS_KEYS | profiles._METER_KEYS


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_profile_key_is_described(key: str) -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("|")]
    assert any(key in row.replace("*", "").replace(",", " ").split() for row in rows)


def test_every_unit_type_quality_and_error_is_named() -> None:
    named = [f"`{word}`" for word in (*filter(None, UNITS), *ValueType, *profiles.PROTOCOLS)]
    assert [word for word in (*named, *Quality, *ERRORS) if word not in PAGE] == []
    assert all(hasattr(base, name) for name in ERRORS)
