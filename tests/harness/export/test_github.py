"""What GitHub Actions reads: annotations and summaries. What students wrote is text in both."""

from __future__ import annotations

import re
from decimal import Decimal

import factories
import pytest
from test_terminal import ALL, COMMANDS

from autograder.export.github import annotation_lines, summary
from autograder.records import GradeRecord, ManualPoints

MARKUP = (
    "<script>alert(1)</script> | ![x](http://evil.example/p.png) [a](javascript:b) `c` @everyone #1 <!-- \n| a | b |"
)


@pytest.mark.parametrize("record", [factories.rejected(), factories.error()], ids=lambda record: record.status)
def test_what_was_not_graded_is_an_error(record: GradeRecord) -> None:
    """Nobody may take it for success."""
    (line,) = annotation_lines(record)

    assert line.startswith("::error title=Not graded::")
    assert summary(record).startswith("## Not graded\n")


def test_the_total_comes_first_and_few_tasks_behind_it() -> None:
    """GitHub shows ten annotations per step."""
    record = factories.mixed()
    lines = list(annotation_lines(record))

    assert lines[0] == f"::notice title=Autograder::Score {record.score} of {record.max_score}"
    assert 1 < len(lines) <= 10
    assert all(re.match(r"::(warning|error) ", line) for line in lines[1:])


@pytest.mark.parametrize("text", [*COMMANDS.values(), MARKUP, ALL], ids=[*COMMANDS, "markup", "all"])
def test_texts_of_students_are_words(text: str) -> None:
    """One annotation is one line and one command; a cell of a table holds no markup."""
    record = factories.hostile(text)
    for line in annotation_lines(record):
        assert "\n" not in line
        assert re.fullmatch(r"::(notice|warning|error) [^\x00-\x1f\x7f-\x9f]*", line)
    for line in summary(record).splitlines()[4:]:
        assert line.startswith("| ")
        assert len(re.findall(r"(?<!\\)\|", line)) == 4
        assert not re.search(r"<[a-z!/]|(?<!\\)(?:!\[|`|@|\]\()", line)


def test_a_property_cannot_end_an_annotation_s_properties() -> None:
    """`a::b` in a file's name or a title is a name, and a comma adds no property."""
    (_, line, *_) = annotation_lines(factories.hostile("x,line=1::error::owned"))

    assert line.count("::") - line.partition("title=")[2].partition("::")[2].count("::") == 2
    assert ",line=1" not in line.partition("title=")[0]


def test_a_summary_fits_into_what_github_takes() -> None:
    """1 MiB per step; what is too long is cut between two rows and says so."""
    record = factories.mixed()
    long = record.model_copy(update={"tasks": record.tasks * 4000})
    text = summary(long)

    assert len(text.encode()) <= 2**20
    assert text.endswith("Too long: see the report.\n")


def test_points_given_by_hand_count() -> None:
    """The total is shown, not the automatic score."""
    record = factories.mixed()
    entry = ManualPoints(task=record.tasks[0].id, points=Decimal("-0.25"), reason="late", author="ta")
    changed = record.with_manual([entry])

    assert changed.score != record.score
    assert f": {changed.score} of" in summary(changed)
