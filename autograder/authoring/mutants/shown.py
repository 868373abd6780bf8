"""How a change is shown to a person: both texts, short, and with the difference in sight."""

from __future__ import annotations

import ast
import copy

from autograder.authoring.mutants.nodes import Change

_LONG = 60
"""Characters of a text that is shown as it is."""

_LONG_ARGUMENT = 12
"""Characters of an unchanged argument that is shown as it is, in a text that is too long."""


def texts_of(change: Change) -> tuple[str, str]:
    """Return the text before and after; where one is long, arguments of calls that stand in both are written `...`."""
    before, after = _text(change.old), _text(change.new)
    if max(len(before), len(after)) > _LONG:
        short = _shortened(change.old, change.new)
        before, after = short if short[0] != short[1] else (before, after)
    return change.shown.format(before), change.shown.format(after)


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _shortened(old: ast.AST, new: ast.AST) -> tuple[str, str]:
    in_both = _arguments(old) & _arguments(new)
    shorten = _Shorten(in_both)
    return _text(shorten.visit(copy.deepcopy(old))), _text(shorten.visit(copy.deepcopy(new)))


def _arguments(node: ast.AST) -> set[str]:
    calls = (inner for inner in ast.walk(node) if isinstance(inner, ast.Call))
    found = (value for call in calls for value in [*call.args, *(keyword.value for keyword in call.keywords)])
    return {text for text in map(_text, found) if len(text) > _LONG_ARGUMENT}


class _Shorten(ast.NodeTransformer):
    """Writes `...` for the arguments of calls that are in a given set of texts."""

    def __init__(self, texts: set[str]) -> None:
        self._texts = texts

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """Shorten the arguments of one call, then what is called and what is left of the arguments."""
        node.args = [self._short(argument) for argument in node.args]
        for keyword in node.keywords:
            keyword.value = self._short(keyword.value)
        self.generic_visit(node)
        return node

    def _short(self, node: ast.expr) -> ast.expr:
        return ast.Constant(...) if _text(node) in self._texts else node
