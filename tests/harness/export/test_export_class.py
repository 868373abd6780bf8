"""What is written for a class in no platform's own file: the plain table, and score files for LTI."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime
from typing import Any

import factories
import pytest
from people import HOSTILE, graded, of, task, without_score

from autograder.errors import UsageError
from autograder.export.formats import Export, Result
from autograder.export.lti import lti
from autograder.export.plain import plain
from autograder.records import Member

NOW = "2026-11-21T16:10:16.123456+01:00"
ESSAY = {"id": "essay", "title": "Essay", "max_points": "4.00", "what": ""}


def rows_of(made: Export) -> list[dict[str, str]]:
    """The rows of the plain table."""
    return list(csv.DictReader(io.StringIO(made.files["scores.csv"].decode(), newline="")))


def test_the_scores_that_count_stand_in_the_table() -> None:
    """With a column for each task, points given by hand and work that people graded among them."""
    manual = ({"task": "log_prior", "points": "-2.50", "reason": "late", "author": "kk"},)
    manual += ({"task": "essay", "points": "3", "reason": "good", "author": "kk"},)
    class_ = [
        of("Jane Doe", "s1", login="jdoe", email="j@example.org", waiting=(ESSAY,), manual=manual),
        of("John Smith", "s2", "2.00", tasks=(factories.complete("elbo"),)),
    ]
    first, second = rows_of(plain(class_))

    assert first == {
        "name": "Jane Doe",
        "id": "s1",
        "login": "jdoe",
        "email": "j@example.org",
        "submission": "Jane_Doe",
        "submitted_at": "2026-03-01T12:00:00+01:00",
        "score": "13.00",
        "max_score": "24.00",
        "log_prior": "10.00",
        "essay": "3.00",
        "elbo": "",
    }
    assert (second["score"], second["elbo"], second["log_prior"]) == ("2.00", "2.00", "")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_no_name_is_a_formula(delimiter: str) -> None:
    """Wherever a spreadsheet splits the lines, quoted or not: no cell begins as a formula does."""
    made = plain([of(name, f"s{n}", folder=f"f{n}") for n, name in enumerate(HOSTILE)])
    text = made.files["scores.csv"].decode()

    assert len(rows_of(made)) == len(HOSTILE)
    assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    for row in [
        *csv.reader(io.StringIO(text), delimiter=delimiter),
        *(line.split(delimiter) for line in text.splitlines()),
    ]:
        assert not [cell for cell in row if re.match(r'[\s"]*[=+\-@]', cell)]


def test_who_has_no_score_is_left_out_and_said() -> None:
    """And where work waits for a person, the score is written and that is said."""
    made = plain([of("Jane", waiting=(ESSAY,)), without_score("John"), without_score("Ann", "rejected")])

    assert [row["name"] for row in rows_of(made)] == ["Jane"]
    assert made.remarks == (
        "John: no score is written, because the grader failed",
        "Ann: no score is written, because the submission could not be read",
        "Jane: written, although 4.00 points wait for a person (Essay)",
    )


def test_an_undecided_check_waits_for_a_person() -> None:
    """Until somebody has said something about its task."""
    record = factories.mixed()
    entry = {"task": "sample_gaussian", "points": "0", "reason": "fine", "author": "kk"}
    decided = record.model_validate(record.model_dump() | {"manual": (entry,)})

    assert plain([Result("a", record)]).remarks == (
        "a (Astrid Lindgren): written, although a check of sample_gaussian is undecided and waits for a person",
    )
    assert plain([Result("a", decided)]).remarks == ()


def test_a_group_has_a_row_for_each() -> None:
    """And two groups with one member in common are refused."""
    one, two, three = (Member(name=name, id=name.lower()) for name in ("A", "B", "C"))

    assert [row["name"] for row in rows_of(plain([of("G1", "g1", members=(one, two))]))] == ["A", "B"]
    with pytest.raises(UsageError, match=r"G1 and G2 are results of one student \(b\)"):
        plain([of("G1", "g1", members=(one, two)), of("G2", "g2", members=(two, three))])
    nameless = Member()
    assert len(rows_of(plain([of("G1", members=(one, nameless)), of("G2", members=(two, nameless))]))) == 4


@pytest.mark.parametrize(
    "second",
    [of("X", email="J@example.org", folder="b"), of("X", "s1", folder="b"), of("X", login="jdoe", folder="b")],
    ids=["address", "number", "login"],
)
def test_one_student_is_one_by_whatever_is_known(second: Result) -> None:
    """Also where the two results do not know the same things."""
    first = of("Jane", "s1", email="j@example.org", login="jdoe", folder="a")
    with pytest.raises(UsageError, match=r"a \(Jane\) and b \(X\) are results of one student"):
        plain([first, second])


def test_what_is_known_of_the_only_member_is_put_together() -> None:
    """A number beside the name, an address among the members."""
    (row,) = rows_of(plain([of("Jane", "s1", members=(Member(email="j@example.org"),))]))

    assert (row["name"], row["id"], row["email"]) == ("Jane", "s1", "j@example.org")


def test_points_that_somebody_broke_by_hand_are_no_score() -> None:
    """One record that is not right keeps nobody else from theirs."""
    broken = of("Jane", tasks=(task().model_copy(update={"max_points": "many"}),))

    assert plain([broken, of("John")]).remarks == (
        "Jane: no score is written, because its points are no numbers: grade it again",
    )


def test_without_any_score_nothing_is_written() -> None:
    """The sentence names the first one."""
    with pytest.raises(UsageError, match=r"none of 2 results has a score; John: the grader failed"):
        plain([without_score("John"), without_score("Ann")])


def test_the_folder_is_the_student_where_nothing_else_is_known() -> None:
    """A folder of submissions without a platform."""
    assert [row["name"] for row in rows_of(plain([Result("doe_jane", graded())]))] == ["doe_jane"]


# ---------------------------------------------------------------------------------------------------------------- LTI


def posted(made: Export) -> dict[str, Any]:
    """The scores by user, after the rules of Assignment and Grade Services."""
    found = {}
    for name, data in made.files.items():
        assert re.fullmatch(r"[a-z0-9_-]+\.json", name)
        score = json.loads(data)
        assert (score["activityProgress"], score["gradingProgress"]) == ("Completed", "FullyGraded")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", score["timestamp"])
        assert datetime.fromisoformat(score["timestamp"]).tzinfo
        assert score["scoreGiven"] >= 0
        assert score["scoreMaximum"] > 0
        found[score["userId"]] = score
    return found


def test_a_score_file_for_each_student() -> None:
    """With the time that was asked for, to the millisecond in UTC, and that of handing in."""
    scores = posted(lti([of("Jane Doe", "u1"), of("John", "u2", "20.00")], timestamp=NOW))

    assert {user: (score["scoreGiven"], score["scoreMaximum"]) for user, score in scores.items()} == {
        "u1": (12.5, 20),
        "u2": (20, 20),
    }
    assert scores["u1"]["timestamp"] == "2026-11-21T15:10:16.123Z"
    assert scores["u1"]["submission"] == {"submittedAt": "2026-03-01T11:00:00.000Z"}
    assert scores["u1"]["comment"] == "12.50 of 20.00 points.\nLog-density of the prior: 12.50 of 20.00. It is wrong."


def test_what_could_erase_a_grade_is_not_written() -> None:
    """No score, work that waits for a person, an undecided check, no id: no file, and the reason is said."""
    class_ = [
        of("Jane", "u1"),
        without_score("Error", "error", "u2"),
        without_score("Rejected", "rejected", "u3"),
        of("Waits", "u4", waiting=(ESSAY,)),
        of("Undecided", "u5", tasks=factories.mixed().tasks[2:3]),
        of("Unknown"),
    ]
    made = lti(class_, timestamp=NOW)

    assert set(posted(made)) == {"u1"}
    assert [remark.partition(":")[0] for remark in made.remarks] == [
        "Error",
        "Rejected",
        "Waits",
        "Undecided",
        "Unknown",
    ]


def test_graded_by_a_person_it_is_complete() -> None:
    """Then what can be reached holds that work, too."""
    manual = ({"task": "essay", "points": "3", "reason": "good", "author": "kk"},)
    (score,) = posted(lti([of("Jane", "u1", waiting=(ESSAY,), manual=manual)], timestamp=NOW)).values()

    assert (score["scoreGiven"], score["scoreMaximum"]) == (15.5, 24)


def test_names_of_files_are_safe_and_differ() -> None:
    """Whatever the folders are called."""
    folders = ["../../etc/passwd", "A b", "a-b", "A-B", "ليلى", "山田", "x" * 300]
    made = lti([of("", f"u{n}", folder=folder, tasks=(task(),)) for n, folder in enumerate(folders)], timestamp=NOW)

    assert len(posted(made)) == len(folders)
    assert all(len(name) < 100 for name in made.files)


def test_nothing_to_post_is_refused() -> None:
    """With the reasons."""
    with pytest.raises(
        UsageError, match=r"no score can be written\. Jane: no file is written, because 4\.00 points wait"
    ):
        lti([of("Jane", "u1", waiting=(ESSAY,))], timestamp=NOW)
