"""A bug is paid once: what fails only because of another, already charged function is carried and costs nothing more."""

from decimal import Decimal
from pathlib import Path

import pytest

from autograder.assignment.rubric import Rubric
from autograder.records import GradeRecord, Outcome
from tests.submissions.build import notebook
from tests.submissions.faults import CORRECT

from .tools import Grade, check, explain, task, write

KL, SAMPLE, BERNOULLI = "kl_standard_normal", "sample_gaussian", "bernoulli_log_density"
RIGHT_KL = "return 0.5 * torch.sum("
WRONG_KL = "return torch.sum("
DENSITIES = "densities.py"
LOG_DENSITY = 'return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")'


def sources(**changes: tuple[str, str]) -> dict[str, str]:
    """The correct modules with one change in each file named; the text must stand there once."""
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(CORRECT.glob("*.py"))}
    for name, (old, new) in changes.items():
        assert files[f"{name}.py"].count(old) == 1, (name, old)
        files[f"{name}.py"] = files[f"{name}.py"].replace(old, new)
    return files


def carried(record: GradeRecord) -> dict[str, set[str]]:
    """From whom, by task, and which checks."""
    found: dict[str, set[str]] = {}
    for t in record.tasks:
        for c in t.checks:
            if c.carried_from is not None:
                found.setdefault(f"{t.id} from {c.carried_from}", set()).add(c.id.partition(".")[2])
    return found


def full(record: GradeRecord, *names: str) -> bool:
    """Whether these tasks have all their points."""
    return all(task(record, name).points == task(record, name).max_points for name in names)


def test_across_files(grade: Grade, tmp_path: Path) -> None:
    """Imported by name into another file: the bound and the loss that is built on it fail, and keep their points."""
    record = grade(write(tmp_path, sources(divergences=(RIGHT_KL, WRONG_KL))), (KL, "elbo", "vae_loss"))
    shown = explain(record)

    assert set(carried(record)) == {f"elbo from {KL}", f"vae_loss from {KL}"}, shown
    assert {"divergence", "unbiased", "gradient"} <= carried(record)[f"elbo from {KL}"], shown
    assert full(record, "elbo", "vae_loss"), shown
    assert Decimal(task(record, KL).points) < 1, shown
    assert task(record, "elbo").outcome is Outcome.FAILED
    assert check(record, "elbo.divergence").misconception is None
    assert not record.flags, shown
    assert record.carry == "never"


@pytest.mark.parametrize(("rule", "points"), [("half", "1.25"), ("always", "0.00")])
def test_what_the_rubric_says(grade: Grade, tmp_path: Path, rubric: Rubric, rule: str, points: str) -> None:
    """`carry: half` and `carry: always` charge what is carried; the record still says where it comes from."""
    broken = sources(divergences=(RIGHT_KL, "raise NotImplementedError\n    return torch.sum("))
    changed = rubric.model_copy(update={"carry": rule})
    record = grade(write(tmp_path, broken), (KL, "elbo"), rubric=changed)
    shown = explain(record)

    elbo = task(record, "elbo")
    assert all(c.carried_from == KL for c in elbo.checks), shown
    assert sum(Decimal(c.points) for c in elbo.checks) == pytest.approx(Decimal(elbo.points), abs=Decimal("0.01"))
    assert elbo.points == points, shown
    assert record.carry == rule


def test_a_notebook(grade: Grade, tmp_path: Path) -> None:
    """Everything in one namespace."""
    text = notebook().decode()
    assert text.count(RIGHT_KL) == 1
    record = grade(write(tmp_path, {"work.ipynb": text.replace(RIGHT_KL, WRONG_KL)}) / "work.ipynb", (KL, "elbo"))

    assert set(carried(record)) == {f"elbo from {KL}"}, explain(record)
    assert full(record, "elbo")


def test_a_function_that_hangs(grade: Grade, tmp_path: Path, short: Rubric) -> None:
    """Whatever is wrong with the other function."""
    files = sources(divergences=(RIGHT_KL, "while True: pass\n    return torch.sum("))
    record = grade(write(tmp_path, files), (KL, "elbo"), rubric=short)

    assert set(carried(record)) == {f"elbo from {KL}"}, explain(record)
    assert full(record, "elbo")
    assert task(record, KL).points == "0.00"


def test_several_functions(grade: Grade, tmp_path: Path) -> None:
    """Where two broken functions explain a failure only together, both are named."""
    files = sources(
        divergences=(RIGHT_KL, WRONG_KL), densities=(LOG_DENSITY, LOG_DENSITY.replace("return -F", "return -2 * F"))
    )
    record = grade(write(tmp_path, files), (BERNOULLI, KL, "elbo"))
    shown = explain(record)

    assert check(record, "elbo.reconstruction").carried_from == BERNOULLI, shown
    assert check(record, "elbo.unbiased").carried_from is not None, shown
    assert full(record, "elbo"), shown
    assert Decimal(task(record, KL).points) < 1
    assert Decimal(task(record, BERNOULLI).points) < 1


def test_a_random_function(grade: Grade, tmp_path: Path) -> None:
    """Noise of the right distribution comes from outside, and its gradient too."""
    files = sources(densities=("sigma = torch.exp(0.5 * log_var)", "sigma = torch.exp(log_var)"))
    record = grade(write(tmp_path, files), (SAMPLE, "elbo", "estimate_log_likelihood"))

    assert set(carried(record)) == {f"elbo from {SAMPLE}", f"estimate_log_likelihood from {SAMPLE}"}, explain(record)
    assert full(record, "elbo", "estimate_log_likelihood")


NOT_CARRIED = {
    "wrong by itself as well": (
        sources(divergences=(RIGHT_KL, WRONG_KL), vae=("return (log_px - kl).mean()", "return (log_px - kl).sum()")),
        "elbo.reconstruction",
    ),
    "does not use it": (
        sources(
            divergences=(RIGHT_KL, WRONG_KL),
            vae=("kl = kl_standard_normal(mean, log_var)", "kl = torch.sum(log_var.exp() + mean.pow(2) - 1.0 - log_var, dim=-1)"),
        ),
        "elbo.divergence",
    ),
    "the task itself, by another name": (
        sources(
            vae=(
                "def elbo(x, encoder, decoder, n_samples=1, generator=None):\n    mean",
                "def elbo(x, encoder, decoder, n_samples=1, generator=None):\n"
                "    return -vae_loss(x, encoder, decoder, n_samples, generator)\n\n\n"
                "def unused(x, encoder, decoder, n_samples=1, generator=None):\n    mean",
            )
        ),
        "elbo.contract",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "failed"), NOT_CARRIED.values(), ids=NOT_CARRIED)
def test_not_carried(grade: Grade, tmp_path: Path, files: dict[str, str], failed: str) -> None:
    """A task pays for what is wrong in itself, whatever else is."""
    record = grade(write(tmp_path, files), (KL, "elbo", "vae_loss"))

    assert check(record, failed).outcome is Outcome.FAILED, explain(record)
    assert check(record, failed).carried_from is None, explain(record)
    assert not full(record, "elbo")


LOOK = """
import sys

def elbo(x, encoder, decoder, n_samples=1, generator=None):
    if kl_standard_normal.__code__.co_filename.endswith("standins.py"):
        return _right(x, encoder, decoder, n_samples, generator)
    return x.sum() * 0

"""


def test_nothing_is_gained_by_breaking_a_function(grade: Grade, tmp_path: Path) -> None:
    """Who breaks one on purpose, and even notices that it is stood in for, has less than who does not."""
    tasks = (KL, "elbo")
    honest = grade(write(tmp_path / "honest", sources()), tasks)
    cheat = sources(divergences=(RIGHT_KL, "return 1e-3 + 0.5 * torch.sum("), vae=("def elbo(", LOOK + "def _right("))
    cheated = grade(write(tmp_path / "cheat", cheat), tasks)

    assert honest.score == honest.max_score == "3.50"
    assert Decimal(cheated.score or 0) < Decimal("3.50"), explain(cheated)
    assert Decimal(task(cheated, KL).points) < 1
