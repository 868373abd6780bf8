"""The observer: a student who writes down all that a check sees of the answers, and lets it go on where it would have stopped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed, Inconclusive
from autograder.checking import describe
from autograder.checking.compare import compare, relation
from autograder.checking.student import Student, precision_of
from autograder.diagnosis.seen import Seen, compared_columns, seen_alike
from autograder.sandbox.inside.values import Probe
from autograder.sandbox.questions import Answer, Question

if TYPE_CHECKING:
    from autograder.checking.statistics import Verdict

_MOST_RANDOM_CASES = 6
_MOST_PARTS = 4
_NOT_A_NUMBER = 1.2345e300
_MOST_FIRST = 3
_DRAWS = 100
_FEW_DRAWS = 20
_FIRST_DRAWS = 12
"""What rules out most wrong answers, before all draws are made."""
_AT_FIRST = 12.0
"""Standard errors by which so few draws must differ: their own error is known badly where they are skewed."""


_OF_FORM = "Can't call numpy() on Tensor that requires grad"
"""The text of an exception that says what was done to the form, whatever is computed: no other exception is like it."""


def wording(failure: CheckFailed) -> str:
    """Return what of a refusal does not depend on how the function is written: no numbers, no texts of exceptions."""
    message = re.sub(r"(it raised \w+).*", r"\1", failure.message, flags=re.DOTALL)
    of_form = f" ({_OF_FORM})" if _OF_FORM in failure.message else ""
    return f"{failure.kind}: {re.sub(r'[0-9]+([.,][0-9]+)*', '#', message)}{of_form}"


def _drawn_of(question: Question, answer: Answer) -> dict[str, Any]:
    """Return what many calls have drawn, by name: their gradients where these are asked for, else their results."""
    return dict(answer.gradients) if question.gradients else {"the result": answer.value}


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
        differs: With `like`: whether something was seen that is not alike.
        empty: Whether every answer so far was one and the same number throughout, or a copy of an argument.
        first: The first calls of a function that is not random, with what came back: see `could_be`.
    """

    def __init__(self, *arguments: Any, like: Sequence[Seen] | None = None) -> None:
        super().__init__(*arguments)
        self.seen: list[Seen] = []
        self.differs = False
        self.empty = True
        self.first: list[tuple[Case, Any]] = []
        self._numbers: set[float] = set()
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
        self.see(Seen("refusal", False, text=wording(failure)))

    def _random(self, case: Case) -> bool:
        return any(parameter.name == "generator" for parameter in self.contract_of(case).parameters)

    def _send(self, question: Question, case: Case | None, called: str = "") -> Answer:
        self._once(question, case, called)
        answer = super()._send(question, case, called)
        self._last = answer
        self.empty = self.empty and self._says_nothing(answer.value, case)
        if self._like is None and len(self.first) < _MOST_FIRST and self._can_be_called_directly(question, case):
            assert case is not None
            self.first.append((case, answer.value))
        if question.repeat > 1 and self.comparing:
            for name, rows in _drawn_of(question, answer).items():
                self._drawn(f"draws of {name} in call {self._number(case)}", rows)
        return answer

    def _can_be_called_directly(self, question: Question, case: Case | None) -> bool:
        if case is None or type(case) is not Case or case.calls or self._random(case) or _noisy_network(case):
            return False
        return question.repeat == 1 and not question.gradients

    def _says_nothing(self, value: Any, case: Case | None) -> bool:
        """Whether an answer is a copy of an argument, or holds nothing but the number that all answers held before."""
        parts = value if isinstance(value, tuple | list) else (value,)
        numbers = [torch.as_tensor(part).double() for part in parts if isinstance(part, Tensor | float | int)]
        copies = [] if case is None else [given.double() for given in case.tensors().values()]
        for number in numbers:
            if any(number.shape == copy.shape and torch.equal(number, copy) for copy in copies):
                continue
            plain = number.nan_to_num(nan=_NOT_A_NUMBER)  # which equals itself
            self._numbers |= {float(plain.min()), float(plain.max())} if number.numel() else set()
        return len(numbers) == len(parts) and len(self._numbers) <= 1

    def _once(self, question: Question, case: Case | None, called: str) -> None:
        """Ask a few times what will be asked many times: most wrong answers are found different by then."""
        if self._like is None or question.repeat == 1 or not self.comparing:
            return
        of_call = f"in call {self._number(case)}"
        wanted = [seen for seen in self._like[len(self.seen) :] if seen.what.endswith(of_call) and seen.got is not None]
        if not wanted or self._like[len(self.seen)] is not wanted[0] or wanted[0].what in self._more:
            return
        few = super()._send(replace(question, repeat=min(_FIRST_DRAWS, question.repeat)), case, called)
        for name, draws in _drawn_of(question, few).items():
            if not isinstance(draws, Tensor) or not draws.is_floating_point() or draws.dim() == 0:
                continue
            rows = Seen(f"draws of {name} {of_call}", True, draws.detach(), dtype=draws.dtype, draws=True)
            other = next((seen for seen in wanted if seen.what == rows.what), None)
            if other is None or other.got is None:
                continue
            if compared_columns(draws) != compared_columns(other.got) or not seen_alike(other, rows, _AT_FIRST):
                self.differs = True
                raise Enough

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

    def value(self, case: Case, *, finite: bool = True, form: bool = False, **options: Any) -> Any:
        """See `Student.value`; an answer of the wrong shape is looked at all the same, its form never."""
        self._last = None
        try:
            value = super().value(case, finite=finite, form=False, **options)
        except CheckFailed:
            answer: Any = self._last  # set by `_send`, which the type checker cannot see
            if answer is not None and not self._random(case):
                parts = answer.value if isinstance(answer.value, tuple | list) else (answer.value,)
                for part in [part.detach() for part in parts if isinstance(part, Tensor)][:_MOST_PARTS]:
                    self.see(Seen("a value of the wrong kind", False, part, scale=case.scale))
            raise
        if _noisy_network(case):
            self._often(case)
        return value

    def in_any_manner(self, case: Case, rows: Sequence[str] = ()) -> None:
        """See `Asking.in_any_manner`: a fault of form, which a survey does not look at."""

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

    def close(self, case: Case, got: Any, expected: Any, *, what: str = "the result", help: str = "") -> None:
        """See `Student.close`: written down, never raised."""
        answer, want = (value.detach() for value in self.comparable(case, got, expected, what))
        dtype = precision_of(case, answer)
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

    def judge(self, verdict: Verdict, case: Case, message: str, *, help: str = "", noise: float = 1.0) -> None:
        """See `Student.judge`: written down, never raised."""
        self._flush()
        try:
            super().judge(verdict, case, message, help=help, noise=noise)
        except CheckFailed:
            self.see(Seen(message, False, detail=verdict.detail))
        except Inconclusive:
            self.see(Seen(message, True))
        else:
            self.see(Seen(message, True))

    def require(
        self,
        condition: bool,
        case: Case,
        message: str,
        *,
        help: str = "",
        got: str = "",
        expected: str = "",
        forms: tuple[str, ...] = (),
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
