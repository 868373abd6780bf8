"""Asking a failed check again, in full, to see everything that it sees: what a name for the failure is found with.

A check stops at the first thing that is wrong. A *survey* runs the same test function with a student who never raises: every
comparison, judgement and refusal becomes a `Seen`. The same function is then run for a named wrong answer in place of the
submission; the wrong answer explains the failure if the check sees the same (`seen_alike`) from beginning to end.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from hypothesis import Phase, settings
from hypothesis.errors import HypothesisException
from numpy.typing import NDArray
from torch import Tensor

from autograder.checking import describe
from autograder.checking.cases import Case
from autograder.checking.compare import compare, find_pattern
from autograder.checking.failures import CheckFailed, CheckStopped
from autograder.checking.student import Student
from autograder.outcomes import FailureKind
from autograder.sandbox.questions import Answer, Question

if TYPE_CHECKING:
    import pytest

    from autograder.checking.statistics import Verdict

MOST_EXAMPLES = 48
"""Inputs that a survey draws: enough to tell wrong answers apart, few enough to cost little."""
MOST_SECONDS = 20.0
"""A submission that is slow loses the name of its mistake, nothing else."""
CLEARLY = 5.5
"""Standard errors by which two sets of draws must differ to be held different."""
_MOST_COLUMNS = 16
_MOST_RANDOM_CASES = 6
_DRAWS = 100


@dataclass(frozen=True)
class Seen:
    """One thing that a check saw.

    Attributes:
        what: How the check calls it.
        ok: Whether the check would have gone on.
        got: An answer, or draws (one per row) when `draws` is set; None for a bare yes or no.
        expected: What it was compared with.
        text: What is compared where there is no number: a refusal, a pattern.
        within: Relative deviation, of the largest entry, that still counts as the same; None for the tolerance policy.
        draws: `got` holds random rows: compared in distribution.
        interchangeable: The rows are of one call, and a right answer makes them independent of each other.
    """

    what: str
    ok: bool
    got: Tensor | None = None
    expected: Tensor | None = None
    text: str = ""
    dtype: torch.dtype | None = None
    scale: float = 1.0
    within: float | None = None
    draws: bool = False
    interchangeable: bool = False


def seen_alike(a: Seen, b: Seen) -> bool:
    """Whether a check sees the same in two answers: equal facts, equal values, or draws from one distribution."""
    if (a.what, a.text, a.draws) != (b.what, b.text, b.draws):
        return False
    if a.got is None or b.got is None:
        return a.got is b.got and a.ok == b.ok
    if a.draws:
        return _same_distribution(_rows(a.got), _rows(b.got), a.interchangeable)
    if a.got.shape != b.got.shape:
        return False
    if a.within is not None:
        largest = float(b.got.abs().max()) if b.got.numel() else 0.0
        return bool(((a.got - b.got).abs() <= a.within * largest).all())
    return compare(a.got, b.got, a.dtype, a.scale).agrees


def _rows(draws: Tensor) -> NDArray[np.float64]:
    rows: NDArray[np.float64] = draws.detach().double().reshape(len(draws), -1).numpy()[:, :_MOST_COLUMNS]
    return rows


def _same_distribution(a: NDArray[np.float64], b: NDArray[np.float64], interchangeable: bool) -> bool:
    """Compare means, covariances and, for interchangeable rows, what a row says of the next, each by its standard error."""
    if a.shape[1] != b.shape[1]:
        return False
    if a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True):
        return True
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return False
    centre = np.concatenate([a, b]).mean(0)
    still = (a.std(0) < 1e-9) & (b.std(0) < 1e-9)
    means = [x[:, ~still] if interchangeable else x for x in (a, b)]
    features = []
    for x, mean in zip((a, b), means, strict=True):
        offset = x - centre
        left, right = np.triu_indices(x.shape[1])
        parts = [mean, offset[:, left] * offset[:, right]]
        if interchangeable:
            own = x - x.mean(0)
            parts.append(np.concatenate([own[:-1] * own[1:], np.zeros((1, x.shape[1]))]))
        features.append(np.concatenate(parts, axis=1))
    x, y = features
    error = np.sqrt(x.var(0) / len(x) + y.var(0) / len(y))
    allowed = CLEARLY * error + 1e-6 * (1 + np.abs(x.mean(0)))
    return bool((np.abs(x.mean(0) - y.mean(0)) <= allowed).all())


# ----------------------------------------------------------------------------------------------------- the observer


class Enough(BaseException):
    """The survey has seen what it needs; a `BaseException`, because Hypothesis passes those on at once."""


class Surveyor(Student):
    """A student who writes down what a check sees and lets it go on.

    Attributes:
        seen: What was seen, in order.
        differs: With `like`: whether something was seen that is not alike.
    """

    def __init__(self, *arguments: Any, like: Sequence[Seen] | None = None) -> None:
        super().__init__(*arguments)
        self.seen: list[Seen] = []
        self.differs = False
        self._like = like
        self._last: Answer | None = None
        self._cases: list[Case | None] = []
        self._more: dict[str, tuple[bool, list[Tensor]]] = {}

    def see(self, seen: Seen) -> None:
        """Write one thing down; ends the survey at the first difference from `like`, or at its end."""
        place = len(self.seen)
        self.seen.append(seen)
        if self._like is None:
            return
        if place >= len(self._like) or not seen_alike(self._like[place], seen):
            self.differs = True
            raise Enough
        if place + 1 == len(self._like):
            raise Enough

    def refused(self, failure: CheckFailed) -> None:
        """Write down that the check raised."""
        self._flush()
        self.see(Seen("refusal", False, text=f"{failure.kind}: {failure.message}"))

    def _random(self, case: Case) -> bool:
        return any(parameter.name == "generator" for parameter in self._contract[case.function].parameters)

    def _send(self, question: Question, case: Case | None, called: str = "") -> Answer:
        answer = super()._send(question, case, called)
        self._last = answer
        if question.repeat > 1:
            values = {} if question.gradients else {"the result": answer.value}
            for name, rows in {**values, **answer.gradients}.items():
                self._drawn(f"draws of {name} in call {self._number(case)}", rows)
        return answer

    def _number(self, case: Case | None) -> int:
        """Return which of the calls so far this one repeats."""
        for number, known in enumerate(self._cases):
            if known is case:
                return number
        self._cases.append(case)
        return len(self._cases) - 1

    def _drawn(self, what: str, rows: Any) -> None:
        """Compare the first draws at once; later ones when the check has made up its mind, however many they are."""
        if not isinstance(rows, Tensor) or rows.dim() == 0 or not rows.is_floating_point():
            return
        if what in self._more:
            self._more[what][1].append(rows)
            return
        self._more[what] = (True, [rows])
        self.see(Seen(what, True, rows.detach(), draws=True))

    def _flush(self) -> None:
        """Write down the draws that came after the first of each kind."""
        for what, (first, parts) in list(self._more.items()):
            if first and len(parts) > 1:
                self._more[what] = (False, parts)
                self.see(Seen(f"all {what}", True, torch.cat(parts).detach(), draws=True))

    def value(self, case: Case, *, finite: bool = True, untouched: bool = False, **options: Any) -> Any:
        """See `Student.value`; an answer of the wrong shape is looked at all the same."""
        self._last = None
        try:
            return super().value(case, finite=finite, untouched=untouched, **options)
        except CheckFailed:
            answer: Any = self._last  # set by `_send`, which the type checker cannot see
            if answer is not None and isinstance(answer.value, Tensor) and not self._random(case):
                self.see(Seen("a value of the wrong kind", False, answer.value.detach(), scale=case.scale))
            raise

    def agrees(self, case: Case, expected: Any, *, finite: bool = True, help: str = "") -> None:
        """See `Student.agrees`; a random function is asked often about the first few cases, to see its distribution."""
        super().agrees(case, expected, finite=finite, help=help)
        if self._random(case) and len(self._cases) < _MOST_RANDOM_CASES:
            self.ask(case, repeat=_DRAWS)

    def close(self, case: Case, got: Any, expected: Any, *, what: str = "the result", help: str = "") -> None:
        """See `Student.close`: written down, never raised."""
        answer, want = describe.plain_tensor(got).detach(), describe.plain_tensor(expected).detach()
        dtype = case.dtype() if answer.dtype.is_floating_point else None
        want = want.reshape(answer.shape)
        result = compare(answer, want, dtype, case.scale)
        if self._random(case):  # numbers of another implementation differ, their relation to what is expected does not
            text = "as expected" if result.agrees else find_pattern(answer.double(), want.double()) or "unlike"
            self.see(Seen(what, result.agrees, text=text))
        else:
            self.see(Seen(what, result.agrees, answer, want, dtype=dtype, scale=case.scale))

    def judge(self, verdict: Verdict, case: Case, message: str, *, help: str = "") -> None:
        """See `Student.judge`: written down, never raised."""
        self._flush()
        self.see(Seen(message, verdict.decision != "fail"))

    def require(
        self, condition: bool, case: Case, message: str, *, help: str = "", got: str = "", expected: str = ""
    ) -> None:
        """See `Student.require`: written down, never raised."""
        self._flush()
        self.see(Seen("a property", bool(condition)))

    def sees(
        self, case: Case, what: str, value: Any, *, within: float | None = None, interchangeable: bool = False
    ) -> None:
        """See `Student.sees`."""
        number = describe.plain_tensor(value).detach()
        # rows that are all alike say nothing but that, unless they are exactly zero
        text = "zero" if interchangeable and not bool(number.any()) else ""
        self.see(Seen(what, True, number, None, text, None, 1.0, within, interchangeable, interchangeable))


# ------------------------------------------------------------------------------------------------------ asking again


@dataclass(frozen=True)
class Survey:
    """All that a check saw.

    Attributes:
        examples: The arguments that Hypothesis drew, one mapping per run of the test function; one empty one without it.
        seen: Everything seen, over all examples.
    """

    examples: tuple[Mapping[str, Any], ...]
    seen: tuple[Seen, ...]

    @property
    def failed(self) -> bool:
        """Whether anything was seen that the check does not let pass."""
        return any(not seen.ok for seen in self.seen)


@dataclass(frozen=True)
class Again:
    """A check that can be asked again, with another student."""

    function: Callable[..., Any] = field(repr=False)
    arguments: Mapping[str, Any] = field(repr=False)

    @staticmethod
    def of(item: pytest.Item) -> Again | None:
        """Return the check that `item` runs, while its fixtures are alive; None when it asks no student."""
        names = getattr(getattr(item, "_fixtureinfo", None), "argnames", ())
        values: Mapping[str, Any] = getattr(item, "funcargs", {})
        if "student" not in names or any(name not in values for name in names):
            return None
        function: Any = getattr(item, "obj", None)
        return Again(function, {name: values[name] for name in names})

    def strictly(self, student: Student) -> None:
        """Run the check as it was run, with the same drawn inputs, for another student; raises what it raises."""
        self.function(**{**self.arguments, "student": student})

    def survey(self, surveyor: Surveyor) -> Survey | None:
        """Ask `surveyor` everything, over up to `MOST_EXAMPLES` drawn inputs; None when it took too long."""
        examples: list[Mapping[str, Any]] = []
        end = time.monotonic() + MOST_SECONDS
        inner, handle = self._inner()

        @functools.wraps(inner)
        def tolerant(*positional: Any, **drawn: Any) -> None:
            if time.monotonic() > end:
                raise Enough
            examples.append({name: value for name, value in drawn.items() if name not in self.arguments})
            _run(inner, {**self.arguments, **drawn, "student": surveyor}, surveyor)

        try:
            if handle is None:
                tolerant()
            else:
                _with_inner(handle, tolerant, lambda: self.strictly(surveyor))
        except (Enough, HypothesisException):
            pass
        return None if time.monotonic() > end else Survey(tuple(examples), tuple(surveyor.seen))

    def explains(self, surveyor: Surveyor, survey: Survey) -> bool:
        """Whether `surveyor`, made with `like=survey.seen`, sees the same on the same inputs."""
        inner, _ = self._inner()
        try:
            for drawn in survey.examples:
                _run(inner, {**self.arguments, **drawn, "student": surveyor}, surveyor)
        except Enough:
            pass
        return not surveyor.differs and len(surveyor.seen) == len(survey.seen)

    def _inner(self) -> tuple[Callable[..., Any], Any]:
        handle = getattr(self.function, "hypothesis", None)
        return (self.function, None) if handle is None else (handle.inner_test, handle)


def _run(inner: Callable[..., Any], arguments: Mapping[str, Any], surveyor: Surveyor) -> None:
    try:
        inner(**arguments)
    except CheckFailed as failure:
        surveyor.refused(failure)
    except CheckStopped as stopped:
        surveyor.refused(stopped.failure)
        raise Enough from None
    except Exception as error:  # a check that went on where it would have stopped may trip over what it was given
        surveyor.refused(CheckFailed(FailureKind.VALUE, f"the check could not go on ({type(error).__name__})"))


def _with_inner(handle: Any, inner: Callable[..., Any], run: Callable[[], None]) -> None:
    """Run a Hypothesis test around another function than its own: its documented way to wrap one."""
    own, profile = handle.inner_test, settings.get_current_profile_name()
    survey = settings(
        settings.get_profile(profile), max_examples=MOST_EXAMPLES, phases=(Phase.explicit, Phase.generate)
    )
    settings.register_profile("autograder-survey", survey)
    settings.load_profile("autograder-survey")
    handle.inner_test = inner
    try:
        run()
    finally:
        handle.inner_test = own
        settings.load_profile(profile)
