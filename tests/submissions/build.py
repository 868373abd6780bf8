"""Make the archives and the notebook from the stored folders: `python -m tests.submissions.build`.

Deterministic: fixed times, sorted names, no compression settings that depend on the library. `make` returns what each
file must hold, so that a test can compare without writing anything.
"""

from __future__ import annotations

import ast
import io
import json
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WHEN = (2024, 5, 17, 12, 0, 0)


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of `files`, the same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, WHEN)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def folder(name: str) -> dict[str, bytes]:
    """The files of a stored folder by path, without caches."""
    paths = [path for path in (HERE / name).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(HERE / name).as_posix(): path.read_bytes() for path in sorted(paths)}


def correct() -> dict[str, bytes]:
    """The correct modules, with an answer to every task that they were not written for: a right one of its candidates."""
    files = folder("correct_modules")
    written = {name for path, data in files.items() if path.endswith(".py") for name in definitions(data.decode())}
    added = [answer for path in sorted(ROOT.glob("reference/candidates/*/*.py")) if (answer := right_answer(path, written))]
    return files | ({"added.py": "\n\n".join(added).encode()} if added else {})


def definitions(text: str) -> set[str]:
    """The functions and classes that a module defines."""
    return {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def right_answer(path: Path, written: set[str]) -> str:
    """The first right candidate in a file that needs nothing but libraries, under its task's name; "" where none is needed."""
    task, tree = path.stem, ast.parse(path.read_text())
    if task.replace("_", "").lower() in {name.replace("_", "").lower() for name in written} or path.name.startswith("_"):
        return ""
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) and is_library(node)]
    known = {(alias.asname or alias.name).split(".")[0] for node in imports for alias in node.names}
    own = {part.id for node in tree.body for part in ast.walk(node) if isinstance(part, ast.Name)} & definitions(path.read_text())
    elsewhere = {alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names} - known
    for node in tree.body:
        marks = [ast.unparse(mark) for mark in getattr(node, "decorator_list", [])]
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and any(mark.startswith("right(") for mark in marks):
            names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            if not names & ((own | elsewhere | {node.name}) - {"right"}):
                node.name, node.decorator_list = task, []
                return "\n".join([*map(ast.unparse, imports), "", "", ast.unparse(node), ""])
    return ""


def is_library(node: ast.Import | ast.ImportFrom) -> bool:
    """Whether an import is of something that students have."""
    return isinstance(node, ast.Import) or not str(node.module).startswith(("reference", "autograder", "tests"))


def wrapped() -> bytes:
    """Variant: the correct modules below two folders, as a Mac packs them."""
    files = {f"Assignment 3 (final)/group_7/{name}": data for name, data in correct().items()}
    junk = {f"__MACOSX/Assignment 3 (final)/group_7/._{name}": b"\0\5\x16\7" + bytes(60) for name in correct()}
    store = {"Assignment 3 (final)/.DS_Store": bytes(100), "Assignment 3 (final)/group_7/.DS_Store": b"\0\0\0\1Bud1" + bytes(64)}
    return zipped(files | junk | store)


def encoded() -> bytes:
    """Variant: Latin-1 with a coding line, CR LF line ends, and UTF-8 with a byte order mark."""
    files = correct()
    author = "# Autor: J\u00fcrgen Gro\u00df, Aufgabe 3 \u00b1 0\n"
    latin = "# -*- coding: latin-1 -*-\n" + author + files["divergences.py"].decode()
    files["divergences.py"] = latin.replace("\u2212", "-").encode("latin-1").replace(b"\n", b"\r\n")
    files["ppca.py"] = b"\xef\xbb\xbf" + (author + files["ppca.py"].decode()).encode().replace(b"\n", b"\r\n")
    files["evidence.py"] = files["evidence.py"].replace(b"\n", b"\r\n")
    return zipped(files)


def notebook() -> bytes:
    """The correct modules as one notebook: magics, an installation, markdown, plots and a demo that would run for an hour."""
    modules = {name.removesuffix(".py"): data.decode() for name, data in correct().items() if name.endswith(".py")}
    cells: list[tuple[str, str]] = [
        ("markdown", "# Assignment 3 - VAEs\n\n**Group 7** (Kim, Ortega)\n\nRun all cells from top to bottom."),
        ("code", "%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n!pip install -q tqdm torchvision\nimport torch\nprint(torch.__version__)"),
        ("code", "import os\n!nvidia-smi\n%cd -q .\nfrom google.colab import drive\ndrive.mount('/content/drive')"),
    ]
    order = ("densities", "divergences", "ppca", "vae", "evidence", "classifier")
    for name in [*order, *sorted(set(modules) - set(order))]:
        cells.append(("markdown", f"## {name}\n\n$\\log p(x)$ and friends"))
        source = modules[name]
        for local in modules:  # everything is in one namespace here
            source = "\n".join(line for line in source.split("\n") if not line.startswith(f"from {local} import"))
        cells.append(("code", source.split('\nif __name__ == "__main__":')[0].strip()))
    cells += [
        ("markdown", "### Training demo\nthis takes about an hour on a laptop"),
        ("code", "%%time\nimport time\nfrom tqdm.notebook import tqdm as nbtqdm\nfor epoch in range(3600):\n    train_demo(epochs=1)\n    time.sleep(1)"),
        ("code", "z = sample_gaussian(torch.zeros(100, 2), torch.zeros(100, 2))\nplt.plot(z[:, 0], z[:, 1], '.');\nplt.show()\nz.shape?"),
        ("code", "%%bash\nls -la\ndf -h"),
    ]
    made = []
    for number, (kind, source) in enumerate(cells):
        cell = {"cell_type": kind, "id": f"cell-{number:02d}", "metadata": {}, "source": source.splitlines(keepends=True)}
        made.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(book, indent=1, ensure_ascii=False) + "\n").encode()


def make() -> dict[str, bytes]:
    """Every generated file by name."""
    return {
        "correct_modules.zip": zipped(correct()),
        "correct_notebook.ipynb": notebook(),
        "variant_wrapped.zip": wrapped(),
        "variant_encoded.zip": encoded(),
    }


if __name__ == "__main__":
    for name, data in make().items():
        (HERE / name).write_bytes(data)
        print(f"{name}: {len(data):,} bytes")
