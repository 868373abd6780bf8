"""Mistakes that nobody wrote down: what can be done to any result, and one mistake on top of another."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from autograder.assignment.candidates import Candidate
from autograder.assignment.contract import FunctionContract, parse_module
from autograder.assignment.prices import CREDITS, Mistake
from autograder.diagnosis.combined import Suspect, derived, pairs, suspects_of

X = torch.arange(6.0).reshape(2, 3)


def contract(returns: str) -> FunctionContract:
    """Return the contract of a function that returns this."""
    (found,) = parse_module(f'def total(x: Float[Tensor, "B D"], *, by: float = 2.0) -> {returns}: ...', "sums")
    return found


def total(x: Tensor, *, by: float = 2.0) -> Tensor:
    """The right answer."""
    return by * x.sum(-1)


def suspect(name: str, function: Callable[..., Any]) -> Suspect:
    """A named mistake."""
    return Suspect((Mistake(name, f"It is {name}.", "slip"),), function)


def by_name(suspects: list[Suspect]) -> dict[str, Suspect]:
    """Return suspects by the names of their mistakes."""
    found = {" ".join(mistake.name for mistake in one.mistakes): one for one in suspects}
    assert len(found) == len(suspects)
    return found


def test_named_mistakes_are_suspects() -> None:
    """With each of their forms; what has no name suspects nobody."""
    half = Mistake("half", "The half is missing.", "slip")
    made = [
        Candidate("total", "half", "mistake", half.text, half, total, "", "half"),
        Candidate("total", "half", "form", half.text, half, abs, "", "half.other"),
        Candidate("total", "odd", "unnamed", "", None, abs, "", "unnamed.odd"),
    ]
    assert [(one.mistakes, one.function) for one in suspects_of(made)] == [((half,), total), ((half,), abs)]


# --------------------------------------------------------------------------------------------------- done to any result

EVERY = {"negated", "summed_over_all", "averaged_over_all"}
ROWS = {
    "summed_over_last_axis",
    "averaged_over_last_axis",
    "summed_over_examples",
    "averaged_over_examples",
    "result_transposed",
}
RETURNS: dict[str, tuple[str, set[str]]] = {
    "a number for each": ('Float[Tensor, "B"]', EVERY),
    "a row for each": ('Float[Tensor, "B D"]', EVERY | ROWS),
    "a 0-d tensor": ('Float[Tensor, ""]', {"negated"}),
    "two": ('tuple[Float[Tensor, "B"], Float[Tensor, "D"]]', {"results_swapped", "only_part_1", "only_part_2"}),
    "three": ("tuple[float, float, float]", {"only_part_1", "only_part_2", "only_part_3"}),
    "whole numbers": ('Int[Tensor, "B"]', set()),
    "a number of Python": ("float", set()),
    "either": ('float | Float[Tensor, "B"]', set()),
}


@pytest.mark.parametrize(("returns", "names"), RETURNS.values(), ids=RETURNS)
def test_what_can_be_done_follows_from_the_contract(returns: str, names: set[str]) -> None:
    """Nothing is done to a result that it could not be done to."""
    assert set(by_name(derived(contract(returns), total))) == names


def test_what_is_done_to_a_tensor() -> None:
    """Each name says what it is; the reference is called as it was."""
    found = by_name(derived(contract('Float[Tensor, "B D"]'), lambda x: 2 * x))
    want = {
        "negated": -2 * X,
        "summed_over_all": (2 * X).sum(),
        "averaged_over_all": (2 * X).mean(),
        "summed_over_last_axis": (2 * X).sum(1),
        "averaged_over_last_axis": (2 * X).mean(1),
        "summed_over_examples": (2 * X).sum(0),
        "averaged_over_examples": (2 * X).mean(0),
        "result_transposed": 2 * X.T,
    }
    assert set(found) == set(want)
    assert all(torch.equal(found[name].function(X), value) for name, value in want.items())


def test_what_is_done_to_several_results() -> None:
    """They change places, or one of them stands for all."""
    found = by_name(derived(contract("tuple[float, float]"), lambda x: (x, x + 1)))
    assert {name: one.function(1) for name, one in found.items()} == {
        "results_swapped": (2, 1),
        "only_part_1": 1,
        "only_part_2": 2,
    }


def test_they_are_called_as_the_reference_is() -> None:
    """Keyword arguments and defaults are those of the reference, and can be looked up."""
    negated = by_name(derived(contract('Float[Tensor, "B"]'), total))["negated"]
    assert inspect.signature(negated.function) == inspect.signature(total)
    assert torch.equal(negated.function(X, by=1.0), -X.sum(-1))


def test_they_are_mild_and_priced() -> None:
    """None leaves less than a gap does, and each says in a sentence what it is."""
    for returns, _ in RETURNS.values():
        for one in derived(contract(returns), total):
            (mistake,) = one.mistakes
            assert mistake.credit is not None
            assert mistake.credit >= CREDITS["gap"]
            assert mistake.text.endswith(".")


# -------------------------------------------------------------------------------------------------------- two at once


def doubled(x: Tensor, *, by: float = 2.0) -> Tensor:
    """A mistake that is made with the right answer."""
    return 2 * total(x, by=by)


def shifted(x: Tensor, *, by: float = 2.0) -> Tensor:
    """Another one."""
    return total(x, by=by) + 1


def unsquared(x: Tensor, *, by: float = 2.0) -> Tensor:
    """One that calls nothing."""
    return by * x.abs().sum(-1)


def closed(again: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """One that knows the right answer as a variable of its own: it is left alone."""

    def enclosed(x: Tensor, *, by: float = 2.0) -> Tensor:
        return again(x, by=by) / 3

    return enclosed


class Called:
    """One that is no function."""

    def __call__(self, x: Tensor, *, by: float = 2.0) -> Tensor:
        """Ask the right one."""
        return total(x, by=by)


KNOWN = [suspect("doubled", doubled), suspect("shifted", shifted), suspect("unsquared", unsquared)]


def two(known: list[Suspect], others: list[Suspect]) -> dict[str, Suspect]:
    """Return pairs of mistakes on top of each other, by their names."""
    found = by_name(list(pairs(contract("float"), total, known, others)))
    assert all(len(one.mistakes) == 2 for one in found.values())
    return found


def test_one_mistake_on_top_of_another() -> None:
    """What is made with the right answer is made with a wrong one, in either order."""
    found = two(KNOWN, KNOWN)
    assert set(found) == {"shifted doubled", "unsquared doubled", "doubled shifted", "unsquared shifted"}
    want = {
        "shifted doubled": 2 * (total(X) + 1),
        "unsquared doubled": 2 * unsquared(X),
        "doubled shifted": 2 * total(X) + 1,
        "unsquared shifted": unsquared(X) + 1,
    }
    assert all(torch.equal(found[name].function(X), value) for name, value in want.items())
    assert torch.equal(found["doubled shifted"].function(X, by=1.0), 2 * X.sum(-1) + 1)


def test_nothing_is_changed_in_the_candidates_themselves() -> None:
    """The name of the right answer is bound anew in a copy."""
    before = doubled(X)
    list(pairs(contract("float"), total, KNOWN, KNOWN))
    assert torch.equal(doubled(X), before)
    assert doubled.__globals__["total"] is total


def test_a_mistake_is_not_put_on_top_of_itself() -> None:
    """Another form of one is the same mistake."""
    forms = [suspect("doubled", doubled), suspect("doubled", lambda x: total(x) + total(x))]
    assert two(forms, forms) == {}


@pytest.mark.parametrize("outer", [closed(total), Called(), Called, abs, partial(doubled, by=1.0), torch.sum])
def test_what_cannot_be_opened_is_left_out(outer: Callable[..., Any]) -> None:
    """Classes, objects, builtins and closures keep the right answer that they know."""
    assert two([suspect("outer", outer)], KNOWN) == {}


def test_a_helper_of_the_same_file_is_not_opened() -> None:
    """Only the right answer that a mistake calls by its own name is replaced, not that of what it calls."""

    def outer(x: Tensor) -> Tensor:
        return doubled(x)

    assert two([suspect("outer", outer)], KNOWN) == {}


def test_done_to_the_result_of_a_mistake() -> None:
    """Whatever can be done to any result, can be done to a wrong one."""
    found = by_name(list(pairs(contract('Float[Tensor, "B"]'), total, [], [suspect("unsquared", unsquared)])))
    assert set(found) == {f"unsquared {name}" for name in EVERY}
    assert torch.equal(found["unsquared negated"].function(X), -unsquared(X))
    assert found["unsquared summed_over_all"].function(X).shape == ()
