"""Operators on axes, reductions, matrices and gradients."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from autograder.authoring.mutants.nodes import (
    AXIS_KEYWORDS,
    FORM_KEYWORDS,
    Change,
    Function,
    Operator,
    axis_position,
    called_name,
    is_method,
    is_shape,
    number,
    operator,
    places,
    root_name,
    whole_number,
)


@operator(
    "other axis",
    ("x.sum(dim=-1)", "x.sum(dim=0)"),
    ("torch.logsumexp(x, dim=0)", "torch.logsumexp(x, dim=-1)"),
    ("x.mean(1)", "x.mean(0)"),
    ("np.sum(x, axis=1)", "np.sum(x, axis=0)"),
    ("torch.sum(x, -1)", "torch.sum(x, 0)"),
    ("x.shape[0]", "x.shape[-1]"),
    ("x.size(1)", "x.size(0)"),
)
def other_axis(node: ast.AST) -> Iterator[Change]:
    """Another axis is reduced, joined or counted."""
    if isinstance(node, ast.Subscript) and is_shape(node):
        axis = whole_number(node.slice)
        if axis is not None:
            yield Change(node, ast.Subscript(node.value, _other(axis), node.ctx))
    if not isinstance(node, ast.Call):
        return
    place = 0 if called_name(node) == "size" and is_method(node) and node.args else axis_position(node)
    axis = None if place is None else whole_number(node.args[place])
    if place is not None and axis is not None:
        yield Change(
            node, ast.Call(node.func, [*node.args[:place], _other(axis), *node.args[place + 1 :]], node.keywords)
        )
    for index, keyword in enumerate(node.keywords):
        axis = whole_number(keyword.value)
        if keyword.arg in AXIS_KEYWORDS and axis is not None:
            other = ast.keyword(keyword.arg, _other(axis))
            yield Change(
                node, ast.Call(node.func, node.args, [*node.keywords[:index], other, *node.keywords[index + 1 :]])
            )


def _other(axis: int) -> ast.expr:
    """Return another axis that an array surely has: the first, or the last where it was the first; -1 for -2."""
    return number(0 if axis in (-1, 1) else -1 if axis <= 0 else axis - 1)


_REDUCTIONS = {"sum": "mean", "mean": "sum", "nansum": "nanmean", "nanmean": "nansum"}


@operator(
    "sum and mean",
    ("x.sum(-1)", "x.mean(-1)"),
    ("torch.mean(x)", "torch.sum(x)"),
    ('loss(x, y, reduction="sum")', 'loss(x, y, reduction="mean")'),
)
def sum_and_mean(node: ast.AST) -> Iterator[Change]:
    """A sum stands where a mean belongs, or the other way round."""
    if not isinstance(node, ast.Call):
        return
    if isinstance(node.func, ast.Attribute) and node.func.attr in _REDUCTIONS:
        yield Change(node, _named(node, node.func, _REDUCTIONS[node.func.attr]))
    for index, keyword in enumerate(node.keywords):
        word = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
        if keyword.arg == "reduction" and isinstance(word, str) and word in _REDUCTIONS:
            other = ast.keyword("reduction", ast.Constant(_REDUCTIONS[word]))
            yield Change(
                node, ast.Call(node.func, node.args, [*node.keywords[:index], other, *node.keywords[index + 1 :]])
            )


def _named(call: ast.Call, attribute: ast.Attribute, name: str) -> ast.Call:
    return ast.Call(ast.Attribute(attribute.value, name, attribute.ctx), call.args, call.keywords)


_TRANSPOSES = frozenset({"T", "mT", "H", "mH"})
_TRANSPOSE_CALLS = frozenset({"transpose", "t", "swapaxes", "permute", "swapdims", "adjoint"})


@operator(
    "transpose",
    ("A @ B.T", "A @ B"),
    ("A.mT", "A"),
    ("x.transpose(0, 1)", "x"),
    ("np.transpose(x)", "x"),
    ("A @ B", "B @ A"),
)
def transpose(node: ast.AST) -> Iterator[Change]:
    """A transposition is forgotten, or two matrices stand the other way round."""
    if isinstance(node, ast.Attribute) and node.attr in _TRANSPOSES and isinstance(node.ctx, ast.Load):
        yield Change(node, node.value)
    if isinstance(node, ast.Call) and called_name(node) in _TRANSPOSE_CALLS and isinstance(node.func, ast.Attribute):
        if is_method(node):
            yield Change(node, node.func.value)
        elif node.args:
            yield Change(node, node.args[0])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield Change(node, ast.BinOp(node.right, node.op, node.left))


@operator(
    "detach gradient",
    ("def f(x: Tensor):\n    return 2 * x", "def f(x: Tensor):\n    return 2 * x.detach()"),
    (
        "def f(x: Float[Tensor, 'B']):\n    y = x + 1\n    return y",
        "def f(x: Float[Tensor, 'B']):\n    y = (x + 1).detach()\n    return y",
    ),
    (
        "def f(model, x: Tensor):\n    a, b = model(x)\n    return b",
        "def f(model, x: Tensor):\n    a, b = model(x)\n    return b.detach()",
    ),
)
def detach_gradient(node: ast.AST) -> Iterator[Change]:
    """No gradient flows through one array: where it is made, or where it is used in the result."""
    if not isinstance(node, Function):
        return
    arrays = _arrays(node)
    uses = Counter(name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load))
    made: set[str] = set()
    for place in places(node):
        if isinstance(place, ast.Assign) and isinstance(place.targets[0], ast.Name) and place.targets[0].id in arrays:
            made.add(place.targets[0].id)
            yield Change(place.value, _detached(place.value), f"{place.targets[0].id} = {{}}")
        if isinstance(place, ast.Return) and place.value is not None:
            for name in _uses(place.value, arrays):
                if uses[name.id] > 1 or name.id not in made:  # else it is the same to detach it where it is made
                    yield Change(name, _detached(name))


def _detached(node: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(node, "detach", ast.Load()), [], [])


def _arrays(function: Function) -> set[str]:
    """Return the names that surely hold floating tensors: annotated as such, or made of one by something that gives tensors."""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    found = {a.arg for a in arguments if a.annotation is not None and _is_float_tensor(a.annotation)}
    for place in places(function):
        if isinstance(place, ast.Assign) and _uses(place.value, found) and _gives_tensors(place.value):
            for target in place.targets:
                names = target.elts if isinstance(target, ast.Tuple) else [target]
                found |= {name.id for name in names if isinstance(name, ast.Name)}
    return found


def _is_float_tensor(annotation: ast.expr) -> bool:
    """Whether an annotation says nothing but a tensor that can have a gradient: not `float | Tensor`, not `Int[Tensor, "N"]`."""
    if isinstance(annotation, ast.Subscript):
        return root_name(annotation.value) == "Float"
    return isinstance(annotation, ast.Name | ast.Attribute) and ast.unparse(annotation).endswith("Tensor")


_NO_TENSORS = frozenset(
    {"len", "int", "float", "bool", "item", "numel", "size", "tolist", "numpy", "range", "min", "max", "dim", "list"}
)
_ABOUT_A_TENSOR = frozenset({"shape", "dtype", "device", "ndim"})


def _gives_tensors(value: ast.expr) -> bool:
    if isinstance(value, ast.Tuple):
        return all(_gives_tensors(part) for part in value.elts)
    if isinstance(value, ast.Call):
        return called_name(value) not in _NO_TENSORS
    return isinstance(value, ast.BinOp | ast.UnaryOp | ast.Subscript) or (
        isinstance(value, ast.Attribute) and value.attr in _TRANSPOSES
    )


def _uses(node: ast.AST, names: set[str]) -> list[ast.Name]:
    """Return the uses of these names that a gradient could flow through, in the order of the text."""
    if isinstance(node, ast.Attribute) and node.attr in _ABOUT_A_TENSOR:
        return []
    if isinstance(node, ast.Call) and called_name(node) in _NO_TENSORS | {"detach", "zeros_like", "ones_like"}:
        return []
    if isinstance(node, ast.Name):
        return [node] if node.id in names and isinstance(node.ctx, ast.Load) else []
    return [use for child in _values_below(node) for use in _uses(child, names)]


def _values_below(node: ast.AST) -> list[ast.AST]:
    children = (
        child
        for child in ast.iter_child_nodes(node)
        if not (isinstance(child, ast.keyword) and child.arg in FORM_KEYWORDS)
    )
    return [child.value if isinstance(child, ast.keyword) else child for child in children]


OPERATORS: tuple[Operator, ...] = tuple(value for value in globals().values() if isinstance(value, Operator))
