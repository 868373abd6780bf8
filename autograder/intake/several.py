"""Whether files are one submission: several students' work, or the assignment itself, is never graded as one student's.

Pure functions of paths and texts. One student's old copies beside the present files are theirs to sort out, and are told so by notes;
what is refused here cannot be one person's work by any reading, or leaves no way to say which copy counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from autograder.errors import SubmissionRejected
from autograder.intake.text import printable

_ASSIGNMENT = ("rubric.yaml", "reference/", "tests/")
"""What only an assignment has, all of it."""
_DEFINED = re.compile(r"^(?:async\s+)?(?:def|class)\s+(\w+)", re.MULTILINE)
_DOWNLOADED = re.compile(r"([a-z]+)(_LATE)?_\d+_\d+_.", re.ASCII)
"""How Canvas names the files of a class: `doejane_1234_56789_work.py`."""
_COPIES = 5
"""So many files in one folder that define the same are not one student's versions."""
_ONE_BY_ONE = "Name one of them: each submission is graded by itself."


def require_one_submission(
    name: str, folder: bool, sources: Mapping[str, str], others: Iterable[str], archives: Sequence[str]
) -> None:
    """Refuse what holds the work of several students, or the assignment itself.

    Args:
        name: What was handed in, as messages call it.
        folder: Whether it is a folder on the grader's own disk, where classes are kept.
        sources: Path -> text of every Python file and notebook.
        others: Paths of all other files.
        archives: Paths of archives among these.

    Raises:
        SubmissionRejected: It is not one submission; says what it looks like and what to do.
    """
    every = [*sources, *others]
    if "rubric.yaml" in every and all(any(path.startswith(part) for path in every) for part in _ASSIGNMENT[1:]):
        raise SubmissionRejected(
            f"{name} is an assignment (it holds rubric.yaml, reference/ and tests/), not a submission. "
            "Name the file or folder that a student handed in: make grade SUBMISSION=work.zip"
        )
    for what in (
        _packed(archives, sources),
        _downloaded(sources, archives),
        _folders(sources, folder),
        _files(sources),
    ):
        if len(what) > 1:
            listed = ", ".join(printable(path, 40) for path in what[:4]) + (", ..." if len(what) > 4 else "")
            raise SubmissionRejected(f"{name} looks like {len(what)} submissions ({listed}). {_ONE_BY_ONE}")


def _packed(archives: Sequence[str], sources: Mapping[str, str]) -> list[str]:
    """Archives side by side, with nothing, or other work, beside them."""
    top = [path for path in archives if "/" not in path]
    beside = {path.partition("/")[0] for path in sources}
    return [*top, *sorted(beside)] if len(top) > 1 and (not sources or len(top) > 2) else []


def _downloaded(sources: Mapping[str, str], archives: Sequence[str]) -> list[str]:
    """Files of a class as Canvas names them: of several students."""
    students = {found[1] for path in [*sources, *archives] if (found := _DOWNLOADED.match(path.rpartition("/")[2]))}
    return sorted(students)


def _folders(sources: Mapping[str, str], on_disk: bool) -> list[str]:
    """Folders that define the same functions, with none of these beside them."""
    defined: dict[str, set[str]] = defaultdict(set)
    for path, text in sources.items():
        top, inside, _ = path.partition("/")
        defined[top if inside else ""].update(_DEFINED.findall(text))
    beside = defined.pop("", set())
    alike = _alike({top: names - beside for top, names in defined.items()})
    return alike if len(alike) > (1 if on_disk else 2) else []


def _files(sources: Mapping[str, str]) -> list[str]:
    """Many files of one folder that define the same."""
    folders: dict[str, dict[str, set[str]]] = defaultdict(dict)
    for path, text in sources.items():
        above, _, file = path.rpartition("/")
        folders[above][file] = set(_DEFINED.findall(text))
    most = max(map(_alike, folders.values()), key=len, default=[])
    return most if len(most) >= _COPIES else []


def _alike(defined: Mapping[str, set[str]]) -> list[str]:
    """Return the largest group of places that all define a few names, half of what each of them defines at least."""
    by_name: dict[str, set[str]] = defaultdict(set)
    for place, names in defined.items():
        for one in names:
            by_name[one].add(place)
    best: list[str] = []
    for places in {frozenset(group) for group in by_name.values() if len(group) > 1}:
        common = set.intersection(*(defined[place] for place in places))
        if len(places) > len(best) and all(2 * len(common) >= len(defined[place]) for place in places):
            best = sorted(places)
    return best
