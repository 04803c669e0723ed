"""Plants errors in the physics one at a time, and tells which of the conventions' tests notice.

Run as a process of its own, uncompiled: NUMBA_DISABLE_JIT=1 python -m tests.optimizer.planted
"""
# ruff: noqa: E501  (a table reads best with one row a line)

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import sys
import types
from collections.abc import Sequence
from dataclasses import dataclass

TESTS = "tests.optimizer.test_conventions"


@dataclass(frozen=True)
class Error:
    """One wrong line: `old` in a module of `optimizer` becomes `new`."""

    name: str
    module: str
    old: str
    new: str


ERRORS = (
    # transport
    Error("water cools twice as fast", "physics.transport", "pipe] * step_s /", "pipe] * 2 * step_s /"),
    Error("water does not cool", "physics.transport", "pipe] * step_s /", "pipe] * 0 * step_s /"),
    Error("walls hold no heat", "physics.layout", "wall_j_m_k * length / REF", "0 * length / REF"),
    Error("a pipe holds its radius squared", "physics.layout", "np.pi / 4.0 * diam", "np.pi * diam"),
    Error("standing water stays warm", "physics.plugs", "fade = math.exp(-decay)", "fade = 1.0"),
    Error("tanks keep what arrives", "physics.stirring", "tank = arriving +", "tank = 1.2 * arriving +"),
    # mixing
    Error("streams mix unweighted", "physics.transport", "power += abs(flow[pipe]) *", "power += total / (streams + (source.flow[node] > 0)) *"),
    Error("sources count twice", "physics.transport", "total = source.flow[node]", "total = 2.0 * source.flow[node]"),
    Error("make-up comes warm", "physics.march", "makeup_h = enthalpy_j_kg(layout.makeup_temp_c)", "makeup_h = enthalpy_j_kg(50.0)"),
    # friction
    Error("Fanning's factor for Darcy's", "physics.friction", "turbulent = 1.0 / inverse_root**2", "turbulent = 0.25 / inverse_root**2"),
    Error("natural logarithm in Colebrook", "physics.friction", "2.0 / LN10 * math.log(inside)", "2.0 * math.log(inside)"),
    Error("laminar 16 for 64", "physics.friction", "return 64.0, 0.0, guess", "return 16.0, 0.0, guess"),
    # pumps, valves, statics
    Error("head rises with speed, not its square", "physics.link_laws", "pumps.shutoff_head_m[pump] * speed * speed", "pumps.shutoff_head_m[pump] * speed"),
    Error("pump curve by mass flow", "physics.link_laws", "volume = forward / density", "volume = forward / 500.0"),
    Error("no non-return valve", "physics.link_laws", "if flow_kg_s < 0.0:\n        return gain -", "if False:\n        return gain -"),
    Error("Kv per second", "physics.layout", "(station.valve_kvs / 3600.0) ** 2 / 100.0", "(station.valve_kvs / 3000.0) ** 2 / 100.0"),
    Error("height counts downwards", "physics.nodal", "GRAVITY_M_S2 * layout.graph.elevation_m[node])", "GRAVITY_M_S2 * -layout.graph.elevation_m[node])"),
    # exchanger
    Error("parallel flow for counterflow", "physics.exchanger", "(1.0 / primary_w_k - 1.0 / secondary_w_k)", "(1.0 / primary_w_k + 1.0 / secondary_w_k)"),
    Error("arithmetic mean difference", "physics.exchanger", "far = near * math.exp(min(x, 50.0))", "far = 2.0 * near * quotient - near"),
    Error("offset counts downwards", "simulate", "[:, None] + offsets.T", "[:, None] - offsets.T"),
    # radiators and rooms
    Error("linear radiators", "physics.radiators", "** (exponent - 1.0)", "** 0.0"),
    Error("excess over the supply, not the mean", "physics.layout", "(reference.supply_c + reference.return_c) / 2.0", "reference.supply_c"),
    Error("air holds everything", "physics.layout", "air_j_k=0.15 * capacity", "air_j_k=0.85 * capacity"),
    Error("wind cools twice", "physics.layout", "wind_ua_pct_per_m_s / 100.0", "wind_ua_pct_per_m_s / 50.0"),
    # leaks
    Error("leaks ignore pressure", "physics.nodal", "** layout.leak_exponent\n    return leak", "** 0.0\n    return leak"),
    Error("both pipes leak the whole", "physics.layout", "/ 2.0 / 3600.0", "/ 3600.0"),
    # units
    Error("1 bar is 98.1 kPa", "physics.layout", "holding_pressure_bar * 1e5", "holding_pressure_bar * 98100.0"),
    Error("setpoints stand within a step", "timegrid", "0.5 * (boundaries[..., :-1] + boundaries[..., 1:])", "1.0 * boundaries[..., :-1]"),
    Error("a megawatt for a kilowatt", "physics.layout", "station.load_kw * 1e3", "station.load_kw * 1e3 * 1.01"),
    Error("water of 4.0 kJ/(kg K)", "physics.water", "4210.377376\n        + temp_c", "4010.377376\n        + temp_c"),
)  # fmt: skip


class Planter(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module with an error in it."""

    def __init__(self, error: Error) -> None:
        self.error = error
        self.target = f"optimizer.{error.module}"

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self.target:
            return None
        return importlib.util.spec_from_loader(name, self)

    def exec_module(self, module: types.ModuleType) -> None:
        found = importlib.machinery.PathFinder.find_spec(
            self.target, sys.modules[self.target.rpartition(".")[0]].__path__
        )
        assert found is not None
        assert found.origin is not None
        with open(found.origin, encoding="utf-8") as file:
            source = file.read()
        if source.count(self.error.old) < 1:
            raise ValueError(f"{self.error.name}: {self.error.old!r} is not in {found.origin}")
        module.__file__ = found.origin
        wrong = source.replace(self.error.old, self.error.new)
        exec(compile(wrong, found.origin, "exec"), module.__dict__)


def _forget() -> None:
    for name in [n for n in sys.modules if n.startswith(("optimizer", "tests.optimizer.net"))]:
        if not name.startswith("optimizer.model"):
            del sys.modules[name]
    sys.modules.pop(TESTS, None)


def noticing() -> list[str]:
    """Names of the conventions' tests that fail now."""
    _forget()
    tests = importlib.import_module(TESTS)
    failed = []
    for name, test in vars(tests).items():
        if not name.startswith("test_"):
            continue
        for arguments in _arguments(test):
            try:
                test(*arguments)
            except (AssertionError, ArithmeticError, ValueError):
                failed.append(name)
                break
    return failed


def _arguments(test: object) -> list[tuple[float, ...]]:
    """Arguments of a parametrized test, else one empty set."""
    for mark in getattr(test, "pytestmark", []):
        if mark.name == "parametrize":
            return [tuple(row) for row in mark.args[1]]
    return [()]


def main() -> None:
    """Print which tests fail without any error, and with each."""
    answers = {"none": noticing()}
    for error in ERRORS:
        planter = Planter(error)
        sys.meta_path.insert(0, planter)
        try:
            answers[error.name] = noticing()
        finally:
            sys.meta_path.remove(planter)
    print(json.dumps(answers))  # noqa: T201  (its answer is its output)


if __name__ == "__main__":
    main()
