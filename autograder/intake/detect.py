"""What a file is, from its first bytes. Suffixes lie."""

from __future__ import annotations

import tarfile

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x7fELF", "a Linux program"),
    (b"MZ\x90", "a Windows program"),
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"bplist00", "an Apple property list"),
    (b"PK\x07\x08", "a part of a split zip archive"),
)
_OFFICE = {"word/": "a Word document (docx)", "xl/": "an Excel sheet (xlsx)", "ppt/": "a PowerPoint file (pptx)"}


def is_zip(head: bytes) -> bool:
    """Whether these are the first bytes of a zip, perhaps of an empty one."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def is_gzip(head: bytes) -> bool:
    """Whether these are the first bytes of a gzip file."""
    return head.startswith(b"\x1f\x8b")


def is_tar(head: bytes) -> bool:
    """Whether these bytes begin with a valid tar header, or with the two empty blocks of an empty tar."""
    if len(head) >= 1024 and not any(head[:1024]):
        return True
    try:
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError):
        return False
    return True


def foreign_format(head: bytes) -> str | None:
    """The name of a format that is not for submissions, `"a PDF document"`."""
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "an HTML page"
    if start.startswith(b"<?xml"):
        return "an XML file"
    return None


def office_format(paths: list[str]) -> str | None:
    """The name of the Office format whose files a zip holds: these documents are zips inside."""
    if "mimetype" in paths and "content.xml" in paths:
        return "an OpenDocument file"
    if "[Content_Types].xml" not in paths:
        return None
    kinds = (name for folder, name in _OFFICE.items() if any(path.startswith(folder) for path in paths))
    return next(kinds, "a Microsoft Office document")


def looks_like_notebook(head: bytes) -> bool:
    """Whether this may be the JSON of a notebook, whatever its suffix says."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and (b'"cells"' in head or b'"nbformat' in head)
