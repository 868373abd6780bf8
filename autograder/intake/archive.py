"""Archives into `(path, bytes)` pairs, in memory and under limits; a zip also member by member. Nothing is ever written to a disk."""

from __future__ import annotations

import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, NoReturn

from autograder.errors import SubmissionRejected
from autograder.intake.collect import Collector, Entry, too_many
from autograder.intake.limits import IntakeLimits
from autograder.intake.text import printable, size
from autograder.records import Note

_UTF8_NAME = 0x800
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_METHOD_NAMES = {6: "Implode", 9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, OverflowError)
_BROKEN_TAR = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, OverflowError)
# A long name or an extended header of a tar is read as a whole; real ones have a few hundred bytes.
_TAR_HEADER_LIMIT = 64 * 1024


def read_zip(stream: IO[bytes], name: str, limits: IntakeLimits) -> tuple[list[Entry], list[Note]]:
    """All files of a zip, junk left out.

    :raises SubmissionRejected: if the zip is damaged, encrypted, too large or holds something that is not a file.
    """
    collector = Collector(name, limits)
    with opened_zip(stream, collector) as (archive, members):
        for path, info in members:
            with archive.open(info) as file:
                collector.read(path, file)
            if len(collector.entries[-1].data) != info.file_size:
                raise zipfile.BadZipFile(f"{printable(path)} is shorter than declared")
    return collector.finish()


@contextmanager
def opened_zip(
    stream: IO[bytes], collector: Collector
) -> Iterator[tuple[zipfile.ZipFile, list[tuple[str, zipfile.ZipInfo]]]]:
    """An open zip with its files as (safe path, member), junk left out, checked by its table of contents alone.

    Whatever is wrong with the zip while the caller reads members becomes a rejection too.

    :raises SubmissionRejected: if the zip is damaged, encrypted, too large or holds something that is not a file.
    """
    name = collector.name
    try:
        with zipfile.ZipFile(_Directory(stream, name, collector.limits)) as archive:
            infos = archive.infolist()
            _refuse_overlaps(infos, archive.start_dir, name)
            yield archive, [(path, info) for info in infos if (path := _admit_zip(collector, info)) is not None]
    except RuntimeError as error:  # zipfile's word for passwords and for compression it does not know
        _damaged(name, "zip", error)
    except _BROKEN_ZIP as error:
        _damaged(name, "zip", error)


class _Directory:
    """The file under a `ZipFile`: bounds what is read at once, and counts members before Python objects exist."""

    def __init__(self, stream: IO[bytes], name: str, limits: IntakeLimits) -> None:
        self._stream = stream
        self._name = name
        self._limits = limits
        self.seek = stream.seek
        self.tell = stream.tell
        self.close = lambda: None

    def seekable(self) -> bool:
        """Always."""
        return True

    def read(self, count: int = -1) -> bytes:
        """`count` bytes of the file, unless that is a table of contents beyond the limits."""
        if count > self._limits.directory_bytes:
            raise SubmissionRejected(
                f"{self._name}: its table of contents claims {size(count)}; the limit is "
                f"{size(self._limits.directory_bytes)}. Hand in only the files of the assignment."
            )
        data = self._stream.read(count if count >= 0 else self._limits.directory_bytes)
        if data.count(b"PK\x01\x02") > self._limits.members:
            raise SubmissionRejected(too_many(self._name, self._limits.members))
        return data


def _admit_zip(collector: Collector, info: zipfile.ZipInfo) -> str | None:
    """The path of a zip's member if it is to be read, from the table of contents alone."""
    name = zip_name(info)
    path = collector.admit(name)
    if path is None or name.endswith(("/", "\\")):
        if path is not None:
            collector.forget(path)
        return None
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        _not_a_file(collector.name, path, "a link" if kind == stat.S_IFLNK else "a device or another special file")
    if info.flag_bits & _ENCRYPTED:
        raise SubmissionRejected(f"{collector.name} is encrypted ({printable(path)}). Pack it without a password.")
    if info.compress_type not in _METHODS:
        method = _METHOD_NAMES.get(info.compress_type, "unknown")
        raise SubmissionRejected(
            f"{collector.name}: {printable(path)} is compressed with method {info.compress_type} ({method}), which is "
            "not supported. Pack an ordinary zip (Deflate)."
        )
    collector.reserve(path, info.file_size)
    limits = collector.limits
    if info.file_size > limits.ratio_from and info.file_size > limits.ratio * max(info.compress_size, 1):
        ratio = info.file_size // max(info.compress_size, 1)
        raise SubmissionRejected(
            f"{collector.name}: {printable(path)} unpacks to {ratio:,} times its packed size ({size(info.file_size)}); "
            f"the limit is {limits.ratio}. This looks like a zip bomb. Leave the file out."
        )
    return path


def zip_name(info: zipfile.ZipInfo) -> str:
    """The member's name. Without the UTF-8 flag, bytes that are valid UTF-8 are UTF-8 (macOS), others code page 437."""
    name = info.orig_filename
    if info.flag_bits & _UTF8_NAME:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _refuse_overlaps(infos: list[zipfile.ZipInfo], directory: int, name: str) -> None:
    """Refuses members that share bytes: the trick of the zip bombs that are not nested."""
    previous_end, previous = 0, ""
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < previous_end:
            raise SubmissionRejected(
                f"{name}: {printable(info.filename)} overlaps {printable(previous)} inside the archive, so it is "
                "damaged or made to do harm. Pack your files again."
            )
        name_length = len(info.orig_filename)  # at least: UTF-8 names are longer in bytes
        previous_end, previous = info.header_offset + 30 + name_length + info.compress_size, info.filename
    if previous_end > directory:
        raise SubmissionRejected(
            f"{name}: {printable(previous)} runs into the table of contents, so the archive is damaged. "
            "Pack your files again."
        )


class _BoundedTarInfo(tarfile.TarInfo):
    """A header that refuses extended headers of absurd length before they are read."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        """The hook that the standard library provides for subclasses."""
        if self.type in (b"x", b"X", b"g", b"L", b"K") and self.size > _TAR_HEADER_LIMIT:
            raise SubmissionRejected(
                f"A header of the archive claims {size(self.size)}; the limit is {size(_TAR_HEADER_LIMIT)}. "
                "Pack your files again, preferably as a zip."
            )
        return super()._proc_member(archive)  # type: ignore[misc, no-any-return]


class _Counted:
    """The unpacked bytes of a tar, at most twice `total_bytes`: skipped junk is read too."""

    def __init__(self, stream: IO[bytes], name: str, limits: IntakeLimits) -> None:
        self._stream = stream
        self._name = name
        self._limit = 2 * limits.total_bytes
        self._count = 0

    def read(self, count: int) -> bytes:
        """`count` bytes of the unpacked tar."""
        data = self._stream.read(count)
        self._count += len(data)
        if self._count > self._limit:
            raise SubmissionRejected(
                f"{self._name} unpacks to more than {size(self._limit)}, installed packages included. "
                "Hand in code and notebooks only, without datasets."
            )
        return data


def read_tar(stream: IO[bytes], name: str, limits: IntakeLimits) -> tuple[list[Entry], list[Note]]:
    """All files of a tar (already decompressed by `stream`), junk left out.

    :raises SubmissionRejected: if the tar is damaged, too large or holds something that is not a file.
    """
    collector = Collector(name, limits)
    counted = _Counted(stream, name, limits)
    try:
        with tarfile.open(fileobj=counted, mode="r|", tarinfo=_BoundedTarInfo) as archive:  # type: ignore[call-overload]
            for info in archive:
                _take_tar(collector, archive, info)
    except RecursionError as error:
        _damaged(name, "tar", error)
    except _BROKEN_TAR as error:
        _damaged(name, "tar", error)
    return collector.finish()


def _take_tar(collector: Collector, archive: tarfile.TarFile, info: tarfile.TarInfo) -> None:
    """Reads one member of a tar if it is an ordinary file."""
    if info.isdir() and info.name.strip("./") == "":
        return  # `tar -c .` begins with the folder itself
    path = collector.admit(info.name)
    if path is None:
        return
    if info.isdir():
        collector.forget(path)
        return
    if not info.isfile() or info.issparse():
        _not_a_file(collector.name, path, "a link" if info.islnk() or info.issym() else "a special file")
    collector.reserve(path, info.size)
    file = archive.extractfile(info)
    if file is not None:
        before = len(collector.entries)
        collector.read(path, file)
        if len(collector.entries[before].data) != info.size:
            raise tarfile.ReadError("unexpected end of data")


def _not_a_file(name: str, path: str, what: str) -> NoReturn:
    raise SubmissionRejected(
        f"{name}: {printable(path)} is {what}, not a file. Pack the file itself in its place, or leave it out."
    )


def _damaged(name: str, kind: str, error: Exception) -> NoReturn:
    raise SubmissionRejected(
        f"{name} is a damaged {kind} archive ({printable(str(error) or type(error).__name__, 80)}). "
        f"Try to open it on your computer, then pack and upload it again."
    ) from None
