"""What a class handed in, as frozen records: who, when, and where the files lie. Nothing of it has been read as a submission yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autograder.records import About


@dataclass(frozen=True)
class Entry:
    """One submission of a class, the newest of its student.

    Attributes:
        key: The name of its folder of reports: ASCII, safe on every file system, at most 80 characters, different for every entry
            of a class, and the same whenever the same archive is read again.
        about: Who handed it in and when, as the platform knows it.
        path: What `intake.take_in` is given: an archive, a folder, a file; None if there is nothing to grade.
        problem: Why there is nothing to grade, in a sentence for the teacher; "" otherwise.
        before: Earlier attempts of the same student that were handed out with this one, under the same key.
    """

    key: str
    about: About
    path: Path | None
    problem: str = ""
    before: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Cohort:
    """A class.

    Attributes:
        platform: What handed it out: `"moodle"`, `"canvas"`, `"gradescope"`, or `"folder"`.
        entries: In the order of their keys.
        remarks: What was left out and why, in sentences for the teacher; nothing is left out silently.
    """

    platform: str
    entries: tuple[Entry, ...]
    remarks: tuple[str, ...] = ()
