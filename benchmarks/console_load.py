"""What the console weighs and costs: a page's bytes and time to ready, fifty pages left open.

python -m benchmarks.console_load --nodes 300
python -m benchmarks.console_load --nodes 3000
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.console_site import advice_for, write_console_site
from controller import approvals
from controller.console.access import SESSION_COOKIE
from controller.roles import Role
from controller.site import Site, load_site
from controller.store.database import Database, open_database
from controller.store.lease import take_lease
from controller.store.passes import SESSION, issue
from controller.store.present import publish
from controller.store.recommendations import StoredRecommendation, record
from controller.store.users import put_user

PUBLISH_EVERY_S = 2.0
PARTS = "head,banner,marks,values,card,alarms"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=300)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--port", type=int, default=8199)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_console_site(Path(scratch) / "site", arguments.nodes)
        site = load_site(folder)
        database = open_database(site.store_url, folder)
        secret = _filled(site, database)
        ending = threading.Event()
        threading.Thread(target=_publishing, args=(site, database, ending), daemon=True).start()
        words = ["-m", "controller.console.server", str(folder), "--port", str(arguments.port)]
        server = subprocess.Popen([sys.executable, *words])
        try:
            base = f"http://127.0.0.1:{arguments.port}"
            _wait_for(base)
            _page(base, secret)
            _streams(base, secret, server.pid, arguments.pages, arguments.seconds)
        finally:
            server.terminate()
            server.wait()
            ending.set()


def _page(base: str, secret: str) -> None:
    """Open the overview in a browser with nothing kept, five times; the middle one counts."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        for view in ("/", "/?view=temperature"):
            found = []
            for _ in range(5):
                context = browser.new_context(viewport={"width": 1280, "height": 900})
                context.add_cookies([{"name": SESSION_COOKIE, "value": secret, "url": base}])
                page = context.new_page()
                page.goto(base + view)
                found.append(json.loads(page.evaluate(_TIMES)))
                context.close()
            ready = sorted(one["ready_ms"] for one in found)
            first = found[0]
            print(
                f"{view}: {first['sent'] / 1000:.0f} kB sent, {first['plain'] / 1000:.0f} kB "
                f"unpacked, {first['files']} files; ready in {ready[2]:.0f} ms "
                f"({ready[0]:.0f} to {ready[-1]:.0f}); from {first['hosts']}"
            )
        browser.close()


_TIMES = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const files = performance.getEntriesByType("resource").filter(f => !f.name.includes("/live"));
  const all = [page, ...files];
  return JSON.stringify({
    ready_ms: page.loadEventStart || page.domContentLoadedEventEnd,
    sent: all.reduce((sum, one) => sum + one.encodedBodySize, 0),
    plain: all.reduce((sum, one) => sum + one.decodedBodySize, 0),
    files: all.length,
    hosts: [...new Set(all.map(one => new URL(one.name).host))].join(" "),
  });
}"""


def _streams(base: str, secret: str, server_id: int, pages: int, seconds: float) -> None:
    heard = [0] * pages

    def look(number: int) -> None:
        with (
            contextlib.suppress(httpx.HTTPError),  # the server ends before its pages
            httpx.Client(base_url=base, cookies={SESSION_COOKIE: secret}, timeout=30) as client,
            client.stream("GET", "/live", params={"parts": PARTS}) as answer,
        ):
            for line in answer.iter_lines():
                heard[number] += line.startswith("event: beat")

    for number in range(pages):
        threading.Thread(target=look, args=(number,), daemon=True).start()
    process = psutil.Process(server_id)
    time.sleep(5.0)
    before, began_s = process.cpu_times(), time.monotonic()
    beats = sum(heard)
    time.sleep(seconds)
    after, took_s = process.cpu_times(), time.monotonic() - began_s
    used_s = after.user + after.system - before.user - before.system
    memory = process.memory_info().rss / 1e6
    print(
        f"{pages} pages: {memory:.0f} MB, {100 * used_s / took_s:.1f} % of a core, "
        f"{(sum(heard) - beats) / pages / took_s:.2f} beats a page and second"
    )


def _filled(site: Site, database: Database) -> str:
    now = datetime.now(UTC)
    advice = advice_for(site, now)
    with database.writing() as connection:
        take_lease(connection, "benchmark", now, timedelta(hours=1))
        put_user(connection, "li", Role.OPERATOR, "correct horse battery", now)
        stored = StoredRecommendation(
            recommendation_id=advice.recommendation_id,
            at=now,
            expires_at=advice.expires_at,
            input_hash=advice.input_hash,
            body=approvals.to_json(advice),
        )
        record(connection, stored)
        publish(connection, "alarms", {"alarms": [], "announced": []}, now)
        return issue(connection, SESSION, "li", "", now, now + timedelta(hours=1))


def _publishing(site: Site, database: Database, ending: threading.Event) -> None:
    """Stand in for the engine: publish as often and as much as it does."""
    beat = 0
    while not ending.is_set():
        beat += 1
        readings = {
            one.point_id: {"value": 70.0 + (beat + i) % 9, "quality": "good", "age_s": 1.0}
            for i, one in enumerate(site.points)
            if one.direction == "read"
        }
        body: dict[str, Any] = {
            "mode": "advisory",
            "since": "",
            "reason": "good cycles",
            "readings": readings,
            "alarms": [],
            "armed": None,
            "owned": None,
        }
        with database.writing() as connection:
            publish(connection, "engine", body, datetime.now(UTC))
        ending.wait(PUBLISH_EVERY_S)


def _wait_for(base: str) -> None:
    for _ in range(300):
        try:
            httpx.get(f"{base}/login", timeout=5)
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise SystemExit("the console never answered")


if __name__ == "__main__":
    main()
