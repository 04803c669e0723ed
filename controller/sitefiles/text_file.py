"""Reading a text file of a site: present, readable, UTF-8, no NUL bytes."""

from pathlib import Path

from controller.sitefiles.rules import did_you_mean, shown
from drivers.base import Problem

# A city's network takes a hundredth of it.
LARGEST_BYTES = 64 * 2**20


def is_there(path: Path, *, folder: bool = False) -> bool:
    """Say whether a file or folder exists; a name that no file can have does not.

    Args:
        path: Where it should lie.
        folder: Whether a folder is meant, not a file of any kind.

    Returns:
        True where it exists.
    """
    try:
        return path.is_dir() if folder else path.exists()
    except (OSError, ValueError):
        return False


def read_text(path: Path, name: str) -> str | Problem:
    """Read a whole text file.

    Args:
        path: Where it lies.
        name: Its name for messages.

    Returns:
        The text without a byte order mark, or what is wrong with the file.
    """
    try:
        if not is_there(path):
            return _missing(path, name)
        if not path.is_file():
            return Problem(file=name, message="is not a file", remedy="put a file in its place")
        if path.stat().st_size > LARGEST_BYTES:
            return Problem(
                file=name,
                value=f"{path.stat().st_size / 2**20:,.0f} MiB",
                message=f"is larger than {LARGEST_BYTES // 2**20} MiB",
                remedy="check that it is the right file",
            )
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Problem(
            file=name, message=f"cannot be read: {reason}", remedy="check the file's permissions"
        )
    return decode(content, name)


def _missing(path: Path, name: str) -> Problem:
    """Say that a file is not there, and which one in its folder is probably meant."""
    if path.is_symlink():
        return Problem(file=name, message="is a link that leads to no file", remedy="mend the link")
    near = did_you_mean(path.name, sorted(one.name for one in path.parent.iterdir()))
    remedy = f"rename {shown(near)} to {path.name}" if near else "add the file to the site"
    return Problem(file=name, message="does not exist", remedy=remedy)


def decode(content: bytes, name: str) -> str | Problem:
    """Decode a file's bytes as UTF-8.

    Args:
        content: All bytes.
        name: The file's name for messages.

    Returns:
        The text without a byte order mark, or what is wrong with the bytes.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Problem(
            file=name,
            row=content.count(b"\n", 0, error.start) + 1,
            value=f"byte 0x{content[error.start]:02x}",
            message="is not UTF-8 text",
            remedy='save the file as UTF-8 (in a spreadsheet: "CSV UTF-8")',
        )
    nul = text.find("\0")
    if nul >= 0:
        return Problem(
            file=name,
            row=text.count("\n", 0, nul) + 1,
            message="has a NUL character",
            remedy="save the file as plain UTF-8 text",
        )
    return text
