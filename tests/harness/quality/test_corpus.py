"""The fairness corpus: right work in other forms costs little, fillings earn nothing, and validation says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from autograder.assignment.contract import FunctionContract, parse_module
from autograder.assignment.loading import Assignment
from autograder.authoring import Case
from autograder.outcomes import Outcome
from autograder.quality.corpus import can_be_formed, fillings_of, forms_of
from autograder.quality.matrix import Row, corpus_of, run_matrix
from autograder.quality.page import validation_page
from autograder.quality.validation import Validation

Small = Callable[..., Assignment]
HIDDEN = "tests/hidden/sums/test_scaled_sum.py"
X, W = torch.arange(6.0).reshape(2, 3), torch.tensor([1.0, 2.0, 3.0])
SIGNATURE = 'def total(x: Float[Tensor, "B D"], w: Float[Tensor, "D"]) -> {}: ...'


def contract(returns: str = 'Float[Tensor, "B"]') -> FunctionContract:
    """Return the contract of a function that returns this."""
    (found,) = parse_module(SIGNATURE.format(returns), "sums")
    return found


def total(x: Tensor, w: Tensor) -> Tensor:
    """The right answer."""
    return x @ w


def both(x: Tensor, w: Tensor) -> tuple[Tensor, float]:
    """A right answer of two parts."""
    return x @ w, float(w.sum())


# --------------------------------------------------------------------------------------------------------------- forms


def test_every_form_holds_the_right_numbers() -> None:
    """In another dtype, kind or shape, or computed in another way."""
    forms = forms_of(contract(), total)
    got = {name: form.function(X, W) for name, form in forms.items()}

    assert list(got) == [
        "float64",
        "numpy_array",
        "list",
        "column",
        "row",
        "zero_dimensional",
        "extra_output",
        "in_place_on_a_copy",
        "loop",
    ]
    assert got["float64"].dtype == torch.float64
    assert isinstance(got["numpy_array"], np.ndarray)
    assert got["list"] == (X @ W).tolist()
    assert [tuple(got[name].shape) for name in ("column", "row", "zero_dimensional")] == [(2, 1), (1, 2), (2,)]
    assert isinstance(got["extra_output"], tuple)
    got["extra_output"] = got["extra_output"][0]
    assert all(torch.equal(torch.as_tensor(value).float().flatten(), X @ W) for value in got.values())


def test_forms_of_several_results_are_forms_of_each() -> None:
    """Numbers among them have forms of their own, and more is returned behind the last."""
    got = {name: form.function(X, W) for name, form in forms_of(contract("tuple[Tensor, float]"), both).items()}

    assert got["list"] == ((X @ W).tolist(), [6.0])
    assert got["column"][1].shape == (1,)
    assert got["zero_dimensional"][1].shape == ()
    assert isinstance(got["numpy_array"][1], np.float64)
    assert len(got["extra_output"]) == 3
    assert "loop" not in got


def test_arguments_stay_as_they_are() -> None:
    """Work in place is done on a copy."""
    before = X.clone()
    forms_of(contract(), total)["in_place_on_a_copy"].function(X, w=W)
    assert torch.equal(X, before)


def test_a_zero_dimensional_form_has_no_axes() -> None:
    """A vector of one entry is a number then."""
    assert forms_of(contract(), total)["zero_dimensional"].function(X[:1], W).shape == ()


def test_what_gradients_flow_through() -> None:
    """Arrays and lists have left PyTorch, and are marked; the others can be differentiated."""
    x = X.clone().requires_grad_()
    for name, form in forms_of(contract(), total).items():
        assert form.keeps_gradient == (name not in ("numpy_array", "list"))
        value = form.function(x, W)
        value = value[0] if isinstance(value, tuple) else value
        assert form.keeps_gradient == (isinstance(value, Tensor) and value.requires_grad)


LOOPS = {
    'Float[Tensor, "B"]': True,
    'Float[Tensor, "B D"]': True,
    'Float[Tensor, ""]': False,
    'tuple[Float[Tensor, "B"], Float[Tensor, "B"]]': True,
    'tuple[Float[Tensor, "B"], Float[Tensor, "D D"]]': True,
    'tuple[Float[Tensor, "K"], Float[Tensor, "K"]]': False,
    'tuple[Float[Tensor, "B"], float]': False,
    "float": False,
}


@pytest.mark.parametrize(("returns", "loops"), LOOPS.items())
def test_rows_are_computed_one_by_one_where_they_can_be(returns: str, loops: bool) -> None:
    """Only where arrays are asked for, of which some have the batch along an axis."""
    assert ("loop" in forms_of(contract(returns), total)) == loops


def test_what_depends_on_all_rows_is_not_computed_one_by_one() -> None:
    """A call tells: rows that are centred by their common mean have no such form."""
    centred = 'Float[Tensor, "B D"]'
    case = Case("total", {"x": X, "w": W})

    assert "loop" in forms_of(contract(centred), lambda x, w: x * w, case)
    assert "loop" not in forms_of(contract(centred), lambda x, w: (x - x.mean(0)) * w, case)


def test_the_loop_goes_over_the_batch_that_the_inputs_name() -> None:
    """Where the first axis of the result is another one, such as that of samples."""
    seen: list[int] = []

    def transposed(x: Tensor, w: Tensor) -> Tensor:
        seen.append(len(x))
        return w[:, None] * x.mT

    looped = forms_of(contract('Float[Tensor, "D B"]'), transposed, batch="B")["loop"].function(X, W)

    assert torch.equal(looped, W[:, None] * X.mT)
    assert seen == [1] * len(X)


# ------------------------------------------------------------------------------------------------------------ fillings


def test_fillings_look_right_and_say_nothing() -> None:
    """Of the right types and shapes, whatever the arguments are."""
    fillings = fillings_of(both)
    for fill in fillings.values():
        tensor, number = fill(X, W)
        assert (tensor.shape, tensor.dtype, type(number)) == ((2,), torch.float32, float)
        assert not torch.equal(tensor, X @ W)
    constants = {name: fillings[name](X, W)[0].unique().tolist() for name in ("zeros", "ones", "constant")}
    assert constants == {"zeros": [0.0], "ones": [1.0], "constant": [pytest.approx(-0.3)]}
    assert fillings["nan"](X, W)[0].isnan().all()


def test_noise_is_no_standard_normal() -> None:
    """Draws from N(0, 1) are the right answer of some tasks, in whole or in part: noise has another mean and another spread."""
    noise = fillings_of(lambda x: torch.zeros(20_000))["noise"](X)
    assert 0.2 < float(noise.mean()) < 0.4
    assert 1.6 < float(noise.std()) < 1.8


def test_an_argument_is_given_back() -> None:
    """As it is where one has the shape of the result; cut or repeated where none has."""
    copied = fillings_of(lambda x, w: 2 * x)["inputs"]
    assert torch.equal(copied(X, W), X)
    assert copied(X, W) is not X
    assert torch.equal(fillings_of(total)["inputs"](X, W), X.flatten()[:2])
    assert torch.equal(fillings_of(lambda w: torch.zeros(7))["inputs"](W), W.repeat(3)[:7])


def test_the_shape_alone_draws_no_random_numbers() -> None:
    """A filling of a random function leaves the generators as they were."""
    filled = fillings_of(lambda x: torch.randn_like(x))["zeros"]
    torch.manual_seed(0)
    first = torch.rand(3)
    torch.manual_seed(0)
    filled(X)
    assert torch.equal(torch.rand(3), first)


FORMABLE = {
    'Float[Tensor, "B"]': True,
    'tuple[Float[Tensor, "B"], float, int]': True,
    "float": True,
    'list[Float[Tensor, "B"]]': True,
    "str": False,
    "Model": False,
    "dict[str, float]": False,
    'Float[Tensor, "B"] | None': False,
}


@pytest.mark.parametrize(("returns", "formable"), FORMABLE.items())
def test_what_has_forms(returns: str, formable: bool) -> None:
    """Arrays and numbers; nothing that stays inside, and no text."""
    assert can_be_formed(contract(returns).returns) == formable


# -------------------------------------------------------------------------------------------------- in the validation


def rows_of(assignment: Assignment) -> dict[str, Row]:
    """What happened to every form and filling."""
    return {f"{row.kind} {row.name}": row for row in run_matrix(assignment, corpus_of(assignment))}


def test_forms_keep_nearly_everything_and_fillings_nothing(small: Small) -> None:
    """The small assignment is fair: no form fails a check of its values, and each is told by its own name."""
    rows = rows_of(small())
    forms = {name.removeprefix("form "): row for name, row in rows.items() if row.kind == "form"}
    found = Validation(tuple(rows.values()), 0, (), 0.0)

    assert {name: row.named for name, row in forms.items()} == {
        "float64": ("other_dtype",),
        "numpy_array": ("numpy_array",),
        "list": ("python_list",),
        "column": ("size_one_axis",),
        "row": ("size_one_axis",),
        "zero_dimensional": ("size_one_axis",),
        "extra_output": ("extra_output",),
        "in_place_on_a_copy": (),
        "loop": (),
    }
    assert {row.outcomes["value"] for row in forms.values()} == {Outcome.PASSED}
    assert {round(row.share, 4) for row in forms.values()} == {0.85, 0.95, 1.0}
    assert {row.share for row in rows.values() if row.kind == "filling"} == {0.0}
    assert found.unfair == ()
    assert found.fairness_line() == "form costs at most 15%, fillings earn at most 0%"


def test_an_unfair_check_is_noticed(small: Small) -> None:
    """One that looks at the kind of a value and at nothing else: it lets everything pass that is a tensor."""
    strict = """
        from autograder.authoring import check
        from tests.public.sums.test_scaled_sum import scaled_sum

        @check("scaled_sum", "value")
        def test_value(student):
            \"\"\"It answers in the dtype of its inputs.\"\"\"
            case = scaled_sum.generic()
            answer = student.ask(case).value
            dtype = getattr(answer, "dtype", None)
            student.require(dtype == case.dtype(), case, "another dtype")
    """
    found = Validation(tuple(rows_of(small({HIDDEN: strict})).values()), 0, (), 0.0)

    assert "scaled_sum filled with zeros earns 1.00" in found.unfair
    assert any(said.startswith("scaled_sum as list keeps 0.") for said in found.unfair)
    assert not any("column" in said for said in found.unfair)
    assert not found.ok


# --------------------------------------------------------------------------------------------- what validation says

FAILED, PASSED = {"value": Outcome.FAILED}, {"value": Outcome.PASSED}


def row(kind: Any, name: str, share: float, due: float | None = None, **more: Any) -> Row:
    """A row of one check, which failed."""
    named = (name,) if kind == "misconception" else ()
    made = Row(kind, "t", name, FAILED, {}, named, share=share, due=due)
    return replace(made, **more)


def validation(*rows: Row) -> Validation:
    """The result of a validation with these rows, in which every check catches something."""
    return Validation(rows, 0, (), 0.0)


def test_a_mistake_has_to_keep_what_its_severity_says() -> None:
    """To a thousandth; what passes everything is a survivor, and what is not diagnosed earns by its checks."""
    half = row("misconception", "half", 0.6, 0.6)
    assert validation(half).mispriced == ()
    assert validation(replace(half, share=0.6004)).mispriced == ()
    dear = validation(replace(half, share=0.35))
    assert (dear.mispriced, dear.ok) == (("t/half keeps 0.35, not 0.60",), False)
    assert validation(replace(half, share=0.2, diagnosed=False, named=())).mispriced == ()
    assert validation(replace(half, share=1.0, outcomes=PASSED)).mispriced == ()
    assert validation(row("form", "list", 0.9, 0.5), half).mispriced == ()


FAIR = {
    "form": (row("form", "list", 0.85), ()),
    "a dear form": (row("form", "list", 0.84), ("t as list keeps 0.84",)),
    "a form without gradient": (row("form", "list", 0.70, keeps_gradient=False), ()),
    "a dear form without gradient": (row("form", "list", 0.69, keeps_gradient=False), ("t as list keeps 0.69",)),
    "a filling": (row("filling", "zeros", 0.0, 0.0), ()),
    "a filling that earns": (row("filling", "zeros", 0.0625, 0.0), ("t filled with zeros earns 0.06",)),
    "a variant": (row("variant", "other", 0.0), ()),
}


@pytest.mark.parametrize(("one", "said"), FAIR.values(), ids=FAIR)
def test_what_is_unfair_is_said(one: Row, said: tuple[str, ...]) -> None:
    """Forms that keep too little and fillings that earn anything, with the share; then it is not ok."""
    found = validation(one, row("misconception", "half", 0.6, 0.6))
    assert found.unfair == said
    assert found.ok == (said == ())


def test_the_panel_is_an_average() -> None:
    """How far graded pieces are from what people gave; without any there is none, and a large distance is not ok."""
    half = row("misconception", "half", 0.6, 0.6)
    near = validation(half, row("graded", "a", 0.60, 0.70), row("graded", "b", 0.40, 0.40))
    far = validation(half, row("graded", "a", 0.60, 0.75), row("graded", "b", 0.40, 0.40))

    assert validation(half).panel is None
    assert near.panel == pytest.approx(0.05)
    assert near.ok
    assert far.panel == pytest.approx(0.075)
    assert not far.ok


def test_the_line_of_fairness() -> None:
    """What form costs, what fillings earn, what mistakes keep and how far people are: what there is of it."""
    rows = [
        row("misconception", "half", 0.6, 0.6),
        row("misconception", "gap", 0.4, 0.4),
        row("misconception", "sign", 0.7, 0.7),
        row("misconception", "survivor", 1.0, 0.4, outcomes=PASSED),
        row("form", "list", 0.75, keeps_gradient=False),
        row("form", "row", 1.0, outcomes=PASSED),
        row("filling", "zeros", 0.0, 0.0),
        row("graded", "a", 0.5, 0.55),
    ]
    assert validation(*rows).fairness_line() == (
        "form costs at most 25%, fillings earn at most 0%, named mistakes keep a median of 60%, panel differs by 0.050 (1 pieces)"
    )
    assert validation(rows[0]).fairness_line() == "named mistakes keep a median of 60%"
    assert validation().fairness_line() == ""


def test_forms_count_among_what_a_check_catches() -> None:
    """A check that only another form fails is not idle; fillings and graded pieces say nothing of a check."""
    outcomes = {"contract": Outcome.FAILED, "value": Outcome.PASSED}
    half = row("misconception", "half", 0.6, 0.6, outcomes={"contract": Outcome.PASSED, "value": Outcome.FAILED})
    assert validation(half).idle == ("t.contract",)
    assert validation(half, row("form", "list", 0.85, outcomes=outcomes)).idle == ()
    assert validation(half, row("filling", "zeros", 0.0, outcomes=outcomes)).idle == ("t.contract",)


def test_the_page_has_prices() -> None:
    """Every row with the share that it keeps and the one that is due, and what is wrong with them at the top."""
    page = validation_page(
        validation(
            row("misconception", "half", 0.35, 0.6), row("form", "list", 0.8), row("filling", "zeros", 0.25, 0.0)
        )
    )
    assert "t/half keeps 0.35, not 0.60" in page
    assert "t as list keeps 0.80" in page
    assert "t filled with zeros earns 0.25" in page
    assert "list (form)" in page
    assert "form costs at most 20%" in page
