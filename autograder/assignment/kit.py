"""The student's kit: the template, the public checks, exact versions, and a wheel with the part of the engine that runs them.

What goes into the wheel is computed: the modules that `autograder.cli.check` and the public checks import, read
from their text. The same input gives the same bytes.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import re
import sys
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

from autograder.assignment.loading import Assignment
from autograder.assignment.rubric import FULL
from autograder.assignment.template import FOLDER, STUDENT_TOOL, build_template, drift
from autograder.errors import HarnessFault, UsageError

PACKAGE = "autograder"
ENGINE = Path(__file__).resolve().parents[1]
ENTRY = "autograder.cli.check"
IN_NOTEBOOK = "autograder.cli.in_notebook"
DISTRIBUTION = "autograder_student"
CONSTRAINTS = "constraints.txt"
REQUIRES = ("torch", "numpy", "pytest", "hypothesis", "jaxtyping")
_HAND_WRITTEN = (".py", ".ipynb", ".md", ".yaml", ".txt", ".png")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def build_kit(assignment: Assignment, public: Collection[str], track: str = FULL) -> bytes:
    """Return the kit of one track as a zip.

    Args:
        assignment: What it is made of.
        public: Ids of the checks that students get.
        track: Whose tasks.

    Raises:
        UsageError: The template is not up to date, so that it may hold somebody's work.
    """
    template = build_template(assignment, public, track)
    folder = assignment.folder
    if track == FULL and (problems := drift(folder, template)):
        raise UsageError(f"{'; '.join(problems)}. Run `autograder template` first: a kit is made of a fresh template.")
    generated = set(build_template(assignment, public))
    files: dict[str, bytes] = {name: text.encode() for name, text in template.items()}
    for path in sorted((folder / FOLDER).iterdir()):
        if path.is_file() and path.suffix in _HAND_WRITTEN and path.name not in generated:
            files[path.name] = path.read_bytes()
    checks = public_files(folder, [task.id for task in assignment.rubric.for_track(track).tasks])
    files.setdefault(CONSTRAINTS, constraints().encode())  # a teacher's own counts
    files |= {"tests/__init__.py": b""} | {f"tests/public/{name}": text for name, text in checks.items()}
    name, wheel = build_wheel({path: text.decode() for path, text in checks.items()})
    files[name] = wheel
    title = re.sub(r"\W+", "-", _title(template).lower()).strip("-") or "assignment"
    return pack({f"{title}/{path}": data for path, data in files.items()})


def public_files(folder: Path, tasks: Collection[str]) -> dict[str, bytes]:
    """Return the files of `tests/public` that the checks of some tasks need, by path: their own, and all that these import."""
    place = folder / "tests" / "public"
    texts = {path.relative_to(place).as_posix(): path.read_bytes() for path in sorted(place.rglob("*.py"))}
    modules = {f"tests.public.{name[:-3].replace('/', '.')}".removesuffix(".__init__"): name for name in texts}
    waiting = [
        module
        for module, name in modules.items()
        if not Path(name).name.startswith("test_") or any(f'"{task}"' in texts[name].decode() for task in tasks)
    ]
    found: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += [name for name in imports_of(texts[modules[module]].decode(), module) if name in modules]
    return {modules[module]: texts[modules[module]] for module in sorted(found)}


def constraints() -> str:
    """Return the exact versions that the grader runs with: those of this project, else those that are installed here."""
    own = ENGINE.parent / CONSTRAINTS
    if own.is_file():
        return own.read_text(encoding="utf-8")
    found = {entry.name: entry.version.partition("+")[0] for entry in distributions()}
    return "".join(f"{name}=={found[name]}\n" for name in sorted(found, key=str.lower) if name != "ppml-autograder")


def _title(template: Mapping[str, str]) -> str:
    return template["README.md"].split("\n", 1)[0].removeprefix("# ")


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return a zip with these files, sorted, with one fixed time and mode."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


# ----------------------------------------------------------------------------------------------------------- the wheel


def build_wheel(checks: Mapping[str, str]) -> tuple[str, bytes]:
    """Return file name and bytes of the wheel that can run `checks` (file name -> text).

    Raises:
        HarnessFault: The engine's part would need a library that students do not have.
    """
    modules = import_closure({ENTRY, IN_NOTEBOOK}, checks.values())
    number = _version()
    info = f"{DISTRIBUTION}-{number}.dist-info"
    files = {_relative(module): source_of(module).read_bytes() for module in modules}
    files[STUDENT_TOOL.name] = STUDENT_TOOL.read_bytes()  # for notebooks that stand elsewhere
    files[f"{info}/METADATA"] = _metadata(number).encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: autograder\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/entry_points.txt"] = f"[console_scripts]\nautograder-check = {ENTRY}:main\n".encode()
    files[f"{info}/top_level.txt"] = f"{PACKAGE}\n{STUDENT_TOOL.stem}\n".encode()
    record = "".join(f"{name},sha256={_hash(data)},{len(data)}\n" for name, data in sorted(files.items()))
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    return f"{DISTRIBUTION}-{number}-py3-none-any.whl", pack(files)


def _hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _version() -> str:
    try:
        return version("ppml-autograder")
    except PackageNotFoundError:
        return "0"


def _metadata(number: str) -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {DISTRIBUTION.replace('_', '-')}", f"Version: {number}"]
    lines += ["Summary: Runs the public checks of an assignment on your own machine", "License: MIT"]
    lines += ["Requires-Python: >=3.11", *(f"Requires-Dist: {name}" for name in REQUIRES)]
    return "\n".join(lines) + "\n"


def import_closure(entries: set[str], texts: Iterable[str] = ()) -> list[str]:
    """Return the engine's modules that `entries`, and Python texts beside them, import in any way; sorted.

    Imports inside functions count; those under `if TYPE_CHECKING:` do not.

    Raises:
        HarnessFault: One of them imports a library that is not among `REQUIRES`.
    """
    todo = set(entries)
    for text in texts:
        todo |= {name for name in imports_of(text, "") if name.split(".")[0] == PACKAGE}
    found: set[str] = set()
    while todo:
        module = todo.pop()
        if module in found or not source_of(module).is_file():
            continue  # the second: a name inside a module, not a module
        found.add(module)
        todo |= {module.rsplit(".", depth)[0] for depth in range(1, module.count(".") + 1)}  # its packages
        for name in imports_of(source_of(module).read_text(encoding="utf-8"), _package_of(module)):
            head = name.split(".")[0]
            if head == PACKAGE:
                todo.add(name)
            elif head not in REQUIRES and head not in sys.stdlib_module_names:
                raise HarnessFault(f"{module} imports {head}, which the student's kit does without")
    return sorted(found)


def _package_of(module: str) -> str:
    return module if source_of(module).name == "__init__.py" else module.rpartition(".")[0]


def imports_of(text: str, package: str) -> Iterator[str]:
    """Yield every dotted name that a module's text imports; `from a import b` gives both `a` and `a.b`."""
    for node in _walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for other in node.orelse:
                yield from [other, *_walk(other)]
            continue
        yield node
        yield from _walk(node)


def source_of(module: str) -> Path:
    """Return where a module of the engine is, or would be."""
    path = ENGINE.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _relative(module: str) -> str:
    return f"{PACKAGE}/{source_of(module).relative_to(ENGINE).as_posix()}"
