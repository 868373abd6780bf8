"""What remains of a submission when what was given is taken away."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from alike_classes import ROOT

from autograder.assignment.loading import Assignment
from autograder.cohort.similarity.given import given_code, given_to_students
from autograder.cohort.similarity.remaining import LONGEST_LINE, MOST_CHARACTERS, MOST_READ, given_in, remaining
from autograder.cohort.similarity.statements import statements
from autograder.errors import UsageError
from autograder.intake import take_in
from autograder.records import Cell, SourceFile

GIVEN = """
def area(width, height):
    \"\"\"What is asked.\"\"\"
    raise NotImplementedError

@cached
def table(rows):
    for row in rows:
        if row.empty:
            print("nothing")
        else:
            rows.sort()
    return rows
"""


def left(*texts: str, given: str = GIVEN) -> str:
    """What remains of files with these texts."""
    files = [
        SourceFile(path=f"{n}.py", module=f"m{n}", cells=(Cell(label="", source=text),)) for n, text in enumerate(texts)
    ]
    return remaining(files, given_in([given] if given else [])).text


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    """The assignment of this repository."""
    return Assignment(ROOT)


def test_only_what_a_student_wrote_remains() -> None:
    """In another layout, with annotations, in another function, in another place: what was given is found."""
    text = """
import math
def area(width: float, height: float = 1) -> float:
    '''What is asked, in other words.'''
    # a comment
    return (
        width
        * height)

class Mine:
    def helper(self):
        for row in rows :
            rows . sort()   # given
            rows.reverse()
"""
    assert left(text) == "return (\nwidth\n* height)\nclass Mine:\ndef helper(self):\nrows.reverse()"
    assert left(GIVEN) == ""
    assert left(text, given="").startswith("def area(")


def test_a_line_remains_if_anything_on_it_does() -> None:
    """Two statements on a line, a body beside its head."""
    assert (
        left("rows.sort(); mine()\nif row.empty: mine()\nprint('nothing')")
        == "rows.sort(); mine()\nif row.empty: mine()"
    )


def test_a_head_counts_without_its_body() -> None:
    """The same loop around something else, and something else around the same statement."""
    assert left("for row in rows:\n    mine(row)") == "mine(row)"
    assert left("while mine:\n    rows.sort()") == "while mine:"
    assert left("try:\n    rows.sort()\nexcept Mine:\n    rows.sort()") == "try:\nexcept Mine:"
    assert left("match mine:\n    case [a, b]:\n        rows.sort()\n    case _:\n        own()").count("\n") == 3


def test_what_is_no_python_counts_by_lines() -> None:
    """A file that ends in the middle."""
    assert left('def area(width, height):\n    return width *\n  print("nothing")') == "return width *"


def test_places_are_those_of_the_file() -> None:
    """Every line that remains is found again, also in a later cell."""
    cells = (
        Cell(label="cell 1", source="rows.sort()\n\n  "),
        Cell(label="cell 4", source="\n# no\na = 1\nb = [2,\n 3]"),
    )
    rest = remaining([SourceFile(path="x.ipynb", module="x", cells=cells)], given_in([GIVEN]))

    assert rest.text.split("\n") == ["a = 1", "b = [2,", "3]"]
    assert rest.places.tolist() == [[1, 2], [1, 3], [1, 4]]
    assert [piece.label for piece in rest.pieces] == ["cell 1", "cell 4"]


def test_template_kit_and_reference_leave_nothing(assignment: Assignment) -> None:
    """Of this repository's assignment: the template and the reference, as they are, are nobody's."""
    given = given_to_students(assignment)
    for folder in ("student_template", "reference/programs"):
        rest = remaining(take_in(ROOT / folder).sources, given)
        assert (folder, rest.text) == (folder, "")
    reference = [path for path in sorted((ROOT / "reference").glob("*.py")) if path.name != "__init__.py"]
    assert [path.name for path in reference if remaining(take_in(path).sources, given).text] == []
    public = sorted((ROOT / "tests" / "public").rglob("test_*.py"))
    assert [path.name for path in public if remaining(take_in(path).sources, given).text] == []


def test_more_can_be_given(assignment: Assignment, tmp_path: Path) -> None:
    """A folder of lecture code, a notebook; what holds no code, or is not there, is refused."""
    (tmp_path / "lecture").mkdir()
    (tmp_path / "lecture" / "demo.py").write_text("def demo(a):\n    return [one + 17 for one in a]\n")
    files = [
        SourceFile(
            path="x.py", module="x", cells=(Cell(label="", source="def f(a):\n    return [one + 17 for one in a]"),)
        )
    ]

    assert remaining(files, given_to_students(assignment, [tmp_path / "lecture"])).text == "def f(a):"
    (tmp_path / "notes.txt").write_text("no code")
    for place in (tmp_path / "notes.txt", tmp_path / "none"):
        with pytest.raises(UsageError, match="--given"):
            given_to_students(assignment, [place])


def test_the_kit_is_known_without_the_reference(assignment: Assignment) -> None:
    """What other tools get as base code holds stubs and no answer."""
    code = given_code(assignment)

    assert {"assignment.ipynb", "autograder_student.py"} <= set(code)
    assert any(name.startswith("tests/public/") for name in code)
    stubs = code["divergences.py"]
    assert "raise NotImplementedError" in stubs
    assert "return" not in stubs.replace("Returns", "")


@pytest.mark.parametrize(
    "text",
    [
        "if a: pass\n" + "".join(f"elif a == {n}: mine({n})\n" for n in range(3000)),
        "x = " + "-" * 5000 + "1",
        "x = " + "(" * 150 + ")" * 150,
        "".join("    " * n + "if a:\n" for n in range(90)) + "    " * 90 + "mine()",
        "a = 1\n" * 100_000,
        " \n" * 100_000 + "a",
        "a = '" + "x" * 400_000 + "'",
        "\f\v\x1c\x85\u2028\ufeff \n" * 1000,
        "",
    ],
)
def test_odd_texts_take_no_time_and_break_nothing(text: str) -> None:
    """What hostile files are made of: chains, depth, length, blanks."""
    began = time.monotonic()
    rest = left(text)

    assert time.monotonic() - began < 20
    assert max(map(len, rest.split("\n"))) <= LONGEST_LINE
    assert "\n\n" not in rest


def test_how_much_is_compared_is_bounded() -> None:
    """And it is said that there was more."""
    line = "value = compute(other, 12345)\n"
    cells = tuple(Cell(label=str(n), source=line * 10_000) for n in range(8))
    rest = remaining([SourceFile(path="x.py", module="x", cells=cells)], given_in([]))
    assert len(rest.text) <= MOST_CHARACTERS
    assert rest.is_cut
    rest = remaining([SourceFile(path="x.py", module="x", cells=cells * 3)], given_in([line]))
    assert rest.text == ""
    assert rest.is_cut
    assert sum(len(piece.source) for piece in rest.pieces) <= MOST_READ + len(cells[0].source)


def test_statements_know_their_lines() -> None:
    """Decorators belong to a head; what is no Python has no statements."""
    found = statements("@one\n@two(\n 3)\ndef f(a,\n      b):\n    return a\n")
    assert found is not None
    assert sorted((one.first, one.last) for one in found) == [(1, 5), (6, 6)]
    assert statements("def f(:") is None
