"""Generic checks: made where they are weighed and not written, and asking what an author would have written out."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from autograder.assignment.contract import Contract, parse_module
from autograder.assignment.loading import Assignment
from autograder.authoring import Case, Draw, check, gradient_check, inputs, made, require_gradients, value_check
from autograder.authoring.failures import CheckFailed
from autograder.authoring.generic import batch_axis, contract_check, vectorised_check, yielded
from autograder.checking.oracle import Oracle
from autograder.checking.session import inputs_of
from autograder.checking.student import Student
from autograder.errors import HarnessFault
from autograder.sandbox.inprocess import OneFunction
from tests.harness.student_kit import ROOT

REFERENCE = 'def total(x: Float[Tensor, "B D"], w: Float[Tensor, "D"]) -> Float[Tensor, "B"]: ...'
CONTRACT = Contract({function.name: function for function in parse_module(REFERENCE, "sums")})


@inputs("total")
def total(draw: Draw) -> dict[str, Any]:
    """A weighted sum."""
    return {"x": draw.normal("B", "D", mean=3.0), "w": draw.uniform("D", low=0.5, high=1.5)}


def right(x: Any, w: Any) -> Any:
    """What is asked for."""
    return x @ w


def student(function: Any) -> Student:
    """Return someone who hands in `function`."""
    asked = OneFunction("total", function)
    return Student(asked, asked.report, CONTRACT, "total.value")


ORACLE = Oracle({"total": right}, CONTRACT)
BOTH = ("contract", "vectorised")


def namespace(**more: Any) -> dict[str, Any]:
    """Return a test module with the inputs in it."""
    return {"__name__": __name__, "total": total, **more}


# ------------------------------------------------------------------------------------------------------- yielded


def test_what_is_weighed_is_made() -> None:
    """Only the checks that the rubric names for the task, under names that pytest collects."""
    found = yielded(namespace(), lambda task: {"total": BOTH}.get(task, ()))

    assert list(found) == ["test_contract_of_total", "test_vectorised_of_total"]
    assert list(yielded(namespace(), lambda task: ["value", "contract"])) == ["test_contract_of_total"]
    assert yielded(namespace(), lambda task: []) == {}
    (mark,) = found["test_contract_of_total"].pytestmark  # type: ignore[attr-defined]
    assert (mark.name, mark.kwargs["task"], mark.kwargs["name"]) == ("check", "total", "contract")
    assert (found["test_contract_of_total"].__doc__ or "").startswith("`total` exists, takes the documented arguments")


def test_what_the_author_wrote_is_left_alone() -> None:
    """A check of the same task and name that stands in the module is not made again."""

    @check("total", "contract")
    def test_own(student: Any) -> None:
        """Of the author."""

    @check("another", "vectorised")
    def test_another(student: Any) -> None:
        """Of another task."""

    found = yielded(namespace(test_own=test_own, test_another=test_another), lambda task: BOTH)

    assert list(found) == ["test_vectorised_of_total"]


def test_imported_inputs_are_left_to_their_module() -> None:
    """Two modules with the same inputs do not make the same check twice."""
    assert yielded({**namespace(), "__name__": "elsewhere"}, lambda task: BOTH) == {}


# --------------------------------------------------------------------------------------------------- what they ask


BUFFERS: dict[Any, torch.Tensor] = {}


def written_over(x: Any, w: Any) -> Any:
    """Return the same buffer for every result of one shape."""
    found = x @ w
    return BUFFERS.setdefault((found.shape, found.dtype), torch.empty_like(found)).copy_(found)


def without_gradients(x: Any, w: Any) -> Any:
    """Switch gradients off and leave them so."""
    torch.set_grad_enabled(False)
    return x @ w


def right_without_gradients(x: Any, w: Any) -> Any:
    """Switch them off for as long as it takes."""
    with torch.no_grad():
        return x @ w


def test_contract_asks_for_form() -> None:
    """Right work passes; another shape does not at once, and a changed input, or another form, in the end."""
    for function, message, forms in (
        (right, "", ()),
        (lambda x, w: x.mul_(2.0) @ w, "changed its argument `x`: work on a copy", ("changed_input",)),
        (written_over, "writes over the result of an earlier call", ("changed_result",)),
        (without_gradients, "leaves gradients switched off", ("gradients_left_off",)),
        (right_without_gradients, "", ()),
        (lambda x, w: (x @ w)[:, None].numpy(), "NumPy array", ("numpy_array", "size_one_axis")),
    ):
        asked = student(function)
        contract_check(total)(student=asked)
        if not forms:
            asked.require_form()
            continue
        with pytest.raises(CheckFailed, match=message) as caught:
            asked.require_form()
        assert caught.value.forms == forms
    with pytest.raises(CheckFailed, match="shape") as substance:
        contract_check(total)(student=student(lambda x, w: (x @ w).sum()))
    assert substance.value.forms == ()


def test_contract_makes_objects_and_asks_their_methods() -> None:
    """Every method that the inputs call is asked, with its arguments."""
    asked: list[Any] = []

    class Somebody:
        def make(self, case: Any) -> Any:
            asked.append(("made", case.arguments["width"]))
            return self

        def value(self, method: str, arguments: Any, *, form: bool) -> None:
            assert form
            asked.append((method, sorted(arguments)))

    @inputs("Layer")
    def layer(draw: Draw) -> Any:
        return made({"width": draw.size("D")}, forward={"x": draw.normal("B", "D")}, reset={})

    contract_check(layer)(student=Somebody())

    assert asked[0][0] == "made"
    assert asked[1:3] == [("forward", ["x"]), ("reset", [])]


def looped(x: Any, w: Any) -> Any:
    """Right, one example at a time."""
    return torch.stack([row @ w for row in x])


def test_vectorised_counts_operations() -> None:
    """A loop over the examples is noticed, one over nothing is not."""
    vectorised_check(total)(student=student(right), contract=CONTRACT)
    with pytest.raises(
        CheckFailed, match=r"`total` runs \d+ tensor operations for a batch of 6, but \d+ for a batch of 29"
    ) as caught:
        vectorised_check(total)(student=student(looped), contract=CONTRACT)
    assert caught.value.forms == ("loop_over_examples",)


def drawn_again(x: Any, w: Any) -> Any:
    """Right, with operations that grow with the logarithm of the batch, as those of a sampler that draws until it accepts do."""
    waste, left = x.sum(), 2 * len(x)
    while left := left // 2:
        for _ in range(8):
            waste = waste * 0
    return x @ w


def test_vectorised_lets_a_logarithm_pass() -> None:
    """What grows with the logarithm of the batch only is no loop over the examples."""
    vectorised_check(total)(student=student(drawn_again), contract=CONTRACT)


def test_vectorised_needs_a_batch() -> None:
    """Where neither signature nor author says which axis is the batch, that is a mistake of the assignment."""
    (square,) = parse_module('def total(x: Float[Tensor, "D D"]) -> Float[Tensor, "D D"]: ...', "sums")
    with pytest.raises(HarnessFault, match="which axis of `total` is the batch does not follow"):
        vectorised_check(total)(student=student(right), contract=Contract({"total": square}))
    said = inputs("total", batch="B")(total.builder)
    vectorised_check(said)(student=student(right), contract=CONTRACT)


AXES = {
    'def f(x: Float[Tensor, "B D"]) -> Float[Tensor, "B"]: ...': "B",
    'def f(w: Float[Tensor, "S B"]) -> Float[Tensor, "B"]: ...': "B",
    'def f(x: Float[Tensor, "B D"], W: Float[Tensor, "D M"]) -> tuple[Float[Tensor, "B M"], Float[Tensor, "M M"]]: ...': "B",
    'def f(x: Float[Tensor, "N D"], n: int = 1) -> Float[Tensor, ""]: ...': "N",
    'def f(W: Float[Tensor, "D M"]) -> tuple[Float[Tensor, "D"], Float[Tensor, "D D"]]: ...': None,
    'def f(n: int) -> Float[Tensor, "n"]: ...': None,
    'def f(x: Float[Tensor, "N D"]) -> tuple[float, float]: ...': None,
}


@pytest.mark.parametrize(("signature", "axis"), AXES.items())
def test_the_batch_axis_follows_from_the_signature(signature: str, axis: str | None) -> None:
    """First axis of the first result that an argument has and no result has twice; else, for a 0-d result, of the first argument."""
    (function,) = parse_module(signature, "sums")
    assert batch_axis(function) == axis


def test_every_vectorised_check_of_the_rubric_has_an_axis() -> None:
    """It follows from the signature, or the inputs name it: a batch (B) mostly, a data set (N), or many z for one image (S)."""
    own = Assignment(ROOT)
    given = inputs_of(own.code)
    weighed = [check_id.split(".")[0] for check_id in own.rubric.check_ids() if "vectorised" in check_id]
    axes = {task: given[task].batch or batch_axis(own.contract[task]) for task in weighed}

    assert set(axes.values()) <= {"B", "N", "S"}
    assert (axes["elbo"], axes["ppca_log_likelihood"]) == ("B", "N")


def test_value_compares_with_the_reference() -> None:
    """The sentence is what students read, the help what a failing one reads besides."""
    function = value_check(total, "Σ w x, summed over D.", help="Over the last axis.", examples=5)
    assert function.__doc__ == "Σ w x, summed over D."

    function(student=student(right), oracle=ORACLE)
    with pytest.raises(CheckFailed, match="gives a wrong value") as caught:
        function(student=student(lambda x, w: 2 * (x @ w)), oracle=ORACLE)
    assert caught.value.help == "Over the last axis."


def test_gradient_compares_with_the_reference() -> None:
    """A detached part is found although the value is right; other sizes may be said."""
    function = gradient_check(total, ["x", "w"], "It can be differentiated.", examples=2)
    other = gradient_check(total, ["x"], "It can be differentiated.", sizes=total.sizes[0], examples=1)

    for asked in (function, other):
        asked(student=student(right), oracle=ORACLE)
    with pytest.raises(CheckFailed, match="the gradient with respect to `w` of `total` is wrong"):
        function(student=student(lambda x, w: x @ w.detach()), oracle=ORACLE)
    require_gradients(student(right), ORACLE, total.generic(), ["w"])


def test_gradients_by_a_number_are_those_of_the_submissions_own_value() -> None:
    """Where the value is another one, a gradient by a 0-d tensor must be the slope of that value."""
    contract = Contract(
        {
            f.name: f
            for f in parse_module(
                'def scaled(x: Float[Tensor, "B"], by: float | Float[Tensor, ""]) -> Float[Tensor, "B"]: ...', "sums"
            )
        }
    )
    oracle = Oracle({"scaled": lambda x, by: by * x}, contract)
    case = Case(
        "scaled", {"x": torch.tensor([1.0, 2.0], dtype=torch.float64), "by": torch.tensor(3.0, dtype=torch.float64)}
    )

    def asked(function: Any) -> Student:
        one = OneFunction("scaled", function)
        return Student(one, one.report, contract, "scaled.gradient")

    require_gradients(asked(lambda x, by: 2 * by * x), oracle, case, ["x", "by"])
    with pytest.raises(
        CheckFailed, match="the gradient with respect to `by` of `scaled` is not that of the function itself"
    ):
        require_gradients(asked(lambda x, by: 2 * by.detach() * x), oracle, case, ["x", "by"])


def test_calls_with_one_generator_have_one_program_around_them() -> None:
    """The global generators are seeded once, too: what seeds itself anew from them repeats its noise, what draws from them does not."""
    contract = Contract(
        {
            f.name: f
            for f in parse_module(
                'def noise(x: Float[Tensor, "B"], *, generator: torch.Generator | None = None) -> Float[Tensor, "B"]: ...',
                "sums",
            )
        }
    )
    case = Case("noise", {"x": torch.zeros(3, dtype=torch.float64)})

    def drawn(function: Any, **manner: Any) -> int:
        one = OneFunction("noise", function)
        return len(torch.unique(Student(one, one.report, contract, "noise.fresh").many(case, 4, **manner), dim=0))

    def again(x: torch.Tensor) -> torch.Tensor:
        return torch.randn(x.shape, generator=torch.Generator().manual_seed(torch.initial_seed()), dtype=x.dtype)

    assert drawn(torch.randn_like) == drawn(torch.randn_like, one_generator=True) == drawn(again) == 4
    assert drawn(again, one_generator=True) == 1
