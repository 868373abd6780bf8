"""Notebooks that an author wrote around some tasks: which courses get them, what stands in them, and that their experiments run."""

from __future__ import annotations

import importlib.util
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

import matplotlib as mpl
import nbformat
import pytest
import torch

from autograder.assignment.loading import Assignment
from autograder.assignment.notebook import lab_text, offered
from autograder.assignment.template import LABS, build_template
from autograder.checking.session import check_ids
from autograder.errors import UsageError
from tests.harness.student_kit import ROOT, reference_statements, statements_of

OWN = Assignment(ROOT)
PUBLIC = check_ids(OWN.code, OWN.check_names, ["public"])
TEXTS = {path.stem: path.read_text() for path in sorted((ROOT / LABS).glob("*.md"))}


def labs_of(track: str) -> dict[str, Any]:
    """The author's notebooks of a track, by name."""
    files = build_template(OWN, PUBLIC, track)
    return {
        name.removesuffix(".ipynb"): nbformat.reads(text, 4)
        for name, text in files.items()
        if name.endswith(".ipynb") and name != "assignment.ipynb"
    }


OFFERED = {
    "full": {"lab_ppca", "lab_vae", "lab_hierarchical_vae"},
    "uppsala": {"lab_ppca", "lab_vae", "lab_hierarchical_vae"},
    "dtu": {"lab_hierarchical_vae"},
    "huji": set(),
    "toronto": set(),
}


@pytest.mark.parametrize("track", OFFERED)
def test_a_course_gets_those_that_have_to_do_with_it(track: str) -> None:
    """It grades all tasks that stand in the notebook, or one that it names; of each task it says what it is worth in this course."""
    labs = labs_of(track)
    rubric = OWN.rubric.for_track(track)
    graded = {task.id for task in rubric.tasks}

    assert set(labs) == OFFERED[track]
    for notebook in labs.values():
        nbformat.validate(notebook)
        texts = {cell.id.removeprefix("task-"): cell.source for cell in notebook.cells if cell.id.startswith("task-")}
        assert texts
        for task_id, text in texts.items():
            assert f"`{task_id}` · " in text
            assert ("not graded in this course" in text) == (task_id not in graded)
        assert "{" not in notebook.cells[0].source


def test_no_answer_is_in_them() -> None:
    """No statement of the reference stands in a cell."""
    cells = [
        cell.source
        for notebook in labs_of("full").values()
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.id != "checks"
    ]

    assert not reference_statements() & statements_of(cells)


@pytest.mark.parametrize("name", TEXTS)
def test_the_experiments_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the top, with the reference in place of the stubs and a few noisy images in place of MNIST."""
    monkeypatch.setitem(sys.modules, "data", _few_images())
    mpl.use("Agg")
    namespace: dict[str, Any] = {"__name__": "lab"}
    torch.manual_seed(0)
    for cell in labs_of("full")[name].cells:
        if cell.cell_type != "code" or cell.id == "checks":
            continue
        if cell.id.startswith("code-"):
            task = OWN.rubric.task(cell.id.removeprefix("code-"))
            module = import_module(f"reference.{OWN.contract[task.object].module}")
            namespace[task.object] = getattr(module, task.object)
        else:
            exec(compile(cell.source, f"{name}, {cell.id}", "exec", dont_inherit=True), namespace)


def _template_module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"template_{name}", ROOT / "student_template" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _few_images() -> ModuleType:
    def load_mnist(root: str = "data") -> tuple[torch.Tensor, ...]:
        generator = torch.Generator().manual_seed(0)
        return tuple(
            part for n in (300, 120) for part in (torch.rand(n, 784, generator=generator), torch.arange(n) % 10)
        )

    module = ModuleType("data")
    vars(module).update(load_mnist=load_mnist, show=_template_module("data").show)
    return module


def test_an_unknown_task_is_refused() -> None:
    """A notebook around a task that there is not is refused with its name."""
    text = "# Lab\n\n{with: essay}\n\nWords.\n\n{task: nothing}\n"
    assert [offered(text, graded) for graded in ([], ["essay"], ["nothing"], ["other"])] == [False, True, True, False]
    with pytest.raises(UsageError, match=r"^reference/notebooks/lab.ipynb: there is no task 'nothing'"):
        lab_text("lab.ipynb", text, {}, {}, OWN.contract, {}, lambda _: pytest.fail("there is none"))
