"""The fixture `student`: asks the submission, climbs the ladder, compares, and words what is wrong."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograder.assignment.contract import Contract, FunctionContract
from autograder.assignment.specs import ArraySpec, Sizes, bind_dims
from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed, CheckStopped, Inconclusive
from autograder.checking import describe, ladder
from autograder.checking.compare import Comparison, compare
from autograder.outcomes import Evidence, FailureKind
from autograder.sandbox.questions import Answer, Asked, LoadReport, Question, Refusal

if TYPE_CHECKING:  # scipy, which the student's kit does without
    from autograder.checking.statistics import Verdict

_FATAL = frozenset({FailureKind.TIMEOUT, FailureKind.CRASH, FailureKind.MEMORY, FailureKind.POLICY})


class Student:
    """One submission, as one check sees it.

    Attributes:
        printed: What the submission printed while this check asked it.
        flags: What staff should know.
        tolerance_used: Largest share of the tolerance that an answer used.
        verdicts: What the statistical tests of this check said.
    """

    def __init__(self, asked: Asked, report: LoadReport, contract: Contract, check_id: str, salt: int = 0) -> None:
        self._asked = asked
        self._report = report
        self._contract = contract
        self._check_id = check_id
        self._salt = salt
        self.printed = ""
        self.flags: list[str] = []
        self.tolerance_used = 0.0
        self.verdicts: list[Verdict] = []

    # ------------------------------------------------------------------------------------------------------ asking

    def ask(self, case: Case, **options: Any) -> Answer:
        """Ask for one call; `options` are those of `Question`. Raises `CheckFailed` or `CheckStopped` without an answer."""
        contract = self._contract[case.function]
        found = ladder.require_found(contract, self._report)
        ladder.require_signature(contract, found)
        return self._send(case.question(contract, salt=self._salt, **options), case)

    def ask_handle(self, question: Question, called: str) -> Answer:
        """Call an object that an earlier answer left inside the sandbox; `called` says in words what is called."""
        return self._send(question, None, called)

    def _send(self, question: Question, case: Case | None, called: str = "") -> Answer:
        reply = self._asked.call(question)
        self.printed = (self.printed + reply.printed)[:4000]
        if isinstance(reply, Answer):
            return reply
        if reply.flag:
            self.flags.append(reply.flag)
        raise self._refused(reply, case, called)

    def _refused(self, refusal: Refusal, case: Case | None, called: str) -> BaseException:
        name = f"`{case.function}`" if case else called
        sentence = refusal.message
        message = f"{name} failed: {sentence}"
        if refusal.kind is FailureKind.MISSING:
            stub = _innermost(refusal.lines)
            own = case is None or stub in ("", case.function.rpartition(".")[2], "__init__")
            message = f"{name} is {sentence}" if own else f"{name} calls `{stub}`, which is {sentence}"
        failure = CheckFailed(
            refusal.kind,
            message,
            evidence=self.evidence(case, got=sentence) if case else None,
            lines=refusal.lines,
            flag=refusal.flag,
        )
        # a stub fails on every input alike, so there is no smaller one to look for
        stop = refusal.kind in _FATAL or refusal.kind is FailureKind.MISSING
        return CheckStopped(failure) if stop else failure

    def value(self, case: Case, *, finite: bool = True, untouched: bool = False, **options: Any) -> Any:
        """Return the value of a call that has climbed the ladder up to `finite`, or up to `inputs untouched`."""
        contract = self._contract[case.function]
        answer = self.ask(case, **options)
        try:
            sizes, objects = self._sizes(contract, case), self._contract.classes
            ladder.require_returns(answer.value, contract.returns, sizes, case.dtype(), finite=finite, objects=objects)
            if untouched and answer.modified:
                message = f"`{case.function}` changed its argument `{answer.modified[0]}`: work on a copy"
                raise CheckFailed(
                    FailureKind.CONTRACT, message, help="In-place operations end in `_`, or are `+=` and the like."
                )
        except CheckFailed as failure:
            if failure.evidence is None:
                failure.evidence = self.evidence(case, got=describe.short(answer.value), expected=str(contract.returns))
            raise
        return answer.value

    @staticmethod
    def _sizes(contract: FunctionContract, case: Case) -> Sizes:
        sizes = bind_dims(contract, {name: _shapes(value) for name, value in case.arguments.items()})
        for name, dim in (("n_components", "M"), ("latent_dim", "M"), ("n", "N"), ("n_samples", "S")):
            if isinstance(case.arguments.get(name), int):
                sizes.setdefault(dim, case.arguments[name])
        return sizes

    def gradients(
        self, case: Case, names: Sequence[str], cotangent: Tensor | None = None, part: int | None = None
    ) -> dict[str, Tensor]:
        """Return gradients by name; fails where one is missing or not finite.

        A zero is taken where the result does not depend on a name, as long as it depends on another.
        """
        answer = self.ask(case, gradients=names, cotangent=cotangent, part=part)
        if all(gradient is None for gradient in answer.gradients.values()):
            message = f"no gradient flows through `{case.function}`"
            help_text = (
                "Look for .detach(), .data, .item(), .numpy(), torch.no_grad() or torch.tensor(...) around a result."
            )
            raise CheckFailed(FailureKind.VALUE, message, help=help_text, evidence=self.evidence(case))
        found = {}
        for name in names:
            gradient = answer.gradients.get(name)
            leaf = self._leaf(case, name)
            gradient = torch.zeros_like(leaf) if gradient is None else gradient
            if gradient.shape != leaf.shape or not bool(gradient.isfinite().all()):
                message = f"the gradient of `{case.function}` with respect to `{name}` is not finite"
                raise CheckFailed(
                    FailureKind.VALUE, message, evidence=self.evidence(case, got=describe.short(gradient))
                )
            found[name] = gradient
        return found

    @staticmethod
    def _leaf(case: Case, name: str) -> Tensor:
        head, _, rest = name.partition(".")
        if not rest:
            leaf: Tensor = case.arguments[head]
            return leaf
        from autograder.sandbox.inside import probes

        return dict(probes.build(case.arguments[head].spec).named_parameters())[rest].detach()

    def operations(self, case: Case) -> int:
        """Return the number of tensor operations of one call."""
        counted = self.ask(case, count_operations=True).operations
        if counted is None:
            raise CheckFailed(FailureKind.CONTRACT, f"the operations of `{case.function}` could not be counted")
        return counted

    def draws(self, case: Case) -> Callable[[int, int], NDArray[np.float64]]:
        """Return `draw(start, n)`: the results of calls number `start` to `start + n − 1`, each with noise of its own, as rows.

        Scalar results come as a vector of shape (n,).
        """
        base = zlib.crc32(self._check_id.encode()) % 2**30

        def draw(start: int, n: int) -> NDArray[np.float64]:
            value = self.ask(case, seed=base + start, repeat=n).value
            if not isinstance(value, Tensor) or value.shape[:1] != (n,) or not bool(value.isfinite().all()):
                got = describe.kind_of(value)
                message = (
                    f"{n} calls of `{case.function}` should give {n} finite results of equal shape, but gave {got}"
                )
                raise CheckFailed(FailureKind.CONTRACT, message, evidence=self.evidence(case))
            rows = np.asarray(value.double().numpy()).reshape(n, -1)
            return rows[:, 0] if rows.shape[1] == 1 else rows

        return draw

    # ----------------------------------------------------------------------------------------------------- judging

    def agrees(self, case: Case, expected: Any, *, finite: bool = True, help: str = "") -> None:
        """Ask for a call's value and require that it agrees with `expected` under the tolerance policy."""
        try:
            got = self.value(case, finite=finite)
        except CheckFailed as failure:
            failure.help = failure.help or help
            raise
        for what, answer, want in matching_parts(got, expected):
            self.close(case, answer, want, what=what, help=help)

    def close(self, case: Case, got: Any, expected: Any, *, what: str = "the result", help: str = "") -> None:
        """Require that two values of one call agree under the tolerance policy; texts and None are equal or not."""
        answer, want = self.comparable(case, got, expected, what)
        dtype = case.dtype() if answer.dtype.is_floating_point else None
        result = compare(answer, want, dtype, case.scale)
        self.tolerance_used = max(self.tolerance_used, result.share)
        if not result.agrees:
            raise self._wrong(case, answer, want, result, what, help)

    def comparable(self, case: Case, got: Any, expected: Any, what: str) -> tuple[Tensor, Tensor]:
        """Return an answer and what is expected as tensors of one shape.

        Raises:
            CheckFailed: The answer is of another kind or size: an axis that no argument fixes may have any, until here.
        """
        if expected is None or isinstance(expected, str):
            if type(got) is not type(expected) or got != expected:
                message = (
                    f"{what} of `{case.function}` is {describe.short(got)}, but should be {describe.short(expected)}"
                )
                raise CheckFailed(FailureKind.VALUE, message, evidence=self.evidence(case, describe.short(got)))
            return torch.zeros(()), torch.zeros(())
        want = describe.plain_tensor(expected)
        if not isinstance(got, Tensor | np.ndarray | bool | int | float):
            message = f"{what} of `{case.function}` should be {_number_or(want)}, but is {describe.kind_of(got)}"
            raise CheckFailed(FailureKind.CONTRACT, message, evidence=self.evidence(case, describe.short(got)))
        answer = describe.plain_tensor(got)
        if answer.numel() != want.numel():
            message = (
                f"{what} of `{case.function}` has shape {tuple(answer.shape)}, but should have {tuple(want.shape)}"
            )
            evidence = self.evidence(case, describe.short(answer), describe.short(want))
            raise CheckFailed(FailureKind.CONTRACT, message, evidence=evidence)
        return answer, want.reshape(answer.shape)

    def _wrong(self, case: Case, got: Tensor, want: Tensor, result: Comparison, what: str, help: str) -> CheckFailed:
        message = (
            f"{what} of `{case.function}` is wrong"
            if what != "the result"
            else f"`{case.function}` gives a wrong value"
        )
        if result.pattern:
            message += f": {result.pattern}"
        evidence = self.evidence(case, describe.short(got), describe.short(want.to(got.dtype)), result.difference())
        return CheckFailed(FailureKind.VALUE, message, help=help, evidence=evidence)

    def judge(self, verdict: Verdict, case: Case, message: str, *, help: str = "") -> None:
        """Turn the verdict of a statistical test into an outcome; `message` says what is wrong when it failed."""
        self.verdicts.append(verdict)
        if verdict.decision == "fail":
            raise CheckFailed(
                FailureKind.VALUE,
                f"{message}: {verdict.detail}",
                help=help,
                evidence=self.evidence(case, verdict.detail),
            )
        if verdict.decision == "inconclusive" and verdict.noise > 1.0:
            too_noisy = (
                f"the results of `{case.function}` are far noisier than those of any right form: {verdict.detail}"
            )
            raise CheckFailed(FailureKind.VALUE, too_noisy, help=help, evidence=self.evidence(case, verdict.detail))
        if verdict.decision == "inconclusive":
            raise Inconclusive(verdict.detail)

    def require(
        self, condition: bool, case: Case, message: str, *, help: str = "", got: str = "", expected: str = ""
    ) -> None:
        """Require a property of the answers to a case."""
        if not condition:
            raise CheckFailed(FailureKind.VALUE, message, help=help, evidence=self.evidence(case, got, expected))

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

    def evidence(self, case: Case, got: str = "", expected: str = "", difference: str = "") -> Evidence:
        """Return the evidence of a call, with the snippet that makes it again."""
        contract = self._contract[case.function]
        found = self._report.found.get(case.function)
        module = contract.module if found is None else ladder._stem(found.path)
        keyword_only = frozenset(p.name for p in contract.parameters if p.keyword_only)
        seed = case.question(contract, salt=self._salt).seed
        takes = () if found is None or found.parameters is None else [name for name, _, _ in found.parameters]
        generator = "generator" in takes and any(p.name == "generator" for p in contract.parameters)
        return Evidence(
            called=describe.call(case.function, case.arguments),
            got=got,
            expected=expected,
            difference=difference,
            reproduce=describe.snippet(module, case.function, case.arguments, seed, keyword_only, generator),
        )


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


def _shapes(value: Any) -> Any:
    """Return the shapes of the tensors in an argument, as `bind_dims` takes them; None for what has none."""
    if isinstance(value, Tensor):
        return tuple(value.shape)
    if isinstance(value, tuple | list):
        return [_shapes(item) for item in value]
    if isinstance(value, dict):
        return {key: _shapes(item) for key, item in value.items()}
    return value if type(value) is int else None


def _innermost(lines: tuple[str, ...]) -> str:
    """Return the name of the function in which a traceback ends, or ""."""
    places = [line.rpartition(", in ")[2] for line in lines if line.startswith('File "')]
    return places[-1] if places else ""


def cotangent_for(value: Any, seed: int = 0) -> Tensor:
    """Return fixed, generic weights in the shape of a value: a vector-Jacobian product sees every entry of the Jacobian."""
    tensor = describe.plain_tensor(value)
    generator = torch.Generator().manual_seed(seed + 12345)
    return torch.rand(tensor.shape, generator=generator, dtype=torch.float64) + 0.5


def float_arguments(contract: FunctionContract, case: Case) -> list[str]:
    """Return the names of the floating point tensor arguments of a case."""
    specs: Mapping[str, Any] = {p.name: p.spec for p in contract.parameters}
    return [
        name
        for name, value in case.tensors().items()
        if value.is_floating_point() and (isinstance(specs[name], ArraySpec) or value.dim() == 0)
    ]
