"""The matrix: every check of a task, asked about every candidate of the task, in this process. Candidates are our own code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pytest

from autograder.assignment.candidates import Candidate
from autograder.assignment.kinds import KINDS
from autograder.assignment.loading import Assignment
from autograder.assignment.rubric import Rubric
from autograder.checking.oracle import Oracle
from autograder.checking.plugin import ChecksPlugin, mark_of
from autograder.checking.results import CheckResult, Context
from autograder.checking.session import inputs_of, run_checks
from autograder.checking.statistics import Verdict
from autograder.diagnosis.follow import Following
from autograder.diagnosis.naming import Diagnostician
from autograder.errors import HarnessFault, UsageError
from autograder.grading.scoring import earned
from autograder.outcomes import Outcome
from autograder.quality.corpus import can_be_formed, fillings_of, forms_of
from autograder.sandbox.inprocess import OneFunction
from autograder.sandbox.watched import Watched

_MUTANT_SECONDS = 20.0

Kind = Literal["misconception", "variant", "reference", "mutant", "form", "filling", "graded"]
"""What an entry is: see `assignment.candidates`, and `quality.corpus` for forms and fillings."""


@dataclass(frozen=True)
class Entry:
    """A function or class that stands for a whole submission to one task.

    Attributes:
        run: Shifts every seed that it is asked with; entries of different runs go through one session.
        share: What people gave for it, or what its severity says that it keeps; None where nothing is said.
        keeps_gradient: Of a form: whether gradients can flow through it.
    """

    kind: Kind
    task: str
    name: str
    function: Callable[..., Any] = field(repr=False)
    run: int = 0
    share: float | None = None
    keeps_gradient: bool = True

    @property
    def id(self) -> str:
        """Return `"<task>/<name>"`, with the run where there are several."""
        return f"{self.task}/{self.name}" + (f"#{self.run}" if self.run else "")

    @property
    def key(self) -> str:
        """Return `"<kind>:<id>"`: a wrong and a right answer may share a name."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True)
class Row:
    """What happened to one entry.

    Attributes:
        outcomes: Check name -> outcome.
        messages: Check name -> message, for checks that did not pass.
        named: Misconceptions that the diagnosis named.
        random: Names of the checks that were decided by a statistical test.
        tolerance_used: Check name -> largest share of the tolerance that an answer used.
        share: The share of the task that it earns.
        due: The share that it should earn: `Entry.share`.
        keeps_gradient: Of a form: whether gradients can flow through it.
        diagnosed: Whether the diagnosis looks at this task; it does not at training, where a name would cost a run each.
        verdicts: Check name -> what its statistical tests said; not stored.
    """

    kind: Kind
    task: str
    name: str
    outcomes: Mapping[str, Outcome]
    messages: Mapping[str, str]
    named: tuple[str, ...] = ()
    random: tuple[str, ...] = ()
    tolerance_used: Mapping[str, float] = field(default_factory=dict, repr=False)
    diagnosed: bool = True
    share: float = 0.0
    due: float | None = None
    keeps_gradient: bool = True
    verdicts: Mapping[str, tuple[Verdict, ...]] = field(default_factory=dict, repr=False)

    @property
    def failed(self) -> tuple[str, ...]:
        """Return the names of the checks that failed."""
        return tuple(name for name, outcome in self.outcomes.items() if outcome is Outcome.FAILED)

    @property
    def undecided(self) -> tuple[str, ...]:
        """Return the names of the statistical checks that ran out of budget."""
        return tuple(name for name, outcome in self.outcomes.items() if outcome is Outcome.INCONCLUSIVE)


def entries_of(assignment: Assignment) -> list[Entry]:
    """Return the named mistakes, the right answers, the graded pieces of an assignment, and its fairness corpus.

    Raises:
        UsageError: It has none.
    """
    rubric, found = assignment.rubric, assignment.candidates
    known = [task.id for task in rubric.tasks if KINDS[task.kind].asked_by_name]
    wrong = [
        Entry("misconception", c.task, c.name, c.function, share=_kept(rubric, c))
        for task in known
        for c in found.mistakes(task)
    ]
    right = [Entry("variant", c.task, c.name, c.function) for task in known for c in found.variants(task)]
    if not wrong and not right:
        if stubs := [f"{task}/{stub.name}" for task in known for stub in found.stubs(task)]:
            raise UsageError(f"not written yet: {', '.join(stubs)}; write their bodies, there are no other candidates.")
        raise UsageError(
            f"{assignment.folder} has no candidates to validate with: write reference/candidates/<topic>/<task>.py."
        )
    pieces = [Entry("graded", c.task, c.name, c.function, share=c.share) for task in known for c in found.graded(task)]
    return wrong + right + pieces + corpus_of(assignment)


def _kept(rubric: Rubric, candidate: Candidate) -> float | None:
    """Return the share of its task that a named mistake leaves."""
    return None if candidate.mistake is None else float(rubric.credit(candidate.task, candidate.mistake)[1])


def corpus_of(assignment: Assignment) -> list[Entry]:
    """Return the forms and fillings of every function task that returns arrays and numbers."""
    entries, inputs = [], inputs_of(assignment.code)
    for task in assignment.rubric.tasks:
        contract = assignment.contract.functions.get(task.object)
        if task.kind != "function" or contract is None or not can_be_formed(contract.returns):
            continue
        reference = assignment.objects[task.object]
        given = inputs.get(task.id)
        case, batch = (given.generic(0), given.batch) if given else (None, None)
        for name, form in forms_of(contract, reference, case, batch).items():
            entries.append(Entry("form", task.id, name, form.function, keeps_gradient=form.keeps_gradient))
        for name, function in fillings_of(reference).items():
            entries.append(Entry("filling", task.id, name, function, share=0.0))
    return entries


def references_of(assignment: Assignment) -> list[Entry]:
    """Return the reference itself, as one more right answer to every task that is asked and trains nothing."""
    tasks = [
        t for t in assignment.rubric.tasks if KINDS[t.kind].asked_by_name and t.id not in assignment.rubric.training
    ]
    return [Entry("reference", task.id, "reference", assignment.objects[task.object]) for task in tasks]


def run_matrix(
    assignment: Assignment,
    entries: Sequence[Entry],
    *,
    seed: int = 0,
    only: frozenset[str] | None = None,
    device: str = "cpu",
    until_caught: bool = False,
    named: bool = True,
) -> list[Row]:
    """Run every check for every entry of its task, once, and return what happened.

    Args:
        assignment: Whose checks.
        entries: Whom to ask.
        seed: Seeds what is drawn and shifts every seed that is asked with.
        only: Run these checks only.
        device: Where the entries compute. Submissions are asked about functions on the CPU, wherever they are graded;
            this shows that verdicts would be the same on a GPU.
        until_caught: Run no further checks for an entry that has failed one.
        named: Look for names of what failed.

    Raises:
        HarnessFault: A check itself broke.
    """
    tasks = {entry.task for entry in entries}
    order = [
        check_id
        for check_id in assignment.rubric.check_ids()
        if check_id.partition(".")[0] in tasks and (only is None or check_id in only)
    ]
    oracle = Oracle(assignment.objects, assignment.contract)
    diagnostician = Diagnostician(assignment)
    following = {
        e.key: Following(diagnostician) for e in entries if named
    }  # an effort of its own for each, as a submission has
    contexts = {e.key: _context(assignment, e, oracle, following.get(e.key), seed, device) for e in entries}
    _add_training(assignment, contexts, entries, device)
    plugin = MatrixPlugin(assignment, entries, contexts, order, until_caught)
    run_checks(assignment.code, plugin)
    if faults := [fault for follower in following.values() for fault in follower.faults]:
        raise HarnessFault("the diagnosis broke: " + "; ".join(faults[:5]))
    trained = assignment.rubric.training
    rows = [_row(e, plugin.by_entry[e.key]) for e in entries]
    if not until_caught and only is None:
        rows = [
            replace(
                row,
                share=float(earned(assignment.rubric.task(e.task), plugin.by_entry[e.key], assignment.rubric).share),
            )
            for e, row in zip(entries, rows, strict=True)
        ]
    return [replace(row, diagnosed=row.task not in trained) for row in rows]


def _context(
    assignment: Assignment, entry: Entry, oracle: Oracle, following: Following | None, seed: int, device: str
) -> Context:
    one = OneFunction(assignment.contract.resolved(entry.task), entry.function, device)
    asked = Watched(one, _MUTANT_SECONDS) if entry.kind == "mutant" else one  # a changed loop may have no end
    return Context(asked, one.report, assignment.contract, oracle, follower=following, seed=seed + entry.run)


def _add_training(
    assignment: Assignment, contexts: Mapping[str, Context], entries: Sequence[Entry], device: str
) -> None:
    """Give entries of a training task a run each, on the data that need no download."""
    from autograder.training import measure_named
    from autograder.training.data import without_download

    for entry in entries:
        if entry.task not in assignment.rubric.training:
            continue
        measure = measure_named(assignment.rubric.task(entry.task).measure)
        data = measure.load(without_download(), None)
        rules = assignment.rubric.training[entry.task]
        if data.name not in rules:
            raise UsageError(
                f"rubric.yaml: validation trains {entry.task} on the data set {data.name!r}, and it has no budget there"
            )
        context = contexts[entry.key]
        secret = f"validation {entry.run}"
        context.extras[entry.task] = measure(context.asked, entry.task, data, rules[data.name], secret, device)


def _row(entry: Entry, results: Mapping[str, CheckResult]) -> Row:
    for result in results.values():
        if result.outcome is Outcome.ERROR:
            raise HarnessFault(f"the check {result.id} broke on {entry.id}:\n{result.error[-3000:]}")
    names = {check_id.partition(".")[2]: result for check_id, result in results.items()}
    verdicts = {name: result.verdicts for name, result in names.items() if result.verdicts}
    return Row(
        entry.kind,
        entry.task,
        entry.name,
        {name: result.outcome for name, result in names.items()},
        {name: result.message for name, result in names.items() if result.outcome is not Outcome.PASSED},
        tuple(dict.fromkeys(name for result in results.values() for name in _names(result))),
        tuple(verdicts),
        {name: result.tolerance_used for name, result in names.items()},
        due=entry.share,
        keeps_gradient=entry.keeps_gradient,
        verdicts=verdicts,
    )


def _names(result: CheckResult) -> Iterator[str]:
    """Yield the names of what was recognised in a check."""
    yield from result.forms
    for option in result.diagnosis.options if result.diagnosis is not None else ():
        yield from (mistake.name for mistake in option)


# ---------------------------------------------------------------------------------------------------------- the plugin


class MatrixPlugin(ChecksPlugin):
    """Runs every check of a task for every entry of the task."""

    def __init__(
        self,
        assignment: Assignment,
        entries: Sequence[Entry],
        contexts: Mapping[str, Context],
        order: Sequence[str],
        until_caught: bool = False,
    ) -> None:
        super().__init__(assignment.code, None, order, assignment.check_names)
        self._until_caught = until_caught
        self._entries = entries
        self._contexts = contexts
        self.by_entry: dict[str, dict[str, CheckResult]] = {entry.key: {} for entry in entries}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one test of every check and entry."""
        mark = metafunc.definition.get_closest_marker("check")
        if mark is None:
            return
        metafunc.fixturenames.append("entry")
        ids = [entry.key for entry in self._entries if entry.task == mark.kwargs["task"]]
        metafunc.parametrize("entry", ids, indirect=True)

    @pytest.fixture
    def entry(self, request: pytest.FixtureRequest) -> str:
        """The entry that this test asks."""
        return str(request.param)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Drop checks of tasks that nobody is asked about."""
        items[:] = [item for item in items if mark_of(item) is not None and _entry_of(item)]
        super().pytest_collection_modifyitems(items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Skip an entry that is caught already, where that is all there is to know."""
        if self._until_caught and any(r.outcome is Outcome.FAILED for r in self.results_of(item).values()):
            pytest.skip("caught already")
        super().pytest_runtest_call(item)

    def context_of(self, item: pytest.Item) -> Context:
        """See `ChecksPlugin.context_of`."""
        return self._contexts[_entry_of(item)]

    def results_of(self, item: pytest.Item) -> dict[str, CheckResult]:
        """See `ChecksPlugin.results_of`."""
        return self.by_entry[_entry_of(item)]

    def everyone(self) -> Iterator[tuple[Context, Mapping[str, CheckResult]]]:
        """See `ChecksPlugin.everyone`."""
        for entry in self._entries:
            yield self._contexts[entry.key], self.by_entry[entry.key]


def _entry_of(item: pytest.Item) -> str:
    callspec: Any = getattr(item, "callspec", None)
    value = callspec.params.get("entry", "") if callspec else ""
    return value if isinstance(value, str) else ""
