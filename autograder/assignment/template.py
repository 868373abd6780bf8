"""The student's template, made from `reference/`: the same signatures and docstrings, no bodies.

`build_template` turns the text of the reference and the rubric of a track into the text of files. Files that stand in
`student_template/` and are not generated are left as they are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from autograder.assignment.answers import FILE as ANSWERS
from autograder.assignment.answers import answers_template
from autograder.assignment.contract import Contract, load_contract
from autograder.assignment.kinds import KINDS, Script
from autograder.assignment.loading import REFERENCE, Assignment
from autograder.assignment.notebook import NOTEBOOK, lab_text, notebook_text, offered
from autograder.assignment.rubric import FULL, Deliverable, Rubric
from autograder.assignment.stubs import BODY, Needs, Source, import_lines, needs, program_stub
from autograder.assignment.template_texts import BY_HAND, DRAWN, MAKEFILE, README

FOLDER = "student_template"
LABS = Path(REFERENCE) / "notebooks"
"""Where an author's notebooks stand, as Markdown."""
PROGRAMS = Path(REFERENCE) / "programs"
"""Where the right answers to tasks of the kind `script` stand, under the names of their files."""
STUDENT_TOOL = Path(__file__).resolve().parents[1] / "cli" / "autograder_student.py"
"""Sets up, checks and packs; it goes into the kit as it is."""
FOR_NOTEBOOKS = ("jupyterlab", "ipykernel", "matplotlib")
"""What is installed as well where a notebook is offered."""


def build_template(assignment: Assignment, public: Collection[str], track: str = FULL) -> dict[str, str]:
    """Return the template of one track: file name -> text.

    Args:
        assignment: What it is made of.
        public: Ids of the checks that students get.
        track: Whose tasks.

    Raises:
        UsageError: There is no such track, or the reference cannot be made into stubs.
    """
    rubric = assignment.rubric.for_track(track)
    named = [task for task in rubric.tasks if KINDS[task.kind].asked_by_name]
    names = dict.fromkeys(task.object for task in named)
    read = load_contract(assignment.folder / REFERENCE, names)
    functions = {name: read.functions[name] for name in names if name in read.functions}
    contract = Contract(functions, read.classes, assignment.contract.aliases)
    sources = {name: Source(name, text) for name, text in _references(assignment.folder).items()}
    stubs = {module: _stubs_of(source, names, contract) for module, source in sources.items()}
    stubs = {module: found for module, found in stubs.items() if found}
    found = {module: _module_needs(sources[module], of, sources, contract) for module, of in stubs.items()}
    files = {f"{module}.py": module_text(sources[module], stubs[module], found[module]) for module in stubs}
    if stubs:
        files[NOTEBOOK] = notebook_text(rubric, named, contract, sources, found)
    files |= _labs(assignment, rubric, sources) | _programs(assignment, rubric)
    if sheets := [assignment.sheets[task.id] for task in rubric.tasks if task.id in assignment.sheets]:
        files[ANSWERS] = answers_template(sheets)
    files["contract.json"] = contract_text(rubric, contract, public, notebook=NOTEBOOK in files)
    labs = [name for name in files if name.endswith(".ipynb") and name != NOTEBOOK]
    files["README.md"] = readme_text(rubric, contract, public, labs, assignment.figures(rubric))
    files["Makefile"] = makefile_text(rubric)
    files[STUDENT_TOOL.name] = STUDENT_TOOL.read_text(encoding="utf-8")
    return files


def _labs(assignment: Assignment, rubric: Rubric, sources: Mapping[str, Source]) -> dict[str, str]:
    """Return the author's notebooks that the track gets: file name -> text."""
    wanted = {task.id for task in rubric.tasks}
    tasks = {task.id: task for task in assignment.rubric.tasks if KINDS[task.kind].asked_by_name}
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted((assignment.folder / LABS).glob("*.md"))}
    texts = {name: text for name, text in texts.items() if offered(text, wanted)}
    if not texts:
        return {}
    contract = load_contract(assignment.folder / REFERENCE, dict.fromkeys(task.object for task in tasks.values()))
    graded = {task.id: task for task in rubric.tasks}

    def needed(task_id: str) -> Needs:
        name = tasks[task_id].object
        return _module_needs(sources[contract.modules[name]], [name], sources, contract)

    return {
        f"{name}.ipynb": lab_text(f"{name}.ipynb", text, graded, tasks, contract, sources, needed)
        for name, text in texts.items()
    }


def _programs(assignment: Assignment, rubric: Rubric) -> dict[str, str]:
    """Return a stub of each program for the command line, which says what the right one's docstring says: file name -> text."""
    paths = {task.file: assignment.folder / PROGRAMS / task.file for task in rubric.tasks if task.kind == Script.name}
    texts = {name: path.read_text(encoding="utf-8") for name, path in paths.items() if path.is_file()}
    return {name: program_stub(text) for name, text in texts.items()}


def _stubs_of(source: Source, names: Collection[str], contract: Contract) -> list[str]:
    """Return what a stub file holds: classes in the order of the reference, for annotations name them, then functions."""
    own = [name for name, module in contract.modules.items() if module == source.name]
    classes = [name for name in source.classes if name in contract.classes and name in own]
    return classes + [name for name in names if name in contract.functions and name in own]


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


def contract_text(rubric: Rubric, contract: Contract, public: Collection[str], *, notebook: bool) -> str:
    """Return `contract.json`: what the kit and the public checks need to know, and nothing of the hidden ones."""
    handed = [pattern for task in rubric.tasks for pattern in KINDS[task.kind].files(task)]
    patterns = ["*.py", "*.ipynb", "*.yaml", "*.pdf", *handed, *(wanted.file for wanted in rubric.deliverables)]
    data = {
        "title": rubric.title,
        "kit": {
            "packages": [*(rubric.requires or ["torch"]), *(FOR_NOTEBOOKS if notebook else ())],
            "hand_in": list(dict.fromkeys(patterns)),
        },
        "load_seconds": rubric.budgets.load_seconds,
        "call_seconds": rubric.budgets.call_seconds,
        "tasks": [
            {
                "id": task.id,
                **({"name": task.name} if task.name else {}),
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


def readme_text(
    rubric: Rubric,
    contract: Contract,
    public: Collection[str],
    labs: Sequence[str] = (),
    figures: Sequence[str] = (),
) -> str:
    """Return the students' README."""
    rows, by_hand = [], []
    for task in rubric.tasks:
        seen = [f"`{check.name}`" for check in task.checks if f"{task.id}.{check.name}" in public]
        file, _ = KINDS[task.kind].place(task, contract)
        place = f"`{file}`" if file else "a person looks at it"
        title = task.title.replace("|", "\\|")
        if task.checks:
            rows.append(f"| `{task.id}` | {place} | {title} | {task.points} | {', '.join(seen) or '–'} |")
        else:
            by_hand.append(f"| {title} | {place} | {task.points} |")
    files = dict.fromkeys(pattern for task in rubric.tasks for pattern in KINDS[task.kind].files(task))
    handed = [f"- `{pattern}`" for pattern in files]
    handed += [f"- `{wanted.file}`{_wanted(wanted)}" for wanted in rubric.deliverables]
    texts = {
        "title": rubric.title,
        "tasks": "\n".join(rows),
        "by_hand": "\n".join(["", BY_HAND, *by_hand, *_drawn(figures), ""]) if by_hand else "",
        "points": f"{rubric.points.normalize():f}",
        "pass": f" {rubric.pass_mark} points are needed to pass." if rubric.pass_mark else "",
        "deliverables": "\n".join(["", "Beside your code, hand in:", "", *handed, ""]) if handed else "",
        "policies": _policies(rubric),
        "notes": f"\n{rubric.notes.strip()}\n" if rubric.notes.strip() else "",
        "example": ",".join(_examples(rubric)),
        "one": next(iter(_examples(rubric)), ""),
        "notebook": NOTEBOOK,
        "labs": f" {_listed(labs)} put some of them among experiments." if labs else "",
        "load_seconds": f"{rubric.budgets.load_seconds:g}",
        "call_seconds": f"{rubric.budgets.call_seconds:g}",
    }
    return _filled(README, texts)


def _drawn(figures: Sequence[str]) -> list[str]:
    """What is said of pictures, where the grader draws some of its own."""
    return ["", DRAWN.format(example=figures[0], names=", ".join(f"`{name}`" for name in figures))] if figures else []


def _listed(names: Sequence[str]) -> str:
    *first, last = [f"`{name}`" for name in names]
    return f"{', '.join(first)} and {last}" if first else last


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def _wanted(wanted: Deliverable) -> str:
    parts = [f"at most {wanted.pages} pages"] if wanted.pages else []
    parts += [f"with {', '.join(wanted.mentions)}"] if wanted.mentions else []
    return f" ({'; '.join(parts)})" if parts else ""


def _policies(rubric: Rubric) -> str:
    rules = rubric.policies
    said = [f"`{name}` may not be used." for name in rules.forbidden_imports]
    if rules.allowed_imports:
        said.append(f"Only these libraries may be used: {', '.join(rules.allowed_imports)}.")
    return f"\n{' '.join(said)}\n" if said else ""


def _examples(rubric: Rubric) -> list[str]:
    """Return two tasks for an example of a command."""
    names = [task.id for task in rubric.tasks if KINDS[task.kind].asked]
    return names[:: max(1, len(names) - 1)][:2]


def makefile_text(rubric: Rubric) -> str:
    """Return the students' Makefile."""
    return _filled(MAKEFILE, {"example": ",".join(_examples(rubric))})


# ------------------------------------------------------------------------------------------------- with a folder


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
