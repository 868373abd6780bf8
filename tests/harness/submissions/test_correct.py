"""Correct submissions get full marks, whatever their style and wrapping; untouched templates get nothing."""

import pytest

from autograder.records import FailureKind, Outcome
from tests.submissions import build

from .tools import ROOT, SUBMISSIONS, explain, write

VARIANTS = ["correct_modules.zip", "variant_package", "variant_distributions", "correct_notebook.ipynb"]
"""`variant_distributions` and `variant_numpy` were written by people who had seen the students' kit and nothing else."""
PACKED_OTHERWISE = ["variant_wrapped.zip", "variant_encoded.zip"]
"""The code of `correct_modules` in other folders, encodings and names."""
ENOUGH = 13
"""Tasks that a folder that was written by hand answers."""


def test_generated_files_are_what_the_folders_make():
    """The zips and the notebook are those that `python -m tests.submissions.build` makes."""
    for name, data in build.make().items():
        assert (SUBMISSIONS / name).read_bytes() == data, f"{name} is stale: python -m tests.submissions.build"


def test_full_marks_with_training(grade):
    """Two trainings on the digits, in the style of torch.distributions."""
    record = grade(SUBMISSIONS / "variant_distributions", ("train_vae", "train_classifier"), training=True)
    assert record.score == record.max_score, explain(record)


@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["correct_modules.zip", pytest.param("variant_distributions", marks=pytest.mark.matrix)]
)
def test_full_marks_of_what_is_trained(grade, rubric, name):
    """Every training in two styles (of the second, two above); the functions are asked in `test_full_marks`."""
    record = grade(SUBMISSIONS / name, tuple(rubric.training), training=True)
    assert record.score == record.max_score, explain(record)


FORM = {"numpy_array", "other_dtype", "result_without_gradient"}


@pytest.mark.long
def test_numpy_costs_what_form_costs(grade):
    """A notebook that computes with numpy wherever it can: right values, arrays for results, gradients that are lost there."""
    record = grade(SUBMISSIONS / "variant_numpy")
    named = {mistake.name for task in record.tasks for mistake in task.mistakes}
    forms = {form for task in record.tasks for check in task.checks for form in check.forms}
    poor = [task.id for task in record.tasks if float(task.points) < 0.75 * float(task.max_points)]
    assert named | forms <= FORM, explain(record)
    assert poor == [], explain(record)
    assert float(record.score) >= 0.88 * float(record.max_score), explain(record)


@pytest.mark.parametrize("name", VARIANTS)
def test_full_marks(grade, name):
    """Other styles, wrappings, encodings, and a notebook with a cell that would run for an hour."""
    record = grade(SUBMISSIONS / name)
    assert answered_in_full(record), explain(record)


@pytest.mark.parametrize("name", PACKED_OTHERWISE)
def test_full_marks_however_it_is_packed(grade, assignment, name):
    """One task of every file keeps its points: what the files say is the same as in `correct_modules`."""
    functions = [task.id for task in assignment.rubric.tasks if task.kind == "function"]
    first = {assignment.contract.modules[name]: name for name in reversed(functions)}
    record = grade(SUBMISSIONS / name, tuple(name for name in functions if name in first.values()))
    assert record.score == record.max_score, explain(record)
    assert len(record.tasks) == len(first) > 5


def answered_in_full(record):
    """Whether every task keeps all of its points: of a folder that was written by hand, every task that it was written for.

    What is built from `correct_modules` has an answer to every task there is, but that a notebook holds no `answers.yaml` and no program.
    """
    by_hand = record.submission == "variant_package"
    notebook = record.submission.endswith("notebook")
    tasks = [t for t in record.tasks if t.found_in or not (by_hand or (notebook and t.kind in ("answers", "script")))]
    whole = all(task.points == task.max_points and task.outcome is Outcome.PASSED for task in tasks)
    return record.status == "graded" and record.flags == () and whole and len(tasks) >= ENOUGH


def test_folder_and_zip_are_the_same_submission(tmp_path):
    """The digest does not depend on how it was packed."""
    from autograder.intake import take_in

    places = [
        write(tmp_path / "work", build.correct()),
        *(SUBMISSIONS / f"{name}.zip" for name in ("correct_modules", "variant_wrapped")),
    ]
    assert len({take_in(place).sha256 for place in places}) == 1


def test_untouched_template_gets_nothing(grade, rubric):
    """0.00, and every task says that it is not implemented yet."""
    record = grade(ROOT / "student_template", training=True)
    assert (record.status, record.score) == ("graded", "0.00"), explain(record)
    graded = [task.id for task in rubric.for_track("full").tasks if task.kind != "person"]
    assert [task.id for task in record.tasks] == graded
    for task in record.tasks:
        failed = [c for c in task.checks if c.outcome == Outcome.FAILED]
        assert {c.kind for c in failed} == {FailureKind.MISSING}, explain(record)
        said = "not answered yet" if task.kind == "answers" else "not implemented yet"
        assert any(said in c.message for c in failed), explain(record)


ODD = '''
import sys, warnings, threading
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm

warnings.warn("this is old")
print("\\x1b[32mgreen\\x1b[0m", file=sys.stderr)


class FastKL(torch.autograd.Function):
    """numpy inside, with a gradient of our own"""

    @staticmethod
    def forward(ctx, mean, log_var):
        ctx.save_for_backward(mean, log_var)
        m, v = mean.detach().numpy(), log_var.detach().numpy()
        return torch.from_numpy(np.asarray(0.5 * (np.exp(v) + m**2 - 1 - v).sum(-1)))

    @staticmethod
    def backward(ctx, grad):
        mean, log_var = ctx.saved_tensors
        g = grad.unsqueeze(-1)
        return g * mean, g * 0.5 * (log_var.exp() - 1)


def kl_standard_normal(mean, log_var):
    for _ in tqdm(range(3), desc="thinking"):
        pass
    print("mean:", mean.shape)
    fig = plt.figure()
    plt.plot([1, 2])
    plt.close(fig)
    box = []
    worker = threading.Thread(target=lambda: box.append(1))
    worker.start()
    worker.join()
    warnings.warn("deprecated")
    return FastKL.apply(mean, log_var)


def evaluate_classifier(model, images, labels, batch_size):
    mode = model.training
    model.eval()
    loss, hits = 0.0, 0
    with torch.no_grad():
        for x, y in tqdm(DataLoader(TensorDataset(images, labels), batch_size=batch_size, num_workers=2)):
            out = model(x)
            loss += torch.nn.functional.cross_entropy(out, y, reduction="sum").item()
            hits += (out.argmax(1) == y).sum().item()
    model.train(mode)
    return loss / len(labels), hits / len(labels)
'''


@pytest.mark.parametrize("through", ["grade", "uid_grade"])
def test_odd_but_honest_work_loses_nothing(through, request, tmp_path):
    """Progress bars, warnings, figures, threads, DataLoader workers and numpy in an autograd function are no offence."""
    grade = request.getfixturevalue(through)
    tasks = ("kl_standard_normal", "evaluate_classifier")
    record = grade(write(tmp_path, {"work.py": ODD}), tasks)
    assert record.score == record.max_score, explain(record)
    assert record.flags == (), explain(record)
