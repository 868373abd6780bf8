"""The pieces of the comparison with other graders: checks, submissions, formats and tables. Installing the peers takes minutes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from autograder.assignment.loading import Assignment
from autograder.grading.run import GradeOptions, grade
from scripts import bench_peers as peers
from scripts import peer_checks as given


def passed(code: str) -> int:
    """How many of the assertions hold after this code, in one process as the peers run it."""
    names: dict[str, object] = {"torch": torch}
    exec(code, names)
    count = 0
    for check in given.twelve():
        try:
            exec(check.assertion, names)
            count += 1
        except (AssertionError, RuntimeError):
            pass
    return count


@pytest.fixture
def codes(tmp_path: Path) -> dict[str, str]:
    """Five honest submissions, and those that cheat."""
    return given.submissions(5, tmp_path / "escaped", tmp_path / "made")


def test_twelve_checks_that_the_right_submission_passes(codes: dict[str, str]) -> None:
    """And the wrong ones do not; whoever replaces what compares passes all, in one process."""
    assert len({check.name for check in given.twelve()}) == 12
    assert given.twelve() == given.twelve()
    assert passed(codes["student-000"]) == 12
    assert given.is_right(codes["student-000"])
    assert 0 < passed(codes["student-001"]) < 12
    kept = torch.allclose
    try:
        assert passed(codes[given.PATCHED]) == 12
    finally:
        torch.allclose = kept
    assert passed(given._WRONG) == 0


def test_our_assignment_asks_the_same(codes: dict[str, str], tmp_path: Path) -> None:
    """Twelve checks of one point each; wrong functions get nothing whatever they replace."""
    assignment = Assignment(given.write_ours(given.twelve(), tmp_path / "course"))
    scores = {}
    for name in ("student-000", given.PATCHED):
        (tmp_path / f"{name}.ipynb").write_text(given.notebook(codes[name]), encoding="utf-8")
        record = grade(tmp_path / f"{name}.ipynb", assignment, GradeOptions(sandbox="none", device="cpu"))
        scores[name] = (record.score, sum(len(task.checks) for task in record.tasks))

    assert scores == {"student-000": ("12.00", 12), given.PATCHED: ("0.00", 12)}


def test_the_formats_of_the_peers() -> None:
    """A test file of Otter is Python with a dict, a notebook of nbgrader has twelve locked cells with a point each."""
    check = given.twelve()[0]
    names: dict[str, dict[str, object]] = {}
    exec(given.otter_test(check), names)
    assert names["test"]["points"] == 1
    assert check.assertion in str(names["test"]["suites"])
    cells = json.loads(given.nbgrader_notebook("x = 1", given.twelve()))["cells"]
    roles = [cell["metadata"]["nbgrader"] for cell in cells]
    assert [role["solution"] for role in roles] == [True] + [False] * 12
    assert sum(role.get("points", 0) for role in roles) == 12
    assert len(json.loads(given.notebook("x = 1"))["cells"]) == 1


def test_what_the_peers_write_is_read(tmp_path: Path) -> None:
    """No file is no grade; a test without a score has none."""
    assert peers.otter_points(tmp_path / "results.json") is None
    (tmp_path / "results.json").write_text(
        '{"tests": [{"name": "Public Tests"}, {"score": 1.0}, {"score": 0.0}, {"score": 1}]}'
    )
    assert peers.otter_points(tmp_path / "results.json") == 2
    (tmp_path / "autograded" / "anna").mkdir(parents=True)
    table = "assignment,student_id,score\ntwelve,anna,11.0\ntwelve,ben,0.0\n"
    assert peers.nbgrader_points(table, tmp_path / "autograded") == {"anna": 11.0, "ben": None}


def test_the_tables(codes: dict[str, str]) -> None:
    """Ratios are to the first run; what cannot run says why in its row, and the others stand."""
    good = dict.fromkeys(codes, 12.0) | {given.PATCHED: 0.0}
    fooled = dict.fromkeys(codes, 12.0) | {given.EXITS: None}
    rows = [
        ("ours", 1, peers.Ran("ours", 1, 16.0, 8.0, good), False),
        ("otter", 1, peers.Ran("otter", 1, 64.0, 32.0, fooled), True),
        ("nbgrader", 1, "cannot be installed: no | such\nversion", False),
    ]
    lines = peers.table(rows, codes).splitlines()
    assert lines[2] == "| this project | 1 | 2.00 | 1.00 | 30.0 | 1.00 | yes | 1 of 1 | 0 of 12 | 12 of 12 |"
    assert lines[3] == (
        "| Otter-Grader 7.0.0 | 1 | 8.00 | 4.00 | 7.5 | 4.00 | no: wrote a file outside | 1 of 1 | 12 of 12 | no grade |"
    )
    assert lines[4] == "| nbgrader 0.9.6 | 1 | cannot be installed: no / such version | | | | | | | |"
    assert "| cheat-exits | 12 of 12 | no grade |" in peers.scores(rows, codes)


def test_rounds_are_put_together() -> None:
    """By medians; a file outside in one of them was one, and so was a failure."""
    rounds = [(peers.Ran("ours", 1, wall, wall / 2, {"a": 12.0}), wall == 9) for wall in (4.0, 9.0, 5.0)]

    assert peers.together(rounds) == (peers.Ran("ours", 1, 5.0, 2.5, {"a": 12.0}), True)
    assert peers.together([*rounds[:1], ("no", False)]) == ("no", False)


def test_a_peer_that_cannot_be_installed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, and nothing is taken for installed."""
    monkeypatch.setattr(peers, "CACHE", tmp_path)
    monkeypatch.setitem(peers.PINS, "otter", "/no/such/file.whl")
    monkeypatch.setattr(peers, "TORCH", "/no/such/file.whl")
    monkeypatch.delenv("TORCH_INDEX", raising=False)
    with pytest.raises(peers.CannotRun, match=r"cannot be installed: .*file\.whl"):
        peers.environment("otter")
    assert not (tmp_path / "otter" / ".installed").exists()
