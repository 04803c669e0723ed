"""Make the README's picture of the console: the demonstration as a visitor sees it.

python -m benchmarks.screenshot_console docs/img/console.png --language en

The first plan takes the demonstration a minute or two on an idle machine.
"""

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIGN_IN = re.compile(r"sign in as (\S+) or (\S+), password (\S+)")
PATIENCE_S = 3600.0


def main() -> None:
    """Run the demonstration, wait for a recommendation, take the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--language", choices=("zh", "en"), default="en")
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--height", type=int, default=1000)
    parser.add_argument("--port", type=int, default=8197)
    arguments = parser.parse_args()
    with _demonstration(arguments.port) as (name, password), sync_playwright() as player:
        browser = player.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        size = ViewportSize(width=arguments.width, height=arguments.height)
        context = browser.new_context(base_url=f"http://127.0.0.1:{arguments.port}", viewport=size)
        page = context.new_page()
        page.set_default_timeout(20_000)
        _sign_in(page, name, password)
        page.goto(f"/language/{arguments.language}")
        _wait_for_advice(page)
        page.screenshot(path=arguments.picture)
        browser.close()


@contextmanager
def _demonstration(port: int) -> Iterator[tuple[str, str]]:
    words = ["-m", "controller.cli", "demo", "--live", "--port", str(port)]
    demo = subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True)
    assert demo.stderr is not None
    try:
        for line in demo.stderr:
            sys.stderr.write(line)
            found = SIGN_IN.search(line)
            if found:
                yield found[1], found[3]
                return
        raise SystemExit("the demonstration ended by itself")
    finally:
        demo.terminate()
        demo.communicate()


def _sign_in(page: Page, name: str, password: str) -> None:
    """The console comes up a little later than the demonstration names it."""
    give_up_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_s:
        try:
            page.goto("/login")
            page.fill("[name=name]", name, timeout=5000)
            page.fill("[name=password]", password)
            page.click("button")
            page.wait_for_selector("#h-map", timeout=10000)
            return
        except Exception as error:  # noqa: BLE001 -- whatever a browser says of a port not open yet
            sys.stderr.write(f"not yet: {str(error).splitlines()[0]}\n")
            time.sleep(3.0)


def _wait_for_advice(page: Page) -> None:
    page.goto("/?view=temperature")
    page.wait_for_selector("#do-approve", timeout=1000.0 * PATIENCE_S)
    page.goto("/?view=temperature")
    page.wait_for_timeout(1500)


if __name__ == "__main__":
    main()
