"""What is left to do for a class: which submissions are graded now, which stand, and in which order. Pure but for reading the files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from autograder.cohort.entries import Entry
from autograder.cohort.store import Known
from autograder.errors import SubmissionRejected
from autograder.intake import ARCHIVES
from autograder.intake.folder import open_regular


@dataclass(frozen=True)
class Planned:
    """A submission and its job.

    Attributes:
        sha256: Digest of what was handed in, as it lies there.
        job: Digest of that, of who handed in and when, and of everything else that the record depends on.
        is_new: Whether the student has no grade yet, or handed in something else since.
    """

    entry: Entry
    sha256: str
    job: str
    is_new: bool


@dataclass(frozen=True)
class Plan:
    """What is done in one run of a batch.

    Attributes:
        todo: To grade, in this order: who waits for a first grade before who has one, and in each part who handed in first.
        standing: Graded before, with nothing changed since.
        set_aside: Ended the grader again and again, with nothing changed since.
        absent: Nothing to grade.
    """

    todo: tuple[Planned, ...]
    standing: tuple[Planned, ...]
    set_aside: tuple[Planned, ...]
    absent: tuple[Entry, ...]


def plan_of(
    entries: Iterable[Entry],
    known: Mapping[str, Known],
    decides: str,
    *,
    retry: bool,
    by_content: Mapping[str, Mapping[str, Known]] | None = None,
) -> Plan:
    """Return what there is to do.

    Args:
        entries: The class.
        known: By key, the newest grading of each student.
        decides: Digest of what grades depend on beside the submission: the assignment, the grader, the settings.
        retry: Whether what was set aside is tried again. What ended in a fault of ours is tried again in any case.
        by_content: By key and digest, the newest grading of each attempt, for students of whom several are told apart; each of these may
            be an entry of its own.
    """
    todo: list[Planned] = []
    standing: list[Planned] = []
    set_aside: list[Planned] = []
    absent: list[Entry] = []
    for entry in entries:
        if entry.path is None:
            absent.append(entry)
            continue
        sha256 = content_digest(entry.path)
        job = hashlib.sha256(f"{entry.key} {sha256} {decides} {entry.about.model_dump_json()}".encode()).hexdigest()
        told_apart = (by_content or {}).get(entry.key)
        before = known.get(entry.key) if told_apart is None else told_apart.get(sha256)
        one = Planned(entry, sha256, job, is_new=before is None or before.sha256 != sha256)
        if before is None or before.job != job or before.state == "error" or (retry and before.state == "set_aside"):
            todo.append(one)
        else:
            (set_aside if before.state == "set_aside" else standing).append(one)
    todo.sort(key=lambda one: (not one.is_new, moment(one.entry.about.submitted_at), one.entry.key))
    return Plan(tuple(todo), tuple(standing), tuple(set_aside), tuple(absent))


NEVER = datetime.max.replace(tzinfo=UTC)
"""What `moment` makes of what is no time."""


def moment(written: str) -> datetime:
    """Return a point in time; what says nothing of its zone is taken for UTC, and what is no time comes after everything."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return NEVER
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def content_digest(path: Path) -> str:
    """Return a digest of a file, or of the names and contents of all files below a folder, where links are not followed.

    The name of a file that was handed in alone counts, but for an archive's: names of modules come from it.
    """
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(_files(path)):
            digest.update(_name(str(file.relative_to(path))) + _content(file))
    else:
        digest.update(_name("" if path.name.lower().endswith(ARCHIVES) else path.name) + _content(path))
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    """All below a folder that is no folder, and folders that cannot be read. Depth costs no recursion: it is the student's choice."""
    folders = [folder]
    while folders:
        here = folders.pop()
        try:
            with os.scandir(here) as found:
                inside = [(Path(one.path), one.is_dir(follow_symlinks=False)) for one in found]
        except OSError:
            yield here
            continue
        folders += [path for path, is_folder in inside if is_folder]
        yield from (path for path, is_folder in inside if not is_folder)


def _name(path: str) -> bytes:
    return hashlib.sha256(os.fsencode(path)).digest()


def _content(file: Path) -> bytes:
    """Return a digest of a file, or of where a link points; all that cannot be read has the same: the student is told when it is graded."""
    try:
        if file.is_symlink():
            return hashlib.sha256(b"link " + os.fsencode(file.readlink())).digest()
        with open(open_regular(file), "rb") as stream:
            return hashlib.file_digest(stream, partial(hashlib.sha256, b"file ")).digest()
    except (SubmissionRejected, OSError):
        return hashlib.sha256(b"not to be read").digest()
