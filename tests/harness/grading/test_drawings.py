"""Pictures for people: drawn with a submission's functions, whatever happens in them, and handed in ones encoded anew."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tiny_assignment import RIGHT, RUBRIC, make_assignment, write_files

from autograder.assignment.loading import Assignment
from autograder.grading.drawings import MOST_PICTURES
from autograder.grading.options import GradeOptions
from autograder.grading.run import grade_submission
from autograder.intake import take_in
from autograder.records import GradeRecord
from autograder.sandbox import readers

WITH_A_PLOT = (
    RUBRIC.replace("points: 3\n    budgets", "points: 4\n    budgets")
    .replace(
        "    tracks:",
        "      - {id: plot, kind: person, title: A plot, points: 1, what: 'Axes.', file: '*.png'}\n    tracks:",
    )
    .replace("tasks: [double]", "tasks: [double, plot]")
)
DRAW = '''
    """Twice."""
    import torch
    from autograder.training.easel import Drawn, Easel, NotDrawn
    from autograder.training.pictures import grid

    def draw(easel: Easel) -> Drawn:
        """Four dots, which the submission makes brighter."""
        BODY
'''
FOUR = 'return Drawn(grids=(grid("dots", easel.value("double", x=torch.tensor([0.0, 0.1, 0.2, 0.5])).reshape(1, 2, 2), 1),))'


@pytest.fixture
def graded(backend: object, tmp_path: Path) -> Any:
    """`graded(body, source=..., **files)`: the record of a submission where `draw` has this body."""

    def grade(body: str, source: str = RIGHT, **files: bytes) -> GradeRecord:
        assignment = make_assignment(tmp_path / "tiny", WITH_A_PLOT)
        write_files(assignment, {"tests/figures/plot.py": DRAW.replace("BODY", body)})
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        (work / "answers.py").write_text(source)
        for name, data in files.items():
            (work / name.replace("_png", ".png")).write_bytes(data)
        return grade_submission(take_in(work, wanted=("*.png",)), Assignment(assignment), GradeOptions(), backend)

    return grade


def picture(width: int, height: int) -> bytes:
    """A PNG of noise, which compresses badly."""
    target = io.BytesIO()
    Image.effect_noise((width, height), 80).convert("RGB").save(target, "PNG")
    return target.getvalue()


def test_a_figure_is_drawn_with_the_submissions_functions(graded: Any) -> None:
    """What `double` makes of numbers stands in the record; the points are those of the checks."""
    record = graded(FOUR)
    (drawing,) = record.drawings

    assert (record.score, record.status) == ("3.00", "graded")
    assert (drawing.task, drawing.why_not) == ("plot", "")
    assert list(base64.b64decode(drawing.grids[0].levels)) == [0, 51, 102, 255]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def double(x):\n    raise ValueError('odd')\n", "`double` failed: it raised ValueError: odd"),
        ("def double(x):\n    return None\n", "`double`"),
        ("import os\ndef double(x):\n    os._exit(1)\n", "`double` failed"),
        ("x = 1\n", "`double` is not defined"),
    ],
)
def test_what_fails_in_a_submission_is_said(graded: Any, source: str, said: str) -> None:
    """A function that raises, returns nothing, ends its process or is not there: the grading goes on."""
    record = graded(FOUR, source)
    (drawing,) = record.drawings

    assert record.status == "graded"
    assert drawing.grids == ()
    assert said in drawing.why_not


def test_our_own_fault_costs_the_picture_only(graded: Any) -> None:
    """Staff learn of it; the grade stands."""
    record = graded("return 1 / 0")

    assert (record.status, record.score) == ("graded", "3.00")
    assert record.drawings[0].why_not == "the grader itself could not draw it"
    assert [flag.message for flag in record.flags if flag.code == "our-fault"] == [
        "The picture for plot could not be drawn: ZeroDivisionError: division by zero"
    ]


@pytest.mark.parametrize(
    "body", ['raise NotDrawn("nothing to see")', 'return easel.run("fit")', 'return easel.trained("fit")']
)
def test_what_there_is_nothing_for_is_left_out(graded: Any, body: str) -> None:
    """Also where a model is wanted, and this grading has trained none."""
    assert graded(body).drawings == ()


def test_the_same_submission_gets_the_same_picture(graded: Any) -> None:
    """What is drawn at random is drawn from the submission's own lot."""
    body = 'return Drawn(grids=(grid("noise", torch.rand(1, 2, 2, generator=easel.generator), 1),))'
    first = graded(body)

    assert graded(body).drawings == first.drawings
    assert graded(body, RIGHT + "\n# another\n").drawings != first.drawings


def test_pictures_are_encoded_anew(graded: Any) -> None:
    """Small enough for a page, in our own PNG; what is none says so."""
    record = graded(FOUR, plot_png=picture(1600, 900), broken_png=b"\x89PNG\r\n\x1a\n but no more")
    broken, plot = record.pictures
    again = Image.open(io.BytesIO(base64.b64decode(plot.encoded)))

    assert (broken.path, broken.encoded) == ("broken.png", "")
    assert "cannot be read as a picture" in broken.why_not
    assert again.format == "PNG"
    assert again.width / again.height == pytest.approx(1600 / 900, rel=0.02)
    assert len(plot.encoded) < 130_000


def test_a_reader_that_breaks_costs_the_pictures_only(graded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The grade stands, and staff learn of it."""
    monkeypatch.setattr(readers, "_PICTURES", "import a_library_that_is_not_there\ndef picture(data): pass\n")
    record = graded(FOUR, plot_png=picture(4, 4))

    assert (record.status, record.score, record.pictures) == ("graded", "3.00", ())
    assert any("Pictures of the submission could not be read" in flag.message for flag in record.flags)


def test_they_are_not_without_end(graded: Any) -> None:
    """A page shows the first ones."""
    assert len(graded(FOUR, **{f"p{i}_png": picture(4, 4) for i in range(30)}).pictures) == MOST_PICTURES
