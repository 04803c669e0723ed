"""The console's own process: a web server that ends with whoever started it."""

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

GRACE_S = 1
# Open pages, and as many requests beside them: more are told to come again.
MOST_CONNECTIONS = 400
LOOK_EVERY_S = 0.1


def main(words: list[str] | None = None) -> int:
    """Serve a site's console until told to stop.

    Args:
        words: The command line; the process's own where None.

    Returns:
        0 ended in order, 2 the site is wrong, 3 no store or no port.
    """
    arguments = _arguments(words)
    import uvicorn

    from controller.console.application import LOOPBACK, build_app
    from controller.console.settings import Console
    from controller.problems import InputError, report_problems
    from controller.site import load_site
    from controller.store.database import open_database
    from controller.store.errors import StoreError

    try:
        site = load_site(arguments.site)
        database = open_database(site.store_url, site.folder)
    except InputError as refusal:
        report_problems(refusal.problems, as_json=False)
        return 2
    except StoreError as error:
        sys.stderr.write(f"console: {error}\n")
        return 3
    clock = _clock(arguments.clock)
    console = Console(
        site=site,
        database=database,
        clock=clock,
        stale_after_s=arguments.stale_after,
        demo=arguments.demo,
    )
    own = arguments.host in LOOPBACK
    names = (*LOOPBACK, *arguments.name) if own or arguments.name else ("*",)
    app = build_app(console, hosts=names)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=arguments.host,
            port=arguments.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            # Behind a proxy on this machine the reader's own address counts, not the proxy's.
            proxy_headers=True,
            forwarded_allow_ips="127.0.0.1",
            # An open stream would keep the server for ever.
            timeout_graceful_shutdown=GRACE_S,
            limit_concurrency=MOST_CONNECTIONS,
        )
    )
    threading.Thread(target=_end_streams, args=(server, app), daemon=True).start()
    if arguments.with_parent:
        threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    server.run()
    database.close()
    return 0 if server.started else 3


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="console")
    parser.add_argument("site")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--name", action="append", default=[], help="host name of the console")
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--clock", help="HOST:PORT of the time service that the engine follows")
    parser.add_argument("--stale-after", type=float, default=4.2, help="silence of the engine, s")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    return parser.parse_args(words)


def _clock(address: str | None) -> Callable[[], datetime]:
    """The machine's own clock, or that of the bench which the engine lives by."""
    if address is None:
        return lambda: datetime.now(UTC)
    from controller.observed_clock import ObservedClock

    return ObservedClock(address)


def _end_streams(server: "uvicorn.Server", app: "FastAPI") -> None:
    """A server that is to end waits for what is open: tell the streams."""
    while not server.should_exit:
        time.sleep(LOOK_EVERY_S)
    app.state.live.end()


def _end_with_parent(server: "uvicorn.Server") -> None:
    """Standard input is a pipe from whoever started this: it ends when they do, however they do."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    server.should_exit = True


if __name__ == "__main__":
    sys.exit(main())
