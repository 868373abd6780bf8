"""What a mutation operator is, and which places of a syntax tree it may touch.

An operator looks at one node and yields changes; it never edits the tree. Form is not touched: docstrings, annotations, texts, raises
and type checks, names of keyword arguments, `dtype=` and `device=`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Node = ast.expr | ast.stmt
"""A node that stands somewhere in a text and can be replaced there."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Change:
    """One edit of a tree.

    Attributes:
        old: The node that is replaced; it stands in the parsed text.
        new: What stands there afterwards.
        shown: How both are shown to a person, such as `"n={}"` where the bare value would say too little.
    """

    old: Node
    new: Node
    shown: str = "{}"


@dataclass(frozen=True)
class Operator:
    """One kind of mistake that a tree can be given.

    Attributes:
        name: Two or three words, the beginning of every mutant's id.
        about: One sentence: the mistake that it imitates.
        examples: Pairs of a text before and one of the texts after; they are the operator's tests.
        changes: Yields the changes for one node (and not for those below it, except where a whole function must be seen).
        in_indices: Whether it looks into what stands between the brackets of `x[...]` too.
    """

    name: str
    about: str
    examples: tuple[tuple[str, str], ...]
    changes: Callable[[ast.AST], Iterator[Change]]
    in_indices: bool = True


def operator(
    name: str, *examples: tuple[str, str], in_indices: bool = True
) -> Callable[[Callable[[ast.AST], Iterator[Change]]], Operator]:
    """Make an operator of a generator function; the first line of its docstring is the sentence about it."""

    def make(changes: Callable[[ast.AST], Iterator[Change]]) -> Operator:
        return Operator(name, (changes.__doc__ or "").strip().splitlines()[0], examples, changes, in_indices)

    return make


FORM_KEYWORDS = frozenset({"dtype", "device", "keepdim", "keepdims", "generator", "requires_grad", "out", "layout"})
"""Keyword arguments that say how, not what."""

AXIS_KEYWORDS = frozenset({"dim", "axis", "dims"})

FORM_CALLS = frozenset(
    {"isinstance", "issubclass", "type", "hasattr", "getattr", "callable", "cast", "print", "warn", "super"}
)
"""Calls that look at types or speak to a person."""

LIBRARIES = frozenset({"torch", "np", "numpy", "scipy", "math", "F", "jnp"})
"""Names of modules: `torch.sum(x, 0)` has its axis second, `x.sum(0)` first."""

NEED_NO_AXIS = frozenset(
    {
        "sum",
        "mean",
        "nansum",
        "nanmean",
        "prod",
        "std",
        "var",
        "argmax",
        "argmin",
        "max",
        "min",
        "amax",
        "amin",
        "median",
        "norm",
        "any",
        "all",
    }
)
"""Functions that take an axis after the array, or do without one."""

AXIS_FUNCTIONS = NEED_NO_AXIS | {
    *(
        "logsumexp",
        "softmax",
        "log_softmax",
        "cumsum",
        "cumprod",
        "cat",
        "concat",
        "concatenate",
        "stack",
        "flip",
        "diff",
        "sort",
    ),
    *("unsqueeze", "squeeze"),
}
"""Functions that take an axis after the array."""


def called_name(call: ast.Call) -> str:
    """Return the last part of what is called: `"sum"` for `torch.sum(x)`, `x.sum()` and `sum(x)`; "" for anything else."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def is_method(call: ast.Call) -> bool:
    """Whether the call is one of an object, and not one of a library's or of a bare function."""
    return isinstance(call.func, ast.Attribute) and root_name(call.func.value) not in LIBRARIES


def root_name(node: ast.expr) -> str:
    """Return the name that a chain of attributes starts with: `"torch"` for `torch.linalg`; "" where it starts with no name."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def axis_position(call: ast.Call) -> int | None:
    """Return where a positional axis stands in a call (`x.sum(-1)`: 0, `torch.sum(x, -1)`: 1), or None where none does."""
    place = 0 if is_method(call) else 1
    if called_name(call) not in AXIS_FUNCTIONS or len(call.args) <= place or whole_number(call.args[place]) is None:
        return None
    return place


def whole_number(node: ast.AST) -> int | None:
    """Return the value of a written whole number, negative ones too; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = whole_number(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    return None


def is_number(node: ast.AST) -> bool:
    """Whether the node is a written number, perhaps with a minus."""
    if isinstance(node, ast.UnaryOp):
        return is_number(node.operand)
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def is_text(node: ast.AST) -> bool:
    """Whether the node is a written text."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def number(value: float) -> ast.expr:
    """Return the node of a number, written as Python writes it (`-1` is a minus and a 1)."""
    return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if value < 0 else ast.Constant(value)


def is_shape(node: ast.AST) -> bool:
    """Whether the node is an entry of a shape, such as `x.shape[0]`."""
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape"


def places(node: ast.AST, in_indices: bool = True) -> Iterator[ast.AST]:
    """Yield the statements and expressions below `node`, itself first, that operators may look at, in the order of the text."""
    if not _may_be_looked_at(node):
        return
    if isinstance(node, ast.stmt | ast.expr):
        yield node
    if not in_indices and isinstance(node, ast.Subscript):
        yield from places(node.value, in_indices)
        return
    for child in _inside(node):
        yield from places(child, in_indices)


def _may_be_looked_at(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise | ast.Assert | ast.Import | ast.ImportFrom | ast.JoinedStr):
        return False
    if isinstance(node, ast.Call) and called_name(node) in FORM_CALLS - {"cast"}:
        return False
    return not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))  # a docstring


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, Function | ast.ClassDef):
        yield from node.body
    elif isinstance(node, ast.If) and all(isinstance(statement, ast.Raise) for statement in node.body):
        yield from node.orelse
    elif isinstance(node, ast.AnnAssign):
        yield from [node.value] if node.value is not None else []
    elif isinstance(node, ast.Call):
        yield from _inside_call(node)
    elif isinstance(node, ast.Lambda):
        yield node.body
    elif is_shape(node) or isinstance(node, ast.ExceptHandler):
        yield from node.body if isinstance(node, ast.ExceptHandler) else []
    else:
        yield from ast.iter_child_nodes(node)


def _inside_call(call: ast.Call) -> Iterator[ast.AST]:
    yield call.func
    axis = axis_position(call)
    first = 1 if called_name(call) == "cast" else 0  # `cast(Tensor, x)`: the type is form
    yield from (argument for place, argument in enumerate(call.args) if place != axis and place >= first)
    yield from (keyword.value for keyword in call.keywords if keyword.arg not in FORM_KEYWORDS | AXIS_KEYWORDS)
