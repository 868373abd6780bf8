"""A group becomes a stub in the candidates: what is written into which file, what of a submission gets there, what is refused."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_assignment import FILES
from tiny_assignment import write_files

from autograder.assignment.loading import Assignment
from autograder.assignment.recorded import Recorded, read_recordings, recordings, recordings_text
from autograder.behaviour import Behaviour, ProbeAnswer
from autograder.class_records import Group
from autograder.cohort.decisions import groups_in
from autograder.cohort.named import Written, name_group
from autograder.diagnosis.behaving import behaviour_of
from autograder.diagnosis.probes import Probes
from autograder.errors import UsageError
from autograder.outcomes import FailureKind, Outcome
from autograder.quality.recorded import otherwise, unwritten
from autograder.records import CheckRecord, Code, GradeRecord, TaskRecord

PLACE = "reference/candidates/sums/scaled_sum"
EVIL = 'def scaled_sum(x, w):\n    """My name is \u202e."""\n    # secret comment\n    s = "\\x1b]0;\u202eé\\n"\n    return x.sum(1) ** 2\n'


def cubes(x: Any, weight: float) -> Any:
    """A fault that nobody has named."""
    return weight * (x**3).sum(-1)


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    """The small assignment."""
    return Assignment(write_files(tmp_path / "small", FILES))


def record_of(assignment: Assignment, function: Callable[..., Any] = cubes, **more: Any) -> GradeRecord:
    """The record of a submission with this function."""
    probes = Probes(assignment).of("scaled_sum")
    assert probes is not None
    check = CheckRecord(
        id="scaled_sum.value",
        title="",
        visibility="hidden",
        reveal=False,
        weight="1",
        outcome=Outcome.FAILED,
        kind=FailureKind.VALUE,
    )
    fields: dict[str, Any] = {
        "behaviour": behaviour_of(function, probes, assignment.contract, "scaled_sum"),
        "code": Code(place="sums.py", first_line=1, text=EVIL),
    }
    task = TaskRecord(
        id="scaled_sum",
        title="A sum",
        file="sums.py",
        signature="",
        found_in="sums.py",
        points="0.00",
        max_points="3.00",
        outcome=Outcome.FAILED,
        checks=(check,),
        **(fields | more),
    )
    return GradeRecord(
        status="graded", assignment="Small", submission="s", track="full", score="0.00", max_score="3.00", tasks=(task,)
    )


def group_of(record: GradeRecord) -> Group:
    """The group of two with this record."""
    (group,) = groups_in([("a", record), ("b", record)])
    return group


def named(
    assignment: Assignment, record: GradeRecord, name: str = "cubes", sentence: str = "Cubes.", **more: Any
) -> Written:
    """Name the group."""
    return name_group(assignment, group_of(record), record, name, sentence, "slip", **more)


def test_a_stub_is_added_to_the_file(assignment: Assignment) -> None:
    """Behind what stands there, which stays; the file can be imported, and the others count as before."""
    before = (assignment.folder / f"{PLACE}.py").read_text(encoding="utf-8")
    written = named(assignment, record_of(assignment), sentence='Cubes, not "squares"; ½ é.')
    text = written.candidates.read_text(encoding="utf-8")

    assert written.candidates == assignment.folder / f"{PLACE}.py"
    assert text.startswith(before)
    assert text.splitlines()[written.line - 1].startswith("@wrong(")
    loaded = Assignment(assignment.folder)
    assert [stub.text for stub in loaded.candidates.stubs("scaled_sum")] == ['Cubes, not "squares"; ½ é.']
    assert [c.name for c in loaded.candidates.mistakes("scaled_sum")] == ["unscaled", "twice"]
    assert "def _cubes(x, weight):" in text
    assert unwritten(loaded, ["scaled_sum"]) == ("scaled_sum/cubes",)
    assert otherwise(loaded, ["scaled_sum"]) == ()


def test_a_file_of_its_own_where_there_is_none(assignment: Assignment) -> None:
    """In a folder that is called as the reference's module, with what it imports."""
    (assignment.folder / f"{PLACE}.py").unlink()
    written = named(Assignment(assignment.folder), record_of(assignment))

    assert written.candidates == assignment.folder / f"{PLACE}.py"
    assert [stub.name for stub in Assignment(assignment.folder).candidates.stubs("scaled_sum")] == ["cubes"]


def test_what_is_imported_is_imported_once(assignment: Assignment) -> None:
    """Also where the file has another docstring or imports only the other decorators."""
    path = assignment.folder / f"{PLACE}.py"
    path.write_text(
        '"""Right ones."""\nfrom autograder.authoring.candidates import right\n\n\n@right("r", "R.")\ndef _r(x, weight):\n    return x\n'
    )
    text = named(Assignment(assignment.folder), record_of(assignment)).candidates.read_text(encoding="utf-8")

    assert text.startswith(
        '"""Right ones."""\nfrom autograder.authoring.candidates import right\nfrom autograder.authoring.candidates import wrong\n'
    )
    assert text.count("import wrong") == 1
    assert len(Assignment(assignment.folder).candidates.stubs("scaled_sum")) == 1


def test_what_is_quoted_is_a_comment(assignment: Assignment) -> None:
    """Without comments and docstrings of the submission, in ASCII; nothing of it where that is asked for, or it is no Python."""
    text = named(assignment, record_of(assignment)).candidates.read_text(encoding="utf-8")
    added = text[text.index('@wrong("cubes"') :]

    assert added.isascii()
    assert all(letter.isprintable() or letter == "\n" for letter in added)
    assert "secret" not in added
    assert "My name" not in added
    assert "    #       return x.sum(1) ** 2\n" in added
    body = ast.parse(text).body[-1]
    assert isinstance(body, ast.FunctionDef)
    assert [ast.unparse(part) for part in body.body] == ["raise NotImplementedError"]
    named(Assignment(assignment.folder), record_of(assignment), "again", quote=False)
    unreadable = record_of(assignment, code=Code(place="sums.py", first_line=1, text="def (\r\x0c@"))
    named(Assignment(assignment.folder), unreadable, "broken")
    assert (assignment.folder / f"{PLACE}.py").read_text(encoding="utf-8").count("** 2\n") == 1


HOSTILE_LINES = [
    "x\nraise SystemExit",
    "x\rimport os",
    "x\x0cy",
    "\u2028import os",
    '"""',
    "# -*- coding: utf-7 -*-",
    "\\",
    "x" * 5000,
]


@pytest.mark.parametrize("line", HOSTILE_LINES)
def test_no_line_of_a_submission_becomes_code(assignment: Assignment, line: str) -> None:
    """Whatever it holds."""
    probes = record_of(assignment).tasks[0].behaviour
    assert probes is not None
    raised = ProbeAnswer(
        sizes={"B": 1},
        relation="failed",
        failure=FailureKind.EXCEPTION,
        exception=line,
        message=line,
        line=line,
        asked=line,
    )
    behaviour = Behaviour(probes=probes.probes, answers=(raised,))
    text = named(assignment, record_of(assignment, behaviour=behaviour)).candidates.read_text(encoding="utf-8")
    before, _, added = text.partition('@wrong("cubes"')

    assert len(ast.parse(text).body) == len(ast.parse(before).body) + 1
    assert [row for row in added.splitlines()[2:] if not row.startswith("    #")] == ["    raise NotImplementedError"]


def test_the_body_decides(assignment: Assignment) -> None:
    """One that does the same, however it is written, is what was recorded; another one is told, with a probe."""
    named(assignment, record_of(assignment))
    path = assignment.folder / f"{PLACE}.py"
    text = path.read_text(encoding="utf-8")

    def checked(body: str) -> tuple[str, ...]:
        path.write_text(text.replace("    raise NotImplementedError\n", f"    return {body}\n"), encoding="utf-8")
        return otherwise(Assignment(assignment.folder), ["scaled_sum"])

    assert checked("weight * (x * x * x).sum(1).float()") == ()
    (said,) = checked("(x**2).sum(-1)")
    assert said.startswith("scaled_sum/cubes: recorded is: other values")
    assert "it does: 0.3333 × what is expected, everywhere" in said
    assert otherwise(Assignment(assignment.folder), ["another"]) == ()


def test_another_form_may_be_what_was_recorded(assignment: Assignment) -> None:
    """One of the forms of a mistake is enough."""
    named(assignment, record_of(assignment))
    path = assignment.folder / f"{PLACE}.py"
    form = '\n\n@wrong("cubes")\ndef _cubes_again(x, weight):\n    return weight * (x**3).sum(1)\n'
    text = path.read_text(encoding="utf-8").replace("    raise NotImplementedError\n", "    return x.sum(1)\n")
    path.write_text(text + form, encoding="utf-8")

    assert otherwise(Assignment(assignment.folder), ["scaled_sum"]) == ()


def test_a_recording_without_its_mistake_is_told(assignment: Assignment) -> None:
    """Somebody has renamed it; or the reference has changed since."""
    behaviour = record_of(assignment).tasks[0].behaviour
    assert behaviour is not None
    path = assignment.folder / f"{PLACE}.recorded.json"
    path.write_text(recordings_text({"renamed": Recorded(what="w", count=2, behaviour=behaviour)}), encoding="utf-8")
    assert "the task has no mistake of this name" in otherwise(assignment, ["scaled_sum"])[0]

    stale = behaviour.model_copy(update={"probes": "before"})
    path.write_text(recordings_text({"twice": Recorded(what="w", count=2, behaviour=stale)}), encoding="utf-8")
    assert "have changed since" in otherwise(assignment, ["scaled_sum"])[0]


def test_recordings_are_read_back(tmp_path: Path, assignment: Assignment) -> None:
    """As they were written; what cannot be read is refused with the file and the field."""
    behaviour = record_of(assignment).tasks[0].behaviour
    assert behaviour is not None
    recorded = {"cubes": Recorded(what="w", count=2, behaviour=behaviour)}
    path = assignment.folder / f"{PLACE}.recorded.json"
    path.write_text(recordings_text(recorded), encoding="utf-8")

    assert recordings(assignment.folder) == {"scaled_sum": recorded}
    assert read_recordings(tmp_path / "none.json") == {}
    path.write_text(json.dumps({"cubes": {"what": 1}}), encoding="utf-8")
    with pytest.raises(UsageError, match=r"scaled_sum\.recorded\.json: cubes\.what: "):
        recordings(assignment.folder)


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no identifier": ({"name": "two words"}, {}, "is no identifier"),
    "no sentence": ({"sentence": " "}, {}, "say in one sentence"),
    "a sentence of two lines": ({"sentence": "a\nb"}, {}, "say in one sentence"),
    "a name that is taken": ({"name": "twice"}, {}, "has a candidate of this name already"),
    "no behaviour": ({}, {"behaviour": None}, "shares no answers to the probes"),
    "another assignment": (
        {},
        {"behaviour": Behaviour(probes="else", answers=(ProbeAnswer(sizes={}, relation="other"),))},
        "asks other probes",
    ),
}


@pytest.mark.parametrize(("arguments", "fields", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(assignment: Assignment, arguments: dict[str, Any], fields: dict[str, Any], words: str) -> None:
    """With what to do; nothing is written."""
    before = (assignment.folder / f"{PLACE}.py").read_text(encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        named(assignment, record_of(assignment, **fields), **arguments)

    assert (assignment.folder / f"{PLACE}.py").read_text(encoding="utf-8") == before
    assert not (assignment.folder / f"{PLACE}.recorded.json").exists()
