"""`python -m autograder.cli.check [FOLDER]`: the public checks on a student's own machine.

Runs in this very process, without isolation and without the reference, and needs only torch, numpy, pytest and
hypothesis.

Exit codes: 0 all checks passed, 1 not all, 2 an argument or a file is unusable, 3 our own failure, 130 interrupted.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.assignment.contract import Contract
from autograder.cli.check_report import Report
from autograder.errors import AutograderError, UsageError
from autograder.sandbox.inside.loader import STUDENT_TOOL

if TYPE_CHECKING:
    from autograder.sandbox.questions import LoadReport
    from autograder.sandbox.scripts import AskedMore
_NOT_MODULES = frozenset({"tests", "data", "venv", "node_modules", "site-packages", "__pycache__"})


@dataclass(frozen=True)
class Rules:
    """What `contract.json` says.

    Attributes:
        tasks: Task id -> its public checks, in order.
        home: The folder that holds `tests/public`.
    """

    title: str
    contract: Contract
    tasks: Mapping[str, tuple[str, ...]]
    load_seconds: float
    call_seconds: float
    home: Path


def load_rules(folder: Path, assignment: Path | None) -> Rules:
    """Read `contract.json` of the folder that the student was given, which the files lie in, or of the assignment.

    Another folder's is never used: files that lie elsewhere are not run by it.

    Raises:
        UsageError: There is none, or it is not a contract.
    """
    places = (
        [folder, *folder.resolve().parents] if assignment is None else [assignment / "student_template", assignment]
    )
    path = next((place / "contract.json" for place in places if (place / "contract.json").is_file()), None)
    if path is None:
        raise UsageError(
            f"there is no contract.json in {places[0]}: check files in the folder that you were given, "
            "or say where it is with --assignment"
        )
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        aliases = {task["id"]: str(task["name"]) for task in data["tasks"] if "name" in task}
        return Rules(
            title=str(data["title"]),
            contract=replace(Contract.from_json(json.dumps(data["functions"])), aliases=aliases),
            tasks={task["id"]: tuple(check["name"] for check in task["checks"]) for task in data["tasks"]},
            load_seconds=float(data["load_seconds"]),
            call_seconds=float(data["call_seconds"]),
            home=_home_of_checks(path.resolve().parent),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} cannot be used ({type(error).__name__}: {error}): get a fresh copy") from None


def _home_of_checks(home: Path) -> Path:
    for place in (home, home.parent):
        if (place / "tests" / "public").is_dir():
            return place
    raise UsageError(f"the checks are missing: expected {home / 'tests' / 'public'}")


# ------------------------------------------------------------------------------------------------- the student's files


def student_files(path: Path, names: Sequence[str]) -> list[Path]:
    """Return the files to load: Python files and packages; notebooks where they hold a function of the assignment.

    Raises:
        UsageError: There is nothing to check.
    """
    if path.is_file():
        if path.suffix not in (".py", ".ipynb"):
            raise UsageError(f"{path} is neither a folder nor a .py or .ipynb file (unpack archives first)")
        return [path]
    files = [file for file in sorted(path.glob("*.py")) if file.stem != STUDENT_TOOL]
    for package in sorted(folder for folder in path.iterdir() if folder.is_dir()):
        if package.name not in _NOT_MODULES and not package.name.startswith(".") and any(package.glob("*.py")):
            inside = sorted(package.rglob("*.py"))
            files += [file for file in inside if not _NOT_MODULES & set(file.relative_to(path).parts)]
    files += [notebook for notebook in sorted(path.glob("*.ipynb")) if defines_any(notebook, set(names))]
    if not files:
        raise UsageError(f"there is no Python file in {path}")
    return files


def defines_any(notebook: Path, names: set[str]) -> bool:
    """Whether a notebook defines one of the functions, as more than a stub."""
    from autograder.sandbox.cells import cells_of

    for _, source in cells_of(notebook):
        with contextlib.suppress(SyntaxError, ValueError):
            if any(_is_written(node, names) for node in ast.parse(source).body):
                return True
    return False


def _is_written(node: ast.stmt, names: set[str]) -> bool:
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id in names for target in node.targets)
    if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name not in names:
        return False
    methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
    if isinstance(node, ast.ClassDef) and methods:
        return not all(_is_empty(method.body) for method in methods)
    return not _is_empty(node.body)


def _is_empty(body: Sequence[ast.stmt]) -> bool:
    """Whether a body does nothing: docstrings, annotated fields, `pass`, `raise`."""
    nothing = ast.Raise | ast.Pass | ast.AnnAssign
    return all(
        isinstance(part, nothing) or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
        for part in body
    )


# ---------------------------------------------------------------------------------------------------------- checking


def check(path: Path, assignment: Path | None, wanted: Sequence[str], report: Report) -> bool:
    """Run the public checks on the files at `path`; returns whether all of them passed.

    Raises:
        UsageError: An argument or a file is unusable.
        HarnessFault: The checks could not be run.
    """
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    home = path if path.is_dir() else path.parent
    rules = load_rules(home, assignment)
    tasks = chosen(rules, wanted)
    files = student_files(path, list(rules.contract.modules))
    report.begin(rules.title, str(path.resolve()), tasks, rules.contract.aliases)

    from autograder.sandbox.inprocess import InProcess

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        asked = InProcess(files, rules.contract.modules, home, load_seconds=rules.load_seconds)
    if any("KeyboardInterrupt" in why for why, _ in asked.report.failures.values()):
        raise KeyboardInterrupt
    report.loaded(asked.report, rules.load_seconds)
    return judged(asked, asked.report, rules, tasks, report)


def chosen(rules: Rules, wanted: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the tasks to check, with their checks: those that are wanted, by id or by the name of their function, or all.

    Raises:
        UsageError: There is no such task.
    """
    names = {name: task for task, name in rules.contract.aliases.items()}
    ids = [task if task in rules.tasks else names.get(task, task) for task in wanted]
    if unknown := [task for task in ids if task not in rules.tasks]:
        raise UsageError(f"there is no task {unknown[0]!r}; there are: {', '.join(rules.tasks)}")
    return {task: checks for task, checks in rules.tasks.items() if not wanted or task in ids}


def judged(
    asked: AskedMore, loaded: LoadReport, rules: Rules, tasks: Mapping[str, tuple[str, ...]], report: Report
) -> bool:
    """Run the public checks of the tasks on what answers questions; returns whether all of them passed."""
    from autograder.assignment.code import AuthorsCode
    from autograder.checking.plugin import ChecksPlugin
    from autograder.checking.results import Context
    from autograder.checking.session import run_checks
    from autograder.sandbox.watched import Watched

    order = [f"{task}.{name}" for task, checks in tasks.items() for name in checks]
    context = Context(Watched(asked, rules.call_seconds), loaded, rules.contract)
    code = AuthorsCode(rules.home)
    plugin = ChecksPlugin(code, context, order, lambda task: rules.tasks.get(task, ()), progress=report.checked)
    if order:
        run_checks(code, plugin, parts=["public"])
    return report.end()


# ---------------------------------------------------------------------------------------------------------- the command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m autograder.cli.check", description="Run the public checks on your own work."
    )
    parser.add_argument("folder", nargs="?", default=".", type=Path, help="your files (default: this folder)")
    parser.add_argument("--tasks", default="", help="only these tasks, separated by commas")
    parser.add_argument("--assignment", type=Path, help="where contract.json and tests/ are, if not in the folder")
    options = parser.parse_args(arguments)
    return run(options.folder, options.tasks, options.assignment)


def run(path: Path, tasks: str = "", assignment: Path | None = None) -> int:
    """Check the files at `path`, print what was found, and return the exit code."""
    wanted = [part.strip() for part in tasks.split(",") if part.strip()]
    return told(lambda report: check(path.resolve(), assignment, wanted, report))


def told(checks: Callable[[Report], bool], *, in_notebook: bool = False) -> int:
    """Run checks, print what they report and what went wrong, and return the exit code."""
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(Path(tempfile.gettempdir()) / "autograder_hypothesis"))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # consoles that cannot show σ or ✓
    report = Report(sys.stdout, in_notebook=in_notebook)
    try:
        return 0 if checks(report) else 1
    except AutograderError as error:
        report.broken(error)
        return error.exit_code
    except KeyboardInterrupt:
        report.interrupted()
        return 130


if __name__ == "__main__":
    sys.exit(main())
