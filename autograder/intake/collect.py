"""What zip, tar and folder have in common: paths are checked, junk is skipped, bytes are counted while reading."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from autograder.errors import SubmissionRejected
from autograder.intake.layout import Junk, junk_kind
from autograder.intake.limits import IntakeLimits
from autograder.intake.text import printable, replace_unprintable, size
from autograder.records import Note

_CHUNK = 1 << 18


class Entry(NamedTuple):
    """One file: its relative POSIX path and its bytes."""

    path: str
    data: bytes


class Readable(Protocol):
    """Anything with `read(n)`."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""
        ...


@dataclass
class Collector:
    """Takes the members of one archive or folder, one after the other, and refuses those that are not safe.

    Attributes:
        name: The archive as messages call it.
        entries: What was read.
        notes: What was noticed.
    """

    name: str
    limits: IntakeLimits
    entries: list[Entry] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    _paths: set[str] = field(default_factory=set)
    _dropped: set[str] = field(default_factory=set)
    _members: int = 0
    _declared: int = 0
    _read: int = 0

    def admit(self, raw: str) -> str | None:
        """The safe path of a member; `None` if it is junk that nobody needs.

        :raises SubmissionRejected: if the path leads outside, cannot be stored, or came before; or at too many members.
        """
        self._members += 1
        if self._members > self.limits.members:
            raise SubmissionRejected(too_many(self.name, self.limits.members))
        path = self._safe_path(raw)
        junk = junk_kind(path)
        if junk is Junk.NOTED:
            self._note_dropped(path)
        if junk is not None:
            return None
        if path in self._paths:
            raise SubmissionRejected(
                f"{self.name} holds {printable(path)} twice, so it is unclear which one counts. Pack it again."
            )
        self._paths.add(path)
        if len(self._paths) > self.limits.files:
            raise SubmissionRejected(too_many(self.name, self.limits.files))
        if path != _slashes(raw):
            self.note("name-changed", "Its name held invisible characters; they were replaced by `_` or a space.", path)
        return path

    def forget(self, path: str) -> None:
        """Takes back an admitted path that is only a folder."""
        self._paths.discard(path)

    def reserve(self, path: str, declared: int) -> None:
        """Refuses a member by the size that the archive declares, before anything is read."""
        if declared > self.limits.file_bytes:
            raise SubmissionRejected(self._too_large(path, declared))
        self._declared += declared
        if self._declared > self.limits.total_bytes:
            raise SubmissionRejected(self._too_much(self._declared))

    def read(self, path: str, stream: Readable) -> None:
        """Reads a member and counts, because declared sizes lie."""
        chunks: list[bytes] = []
        length = 0
        while chunk := stream.read(_CHUNK):
            chunks.append(chunk)
            length += len(chunk)
            self._read += len(chunk)
            if length > self.limits.file_bytes:
                raise SubmissionRejected(self._too_large(path, length))
            if self._read > self.limits.total_bytes:
                raise SubmissionRejected(self._too_much(self._read))
        self.entries.append(Entry(path, b"".join(chunks)))

    def note(self, code: str, message: str, path: str) -> None:
        """Adds a note for the student."""
        self.notes.append(Note(code=code, message=message, path=path))

    def finish(self) -> tuple[list[Entry], list[Note]]:
        """Entries and notes, sorted by path.

        :raises SubmissionRejected: if a name is used for a file and for a folder.
        """
        self._refuse_file_and_folder()
        by_folded: dict[str, list[str]] = {}
        for path in sorted(self._paths):
            by_folded.setdefault(unicodedata.normalize("NFC", path).casefold(), []).append(path)
        for paths in by_folded.values():
            if len(paths) > 1:
                # Both are kept: graders run Linux, where they are two files. A Mac or Windows PC shows only one.
                self.note(
                    "case-collision",
                    f"{' and '.join(map(printable, paths))} differ only in upper and lower case. Both were kept.",
                    paths[0],
                )
        return sorted(self.entries), self.notes

    def _safe_path(self, raw: str) -> str:
        posix = _slashes(raw)
        shown = f"{self.name}: the file name `{printable(raw)}`"
        again = "Pack the folder with your files again."
        if posix.startswith("/") or re.match(r"[A-Za-z]:", posix):
            raise SubmissionRejected(f"{shown} is an absolute path; it must be relative. {again}")
        parts = [part for part in posix.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise SubmissionRejected(f"{shown} contains `..` and leads outside the submission. {again}")
        if not parts:
            raise SubmissionRejected(f"{shown} is empty. {again}")
        if len(parts) > self.limits.depth:
            raise SubmissionRejected(
                f"{shown} is {len(parts)} folders deep; the limit is {self.limits.depth}. Use fewer folders."
            )
        path = "/".join(replace_unprintable(part, "_") for part in parts)
        longest = max(len(part.encode()) for part in path.split("/"))
        if longest > self.limits.name_bytes or len(path.encode()) > self.limits.path_bytes:
            raise SubmissionRejected(
                f"{shown} is too long ({len(path.encode()):,} bytes); the limit is {self.limits.name_bytes} bytes "
                f"for a name and {self.limits.path_bytes:,} for a path. Use shorter names."
            )
        return path

    def _refuse_file_and_folder(self) -> None:
        for path in self._paths:
            for parent in _parents(path):
                if parent in self._paths:
                    raise SubmissionRejected(
                        f"{self.name} uses the name {printable(parent)} for a file and for a folder. Rename one."
                    )

    def _note_dropped(self, path: str) -> None:
        top = next(folder for folder in [*_parents(path), path] if junk_kind(folder) is Junk.NOTED)
        if top not in self._dropped:
            self._dropped.add(top)
            self.note("folder-ignored", "Installed packages are not part of a submission; the folder was ignored.", top)

    def _too_large(self, path: str, count: int) -> str:
        return (
            f"{self.name}: {printable(path)} unpacks to {size(count)} or more; the limit for one file is "
            f"{size(self.limits.file_bytes)}. Leave it out, datasets are not needed."
        )

    def _too_much(self, count: int) -> str:
        return (
            f"{self.name} unpacks to {size(count)} or more; the limit is {size(self.limits.total_bytes)}. "
            "Hand in code and notebooks only, without datasets."
        )


def too_many(name: str, limit: int) -> str:
    """The message about too many files."""
    return f"{name} holds more than {limit:,} files. Hand in only the files of the assignment."


def _slashes(raw: str) -> str:
    """Archives written by old Windows programs have `\\` between folders."""
    return raw.replace("\\", "/").removeprefix("./")


def _parents(path: str) -> Iterable[str]:
    parts = path.split("/")
    return ("/".join(parts[:end]) for end in range(1, len(parts)))
