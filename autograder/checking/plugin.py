"""The pytest plugin: one session of checks over one submission. Collects, orders, runs, and records outcomes as data."""

from __future__ import annotations

import functools
import io
import os
import sys
import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings

from autograder.assignment.contract import Contract
from autograder.authoring.failures import CheckFailed, CheckStopped, Inconclusive
from autograder.authoring.marks import FIRST, MARK
from autograder.checking.oracle import Oracle
from autograder.checking.student import Student
from autograder.diagnosis.naming import Asked as AskedCheck
from autograder.diagnosis.naming import Diagnosis, Diagnostician
from autograder.diagnosis.survey import Again, Surveyor
from autograder.errors import AutograderError, HarnessFault
from autograder.outcomes import Evidence, FailureKind, Outcome
from autograder.sandbox.questions import Asked, LoadReport

if TYPE_CHECKING:  # scipy, which the student's kit does without
    from autograder.checking.statistics import Verdict

settings.register_profile(
    "autograder",
    max_examples=25,
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    print_blob=False,
)


_NOT_ASKED_AGAIN = frozenset(
    {FailureKind.TIMEOUT, FailureKind.CRASH, FailureKind.MEMORY, FailureKind.POLICY, FailureKind.MISSING}
)
"""Failures that no input cures and that cost time: they are not surveyed."""


@dataclass
class CheckResult:
    """What one check found; the grading process adds weights and points.

    Attributes:
        error: Our own traceback, when the outcome is `error`.
        verdicts: What its statistical tests said.
        after: The checks that it waits for.
        carried_from: Whose failure this one repeats: see `carry`.
        tolerance_used: Largest share of the tolerance that an answer used.
        again: The check, to be asked again.
        surveyed: Everything that the failed check saw, where that may tell which mistake it is.
    """

    id: str
    title: str
    visibility: str
    outcome: Outcome
    kind: FailureKind | None = None
    message: str = ""
    help: str = ""
    evidence: Evidence | None = None
    diagnosis: Diagnosis | None = None
    waits_for: str | None = None
    after: tuple[str, ...] = ()
    carried_from: str | None = None
    lines: tuple[str, ...] = ()
    printed: str = ""
    flags: tuple[str, ...] = ()
    error: str = ""
    seconds: float = 0.0
    verdicts: tuple[Verdict, ...] = ()
    tolerance_used: float = 0.0
    again: Again | None = field(default=None, repr=False)
    surveyed: AskedCheck | None = field(default=None, repr=False)


@dataclass
class Context:
    """What the fixtures hand to checks.

    Attributes:
        oracle: None on a student's own machine.
        extras: The training run of every training task.
        diagnostician: Knows the named wrong answers.
        salt: Shifts every random seed that a check asks with.
    """

    asked: Asked
    report: LoadReport
    contract: Contract
    oracle: Oracle | None = None
    extras: dict[str, Any] = field(default_factory=dict)
    diagnostician: Diagnostician | None = None
    salt: int = 0


@dataclass(frozen=True)
class _Mark:
    id: str
    task: str
    after: tuple[str, ...]


def _test_of(item: pytest.Item) -> str:
    """Return the test function that an item runs, whatever its parameters are."""
    return item.nodeid.partition("[")[0]


def mark_of(item: pytest.Item) -> _Mark | None:
    """Return what the check decorator says about a test, or None for an ordinary test."""
    mark = item.get_closest_marker(MARK)
    if mark is None:
        return None
    callspec = getattr(item, "callspec", None)
    task = mark.kwargs["task"] or callspec.params["task"]  # type: ignore[union-attr]
    name = mark.kwargs["name"]
    waits = () if name == FIRST else (FIRST, *mark.kwargs["after"])
    return _Mark(f"{task}.{name}", task, tuple(f"{task}.{other}" for other in waits))


class ChecksPlugin:
    """Runs checks in the order of `order` (check ids); other ids are not run. Without a context it only collects."""

    def __init__(
        self,
        context: Context | None,
        order: Sequence[str] | None,
        progress: Callable[[CheckResult], None] | None = None,
        on_collected: Callable[[Collection[str]], None] | None = None,
        on_finished: Callable[[Mapping[str, CheckResult]], None] | None = None,
    ) -> None:
        self._context = context
        self._order = None if order is None else {check_id: i for i, check_id in enumerate(order)}
        self._progress = progress
        self._on_collected = on_collected
        self._on_finished = on_finished
        self.collected: dict[str, str] = {}
        self.results: dict[str, CheckResult] = {}
        self.problems: list[str] = []
        self.refused: AutograderError | None = None
        self._student: Student | None = None
        self.diagnosis_faults: list[str] = []

    # -------------------------------------------------------------------------------------------------- collection

    def pytest_configure(self, config: pytest.Config) -> None:
        """Make the mark known."""
        config.addinivalue_line("markers", "check(task, name, after): a check of a task")

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
        if self._on_collected is not None:
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
        self._student = Student(asked, context.report, context.contract, mark.id, context.salt)
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
        """Skip a check whose forerunner has not passed; give every check a student of its own."""
        self._student = None
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Skip a check that waits for one that has not passed; its fixtures are there, for a diagnosis may ask it yet."""
        mark = mark_of(item)
        assert mark is not None
        results = self.results_of(item)
        for other in mark.after:
            result = results.get(other)
            if result is not None and result.outcome not in (Outcome.PASSED, Outcome.INCONCLUSIVE):
                pytest.skip(f"waits for {other}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Record how the check ended, once, with the exception itself at hand."""
        report = yield
        mark = mark_of(item)
        assert mark is not None
        if call.when == "call" or call.excinfo is not None:
            result = self._result(mark, item, None if call.excinfo is None else call.excinfo.value, report)
            result.seconds = call.duration
            self._look_closer(mark, item, result)
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
        result = CheckResult(mark.id, title_of(item), visibility_of(item), Outcome.PASSED)
        if self._student is not None:
            result.printed = self._student.printed
            result.flags = tuple(self._student.flags)
            result.tolerance_used = self._student.tolerance_used
            result.verdicts = tuple(self._student.verdicts)
        if error is None:
            return result
        failure = failure_in(error)
        if failure is not None:
            result.outcome, result.kind = Outcome.FAILED, failure.kind
            result.message, result.help = failure.message, failure.help
            result.evidence, result.lines = failure.evidence, failure.lines
        elif isinstance(error, pytest.skip.Exception):
            result.outcome = Outcome.SKIPPED
            result.waits_for = str(error.msg).removeprefix("waits for ")
            result.message = f"waits for {result.waits_for}"
        elif isinstance(error, Inconclusive):
            result.outcome, result.message = Outcome.INCONCLUSIVE, str(error)
        else:
            result.outcome, result.error = Outcome.ERROR, report.longreprtext
            result.message = f"the check itself broke ({type(error).__name__})"
        return result

    def _look_closer(self, mark: _Mark, item: pytest.Item, result: CheckResult) -> None:
        """Remember how to ask a check again, and survey a failed one."""
        context = self.context_of(item)
        if mark.task in context.extras:
            return
        result.after, result.again = mark.after, Again.of(item)
        known = context.diagnostician is not None and context.diagnostician.knows(mark.task)
        if known and result.outcome is Outcome.FAILED and result.kind not in _NOT_ASKED_AGAIN:
            result.surveyed = self._survey(result, context)

    def everyone(self) -> Iterator[tuple[Context, Mapping[str, CheckResult]]]:
        """Yield every submission with its results by check id."""
        if self._context is not None:
            yield self._context, self.results

    def pytest_sessionfinish(self) -> None:
        """Name mistakes, now that it is known what else of the same task failed."""
        for context, results in self.everyone():
            if context.diagnostician is not None:
                self._name(context.diagnostician, context, results)
        if self._on_finished is not None:
            self._on_finished(self.results)

    def _survey(self, result: CheckResult, context: Context) -> AskedCheck | None:
        """Ask a check again, in full."""
        if result.again is None:
            return None
        surveyor = Surveyor(context.asked, context.report, context.contract, result.id, context.salt)
        with self._name_at_most(result.id):
            survey = result.again.survey(surveyor)
            result.flags = tuple(dict.fromkeys([*result.flags, *surveyor.flags]))
            return None if survey is None else AskedCheck(result.id, result.again, survey, result.seconds)
        return None

    def _name(self, diagnostician: Diagnostician, context: Context, results: Mapping[str, CheckResult]) -> None:
        for task in dict.fromkeys(check_id.partition(".")[0] for check_id in results):
            own = [result for check_id, result in results.items() if check_id.partition(".")[0] == task]
            failed = [result.surveyed for result in own if result.surveyed is not None]
            if not failed:
                continue
            passed = [
                AskedCheck(r.id, r.again, seconds=r.seconds)
                for r in own
                if r.outcome is Outcome.PASSED and r.again is not None
            ]
            waiting = [functools.partial(self._survey, r, context) for r in own if r.outcome is Outcome.SKIPPED]
            with self._name_at_most(task):
                for check_id, diagnosis in diagnostician.name(task, failed, passed, waiting).items():
                    results[check_id].diagnosis = diagnosis

    @contextmanager
    def _name_at_most(self, what: str) -> Iterator[None]:
        """A name is a help, given after the outcome is settled: a fault of ours in finding it must cost no more than the name."""
        try:
            yield
        except Exception as error:
            self.diagnosis_faults.append(f"no mistake could be looked for in {what} ({type(error).__name__}: {error})")


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
    text = " ".join((function.__doc__ or item.name).split())
    callspec = getattr(item, "callspec", None)
    return text.replace("{task}", str(callspec.params["task"])) if callspec and "task" in callspec.params else text


def visibility_of(item: pytest.Item) -> str:
    """Return "hidden" for checks below a folder of that name, "public" for the others."""
    return "hidden" if "hidden" in Path(item.path).parts else "public"


@contextmanager
def _importable(root: Path) -> Iterator[None]:
    """Let checks import each other as `tests.public...` of this assignment, whichever was graded before."""
    for name in [name for name in sys.modules if name.startswith(("tests.public", "tests.hidden"))]:
        place = getattr(sys.modules[name], "__file__", None)
        if place is None or not Path(place).resolve().is_relative_to(root):
            del sys.modules[name]
    package = sys.modules.get("tests")
    if package is not None and str(root / "tests") not in [str(Path(p).resolve()) for p in package.__path__]:
        del sys.modules["tests"]
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path.remove(str(root))


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep pytest from what this machine would add to a session: options and plugins that variables name, and plugins that
    happen to be installed. (pytest runs the checks in this process; under pytest-xdist this process is a test's.)
    """
    before = {name: value for name, value in os.environ.items() if name.startswith("PYTEST_")}
    for name in before:
        del os.environ[name]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("PYTEST_")]:
            del os.environ[name]
        os.environ.update(before)


def run_checks(folders: Sequence[Path], plugin: ChecksPlugin, *, seed: int = 0, collect_only: bool = False) -> None:
    """Run pytest over `folders` (`<assignment>/tests/<name>`) in this process, without touching the caller's terminal.

    Args:
        folders: Where the checks are.
        plugin: Collects, runs and records.
        seed: Seeds what Hypothesis draws. The same seed gives the same questions.
        collect_only: Only find out which checks there are.

    Raises:
        AutograderError: What `on_collected` raised.
        HarnessFault: The checks could not be collected or pytest itself failed; with what it printed.
    """
    settings.load_profile("autograder")
    arguments = [str(folder) for folder in folders]
    root = folders[0].resolve().parent.parent
    arguments += ["--rootdir", str(root), "-c", os.devnull, "--import-mode=importlib", "-p", "no:cacheprovider"]
    arguments += ["-p", "no:terminalreporter", "-p", "no:faulthandler", "-p", "no:logging", "-p", "hypothesispytest"]
    arguments += ["-p", "no:unraisableexception", "-p", "no:threadexception"]  # they collect garbage for half a second
    arguments += ["-q", "--noconftest", "--capture=no", "--tb=native", "-W", "ignore", f"--hypothesis-seed={seed}"]
    if collect_only:
        arguments.append("--collect-only")
    started = time.monotonic()
    text = io.StringIO()
    with redirect_stdout(text), redirect_stderr(text), _importable(root), _undisturbed():
        code = pytest.main(arguments, plugins=[plugin])
    if plugin.problems:  # before the next: pytest also calls itself interrupted when a file cannot be imported
        raise HarnessFault("the checks could not be collected:\n" + "\n".join(plugin.problems))
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if plugin.refused is not None:
        raise plugin.refused
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
        seconds = time.monotonic() - started
        raise HarnessFault(f"pytest ended with {code!r} after {seconds:.1f} s:\n{text.getvalue()[-4000:]}")
