"""What a learning platform hands out becomes a `Cohort`.

::

    path ── download (a zip or a folder, as a list of files) ── moodle, canvas, gradescope or folder: who handed in what
                                                                        │
    Cohort ◄── keys (a folder's name for each) ◄── placing (files into the workspace) ◄──┘

A platform's module has a name and two functions: whether it recognises a download, and what was handed in. Each knows the names that its
platform gives to files, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from autograder.cohort.entries import Cohort, Entry
from autograder.cohort.plan import moment
from autograder.cohort.platforms import canvas, folder, gradescope, moodle
from autograder.cohort.platforms.download import Download, opened
from autograder.cohort.platforms.hand_ins import Read, listed
from autograder.cohort.platforms.keys import entry_keys
from autograder.cohort.platforms.placing import place
from autograder.errors import UsageError
from autograder.intake import printable

__all__ = ["read_cohort"]


class _Platform(Protocol):
    """A module of a platform."""

    NAME: str

    def recognises(self, download: Download) -> bool:
        """Whether the platform made it."""

    def hand_ins(self, download: Download) -> Read:
        """Who handed in what, in an order that depends on names alone, and remarks."""


_PLATFORMS: tuple[_Platform, ...] = (moodle, canvas, gradescope)


def read_cohort(path: Path, workspace: Path) -> Cohort:
    """Return the class that lies at `path`.

    Args:
        path: The archive of Moodle, Canvas or Gradescope, packed or unpacked, or a folder with an archive, a notebook, a Python file or
            a folder per student, and perhaps an `about.csv` (see `about_csv.read`).
        workspace: A folder into which a platform's files are copied, an own folder per entry, named by its key. What was there under
            the same key is replaced. Nothing is written anywhere else; what lies in a plain folder is graded there.

    Raises:
        UsageError: It is no class, an archive is damaged or not safe, or something cannot be read or written.
    """
    if workspace.resolve().is_relative_to(path.resolve()):
        raise UsageError(
            f"{printable(str(workspace))} lies in the class itself. Name a folder outside of {printable(str(path))}."
        )
    with opened(path) as download:
        platform, found = _recognised(download)
        hand_ins, remarks = platform.hand_ins(found)
        keys = entry_keys([(one.called, one.about.platform_id) for one in hand_ins])
        placed = place([(key, one.files) for key, one in zip(keys, hand_ins, strict=True) if one.files], workspace)
    entries = [
        Entry(key, one.about, None if one.problem else placed.get(key, one.place), one.problem)
        for key, one in zip(keys, hand_ins, strict=True)
    ]
    together = by_student(entries, [one.student for one in hand_ins])
    return Cohort(platform.NAME, tuple(sorted(together, key=lambda entry: entry.key)), tuple(remarks))


def by_student(entries: Sequence[Entry], students: Sequence[str]) -> list[Entry]:
    """Return an entry per student: the attempts of one under the key of the first, which stays the same when more are handed in.

    An attempt with nothing to grade is left out where there is another one.
    """
    of: dict[str, list[Entry]] = {}
    for number, (entry, student) in enumerate(zip(entries, students, strict=True)):
        of.setdefault(student or f"\0{number}", []).append(entry)  # nobody is called so
    together = []
    for attempts in of.values():
        attempts.sort(key=lambda one: moment(one.about.submitted_at))
        usable = [one for one in attempts if one.path is not None] or attempts[-1:]
        *before, last = (replace(one, key=attempts[0].key) for one in usable)
        together.append(replace(last, before=tuple(before)))
    return together


def _recognised(download: Download) -> tuple[_Platform, Download]:
    """The platform that made a download, and the download without folders around it."""
    for inner in download.unwrapped():
        for platform in _PLATFORMS:
            if platform.recognises(inner):
                if inner.links:
                    raise UsageError(
                        f"{download.name}: these are links, which are not followed: {listed(inner.links)}. "
                        "Put the files in their place, or leave them out."
                    )
                return platform, inner
    if not folder.recognises(download):
        raise UsageError(
            f"{download.name} is no class that Moodle, Canvas or Gradescope has packed. Unpack it and name the folder, if there is "
            f"something of every student in it; one submission is graded by make grade SUBMISSION={download.name}"
        )
    return folder, download
