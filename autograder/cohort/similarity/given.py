"""What students were given: the template, the checks in the kit, and, so that the right answer is nobody's, the reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.assignment.kit import public_files
from autograder.assignment.loading import REFERENCE, Assignment
from autograder.assignment.template import FOLDER, PROGRAMS, build_template
from autograder.cohort.similarity.remaining import Given, given_in
from autograder.errors import UsageError, in_words
from autograder.intake import DEFAULT, printable
from autograder.intake.layout import is_source
from autograder.intake.notebook import read_notebook
from autograder.intake.source import Effort, read_python


def given_to_students(assignment: Assignment, more: Iterable[Path] = ()) -> Given:
    """Return what counts as given in an assignment.

    Args:
        assignment: Its template as it is generated and as it lies in the folder, its public checks, its reference.
        more: Python files, notebooks, or folders of them that students got beside the kit.

    Raises:
        UsageError: One of them cannot be read, or holds no code; or the template cannot be made.
    """
    files = {name: text.encode() for name, text in build_template(assignment, ()).items()}
    files |= public_files(assignment.folder, [task.id for task in assignment.rubric.tasks])
    places = [assignment.folder / FOLDER, assignment.folder / REFERENCE, assignment.folder / PROGRAMS]
    texts = [text for name, data in files.items() if is_source(name) for text in _texts(name, data)]
    texts += [text for place in places if place.is_dir() for path in sorted(place.iterdir()) for text in _read(path)]
    for place in more:
        found = [text for path in _below(place) for text in _read(path)]
        if not found:
            raise UsageError(f"--given {place}: it holds no code. Name Python files, notebooks, or a folder of them.")
        texts += found
    return given_in(texts)


def given_code(assignment: Assignment) -> dict[str, str]:
    """Return the Python of the kit alone, for tools that remove it themselves: path -> text, notebooks as their code."""
    files = {name: text.encode() for name, text in build_template(assignment, ()).items()}
    folder = assignment.folder / FOLDER
    by_hand = sorted(folder.iterdir()) if folder.is_dir() else []
    files |= {path.name: path.read_bytes() for path in by_hand if is_source(path.name)}
    checks = public_files(assignment.folder, [task.id for task in assignment.rubric.tasks])
    files |= {f"tests/public/{name}": data for name, data in checks.items()}
    return {name: "\n\n".join(_texts(name, data)) for name, data in files.items() if is_source(name)}


def _below(place: Path) -> list[Path]:
    if not place.exists():
        raise UsageError(f"--given {place} does not exist. Check the path.")
    return sorted(place.rglob("*")) if place.is_dir() else [place]


def _read(path: Path) -> Iterator[str]:
    if path.is_file() and is_source(path.name):
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UsageError(f"{path}: it cannot be read ({in_words(error)}).") from None
        yield from _texts(printable(path.name), data)


def _texts(name: str, data: bytes) -> Iterator[str]:
    """Yield the code of a file, each cell of a notebook by itself."""
    read = read_notebook if name.lower().endswith(".ipynb") else read_python
    yield from (cell.source for cell in read(name, data, DEFAULT, Effort.of(DEFAULT)).cells)
