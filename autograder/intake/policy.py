"""Rules about what a submission may contain, decided from its text and names alone."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterator, Sequence

from autograder.intake.collect import Entry
from autograder.intake.source import SyntaxProblem, parse
from autograder.intake.text import printable
from autograder.records import Note, SourceFile

_COMPILED = re.compile(r"\.(so(\.\d+)*|pyd|dll|dylib|pth)$")
_STARTUP = frozenset({"sitecustomize.py", "usercustomize.py"})
_BUILT_IN = {"getattr": "builtins.getattr", "__import__": "builtins.__import__", "__builtins__": "builtins"}
_IMPORTERS = ("__import__", "import_module")
_LONGEST_CHAIN, _DEEPEST_CALL = 20, 5
_MOST_NOTES = 20


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


def static_notes(
    sources: Sequence[SourceFile], forbidden_imports: Sequence[str] = (), allowed_imports: Sequence[str] = ()
) -> tuple[Note, ...]:
    """A note for each line that imports a forbidden module, or reaches one by attributes of an imported package.

    With `allowed_imports`, a library that is none of these, of Python's own and of the submission's modules is forbidden as well.
    `forbidden_imports` are dotted names; `"torch.distributions"` forbids that module, not torch. Found are imports and attributes
    under any alias, `getattr` with a name that is written out, and `importlib.import_module` and `__import__` under any name. The
    scan sees what is written, not what runs: it is a reminder for honest students, and the sandbox is what holds the others.
    """
    notes: list[Note] = []
    own = {source.module.partition(".")[0] for source in sources}
    known = {*allowed_imports, *own, *sys.stdlib_module_names} if allowed_imports else None
    for source in sources if forbidden_imports or allowed_imports else ():
        found = list(dict.fromkeys(_findings(source, forbidden_imports, known)))
        notes += [_forbidden(message, source) for message in found[:_MOST_NOTES]]
        if len(found) > _MOST_NOTES:
            more = f"{printable(source.path)}: {len(found) - _MOST_NOTES:,} more lines use what this assignment does not allow."
            notes.append(_forbidden(more, source))
    return tuple(notes)


def _forbidden(message: str, source: SourceFile) -> Note:
    return Note(code="forbidden-import", message=message, path=source.path)


def _findings(source: SourceFile, forbidden_imports: Sequence[str], known: Collection[str] | None) -> Iterator[str]:
    """A sentence with file and line for everything in a file that is not allowed, perhaps twice."""
    aliases = dict(_BUILT_IN)
    for cell in source.cells:
        tree = parse(cell.source)
        if isinstance(tree, SyntaxProblem):
            continue
        lines = cell.source.split("\n")
        for line, names in _mentioned(tree, aliases):
            hit = next((module for module in forbidden_imports if _within(names, module)), None)
            if hit is None and known is not None:
                hit = next((name for name in names if not any(_within([name], module) for module in known)), None)
            if hit is not None:
                place = f"{printable(source.path)}, {cell.label + ', ' if cell.label else ''}line {line}"
                shown = printable(lines[line - 1].strip(), 80)
                yield f"{place}: `{shown}` uses {hit}, which this assignment does not allow."


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
    for node in nodes:  # `load = importlib.import_module`
        if isinstance(node, ast.Assign) and (name := _dotted(node.value, aliases)):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    aliases.setdefault(target.id, name)
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Call) and (name := _dotted(node, aliases)):
            yield node.lineno, [name]


def _dotted(node: ast.expr, aliases: dict[str, str], depth: int = _DEEPEST_CALL) -> str | None:
    """`"torch.distributions.Normal"` for `t.distributions.Normal` after `import torch as t`, however it is reached.

    Chains and calls of calls are followed only as far as anyone writes them, so that no source costs more than its length.
    """
    parts: list[str] = []
    while len(parts) < _LONGEST_CHAIN:
        if isinstance(node, ast.Name):
            return ".".join([aliases[node.id], *reversed(parts)]) if node.id in aliases else None
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
            continue
        step = _called(node, aliases, depth - 1) if isinstance(node, ast.Call) and depth else None
        if step is None:
            return None
        inner, name = step
        parts.append(name)
        if inner is None:
            return ".".join(reversed(parts))
        node = inner
    return None


def _called(node: ast.Call, aliases: dict[str, str], depth: int) -> tuple[ast.expr | None, str] | None:
    """What `getattr(x, "name")` takes its name from, and the name; for an import, no object and the module's name."""
    called = _dotted(node.func, aliases, depth)
    bare = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
    if called == "builtins.getattr" and len(node.args) > 1:
        name = _text(node.args[1])
        return (node.args[0], name) if name else None
    if bare in _IMPORTERS or (called or "").rpartition(".")[2] in _IMPORTERS:
        given = [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "name")]
        name = _text(given[0]) if given else None
        return (None, name) if name else None
    return None


def _text(node: ast.expr) -> str | None:
    """A name that is written out."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
