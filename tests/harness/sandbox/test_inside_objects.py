"""Questions about objects: they are made, their methods called, differentiated and described, and nothing hostile gets out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from autograder.outcomes import FailureKind
from autograder.sandbox.inprocess import OneFunction
from autograder.sandbox.inside.objects import MOST_NAMES
from autograder.sandbox.inside.values import Handle, Opaque
from autograder.sandbox.inspection import Inspect, Inspected
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question, Refusal

SandboxOf = Callable[..., Sandbox]
NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width, depth=1):
        super().__init__()
        self.first = nn.Linear(2, width)
        self.frozen = nn.Parameter(torch.ones(3), requires_grad=False)
        self.drop = nn.Dropout(0.5)
        self.register_buffer("mean", torch.zeros(2))
        self.hooked = 0
        self.register_forward_hook(lambda *_: setattr(self, "hooked", self.hooked + 1))
    def forward(self, z):
        return self.drop(self.first(z))
    def noise(self, n, generator=None):
        return torch.randn(n, generator=generator)
    def seen(self):
        return self.hooked
    def parts(self):
        return self.first, {"net": [self]}, object()

class Plain:
    def __init__(self, x):
        self.w = torch.tensor([1.0, 2.0], requires_grad=True)
        self.net = nn.Linear(2, 1)
        self.x = x
    def predict(self, x):
        return (x * self.w).sum(-1) + self.net(x)[:, 0]
    @property
    def broken(self):
        raise ValueError("no")
    value = 3

from typing import NamedTuple
class Fitted(NamedTuple):
    mean: torch.Tensor
    def shift(self, x): return x + self.mean

def fit(x): return Plain(x)
def fit_tuple(x): return Fitted(x.mean(0))
def both(x): return Plain(x), 1
def apply(model, x): return model.predict(x) if isinstance(model, Plain) else model(x)
def die(): __import__("os")._exit(0)
"""
NAMES = dict.fromkeys(("Net", "Plain", "fit", "fit_tuple", "both", "apply", "die"), "work")
X = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


def ask(sandbox: Any, function: Any, *arguments: Any, **options: Any) -> Answer:
    """Return the answer to a question that has one."""
    answer = sandbox.call(Question(function, list(arguments), **options))
    assert isinstance(answer, Answer), answer
    return answer


@pytest.fixture
def sandbox(sandbox_of: SandboxOf) -> Sandbox:
    """A submission with two classes."""
    return sandbox_of(NET, names=NAMES)


def inspected(sandbox: Any, handle: Handle, state: bool = False) -> Inspected:
    """Return what an object looks like."""
    found = sandbox.inspect(Inspect(handle, state))
    assert isinstance(found, Inspected), found
    return found


def test_a_class_makes_objects_with_methods(sandbox: Sandbox) -> None:
    """Calling a class gives a handle; `forward` goes through the module itself, with its hooks; generators are offered."""
    net = ask(sandbox, "Net", 4, seed=1).value
    assert (type(net), net.type_name) == (Handle, "Net")
    out = ask(sandbox, net, X, method="forward", evaluate=True).value
    again = ask(sandbox, net, X, method="forward", evaluate=True).value
    assert out.shape == (3, 4)
    assert out.equal(again)
    assert ask(sandbox, net, method="seen").value == 2
    draws = ask(sandbox, net, 3, method="noise", seed=4, repeat=5).value
    assert draws.shape == (5, 3)
    assert draws[2:].equal(ask(sandbox, net, 3, method="noise", seed=6, repeat=3).value)
    assert ask(sandbox, "Net", 4, seed=1).value != net
    first = inspected(sandbox, net, state=True).state
    second = inspected(sandbox, ask(sandbox, "Net", 4, seed=1).value, state=True).state
    assert first is not None
    assert second is not None
    assert first["first.weight"].equal(second["first.weight"])


def test_what_becomes_a_handle(sandbox: Sandbox) -> None:
    """Objects of the submission's classes, modules and callables do, also in containers; a plain function's instances only when wanted."""
    net = ask(sandbox, "Net", 2).value
    first, inside, other = ask(sandbox, net, method="parts").value
    assert [type(v) for v in (first, inside["net"][0], other)] == [Handle, Handle, Opaque]
    assert Opaque("Plain") == ask(sandbox, "fit", X).value
    assert isinstance(ask(sandbox, "fit", X, keep=True).value, Handle)
    kept = ask(sandbox, "both", X, keep=True).value
    assert [type(v) for v in kept] == [Handle, int]
    assert ask(sandbox, "apply", ask(sandbox, "fit", X, keep=True).value, X).value.shape == (3,)
    fitted = ask(sandbox, "fit_tuple", X, keep=True).value
    assert isinstance(fitted, Handle)
    assert ask(sandbox, fitted, X, method="shift").value.equal(X + X.mean(0))
    assert isinstance(ask(sandbox, "fit_tuple", X).value, tuple)


def test_gradients_for_parameters(sandbox: Sandbox) -> None:
    """`self.<name>`, `self.*`, and the same for an argument; frozen ones have none."""
    net = ask(sandbox, "Net", 2).value
    found = ask(sandbox, net, X, arg_names=["z"], method="forward", gradients=["z", "self.*"]).gradients
    assert set(found) == {"z", "self.first.weight", "self.first.bias", "self.frozen"}
    assert found["self.frozen"] is None
    plain = ask(sandbox, "fit", X, keep=True).value
    one = ask(sandbox, plain, X, method="predict", gradients=["self.w"]).gradients
    assert isinstance(one["self.w"], Tensor)
    assert one["self.w"].equal(X.sum(0))
    both = ask(sandbox, "apply", plain, X, arg_names=["model", "x"], gradients=["model.net.bias", "model.*"]).gradients
    assert set(both) == {"model.net.bias", "model.net.weight", "model.w"}
    assert torch.equal(both["model.net.bias"], torch.tensor([3.0]))  # type: ignore[arg-type]
    rows = ask(sandbox, plain, X, method="predict", gradients=["self.w"], repeat=3).gradients["self.w"]
    assert rows is not None
    assert rows.shape == (3, 2)
    refusal = sandbox.call(Question(plain, [X], method="predict", gradients=["self.nothing"]))
    assert isinstance(refusal, Refusal)
    assert "has no parameter 'nothing'" in refusal.message


def test_states_can_be_loaded(sandbox: Sandbox) -> None:
    """A state goes out and comes in as a dictionary of tensors."""
    net = ask(sandbox, "Net", 2).value
    found = inspected(sandbox, net, state=True)
    assert found.state is not None
    new = {name: torch.full_like(tensor, 2.0) for name, tensor in found.state.items()}
    ask(sandbox, net, new, method="load_state_dict")
    assert ask(sandbox, net, X, method="forward", evaluate=True).value.equal(
        (X * 2).sum(-1, keepdim=True) + 2 + torch.zeros(3, 2)
    )


def test_inspection(sandbox: Sandbox) -> None:
    """Type, bases, parameters, buffers and methods are plain data; counts follow."""
    found = inspected(sandbox, ask(sandbox, "Net", 4).value)
    assert (found.type_name, found.bases[:2], found.state) == ("Net", ("Module", "object"), None)
    assert found.shapes() == {"frozen": (3,), "first.weight": (4, 2), "first.bias": (4,)}
    assert (found.count, found.trainable) == (15, 12)
    assert [(b.name, b.shape, b.dtype) for b in found.buffers] == [("mean", (2,), "float32")]
    assert found.methods == ("forward", "noise", "parts", "seen")
    plain = inspected(sandbox, ask(sandbox, "fit", X, keep=True).value, state=True)
    assert plain.shapes() == {"w": (2,), "net.weight": (1, 2), "net.bias": (1,)}
    assert plain.state is not None
    assert set(plain.state) == {"w", "x"}


NO_METHOD = {
    "nothing": "not defined: an object of type Plain has no method `nothing`",
    "value": "not a method: `value` is an attribute of type int",
}


@pytest.mark.parametrize("name", NO_METHOD)
def test_methods_that_are_missing(name: str, sandbox: Sandbox) -> None:
    """A method that is not there is missing, and the message says what the attribute is."""
    refusal = sandbox.call(Question(ask(sandbox, "fit", X, keep=True).value, method=name))
    assert isinstance(refusal, Refusal)
    assert (refusal.kind, refusal.message) == (FailureKind.MISSING, NO_METHOD[name])


def test_a_property_that_raises(sandbox: Sandbox) -> None:
    """It is the student's exception, with its line."""
    refusal = sandbox.call(Question(ask(sandbox, "fit", X, keep=True).value, method="broken"))
    assert isinstance(refusal, Refusal)
    assert (refusal.kind, refusal.exception) == (FailureKind.EXCEPTION, "ValueError")
    assert refusal.lines


def test_an_object_ends_with_its_process(sandbox: Sandbox) -> None:
    """Also as an argument, and also when another process has taken its place."""
    net = ask(sandbox, "Net", 2).value
    assert isinstance(sandbox.call(Question("die")), Refusal)
    for question in (Question(net, [X], method="forward"), Question("apply", [net, X])):
        refusal = sandbox.call(question)
        assert isinstance(refusal, Refusal)
        assert refusal.message == "the process that held this object has ended"
    ask(sandbox, "Net", 2)
    refused = sandbox.inspect(Inspect(net))
    assert isinstance(refused, Refusal)
    assert refused.kind is FailureKind.CRASH


HOSTILE = """
import sys, torch
from torch import nn

class Many(nn.Module):
    def __init__(self):
        super().__init__()
        self.all = nn.ParameterList(nn.Parameter(torch.zeros(1)) for _ in range(10_000))
    def forward(self, x): return x + self.all[0]

class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_parameter("a\\x1b[31m\\n" + "b" * 500, nn.Parameter(torch.zeros(2)))
        self.register_parameter("\\u202egnp", nn.Parameter(torch.zeros(2)))
    def forward(self, x): return x + sum(self.parameters())

class Meta(type):
    @property
    def __name__(cls): raise SystemExit
    @property
    def __module__(cls): return []

class Odd(metaclass=Meta):
    def f(self): return 1

class Lies(nn.Module):
    def named_parameters(self, *a, **k): return [(3, 4), ("x", 5), (b"y", torch.ones(1))]
    def state_dict(self, *a, **k): return {1: 2, "z": "text", "q": torch.ones(1)}
    def forward(self, x): return x

class Raises(nn.Module):
    def named_parameters(self, *a, **k): raise RuntimeError("not for you")

class Patches(nn.Module):
    def forward(self, field):
        session = sys.modules["inside.execute"].Session
        before = session.inspect
        session.inspect = lambda self, m: {**before(self, m), **field}
        return 0
"""
HOSTILE_NAMES = dict.fromkeys(("Many", "Named", "Odd", "Lies", "Raises", "Patches"), "work")


def test_hostile_objects(sandbox_of: SandboxOf) -> None:
    """Names are made printable, numbers are bounded, metaclasses and overridden methods change nothing."""
    sandbox = sandbox_of(HOSTILE, names=HOSTILE_NAMES)
    many = ask(sandbox, "Many").value
    found = inspected(sandbox, many, state=True)
    assert (len(found.parameters), found.complete) == (MOST_NAMES, False)
    assert len(ask(sandbox, many, X, method="forward", gradients=["self.*"]).gradients) == MOST_NAMES
    named = ask(sandbox, "Named").value
    names = [
        *inspected(sandbox, named).shapes(),
        *ask(sandbox, named, X, method="forward", gradients=["self.*"]).gradients,
    ]
    assert len(names) == 4
    assert all(name.isprintable() and len(name) <= 205 for name in names)
    odd = ask(sandbox, "Odd", keep=True).value
    assert odd.type_name == "Odd"
    assert ask(sandbox, odd, method="f").value == 1
    lies = inspected(sandbox, ask(sandbox, "Lies").value, state=True)
    assert (lies.parameters, set(lies.state or {})) == ((), {"q"})
    refusal = sandbox.inspect(Inspect(ask(sandbox, "Raises").value))
    assert isinstance(refusal, Refusal)
    assert "not for you" in refusal.message
    assert refusal.flag == ""
    assert isinstance(inspected(sandbox, odd), Inspected)


@pytest.mark.parametrize(
    "field",
    [
        {"type_name": "a\nb"},
        {"methods": ["x" * 201]},
        {"parameters": [["w", [2], True, "float32"]] * 2},
        {"parameters": [["w", [-1], True, "float32"]]},
        {"parameters": torch.zeros(2)},
        {"parameters": [["w\u202e", [2], True, "float32"]]},
        {"state": {"w": 1}},
        {"state": {"w\n": torch.ones(1)}},
        {"complete": 1},
        {"bases": ["A"] * 21},
        {"type": "answer"},
    ],
)
def test_descriptions_with_wrong_fields_are_flagged(field: dict[str, Any], sandbox_of: SandboxOf) -> None:
    """They cost their own question, staff are told, and the next one is answered."""
    sandbox = sandbox_of(HOSTILE, names=HOSTILE_NAMES)
    handle = ask(sandbox, "Patches").value
    ask(sandbox, handle, field, method="forward")
    refusal = sandbox.inspect(Inspect(handle, state=True))
    assert isinstance(refusal, Refusal)
    assert refusal.kind is FailureKind.POLICY
    assert refusal.flag.startswith("answer channel: ")
    assert isinstance(ask(sandbox, "Odd"), Answer)


def test_only_so_many_objects_are_kept(sandbox: Sandbox) -> None:
    """The one that was not asked about for longest goes first: a check that makes thousands does not fill the memory."""
    first, second = (ask(sandbox, "fit", X, keep=True).value for _ in range(2))
    for _ in range(510):
        ask(sandbox, first, X, method="predict")
        ask(sandbox, "fit", X, keep=True)
    ask(sandbox, first, X, method="predict")
    refusal = sandbox.call(Question(second, [X], method="predict"))
    assert isinstance(refusal, Refusal)
    assert "the object that was asked about is gone" in refusal.message


def test_one_class_of_ours_answers_alike() -> None:
    """`OneFunction` stands for a class and for a function that returns an object."""

    class Shift:
        def __init__(self, by: Tensor) -> None:
            self.by = by.clone().requires_grad_()

        def apply(self, x: Tensor) -> Tensor:
            """Shift."""
            return x + self.by

    for one in (OneFunction("Shift", Shift), OneFunction("fit", lambda x: Shift(x))):
        name = next(iter(one.report.found))
        handle = ask(one, name, torch.ones(2), keep=True).value
        assert ask(one, handle, X, method="apply", gradients=["self.*"]).value.equal(X + 1)
        assert inspected(one, handle).shapes() == {"by": (2,)}


def test_the_other_backend_answers_alike(uid_sandbox_of: SandboxOf) -> None:
    """Objects are made, called and described under the uid backend, too."""
    sandbox = uid_sandbox_of(NET, names=NAMES)
    net = ask(sandbox, "Net", 4).value
    assert ask(sandbox, net, X, method="forward").value.shape == (3, 4)
    assert inspected(sandbox, net).count == 15
