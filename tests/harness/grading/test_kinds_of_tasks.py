"""Every kind of task, from a folder that a teacher wrote to a record: right work earns all, wrong work less, the template nothing."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pypdf
import pytest
from tiny_assignment import Backend, checks_of, grade_here, write_files

from autograder.assignment.loading import Assignment
from autograder.assignment.template import build_template
from autograder.errors import SubmissionRejected
from autograder.sandbox.plain import Plain

RUBRIC = """
title: One kind
points: 4
budgets: {{call_seconds: 60, load_seconds: 60}}
training_budgets: {{}}
tasks:
  - {{title: The task, points: 4, {task}}}
tracks:
  full: {{title: All}}
"""


def pdf(pages: int) -> bytes:
    """Return a PDF with so many pages."""
    writer, out = pypdf.PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(100, 100)
    writer.write(out)
    return out.getvalue()


@dataclass(frozen=True)
class Whole:
    """An assignment of one task, with submissions.

    Attributes:
        task: Its entry in the rubric.
        files: Beside the rubric.
        right: Gets all points.
        wrong: By what is wrong with it: the files, the points, and the ids of the checks that fail.
    """

    task: str
    right: Mapping[str, str | bytes]
    wrong: Mapping[str, tuple[Mapping[str, str | bytes], str, set[str]]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


CLASS_REFERENCE = '''
    """A layer."""
    import torch
    from jaxtyping import Float
    from torch import Tensor, nn

    class Scale(nn.Module):
        """A factor for each of D features."""

        def __init__(self, D: int, start: float = 1.0) -> None:
            """Begin with the same factor everywhere."""
            super().__init__()
            self.factor = nn.Parameter(torch.full((D,), start))

        def forward(self, x: Float[Tensor, "B {D}"]) -> Float[Tensor, "B {D}"]:
            """Multiply every feature by its factor."""
            return x * self.factor
'''
CLASS_INPUTS = """
    from autograder.authoring import inputs, made

    @inputs("scale-layer")
    def scale_layer(draw):
        return made({"D": draw.size("D"), "start": 2.0}, forward={"x": draw.normal("B", "D")})
"""
CLASS_CHECKS = """
    from hypothesis import given
    from autograder.authoring import check
    from tests.public.layers.test_scale import scale_layer

    @check("scale-layer", "value")
    @given(case=scale_layer.drawn())
    def test_value(student, oracle, case):
        '''`Scale` multiplies every feature by its factor.'''
        made, ours, x = student.make(case), oracle.make(case), case.calls["forward"]
        made.agrees("forward", x, oracle.method(ours, "forward", x))

    @check("scale-layer", "parameters")
    @given(case=scale_layer.drawn())
    def test_parameters(student, case):
        '''`Scale` has one parameter for each feature.'''
        made = student.make(case)
        count, wanted = made.inspect().count, case.arguments["D"]
        student.require(count == wanted, made.case, f"there are {count} parameters, but should be {wanted}")
"""
CLASS = """
    import torch
    from torch import nn

    class Scale(nn.Module):
        def __init__(self, D, start=1.0):
            super().__init__()
            self.factor = nn.Parameter(torch.full((D,), start))
        def forward(self, x):
            return x * self.factor
"""
FITTED_REFERENCE = '''
    """A fit."""
    from dataclasses import dataclass

    import torch
    from jaxtyping import Float
    from torch import Tensor

    @dataclass
    class Line:
        """A line through the origin."""

        slope: Float[Tensor, ""]

        def predict(self, x: Float[Tensor, "N"]) -> Float[Tensor, "N"]:
            """What the line says at x."""
            return self.slope * x

    def fit_line(x: Float[Tensor, "T"], y: Float[Tensor, "T"]) -> Line:
        """Least squares."""
        return Line((x * y).sum() / (x * x).sum())
'''
FITTED_INPUTS = """
    from autograder.authoring import inputs, made

    @inputs("fit_line")
    def fit_line(draw):
        return made({"x": 3 + draw.normal("T"), "y": draw.normal("T")}, predict={"x": draw.normal("N")})
"""
FITTED_CHECKS = """
    from hypothesis import given
    from autograder.authoring import check
    from tests.public.layers.test_scale import fit_line

    @check("fit_line", "value")
    @given(case=fit_line.drawn())
    def test_value(student, oracle, case):
        '''The fitted line predicts.'''
        made, ours, x = student.make(case), oracle.make(case), case.calls["predict"]
        made.agrees("predict", x, oracle.method(ours, "predict", x))
"""
FITTED = """
    class Line:
        def __init__(self, slope):
            self.slope = slope
        def predict(self, x):
            return x * self.slope

    def fit_line(x, y):
        return Line((x @ y) / (x @ x))
"""
SCRIPT_CHECKS = """
    from autograder.authoring import check

    @check("program", "contract")
    def test_contract(student):
        '''`sums.py` runs.'''
        student.run_script("sums.py", ["1", "2", "out.txt"])

    @check("program", "value")
    def test_value(student):
        '''`sums.py` writes the sum of its first two arguments into its third.'''
        for a, b in ((1, 2), (30, 12), (-5, 5)):
            run = student.run_script("sums.py", [str(a), str(b), "sum.txt"])
            got = run.file("sum.txt").decode(errors="replace").strip()
            student.require(got == str(a + b), run.case, f"`sum.txt` says {got!r}, but should say '{a + b}'")
"""
SCRIPT = """
    import sys
    if __name__ == "__main__":
        a, b, path = sys.argv[1:]
        open(path, "w").write(f"{int(a) + int(b)}\\n")
"""
NAMED_REFERENCE = '''
    """Doubling."""
    from jaxtyping import Float
    from torch import Tensor

    def double(x: Float[Tensor, "B"]) -> Float[Tensor, "B"]:
        """Twice x."""
        return 2 * x
'''
NAMED_INPUTS = """
    from autograder.authoring import inputs

    @inputs("1b-double")
    def double(draw):
        return {"x": draw.normal("B")}
"""
NAMED_CHECKS = """
    from autograder.authoring import value_check
    from tests.public.layers.test_scale import double

    test_value = value_check(double, "Twice every number.")
"""
SHEET = "questions:\n  many: {prompt: How many, answer: 3}\n  sure: {prompt: Is it so, answer: true}\n"


def assignment_files(reference: str, public: str, hidden: str) -> dict[str, str]:
    """The files of a task that is asked."""
    return {
        "reference/work.py": reference,
        "tests/public/layers/test_scale.py": public,
        "tests/hidden/layers/test_scale.py": hidden,
    }


WHOLE = {
    "class": Whole(
        "id: scale-layer, name: Scale, kind: class, checks: {contract: 1, value: 2, parameters: 1}",
        {"work.py": CLASS},
        {
            "adds": ({"work.py": CLASS.replace("x * self", "x + self")}, "1.33", {"scale-layer.value"}),
            "too many parameters": (
                {"work.py": CLASS.replace("(D,), start))", "(D,), start))\n            self.more = nn.Parameter(torch.ones(1))")},
                "2.67",
                {"scale-layer.parameters"},
            ),
            "another constructor": (
                {"work.py": CLASS.replace("D, start=1.0", "start=1.0")}, "0.00", {"scale-layer.contract"},
            ),
        },
        assignment_files(CLASS_REFERENCE, CLASS_INPUTS, CLASS_CHECKS),
    ),
    "fitted": Whole(
        "id: fit_line, kind: fitted, checks: {contract: 1, value: 3}",
        {"work.py": FITTED},
        {
            "another slope": ({"work.py": FITTED.replace("/ (x @ x)", "/ len(x)")}, "0.00", {"fit_line.value"}),
            "no method": ({"work.py": FITTED.replace("predict", "forecast")}, "0.00", {"fit_line.contract"}),
            "a number": ({"work.py": FITTED.replace("return Line(", "return (")}, "0.00", {"fit_line.contract"}),
        },
        assignment_files(FITTED_REFERENCE, FITTED_INPUTS, FITTED_CHECKS),
    ),
    "script": Whole(
        "id: program, kind: script, file: sums.py, checks: {contract: 1, value: 3}",
        {"sums.py": SCRIPT},
        {
            "a difference": ({"sums.py": SCRIPT.replace("int(a) +", "int(a) -")}, "0.00", {"program.value"}),
            "another file": ({"sums.py": SCRIPT.replace("open(path,", "open('mine',")}, "0.00", {"program.value"}),
            "an exception": ({"sums.py": SCRIPT.replace("a, b, path", "a, b")}, "0.00", {"program.contract"}),
            "not there": ({"other.py": SCRIPT}, "0.00", {"program.contract"}),
        },
        {"reference/work.py": "", "tests/public/test_program.py": SCRIPT_CHECKS},
    ),
    "a name of its own": Whole(
        "id: 1b-double, name: double, checks: {contract: 1, vectorised: 1, value: 2}",
        {"answers/mine.py": "def double(x):\n    return x + x\n"},
        {
            "thrice": ({"mine.py": "def double(x):\n    return 3 * x\n"}, "2.40", {"1b-double.value"}),
            "a loop": (
                {"mine.py": "import torch\ndef double(x):\n    return torch.stack([2 * part for part in x])\n"},
                "3.80",
                {"1b-double.vectorised"},
            ),
        },
        assignment_files(NAMED_REFERENCE, NAMED_INPUTS, NAMED_CHECKS),
    ),
    "answers": Whole(
        "id: words, kind: answers, checks: {many: 3, sure: 1}",
        {"answers.yaml": "words:\n  many: 3\n  sure: yes\n"},
        {
            "one is wrong": ({"answers.yaml": "words:\n  many: 4\n  sure: yes\n"}, "1.00", {"words.many"}),
            "one is missing": ({"answers.yaml": "words:\n  many: 3\n"}, "3.00", {"words.sure"}),
            "no YAML": ({"answers.yaml": "words: ["}, "0.00", {"words.many", "words.sure"}),
        },
        {"reference/work.py": "", "reference/answers/words.yaml": SHEET},
    ),
    "document": Whole(
        'id: essay, kind: document, file: "*.pdf", pages: 3',
        {"essay.pdf": pdf(3)},
        {
            "too long": ({"essay.pdf": pdf(4)}, "2.00", {"essay.pages"}),
            "no PDF": ({"essay.pdf": b"this is no PDF"}, "2.00", {"essay.pages"}),
            "another name": ({"essay.txt": b"words", "a.py": "1"}, "0.00", {"essay.present", "essay.pages"}),
        },
        {"reference/work.py": ""},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def plain() -> Iterator[Plain]:
    """One zygote without isolation for all gradings of this file: what is graded here are our own texts."""
    started = Plain()
    yield started
    started.close()


Grade = Callable[[str, Mapping[str, str | bytes]], dict[str, Any]]


@pytest.fixture
def grade_whole(plain: Backend, tmp_path: Path) -> Grade:
    """Grade a submission to one of the assignments."""

    def run(name: str, handed_in: Mapping[str, str | bytes]) -> dict[str, Any]:
        folder = write_files(
            tmp_path / "assignment", {"rubric.yaml": RUBRIC.format(task=WHOLE[name].task), **WHOLE[name].files}
        )
        contents = {
            path: textwrap.dedent(data).encode() if isinstance(data, str) else data for path, data in handed_in.items()
        }
        return grade_here(folder, files=contents, backend=plain)

    return run


def failed(record: dict[str, Any]) -> set[str]:
    """The ids of the checks that failed."""
    return {check_id for check_id, check in checks_of(record).items() if check["outcome"] == "failed"}


@pytest.mark.parametrize("name", WHOLE)
def test_right_work_earns_everything(name: str, grade_whole: Grade) -> None:
    """All checks pass, and there is no flag but that nothing was isolated."""
    record = grade_whole(name, WHOLE[name].right)

    assert (record["status"], record["message"]) == ("graded", "")
    assert (failed(record), record["score"], record["max_score"]) == (set(), "4.00", "4.00")
    assert [flag["code"] for flag in record["flags"]] == ["not-isolated"]
    assert [check["outcome"] for check in checks_of(record).values()] == ["passed"] * len(checks_of(record))


WRONG = [(name, what) for name, whole in WHOLE.items() for what in whole.wrong]


@pytest.mark.parametrize(("name", "what"), WRONG, ids=[f"{name}: {what}" for name, what in WRONG])
def test_wrong_work_earns_less(name: str, what: str, grade_whole: Grade) -> None:
    """What is wrong fails its own checks, in words, and no other."""
    handed_in, points, checks = WHOLE[name].wrong[what]
    record = grade_whole(name, handed_in)

    assert (record["status"], record["score"]) == ("graded", points), checks_of(record)
    assert failed(record) == checks
    assert all(check["message"] for check in checks_of(record).values() if check["outcome"] == "failed")


@pytest.mark.parametrize("name", WHOLE)
def test_the_template_earns_nothing(name: str, grade_whole: Grade, tmp_path: Path) -> None:
    """What students receive is no work; where nothing of it is Python either."""
    folder = write_files(tmp_path / "made", {"rubric.yaml": RUBRIC.format(task=WHOLE[name].task), **WHOLE[name].files})
    template = build_template(Assignment(folder), [])
    if name in ("script", "document"):  # nothing of it is work: it is not even taken in
        with pytest.raises(SubmissionRejected, match="holds no Python file"):
            grade_whole(name, {path: text.encode() for path, text in template.items()})
        return
    record = grade_whole(name, {path: text.encode() for path, text in template.items()})

    assert (record["status"], record["score"], record["max_score"]) == ("graded", "0.00", "4.00")
    assert {check["outcome"] for check in checks_of(record).values()} <= {"failed", "skipped"}


MIXED = """
title: Three kinds
points: 7
budgets: {call_seconds: 60, load_seconds: 60}
training_budgets: {}
tasks:
  - {id: words, title: Words, kind: answers, points: 2}
  - {id: talk, title: Talk, kind: person, points: 4, file: "*.pdf", what: How clear it is.}
  - {id: 1b-double, name: double, title: Twice, points: 1, checks: {contract: 1, value: 1}}
tracks:
  full: {title: All}
  thinking: {title: No code, kinds: [answers, person]}
"""


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """An assignment with answers, work for a person and a function."""
    files = WHOLE["a name of its own"].files
    return write_files(tmp_path / "mixed", {"rubric.yaml": MIXED, "reference/answers/words.yaml": SHEET, **files})


def test_work_for_a_person_waits(mixed: Path, plain: Backend) -> None:
    """Its points are no part of the score; whoever grades it finds what to look at and the files."""
    files = {"answers.yaml": b"words:\n  many: 3\n  sure: true\n", "slides/talk.pdf": pdf(2)}
    record = grade_here(mixed, "def double(x):\n    return 2 * x\n", files=files, backend=plain)

    assert (record["status"], record["score"], record["max_score"]) == ("graded", "3.00", "3.00")
    assert [task["id"] for task in record["tasks"]] == ["words", "1b-double"]
    said = {"id": "talk", "title": "Talk", "max_points": "4.00", "what": "How clear it is."}
    assert record["waiting"] == [said | {"file": "*.pdf", "files": ["slides/talk.pdf"]}]


def test_a_submission_without_python(mixed: Path, plain: Backend) -> None:
    """Only answers: they are graded, the function is missing, and nothing of the person's work was handed in."""
    record = grade_here(mixed, files={"answers.yaml": b"words:\n  many: 3\n  sure: true\n"}, backend=plain)

    assert (record["status"], record["score"], record["max_score"]) == ("graded", "2.00", "3.00")
    assert [task["outcome"] for task in record["tasks"]] == ["passed", "failed"]
    assert checks_of(record)["1b-double.contract"]["kind"] == "missing"
    assert record["waiting"][0]["files"] == []


def test_a_track_without_python(mixed: Path, plain: Backend) -> None:
    """A track whose tasks ask nothing needs no Python at all, and one that only people grade earns nothing by itself."""
    record = grade_here(mixed, files={"talk.pdf": pdf(1)}, backend=plain, track="thinking")

    assert (record["status"], record["track"]) == ("graded", "thinking")
    assert (record["score"], record["max_score"]) == ("0.00", "2.00")
    alone = grade_here(mixed, files={"talk.pdf": pdf(1)}, backend=plain, tasks=("talk",))
    assert (alone["status"], alone["score"], alone["max_score"], alone["tasks"]) == ("graded", "0.00", "0.00", [])


BUILT = """
title: Built from another
points: 4
budgets: {call_seconds: 60, load_seconds: 60}
training_budgets: {}
tasks:
  - {id: 1b-double, name: double, title: Twice, points: 2, checks: {contract: 1, value: 1}}
  - {id: 1c-quadruple, name: quadruple, title: Four times, points: 2, checks: {contract: 1, value: 1}}
tracks: {full: {title: All}}
"""


def test_names_of_tasks_are_used_throughout(tmp_path: Path, plain: Backend) -> None:
    """Ids that are no Python names work for carried failures and named mistakes; messages name the student's function."""
    files = {
        "rubric.yaml": BUILT,
        **WHOLE["a name of its own"].files,
        "reference/other.py": textwrap.dedent(NAMED_REFERENCE)
        .replace("2 * x", "double(double(x))")
        .replace("def double", "def quadruple")
        + "\nfrom reference.work import double\n",
        "reference/candidates/first/1b-double.py": "from autograder.authoring.candidates import wrong\n\n"
        '@wrong("added", "Two is added.", severity="gap")\ndef added(x):\n    return x + 2\n',
        "tests/public/layers/test_more.py": NAMED_INPUTS.replace("1b-double", "1c-quadruple"),
        "tests/hidden/layers/test_more.py": NAMED_CHECKS.replace("test_scale", "test_more"),
    }
    folder = write_files(tmp_path / "built", files)
    work = "def double(x):\n    return 2 + x\n\ndef quadruple(x):\n    return double(double(x))\n"
    record = grade_here(folder, work, backend=plain)
    value, carried = checks_of(record)["1b-double.value"], checks_of(record)["1c-quadruple.value"]

    assert (record["status"], record["score"]) == ("graded", "2.80"), record["flags"]
    assert [flag["code"] for flag in record["flags"]] == ["not-isolated"]
    assert value["message"].startswith(
        "`double` gives a wrong value; the first difference is at index 0 of a result of"
    )
    assert value["evidence"]["called"].startswith("double(x=")
    assert "from work import double" in value["evidence"]["reproduce"]
    assert value["misconception"] == "added"
    assert carried["carried_from"] == "1b-double"
