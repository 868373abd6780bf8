"""The engine is built as docs/architecture.md draws it: the drawing is read here and compared with every import."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from imports_of import Import, cycle_in, imports_of, modules_below

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "autograder"
MOST_LINES = 400
MOST_ROOMS = 13
INSIDE = "autograder.sandbox.inside"

MODULES = modules_below(ENGINE)
IMPORTS = imports_of(MODULES)
OURS = [one for one in IMPORTS if one.target.split(".")[0] == "autograder"]

RUNS_TEXT = {
    "autograder.assignment.code": "an author's modules, for one assignment alone",
    "autograder.sandbox.inside.loader": "a submission, in the sandbox",
    "autograder.sandbox.inside.scripts": "a submission's script, in the sandbox",
    "autograder.sandbox.inside.torchvision_import": "torchvision, once more after a failure, in the sandbox",
}
"""Modules that execute text as Python."""
IMPORTS_BY_NAME = {
    "autograder.export.formats": "the formats, out of the modules that there are",
    "autograder.sandbox.inside.loader": "a submission's modules, in the sandbox",
    "autograder.training": "the measure of trained models that a rubric names, out of the modules that there are",
    "autograder.training.data": "the data set that is asked for, out of the modules that there are",
}
"""Modules that import what is not written down in them; a name that is written down may be imported anywhere."""
CHANGES_IMPORTS = {
    "autograder.cli.autograder_student": "started as a script, it does not import the student's files beside it",
    "autograder.assignment.code": "a module is visible under its name while it runs, because `dataclasses` looks there",
    "autograder.sandbox.inside.worker": "a submission is found where it was unpacked, in the sandbox",
    "autograder.sandbox.inside.scripts": "a script is `__main__` beside its own files, in the sandbox",
    "autograder.sandbox.inprocess": "a student's own modules, in the student's own Python",
    "autograder.sandbox.inside.torchvision_import": "torchvision is imported again after a failure",
}
"""Modules that write to `sys.path` or `sys.modules`."""


# --------------------------------------------------------------------------------------------------------- direction


def levels_of(drawing: str) -> list[list[str]]:
    """Return the levels of a drawing `a, b <- {c, d} <- e`, the lowest first."""
    return [re.findall(r"\w+", level) for level in drawing.split("<-")]


def drawings() -> list[list[list[str]]]:
    """Return the drawings of docs/architecture.md."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    return [levels_of(found) for found in re.findall(r"`([^`]*<-[^`]*)`", text)]


def allowed() -> dict[str, set[str]]:
    """Return for every room those below it in a drawing and those beside it."""
    found: dict[str, set[str]] = defaultdict(set)
    for levels in drawings():
        for height, level in enumerate(levels):
            for room in level:
                found[room] |= {other for below in levels[: height + 1] for other in below}
    return found


def room_of(module: str) -> str:
    """Return the room or single module at the top of the engine that a module belongs to; "" for the package itself."""
    return module.split(".")[1] if "." in module else ""


def rooms() -> set[str]:
    """Return everything at the top of the engine."""
    return {room_of(module) for module in MODULES} - {""}


def test_the_drawing_names_every_room() -> None:
    """What is drawn exists, and what exists is drawn."""
    assert {room for levels in drawings() for level in levels for room in level} == rooms()


def test_imports_point_the_way_that_is_drawn() -> None:
    """A module imports from rooms below its own or beside it, also inside functions and for the type checker only."""
    may = allowed()
    wrong = [one for one in OURS if room_of(one.target) not in may[room_of(one.module)] | {room_of(one.module)}]

    assert [f"{one.module}:{one.line} imports {one.target} ({one.place})" for one in wrong] == []


def test_rooms_do_not_import_each_other() -> None:
    """Rooms on one level may use each other, but in one direction; types count."""
    edges: dict[str, set[str]] = defaultdict(set)
    for one in OURS:
        if room_of(one.module) != room_of(one.target):
            edges[room_of(one.module)].add(room_of(one.target))

    assert cycle_in(edges) == []


@pytest.mark.parametrize("places", [("module",), ("module", "function")], ids=["on import", "when run"])
def test_no_module_imports_itself_by_a_detour(places: tuple[str, ...]) -> None:
    """There is no cycle of modules, neither when they are imported nor by way of imports inside functions."""
    edges: dict[str, set[str]] = defaultdict(set)
    for one in OURS:
        if one.place in places and one.target != one.module:
            edges[one.module].add(one.target)

    assert cycle_in(edges) == []


def test_reports_see_records_only() -> None:
    """A report is drawn from a record alone, so that it can be drawn again from `result.json`."""
    seen = {one.target for one in OURS if room_of(one.module) == "report" and room_of(one.target) != "report"}

    assert seen <= {
        f"autograder.{name}" for name in ("records", "class_records", "similarity_records", "outcomes", "errors")
    }


def test_the_runner_in_the_sandbox_imports_nothing_of_the_project() -> None:
    """`sandbox/inside` stands alone: it is the only project code that is visible in the sandbox, under another name."""
    inside = [one for one in OURS if one.module.startswith(INSIDE) and not one.target.startswith(INSIDE)]
    absolute = [
        f"{module}:{node.lineno}"
        for module, node in nodes(ast.ImportFrom, ast.Import)
        if module.startswith(INSIDE) and "autograder" in ast.unparse(node)
    ]

    assert inside == []
    assert absolute == []


def test_the_reference_uses_nothing_of_the_engine() -> None:
    """The reference is plain mathematics; its candidates use the decorators that mark them and nothing else."""
    modules = modules_below(ROOT / "reference")
    used = [one for one in imports_of(modules) if one.target.split(".")[0] == "autograder"]
    marked = "autograder.authoring.candidates"
    wrong = [one for one in used if not (one.module.startswith("reference.candidates.") and of(one, marked))]

    assert [f"{one.module}:{one.line} imports {one.target}" for one in wrong] == []


def of(one: Import, module: str) -> bool:
    """Whether an import is of a module or of something in it."""
    return one.target == module or one.target.startswith(f"{module}.")


# ----------------------------------------------------------------------------------------------- who runs what


def nodes(*kinds: type[ast.AST]) -> Iterator[tuple[str, ast.AST]]:
    """Yield every node of these kinds in the engine, with the module."""
    for module, path in MODULES.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield from ((module, node) for node in ast.walk(tree) if isinstance(node, kinds))


def called(node: ast.AST) -> str:
    """Return how a called function is written."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def test_only_one_module_executes_what_an_author_wrote() -> None:
    """Text becomes running Python in few places, of which one is in the trusted process."""
    names = {"exec", "eval", "builtins.exec", "builtins.eval"}
    loaders = ("runpy.", "spec_from_file_location", "SourceFileLoader", "exec_module", "module_from_spec")
    found = {
        module
        for module, node in nodes(ast.Call)
        if called(node) in names or any(loader in called(node) for loader in loaders)
    }

    assert found == set(RUNS_TEXT)


def test_modules_are_imported_by_names_that_are_written_down() -> None:
    """Whatever comes from a rubric or an option names a module out of those that there are, in few places."""
    importers = {"import_module", "importlib.import_module", "__import__", "builtins.__import__"}
    found = {
        module
        for module, node in nodes(ast.Call)
        if called(node) in importers and not (isinstance(node, ast.Call) and isinstance(node.args[0], ast.Constant))
    }

    assert found - {"autograder.assignment.code", *passed_on()} == set(IMPORTS_BY_NAME)


def passed_on() -> set[str]:
    """Modules in which `import_module` is an argument: whoever calls hands in `AuthorsCode.module`."""
    return {
        module
        for module, node in nodes(ast.FunctionDef)
        if isinstance(node, ast.FunctionDef) and "import_module" in {argument.arg for argument in node.args.args}
    }


def changed(node: ast.AST) -> bool:
    """Whether a statement or call writes to `sys.path` or `sys.modules`."""
    methods = "insert|append|extend|remove|pop|popitem|clear|update|setdefault|__setitem__|__delitem__"
    if isinstance(node, ast.Call):
        return bool(re.fullmatch(rf"sys\.(path|modules)\.({methods})", called(node)))
    if isinstance(node, ast.ImportFrom):
        return node.module == "sys" and any(alias.name in ("path", "modules") for alias in node.names)
    targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [getattr(node, "target", node)]
    return any(re.match(r"sys\.(path|modules)\b", ast.unparse(target)) for target in targets)


def test_few_modules_change_what_can_be_imported() -> None:
    """`sys.path` and `sys.modules` are left alone, but for places that are listed with a reason."""
    kinds = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete, ast.Call, ast.ImportFrom)

    assert {module for module, node in nodes(*kinds) if changed(node)} == set(CHANGES_IMPORTS)


# ---------------------------------------------------------------------------------------------------------------- size


def test_no_module_is_long() -> None:
    """A module is read in one sitting."""
    lines = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in MODULES.items()}

    assert {module: n for module, n in lines.items() if n > MOST_LINES} == {}


def test_few_rooms_at_the_top() -> None:
    """At most twelve folders stand at the top of the engine, each with a sentence that says what it is for."""
    folders = [path for path in sorted(ENGINE.iterdir()) if (path / "__init__.py").is_file()]

    assert len(folders) <= MOST_ROOMS
    assert [f.name for f in folders if not ast.get_docstring(ast.parse((f / "__init__.py").read_text("utf-8")))] == []


# -------------------------------------------------------------------------------------------------- the test itself


def test_a_drawing_is_read() -> None:
    """Levels come in order, with or without braces."""
    assert levels_of("a, b <- {c, d} <- e") == [["a", "b"], ["c", "d"], ["e"]]


def test_imports_are_read(tmp_path: Path) -> None:
    """Relative imports, modules and names, functions and types are told apart; a cycle is found."""
    package = tmp_path / "p"
    (package / "q").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "q" / "__init__.py").write_text("from .a import x\n")
    (package / "q" / "a.py").write_text("def f():\n    from .. import b\nclass C:\n    import json\n")
    (package / "b.py").write_text(
        "from typing import TYPE_CHECKING\nimport p.q\nif TYPE_CHECKING:\n    from p.q.a import f\n"
    )

    found = {(one.module, one.target, one.place) for one in imports_of(modules_below(package))}

    assert found == {
        ("p.q", "p.q.a", "module"),
        ("p.q.a", "p.b", "function"),
        ("p.q.a", "json", "module"),
        ("p.b", "typing.TYPE_CHECKING", "module"),
        ("p.b", "p.q", "module"),
        ("p.b", "p.q.a", "types"),
    }
    assert cycle_in({"p.q": ["p.q.a"], "p.q.a": ["p.b"], "p.b": ["p.q"]}) == ["p.b", "p.q", "p.q.a", "p.b"]
    assert cycle_in({"a": ["b"], "b": ["c"]}) == []


# ------------------------------------------------------------------------------------------------------------- names


def test_no_two_modules_of_tests_share_a_name() -> None:
    """Pytest imports them by their bare names where their folder is no package: of two, the second is not collected."""
    folders = defaultdict(list)
    for file in (ROOT / "tests" / "harness").rglob("*.py"):
        if file.name != "conftest.py" and not (file.parent / "__init__.py").is_file():
            folders[file.name].append(str(file.parent.relative_to(ROOT)))
    assert {name: found for name, found in folders.items() if len(found) > 1} == {}
