"""The files of this project and of an assignment that grade elsewhere: what the Dockerfile copies."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from autograder.assignment.loading import RUBRIC
from autograder.errors import UsageError

PROJECT = Path(__file__).resolve().parents[2]
_LEFT_OUT = ("__pycache__", "data", "reports", "node_modules")
"""Folders that are left out, unless they are packages of Python; so are hidden ones."""


def project_files(assignment: Path) -> dict[str, bytes]:
    """Return the engine's files below `grader/`, and those of an assignment below `assignment/`, by path.

    What the Dockerfile copies before it installs is the engine; what it copies afterwards is an assignment.

    Raises:
        UsageError: The folder is no assignment, or this is an installation without the project's files.
    """
    if not (assignment / RUBRIC).is_file():
        raise UsageError(f"--assignment {assignment}: there is no {RUBRIC} in it. Name the folder of an assignment")
    engine, of_assignment = _copied()
    files = {f"grader/{path}": data for name in engine for path, data in _files(PROJECT, name)}
    return files | {f"assignment/{path}": data for name in of_assignment for path, data in _files(assignment, name)}


def _copied() -> tuple[list[str], list[str]]:
    """Return what the Dockerfile copies before it installs, and what afterwards."""
    path = PROJECT / "Dockerfile"
    if not path.is_file():
        raise UsageError(f"{path} is missing: this export needs a checkout of the grader, not only its package")
    before, _, after = path.read_text(encoding="utf-8").partition("make setup")
    first, second = (
        [name for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE) for name in line.split()[:-1]]
        for text in (before, after)
    )
    return first, second


def _files(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield a file, or the files below a folder, by path relative to `folder`; what is not there has none."""
    if (folder / name).is_file():
        yield name, (folder / name).read_bytes()
    for place, folders, names in os.walk(folder / name):
        folders[:] = [one for one in folders if _belongs(Path(place, one))]
        for path in (Path(place, one) for one in sorted(names)):
            if path.suffix != ".pyc":
                yield path.relative_to(folder).as_posix(), path.read_bytes()


def _belongs(folder: Path) -> bool:
    return not folder.name.startswith(".") and (folder.name not in _LEFT_OUT or (folder / "__init__.py").is_file())
