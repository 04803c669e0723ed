"""What check lets through can be simulated: no traceback, no missing figure, clear words else."""

import json
import math
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from controller.cli import main
from controller.sitefiles import schema
from controller.sitefiles.rules import Real, Whole
from tests.site.sound import SOUND, write_site

TABLES = {
    "nodes.csv": schema.NODES,
    "pipes.csv": schema.PIPES,
    "stations.csv": schema.STATIONS,
    "buildings.csv": schema.BUILDINGS,
}
# Table, column, least and largest value that the schema allows.
COLUMNS = [
    (name, column, float(field.rule.low), float(field.rule.high), isinstance(field.rule, Whole))
    for name, fields in TABLES.items()
    for column, field in fields.items()
    if isinstance(field.rule, (Real, Whole)) and column in SOUND[name].splitlines()[0].split(",")
]
ANSWERS = {0, 1, 2}


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[str, str, int, str]]:
    """Up to four cells at an end of their range or, mostly near its lower end, inside it."""
    found = []
    for name, column, low, high, whole in draw(st.lists(st.sampled_from(COLUMNS), max_size=4)):
        share = draw(st.sampled_from([0.0, 1.0]) | st.floats(0.0, 1.0).map(lambda x: x**8))
        value = low + share * (high - low)
        row = draw(st.integers(1, len(SOUND[name].splitlines()) - 1))
        found.append((name, column, row, str(int(value)) if whole else repr(value)))
    return found


def run(*words: str) -> tuple[int, str]:
    """Run a command line; its exit code and standard output."""
    out = StringIO()
    with redirect_stdout(out), redirect_stderr(StringIO()):
        code = main([*words, "--json"])
    return code, out.getvalue()


# The same cases in every run: beside the network, the solver of every step is on trial here.
@settings(
    max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(made=changes())
@example(made=[("stations.csv", "secondary_flow_kg_s", 1, "0.001")])
@example(made=[("stations.csv", "opening_pct", 2, "0.0")])
@example(made=[("pipes.csv", "length_m", 1, "0.1")])
@example(made=[("buildings.csv", "capacity_kwh_k", 1, "0.001")])
def test_what_is_sound_can_be_simulated(made: list[tuple[str, str, int, str]]) -> None:
    files = dict(SOUND)
    for name, column, row, value in made:
        table = [line.split(",") for line in files[name].splitlines()]
        table[row][table[0].index(column)] = value
        files[name] = "".join(",".join(cells) + "\n" for cells in table)
    with tempfile.TemporaryDirectory() as name:
        folder = write_site(Path(name), files)
        if run("check", str(folder))[0] == 2:
            return
        code, out = run(
            "simulate", str(folder), "--weather", str(folder / "weather.csv"), "--start",
            "2026-01-04T00:00:00+08:00", "--hours", "0.5", "--out", str(folder / "run"),
        )  # fmt: skip
    told = json.loads(out)
    assert code in ANSWERS
    if code:
        assert all(error["message"] and error["remedy"] for error in told["errors"])
        return
    figures = [*told["cost"].values(), told["comfort"]["shortfall_k_h"]]
    assert all(figure is not None and math.isfinite(figure) for figure in figures), told
