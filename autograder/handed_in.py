"""What was handed in, as frozen records: the files, who handed them in and when, earlier attempts, the code of a function."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """A frozen value object. Unknown fields are refused, so a typo in a record cannot go unnoticed."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)


class Cell(Record):
    """A piece of source that is run together: a whole `.py` file, or one code cell of a notebook.

    Attributes:
        label: What a student calls it, `"cell 5"`; empty for a whole file.
        source: Python source, `\\n` line ends, no byte order mark, no magics.
    """

    label: str
    source: str


class SourceFile(Record):
    """One Python file or notebook of a submission, ready to be run inside the sandbox.

    Attributes:
        path: Relative POSIX path as the student wrote it (printable; used in messages).
        module: Dotted name under which it can be imported (`"sums"`, `"src.network"`); always valid identifiers.
        cells: Its pieces in order.
    """

    path: str
    module: str
    cells: tuple[Cell, ...]


class DataFile(Record):
    """Any other file of a submission, placed into the sandbox's working folder as it is."""

    path: str
    data: bytes = Field(repr=False)


class Note(Record):
    """Something that was noticed about a submission and that the student should know.

    Attributes:
        code: Stable identifier such as `"magic-removed"`.
        message: One sentence for the student.
        path: The file it is about, if any.
        audience: `"student"` notes stand in both reports, `"staff"` notes in the staff report only.
    """

    code: str
    message: str
    path: str | None = None
    audience: Literal["student", "staff"] = "student"


class Submission(Record):
    """What intake makes of a zip, folder, file or notebook. Holds data only; nothing of it has been run.

    Attributes:
        name: Printable name for folders and reports (no path separators).
        kind: What was handed in.
        sha256: Digest of the sorted (path, content) pairs, so that a zip and the folder it came from agree.
        sources: Python files and notebooks.
        files: Everything else.
        shown: Pictures among the outputs of notebooks, as `"lab.ipynb [cell 3]"`; not decoded.
        notes: What was repaired, removed or looked odd.
    """

    name: str
    kind: Literal["zip", "tar", "folder", "file", "notebook"]
    sha256: str
    sources: tuple[SourceFile, ...]
    files: tuple[DataFile, ...] = ()
    shown: tuple[DataFile, ...] = ()
    notes: tuple[Note, ...] = ()


class Member(Record):
    """One of those who handed something in, as the platform knows them; what it does not know is empty.

    Attributes:
        name: As the platform writes it, in any script.
        id: The student number, or what the platform calls its own id.
        login, email: For exports that look for them.
    """

    name: str = ""
    id: str = ""
    login: str = ""
    email: str = ""


class About(Record):
    """Who handed a submission in, and when, as far as the platform knows it: `autograder grade --about FILE.json`.

    Attributes:
        name, id: Of the student, or of the group.
        submitted_at, due: Points in time in ISO 8601, `"2026-03-01T23:59:00+01:00"`; lateness follows from them.
        extension: When it is due for this student alone; "" for as everybody.
        members: All of a group, or the one student with what else is known.
        platform: Where it comes from: `"moodle"`, `"canvas"`, `"gradescope"`; "" for a plain folder.
        platform_id: What that platform calls this submission or its participant, as its imports want it back.
        late: Whether the platform marked it late; None where it does not say.
    """

    name: str = ""
    id: str = ""
    submitted_at: str = ""
    due: str = ""
    extension: str = ""
    members: tuple[Member, ...] = ()
    platform: str = ""
    platform_id: str = ""
    late: bool | None = None


class Attempt(Record):
    """What an earlier submission of the same student earned.

    Attributes:
        number: The first one is 1.
        score, max_score: Decimal strings.
        submitted_at: Where it is known.
        sha256: The digest of that submission: the same files again are no new attempt.
    """

    number: int
    score: str
    max_score: str = ""
    submitted_at: str = ""
    sha256: str = ""


class Counted(Record):
    """Which of several attempts of a student counts.

    Attributes:
        number: The one that the record is of; the first one is 1.
        of: How many there are.
        message: Which counts and why, and what the others had, in sentences for the student and staff.
    """

    number: int
    of: int
    message: str


class Code(Record):
    """The source of a function or class as it was handed in.

    Attributes:
        place: Its file, with the cell of a notebook in brackets, as tracebacks of the submission name it.
        first_line: The number of its first line there.
        text: Its lines, at most `MOST_LINES` of them.
        cut: How many lines more there are.
    """

    place: str
    first_line: int
    text: str
    cut: int = 0


MOST_LINES = 120
WIDEST_LINE = 200
"""Lines of `Code.text` are cut to this many characters."""
