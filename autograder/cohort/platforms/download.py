"""What a platform handed out, as a list of files that have not been read: out of a zip, or out of a folder."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO

from autograder.errors import SubmissionRejected, UsageError
from autograder.intake import DEFAULT, printable
from autograder.intake.archive import opened_zip, zip_name
from autograder.intake.collect import Collector
from autograder.intake.detect import is_zip
from autograder.intake.folder import open_regular
from autograder.intake.layout import junk_kind, wrapping_folder
from autograder.intake.limits import MB

CLASS = replace(
    DEFAULT,
    total_bytes=20_000 * MB,  # 3,000 students with 3 MB each are 10 GB; the disk is the teacher's
    file_bytes=1_000 * MB,  # what is too large for a submission is refused as that student's, not as the class's
    files=300_000,
    members=500_000,
    directory_bytes=128 * MB,
    depth=DEFAULT.depth + 4,  # the platform's own folders
    name_bytes=2_000,  # a platform puts a person's name into it; it is never the name of a file here
    path_bytes=3_000,
)
"""The limits of a whole class; what one submission may hold is decided when it is taken in."""


@dataclass(frozen=True)
class Item:
    """A file of the download.

    Attributes:
        name: Its path as the platform wrote it, with `/` between folders; nothing in it leads upwards.
        size: In bytes.
        open: Opens it for reading.
    """

    name: str
    size: int
    open: Callable[[], IO[bytes]]


@dataclass(frozen=True)
class Download:
    """All files of a class.

    Attributes:
        name: What messages call it.
        items: Its files, sorted by name; what operating systems and editors leave behind is not among them.
        folders: The names of its folders, the empty ones included, sorted.
        links: Names of symbolic links, where it is a folder on disk. They are never followed; a zip with one is refused.
        root: Where it lies, if it is a folder on disk.
    """

    name: str
    items: tuple[Item, ...]
    folders: tuple[str, ...]
    links: tuple[str, ...] = ()
    root: Path | None = None

    def unwrapped(self) -> Iterator[Download]:
        """Yield the download itself, and then without the first folder around everything, without the second, and so on."""
        yield self
        names = (*(item.name for item in self.items), *(f"{name}/" for name in self._leaves()))
        around = wrapping_folder([name for name in names if not is_hidden(name)])
        for end in [index + 1 for index, char in enumerate(around) if char == "/"]:
            yield self._below(around[:end])

    def _leaves(self) -> set[str]:
        """Folders that hold nothing."""
        parents = {name.rpartition("/")[0] for name in (*self.folders, *(item.name for item in self.items))}
        return set(self.folders) - parents

    def _below(self, prefix: str) -> Download:
        cut = len(prefix)
        return Download(
            self.name,
            tuple(replace(item, name=item.name[cut:]) for item in self.items if item.name.startswith(prefix)),
            tuple(name[cut:] for name in self.folders if name.startswith(prefix)),
            tuple(name[cut:] for name in self.links if name.startswith(prefix)),
            self.root / prefix if self.root else None,
        )


def is_hidden(name: str) -> bool:
    """Whether a part of a path begins with a dot: settings of programs, which nobody hands in."""
    return any(part.startswith(".") for part in name.split("/"))


@contextmanager
def opened(path: Path) -> Iterator[Download]:
    """What lies at `path`, a zip or a folder; files can be read as long as it is open.

    Raises:
        UsageError: There is no such thing, it cannot be read, or it is an archive that is damaged or not safe.
    """
    called = printable(path.name or path.resolve().name)
    if not path.exists():
        raise UsageError(f"{called} does not exist. Check the path.")
    if path.is_dir():
        yield _folder(path, called)
        return
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            if not is_zip(stream.read(4)):
                raise UsageError(
                    f"{called} is a single file, not a class. Name the folder or the zip that holds all submissions; "
                    f"one submission is graded by make grade SUBMISSION={called}"
                )
            stream.seek(0)
            collector = Collector(called, CLASS)
            with opened_zip(stream, collector) as (archive, found):
                collector.finish()
                items = [
                    Item(_normal(zip_name(info)), info.file_size, partial(archive.open, info)) for _, info in found
                ]
                names = [name for name in map(zip_name, archive.infolist()) if name.endswith(("/", "\\"))]
                folders = [folder for folder in map(_normal, names) if junk_kind(folder) is None]
                yield _sorted(called, items, folders)
    except SubmissionRejected as error:
        raise UsageError(
            f"{error} Nothing of the class was graded: download it again, or unpack what is sound and name the folder."
        ) from None


def _normal(name: str) -> str:
    """A member's name without what means nothing in a path; whatever leads upwards has been refused."""
    return "/".join(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def _sorted(name: str, items: list[Item], folders: list[str]) -> Download:
    found = tuple(sorted(items, key=lambda item: item.name))
    above = {parent for item in found for parent in _parents(item.name)}
    above.update(parent for folder in folders for parent in (*_parents(folder), folder))
    return Download(name, found, tuple(sorted(above - {""})))


def _parents(name: str) -> Iterator[str]:
    while name := name.rpartition("/")[0]:
        yield name


def _folder(root: Path, name: str) -> Download:
    """The files of a folder on disk; links are named and not followed."""

    def refuse(error: OSError) -> None:
        raise UsageError(f"{printable(str(error.filename))} cannot be read ({error.strerror}). Check the permissions.")

    items: list[Item] = []
    folders: list[str] = []
    links: list[str] = []
    for here, below, files in os.walk(root, onerror=refuse):
        below[:] = sorted(folder for folder in below if junk_kind(folder) is None)
        for one in (*below, *sorted(files)):
            path = Path(here, one)
            relative = path.relative_to(root).as_posix()
            if path.is_symlink():
                links.append(relative)
            elif one in below:
                folders.append(relative)
            elif junk_kind(relative) is None:
                items.append(Item(relative, path.lstat().st_size, partial(_open_file, path)))
        if len(items) > CLASS.members:
            raise UsageError(f"{name} holds more than {CLASS.members:,} files. Name the folder of one class.")
    items.sort(key=lambda item: item.name)
    return Download(name, tuple(items), tuple(sorted(folders)), tuple(sorted(links)), root)


def _open_file(path: Path) -> io.BufferedReader:
    try:
        return os.fdopen(open_regular(path), "rb")
    except SubmissionRejected as error:
        raise UsageError(str(error)) from None
