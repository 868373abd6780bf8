"""What a stand-in sends out (`sandbox.inside.standins`), read: everything in it was written by a hostile process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from autograder.assignment.contract import Contract, FunctionContract, Parameter
from autograder.sandbox.inside.standins import IN_TRAINING, SENT_AS
from autograder.sandbox.inside.values import Probe, Seed
from autograder.sandbox.questions import MalformedRequest, Question

_MOST_ARGUMENTS = 16
_MOST_WANTED = 500


@dataclass(frozen=True)
class Sent:
    """One call of a stand-in, as it was sent: hostile data, in the dtypes that the submission has them in.

    Attributes:
        given: Arguments by the contract's names, without the generator.
        generator: Whether a generator was among them.
        seed: What was drawn from it, or else from the global one.
        cotangents: Weights of the value's tensors, where its gradients are wanted.
        leaves: What they are wanted for: an argument, or `"network.trunk.0.bias"`.
    """

    contract: FunctionContract
    given: Mapping[str, Any]
    generator: bool
    seed: int
    cotangents: list[Tensor] | None
    leaves: Sequence[str]


class Refused(Exception):
    """There is no value: no right function takes these arguments, or they are more than is computed for a submission."""


class Replies:
    """Answers the stand-ins of one submission: see `questions.Collaborators`. Where values come from, a subclass says.

    Attributes:
        called: Names of the functions whose value was asked for, in the order of their first call.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.called: list[str] = []

    def __call__(self, question: Question, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the reply to a request: a value, or gradients, or why there is none."""
        name, args, kwargs, seed, cotangents, wanted = _read(request)
        if name not in question.stand_ins or name not in self._contract.functions:
            raise MalformedRequest("a request for a function that nothing stands in for")
        if name not in self.called:
            self.called.append(name)
        contract = self._contract[name]
        try:
            labels = _bound(contract, args, kwargs)
            given = {p.name: args[int(label)] if label.isdigit() else kwargs[label] for label, p in labels}
            generator = isinstance(given.pop("generator", None), Seed)
            names = {label: parameter.name for label, parameter in labels}
            leaves = [_leaf_name(label, names) for label in wanted]
            sent = Sent(contract, given, generator, seed, cotangents, leaves)
            return {"refused": "", "value": None, "gradients": [], **self.answered(question, sent)}
        except Refused as refused:
            return {"refused": str(refused), "value": None, "gradients": []}

    def answered(self, question: Question, sent: Sent) -> dict[str, Any]:
        """Return `{"value": ...}` of a call, or `{"gradients": [...]}` where it has cotangents.

        Raises:
            Refused: There is none; it is raised in there.
            MalformedRequest: No honest worker sends this.
        """
        raise NotImplementedError


# --------------------------------------------------------------------------------------------------------- reading

Fields = tuple[str, list[Any], dict[str, Any], int, list[Tensor] | None, list[str]]


def _read(request: Mapping[str, Any]) -> Fields:
    """Return the fields of a request.

    Raises:
        MalformedRequest: One is missing, or is not of its type.
    """
    if set(request) != {"type", "id", "name", "args", "kwargs", "seed", "cotangents", "wanted"}:
        raise MalformedRequest("a request with other fields than it should have")
    name, args, kwargs, seed = request["name"], request["args"], request["kwargs"], request["seed"]
    cotangents, wanted = request["cotangents"], request["wanted"]
    right = (type(name), type(args), type(kwargs), type(seed), type(wanted)) == (str, list, dict, int, list)
    if not right or not 0 <= seed < 2**62 or not (cotangents is None or type(cotangents) is list):
        raise MalformedRequest("a request with a field of the wrong type")
    if len(args) + len(kwargs) > _MOST_ARGUMENTS or len(wanted) > _MOST_WANTED:
        raise MalformedRequest("a request with too many arguments")
    if not all(type(key) is str for key in kwargs):
        raise MalformedRequest("a request with a field of the wrong type")
    if any(type(label) is not str or len(label) > 200 for label in wanted):
        raise MalformedRequest("a request for gradients of nothing")
    if cotangents is not None and not all(isinstance(part, Tensor) and not part.is_complex() for part in cotangents):
        raise MalformedRequest("a request with cotangents that are no tensors")
    if (cotangents is not None) != bool(wanted) or len(set(wanted)) != len(
        wanted
    ):  # each is as large as what it is for
        raise MalformedRequest("a request for gradients of nothing")
    return name, args, kwargs, seed, cotangents, wanted


def _bound(contract: FunctionContract, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[tuple[str, Parameter]]:
    """Return (position or keyword, parameter) of every argument, as Python would bind them."""
    positional = [parameter for parameter in contract.parameters if not parameter.keyword_only]
    known = {parameter.name: parameter for parameter in contract.parameters}
    if len(args) > len(positional):
        raise Refused(f"{contract.name}() takes {len(positional)} positional arguments but {len(args)} were given")
    labels = [(str(index), positional[index]) for index in range(len(args))]
    taken = {parameter.name for _, parameter in labels}
    for key in kwargs:
        if key not in known:
            raise Refused(f"{contract.name}() got an unexpected keyword argument {key[:100]!r}")
        if key in taken:
            raise Refused(f"{contract.name}() got multiple values for argument {key!r}")
        labels.append((key, known[key]))
    given = {parameter.name for _, parameter in labels}
    if missing := [p.name for p in contract.parameters if p.default is None and p.name not in given]:
        raise Refused(f"{contract.name}() is missing the argument {missing[0]!r}")
    return labels


def network_sent(value: Probe, question: Question) -> Probe:
    """Return the network that the grader itself sent with the question, or a part of one, in the mode that the submission has put
    it into; nothing else can be named.

    Raises:
        MalformedRequest: Something else is.
    """
    name = value.spec.get(SENT_AS)
    sent = {**dict(zip(question.arg_names, question.args, strict=False)), **question.kwargs}
    argument, _, part = name.partition(".") if type(name) is str else ("", "", "")
    found = sent.get(argument)
    if part and isinstance(found, Probe):
        inner = found.spec.get("parts", {}).get(part)
        found = None if inner is None else Probe(inner)
    training = value.spec.get(IN_TRAINING)
    if set(value.spec) != {SENT_AS, IN_TRAINING} or type(training) is not bool or not isinstance(found, Probe):
        raise MalformedRequest("a network that did not come with the question")
    return Probe({**found.spec, "eval": not training})


def _leaf_name(label: str, names: Mapping[str, str]) -> str:
    head, dot, rest = label.partition(".")
    if head not in names:
        raise MalformedRequest("a request for a gradient of what is no argument")
    return names[head] + dot + rest
