"""The student's template: made from the reference, up to date in this repository, and without answers."""

import ast
import functools
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
import torch
from typer.testing import CliRunner

from autograder.assignment.contract import Contract, load_contract, parse_module
from autograder.assignment.kinds import KINDS
from autograder.assignment.loading import Assignment
from autograder.assignment.notebook import markdown
from autograder.assignment.stubs import Source, import_lines, needs
from autograder.assignment.template import STUDENT_TOOL, build_template, drift
from autograder.checking.session import check_ids
from autograder.cli.main import app
from autograder.errors import UsageError
from tests.harness.student_kit import ROOT, reference_statements, statements_of

TEMPLATE = ROOT / "student_template"


OWN = Assignment(ROOT)
ASKED = [task for task in OWN.rubric.tasks if KINDS[task.kind].asked_by_name]
"""Tasks that are written in Python; short answers have a file of their own."""


@functools.cache
def public() -> list[str]:
    """The ids of the checks that students get."""
    return check_ids(OWN.code, OWN.check_names, ["public"])


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """The template as it should be."""
    return build_template(OWN, public())


@pytest.fixture
def assignment(tmp_path: Path) -> Path:
    """A copy of what the template is made from, with the template."""
    for name in ("reference", "student_template", "tests/public"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests" / "__init__.py", tmp_path / "tests" / "__init__.py")
    shutil.copy(ROOT / "rubric.yaml", tmp_path)
    return tmp_path


PROGRAMS = {task.file for task in OWN.rubric.tasks if task.kind == "script"}


def stub_files(files: dict[str, str]) -> dict[str, str]:
    """The files that a student writes functions and classes in."""
    others = {STUDENT_TOOL.name, *PROGRAMS}
    return {name: text for name, text in files.items() if name.endswith(".py") and name not in others}


def code_cells(files: dict[str, str]) -> list[str]:
    """The notebook's cells of Python; the one that loads the checks is none."""
    cells = nbformat.reads(files["assignment.ipynb"], 4).cells
    return [cell.source for cell in cells if cell.cell_type == "code" and cell.id != "checks"]


def test_the_template_in_the_repository_is_up_to_date(files: dict[str, str]) -> None:
    """`student_template/` is what reference/ and rubric.yaml say (else: `autograder template`)."""
    assert drift(ROOT, files) == []


def test_the_template_is_the_same_every_time(files: dict[str, str]) -> None:
    """Two generations give the same bytes, notebook included."""
    assert build_template(Assignment(ROOT), public()) == files


def test_signatures_and_docstrings_are_those_of_the_reference(files: dict[str, str]) -> None:
    """Every task has one stub, in the file of its name, and its contract is the reference's."""
    tasks = [task.object for task in ASKED]
    stubs = {c.name: c for name, text in stub_files(files).items() for c in parse_module(text, name[:-3])}
    assert stubs == load_contract(ROOT / "reference", tasks).functions


def test_every_stub_only_raises(files: dict[str, str]) -> None:
    """A stub is a docstring and `raise NotImplementedError`; besides, a stub file holds only classes of such, imports and aliases."""
    for text in stub_files(files).values():
        tree = ast.parse(text)
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]  # methods of classes, too
        assert functions
        for function in functions:
            assert [ast.unparse(part) for part in function.body[1:]] == ["raise NotImplementedError"]
        allowed = ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Assign | ast.Expr
        assert all(isinstance(node, allowed) for node in tree.body)


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_program_is_its_docstring_and_an_empty_main(files: dict[str, str], name: str) -> None:
    """What it should do stands in the docstring; running it as it is ends in NotImplementedError."""
    right = ast.parse((ROOT / "reference" / "programs" / name).read_text())
    stub = ast.parse(files[name])
    assert ast.get_docstring(stub) == ast.get_docstring(right)
    assert [ast.unparse(part) for part in stub.body[1:]] == [
        'def main() -> None:\n    """Do what the command line says."""\n    raise NotImplementedError',
        "if __name__ == '__main__':\n    main()",
    ]


def test_no_statement_of_the_reference_is_in_the_template(files: dict[str, str]) -> None:
    """No answer leaks: no statement of a function below reference/ occurs in a stub."""
    texts = [path.read_text() for path in TEMPLATE.glob("*.py")] + code_cells(files)
    answers = reference_statements()
    assert len(answers) > 100
    assert not answers & statements_of(texts)


def test_stub_files_can_be_imported(files: dict[str, str]) -> None:
    """Annotations find their names: every stub file and the notebook run from top to bottom."""
    for text in [*stub_files(files).values(), "\n".join(code_cells(files))]:
        exec(compile(text, "stub", "exec", dont_inherit=True), {"__name__": "stub"})


def test_ruff_is_content() -> None:
    """The template is formatted and passes the linter like everything else here."""
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, str(TEMPLATE)], capture_output=True, text=True, cwd=ROOT
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_notebook_holds_title_points_and_formula_of_every_task(files: dict[str, str]) -> None:
    """One text cell and one code cell for each task, imports in the first code cell, ids that say what they are."""
    notebook = nbformat.reads(files["assignment.ipynb"], 4)
    nbformat.validate(notebook)
    cells = {cell.id: cell.source for cell in notebook.cells}
    assert next(c for c in notebook.cells if c.cell_type == "code").id == "imports"
    for task in ASKED:
        text = cells[f"task-{task.id}"]
        assert text.startswith(f"## {task.title}\n\n`{task.id}` · {task.points} point")
        assert "$$" in text
        assert ".. math::" not in text
        assert f"{'class' if task.kind == 'class' else 'def'} {task.object}(" in cells[f"code-{task.id}"]


def test_readme_lists_every_task(files: dict[str, str]) -> None:
    """The students' README has a row for each task and no placeholder left."""
    for task in OWN.rubric.tasks:
        row = f"| `{task.id}` |" if task.checks else "| " + task.title.replace("|", "\\|") + " |"
        assert row in files["README.md"]
    assert "{" not in files["README.md"]


def test_contract_json_says_nothing_of_hidden_checks(files: dict[str, str]) -> None:
    """Only public checks are named; the contract in it is the contract."""
    data = json.loads(files["contract.json"])
    names = {check["name"] for task in data["tasks"] for check in task["checks"]}
    assert names == {"contract", "vectorised", "golden", "centre", "tiled", "learns"}
    tasks = [task.object for task in ASKED]
    assert Contract.from_json(json.dumps(data["functions"])) == load_contract(ROOT / "reference", tasks)


def test_contract_survives_json() -> None:
    """Reading what `to_json` wrote gives an equal contract, for every function of the reference."""
    contract = load_contract(ROOT / "reference")
    assert Contract.from_json(contract.to_json()) == contract


@pytest.mark.parametrize(
    "text", ["", "[]", '{"f": {}}', '{"f": 1}', '{"f": {"module": "m", "signature": "g() -> int", "docstring": ""}}']
)
def test_what_is_no_contract_is_refused(text: str) -> None:
    """Damaged JSON ends in an error for the user, not in a traceback."""
    with pytest.raises(UsageError):
        Contract.from_json(text)


def test_drift_names_the_files(assignment: Path) -> None:
    """`autograder template --check` exits 2 naming changed, missing and stale files; `template` repairs them."""
    folder = assignment / "student_template"
    (folder / "vae.py").write_text("# mine\n")
    (folder / "contract.json").unlink()
    (folder / "types.py").write_text("def f():\n    raise NotImplementedError\n")
    own = (folder / "data.py").read_bytes()
    run = CliRunner()
    checked = run.invoke(app, ["template", "--check", "--assignment", str(assignment)])
    assert checked.exit_code == 2
    for name in ("vae.py differs", "contract.json is missing", "types.py has no task"):
        assert f"student_template/{name}" in checked.output
    written = run.invoke(app, ["template", "--assignment", str(assignment)])
    assert written.exit_code == 0
    assert "vae.py" in written.output
    assert "densities.py" not in written.output
    assert run.invoke(app, ["template", "--check", "--assignment", str(assignment)]).exit_code == 0
    assert (folder / "data.py").read_bytes() == own


def test_imports_are_in_ruffs_order() -> None:
    """Standard library first, `import` before `from`, constants before classes before functions."""
    wanted = {"torch": {"", "nn", "Tensor"}, "collections.abc": {"Callable"}, "jaxtyping": {"Int", "Float"}}
    lines = ["from collections.abc import Callable", "", "import torch", "from jaxtyping import Float, Int"]
    assert import_lines(wanted).splitlines() == [*lines, "from torch import Tensor, nn"]


def test_a_name_from_nowhere_is_refused() -> None:
    """A default that is a private constant of the reference's function file is told before students meet it."""
    source = Source("m", "def f(x: int = LIMIT) -> int:\n    'Doc.'\n")
    with pytest.raises(UsageError, match="LIMIT"):
        needs([source.functions["f"].args], source, {"m": source})


def test_markdown_of_a_docstring() -> None:
    """Formulas stand between dollars, arguments become a list, and continued lines stay with their item."""
    text = "Sum.\n\n.. math::\n    a \\\\\n    b\n\nwith :math:`x`.\n\nArgs:\n    x: one\n        two.\n    y: three."
    expected = "Sum.\n\n$$\na \\\\\nb\n$$\n\nwith $x$.\n\n**Arguments**\n\n- `x`: one\n  two.\n- `y`: three."
    assert markdown(text) == expected
    assert markdown("Sum.\n\n.. math:: a + b\n\nMore.") == "Sum.\n\n$$\na + b\n$$\n\nMore."


class TestData:
    """`data.py`, which students use to load MNIST."""

    @pytest.fixture
    def data(self) -> ModuleType:
        """The module."""
        spec = importlib.util.spec_from_file_location("students_data", TEMPLATE / "data.py")
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def test_mnist(self, data: ModuleType, tmp_path: Path) -> None:
        """Where MNIST's files are, they are read: pixels in [0, 1], one row per image."""
        raw = tmp_path / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for part, n in (("train", 5), ("t10k", 3)):
            images = bytes([0, 0, 8, 3]) + b"".join(k.to_bytes(4, "big") for k in (n, 28, 28)) + bytes([255]) * n * 784
            (raw / f"{part}-images-idx3-ubyte").write_bytes(images)
            labels = bytes([0, 0, 8, 1]) + n.to_bytes(4, "big") + bytes(range(n))
            (raw / f"{part}-labels-idx1-ubyte").write_bytes(labels)
        parts = data.load_mnist(str(tmp_path))
        assert [tuple(part.shape) for part in parts] == [(5, 784), (5,), (3, 784), (3,)]
        assert parts[0].dtype == torch.float32
        assert parts[1].tolist() == [0, 1, 2, 3, 4]
        assert float(parts[0].min()) == 1.0

    def test_without_torchvision(
        self, data: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Without torchvision the digits of scikit-learn are used, and a line says so."""
        for name in ("torchvision", "torchvision.datasets"):
            monkeypatch.setitem(sys.modules, name, None)
        parts = data.load_mnist(str(tmp_path))
        assert "using the digits of scikit-learn" in capsys.readouterr().out
        assert [tuple(part.shape) for part in parts] == [(1300, 784), (1300,), (497, 784), (497,)]
        assert 0 <= float(parts[0].min()) < float(parts[0].max()) <= 1
