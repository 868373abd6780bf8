"""Behaviour in words."""

from __future__ import annotations

from typing import Any

import factories
import pytest

from autograder.behaviour import Behaviour, ProbeAnswer
from autograder.outcomes import FailureKind, Outcome
from autograder.report import staff_page, student_page
from autograder.report.behaved import in_words, of_answer, sizes_in_words
from autograder.report.redact import for_student


def answer(relation: str = "equal", size: int = 2, **more: Any) -> ProbeAnswer:
    """One answer."""
    return ProbeAnswer.model_validate({"sizes": {"B": size, "D": 3}, "relation": relation, **more})


def behaviour(*answers: ProbeAnswer, **more: Any) -> Behaviour:
    """What came back."""
    return Behaviour(probes="p", answers=answers, **more)


TWICE = {"relation": "factor", "number": 2.0}
RAISED = {"relation": "failed", "failure": "exception", "exception": "IndexError", "line": "return `x`[3]"}
SAID = {
    "a factor everywhere": (behaviour(answer(), relation="factor", number=2.0), "2 × what is expected, everywhere"),
    "the sign": (behaviour(answer(), relation="factor", number=-1.0), "minus what is expected, everywhere"),
    "too little": (behaviour(answer(), relation="offset", number=-0.25), "0.25 too little, everywhere"),
    "only where B is 1": (
        behaviour(answer(size=1, **TWICE), answer(), answer(size=5)),
        "right but for B = 1: 2 × what is expected",
    ),
    "not where B is 1": (
        behaviour(answer(size=1), answer(**TWICE), answer(size=5, **TWICE)),
        "right but for B > 1: 2 × what is expected",
    ),
    "for no reason of size": (behaviour(answer(), answer(**TWICE)), "right but on 1 of 2 probes: 2 × what is expected"),
    "raised": (behaviour(answer(**RAISED)), "IndexError in the line `return 'x'[3]`, everywhere"),
    "two sorts": (
        behaviour(answer(**RAISED), answer("lost")),
        "IndexError in the line `return 'x'[3]` or NaN or infinite",
    ),
    "three sorts": (
        behaviour(answer("lost"), answer(**TWICE), answer("other")),
        "NaN or infinite or 2 × what is expected or otherwise",
    ),
    "right": (behaviour(answer(), answer()), "right on all 2 probes of the class"),
    "draws": (behaviour(answer("alike"), random=True), "right in mean and spread on all 1 probes of the class"),
    "not asked": (behaviour(remark="not asked: no calls were left"), "not asked: no calls were left"),
    "nothing known": (behaviour(), "nothing was asked"),
    "values": (behaviour(answer("other", digest=(2.5, 0.0, 0.0))), "other values (the largest is 2.5), everywhere"),
}


@pytest.mark.parametrize(("one", "words"), SAID.values(), ids=SAID)
def test_a_behaviour_in_words(one: Behaviour, words: str) -> None:
    """As a TA would say it."""
    assert in_words(one) == words


@pytest.mark.parametrize("kind", FailureKind)
def test_every_failure_has_words(kind: FailureKind) -> None:
    """No answer is said in words, whatever the reason."""
    assert of_answer(answer("failed", failure=kind))


def test_kinds_and_sizes() -> None:
    """What came, in place of what; where both have the same words, that it is another one."""
    assert of_answer(answer("kind", came="number", asked="array (B,)")) == "number in place of array (B,)"
    assert of_answer(answer("kind", came="array (B,)", asked="array (B,)")) == "another array (B,)"
    assert of_answer(answer("alike")) == "mean and spread as expected"
    assert sizes_in_words(answer()) == "B = 2, D = 3"
    assert sizes_in_words(ProbeAnswer(sizes={}, relation="equal")) == "no sizes"


def test_students_see_nothing_of_it() -> None:
    """It stands on the page for staff, as text whatever it holds, and in no record that has been made fit for students."""
    hostile = behaviour(answer(**RAISED | {"line": "<script>alert(1)</script>\u202e"}))
    check = factories.check("elbo", "value", "is right", Outcome.FAILED, kind=FailureKind.VALUE, message="It is wrong.")
    task = factories.task("elbo", (check,), "0.00", Outcome.FAILED, behaviour=hostile)
    record = factories.record(tasks=(task,), score="0.00")

    assert "On the probes of the class: IndexError" in staff_page(record)
    assert "<script>" not in staff_page(record)
    assert "\u202e" not in staff_page(record)
    assert "probes" not in student_page(record)
    assert for_student(record).tasks[0].behaviour is None
