"""Grading: points are exact, our own faults issue no grade, and the same submission gets the same record."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from command_line import run_here
from run_in_python import autograder
from tiny_assignment import RIGHT, VALUE, checks_of, grade_with, make_assignment

from autograder.assignment.contract import Contract, parse_module
from autograder.assignment.rubric import CheckRule, TaskRule
from autograder.checking.results import CheckResult
from autograder.grading.scoring import score_task, task_outcome
from autograder.outcomes import FailureKind, Outcome
from autograder.records import CheckRecord

ROOT = Path(__file__).resolve().parents[3]


def check(outcome: Outcome) -> CheckRecord:
    """Return a check that ended so."""
    return CheckRecord(id="t.c", title="", visibility="public", reveal=True, weight="1", outcome=outcome)


SERIOUS = {
    "all passed": ("passed passed", "passed"),
    "undecided": ("passed inconclusive", "inconclusive"),
    "skipped": ("inconclusive skipped passed", "skipped"),
    "failed": ("skipped failed passed", "failed"),
    "ours": ("failed error skipped", "error"),
}


@pytest.mark.parametrize(("outcomes", "wanted"), SERIOUS.values(), ids=SERIOUS)
def test_task_outcome(outcomes: str, wanted: str) -> None:
    """The most serious outcome of a task's checks is the task's."""
    assert Outcome(wanted) is task_outcome([check(Outcome(outcome)) for outcome in outcomes.split()])


ASSIGNMENT: Any = SimpleNamespace(
    contract=Contract({"f": parse_module("def f(x: float) -> float: ...", "work")[0]}), digests={"f": "d1"}
)
NOT_FOUND: Any = SimpleNamespace(found={})
RULES: dict[str, Any] = {carry: SimpleNamespace(carry=carry) for carry in ("never", "half", "always")}
SCORED = {
    "all": ("passed passed passed", "1.00"),
    "two thirds": ("passed passed failed", "0.67"),
    "a third": ("passed skipped failed", "0.33"),
    "undecided waits for a person": ("passed inconclusive inconclusive", "0.33"),
    "errors earn nothing": ("error passed passed", "0.67"),
    "nothing": ("failed skipped skipped", "0.00"),
}


@pytest.mark.parametrize(("outcomes", "points"), SCORED.values(), ids=SCORED)
def test_score_task(outcomes: str, points: str) -> None:
    """Passed checks earn their exact share; cents are rounded once per task."""
    rules = tuple(CheckRule(name=name, weight=Decimal(1)) for name in "abc")
    task = TaskRule(id="f", title="F", points=Decimal(1), checks=rules)
    results = {
        f"f.{name}": CheckResult(f"f.{name}", name, "public", Outcome(o), FailureKind.VALUE if o == "failed" else None)
        for name, o in zip("abc", outcomes.split(), strict=True)
    }
    record, earned = score_task(task, results, ASSIGNMENT, NOT_FOUND, RULES["never"])

    assert (points, "1.00", Fraction(points)) == (record.points, record.max_points, earned)
    assert (record.file, record.found_in, record.digest) == ("work.py", None, "d1")


CARRIED = {"never": ("1.00", "0.5000"), "half": ("0.75", "0.2500"), "always": ("0.50", "0.0000")}


@pytest.mark.parametrize("carry", CARRIED)
def test_what_a_carried_failure_costs(carry: str) -> None:
    """A failure that was paid for elsewhere costs nothing, half or all of its share; so does a check that waits for it."""
    task = TaskRule(
        id="f", title="F", points=Decimal(1), checks=tuple(CheckRule(name=n, weight=Decimal(1)) for n in "ab")
    )
    passed = CheckResult("f.a", "a", "public", Outcome.PASSED)
    failed = CheckResult("f.b", "b", "public", Outcome.FAILED, FailureKind.VALUE, carried_from="g")
    record, _ = score_task(task, {"f.a": passed, "f.b": failed}, ASSIGNMENT, NOT_FOUND, RULES[carry])

    assert (record.points, record.checks[1].points) == CARRIED[carry]


def test_our_fault_issues_no_grade(tmp_path: Path) -> None:
    """When a check of ours breaks, the status is `error` without a score, the exit code 3, and staff see where."""
    broken = VALUE.replace("student.agrees(case, oracle.value(case))", "raise KeyError('ours')")
    code, record, printed = grade_with(make_assignment(tmp_path, hidden=broken), RIGHT)

    assert code == 3
    assert (record["status"], record["score"], record["max_score"]) == ("error", None, None)
    assert checks_of(record)["double.value"]["outcome"] == "error"
    assert checks_of(record)["double.contract"]["outcome"] == "passed"
    assert any("KeyError" in line for line in checks_of(record)["double.value"]["traceback"])
    assert "no grade is issued" in record["message"]
    assert [flag["code"] for flag in record["flags"] if flag["check"]] == ["our-fault"]
    assert "the submission gets no grade" in " ".join(printed.split())


def test_second_assignment(tmp_path: Path) -> None:
    """Any folder with a rubric, a reference and checks is an assignment; all three files of a result are written."""
    folder = make_assignment(tmp_path)
    code, record, printed = grade_with(folder, RIGHT)

    assert code == 0, printed
    assert (record["status"], record["score"], record["max_score"], record["assignment"]) == (
        "graded",
        "3.00",
        "3.00",
        "Tiny",
    )
    assert "Score 3.00 of 3.00" in printed
    assert {"result.json", "student.html", "staff.html"} == {path.name for path in (folder / "out").iterdir()}
    assert [flag["code"] for flag in record["flags"]] == ["not-isolated"]
    assert record["provenance"]["sandbox"]["isolated"] is False


def test_rejected(tmp_path: Path) -> None:
    """A submission that cannot be read is rejected with a record, a reason and exit code 2."""
    folder = make_assignment(tmp_path)
    (folder / "work.zip").write_bytes(b"PK\x03\x04 broken")
    done = autograder("grade", "work.zip", "--out", "out", "--assignment", ".", "--sandbox", "none", folder=folder)
    record = json.loads((folder / "out" / "result.json").read_text(encoding="utf-8"))

    assert done.returncode == 2, done.stderr
    assert (record["status"], record["score"]) == ("rejected", None)
    assert record["message"] in " ".join(done.stderr.split())


UNUSABLE = {
    "track": (["--track", "none"], "there is no track 'none'; rubric.yaml has: full"),
    "task": (["--tasks", "double,triple"], "track 'full' has no task 'triple'; it has: double"),
    "assignment": (["--assignment", "nowhere"], "nowhere is not a folder: an assignment is a folder with rubric.yaml"),
    "choice": (["--device", "abacus"], "abacus"),
}


@pytest.mark.parametrize(("options", "message"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_arguments(
    options: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An argument that cannot be used is refused with what there is, and exit code 2; nothing is written."""
    folder = make_assignment(tmp_path)
    (folder / "work.py").write_text(RIGHT, encoding="utf-8")
    arguments = ("grade", "work.py", "--out", "out", "--assignment", ".", "--sandbox", "none", "--device", "cpu")
    code, out, err = run_here(monkeypatch, capsys, folder, *arguments, *options)

    assert code == 2
    assert message in " ".join((out + err).split())
    assert not (folder / "out").exists()


def test_regrading_gives_the_same_record(tmp_path: Path, backend: object) -> None:
    """Grading the same submission twice, in the sandbox, gives byte-identical records but for the timing."""
    texts = []
    for name in ("one", "two"):
        arguments = ["grade", "reference/divergences.py", "--out", tmp_path / name, "--tasks", "kl_standard_normal"]
        done = autograder(*arguments, "--device", "cpu", folder=ROOT)
        assert done.returncode == 0, done.stderr
        record = json.loads((tmp_path / name / "result.json").read_text(encoding="utf-8"))
        assert record.pop("timing")
        texts.append(json.dumps(record))

    assert texts[0] == texts[1]
    assert "1.00" == record["score"] == record["max_score"]
    assert record["provenance"]["sandbox"]["isolated"] is True


def test_the_same_bytes_alone_and_side_by_side(tmp_path: Path, backend: object) -> None:
    """A wrong submission, with evidence in figures, draws, and failures carried by stand-ins, gets the same record whether it
    is graded alone or beside another grading, and however many threads torch may use.
    """
    for part in ("reference", "tests/public", "tests/hidden"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("rubric.yaml", "tests/__init__.py"):
        shutil.copy(ROOT / part, tmp_path / part)
    work = tmp_path / "work"
    shutil.copytree(ROOT / "tests" / "submissions" / "correct_modules", work)
    for name, old, new in (
        ("densities.py", "sigma = torch.exp(0.5 * log_var)", "sigma = torch.exp(log_var)"),
        ("ppca.py", "torch.linalg.svd(X - mu,", "torch.linalg.svd(X,"),
    ):
        text = (work / name).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (work / name).write_text(text.replace(old, new), encoding="utf-8")

    def start(out: str, threads: int) -> subprocess.Popen[bytes]:
        tasks = "sample_gaussian,ppca_fit,estimate_log_likelihood"
        command = [
            sys.executable,
            "-m",
            "autograder.cli.main",
            "grade",
            "work",
            "--out",
            out,
            "--tasks",
            tasks,
            "--assignment",
            ".",
        ]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT)}
        return subprocess.Popen([*command, "--device", "cpu"], cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)

    assert start("alone", threads=1).wait(timeout=600) == 0
    beside = [start("left", threads=2), start("right", threads=4)]
    assert [process.wait(timeout=600) for process in beside] == [0, 0]

    records = [json.loads((tmp_path / name / "result.json").read_text("utf-8")) for name in ("alone", "left", "right")]
    assert all(record.pop("timing") for record in records)
    texts = [json.dumps(record) for record in records]
    assert texts[0] == texts[1] == texts[2]
    assert checks_of(records[0])["estimate_log_likelihood.importance"]["carried_from"] == "sample_gaussian"
    assert checks_of(records[0])["ppca_fit.value"]["evidence"]["called"]
