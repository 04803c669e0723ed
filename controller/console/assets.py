"""Files of the pages, all of them from this package: hashed names, compressed once, cached long."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
LONG = "public, max-age=31536000, immutable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """A file as it is sent; `packed` is gzip."""

    name: str
    media_type: str
    plain: bytes
    packed: bytes


@cache
def assets() -> dict[str, Asset]:
    """Read every asset.

    Returns:
        By hashed name, such as `console.1a2b3c4d5e.css`.
    """
    found = {}
    for file in sorted(resources.files("controller.console").joinpath("assets").iterdir(), key=str):
        stem, dot, ending = file.name.rpartition(".")
        if dot + ending not in _TYPES:
            continue
        plain = file.read_bytes()
        digest = hashlib.sha256(plain).hexdigest()[:10]
        asset = Asset(
            name=f"{stem}.{digest}.{ending}",
            media_type=_TYPES[dot + ending],
            plain=plain,
            packed=gzip.compress(plain, 9, mtime=0),
        )
        found[asset.name] = asset
    return found


@cache
def asset_url(name: str) -> str:
    """Give the address of an asset.

    Args:
        name: Its plain name, such as `console.css`.

    Returns:
        The address with its hash.

    Raises:
        KeyError: There is no such asset.
    """
    stem, _, ending = name.rpartition(".")
    for hashed in assets():
        if hashed.startswith(f"{stem}.") and hashed.endswith(f".{ending}"):
            middle = hashed[len(stem) + 1 : -len(ending) - 1]
            if "." not in middle:
                return f"/assets/{hashed}"
    raise KeyError(name)
