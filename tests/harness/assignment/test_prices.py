"""What mistakes cost: severities, faults of form, and how they come together."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import get_args

from autograder.assignment.prices import CREDITS, FORMS, LOOP, NO_GRADIENT, Severity, product, without_repeats
from autograder.assignment.rubric import Credits
from autograder.authoring.failures import CheckFailed
from autograder.outcomes import FailureKind


def test_severities_go_from_mild_to_grave() -> None:
    """Each keeps less than the one before, and a rubric that says nothing has just these."""
    assert tuple(CREDITS) == get_args(Severity)
    assert list(CREDITS.values()) == sorted(CREDITS.values(), reverse=True)
    assert Credits().model_dump() == dict(CREDITS)
    assert all(isinstance(kept, Decimal) and 0 < kept < 1 for kept in CREDITS.values())


def test_form_costs_little() -> None:
    """Every fault of form is one, says in one sentence what it is, and alone leaves three quarters and more."""
    for name, fault in FORMS.items():
        assert (fault.name, fault.severity) == (name, "form")
        assert name.isidentifier()
        assert fault.text.endswith(".")
        assert Decimal("0.75") <= (CREDITS["form"] if fault.credit is None else fault.credit) < 1
    assert {LOOP, NO_GRADIENT} < set(FORMS)


def test_no_fault_of_form_is_noted_that_has_no_price() -> None:
    """Names that checks give are looked up when points are computed: one that is missing would break a grading."""
    failure = CheckFailed(FailureKind.CONTRACT, "", forms=(LOOP, NO_GRADIENT))
    assert all(name in FORMS for name in failure.forms)


def test_what_is_said_already_is_not_said_again() -> None:
    """Each name once, in order; what has left PyTorch has no gradient, and costs what that costs."""
    assert without_repeats(["b", "a", "b"]) == ("b", "a")
    assert without_repeats(["numpy_array", "other_dtype", NO_GRADIENT]) == ("other_dtype", NO_GRADIENT)
    assert without_repeats([NO_GRADIENT, "python_list", "python_number"]) == (NO_GRADIENT,)
    assert without_repeats(["numpy_array", "python_list"]) == ("numpy_array", "python_list")
    assert without_repeats([]) == ()


def test_credits_multiply_exactly() -> None:
    """Nothing is rounded before points are."""
    assert product([]) == 1
    assert product([Fraction("0.6"), Fraction("0.4"), Fraction("0.85")]) == Fraction("0.204")
