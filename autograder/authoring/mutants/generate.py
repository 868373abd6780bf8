"""Mutants of a reference: its text with one small mistake in it, made for every task without anybody writing one.

A check is worth what it catches. The named mistakes of an assignment say what students really do; mutants say, before a single one is
written, whether a lost factor or a wrong axis anywhere in the reference would be noticed.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autograder.authoring.mutants import arithmetic, arrays, statements
from autograder.authoring.mutants.nodes import Change, Node, Operator, places
from autograder.authoring.mutants.shown import texts_of
from autograder.errors import UsageError

OPERATORS: tuple[Operator, ...] = (*arithmetic.OPERATORS, *arrays.OPERATORS, *statements.OPERATORS)
"""Every operator; where two make the same text, the one that stands first gives it its name."""


@dataclass(frozen=True)
class Mutant:
    """One mistake in a module's text.

    Attributes:
        task: The function or class that the mutant stands for.
        id: Names the mutant among those of its task; no line number is in it, so that an edit elsewhere does not change it.
        operator: Name of the operator that made it.
        line: Where in the original text, counted from 1.
        before: The changed expression, shortened.
        after: What it became, shortened.
        source: The text of the whole module with the change in it.
    """

    task: str
    id: str
    operator: str
    line: int
    before: str
    after: str
    source: str


def mutants_of(source: str, name: str, *, also: Collection[str] = ()) -> list[Mutant]:
    """Return the mutants of a function or class, and of what it is made of, in the order of the text.

    Args:
        source: The text of a module.
        name: A function or class at the top of the module. What it uses of the same module is mutated with it where the
            name starts with `_`, and what that uses in turn.
        also: Further names at the top of the module to mutate with it.

    Returns:
        No two with the same tree or the same id, none that is not Python.

    Raises:
        UsageError: The text is not Python, or does not define one of the names.
    """
    definitions = _definitions(source, name)
    if missing := [wanted for wanted in (name, *also) if wanted not in definitions]:
        raise UsageError(
            f"no mutants of {missing[0]!r}: the module does not define it at its top level (it defines "
            f"{', '.join(definitions) or 'nothing'}); write the name as it stands in the text"
        )
    found = [
        (part, operator.name, change, mutated)
        for part, operator, change, mutated in _different(source, definitions, _parts(definitions, [name, *also]))
    ]
    found.sort(key=lambda entry: (entry[2].old.lineno, entry[2].old.col_offset))
    return _named(name, found)


def _definitions(source: str, name: str) -> dict[str, ast.stmt]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"no mutants of {name!r}: the module is not Python ({error}); correct it first") from None
    found: dict[str, ast.stmt] = {}
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[statement.name] = statement
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            found |= {target.id: statement for target in targets if isinstance(target, ast.Name)}
    return found


def _parts(definitions: Mapping[str, ast.stmt], names: list[str]) -> list[str]:
    """Return the names, and those starting with `_` that they use, directly or not."""
    found = list(dict.fromkeys(names))
    for part in found:  # grows meanwhile
        used = (
            node.id for node in ast.walk(definitions[part]) if isinstance(node, ast.Name) and node.id.startswith("_")
        )
        found += [name for name in dict.fromkeys(used) if name in definitions and name not in found]
    return found


def _different(
    source: str, definitions: Mapping[str, ast.stmt], parts: list[str]
) -> Iterator[tuple[str, Operator, Change, str]]:
    """Yield every change that gives a tree which was not there before."""
    seen = {ast.dump(ast.parse(source))}
    for operator in OPERATORS:
        for part in parts:
            for change in changes_below(definitions[part], operator):
                mutated = changed_text(source, change)
                tree = _tree(mutated)
                if tree is not None and tree not in seen:
                    seen.add(tree)
                    yield part, operator, change, mutated


def _tree(source: str) -> str | None:
    try:
        return ast.dump(ast.parse(source))
    except (SyntaxError, ValueError):
        return None


def changes_below(node: ast.AST, operator: Operator) -> Iterator[Change]:
    """Yield what an operator changes in a definition, in the order of the text."""
    for place in places(node, operator.in_indices):
        yield from operator.changes(place)


def changed_text(source: str, change: Change) -> str:
    """Return the text with one node replaced; every other character stays as it is."""
    lines = source.encode().splitlines(keepends=True)  # the columns of a tree count bytes
    start, end = _bounds(change.old)
    text = ast.unparse(change.new)
    if isinstance(change.new, ast.expr):
        text = f"({text})"
    before, after = [*lines[: start[0]], lines[start[0]][: start[1]]], [lines[end[0]][end[1] :], *lines[end[0] + 1 :]]
    return b"".join([*before, text.encode(), *after]).decode()


def _bounds(node: Node) -> tuple[tuple[int, int], tuple[int, int]]:
    end_line = node.end_lineno if node.end_lineno is not None else node.lineno
    end_column = node.end_col_offset if node.end_col_offset is not None else node.col_offset
    return (node.lineno - 1, node.col_offset), (end_line - 1, end_column)


def _named(task: str, found: list[tuple[str, str, Change, str]]) -> list[Mutant]:
    seen: Counter[str] = Counter()
    mutants = []
    for part, operator, change, mutated in found:
        before, after = texts_of(change)
        place = "" if part == task else f" in {part}"
        identifier = f"{operator}{place}: {before} -> {after}"
        seen[identifier] += 1
        again = f" #{seen[identifier]}" if seen[identifier] > 1 else ""
        mutants.append(Mutant(task, identifier + again, operator, change.old.lineno, before, after, mutated))
    return mutants


def materialise(mutant: Mutant, execute: Callable[[str, str], Mapping[str, Any]]) -> Any:
    """Return the mutated function or class itself, or None where the mutated text cannot be executed.

    Args:
        mutant: The mutant.
        execute: Runs a module's text in a fresh namespace and returns its globals; the second argument is a label for error messages.
    """
    try:
        return execute(mutant.source, f"<mutant of {mutant.task}: {mutant.id}>").get(mutant.task)
    except Exception:  # whatever a text with a mistake in it raises while it is imported
        return None
