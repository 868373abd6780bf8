"""Asking a failed check again, in full, to see everything that it sees: what a name for the failure is found with.

A check stops at the first thing that is wrong. A *survey* runs the same test function with a student who never raises: every
comparison, judgement and refusal becomes a `Seen`. The same function is then run for a named wrong answer in place of the
submission; the wrong answer explains the failure if the check sees the same (`seen_alike`) from beginning to end.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from hypothesis import Phase, settings
from hypothesis import seed as hypothesis_seed
from hypothesis.errors import HypothesisException
from torch import Tensor

from autograder.assignment.contract import FunctionContract
from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed, CheckStopped
from autograder.authoring.inputs import draw_lot
from autograder.checking.compare import compare
from autograder.checking.oracle import call_like_reference
from autograder.checking.student import Student
from autograder.diagnosis.seen import Seen
from autograder.outcomes import FailureKind
from autograder.sandbox.inside.values import Probe

if TYPE_CHECKING:
    import pytest


from autograder.diagnosis.surveyor import Enough, Surveyor

MOST_EXAMPLES = 48
"""Inputs that a survey draws: enough to tell wrong answers apart, few enough to cost little."""
MOST_SECONDS = 20.0
"""A submission that is slow loses the name of its mistake, nothing else."""


@dataclass(frozen=True)
class Survey:
    """All that a check saw.

    Attributes:
        examples: The arguments that Hypothesis drew, one mapping per run of the test function; one empty one without it.
        seen: Everything seen, over all examples.
        empty: Whether all answers were one and the same number, or copies of arguments.
        first: The first calls, with what came back, where the function is not random.
    """

    examples: tuple[Mapping[str, Any], ...]
    seen: tuple[Seen, ...]
    empty: bool = False
    first: tuple[tuple[Case, Any], ...] = ()

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
        draw_lot(self.seed)
        if hasattr(self.function, "hypothesis"):  # several tasks may share the function: each has a seed of its own
            hypothesis_seed(self.seed)(getattr(self.function, "__func__", self.function))
        self.function(**{**self.arguments, "student": student})
        student.require_form()

    def survey(self, surveyor: Surveyor) -> Survey | None:
        """Ask `surveyor` everything, over up to `MOST_EXAMPLES` drawn inputs; None when it took too long."""
        examples: list[Mapping[str, Any]] = []
        end = time.monotonic() + MOST_SECONDS
        inner, handle = self._inner()
        draw_lot(self.seed)

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
        return (
            None
            if time.monotonic() > end
            else Survey(tuple(examples), tuple(surveyor.seen), surveyor.empty, tuple(surveyor.first))
        )

    def explains(self, surveyor: Surveyor, survey: Survey) -> bool:
        """Whether `surveyor`, made with `like=survey.seen`, sees the same on the same inputs."""
        inner, _ = self._inner()
        draw_lot(self.seed)
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


def could_be(survey: Survey, function: Callable[..., Any], contract: FunctionContract) -> bool:
    """Whether a wrong answer gives what came back in the first calls of a survey, as far as plain tensors show: most do not.

    A quick look before a whole check is run for it; in doubt, it could be: also where the check itself does not compare the numbers
    that come back (`Student.sees`), because they are free up to something, a rotation say.
    """
    if any(seen.within is not None for seen in survey.seen):
        return True
    for case, value in survey.first:
        if any(isinstance(given, Probe) for given in case.arguments.values()):
            return True
        arguments = {
            name: given.detach().clone() if isinstance(given, Tensor) else given
            for name, given in case.arguments.items()
        }
        try:
            with torch.no_grad():
                other = call_like_reference(function, contract, arguments, case.seed)
        except Exception:  # whatever a wrong answer raises; the check itself says whether that is the same
            return True
        for got, want in zip(_parts(value), _parts(other), strict=False):
            if got.shape == want.shape and got.isfinite().all() and want.isfinite().all():
                low = got if torch.finfo(got.dtype).eps > torch.finfo(want.dtype).eps else want
                if not compare(got, want, low.dtype, case.scale).agrees:
                    return False
    return True


def _parts(value: Any) -> list[Tensor]:
    parts = value if isinstance(value, tuple | list) else (value,)
    return [part for part in parts if isinstance(part, Tensor) and part.is_floating_point()]
