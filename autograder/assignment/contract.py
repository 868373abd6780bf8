"""The contract: what every function and class of an assignment is called, takes and returns.

It is read from the *text* of annotated functions and classes (of `reference/`, or of the stubs made from it), never by importing
them, so the same code serves the grader, the template and a student's laptop. Annotations are `jaxtyping`'s (see `notation`):

    def scaled_sum(x: Float[Tensor, "B D"], weights: Float[Tensor, "D"]) -> Float[Tensor, "B"]: ...
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.assignment.callgraph import call_graph
from autograder.assignment.signatures import (
    ClassContract,
    FunctionContract,
    Parameter,
    Reader,
    class_line,
    is_dataclass,
    is_method,
)
from autograder.assignment.specs import (
    ArraySpec,
    DictSpec,
    EitherSpec,
    ListSpec,
    NamedSpec,
    Spec,
    TupleSpec,
    bind_dims,
    expected_shape,
    is_scalar,
    parts_of,
)
from autograder.errors import UsageError

__all__ = [
    "ArraySpec",
    "ClassContract",
    "Contract",
    "DictSpec",
    "EitherSpec",
    "FunctionContract",
    "ListSpec",
    "NamedSpec",
    "Parameter",
    "Spec",
    "TupleSpec",
    "bind_dims",
    "call_graph",
    "expected_shape",
    "is_dataclass",
    "is_scalar",
    "load_contract",
    "parse_classes",
    "parse_module",
]


@dataclass(frozen=True)
class Contract:
    """All functions and classes of an assignment by their Python names; no name is both.

    Attributes:
        aliases: Other names under which they are asked for: a task's id, where it is not the Python name.
    """

    functions: Mapping[str, FunctionContract]
    classes: Mapping[str, ClassContract] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        """Whether a function or class is known under this name."""
        return self.resolved(name) in self.modules

    def resolved(self, name: str) -> str:
        """Return the Python name behind an alias; any other name is returned as it is."""
        return self.aliases.get(name, name)

    def text_of(self, name: str) -> str:
        """Return how a function is called, or the first line of a class with its constructor, as one line."""
        name = self.resolved(name)
        return self.classes[name].text if name in self.classes else self.functions[name].text

    def __getitem__(self, name: str) -> FunctionContract:
        """Return how `name` is called: a function, a class (its constructor) or `Class.method`.

        Raises:
            KeyError: There is no such name.
        """
        owner, dot, method = name.partition(".")
        owner = name = self.resolved(owner)
        if dot:
            return self.classes[owner].methods[method]
        return self.classes[name].constructor if name in self.classes else self.functions[name]

    @property
    def modules(self) -> dict[str, str]:
        """Return for every function and class the module where it is looked for first."""
        functions = {name: function.module for name, function in self.functions.items()}
        return functions | {name: found.module for name, found in self.classes.items()}

    def object_of(self, function: str) -> ClassContract | None:
        """Return the class of what a call gives: the class that is called, or the first one in what a function returns; else None."""
        if self.resolved(function) in self.classes:
            return self.classes[self.resolved(function)]
        names = (part.name for part in parts_of(self[function].returns) if isinstance(part, NamedSpec))
        return next((self.classes[name] for name in names if name in self.classes), None)

    def to_json(self) -> str:
        """Return the contract as JSON; signatures stay text, from which all else is derived."""
        entries: dict[str, Any] = {
            name: {"module": function.module, **_signed(function)} for name, function in self.functions.items()
        }
        for name, found in self.classes.items():
            entries[name] = {
                "module": found.module,
                "bases": list(found.bases),
                "docstring": found.docstring,
                "constructor": _signed(found.constructor),
                "methods": {method: _signed(contract) for method, contract in found.methods.items()},
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
            classes = {name: _class_from(name, entry) for name, entry in entries.items() if "methods" in entry}
            functions = {
                name: _from_text(name, entry["module"], entry)
                for name, entry in entries.items()
                if "methods" not in entry
            }
        except (ValueError, KeyError, TypeError, AttributeError, SyntaxError) as error:
            raise UsageError(f"this is not a contract ({type(error).__name__}: {error})") from None
        return cls(functions, classes)


def _signed(function: FunctionContract) -> dict[str, str]:
    return {"signature": function.text, "docstring": function.docstring}


def _class_from(name: str, entry: Mapping[str, Any]) -> ClassContract:
    module, bases, docstring = entry["module"], entry["bases"], entry["docstring"]
    if not all(isinstance(text, str) for text in (module, docstring, *bases)):
        raise ValueError(f"the entry of {name} is not the contract of a class")
    methods = {method: _from_text(method, module, signed) for method, signed in entry["methods"].items()}
    constructor = _from_text(name, module, entry["constructor"])
    return ClassContract(name, module, constructor, methods, tuple(bases), class_line(name, bases), docstring)


def _from_text(name: str, module: str, signed: Mapping[str, Any]) -> FunctionContract:
    signature, docstring = signed["signature"], signed["docstring"]
    node = ast.parse(f"def {signature}: ...").body[0]
    if not isinstance(node, ast.FunctionDef) or node.name != name or not isinstance(module + docstring, str):
        raise ValueError(f"{signature!r} is not a signature of {name}")
    return Reader("contract.json", module).function(node, name, docstring)


# -------------------------------------------------------------------------------------------------------- folders


def load_contract(folder: Path, names: Iterable[str] | None = None) -> Contract:
    """Read the public functions and classes of every module directly in `folder`.

    Args:
        folder: The reference.
        names: Keep only these, and the classes that they take, return or derive from; default is everything that is annotated.

    Raises:
        UsageError: The folder or a name is missing, a name is defined twice, or an annotation is not in the contract's notation.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder: an assignment needs reference/ with its annotated functions")
    found: dict[str, tuple[Reader, ast.FunctionDef | ast.ClassDef]] = {}
    for path in sorted(folder.glob("*.py")):
        reader = Reader(str(path), path.stem)
        for node in _definitions(_parsed(path)):
            if node.name in found and found[node.name][0] is not reader:
                other, first = found[node.name]
                places = f"{other.place}:{first.lineno} and {path}:{node.lineno}"
                raise UsageError(f"{node.name} is defined in {places}: a name of the reference has one place")
            found[node.name] = (reader, node)
    wanted = list(found if names is None else dict.fromkeys(names))
    if missing := sorted(set(wanted) - set(found)):
        raise UsageError(f"{folder}: no annotated function or class {missing[0]!r} (asked for by rubric.yaml)")
    return _read(found, wanted)


def parse_module(source: str, module: str) -> list[FunctionContract]:
    """Return the contracts of the public, fully annotated functions in `source`."""
    nodes = [node for node in _definitions(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    return [Reader(f"{module}.py", module).function(node) for node in nodes]


def parse_classes(source: str, module: str) -> list[ClassContract]:
    """Return the contracts of the public, annotated classes in `source`."""
    nodes = [node for node in _definitions(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    return [Reader(f"{module}.py", module).class_(node) for node in nodes]


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise UsageError(f"{path}:{error.lineno}: {error.msg}") from None


def _definitions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Yield what a module offers to a contract: its own public functions and classes, where they are annotated."""
    for node in tree.body:
        annotated = (isinstance(node, ast.FunctionDef) and node.returns is not None) or (
            isinstance(node, ast.ClassDef) and (is_dataclass(node) or any(is_method(part) for part in node.body))
        )
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and annotated and not node.name.startswith("_"):
            yield node


def _read(found: Mapping[str, tuple[Reader, ast.FunctionDef | ast.ClassDef]], wanted: Iterable[str]) -> Contract:
    """Return the contracts of `wanted`, and of the classes that they name."""
    functions: dict[str, FunctionContract] = {}
    classes: dict[str, ClassContract] = {}
    waiting = list(wanted)
    while waiting:
        name = waiting.pop(0)
        reader, node = found[name]
        if isinstance(node, ast.FunctionDef):
            functions[name] = reader.function(node)
            named = _names_in([functions[name]])
        else:
            classes[name] = reader.class_(node)
            named = {*_names_in([classes[name].constructor, *classes[name].methods.values()]), *classes[name].bases}
        known = {*functions, *classes, *waiting}
        waiting += sorted(n for n in named - known if n in found and isinstance(found[n][1], ast.ClassDef))
    in_order = [name for name in found if name in functions or name in classes]
    return Contract(
        {name: functions[name] for name in in_order if name in functions},
        {name: classes[name] for name in in_order if name in classes},
    )


def _names_in(functions: Iterable[FunctionContract]) -> set[str]:
    specs = [spec for function in functions for spec in (function.returns, *(p.spec for p in function.parameters))]
    return {part.name for spec in specs for part in parts_of(spec) if isinstance(part, NamedSpec)}
