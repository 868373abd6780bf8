"""Turns anything a student hands in into a `records.Submission`, without running any of it.

::

    take_in ── detect ──┬── archive (zip, tar) ──┐
       │                ├── folder ──────────────┤  collect: safe paths, counted bytes, no junk
       │                └── a single file        │
       └── layout (wrapping folders, module names) ── policy ── source / notebook (cells without magics)

Files are opened here and in `folder` only. Archives are read into memory; nothing is unpacked to a disk.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import unicodedata
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import IO, Literal, cast

from autograder.errors import SubmissionRejected
from autograder.intake import detect
from autograder.intake.archive import read_tar, read_zip
from autograder.intake.collect import Collector, Entry
from autograder.intake.folder import open_regular, read_folder
from autograder.intake.layout import is_source, kept_prefix, matches, module_names, wrapping_folder
from autograder.intake.limits import DEFAULT, IntakeLimits
from autograder.intake.notebook import read_notebook
from autograder.intake.policy import static_notes, without_hooks
from autograder.intake.several import require_one_submission
from autograder.intake.source import Effort, Parsed, read_python
from autograder.intake.text import printable, size, submission_name
from autograder.records import DataFile, Note, SourceFile, Submission

__all__ = ["ARCHIVES", "DEFAULT", "IntakeLimits", "printable", "static_notes", "take_in"]

Kind = Literal["zip", "tar", "folder", "file", "notebook"]
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar")


def take_in(path: Path, limits: IntakeLimits = DEFAULT, wanted: Collection[str] = ()) -> Submission:
    """Reads a zip, tar, folder, Python file or notebook. What it is, is decided by its content.

    `wanted` are patterns of other files that count as work (`"answers.yaml"`, `"*.pdf"`, see `layout.matches`): a submission
    that has one is taken in without any Python, and one such file may be handed in alone.

    :raises SubmissionRejected: if nothing of it can be graded; the message is one that a student understands.
    """
    name = printable(path.name or path.resolve().name)
    expected = tuple(dict.fromkeys(wanted))
    kind, entries, notes = _read(path, name, limits, expected)
    title = submission_name(path.name or path.resolve().name)
    return _assemble(title, name, kind, entries, notes, limits, expected)


def _read(path: Path, name: str, limits: IntakeLimits, wanted: tuple[str, ...]) -> tuple[Kind, list[Entry], list[Note]]:
    """The files of a submission, whatever it is packed in."""
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:
        raise SubmissionRejected(f"{name} cannot be read ({printable(str(error))}).") from None
    if not exists:
        raise SubmissionRejected(f"{name} does not exist. Check the path.")
    if is_folder:
        return "folder", *read_folder(path, limits)
    with os.fdopen(open_regular(path), "rb") as stream:
        count = os.fstat(stream.fileno()).st_size
        if count == 0:
            raise SubmissionRejected(f"{name} is empty (0 bytes). Perhaps the upload was interrupted: upload it again.")
        if count > limits.archive_bytes:
            raise SubmissionRejected(
                f"{name} has {size(count)}; the limit is {size(limits.archive_bytes)}. "
                "Hand in code and notebooks only, without datasets."
            )
        if _is_wanted(path.name, wanted) and not path.name.lower().endswith(ARCHIVES):
            return _read_alone(stream, path, name, limits)
        return _read_file(stream, path, name, limits, wanted)


def _hand_in(wanted: tuple[str, ...]) -> str:
    """What can be handed in, as a sentence."""
    if not wanted:
        return "Hand in a zip, a tar.gz, a folder, a .py file or a notebook (.ipynb)."
    listed = ", ".join(wanted)
    return f"Hand in a zip, a tar.gz, a folder, a .py file, a notebook (.ipynb) or one of: {listed}."


def _is_wanted(path: str, wanted: tuple[str, ...]) -> bool:
    return any(matches(path, pattern) for pattern in wanted)


def _read_alone(stream: IO[bytes], path: Path, name: str, limits: IntakeLimits) -> tuple[Kind, list[Entry], list[Note]]:
    """The one file that was handed in, whatever it is."""
    collector = Collector(name, limits)
    collector.read(collector.admit(path.name) or name, stream)
    entries, notes = collector.finish()
    kind: Kind = "notebook" if is_source(path.name) and _is_notebook(entries[0]) else "file"
    return kind, entries, notes


def _read_file(
    stream: IO[bytes], path: Path, name: str, limits: IntakeLimits, wanted: tuple[str, ...]
) -> tuple[Kind, list[Entry], list[Note]]:
    """The files of an archive, or the one file that was handed in."""
    head = stream.read(1024)
    stream.seek(0)
    if detect.is_zip(head):
        return "zip", *read_zip(stream, name, limits)
    if detect.is_gzip(head):
        _require_tar(stream, name, _hand_in(wanted))
        with gzip.GzipFile(fileobj=stream) as unpacked:
            return "tar", *read_tar(cast("IO[bytes]", unpacked), name, limits)
    if detect.is_tar(head):
        return "tar", *read_tar(stream, name, limits)
    if (foreign := detect.foreign_format(head)) is not None:
        raise SubmissionRejected(f"{name} is {foreign}, whatever its name says. {_hand_in(wanted)}")
    if not is_source(path.name):
        what = "not a zip archive" if path.name.lower().endswith(".zip") else "neither an archive nor a Python file"
        raise SubmissionRejected(f"{name} is {what}. {_hand_in(wanted)}")
    return _read_alone(stream, path, name, limits)


def _require_tar(stream: IO[bytes], name: str, hand_in: str) -> None:
    """Refuses gzip files that hold no tar; rewinds the stream."""
    try:
        with gzip.GzipFile(fileobj=stream) as unpacked:
            head = unpacked.read(1024)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise SubmissionRejected(
            f"{name} is a damaged gzip file ({printable(str(error), 80)}). Pack and upload it again."
        ) from None
    stream.seek(0)
    if not detect.is_tar(head):
        raise SubmissionRejected(f"{name} is a gzip file, but no tar archive is in it. {hand_in}")


def _assemble(
    title: str,
    name: str,
    kind: Kind,
    entries: list[Entry],
    notes: list[Note],
    limits: IntakeLimits,
    wanted: tuple[str, ...],
) -> Submission:
    """The submission made of its files."""
    entries, folder, digest = _unwrapped(entries)
    notes = [note.model_copy(update={"path": (note.path or "").removeprefix(folder)}) for note in notes]
    entries, dropped = without_hooks(entries)
    sources = [entry for entry in entries if is_source(entry.path)]
    others = [entry for entry in entries if not is_source(entry.path)]
    other_work = any(_is_wanted(entry.path, wanted) for entry in others)
    require_one_submission(
        name,
        kind == "folder",
        {entry.path: _text(entry) for entry in sources},
        [entry.path for entry in others],
        [entry.path for entry in others if entry.path.lower().endswith(ARCHIVES)],
        [entry.path for entry in others if _is_wanted(entry.path, wanted)],
    )
    _require_work(name, entries, sources, wanted, other_work)
    _require_moderate(name, sources, limits)
    modules, renamed = module_names([entry.path for entry in sources])
    effort = Effort.of(limits)
    parsed = [(entry, _parse(entry, limits, effort)) for entry in sources]
    reasons = [result.unreadable for _, result in parsed if result.unreadable]
    if len(reasons) == len(parsed) and not other_work:
        raise SubmissionRejected(f"{name}: no file of it can be read. {reasons[0]}")
    found = [note for _, result in parsed for note in result.notes]
    return Submission(
        name=title,
        kind=kind,
        sha256=digest,
        sources=tuple(SourceFile(path=e.path, module=modules[e.path], cells=result.cells) for e, result in parsed),
        files=tuple(DataFile(path=entry.path, data=entry.data) for entry in others),
        shown=tuple(picture for _, result in parsed for picture in result.shown),
        notes=(*notes, *dropped, *_nested_notes(others), *renamed, *found),
    )


def _unwrapped(entries: list[Entry]) -> tuple[list[Entry], str, str]:
    """The files without wrapping folders, the folders taken away, and the digest.

    The digest ignores these folders and how letters with accents are composed.
    """
    prefix = wrapping_folder([entry.path for entry in entries])
    digest = hashlib.sha256()
    bare = [(unicodedata.normalize("NFC", entry.path[len(prefix) :]), entry.data) for entry in entries]
    for path, data in sorted(bare):
        for part in (path.encode(), data):
            digest.update(len(part).to_bytes(8, "big") + part)
    kept = kept_prefix(prefix, (entry.data for entry in entries if is_source(entry.path)))
    cut = len(prefix) - len(kept)
    return [Entry(entry.path[cut:], entry.data) for entry in entries], prefix[:cut], digest.hexdigest()


def _require_work(
    name: str, entries: list[Entry], sources: list[Entry], wanted: tuple[str, ...], other_work: bool
) -> None:
    """Refuses submissions that hold neither Python nor a file that counts as work."""
    if not entries:
        raise SubmissionRejected(f"{name} is empty: it holds no files of yours. {_hand_in(wanted)}")
    if sources or other_work:
        return
    paths = [entry.path for entry in entries]
    office = detect.office_format(paths)
    if office is not None:
        raise SubmissionRejected(f"{name} is {office}, whatever its name says. {_hand_in(wanted)}")
    listed = ", ".join(printable(path, 60) for path in paths[:5]) + (", ..." if len(paths) > 5 else "")
    nested = " Do not pack an archive into an archive." if any(p.lower().endswith(ARCHIVES) for p in paths) else ""
    missing = "no Python file (.py) and no notebook (.ipynb)"
    if wanted:
        missing = f"no Python file (.py), no notebook (.ipynb) and none of: {', '.join(wanted)}; it holds"
        raise SubmissionRejected(f"{name} holds {missing} only {listed}.{nested}")
    raise SubmissionRejected(f"{name} holds {missing}, only {listed}.{nested}")


def _require_moderate(name: str, sources: list[Entry], limits: IntakeLimits) -> None:
    """Refuses more Python than anyone writes."""
    total = sum(len(entry.data) for entry in sources if not _is_notebook(entry))
    if total > limits.source_bytes:
        raise SubmissionRejected(
            f"{name} holds {size(total)} of Python files; the limit is {size(limits.source_bytes)}. "
            "Hand in only what you wrote."
        )


def _parse(entry: Entry, limits: IntakeLimits, effort: Effort) -> Parsed:
    if not _is_notebook(entry):
        return read_python(entry.path, entry.data, limits, effort)
    result = read_notebook(entry.path, entry.data, limits, effort)
    if entry.path.lower().endswith(".ipynb"):
        return result
    message = "It is a notebook and was read as one; its name should end in .ipynb."
    return result._replace(notes=(Note(code="notebook-named-py", message=message, path=entry.path), *result.notes))


def _is_notebook(entry: Entry) -> bool:
    return entry.path.lower().endswith(".ipynb") or detect.looks_like_notebook(entry.data)


def _text(entry: Entry) -> str:
    """The code of a file as far as it tells what is defined: of a notebook each line of a cell on a line of its own."""
    text = entry.data.decode("utf-8", "replace")
    return re.sub(r'"|\\n', "\n", text) if _is_notebook(entry) else text


def _nested_notes(others: list[Entry]) -> list[Note]:
    """Notes about archives inside the submission: they stay data, nothing in them is graded."""
    message = "It is an archive inside the submission and was not unpacked. Hand in the files themselves."
    nested = (entry.path for entry in others if entry.path.lower().endswith(ARCHIVES))
    return [Note(code="nested-archive", message=message, path=path) for path in nested]
