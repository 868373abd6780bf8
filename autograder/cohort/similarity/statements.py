"""What a piece of Python is made of, statement by statement, so that a statement is found again wherever it stands. Pure."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.intake.source import SyntaxProblem, parse


@dataclass(frozen=True)
class Statement:
    """A simple statement, or the head of a compound one.

    Attributes:
        first, last: Its lines, from 1.
        key: The same for statements that say the same, however they are laid out; None where it has none.
    """

    first: int
    last: int
    key: bytes | None


def statements(source: str) -> tuple[Statement, ...] | None:
    """Return the statements of a text in no particular order; None where it is not Python.

    Of a function, what counts of its head are the name and the names of its arguments: both are prescribed, and annotations come and go.
    Imports, docstrings and `pass` are left out: everybody has them.
    """
    tree = parse(source)
    return None if isinstance(tree, SyntaxProblem) else tuple(_statements(tree))


_Part = ast.stmt | ast.ExceptHandler | ast.match_case
_PARTS = (ast.stmt, ast.ExceptHandler, ast.match_case)


def _statements(tree: ast.Module) -> Iterator[Statement]:
    waiting: list[_Part] = list(tree.body)
    while waiting:  # no recursion: how deep an `elif` goes is the student's choice
        node = waiting.pop()
        inside = [part for part in ast.iter_child_nodes(node) if isinstance(part, _PARTS)]
        waiting += inside
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Pass) or _is_text(node):
            continue
        first = _first(node)
        last = max(first, min(map(_first, inside)) - 1) if inside else node.end_lineno or first  # type: ignore[union-attr]
        yield Statement(first, last, _key(node))


def _is_text(node: _Part) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _first(node: _Part) -> int:
    if isinstance(node, ast.match_case):
        return node.pattern.lineno
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _key(node: _Part) -> bytes | None:
    try:
        text = _head(node)
    except RecursionError:
        return None
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _head(node: _Part) -> str:
    """Return what a statement says, without what stands below it."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        given = node.args
        every = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
        return f"def {node.name}({', '.join(one.arg for one in every if one)})"
    said = [type(node).__name__]
    for name, value in ast.iter_fields(node):
        parts = value if isinstance(value, list) else [value]
        if name != "type_comment" and not any(isinstance(part, _PARTS) for part in parts):
            said += [name, *(ast.dump(part) if isinstance(part, ast.AST) else repr(part) for part in parts)]
    return "\n".join(said)
