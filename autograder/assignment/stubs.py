"""Stubs: the signatures and docstrings of the reference's functions and classes as text, without their bodies."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from autograder.assignment.signatures import is_dataclass, is_method, is_property, makes_dataclass
from autograder.errors import UsageError

BODY = "    raise NotImplementedError\n"
_KINDS_OF_METHODS = frozenset({"staticmethod", "classmethod", "property"})


@dataclass
class Needs:
    """What the signatures of a stub file refer to.

    Attributes:
        imports: Module -> names; the empty name stands for `import module`.
        aliases: Name -> source of its definition, as the reference has it.
        given: Other stub file -> classes of it.
    """

    imports: dict[str, set[str]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    given: dict[str, set[str]] = field(default_factory=dict)

    def add(self, other: Needs) -> None:
        """Take in what another file needs."""
        for module, names in other.imports.items():
            self.imports.setdefault(module, set()).update(names)
        for module, names in other.given.items():
            self.given.setdefault(module, set()).update(names)
        self.aliases |= other.aliases


class Source:
    """One reference module as text and tree."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.lines = text.splitlines(keepends=True)
        self.tree = ast.parse(text)
        self.functions = {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}
        self.classes = {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    def docstring(self) -> str:
        """Return the source of the module's docstring, or ""."""
        first = self.tree.body[0] if self.tree.body else None
        return self._text(first) if _is_docstring(first) else ""

    def stub(self, name: str) -> str:
        """Return a function or class as the reference has it, docstrings included, with empty bodies."""
        if name in self.classes:
            return self._class_stub(self.classes[name])
        node = self.functions[name]
        self._require_docstring(node)
        return self._text(node, node.body[0]) + BODY

    def short_stub(self, name: str) -> str:
        """Return a function or class with the first line of its docstring only."""
        if name in self.classes:
            return self._class_stub(self.classes[name], short=True)
        node = self.functions[name]
        return f"{self._head(node)}    {_summary(node)}{BODY}"

    def signature_nodes(self, name: str) -> list[ast.AST]:
        """Return the parts of a stub in which names are looked up when it is run."""
        if name in self.functions:
            return _signature_nodes(self.functions[name])
        node = self.classes[name]
        nodes: list[ast.AST] = [*node.bases, *_kept_decorators(node)]
        for part in _members(node):
            if isinstance(part, ast.FunctionDef):
                nodes += _signature_nodes(part)
            else:
                nodes += [part.annotation, *([part.value] if part.value else [])]
        return nodes

    def _class_stub(self, node: ast.ClassDef, short: bool = False) -> str:
        self._require_docstring(node)
        head = "".join(f"@{ast.unparse(decorator)}\n" for decorator in _kept_decorators(node))
        members = [self._member(part) for part in _members(node)]
        if not members:
            members = ["    pass\n"]
        documented = f"{self._head(node)}    {_summary(node)}" if short else self._text(node, node.body[0])
        fields = "".join(text for text in members if not text.endswith(BODY))
        methods = [text for text in members if text.endswith(BODY)]
        return head + "\n".join(part for part in [documented, fields, *methods] if part)

    def _member(self, node: ast.FunctionDef | ast.AnnAssign) -> str:
        """Return a field as it is, or a method without its body."""
        if isinstance(node, ast.AnnAssign):
            return self._text(node)
        head = "".join(f"    @{ast.unparse(decorator)}\n" for decorator in _kept_decorators(node))
        text = self._text(node, node.body[0]) if _is_docstring(node.body[0]) else self._head(node)
        return f"{head}{text}    {BODY}"

    def _head(self, node: ast.FunctionDef | ast.ClassDef) -> str:
        """Return the lines before the body."""
        if node.body[0].lineno > node.lineno:
            return "".join(self.lines[node.lineno - 1 : node.body[0].lineno - 1])
        first = ast.unparse(node).split("\n")[len(node.decorator_list)]
        return " " * node.col_offset + first + "\n"

    def _require_docstring(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        if not _is_docstring(node.body[0]):
            raise UsageError(f"reference/{self.name}.py: {node.name} has no docstring, and it is the text of the task")

    def assignment(self, name: str) -> str | None:
        """Return the source of a top-level `name = ...` with the text below it, or None."""
        for node, following in zip(self.tree.body, [*self.tree.body[1:], None], strict=True):
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
                return self._text(node, following if _is_docstring(following) else node)
        return None

    def imported(self, name: str) -> tuple[str, str] | None:
        """Return (module, name in it) of an imported name; the second is empty for `import module`."""
        for node in self.tree.body:
            if isinstance(node, ast.Import) and any(a.name == name and a.asname is None for a in node.names):
                return name, ""
            if isinstance(node, ast.ImportFrom) and any(a.name == name and a.asname is None for a in node.names):
                return f"{'reference.' if node.level else ''}{node.module}", name
        return None

    def _text(self, first: ast.stmt | None, last: ast.stmt | None = None) -> str:
        assert first is not None
        end = (last or first).end_lineno
        return "".join(self.lines[first.lineno - 1 : end])


def _is_docstring(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _summary(node: ast.FunctionDef | ast.ClassDef) -> str:
    first = (ast.get_docstring(node) or "").split("\n")[0]
    return f'"""{first}"""\n'


def _kept_decorators(node: ast.FunctionDef | ast.ClassDef) -> list[ast.expr]:
    """Return the decorators that say what a definition is; others are part of the answer."""
    if isinstance(node, ast.ClassDef):
        return list(filter(makes_dataclass, node.decorator_list))
    return [decorator for decorator in node.decorator_list if ast.unparse(decorator) in _KINDS_OF_METHODS]


def _members(node: ast.ClassDef) -> list[ast.FunctionDef | ast.AnnAssign]:
    """Return what a stub shows of a class: annotated fields (with values, if it is a dataclass) and public methods."""
    found = [part for part in node.body if isinstance(part, ast.FunctionDef | ast.AnnAssign)]
    return [part for part in found if _is_shown(part, is_dataclass(node))]


def _is_shown(part: ast.FunctionDef | ast.AnnAssign, fields: bool) -> bool:
    if isinstance(part, ast.AnnAssign):
        return fields or part.value is None
    return is_method(part) or part.name == "__init__" or (is_property(part) and not part.name.startswith("_"))


def needs(
    nodes: Iterable[ast.AST], source: Source, sources: Mapping[str, Source], classes: Collection[str] = ()
) -> Needs:
    """Return the imports and aliases that annotations and defaults refer to.

    Args:
        nodes: Where names are looked up.
        source: The module in which they stand.
        sources: All modules of the reference.
        classes: Classes of the reference of which students get a stub.

    Raises:
        UsageError: A name comes from nowhere that a student could have it from.
    """
    found = Needs()
    names = {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}
    for name in sorted(names - set(dir(builtins))):
        here, place = source, source.imported(name)
        if place is not None and place[0].startswith("reference."):
            here, place = sources[place[0].removeprefix("reference.")], None
        if name in here.classes and name in classes:
            if here is not source:
                found.given.setdefault(here.name, set()).add(name)
            continue
        if place is not None:
            found.imports.setdefault(place[0], set()).add(place[1])
            continue
        alias = here.assignment(name)
        if alias is None:
            raise UsageError(f"reference/{source.name}.py: {name!r} in a signature is neither imported nor defined")
        definition = ast.parse(alias).body[0]
        assert isinstance(definition, ast.Assign)
        found.add(needs([definition.value], here, sources, classes))
        found.aliases[name] = alias
    return found


def program_stub(text: str) -> str:
    """Return what students get of a program for the command line: its docstring, and an empty `main`."""
    documented = Source("", text).docstring()
    main = f'def main() -> None:\n    """Do what the command line says."""\n{BODY}'
    return f'{documented}\n\n{main}\n\nif __name__ == "__main__":\n    main()\n'


def import_lines(wanted: Mapping[str, Collection[str]], given: Mapping[str, Collection[str]] | None = None) -> str:
    """Return import statements in the order that ruff gives them; those of other stub files, `given`, come last."""
    blocks = []
    own = given or {}
    standard = {module for module in wanted if module.split(".")[0] in sys.stdlib_module_names}
    wanted = {**wanted, **own}
    for modules in (standard, set(wanted) - standard - set(own), set(own)):
        lines = [f"import {module}" for module in sorted(modules) if "" in wanted[module]]
        for module in sorted(modules):
            if names := sorted(set(wanted[module]) - {""}, key=lambda name: (not name.isupper(), name)):
                lines.append(f"from {module} import {', '.join(names)}")
        if lines:
            blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _signature_nodes(node: ast.FunctionDef) -> list[ast.AST]:
    return [node.args, *([node.returns] if node.returns else [])]
