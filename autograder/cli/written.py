"""Writing what an export made: all of it or nothing, and nothing over files that nobody said could go."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from autograder.errors import UsageError
from autograder.export.formats import Export, Format


def write_export(chosen: Format, made: Export, place: Path, *, force: bool) -> None:
    """Write an export to the place that was asked for.

    A file or zip is there as a whole or not at all. A folder that exists is written into only where it holds nothing else, so that no
    file of an earlier export is taken for one of this.

    Args:
        chosen: Says whether it is a file, a folder or a zip.
        made: What is written.
        place: Where; folders above it are made.
        force: Whether files that exist may be written over.

    Raises:
        UsageError: Something is there.
    """
    if chosen.writes == "folder":
        _write_folder(made, place, force=force)
        return
    if place.is_dir():
        raise UsageError(f"--out {place} is a folder, and {chosen.name} writes a file: name one in it")
    if place.exists() and not force:
        raise UsageError(f"--out {place} exists already: name another file, or write over it with --force")
    if chosen.writes == "zip":
        from autograder.assignment.kit import pack

        data = pack(made.files)
    else:
        (data,) = made.files.values()
    _write(place, data)


def _write_folder(made: Export, place: Path, *, force: bool) -> None:
    if place.exists() and not place.is_dir():
        raise UsageError(f"--out {place} is a file, and a folder is written: name another place")
    there = {path.name for path in place.iterdir()} if place.is_dir() else set()
    _require_room(place, there, made.files, force=force)
    for name, data in made.files.items():
        _write(place / name, data)


def _require_room(place: Path, there: set[str], new: Collection[str], *, force: bool) -> None:
    if others := sorted(there - set(new)):
        raise UsageError(
            f"--out {place} holds {others[0]}, which is no part of this export: name a new folder, or move it away"
        )
    if there and not force:
        raise UsageError(f"--out {place} holds files already: name a new folder, or write over them with --force")


def _write(path: Path, data: bytes) -> None:
    """Write a file under another name first, so that nobody ever reads a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    other = path.with_name(f".{path.name[:50]}.{os.getpid()}")
    try:
        other.write_bytes(data)
        other.replace(path)
    finally:
        other.unlink(missing_ok=True)
