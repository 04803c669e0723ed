"""Nothing that the program is installed with, or developed with, is under the GPL or the AGPL."""

import re
from importlib.metadata import Distribution, distributions

from tests.repository.conftest import ROOT

# A licence that obliges whoever only uses the program; the LGPL and a linking exception do not.
FORBIDDEN = re.compile(r"\bA?GPL|Affero|(?<!Lesser )General Public Licen[sc]e", re.IGNORECASE)
HARMLESS = re.compile(r"\bLGPL\S*|GPL\S* ?WITH ?\S*EXCEPTION\S*|GCC-exception", re.IGNORECASE)


def said_licences(distribution: Distribution) -> list[str]:
    """What a package says of its licence; a whole text counts by its first line."""
    about = distribution.metadata.json
    kinds = [one for one in about.get("classifier", []) if one.startswith("License")]
    said = [about.get("license_expression", ""), str(about.get("license", "")).split("\n")[0]]
    return [one for one in [*map(str, said), *kinds] if one]


def is_forbidden(said: str) -> bool:
    return bool(FORBIDDEN.search(HARMLESS.sub("", said)))


def test_the_judgement_itself() -> None:
    wrong = ["GPL-3.0-only", "AGPL-3.0", "GNU General Public License v2 (GPLv2)", "GPLv3", "gpl"]
    right = ["LGPL-3.0-or-later", "MIT", "BSD-3-Clause AND GPL-3.0-only WITH GCC-exception-3.1",
             "GNU Lesser General Public License v3 (LGPLv3)", "MPL-2.0"]  # fmt: skip
    assert [one for one in wrong if not is_forbidden(one)] == []
    assert [one for one in right if is_forbidden(one)] == []


def test_no_package_is_under_a_forbidden_licence() -> None:
    found = {one.name: said_licences(one) for one in distributions()}
    assert len(found) > 60
    bad = {name: said for name, said in found.items() if any(map(is_forbidden, said))}
    assert bad == {}


def test_every_package_says_its_licence() -> None:
    silent = {one.name.lower() for one in distributions() if not said_licences(one)}
    pinned = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().split()}
    assert silent & pinned == set()
