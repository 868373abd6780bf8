"""When work is due, what lateness costs, and what a rubric may say of it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from autograder.assignment.late import Late
from autograder.assignment.rubric_file import parse_rubric
from autograder.errors import RubricError

RUBRIC = """
title: Tiny
points: 1
budgets: {}
training_budgets: {}
late: {due: DUE, per_day: 10%, most: 50%, grace_minutes: 15}
tasks:
  - {id: f, title: F, points: 1, checks: {contract: 1}}
tracks:
  full: {title: All}
  short: {title: Short, late: {due: "2026-04-01T12:00+02:00", per_day: 2}}
"""


def late(**fields: Any) -> Late:
    """Return a rule as YAML would give it."""
    return Late.model_validate({"due": "2026-03-01T23:59+01:00", "per_day": "10%", **fields})


@pytest.mark.parametrize(
    ("submitted", "days"),
    [
        ("2026-03-01T23:59:00+01:00", 0),
        ("2026-03-02T00:13:59+01:00", 0),
        ("2026-03-02T00:14:00+01:00", 0),
        ("2026-03-02T00:14:01+01:00", 1),
        ("2026-03-02T23:59:00+01:00", 1),
        ("2026-03-02T23:59:01+01:00", 2),
        ("2026-03-01T17:59:00-05:00", 0),
        ("2026-03-02T23:59:00", 1),
    ],
)
def test_started_days_count_from_the_due_date_after_the_grace(submitted: str, days: int) -> None:
    """Within the grace nothing counts, after it everything from the due date on; zones are compared, a bare time is in the rule's."""
    rule = late(grace_minutes=15)

    assert rule.days(rule.moment(submitted), rule.moment(rule.due)) == days


def test_a_day_of_the_clock_change_is_a_day_of_24_hours() -> None:
    """In Berlin the night to 29 March 2026 has an hour less: what counts is elapsed time, not the wall clock."""
    rule = late(due="2026-03-28T23:59", time_zone="Europe/Berlin")

    assert rule.days(rule.moment("2026-03-29T23:59:00+02:00"), rule.moment(rule.due)) == 1
    assert rule.days(rule.moment("2026-03-30T00:58:00"), rule.moment(rule.due)) == 1
    assert rule.days(rule.moment("2026-03-30T00:58:00+02:00"), rule.moment(rule.due)) == 1
    assert rule.days(rule.moment("2026-03-30T01:00:00+02:00"), rule.moment(rule.due)) == 2


@pytest.mark.parametrize(
    ("fields", "days", "cost"),
    [
        ({}, 2, "3.6"),
        ({"most": "15%"}, 2, "2.7"),
        ({}, 30, "18"),
        ({"per_day": 2}, 3, "6"),
        ({"per_day": 2, "most": 5}, 3, "5"),
        ({"per_day": Decimal("0.5")}, 1, "0.5"),
    ],
)
def test_what_days_cost(fields: dict[str, Any], days: int, cost: str) -> None:
    """Shares are of what was earned, a cap holds, and nobody loses more than there is."""
    assert late(**fields).cost(days, Fraction(18)) == Fraction(cost)


@pytest.mark.parametrize(
    "fields",
    [
        {"due": "tomorrow"},
        {"due": "2026-03-01T23:59"},
        {"time_zone": "Europe/Nowhere"},
        {"time_zone": "../etc/passwd"},
        {"per_day": "ten"},
        {"per_day": -1},
        {"per_day": True},
        {"per_day": "110%"},
        {"most": "5"},
        {"grace_minutes": -5},
        {"unknown": 1},
    ],
)
def test_what_no_rule_says(fields: dict[str, Any]) -> None:
    """A rule that cannot be meant is refused when the rubric is read."""
    with pytest.raises(ValidationError):
        late(**fields)


def test_a_rubric_says_it_for_all_tracks_or_for_one() -> None:
    """A track's own rule counts in place of the rubric's."""
    rubric = parse_rubric(RUBRIC.replace("DUE", '"2026-03-01T23:59+01:00"'), Path("rubric.yaml"))

    full, short = rubric.for_track("full").late, rubric.for_track("short").late
    assert full is not None
    assert short is not None
    assert (str(full.per_day), str(full.most), full.grace_minutes) == ("10%", "50%", 15)
    assert (short.due, str(short.per_day), short.most) == ("2026-04-01T12:00+02:00", "2 points", None)


@pytest.mark.parametrize("written", ["2026-03-01T23:59:00+01:00", "2026-03-01", "2026-03-01 23:59:00"])
def test_a_time_without_quotes_is_refused_with_the_line(written: str) -> None:
    """YAML makes a time of it and forgets its zone."""
    with pytest.raises(RubricError, match=r"rubric.yaml:6: late.due: .*in quotes"):
        parse_rubric(RUBRIC.replace("DUE", written), Path("rubric.yaml"))
