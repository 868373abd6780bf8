"""Folders into `(path, bytes)` pairs. Links are never followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from autograder.errors import SubmissionRejected
from autograder.intake.collect import Collector, Entry
from autograder.intake.layout import Junk, junk_kind
from autograder.intake.limits import IntakeLimits
from autograder.intake.text import printable, submission_name
from autograder.records import Note


def read_folder(root: Path, limits: IntakeLimits) -> tuple[list[Entry], list[Note]]:
    """All files of a folder, junk left out.

    :raises SubmissionRejected: if a link leads outside, or the folder holds too much or something that is not a file.
    """
    collector = Collector(printable(root.name) or submission_name(root.name), limits)
    root = root.resolve()
    for file in _walk(root, limits.depth):
        path = collector.admit(file.relative_to(root).as_posix())
        if path is not None:
            _take(collector, root, file, path)
    return collector.finish()


def open_regular(path: Path) -> int:
    """A file descriptor of an ordinary file.

    :raises SubmissionRejected: if it is something else or cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SubmissionRejected(
            f"{printable(path.name)} cannot be read ({reason}). Check the name and the permissions."
        ) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SubmissionRejected(f"{printable(path.name)} is not a file or a folder (but a pipe or a device).")
    return descriptor


def _walk(root: Path, depth: int) -> Iterator[Path]:
    """Files, links and the tops of ignored folders, sorted. Unreadable folders are refused, not skipped."""

    def refuse(error: OSError) -> None:
        raise SubmissionRejected(f"{printable(str(error.filename))} cannot be read ({error.strerror}).")

    for folder, subfolders, files in os.walk(root, onerror=refuse):
        here = Path(folder)
        if len(here.relative_to(root).parts) > depth:  # `Collector.admit` refuses it
            yield here
            return
        ignored = [name for name in subfolders if junk_kind(name) is not None]
        linked = [name for name in subfolders if (here / name).is_symlink() and name not in ignored]
        subfolders[:] = sorted(set(subfolders) - set(ignored) - set(linked))
        noted = [name for name in ignored if junk_kind(name) is Junk.NOTED]
        for name in sorted([*files, *linked, *noted]):
            yield here / name


def _take(collector: Collector, root: Path, file: Path, path: str) -> None:
    if file.is_symlink():
        collector.forget(path)
        if not _inside(root, file):
            raise SubmissionRejected(
                f"{collector.name}: {printable(path)} is a link that leads outside the submission. "
                "Put the file itself in its place, or leave it out."
            )
        collector.note("link-ignored", "It is a link, not a file, and was ignored.", path)
        return
    with os.fdopen(open_regular(file), "rb") as stream:
        collector.reserve(path, os.fstat(stream.fileno()).st_size)
        collector.read(path, stream)


def _inside(root: Path, link: Path) -> bool:
    try:
        return link.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a loop of links leads nowhere
        return True
