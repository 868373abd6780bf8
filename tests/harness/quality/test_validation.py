"""The grader is graded: the matrix of wrong and right answers, and that it notices a check that checks nothing."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from autograder.report.validation import validation_page

from autograder.assignment.rubric import TaskRule, load_rubric
from autograder.grading.run import limits_on
from autograder.outcomes import Outcome
from autograder.quality.validation import Row, Validation, load_candidates, run_matrix, validate

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def whole_matrix() -> Validation:
    """The whole matrix, each pair once."""
    return validate(ROOT, runs=1)


def test_every_wrong_answer_is_caught(whole_matrix: Validation) -> None:
    """No misconception of a function task passes all checks of its task."""
    assert whole_matrix.survivors == ()


def test_no_right_answer_is_punished(whole_matrix: Validation) -> None:
    """No correct variant fails a check."""
    assert whole_matrix.punished == ()


def test_no_right_answer_is_given_a_name(whole_matrix: Validation) -> None:
    """The diagnosis names nothing where nothing is wrong."""
    assert [row.name for row in whole_matrix.rows if row.kind == "variant" and row.named] == []


def test_every_check_catches_something(whole_matrix: Validation) -> None:
    """A check that catches no misconception cannot be told from one that checks nothing."""
    assert whole_matrix.idle == ()


@pytest.mark.parametrize("rule", load_rubric(ROOT / "rubric.yaml").tasks, ids=lambda rule: rule.id)
def test_every_task_brings_its_wrong_and_right_answers(rule: TaskRule) -> None:
    """At least four misconceptions, with a sentence each, and three variants; two variants where each costs a training."""
    own = [candidate for candidate in load_candidates(ROOT) if candidate.task == rule.id]

    assert sum(candidate.kind == "misconception" for candidate in own) >= 4
    assert sum(candidate.kind == "variant" for candidate in own) >= (3 if rule.kind == "function" else 2)


def test_every_wrong_answer_is_named(whole_matrix: Validation) -> None:
    """Handed in as student work, every misconception is recognised."""
    assert whole_matrix.unnamed == ()


def test_a_name_is_never_wrong(whole_matrix: Validation) -> None:
    """No misconception is given the name of another: each stands for a fault that the others do not know."""
    wrong = [row for row in whole_matrix.rows if row.kind == "misconception" and set(row.named) - {row.name}]

    assert [(row.task, row.name, row.named) for row in wrong] == []


def test_right_answers_are_far_from_the_tolerance(whole_matrix: Validation) -> None:
    """No right answer, in float64 or float32, uses more than a tenth of what the tolerance policy allows."""
    share, check, variant = whole_matrix.closest[0]

    assert 0 < share < 0.1, (check, variant)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU on this machine")
def test_verdicts_are_the_same_on_a_gpu(whole_matrix: Validation) -> None:
    """Every variant passes, and every misconception fails, there as here."""
    chosen = [candidate for candidate in load_candidates(ROOT) if candidate.task != "train_classifier"]
    there = {(row.kind, row.task, row.name): row.outcomes for row in run_matrix(ROOT, chosen, device="cuda")}

    assert {key: there[key] for key in there if key[0] == "variant"} == {
        (row.kind, row.task, row.name): row.outcomes for row in whole_matrix.rows if row.kind == "variant"
    }
    assert all(Outcome.FAILED in outcomes.values() for key, outcomes in there.items() if key[0] == "misconception")


def test_functions_are_asked_on_the_cpu_wherever_there_is_a_gpu() -> None:
    """A GPU is used for training only: no verdict on a function can depend on the grader's machine."""
    functions, training = limits_on("cuda", load_rubric(ROOT / "rubric.yaml"))

    assert (functions.device, training.device) == ("cpu", "cuda")


def test_the_page_shows_the_matrix(whole_matrix: Validation) -> None:
    """The page holds the last line, every candidate, and no script."""
    page = validation_page(whole_matrix)

    assert whole_matrix.last_line() in page
    assert all(row.name in page for row in whole_matrix.rows)
    assert "<script" not in page


def test_survivors_and_punished_make_it_fail() -> None:
    """One wrong answer that passes, or one right one that fails, and the validation is not ok."""
    passed = Row("misconception", "t", "m", {"value": Outcome.PASSED}, {})
    failed = Row("misconception", "t", "n", {"value": Outcome.FAILED}, {})

    assert Validation((failed,), 0, (), 1.0).ok
    assert not Validation((failed, passed), 0, (), 1.0).ok
    assert not Validation((failed,), 0, ("t/v:value",), 1.0).ok
    assert Validation((failed, replace(failed, outcomes={"value": Outcome.PASSED, "x": Outcome.FAILED})), 0, (), 1.0).ok
    assert Validation((replace(failed, outcomes=failed.outcomes | {"x": Outcome.PASSED}),), 0, (), 1.0).idle == ("t.x",)
    assert re.match(
        r"killed 1/2, named 0/2, variants punished 0/0 in 1 runs", Validation((failed, passed), 0, (), 1.0).last_line()
    )


BREAKABLE = [
    ("test_divergences.py", "test_kl_gradient", "kl_standard_normal", "variance_detached"),
    ("test_divergences.py", "test_kl_extreme", "kl_standard_normal", "log_of_exp"),
    ("test_densities.py", "test_bernoulli_extreme", "bernoulli_log_density", "log_of_sigmoid"),
    ("test_densities.py", "test_sample_independence", "sample_gaussian", "same_noise_every_call"),
    ("test_densities.py", "test_sample_gradient", "sample_gaussian", "detached"),
    ("test_ppca.py", "test_log_likelihood_images", "ppca_log_likelihood", "log_of_determinant"),
    ("test_evidence.py", "test_log_mean_exp_extreme", "log_mean_exp", "one_maximum_for_all"),
    ("test_evidence.py", "test_evidence_importance", "estimate_log_likelihood", "mean_of_logs"),
    ("test_evidence.py", "test_evidence_noise", "estimate_log_likelihood", "shared_over_samples"),
    ("test_vae.py", "test_elbo_noise", "elbo", "shared_noise"),
    ("test_vae.py", "test_elbo_reparameterised", "elbo", "score_function"),
    ("test_classifier.py", "test_evaluate_mode", "evaluate_classifier", "training_mode"),
    ("test_training.py", "test_train_shuffled", "train_classifier", "not_shuffled"),
    ("test_training.py", "test_train_held_out", "train_classifier", "trained_on_validation_data"),
]


@pytest.mark.parametrize(("file", "test", "task", "name"), BREAKABLE, ids=[f"{t}" for _, t, _, _ in BREAKABLE])
def test_a_check_that_checks_nothing_is_noticed(tmp_path: Path, file: str, test: str, task: str, name: str) -> None:
    """When a check's body is replaced by `pass`, a misconception that only it catches survives."""
    for part in ("reference", "tests/public", "tests/hidden"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests" / "__init__.py", tmp_path / "tests")
    shutil.copy(ROOT / "rubric.yaml", tmp_path)
    path = tmp_path / "tests" / "hidden" / file
    text = path.read_text(encoding="utf-8")
    head = re.search(rf"def {test}\(.*?\):\n", text)
    assert head is not None
    path.write_text(text[: head.end()] + "    return\n" + text[head.end() :], encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from autograder.quality.validation import load_candidates, run_matrix\n"
        f"chosen = [c for c in load_candidates(Path('.')) if c.id == '{task}/{name}']\n"
        "print('CAUGHT' if run_matrix(Path('.'), chosen)[0].failed else 'SURVIVED')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "SURVIVED"


def test_one_candidate_can_be_asked_alone() -> None:
    """The matrix of one misconception has one row with the checks of its task."""
    chosen = [candidate for candidate in load_candidates(ROOT) if candidate.id == "kl_standard_normal/half_missing"]
    (row,) = run_matrix(ROOT, chosen)

    assert "value" in row.failed
    assert row.named == ("half_missing",)


def test_a_wrong_and_a_right_answer_may_share_a_name() -> None:
    """Asked in one session, each keeps its own results."""
    chosen = [candidate for candidate in load_candidates(ROOT) if candidate.id == "kl_standard_normal/log_std"]
    rows = {row.kind: row for row in run_matrix(ROOT, chosen)}

    assert rows["misconception"].named == ("log_std",)
    assert rows["variant"].failed == ()
