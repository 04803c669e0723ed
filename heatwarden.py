"""Where the program starts: a name of its own beside its four packages, so that it can check them.

`controller`, `optimizer`, `drivers` and `hil_tests` are common words. Where another project's
package or folder owns one of them, a part of that project would run in the place of ours; the
program refuses to start instead. Nothing but this file may be imported before that is known.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from importlib.util import find_spec
from pathlib import Path

ROOMS = ("controller", "optimizer", "drivers", "hil_tests")
HOME = Path(__file__).resolve().parent
EXIT_COULD_NOT_RUN = 3
_CODE = (".py", ".so", ".pyd")


def main(argv: Sequence[str] | None = None) -> int:
    """Start the program, unless a foreign package owns one of its names.

    Args:
        argv: Arguments without the program's name; the process's own when None.

    Returns:
        Exit code of the command line; 3 where a name is owned by another.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    foreign = list(foreign_places(HOME))
    if foreign:
        _refuse(foreign, as_json="--json" in words)
        return EXIT_COULD_NOT_RUN
    from controller.cli import main as run_command_line

    return run_command_line(words)


def foreign_places(home: Path) -> Iterator[tuple[str, Path]]:
    """Find what is not ours under our packages' names.

    Args:
        home: The folder in which all four lie.

    Yields:
        A package's name, and the foreign folder or file.
    """
    own_files = _installed_files()
    for room in ROOMS:
        spec = find_spec(room)
        places = [] if spec is None else [*(spec.submodule_search_locations or [spec.origin or ""])]
        elsewhere = [Path(place) for place in places if Path(place).resolve() != home / room]
        if elsewhere or not places:
            yield room, elsewhere[0] if elsewhere else home / room
        elif "__init__.py" in own_files.get(room, ()):
            yield from ((room, path) for path in _mixed_in(home / room, own_files[room]))


def _installed_files() -> dict[str, set[str]]:
    """What the installation put directly into each package; of a checkout, data files only."""
    try:
        files = distribution("heatwarden").files or []
    except PackageNotFoundError:
        return {}
    own: dict[str, set[str]] = {}
    for file in files:
        if len(file.parts) > 1 and file.parts[0] in ROOMS:
            own.setdefault(file.parts[0], set()).add(file.parts[1])
    return own


def _mixed_in(folder: Path, own: set[str]) -> Iterator[Path]:
    """Code that another distribution wrote into a package of ours, whose __init__ is empty."""
    for path in sorted(folder.iterdir()):
        is_code = path.is_dir() if not path.suffix else path.suffix in _CODE
        if path.name not in own and is_code and not path.name.startswith(("__pycache__", ".")):
            yield path
    if (folder / "__init__.py").stat().st_size > 0:
        yield folder / "__init__.py"


def _refuse(foreign: Sequence[tuple[str, Path]], *, as_json: bool) -> None:
    """Say which name is whose, in the form that every command uses."""
    owners = packages_distributions()
    errors = []
    for room, path in foreign:
        others = [name for name in owners.get(room, ()) if name != "heatwarden"]
        whose = f" (it belongs to {', '.join(others)})" if others else ""
        message = f"is not heatwarden's package {room}{whose}: refusing to start"
        remedy = "remove it, or install heatwarden into an environment of its own"
        errors.append({"file": str(path), "row": None, "column": None, "value": room,
                       "message": message, "remedy": remedy})  # fmt: skip
    if as_json:
        sys.stdout.write(json.dumps({"errors": errors}) + "\n")
        return
    for error in errors:
        sys.stderr.write(f"error: {error['file']}: {error['message']}; {error['remedy']}\n")


if __name__ == "__main__":
    sys.exit(main())
