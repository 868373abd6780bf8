"""What can be asked about a submission, and what comes back. Plain data: used with a sandbox and without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from autograder.outcomes import FailureKind
from autograder.sandbox.clock import Which
from autograder.sandbox.inside.values import Handle

_TEXT, _NAME, _LINES, _ENTRIES = 2000, 200, 20, 100
_GRADIENTS = 1000
"""The runner cuts texts to these lengths; a worker that was taken over need not."""

MALFORMED = (LookupError, TypeError, ValueError, AttributeError)
"""What reading a message raises where a field is missing or of the wrong type.

Fields are never converted: turning a tensor of 64 MB into a list or a text costs gigabytes, and may raise anything.
"""


def _of(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"a field is a {type(value).__name__}, not a {kind.__name__}")
    return value


def _map(value: Any) -> dict[str, Any]:
    """Return a dictionary with texts as keys: a value of an answer may have integers, a field of ours never has."""
    if not all(type(key) is str for key in _of(dict, value)):
        raise TypeError("a field has keys that are no texts")
    return dict(value)


def _text(value: Any, longest: int = _TEXT) -> str:
    return str(_of(str, value)[:longest])


def _texts(values: Any, most: int = _ENTRIES, longest: int = 2 * _NAME) -> tuple[str, ...]:
    return tuple(_text(text, longest) for text in _of(list, values)[:most])


def _lines(values: Any) -> tuple[str, ...]:
    return _texts(values, _LINES)


@dataclass(frozen=True)
class Question:
    """A call of one of the student's functions, classes or objects.

    Attributes:
        function: A name of the contract, or a handle that an earlier answer returned. Calling a class makes an object.
        args: Positional arguments: plain values, tensors, `values.Probe`, `Handle`, and containers of these.
        arg_names: The contract's names of `args`, used in `gradients` and in `Answer.modified`.
        kwargs: Keyword arguments that the function must take.
        offered: Keyword arguments that are passed only if the function takes them (`generator`).
        seed: Seeds every global generator, and is the seed of call number 0 of `repeat`.
        repeat: How often the function is called, with seeds `seed`, `seed + 1`, ...; values come back stacked.
        gradients: Names to differentiate for: an argument, or a parameter of one that is a probe or a handle
            (`"network.trunk.0.bias"`), or of the object that `method` is called on (`"self.weight"`); `"self.*"` stands for all
            of them, up to 500.
        part: Which part of a tuple to differentiate; None for a result that is one tensor.
        cotangent: Weights of the result's entries in what is differentiated; ones by default.
        count_operations: Ask for the number of tensor operations, and of lines of the submission's own code.
        evaluate: Call a model (a handle) in evaluation mode and without gradients.
        seconds: Limit in seconds of computing, where it differs from the sandbox's (which grows a little with `repeat`). With a limit
            of its own a question is asked once only.
        stand_ins: Names of the contract: wherever the submission calls its own function of that name, the value comes
            from the trusted side. Only where somebody answers (`Sandbox.collaborators`).
        method: Name of a method of the object that `function` (a handle) stands for; "" to call the object itself.
        keep: Whether the result is wanted as an object: it comes back as a handle whatever class it is of, unless it is plain
            data. Otherwise instances of the submission's classes do where a class or a method is called, and what can be called
            does everywhere.
        scattered: Whether tensor arguments do not lie in one piece in memory: equal rows are expanded from one, others are transposes
            or slices.
        by_name: Whether arguments are passed by name, where the function has parameters of these names.
        computed: Whether tensor arguments that gradients are asked for come as results of an operation, not as leaves of the graph.
        one_generator: Whether the calls of `repeat` get one generator, which goes on from call to call as in a training, not one each; the
            global ones are then seeded once, too.
    """

    function: str | Handle
    args: Sequence[Any] = ()
    arg_names: Sequence[str] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    offered: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    repeat: int = 1
    gradients: Sequence[str] = ()
    part: int | None = None
    cotangent: Tensor | None = None
    count_operations: bool = False
    evaluate: bool = False
    seconds: float | None = None
    stand_ins: Sequence[str] = ()
    method: str = ""
    keep: bool = False
    scattered: bool = False
    by_name: bool = False
    computed: bool = False
    one_generator: bool = False

    def handles(self) -> list[Handle]:
        """Return the handles that the question names, in containers, too."""
        return handles_in([self.function, *self.args, *self.kwargs.values()])

    def as_message(self) -> dict[str, Any]:
        """Return the question as a message for the worker."""
        return {
            "type": "call",
            "function": self.function,
            "args": list(self.args),
            "arg_names": list(self.arg_names) or None,
            "kwargs": dict(self.kwargs),
            "offered": dict(self.offered),
            "seed": self.seed,
            "repeat": self.repeat,
            "gradients": list(self.gradients),
            "part": self.part,
            "cotangent": self.cotangent,
            "count_operations": self.count_operations,
            "evaluate": self.evaluate,
            "stand_ins": list(self.stand_ins),
            "method": self.method,
            "keep": self.keep,
            "scattered": self.scattered,
            "by_name": self.by_name,
            "computed": self.computed,
            "one_generator": self.one_generator,
        }


def handles_in(value: Any) -> list[Handle]:
    """Return the handles in a value, in containers, too."""
    if isinstance(value, Handle):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [handle for item in inside for handle in handles_in(item)]


@dataclass(frozen=True)
class Answer:
    """What came back. Everything in it was said by the submission's process and proves nothing by itself.

    Attributes:
        value: Decoded data; `values.Opaque` where something could not cross, `Handle` for objects that stayed inside.
        modified: Names of tensor arguments that were changed, and what else was and stays so: `EARLIER_RESULT`, `GRADIENT_MODE`
            of `inside.values`.
        gradients: Name -> gradient or None.
        operations: Number of tensor operations, when asked for.
        lines: Number of lines of the submission's own code that were run, and of its functions that were called, when asked for; None
            where they could not be counted.
        modes: For every probe, whether it was left in training mode.
        seconds: Wall-clock time measured outside.
        printed: What was printed, shortened.
    """

    value: Any
    modified: tuple[str, ...] = ()
    gradients: Mapping[str, Tensor | None] = field(default_factory=dict)
    operations: int | None = None
    lines: int | None = None
    modes: Mapping[str, bool] = field(default_factory=dict)
    seconds: float = 0.0
    printed: str = ""


@dataclass(frozen=True)
class Refusal:
    """Why there is no answer.

    Attributes:
        kind: The failure that a check should report.
        message: One sentence for the student.
        exception: Type of the student's exception, if that was it.
        lines: The student's lines of the traceback.
        flag: Set when the answer channel was tampered with: what staff should know.
        clock: Which limit on its time was exceeded, if that was it.
    """

    kind: FailureKind
    message: str
    exception: str = ""
    lines: tuple[str, ...] = ()
    printed: str = ""
    flag: str = ""
    clock: Which = ""


class MalformedRequest(Exception):
    """A request of a stand-in that no honest worker sends."""


class Collaborators(Protocol):
    """The trusted side of stand-ins: answers what they ask in the middle of a question."""

    def __call__(self, question: Question, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the reply to a request: see `inside.standins`.

        Args:
            question: What the worker was asked, with `stand_ins`.
            request: What it sent; hostile.

        Raises:
            MalformedRequest: No honest worker sends this.
        """
        ...


class Asked(Protocol):
    """Whatever can be asked questions about one submission: a sandbox, or this very process for a student.

    One that also answers questions about objects and scripts has `inspect` and `run_script`: see `scripts.AskedMore`.
    """

    def call(self, question: Question) -> Answer | Refusal:
        """Ask one question."""
        ...


@dataclass(frozen=True)
class FoundFunction:
    """Where a function of the contract was found, and how it says it wants to be called.

    Attributes:
        parameters: (name, kind, has default) triples, or None when Python cannot tell.
    """

    path: str
    also_in: tuple[str, ...]
    kind: str
    parameters: tuple[tuple[str, str, bool], ...] | None


@dataclass(frozen=True)
class LoadReport:
    """What loading a submission found.

    Attributes:
        found: Contract name -> where it is.
        failures: Module path -> (message, student's lines) for modules whose statements failed.
        cut_short: Paths of modules whose top-level statements were stopped; only definitions were run.
        excluded: Paths of modules that could not be loaded in any way, with the reason.
    """

    found: Mapping[str, FoundFunction]
    failures: Mapping[str, tuple[str, tuple[str, ...]]]
    cut_short: tuple[str, ...]
    excluded: Mapping[str, str]


def load_report(
    message: Mapping[str, Any], paths: Mapping[str, str], names: Mapping[str, str], excluded: Mapping[str, str]
) -> LoadReport:
    """Return what a "loaded" message says.

    Args:
        message: As `inside.execute.Session.load` returns it; hostile.
        paths: Module -> path as the student wrote it.
        names: The names that were asked for.
        excluded: Module -> why it was not run at all.

    Raises:
        One of MALFORMED: A field is missing or of the wrong type.
    """
    found = {name: _found(entry) for name, entry in _map(message["found"]).items() if name in names}
    modules = [entry for entry in _of(list, message["modules"]) if _of(str, _of(dict, entry)["module"]) in paths]
    failures = {}
    for entry in modules:
        if _of(list, entry["failures"]):
            first = _of(dict, entry["failures"][0])
            cell = _text(first["cell"], _NAME)
            text = f"{cell}: " if cell else ""
            text += f"{_text(first['exception'], _NAME)}: {_text(first['message'])}"
            failures[paths[entry["module"]]] = (text[:_TEXT], _lines(first["lines"]))
    cut_short = tuple(paths[entry["module"]] for entry in modules if _of(bool, entry["budget_over"]))
    return LoadReport(found, failures, cut_short, {paths[module]: why for module, why in excluded.items()})


def _found(entry: Any) -> FoundFunction:
    parameters = _of(dict, entry)["parameters"]
    return FoundFunction(
        _text(entry["path"], 2 * _NAME),
        _texts(entry["also_in"]),
        _text(entry["kind"], _NAME),
        None if parameters is None else tuple(_parameter(*_of(list, p)) for p in _of(list, parameters)[:_ENTRIES]),
    )


def _parameter(name: Any, kind: Any, has_default: Any) -> tuple[str, str, bool]:
    return _text(name, _NAME), _text(kind, _NAME), bool(_of(bool, has_default))


def refusal_of(message: Mapping[str, Any], printed: str) -> Refusal:
    """Return what a "raised" message says.

    Raises:
        One of MALFORMED: A field is missing or of the wrong type.
    """
    kinds = {
        "memory": FailureKind.MEMORY,
        "not_implemented": FailureKind.MISSING,
        "no_method": FailureKind.MISSING,
        "exception": FailureKind.EXCEPTION,
    }
    kind = kinds[_text(message["category"], _NAME)]
    exception, text = _text(message["exception"], _NAME), _text(message["message"])
    lines = _lines(message["lines"])
    if message["category"] == "no_method":
        sentence = text
    elif kind is FailureKind.MISSING:
        sentence = "not implemented yet"
    else:
        sentence = f"it raised {exception}: {text}" if text else f"it raised {exception}"
    return Refusal(kind, sentence, exception, lines, printed)


def answer_of(message: Mapping[str, Any], seconds: float, printed: str) -> Answer:
    """Return what an "answer" message says.

    Raises:
        One of MALFORMED: A field is missing or of the wrong type.
    """
    gradients = _map(message["gradients"])
    if not all(value is None or isinstance(value, Tensor) for value in gradients.values()):
        raise TypeError("a gradient is a tensor or None")
    if len(gradients) > _GRADIENTS or not all(len(name) <= 2 * _NAME and name.isprintable() for name in gradients):
        raise ValueError("gradients have bounded, printable names")
    operations, lines = message["operations"], message["lines"]
    if not all(count is None or type(count) is int for count in (operations, lines)):
        raise TypeError("a count is an integer")
    return Answer(
        value=message["value"],
        modified=_texts(message["modified"], longest=_NAME),
        gradients=gradients,
        operations=operations,
        lines=lines,
        modes={name: bool(_of(bool, mode)) for name, mode in _map(message["modes"]).items()},
        seconds=seconds,
        printed=printed,
    )
