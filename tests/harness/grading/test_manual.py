"""Points that people give, without editing JSON: from options, from a table, all of it or nothing."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import factories
import pytest
from command_line import run_here

from autograder.errors import UsageError
from autograder.grading.manual import entry_of, read_table
from autograder.records import GradeRecord, ManualPoints

HEAD = "submission,task,points,reason,author\n"


def put(folder: Path, **records: GradeRecord) -> Path:
    """Write results, each into a folder of its name."""
    for name, record in records.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "result.json").write_text(record.to_json(), encoding="utf-8")
    return folder


def stored(folder: Path) -> dict[str, Any]:
    """What `result.json` says."""
    text: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return text


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run the verb."""
    return lambda *arguments: run_here(monkeypatch, capsys, tmp_path, "by-hand", *arguments)


def given(*points: str, task: str = "elbo") -> list[ManualPoints]:
    """Decisions about one task."""
    return [entry_of("here", task, one, "because", "mk") for one in points]


@pytest.mark.parametrize(
    ("points", "score"),
    [
        (["+0.5"], "24.50"),
        (["-1"], "23.00"),
        (["=0.5"], "22.50"),
        (["=0.5", "+0.25"], "22.75"),
        (["+1", "=0.5"], "22.50"),
        (["0"], "24.00"),
        ([""], "24.00"),
        (["-100"], "0.00"),
    ],
    ids=" ".join,
)
def test_the_score_counts_what_people_gave(points: list[str], score: str) -> None:
    """Added, taken away or set; the last that sets wins; never below zero. The automatic score stays beside it."""
    record = factories.full_marks().with_manual(given(*points))

    assert (record.score, record.automatic_score) == (score, "24.00")
    assert GradeRecord.model_validate_json(record.to_json()) == record
    assert record.with_manual([]) == factories.full_marks()


def test_work_for_a_person_is_given_its_points() -> None:
    """What no check looked at has what a person says, added or set."""
    record = factories.record(waiting=({"id": "essay", "title": "Essay", "max_points": "2.00", "what": ""},))

    assert record.with_manual(given("1.5", task="essay")).score == "25.50"
    assert record.with_manual(given("=1.5", task="essay")).score == "25.50"
    assert record.with_manual(given("1.5", task="essay")).still_waiting() == ()


def test_what_a_score_is_out_of() -> None:
    """Work that people have graded counts in both numbers, work that waits for them in neither."""
    works = ({"id": name, "title": name, "max_points": "2.00", "what": ""} for name in ("essay", "figure"))
    record = factories.record(waiting=tuple(works), max_score="20.00")
    both = (*given("1.5", task="essay"), *given("0", task="figure"))

    assert record.out_of == "20.00"
    assert record.with_manual(given("1.5", task="essay")).out_of == "22.00"
    assert record.with_manual(both).out_of == "24.00"


def test_an_entry_written_by_hand_counts() -> None:
    """Whoever edits `manual` in the JSON all the same finds it in the score of the next record that is made of it."""
    content = json.loads(factories.full_marks().to_json())
    content["manual"] = [{"task": "elbo", "points": "-0.50", "reason": "late", "author": "mk"}]

    assert GradeRecord.model_validate(content).score == "23.50"


def test_options_change_one_result_and_its_pages(run: Any, tmp_path: Path) -> None:
    """Nothing is graded; the reason stands on the student's page, the author on the staff's."""
    put(tmp_path, anna=factories.full_marks())
    code, text, error = run(
        tmp_path / "anna", "--task", "elbo", "--points=-0.5", "--reason", "Two days late.", "--author", "Kim K."
    )

    assert code == 0, error
    assert "23.50" in text
    assert (stored(tmp_path / "anna")["score"], stored(tmp_path / "anna")["automatic_score"]) == ("23.50", "24.00")
    student, staff = ((tmp_path / "anna" / f"{who}.html").read_text("utf-8") for who in ("student", "staff"))
    assert "Two days late." in student
    assert "Kim K." in staff
    assert "Kim K." not in student


def test_a_table_changes_many_and_nothing_twice(run: Any, tmp_path: Path) -> None:
    """Semicolons and a byte order mark, as spreadsheets write them; a second time nothing is added."""
    put(tmp_path / "all", anna=factories.full_marks(), bert=factories.full_marks(), carl=factories.full_marks())
    rows = (
        "anna;elbo;=1;override;kk\nbert;elbo;+0,5;x;kk\n".replace("0,5", "0.5") + "bert;kl_gaussian;0;nice;kk\n;;;;\n"
    )
    (tmp_path / "hand.csv").write_text("\ufeff" + HEAD.replace(",", ";") + rows, encoding="utf-8")
    for _ in range(2):
        code, text, error = run(tmp_path / "all", "--csv", tmp_path / "hand.csv")
        assert (code, "2 results were written" in text) == (0, True), error

    assert [stored(tmp_path / "all" / name)["score"] for name in ("anna", "bert", "carl")] == [
        "23.00",
        "24.50",
        "24.00",
    ]
    assert len(stored(tmp_path / "all" / "bert")["manual"]) == 2
    assert not (tmp_path / "all" / "carl" / "student.html").exists()


def test_pages_alone_are_drawn_again(run: Any, tmp_path: Path) -> None:
    """Where no points are given."""
    put(tmp_path / "all", anna=factories.full_marks(), bert=factories.mixed())
    before = stored(tmp_path / "all" / "bert")
    code, text, _ = run(tmp_path / "all")

    assert (code, "2 results were written" in text) == (0, True)
    assert stored(tmp_path / "all" / "bert") == before
    assert (tmp_path / "all" / "bert" / "staff.html").exists()


REFUSED = {
    "an unknown task": ("anna,elbow,1,x,kk\n", "hand.csv:2: there is no task 'elbow'; there are: "),
    "an unknown submission": ("anna,elbo,1,x,kk\nzoe,elbo,1,x,kk\n", "hand.csv:3: there is no result of 'zoe'"),
    "no points": ("anna,elbo,many,x,kk\n", "hand.csv:2: 'many' are no points"),
    "thirds": ("anna,elbo,0.333,x,kk\n", "hand.csv:2: '0.333' are no points"),
    "too many": ("anna,elbo,1001,x,kk\n", "hand.csv:2: points: "),
    "no reason": ("anna,elbo,1,,kk\n", "hand.csv:2: the reason is missing"),
    "no author": ("anna,elbo,1,x,\n", "hand.csv:2: the author is missing"),
    "no submission": (",elbo,1,x,kk\n", "hand.csv:2: the submission is missing"),
    "nothing": ("", "holds no decisions"),
    "not graded": ("carl,elbo,1,x,kk\n", "has no score (rejected): grade it first"),
}


@pytest.mark.parametrize(("rows", "words"), REFUSED.values(), ids=REFUSED)
def test_all_or_nothing(run: Any, tmp_path: Path, rows: str, words: str) -> None:
    """What is wrong is told with its line, and no result is changed, those of right rows neither."""
    put(tmp_path / "all", anna=factories.full_marks(), bert=factories.full_marks(), carl=factories.rejected())
    before = {path: path.read_text() for path in (tmp_path / "all").rglob("*.json")}
    (tmp_path / "hand.csv").write_text(
        HEAD + "bert,elbo,1,right,kk\n" * bool(rows and "hand.csv:2" not in words) + rows
    )
    code, _, error = run(tmp_path / "all", "--csv", tmp_path / "hand.csv")

    assert code == 2
    assert words.replace(":3:", ":4:") in " ".join(error.split())
    assert {path: path.read_text() for path in (tmp_path / "all").rglob("*.json")} == before


def test_one_of_many_must_be_named(run: Any, tmp_path: Path) -> None:
    """Options are for one result."""
    put(tmp_path / "all", anna=factories.full_marks(), bert=factories.full_marks())
    code, _, error = run(tmp_path / "all", "--task", "elbo", "--points", "1", "--reason", "x", "--author", "kk")

    assert code == 2
    assert "holds 2 results: name one of them" in " ".join(error.split())


def test_a_table_without_a_column(tmp_path: Path) -> None:
    """It is named."""
    (tmp_path / "hand.csv").write_text("submission,task,points,author\nanna,elbo,1,kk\n")
    with pytest.raises(UsageError, match="the column 'reason' is missing"):
        read_table(tmp_path / "hand.csv")


def test_points_are_exact() -> None:
    """As written, in hundredths."""
    assert [entry.points for entry in given("+0.10", "-0.05", "=2")] == [Decimal("0.10"), Decimal("-0.05"), Decimal(2)]


def test_more_points_than_there_are_is_said(run: Any, tmp_path: Path) -> None:
    """A bonus may be meant; +99 for +0.99 is seen."""
    put(tmp_path, anna=factories.full_marks())
    given = ["--task", "elbo", "--reason", "Bonus.", "--author", "mk"]
    code, text, _ = run("anna", "--points", "+1", *given)

    assert code == 0
    assert "lindgren_astrid has more points than there are" in text
    assert "more points than there are" not in run("anna", "--points", "-1", *given)[1]
    work = {"id": "essay", "title": "Essay", "max_points": "2.00", "what": ""}
    put(tmp_path, bo=factories.full_marks().model_copy(update={"waiting": factories.record(waiting=(work,)).waiting}))
    text = run("bo", "--points", "=2", "--task", "essay", "--reason", "Good.", "--author", "mk")[1]
    assert "26.00" in text
    assert "more points than there are" not in text
