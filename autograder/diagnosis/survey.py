"""Asking a failed check again, in full, to see everything that it sees: what a name for the failure is found with.

A check stops at the first thing that is wrong. A *survey* runs the same test function with a student who never raises: every
comparison, judgement and refusal becomes a `Seen`. The same function is then run for a named wrong answer in place of the
submission; the wrong answer explains the failure if the check sees the same (`seen_alike`) from beginning to end.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from hypothesis import Phase, settings
from hypothesis import seed as hypothesis_seed
from hypothesis.errors import HypothesisException
from numpy.typing import NDArray
from torch import Tensor

from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed, CheckStopped, Inconclusive
from autograder.checking import describe
from autograder.checking.compare import compare, relation, tolerance
from autograder.checking.student import Student
from autograder.outcomes import FailureKind
from autograder.sandbox.inside.values import Probe
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
MUCH_NOISIER = 10.0
"""How many times as widely another valid form of an estimator may scatter; more would hide what its mean is."""
_MOST_COLUMNS = 16
_MOST_RANDOM_CASES = 6
_DRAWS = 100
_FEW_DRAWS = 20


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
        draws: `got` holds random rows: compared in the mean alone, for valid forms of an estimator differ in the rest.
        detail: What a failed judgement said, for whoever reads the diagnosis; not compared.
        interchangeable: The rows are of one call, and a right answer makes them independent of each other: compared in mean,
            covariance and what a row says of the next.
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
    detail: str = ""


def seen_alike(a: Seen, b: Seen) -> bool:
    """Whether a check sees the same in two answers: equal facts, equal values, or draws from one distribution."""
    if (a.what, a.text, a.draws) != (b.what, b.text, b.draws):
        return False
    if a.got is None or b.got is None:
        return a.got is b.got and a.ok == b.ok
    if a.draws:
        return _same_distribution(_rows(a.got), _rows(b.got), a.interchangeable, tolerance(b.dtype or torch.float64))
    if a.got.shape != b.got.shape:
        return False
    if a.within is not None:
        largest = float(b.got.abs().max()) if b.got.numel() else 0.0
        return bool(((a.got - b.got).abs() <= a.within * largest).all())
    return _same_numbers(a, b)


def _same_numbers(a: Seen, b: Seen) -> bool:
    """Whether numbers are the same. One that is not finite says no more than that it is wrong.

    Where a wrong formula overflows, and whether to inf or to NaN, depends on how it was written.
    """
    got, other = (_wide(seen.got) for seen in (a, b))
    lost = ~(got.isfinite() & other.isfinite()) & ~((got == other) | (got.isnan() & other.isnan()))
    if bool(lost.any()):
        if not bool((_wrong(a) & _wrong(b))[lost].all()):
            return False
        got, other = got[~lost], other[~lost]
    dtype = a.dtype or (None if a.got is None else a.got.dtype)
    return compare(got, other, dtype, a.scale).agrees


def _wide(number: Tensor | None) -> Tensor:
    assert number is not None
    return number.double() if number.dtype.is_floating_point else number


def _wrong(seen: Seen) -> Tensor:
    """Return which entries are wrong; where nothing was expected, those that are not finite."""
    got = _wide(seen.got)
    if seen.expected is None:
        return ~got.isfinite()
    want = _wide(seen.expected)
    allowed = tolerance(seen.dtype or torch.float64) * want.abs().clamp(min=max(1.0, seen.scale))
    return ~((got == want) | ((got - want).abs() <= allowed))


def _rows(draws: Tensor) -> NDArray[np.float64]:
    rows: NDArray[np.float64] = draws.detach().double().reshape(len(draws), -1).numpy()[:, :_MOST_COLUMNS]
    return rows


def _same_distribution(
    a: NDArray[np.float64], b: NDArray[np.float64], interchangeable: bool, rounding: float = 1e-7
) -> bool:
    """Compare means; for interchangeable rows also covariances and what a row says of the next; each by its standard error."""
    if a.shape[1] != b.shape[1]:
        return False
    if a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True):
        return True
    finite = [np.isfinite(x).all(0) for x in (a, b)]
    if (finite[0] != finite[1]).any():
        return False
    a, b = a[:, finite[0]], b[:, finite[0]]
    if interchangeable:
        centre = np.concatenate([a, b]).mean(0)
        still = (a.std(0) < 1e-9) & (b.std(0) < 1e-9)
        x, y = (_moments(x, centre, still) for x in (a, b))
    else:
        x, y = a, b
        spread = np.sort(np.stack([a.std(0), b.std(0)]), axis=0)
        if (spread[1] > np.maximum(MUCH_NOISIER * spread[0], 0.5 * np.maximum(1.0, np.abs(b.mean(0))))).any():
            return False
    error = np.sqrt(x.var(0) / len(x) + y.var(0) / len(y))
    allowed = CLEARLY * error + max(1e-6, rounding) * (1 + np.abs(x.mean(0)))
    return bool((np.abs(x.mean(0) - y.mean(0)) <= allowed).all())


def _moments(x: NDArray[np.float64], centre: NDArray[np.float64], still: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return what is averaged: entries that vary, products of entries, and products of an entry with that of the next row."""
    offset, own = x - centre, x - x.mean(0)
    left, right = np.triu_indices(x.shape[1])
    following = np.concatenate([own[:-1] * own[1:], np.zeros((1, x.shape[1]))])
    return np.concatenate([x[:, ~still], offset[:, left] * offset[:, right], following], axis=1)


def _wording(failure: CheckFailed) -> str:
    """Return what of a refusal does not depend on how the function is written: no numbers, no texts of exceptions."""
    message = re.sub(r"(it raised \w+).*", r"\1", failure.message, flags=re.DOTALL)
    return f"{failure.kind}: {re.sub(r'[0-9]+([.,][0-9]+)*', '#', message)}"


# ----------------------------------------------------------------------------------------------------- the observer


def _noisy_network(case: Case) -> bool:
    """Whether a network of the case answers at random in training mode."""
    probes = [value for value in case.arguments.values() if isinstance(value, Probe)]
    return any(layer["op"] == "dropout" for probe in probes for layer in probe.spec.get("layers", []))


class Enough(BaseException):
    """The survey has seen what it needs; a `BaseException`, because Hypothesis passes those on at once."""


class Surveyor(Student):
    """A student who writes down what a check sees and lets it go on.

    Attributes:
        seen: What was seen, in order.
        counted: Whether the check counted operations: it asks how the function works, not what it computes.
        differs: With `like`: whether something was seen that is not alike.
    """

    def __init__(self, *arguments: Any, like: Sequence[Seen] | None = None) -> None:
        super().__init__(*arguments)
        self.seen: list[Seen] = []
        self.counted = False
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
        self.see(Seen("refusal", False, text=_wording(failure)))

    def _random(self, case: Case) -> bool:
        return any(parameter.name == "generator" for parameter in self.contract_of(case).parameters)

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
        self.see(Seen(what, True, rows.detach(), dtype=rows.dtype, draws=True))

    def _flush(self) -> None:
        """Write down all draws of each kind, once: a test that is sure earlier has asked for fewer."""
        for what, (first, parts) in list(self._more.items()):
            if first:
                self._more[what] = (False, parts)
                rows = torch.cat(parts).detach()
                self.see(Seen(f"all {what}", True, rows, dtype=rows.dtype, draws=True))

    def value(self, case: Case, *, finite: bool = True, untouched: bool = False, **options: Any) -> Any:
        """See `Student.value`; an answer of the wrong shape is looked at all the same."""
        self._last = None
        try:
            value = super().value(case, finite=finite, untouched=untouched, **options)
        except CheckFailed:
            answer: Any = self._last  # set by `_send`, which the type checker cannot see
            if answer is not None and isinstance(answer.value, Tensor) and not self._random(case):
                self.see(Seen("a value of the wrong kind", False, answer.value.detach(), scale=case.scale))
            raise
        if _noisy_network(case):
            self._often(case)
        return value

    def _often(self, case: Case) -> None:
        """Ask a function that returns numbers under several seeds, to see their distribution."""
        results: list[list[float]] = []
        for seed in range(_FEW_DRAWS):
            value = self._send(case.question(self.contract_of(case), salt=self._salt, seed=seed), case).value
            if not isinstance(value, tuple) or not all(isinstance(part, int | float) for part in value):
                return
            results.append([float(part) for part in value])
        self.see(Seen("many calls", True, torch.tensor(results, dtype=torch.float64), draws=True))

    def agrees(self, case: Case, expected: Any, *, finite: bool = True, help: str = "") -> None:
        """See `Student.agrees`; a random function is asked often about the first few cases, to see its distribution."""
        super().agrees(case, expected, finite=False, help=help)  # `close` sees what is not finite
        if self._random(case) and len(self._cases) < _MOST_RANDOM_CASES:
            self.ask(case, repeat=_DRAWS)

    def operations(self, case: Case) -> int:
        """See `Student.operations`."""
        self.counted = True
        return super().operations(case)

    def close(self, case: Case, got: Any, expected: Any, *, what: str = "the result", help: str = "") -> None:
        """See `Student.close`: written down, never raised."""
        answer, want = (value.detach() for value in self.comparable(case, got, expected, what))
        dtype = case.dtype() if answer.dtype.is_floating_point else None
        result = compare(answer, want, dtype, case.scale)
        if _noisy_network(case):  # what a single call gives, is chance: `value` has asked for many
            self.see(Seen(what, result.agrees, torch.zeros(())))
        elif self._random(case):
            # numbers of another implementation differ, their relation to what is expected does not
            exact = not result.agrees and case.dtype() == torch.float64
            kind, number = (relation(answer.double(), want.double()) if exact else None) or ("unlike", 1.0)
            text = "as expected" if result.agrees else kind
            self.see(Seen(what, result.agrees, torch.tensor([number]), text=text, within=1e-3))
        else:
            self.see(Seen(what, result.agrees, answer, want, dtype=dtype, scale=case.scale))

    def judge(self, verdict: Verdict, case: Case, message: str, *, help: str = "") -> None:
        """See `Student.judge`: written down, never raised."""
        self._flush()
        try:
            super().judge(verdict, case, message, help=help)
        except CheckFailed:
            self.see(Seen(message, False, detail=verdict.detail))
        except Inconclusive:
            self.see(Seen(message, True))
        else:
            self.see(Seen(message, True))

    def require(
        self, condition: bool, case: Case, message: str, *, help: str = "", got: str = "", expected: str = ""
    ) -> None:
        """See `Student.require`: written down, never raised."""
        self._flush()
        self.see(Seen("a property", bool(condition), detail="" if condition else message))

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
        counted: Whether operations were counted: the check asks how the function works, not what it computes.
    """

    examples: tuple[Mapping[str, Any], ...]
    seen: tuple[Seen, ...]
    counted: bool = False

    @property
    def failed(self) -> bool:
        """Whether anything was seen that the check does not let pass."""
        return any(not seen.ok for seen in self.seen)


@dataclass(frozen=True)
class Again:
    """A check that can be asked again, with another student, about inputs drawn from the same seed."""

    function: Callable[..., Any] = field(repr=False)
    arguments: Mapping[str, Any] = field(repr=False)
    seed: int = 0

    @staticmethod
    def of(item: pytest.Item, seed: int = 0) -> Again | None:
        """Return the check that `item` runs, while its fixtures are alive; None when it asks no student."""
        names = getattr(getattr(item, "_fixtureinfo", None), "argnames", ())
        values: Mapping[str, Any] = getattr(item, "funcargs", {})
        if "student" not in names or any(name not in values for name in names):
            return None
        function: Any = getattr(item, "obj", None)
        return Again(function, {name: values[name] for name in names}, seed)

    def strictly(self, student: Student) -> None:
        """Run the check as it was run, with the same drawn inputs, for another student; raises what it raises."""
        if hasattr(self.function, "hypothesis"):  # several tasks may share the function: each has a seed of its own
            hypothesis_seed(self.seed)(getattr(self.function, "__func__", self.function))
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
                _with_inner(self.function, handle, tolerant, lambda: self.strictly(surveyor))
        except (Enough, HypothesisException):
            pass
        return None if time.monotonic() > end else Survey(tuple(examples), tuple(surveyor.seen), surveyor.counted)

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


_SETTINGS = "_hypothesis_internal_use_settings"


def _with_inner(test: Any, handle: Any, inner: Callable[..., Any], run: Callable[[], None]) -> None:
    """Run a Hypothesis test around another function than its own, its documented way to wrap one, over more inputs.

    Where the test has settings of its own, it draws as many inputs as they say.
    """
    own, profile = handle.inner_test, settings.get_current_profile_name()
    survey = settings(
        settings.get_profile(profile), max_examples=MOST_EXAMPLES, phases=(Phase.explicit, Phase.generate)
    )
    implied = not getattr(test, "_hypothesis_internal_settings_applied", False)
    before = getattr(test, _SETTINGS, None)
    handle.inner_test = inner
    if implied and before is not None:  # `given` has fixed the profile of the time when it decorated
        setattr(test, _SETTINGS, survey)
    try:
        run()
    finally:
        handle.inner_test = own
        if implied and before is not None:
            setattr(test, _SETTINGS, before)
