"""Measurements, weather and a site that lie beside the checkout; absent ones skip plainly.

HEATWARDEN_DATA names the data folder where it is elsewhere; with REQUIRE_DATA=1 what is absent
fails the test.
"""

import os
from pathlib import Path

import pytest

PATH_VARIABLE = "HEATWARDEN_DATA"
REQUIRE_VARIABLE = "REQUIRE_DATA"
_BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "data"


def need_data(name: str) -> Path:
    """Give a file or folder of the data, such as `weather/index.csv`, or skip."""
    return _there(_data_folder() / name)


def need_data_with(name: str) -> Path:
    """Give the data folder itself, or skip where it has no such part."""
    need_data(name)
    return _data_folder()


def need_site_example() -> Path:
    """Give the example site, which lies beside the data folder, or skip."""
    return _there(_data_folder().parent / "site-example")


def _data_folder() -> Path:
    return Path(os.environ.get(PATH_VARIABLE) or _BESIDE_THE_CHECKOUT)


def _there(path: Path) -> Path:
    if path.exists():
        return path
    reason = f"{path} is not there; {PATH_VARIABLE} names the data folder"
    if os.environ.get(REQUIRE_VARIABLE) == "1":
        pytest.fail(reason)
    pytest.skip(reason)
