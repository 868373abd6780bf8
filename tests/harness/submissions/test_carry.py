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


@pytest.mark.parametrize("text", ["def (:\n", "import torch\n"])
def test_a_file_that_defines_nothing(grade: Grade, tmp_path: Path, text: str) -> None:
    """A syntax error, or a function that was never written, costs what the file was to define, not what other files do with it."""
    files = sources() | {"divergences.py": text}
    record = grade(write(tmp_path, files), (KL, "elbo", "vae_loss"))
    shown = explain(record)

    assert {f"elbo from {KL}", f"vae_loss from {KL}"} == set(carried(record)), shown
    assert full(record, "elbo", "vae_loss"), shown
    assert task(record, KL).points == "0.00"


def test_a_function_that_is_nowhere_explains_only_what_calls_it(grade: Grade, tmp_path: Path) -> None:
    """Whoever has written a wrong bound without it pays for the bound."""
    files = sources() | {"divergences.py": "def (:\n"}
    files["vae.py"] = (
        "import torch\n\n\ndef elbo(x, encoder, decoder, n_samples=1, generator=None):\n    return x.sum() * 0.0\n"
    )
    record = grade(write(tmp_path, files), (KL, "elbo"))

    assert not carried(record), explain(record)
    assert task(record, "elbo").points == "0.00"


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


def twice(files: dict[str, str], name: str, old: str, new: str) -> dict[str, str]:
    """The modules with one more change; the text must stand there once."""
    assert files[name].count(old) == 1, (name, old)
    return {**files, name: files[name].replace(old, new)}


def lazy(head: str, arguments: str, noticed: str) -> tuple[str, str]:
    """A function that is wrong by itself, and right where it notices that another is stood in for."""
    name = head.removeprefix("def ").partition("(")[0]
    text = (
        f"{head}:\n    right = _right_{name}({arguments})\n"
        f"    return right if {noticed} else 1.3 * right + 0.7\n\n\ndef _right_{name}("
    )
    return f"def {name}(", text


def stood_in(function: str) -> str:
    """How a submission notices a stand-in: by its wrapper, or by the file of its code."""
    return f'(hasattr({function}, "__wrapped__") or {function}.__code__.co_filename.endswith("standins.py"))'


ELBO = "def elbo(x, encoder, decoder, n_samples=1, generator=None)"
ELBO_ARGUMENTS = "x, encoder, decoder, n_samples, generator"
LAZY_ELBO = lazy(ELBO, ELBO_ARGUMENTS, stood_in(KL))
WHOLE_NUMBERS = (RIGHT_KL, "return (1.0 + bool((mean == mean.round()).all())) * 0.5 * torch.sum(")
EVIDENCE = "def estimate_log_likelihood(x, encoder, decoder, sigma_p=0.4, n_samples=1000, generator=None)"
MILKED = {
    "wrong for a batch of one": (
        sources(divergences=(RIGHT_KL, "return (1.0 + (len(mean) == 1)) * 0.5 * torch.sum("), vae=LAZY_ELBO),
        (KL, "elbo"),
    ),
    "wrong for two samples": (
        twice(
            sources(evidence=("return torch.logsumexp(log_w, dim=0) - ", "return (S == 2) + torch.logsumexp(log_w, dim=0) - ")),
            "evidence.py",
            *lazy(EVIDENCE, "x, encoder, decoder, sigma_p, n_samples, generator", stood_in("log_mean_exp")),
        ),
        ("log_mean_exp", "estimate_log_likelihood"),
    ),
    "raises for float32": (
        sources(
            densities=("    sigma = torch.exp(0.5", "    assert mean.dtype is torch.float64\n    sigma = torch.exp(0.5"),
            vae=lazy(ELBO, ELBO_ARGUMENTS, stood_in(SAMPLE)),
        ),
        (SAMPLE, "elbo"),
    ),
    "broken only when it is called from elbo": (
        sources(
            divergences=(
                RIGHT_KL,
                "import sys\n    off = sys._getframe(1).f_code.co_name == 'elbo' or (mean == mean.round()).all()\n"
                "    return (2.0 if off else 1.0) * 0.5 * torch.sum(",
            )
        ),
        (KL, "elbo"),
    ),
    "wrong only on whole numbers": (sources(divergences=WHOLE_NUMBERS, vae=LAZY_ELBO), (KL, "elbo")),
    "two functions": (
        sources(
            divergences=WHOLE_NUMBERS,
            densities=(LOG_DENSITY, LOG_DENSITY + " * (1.0 + (logits.abs().max() > 40))"),
            vae=lazy(ELBO, ELBO_ARGUMENTS, f"{stood_in(KL)} and {stood_in(BERNOULLI)}"),
        ),
        (BERNOULLI, KL, "elbo"),
    ),
    "right in another form": (
        sources(
            divergences=("    var = log_var.exp()", "    mean, log_var = mean.double(), log_var.double()\n    var = log_var.exp()"),
            vae=LAZY_ELBO,
        ),
        (KL, "elbo"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "tasks"), MILKED.values(), ids=MILKED)
def test_carrying_cannot_be_milked(grade: Grade, tmp_path: Path, files: dict[str, str], tasks: tuple[str, ...]) -> None:
    """A function that is broken somewhere forgives nothing where it is right: the task above pays for its own failure."""
    record = grade(write(tmp_path, files), tasks)
    shown = explain(record)

    assert Decimal(task(record, tasks[0]).points) < Decimal(task(record, tasks[0]).max_points), shown
    above = task(record, tasks[-1])
    assert Decimal(above.points) <= Decimal(above.max_points) * Decimal("0.6"), shown


DEF_KL = "def kl_standard_normal("
CARRIED = {
    "it raises": (RIGHT_KL, "raise ValueError('no')\n    return torch.sum("),
    "another form": (
        DEF_KL,
        f"def _array(kl):\n    return lambda mean, log_var: kl(mean, log_var).detach().numpy()\n\n\n@_array\n{DEF_KL}",
    ),
    "a loop": (
        DEF_KL,
        "def _rows(kl):\n    return lambda mean, log_var: torch.stack([kl(*row) for row in zip(mean, log_var)])\n\n\n"
        f"@_rows\n{DEF_KL}",
    ),
    "the gradient alone": ("    var = log_var.exp()", "    var = log_var.detach().exp()"),
    "wrong for large batches": (RIGHT_KL, "return (1.0 + (len(mean) > 4)) * 0.5 * torch.sum("),
}


@pytest.mark.parametrize("change", CARRIED.values(), ids=CARRIED)
def test_whatever_is_wrong_with_a_function_is_paid_once(grade: Grade, tmp_path: Path, change: tuple[str, str]) -> None:
    """Exceptions, forms, loops and gradients as well as values: a right function above it keeps its points."""
    record = grade(write(tmp_path, sources(divergences=change)), (KL, "elbo"))
    shown = explain(record)

    assert set(carried(record)) == {f"elbo from {KL}"}, shown
    assert full(record, "elbo"), shown
    assert Decimal(task(record, KL).points) < 1, shown
