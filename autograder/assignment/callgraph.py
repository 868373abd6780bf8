"""Who uses whom in a reference, read from its text: nothing is imported or run.

A *place* is (module, name): a function, class or constant at the top level of a module of the folder. It uses what its text names,
annotations and defaults included, where that is defined in the same module or imported from another one of the folder.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from autograder.errors import UsageError

Place = tuple[str, str]


def call_graph(folder: Path, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return, for each of `names`, which others of them its reference uses, directly or through what it uses.

    Args:
        folder: The reference; `names` are looked for in the modules directly in it.
        names: Functions and classes; what is no name of these is followed.
    """
    code = Folder(folder)
    places = {name: place for name in sorted(set(names)) if (place := code.place_of(name)) is not None}
    of_place = {place: name for name, place in places.items()}
    graph = {}
    for name in sorted(set(names)):
        reached_ = code.reached(places[name]) if name in places else []
        graph[name] = tuple(of_place[place] for place in reached_ if place in of_place and of_place[place] != name)
    return graph


def reached(folder: Path | Folder, name: str) -> list[Place]:
    """Return every (module, name) of the folder that an object consists of: itself, and all it uses, in sorted order.

    Modules in subfolders have dotted names, that of a folder itself is `__init__`.

    Raises:
        UsageError: No module directly in `folder` defines `name`.
    """
    code = folder if isinstance(folder, Folder) else Folder(folder)
    place = code.place_of(name)
    if place is None:
        raise UsageError(f"{code.folder}: no module defines {name!r} at its top level")
    return sorted({place, *code.reached(place)})


def text_of(folder: Path | Folder, place: Place) -> str:
    """Return the code of an object that `reached` named, free of comments and formatting.

    Statements beside its definition that mention it (`TABLE.update(...)`) belong to it.
    """
    module = (folder if isinstance(folder, Folder) else Folder(folder)).module(place[0])
    return "" if module is None else "\n".join(map(ast.unparse, module.objects.get(place[1], [])))


class Folder:
    """The modules of a package, parsed when they are asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._modules: dict[str, _Module | None] = {}

    def module(self, name: str) -> _Module | None:
        """Return the module with a dotted name relative to the folder, or None."""
        if name not in self._modules:
            base = self.folder.joinpath(*name.split("."))
            paths = [base.with_name(f"{base.name}.py"), base / "__init__.py"]
            path = next((path for path in paths if path.is_file()), None)
            self._modules[name] = None if path is None else _Module(self, name, path)
        return self._modules[name]

    def place_of(self, name: str) -> Place | None:
        """Return where a module directly in the folder defines `name`."""
        stems = (path.stem for path in sorted(self.folder.glob("*.py")))
        return next(((stem, name) for stem in stems if (m := self.module(stem)) and name in m.objects), None)

    def reached(self, start: Place) -> list[Place]:
        """Return what an object uses, the nearest first."""
        found: dict[Place, None] = {}
        waiting = self._used(start)
        while waiting:
            place = waiting.pop(0)
            if place not in found:
                found[place] = None
                waiting += self._used(place)
        return list(found)

    def _used(self, place: Place) -> list[Place]:
        module = self.module(place[0])
        nodes = [] if module is None else module.objects.get(place[1], [])
        found = {used for node in nodes for used in (module.used_by(node) if module else ())}
        return sorted({end for used in found if (end := self.resolved(used)) is not None and end != place})

    def resolved(self, place: Place) -> Place | None:
        """Follow imports from (module, name) to where the object is defined; None where it is none of this folder."""
        seen: set[Place] = set()
        while place not in seen:
            seen.add(place)
            module = self.module(place[0])
            if module is None:
                return None
            if place[1] in module.objects:
                return place
            place = module.imports.get(place[1], place)
        return None


class _Module:
    """One module: what it defines, and what its names mean.

    Attributes:
        imports: Name -> place of an object that it imports.
        modules: Name -> dotted name of a module of the folder that it imports.
        objects: Name -> the statements that make it.
    """

    def __init__(self, code: Folder, name: str, path: Path) -> None:
        self._code = code
        self._package = name.split(".") if path.name == "__init__.py" and name != "__init__" else name.split(".")[:-1]
        try:
            self._tree = ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError as error:
            raise UsageError(f"{path}:{error.lineno}: {error.msg}") from None
        self._name = name

    @cached_property
    def imports(self) -> dict[str, Place]:
        """Return what the names of imported objects mean."""
        return self._imported[0]

    @cached_property
    def modules(self) -> dict[str, str]:
        """Return what the names of imported modules mean."""
        return self._imported[1]

    @cached_property
    def _imported(self) -> tuple[dict[str, Place], dict[str, str]]:
        """Read the imports: only now, because modules may import each other."""
        objects: dict[str, Place] = {}
        modules: dict[str, str] = {}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.ImportFrom):
                self._import_from(node, objects, modules)
            elif isinstance(node, ast.Import):
                root = f"{self._code.folder.name}."
                found = [alias for alias in node.names if alias.name.startswith(root)]
                modules |= {alias.asname or alias.name: alias.name.removeprefix(root) for alias in found}
        return objects, modules

    @cached_property
    def objects(self) -> dict[str, list[ast.stmt]]:
        """Return the statements that make each object: its definition, and what later changes it."""
        made: dict[str, list[ast.stmt]] = {}
        statements = [node for node in self._tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
        for node in statements:
            for name in _bound(node):
                made.setdefault(name, []).append(node)
        for node in statements:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) and not set(_bound(node)):
                for name in sorted(_changed(node) & set(made)):
                    made[name].append(node)
        return made

    def used_by(self, node: ast.stmt) -> Iterator[Place]:
        """Yield the places that a statement names."""
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Store):
                if part.id in self.objects:
                    yield self._name, part.id
                elif part.id in self.imports:
                    yield self.imports[part.id]
            elif isinstance(part, ast.Attribute):
                module = self._module_named(part.value)
                if module is not None:
                    yield module, part.attr

    def _module_named(self, node: ast.expr) -> str | None:
        dotted = ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""
        return self.modules.get(dotted)

    def _import_from(self, node: ast.ImportFrom, objects: dict[str, Place], modules: dict[str, str]) -> None:
        source = self._source(node)
        if source is None:
            return
        for alias in node.names:
            inner = f"{source}.{alias.name}".removeprefix("__init__.")
            if alias.name == "*":
                module = self._code.module(source)
                names = [] if module is None else [n for n in module.objects if not n.startswith("_")]
                objects |= {name: (source, name) for name in names}
            elif self._code.module(inner) is not None:
                modules[alias.asname or alias.name] = inner
            else:
                objects[alias.asname or alias.name] = (source, alias.name)

    def _source(self, node: ast.ImportFrom) -> str | None:
        """Return the module that names are imported from, relative to the folder; None where it is another package."""
        if node.level:
            above = self._package[: len(self._package) - (node.level - 1)]
            return ".".join([*above, *([node.module] if node.module else [])]) or "__init__"
        root, _, rest = (node.module or "").partition(".")
        return None if root != self._code.folder.name else rest or "__init__"


def _bound(node: ast.stmt) -> list[str]:
    """Return the names that a statement at the top level of a module gives a meaning to."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
        inner = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.stmt | ast.ExceptHandler)]
        statements = [s for part in inner for s in (part.body if isinstance(part, ast.ExceptHandler) else [part])]
        return list(dict.fromkeys(name for statement in statements for name in _bound(statement)))
    stored = (part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))
    return list(dict.fromkeys(stored))


def _changed(node: ast.stmt) -> set[str]:
    """Return the names whose objects a statement may change: of `a.update(b)` and `a[0] = b` only `a`, else all it names."""
    places: list[ast.AST] = [node]
    if isinstance(node, ast.Assign):
        places = [_root(target) for target in node.targets]
    elif isinstance(node, ast.AugAssign):
        places = [_root(node.target)]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        places = [_root(node.value.func)]
    return {part.id for place in places for part in ast.walk(place) if isinstance(part, ast.Name)}


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node
