"""Every task has everything that belongs to a task: a walk through rubric, reference, template, checks, candidates and catalogue."""

from __future__ import annotations

import ast
import shutil
from functools import cache
from pathlib import Path

import pytest
from whole_tasks import Walk, arguments_of, catalogue_signatures, lacks_of

from autograder.assignment.rubric_file import load_rubric

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT.parent / "shared" / "catalogue.md"
FOLDERS = [ROOT, *(path.parent for path in sorted(ROOT.glob("examples/*/rubric.yaml")))]
TASKS = [(folder, task.id) for folder in FOLDERS for task in load_rubric(folder / "rubric.yaml").tasks]


@cache
def walk_through(folder: Path) -> Walk:
    """Read an assignment once for all of its tasks; the catalogue is that of this repository's."""
    return Walk(folder, CATALOGUE if folder == ROOT and CATALOGUE.is_file() else None)


@pytest.mark.parametrize(("folder", "task"), TASKS, ids=[f"{folder.name}-{task}" for folder, task in TASKS])
def test_every_task_is_whole(folder: Path, task: str) -> None:
    """Nothing that belongs to a task is missing; if something is, all of it is said at once."""
    walk = walk_through(folder)
    missing = walk.missing(walk.assignment.rubric.task(task))

    assert missing == [], "\n".join(missing)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_nothing_belongs_to_no_task(folder: Path) -> None:
    """There are no candidates, checks or inputs of a task that the rubric does not have."""
    assert walk_through(folder).strays() == []


def test_signatures_of_the_catalogue_are_found() -> None:
    """The catalogue, where it is there, says how every function task of this assignment is called."""
    if not CATALOGUE.is_file():
        pytest.skip(f"needs {CATALOGUE}")
    walk = walk_through(ROOT)
    functions = {task.id for task in walk.assignment.rubric.tasks if task.kind == "function"}

    assert functions - {"vae_loss"} - set(walk.signatures) == set()  # `vae_loss` has "same arguments"


# ------------------------------------------------------------------------------------------------------ the walk itself


@pytest.fixture
def assignment(tmp_path: Path) -> Path:
    """A copy of this repository's assignment, of which a part can be taken away."""
    for name in ("reference", "tests/public", "tests/hidden", "student_template"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests" / "__init__.py", tmp_path / "tests" / "__init__.py")
    shutil.copy(ROOT / "rubric.yaml", tmp_path)
    return tmp_path


def test_everything_that_is_missing_is_said(assignment: Path) -> None:
    """A task without candidates, inputs, docstring, annotation, stub and title gets one list of all of it."""
    (assignment / "reference" / "candidates" / "evidence" / "log_mean_exp.py").unlink()
    (assignment / "tests" / "public" / "evidence" / "test_log_mean_exp.py").unlink()
    (assignment / "tests" / "hidden" / "evidence" / "test_log_mean_exp.py").unlink()
    (assignment / "student_template" / "evidence.py").unlink()
    catalogue = assignment / "catalogue.md"
    catalogue.write_text("| `log_mean_exp` | `(weights (S,B), log_w) -> (B,)` | other names | H |\n", encoding="utf-8")
    walk = Walk(assignment, catalogue)

    said = walk.missing(walk.assignment.rubric.task("log_mean_exp"))

    assert said == [
        'log_mean_exp: no public inputs: tests/public has no function with @inputs("log_mean_exp")',
        "log_mean_exp: no check of its contract",
        "log_mean_exp: no hidden check of its values",
        "log_mean_exp: log_mean_exp.contract has a weight in rubric.yaml, and is no check",
        "log_mean_exp: log_mean_exp.extreme has a weight in rubric.yaml, and is no check",
        "log_mean_exp: log_mean_exp.golden has a weight in rubric.yaml, and is no check",
        "log_mean_exp: log_mean_exp.gradient has a weight in rubric.yaml, and is no check",
        "log_mean_exp: log_mean_exp.value has a weight in rubric.yaml, and is no check",
        "log_mean_exp: log_mean_exp.vectorised has a weight in rubric.yaml, and is no check",
        "log_mean_exp: no reference/candidates/<topic>/log_mean_exp.py",
        "log_mean_exp: no stub in student_template/evidence.py: run `autograder template`",
        "log_mean_exp: its arguments are (log_w), those of the catalogue (weights, log_w)",
    ]


def test_too_few_and_strays_are_said(assignment: Path) -> None:
    """Too few candidates, a check without a weight, a reference without words, and what belongs to no task."""
    candidates = assignment / "reference" / "candidates" / "evidence"
    (candidates / "log_mean_exp.py").write_text('"""None."""\n', encoding="utf-8")
    (candidates / "log_sum.py").write_text('"""Of no task."""\n', encoding="utf-8")
    module = assignment / "reference" / "evidence.py"
    tree = ast.parse(module.read_text("utf-8"))
    bare = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "log_mean_exp")
    bare.body = bare.body[1:]
    module.write_text(ast.unparse(tree), encoding="utf-8")
    rubric = assignment / "rubric.yaml"
    rubric.write_text(
        rubric.read_text("utf-8").replace("title: Logarithm of a mean of exponentials", "title: log_mean_exp")
    )
    walk = Walk(assignment)

    task = next(task for task in walk.assignment.rubric.tasks if task.id == "log_mean_exp")
    fewer = task.model_copy(update={"checks": task.checks[1:]})
    said = walk.missing(fewer)

    assert "log_mean_exp: no title in rubric.yaml that a student understands" in said
    assert "log_mean_exp: the reference of log_mean_exp has no docstring" in said
    assert "log_mean_exp: log_mean_exp.contract has no weight in rubric.yaml" in said
    place = "reference/candidates/<topic>/log_mean_exp.py"
    assert f"log_mean_exp: {place} has 0 named mistakes, of 3 that are needed" in said
    assert f"log_mean_exp: {place} has 0 right answers, of 2 that are needed" in said
    assert walk.strays() == ["candidates of log_sum, which rubric.yaml does not have"]


def test_words_and_annotations_of_a_reference() -> None:
    """Functions, classes, constructors and methods need annotations and, but for `forward`, a docstring."""

    class Bare:
        def __init__(self, size) -> None:  # type: ignore[no-untyped-def]
            self.size = size

        def forward(self, x: int) -> int:
            return x

        def draw(self, n: int):  # type: ignore[no-untyped-def]
            return n

    assert list(lacks_of("Bare", Bare)) == [
        "the reference of Bare has no docstring",
        "the reference of Bare has no annotation of size",
        "the reference of Bare.draw has no docstring",
        "the reference of Bare.draw has no annotation of what it returns",
    ]
    assert list(lacks_of("arguments_of", arguments_of)) == []


def test_signatures_are_read() -> None:
    """Shapes, defaults, stars and nested brackets are no part of the names; rows that refer to others are left out."""
    assert arguments_of("(X (N,D), W, mu, sigma2) -> (N,)") == ["X", "W", "mu", "sigma2"]
    assert arguments_of('(images (N,784), *, epochs, prior="normal", at=(), seed) -> (model, history)') == [
        *("images", "epochs", "prior", "at", "seed"),
    ]
    assert arguments_of("(a, b: all (B,)) -> (B,)") == ["a", "b"]
    rows = "| `net` | `class Net(nn.Module)(size, hidden=5)`, `forward(x)` | a |\n| `loss` | same arguments `-> scalar` | b |\n"
    assert catalogue_signatures(rows) == {"net": ["size", "hidden"]}
    assert catalogue_signatures("| `encode` | `(x) -> z` and `decode(z, n=1) -> x` | c |\n") == {
        "encode": ["x"],
        "decode": ["z", "n"],
    }
