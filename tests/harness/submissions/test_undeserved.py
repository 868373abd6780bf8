"""Wrong work without a known name: every piece loses points, and none of it is our error."""

import pytest

from autograder.outcomes import Outcome
from tests.submissions.undeserved import PIECES
from tests.submissions.undeserved.naming import without_names
from tests.submissions.undeserved.piece import RIGHT
from tests.submissions.undeserved.uncaught import UNCAUGHT

from .tools import explain, task, write

CASES = [
    pytest.param(
        piece, id=name, marks=[pytest.mark.xfail(reason=UNCAUGHT[name], strict=False)] if name in UNCAUGHT else []
    )
    for pattern, pieces in PIECES.items()
    for piece in pieces
    for name in [f"{pattern}-{piece.task}-{piece.name}"]
]


@pytest.mark.long
@pytest.mark.parametrize("piece", CASES)
def test_wrong_work_loses_points(grade, tmp_path, piece):
    """It is wrong as its sentence says, so it earns less than all points; every check comes to an outcome of its own."""
    with without_names():
        record = grade(write(tmp_path / "work", {"work.py": piece.source}), (piece.task,))
    graded = task(record, piece.task)
    assert all(check.outcome is not Outcome.ERROR for check in graded.checks), explain(record)
    assert graded.points != graded.max_points, f"{piece.says}\n{explain(record)}"


@pytest.mark.parametrize("pattern", PIECES)
def test_a_pattern_has_eight_members_with_names_of_their_own(pattern):
    """At least eight, so that a check which knows one of them is not enough."""
    names = [(piece.task, piece.name) for piece in PIECES[pattern]]
    assert len(set(names)) == len(names) >= 8


@pytest.mark.long
@pytest.mark.parametrize("name", RIGHT)
def test_what_pieces_are_changed_from_earns_everything(grade, tmp_path, name):
    """Otherwise a piece could lose points for another reason than its own."""
    record = grade(write(tmp_path / "work", {"work.py": RIGHT[name]}), (name,))
    assert record.score == record.max_score, explain(record)


def test_what_is_not_caught_is_listed_by_name():
    """Every entry is a piece; one that is caught from now on leaves the list."""
    names = {f"{pattern}-{piece.task}-{piece.name}" for pattern, pieces in PIECES.items() for piece in pieces}
    assert set(UNCAUGHT) <= names
