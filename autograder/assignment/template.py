"""The student's template, made from `reference/`: the same signatures and docstrings, no bodies.

`generate` and all it uses are pure: they turn the text of the reference and the rubric into the text of files. Files
that stand in `student_template/` and are not generated (`data.py`) are left as they are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.assignment.contract import Contract, load_contract
from autograder.assignment.notebook import NOTEBOOK, notebook_text
from autograder.assignment.stubs import BODY, Needs, Source, import_lines, needs
from autograder.assignment.template_texts import MAKEFILE, README

if TYPE_CHECKING:
    from autograder.assignment.rubric import Rubric

FOLDER = "student_template"


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
    ids = [task.id for task in rubric.tasks]
    names = {module: _stubs_of(source, ids, contract) for module, source in sources.items()}
    names = {module: found for module, found in names.items() if found}
    found = {module: _module_needs(sources[module], of, sources, contract) for module, of in names.items()}
    files = {f"{module}.py": module_text(sources[module], names[module], found[module]) for module in names}
    files[NOTEBOOK] = notebook_text(rubric, contract, sources, found)
    files["contract.json"] = contract_text(rubric, contract, public)
    files["README.md"] = readme_text(rubric, contract, public)
    files["Makefile"] = MAKEFILE
    return files


def _stubs_of(source: Source, tasks: Sequence[str], contract: Contract) -> list[str]:
    """Return what a stub file holds: classes in the order of the reference, for annotations name them, then functions."""
    own = [name for name, module in contract.modules.items() if module == source.name]
    classes = [name for name in source.classes if name in contract.classes and name in own]
    return classes + [task for task in tasks if task in contract.functions and task in own]


def _module_needs(source: Source, names: Sequence[str], sources: Mapping[str, Source], contract: Contract) -> Needs:
    nodes = [node for name in names for node in source.signature_nodes(name)]
    found = needs(nodes, source, sources, contract.classes)
    found.imports.setdefault("torch", set()).add("")  # students will need it, whatever the signatures say
    return found


def module_text(source: Source, names: Sequence[str], found: Needs) -> str:
    """Return one stub file with the functions and classes called `names`."""
    parts = [source.docstring(), import_lines(found.imports, found.given)]
    text = "\n".join(part for part in parts if part)
    if found.aliases:
        text += "\n" + "\n".join(found.aliases.values())
    return text + "".join(f"\n\n{source.stub(name)}" for name in names)


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
    functions = {task.id: contract[task.id] for task in rubric.tasks if task.id in contract.functions}
    in_order = Contract(functions, contract.classes)
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
