"""Rules about what a submission may contain, decided from its text and names alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from autograder.intake.collect import Entry
from autograder.intake.source import SyntaxProblem, parse
from autograder.intake.text import printable
from autograder.records import Note, SourceFile

_COMPILED = re.compile(r"\.(so(\.\d+)*|pyd|dll|dylib|pth)$")
_STARTUP = frozenset({"sitecustomize.py", "usercustomize.py"})


def without_hooks(entries: Sequence[Entry]) -> tuple[list[Entry], list[Note]]:
    """`entries` without compiled extensions and files that Python runs by itself at its start, and staff notes."""
    kept: list[Entry] = []
    notes: list[Note] = []
    for entry in entries:
        name = entry.path.rpartition("/")[2].lower()
        if name in _STARTUP or name.endswith(".pth"):
            message = "Python would run this file by itself at its start; it was left out."
        elif _COMPILED.search(name):
            message = "This is a compiled program, not source; it was left out."
        else:
            kept.append(entry)
            continue
        notes.append(Note(code="file-dropped", message=message, path=entry.path, audience="staff"))
    return kept, notes


def static_notes(sources: Sequence[SourceFile], forbidden_imports: Sequence[str]) -> tuple[Note, ...]:
    """A note for each line that imports a forbidden module, or reaches one by attributes of an imported package.

    `forbidden_imports` are dotted names; `"torch.distributions"` forbids that module, not torch. The scan sees what is
    written, not what runs: it is a reminder for honest students, and the sandbox is what holds the others.
    """
    notes: dict[Note, None] = {}
    for source in sources:
        aliases: dict[str, str] = {}
        for cell in source.cells:
            tree = parse(cell.source)
            if isinstance(tree, SyntaxProblem):
                continue
            lines = cell.source.split("\n")
            for line, names in _mentioned(tree, aliases):
                hit = next((module for module in forbidden_imports if _within(names, module)), None)
                if hit is not None:
                    place = f"{printable(source.path)}, {cell.label + ', ' if cell.label else ''}line {line}"
                    shown = printable(lines[line - 1].strip(), 80)
                    message = f"{place}: `{shown}` uses {hit}, which this assignment does not allow."
                    notes[Note(code="forbidden-import", message=message, path=source.path)] = None
    return tuple(notes)


def _within(names: Sequence[str], module: str) -> bool:
    return any(name == module or name.startswith(f"{module}.") for name in names)


def _mentioned(tree: ast.Module, aliases: dict[str, str]) -> Iterator[tuple[int, list[str]]]:
    """Line and dotted names of every import and of every attribute of an imported module, imports first."""
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                aliases[alias.asname or first] = alias.name if alias.asname else first
            yield node.lineno, [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            for alias in node.names:
                aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            yield node.lineno, [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call) and (name := _dynamic_import(node)):
            yield node.lineno, [name]
    for node in nodes:
        if isinstance(node, ast.Attribute) and (name := _dotted(node, aliases)):
            yield node.lineno, [name]


def _dynamic_import(node: ast.Call) -> str | None:
    """The module that `__import__("x")` or `importlib.import_module("x")` names, if it is written out."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
    if called in ("__import__", "import_module") and node.args and isinstance(node.args[0], ast.Constant):
        value = node.args[0].value
        return value if isinstance(value, str) else None
    return None


def _dotted(node: ast.expr, aliases: dict[str, str]) -> str | None:
    """`"torch.distributions.Normal"` for `t.distributions.Normal` after `import torch as t`."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in aliases:
        return None
    return ".".join([aliases[node.id], *reversed(parts)])
