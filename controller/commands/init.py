"""`heatwarden init`: write a commented starter site."""

import argparse

_EXAMPLES = """\
examples:
  heatwarden init sites/west
  heatwarden check sites/west        # says what is still to be filled in

The folder must be new or empty. It gets a site.toml with ten keys marked FILL IN, and tables with a
small made-up network to replace.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("folder", metavar="FOLDER", help="the folder to write")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Write the starter site.

    Args:
        arguments: The parsed command line.

    Returns:
        0 done, 2 where the folder is in use, 3 where it cannot be written.
    """
    import json
    import shlex
    from pathlib import Path

    from controller.problems import InputError, not_written, report_problems, write_line
    from controller.sitefiles.starter import write_starter

    try:
        files = write_starter(Path(arguments.folder))
    except InputError as error:
        report_problems(error.problems, as_json=arguments.json)
        return 2
    except (OSError, ValueError) as error:
        report_problems([not_written(arguments.folder, error)], as_json=arguments.json)
        return 3
    if arguments.json:
        write_line(json.dumps({"site": arguments.folder, "files": list(files)}))
    else:
        write_line(f"wrote {arguments.folder}: {', '.join(files)}")
        write_line("fill in the keys marked FILL IN, replace the rows of the tables, then run")
        write_line(f"  heatwarden check {shlex.quote(_as_argument(arguments.folder))}")
    return 0


def _as_argument(folder: str) -> str:
    """A folder's name as it can be typed again: not like an option."""
    return f"./{folder}" if folder.startswith("-") else folder
