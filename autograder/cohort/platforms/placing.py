"""The files of a class onto the disk: one folder per entry, streamed, and never half of one."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from autograder.cohort.platforms.beside import unpack_beside
from autograder.cohort.platforms.download import Item
from autograder.errors import UsageError
from autograder.intake import ARCHIVES, printable
from autograder.intake.text import replace_unprintable

_CHUNK = 1 << 20
_STAGING = ".unpacking-"
_LONGEST = 200  # bytes of a name; file systems take 255


def place(files: Iterable[tuple[str, tuple[tuple[str, Item], ...]]], workspace: Path) -> dict[str, Path]:
    """Write the files of every entry into a folder of its own.

    Everything is written beside its place first. Only when all of the class is there, folder after folder takes the place of what
    an earlier reading left under the same key: where reading fails, nothing has changed.

    Args:
        files: (key, ((relative path, file), ...)) of every entry that has files.
        workspace: Where the folders go; made if it does not exist.

    Returns:
        Key -> what is to be graded: the folder, or the one archive in it if there is nothing else.

    Raises:
        UsageError: Something cannot be written.
    """
    found: dict[str, Path] = {}
    with _staging(workspace) as staging:
        for key, named in files:
            stored = [_write(staging / key, path, item) for path, item in named]
            alone = len(stored) == 1 and stored[0].name.lower().endswith(ARCHIVES)
            if len(stored) > 1:
                with _written(workspace):
                    unpack_beside(staging / key, stored)
            found[key] = workspace / (stored[0] if alone else staging / key).relative_to(staging)
        with _written(workspace):
            for key in found:
                _swap(staging, key, workspace)
    return found


@contextmanager
def _staging(workspace: Path) -> Iterator[Path]:
    with _written(workspace):
        workspace.mkdir(parents=True, exist_ok=True)
        _remove_left(workspace)
        staging = Path(tempfile.mkdtemp(prefix=f"{_STAGING}{os.getpid()}-", dir=workspace))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _remove_left(workspace: Path) -> None:
    """Remove what a reading left that was killed."""
    for left in workspace.glob(f"{_STAGING}*"):
        process = left.name.removeprefix(_STAGING).partition("-")[0]
        if process.isdecimal() and not psutil.pid_exists(int(process)):
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{printable(str(path))} cannot be written ({error.strerror}). Make room, or name another folder."
        ) from None


def _write(folder: Path, path: str, item: Item) -> Path:
    """Copy a file. What fails while it is read is left to whoever opened the download."""
    with _written(folder):
        writer = _created(folder / "/".join(map(_storable, path.split("/"))))
    with writer, item.open() as reader:
        while chunk := reader.read(_CHUNK):
            with _written(folder):
                writer.write(chunk)
        with _written(folder):
            writer.flush()
    return Path(writer.name)


def _created(target: Path) -> io.BufferedWriter:
    """A new file at `target`, or beside it where the file system takes two names of the student's for the same."""
    target.parent.mkdir(parents=True, exist_ok=True)
    free, number = target, 2
    while free.exists() or free.is_symlink():
        free, number = target.with_name(f"{target.stem}_{number}{target.suffix}"), number + 1
    return free.open("xb")


def _swap(staging: Path, key: str, workspace: Path) -> None:
    place, old = workspace / key, staging / f".old-{key}"
    if place.is_symlink() or place.exists():
        place.rename(old)
    (staging / key).rename(place)
    if old.is_symlink() or old.is_file():
        old.unlink()
    else:
        shutil.rmtree(old, ignore_errors=True)


def _storable(part: str) -> str:
    """A part of a path that any file system of Linux takes."""
    clean = replace_unprintable(part, "_").replace("\\", "_")
    if clean in ("", ".", ".."):
        return "_"
    if len(clean.encode()) <= _LONGEST:
        return clean
    suffix = Path(clean).suffix[:20]
    return clean.encode()[: _LONGEST - len(suffix.encode())].decode("utf-8", "ignore") + suffix
