"""Operators on calls, defaults, loops and whole statements."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograder.authoring.mutants.nodes import (
    AXIS_KEYWORDS,
    FORM_CALLS,
    NEED_NO_AXIS,
    Change,
    Function,
    Operator,
    axis_position,
    called_name,
    number,
    operator,
    places,
)


@operator(
    "wrong default",
    ("def f(x, n=1): pass", "def f(x, n=2): pass"),
    ("def f(x, *, scale=-0.5): pass", "def f(x, *, scale=-1.0): pass"),
    ("def f(x, biased=False): pass", "def f(x, biased=True): pass"),
    ("def f(x, n=0): pass", "def f(x, n=1): pass"),
)
def wrong_default(node: ast.AST) -> Iterator[Change]:
    """A default is twice what it should be, or the other truth value."""
    if not isinstance(node, Function):
        return
    positional = [*node.args.posonlyargs, *node.args.args]
    with_default = [*positional[len(positional) - len(node.args.defaults) :], *node.args.kwonlyargs]
    for argument, default in zip(with_default, [*node.args.defaults, *node.args.kw_defaults], strict=True):
        other = None if default is None else _other_value(default)
        if default is not None and other is not None:
            yield Change(default, other, f"{argument.arg}={{}}")


def _other_value(default: ast.expr) -> ast.expr | None:
    try:
        value = ast.literal_eval(default)
    except ValueError:
        return None
    if isinstance(value, bool):
        return ast.Constant(not value)
    return number(2 * value or 1) if isinstance(value, int | float) else None


_COMMUTE = frozenset(
    {
        "add",
        "mul",
        "maximum",
        "minimum",
        "max",
        "min",
        "logaddexp",
        "hypot",
        "allclose",
        "isclose",
        "equal",
        "array_equal",
        "zip",
    }
)


@operator(
    "swap arguments", ("f(a, b)", "f(b, a)"), ("f(x, a, b, k=1)", "f(x, b, a, k=1)"), ("f(x, a, b)", "f(a, x, b)")
)
def swap_arguments(node: ast.AST) -> Iterator[Change]:
    """Two arguments that stand side by side are given the other way round."""
    if not isinstance(node, ast.Call) or called_name(node) in _COMMUTE | FORM_CALLS:
        return
    for place, (first, second) in enumerate(zip(node.args, node.args[1:], strict=False)):
        if isinstance(first, ast.Name) and isinstance(second, ast.Name) and first.id != second.id:
            arguments = [*node.args[:place], second, first, *node.args[place + 2 :]]
            yield Change(node, ast.Call(node.func, arguments, node.keywords))


@operator(
    "forget argument",
    ("x.sum(dim=-1)", "x.sum()"),
    ("torch.mean(x, 0)", "torch.mean(x)"),
    ('loss(x, y, reduction="sum")', "loss(x, y)"),
    ("torch.cov(x, correction=0)", "torch.cov(x)"),
)
def forget_argument(node: ast.AST) -> Iterator[Change]:
    """An argument that can be left out is left out: the axis, the kind of reduction, the correction of a variance."""
    if not isinstance(node, ast.Call):
        return
    place = axis_position(node)
    if place is not None and called_name(node) in NEED_NO_AXIS:
        yield Change(node, ast.Call(node.func, [*node.args[:place], *node.args[place + 1 :]], node.keywords))
    for index, keyword in enumerate(node.keywords):
        if keyword.arg in _OPTIONAL or (keyword.arg in AXIS_KEYWORDS and called_name(node) in NEED_NO_AXIS):
            yield Change(node, ast.Call(node.func, node.args, [*node.keywords[:index], *node.keywords[index + 1 :]]))


_OPTIONAL = frozenset({"reduction", "correction", "unbiased", "ddof", "weight", "weights", "bias"})


@operator(
    "remove statement",
    ("def f(o):\n    o.zero_grad()\n    o.step()", "def f(o):\n    pass\n    o.step()"),
    ("def f(m):\n    m.training = False\n    return m", "def f(m):\n    pass\n    return m"),
    ("def f(x, mu):\n    x = x - mu\n    return x", "def f(x, mu):\n    pass\n    return x"),
    (
        "def f(xs):\n    n = 0\n    for x in xs:\n        n += x\n    return n",
        "def f(xs):\n    n = 0\n    for x in xs:\n        pass\n    return n",
    ),
)
def remove_statement(node: ast.AST) -> Iterator[Change]:
    """A statement is forgotten: a call made for what it does, an update, a second value for a name."""
    if not isinstance(node, Function):
        return
    arguments = node.args
    known = {a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
    for place in places(node):
        if isinstance(place, ast.stmt) and _can_be_missing(place, known):
            yield Change(place, ast.Pass())
        if isinstance(place, ast.Assign):
            known |= _names(place.targets)


def _can_be_missing(statement: ast.stmt, known: set[str]) -> bool:
    """Whether the rest still runs without it: whatever it sets has a value already."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call) and not _is_form(statement.value)
    if isinstance(statement, ast.Assign):
        return _names(statement.targets) <= known
    return isinstance(statement, ast.AugAssign)


def _is_form(call: ast.Call) -> bool:
    """Whether a call speaks to a person, or is a constructor's call of the one above, without which nothing works."""
    spoken = {"print", "warn", "info", "debug", "warning"}
    return called_name(call) in spoken | {"__init__"}


def _names(targets: list[ast.expr]) -> set[str]:
    return {
        node.id
        for target in targets
        for node in ast.walk(target)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


@operator(
    "shorter range",
    ("range(n)", "range(n - 1)"),
    ("range(n)", "range(1, n)"),
    ("range(a, b)", "range(a, b - 1)"),
    ("range(0, n, k)", "range(k, n, k)"),
    ("range(0, n, k)", "range(0, n - k, k)"),
)
def shorter_range(node: ast.AST) -> Iterator[Change]:
    """A loop leaves out its first or its last round."""
    if not isinstance(node, ast.Call) or called_name(node) != "range" or not 1 <= len(node.args) <= 3 or node.keywords:
        return
    start, stop = (node.args[0], node.args[1]) if len(node.args) > 1 else (number(0), node.args[0])
    step, rest = (node.args[2], node.args[2:]) if len(node.args) == 3 else (number(1), [])
    earlier = ast.BinOp(stop, ast.Sub(), step)
    yield Change(node, ast.Call(node.func, [earlier] if len(node.args) == 1 else [start, earlier, *rest], []))
    is_zero = isinstance(start, ast.Constant) and start.value == 0
    later = step if is_zero else ast.BinOp(start, ast.Add(), step)
    yield Change(node, ast.Call(node.func, [later, stop, *rest], []))


OPERATORS: tuple[Operator, ...] = tuple(value for value in globals().values() if isinstance(value, Operator))
