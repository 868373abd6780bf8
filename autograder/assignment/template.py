"""The student's template, made from `reference/`: the same signatures and docstrings, no bodies.

`generate` and all it uses are pure: they turn the text of the reference and the rubric into the text of files. Files
that stand in `student_template/` and are not generated (`data.py`) are left as they are.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.assignment.contract import Contract, load_contract
from autograder.assignment.template_texts import MAKEFILE, README, intro
from autograder.errors import UsageError

if TYPE_CHECKING:
    from autograder.assignment.rubric import Rubric, TaskRule

FOLDER = "student_template"
NOTEBOOK = "assignment.ipynb"
BODY = "    raise NotImplementedError\n"


@dataclass
class Needs:
    """What the signatures of a stub file refer to.

    Attributes:
        imports: Module -> names; the empty name stands for `import module`.
        aliases: Name -> source of its definition, as the reference has it.
    """

    imports: dict[str, set[str]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)

    def add(self, other: Needs) -> None:
        """Take in what another file needs."""
        for module, names in other.imports.items():
            self.imports.setdefault(module, set()).update(names)
        self.aliases |= other.aliases


class Source:
    """One reference module as text and tree."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.lines = text.splitlines(keepends=True)
        self.tree = ast.parse(text)
        self.functions = {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}

    def docstring(self) -> str:
        """Return the source of the module's docstring, or ""."""
        first = self.tree.body[0] if self.tree.body else None
        return self._text(first) if _is_docstring(first) else ""

    def stub(self, name: str) -> str:
        """Return a function as the reference has it, docstring included, with an empty body."""
        node = self.functions[name]
        if not _is_docstring(node.body[0]):
            raise UsageError(f"reference/{self.name}.py: {name} has no docstring, and it is the text of the task")
        return self._text(node, node.body[0]) + BODY

    def short_stub(self, name: str) -> str:
        """Return a function with the first line of its docstring only."""
        node = self.functions[name]
        head = "".join(self.lines[node.lineno - 1 : node.body[0].lineno - 1])
        summary = (ast.get_docstring(node) or "").split("\n")[0]
        return f'{head}    """{summary}"""\n{BODY}'

    def assignment(self, name: str) -> str | None:
        """Return the source of a top-level `name = ...` with the text below it, or None."""
        for node, following in zip(self.tree.body, [*self.tree.body[1:], None], strict=True):
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
                return self._text(node, following if _is_docstring(following) else node)
        return None

    def imported(self, name: str) -> tuple[str, str] | None:
        """Return (module, name in it) of an imported name; the second is empty for `import module`."""
        for node in self.tree.body:
            if isinstance(node, ast.Import) and any(a.name == name and a.asname is None for a in node.names):
                return name, ""
            if isinstance(node, ast.ImportFrom) and any(a.name == name and a.asname is None for a in node.names):
                return str(node.module), name
        return None

    def _text(self, first: ast.stmt | None, last: ast.stmt | None = None) -> str:
        assert first is not None
        end = (last or first).end_lineno
        return "".join(self.lines[first.lineno - 1 : end])


def _is_docstring(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def needs(nodes: Iterable[ast.AST], source: Source, sources: Mapping[str, Source]) -> Needs:
    """Return the imports and aliases that annotations and defaults refer to.

    Raises:
        UsageError: A name comes from nowhere that a student could have it from.
    """
    found = Needs()
    names = {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}
    for name in sorted(names - set(dir(builtins))):
        here, place = source, source.imported(name)
        if place is not None and place[0].startswith("reference."):
            here, place = sources[place[0].removeprefix("reference.")], None
        if place is not None:
            found.imports.setdefault(place[0], set()).add(place[1])
            continue
        alias = here.assignment(name)
        if alias is None:
            raise UsageError(f"reference/{source.name}.py: {name!r} in a signature is neither imported nor defined")
        definition = ast.parse(alias).body[0]
        assert isinstance(definition, ast.Assign)
        found.add(needs([definition.value], here, sources))
        found.aliases[name] = alias
    return found


def import_lines(wanted: Mapping[str, Collection[str]]) -> str:
    """Return import statements in the order that ruff gives them."""
    blocks = []
    standard = {module for module in wanted if module.split(".")[0] in sys.stdlib_module_names}
    for modules in (standard, set(wanted) - standard):
        lines = [f"import {module}" for module in sorted(modules) if "" in wanted[module]]
        for module in sorted(modules):
            if names := sorted(set(wanted[module]) - {""}, key=lambda name: (not name.isupper(), name)):
                lines.append(f"from {module} import {', '.join(names)}")
        if lines:
            blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _signature_nodes(node: ast.FunctionDef) -> list[ast.AST]:
    return [node.args, *([node.returns] if node.returns else [])]


# ------------------------------------------------------------------------------------------------------ the files


def generate(
    references: Mapping[str, str], rubric: Rubric, contract: Contract, public: Collection[str]
) -> dict[str, str]:
    """Return the template: file name -> text.

    Args:
        references: Reference modules by name, as text.
        rubric: Its tasks, in order, are what students get.
        contract: The contract of those tasks.
        public: Ids of the checks that students get.
    """
    sources = {name: Source(name, text) for name, text in references.items()}
    tasks = {module: [t for t in rubric.tasks if contract[t.id].module == module] for module in sources}
    tasks = {module: found for module, found in tasks.items() if found}
    found = {module: _module_needs(sources[module], of, sources) for module, of in tasks.items()}
    files = {f"{module}.py": module_text(sources[module], tasks[module], found[module]) for module in tasks}
    files[NOTEBOOK] = notebook_text(rubric, contract, sources, found)
    files["contract.json"] = contract_text(rubric, contract, public)
    files["README.md"] = readme_text(rubric, contract, public)
    files["Makefile"] = MAKEFILE
    return files


def _module_needs(source: Source, tasks: Sequence[TaskRule], sources: Mapping[str, Source]) -> Needs:
    nodes = [node for task in tasks for node in _signature_nodes(source.functions[task.id])]
    found = needs(nodes, source, sources)
    found.imports.setdefault("torch", set()).add("")  # students will need it, whatever the signatures say
    return found


def module_text(source: Source, tasks: Sequence[TaskRule], found: Needs) -> str:
    """Return one stub file."""
    parts = [source.docstring(), import_lines(found.imports)]
    text = "\n".join(part for part in parts if part)
    if found.aliases:
        text += "\n" + "\n".join(found.aliases.values())
    return text + "".join(f"\n\n{source.stub(task.id)}" for task in tasks)


def contract_text(rubric: Rubric, contract: Contract, public: Collection[str]) -> str:
    """Return `contract.json`: what the public checks need to know, and nothing of the hidden ones."""
    data = {
        "title": rubric.title,
        "load_seconds": rubric.budgets.load_seconds,
        "call_seconds": rubric.budgets.call_seconds,
        "tasks": [
            {
                "id": task.id,
                "title": task.title,
                "points": str(task.points),
                "checks": [
                    {"name": check.name, "weight": str(check.weight)}
                    for check in task.checks
                    if f"{task.id}.{check.name}" in public
                ],
            }
            for task in rubric.tasks
        ],
        "functions": json.loads(contract.to_json()),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def readme_text(rubric: Rubric, contract: Contract, public: Collection[str]) -> str:
    """Return the students' README."""
    rows = []
    for task in rubric.tasks:
        seen = [f"`{check.name}`" for check in task.checks if f"{task.id}.{check.name}" in public]
        file = f"`{contract[task.id].module}.py`"
        cells = (f"`{task.id}`", file, task.title, str(task.points), ", ".join(seen) or "–")
        rows.append(f"| {' | '.join(cells)} |")
    return (
        README.replace("{title}", rubric.title)
        .replace("{tasks}", "\n".join(rows))
        .replace("{points}", str(rubric.points))
        .replace("{notebook}", NOTEBOOK)
        .replace("{load_seconds}", f"{rubric.budgets.load_seconds:g}")
        .replace("{call_seconds}", f"{rubric.budgets.call_seconds:g}")
    )


# --------------------------------------------------------------------------------------------------- the notebook


def notebook_text(rubric: Rubric, contract: Contract, sources: Mapping[str, Source], found: Mapping[str, Needs]) -> str:
    """Return the same tasks as one notebook; the same input gives the same bytes."""
    import nbformat

    v4: Any = nbformat.v4
    every = Needs()
    for needed in found.values():
        every.add(needed)
    setup = import_lines(every.imports) + ("\n" + "\n".join(every.aliases.values()) if every.aliases else "")
    cells = [v4.new_markdown_cell(intro(rubric.title, NOTEBOOK), id="intro"), _code(v4, "imports", setup)]
    for task in rubric.tasks:
        function = contract[task.id]
        points = f"{task.points} point{'' if task.points == 1 else 's'}"
        text = f"## {task.title}\n\n`{task.id}` · {points}\n\n{markdown(function.docstring)}"
        cells.append(v4.new_markdown_cell(text, id=f"task-{task.id}"))
        cells.append(_code(v4, f"code-{task.id}", sources[function.module].short_stub(task.id)))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    nbformat.validate(notebook)
    return str(v4.writes(notebook)) + "\n"


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
        if row.strip() == ".. math::":
            formula = []
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


# ------------------------------------------------------------------------------------------------- with a folder


def public_check_ids(assignment: Path) -> set[str]:
    """Return the ids of the checks in `tests/public`."""
    from autograder.checking.plugin import ChecksPlugin, run_checks

    plugin = ChecksPlugin(None, None)
    run_checks([assignment / "tests" / "public"], plugin, collect_only=True)
    return set(plugin.collected)


def build_template(assignment: Path) -> dict[str, str]:
    """Return the template of the assignment in a folder: file name -> text.

    Raises:
        UsageError: The rubric or the reference is unusable.
    """
    from autograder.assignment.rubric import load_rubric

    rubric = load_rubric(assignment / "rubric.yaml")
    contract = load_contract(assignment / "reference", [task.id for task in rubric.tasks])
    in_order = Contract({task.id: contract[task.id] for task in rubric.tasks})
    return generate(_references(assignment), rubric, in_order, public_check_ids(assignment))


def _references(assignment: Path) -> dict[str, str]:
    paths = sorted((assignment / "reference").glob("*.py"))
    return {path.stem: path.read_text(encoding="utf-8") for path in paths}


def drift(assignment: Path, files: Mapping[str, str]) -> list[str]:
    """Return what is wrong with `student_template/`, one line per file; empty when it is what `files` says."""
    folder = assignment / FOLDER
    problems = []
    for name, text in files.items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{FOLDER}/{name} is missing")
        elif path.read_text(encoding="utf-8") != text:
            problems.append(f"{FOLDER}/{name} differs from what reference/ and rubric.yaml say")
    problems += [f"{FOLDER}/{path.name} has no task in rubric.yaml" for path in _stale(assignment, files)]
    return problems


def _stale(assignment: Path, files: Mapping[str, str]) -> list[Path]:
    """Return stub files that were generated once and are not any more."""
    paths = [assignment / FOLDER / f"{name}.py" for name in _references(assignment) if f"{name}.py" not in files]
    return [path for path in paths if path.is_file() and BODY in path.read_text(encoding="utf-8")]


def write_template(assignment: Path, files: Mapping[str, str]) -> list[str]:
    """Write the template and return the names of the files that changed."""
    folder = assignment / FOLDER
    folder.mkdir(exist_ok=True)
    changed = []
    for name, text in files.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    for path in _stale(assignment, files):
        path.unlink()
        changed.append(f"{path.name} (removed)")
    return changed
