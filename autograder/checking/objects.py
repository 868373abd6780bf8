"""The fixture `student` for objects and scripts: `student.make(case)` makes an object, whose methods climb the same ladder.

A call of a method is a `Case` of its own kind, so everything that takes a case (asking, comparing, surveying) takes it, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from torch import Tensor

from autograder.assignment.contract import FunctionContract, NamedSpec
from autograder.assignment.specs import Sizes
from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed
from autograder.checking import describe
from autograder.errors import HarnessFault
from autograder.outcomes import Evidence, FailureKind
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.inspection import Inspect, Inspected
from autograder.sandbox.questions import Answer, Question
from autograder.sandbox.scripts import AskedMore, RunScript, ScriptAnswer

if TYPE_CHECKING:
    from autograder.checking.student import Student

_SHOWN_FILES = 10


class ObjectContract(Protocol):
    """The contract of a class: what its constructor and its methods take and return.

    Attributes:
        name: Name of the class.
        module: File name without `.py` where it is looked for first.
        constructor: What calling the class takes, without `self`.
        methods: The same for each method.
        text: The class's line, as a student reads it.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def module(self) -> str: ...  # noqa: D102
    @property
    def constructor(self) -> FunctionContract: ...  # noqa: D102
    @property
    def methods(self) -> Mapping[str, FunctionContract]: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class MethodCase(Case):
    """A call of a method. `function` is how messages name it: `Model.predict`, `fit_model(...).predict`.

    Attributes:
        made: The object.
        method: Name of the method.
        contract: What the method takes and returns.
    """

    made: Made | None = field(default=None, repr=False)
    method: str = ""
    contract: FunctionContract | None = field(default=None, repr=False)

    def question(self, contract: FunctionContract, **options: Any) -> Question:
        """Return the question that calls the method."""
        assert self.made is not None
        return replace(self.call_of(self.made.handle, contract, **options), method=self.method)


@dataclass(frozen=True)
class ScriptCase(Case):
    """A run of a script. `function` is its command line, `arguments` are empty."""

    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def contract(self) -> FunctionContract:
        """A script takes and returns nothing that a contract speaks of."""
        return FunctionContract(self.function, "", (), NamedSpec("script"), self.function, "")


# ---------------------------------------------------------------------------------------------------------- objects


@dataclass(frozen=True)
class Made:
    """An object of the submission, which stays where it was made.

    Attributes:
        handle: Stands for it in questions.
        contract: What its methods take and return.
        case: The call that made it.
        sizes: Sizes of the named axes that the call has fixed.
        student: Whom it belongs to.
    """

    handle: Handle
    contract: ObjectContract
    case: Case
    sizes: Sizes
    student: Student = field(repr=False)

    def call(
        self, method: str, arguments: Mapping[str, Any] | None = None, seed: int = 0, scale: float = 1.0
    ) -> MethodCase:
        """Return the call of a method as a case, for everything of `Student` that takes one.

        Raises:
            HarnessFault: The contract has no such method: a fault of the check.
        """
        contract = self.contract.methods.get(method)
        if contract is None:
            known = ", ".join(self.contract.methods) or "none"
            raise HarnessFault(f"the contract of {self.contract.name} has no method {method!r}; known are: {known}")
        name = f"{self._name()}.{method}"
        return MethodCase(name, dict(arguments or {}), seed, scale, made=self, method=method, contract=contract)

    def _name(self) -> str:
        made_by = self.student.called(self.case)
        return made_by if made_by == self.contract.name else f"{made_by}(...)"

    def ask(self, method: str, arguments: Mapping[str, Any] | None = None, *, seed: int = 0, **options: Any) -> Answer:
        """Ask for one call of a method; `options` are those of `Question`."""
        return self.student.ask(self.call(method, arguments, seed), **options)

    def value(
        self,
        method: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        finite: bool = True,
        form: bool = False,
        seed: int = 0,
        **options: Any,
    ) -> Any:
        """Return the value of a call that has climbed the ladder; see `Student.value`."""
        return self.student.value(self.call(method, arguments, seed), finite=finite, form=form, **options)

    def agrees(
        self,
        method: str,
        arguments: Mapping[str, Any] | None,
        expected: Any,
        *,
        finite: bool = True,
        seed: int = 0,
        scale: float = 1.0,
        help: str = "",
    ) -> None:
        """Ask for a call's value and require that it agrees with `expected`; see `Student.agrees`."""
        self.student.agrees(self.call(method, arguments, seed, scale), expected, finite=finite, help=help)

    def gradient(
        self,
        method: str,
        arguments: Mapping[str, Any] | None,
        names: Sequence[str],
        cotangent: Tensor | None = None,
        part: int | None = None,
        seed: int = 0,
    ) -> dict[str, Tensor | None]:
        """Return gradients by name; None where the result does not depend on one, as long as it depends on another.

        Args:
            method: What is called.
            arguments: With what.
            names: Arguments, `"self.<parameter>"`, or `"self.*"` for all parameters of the object.
            cotangent: Weights of the result's entries; ones by default.
            part: Which part of a tuple to differentiate.
            seed: Seeds the global generators.
        """
        case = self.call(method, arguments, seed)
        found = dict(self.student.ask(case, gradients=names, cotangent=cotangent, part=part).gradients)
        self.student.require_gradients(case, found)
        return found

    def inspect(self, state: bool = False) -> Inspected:
        """Return what the object looks like: parameters, buffers, methods, and its state when asked for.

        Raises:
            CheckFailed: It cannot be looked at, or has more parameters than are looked at.
        """
        asked = self.student.asked
        if not isinstance(asked, AskedMore):
            raise HarnessFault("what is asked here answers no questions about objects")
        reply = asked.inspect(Inspect(self.handle, state))
        found = self.student.accepted(reply, self.case, f"looking at the {self.contract.name}")
        if not found.complete:
            message = f"the object that `{self.student.called(self.case)}` makes has more parameters than are looked at"
            raise CheckFailed(FailureKind.CONTRACT, message, evidence=self.student.evidence(self.case))
        return found


def contract_of_call(contracts: Any, name: str) -> FunctionContract:
    """Return what calling `name` takes and returns: a function's contract, or that of a class's constructor.

    Raises:
        KeyError: Neither is in the contract.
    """
    found = _class_of(contracts, name)
    called = getattr(contracts, "resolved", str)(name)  # the id of a task need not be its Python name
    if found is None or found.name != called:
        own: FunctionContract = contracts[name]
        return own
    return replace(found.constructor, name=called, module=found.module, returns=NamedSpec(called), text=found.text)


def object_contract(contracts: Any, name: str) -> ObjectContract:
    """Return the contract of the object that calling `name` makes.

    Raises:
        HarnessFault: It makes none: a fault of the check.
    """
    found = _class_of(contracts, name)
    if found is None:
        raise HarnessFault(
            f"{name} is no class, and what it returns is none of the contract: nothing is known of an object"
        )
    return found


def _class_of(contracts: Any, name: str) -> ObjectContract | None:
    """Return the class that a name is, or that it returns an instance of."""
    object_of = getattr(contracts, "object_of", None)
    found: ObjectContract | None = None if object_of is None else object_of(name)
    return found


def require_object(value: Any, name: str, contract: ObjectContract) -> Handle:
    """Require that a call has made one object.

    Raises:
        CheckFailed: It has returned something else.
    """
    if isinstance(value, Handle):
        return value
    should = f"an object of the class `{contract.name}`" if name == contract.name else "one object"
    methods = ", ".join(f"`{method}`" for method in contract.methods)
    raise CheckFailed(
        FailureKind.CONTRACT,
        f"`{name}` should return {should}, but returns {describe.kind_of(value)}",
        help=f"What it returns must have the methods {methods}." if methods else "",
    )


def evidence_of_call(case: MethodCase, maker: Evidence, seed: int) -> Evidence:
    """Return the evidence of a method's call; `got` and the like are left empty.

    Args:
        case: The call.
        maker: Evidence of the call that made the object.
        seed: What the generators were seeded with for this one.
    """
    assert case.contract is not None
    return Evidence(
        called=f"{maker.called}{describe.call(f'.{case.method}', case.arguments)}",
        reproduce=describe.object_snippet(
            maker.reproduce,
            case.method,
            case.arguments,
            seed,
            frozenset(p.name for p in case.contract.parameters if p.keyword_only),
            generator=any(p.name == "generator" for p in case.contract.parameters),
        ),
    )


# ---------------------------------------------------------------------------------------------------------- scripts


@dataclass(frozen=True)
class ScriptRun:
    """A script that was run.

    Attributes:
        answer: How it ended, what it printed, and the files that it left.
        case: The run as a case, for `Student.require` and the like.
    """

    answer: ScriptAnswer
    case: ScriptCase

    @property
    def exit_code(self) -> int:
        """As the shell would see it."""
        return self.answer.exit_code

    @property
    def printed(self) -> str:
        """Both streams together, shortened."""
        return self.answer.printed

    def file(self, name: str) -> bytes:
        """Return a file that the script has made or changed.

        Raises:
            CheckFailed: It has not, or the file is too large to be looked at.
        """
        if name in self.answer.files:
            return self.answer.files[name]
        if name in self.answer.left_out:
            size = f"{self.answer.left_out[name] / 2**20:,.1f} MB"
            raise self._failed(f"`{self.case.function}` wrote `{name}`, which is more than is looked at ({size})")
        written = [*self.answer.files, *self.answer.left_out]
        shown = ", ".join(f"`{other}`" for other in written[:_SHOWN_FILES]) or "no file"
        raise self._failed(f"`{self.case.function}` should write `{name}`, but wrote {shown}")

    def _failed(self, message: str) -> CheckFailed:
        return CheckFailed(FailureKind.CONTRACT, message, evidence=evidence_of_script(self.case, self.answer))


def run_script(
    student: Student,
    name: str,
    argv: Sequence[str],
    files: Mapping[str, bytes] | None,
    seconds: float | None,
    check: bool,
    seed: int,
) -> ScriptRun:
    """Run a script for `Student.run_script`, which says what it raises."""
    if not isinstance(student.asked, AskedMore):
        raise HarnessFault("what is asked here runs no scripts")
    case = ScriptCase(" ".join(["python", name, *argv]), {}, seed, files=dict(files or {}))
    question = RunScript(name, tuple(argv), case.files, seconds, seed)
    answer = student.accepted(student.asked.run_script(question), case, "")
    run = ScriptRun(answer, case)
    if check and answer.exit_code != 0:
        raise _failed_run(run)
    return run


def _failed_run(run: ScriptRun) -> CheckFailed:
    answer = run.answer
    said = f": {answer.message}" if answer.message else ""
    how = f"raised {answer.exception}{said}" if answer.exception else f"ended with exit code {answer.exit_code}{said}"
    kinds = {"NotImplementedError": FailureKind.MISSING, "MemoryError": FailureKind.MEMORY}
    return CheckFailed(
        kinds.get(answer.exception, FailureKind.EXCEPTION),
        f"`{run.case.function}` {how}",
        evidence=evidence_of_script(run.case, answer),
        lines=answer.lines,
    )


def evidence_of_script(case: ScriptCase, answer: ScriptAnswer | None = None) -> Evidence:
    """Return the evidence of a run."""
    given = ", ".join(case.files)
    called = case.function + (f" (with the files {given})" if given else "")
    got = "" if answer is None else f"exit code {answer.exit_code}\n{answer.printed}".strip()
    return Evidence(called=called, got=got)
