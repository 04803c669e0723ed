"""docs/trust.md: what was asked, what came of it, on which commit, when, by which command."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.soak_campaigns import Campaign

BEGINS = """\
# Trust

What the long campaigns came to. This page is written by `make soak`, which runs them in this
order within its budget (`make soak BUDGET_H=8`), goes on where it was stopped, and does nothing
twice for one commit. What it says is the last line of each campaign's own output;
`out/soak/NAME.log` has the rest. Campaigns may be run on several machines: the row of one that was
not run here stays as it stood. [security.md](security.md) has the security pass,
[operations.md](operations.md) what a stranger does.

## Campaigns

| campaign | proves | came to | exit code | commit | when (UTC) | min | seeds | command |
|---|---|---|---|---|---|---|---|---|
"""

WINTERS_BEGIN = "## Winters"
_SUITE_BEGINS = """
## In every run of the suite

| what | asked | held by |
|---|---|---|"""
# What the suite holds at every commit: what, what is asked, and the test.
IN_THE_SUITE = (
    (
        "upgrade from every earlier schema, SQLite and PostgreSQL",
        "no row lost",
        "`tests/trust/test_upgrade.py`",
    ),
    (
        "backup while four writers write, then restore",
        "nothing acknowledged is missing",
        "`tests/trust/test_backup_under_load.py`",
    ),
    (
        "any byte of any audit record changed, removed, moved, added",
        "first bad record named",
        "`tests/trust/test_tampering.py`",
    ),
    (
        "readings exported and imported again, CSV and Parquet",
        "bit for bit",
        "`tests/trust/test_summaries.py`",
    ),
    (
        "readings summed up and forgotten by policy",
        "means, lowest and highest stay",
        "`tests/trust/test_summaries.py`",
    ),
    (
        "commands under faults, 1,200 of the million",
        "none wrong, double, unjournaled",
        "`tests/trust/test_commands.py`",
    ),
    (
        "attacks on the real server",
        "none gets through",
        "`tests/console/test_attacks.py`",
    ),
    (
        "every block of docs/operations.md",
        "works by copy and paste",
        "`tests/repository/test_wheel.py`",
    ),
    (
        "licences of everything installed",
        "no GPL, no AGPL",
        "`tests/trust/test_licences.py`",
    ),
)


def page_of(
    campaigns: Sequence[Campaign],
    states: Mapping[str, Mapping[str, Any] | None],
    winters: Sequence[str],
    before: str = "",
) -> str:
    """Write the page.

    Args:
        campaigns: In order.
        states: What came of each; None where it has not been run here.
        winters: Lines about the single winters; none where none was run here.
        before: The page as it stands; what was not run here is kept from it.

    Returns:
        Markdown.
    """
    stood = {
        line.split(" | ")[0]: line
        for line in before.splitlines()
        if line.startswith("| ") and "**not run**" not in line
    }
    rows = []
    for one in campaigns:
        state = states.get(one.name)
        kept = stood.get(f"| {one.name}") if state is None else None
        rows.append(kept or _row(one, state))
    suite = [f"| {what} | {asked} | {test} |" for what, asked, test in IN_THE_SUITE]
    parts = [BEGINS + rows[0], *rows[1:], *(winters or _winters_of(before)), _SUITE_BEGINS, *suite]
    return "\n".join([*parts, ""])


def was_stopped(state: Mapping[str, Any]) -> bool:
    """Whether a campaign was ended by a signal; what it had come to by then is its figure."""
    return bool(state["exit_code"] < 0)


def _winters_of(page: str) -> list[str]:
    """The lines about single winters as a page has them."""
    _, found, rest = page.partition(f"\n{WINTERS_BEGIN}\n")
    lines = rest.partition(_SUITE_BEGINS.splitlines()[1])[0].rstrip("\n").splitlines()
    return ["", WINTERS_BEGIN, *lines] if found else []


def _row(one: Campaign, state: Mapping[str, Any] | None) -> str:
    if state is None:
        return (
            f"| {one.name} | {one.proves} | **not run** (about {one.usual_min:g} min) | | | | "
            f"| {one.seeds} | `{one.command}` |"
        )
    figure = str(state["figure"]).replace("|", "/")
    ended = "stopped" if was_stopped(state) else state["exit_code"]
    return (
        f"| {one.name} | {one.proves} | {figure} | {ended} | {state['commit'][:10]} "
        f"| {state['at'][:16]} | {state['seconds'] / 60.0:.1f} | {one.seeds} "
        f"| `{state['command']}` |"
    )
