"""docs/site.md names every section, key and column there is."""

import re
from pathlib import Path

import pytest

from controller.sitefiles import schema

PAGE = (Path(__file__).parents[2] / "docs" / "site.md").read_text("utf-8")
TABLES = {
    "nodes.csv": schema.NODES,
    "pipes.csv": schema.PIPES,
    "stations.csv": schema.STATIONS,
    "buildings.csv": schema.BUILDINGS,
    "points.csv": schema.POINTS,
}


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_described_and_required_ones_are_bold(table: str) -> None:
    part = PAGE.partition(f"## {table}")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in part.splitlines() if line.startswith("|")]
    for column, field in TABLES[table].items():
        found = [cell for cell in cells if re.search(rf"\b{column}\b", cell)]
        assert len(found) == 1, column
        assert (f"**{column}**" in found[0]) is field.required, column


@pytest.mark.parametrize("name", schema.SITE_TOML)
def test_every_key_is_described_and_required_ones_are_bold(name: str) -> None:
    section = schema.SITE_TOML[name]
    title = f"[[{name}]]" if section.many else f"[{name}]"
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{title}`")]
    assert ("(run)" in line.split("|")[1]) is not section.required
    for key, field in section.fields.items():
        assert re.search(rf"\b{key}\b", line), key
        assert (f"**{key}**" in line) is field.required, key
