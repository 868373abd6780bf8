"""The contract: what every task's function is called, takes and returns.

It is read from the *text* of annotated functions (of `reference/`, or of the stubs made from it), never by importing them, so the
same code serves the grader, the template and a student's laptop. Annotations are `jaxtyping`'s:

    def kl_standard_normal(mean: Float[Tensor, "B M"], log_var: Float[Tensor, "B M"]) -> Float[Tensor, "B"]: ...
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.errors import UsageError

_ARRAY_KINDS = frozenset({"Float", "Int", "Bool", "Shaped"})
_SCALARS = frozenset({"float", "int", "str", "bool"})


@dataclass(frozen=True)
class ArraySpec:
    """A tensor of a kind (`"Float"`, `"Int"`, ...) with named axes; `dims` is empty for a 0-d tensor."""

    kind: str
    dims: tuple[str, ...]

    def __str__(self) -> str:
        """Return what a student reads: `a float tensor of shape (B, M)`."""
        inside = ", ".join(self.dims) + ("," if len(self.dims) == 1 else "")
        article = "an" if self.kind == "Int" else "a"
        return f"{article} {self.kind.lower()} tensor of shape ({inside})"


@dataclass(frozen=True)
class NamedSpec:
    """Anything else: a Python scalar (`"float"`), a collaborator (`"Encoder"`) or an object."""

    name: str

    def __str__(self) -> str:
        """Return what a student reads."""
        return {"float": "a float", "int": "an int"}.get(self.name, self.name)


@dataclass(frozen=True)
class EitherSpec:
    """One of several: `float | Float[Tensor, ""]`."""

    options: tuple[ArraySpec | NamedSpec, ...]

    def __str__(self) -> str:
        """Return what a student reads."""
        return " or ".join(map(str, self.options))


@dataclass(frozen=True)
class TupleSpec:
    """A tuple of fixed length."""

    items: tuple[ArraySpec | NamedSpec | EitherSpec, ...]

    def __str__(self) -> str:
        """Return what a student reads."""
        return f"a tuple of {len(self.items)}: " + ", ".join(map(str, self.items))


Spec = ArraySpec | NamedSpec | EitherSpec | TupleSpec


@dataclass(frozen=True)
class Parameter:
    """One parameter of a task's function.

    Attributes:
        annotation: Source text of the annotation.
        spec: What it means.
        default: Source text of the default, or None.
        keyword_only: Whether it stands after the `*`.
    """

    name: str
    annotation: str
    spec: Spec
    default: str | None
    keyword_only: bool


@dataclass(frozen=True)
class FunctionContract:
    """The contract of one function.

    Attributes:
        module: File name without `.py` where it is looked for first.
        text: The signature as one line, `kl_standard_normal(mean: ..., log_var: ...) -> ...`.
        docstring: Cleaned docstring.
    """

    name: str
    module: str
    parameters: tuple[Parameter, ...]
    returns: Spec
    text: str
    docstring: str

    def parameter(self, name: str) -> Parameter:
        """Return the parameter called `name`."""
        return next(parameter for parameter in self.parameters if parameter.name == name)


@dataclass(frozen=True)
class Contract:
    """All functions of an assignment by name."""

    functions: dict[str, FunctionContract]

    def __getitem__(self, name: str) -> FunctionContract:
        """Return the contract of `name`."""
        return self.functions[name]

    def to_json(self) -> str:
        """Return the contract as JSON; signatures stay text, from which all else is derived."""
        entries = {
            name: {"module": function.module, "signature": function.text, "docstring": function.docstring}
            for name, function in self.functions.items()
        }
        return json.dumps(entries, indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Contract:
        """Return the contract that `to_json` wrote.

        Raises:
            UsageError: The text is not such a contract.
        """
        try:
            entries = json.loads(text)
            functions = {
                name: _from_text(name, entry["module"], entry["signature"], entry["docstring"])
                for name, entry in entries.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError, SyntaxError) as error:
            raise UsageError(f"this is not a contract ({type(error).__name__}: {error})") from None
        return cls(functions)


def load_contract(folder: Path, names: Iterable[str] | None = None) -> Contract:
    """Read the public functions of every module directly in `folder`; only those in `names`, if given.

    Raises:
        UsageError: The folder or a function is missing, or an annotation is not in the contract's notation.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder: an assignment needs reference/ with its annotated functions")
    wanted = None if names is None else set(names)
    functions = {}
    for path in sorted(folder.glob("*.py")):
        try:
            found = parse_module(path.read_text(encoding="utf-8"), path.stem)
        except SyntaxError as error:
            raise UsageError(f"{path}:{error.lineno}: {error.msg}") from None
        for contract in found:
            if wanted is None or contract.name in wanted:
                functions[contract.name] = contract
    if wanted is not None and (missing := sorted(wanted - set(functions))):
        raise UsageError(f"{folder}: no annotated function {missing[0]!r} (asked for by rubric.yaml)")
    return Contract(functions=functions)


def parse_module(source: str, module: str) -> list[FunctionContract]:
    """Return the contracts of the public, fully annotated functions in `source`."""
    return [
        _function(node, module)
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.returns is not None
    ]


def _from_text(name: str, module: str, signature: str, docstring: str) -> FunctionContract:
    node = ast.parse(f"def {signature}: ...").body[0]
    if not isinstance(node, ast.FunctionDef) or node.name != name or not isinstance(module + docstring, str):
        raise ValueError(f"{signature!r} is not a signature of {name}")
    return replace(_function(node, module), docstring=docstring)


def _function(node: ast.FunctionDef, module: str) -> FunctionContract:
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults += arguments.defaults
    parameters = [_parameter(node.name, a, d, False) for a, d in zip(positional, defaults, strict=True)]
    keyword_only = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    parameters += [_parameter(node.name, a, d, True) for a, d in keyword_only]
    assert node.returns is not None
    return FunctionContract(
        name=node.name,
        module=module,
        parameters=tuple(parameters),
        returns=_spec(node.returns),
        text=f"{node.name}({ast.unparse(arguments)}) -> {ast.unparse(node.returns)}",
        docstring=ast.get_docstring(node) or "",
    )


def _parameter(function: str, argument: ast.arg, default: ast.expr | None, keyword_only: bool) -> Parameter:
    if argument.annotation is None:
        raise UsageError(f"{function}: parameter {argument.arg!r} has no annotation, and the contract is made of them")
    return Parameter(
        name=argument.arg,
        annotation=ast.unparse(argument.annotation),
        spec=_spec(argument.annotation),
        default=None if default is None else ast.unparse(default),
        keyword_only=keyword_only,
    )


def _spec(node: ast.expr) -> Spec:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        parts = [part for part in _alternatives(node) if not (isinstance(part, ast.Constant) and part.value is None)]
        options = [spec for spec in map(_spec, parts) if isinstance(spec, ArraySpec | NamedSpec)]
        return options[0] if len(options) == 1 else EitherSpec(options=tuple(options))
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if node.value.id in _ARRAY_KINDS:
            return _array(node, items)
        if node.value.id == "tuple":
            inner = [spec for spec in map(_spec, items) if not isinstance(spec, TupleSpec)]
            return TupleSpec(items=tuple(inner))
    return NamedSpec(name=ast.unparse(node))


def _alternatives(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_alternatives(node.left), *_alternatives(node.right)]
    return [node]


def _array(node: ast.Subscript, items: Sequence[ast.expr]) -> ArraySpec:
    last = items[-1]
    if len(items) != 2 or not isinstance(last, ast.Constant) or not isinstance(last.value, str):
        raise UsageError(f'{ast.unparse(node)} is not of the form Float[Tensor, "B M"]')
    assert isinstance(node.value, ast.Name)
    return ArraySpec(kind=node.value.id, dims=tuple(last.value.split()))


# ----------------------------------------------------------------------------------------------- who calls whom


def call_graph(folder: Path, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return, for each of `names`, which others of them its reference uses, directly or through what it uses.

    Read from the text of the modules directly in `folder`: a function uses what its body names, where that is defined in
    the same module or imported from another one of the folder. Helpers that are no task are followed.
    """
    wanted = set(names)
    used: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for path in sorted(folder.glob("*.py")):
        used.update(_used_in(ast.parse(path.read_text(encoding="utf-8")), path.stem, folder.name))
    places = {function: (module, function) for module, function in used if function in wanted}
    graph = {}
    for name in sorted(wanted):
        reached: dict[tuple[str, str], None] = {}
        waiting = sorted(used.get(places[name], ())) if name in places else []
        while waiting:
            place = waiting.pop(0)
            if place not in reached:
                reached[place] = None
                waiting += sorted(used.get(place, ()))
        graph[name] = tuple(function for _, function in reached if function in wanted and function != name)
    return graph


def _used_in(tree: ast.Module, module: str, package: str) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Return what every function of a module names, as (module, function) pairs of the same package."""
    known = {node.name: (module, node.name) for node in tree.body if isinstance(node, ast.FunctionDef)}
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        source = f"{package}.{node.module or ''}".rstrip(".") if node.level == 1 else node.module or ""
        for alias in node.names:
            if source == package:
                modules[alias.asname or alias.name] = alias.name
            elif source.startswith(f"{package}."):
                known[alias.asname or alias.name] = (source.removeprefix(f"{package}."), alias.name)
    return {
        (module, node.name): {
            found for part in ast.walk(node) if (found := _named(part, known, modules)) and found != (module, node.name)
        }
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }


def _named(part: ast.AST, known: Mapping[str, tuple[str, str]], modules: Mapping[str, str]) -> tuple[str, str] | None:
    if isinstance(part, ast.Name):
        return known.get(part.id)
    if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in modules:
        return (modules[part.value.id], part.attr)
    return None


# --------------------------------------------------------------------------------------------------- shapes


def bind_dims(contract: FunctionContract, shapes: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """Return the size of every named axis that the arguments' shapes fix.

    Raises:
        ValueError: Two arguments disagree about an axis: a fault of the check, not of the student.
    """
    sizes: dict[str, int] = {}
    for parameter in contract.parameters:
        spec = parameter.spec
        if not isinstance(spec, ArraySpec) or parameter.name not in shapes:
            continue
        shape = tuple(shapes[parameter.name])
        if len(shape) != len(spec.dims):
            raise ValueError(f"{parameter.name} of {contract.name} has shape {shape}, which is not {spec}")
        for dim, size in zip(spec.dims, shape, strict=True):
            if dim.isdigit() and int(dim) != size:
                raise ValueError(f"{parameter.name} of {contract.name} has shape {shape}, which is not {spec}")
            if sizes.setdefault(dim, size) != size:
                raise ValueError(f"{contract.name}: axis {dim} is both {sizes[dim]} and {size}")
    return sizes


def expected_shape(spec: ArraySpec, sizes: Mapping[str, int]) -> tuple[int | None, ...]:
    """Return the shape that `spec` means under `sizes`; None for an axis that the arguments do not fix."""
    return tuple(int(dim) if dim.isdigit() else sizes.get(dim) for dim in spec.dims)


def is_scalar(name: str) -> bool:
    """Whether a named specification is a plain Python scalar."""
    return name in _SCALARS
