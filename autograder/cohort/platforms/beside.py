"""An archive that was handed in beside other files, such as code in a zip and a report: unpacked, so that it is one submission."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

from autograder.errors import SubmissionRejected
from autograder.intake import ARCHIVES, DEFAULT, detect
from autograder.intake.archive import read_tar, read_zip
from autograder.intake.collect import Entry
from autograder.intake.layout import is_source, wrapping_folder


def unpack_beside(folder: Path, files: Sequence[Path]) -> None:
    """Put what an archive holds in its place, where it is the only one and all code of a student is in it.

    Left packed are an archive without code, one that is damaged or not safe, and one that holds a name which stands beside it already:
    intake says then what is wrong with it.

    Args:
        folder: Of one student, with more than one file.
        files: Every file in it.

    Raises:
        OSError: Something cannot be written.
    """
    archives = [file for file in files if file.name.lower().endswith(ARCHIVES)]
    if len(archives) != 1 or any(is_source(file.name) for file in files):
        return
    try:
        found = _read(archives[0])
    except SubmissionRejected:
        return
    cut = len(wrapping_folder([entry.path for entry in found]))
    names = {entry.path[cut:].partition("/")[0] for entry in found}
    if not any(is_source(entry.path) for entry in found) or any((folder / name).exists() for name in names):
        return
    for entry in found:
        target = folder / entry.path[cut:]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(entry.data)
    archives[0].unlink()


def _read(path: Path) -> list[Entry]:
    """The files of a zip or tar; none of what is neither."""
    with path.open("rb") as stream:
        head = stream.read(1024)
        stream.seek(0)
        if detect.is_zip(head):
            return read_zip(stream, path.name, DEFAULT)[0]
        if detect.is_gzip(head):
            with gzip.GzipFile(fileobj=stream) as unpacked:
                return read_tar(cast("IO[bytes]", unpacked), path.name, DEFAULT)[0]
        return read_tar(stream, path.name, DEFAULT)[0] if detect.is_tar(head) else []
