"""Answers that must agree with the student's own numbers."""

from pathlib import Path

import pytest

from autograder.assignment.answers import answers_template, judge_sheet, parse_handed_in, parse_sheet
from autograder.errors import RubricError
from autograder.outcomes import FailureKind, Judged, Outcome

SHEET = parse_sheet(
    """\
questions:
  means: {prompt: "The means", kind: numbers, count: 3, unit: nats}
  which: {prompt: "Which is the largest?", kind: largest, of: means, choices: [a, b, c], help: "Mind the sign."}
  first: {prompt: "The first", kind: numbers}
  second: {prompt: "The second", kind: numbers}
  more: {prompt: "Which of the two?", kind: largest, of: [first, second], choices: [first, second]}
""",
    Path("q4.yaml"),
)


def said(yaml: str) -> dict[str, Judged]:
    """What is said of every question of an `answers.yaml`."""
    indented = "".join(f"  {line}\n" for line in yaml.splitlines())
    return {judged.name: judged for judged in judge_sheet(SHEET, parse_handed_in(f"q4:\n{indented}".encode()))}


@pytest.mark.parametrize(
    "means",
    ["[-3.5, -1, -2]", "['-3.5 nats', '-1 nats', -2]", "-3.5 -1 -2", "(-3.5, -1.0, -2e0)", "tensor([-3.5, -1., -2.])",
     "array([-3.5 -1. -2.])", "-3.5; -1; -2", "-3.5,-1,-2", "\n  - -3.5\n  - -1\n  - -2", "[-7/2, -1, -2]", "[−3.5, −1, −2]"],
)  # fmt: skip
def test_numbers_are_read_in_many_forms(means: str) -> None:
    """As Python, numpy or torch print them; the answer that agrees passes."""
    judged = said(f"means: {means}\nwhich: B")

    assert judged["means"].outcome is Outcome.PASSED, judged["means"]
    assert judged["which"].outcome is Outcome.PASSED, judged["which"]


def test_an_answer_that_does_not_agree_fails() -> None:
    """The largest log-probability is the least negative one; the message says what was compared, not which is right."""
    judged = said("means: [-3.5, -1, -2]\nwhich: a\nfirst: -1.5\nsecond: -1.25\nmore: first")

    assert judged["means"].outcome is Outcome.PASSED
    assert (judged["which"].outcome, judged["which"].kind) == (Outcome.FAILED, FailureKind.VALUE)
    assert judged["which"].message == "line 3: the answer `a` does not agree with your numbers in means"
    assert judged["which"].help == "Mind the sign."
    assert judged["more"].message == "line 6: the answer `first` does not agree with your numbers in first and second"


def test_equal_numbers_leave_a_choice() -> None:
    """Either is right."""
    for answer in ("first", "second"):
        assert said(f"first: 2\nsecond: 2.0\nmore: {answer}")["more"].outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "means", ["null", "[1, 2]", "[1, 2, x]", "[1, 2, 3, 4]", "about three", "[nan, 1, 2]", "{a: 1}"]
)
def test_without_numbers_nothing_agrees(means: str) -> None:
    """Missing or malformed numbers are said once where they stand, and the comparison says that it needs them."""
    judged = said(f"means: {means}\nwhich: b")

    assert judged["means"].outcome is Outcome.FAILED
    assert judged["which"].kind is FailureKind.MISSING
    assert "your own numbers, and means cannot be read" in judged["which"].message


def test_what_is_no_choice_is_told_what_is_expected() -> None:
    """As for every choice."""
    judged = said("means: [1, 2, 3]\nwhich: d")

    assert (judged["which"].kind, judged["which"].message) == (
        FailureKind.CONTRACT,
        "line 3, `d`: one of: a, b, c is expected",
    )


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("{prompt: p, kind: largest, of: other, choices: [a, b]}", "names 'other', which is no question of the kind numbers"),
        ("{prompt: p, kind: largest, of: n, choices: [a, b, c]}", "2 numbers are compared, and there are 3 choices"),
        ("{prompt: p, kind: largest, of: n, choices: [a, A]}", "differ in more than case"),
        ("{prompt: p, kind: largest, of: n, choices: [a, b], answer: a}", "has no answer of its own"),
        ("{prompt: p, kind: numbers, count: 40}", "no whole number from 1 to 32"),
        ("{prompt: p, kind: truth, answer: true, count: 3}", "count belongs to the kind numbers"),
        ("{prompt: p, kind: largest, choices: [a, b]}", "of is a list of texts"),
    ],
)  # fmt: skip
def test_a_sheet_that_cannot_be_right_is_refused(question: str, words: str) -> None:
    """With the line."""
    text = f"questions:\n  n: {{prompt: p, kind: numbers, count: 2}}\n  q: {question}\n"
    with pytest.raises(RubricError) as refused:
        parse_sheet(text, Path("s.yaml"))
    assert words in str(refused.value)
    assert "s.yaml:3" in str(refused.value)


def test_the_template_says_what_is_expected() -> None:
    """A list of so many numbers, and the choices."""
    text = answers_template([SHEET])
    assert "The means (a list of 3 numbers in nats)" in text
    assert "Which is the largest? (one of: a, b, c)" in text
