"""Helpers of the tests around the student's template and kit."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = (
    *("pydantic", "msgpack", "ruamel", "typer", "rich", "scipy", "jinja2", "sklearn", "nbformat", "pypdf", "IPython"),
    "reference",
)
_BLOCKED = f"""
import runpy, sys
class Without:  # as if they were not installed: found by no finder
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        return None if name.split(".")[0] in {FORBIDDEN} else self.finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self.finder, name)
sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
sys.argv = ["student_check", *sys.argv[1:]]
import autograder
print("engine:", autograder.__file__, file=sys.stderr)
runpy.run_module("autograder.cli.check", run_name="__main__")
"""


def student_check(
    *arguments: str, cwd: Path, path: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the student's checks in a process of their own, without the libraries that students do not have."""
    variables = {**os.environ, "COLUMNS": "100", "OMP_NUM_THREADS": "1", **(environment or {})}
    variables["PYTHONPATH"] = str(path or ROOT)  # this checkout, whichever is installed
    command = [sys.executable, "-c", _BLOCKED, *arguments]
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=600)


def write_solution(folder: Path) -> None:
    """Put the reference's implementations where the stubs were; where these use a library that students lack, a submission's."""
    for path in (ROOT / "reference").glob("*.py"):
        if any(f"from {library}" in path.read_text() for library in FORBIDDEN if library != "reference"):
            path = ROOT / "tests" / "submissions" / "correct_modules" / path.name
        text = (
            path.read_text().replace("from reference.types", "from reference_types").replace("from reference.", "from ")
        )
        if path.stem != "__init__":
            (folder / ("reference_types.py" if path.stem == "types" else path.name)).write_text(text)


def replace(path: Path, old: str, new: str) -> None:
    """Replace a text that must be there."""
    text = path.read_text()
    assert old in text, f"{path.name} does not hold {old!r} any more"
    path.write_text(text.replace(old, new))


def reference_statements() -> set[str]:
    """Return every statement inside a function or method below reference/, docstrings and trivial ones aside."""
    found = set()
    for path in (ROOT / "reference").rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                found |= {ast.dump(part) for part in _statements(function.body) if not _is_trivial(part)}
    return found


def statements_of(texts: Iterable[str]) -> set[str]:
    """Return every statement of Python texts."""
    return {ast.dump(part) for text in texts for part in _statements(ast.parse(text).body)}


def _statements(body: Iterable[ast.stmt]) -> Iterable[ast.stmt]:
    return [part for top in body for part in ast.walk(top) if isinstance(part, ast.stmt)]


def _is_trivial(node: ast.stmt) -> bool:
    """Docstrings, `return name` and a few idioms say nothing about an answer."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant | ast.Yield):
        return True
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Name):
        return True
    if isinstance(node, ast.Assign) and ast.unparse(node.value) == "[]":
        return True
    idioms = (
        "super().__init__()",
        "model.eval()",
        "torch.default_generator.manual_seed(seed)",
        "torch.manual_seed(seed)",
        "generator = torch.Generator().manual_seed(seed)",
        "raise NotImplementedError",
    )
    return isinstance(node, ast.Pass | ast.Continue | ast.Break) or ast.unparse(node) in idioms
