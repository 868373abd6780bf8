"""The fixture `student`: asks the submission, climbs the ladder, compares, and words what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from autograder.assignment.contract import Contract, FunctionContract
from autograder.assignment.specs import ArraySpec
from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed, Inconclusive
from autograder.checking import describe, ladder, objects
from autograder.checking.asking import Asking
from autograder.checking.compare import Comparison, compare
from autograder.checking.objects import Made, ScriptRun
from autograder.outcomes import FailureKind
from autograder.sandbox.questions import Answer, Asked, LoadReport

if TYPE_CHECKING:  # scipy, which the student's kit does without
    from autograder.checking.repeats import Repeats
    from autograder.checking.statistics import Verdict

_Reply = TypeVar("_Reply")
_FATAL = frozenset({FailureKind.TIMEOUT, FailureKind.CRASH, FailureKind.MEMORY, FailureKind.POLICY})


class Student(Asking):
    """One submission, as one check sees it.

    Attributes:
        tolerance_used: Largest share of the tolerance that an answer used.
        verdicts: What the statistical tests of this check said.
        repeats: Remembers calls whose values were right, to ask some of them again; None where nobody does.
    """

    def __init__(self, asked: Asked, report: LoadReport, contract: Contract, check_id: str, salt: int = 0) -> None:
        super().__init__(asked, report, contract, check_id, salt)
        self.tolerance_used = 0.0
        self.verdicts: list[Verdict] = []
        self.repeats: Repeats | None = None

    def make(self, case: Case) -> Made:
        """Return the object that a class, or a function which returns one, makes; it stays with the submission.

        Raises:
            CheckFailed, CheckStopped: There is no answer, or it is not one object.
        """
        case = self.in_python(case)
        contract = objects.object_contract(self._contract, case.function)
        value = self.ask(case, keep=True).value
        try:
            handle = objects.require_object(value, self.called(case), contract)
        except CheckFailed as failure:
            failure.evidence = self.evidence(
                case, got=describe.short(value), expected=f"an object like {contract.name}"
            )
            raise
        return Made(handle, contract, case, self._sizes(self.contract_of(case), case), self)

    def run_script(
        self,
        name: str,
        argv: Sequence[str] = (),
        files: Mapping[str, bytes] | None = None,
        seconds: float | None = None,
        check: bool = True,
        seed: int = 0,
    ) -> ScriptRun:
        """Run `python name argv...` in a folder of its own that holds the submission.

        Args:
            name: The file, relative to the submission; a bare name is looked for in its folders, too.
            argv: Arguments after it.
            files: Written into the folder first: relative POSIX name -> content.
            seconds: Wall-clock limit.
            check: Whether an exit code other than 0 fails.
            seed: Seeds the global generators.

        Raises:
            CheckFailed, CheckStopped: It is not there, did not end by itself, or failed where it should not.
        """
        return objects.run_script(self, name, argv, files, seconds, check, seed)

    def agrees(self, case: Case, expected: Any, *, finite: bool = True, help: str = "") -> None:
        """Ask for a call's value and require that it agrees with `expected` under the tolerance policy."""
        try:
            answer = self.ask(case)
        except CheckFailed as failure:
            failure.help = failure.help or help
            raise
        self.require_agreement(case, answer, expected, finite=finite, help=help)
        if self.repeats is not None:
            self.repeats.note(self, self._check_id, self.in_python(case), expected, finite)

    def require_agreement(
        self, case: Case, answer: Answer, expected: Any, *, finite: bool = True, help: str = ""
    ) -> None:
        """Require that an answer agrees with `expected` under the tolerance policy, once it has climbed the ladder."""
        try:
            got = self.settled(case, answer, finite=finite)
        except CheckFailed as failure:
            failure.help = failure.help or help
            raise
        for what, answer, want in matching_parts(got, expected):
            self.close(case, answer, want, what=what, help=help)

    def close(self, case: Case, got: Any, expected: Any, *, what: str = "the result", help: str = "") -> None:
        """Require that two values of one call agree under the tolerance policy; texts and None are equal or not."""
        answer, want = self.comparable(case, got, expected, what)
        result = compare(answer, want, precision_of(case, answer), case.scale)
        self.tolerance_used = max(self.tolerance_used, result.share)
        if not result.agrees:
            raise self._wrong(case, answer, want, result, what, help)

    def same(self, case: Case, expected: Any, part: int | None = None) -> bool:
        """Whether a call's value (or one part of it) is `expected` under the tolerance policy; decides nothing by itself."""
        try:
            value = self.value(case, finite=False)
            answer, want = self.comparable(case, value if part is None else value[part], expected, "the result")
        except CheckFailed:
            return False
        return compare(answer, want, precision_of(case, answer), case.scale).agrees

    def comparable(self, case: Case, got: Any, expected: Any, what: str) -> tuple[Tensor, Tensor]:
        """Return an answer and what is expected as tensors of one shape.

        Raises:
            CheckFailed: The answer is of another kind or size: an axis that no argument fixes may have any, until here.
        """
        if expected is None or isinstance(expected, str):
            if type(got) is not type(expected) or got != expected:
                message = f"{what} of `{self.called(case)}` is {describe.short(got)}, but should be {describe.short(expected)}"
                raise CheckFailed(FailureKind.VALUE, message, evidence=self.evidence(case, describe.short(got)))
            return torch.zeros(()), torch.zeros(())
        want = describe.plain_tensor(expected)
        if not isinstance(got, Tensor | np.ndarray | bool | int | float):
            message = f"{what} of `{self.called(case)}` should be {_number_or(want)}, but is {describe.kind_of(got)}"
            raise CheckFailed(FailureKind.CONTRACT, message, evidence=self.evidence(case, describe.short(got)))
        answer = describe.plain_tensor(got)
        if answer.numel() != want.numel():
            message = (
                f"{what} of `{self.called(case)}` has shape {tuple(answer.shape)}, but should have {tuple(want.shape)}"
            )
            evidence = self.evidence(case, describe.short(answer), describe.short(want))
            raise CheckFailed(FailureKind.CONTRACT, message, evidence=evidence)
        return answer, want.reshape(answer.shape)

    def _wrong(self, case: Case, got: Tensor, want: Tensor, result: Comparison, what: str, help: str) -> CheckFailed:
        message = (
            f"{what} of `{self.called(case)}` is wrong"
            if what != "the result"
            else f"`{self.called(case)}` gives a wrong value"
        )
        if result.pattern:
            message += f": {result.pattern}"
        if not result.pattern and (place := result.place()):
            message += f"; the first difference is at {place} of a result of shape {tuple(got.shape)}"
        if shapes := describe.shapes(case.arguments):
            message += f" (arguments: {shapes})"
        evidence = self.evidence(case, describe.short(got), describe.short(want.to(got.dtype)), result.difference())
        brief = "not finite" if not bool(got.isfinite().all()) and bool(want.isfinite().all()) else ""
        return CheckFailed(FailureKind.VALUE, message, help=help, evidence=evidence, brief=brief)

    def judge(self, verdict: Verdict, case: Case, message: str, *, help: str = "", noise: float = 1.0) -> None:
        """Turn the verdict of a statistical test into an outcome.

        The numbers go into the evidence, which students see of checks that they may see: an exact answer to a drawn input is none of
        a student's page.

        Args:
            verdict: What the test said.
            case: The call that it is about.
            message: What is wrong when it failed.
            help: What a failing student reads besides.
            noise: A standard error, in units of the tolerance, that no right answer comes near: an undecided answer with more noise
                than that is wrong for its noise alone.
        """
        self.verdicts.append(verdict)
        if verdict.decision == "fail":
            said = f"{message}, by more than chance explains ({verdict.n:,} numbers were looked at)"
            raise CheckFailed(FailureKind.VALUE, said, help=help, evidence=self.evidence(case, verdict.detail))
        if verdict.decision == "inconclusive" and verdict.noise > noise:
            too_noisy = f"the results of `{self.called(case)}` are far noisier than those of any right form"
            raise CheckFailed(FailureKind.VALUE, too_noisy, help=help, evidence=self.evidence(case, verdict.detail))
        if verdict.decision == "inconclusive":
            raise Inconclusive(
                f"the results of `{self.called(case)}` vary so much that {verdict.n:,} draws do not decide whether it is right"
            )

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
        """Require a property of the answers to a case; `forms` says which faults of form it is that are looked at, if any."""
        if not condition:
            evidence = self.evidence(case, got, expected)
            raise CheckFailed(FailureKind.VALUE, message, help=help, evidence=evidence, forms=forms)

    def sees(
        self, case: Case, what: str, value: Any, *, within: float | None = None, interchangeable: bool = False
    ) -> None:
        """Say what an answer comes down to, where no comparison does: it helps to name a mistake and decides nothing.

        Args:
            case: The call.
            what: How the check calls it.
            value: A number or tensor, free of what may differ between right answers (the rotation of W, say).
            within: Relative deviation, of the largest entry, that counts as the same; default is the tolerance policy.
            interchangeable: Whether the rows of `value` are random draws, which are then compared in distribution.
        """


def precision_of(case: Case, answer: Tensor) -> torch.dtype | None:
    """Return the precision that an answer is judged with: that of the inputs, or the answer's own where it is less."""
    if not answer.dtype.is_floating_point:
        return None
    dtypes = [dtype for dtype in (case.dtype(), answer.dtype) if dtype is not None]
    return max(dtypes, key=lambda dtype: torch.finfo(dtype).eps)


def matching_parts(got: Any, expected: Any, what: str = "the result") -> Iterator[tuple[str, Any, Any]]:
    """Yield (how it is called, answer, expected) for every part of a result, in tuples, lists and dictionaries to any depth.

    Raises:
        CheckFailed: The answer has other parts than what is expected.
    """
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            raise CheckFailed(FailureKind.CONTRACT, f"{what} should be a dict, but is {describe.kind_of(got)}")
        keys = {(type(key), key) for key in got}
        for key in expected:
            if (type(key), key) not in keys:
                raise CheckFailed(FailureKind.VALUE, f"{what} has no entry {ladder.key_text(key)}")
        for key in got:
            if key not in expected:
                message = f"{what} has an entry {ladder.key_text(key)}, which should not be there"
                raise CheckFailed(FailureKind.VALUE, message)
        for key, want in expected.items():
            yield from matching_parts(got[key], want, f"the entry {ladder.key_text(key)} of {what}")
    elif isinstance(expected, tuple | list):
        answers = got if isinstance(got, tuple | list) else (got,)
        if len(answers) != len(expected):
            message = f"{what} should have {len(expected)} parts, but is {describe.kind_of(got)}"
            raise CheckFailed(FailureKind.CONTRACT, message)
        for position, (answer, want) in enumerate(zip(answers, expected, strict=True)):
            part = f"part {position + 1} of {what}" if len(expected) > 1 else what
            yield from matching_parts(answer, want, part)
    else:
        yield what, got[0] if isinstance(got, tuple | list) and len(got) == 1 else got, expected


def _number_or(want: Tensor) -> str:
    return f"a tensor of shape {tuple(want.shape)}" if want.dim() else "a number"


def float_arguments(contract: FunctionContract, case: Case) -> list[str]:
    """Return the names of the floating point tensor arguments of a case."""
    specs: Mapping[str, Any] = {p.name: p.spec for p in contract.parameters}
    return [
        name
        for name, value in case.tensors().items()
        if value.is_floating_point() and (isinstance(specs[name], ArraySpec) or value.dim() == 0)
    ]
