"""A whole assignment of a few lines, and submissions for it."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from run_in_python import autograder, lines_of

from autograder.sandbox.zygote import Backend

REFERENCE = '''
    """Answers."""
    from jaxtyping import Float
    from torch import Tensor

    def double(x: Float[Tensor, "B"]) -> Float[Tensor, "B"]:
        """Twice x."""
        return 2 * x
'''
CONTRACT = '''
    import torch
    from hypothesis import given, strategies as st
    from autograder.authoring import Case, check

    def case(values):
        return Case("double", {"x": torch.tensor(values, dtype=torch.float64)})

    @check("double", "contract")
    def test_contract(student):
        """`double` exists."""
        student.value(case([1.0, 2.0]), form=True)
'''
VALUE = '''
    import torch
    from hypothesis import given, strategies as st
    from autograder.authoring import Case, check

    @check("double", "value")
    @given(values=st.lists(st.integers(-9, 9).map(float), min_size=1, max_size=6))
    def test_value(student, oracle, values):
        """`double` doubles."""
        case = Case("double", {"x": torch.tensor(values, dtype=torch.float64)})
        student.agrees(case, oracle.value(case))
'''
RUBRIC = """
    title: Tiny
    points: 3
    budgets: {call_seconds: 60, load_seconds: 60}
    training_budgets: {}
    tasks:
      - id: double
        title: Twice
        points: 3
        checks: {contract: 1, value: 2}
    tracks:
      full: {title: All, tasks: [double]}
"""
INPUTS = '''
    """Public."""
    from autograder.authoring import inputs

    @inputs("double", batch="B")
    def double(draw):
        """Numbers around 1."""
        return {"x": draw.normal("B", mean=1.0)}
'''
"""`tests/public` with inputs, from which the check `contract` and the probes of a class are made."""
VALUE_OF_INPUTS = '''
    """Hidden."""
    from autograder.authoring import value_check
    from tests.public.test_public import double

    test_value = value_check(double, "`double` doubles.")
'''
RIGHT = "def double(x):\n    return x + x\n"


def make_assignment(folder: Path, rubric: str = RUBRIC, public: str = CONTRACT, hidden: str = VALUE) -> Path:
    """Write the assignment into `folder` and return it."""
    files = {
        "rubric.yaml": rubric,
        "reference/__init__.py": "",
        "reference/answers.py": REFERENCE,
        "tests/__init__.py": "",
        "tests/public/__init__.py": "",
        "tests/public/test_public.py": public,
        "tests/hidden/__init__.py": "",
        "tests/hidden/test_hidden.py": hidden,
    }
    return write_files(folder, files)


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Write texts into a folder, by path, and return it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


def grade_with(assignment: Path, source: str, *options: str) -> tuple[int, dict[str, Any], str]:
    """Grade a submission of one file; returns the exit code, `result.json` and what was printed."""
    work = assignment / "work.py"
    work.write_text(source, encoding="utf-8")
    out = assignment / "out"
    arguments = [
        "grade",
        work,
        "--out",
        out,
        "--assignment",
        assignment,
        "--sandbox",
        "none",
        "--device",
        "cpu",
        *options,
    ]
    done = autograder(*arguments, folder=assignment)
    result = out / "result.json"
    record = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {}
    return done.returncode, record, done.stdout + done.stderr


def grade_here(
    assignment: Path,
    source: str = "",
    *,
    files: Mapping[str, bytes] | None = None,
    backend: Backend | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Grade a submission in this process and return its record.

    Args:
        assignment: Its folder.
        source: Text of `work.py`; no such file is handed in where it is empty.
        files: Other files by path.
        backend: Is used and stays open; without one a worker is started without isolation.
        options: Of `GradeOptions`.
    """
    from autograder.assignment.loading import Assignment
    from autograder.grading.run import GradeOptions, grade, grade_submission, wanted_files
    from autograder.intake import take_in

    work = assignment / "handed_in"
    shutil.rmtree(work, ignore_errors=True)
    for path, data in {**({"work.py": source.encode()} if source else {}), **(files or {})}.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes(data)
    chosen: dict[str, Any] = {"sandbox": "none", "device": "cpu"} | options
    loaded, how = Assignment(assignment), GradeOptions(**chosen)
    if backend is None:
        return grade(work, loaded, how).model_dump(mode="json")
    submission = take_in(work, wanted=wanted_files(how.applied_to(loaded.rubric)))
    return grade_submission(submission, loaded, how, backend).model_dump(mode="json")


def checks_of(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the checks of a record by id."""
    return {check["id"]: check for task in record["tasks"] for check in task["checks"]}


def grade_all(assignments: list[Path], sources: list[str]) -> list[dict[str, Any]]:
    """Grade a submission for each assignment, in one process; returns records, or why there is none."""
    for number, (assignment, source) in enumerate(zip(assignments, sources, strict=True)):
        (assignment / f"work{number}.py").write_text(source, encoding="utf-8")
    code = f"""
        import json
        from pathlib import Path
        from autograder.assignment.loading import Assignment
        from autograder.errors import AutograderError
        from autograder.grading.run import GradeOptions, grade
        for number, folder in enumerate({[str(path) for path in assignments]!r}):
            options = GradeOptions(sandbox="none", device="cpu")
            try:
                record = grade(Path(folder, f"work{{number}}.py"), Assignment(Path(folder)), options).model_dump(mode="json")
            except AutograderError as error:
                record = dict(refused=str(error), exit_code=error.exit_code)
            print(json.dumps(record))
    """
    return [json.loads(line) for line in lines_of(code, assignments[0])]
