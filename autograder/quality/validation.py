"""Grading the grader: every named wrong answer must be caught by its own task's checks, every right one must pass them all.

One pytest session runs every check of a task once for every candidate of that task (a misconception or a correct variant),
in this process: candidates are our own code. `--runs N` repeats the checks that use random numbers under fresh seeds.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from autograder.assignment.contract import Contract, load_contract
from autograder.assignment.rubric import Rubric, load_rubric
from autograder.checking.oracle import import_candidates, load_mistakes, load_oracle
from autograder.checking.plugin import CheckResult, ChecksPlugin, Context, mark_of, run_checks
from autograder.checking.statistics import Verdict
from autograder.diagnosis.naming import Diagnostician
from autograder.errors import HarnessFault, UsageError
from autograder.outcomes import Outcome
from autograder.quality.simulation import NullRow, PowerRow, Tally, alarm, null_rows, power_rows
from autograder.sandbox.inprocess import OneFunction

RANDOM_CHECKS = frozenset(
    {
        "sample_gaussian.distribution",
        "sample_gaussian.independence",
        "elbo.reconstruction",
        "elbo.divergence",
        "elbo.unbiased",
        "elbo.noise",
        "elbo.gradient",
        "elbo.reparameterised",
        "elbo.extreme",
        "vae_loss.value",
        "vae_loss.unbiased",
        "vae_loss.gradient",
        "estimate_log_likelihood.noise",
        "estimate_log_likelihood.importance",
    }
)
"""Checks whose verdict depends on the student's random numbers: they are repeated under fresh seeds."""


MOST_POWER_RUNS = 200
LEAST_POWER = 0.999
_RUNS_PER_SESSION = 10

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True)
class Candidate:
    """A function that stands for a whole submission to one task.

    Attributes:
        kind: "misconception" or "variant".
        run: Shifts every seed that it is asked with; candidates of different runs go through one session.
    """

    kind: str
    task: str
    name: str
    function: Callable[..., Any] = field(repr=False)
    run: int = 0

    @property
    def id(self) -> str:
        """Return `"<task>/<name>"`, with the run where there are several."""
        return f"{self.task}/{self.name}" + (f"#{self.run}" if self.run else "")

    @property
    def key(self) -> str:
        """Return `"<kind>:<id>"`: a misconception and a variant may share a name."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True)
class Row:
    """What happened to one candidate.

    Attributes:
        outcomes: Check name -> outcome.
        messages: Check name -> message, for checks that did not pass.
        named: Misconceptions that the diagnosis named.
        verdicts: Check name -> what its statistical tests said.
        tolerance_used: Check name -> largest share of the tolerance that an answer used.
        diagnosed: Whether the diagnosis looks at this task; it does not at training, where a name would cost a run each.
    """

    kind: str
    task: str
    name: str
    outcomes: Mapping[str, Outcome]
    messages: Mapping[str, str]
    named: tuple[str, ...] = ()
    verdicts: Mapping[str, tuple[Verdict, ...]] = field(default_factory=dict, repr=False)
    tolerance_used: Mapping[str, float] = field(default_factory=dict, repr=False)
    diagnosed: bool = True

    @property
    def failed(self) -> tuple[str, ...]:
        """Return the names of the checks that failed."""
        return tuple(name for name, outcome in self.outcomes.items() if outcome is Outcome.FAILED)

    @property
    def undecided(self) -> tuple[str, ...]:
        """Return the names of the statistical checks that ran out of budget."""
        return tuple(name for name, outcome in self.outcomes.items() if outcome is Outcome.INCONCLUSIVE)


class ValidationPlugin(ChecksPlugin):
    """Runs every check of a task for every candidate of the task."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        contexts: Mapping[str, Context],
        order: Sequence[str],
        until_caught: bool = False,
    ) -> None:
        super().__init__(None, order)
        self._until_caught = until_caught
        self._candidates = candidates
        self._contexts = contexts
        self.by_candidate: dict[str, dict[str, CheckResult]] = {candidate.key: {} for candidate in candidates}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one test of every check and candidate."""
        mark = metafunc.definition.get_closest_marker("check")
        if mark is None:
            return
        tasks = {mark.kwargs["task"]} if mark.kwargs["task"] else set(self._tasks_of(metafunc))
        metafunc.fixturenames.append("candidate")
        ids = [candidate.key for candidate in self._candidates if candidate.task in tasks]
        metafunc.parametrize("candidate", ids, indirect=True)

    @staticmethod
    def _tasks_of(metafunc: pytest.Metafunc) -> Sequence[str]:
        marks = [mark for mark in metafunc.definition.iter_markers("parametrize") if mark.args[0] == "task"]
        return list(marks[0].args[1])

    @pytest.fixture
    def candidate(self, request: pytest.FixtureRequest) -> str:
        """The candidate that this test asks."""
        return str(request.param)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Drop pairs of a check of one task and a candidate of another."""
        items[:] = [item for item in items if self._belongs(item)]
        super().pytest_collection_modifyitems(items)

    def _belongs(self, item: pytest.Item) -> bool:
        mark = mark_of(item)
        return mark is not None and _candidate_of(item).partition(":")[2].partition("/")[0] == mark.task

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Skip a candidate that is caught already, where that is all there is to know."""
        if self._until_caught and any(r.outcome is Outcome.FAILED for r in self.results_of(item).values()):
            pytest.skip("caught already")
        super().pytest_runtest_call(item)

    def context_of(self, item: pytest.Item) -> Context:
        """See `ChecksPlugin.context_of`."""
        return self._contexts[_candidate_of(item)]

    def results_of(self, item: pytest.Item) -> dict[str, CheckResult]:
        """See `ChecksPlugin.results_of`."""
        return self.by_candidate[_candidate_of(item)]

    def everyone(self) -> Iterator[tuple[Context, Mapping[str, CheckResult]]]:
        """See `ChecksPlugin.everyone`."""
        for candidate in self._candidates:
            yield self._contexts[candidate.key], self.by_candidate[candidate.key]


def _candidate_of(item: pytest.Item) -> str:
    callspec: Any = item.callspec  # type: ignore[attr-defined]
    return str(callspec.params["candidate"])


# ----------------------------------------------------------------------------------------------------- the matrix


def load_candidates(assignment: Path) -> list[Candidate]:
    """Return the assignment's named mistakes and right answers.

    Raises:
        UsageError: The assignment has none, or one of them is refused.
    """
    candidates = import_candidates(assignment)
    tasks = candidates.tasks()
    wrong = [
        Candidate("misconception", c.task, c.name, c.function) for task in tasks for c in candidates.mistakes(task)
    ]
    right = [Candidate("variant", c.task, c.name, c.function) for task in tasks for c in candidates.variants(task)]
    if not wrong and not right:
        raise UsageError(
            f"{assignment} has no candidates to validate with: write reference/candidates/<topic>/<task>.py."
        )
    return wrong + right


def run_matrix(
    assignment: Path,
    candidates: Sequence[Candidate],
    *,
    seed: int = 0,
    only: frozenset[str] | None = None,
    device: str = "cpu",
    until_caught: bool = False,
) -> list[Row]:
    """Run every check for every candidate of its task, once, and return what happened.

    Args:
        assignment: Folder with rubric, reference and tests.
        candidates: Whom to ask.
        seed: Seeds what is drawn and shifts every seed that is asked with.
        only: Run these checks only.
        device: Where the candidates compute. Submissions are asked about functions on the CPU, wherever they are graded;
            this shows that verdicts would be the same on a GPU.
        until_caught: Run no further checks for a candidate that has failed one.

    Raises:
        HarnessFault: A check itself broke.
    """
    rubric = load_rubric(assignment / "rubric.yaml")
    contract = load_contract(assignment / "reference", [task.id for task in rubric.tasks])
    oracle = load_oracle(assignment, contract)
    order = [check_id for check_id in rubric.check_ids() if only is None or check_id in only]
    # under fresh seeds only verdicts are of interest
    diagnostician = Diagnostician(load_mistakes(assignment), contract, seed) if only is None else None
    contexts = {c.key: _context(c, contract, oracle, diagnostician, seed, device) for c in candidates}
    _add_training(contexts, candidates, rubric, device)
    plugin = ValidationPlugin(candidates, contexts, order, until_caught)
    run_checks([assignment / "tests" / "public", assignment / "tests" / "hidden"], plugin, seed=seed)
    if plugin.diagnosis_faults:
        raise HarnessFault("the diagnosis broke: " + "; ".join(plugin.diagnosis_faults[:5]))
    return [replace(_row(c, plugin.by_candidate[c.key]), diagnosed=c.task not in rubric.training) for c in candidates]


def _context(
    candidate: Candidate, contract: Contract, oracle: Any, names: Diagnostician | None, seed: int, device: str
) -> Context:
    asked = OneFunction(candidate.task, candidate.function, device)
    return Context(asked, asked.report, contract, oracle, diagnostician=names, salt=seed + candidate.run)


def _add_training(
    contexts: Mapping[str, Context], candidates: Sequence[Candidate], rubric: Rubric, device: str
) -> None:
    """Give candidates of a training task a run each, on the digits that need no download."""
    trained = [candidate for candidate in candidates if candidate.task in rubric.training]
    if not trained:
        return
    from autograder.training.classifier import ClassifierRun
    from autograder.training.data import load_digits

    data = load_digits("digits", None)
    for candidate in trained:
        context, rule = contexts[candidate.key], rubric.training[candidate.task][data.name]
        context.extras[candidate.task] = ClassifierRun(
            context.asked, candidate.task, data, rule, f"validation {candidate.run}", device
        )


def _row(candidate: Candidate, results: Mapping[str, CheckResult]) -> Row:
    for result in results.values():
        if result.outcome is Outcome.ERROR:
            raise HarnessFault(f"the check {result.id} broke on {candidate.id}:\n{result.error[-3000:]}")
    names = {check_id.partition(".")[2]: result for check_id, result in results.items()}
    return Row(
        candidate.kind,
        candidate.task,
        candidate.name,
        {name: result.outcome for name, result in names.items()},
        {name: result.message for name, result in names.items() if result.outcome is not Outcome.PASSED},
        tuple(dict.fromkeys(n for result in results.values() if result.diagnosis for n in result.diagnosis.names)),
        {name: result.verdicts for name, result in names.items() if result.verdicts},
        {name: result.tolerance_used for name, result in names.items()},
    )


# ------------------------------------------------------------------------------------------------------- the whole


@dataclass(frozen=True)
class Validation:
    """The result of a validation.

    Attributes:
        rows: One for every candidate.
        repeats: Fresh-seed runs of the random checks over the variants and the reference.
        punished: Ids of variants that failed a check, in any run, with the check.
        cpu_seconds: Processor time of all workers.
        null: What the fresh-seed runs say about the distribution of each random check's statistic under right answers.
        power: What they say about how surely each wrong answer is caught that only random checks catch.
    """

    rows: tuple[Row, ...]
    repeats: int
    punished: tuple[str, ...]
    seconds: float
    cpu_seconds: float = 0.0
    null: tuple[NullRow, ...] = ()
    power: tuple[PowerRow, ...] = ()

    @property
    def survivors(self) -> tuple[str, ...]:
        """Return ids of misconceptions that no check caught."""
        return tuple(f"{r.task}/{r.name}" for r in self.rows if r.kind == "misconception" and not r.failed)

    @property
    def unnamed(self) -> tuple[str, ...]:
        """Return ids of misconceptions that the diagnosis did not recognise."""
        return tuple(f"{row.task}/{row.name}" for row in self._to_name if row.name not in row.named)

    @property
    def _to_name(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.kind == "misconception" and row.diagnosed)

    @property
    def idle(self) -> tuple[str, ...]:
        """Return ids of checks that catch no misconception: they check nothing, or nothing shows that they do."""
        wrong = [row for row in self.rows if row.kind == "misconception"]
        every = {f"{row.task}.{check}" for row in wrong for check in row.outcomes}
        return tuple(sorted(every - {f"{row.task}.{check}" for row in wrong for check in row.failed}))

    @property
    def weak(self) -> tuple[PowerRow, ...]:
        """Return wrong answers that passed under some seed, or would too often."""
        return tuple(row for row in self.power if row.missed or row.power < LEAST_POWER)

    @property
    def anomalies(self) -> tuple[NullRow, ...]:
        """Return random checks whose statistic is not distributed as its test assumes."""
        return tuple(alarm(self.null))

    @property
    def closest(self) -> tuple[tuple[float, str, str], ...]:
        """Return (share of the tolerance, check id, variant) for the right answer that used most of it, check by check."""
        most: dict[str, tuple[float, str, str]] = {}
        for row in self.rows:
            for check, share in row.tolerance_used.items() if row.kind == "variant" else ():
                check_id = f"{row.task}.{check}"
                most[check_id] = max(most.get(check_id, (0.0, check_id, "")), (share, check_id, row.name))
        return tuple(sorted((entry for entry in most.values() if entry[0] > 0), reverse=True))

    @property
    def ok(self) -> bool:
        """Whether nothing wrong passed and nothing right was punished, and the statistics are what the tests assume."""
        return not (self.survivors or self.punished or self.idle or self.weak or self.anomalies)

    def fresh_line(self) -> str:
        """Return what the runs under fresh seeds found, in one line."""
        asked = len({(row.task, row.name) for row in self.null})
        failures, undecided = sum(row.failed for row in self.null), sum(row.undecided for row in self.null)
        least = min((row.power for row in self.power), default=1.0)
        return (
            f"fresh seeds: {asked} right answers × {self.repeats:,} runs, {failures} failures, {undecided} undecided; "
            f"{len(self.null)} null distributions, {len(self.anomalies)} not as assumed; {len(self.power)} wrong answers "
            f"× {max((row.runs for row in self.power), default=0)} runs, {sum(row.missed for row in self.power)} missed, "
            f"least power {least:.6f}; {self.cpu_seconds:.0f} s of CPU"
        )

    def last_line(self) -> str:
        """Return the line that ends `make validate`."""
        wrong = [row for row in self.rows if row.kind == "misconception"]
        right = [row for row in self.rows if row.kind == "variant"]
        named = len(self._to_name) - len(self.unnamed)
        killed, punished = len(wrong) - len(self.survivors), len({p.partition(":")[0] for p in self.punished})
        return (
            f"killed {killed}/{len(wrong)}, named {named}/{len(self._to_name)}, variants punished {punished}/{len(right)} "
            f"in {1 + self.repeats:,} runs, {self.seconds:.0f} s"
        )


def validate(
    assignment: Path, *, runs: int = 1, workers: int = 2, progress: Callable[[str], None] = lambda line: None
) -> Validation:
    """Run the whole matrix once, and the random checks `runs` − 1 times more under fresh seeds.

    Those runs ask every right answer, and up to `MOST_POWER_RUNS` times every wrong one that nothing but random checks catches.
    """
    started = time.monotonic()
    tasks = {task.id for task in load_rubric(assignment / "rubric.yaml").tasks}
    jobs = [_Job(assignment, tuple(part), 0, None) for part in _parts(load_candidates(assignment), tasks, 8 * workers)]
    rows: list[Row] = []
    punished: list[str] = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=_single_threaded) as pool:
        for done, part in enumerate(_as_they_come(pool, _run_job, jobs), 1):
            rows += part
            progress(f"matrix: {done} of {len(jobs)} parts")
        right = [row for row in rows if row.kind == "variant"]
        punished += [f"{row.task}/{row.name}:{check}" for row in right for check in row.failed]
        null, power, cpu = Tally(), Tally(), 0.0
        fresh = _fresh_jobs(assignment, rows, runs - 1)
        for done, (wrong, tally, seconds) in enumerate(_as_they_come(pool, _run_fresh, fresh), 1):
            (power if wrong else null).join(tally)
            cpu += seconds
            if done % 20 == 0 or done == len(fresh):
                progress(
                    f"fresh seeds: {done} of {len(fresh)} parts, {cpu:.0f} s of CPU, {null.failed.total()} punished"
                )
    punished += [f"{task}/{name}:{check}" for (task, check, name), count in null.failed.items() if count]
    rows.sort(key=lambda row: (row.task, row.kind, row.name))
    seconds = time.monotonic() - started
    return Validation(
        tuple(rows), runs - 1, tuple(punished), seconds, cpu, tuple(null_rows(null)), tuple(power_rows(power))
    )


@dataclass(frozen=True)
class _Job:
    assignment: Path
    keys: tuple[str, ...]
    seed: int
    only: frozenset[str] | None


@dataclass(frozen=True)
class _FreshJob:
    """Some runs, under fresh seeds, of the random checks over right or over wrong answers."""

    assignment: Path
    wrong: bool
    ids: frozenset[str]
    runs: range


def _fresh_jobs(assignment: Path, rows: Sequence[Row], runs: int) -> list[_FreshJob]:
    tasks = {check.partition(".")[0] for check in RANDOM_CHECKS}
    own = [row for row in rows if row.task in tasks]
    right = frozenset(f"{row.task}/{row.name}" for row in own if row.kind == "variant")
    right |= {f"{task}/reference" for task in tasks}
    by_chance = [row for row in own if all(f"{row.task}.{check}" in RANDOM_CHECKS for check in row.failed)]
    wrong = frozenset(f"{row.task}/{row.name}" for row in by_chance if row.kind == "misconception")
    return [
        _FreshJob(assignment, is_wrong, ids, range(start, min(start + _RUNS_PER_SESSION, 1 + count)))
        for is_wrong, ids, count in ((True, wrong, min(runs, MOST_POWER_RUNS)), (False, right, runs))
        for start in range(1, 1 + count, _RUNS_PER_SESSION)
    ]


def fresh_seed(run: int) -> int:
    """Return the seed of a run. A check adds the number of the draw to it, so seeds of different runs must lie far apart."""
    return int.from_bytes(hashlib.sha256(f"fresh seeds, run {run}".encode()).digest()[:6])


def _run_fresh(job: _FreshJob) -> tuple[bool, Tally, float]:
    started = time.process_time()
    kinds = ("misconception",) if job.wrong else ("variant", "reference")
    everyone = [*load_candidates(job.assignment), *_references(job.assignment)]
    chosen = [c for c in everyone if c.kind in kinds and c.id in job.ids]
    candidates = [replace(c, run=fresh_seed(run)) for run in job.runs for c in chosen]
    tally = Tally()
    for row in run_matrix(job.assignment, candidates, only=RANDOM_CHECKS, until_caught=job.wrong):
        tally.add(row.task, row.name, row.outcomes, row.verdicts)
    return job.wrong, tally, time.process_time() - started


def _references(assignment: Path) -> list[Candidate]:
    """Return the reference itself, as one more right answer to every task."""
    tasks = [task.id for task in load_rubric(assignment / "rubric.yaml").tasks if task.kind == "function"]
    oracle = load_oracle(assignment, load_contract(assignment / "reference", tasks))
    return [Candidate("reference", task, "reference", oracle.function(task)) for task in tasks]


def _as_they_come(pool: ProcessPoolExecutor, work: Callable[[J], R], jobs: Iterable[J]) -> Iterator[R]:
    """Yield results in the order in which they are ready; a worker that dies is an error, not a wait without end."""
    waiting = [pool.submit(work, job) for job in jobs]
    try:
        for done in as_completed(waiting):
            yield done.result()
    finally:
        for future in waiting:
            future.cancel()


def _parts(candidates: Sequence[Candidate], tasks: set[str], count: int) -> list[list[str]]:
    ids = [candidate.key for candidate in candidates if candidate.task in tasks]
    return [part for start in range(count) if (part := ids[start::count])]


def _single_threaded() -> None:
    import torch

    torch.set_num_threads(1)


def _run_job(job: _Job) -> list[Row]:
    wanted = set(job.keys)
    chosen = [candidate for candidate in load_candidates(job.assignment) if candidate.key in wanted]
    return run_matrix(job.assignment, chosen, seed=job.seed, only=job.only)
