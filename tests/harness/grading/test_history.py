"""Who handed in, and what earlier attempts earned, come from a file and from the folder of the reports."""

from __future__ import annotations

import json
from pathlib import Path

import factories
import pytest

from autograder.errors import UsageError
from autograder.grading.history import MOST_ATTEMPTS, read_about, with_history
from autograder.records import About, Attempt, GradeRecord

ANNA, BEN = About(name="Anna", id="1", submitted_at="2026-03-01"), About(id="2")


def graded(digest: str, score: str | None = "3.00", **more: object) -> GradeRecord:
    """A record of some files."""
    return factories.record(score=score, max_score="4.00", provenance={"submission_sha256": digest}, **more)


def keep(record: GradeRecord, folder: Path) -> None:
    """Let a record be the one that lies in a folder."""
    (folder / "result.json").write_text(record.to_json(), encoding="utf-8")


def test_the_first_one_has_no_history(tmp_path: Path) -> None:
    """Without a result there was no attempt."""
    record = with_history(graded("a"), tmp_path, ANNA)

    assert (record.about, record.attempts) == (ANNA, ())


def test_attempts_are_counted(tmp_path: Path) -> None:
    """Other files are a new attempt; what is known of the student stays, and grading the same files again changes nothing."""
    keep(with_history(graded("a", "1.00"), tmp_path, ANNA), tmp_path)
    keep(with_history(graded("b", "2.50"), tmp_path, None), tmp_path)
    third = with_history(graded("c"), tmp_path, None)
    first, second = third.attempts

    assert first == Attempt(number=1, score="1.00", max_score="4.00", submitted_at="2026-03-01", sha256="a")
    assert (second.number, second.score, third.about) == (2, "2.50", ANNA)
    keep(third, tmp_path)
    assert with_history(graded("c", "3.50"), tmp_path, None).attempts == third.attempts


def test_what_is_no_attempt(tmp_path: Path) -> None:
    """Neither a grading without a score nor the work of another student."""
    keep(graded("a", None, status="error"), tmp_path)
    assert with_history(graded("b"), tmp_path, None).attempts == ()
    keep(graded("a", about=ANNA), tmp_path)
    assert with_history(graded("b"), tmp_path, BEN).attempts == ()


def test_without_an_id_another_name_is_another_student(tmp_path: Path) -> None:
    """Two submissions that are graded into one folder: neither who handed in the first, nor what it earned, is told with the second."""
    keep(graded("a", about=ANNA, submission="anna"), tmp_path)
    for about in (None, About(name="Ben")):
        bens = with_history(graded("b", submission="ben"), tmp_path, about)
        assert (bens.about, bens.attempts) == (about or About(), ())
    again = with_history(graded("b", submission="second"), tmp_path, ANNA)
    assert [attempt.number for attempt in again.attempts] == [1]


def test_attempts_are_bounded(tmp_path: Path) -> None:
    """The first ones are forgotten, the numbers go on."""
    many = tuple(Attempt(number=number, score="1.00") for number in range(1, MOST_ATTEMPTS + 1))
    keep(graded("a", attempts=many), tmp_path)
    attempts = with_history(graded("b"), tmp_path, None).attempts

    assert [attempts[0].number, attempts[-1].number, len(attempts)] == [2, MOST_ATTEMPTS + 1, MOST_ATTEMPTS]


def test_a_file_about_the_student(tmp_path: Path) -> None:
    """Every field may be missing."""
    path = tmp_path / "about.json"
    path.write_text(json.dumps({"name": "Åsa", "due": "2026-03-01T23:59:00+01:00"}), encoding="utf-8")

    assert read_about(path) == About(name="Åsa", due="2026-03-01T23:59:00+01:00")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("{\n]", ":2: this is not JSON"),
        ("[]", "the fields are name, id, submitted_at, due"),
        ('{"nam": "x"}', "nam: Extra inputs are not permitted; the fields are name"),
        ('{"name": 3}', "name: Input should be a valid string"),
        ('{"due": "tomorrow"}', "due: 'tomorrow' is no time; write it like 2026-03-01T23:59:00"),
        (json.dumps({"name": "x" * 201}), "name has more than 200 characters"),
    ],
)
def test_a_file_that_says_nothing_usable_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    """With the place and what to write."""
    path = tmp_path / "about.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        read_about(path)

    assert said in str(refused.value)
