"""Asking the submission: what every check does before it judges. Climbs the ladder, and words refusals."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autograder.assignment.contract import Contract, FunctionContract, NamedSpec
from autograder.assignment.prices import NO_GRADIENT
from autograder.assignment.specs import Sizes, bind_dims
from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed, CheckStopped
from autograder.checking import describe, ladder, manners, objects
from autograder.checking.objects import MethodCase, ScriptCase
from autograder.outcomes import Evidence, FailureKind
from autograder.sandbox.questions import Answer, Asked, LoadReport, Question, Refusal

if TYPE_CHECKING:  # scipy, which the student's kit does without
    pass

_Reply = TypeVar("_Reply")
_FATAL = frozenset({FailureKind.TIMEOUT, FailureKind.CRASH, FailureKind.MEMORY, FailureKind.POLICY})


class Effort(NamedTuple):
    """What a call does, whatever the speed of the machine.

    Attributes:
        operations: Number of tensor operations.
        lines: Number of lines of the submission's own code that are run, and of its functions that are called.
    """

    operations: int
    lines: int


class Asking:
    """One submission, as one check asks it.

    Attributes:
        calls: How many calls of its functions were made.
        printed: What the submission printed while this check asked it.
        flags: What staff should know.
        coerced: What had to be undone of the form of answers: message by name (`assignment.prices.FORMS`).
        comparing: Whether a diagnosis compares what comes back of many calls.
    """

    def __init__(self, asked: Asked, report: LoadReport, contract: Contract, check_id: str, salt: int = 0) -> None:
        self._asked = asked
        self._report = report
        self._contract = contract
        self._check_id = check_id
        self._salt = salt
        self.calls = 0
        self.printed = ""
        self.flags: list[str] = []
        self.coerced: dict[str, str] = {}
        self.comparing = True
        self._form_failure: CheckFailed | None = None

    @property
    def asked(self) -> Asked:
        """What answers the questions."""
        return self._asked

    def lot(self, name: str = "") -> int:
        """Return a number from 0 to 2**31 − 1 that belongs to this submission and this check: a seed for inputs that Hypothesis does
        not draw. Another submission gets another one, the same submission the same again; `name` tells several of a check apart.
        """
        return zlib.crc32(f"{self._check_id}/{name}/{self._salt}".encode()) % 2**31

    def contract_of(self, case: Case) -> FunctionContract:
        """Return what the call of a case takes and returns: of a function, a class's constructor, a method or a script."""
        if isinstance(case, MethodCase | ScriptCase) and case.contract is not None:
            return case.contract
        return objects.contract_of_call(self._contract, self.called(case))

    def called(self, case: Case) -> str:
        """Return the name by which a submission defines what a case calls: the case may name the task."""
        return self._contract.resolved(case.function)

    def in_python(self, case: Case) -> Case:
        """Return a case under the Python name of what is called, where the task is called otherwise."""
        name = self._contract.resolved(case.function)
        return case if name == case.function else replace(case, function=name)

    # ------------------------------------------------------------------------------------------------------ asking

    def ask(self, case: Case, **options: Any) -> Answer:
        """Ask for one call; `options` are those of `Question`. Raises `CheckFailed` or `CheckStopped` without an answer."""
        case = self.in_python(case)
        contract = self.contract_of(case)
        if not isinstance(case, MethodCase):  # whether an object has a method is seen when it is called
            ladder.require_signature(contract, ladder.require_found(contract, self._report))
        return self._send(case.question(contract, salt=self._salt, **options), case)

    def ask_handle(self, question: Question, called: str) -> Answer:
        """Call an object that an earlier answer left inside the sandbox; `called` says in words what is called."""
        return self._send(question, None, called)

    def _send(self, question: Question, case: Case | None, called: str = "") -> Answer:
        self.calls += max(1, question.repeat)
        return self.accepted(self._asked.call(question), case, called)

    def accepted(self, reply: _Reply | Refusal, case: Case | None, called: str) -> _Reply:
        """Return a reply that is no refusal; `called` says in words what was asked where there is no case.

        Raises:
            CheckFailed, CheckStopped: It is one.
        """
        self.printed = (self.printed + getattr(reply, "printed", ""))[:4000]
        if not isinstance(reply, Refusal):
            return reply
        if reply.flag:
            self.flags.append(reply.flag)
        raise self._refused(reply, case, called)

    def _refused(self, refusal: Refusal, case: Case | None, called: str) -> BaseException:
        name = f"`{self.called(case)}`" if case else called
        sentence = refusal.message
        message = f"{name} failed: {sentence}"
        if refusal.kind is FailureKind.MISSING and not isinstance(case, ScriptCase):
            stub = _innermost(refusal.lines)
            contract = None if case is None else self.contract_of(case)
            makes = contract is not None and contract.returns == NamedSpec(contract.name)
            own = contract is None or stub in ("", contract.name, "__init__" if makes else "")
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

    def value(self, case: Case, *, finite: bool = True, form: bool = False, **options: Any) -> Any:
        """Return the value of a call that has climbed the ladder up to `finite`, in the form that is asked for.

        Args:
            case: The call.
            finite: Whether every number must be finite.
            form: Whether faults of form fail in the end (`require_form`): for the check `contract`, which looks at changed inputs
                as well. Other checks judge the value as if nothing had happened.
            options: Those of `Question`.

        Raises:
            CheckFailed, CheckStopped: There is no answer, or it is not what the contract says.
        """
        return self.settled(case, self.ask(case, **options), finite=finite, form=form)

    def in_any_manner(self, case: Case, rows: Sequence[str] = ()) -> None:
        """Note a fault of form where a call gives something else with arguments that are scattered in memory, or passed by name.

        It fails in the end, as faults of form do (`require_form`). What a random function gives is compared only where it is called by
        name and draws the same with the same seed: memory decides which number comes first.

        Args:
            case: The call.
            rows: The arguments whose rows are examples: these may all be the same one, expanded.
        """
        plainly = self.value(case, finite=False)
        self._in_manner(case, "scattered", plainly)
        self._in_manner(case, "by_name", plainly)
        if rows:
            alike = {name: case.arguments[name][:1].expand(case.arguments[name].shape).clone() for name in rows}
            self._in_manner(case := case.but(**alike), "scattered", self.value(case, finite=False))

    def _in_manner(self, case: Case, manner: str, plainly: Any) -> None:
        """Note a fault of form where a call in some manner gives something else than `plainly`."""
        random = any(parameter.name == "generator" for parameter in self.contract_of(case).parameters)
        form, how = manners.MANNERS[manner]
        try:
            other = self.value(case, finite=False, **{manner: True})
        except CheckFailed as failure:
            said = failure.message
        else:
            comparable = not random or (manner == "by_name" and self._comes_again(case, plainly))
            if not comparable or manners.alike(plainly, other):
                return
            said = "the result is another one"
        if self._form_failure is None:
            message = f"`{self.called(case)}` with {how}: {said}"
            self._form_failure = CheckFailed(FailureKind.CONTRACT, message, evidence=self.evidence(case), forms=(form,))

    def _comes_again(self, case: Case, value: Any) -> bool:
        """Whether a call gives the very same numbers: noise without a seed comes close to what it was, by chance."""
        return all(manners.identical(value, self.value(case, finite=False)) for _ in range(2))

    def require_form(self) -> None:
        """End a check in which nothing of substance failed: fail where an answer that was asked for with `form` had a fault of form.

        Raises:
            CheckFailed: With the first of them. It is kept until now, since a smaller input is no better, and since another input
                may show a fault of substance, which comes first.
        """
        if self._form_failure is not None:
            raise self._form_failure

    def settled(self, case: Case, answer: Answer, *, finite: bool = True, form: bool = False) -> Any:
        """Return the value of an answer that has climbed the ladder; see `value`."""
        contract = self.contract_of(case)
        try:
            sizes, objects = self._sizes(contract, case), self._contract.classes
            climbed = ladder.require_returns(
                answer.value, contract.returns, sizes, case.dtype(), finite=finite, objects=objects
            )
            changed, help_text = manners.changed_beyond(self.called(case), answer.modified)
            forms = (*climbed.forms, *changed)
            self.coerced = {fault.name: fault.message for fault in climbed.forms} | self.coerced
            if form and forms and self._form_failure is None:
                self._form_failure = CheckFailed(
                    FailureKind.CONTRACT,
                    "; ".join(fault.message for fault in forms),
                    help=help_text,
                    evidence=self.evidence(case, got=describe.short(answer.value), expected=str(contract.returns)),
                    forms=tuple(fault.name for fault in forms),
                )
        except CheckFailed as failure:
            if failure.evidence is None:
                failure.evidence = self.evidence(case, got=describe.short(answer.value), expected=str(contract.returns))
            raise
        return climbed.value

    @staticmethod
    def _sizes(contract: FunctionContract, case: Case) -> Sizes:
        sizes = bind_dims(contract, {name: _shapes(value) for name, value in case.arguments.items()})
        made = case.made if isinstance(case, MethodCase) else None
        return sizes if made is None else {**made.sizes, **sizes}

    def gradients(
        self,
        case: Case,
        names: Sequence[str],
        cotangent: Tensor | None = None,
        part: int | None = None,
        *,
        computed: bool = False,
    ) -> dict[str, Tensor]:
        """Return gradients by name; fails where one is missing or not finite.

        A zero is taken where the result does not depend on a name, as long as it depends on another.
        """
        answer = self.ask(case, gradients=names, cotangent=cotangent, part=part, computed=computed)
        self.require_gradients(case, answer.gradients)
        found = {}
        for name in names:
            gradient = answer.gradients.get(name)
            leaf = self._leaf(case, name)
            gradient = torch.zeros_like(leaf) if gradient is None else gradient
            if gradient.shape != leaf.shape:
                raise self._not_finite(case, name, gradient)
            found[name] = gradient
        return found

    def require_gradients(self, case: Case, gradients: Mapping[str, Tensor | None]) -> None:
        """Require that a result depends on something that it was differentiated for, and that all gradients are finite."""
        if all(gradient is None for gradient in gradients.values()):
            message = f"no gradient flows through `{self.called(case)}`"
            if not isinstance(case, MethodCase) and self._leaves_pytorch(case):
                message += ": what it returns is no tensor"
                raise CheckFailed(FailureKind.CONTRACT, message, evidence=self.evidence(case), forms=(NO_GRADIENT,))
            help_text = (
                "Look for .detach(), .data, .item(), .numpy(), torch.no_grad() or torch.tensor(...) around a result."
            )
            raise CheckFailed(FailureKind.VALUE, message, help=help_text, evidence=self.evidence(case))
        for name, gradient in gradients.items():
            if gradient is not None and not bool(gradient.isfinite().all()):
                raise self._not_finite(case, name, gradient)

    def _leaves_pytorch(self, case: Case) -> bool:
        """Whether an answer comes as an array, a list or a number, through which no gradient can flow."""
        answer = self.ask(case)
        value = answer.value
        while isinstance(value, tuple | list) and len(value) > 0:
            value = value[0]
        return isinstance(value, np.ndarray | int | float) and not isinstance(value, bool)

    def _not_finite(self, case: Case, name: str, gradient: Tensor) -> CheckFailed:
        message = f"the gradient of `{self.called(case)}` with respect to `{name}` is not finite"
        evidence = self.evidence(case, got=describe.short(gradient))
        return CheckFailed(FailureKind.VALUE, message, evidence=evidence, brief="gradient not finite")

    @staticmethod
    def _leaf(case: Case, name: str) -> Tensor:
        head, _, rest = name.partition(".")
        if not rest:
            leaf: Tensor = case.arguments[head]
            return leaf
        from autograder.sandbox.inside import probes

        return dict(probes.build(case.arguments[head].spec).named_parameters())[rest].detach()

    def effort(self, case: Case) -> Effort:
        """Return what one call does, counted in all threads: see `Effort`.

        Raises:
            CheckFailed: It cannot be counted, because the submission took the place of what counts.
        """
        answer = self.ask(case, count_operations=True)
        if answer.operations is None or answer.lines is None:
            message = f"what `{self.called(case)}` does could not be counted: something in it calls sys.settrace"
            raise CheckFailed(
                FailureKind.CONTRACT, message, help="Leave out debuggers and tracers from what you hand in."
            )
        return Effort(answer.operations, answer.lines)

    def many(self, case: Case, n: int, **options: Any) -> Tensor:
        """Return the results of n calls with seeds of their own, the first axis counting them; a diagnosis does not compare them.

        Raises:
            CheckFailed: They are not n finite tensors of one shape.
        """
        self.comparing = False
        try:
            rows = self.draws(case, **options)(0, n)
        finally:
            self.comparing = True
        return torch.from_numpy(rows).reshape(n, -1)

    def draws(self, case: Case, **options: Any) -> Callable[[int, int], NDArray[np.float64]]:
        """Return `draw(start, n)`: the results of calls number `start` to `start + n − 1`, each with noise of its own, as rows.

        Scalar results come as a vector of shape (n,). `options` are those of `Case.call_of`.
        """
        base = zlib.crc32(self._check_id.encode()) % 2**30

        def draw(start: int, n: int) -> NDArray[np.float64]:
            answer = self.ask(case, seed=base + start, repeat=n, **options)
            value = self._stacked(case, answer, n)
            if not isinstance(value, Tensor) or value.shape[:1] != (n,) or not bool(value.isfinite().all()):
                got = describe.kind_of(value)
                message = (
                    f"{n} calls of `{self.called(case)}` should give {n} finite results of equal shape, but gave {got}"
                )
                raise CheckFailed(FailureKind.CONTRACT, message, evidence=self.evidence(case))
            if n:  # one call's result has the shape that the contract says, or what is made of the rows would be another question's
                self.settled(case, replace(answer, value=value[0]), finite=False)
            rows = np.asarray(value.double().numpy()).reshape(n, -1)
            return rows[:, 0] if rows.shape[1] == 1 else rows

        return draw

    def _stacked(self, case: Case, answer: Answer, n: int) -> Any:
        """Return the results of n calls as rows; those that did not come as tensors of one shape climb the ladder one by one."""
        if not isinstance(value := answer.value, list) or len(value) != n:
            return value
        rows = [self.settled(case, replace(answer, value=item), finite=False) for item in value]
        rows = [torch.tensor(row, dtype=torch.float64) if type(row) in (int, float) else row for row in rows]
        alike = all(isinstance(row, Tensor) and row.shape == rows[0].shape for row in rows)
        return torch.stack(rows) if alike else value

    def evidence(self, case: Case, got: str = "", expected: str = "", difference: str = "") -> Evidence:
        """Return the evidence of a call, with the snippet that makes it again."""
        base = self._evidence_base(self.in_python(case))
        return replace(base, got=got, expected=expected, difference=difference)

    def _evidence_base(self, case: Case) -> Evidence:
        if isinstance(case, ScriptCase):
            return objects.evidence_of_script(case)
        contract = self.contract_of(case)
        seed = case.question(contract, salt=self._salt).seed
        if isinstance(case, MethodCase):
            assert case.made is not None
            return objects.evidence_of_call(case, self._evidence_base(case.made.case), seed)
        found = self._report.found.get(contract.name)
        module = contract.module if found is None else ladder._stem(found.path)
        keyword_only = frozenset(p.name for p in contract.parameters if p.keyword_only)
        takes = () if found is None or found.parameters is None else [name for name, _, _ in found.parameters]
        generator = "generator" in takes and any(p.name == "generator" for p in contract.parameters)
        return Evidence(
            called=describe.call(contract.name, case.arguments),
            reproduce=describe.snippet(module, contract.name, case.arguments, seed, keyword_only, generator),
        )


def _innermost(lines: tuple[str, ...]) -> str:
    """Return the name of the function in which a traceback ends, or ""."""
    places = [line.rpartition(", in ")[2] for line in lines if line.startswith('File "')]
    return places[-1] if places else ""


def _shapes(value: Any) -> Any:
    """Return the shapes of the tensors in an argument, as `bind_dims` takes them; None for what has none."""
    if isinstance(value, Tensor):
        return tuple(value.shape)
    if isinstance(value, tuple | list):
        return [_shapes(item) for item in value]
    if isinstance(value, dict):
        return {key: _shapes(item) for key, item in value.items()}
    return value if type(value) is int else None
