"""Definitions in a syntax tree -> what they are called, take and return.

Read from the text, never by running it. A method is described as it is called on an object: without `self`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from autograder.assignment.notation import NotInNotation, spec_of, without_none
from autograder.assignment.specs import Spec
from autograder.errors import UsageError


@dataclass(frozen=True)
class Parameter:
    """One parameter of a function.

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
    """The contract of a function, a method, or the constructor of a class.

    Attributes:
        name: Its Python name; a constructor has the name of its class.
        module: File name without `.py` where it is looked for first.
        parameters: Without `self`.
        text: The signature as one line, `scaled_sum(x: ..., weights: ...) -> ...`, without `self`.
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
class ClassContract:
    """The contract of a class.

    Attributes:
        module: File name without `.py` where it is looked for first.
        constructor: How it is called; of a dataclass, its fields.
        methods: The public methods with an annotated result by name, `__call__` among them.
        bases: Source text of the base classes.
        text: Its first line, `class Network(nn.Module)`.
        docstring: Cleaned docstring.
    """

    name: str
    module: str
    constructor: FunctionContract
    methods: Mapping[str, FunctionContract]
    bases: tuple[str, ...]
    text: str
    docstring: str


def makes_dataclass(decorator: ast.expr) -> bool:
    """Whether a decorator is `@dataclass`, with or without arguments."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(called) in ("dataclass", "dataclasses.dataclass")


def is_dataclass(node: ast.ClassDef) -> bool:
    """Whether a class is decorated as a dataclass, so that its fields are its constructor."""
    return any(map(makes_dataclass, node.decorator_list))


def is_property(node: ast.FunctionDef) -> bool:
    """Whether a function of a class is read as an attribute, never called."""
    return not {"property", "cached_property", "functools.cached_property"}.isdisjoint(
        map(ast.unparse, node.decorator_list)
    )


def is_method(node: ast.stmt) -> bool:
    """Whether a statement of a class is a method of its contract: public (or `__init__`, `__call__`) and annotated."""
    if not isinstance(node, ast.FunctionDef) or node.returns is None or is_property(node):
        return False
    return not node.name.startswith("_") or node.name in ("__init__", "__call__")


def class_line(name: str, bases: Iterable[str]) -> str:
    """Return the first line of a class, without its colon."""
    inside = ", ".join(bases)
    return f"class {name}({inside})" if inside else f"class {name}"


@dataclass(frozen=True)
class Reader:
    """Reads the definitions of one file.

    Attributes:
        place: The file, as messages call it.
        module: Its name as a module.
    """

    place: str
    module: str

    def function(self, node: ast.FunctionDef, called: str = "", docstring: str | None = None) -> FunctionContract:
        """Return the contract of a function; `called` is its name in messages."""
        assert node.returns is not None
        called = called or node.name
        return FunctionContract(
            name=node.name,
            module=self.module,
            parameters=self._parameters(node, called),
            returns=self._spec(node.returns, f"{called}: the result"),
            text=f"{node.name}({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}",
            docstring=(ast.get_docstring(node) or "") if docstring is None else docstring,
        )

    def class_(self, node: ast.ClassDef) -> ClassContract:
        """Return the contract of a class."""
        own = {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}
        methods = {
            part.name: self.function(_unbound(part), f"{node.name}.{part.name}")
            for part in own.values()
            if is_method(part) and part.name != "__init__"
        }
        bases = tuple(map(ast.unparse, node.bases))
        return ClassContract(
            name=node.name,
            module=self.module,
            constructor=self.function(_constructor(node, own.get("__init__")), node.name),
            methods=methods,
            bases=bases,
            text=class_line(node.name, bases),
            docstring=ast.get_docstring(node) or "",
        )

    def _parameters(self, node: ast.FunctionDef, called: str) -> tuple[Parameter, ...]:
        arguments = node.args
        if starred := arguments.vararg or arguments.kwarg:
            raise UsageError(
                f"{self.place}: {called}: *{starred.arg} cannot be part of a contract: name the parameters"
            )
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
        defaults += arguments.defaults
        found = [self._parameter(called, a, d, False) for a, d in zip(positional, defaults, strict=True)]
        keyword_only = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        return tuple(found + [self._parameter(called, a, d, True) for a, d in keyword_only])

    def _parameter(self, called: str, argument: ast.arg, default: ast.expr | None, keyword_only: bool) -> Parameter:
        what = f"{called}: parameter {argument.arg!r}"
        if argument.annotation is None:
            raise UsageError(f"{self.place}: {what} has no annotation, and the contract is made of them")
        return Parameter(
            name=argument.arg,
            annotation=ast.unparse(argument.annotation),
            spec=without_none(self._spec(argument.annotation, what)),
            default=None if default is None else ast.unparse(default),
            keyword_only=keyword_only,
        )

    def _spec(self, annotation: ast.expr, what: str) -> Spec:
        try:
            return spec_of(annotation)
        except NotInNotation as error:
            raise UsageError(f"{self.place}: {what}: {error}") from None


def _unbound(method: ast.FunctionDef) -> ast.FunctionDef:
    """Return a method as it is called on an object: without `self`."""
    copy = _copied(method)
    if "staticmethod" not in map(ast.unparse, method.decorator_list):
        arguments = copy.args.posonlyargs or copy.args.args
        del arguments[:1]
    return copy


def _copied(node: ast.FunctionDef) -> ast.FunctionDef:
    copy = ast.parse(ast.unparse(node)).body[0]
    assert isinstance(copy, ast.FunctionDef)
    return copy


def _constructor(node: ast.ClassDef, init: ast.FunctionDef | None) -> ast.FunctionDef:
    """Return how a class is called, as a function of its name."""
    if init is not None:
        made = _unbound(init)
    else:
        fields = ", ".join(_fields(node)) if is_dataclass(node) else ""
        parsed = ast.parse(f"def __init__({fields}): ...").body[0]
        assert isinstance(parsed, ast.FunctionDef)
        made = parsed
    made.name = node.name
    made.returns = ast.Name(node.name)
    return made


def _fields(node: ast.ClassDef) -> Iterator[str]:
    """Yield the fields of a dataclass as parameters."""
    for part in node.body:
        if isinstance(part, ast.AnnAssign) and not _is_no_argument(part):
            yield (
                ast.unparse(part.target)
                + f": {ast.unparse(part.annotation)}"
                + (f" = {ast.unparse(part.value)}" if part.value else "")
            )


def _is_no_argument(part: ast.AnnAssign) -> bool:
    keywords = part.value.keywords if isinstance(part.value, ast.Call) else []
    outside = any(k.arg == "init" and isinstance(k.value, ast.Constant) and k.value.value is False for k in keywords)
    return outside or "ClassVar" in ast.unparse(part.annotation)
