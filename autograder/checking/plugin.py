"""The pytest plugin: one session of checks over one submission. Collects, orders, runs, and records outcomes as data."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pytest

from autograder.assignment.code import AuthorsCode
from autograder.assignment.contract import Contract
from autograder.authoring.failures import CheckFailed, CheckStopped, Inconclusive
from autograder.authoring.inputs import draw_lot
from autograder.authoring.marks import FIRST, MARK
from autograder.checking.oracle import Oracle
from autograder.checking.results import CheckResult, Context
from autograder.checking.session import CheckModule
from autograder.checking.student import Student
from autograder.errors import AutograderError, HarnessFault
from autograder.outcomes import FailureKind, Outcome


@dataclass(frozen=True)
class _Mark:
    id: str
    task: str
    after: tuple[str, ...]
    given: bool


def _test_of(item: pytest.Item) -> str:
    """Return the test function that an item runs, whatever its parameters are."""
    return item.nodeid.partition("[")[0]


def mark_of(item: pytest.Item) -> _Mark | None:
    """Return what the check decorator says about a test, or None for an ordinary test."""
    mark = item.get_closest_marker(MARK)
    if mark is None:
        return None
    task, name = mark.kwargs["task"], mark.kwargs["name"]
    waits = () if name == FIRST else (FIRST, *mark.kwargs["after"])
    given = mark.kwargs.get("given", False)
    return _Mark(f"{task}.{name}", task, tuple(f"{task}.{other}" for other in waits), given)


class ChecksPlugin:
    """Runs checks in the order of `order` (check ids); other ids are not run. Without a context it only collects. A check that is `known`
    to have ended in some way is not run.

    Attributes:
        conftests: The author's `conftest.py` files by path, whose fixtures the checks may use.
        collected: Ids of all checks that were found, with the test that each of them is.
        results: How every check ended, by id.
        problems: Why the checks cannot be run.
        collects_some: Whether only the files of `wanted` are collected, because all have been before; `on_collected` is not called then.
    """

    def __init__(
        self,
        code: AuthorsCode,
        context: Context | None,
        order: Sequence[str] | None,
        names: Callable[[str], Collection[str]] = lambda task: (),
        progress: Callable[[CheckResult], None] | None = None,
        on_collected: Callable[[Collection[str]], None] | None = None,
        on_finished: Callable[[Mapping[str, CheckResult]], None] | None = None,
        known: Callable[[str], CheckResult | None] = lambda check_id: None,
    ) -> None:
        self._code = code
        self._names = names
        self._context = context
        self.conftests: Mapping[str, ModuleType] = {}
        self._order = None if order is None else {check_id: i for i, check_id in enumerate(order)}
        self._progress = progress
        self._on_collected = on_collected
        self._on_finished = on_finished
        self._known = known
        self.collected: dict[str, str] = {}
        self.collects_some = False
        self.results: dict[str, CheckResult] = {}
        self.problems: list[str] = []
        self.refused: AutograderError | None = None
        self._student: Student | None = None

    @property
    def wanted(self) -> Collection[str]:
        """The ids of the checks that are run, as far as they are known before they are collected."""
        return self._order or ()

    # -------------------------------------------------------------------------------------------------- collection

    def pytest_configure(self, config: pytest.Config) -> None:
        """Make the mark known."""
        config.addinivalue_line("markers", "check(task, name, after): a check of a task")
        for path, module in self.conftests.items():
            config.pluginmanager.register(module, path)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Let every folder be a plain one: pytest would import packages where all assignments see them."""
        return None if path.name == "__pycache__" else pytest.Dir.from_parent(parent, path=path)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> pytest.Module:
        """Import test files for their assignment alone, and add what the contract yields."""
        made: pytest.Module = CheckModule.from_parent(parent, path=module_path, code=self._code, names=self._names)
        return made

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the checks that were asked for, in the rubric's order, and none before a check that it waits for."""
        keep, waits = [], {}
        for item in items:
            mark = mark_of(item)
            if mark is None:
                continue
            if self.collected.setdefault(mark.id, _test_of(item)) != _test_of(item):
                places = f"{self.collected[mark.id]} and {_test_of(item)}"
                self.problems.append(f"the check {mark.id} is defined twice ({places})")
            if self._order is None or mark.id in self._order:
                keep.append((mark.id, item))
                waits[mark.id] = mark.after
        if self._on_collected is not None and not self.collects_some:
            try:
                self._on_collected(list(self.collected))
            except AutograderError as error:  # pytest would report it as a crash of its own
                self.refused = error
                items.clear()
                return
        items[:] = [item for _, item in sorted(keep, key=lambda entry: (self._place(entry[0], waits), entry[0]))]

    def _place(self, check_id: str, waits: Mapping[str, Sequence[str]], depth: int = 0) -> tuple[int, int]:
        """Return where a check is run: at its place in the rubric, or after the last of those that it waits for."""
        if depth > len(waits):
            raise HarnessFault(f"the check {check_id} waits for itself")
        before = [self._place(other, waits, depth + 1) for other in waits[check_id] if other in waits]
        own = 0 if self._order is None else self._order[check_id]
        return max([(own, 0), *((place, level + 1) for place, level in before)])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember test files that could not be imported: a fault of the assignment."""
        if report.failed:
            self.problems.append(f"{report.nodeid}: {report.longreprtext}")

    # -------------------------------------------------------------------------------------------------------- running

    @pytest.fixture
    def student(self, request: pytest.FixtureRequest) -> Student:
        """The submission, as this check sees it."""
        context = self.context_of(request.node)
        mark = mark_of(request.node)
        assert mark is not None
        run = context.extras.get(mark.task)
        asked = context.asked if run is None else run.asked
        self._student = Student(asked, context.report, context.contract, mark.id, context.seed_of(mark.task))
        self._student.repeats = context.repeats
        return self._student

    @pytest.fixture
    def oracle(self, request: pytest.FixtureRequest) -> Oracle:
        """The reference, asked with cases."""
        oracle = self.context_of(request.node).oracle
        if oracle is None:
            raise HarnessFault("a check that needs the reference was run where there is none")
        return oracle

    @pytest.fixture
    def contract(self, request: pytest.FixtureRequest) -> Contract:
        """The contract of the assignment."""
        return self.context_of(request.node).contract

    @pytest.fixture
    def run(self, request: pytest.FixtureRequest) -> Any:
        """The training run of the task that this check belongs to."""
        mark = mark_of(request.node)
        assert mark is not None
        return self.context_of(request.node).extras[mark.task]

    def context_of(self, item: pytest.Item) -> Context:
        """Return the submission that a test asks."""
        if self._context is None:
            raise HarnessFault("checks were run without a submission")
        return self._context

    def results_of(self, item: pytest.Item) -> dict[str, CheckResult]:
        """Return the results, by check id, of the submission that a test asks."""
        return self.results

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
        """Give every check a student of its own."""
        self._student = None
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Skip a check that waits for one that has not passed; its fixtures are there, for a diagnosis may ask it yet."""
        mark = mark_of(item)
        assert mark is not None
        if self._known(mark.id) is not None:
            pytest.skip("known")
        seed_draws(item, self.context_of(item).seed_of(mark.task))
        results = self.results_of(item)
        for other in mark.after:
            result = results.get(other)
            if result is not None and result.blocks:
                pytest.skip(f"waits for {other}")

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Fail a check in the end for the form of what it asked for, where it did not fail for anything else."""
        done = yield
        if self._student is not None:
            self._student.require_form()
        return done

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Record how the check ended, once, with the exception itself at hand."""
        report = yield
        mark = mark_of(item)
        assert mark is not None
        if call.when == "call" or call.excinfo is not None:
            known = self._known(mark.id)
            if known is not None:
                result = known
            else:
                result = self._result(mark, item, None if call.excinfo is None else call.excinfo.value, report)
                result.seconds = call.duration
                self._look_closer(item, result)
            results = self.results_of(item)
            previous = results.get(mark.id)
            if previous is None or previous.outcome is Outcome.PASSED:
                results[mark.id] = result
                if self._progress is not None and previous is None:
                    self._progress(result)
        return report

    def _result(
        self, mark: _Mark, item: pytest.Item, error: BaseException | None, report: pytest.TestReport
    ) -> CheckResult:
        result = CheckResult(mark.id, title_of(item), visibility_of(item, self._code.folder), Outcome.PASSED)
        result.given = mark.given
        if self._student is not None:
            result.printed = self._student.printed
            result.calls = self._student.calls
            result.flags = tuple(self._student.flags)
            result.tolerance_used = self._student.tolerance_used
            result.verdicts = tuple(self._student.verdicts)
            result.coerced = dict(self._student.coerced)
        if error is None:
            return result
        failure = failure_in(error)
        if failure is not None:
            result.outcome, result.kind = Outcome.FAILED, failure.kind
            result.message, result.help = failure.message, failure.help
            result.forms, result.brief, result.mistake = failure.forms, failure.brief, failure.mistake
            result.evidence, result.lines = failure.evidence, failure.lines
        elif isinstance(error, pytest.skip.Exception):
            result.outcome = Outcome.SKIPPED
            result.waits_for = str(error.msg).removeprefix("waits for ")
            result.message = f"waits for {result.waits_for}"
        elif isinstance(error, Inconclusive):
            result.outcome, result.message = Outcome.INCONCLUSIVE, str(error)
        else:
            result.outcome, result.error = Outcome.ERROR, report.longreprtext
            result.message = f"the check itself broke ({self._what_broke(error)})"
        return result

    def _what_broke(self, error: BaseException) -> str:
        """Return an exception in one line, with the line of the author's own file that it came from."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if Path(frame.filename).is_relative_to(self._code.folder / "tests")]
        place = f"{Path(own[-1].filename).relative_to(self._code.folder)}:{own[-1].lineno}: " if own else ""
        said = " ".join(str(error).split())[:300]
        return f"{place}{type(error).__name__}" + (f": {said}" if said else "")

    def _look_closer(self, item: pytest.Item, result: CheckResult) -> None:
        context, mark = self.context_of(item), mark_of(item)
        assert mark is not None
        result.after = mark.after
        if context.follower is not None and mark.task not in context.extras:
            context.follower.ended(item, result, context)

    def everyone(self) -> Iterator[tuple[Context, Mapping[str, CheckResult]]]:
        """Yield every submission with its results by check id."""
        if self._context is not None:
            yield self._context, self.results

    def pytest_sessionfinish(self) -> None:
        """Let followers say what only the whole shows."""
        for context, results in self.everyone():
            if context.follower is not None:
                context.follower.finished(context, results)
        if self._on_finished is not None:
            self._on_finished(self.results)


def failure_in(error: BaseException) -> CheckFailed | None:
    """Return the student's failure in an exception, also when Hypothesis found that it comes and goes."""
    if isinstance(error, CheckFailed):
        return error
    if isinstance(error, CheckStopped):
        return error.failure
    if isinstance(error, hypothesis.errors.Flaky):
        inner = [part for part in getattr(error, "exceptions", ()) if failure_in(part)]
        context = error.__context__ or error.__cause__
        first = failure_in(inner[0]) if inner else failure_in(context) if context else None
        message = "the function gives different results when it is called twice with the same input and seed"
        if first is not None:
            return CheckFailed(FailureKind.VALUE, f"{message}; once: {first.message}", evidence=first.evidence)
        return CheckFailed(FailureKind.VALUE, message)
    return None


def title_of(item: pytest.Item) -> str:
    """Return the check's docstring in one line."""
    function: Any = getattr(item, "obj", None)
    return " ".join((function.__doc__ or item.name).split())


def visibility_of(item: pytest.Item, root: Path) -> str:
    """Return "hidden" for checks below `tests/hidden` of the assignment at `root`, "public" for the others."""
    return "hidden" if "hidden" in Path(item.path).relative_to(root).parts else "public"


def seed_draws(item: pytest.Item, seed: int) -> None:
    """Let the inputs of a check, those that Hypothesis draws and others, be drawn from a seed."""
    draw_lot(seed)
    function: Any = getattr(item, "obj", None)
    if hasattr(function, "hypothesis"):
        hypothesis.seed(seed)(getattr(function, "__func__", function))
