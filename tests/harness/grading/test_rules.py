"""Rules of a track: what is found is told and may cost points, and nothing that is found stops the grading."""

from __future__ import annotations

from pathlib import Path

import pytest
from make_submission import submission
from tiny_assignment import RIGHT, RUBRIC, grade_here, make_assignment

from autograder.assignment.answers import parse_sheet
from autograder.assignment.kinds import Work
from autograder.assignment.rubric import Rubric
from autograder.assignment.rubric_file import parse_rubric
from autograder.grading.rules import Findings, look_at
from autograder.records import DataFile

TEXT = """\
title: Tiny
points: 3
budgets: {{call_seconds: 5}}
training_budgets: {{}}
tasks:
  - {{id: double, title: Twice, points: 3, checks: {{value: 2}}}}
tracks:
  full: {{title: Everything, {rules}}}
"""


def rubric(rules: str) -> Rubric:
    """Return the plain rubric of a track with these rules."""
    return parse_rubric(TEXT.format(rules=rules), Path("rubric.yaml")).for_track("full")


def found(rules: str, source: str = RIGHT, *files: tuple[str, bytes], sheets: str = "") -> Findings:
    """What the rules of a track say about a submission of one Python file and others."""
    made, _ = submission(source)
    handed_in = [DataFile(path=path, data=data) for path, data in files]
    known = {"words": parse_sheet(sheets, Path("words.yaml"))} if sheets else {}
    return look_at(made, rubric(rules), Work(handed_in, known, lambda data: len(data)))


FORBIDDEN = "policies: {forbidden_imports: [torch.distributions], costs: 0.5}"
ALLOWED = "policies: {allowed_imports: [torch, numpy.linalg]}"
PDF = 'deliverables: [{file: "*.pdf", pages: 4, costs: 0.25}]'


def test_nothing_is_found() -> None:
    """Work that keeps the rules has no note, no flag and no deduction; so has work in a track without rules."""
    for rules in (FORBIDDEN, ALLOWED, PDF, "tasks: all"):
        assert found(rules, "import math, torch\n" + RIGHT, ("report.pdf", b"1234")) == Findings()


def test_what_is_forbidden() -> None:
    """Every place is told, staff see how many there are, and the points are taken away once."""
    findings = found(FORBIDDEN, "import torch\nfrom torch import distributions\nD = torch.distributions.Normal\n")

    assert [(note.code, note.path) for note in findings.notes] == [("forbidden-import", "work.py")] * 2
    assert "line 2" in findings.notes[0].message
    [flag] = findings.flags
    assert flag.code == "policy"
    assert flag.message.startswith("2 places use what track 'full' does not allow: work.py, line 2")
    assert [(d.code, d.points) for d in findings.deductions] == [("policy", "0.50")]


def test_only_some_libraries_are_allowed() -> None:
    """Where a track lists libraries, others are told; Python's own and modules of the submission are not."""
    source = "import math, work, torch.nn\nfrom numpy.linalg import norm\nfrom torch import nn\nfrom . import other\n"
    assert found(ALLOWED, source) == Findings()

    findings = found(ALLOWED, "import scipy.stats as st\nfrom numpy import linalg, fft\n")
    assert [note.message for note in findings.notes] == [
        "work.py, line 1: `import scipy.stats as st` uses scipy.stats, which this assignment does not allow.",
        "work.py, line 2: `from numpy import linalg, fft` uses numpy, which this assignment does not allow.",
    ]
    assert findings.flags[0].code == "policy"
    assert findings.deductions == ()


DELIVERED = {
    "missing": ((), "*.pdf: no file called `*.pdf` was handed in"),
    "too long": ((("deep/talk.pdf", b"12345"),), "has 5 pages"),
}


@pytest.mark.parametrize(("files", "message"), DELIVERED.values(), ids=DELIVERED)
def test_deliverables(files: tuple[tuple[str, bytes], ...], message: str) -> None:
    """A file that is missing or not as it should be is told, flagged and costs what the track says."""
    findings = found(PDF, RIGHT, *files)

    assert message in findings.notes[0].message
    assert [note.code for note in findings.notes] == [flag.code for flag in findings.flags] == ["deliverable"]
    assert [(d.code, d.points) for d in findings.deductions] == [("deliverable", "0.25")]


def test_answers_to_no_question() -> None:
    """A name in the file of answers that no sheet knows is told: a typo would look like no answer."""
    sheet = "questions:\n  many: {prompt: How many, answer: 3}\n"
    findings = found("tasks: all", RIGHT, ("answers.yaml", b"words:\n  mony: 3\n"), sheets=sheet)

    assert [(note.code, note.path) for note in findings.notes] == [("stray-answer", "answers.yaml")]
    assert "mony" in findings.notes[0].message
    assert (findings.flags, findings.deductions) == ((), ())


def test_findings_never_stop_a_grading(tmp_path: Path) -> None:
    """What breaks the rules is graded as always; the costs come off the whole, which never falls below zero."""
    rules = "tasks: [double], pass: 2.5, policies: {forbidden_imports: [torch], costs: %s}, deliverables: [{file: README*, costs: 0.25}]"
    rubric_text = RUBRIC.replace("tasks: [double]", rules)
    work = "import torch\n" + RIGHT

    for costs, score, passed in (("0.5", "2.25", False), ("0", "2.75", True), ("5", "0.00", False)):
        record = grade_here(make_assignment(tmp_path / costs, rubric=rubric_text % costs), work)
        assert (record["status"], record["score"], record["max_score"]) == ("graded", score, "3.00")
        assert (record["passed"], record["pass_mark"]) == (passed, "2.50")
        assert record["tasks"][0]["points"] == "3.00"
        assert {flag["code"] for flag in record["flags"]} == {"policy", "deliverable", "not-isolated"}
        charged = [*([f"{float(costs):.2f}"] if costs != "0" else []), "0.25"]
        assert [deduction["points"] for deduction in record["deductions"]] == charged
