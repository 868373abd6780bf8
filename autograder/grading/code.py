"""The code of a function as it was handed in, for the report: found in the text of the submission, never by running it."""

from __future__ import annotations

import ast

from autograder.handed_in import MOST_LINES, WIDEST_LINE, Code
from autograder.intake.source import SyntaxProblem, parse
from autograder.records import Submission

_LONGEST = 100_000
"""A text of more characters is not looked through again: intake has its own limit for parsing, which this stays below."""
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def code_of(submission: Submission, path: str, name: str) -> Code | None:
    """Return the last definition of `name` at the top level of a file, with its decorators; None where there is none.

    Args:
        submission: Hostile text.
        path: The file in which it was found.
        name: Of a function or class; what is assigned (`f = partial(g)`) counts as well.
    """
    found = None
    for source in submission.sources:
        if source.path != path:
            continue
        for cell in source.cells:
            tree = parse(cell.source) if name in cell.source and len(cell.source) <= _LONGEST else None
            if tree is None or isinstance(tree, SyntaxProblem):
                continue
            node = next((node for node in reversed(tree.body) if _defines(node, name)), None)
            if node is not None:
                place = f"{path} [{cell.label}]" if cell.label else path
                found = _cut_out(place, cell.source, node)
    return found


def _defines(node: ast.stmt, name: str) -> bool:
    if isinstance(node, _Definition):
        return node.name == name
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _cut_out(place: str, source: str, node: ast.stmt) -> Code:
    decorators = node.decorator_list if isinstance(node, _Definition) else []
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    # as Python counts lines: a form feed or a Unicode separator ends none
    lines = source.split("\n")[first - 1 : node.end_lineno]
    shown = [line[:WIDEST_LINE] + "…" * (len(line) > WIDEST_LINE) for line in lines[:MOST_LINES]]
    return Code(place=place, first_line=first, text="\n".join(shown), cut=max(len(lines) - MOST_LINES, 0))


__all__ = ["code_of"]
