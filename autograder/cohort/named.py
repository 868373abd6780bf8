"""Turning a group of a class into a named mistake of the assignment: a stub for the teacher to write, and the behaviour as its test.

Nothing of a submission is run, or becomes code: what is quoted of one is a comment, in ASCII and without the submission's own comments.
"""

from __future__ import annotations

import ast
import json
import textwrap
from dataclasses import dataclass
from pathlib import Path

from autograder.assignment.candidates import FOLDER
from autograder.assignment.contract import Parameter
from autograder.assignment.loading import Assignment
from autograder.assignment.prices import Severity
from autograder.assignment.recorded import ENDING, Recorded, read_recordings, recordings_text
from autograder.class_records import Group
from autograder.diagnosis.probes import probes_of
from autograder.errors import UsageError
from autograder.records import Behaviour, GradeRecord, TaskRecord
from autograder.report.behaved import in_words, of_answer, sizes_in_words
from autograder.report.text import visible

_WIDTH = 118
_MOST_QUOTED = 60


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        candidates: The file with the stub.
        recording: The file with the behaviour.
        line: Of the stub in its file.
    """

    candidates: Path
    recording: Path
    line: int


def name_group(
    assignment: Assignment,
    group: Group,
    record: GradeRecord,
    name: str,
    sentence: str,
    severity: Severity,
    *,
    quote: bool = True,
) -> Written:
    """Add a stub of a mistake to the candidates of an assignment, and record what the group does.

    Args:
        assignment: Whose mistake it becomes.
        group: What is named.
        record: Of one of its members.
        name: Of the mistake, an identifier.
        sentence: What is wrong, for students.
        severity: How grave it is.
        quote: Whether the function of that member stands in a comment below.

    Raises:
        UsageError: The group has no behaviour, the assignment is another one, or the name cannot be one.
    """
    task = next(task for task in record.tasks if task.id == group.task)
    behaviour = _behaviour(assignment, group, task)
    _require_name(assignment, group.task, name, sentence)
    path = _place(assignment, group.task)
    recording = path.with_name(f"{group.task}{ENDING}")
    recorded = read_recordings(recording)
    plain = _without_lines(behaviour)
    recorded[name] = Recorded(what=in_words(plain), count=len(group.students), behaviour=plain)
    before = (
        path.read_text(encoding="utf-8")
        if path.exists()
        else f'"""What is held against the checks of `{group.task}`."""\n'
    )
    text = _with_import(before).rstrip("\n") + "\n\n\n"
    stub = _stub(
        assignment, group, behaviour if quote else plain, name, sentence, severity, _quoted(task) if quote else []
    )
    ast.parse(text + stub)  # before anything is written: a file that cannot be imported stops every grading
    path.parent.mkdir(parents=True, exist_ok=True)
    recording.write_text(recordings_text(recorded), encoding="utf-8")  # alone it is reported as a name that is missing
    path.write_text(text + stub, encoding="utf-8")
    return Written(path, recording, text.count("\n") + 1)


def _behaviour(assignment: Assignment, group: Group, task: TaskRecord) -> Behaviour:
    if task.behaviour is None or group.kind != "behaviour":
        raise UsageError(
            f"{group.id} ({visible(group.what)}) shares no answers to the probes of the class, so there is nothing to hold a mistake "
            "against: only groups that the class page marks with `the same answers` can be named"
        )
    probes = probes_of(assignment).of(task.id) if task.id in assignment.contract else None
    if probes is None or probes.digest != task.behaviour.probes:
        raise UsageError(
            f"{assignment.folder} asks other probes of {task.id} than those that {group.id} was asked: name the assignment that the "
            "class was graded with (--assignment), or grade it again"
        )
    return task.behaviour


def _require_name(assignment: Assignment, task: str, name: str, sentence: str) -> None:
    if not name.isidentifier() or not name.isascii():
        raise UsageError(f"--name {name!r} is no identifier: use words joined by underscores")
    if not sentence.strip() or not sentence.isprintable():
        raise UsageError("--sentence: say in one sentence what is wrong; students read it")
    taken = {candidate.name for candidate in assignment.candidates.everyone if candidate.task == task}
    if name in taken or f"_{name}" in _defined(_place(assignment, task)):
        raise UsageError(f"--name {name}: {task} has a candidate of this name already; choose another one")


def _defined(path: Path) -> set[str]:
    body = ast.parse(path.read_text(encoding="utf-8")).body if path.exists() else []
    return {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def _place(assignment: Assignment, task: str) -> Path:
    """Return the file with the candidates of a task, or where it would be."""
    folder = assignment.folder / FOLDER
    found = sorted(folder.glob(f"*/{task}.py"))
    return (
        found[0] if found else folder / assignment.contract.modules[assignment.contract.resolved(task)] / f"{task}.py"
    )


def _without_lines(behaviour: Behaviour) -> Behaviour:
    """Return a behaviour without text of the submission: what it raises is compared without it."""
    answers = tuple(answer.model_copy(update={"line": ""}) for answer in behaviour.answers)
    return behaviour.model_copy(update={"answers": answers})


def _with_import(text: str) -> str:
    """Return the text of a module in which `wrong` is imported."""
    body = ast.parse(text).body
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    if any(alias.asname is None and alias.name == "wrong" for node in imports for alias in node.names):
        return text
    docstring = body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    after = max([node.end_lineno or 0 for node in imports] + [(body[0].end_lineno or 0) if docstring else 0])
    lines = text.splitlines(keepends=True)
    gap = [] if imports else ["\n"]
    return "".join([*lines[:after], *gap, "from autograder.authoring.candidates import wrong\n", *lines[after:]])


def _stub(
    assignment: Assignment,
    group: Group,
    behaviour: Behaviour,
    name: str,
    sentence: str,
    severity: Severity,
    quoted: list[str],
) -> str:
    contract = assignment.contract.functions[assignment.contract.resolved(group.task)]
    plain = [_parameter(one) for one in contract.parameters if not one.keyword_only]
    keywords = [_parameter(one) for one in contract.parameters if one.keyword_only]
    arguments = ", ".join([*plain, *(["*", *keywords] if keywords else [])])
    comments = [
        f"Of {len(group.students)} submissions (group {group.id}): {in_words(behaviour)}.",
        *(f"{sizes_in_words(answer)}: {of_answer(answer)}" for answer in behaviour.answers),
        f"Write the body so that it does the same; `autograder validate --tasks {group.task}` says whether it does.",
        "Until then it is a stub: nothing is held against it, and no failure gets its name.",
    ]
    said = [f"    # {_ascii(line)[:_WIDTH]}" for comment in comments for line in textwrap.wrap(comment, _WIDTH - 8)]
    head = f"@wrong({json.dumps(name)}, {json.dumps(sentence.strip(), ensure_ascii=False)}, severity={json.dumps(severity)})"
    return "\n".join([head, f"def _{name}({arguments}):", *said, *quoted, "    raise NotImplementedError", ""])


def _parameter(parameter: Parameter) -> str:
    """Return a parameter with its default, where that is a plain value: a name of the reference's module is none of this file."""
    if parameter.default is None:
        return parameter.name
    try:
        ast.literal_eval(parameter.default)
    except ValueError:
        return f"{parameter.name}=None"
    return f"{parameter.name}={parameter.default}"


def _quoted(task: TaskRecord) -> list[str]:
    """Return the function of a submission as a comment, as Python writes it; nothing where it cannot be read whole."""
    if task.code is None or task.code.cut:
        return []
    try:
        tree = ast.parse(textwrap.dedent(task.code.text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = list(body or [])[1:] or [ast.Pass()]
    lines = ast.unparse(tree).splitlines()
    shown = [f"    #   {_ascii(line)}"[:_WIDTH] for line in lines[:_MOST_QUOTED]]
    more = ["    #   ..."] if len(lines) > _MOST_QUOTED else []
    return [
        "    # One of them, without its comments (a student's work: take it out before you publish this):",
        *shown,
        *more,
    ]


def _ascii(text: str) -> str:
    """Return a text for a comment: one line, whatever is in it."""
    plain = text.replace("×", "times").replace("½", "1/2")
    return "".join(
        letter if letter.isascii() and letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in plain
    )
