"""The text of an annotation -> what it means. Read from syntax trees, never by running them.

| annotation | meaning |
| --- | --- |
| `Float[Tensor, "B M"]`, also `Int`, `Bool`, `Shaped` | `ArraySpec`; axes: see below |
| `A \\| B`, `Union[A, B]`, `Optional[A]` | `EitherSpec`; `None` counts in results only, arguments that may be None have a default |
| `tuple[A, B]`, nested to any depth | `TupleSpec`; `tuple[A, ...]` is a `ListSpec` |
| `list[A]` | `ListSpec` |
| `dict[int, A]`, `dict[str, A]` | `DictSpec` |
| `float`, `Network`, `torch.Generator`, `Callable[...]` | `NamedSpec`, as written |

An axis is a name, a number, `...` (once: any axes), or `{n}`: as long as the value of the int argument `n`.

A dictionary with texts as keys and no tensor in it (`dict[str, list[float]]`) stays a `NamedSpec`: it is a record of the author's own,
and only that it is a dictionary is looked at. Everything else that holds a tensor is refused: a part that is not understood would
never be checked.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from autograder.assignment.specs import (
    ANY_AXES,
    NONE,
    ArraySpec,
    DictSpec,
    EitherSpec,
    ListSpec,
    NamedSpec,
    Spec,
    TupleSpec,
    parts_of,
)

_KINDS = frozenset({"Float", "Int", "Bool", "Shaped"})
_OTHER_KINDS = frozenset({"Complex", "Inexact", "Num", "Real", "UInt", "Key", "Scalar", "ScalarLike", "PyTree"})
_WHOLE = frozenset({"Callable", "Literal", "type"})
"""Generic names that say nothing about the parts of a value, whatever stands between their brackets."""


class NotInNotation(ValueError):
    """An annotation that cannot be part of a contract; the message says why."""


def spec_of(node: ast.expr) -> Spec:
    """Return what an annotation means.

    Raises:
        NotInNotation: It cannot be expressed.
    """
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return spec_of(ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            raise NotInNotation(f"{ast.unparse(node)} is no annotation") from None
    if isinstance(node, ast.Constant) and node.value is None:
        return NONE
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _either([node.left, node.right])
    if isinstance(node, ast.Subscript) and _dotted(node.value):
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return _generic(node, _dotted(node.value).rpartition(".")[2], items)
    if not _dotted(node):
        raise NotInNotation(f"{ast.unparse(node)} is no annotation that a contract can hold")
    return NamedSpec(name=ast.unparse(node))


def without_none(spec: Spec) -> Spec:
    """Return the specification of a parameter: that it may be None is said by its default."""
    if not isinstance(spec, EitherSpec):
        return spec
    options = tuple(option for option in spec.options if option != NONE)
    return options[0] if len(options) == 1 else EitherSpec(options)


def _dotted(node: ast.expr) -> str:
    """Return `a.b` for a name or an attribute of names, else ""."""
    plain = node
    while isinstance(plain, ast.Attribute):
        plain = plain.value
    return ast.unparse(node) if isinstance(plain, ast.Name) else ""


def _either(nodes: Sequence[ast.expr]) -> Spec:
    options: dict[Spec, None] = {}
    for spec in map(spec_of, nodes):
        options |= dict.fromkeys(spec.options if isinstance(spec, EitherSpec) else (spec,))
    return next(iter(options)) if len(options) == 1 else EitherSpec(tuple(options))


def _generic(node: ast.Subscript, name: str, items: Sequence[ast.expr]) -> Spec:
    """Return what `name[items]` means."""
    if name in _KINDS:
        return _array(node, name, items)
    if name in _OTHER_KINDS:
        raise NotInNotation(f"{ast.unparse(node)}: tensors are {', '.join(sorted(_KINDS))}")
    if name == "Optional" and len(items) == 1:
        return _either([items[0], ast.Constant(None)])
    if name == "Union":
        return _either(items)
    if name in ("tuple", "Tuple"):
        return _tuple(items)
    if name in ("list", "List") and len(items) == 1:
        return ListSpec(spec_of(items[0]))
    if name in ("dict", "Dict"):
        return _dict(node, items)
    if name not in _WHOLE and any(_mentions_array(item) for item in items):
        raise NotInNotation(
            f"{ast.unparse(node)}: tensors may stand in tuple[...], list[...] and dict[int or str, ...]"
        )
    return NamedSpec(name=ast.unparse(node))


def _mentions_array(node: ast.expr) -> bool:
    known = _KINDS | _OTHER_KINDS
    return any(
        isinstance(part, ast.Name | ast.Attribute) and _dotted(part).rpartition(".")[2] in known
        for part in ast.walk(node)
    )


def _tuple(items: Sequence[ast.expr]) -> Spec:
    last = items[-1] if items else None
    if len(items) == 2 and isinstance(last, ast.Constant) and last.value is ...:
        return ListSpec(spec_of(items[0]))
    return TupleSpec(items=tuple(map(spec_of, items)))


def _dict(node: ast.Subscript, items: Sequence[ast.expr]) -> Spec:
    keys = [NamedSpec("int"), NamedSpec("str")]
    if len(items) != 2 or (key := spec_of(items[0])) not in keys:
        raise NotInNotation(f"{ast.unparse(node)}: the keys of a dict are int or str")
    value = spec_of(items[1])
    if key == NamedSpec("str") and not any(isinstance(part, ArraySpec) for part in parts_of(value)):
        return NamedSpec(name=ast.unparse(node))
    return DictSpec("int" if key == NamedSpec("int") else "str", value)


def _array(node: ast.Subscript, kind: str, items: Sequence[ast.expr]) -> ArraySpec:
    last = items[-1]
    if len(items) != 2 or not isinstance(last, ast.Constant) or not isinstance(last.value, str):
        raise NotInNotation(f'{ast.unparse(node)} is not of the form Float[Tensor, "B M"]')
    dims = tuple(last.value.split())
    for dim in dims:
        inside = dim[1:-1] if dim.startswith("{") and dim.endswith("}") else dim
        if not (dim in (ANY_AXES,) or (dim.isascii() and dim.isdigit()) or inside.isidentifier()):
            raise NotInNotation(f"{ast.unparse(node)}: {dim!r} is no axis (a name, a number, `...` or `{{argument}}`)")
    if dims.count(ANY_AXES) > 1:
        raise NotInNotation(f"{ast.unparse(node)}: `...` may stand there only once")
    return ArraySpec(kind=kind, dims=dims)
