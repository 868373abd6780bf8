"""The code of a function is cut out of the text of a submission, bounded, and never run."""

from __future__ import annotations

import pytest

from autograder.grading.code import code_of
from autograder.handed_in import MOST_LINES, WIDEST_LINE
from autograder.records import Cell, Code, SourceFile, Submission


def submission(*cells: str, path: str = "sums.py") -> Submission:
    """A submission of one file; with several cells, of one notebook."""
    labels = [f"cell {number}" for number in range(1, len(cells) + 1)] if len(cells) > 1 else [""]
    made = tuple(Cell(label=label, source=source) for label, source in zip(labels, cells, strict=True))
    source = SourceFile(path=path, module="sums", cells=made)
    return Submission(name="x", kind="file", sha256="0", sources=(source,))


DECORATED = "import torch\n\n\n@torch.no_grad()\n# why\ndef f(x):\n    return x\n\n\ny = f(1)\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("def f(x):\n    return x\n", Code(place="sums.py", first_line=1, text="def f(x):\n    return x")),
        (DECORATED, Code(place="sums.py", first_line=4, text="@torch.no_grad()\n# why\ndef f(x):\n    return x")),
        ("def f():\n    1\ndef f():\n    2\n", Code(place="sums.py", first_line=3, text="def f():\n    2")),
        ("f = g = print\n", Code(place="sums.py", first_line=1, text="f = g = print")),
        ("x = 1\nclass f:\n    a = 2", Code(place="sums.py", first_line=2, text="class f:\n    a = 2")),
        ("def g():\n    def f(): pass\n", None),
        ("def f(:\n", None),
        ("(" * 10_000 + "f", None),
        ("def f(): pass\n" + "#" * 200_000, None),
    ],
)
def test_the_last_definition_at_the_top_level(text: str, code: Code | None) -> None:
    """With its decorators and the number of its first line; none where there is none, or the text is no Python, or endless."""
    assert code_of(submission(text), "sums.py", "f") == code


def test_the_cell_of_a_notebook() -> None:
    """It is named as tracebacks name it; the last cell counts, and another file does not."""
    notebook = submission("def f(): return 1", "x = 2\ndef f(): return 2", "%broken", path="a.ipynb")

    assert code_of(notebook, "a.ipynb", "f") == Code(place="a.ipynb [cell 2]", first_line=2, text="def f(): return 2")
    assert code_of(notebook, "b.ipynb", "f") is None


def test_long_code_is_cut() -> None:
    """Lines are cut in number and in width, and it is said how many are missing."""
    wide = "    x = '" + "y" * 500 + "'\n"
    code = code_of(submission("def f():\n" + wide * (MOST_LINES + 9)), "sums.py", "f")

    assert code is not None
    assert len(code.text.split("\n")) == MOST_LINES
    assert code.cut == 10
    assert max(map(len, code.text.split("\n"))) == WIDEST_LINE + 1
