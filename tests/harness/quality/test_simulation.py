"""What fresh-seed runs say: null distributions are compared, power is calculated, and the real checks stand both."""

import functools
import itertools
import math
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograder.assignment.loading import Assignment
from autograder.checking.statistics import Verdict, gaussian_sample_test, mean_test, variance_at_most_test
from autograder.outcomes import Outcome
from autograder.quality.fresh import FreshJob, fresh_jobs, fresh_seed, random_checks, run_fresh
from autograder.quality.matrix import Row, entries_of, references_of, run_matrix
from autograder.quality.page import validation_page
from autograder.quality.simulation import NullRow, PowerRow, Tally, alarm, first_looks, null_rows, power_rows
from autograder.quality.validation import Validation
from autograder.sandbox.inprocess import OneFunction

Array = NDArray[np.float64]
PASSED = {"check": Outcome.PASSED}


# --------------------------------------------------------------------------------------------- the evidence of looks


def test_a_verdict_says_what_it_saw_at_every_stage() -> None:
    """A sequential test leaves one look for each stage and coordinate; they take no part in comparisons."""
    rng = np.random.default_rng(1)
    verdict = mean_test(
        lambda start, n: rng.standard_normal(n), 0.0, tolerance=1e-3, stages=(64, 256), max_skewness=0.2
    )
    first, second = verdict.looks

    assert (first.n, second.n) == (64, 256)
    assert first.batches == 64
    assert 16 < first.above < 48
    assert abs(first.z) < 5
    assert first.allowance == pytest.approx(0.2 / (6 * math.sqrt(2 * math.pi)))
    assert Verdict(verdict.decision, verdict.statistic, verdict.threshold, verdict.n, verdict.detail) == verdict


def test_constant_draws_have_no_distribution() -> None:
    """Draws without noise are marked: as expected (distance 0) or certainly off (999)."""
    right = mean_test(lambda start, n: np.full(n, 1.0), 1.0, tolerance=0.1, stages=(64,))
    wrong = mean_test(lambda start, n: np.full(n, 0.9), 1.0, tolerance=0.5, stages=(64,))

    assert [(look.batches, look.z) for look in (*right.looks, *wrong.looks)] == [(0, 0.0), (0, -999.0)]


def test_parts_of_a_sample_test_are_told_apart() -> None:
    """Questions of several tests in one check get names of their own."""
    z = np.random.default_rng(2).standard_normal(500)
    names = [name for name, _ in first_looks([gaussian_sample_test(z), gaussian_sample_test(z)])]
    questions = ("fourth moment", "mean", "variance", "tails", "distribution")

    assert names == [f"{i}: {question}" for i in (1, 2) for question in questions]


# ------------------------------------------------------------------------------------------------ null distributions


def tally_of(draws: Callable[[np.random.Generator, int], Array], runs: int = 300) -> Tally:
    """A tally of `runs` runs of one check, a mean test at 0 of what `draws(rng, n)` returns."""
    tally = Tally()
    for run in range(runs):
        rng = np.random.default_rng(run)
        draw = partial(lambda rng, start, n: draws(rng, n), rng)
        verdict = mean_test(draw, 0.0, tolerance=1e-3, stages=(64,), max_skewness=0.2)
        outcome = Outcome.FAILED if verdict.decision == "fail" else Outcome.PASSED
        tally.add("task", "name", {"check": outcome}, {"check": [verdict]})
    return tally


def blocks(rng: np.random.Generator, n: int) -> Array:
    """Draws that come in fours of equal sign."""
    signs: Array = np.repeat(rng.choice([-1.0, 1.0], n // 4), 4)
    return np.abs(rng.standard_normal(n)) * signs


def test_right_draws_agree_with_the_assumption() -> None:
    """Gaussian draws of the right mean: no alarm, half of the batch means above."""
    (row,) = null_rows(tally_of(lambda rng, n: rng.standard_normal(n)))

    assert row.share == pytest.approx(0.5, abs=0.02)
    assert row.agreement > 0.01
    assert row.skewness < 0.1
    assert (row.runs, row.failed, alarm([row])) == (300, 0, [])


@pytest.mark.parametrize(
    "draws",
    [
        lambda rng, n: rng.standard_normal(n) + 0.15,
        lambda rng, n: rng.exponential(size=n) - 1.0,
        blocks,
    ],
    ids=["a bias of 0.15 standard deviations", "ten times the skewness allowed for", "dependent draws"],
)
def test_wrong_assumptions_are_noticed(draws: Any) -> None:
    """Hardly any makes a test fail in 300 runs, and every one is seen in the distribution."""
    (row,) = null_rows(tally_of(draws))

    assert row.failed < 3
    assert alarm([row]) == [row]


def test_exact_p_values_must_be_uniform() -> None:
    """A test of exact distribution is compared on both sides: p-values that are too large are noticed as well."""
    good, bad = Tally(), Tally()
    for run in range(400):
        z = np.random.default_rng(run).standard_normal(100)
        good.add("task", "name", PASSED, {"check": [gaussian_sample_test(z)]})
        bad.add("task", "name", PASSED, {"check": [gaussian_sample_test((z - z.mean()) / z.std())]})

    assert alarm(null_rows(good)) == []
    assert len(alarm(null_rows(bad))) == 1


def test_tallies_join() -> None:
    """Runs that were made by several workers count as one."""
    whole, part = tally_of(lambda rng, n: rng.standard_normal(n), 40), Tally()
    part.join(whole)
    part.join(Tally())

    assert null_rows(part) == null_rows(whole)


# -------------------------------------------------------------------------------------------------------------- power


def shifted(off: float, rng: np.random.Generator, n: int) -> Array:
    """Gaussian draws whose mean is `off` standard deviations off."""
    return rng.standard_normal(n) + off


def test_power_is_that_of_the_binomial() -> None:
    """A mean that is 3 standard deviations off is caught for sure, one that is 0.5 off is not; simulation agrees."""
    rows = {off: power_rows(tally_of(partial(shifted, off), 400))[0] for off in (0.5, 1.1, 3.0)}

    assert rows[3.0].power > 1 - 1e-12
    assert rows[3.0].missed == 0
    assert rows[0.5].power < 0.05
    assert rows[1.1].distance == pytest.approx(1.1, abs=0.1)
    assert abs(rows[1.1].caught / 400 - rows[1.1].power) < 0.15


def test_power_of_constant_draws_is_certain() -> None:
    """Without noise nothing is left to chance."""
    (row,) = power_rows(tally_of(lambda rng, n: np.full(n, 0.2), 3))

    assert (row.distance, row.power, row.missed) == (999.0, 1.0, 0)


def test_checks_that_were_skipped_do_not_count() -> None:
    """Some runs end at one check and the others at the next: each fails whenever it matters, and the second for sure."""
    tally = Tally()
    for run in range(10):
        first = Outcome.FAILED if run % 3 == 0 else Outcome.PASSED
        second = Outcome.SKIPPED if run % 3 == 0 else Outcome.FAILED
        tally.add("task", "name", {"first": first, "second": second}, {})

    assert power_rows(tally) == [PowerRow("task", "name", 10, 10, "second", 6, None, 1.0)]


def test_power_is_not_above_what_was_seen() -> None:
    """A deviation that is certain but within the tolerance is no failure, however many standard errors it has."""
    tally = Tally()
    for run in range(20):
        rng = np.random.default_rng(run)
        verdict = mean_test(
            partial(lambda rng, start, n: rng.standard_normal(n) + 3.0, rng), 0.0, tolerance=9.0, stages=(64,)
        )
        tally.add("task", "name", PASSED, {"check": [verdict]})

    assert power_rows(tally)[0].power == 0.0


def test_a_property_that_always_fails_needs_no_statistic() -> None:
    """A check that fails every time on something else than a statistical test is shown without a distance."""
    tally = Tally()
    for _ in range(5):
        tally.add("task", "name", {"value": Outcome.PASSED, "gradient": Outcome.FAILED}, {})

    assert power_rows(tally) == [PowerRow("task", "name", 5, 5, "gradient", 5, None, 1.0)]


# ---------------------------------------------------------------------------------------- a variance that is at most


def test_variance_at_most_keeps_its_rate() -> None:
    """At the largest allowed variance it fails as often as stated, below it never; less noise passes."""
    rng = np.random.default_rng(3)
    failed = [
        variance_at_most_test(
            lambda start, n: rng.standard_normal(n), 1.0, clear=1.001, false_fail=0.05, stages=(32,)
        ).decision
        for _ in range(2000)
    ].count("fail")

    assert 60 < failed < 145  # 100 ± 4.6 standard deviations
    assert (
        variance_at_most_test(lambda start, n: 0.5 * rng.standard_normal(n), 1.0, clear=4.0, stages=(32, 128)).decision
        == "pass"
    )
    assert variance_at_most_test(lambda start, n: np.zeros(n), 1.0, clear=4.0).decision == "pass"


def test_variance_at_most_finds_the_coordinate() -> None:
    """Too much noise in one coordinate of several fails, and the sentence says in which."""
    rng = np.random.default_rng(4)
    verdict = variance_at_most_test(
        lambda start, n: rng.standard_normal((n, 3)) * [1.0, 5.0, 0.1], [1.0, 1.0, 1.0], clear=4.0, stages=(32,)
    )

    assert verdict.decision == "fail"
    assert verdict.detail.startswith("coordinate 1: variance of 32 draws is ")
    assert verdict.detail.endswith(", at most 1 is expected")


@pytest.mark.parametrize(("largest", "clear"), [(1.0, 1.0), (0.0, 2.0)])
def test_variance_at_most_rejects_what_cannot_be_decided(largest: float, clear: float) -> None:
    """The tolerance must lie above the largest variance, which must be positive."""
    with pytest.raises(ValueError, match="must be above 1 and largest="):
        variance_at_most_test(lambda start, n: np.zeros(n), largest, clear=clear)


# ---------------------------------------------------------------------------------------------------- the real checks


LEAST_ALIKE = frozenset(
    {"reference", "entropy", "sticking_the_landing", "antithetic", "log_ratio", "loop_over_samples", "box_muller"}
)


def random_of(assignment: Assignment, tasks: Collection[str]) -> frozenset[str]:
    """The random checks of some tasks, as the reference shows them."""
    return random_checks(run_matrix(assignment, [e for e in references_of(assignment) if e.task in tasks], named=False))


def least_alike(assignment: Assignment, task: str) -> list[str]:
    """The reference, and the variants of a task that resemble it least; one of the variants where nobody has said which."""
    variants = [variant.name for variant in assignment.candidates.variants(task)]
    return ["reference", *([name for name in variants if name in LEAST_ALIKE] or variants[-1:])]


def null_rows_of(assignment: Assignment, tasks: Collection[str], runs: range) -> list[NullRow]:
    """The random checks of some tasks under the reference and the least alike variants."""
    checks = random_of(assignment, tasks)
    ids = frozenset(f"{task}/{name}" for task in tasks for name in least_alike(assignment, task))
    wrong, tally, seconds = run_fresh(FreshJob(assignment.folder, False, ids, checks, runs), assignment)
    assert (wrong, seconds > 0) == (False, True)
    return null_rows(tally)


TASKS = [pytest.param(6, id="every_sixth_task"), pytest.param(1, id="all", marks=pytest.mark.matrix)]


@functools.cache
def fresh_seeds(assignment: Assignment, step: int) -> list[NullRow]:
    """The random checks of every `step`-th of the tasks that have any, six times."""
    tasks = sorted({check_id.partition(".")[0] for check_id in random_of(assignment, known(assignment))})
    return null_rows_of(assignment, tasks[::step], range(1, 7))


def known(assignment: Assignment) -> list[str]:
    """The tasks that have inputs."""
    return [entry.task for entry in references_of(assignment)]


@pytest.mark.parametrize("step", TASKS)
def test_random_checks_are_simulated(assignment: Assignment, step: int) -> None:
    """A check that judges random numbers is among the rows, under the reference and under something else."""
    rows = fresh_seeds(assignment, step)
    checks = random_of(assignment, {row.task for row in rows})
    assert len(checks) > 10 / step
    for check_id in checks:
        names = {row.name for row in rows if f"{row.task}.{row.check}" == check_id}
        assert "reference" in names
        assert len(names) > 1


@pytest.mark.parametrize("step", TASKS)
def test_null_distributions_of_the_checks(assignment: Assignment, step: int) -> None:
    """No right answer fails or is left undecided, and every statistic is distributed as its test assumes."""
    rows = fresh_seeds(assignment, step)
    assert [(row.check, row.name) for row in rows if row.failed or row.undecided] == []
    assert alarm(rows) == []


def test_null_distributions_of_one_task(assignment: Assignment) -> None:
    """The same for one task, which takes seconds: both of its random checks, under several right answers."""
    rows = null_rows_of(assignment, ["sample_gaussian"], range(1, 4))

    assert {(row.check, row.name) for row in rows} >= {
        (check, name) for check in ("distribution", "independence") for name in ("reference", "box_muller")
    }
    assert [(row.check, row.name) for row in rows if row.failed or row.undecided] == []
    assert alarm(rows) == []


def test_the_jobs_follow_from_the_rows(assignment: Assignment) -> None:
    """Random checks are those that a test decided about anyone; every right answer is asked, and whom only they catch."""
    passed, failed = Outcome.PASSED, Outcome.FAILED
    rows = [
        Row("variant", "t", "right", {"value": passed, "mean": passed}, {}, random=("mean",)),
        Row("misconception", "t", "by_value", {"value": failed, "mean": failed}, {}),
        Row("misconception", "t", "by_chance", {"value": passed, "mean": failed}, {}),
        Row("misconception", "other", "exact", {"value": failed}, {}),
    ]
    power, *null = fresh_jobs(assignment.folder, rows, 25)[2:]

    assert random_checks(rows) == {"t.mean"}
    assert (power.wrong, power.ids, power.runs) == (True, {"t/by_chance"}, range(21, 26))
    assert {job.ids for job in null} == {frozenset({"t/right", "t/reference"})}
    assert [job.runs for job in null] == [range(1, 11), range(11, 21), range(21, 26)]
    assert {job.checks for job in (power, *null)} == {frozenset({"t.mean"})}


@pytest.mark.parametrize(
    ("task", "name", "check"),
    [
        ("elbo", "shared_over_samples", "noise"),
        ("elbo", "score_function", "reparameterised"),
        ("elbo", "variance_as_std", "unbiased"),
        ("elbo", "detached_kl", "gradient"),
        ("estimate_log_likelihood", "mean_of_logs", "importance"),
        ("estimate_log_likelihood", "shared_over_samples", "noise"),
        ("sample_gaussian", "shared_over_dimensions", "independence"),
    ],
)
def test_power_of_the_checks(assignment: Assignment, task: str, name: str, check: str) -> None:
    """Wrong answers that one kind of check catches are caught by it with a probability of at least 0.999."""
    job = FreshJob(assignment.folder, True, frozenset({f"{task}/{name}"}), random_of(assignment, [task]), range(1, 5))
    _, tally, _ = run_fresh(job, assignment)
    (row,) = power_rows(tally)

    assert (row.check, row.missed) == (check, 0)
    assert row.power >= 0.999


def test_seeds_of_runs_lie_far_apart() -> None:
    """Checks count draws up from their seed: the draws of two runs never overlap."""
    seeds = sorted(fresh_seed(run) for run in range(1, 1001))

    assert min(later - earlier for earlier, later in itertools.pairwise(seeds)) > 100_000


def test_the_page_shows_null_distributions_and_power() -> None:
    """The page has both tables, with the figures of every row."""
    null = NullRow("elbo", "gradient", "entropy", 1234, 0, 0, 1, 0.5, 0.4987, 0.01, 0.0, 3, 0.9)
    strong = PowerRow("elbo", "kl_half", 5, 5, "divergence", 5, 12.3, 1.0)
    page = validation_page(Validation((), 10, (), 1.0, 2.0, (null,), (strong,)))

    assert "Null distributions" in page
    assert "elbo.gradient" in page
    assert "1,234" in page
    assert "0.4987" in page
    assert "elbo/kl_half" in page
    assert "12.3" in page


def test_weak_power_and_wrong_distributions_make_it_fail() -> None:
    """One wrong answer that slips through under some seed, or one statistic that is not as assumed, and it is not ok."""
    strong = PowerRow("t", "m", 5, 5, "c", 5, 9.0, 1.0)
    null = NullRow("t", "c", "v", 5, 0, 0, 1, 0.5, 0.5, 0.01, 0.0, 3, 0.9)
    make = partial(Validation, (), 5, (), 1.0, 2.0)

    assert make((null,), (strong,)).ok
    assert not make((null,), (PowerRow("t", "m", 5, 4, "c", 4, 9.0, 1.0),)).ok
    assert not make((null,), (PowerRow("t", "m", 5, 5, "c", 5, 2.0, 0.99),)).ok
    assert not make((NullRow("t", "c", "v", 5, 0, 0, 1, 0.5, 0.7, 0.01, 0.0, 3, 1e-9),), (strong,)).ok


# -------------------------------------------------------------------------------------------- what the checks assume


@pytest.fixture
def hidden(assignment: Assignment) -> Any:
    """What the hidden checks of the bound share, as a module."""
    return assignment.code.module("tests.hidden.vae.bound")


@pytest.fixture
def draws_of(assignment: Assignment) -> Any:
    """`draws_of(name, case, n)`: the answer of one right answer to `elbo` to n calls of a case."""

    def draws(name: str, case: Any, n: int, **options: Any) -> Any:
        (found,) = (e for e in entries_of(assignment) if (e.kind, e.id) == ("variant", f"elbo/{name}"))
        question = case.question(assignment.contract["elbo"], seed=7, repeat=n, **options)
        return OneFunction("elbo", found.function).call(question)

    return draws


@pytest.mark.parametrize("made", ["with_noise", "with_gradient"])
@pytest.mark.parametrize("name", ["distributions", "entropy"])
def test_skewness_of_the_draws_stays_below_the_stated_bound(hidden: Any, draws_of: Any, name: str, made: str) -> None:
    """Each call's result is a mean over hundreds of terms; its skewness is measured in 800 calls (± 0.09)."""
    case = getattr(hidden, made)("elbo", torch.float64, 5)
    answer = draws_of(name, case, 800, gradients=list(hidden.PARTS))
    columns = torch.cat([answer.value[:, None], *(answer.gradients[part].reshape(800, -1) for part in hidden.PARTS)], 1)
    centred = (columns - columns.mean(0)).double()
    skewness = (centred**3).mean(0) / (centred**2).mean(0) ** 1.5

    assert float(skewness.abs().max()) < hidden.SKEWNESS


def test_the_noisiest_form_is_exact(hidden: Any, draws_of: Any) -> None:
    """The quadrature agrees with the variance of the form with the analytic entropy, and bounds the others."""
    case = hidden.with_noise("elbo", torch.float64, 5, n_samples=1, batch=100)
    case = case.but(x=case.arguments["x"][:1])
    value, gradient = hidden.exact.noisiest_form(case)
    measured = {
        name: draws_of(name, case, 1500, gradients=["encoder.heads.0.0.bias"]) for name in ("distributions", "entropy")
    }

    assert float(measured["entropy"].value.var()) == pytest.approx(value, rel=0.2)
    assert float(measured["distributions"].value.var()) < value
    for answer in measured.values():
        assert bool((answer.gradients["encoder.heads.0.0.bias"].var(0) < 1.25 * gradient).all())
