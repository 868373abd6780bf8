"""Operators on sums, products, powers, numbers and comparisons."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograder.authoring.mutants.nodes import (
    Change,
    Operator,
    called_name,
    is_method,
    is_number,
    is_text,
    number,
    operator,
    root_name,
    whole_number,
)

_PRODUCT = ast.Mult | ast.Div | ast.FloorDiv
_SUM = ast.Add | ast.Sub


def _binary(node: ast.AST, kind: object) -> ast.BinOp | None:
    """Return the node where it is an operation of this kind on something else than texts."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, kind) and not is_text(node.left) and not is_text(node.right):  # type: ignore[arg-type]
        return node
    return None


def _is_simple(node: ast.expr) -> bool:
    """Whether a person could overlook it: it calls nothing."""
    return not any(isinstance(inner, ast.Call) for inner in ast.walk(node))


@operator(
    "variance for deviation",
    ("torch.exp(0.5 * s)", "torch.exp(s)"),
    ("torch.exp(s / 2)", "torch.exp(s)"),
    ("torch.exp(s)", "torch.exp(0.5 * s)"),
    ("f(z, mean, log_var)", "f(z, mean, 2 * log_var)"),
    ("log_std.expand(3)", "(2 * log_std).expand(3)"),
)
def variance_for_deviation(node: ast.AST) -> Iterator[Change]:
    """A variance stands where a standard deviation belongs, or the other way round: the logarithm is twice or half of what it should be."""
    if not isinstance(node, ast.Call):
        return
    if called_name(node) == "exp" and len(node.args) == 1:
        inner = node.args[0]
        yield Change(node, _call(node, [_without_half(inner) or ast.BinOp(number(0.5), ast.Mult(), inner)]))
    methods = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    for argument in [*methods, *node.args]:
        if isinstance(argument, ast.Name) and any(word in argument.id.lower() for word in _LOGARITHMS):
            yield Change(argument, ast.BinOp(number(2), ast.Mult(), argument))


_LOGARITHMS = ("log_var", "logvar", "log_std", "logstd", "log_sigma", "logsigma", "log_scale")


def _without_half(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.BinOp):
        left, right = node.left, node.right
        if isinstance(node.op, ast.Mult) and isinstance(left, ast.Constant) and left.value == 0.5:
            return right
        if isinstance(node.op, ast.Mult) and isinstance(right, ast.Constant) and right.value == 0.5:
            return left
        if isinstance(node.op, ast.Div) and isinstance(right, ast.Constant) and right.value == 2:
            return left
    return None


def _call(call: ast.Call, arguments: list[ast.expr]) -> ast.Call:
    return ast.Call(call.func, arguments, call.keywords)


@operator(
    "drop factor",
    ("0.5 * torch.sum(x)", "torch.sum(x)"),
    ("s * f(x)", "f(x)"),
    ("s * f(x)", "s"),
    ("a / f(b)", "a"),
    ("2 * a * b", "2 * a"),
    ("2 * a * b", "a * b"),
    ("-0.5 * f(x)", "-f(x)"),
)
def drop_factor(node: ast.AST) -> Iterator[Change]:
    """A factor or a divisor is forgotten."""
    found = _binary(node, _PRODUCT)
    if found is None or not (_is_simple(found.left) or _is_simple(found.right)):
        return
    if not is_number(found.left):
        yield Change(found, found.left)
    if isinstance(found.op, ast.Mult) and not is_number(found.right) and _binary(found.left, _PRODUCT) is None:
        yield Change(found, found.right if not _is_negative(found.left) else ast.UnaryOp(ast.USub(), found.right))


def _is_negative(factor: ast.expr) -> bool:
    return isinstance(factor, ast.UnaryOp) and isinstance(factor.op, ast.USub) and is_number(factor)


@operator(
    "double factor",
    ("a * f(b)", "2 * a * f(b)"),
    ("a / b", "2 * a / b"),
    ("a + b", "a + 2 * b"),
    ("a - b", "2 * a - b"),
    ("2 * math.pi", "4 * math.pi"),
    ("-f(x)", "-(2 * f(x))"),
    in_indices=False,
)
def double_factor(node: ast.AST) -> Iterator[Change]:
    """A factor 2 too many: in a product, or in front of one term of a sum."""
    product, total = _binary(node, _PRODUCT), _binary(node, _SUM)
    if product is not None and _binary(product.left, _PRODUCT) is None:
        yield from _doubled_product(product)
    if total is not None:
        if _can_be_doubled(total.right):
            yield Change(total, ast.BinOp(total.left, total.op, _twice(total.right)))
        if _can_be_doubled(total.left):
            yield Change(total, ast.BinOp(_twice(total.left), total.op, total.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Call):
        yield Change(node, ast.UnaryOp(node.op, _twice(node.operand)))


def _doubled_product(product: ast.BinOp) -> Iterator[Change]:
    value = product.left.value if isinstance(product.left, ast.Constant) else None
    if isinstance(value, int | float) and abs(value) != 0.5:  # twice a half is what "drop factor" leaves
        yield Change(product, ast.BinOp(number(2 * value), product.op, product.right))
    elif not is_number(product.left) and not is_number(product.right):
        yield Change(product, ast.BinOp(_twice(product.left), product.op, product.right))


def _twice(node: ast.expr) -> ast.expr:
    return ast.BinOp(number(2), ast.Mult(), node)


def _can_be_doubled(term: ast.expr) -> bool:
    """Whether doubling it here is no other operator's work: a product doubles its factor, a number grows by one."""
    return _binary(term, _PRODUCT | _SUM) is None and not is_number(term) and not isinstance(term, ast.List)


@operator(
    "flip sign",
    ("-f(x)", "f(x)"),
    ("a + b", "a - b"),
    ("a - b", "a + b"),
    ("-0.5 * x", "0.5 * x"),
    ("total += x", "total -= x"),
)
def flip_sign(node: ast.AST) -> Iterator[Change]:
    """A plus stands where a minus belongs, or the other way round."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield Change(node, node.operand)
    found = _binary(node, _SUM)
    if found is not None:
        yield Change(found, ast.BinOp(found.left, _other_sign(found.op), found.right))
    if isinstance(node, ast.AugAssign) and isinstance(node.op, _SUM) and not is_text(node.value):
        yield Change(node, ast.AugAssign(node.target, _other_sign(node.op), node.value))


def _other_sign(sign: ast.operator) -> ast.operator:
    return ast.Sub() if isinstance(sign, ast.Add) else ast.Add()


@operator(
    "missing term",
    ("a + b - c", "a + b"),
    ("a + b - c", "a - c"),
    ("a + b - c", "b - c"),
    ("a - b", "-b"),
)
def missing_term(node: ast.AST) -> Iterator[Change]:
    """One term of a sum is forgotten."""
    found = _binary(node, _SUM)
    if found is None:
        return
    yield Change(found, found.left)
    if _binary(found.left, _SUM) is None:  # else the first terms are dropped one by one further down
        yield Change(found, found.right if isinstance(found.op, ast.Add) else ast.UnaryOp(ast.USub(), found.right))


@operator("other constant", ("n - 1", "n - 2"), ("2 * math.pi", "3 * math.pi"), ("(n + 1) / 3", "(n + 1) / 4"))
def other_constant(node: ast.AST) -> Iterator[Change]:
    """A small whole number in a sum or a product is one too large."""
    found = _binary(node, _SUM | _PRODUCT | ast.Mod)
    if found is None:
        return
    left, right = _one_more(found.left), _one_more(found.right)
    if left is not None:
        yield Change(found, ast.BinOp(left, found.op, found.right))
    if right is not None:
        yield Change(found, ast.BinOp(found.left, found.op, right))


def _one_more(node: ast.expr) -> ast.expr | None:
    value = whole_number(node)
    return number(value + 1) if value is not None and 0 <= value <= 10 else None


@operator(
    "drop power",
    ("x ** 2", "x"),
    ("torch.sqrt(x)", "x"),
    ("x.square()", "x"),
    ("torch.pow(x, 3)", "x"),
    ("x.pow(2)", "x"),
)
def drop_power(node: ast.AST) -> Iterator[Change]:
    """A square, a root or another power is forgotten."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        yield Change(node, node.left)
    yield from _without(node, _POWERS)


_POWERS = frozenset({"sqrt", "square", "pow", "power", "rsqrt"})


@operator(
    "drop function",
    ("torch.log(x)", "x"),
    ("x.exp()", "x"),
    ("torch.linalg.inv(A)", "A"),
    ("x.clamp(min=0)", "x"),
    ("logsigmoid(-x)", "-x"),
)
def drop_function(node: ast.AST) -> Iterator[Change]:
    """An elementwise function, or an inverse, is forgotten."""
    yield from _without(node, _FUNCTIONS)


_FUNCTIONS = frozenset(
    {
        *("exp", "log", "log1p", "expm1", "log2", "log10", "abs", "reciprocal", "sin", "cos", "cumsum", "cumprod"),
        *(
            "sigmoid",
            "logsigmoid",
            "log_sigmoid",
            "expit",
            "logit",
            "tanh",
            "softplus",
            "relu",
            "softmax",
            "log_softmax",
        ),
        *("clamp", "clip", "inv", "pinv", "inverse"),
    }
)


def _without(node: ast.AST, functions: frozenset[str]) -> Iterator[Change]:
    if not isinstance(node, ast.Call) or called_name(node) not in functions:
        return
    if is_method(node) and isinstance(node.func, ast.Attribute):
        yield Change(node, node.func.value)
    elif node.args and not isinstance(node.args[0], ast.Starred) and not _is_library(node.args[0]):
        yield Change(node, node.args[0])


def _is_library(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and root_name(node) in {"torch", "np", "numpy"}


_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}


@operator(
    "other comparison", ("a > b", "a >= b"), ("a <= b", "a < b"), ("a == b", "a != b"), ("a < b < c", "a < b <= c")
)
def other_comparison(node: ast.AST) -> Iterator[Change]:
    """A comparison counts the border in or out, or an equality is turned round."""
    if not isinstance(node, ast.Compare):
        return
    for place, comparison in enumerate(node.ops):
        other = _COMPARISONS.get(type(comparison))
        if other is not None:
            yield Change(
                node, ast.Compare(node.left, [*node.ops[:place], other(), *node.ops[place + 1 :]], node.comparators)
            )


OPERATORS: tuple[Operator, ...] = tuple(value for value in globals().values() if isinstance(value, Operator))
