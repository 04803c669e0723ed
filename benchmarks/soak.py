"""The long campaigns, in order, resumable, within a budget; what came of them in docs/trust.md.

    python -m benchmarks.soak --budget-h 8          # make soak
    python -m benchmarks.soak --only winters --again
    python -m benchmarks.soak --write               # only docs/trust.md, from what is there

What has been done for the same commit is not done again, unless `--again`. A campaign that would
not end within the budget, by its usual time, waits for the next run. State stands in
out/soak/NAME.json, what a campaign said in out/soak/NAME.log. Exit code 1 where one failed.
"""

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.soak_campaigns import CAMPAIGNS, Campaign
from benchmarks.soak_page import WINTERS_BEGIN, page_of, was_stopped
from hil_tests.winters import OUT as WINTERS
from hil_tests.winters import present_commit, read_rows, summary_of, table_of

STATE = Path("out/soak")
PAGE = Path("docs/trust.md")


def state_of(campaign: Campaign) -> dict[str, Any] | None:
    """Read what came of a campaign; None where it has not been run."""
    path = STATE / f"{campaign.name}.json"
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def carry_out(campaign: Campaign, commit: str) -> dict[str, Any]:
    """Run a campaign to its end and keep what came of it.

    Args:
        campaign: Which.
        commit: What it is run on.

    Returns:
        Its state: command, commit, instant, seconds, exit code and last line.
    """
    STATE.mkdir(parents=True, exist_ok=True)
    log = STATE / f"{campaign.name}.log"
    began, at = time.monotonic(), datetime.now(UTC)
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(
            ["nice", "-n", "15", sys.executable, *campaign.words], stdout=file,
            stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    lines = [line for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]
    state = {
        "commit": commit,
        "at": at.isoformat(timespec="minutes"),
        "command": campaign.command,
        "seconds": round(time.monotonic() - began),
        "exit_code": done.returncode,
        "figure": lines[-1][-400:] if lines else "",
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }
    path = STATE / f"{campaign.name}.json"
    path.write_text(json.dumps(state, indent=1, ensure_ascii=False), encoding="utf-8")
    return state


def chosen(only: Sequence[str], commit: str, again: bool) -> list[Campaign]:
    """List what is still to be done, in order."""
    wanted = [one for one in CAMPAIGNS if not only or one.name in only]
    if again:
        return wanted
    states = {one.name: state_of(one) or {} for one in wanted}
    done = {
        name
        for name, state in states.items()
        if state.get("commit") == commit and not was_stopped(state)
    }
    return [one for one in wanted if one.name not in done]


def main(words: Sequence[str]) -> int:
    """Run what fits, then write the page."""
    arguments = _parser().parse_args(words)
    commit = present_commit()
    ends_s = time.monotonic() + 3600.0 * arguments.budget_h
    failed = []
    for campaign in [] if arguments.write else chosen(arguments.only, commit, arguments.again):
        if time.monotonic() + 60.0 * campaign.usual_min > ends_s:
            print(f"{campaign.name}: not begun, it takes about {campaign.usual_min:g} min")
            continue
        print(f"{campaign.name}: {campaign.command}", flush=True)
        state = carry_out(campaign, commit)
        failed += [campaign.name] if state["exit_code"] else []
        print(f"{campaign.name}: exit code {state['exit_code']}, {state['figure']}", flush=True)
        _write_page()
    _write_page()
    return 1 if failed else 0


def _write_page() -> None:
    states = {one.name: state_of(one) for one in CAMPAIGNS}
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    page = page_of(CAMPAIGNS, states, _winters(), before)
    PAGE.write_text(page, encoding="utf-8", newline="\n")


def _winters() -> list[str]:
    """Every winter that has been run, none left out."""
    rows = read_rows(WINTERS)
    if not rows:
        return []
    about = {f"{one['commit'][:10]}, seed {one['seed'][:10]}, {one['hours']:g} h" for one in rows}
    return [
        "", WINTERS_BEGIN, "", f"Run on {'; '.join(sorted(about))}; {json.dumps(summary_of(rows))}",
        "", *table_of(rows).splitlines(),
    ]  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--budget-h", type=float, default=12.0, metavar="H")
    names = [one.name for one in CAMPAIGNS]
    parser.add_argument("--only", nargs="+", choices=names, default=[], metavar="NAME")
    parser.add_argument("--again", action="store_true", help="also what is done for this commit")
    parser.add_argument("--write", action="store_true", help="only the page")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
