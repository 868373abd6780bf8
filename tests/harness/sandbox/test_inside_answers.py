"""What leaves the sandbox when an answer comes in another form: records as tuples, arrays as rows, lists with their gradients."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from autograder.assignment.contract import Contract, parse_module
from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed, CheckStopped
from autograder.checking.student import Student
from autograder.outcomes import FailureKind
from autograder.sandbox.inprocess import OneFunction
from autograder.sandbox.inside.values import Opaque, Probe, simplify
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question

X = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
SOURCE = """
def square(x: Float[Tensor, "B"], *, generator: torch.Generator | None = None) -> Float[Tensor, "B"]: ...
def mean(x: Float[Tensor, "B"]) -> Float[Tensor, ""]: ...
def both(x: Float[Tensor, "B"]) -> tuple[Float[Tensor, "B"], Float[Tensor, ""]]: ...
"""
CONTRACT = Contract({function.name: function for function in parse_module(SOURCE, "work")})


def student(name: str, function: Callable[..., Any]) -> Student:
    """Return someone who hands in one function."""
    one = OneFunction(name, function)
    return Student(one, one.report, CONTRACT, f"{name}.value")


def case(name: str = "square") -> Case:
    """Return a call."""
    return Case(name, {"x": X.clone()})


def test_many_calls_have_the_shape_of_one() -> None:
    """What sums over the batch answers a hundred calls as consistently as it answers one: a failure, and never our error."""
    with pytest.raises(CheckFailed, match=r"has shape \(\), but should have \(B,\) = \(3,\)"):
        student("square", lambda x: (x**2).sum()).draws(case())(0, 5)
    assert student("square", lambda x: x**2).draws(case())(0, 5).shape == (5, 3)


def test_gradients_by_what_was_computed() -> None:
    """An argument may be the result of an operation: what detaches it then has no gradient, what does not has the same."""

    def of_leaves(x: Tensor) -> Tensor:
        return (x if x.is_leaf else x.detach()) ** 2 + 0.0 * x

    for function, computed, expected in (
        (of_leaves, False, 2 * X),
        (of_leaves, True, 0 * X),
        (lambda x: x**2, True, 2 * X),
    ):
        found = student("square", function).gradients(case(), ["x"], computed=computed)["x"]
        assert torch.equal(found, expected)


# -------------------------------------------------------------------------------------------------------------- records


@dataclass
class Result:
    """A result with names."""

    value: Any
    loss: Any = 0.5


@dataclass(slots=True)
class Slotted:
    """One without a dictionary."""

    value: Any


@dataclass
class Unset:
    """One whose second part nobody has set."""

    value: Any
    late: Any = field(init=False)


@dataclass
class Loud:
    """One that tells its parts otherwise."""

    value: Any

    def __iter__(self) -> Any:
        """Never be asked."""
        raise AssertionError

    def __eq__(self, other: object) -> bool:
        """Be equal to everything."""
        return True

    __hash__ = None  # type: ignore[assignment]


class Named(NamedTuple):
    """A tuple with names."""

    value: Any
    loss: Any = 0.5


class Plain:
    """No record."""


RECORDS: dict[str, tuple[Any, Any]] = {
    "dataclass": (Result(1.0), (1.0, 0.5)),
    "with slots": (Slotted(1.0), (1.0,)),
    "a part that is not set": (Unset(1.0), (1.0, None)),
    "with methods of its own": (Loud(1.0), (1.0,)),
    "one in another": (Result([Slotted(2)], Named(3)), ([(2,)], (3, 0.5))),
    "named tuple": (Named(1.0), (1.0, 0.5)),
    "in a dictionary": ({"a": Result(1.0)}, {"a": (1.0, 0.5)}),
}


@pytest.mark.parametrize(("value", "crosses"), RECORDS.values(), ids=RECORDS)
def test_a_record_is_the_tuple_of_its_fields(value: Any, crosses: Any) -> None:
    """In order, to any depth, without asking its methods."""
    assert simplify(value) == crosses
    assert type(simplify(value)) in (tuple, dict)


def test_what_is_no_record_stays_inside() -> None:
    """An object without fields, and a class itself, are named only."""
    assert simplify(Plain()) == Opaque("Plain")
    assert isinstance(simplify(Result), Opaque)


def test_a_record_that_holds_itself_ends() -> None:
    """As any other nesting does."""
    own = Result(None, 1)
    own.value = own
    found = simplify(own)
    while isinstance(found, tuple):
        found = found[0]
    assert isinstance(found, Opaque)
    assert "nested deeper" in found.reason


def test_a_record_is_judged_as_the_tuple_that_is_asked_for() -> None:
    """Where the parts are those of the contract; where one array is asked for it is more than that, or a list of it."""
    asked = student("both", lambda x: Result(x**2, x.mean()))
    asked.agrees(case("both"), (X**2, X.mean()))
    assert asked.coerced == {}
    more = student("square", lambda x: Result(x**2))
    more.agrees(case(), X**2)
    assert set(more.coerced) == {"extra_output"}


RECORD = """
from dataclasses import dataclass

@dataclass
class Result:
    mean: object
    more: object

    def __getattribute__(self, name):
        if name == "more":
            raise ValueError("never")
        return object.__getattribute__(self, name)

@dataclass
class Good:
    square: object
    mean: object

def both(x):
    return Good(x**2, x.mean())

def square(x):
    return Result(x**2, 1)
"""


def test_records_leave_the_sandbox(sandbox_of: Callable[..., Sandbox]) -> None:
    """The same behind isolation; one that cannot be read costs its own check, and the sandbox goes on."""
    sandbox = sandbox_of(RECORD)
    asked = Student(sandbox, sandbox.load(), CONTRACT, "both.value")
    asked.agrees(case("both"), (X**2, X.mean()))
    with pytest.raises((CheckFailed, CheckStopped), match="square"):
        asked.value(case())
    asked.agrees(case("both"), (X**2, X.mean()))


# ----------------------------------------------------------------------------------------------------------- gradients

DIFFERENTIABLE: dict[str, tuple[str, Callable[..., Any]]] = {
    "tensor": ("square", lambda x: x**2),
    "an extra output": ("square", lambda x: (x**2, x.sum())),
    "an extra text": ("square", lambda x: [x**2, "more"]),
    "a list of tensors": ("square", lambda x: [part**2 for part in x]),
    "a list of rows": ("square", lambda x: [part**2 for part in x[:, None]]),
    "a column": ("square", lambda x: x[:, None] ** 2),
    "a record": ("square", lambda x: Named(x**2)),
    "a 0-d tensor": ("mean", lambda x: x.mean()),
    "one in a list": ("mean", lambda x: [x.mean()]),
    "with an axis": ("mean", lambda x: x.mean()[None]),
    "and more": ("mean", lambda x: (x.mean(), x)),
}


@pytest.mark.parametrize(("name", "function"), DIFFERENTIABLE.values(), ids=DIFFERENTIABLE)
def test_gradients_of_another_form(name: str, function: Callable[..., Any]) -> None:
    """They are those of what was asked for, with the weights of its entries."""
    right = {"square": lambda x: x**2, "mean": lambda x: x.mean()}[name]
    weights = torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64) if name == "square" else torch.tensor(3.0).double()
    got = student(name, function).gradients(case(name), ["x"], weights)["x"]
    want = student(name, right).gradients(case(name), ["x"], weights)["x"]
    assert torch.equal(got, want)
    assert bool(got.any())


@pytest.mark.parametrize("kind", [tuple, Slotted, Result])
def test_gradients_of_a_part(kind: Callable[..., Any]) -> None:
    """A part of a record is its field of that number, also of one that cannot be indexed."""
    one = OneFunction("both", lambda x: kind((x**2, x.mean())) if kind is tuple else kind(x**2))
    asked = Student(one, one.report, CONTRACT, "both.value")
    weights = torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)
    got = asked.gradients(case("both"), ["x"], weights, 0)["x"]
    assert torch.equal(got, 2 * X * weights)


LEFT: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "array": (lambda x: (x**2).detach().numpy(), ("result_without_gradient",)),
    "list": (lambda x: (x**2).tolist(), ("result_without_gradient",)),
    "array and more": (lambda x: ((x**2).detach().numpy(), 1), ("result_without_gradient",)),
    "detached": (lambda x: x.detach() ** 2, ()),
    "detached in a list": (lambda x: list(x.detach() ** 2), ()),
    "nothing": (lambda x: None, ()),
    "booleans": (lambda x: [True] * 3, ()),
}


@pytest.mark.parametrize(("function", "forms"), LEFT.values(), ids=LEFT)
def test_what_has_left_pytorch_has_no_gradient(function: Callable[..., Any], forms: tuple[str, ...]) -> None:
    """An array or a list is right in another form; a tensor that was cut from the graph is wrong."""
    with pytest.raises(CheckFailed, match="no gradient flows through `square`") as caught:
        student("square", function).gradients(case(), ["x"], torch.ones(3))
    assert caught.value.forms == forms
    assert caught.value.kind is (FailureKind.CONTRACT if forms else FailureKind.VALUE)


# --------------------------------------------------------------------------------------------------------------- draws


def noise(x: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A random function."""
    return x + torch.randn(x.shape, generator=generator, dtype=x.dtype)


DRAWN: dict[str, Callable[[Tensor], Any]] = {
    "tensors": lambda drawn: drawn,
    "columns": lambda drawn: drawn[:, None],
    "arrays": lambda drawn: drawn.numpy(),
    "array columns": lambda drawn: drawn[:, None].numpy(),
    "lists": lambda drawn: drawn.tolist(),
    "more": lambda drawn: (drawn, "more"),
}


@pytest.mark.parametrize("change", DRAWN.values(), ids=DRAWN)
def test_draws_in_another_form(change: Callable[[Tensor], Any]) -> None:
    """Rows of the same numbers, each call with noise of its own."""

    def drawn(x: Tensor, *, generator: torch.Generator | None = None) -> Any:
        return change(noise(x, generator))

    rows = student("square", drawn).draws(case())(3, 4)
    assert rows.shape == (4, 3)
    assert np.array_equal(rows, student("square", noise).draws(case())(3, 4))
    assert len({tuple(row) for row in rows}) == 4


def test_draws_of_several_shapes_are_refused() -> None:
    """Nothing is made of them."""
    calls = iter(range(100))

    def ragged(x: Tensor) -> list[float]:
        return [0.0] * (1 + next(calls) % 2)

    with pytest.raises(CheckFailed, match=r"should have \(B,\) = \(3,\)"):
        student("square", ragged).draws(case())(0, 4)


STACKED: dict[str, tuple[Callable[..., Any], type, tuple[int, ...]]] = {
    "tensors": (lambda x: x, Tensor, (2, 3)),
    "arrays": (lambda x: x.numpy(), Tensor, (2, 3)),
    "NumPy numbers": (lambda x: np.float64(1.0), Tensor, (2,)),
    "numbers": (lambda x: 1.0, Tensor, (2,)),
    "lists": (lambda x: x.tolist(), list, ()),
    "complex arrays": (lambda x: x.numpy() + 1j, list, ()),
    "texts": (lambda x: "a", list, ()),
}


@pytest.mark.parametrize(("function", "kind", "shape"), STACKED.values(), ids=STACKED)
def test_answers_of_several_calls(function: Callable[..., Any], kind: type, shape: tuple[int, ...]) -> None:
    """Numbers of one shape come as the rows of one tensor, anything else as a list of answers."""
    one = OneFunction("square", function)
    answer = one.call(case().question(CONTRACT["square"], repeat=2))
    assert isinstance(answer, Answer)
    assert isinstance(answer.value, kind)
    assert not shape or np.shape(answer.value) == shape


# ------------------------------------------------------------------------------------------------------------- networks


def network(weight: float, inputs: int = 3) -> Probe:
    """Return a layer that adds its inputs up, each `weight` times."""
    return Probe({"layers": [{"op": "affine", "weight": torch.full((1, inputs), weight), "bias": torch.zeros(1)}]})


def answers(function: Callable[..., Any], *networks: Probe) -> list[Any]:
    """Return what one worker answers about networks, one after the other."""
    asked = OneFunction("f", function)
    return [asked.call(Question("f", [net], ["network"], evaluate=True)).value for net in networks]


def test_a_network_is_one_object_with_other_weights_from_question_to_question() -> None:
    """As in a training; what is kept by a network's identity is out of date, and other layers are another network."""
    kept: dict[Any, Any] = {}

    def stale(network: Any) -> Any:
        inputs = network.trunk[0].weight.shape[1]
        return kept.setdefault(network, network(torch.ones(inputs)).sum())

    def right(network: Any) -> Any:
        return network(torch.ones(network.trunk[0].weight.shape[1])).sum()

    asked = network(1.0), network(2.0), network(2.0, inputs=4)

    assert [float(value) for value in answers(right, *asked)] == [3.0, 6.0, 8.0]
    assert [float(value) for value in answers(stale, *asked)] == [3.0, 3.0, 8.0]


def test_a_model_has_parts_that_are_asked_by_name() -> None:
    """Its mode is theirs, it is one object from question to question, and gradients go by the names of its weights."""
    seen = []

    def function(model: Any) -> Any:
        seen.append((id(model), model.first.training))
        model.eval()
        return model.second(model.first(torch.ones(3))).sum() + float(model.first.training)

    both = [Probe({"parts": {"first": network(w).spec, "second": network(2.0, inputs=1).spec}}) for w in (1.0, 2.0)]
    name = "network.second.trunk.0.weight"
    asked = OneFunction("f", function)
    found = [asked.call(Question("f", [model], ["network"], gradients=[name])) for model in both]

    assert [float(answer.value) for answer in found] == [6.0, 12.0]
    assert [answer.gradients[name].tolist() for answer in found] == [[[3.0]], [[6.0]]]
    assert [training for _, training in seen] == [True, True]
    assert seen[0] == seen[1]
    assert [dict(answer.modes) for answer in found] == [{"network": False}] * 2


@pytest.mark.parametrize(
    "change",
    [
        lambda net: setattr(net, "trunk", torch.nn.Identity()),
        lambda net: setattr(net, "forward", lambda x: 0 * x),
        lambda net: net.register_forward_hook(lambda *_: torch.zeros(1)),
        lambda net: net.double(),
        lambda net: net.requires_grad_(False),
        lambda net: net.eval(),
    ],
    ids=["layers", "forward", "hook", "dtype", "frozen", "mode"],
)
def test_what_was_done_to_a_network_does_not_reach_the_next_question(change: Callable[[Any], Any]) -> None:
    """It comes as it was sent, in training mode, with gradients."""
    seen = []

    def function(network: Any) -> Any:
        result = network(torch.ones(3)).sum()
        seen.append((network.training, network.trunk[0].weight.requires_grad))
        change(network)
        return result

    assert [float(value) for value in answers(function, network(1.0), network(2.0))] == [3.0, 6.0]
    assert seen == [(True, True)] * 2


def test_graphs_of_many_calls_do_not_pile_up() -> None:
    """A loop over examples makes a large graph in every call: of many calls, side by side, they are more than a worker may hold."""
    made: list[weakref.ref[Any]] = []

    class Remembering(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            made.append(weakref.ref(ctx))
            return x.sum()

        @staticmethod
        def backward(ctx: Any, gradient: Tensor) -> Tensor:
            return gradient.expand(3)

    alive: list[int] = []

    def mean(x: Tensor) -> Any:
        alive.append(sum(node() is not None for node in made))
        weight = torch.ones(3, dtype=x.dtype, requires_grad=True)
        return Remembering.apply(x * weight)  # type: ignore[no-untyped-call]

    one = OneFunction("mean", mean)
    answer = one.call(case("mean").question(CONTRACT["mean"], repeat=6))

    assert isinstance(answer, Answer)
    assert torch.equal(answer.value, torch.full((6,), 6.0, dtype=torch.float64))
    assert max(alive) <= 1
