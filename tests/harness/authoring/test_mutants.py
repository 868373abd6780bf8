"""Mutants of the reference: which are made, what they are called, and whether they change an answer."""

from __future__ import annotations

import ast
import math
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from autograder.authoring.mutants import OPERATORS, Mutant, Operator, changes_something, materialise, mutants_of, same
from autograder.authoring.mutants.generate import changed_text, changes_below
from autograder.errors import UsageError

REFERENCE = Path(__file__).parents[3] / "reference"


def _tasks() -> Iterator[tuple[str, str]]:
    for path in sorted(REFERENCE.glob("*.py")):
        for statement in ast.parse(path.read_text()).body:
            if isinstance(statement, ast.FunctionDef) and not statement.name.startswith("_"):
                yield path.stem, statement.name


TASKS = {task: module for module, task in _tasks()}


def _text(task: str) -> str:
    return (REFERENCE / f"{TASKS[task]}.py").read_text()


def _ids(source: str, name: str, **options: Any) -> list[str]:
    return [mutant.id for mutant in mutants_of(source, name, **options)]


def _execute(source: str, label: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "mutated"}
    exec(compile(source, label, "exec"), namespace)
    return namespace


EXAMPLES = [(operator, *example) for operator in OPERATORS for example in operator.examples]


@pytest.mark.parametrize(
    ("operator", "before", "after"), EXAMPLES, ids=[f"{o.name}: {b} -> {a}" for o, b, a in EXAMPLES]
)
def test_an_operator_does_what_its_examples_say(operator: Operator, before: str, after: str) -> None:
    """The text after is among the texts that the operator makes of the text before."""
    texts = {
        ast.unparse(ast.parse(changed_text(before, change))) for change in changes_below(ast.parse(before), operator)
    }
    assert ast.unparse(ast.parse(after)) in texts


def test_every_operator_says_what_it_is() -> None:
    """Names differ, and each has a sentence and examples."""
    assert len({operator.name for operator in OPERATORS}) == len(OPERATORS)
    for operator in OPERATORS:
        assert operator.about.endswith(".")
        assert operator.examples


@pytest.mark.parametrize("task", TASKS)
def test_every_task_of_the_reference_has_mutants(task: str) -> None:
    """At least one each, of a comparison alone, all of them Python, no two alike, and none alike to the original."""
    source = _text(task)
    mutants = mutants_of(source, task)
    trees = [ast.dump(ast.parse(mutant.source)) for mutant in mutants]
    assert mutants
    assert len({mutant.id for mutant in mutants}) == len(mutants)
    assert len({*trees, ast.dump(ast.parse(source))}) == len(mutants) + 1
    assert all(mutant.task == task and task in mutant.source for mutant in mutants)


@pytest.mark.parametrize("task", TASKS)
def test_an_edit_elsewhere_changes_no_id(task: str) -> None:
    """Ids are the same after a comment and another function above; only the lines move."""
    source = _text(task)
    edited = re.sub(
        r"^(?=import|from)",
        "# a comment\ndef _unused(x, n=1):\n    return 0.5 * x + n\n\n\n",
        source,
        count=1,
        flags=re.M,
    )
    before, after = mutants_of(source, task), mutants_of(edited, task)
    assert edited != source
    assert [mutant.id for mutant in before] == [mutant.id for mutant in after]
    assert [mutant.line + 5 for mutant in before] == [mutant.line for mutant in after]


def test_mutants_are_made_in_the_same_order_every_time() -> None:
    """By line, then as the operators stand."""
    source = _text("ppca_fit")
    mutants = mutants_of(source, "ppca_fit")
    assert mutants == mutants_of(source, "ppca_fit")
    assert [mutant.line for mutant in mutants] == sorted(mutant.line for mutant in mutants)


FORM = '''
"""Divide a * b by c."""
import torch

def f(x: Float[Tensor, "2*B"], y: int = None) -> "a + b":
    """Return a * b."""
    if x.ndim < 2:
        raise ValueError(f"{2 * x} is " + "wrong")
    assert y > 2, 3 * y
    if isinstance(x, torch.Tensor) and 1:
        pass
    z: "a + b" = torch.zeros(3, dtype=torch.float32 if y else 2 * y, device=x.device)
    print(y, x, 2 * x)
    return cast(Tensor, z)
'''


def test_form_is_not_touched() -> None:
    """No docstring, annotation, message, type check, raise, dtype or device is mutated."""
    assert _ids(FORM, "f") == []


def test_a_change_leaves_every_other_character_alone() -> None:
    """Comments, spaces, accents and line breaks around the changed expression stay."""
    source = "def f(x):  # σ\n    é = 'ß', (x *\n         2 )  # é\n    return é\n"
    doubled = next(m for m in mutants_of(source, "f") if m.operator == "drop factor")
    assert doubled.source == "def f(x):  # σ\n    é = 'ß', ((x) )  # é\n    return é\n"
    assert (doubled.line, doubled.before, doubled.after) == (2, "x * 2", "x")


def test_an_id_is_short_and_shows_the_difference() -> None:
    """Unchanged long arguments become dots; what occurs twice is numbered."""
    source = "def f(x, y):\n    return 0.5 * torch.sum(torch.exp(x) + torch.exp(y) ** 2 - torch.log(x), dim=-1)\n"
    assert "drop factor: 0.5 * torch.sum(..., dim=-1) -> torch.sum(..., dim=-1)" in _ids(source, "f")
    twice = _ids("def f(x):\n    return [x - 1, x - 1]\n", "f")
    assert {"flip sign: x - 1 -> x + 1", "flip sign: x - 1 -> x + 1 #2"} <= set(twice)
    swapped = _ids("def f(a, b):\n    return g(" + ", ".join(["a" * 40, "b" * 40]) + ")\n", "f")
    assert swapped == [f"swap arguments: g({'a' * 40}, {'b' * 40}) -> g({'b' * 40}, {'a' * 40})"]


HELPERS = """
_SCALE = 2 * 3

def f(x):
    return _one(x)

def _one(x):
    return _Two().go(x) - _SCALE

class _Two:
    def go(self, x):
        return -x

def _unused(x):
    return -x

def public(x):
    return -x
"""


def test_private_helpers_are_mutated_too() -> None:
    """What the function uses and begins with `_`, directly or not; nothing else of the module unless asked for."""
    ids = _ids(HELPERS, "f")
    assert "flip sign in _one: _Two().go(x) - _SCALE -> _Two().go(x) + _SCALE" in ids
    assert "flip sign in _Two: -x -> x" in ids
    assert "other constant in _SCALE: 2 * 3 -> 3 * 3" in ids
    assert not any("_unused" in text or "public" in text for text in ids)
    assert [text for text in _ids(HELPERS, "f", also=["public"]) if text not in ids] == ["flip sign in public: -x -> x"]


def test_a_name_that_is_not_there_is_refused() -> None:
    """The message names what is missing and what there is."""
    with pytest.raises(
        UsageError, match=r"no mutants of 'g': the module does not define it .*it defines f\b.*write the name"
    ):
        mutants_of("def f(x): return x", "g")
    with pytest.raises(UsageError, match=r"no mutants of 'h': .*defines f"):
        mutants_of("def f(x): return x", "f", also=["h"])


def test_a_text_that_is_not_python_is_refused() -> None:
    """The message says which task and what is wrong."""
    with pytest.raises(UsageError, match=r"no mutants of 'f': the module is not Python .*line 1.*correct it first"):
        mutants_of("def f(x: return", "f")


def _mutant(source: str, task: str = "f") -> Mutant:
    return Mutant(task, "an id", "an operator", 1, "a", "b", source)


def test_a_mutant_becomes_a_callable() -> None:
    """The text is executed, under a label that names the mutant; what cannot be executed, or defines nothing, is None."""
    labels: list[str] = []

    def execute(source: str, label: str) -> dict[str, Any]:
        labels.append(label)
        return _execute(source, label)

    assert materialise(_mutant("def f(x): return x + 1"), execute)(1) == 2
    assert labels == ["<mutant of f: an id>"]
    assert materialise(_mutant("1 / 0"), execute) is None
    assert materialise(_mutant("def (:"), execute) is None
    assert materialise(_mutant("x = 1"), execute) is None


def _value_and_gradients(seed: int) -> Callable[[Any], Any]:
    def call(function: Any) -> Any:
        torch.manual_seed(seed)
        leaves = [torch.randn(3, 4, dtype=torch.float64, requires_grad=True) for _ in range(2)]
        value = function(*leaves)
        return value.detach(), torch.autograd.grad(value.sum(), leaves, allow_unused=True)

    return call


def test_mutants_of_a_divergence_change_its_values() -> None:
    """Nearly all mutants of `kl_standard_normal` give other values or gradients; the reference itself does not."""
    source = _text("kl_standard_normal")
    original = _execute(source, "reference")["kl_standard_normal"]
    calls = [_value_and_gradients(seed) for seed in range(3)]
    mutants = mutants_of(source, "kl_standard_normal")
    mutated = [materialise(mutant, _execute) for mutant in mutants]
    changed = [changes_something(original, function, calls) for function in mutated]
    assert all(function is not None for function in mutated)
    assert sum(changed) >= 0.9 * len(mutants)
    assert not changes_something(original, _execute(source, "again")["kl_standard_normal"], calls)


def _plain(function: Any) -> Any:
    return function(2.0)


def _forever(x: float) -> float:
    while True:
        try:
            x += 1
        except Exception:
            return x


def test_a_mutant_that_loops_forever_is_stopped() -> None:
    """It changes something; the alarm that was set before is still set, and its handler too."""
    handler = signal.getsignal(signal.SIGALRM)
    remaining, _ = signal.getitimer(signal.ITIMER_REAL)
    started = time.monotonic()
    assert changes_something(math.sqrt, _forever, [_plain], seconds=0.1)
    assert time.monotonic() - started < 60
    assert signal.getsignal(signal.SIGALRM) is handler
    assert (signal.getitimer(signal.ITIMER_REAL)[0] > 0) == (remaining > 0)


def _swallow_once(x: float) -> float:
    try:
        return _forever(x)
    except BaseException:
        return _forever(x)


def test_a_mutant_that_swallows_the_alarm_is_stopped_by_the_next() -> None:
    """A bare `except:` in the reference lets no mutant run forever."""
    assert changes_something(math.sqrt, _swallow_once, [_plain], seconds=0.05)


def test_an_alarm_of_somebody_else_still_goes_off() -> None:
    """A time limit that was set around the whole is not lost."""
    heard: list[int] = []
    handler = signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
    outer = signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        changes_something(math.sqrt, _forever, [_plain], seconds=0.05)
        limit = time.monotonic() + 60
        while not heard and time.monotonic() < limit:
            time.sleep(0.01)
    finally:
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *outer)
    assert heard == [1]


def test_another_thread_compares_without_a_limit() -> None:
    """Only the main thread can set an alarm; elsewhere the answers are compared all the same."""
    found: list[bool] = []
    functions = (abs, lambda x: x, lambda x: -x)
    thread = threading.Thread(target=lambda: found.extend(changes_something(math.fabs, f, [_plain]) for f in functions))
    thread.start()
    thread.join()
    assert found == [False, False, True]


def _raise(error: BaseException) -> Callable[[float], float]:
    def function(_: float) -> float:
        raise error

    return function


def test_an_exception_is_an_answer() -> None:
    """One in the mutant alone is a change, the same in both is none; leaving the program counts as one too."""
    assert changes_something(math.sqrt, _raise(ValueError("a")), [_plain])
    assert changes_something(math.sqrt, _raise(SystemExit()), [_plain])
    assert changes_something(_raise(ValueError("a")), math.sqrt, [_plain])
    assert not changes_something(_raise(ValueError("a")), _raise(ValueError("b")), [_plain])
    assert not changes_something(math.sqrt, abs, [])
    with pytest.raises(KeyboardInterrupt):
        changes_something(math.sqrt, _raise(KeyboardInterrupt()), [_plain])


@dataclass
class _Point:
    x: float
    y: torch.Tensor


class _Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a: float) -> None:
        self.a = a


class _Bare:
    __slots__ = ()


def _linear(value: float) -> nn.Module:
    layer = nn.Linear(2, 2)
    nn.init.constant_(layer.weight, value)
    nn.init.zeros_(layer.bias)
    return layer


def _cycle() -> list[Any]:
    found: list[Any] = [1]
    found.append(found)
    return found


ONE, INF, NAN = torch.ones(2, dtype=torch.float64), math.inf, math.nan

ALIKE = {
    "rounding": (ONE, ONE * (1 + 1e-12)),
    "rounding beside larger": (torch.tensor([1e3, 0.0]).double(), torch.tensor([1e3, 1e-10]).double()),
    "rounding in float32": (torch.ones(2), torch.ones(2) * (1 + 1e-6)),
    "not a number": (torch.tensor([NAN, 1.0]), torch.tensor([NAN, 1.0])),
    "infinite": (torch.tensor([INF, -INF]), torch.tensor([INF, -INF])),
    "types of numbers": (1, 1.0),
    "an array and a tensor": (np.ones(2), ONE),
    "complex": (1 + 2j, torch.tensor(1 + 2j)),
    "large": (2**70, 2**70),
    "larger": (2**2000, 2**2000),
    "larger and infinite": (-(2**2000), -INF),
    "long numbers": (np.longdouble(1.5), 1.5),
    "whole numbers without a sign": (np.array([3], dtype=np.uint16), torch.tensor([3])),
    "backwards": (np.arange(3)[::-1], torch.tensor([2, 1, 0])),
    "arrays of objects": (np.array(["a", None], dtype=object), np.array(["a", None], dtype=object)),
    "sparse": (torch.eye(2).to_sparse(), torch.eye(2)),
    "empty": (torch.zeros(0, 3), torch.zeros(0, 3)),
    "lists": ([1.0, ONE], (1.0, ONE)),
    "mappings": ({"a": ONE, 1: None}, {1: None, "a": ONE}),
    "objects": (_Point(1.0, ONE), _Point(1.0, ONE.clone())),
    "slots": (_Slotted(1.0), _Slotted(1.0)),
    "bare objects": (_Bare(), _Bare()),
    "networks": (_linear(1.0), _linear(1.0)),
    "texts": ("a", "a"),
    "functions": (lambda: 1, lambda: 1),
    "cycles": (_cycle(), _cycle()),
    "dates": (np.datetime64("2020-01-01"), np.datetime64("2020-01-01")),
}

DIFFERENT = {
    "a billionth": (ONE, ONE * (1 + 1e-8)),
    "one entry": (ONE, torch.tensor([1.0, 1.0001]).double()),
    "float32": (torch.ones(2), torch.ones(2) * 1.001),
    "not a number": (NAN, 1.0),
    "signs of infinity": (INF, -INF),
    "infinite and large": (INF, 1e308),
    "shapes": (torch.ones(2), torch.ones(2, 1)),
    "whole numbers": (torch.tensor([1, 2]), torch.tensor([1, 3])),
    "truth values": (True, False),
    "complex": (1 + 2j, 1 - 2j),
    "kinds": (1.0, "1.0"),
    "nothing": (None, 0.0),
    "lengths": ([1.0], [1.0, 1.0]),
    "keys": ({"a": 1}, {"b": 1}),
    "parts of mappings": ({"a": 1}, {"a": 2}),
    "objects": (_Point(1.0, ONE), _Point(1.0, 2 * ONE)),
    "slots": (_Slotted(1.0), _Slotted(2.0)),
    "networks": (_linear(1.0), _linear(2.0)),
    "texts": ("a", "b"),
    "arrays of texts": (np.array(["a"]), np.array(["b"])),
}


@pytest.mark.parametrize("name", ALIKE)
def test_answers_that_are_the_same(name: str) -> None:
    """Rounding, types of numbers and kinds of sequences make no difference."""
    assert same(*ALIKE[name])


@pytest.mark.parametrize("name", DIFFERENT)
def test_answers_that_differ(name: str) -> None:
    """One entry, a shape, a key or a kind is enough."""
    a, b = DIFFERENT[name]
    assert not same(a, b)
    assert not same(b, a)
