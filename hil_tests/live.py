"""The demonstration live: the bench at a multiple of real time, engine and console on top."""

import secrets
import signal
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from controller.terminal_words import telling
from hil_tests.bench.people import ENGINEER, OPERATOR
from hil_tests.bench.scenario import read_scenario
from hil_tests.bench.session import Session, SessionOptions

SCENARIO = Path(__file__).with_name("demo.toml")


def run_live(site: str, speed: float, port: int, language: str) -> int:
    """Run the demonstration until SIGTERM or Ctrl-C.

    Args:
        site: Whose plant.
        speed: Times real time.
        port: The console's port on this machine.
        language: zh or en, of what is said.

    Returns:
        0; 3 where the engine has ended by itself.
    """
    say = telling(language)
    password = secrets.token_urlsafe(9)
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heatwarden-demo-")))
        options = SessionOptions(
            speed=speed,
            engine_words=("--demo", "--console-port", str(port)),
            password=password,
            shows_commissioning=True,
        )
        scenario = replace(read_scenario(SCENARIO), site=site)
        session = Session(scenario, work, stack, options, say)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: session.ending.set())
        say("")
        say(f"console: http://127.0.0.1:{port}   {speed:g} times real time; Ctrl-C ends it")
        say(f"sign in as {OPERATOR} or {ENGINEER}, password {password}")
        say("")
        session.run(until_engine_ends=True)
        failed = not session.ending.is_set()
        if failed:
            sys.stderr.write(session.log_path.read_text(encoding="utf-8", errors="replace") + "\n")
    return 3 if failed else 0
