"""What is written for one result: Gradescope, PrairieLearn, Classroom 50. Read back under the rules of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import factories
import pytest
from people import graded, hostile, of, task
from test_terminal import ALL

from autograder.errors import UsageError
from autograder.export.classroom50 import classroom50
from autograder.export.formats import Export, Result
from autograder.export.gradescope import MOST_BYTES, gradescope
from autograder.export.prairielearn import prairielearn
from autograder.export.words import TEST_BYTES, head_and_tail
from autograder.records import GradeRecord, ManualPoints

FORMATS = {"text", "html", "simple_format", "md", "ansi"}
PLACE = {
    "classroom": "ml",
    "assignment": "vae",
    "submission": "v1",
    "commit": "https://example.org/c",
    "release": "https://example.org/r",
    "review": "https://example.org/p",
}
ESSAY = {"id": "essay", "title": "Essay", "max_points": "4.00", "what": "Secret advice for graders."}


def only(made: Export) -> Any:
    """The content of the only file."""
    (data,) = made.files.values()
    return json.loads(data)


def of_gradescope(record: GradeRecord) -> dict[str, Any]:
    """What Gradescope reads, after its rules."""
    content: dict[str, Any] = only(gradescope(Result("r", record)))
    known = {"score", "output", "visibility", "tests", "output_format", "test_output_format", "test_name_format"}
    assert set(content) <= known
    assert {content[name] for name in known if name.endswith("_format")} <= FORMATS
    assert content.get("visibility", "visible") == "visible"
    for test in content.get("tests", []):
        assert set(test) <= {"name", "number", "score", "max_score", "status", "output"}
        assert test.get("status", "passed") in ("passed", "failed")
        assert isinstance(test["number"], str)
        assert len(test.get("output", "").encode()) <= TEST_BYTES
    return content


@pytest.mark.parametrize("name", [name for name in factories.RECORDS if name not in ("rejected", "error")])
def test_gradescope_has_the_score_that_counts_and_every_task(name: str) -> None:
    """With the points of each, visible to students."""
    record = factories.RECORDS[name]()
    content = of_gradescope(record)

    assert f"{content['score']:.2f}" == record.score
    assert [test["name"] for test in content["tests"]] == [
        *(t.title for t in record.tasks),
        *(w.title for w in record.waiting),
    ]
    assert [f"{test['score']:.2f}" for test in content["tests"] if "score" in test] == [t.points for t in record.tasks]


@pytest.mark.parametrize("make", [gradescope, prairielearn], ids=["Gradescope", "PrairieLearn"])
@pytest.mark.parametrize("name", list(factories.RECORDS))
def test_students_read_nothing_hidden(name: str, make: Callable[[Result], Export]) -> None:
    """No evidence of hidden checks, nothing printed, no error message and no flag of ours."""
    text = json.dumps(only(make(Result("r", factories.RECORDS[name]()))), ensure_ascii=False)

    for secret in (factories.CANARY, "0.31337", factories.PRINTED, "SandboxFault", "open a connection", ".git"):
        assert secret not in text


def test_an_exception_of_a_hidden_check_is_not_quoted() -> None:
    """Its text could be the hidden input."""
    hidden = factories.check(
        "log_prior",
        "h",
        "is right",
        factories.Outcome.FAILED,
        visibility="hidden",
        reveal=False,
        message="it raised Leak(0.5)",
    )
    record = graded(tasks=(factories.task("log_prior", (hidden,), "1.00", factories.Outcome.FAILED),))

    assert "it raised an exception of its own" in of_gradescope(record)["tests"][0]["output"]


def test_what_a_student_needs_is_told() -> None:
    """The named mistake, the hint, the call and the student's own lines of a check that is revealed."""
    outputs = {test["name"]: test["output"] for test in of_gradescope(factories.mixed())["tests"]}
    told = outputs["KL to the standard normal"]

    for part in (
        "twice ours on all 50 inputs",
        "Compare your formula",
        "got: tensor([2.1200])",
        'File "divergences.py", line 31',
    ):
        assert part in told
    assert told.index("✗") < told.index("✓")


def test_what_is_carried_is_said_to_be() -> None:
    """Whose fault it is, and whether it was charged again; what explains a whole task is said once."""
    tests = {test["name"]: test for test in of_gradescope(factories.explained())["tests"]}
    carried = next(test for test in tests.values() if "Not charged again:" in test["output"])

    assert "Not charged again: the fault is one of kl_standard_normal." in carried["output"]
    assert tests["KL to the standard normal"]["output"].count("on all 48 inputs") == 1


def test_points_that_people_gave_count() -> None:
    """In their task, for work that only they grade, and for something else; reasons are told, authors are not."""
    manual = tuple(
        ManualPoints(task=name, points=Decimal(points), reason=f"because {name}", author="Kim K.")
        for name, points in (("log_prior", "-2.50"), ("essay", "3"), ("bonus", "0.5"))
    )
    record = graded(waiting=(ESSAY,)).with_manual(manual)
    content = of_gradescope(record)

    assert content["score"] == 13.5
    assert [test["score"] for test in content["tests"]] == [10.0, 3.0, 0.5]
    assert "because bonus" in content["output"]
    assert "13.50 of 24.00 points." in content["output"]
    assert "Kim K." not in json.dumps(content)
    assert "Secret advice" not in json.dumps(content)


def test_work_that_waits_has_no_score_yet() -> None:
    """It is shown, and whoever exports is told."""
    made = gradescope(Result("anna", graded(waiting=(ESSAY,))))
    waiting = only(made)["tests"][1]

    assert waiting == {"number": "2", "name": "Essay", "output": "Up to 4.00 points wait for a person."}
    assert made.remarks == ("anna: written, although 4.00 points wait for a person (Essay)",)


def test_a_long_result_fits() -> None:
    """8 KB for a test, 500 KB in all; beginnings and ends are kept, and what is left out is counted."""
    checks = tuple(
        factories.check("log_prior", str(n), "ä" * 150, factories.Outcome.FAILED, message=f"first{n} " + "é" * 3000)
        for n in range(20)
    )
    one = factories.task("log_prior", checks, "0.00", factories.Outcome.FAILED)
    small = of_gradescope(graded(tasks=(one,)))["tests"][0]["output"]
    made = gradescope(Result("r", graded(tasks=tuple(one.model_copy(update={"id": f"t{n}"}) for n in range(200)))))

    assert "first0" in small
    assert "bytes are left out here" in small
    assert len(small.encode()) > TEST_BYTES - 10
    assert MOST_BYTES / 2 < len(made.files["results.json"]) <= MOST_BYTES
    assert len(only(made)["tests"]) == 200


def test_head_and_tail() -> None:
    """No character is torn apart, and what fits stays as it is."""
    assert head_and_tail("ä" * 50, 100) == "ä" * 50
    shortened = head_and_tail("Beginning " + "ä" * 500 + " end", 200)
    assert shortened.startswith("Beginning ")
    assert shortened.endswith(" end")
    assert len(shortened.encode()) <= 200
    assert head_and_tail("ä" * 50, 10) == ""


@pytest.mark.parametrize("make", [gradescope, prairielearn], ids=["Gradescope", "PrairieLearn"])
def test_hostile_texts_are_text(make: Callable[[Result], Export]) -> None:
    """No control, escape or direction characters; Unix line ends; names on one line."""
    (data,) = make(Result("r", hostile(f"{ALL}\r\n"))).files.values()
    text = json.dumps(json.loads(data), ensure_ascii=False).replace("\\n", "")

    assert not any(not character.isprintable() for character in text)
    assert all("\n" not in test["name"] for test in json.loads(data)["tests"])


@pytest.mark.parametrize(("status", "words"), [("rejected", "is damaged"), ("error", "You lose nothing")])
def test_without_a_score_gradescope_gets_none(status: str, words: str) -> None:
    """No zero is invented: neither for the whole nor for a test; the text says why."""
    record = factories.RECORDS[status]()
    content = of_gradescope(record)

    assert "score" not in json.dumps(content).replace("no score has been issued", "")
    assert "tests" not in content
    assert words in content["output"]
    assert "there is no score, because" in gradescope(Result("r", record)).remarks[0]


def test_prairielearn_gets_a_share() -> None:
    """From 0 to 1, with the points of each task; at most 1 MB."""
    record = factories.mixed()
    content = only(prairielearn(Result("r", record)))

    assert content["gradable"] is True
    assert content["score"] == pytest.approx(12.5 / 20)
    assert [test["points"] for test in content["tests"]] == [float(t.points) for t in record.tasks]
    assert only(prairielearn(Result("r", graded("30.00", tasks=()))))["score"] == 1.0
    many = graded(
        tasks=tuple(record.tasks[3].model_copy(update={"id": f"t{n}", "diagnosis": "x" * 2000}) for n in range(900))
    )
    assert len(prairielearn(Result("r", many)).files["results.json"]) <= 1_000_000


@pytest.mark.parametrize("status", ["rejected", "error"])
def test_without_a_score_prairielearn_does_not_grade(status: str) -> None:
    """`gradable: false` costs no attempt."""
    content = only(prairielearn(Result("r", factories.RECORDS[status]())))

    assert content["gradable"] is False
    assert "score" not in content


def test_classroom50_gets_hundredths() -> None:
    """Whole numbers that are exact, and the time of handing in."""
    result = of("Jane Doe", score="12.35", tasks=(task("12.35"),))
    made = classroom50(result, **PLACE, datetime="")
    content = only(made)

    assert content == {
        "schema": "classroom50/result/v1",
        **PLACE,
        "datetime": "2026-03-01T11:00:00.000Z",
        "score": 1235,
        "max-score": 2000,
        "tests": [{"test-name": "Log-density of the prior", "passed": False, "score": 1235, "max-score": 2000}],
    }
    assert all(type(content[name]) is int for name in ("score", "max-score"))
    assert "hundredths" in made.remarks[0]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (Result("r", factories.error()), "r: nothing is written, because the grader failed: there is no score"),
        (Result("r", factories.rejected()), "the submission could not be read"),
        (Result("r", graded()), "give the commit's with --datetime"),
    ],
)
def test_classroom50_keeps_what_it_has_without_a_score(result: Result, words: str) -> None:
    """The release stays as it was, because the command fails."""
    with pytest.raises(UsageError, match=words):
        classroom50(result, **PLACE, datetime="")


def test_a_time_is_one() -> None:
    """What is none is refused with an example, and the place where it stands."""
    with pytest.raises(UsageError, match="--datetime: 'yesterday' is no point in time: write it like 2026-03-01"):
        classroom50(of("Jane"), **PLACE, datetime="yesterday")
    bad = of("Jane")
    about = bad.record.about.model_copy(update={"submitted_at": "0001-01-01T00:00:00+10:00"})
    with pytest.raises(UsageError, match="Jane: '0001-01-01T00:00:00"):
        classroom50(Result("Jane", bad.record.model_copy(update={"about": about})), **PLACE, datetime="")
