"""What a mistake costs: severities, and the faults of form that every task knows. Data alone; `Rubric` may change each number.

A *credit* is the share of a task's points that is kept where the mistake explains all that failed. Credits of independent mistakes
multiply.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

Severity = Literal["form", "slip", "gap", "empty"]

CREDITS: Mapping[Severity, Decimal] = {
    "form": Decimal("0.85"),
    "slip": Decimal("0.6"),
    "gap": Decimal("0.4"),
    "empty": Decimal("0.1"),
}
"""What is kept where neither the mistake nor the rubric says otherwise: right in another dress; one edit from right; a part of the
idea, or the very point of the task, is missing; the idea is not there."""


@dataclass(frozen=True)
class Mistake:
    """A mistake that was recognised.

    Attributes:
        name: An identifier.
        text: What is wrong, in one sentence.
        severity: How grave it is.
        credit: Its own share, where its author gave one.
    """

    name: str
    text: str
    severity: Severity = "slip"
    credit: Decimal | None = None


LOOP = "loop_over_examples"
NO_GRADIENT = "result_without_gradient"

FORMS: Mapping[str, Mistake] = {
    form.name: form
    for form in (
        Mistake("other_dtype", "The result has another dtype than the inputs.", "form", Decimal("0.95")),
        Mistake("numpy_array", "The result is a NumPy array; a tensor is asked for.", "form"),
        Mistake("python_list", "The result is a list; a tensor is asked for.", "form"),
        Mistake("python_number", "The result is a Python number; a 0-d tensor is asked for.", "form"),
        Mistake(
            NO_GRADIENT,
            "The result left PyTorch (as an array, a list or a number), so no gradient flows through it.",
            "form",
            Decimal("0.75"),
        ),
        Mistake("size_one_axis", "The result has an axis of size 1 too many, too few or in another place.", "form"),
        Mistake("extra_output", "More is returned than is asked for; what comes first was judged.", "form"),
        Mistake(
            "scattered_memory",
            "It needs arguments that lie in one piece in memory; slices, transposes and expanded tensors are right arguments, too.",
            "form",
            Decimal("0.95"),
        ),
        Mistake(
            "called_by_name",
            "Called with its arguments by name it gives another result or an error.",
            "form",
            Decimal("0.95"),
        ),
        Mistake("changed_input", "An argument is changed in place; the caller still needs it.", "form"),
        Mistake(
            "changed_result",
            "A call writes over the result of an earlier one, which the caller may still need.",
            "form",
        ),
        Mistake(
            "gradients_left_off",
            "Gradients are switched off for the whole program and stay off after the call.",
            "form",
        ),
        Mistake(
            LOOP,
            "A Python loop goes over the examples of the batch; operations on whole tensors do all of them at once.",
            "form",
            Decimal("0.95"),
        ),
    )
}
"""Faults of form by name. What they do to an answer is undone before its value is judged (see `checking.ladder`)."""

_LEFT_PYTORCH = frozenset({"numpy_array", "python_list", "python_number"})


def without_repeats(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of mistakes, each once, without those that another one says already."""
    unique = dict.fromkeys(names)
    return tuple(name for name in unique if not (name in _LEFT_PYTORCH and NO_GRADIENT in unique))


def product(credits: Iterable[Fraction]) -> Fraction:
    """Return what is kept with several mistakes at once."""
    kept = Fraction(1)
    for credit in credits:
        kept *= credit
    return kept


__all__ = ["CREDITS", "FORMS", "LOOP", "NO_GRADIENT", "Mistake", "Severity", "product", "without_repeats"]
