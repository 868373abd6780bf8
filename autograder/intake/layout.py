"""Where files belong: junk, wrapping folders, and the module name of every Python file. Pure functions of paths."""

from __future__ import annotations

import fnmatch
import keyword
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from autograder.records import Note
from autograder.sandbox.inside.loader import STUDENT_TOOL

_SILENT_PARTS = frozenset(
    {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", "Icon\r", "Icon_", ".ipynb_checkpoints", "__pycache__"}
    | {".git", ".svn", ".hg", ".idea", ".vscode", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".Trashes"}
    | {f"{STUDENT_TOOL}.py"}  # ours, in every kit
)
_NOTED_PARTS = frozenset({".venv", "venv", "virtualenv", "node_modules", "site-packages"})
_SOURCE_SUFFIXES = (".py", ".ipynb")
# Standard modules that nothing imports while a model is trained: `test.py` is a common and harmless name.
_HARMLESS = frozenset({"test", "this", "antigravity", "turtledemo", "idlelib", "lib2to3"})
_INSTALLED = frozenset(
    {"torch", "torchvision", "torchgen", "functorch", "numpy", "scipy", "sklearn", "matplotlib", "PIL", "pandas"}
    | {"jaxtyping", "pytest", "hypothesis", "IPython", "tqdm", "sympy", "mpmath", "networkx", "jinja2", "msgpack"}
    | {"filelock", "fsspec", "packaging", "typing_extensions", "joblib", "threadpoolctl", "psutil", "pyseccomp"}
)


class Junk(Enum):
    """Files that no student means to hand in: dropped without a word, or with a note."""

    SILENT = "silent"
    NOTED = "noted"


def junk_kind(path: str) -> Junk | None:
    """Whether `path` is left behind by an operating system, an editor or an installer."""
    parts = path.split("/")
    if any(part in _SILENT_PARTS or part.startswith(("._", "~$")) for part in parts) or path.endswith((".pyc", ".pyo")):
        return Junk.SILENT
    return Junk.NOTED if any(part in _NOTED_PARTS for part in parts) else None


def is_source(path: str) -> bool:
    """Whether `path` is a Python file or a notebook, by its suffix in any case."""
    return path.lower().endswith(_SOURCE_SUFFIXES)


def matches(path: str, pattern: str) -> bool:
    """Whether the file name `pattern` (`"answers.yaml"`, `"*.pdf"`, `"README*"`) means `path`, in any case and any folder.

    A pattern with `/` in it is compared with the whole path.
    """
    compared = path if "/" in pattern else path.rpartition("/")[2]
    return fnmatch.fnmatchcase(_folded(compared), _folded(pattern))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def wrapping_folder(paths: Sequence[str]) -> str:
    """The folders around everything, `""` or `"hw1/"` or `"hw1/final/"`; they are the packing's, not the student's."""
    prefix = ""
    while paths:
        first, slash, _ = paths[0][len(prefix) :].partition("/")
        candidate = f"{prefix}{first}/"
        if not slash or not all(path.startswith(candidate) for path in paths):
            break
        prefix = candidate
    return prefix


def kept_prefix(prefix: str, sources: Iterable[bytes]) -> str:
    """The part of a wrapping folder that the student's own imports name, so that it must stay: usually `""`.

    With `from src.network import Network` in a file of `hw1/src/`, only `hw1/` is taken away.
    """
    folders = prefix.split("/")[:-1]
    if not folders:
        return ""
    names = b"|".join(re.escape(folder).encode() for folder in folders)
    pattern = re.compile(rb'(?:^|["\s;])(?:from|import)\s+(%s)(?=[\s.,;])' % names, re.MULTILINE)
    relative = re.compile(rb'(?:^|["\s;])from\s+\.', re.MULTILINE)
    used: set[str] = set()
    for source in sources:
        used.update(match.decode() for match in pattern.findall(source))
        if relative.search(source):
            used.add(folders[-1])
    first = next((index for index, folder in enumerate(folders) if folder in used), len(folders))
    return "".join(folder + "/" for folder in folders[first:])


def identifier(name: str) -> str:
    """The valid Python identifier nearest to `name`: `"my-work (1)"` becomes `"my_work__1_"`.

    Normalised as Python normalises names (NFKC), so that an `import` statement finds it.
    """
    normal = unicodedata.normalize("NFKC", name)
    clean = "".join(char if f"a{char}".isidentifier() else "_" for char in normal)
    if not clean or not clean.isidentifier():
        clean = f"_{clean}"
    clean = unicodedata.normalize("NFKC", clean)
    if not clean.isidentifier():
        clean = "_" + "".join(char if char.isascii() and char.isalnum() else "_" for char in clean)
    return f"{clean}_" if keyword.iskeyword(clean) else clean


def is_reserved(name: str) -> bool:
    """Whether a top-level module of that name would hide one of Python's or an installed package."""
    standard = name in sys.stdlib_module_names and name not in _HARMLESS
    return standard or name in _INSTALLED or name == "__main__"


@dataclass
class _Folder:
    """A folder of the tree of sources: file names with their paths, and sub-folders."""

    files: list[tuple[str, str]] = field(default_factory=list)
    folders: dict[str, _Folder] = field(default_factory=dict)


def module_names(paths: Sequence[str]) -> tuple[Mapping[str, str], tuple[Note, ...]]:
    """A unique dotted module name for every source path, and a note where it is not the one a student expects.

    `src/network.py` becomes `src.network`, `src/__init__.py` becomes `src`. Of two files with the same name, the one
    that Python would import keeps it: packages before `.py` files before folders before
    notebooks; the other one gets `_2`.
    """
    root = _Folder()
    for path in sorted(paths):
        *folders, file = path.split("/")
        node = root
        for folder in folders:
            node = node.folders.setdefault(folder, _Folder())
        node.files.append((file, path))
    names: dict[str, str] = {}
    notes: list[Note] = []
    _name_children(root, "", "", names, notes)
    return names, tuple(notes)


def _name_children(node: _Folder, prefix: str, where: str, names: dict[str, str], notes: list[Note]) -> None:
    """Names what stands in one folder, then goes down. Depth is bounded by `IntakeLimits.depth`."""
    taken: set[str] = set()
    claims: list[tuple[bool, int, str, str, str]] = []
    for file, path in node.files:
        stem, _, suffix = file.rpartition(".")
        if stem == "__init__" and suffix == "py" and prefix:
            names[path] = prefix.removesuffix(".")
            continue
        claims.append((_changes(stem, prefix), 1 if suffix.lower() == "py" else 3, stem, file, path))
    for folder, child in node.folders.items():
        rank = 0 if any(file == "__init__.py" for file, _ in child.files) else 2
        claims.append((_changes(folder, prefix), rank, folder, folder, ""))
    for _, _, stem, shown, path in sorted(claims):
        wanted = identifier(stem)
        name = _free(wanted, taken, at_top=not prefix)
        taken.add(name)
        if name != wanted:
            notes.append(_renamed(path or where + shown, wanted, prefix + name, at_top=not prefix))
        if path:
            names[path] = prefix + name
        else:
            _name_children(node.folders[shown], f"{prefix}{name}.", f"{where}{shown}/", names, notes)


def _changes(name: str, prefix: str) -> bool:
    """Whether a name cannot be kept as it is, and so must not take a name from one that can."""
    return identifier(name) != name or (not prefix and is_reserved(name))


def _free(wanted: str, taken: set[str], at_top: bool) -> str:
    """`wanted`, or the first variation of it that is not taken and hides nothing."""
    name = f"{wanted}_" if at_top and is_reserved(wanted) else wanted
    number = 2
    while name in taken or (at_top and is_reserved(name)):
        name = f"{wanted}_{number}"
        number += 1
    return name


def _renamed(path: str, wanted: str, module: str, at_top: bool) -> Note:
    if at_top and is_reserved(wanted):
        message = (
            f"It has the name of a module of Python or of an installed package. It was loaded as `{module}`, and "
            f"`import {wanted}` means the other one. Rename your file."
        )
        return Note(code="module-shadows", message=message, path=path)
    message = f"Another file is imported as `{wanted}` too; this one was loaded as `{module}`. Rename one of them."
    return Note(code="module-renamed", message=message, path=path)
