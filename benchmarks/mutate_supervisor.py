"""Mutation testing of the guard and the write path: how many planted changes the tests notice.

    python -m benchmarks.mutate_supervisor guard
    python -m benchmarks.mutate_supervisor actuate --lines 180-230

Each mutant is one changed operator, constant, condition or removed call in a copy of the project;
it is killed where the module's own tests fail. Texts for people are not mutated.
"""

import argparse
import ast
import copy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGETS = {
    "guard": ("controller/guard.py", ["tests/supervisor/test_guard.py"]),
    "actuate": (
        "controller/actuate.py",
        ["tests/supervisor/test_write_path_edges.py", "tests/supervisor/test_write_path.py"],
    ),
    "modes": ("controller/modes.py", ["tests/supervisor/test_modes.py"]),
}
FOLDERS = ("controller", "optimizer", "drivers", "hil_tests", "tests", "config")
COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip
CALLS = {"min": "max", "max": "min", "floor": "ceil", "ceil": "floor", "all": "any", "any": "all"}
TIMEOUT_S = 120


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Give each mutant of a module: what was changed where, and its text."""
    tree = ast.parse(source)
    skipped = _skipped(tree)
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in skipped:
            continue
        for count in range(2):
            changed = copy.deepcopy(tree)
            place = list(ast.walk(changed))[number]
            what = _mutate(place, count)
            if what:
                line = getattr(place, "lineno", 0)
                yield f"line {line}: {what}", ast.unparse(ast.fix_missing_locations(changed))


def _skipped(tree: ast.Module) -> set[int]:
    """Annotations, texts, and what only makes a text."""
    found: set[int] = set()
    for node in ast.walk(tree):
        parts: list[ast.AST] = []
        if isinstance(node, ast.JoinedStr):
            parts = [node]
        elif isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            parts = [node.annotation]
        elif isinstance(node, ast.FunctionDef):
            parts = [*node.decorator_list, *([node.returns] if node.returns else [])]
        elif isinstance(node, ast.ClassDef):
            parts = list(node.decorator_list)
        for part in parts:
            found |= {id(one) for one in ast.walk(part)}
    return found


def _mutate(node: ast.AST, count: int) -> str:
    """Change a node in place in its first or second way; say how, or nothing."""
    if count == 1:
        if isinstance(node, ast.If):
            node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)
            return "condition negated"
        return ""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARE:
        node.ops[0] = COMPARE[type(node.ops[0])]()
        return f"comparison to {type(node.ops[0]).__name__}"
    if isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return f"to {type(node.op).__name__}"
    if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        node.op = BINARY[type(node.op)]()
        return f"to {type(node.op).__name__}"
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        old = node.value
        node.value = not old if isinstance(old, bool) else old + 1
        return f"{old} to {node.value}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
        return _mutate_call(node.func)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        node.value = ast.Constant(value=None)
        return "call removed"
    return ""


def _mutate_call(called: ast.Name | ast.Attribute) -> str:
    name = called.id if isinstance(called, ast.Name) else called.attr
    if name not in CALLS:
        return ""
    if isinstance(called, ast.Name):
        called.id = CALLS[name]
    else:
        called.attr = CALLS[name]
    return f"{name} to {CALLS[name]}"


def main() -> int:
    """Run the tests against every mutant and print the survivors."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--lines", default="1-9999", metavar="A-B[,C-D]", help="only of these")
    arguments = parser.parse_args()
    name, tests = TARGETS[arguments.target]
    chosen = [tuple(int(end) for end in part.split("-")) for part in arguments.lines.split(",")]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for one in FOLDERS:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / one, folder / one, ignore=ignored)
        for one in ("pyproject.toml", "heatwarden.py"):
            shutil.copy(ROOT / one, folder)
        source = (ROOT / name).read_text(encoding="utf-8")
        if not _passes(folder, tests):
            sys.stdout.write("the tests fail without any mutant\n")
            return 3
        survivors, total = [], 0
        for what, text in mutants(source):
            if not any(first <= _line(what) <= last for first, last in chosen):
                continue
            total += 1
            (folder / name).write_text(text, encoding="utf-8")
            if _passes(folder, tests):
                survivors.append(what)
                sys.stdout.write(f"survived: {what}\n")
                sys.stdout.flush()
    killed = total - len(survivors)
    sys.stdout.write(f"{name}: {killed} of {total} mutants killed, {100 * killed / total:.1f} %\n")
    return 0


def _line(what: str) -> int:
    return int(what.split()[1].rstrip(":"))


def _passes(folder: Path, tests: list[str]) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
