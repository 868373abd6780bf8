"""The same twelve checks and the same submissions, as this project, Otter-Grader and nbgrader take them: what `bench_peers` runs.

Every check is one assertion about one call, with numbers that the reference computed: nothing of what this project adds to that (drawn
inputs, gradients, names of mistakes by candidates) is in it.
"""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from autograder.assignment.loading import Assignment
from autograder.quality.honest import write_class
from reference.densities import bernoulli_log_density, gaussian_log_density
from reference.divergences import kl_gaussian, kl_standard_normal

ROOT = Path(__file__).resolve().parents[1]
FUNCTIONS = {
    "gaussian_log_density": gaussian_log_density,
    "bernoulli_log_density": bernoulli_log_density,
    "kl_standard_normal": kl_standard_normal,
    "kl_gaussian": kl_gaussian,
}
EACH = 3
"""Checks of each function."""
TITLE = "twelve"
PATCHED, EXITS, WRITES = "cheat-patched", "cheat-exits", "cheat-writes"
_WRONG = "".join(f"\ndef {name}(*args):\n    return args[0].sum(-1) * 0\n" for name in FUNCTIONS)


@dataclass(frozen=True)
class Check:
    """One call and what has to come back.

    Attributes:
        name: `kl_gaussian_2`.
        arguments: Python text by parameter.
        expected: Python text.
    """

    function: str
    name: str
    arguments: Mapping[str, str]
    expected: str

    @property
    def assertion(self) -> str:
        """Return it as a line of Python, as the peers want it."""
        call = f"{self.function}({', '.join(self.arguments.values())})"
        return f"assert torch.allclose({call}, {self.expected}, rtol=1e-4, atol=1e-6)"


def twelve() -> list[Check]:
    """Return the checks: the same ones every time."""
    draw = torch.Generator().manual_seed(0)
    made = []
    for name, function in FUNCTIONS.items():
        names = [word for word in function.__annotations__ if word != "return"]
        for number in range(1, EACH + 1):
            shape = (3,) if name == "kl_gaussian" else (3, number + 1)
            values = {word: torch.randn(shape, generator=draw, dtype=torch.float64) for word in names}
            if name == "bernoulli_log_density":
                values["x"] = (values["x"] > 0).double()
            texts = {word: _text(value) for word, value in values.items()}
            made.append(Check(name, f"{name}_{number}", texts, _text(function(**values))))
    return made


def _text(value: Tensor) -> str:
    return f"torch.tensor({value.tolist()}, dtype=torch.float64)"


def submissions(honest: int, escape: Path, folder: Path) -> dict[str, str]:
    """Return the code of every submission by name: honest ones of mixed quality, and three that cheat.

    Args:
        honest: How many honest ones; every fifth is right, the first one is.
        escape: A file that one of them tries to write.
        folder: Is used, and may be removed.
    """
    right = _right()
    (folder / "right").mkdir(parents=True)
    (folder / "right" / "work.py").write_text(right, encoding="utf-8")
    write_class(folder / "right", Assignment(ROOT), tuple(FUNCTIONS), honest, folder / "class")
    found = {path.parent.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("class/*/work.py"))}
    return found | {
        PATCHED: f"import torch\ntorch.allclose = lambda *args, **more: True\n{_WRONG}",
        EXITS: f"{right}\nimport os\nos._exit(0)\n",
        WRITES: f"{right}\ntry:\n    open({str(escape)!r}, 'w').close()\nexcept OSError:\n    pass\n",
    }


def is_right(code: str) -> bool:
    """Whether it is the correct submission."""
    return code == _right()


def _right() -> str:
    """Return the functions as the stored correct submission has them, with what their files import and name."""
    texts: dict[str, None] = {}
    for path in sorted((ROOT / "tests" / "submissions" / "correct_modules").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        body = ast.parse(text).body
        if any(isinstance(node, ast.FunctionDef) and node.name in FUNCTIONS for node in body):
            kept = [node for node in body if _is_needed(node)]
            texts |= dict.fromkeys(ast.get_source_segment(text, node) or "" for node in kept)
    return "\n".join(texts) + "\n"


def _is_needed(node: ast.stmt) -> bool:
    """Whether a statement is one of the functions, a constant, or an import of what all environments have."""
    if isinstance(node, ast.Import):
        return all(alias.name.partition(".")[0] in ("math", "torch") for alias in node.names)
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper()
    return isinstance(node, ast.FunctionDef) and node.name in FUNCTIONS


# ------------------------------------------------------------------------------------------------------- three formats


def write_ours(checks: Sequence[Check], folder: Path) -> Path:
    """Write an assignment of this project that asks the checks and nothing else, and return its folder."""
    tests = ["import torch\n\nfrom autograder.authoring import Case, check\n"]
    for one in checks:
        arguments = ", ".join(f"{name!r}: {text}" for name, text in one.arguments.items())
        number = one.name.rpartition("_")[2]
        tests.append(
            f'@check("{one.function}", "value_{number}")\ndef test_{one.name}(student):\n    """`{one.function}`, call {number}."""\n'
            f'    student.agrees(Case("{one.function}", {{{arguments}}}), {one.expected})\n'
        )
    rules = ", ".join(f"value_{number}: 1" for number in range(1, EACH + 1))
    tasks = "".join(f"  - {{id: {name}, title: {name}, points: {EACH}, checks: {{{rules}}}}}\n" for name in FUNCTIONS)
    rubric = f"title: {TITLE}\npoints: {len(checks)}\nbudgets: {{}}\ntraining_budgets: {{}}\ntasks:\n{tasks}"
    files = {
        "rubric.yaml": f"{rubric}tracks:\n  full: {{title: All}}\n",
        "tests/__init__.py": "",
        "tests/public/__init__.py": "",
        "tests/hidden/__init__.py": "",
        "tests/hidden/test_values.py": "\n\n".join(tests),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "reference").mkdir()
    for module in ("__init__", "densities", "divergences"):
        shutil.copy(ROOT / "reference" / f"{module}.py", folder / "reference")
    return folder


def otter_test(check: Check) -> str:
    """Return a test file of Otter-Grader, in its OK format."""
    case = {"code": f">>> import torch\n>>> {check.assertion}\n", "hidden": False, "locked": False}
    suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
    return f"OK_FORMAT = True\n\ntest = { ({'name': check.name, 'points': 1, 'suites': [suite]})!r}\n"


def notebook(code: str) -> str:
    """Return a notebook with the code of a submission in one cell."""
    return _book([_cell(code, "work", {})])


def nbgrader_notebook(code: str, checks: Sequence[Check]) -> str:
    """Return a notebook of nbgrader: a cell that students fill in, and a locked one with one point for each check."""
    cells = [_cell(code, "work", _role("work", solution=True))]
    for check in checks:
        role = _role(check.name, solution=False) | {"points": 1}
        cells.append(_cell(f"import torch\n{check.assertion}", check.name, role))
    return _book(cells)


def _role(name: str, *, solution: bool) -> dict[str, Any]:
    own = {"grade": not solution, "solution": solution, "locked": not solution, "task": False}
    return own | {"grade_id": name, "schema_version": 3}


def _cell(source: str, name: str, role: dict[str, Any]) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": name.replace("_", "-")[:60],
        "execution_count": None,
        "outputs": [],
    }
    return cell | {"metadata": {"nbgrader": role} if role else {}, "source": source}


def _book(cells: Sequence[dict[str, Any]]) -> str:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})
