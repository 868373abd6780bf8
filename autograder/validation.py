"""Grading the grader: every named wrong answer must be caught by its own task's checks, every right one must pass them all.

One pytest session runs every check of a task once for every candidate of that task (a misconception or a correct variant),
in this process: candidates are our own code. `--runs N` repeats the checks that use random numbers under fresh seeds.
"""

from __future__ import annotations

import importlib
import multiprocessing
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autograder.checking.oracle import load_mistakes, load_oracle
from autograder.checking.plugin import CheckResult, ChecksPlugin, Context, mark_of, run_checks
from autograder.contract import Contract, load_contract
from autograder.errors import HarnessFault, UsageError
from autograder.outcomes import Outcome
from autograder.rubric import load_rubric
from autograder.sandbox.inside.execute import Session
from autograder.sandbox.inside.values import simplify
from autograder.sandbox.questions import Answer, LoadReport, Question, Refusal, answer_of, load_report, refusal_of

RANDOM_CHECKS = frozenset(
    {
        "sample_gaussian.distribution",
        "sample_gaussian.independence",
        "elbo.divergence",
        "elbo.unbiased",
        "elbo.noise",
        "elbo.gradient",
        "vae_loss.unbiased",
        "vae_loss.gradient",
        "estimate_log_likelihood.importance",
    }
)
"""Checks whose verdict depends on the student's random numbers: they are repeated under fresh seeds."""


@dataclass(frozen=True)
class Candidate:
    """A function that stands for a whole submission to one task.

    Attributes:
        kind: "misconception" or "variant".
    """

    kind: str
    task: str
    name: str
    function: Callable[..., Any] = field(repr=False)

    @property
    def id(self) -> str:
        """Return `"<task>/<name>"`."""
        return f"{self.task}/{self.name}"


@dataclass(frozen=True)
class Row:
    """What happened to one candidate.

    Attributes:
        outcomes: Check name -> outcome.
        messages: Check name -> message, for checks that did not pass.
        named: Misconceptions that the diagnosis named.
    """

    kind: str
    task: str
    name: str
    outcomes: Mapping[str, Outcome]
    messages: Mapping[str, str]
    named: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[str, ...]:
        """Return the names of the checks that failed."""
        return tuple(name for name, outcome in self.outcomes.items() if outcome is Outcome.FAILED)

    @property
    def undecided(self) -> tuple[str, ...]:
        """Return the names of the statistical checks that ran out of budget."""
        return tuple(name for name, outcome in self.outcomes.items() if outcome is Outcome.INCONCLUSIVE)


class OneFunction:
    """Answers questions about one function in this process, as a sandbox would."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self._session = Session()
        found = {"found": {name: self._session.provide(name, function)}, "modules": []}
        self.report: LoadReport = load_report(found, {}, {name: name}, {})

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question."""
        message: dict[str, Any] = simplify(self._session.call(question.as_message()))
        return refusal_of(message, "") if message["type"] == "raised" else answer_of(message, 0.0, "")


class ValidationPlugin(ChecksPlugin):
    """Runs every check of a task for every candidate of the task."""

    def __init__(self, candidates: Sequence[Candidate], contexts: Mapping[str, Context], order: Sequence[str]) -> None:
        super().__init__(None, order)
        self._candidates = candidates
        self._contexts = contexts
        self.by_candidate: dict[str, dict[str, CheckResult]] = {candidate.id: {} for candidate in candidates}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one test of every check and candidate."""
        mark = metafunc.definition.get_closest_marker("check")
        if mark is None:
            return
        tasks = {mark.kwargs["task"]} if mark.kwargs["task"] else set(self._tasks_of(metafunc))
        metafunc.fixturenames.append("candidate")
        ids = [candidate.id for candidate in self._candidates if candidate.task in tasks]
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
        return mark is not None and _candidate_of(item).partition("/")[0] == mark.task

    def context_of(self, item: pytest.Item) -> Context:
        """See `ChecksPlugin.context_of`."""
        return self._contexts[_candidate_of(item)]

    def results_of(self, item: pytest.Item) -> dict[str, CheckResult]:
        """See `ChecksPlugin.results_of`."""
        return self.by_candidate[_candidate_of(item)]


def _candidate_of(item: pytest.Item) -> str:
    callspec: Any = item.callspec  # type: ignore[attr-defined]
    return str(callspec.params["candidate"])


# ----------------------------------------------------------------------------------------------------- the matrix


def load_candidates(assignment: Path) -> list[Candidate]:
    """Return the assignment's misconceptions and variants.

    Raises:
        UsageError: The assignment has none.
    """
    sys.path.insert(0, str(assignment.resolve()))
    try:
        wrong = importlib.import_module("reference.misconceptions").all_misconceptions()
        right = importlib.import_module("reference.variants").all_variants()
    except ImportError as error:
        raise UsageError(
            f"{assignment}/reference has no misconceptions or variants to validate with: {error}"
        ) from None
    finally:
        sys.path.remove(str(assignment.resolve()))
    return [Candidate("misconception", m.task, m.name, m.function) for m in wrong] + [
        Candidate("variant", v.task, v.name, v.function) for v in right
    ]


def run_matrix(
    assignment: Path, candidates: Sequence[Candidate], *, seed: int = 0, only: frozenset[str] | None = None
) -> list[Row]:
    """Run every check for every candidate of its task, once, and return what happened.

    Args:
        assignment: Folder with rubric, reference and tests.
        candidates: Whom to ask.
        seed: Seeds what is drawn and shifts every seed that is asked with.
        only: Run these checks only.

    Raises:
        HarnessFault: A check itself broke.
    """
    rubric = load_rubric(assignment / "rubric.yaml")
    contract = load_contract(assignment / "reference", [task.id for task in rubric.tasks])
    oracle = load_oracle(assignment, contract)
    order = [check_id for check_id in rubric.check_ids() if only is None or check_id in only]
    mistakes = load_mistakes(assignment)
    contexts = {c.id: _context(c, contract, oracle, mistakes, seed) for c in candidates}
    plugin = ValidationPlugin(candidates, contexts, order)
    run_checks([assignment / "tests" / "public", assignment / "tests" / "hidden"], plugin, seed=seed)
    return [_row(candidate, plugin.by_candidate[candidate.id]) for candidate in candidates]


def _context(candidate: Candidate, contract: Contract, oracle: Any, mistakes: Any, seed: int) -> Context:
    asked = OneFunction(candidate.task, candidate.function)
    return Context(asked, asked.report, contract, oracle, mistakes=mistakes, salt=seed)


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
    )


# ------------------------------------------------------------------------------------------------------- the whole


@dataclass(frozen=True)
class Validation:
    """The result of a validation.

    Attributes:
        rows: One for every candidate.
        repeats: Fresh-seed runs of the random checks over the variants.
        punished: Ids of variants that failed a check, in any run, with the check.
    """

    rows: tuple[Row, ...]
    repeats: int
    punished: tuple[str, ...]
    seconds: float

    @property
    def survivors(self) -> tuple[str, ...]:
        """Return ids of misconceptions that no check caught."""
        return tuple(f"{r.task}/{r.name}" for r in self.rows if r.kind == "misconception" and not r.failed)

    @property
    def ok(self) -> bool:
        """Whether nothing wrong passed and nothing right was punished."""
        return not self.survivors and not self.punished

    def last_line(self) -> str:
        """Return the line that ends `make validate`."""
        wrong = [row for row in self.rows if row.kind == "misconception"]
        right = [row for row in self.rows if row.kind == "variant"]
        named = sum(row.name in row.named for row in wrong)
        killed, punished = len(wrong) - len(self.survivors), len({p.partition(":")[0] for p in self.punished})
        return (
            f"killed {killed}/{len(wrong)}, named {named}/{len(wrong)}, variants punished {punished}/{len(right)} "
            f"in {1 + self.repeats:,} runs, {self.seconds:.0f} s"
        )


def validate(
    assignment: Path, *, runs: int = 1, workers: int = 2, progress: Callable[[str], None] = lambda line: None
) -> Validation:
    """Run the whole matrix once, and the random checks over the variants `runs` − 1 times more under fresh seeds."""
    started = time.monotonic()
    tasks = {task.id for task in load_rubric(assignment / "rubric.yaml").tasks if task.kind == "function"}
    jobs = [_Job(assignment, tuple(part), 0, None) for part in _parts(load_candidates(assignment), tasks, 8 * workers)]
    rows: list[Row] = []
    punished: list[str] = []
    with multiprocessing.get_context("spawn").Pool(workers, initializer=_single_threaded) as pool:
        for done, part in enumerate(pool.imap_unordered(_run_job, jobs), 1):
            rows += part
            progress(f"matrix: {done} of {len(jobs)} parts")
        right = [row for row in rows if row.kind == "variant"]
        punished += [f"{row.task}/{row.name}:{check}" for row in right for check in row.failed]
        tasks_at_random = {check.partition(".")[0] for check in RANDOM_CHECKS}
        ids = tuple(f"{row.task}/{row.name}" for row in right if row.task in tasks_at_random)
        repeats = [_Job(assignment, ids, 1000 + run, RANDOM_CHECKS) for run in range(runs - 1)]
        for done, part in enumerate(pool.imap_unordered(_run_job, repeats), 1):
            punished += [f"{row.task}/{row.name}:{check}" for row in part for check in row.failed]
            if done % 10 == 0 or done == len(repeats):
                progress(f"fresh seeds: {done} of {len(repeats)} runs, {len(punished)} punished")
    rows.sort(key=lambda row: (row.task, row.kind, row.name))
    return Validation(tuple(rows), runs - 1, tuple(punished), time.monotonic() - started)


@dataclass(frozen=True)
class _Job:
    assignment: Path
    ids: tuple[str, ...]
    seed: int
    only: frozenset[str] | None


def _parts(candidates: Sequence[Candidate], tasks: set[str], count: int) -> list[list[str]]:
    ids = [f"{candidate.kind}:{candidate.id}" for candidate in candidates if candidate.task in tasks]
    return [part for start in range(count) if (part := ids[start::count])]


def _single_threaded() -> None:
    import torch

    torch.set_num_threads(1)


def _run_job(job: _Job) -> list[Row]:
    wanted = set(job.ids)
    chosen = [
        c
        for c in load_candidates(job.assignment)
        if f"{c.kind}:{c.id}" in wanted or (c.kind == "variant" and c.id in wanted)
    ]
    return run_matrix(job.assignment, chosen, seed=job.seed, only=job.only)
