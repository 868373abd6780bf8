"""One decision for a group: what is refused, what is journalled, what stays of decisions of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from classes import graded, task
from command_line import run_here

from autograder.cohort.decisions import JOURNAL, decide, group_named, groups_in, read_journal, results_in, take_back
from autograder.errors import UsageError
from autograder.grading.manual import entry_of
from autograder.records import GradeRecord
from autograder.report.files import write_reports


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """Reports of three, of whom two have the same wrong."""
    for key, points in (("anna", "0.00"), ("bert", "0.00"), ("carl", "2.00")):
        write_reports(graded(key, task("one", points)), tmp_path / "out" / key)
    return tmp_path / "out"


def own_id(reports: Path) -> str:
    """The id of the only group."""
    (group,) = groups_in(results_in(reports).items())
    return group.id


def record(reports: Path, key: str) -> GradeRecord:
    """What is stored of one."""
    return results_in(reports)[key]


def test_a_decision_of_ones_own_stays(reports: Path) -> None:
    """Who had the same decision already is left out, also when it is taken back."""
    same = entry_of("here", "one", "+1", "Same.", "mk")
    write_reports(record(reports, "anna").with_manual([same]), reports / "anna")
    decided = decide(reports, own_id(reports), "+1", "Same.", "mk", write_reports)

    assert (decided.students, decided.before) == (("bert",), ("anna",))
    assert decided.written == (("bert", "0.00", "1.00"),)
    assert take_back(reports, own_id(reports), write_reports).students == ("bert",)
    assert [record(reports, key).manual for key in ("anna", "bert", "carl")] == [(same,), (), ()]


def test_the_last_decision_is_taken_back_first(reports: Path) -> None:
    """Then the one before it, from all to whom it was given, also those who joined later."""
    group = own_id(reports)
    decide(reports, group, "+1", "First.", "mk", write_reports)
    write_reports(graded("dora", task("one", "0.00")), reports / "dora")
    decide(reports, group, "+1", "First.", "mk", write_reports)
    decide(reports, group, "0", "Second.", "mk", write_reports)

    assert take_back(reports, group, write_reports).students == ("anna", "bert", "dora")
    assert {entry.reason for entry in record(reports, "anna").manual} == {"First."}
    assert take_back(reports, group, write_reports).students == ("anna", "bert", "dora")
    assert record(reports, "dora").manual == ()
    with pytest.raises(UsageError, match=r"no decision about .* that stands"):
        take_back(reports, group, write_reports)
    assert [line.undone for line in read_journal(reports)] == [False, False, False, True, True]


def test_it_is_taken_back_where_the_group_is_no_more(reports: Path) -> None:
    """Their work was graded again meanwhile, and has a name now: the journal knows who it was."""
    group = own_id(reports)
    decide(reports, group, "+1", "First.", "mk", write_reports)
    for key in ("anna", "bert"):
        manual = record(reports, key).manual
        write_reports(graded(key, task("one", "2.00")).with_manual(manual), reports / key)

    assert take_back(reports, group, write_reports).students == ("anna", "bert")
    assert record(reports, "bert").score == "2.00"


def test_what_is_refused_is_not_journalled(reports: Path) -> None:
    """The journal is written when the first result is."""

    def full(record: GradeRecord, folder: Path) -> None:
        raise OSError("no room")

    broken = record(reports, "bert").model_copy(update={"automatic_score": None, "score": None})
    (reports / "bert" / "result.json").write_text(broken.to_json(), encoding="utf-8")
    with pytest.raises(UsageError, match="has no score"):
        decide(reports, own_id(reports), "+1", "First.", "mk", write_reports)
    assert not (reports / JOURNAL).exists()

    write_reports(graded("bert", task("one", "0.00")), reports / "bert")
    with pytest.raises(OSError, match="no room"):
        decide(reports, own_id(reports), "+1", "First.", "mk", full)
    assert len(read_journal(reports)) == 1
    assert decide(reports, own_id(reports), "+1", "First.", "mk", write_reports).students == ("anna", "bert")
    assert take_back(reports, own_id(reports), write_reports).students == ("anna", "bert")


def test_what_nobody_has_any_more_is_taken_back(reports: Path) -> None:
    """Somebody took the entries out of the files: then the one before it is the last. The beginning of an id does here, too."""
    for reason in ("First.", "Second."):
        decide(reports, own_id(reports), "+1", reason, "mk", write_reports)
    for key in ("anna", "bert"):
        write_reports(record(reports, key).with_manual(record(reports, key).manual[:1]), reports / key)

    assert take_back(reports, own_id(reports)[:6], write_reports).students == ()
    assert take_back(reports, own_id(reports)[:6], write_reports).students == ("anna", "bert")


def test_ids(reports: Path) -> None:
    """The beginning of one does, where it is the only one."""
    groups = groups_in(results_in(reports).items())

    assert group_named(groups, groups[0].id[:6], reports) is groups[0]
    with pytest.raises(UsageError, match=r"there is no group 'two-12'.*`autograder groups"):
        group_named(groups, "two-12", reports)
    with pytest.raises(UsageError, match="may be one-1, one-2"):
        group_named([groups[0].model_copy(update={"id": f"one-{n}"}) for n in (1, 2)], "one-", reports)


def test_groups_are_those_of_a_class(reports: Path) -> None:
    """A single result has none."""
    with pytest.raises(UsageError, match="is one result"):
        results_in(reports / "anna")


def test_a_journal_that_cannot_be_read(reports: Path) -> None:
    """With the number of the line; nothing is written then."""
    (reports / JOURNAL).write_text('{"at": 1}\n', encoding="utf-8")
    with pytest.raises(UsageError, match=f"{JOURNAL}:1: this is no decision"):
        take_back(reports, own_id(reports), write_reports)
    (reports / JOURNAL).write_bytes(b"\xff")
    with pytest.raises(UsageError, match="cannot be read"):
        take_back(reports, own_id(reports), write_reports)


REFUSED = {
    "no points": (("--points", "many", "--reason", "r", "--author", "a"), "are no points"),
    "no reason": (("--points", "1", "--author", "a"), "the reason is missing"),
    "a task": (("--task", "one", "--points", "1", "--reason", "r", "--author", "a"), "leave --task and --csv out"),
    "undo with points": (("--undo", "--points", "1"), "leave --points and --reason out"),
}


@pytest.mark.parametrize(("options", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], reports: Path, options: Any, words: str
) -> None:
    """With a sentence; nothing is written."""
    before = (reports / "anna" / "result.json").read_text()
    code, _, error = run_here(monkeypatch, capsys, reports, "by-hand", reports, "--group", own_id(reports), *options)

    assert code == 2
    assert words in " ".join(error.split())
    assert (reports / "anna" / "result.json").read_text() == before
    assert not (reports / JOURNAL).exists()


def test_undo_and_dry_run_are_for_groups(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], reports: Path
) -> None:
    """A dry run that writes would be worse than none."""
    code, _, error = run_here(monkeypatch, capsys, reports, "by-hand", reports, "--dry-run")

    assert (code, "go with --group" in error) == (2, True)


def test_a_comment_changes_no_points(reports: Path) -> None:
    """It stands on the pages of all."""
    decide(reports, own_id(reports), "", "Look at the formula.", "mk", write_reports)

    assert (record(reports, "anna").score, json.loads((reports / JOURNAL).read_text())["entry"]["points"]) == (
        "0.00",
        "0",
    )
    assert "Look at the formula." in (reports / "bert" / "student.html").read_text(encoding="utf-8")
