"""Every figure of the assignment is drawn for a correct submission, and says why not for one without its functions."""

import textwrap

import pytest

from .tools import SUBMISSIONS, write

TRAINED = {
    "train_vae": "elbo",
    "train_autoencoder": "reconstruction",
    "train_latent_optimization": "bound",
    "train_classifier": "accuracy",
}
"""Trainings whose models are drawn with, and the check that makes each train within its budget."""


@pytest.fixture(scope="module")
def quick(rubric):
    """The rubric with one check for each task, and two epochs for each training."""
    tasks = []
    for task in rubric.tasks:
        wanted = [check for check in task.checks if check.name in ("contract", TRAINED.get(task.id))]
        checks = [check for check in wanted if check.name != "contract"] or wanted or list(task.checks[:1])
        if not (task.kind == "training" and task.id not in TRAINED):
            tasks.append(task.model_copy(update={"checks": tuple(checks)}))
    training = {
        task: {data: rule.model_copy(update={"epochs": 2}) for data, rule in rules.items()}
        for task, rules in rubric.training.items()
        if task in TRAINED
    }
    return rubric.model_copy(update={"tasks": tuple(tasks), "training": training})


def test_all_are_drawn_for_a_correct_submission(grade, quick, assignment):
    """With the submission's own functions and models; nothing is left out."""
    record = grade(SUBMISSIONS / "correct_modules.zip", training=True, rubric=quick)
    wanted = assignment.figures(quick)

    assert [(drawing.task, drawing.why_not) for drawing in record.drawings] == [(task, "") for task in wanted]
    assert all(d.grids or d.scatters or d.contours or d.curves for d in record.drawings)
    assert len(wanted) >= 13


def test_what_is_missing_is_said(grade, quick, tmp_path):
    """Somebody who has only the two functions of one figure gets that one, where no training is needed for it."""
    source = """
        import torch

        def posterior_samples(x, encoder, generator=None):
            mean, log_var = encoder(x)
            return mean + (0.5 * log_var).exp() * torch.randn(mean.shape, generator=generator)

        def project_2d(z):
            return z[:, :2] * 1
    """
    record = grade(write(tmp_path, {"vae.py": textwrap.dedent(source)}), rubric=quick)
    found = {drawing.task: drawing for drawing in record.drawings}

    assert set(found) == {"aggregate_posterior_figure", "ppca_notebook"}
    assert len(found["aggregate_posterior_figure"].scatters) == 1
    assert (
        found["ppca_notebook"].why_not
        == "`ppca_fit` is not defined in ppca.py, nor in any other file of the submission"
    )
