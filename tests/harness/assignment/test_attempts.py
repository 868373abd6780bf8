"""Which of several attempts counts, as a rubric may say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.assignment.attempts import Attempts
from autograder.assignment.rubric_file import parse_rubric
from autograder.errors import RubricError

RUBRIC = """
title: Tiny
points: 1
budgets: {}
training_budgets: {}
attempts: RULE
tasks:
  - {id: f, title: F, points: 1, checks: {contract: 1}}
tracks:
  full: {title: All}
  short: {title: Short, attempts: {counts: best}}
"""


def rule_of(text: str, track: str = "full") -> Attempts:
    """Return the rule of a track."""
    return parse_rubric(RUBRIC.replace("RULE", text), Path("rubric.yaml")).for_track(track).attempts


def test_without_a_word_the_last_counts() -> None:
    """Then nothing that was handed in before can decide."""
    rule = parse_rubric(RUBRIC.replace("attempts: RULE\n", ""), Path("rubric.yaml")).for_track("full").attempts

    assert (rule.counts, rule.at_most, rule.needs_all) == ("last", None, False)


def test_a_track_has_a_rule_of_its_own() -> None:
    """The track's word goes before the rubric's."""
    assert rule_of("{counts: last, at_most: 3}") == Attempts(counts="last", at_most=3)
    assert rule_of("{counts: last, at_most: 3}", "short") == Attempts(counts="best")
    assert [rule_of("{at_most: 2}").may_count(number) for number in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize("text", ["{counts: mean}", "{at_most: 0}", "{best: 2}", "best"])
def test_what_is_none_is_refused_with_its_line(text: str) -> None:
    """As everything in a rubric."""
    with pytest.raises(RubricError, match=r"rubric\.yaml:6: attempts"):
        rule_of(text)
