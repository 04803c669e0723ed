"""Where the built-in data lies: beside the installed package, or in the checkout."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def config_dir() -> Path:
    """Find the folder with the built-in sites, device profiles and scenarios.

    Returns:
        `controller/_config` of an installed package, else `config` beside the package.
    """
    installed = _HERE / "_config"
    return installed if installed.is_dir() else _HERE.parent / "config"
