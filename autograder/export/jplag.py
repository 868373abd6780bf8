"""JPlag: a folder as it reads it, one folder of Python per submission, and the kit as its base code.

JPlag leaves out a whole submission where one of its files has an error in it, so what is no Python is not written.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Mapping

from autograder.export.formats import Classes, Export, Format
from autograder.records import SourceFile

BASE, SUBMISSIONS, EARLIER = "base", "submissions", "earlier"
COMMAND = f"java -jar jplag.jar --mode run -l python3 -bc {BASE} -r alike {SUBMISSIONS}"
"""What is run in the folder; with earlier classes, `-old earlier` follows."""

_PLAIN = re.compile(r"[A-Za-z0-9_.]{1,80}")
_CONTINUES = re.compile(r"\s|$|[)\]}]|(?:else|elif|except|finally)\b")
"""How a line begins that belongs to the one above it."""
_MOST_NAMED = 20


def jplag(classes: Classes) -> Export:
    """Return `submissions/<name>/*.py`, `base/*.py`, and `earlier/<class>_<name>/*.py` where there are any.

    Names of students are not in it but for those in the names of folders; comments and texts stay, for JPlag shows the sources.
    """
    files: dict[str, bytes] = {}
    remarks: list[str] = []
    labels = {label: f"{number}_{_plain(label)}" for number, label in enumerate(_labels(classes), start=1)}
    for one in classes.handed_in:
        folder = f"{EARLIER}/{labels[one.download]}_{one.name}" if one.download else f"{SUBMISSIONS}/{one.name}"
        lost = 0
        for name, text in _named({source.module: _text(source) for source in one.sources}).items():
            kept, less = _python(text)
            lost += less
            files[f"{folder}/{name}"] = kept.encode("utf-8", "replace")
        if lost:
            remarks.append(
                f"{folder}: {lost} lines are no Python and were left out; JPlag would leave out the submission"
            )
    modules = {
        path.removesuffix(".py").removesuffix(".ipynb").replace("/", "."): text for path, text in classes.given.items()
    }
    for name, text in _named(modules).items():
        files[f"{BASE}/{name}"] = _python(text)[0].encode("utf-8", "replace")
    said = remarks[:_MOST_NAMED]
    if len(remarks) > _MOST_NAMED:
        said.append(f"and {len(remarks) - _MOST_NAMED} more of whom lines were left out")
    command = f"{COMMAND} -old {EARLIER}" if labels else COMMAND
    return Export(files, (*classes.without, *said, f"In the folder, run: {command}"))


def _labels(classes: Classes) -> Iterable[str]:
    return dict.fromkeys(one.download for one in classes.handed_in if one.download)


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", text)[:30].strip("_")


def _text(source: SourceFile) -> str:
    """Return a file, or the cells of a notebook one below the other."""
    return "\n\n".join(cell.source for cell in source.cells)


def _named(texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts by names of files that any file system takes, and tells apart."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for number, (module, text) in enumerate(texts.items(), start=1):
        name = module if _PLAIN.fullmatch(module) else f"file_{number}"
        while name.lower() in taken:
            name = f"{name}_{number}"
        taken.add(name.lower())
        found[f"{name}.py"] = text
    return found


def _python(text: str) -> tuple[str, int]:
    """Return a text without the statements that are no Python, and how many lines these had; lines keep their numbers."""
    if _parses(text):
        return text, 0
    blocks: list[list[str]] = []
    for line in text.split("\n"):
        if not blocks or not _CONTINUES.match(line):
            blocks.append([])
        blocks[-1].append(line)
    lost, kept = 0, []
    for block in blocks:
        is_python = _parses("\n".join(block))
        lost += 0 if is_python else len(block)
        kept += block if is_python else [""] * len(block)
    return "\n".join(kept), lost


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a student's string is no concern of ours
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


FORMAT = Format(
    "jplag",
    "JPlag: a folder with the code of every submission, and the kit as base code.",
    jplag,
    writes="folder",
    reads="code",
)
