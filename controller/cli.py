"""The `heatwarden` command: one table of commands, each loaded only when it is asked for."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points, version
from types import ModuleType
from typing import NoReturn

from controller.streams import complete_streams, silence, silence_lost_streams

EXIT_DONE = 0
EXIT_ANSWER_IS_NO = 1
EXIT_BAD_INPUT = 2
EXIT_COULD_NOT_RUN = 3
# As a shell reports a program that a signal ended: neither a yes nor a no.
EXIT_INTERRUPTED = 130
EXIT_READER_GONE = 141

# name -> (module, one line of help). A command module imports nothing heavy at its top and has
# `configure(parser)` and `run(arguments) -> exit code`.
COMMANDS: dict[str, tuple[str, str]] = {
    "import": ("controller.commands.import_readings", "put readings of a file into the store"),
    "init": ("controller.commands.init", "write a commented starter site"),
    "check": ("controller.commands.check", "read a site folder and say everything wrong with it"),
    "simulate": ("controller.commands.simulate", "run a schedule through the network model"),
    "plan": ("controller.commands.plan", "plan outlet temperatures, pump speeds and offsets"),
    "forecast": ("controller.commands.forecast", "forecast the load of the next days"),
    "calibrate": ("controller.commands.calibrate", "learn a site's parameters from its meters"),
    "complaint": ("controller.commands.complaint", "enter, list, answer and close complaints"),
    "run": ("controller.commands.run", "run the engine of a site"),
    "status": ("controller.commands.status", "what the engine is doing"),
    "approve": ("controller.commands.approve", "approve a recommendation as a whole"),
    "reject": ("controller.commands.reject", "reject a recommendation"),
    "arm": ("controller.commands.arm", "let the automatic mode be entered in a cold snap"),
    "disarm": ("controller.commands.disarm", "end the armed window"),
    "hold": ("controller.commands.hold", "stop every write at once, or go on"),
    "commission": ("controller.commands.commission", "unlock a point by the plant's own panel"),
    "identify": ("controller.commands.identify", "test by small steps what each lever does"),
    "reload": ("controller.commands.reload", "let the engine read the site again"),
    "replay": ("controller.commands.replay", "what would have been advised in the past"),
    "report": ("controller.commands.report", "what happened in a shift, as page and workbook"),
    "user": ("controller.commands.user", "add, remove and list users"),
    "audit": ("controller.commands.audit", "verify or show who did what"),
    "balance": ("controller.commands.balance", "list the few valve turns that warm most"),
    "backup": ("controller.commands.backup", "copy the store while the engine runs"),
    "restore": ("controller.commands.restore", "read a backup into an empty store"),
    "export": ("controller.commands.export", "write a table of the store as CSV or Parquet"),
    "bus": ("controller.commands.bus", "list, scan, read, watch and write field devices"),
}
# Commands of rooms above the controller register here; the module also has HELP.
ENTRY_POINT_GROUP = "heatwarden.commands"


class _UsageError(Exception):
    """The words of a command line make no sense."""

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message)
        self.usage = usage


class _Parser(argparse.ArgumentParser):
    """Leaves to the command line how wrong words are answered: as every bad input is."""

    def error(self, message: str) -> NoReturn:
        """Refuse the words."""
        raise _UsageError(message, f"{self.format_usage()}{self.prog}: error: {message}\n")


def available_commands() -> dict[str, tuple[ModuleType | str, str]]:
    """List every command: the controller's own, then those of the entry-point group.

    Returns:
        Command name -> (module or module name, one line of help).
    """
    found: dict[str, tuple[ModuleType | str, str]] = dict(COMMANDS)
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        module = entry.load()
        found[entry.name] = (module, module.HELP)
    return dict(sorted(found.items()))


def build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """Build the parser; only the chosen command's module is imported and configured.

    Args:
        chosen: The command named on the command line, or None.

    Returns:
        The parser for the whole command line.
    """
    parser = _Parser(
        prog="heatwarden",
        description="Supervisory control and supply-temperature optimization for district heating.",
    )
    parser.add_argument(
        "--version", action="version", version=f"heatwarden {version('heatwarden')}"
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, help_text) in available_commands().items():
        subparser = subparsers.add_parser(
            name, help=help_text, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == chosen:
            loaded = importlib.import_module(module) if isinstance(module, str) else module
            loaded.configure(subparser)
            subparser.set_defaults(run=loaded.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; the process's own when None.

    Returns:
        Exit code: 0 done, 1 the answer is no, 2 bad input, 3 could not run; 130 interrupted, 141
        the reader of the output has gone (`| head`).
    """
    words = list(sys.argv[1:] if argv is None else argv)
    complete_streams()
    try:
        try:
            return _run(words)
        finally:
            # Here, not at the interpreter's end, where nobody could answer what goes wrong.
            sys.stdout.flush()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:
        return _answer_system_error(error, as_json="--json" in words)


def _run(words: list[str]) -> int:
    chosen = next((word for word in words if not word.startswith("-")), None)
    try:
        arguments = build_parser(chosen).parse_args(words)
    except _UsageError as wrong:
        _answer_usage_error(wrong, as_json="--json" in words)
        raise SystemExit(EXIT_BAD_INPUT) from None
    exit_code: int = arguments.run(arguments)
    return exit_code


def _answer_usage_error(wrong: _UsageError, *, as_json: bool) -> None:
    if not as_json:
        sys.stderr.write(wrong.usage)
        return
    from controller.problems import report_problems
    from drivers.base import Problem

    remedy = "see --help of the command"
    report_problems([Problem(file="command line", message=str(wrong), remedy=remedy)], as_json=True)


def _answer_system_error(error: OSError, *, as_json: bool) -> int:
    """Answer what no command expected of the operating system: a lost reader, a full disk."""
    lost = silence_lost_streams()
    if lost and isinstance(error, BrokenPipeError):
        return EXIT_READER_GONE
    from controller.problems import report_problems
    from drivers.base import Problem

    problem = Problem(
        file=str(error.filename or "heatwarden"),
        message=f"the operating system says: {error.strerror or error}",
        remedy="put that right and run the command again",
    )
    try:
        report_problems([problem], as_json=as_json and not lost)
    except OSError:  # nobody can be told
        silence(sys.stdout)
        silence(sys.stderr)
    return EXIT_COULD_NOT_RUN


if __name__ == "__main__":
    sys.exit(main())
