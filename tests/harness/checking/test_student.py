"""The fixture `student`: results of every form are compared part by part, and a wrong form is never our error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from autograder.assignment.contract import Contract, parse_module
from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed
from autograder.checking.student import Student, matching_parts
from autograder.outcomes import FailureKind
from autograder.sandbox.inside.values import Handle, Opaque
from autograder.sandbox.questions import Answer, FoundFunction, LoadReport, Question, Refusal

SOURCE = """
def free(x: Float[Tensor, "B"]) -> Float[Tensor, "B K"]: ...
def nested(x: Float[Tensor, "B"]) -> tuple[Float[Tensor, "B"], tuple[float, dict[int, Float[Tensor, "K"]]]]: ...
def named(x: Float[Tensor, "B"]) -> dict[str, float]: ...
def perhaps(x: Float[Tensor, "B"]) -> float | None: ...
def told(x: Float[Tensor, "B"]) -> str: ...
def drawn(x: Float[Tensor, "B"], generator: torch.Generator | None = None) -> float: ...
def sized(x: Float[Tensor, "... B"], n: int, parts: list[Float[Tensor, "D"]]) -> Float[Tensor, "... {n} D"]: ...
"""
X = torch.zeros(2, dtype=torch.float64)


class Says:
    """Answers every question with one value."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def call(self, question: Question) -> Answer | Refusal:
        """Answer it."""
        return Answer(self._value)


def student(value: Any) -> Student:
    """Return a student whose every function returns `value`."""
    contract = Contract({function.name: function for function in parse_module(SOURCE, "work")})
    found = {name: FoundFunction("work.py", (), "function", None) for name in contract.functions}
    return Student(Says(value), LoadReport(found, {}, (), {}), contract, "check")


class SaysInTurn(Says):
    """Answers with one value after the other, and with another one where arguments come by name."""

    def __init__(self, *values: float, named: float) -> None:
        super().__init__(named)
        self._values = list(values)

    def call(self, question: Question) -> Answer | Refusal:
        """Answer it."""
        return Answer(self._value if question.by_name else self._values.pop(0))


def f64(*values: float) -> torch.Tensor:
    """Return a vector."""
    return torch.tensor(values, dtype=torch.float64)


def parts(first: float, entry: float) -> Any:
    """Return a result of `nested`."""
    return (f64(1, 2), (first, {1: f64(3), 7: f64(entry)}))


RIGHT: dict[str, tuple[str, Any, Any]] = {
    "free axis": ("free", torch.ones(2, 3, dtype=torch.float64), torch.ones(2, 3)),
    "nested": ("nested", parts(1.0, 2.0), parts(1.0, 2.0)),
    "named": ("named", {"b": 1.0, "a": 2}, {"a": 2.0, "b": 1.0}),
    "NumPy numbers by name": ("named", {"a": np.array(2.0)}, {"a": 2.0}),
    "None": ("perhaps", None, None),
    "text": ("told", "yes", "yes"),
}
WRONG: dict[str, tuple[str, Any, Any, FailureKind, str]] = {
    "free axis of another size": (
        "free",
        torch.ones(2, 4, dtype=torch.float64),
        torch.ones(2, 3),
        FailureKind.CONTRACT,
        "the result of `free` has shape (2, 4), but should have (2, 3)",
    ),
    "deep value": (
        "nested",
        parts(1.0, 2.0),
        parts(1.0, 3.0),
        FailureKind.VALUE,
        "the entry 7 of part 2 of part 2 of the result of `nested` is wrong",
    ),
    "missing key": (
        "nested",
        (f64(1, 2), (1.0, {1: f64(3)})),
        parts(1.0, 2.0),
        FailureKind.VALUE,
        "part 2 of part 2 of the result has no entry 7",
    ),
    "key too many": (
        "named",
        {"a": 1.0, "b": 1.0},
        {"a": 1.0},
        FailureKind.VALUE,
        "has an entry 'b', which should not",
    ),
    "object for a number": (
        "named",
        {"a": Opaque("set")},
        {"a": 1.0},
        FailureKind.CONTRACT,
        "the entry 'a' of the result of `named` should be a number, but is an object of type set",
    ),
    "value for None": ("perhaps", 1.0, None, FailureKind.VALUE, "is 1.0, but should be None"),
    "None for a value": ("perhaps", None, 1.0, FailureKind.CONTRACT, "should be a number, but is None"),
    "other text": ("told", "no", "yes", FailureKind.VALUE, "the result of `told` is 'no', but should be 'yes'"),
    "handle for a text": ("told", Handle(1, "A"), "yes", FailureKind.VALUE, "is an object of type A, but should be"),
}


@pytest.mark.parametrize(("function", "value", "expected"), RIGHT.values(), ids=RIGHT)
def test_agrees(function: str, value: Any, expected: Any) -> None:
    """A result of any form agrees part by part."""
    student(value).agrees(Case(function, {"x": X}), expected)


@pytest.mark.parametrize(("function", "value", "expected", "kind", "message"), WRONG.values(), ids=WRONG)
def test_disagrees(function: str, value: Any, expected: Any, kind: FailureKind, message: str) -> None:
    """What is wrong is a failure of the student's that names the part, never an error of ours."""
    with pytest.raises(CheckFailed) as caught:
        student(value).agrees(Case(function, {"x": X}), expected)
    assert kind is caught.value.kind
    assert message in caught.value.message


PARTS: dict[str, tuple[Any, Any, str]] = {
    "no dict": (1.0, {"a": 1.0}, "the result should be a dict, but is a float"),
    "a boolean for a key": ({True: 1.0}, {1: 1.0}, "the result has no entry 1"),
    "too few": ((1.0,), (1.0, 2.0), "the result should have 2 parts, but is a tuple of 1"),
    "a number for parts": (1.0, (1.0, 2.0), "the result should have 2 parts, but is a float"),
}


@pytest.mark.parametrize(("got", "expected", "message"), PARTS.values(), ids=PARTS)
def test_other_parts(got: Any, expected: Any, message: str) -> None:
    """A result with other parts than expected is refused in words."""
    with pytest.raises(CheckFailed) as caught:
        list(matching_parts(got, expected))
    assert message == caught.value.message


def test_sizes_of_the_arguments() -> None:
    """Leading axes, entries of a list and whole numbers fix the result's shape."""
    arguments = {"x": torch.zeros(4, 3, 2).double(), "n": 5, "parts": [f64(1, 2, 3)] * 2}
    case = Case("sized", arguments)
    assert student(torch.zeros(4, 3, 5, 3).double()).value(case).shape == (4, 3, 5, 3)
    with pytest.raises(CheckFailed, match=r"has shape \(4, 5, 3\), but should have \(..., n, D\) = \(4, 3, 5, 3\)"):
        student(torch.zeros(4, 5, 3).double()).value(case)


@pytest.mark.parametrize(
    ("values", "named", "fault"),
    [
        ((2.0, 2.0, 2.0), 3.0, True),
        ((2.0, 2.0, 2.0), 2.0, False),
        ((2.0, 2.5, 2.0), 3.0, False),
        ((2.0, 2.0001, 2.0), 3.0, False),
        ((2.0, 2.0, 2.0001), 3.0, False),
    ],
    ids=["other numbers by name", "the same numbers", "without a seed", "close by chance", "twice the same by chance"],
)
def test_noise_without_a_seed_is_no_fault_of_form(values: tuple[float, ...], named: float, fault: bool) -> None:
    """Only what gives the very same numbers whenever it is called plainly is known to give others when it is called by name."""
    one = student(None)
    scattered = 7.0
    one._asked = SaysInTurn(values[0], scattered, *values[1:], named=named)
    one.in_any_manner(Case("drawn", {"x": f64(1.0, 2.0)}))

    if fault:
        with pytest.raises(CheckFailed, match="passed by their names"):
            one.require_form()
    else:
        one.require_form()


@pytest.mark.parametrize(
    "rows", [[[1.0], [2.0]], [(1.0, X), (2.0, X)], [(torch.tensor(1.0), X), (torch.tensor(2.0), X)]]
)
def test_draws_of_numbers_in_another_form(rows: list[Any]) -> None:
    """What a random function returns in a list of its own, or with more beside it, is judged as a number, call by call."""
    assert student(rows).draws(Case("drawn", {"x": X}))(0, 2).tolist() == [1.0, 2.0]
