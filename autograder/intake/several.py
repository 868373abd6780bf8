"""Whether files are one submission: several students' work, or the assignment itself, is never graded as one student's.

Pure functions of paths and texts. One student's old copies beside the present files are theirs to sort out, and are told so by notes;
what is refused here cannot be one person's work by any reading, or leaves no way to say which copy counts.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from autograder.errors import SubmissionRejected
from autograder.intake.text import printable

_ASSIGNMENT = ("rubric.yaml", "reference/", "tests/")
"""What only an assignment has, all of it."""
_DEFINED = re.compile(r"^(?:async\s+)?(?:def|class)\s+(\w+)", re.MULTILINE)
_DOWNLOADED = re.compile(
    r"(?:[^/]*/)*(?:[^\W_]+_)?(?:LATE_)?(\d{2,}|anon_[0-9A-Za-z]+)_\d{3,}_[^/]|[^/_]+_(\d+)_assignsubmission_|(submission_\d+)/"
)
"""How Canvas names the files of a class, `doejane_1234_56789_work.py`, and Moodle and Gradescope the folders; with whose they are."""
_COPIES = 5
"""So many files in one folder that define the same are not one student's versions."""
_HOW = "Grade one of them by itself, or all of them: make batch SUBMISSIONS=..."


def require_one_submission(
    name: str,
    folder: bool,
    sources: Mapping[str, str],
    others: Sequence[str],
    archives: Sequence[str],
    wanted: Sequence[str] = (),
) -> None:
    """Refuse what holds the work of several students, or the assignment itself.

    Args:
        name: What was handed in, as messages call it.
        folder: Whether it is a folder on the grader's own disk, where classes are kept.
        sources: Path -> text of every Python file and notebook.
        others: Paths of all other files.
        archives: Paths of archives among these.
        wanted: Paths of documents among these that count as work.

    Raises:
        SubmissionRejected: It is not one submission; says what it looks like and what to do.
    """
    if _holds_assignment([*sources, *others]):
        raise SubmissionRejected(
            f"{name} is or holds an assignment (rubric.yaml, reference/ and tests/), and is no submission. "
            "Name the file or folder that a student handed in: make grade SUBMISSION=work.zip"
        )
    for what in (
        _packed(archives, sources),
        _downloaded([*sources, *archives, *wanted]),
        _folders({path: set(_DEFINED.findall(text)) for path, text in sources.items()}, folder),
        [] if sources else _folders({path: {path.rpartition("/")[2]} for path in wanted}, folder),
        _files(sources),
    ):
        if len(what) > 1:
            listed = ", ".join(printable(path, 40) for path in what[:4]) + (", ..." if len(what) > 4 else "")
            raise SubmissionRejected(f"{name} looks like {len(what)} submissions ({listed}). {_HOW}")


def _holds_assignment(every: Sequence[str]) -> bool:
    """Whether somewhere in a folder there is all that only an assignment has, side by side."""
    folders = {folder for path in every for folder in accumulate(f"{part}/" for part in path.split("/")[:-1])}
    homes = [path.removesuffix(_ASSIGNMENT[0]) for path in every if f"/{path}".endswith(f"/{_ASSIGNMENT[0]}")]
    return any(all(home + part in folders for part in _ASSIGNMENT[1:]) for home in homes)


def _packed(archives: Sequence[str], sources: Mapping[str, str]) -> list[str]:
    """Archives side by side, with nothing, or other work, beside them; or in a folder each, and nothing else."""
    if not sources and (folders := sorted({path.partition("/")[0] for path in archives})) and len(folders) > 1:
        return folders
    top = [path for path in archives if "/" not in path]
    beside = {path.partition("/")[0] for path in sources}
    return [*top, *sorted(beside)] if len(top) > 2 else []


def _downloaded(paths: Iterable[str]) -> list[str]:
    """Files of a class as learning platforms name them: of several students, each by the first file."""
    whose: dict[str, str] = {}
    for path in paths:
        if (found := _DOWNLOADED.match(path)) is not None:
            whose.setdefault(found[found.lastindex or 0], path)
    return sorted(whose.values())


def _folders(names: Mapping[str, set[str]], on_disk: bool) -> list[str]:
    """Folders that hold the same functions or documents, of which `names` has those of each file, with none of these beside them."""
    defined: dict[str, set[str]] = defaultdict(set)
    for path, own in names.items():
        top, inside, _ = path.partition("/")
        defined[top if inside else ""].update(own)
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
    """Return the largest group of places that define the same: half of what each defines is what most of them define."""
    by_name: dict[str, set[str]] = defaultdict(set)
    for place, names in defined.items():
        for one in names:
            by_name[one].add(place)
    best: list[str] = []
    for places in {frozenset(group) for group in by_name.values() if len(group) > 1}:
        if len(places) > len(best):
            count = Counter(name for place in places for name in defined[place])
            usual = {name for name, often in count.items() if 2 * often > len(places)}
            alike = [place for place in places if 2 * len(usual & defined[place]) >= len(defined[place])]
            best = max(best, sorted(alike), key=len)
    return best
