"""Downloads of a class as the platforms make them, by the rules in their own sources, of students with names that break things."""

from __future__ import annotations

import io
import json
import re
import tarfile
import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

Files = Mapping[str, bytes | str]

WORK = "def mean(x):\n    return sum(x) / len(x)\n"


@dataclass(frozen=True)
class Student:
    """A student, or a group, with a number that the platform gave, and files."""

    name: str
    number: int
    files: Files = field(default_factory=lambda: {"work.py": WORK})


NAMES = (
    "Jane Doe",
    "Jane Doe",
    "jane doe",
    "Smith, Jr.",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "../x",
    "CON",
    unicodedata.normalize("NFC", "Zoë Åkesson"),
    unicodedata.normalize("NFD", "Zoë Åkesson"),
    "יעל כהן",
    "王小明",
    "हिन्दी",
    "Ægir Þórsson-Łoś",
    "\u202egnp.exe",
    "a" * 120,
    "שם" * 80,
    "1234",
    "!!!",
)
"""Two alike and one that differs in case only, and what would be a formula, markup, a path, a device, too long, or read backwards."""


def students() -> list[Student]:
    """One student per name, each with work that says whose it is."""
    return [Student(name, 657700 + place, {"work.py": f"# {place}\n{WORK}"}) for place, name in enumerate(NAMES)]


def zipped(path: Path, files: Files) -> Path:
    """A zip with these members; names that end with `/` are folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def unpacked(path: Path, files: Files) -> Path:
    """The same as a folder on disk."""
    for name, data in files.items():
        target = path / name
        if name.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def zip_bytes(files: Files) -> bytes:
    """A zip with these members, as a student hands it in."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def tar_bytes(files: Files) -> bytes:
    """A tar.gz with these members, as a student hands it in."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, data in files.items():
            info, content = tarfile.TarInfo(name), data.encode() if isinstance(data, str) else data
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


# -------------------------------------------------------------------------------------------------------------- Moodle


def moodle_clean(name: str) -> str:
    """Moodle's `clean_filename`, and the spaces for underscores that `get_student_prefix` puts."""
    return re.sub(r"\.\.+", "", re.sub(r"[\x00-\x1f\x7f&<>\"`|':\\/]", "", name.replace("_", " ")))


def moodle(
    people: list[Student], *, folders: bool = True, old: bool = False, plugin: str = "file"
) -> dict[str, bytes | str]:
    """What "Download all submissions" holds: in folders or flat, and with the `_` of versions before 4.1."""
    found: dict[str, bytes | str] = {}
    for student in people:
        prefix = f"{moodle_clean(student.name)}_{student.number}_assignsubmission_{plugin}"
        if folders and not student.files:
            found[f"{prefix}{'_' if old else ''}/"] = ""
        for name, data in student.files.items():
            inside = f"{'_' if old else ''}/{name}" if folders else f"_{moodle_clean(name)}"
            found[f"{prefix}{inside}"] = data
    return found


# -------------------------------------------------------------------------------------------------------------- Canvas


def canvas_name(name: str) -> str:
    """Canvas's sortable name in a file's name: `sanitize_user_name`, then all but letters, marks, digits and `_` removed."""
    lowered = re.sub(r"_(\d+)_", r"\1", name).lower()
    return "".join(char for char in lowered if char == "_" or unicodedata.category(char)[0] in "LMN")


def canvas(people: list[Student], *, late: tuple[int, ...] = (), anonymous: bool = False) -> dict[str, bytes | str]:
    """What `submissions.zip` holds; attachments are numbered through."""
    found: dict[str, bytes | str] = {}
    attachment = 8_000_000
    for student in people:
        user = f"anon_{student.number:x}Zz" if anonymous else str(student.number)
        prefix = "_".join(
            [
                *([] if anonymous else [canvas_name(student.name)]),
                *(["LATE"] if student.number in late else []),
                user,
            ]
        )
        for name, data in student.files.items():
            attachment += 1
            shown = re.sub(r'[\x00/\\:*?"<>|]+', "_", name)
            found[f"{prefix}_{name}" if name in ("text.html", "link.html") else f"{prefix}_{attachment}_{shown}"] = data
    return found


# ---------------------------------------------------------------------------------------------------------- Gradescope


def gradescope(people: list[Student], *, groups: Mapping[int, list[str]] | None = None) -> dict[str, bytes | str]:
    """What the export holds: `submission_metadata.yml` as Ruby writes it, and a folder per submission."""
    top = "assignment_4711_export/"
    found: dict[str, bytes | str] = {}
    lines = ["---"]
    for place, student in enumerate(people):
        lines += [f"submission_{student.number}:", "  :submitters:"]
        for person in (groups or {}).get(student.number, [student.name]):
            lines += [
                f"  - :name: {json.dumps(person)}",
                f"    :sid: '{student.number + 1}'",
                f"    :email: s{student.number}@example.org",
            ]
        lines += [
            f"  :created_at: 2026-03-01 22:{place:02d}:00.113837000 Z",
            "  :score: 1.5",
            "  :status: processed",
            "  :results:",
            "    tests:",
            "    - name: &1 Test",
            "      output: |-",
            "        submission_1:",
            "          :submitters:",
            "          - :name: Somebody Else",
            "    - name: *1",
            "  :history:",
            "  - :id: 17",
            "    :created_at: 2026-02-01 22:00:00.000000000 Z",
        ]
        for name, data in student.files.items():
            found[f"{top}submission_{student.number}/{name}"] = data
    return {f"{top}submission_metadata.yml": "\n".join(lines) + "\n", **found}
