"""The student's notebooks: one with the text and a stub of every task, and those that an author wrote around some of them.

The same input gives the same bytes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograder.assignment.contract import ClassContract, Contract, FunctionContract
from autograder.assignment.stubs import Needs, Source, import_lines
from autograder.assignment.template_texts import intro
from autograder.errors import UsageError

if TYPE_CHECKING:
    from autograder.assignment.rubric import Rubric, TaskRule

NOTEBOOK = "assignment.ipynb"
_TASK = re.compile(r"\{task: *([\w-]+)\}")
_WITH = re.compile(r"^\{with: *([\w-]+)\}$", re.MULTILINE)


def notebook_text(
    rubric: Rubric,
    tasks: Sequence[TaskRule],
    contract: Contract,
    sources: Mapping[str, Source],
    found: Mapping[str, Needs],
) -> str:
    """Return the tasks that define something in Python as one notebook; the same input gives the same bytes."""
    import nbformat

    v4: Any = nbformat.v4
    every = Needs()
    for needed in found.values():
        every.add(needed)
    setup = import_lines(every.imports) + ("\n" + "\n".join(every.aliases.values()) if every.aliases else "")
    cells = _first_cells(v4, intro(rubric.title, NOTEBOOK, tasks[0].id), setup)
    names = {task.object for task in tasks}
    for name in _classes_in_order(contract, sources):
        if name not in names:
            cells.append(_code(v4, f"class-{name}", sources[contract.classes[name].module].stub(name)))
    for task in tasks:
        points = f"{task.points} point{'' if task.points == 1 else 's'}"
        cells += _task_cells(v4, task, points, contract, sources)
    return _written(cells)


def lab_text(
    name: str,
    text: str,
    graded: Mapping[str, TaskRule],
    tasks: Mapping[str, TaskRule],
    contract: Contract,
    sources: Mapping[str, Source],
    needed: Callable[[str], Needs],
) -> str:
    """Return a notebook that an author wrote around some tasks; the same input gives the same bytes.

    Args:
        name: Of its file.
        text: Markdown. A line `{task: ID}` becomes the task's text and stub, a block of Python a cell of code.
        graded: The tasks of the track, by id: those that are none of its say so.
        tasks: All tasks that define something in Python, by id.
        contract: Of all of them.
        sources: The reference's modules.
        needed: Says what the stubs of a task refer to, by its id.

    Raises:
        UsageError: A task that there is not.
    """
    import nbformat

    v4: Any = nbformat.v4
    title, _, body = _WITH.sub("", text).lstrip().partition("\n")
    pieces = list(_pieces(body, name, tasks))
    inside = [piece for kind, piece in pieces if kind == "task"]
    every = Needs()
    for task_id in inside:
        every.add(needed(task_id))
    setup = import_lines(every.imports) + ("\n" + "\n".join(every.aliases.values()) if every.aliases else "")
    cells = _first_cells(v4, intro(title.lstrip("# ").strip(), name, inside[0]), setup)
    for number, (kind, piece) in enumerate(pieces, start=1):
        if kind == "task":
            rule = graded.get(piece)
            points = (
                "not graded in this course" if rule is None else f"{rule.points} point{'' if rule.points == 1 else 's'}"
            )
            cells += _task_cells(v4, tasks[piece], points, contract, sources)
        elif kind == "code":
            cells.append(_code(v4, f"lab-{number}", piece))
        else:
            cells.append(v4.new_markdown_cell(piece, id=f"lab-{number}"))
    return _written(cells)


def offered(text: str, graded: Collection[str]) -> bool:
    """Whether a course gets an author's notebook: it grades every task that stands in it, or one that it names, `{with: ID}`."""
    held, named = _TASK.findall(text), _WITH.findall(text)
    return any(task_id in graded for task_id in named) or (bool(held) and all(task_id in graded for task_id in held))


def _pieces(body: str, name: str, tasks: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield (`"text"`, `"task"` or `"code"`, content) in the order of an author's notebook."""
    for part in re.split(r"^(```python\n.*?^```$|\{task: *[\w-]+\})$", body, flags=re.MULTILINE | re.DOTALL):
        if match := _TASK.fullmatch(part.strip()):
            if match[1] not in tasks:
                raise UsageError(f"reference/notebooks/{name}: there is no task {match[1]!r} that is written in Python")
            yield "task", match[1]
        elif part.startswith("```python\n"):
            yield "code", part.removeprefix("```python\n").removesuffix("```").strip("\n")
        elif part.strip():
            yield "text", part.strip()


def _first_cells(v4: Any, text: str, setup: str) -> list[Any]:
    return [
        v4.new_markdown_cell(text, id="intro"),
        _code(v4, "imports", setup),
        _code(v4, "checks", "%load_ext autograder_student"),
    ]


def _task_cells(v4: Any, task: TaskRule, points: str, contract: Contract, sources: Mapping[str, Source]) -> list[Any]:
    function: FunctionContract | ClassContract = contract.classes.get(task.object) or contract[task.object]
    text = f"## {task.title}\n\n`{task.id}` · {points}\n\n{markdown(function.docstring)}"
    return [
        v4.new_markdown_cell(text, id=f"task-{task.id}"),
        _code(v4, f"code-{task.id}", sources[function.module].short_stub(task.object)),
    ]


def _written(cells: Sequence[Any]) -> str:
    import nbformat

    v4: Any = nbformat.v4
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    nbformat.validate(notebook)
    return str(v4.writes(notebook)) + "\n"


def _classes_in_order(contract: Contract, sources: Mapping[str, Source]) -> list[str]:
    """Return the classes so that each comes after those that its stub names."""
    needed = {}
    for name, found in contract.classes.items():
        nodes = sources[found.module].signature_nodes(name)
        names = {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}
        needed[name] = (names & set(contract.classes)) - {name}
    placed: list[str] = []
    while waiting := [name for name in needed if name not in placed]:
        placed.append(next((name for name in waiting if needed[name] <= set(placed)), waiting[0]))
    return placed


def _code(v4: Any, cell_id: str, source: str) -> Any:
    return v4.new_code_cell(source.rstrip("\n"), id=cell_id)


_SECTION = re.compile(r"^(Args|Returns|Source|Raises):$")


def markdown(docstring: str) -> str:
    """Return a docstring as Markdown: formulas between dollars, sections as bold words, arguments as a list."""
    lines: list[str] = []
    rows = docstring.split("\n")
    position, section = 0, ""
    while position < len(rows):
        row = rows[position]
        position += 1
        if row.strip().startswith(".. math::"):
            formula = [row.strip().removeprefix(".. math::").strip()]  # a short one may stand in the line itself
            while position < len(rows) and (rows[position].startswith("    ") or not rows[position].strip()):
                formula.append(rows[position].strip())
                position += 1
            lines += ["$$", *(line for line in formula if line), "$$", ""]
        elif match := _SECTION.match(row):
            section = match.group(1)
            lines += [f"**{'Arguments' if section == 'Args' else section}**", ""]
        else:
            argument = re.match(r"^    (\w+): (.*)", row) if section == "Args" else None
            lines.append(f"- `{argument.group(1)}`: {argument.group(2)}" if argument else _outdented(row, section))
    text = re.sub(r":math:`([^`]+)`", r"$\1$", "\n".join(lines))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _outdented(row: str, section: str) -> str:
    """Return a line of a section without its indentation; continued arguments stay below their bullet."""
    return ("  " if section == "Args" and row.strip() else "") + row.strip() if section else row.rstrip()
