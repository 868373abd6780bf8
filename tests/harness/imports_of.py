"""What the modules of a package import, read from their text: nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Import:
    """One imported name.

    Attributes:
        module, line: Where it stands.
        target: The module that is meant: `a.b.c` for `from a.b import c`, if that is a module of the tree, else `a.b`.
        place: `"module"`, `"function"` (when that runs), or `"types"` (only for a type checker).
    """

    module: str
    line: int
    target: str
    place: str


def modules_below(folder: Path) -> dict[str, Path]:
    """Return the modules of the package in `folder` by dotted name; a package has the name of its folder."""
    paths = sorted(folder.rglob("*.py"))
    return {_name(path, folder.parent): path for path in paths}


def imports_of(modules: Mapping[str, Path]) -> list[Import]:
    """Return every import in these modules, also those of other packages."""
    found = []
    for name, path in modules.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for node, place in _imports(ast.parse(path.read_text(encoding="utf-8"), str(path)), "module"):
            targets = (_target(target, modules) for target in _targets(node, package))
            found += [Import(name, node.lineno, target, place) for target in dict.fromkeys(targets)]
    return found


def cycle_in(edges: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names along one cycle of a graph, the first one at both ends; [] if there is none."""
    done: set[str] = set()
    path: list[str] = []

    def visit(name: str) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        path.append(name)
        for other in sorted(edges.get(name, ())):
            if cycle := visit(other):
                return cycle
        path.pop()
        done.add(name)
        return []

    return next((cycle for name in sorted(edges) if (cycle := visit(name))), [])


def _name(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def _imports(node: ast.AST, place: str) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    for child in ast.iter_child_nodes(node):
        inside = place
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and place == "module":
            inside = "function"
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, place
        elif isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            yield from _imports(ast.Module(child.body, []), "types")
            yield from _imports(ast.Module(child.orelse, []), place)
        else:
            yield from _imports(child, inside)


def _targets(node: ast.Import | ast.ImportFrom, package: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1] if node.level else []
    base = ".".join([*above, *([node.module] if node.module else [])])
    return [f"{base}.{alias.name}" for alias in node.names]


def _target(name: str, modules: Mapping[str, Path]) -> str:
    """Return the module behind an imported name, where it is one of ours."""
    shorter = name.rpartition(".")[0]
    return shorter if name not in modules and shorter in modules else name
