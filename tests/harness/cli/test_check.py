"""The student's checks as a student meets them: a process, its text and its exit code."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from tiny_assignment import write_files

from autograder.assignment.loading import Assignment
from autograder.assignment.template import build_template
from autograder.checking.session import check_ids
from autograder.cli.check import defines_any
from autograder.sandbox.cells import module_of, notebook_cells, plain_python
from autograder.sandbox.inside.loader import is_stub
from tests.harness.student_kit import ROOT, replace, student_check, write_solution

TEMPLATE = ROOT / "student_template"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A fresh copy of the template."""
    shutil.copytree(TEMPLATE, tmp_path / "work", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "work"


def check(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the checks of this assignment on a folder; return exit code and text."""
    place = () if "--assignment" in arguments else ("--assignment", str(ROOT))
    done = student_check(".", *place, *arguments, cwd=folder)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def test_mistakes_are_told(work: Path) -> None:
    """A student with five mistakes reads, for each, what is wrong, where, and how to see it again."""
    write_solution(work)
    replace(work / "divergences.py", "return 0.5 * torch.sum(", "print('hello')\n    return torch.sum(")
    replace(work / "densities.py", "return x * logsigmoid(logits)", "return x @ 3 * logsigmoid(logits)")
    replace(
        work / "ppca.py",
        "    N, D = X.shape\n    mu = X.mean(dim=0)",
        "    N, D = X.shape\n    mu = X.mean(dim=0)\n    X -= mu",
    )
    replace(
        work / "vae.py", "    return -elbo(x, encoder, decoder, n_samples, generator)", "    raise NotImplementedError"
    )
    replace(work / "evidence.py", "import math\n", "import math\n\nprint('training')\nweights = open('weights.pt')\n")
    line = "return torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[0])"
    replace(work / "evidence.py", line, "raise NotImplementedError")
    tasks = "gaussian_log_density,bernoulli_log_density,kl_standard_normal,ppca_fit,elbo,vae_loss,log_mean_exp,"
    tasks += "estimate_log_likelihood,train_classifier"
    code, text = check(work, "--tasks", tasks)
    assert code == 1
    flat = " ".join(text.split())
    # what was found while loading
    assert "! evidence.py stopped while it was loaded: FileNotFoundError" in flat
    assert "weights = open('weights.pt')" in text
    # a wrong value, with the golden check's own sentence, the numbers and a snippet
    assert "✗ kl_standard_normal 2 of 3 public checks" in flat
    assert "✗ golden KL(N(0, I) ‖ N(0, I)) = 0;" in flat
    assert "gives a wrong value: your values are twice the expected ones (arguments: mean (" in flat
    assert "expected tensor([0, 0.5, 0.193147, 2.59657]" in flat
    assert "how far largest difference 2.59657 at index 3" in flat
    assert "hint ½ stands in front of the whole sum" in flat
    assert "printed hello" in flat
    assert "\nfrom divergences import kl_standard_normal\n" in text
    # an error, with the student's line; whoever calls the broken function is sent there
    assert "✗ bernoulli_log_density 0 of 3 public checks" in flat
    assert "return x @ 3 * logsigmoid(logits)" in text
    assert "– vectorised not run: waits for contract" in flat
    assert "hint The error arises in bernoulli_log_density: look there first." in flat
    assert "\nfrom vae import elbo\n" not in text
    # open tasks: an own stub, and a function that is not to be blamed for calling one
    assert "○ log_mean_exp not implemented yet" in flat
    assert "○ estimate_log_likelihood waits for log_mean_exp, which is not implemented yet" in flat
    assert "train_classifier has no public checks" not in flat
    # a changed input, an open task, a right answer, and the sum
    assert "`ppca_fit` changed its argument `X`: work on a copy." in flat
    assert "○ vae_loss not implemented yet" in flat
    assert "✗ ppca_fit 3 of 4 public checks: only the form is not as asked for" in flat
    assert "✓ gaussian_log_density 3 of 3 public checks" in flat
    assert "shape and speed only" not in flat  # every task has a public check of its value
    assert "tasks pass the public checks, " in flat
    assert all(len(line) <= 100 for line in text.splitlines() if line.startswith("  "))


def test_work_in_the_notebook_counts(work: Path) -> None:
    """Functions written in the notebook are found though the `.py` stubs are still there; magics do not disturb."""
    notebook = nbformat.read(work / "assignment.ipynb", 4)
    cells = {cell.id: cell for cell in notebook.cells}
    cells["imports"].source = "%matplotlib inline\n!pip list\n" + cells["imports"].source
    body = "    return torch.logsumexp(log_w, dim=0)"
    stub = cells["code-log_mean_exp"].source
    cells["code-log_mean_exp"].source = stub.replace("    raise NotImplementedError", body)
    cells["code-kl_standard_normal"].source += " # todo"
    nbformat.write(notebook, work / "assignment.ipynb")
    code, text = check(work, "--tasks", "log_mean_exp,kl_standard_normal")
    assert code == 1
    flat = " ".join(text.split())
    assert "✗ log_mean_exp 2 of 3 public checks" in flat
    assert "paste this into a new cell of assignment.ipynb" in flat
    assert "from assignment import" not in text
    assert "is written in" not in flat  # stubs are no second definition
    assert "○ kl_standard_normal not implemented yet" in flat


def test_a_call_that_hangs_is_stopped_and_ctrl_c_ends_everything(work: Path) -> None:
    """A loop without end costs its own task, with the student's line; Ctrl-C in a call ends the checks (code 130)."""
    data = json.loads((TEMPLATE / "contract.json").read_text()) | {"call_seconds": 0.5}
    (work / "contract.json").write_text(json.dumps(data))
    shutil.copytree(ROOT / "tests" / "public", work / "tests" / "public")
    replace(work / "divergences.py", "    raise NotImplementedError", "    while True:\n        mean = mean + 0")
    replace(work / "ppca.py", "    raise NotImplementedError", "    raise KeyboardInterrupt")
    done = student_check("--tasks", "kl_standard_normal,ppca_marginal,elbo", cwd=work)
    assert done.returncode == 130, done.stderr
    assert "`kl_standard_normal` failed: it was stopped after 0.5 seconds." in done.stdout
    assert 'File "divergences.py", line' in done.stdout
    assert "Interrupted while ppca_marginal was checked." in done.stdout
    assert "○ elbo" not in done.stdout


NAMED = """\
title: Names
points: 4
budgets: {call_seconds: 60, load_seconds: 60}
training_budgets: {}
tasks:
  - {id: 1a-double, name: double, title: Twice, points: 1, checks: {contract: 1}}
  - {id: 1b-triple, name: triple, title: Thrice, points: 1, checks: {contract: 1}}
  - {id: 1c-nothing, name: nothing, title: Nothing, points: 1, checks: {contract: 1}}
  - {id: 1d-program, kind: script, file: run.py, title: Run, points: 1, checks: {contract: 1}}
tracks: {full: {title: All}}
"""
NAMED_CHECKS = """
import torch
from autograder.authoring import Case, check

def asks(task):
    @check(task, "contract")
    def test(student):
        "It can be called."
        student.value(Case(task, {"x": torch.ones(2)}))
    return test

test_double, test_triple, test_nothing = map(asks, ["1a-double", "1b-triple", "1c-nothing"])

@check("1d-program", "contract")
def test_program(student):
    "It runs."
    student.run_script("run.py")
"""
NAMED_WORK = """
def double(x):
    raise NotImplementedError

def triple(x):
    return x @ 3
"""


def test_tasks_with_names_of_their_own(tmp_path: Path) -> None:
    """Where ids are no Python names, tasks go by their ids, and functions by what the student calls them."""
    signature = '(x: Float[Tensor, "B"]) -> Float[Tensor, "B"]:\n    "One vector."\n    return x\n'
    functions = "".join(f"\ndef {name}{signature}" for name in ("double", "triple", "nothing"))
    files = {
        "rubric.yaml": NAMED,
        "reference/answers.py": f"from jaxtyping import Float\nfrom torch import Tensor\n{functions}",
        "tests/public/test_named.py": NAMED_CHECKS,
    }
    assignment = Assignment(write_files(tmp_path, files))
    public = check_ids(assignment.code, assignment.check_names, ["public"])
    (tmp_path / "contract.json").write_text(build_template(assignment, public)["contract.json"])
    scripts = {"run.py": 'if __name__ == "__main__":\n    raise NotImplementedError\n'}
    folder = write_files(
        tmp_path / "work", {"answers.py": NAMED_WORK, "second.py": "def triple(x):\n    return x\n", **scripts}
    )
    code, text = check(folder, "--assignment", str(tmp_path))
    flat = " ".join(text.split())

    assert code == 1
    assert "○ 1a-double not implemented yet" in flat
    assert "✗ 1b-triple 0 of 1 public check" in flat
    assert "return x @ 3" in text
    assert "look there first" not in text
    assert "from answers import triple" in text
    assert "`triple` is written in" in flat
    assert "○ 1c-nothing not found in your files" in flat
    assert "○ 1d-program not implemented yet" in flat


def test_unusable_arguments(tmp_path: Path) -> None:
    """What cannot be checked is said in one line, with exit code 2."""
    for arguments, words in (
        (["--tasks", "kl", str(TEMPLATE)], "there is no task 'kl'; there are: gaussian_log_density"),
        (["nowhere", "--assignment", str(ROOT)], "nowhere does not exist"),
        ([str(tmp_path)], "there is no contract.json in"),
        ([str(tmp_path), "--assignment", str(ROOT)], "there is no Python file in"),
    ):
        done = student_check(*arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1  # where the engine was found, and nothing else
        assert words in " ".join(done.stdout.split())


def test_another_folders_rules_are_not_used(tmp_path: Path) -> None:
    """Files that lie in no kit are not run, wherever the command is given."""
    other = write_files(tmp_path / "downloads", {"vae.py": "open('was_run', 'w').close()\n"})
    for arguments in ([str(other)], [str(other / "vae.py")]):
        done = student_check(*arguments, cwd=ROOT)
        assert done.returncode == 2
        assert "there is no contract.json in" in " ".join(done.stdout.split())
    assert not list(tmp_path.rglob("was_run"))
    assert not (ROOT / "was_run").exists()


def test_files_in_a_folder_of_the_kit_are_checked_by_its_rules(tmp_path: Path, work: Path) -> None:
    """A part of the work may lie in a folder of its own."""
    assert (work / "tests").is_dir() or shutil.copytree(ROOT / "tests" / "public", work / "tests" / "public")
    drafts = write_files(work / "drafts", {"log.py": "def log_mean_exp(log_w):\n    return log_w.logsumexp(0)\n"})
    done = student_check(str(drafts), "--tasks", "log_mean_exp", cwd=tmp_path)

    assert done.returncode == 1
    assert "✗ log_mean_exp" in " ".join(done.stdout.split())


def test_magics_are_left_out_line_by_line() -> None:
    """Python is not touched, magics become nothing, and every line keeps its number."""
    assert plain_python('text = """\n%not a magic\n"""') == 'text = """\n%not a magic\n"""'
    assert plain_python("%time\nif x:\n    !ls\n    y = !ls -l\nhelp?") == "pass\nif x:\n    pass\n    y = None\npass"
    assert plain_python("%%time\nx = 1") == "\nx = 1"
    assert plain_python("%%bash\nls") == ""
    kit = "%load_ext autograder_student\nif x:\n    %check f"
    assert plain_python(kit) == "from autograder_student import check\nif x:\n    pass"


def test_notebook_cells_are_numbered_as_students_see_them() -> None:
    """Code cells are counted from 1; text does not count; sources may be lists of lines."""
    cells = [("markdown", "text"), ("code", "a = 1"), ("code", ["b = 2\n", "c = 3"])]
    text = json.dumps({"cells": [{"cell_type": kind, "source": source} for kind, source in cells]})
    assert notebook_cells(text) == [("cell 1", "a = 1"), ("cell 2", "b = 2\nc = 3")]
    assert module_of(Path("my work v2.1.ipynb")) == "my_work_v2_1"


def test_what_a_stub_is() -> None:
    """A stub only raises NotImplementedError; a function that sometimes does is somebody's work."""

    def stub() -> None:
        """Docstring."""
        raise NotImplementedError

    def told() -> None:
        raise NotImplementedError("to do")

    def written(x: int) -> int:
        if x > 0:
            return x
        raise NotImplementedError

    assert is_stub(stub)
    assert is_stub(told)
    assert not is_stub(written)
    assert not is_stub(len)
    assert not is_stub(3)


def test_what_a_stub_of_a_class_is() -> None:
    """A class all of whose own methods are stubs is one; what is inherited or written by `@dataclass` says nothing."""

    class Stub(Exception):
        """Written by nobody."""

        kept = 3

        def __init__(self) -> None:
            raise NotImplementedError

        @staticmethod
        def at() -> None:
            """Say."""
            raise NotImplementedError

        @property
        def size(self) -> int:
            raise NotImplementedError

    class Begun(Stub):
        def __init__(self) -> None:
            self.kept = 4

        def at(self) -> None:  # type: ignore[override]
            raise NotImplementedError

    class Derived(Stub):
        pass

    @dataclass
    class Fields:
        x: int = 0

    @dataclass
    class FieldsOfAStub(Fields):
        y: int = 0

        def norm(self) -> float:
            """Say."""
            raise NotImplementedError

    assert [is_stub(cls) for cls in (Stub, FieldsOfAStub)] == [True, True]
    assert [is_stub(cls) for cls in (Begun, Derived, Fields, int)] == [False] * 4


STUB_CLASS = (
    'class A(B):\n    "Doc."\n    x: int\n    def f(self):\n        "Doc."\n        raise NotImplementedError\n'
)
CELLS = {
    "a stub of a class": (STUB_CLASS, False),
    "a class that was begun": (STUB_CLASS + "    def g(self):\n        return 1\n", True),
    "a class of fields": ("@dataclass\nclass A:\n    x: int\n", False),
    "a class with a constant": ("class A:\n    x = 1\n", True),
    "another class": ("class C:\n    x = 1\n", False),
    "a stub": ("def A(x):\n    raise NotImplementedError\n", False),
    "a function": ("def A(x):\n    return x\n", True),
    "an assignment": ("A = Other\n", True),
    "no Python": ("def A(:", False),
}


@pytest.mark.parametrize(("source", "written"), CELLS.values(), ids=CELLS)
def test_what_counts_as_written_in_a_notebook(source: str, written: bool, tmp_path: Path) -> None:
    """A notebook is loaded when it holds a function or class of the assignment as more than a stub."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbformat.write(notebook, tmp_path / "work.ipynb")
    assert defines_any(tmp_path / "work.ipynb", {"A"}) is written
