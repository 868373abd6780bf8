"""Mistakes that nobody wrote down: what can be done wrong to any function's result, and two mistakes at once.

A wrong answer that calls the right one (`2 * scaled_sum(...)`) can be put on top of another wrong answer: the name of the right
one is bound to that other one. Every such pair is one more wrong answer, to be compared as the others are.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter, neg
from typing import Any

from autograder.assignment.candidates import Candidate
from autograder.assignment.contract import FunctionContract
from autograder.assignment.prices import Mistake
from autograder.assignment.specs import ArraySpec, Spec, TupleSpec

Function = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Suspect:
    """A wrong answer that a submission is compared with.

    Attributes:
        mistakes: What is wrong with it, all at once.
        function: The answer.
    """

    mistakes: tuple[Mistake, ...]
    function: Function = field(repr=False)


def suspects_of(candidates: Sequence[Candidate]) -> list[Suspect]:
    """Return the named mistakes of a task, each with all of its forms, as suspects."""
    return [Suspect((c.mistake,), c.function) for c in candidates if c.mistake is not None]


# --------------------------------------------------------------------------------------- done to any function's result


@dataclass(frozen=True)
class _Change:
    mistake: Mistake
    change: Callable[[Any], Any]


def derived(contract: FunctionContract, reference: Function) -> list[Suspect]:
    """Return what can go wrong with a result of this kind, whatever it is the result of."""
    return [Suspect((one.mistake,), _after(reference, one.change)) for one in _changes(contract.returns)]


def names_for(contract: FunctionContract) -> tuple[str, ...]:
    """Return the names of what can go wrong with a function's result, whatever it is the result of."""
    return tuple(one.mistake.name for one in _changes(contract.returns))


def _after(function: Function, change: Callable[[Any], Any]) -> Function:
    @functools.wraps(function)
    def changed(*args: Any, **kwargs: Any) -> Any:
        return change(function(*args, **kwargs))

    return changed


_REDUCED = Decimal("0.7")
_ON_ANY: tuple[tuple[str, str, int, Callable[[Any], Any]], ...] = (
    (
        "summed_over_all",
        "The result is the sum over all examples; one value for each is asked for.",
        1,
        lambda r: r.sum(),
    ),
    (
        "averaged_over_all",
        "The result is the average over all examples; one value for each is asked for.",
        1,
        lambda r: r.mean(),
    ),
    ("summed_over_last_axis", "The last axis is summed away; it should be kept.", 2, lambda r: r.sum(-1)),
    ("averaged_over_last_axis", "The last axis is averaged away; it should be kept.", 2, lambda r: r.mean(-1)),
    ("summed_over_examples", "The examples are summed; one row for each is asked for.", 2, lambda r: r.sum(0)),
    ("averaged_over_examples", "The examples are averaged; one row for each is asked for.", 2, lambda r: r.mean(0)),
    ("result_transposed", "The result is transposed: its axes are in the wrong order.", 2, lambda r: r.mT),
)
"""Name, sentence, least number of axes, and what is done to a tensor of floats."""


def _changes(returns: Spec) -> Iterator[_Change]:
    if isinstance(returns, TupleSpec):
        if len(returns.items) == 2:
            text = "The two results are in the wrong order."
            yield _Change(Mistake("results_swapped", text, "slip", Decimal("0.75")), _swapped)
        for place in range(len(returns.items)):
            text = f"Only part {place + 1} of the {len(returns.items)} results is returned."
            yield _Change(Mistake(f"only_part_{place + 1}", text, "gap", Decimal("0.45")), itemgetter(place))
    elif isinstance(returns, ArraySpec) and returns.kind == "Float":
        yield _Change(Mistake("negated", "The sign of the result is reversed.", "slip", Decimal("0.65")), neg)
        for name, text, axes, change in _ON_ANY:
            if len(returns.dims) >= axes:
                yield _Change(Mistake(name, text, "slip", _REDUCED), change)


def _swapped(result: Any) -> Any:
    return result[1], result[0]


# --------------------------------------------------------------------------------------------------- two at once


def pairs(
    contract: FunctionContract, reference: Function, known: Sequence[Suspect], others: Sequence[Suspect]
) -> Iterator[Suspect]:
    """Yield the `others` with something done to their results, and under every known mistake that can be put on top of them."""
    changes = list(_changes(contract.returns))
    for one in others:
        for change in changes:
            yield Suspect((*one.mistakes, change.mistake), _after(one.function, change.change))
    for outer in known:
        for inner in others:
            if outer.mistakes != inner.mistakes:
                put = _on_top(outer.function, inner.function, reference)
                if put is not None:
                    yield Suspect((*inner.mistakes, *outer.mistakes), put)


def _on_top(outer: Function, inner: Function, reference: Function) -> Function | None:
    """Return `outer` with `inner` in place of the right answer that it calls; None where it calls none by name."""
    if not isinstance(outer, types.FunctionType):
        return None
    names = [name for name in outer.__code__.co_names if outer.__globals__.get(name) is reference]
    if not names:
        return None
    scope = {**outer.__globals__, **dict.fromkeys(names, inner)}
    made = types.FunctionType(outer.__code__, scope, outer.__name__, outer.__defaults__, outer.__closure__)
    made.__kwdefaults__ = outer.__kwdefaults__
    return made


__all__ = ["Suspect", "derived", "names_for", "pairs", "suspects_of"]
