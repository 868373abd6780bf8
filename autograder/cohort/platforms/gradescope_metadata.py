"""`submission_metadata.yml`: who handed in and when.

The file also holds all results, hundreds of megabytes of them for a large class. So it is cut by its indentation as it is read, line by
line, and only the two fields that are needed are parsed at all.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from autograder.assignment.plain_yaml import Items, Node, PlainYamlError, Scalar, Table, parse_plain
from autograder.cohort.platforms.download import Item
from autograder.cohort.platforms.hand_ins import told
from autograder.errors import UsageError
from autograder.records import About, Member

_SUBMISSION = re.compile(rb"['\"]?submission_(\d+)['\"]?:\s*")
_FIELD = re.compile(rb"( +)['\"]?(:\w+)['\"]?:(?:\s|$)")
_WANTED = (b":submitters", b":created_at")
_PIECE = 1 << 16
"""A line is read in pieces of so many bytes; a picture in the results is one line of megabytes."""
_LONGEST = 200_000
"""Bytes of one wanted field: a group of a thousand."""
_REMARKS = 5
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ]+(\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?\s*(Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True)
class Metadata:
    """What the file says: number of a submission -> who handed it in and when; and what of it could not be read."""

    submissions: dict[str, About]
    remarks: tuple[str, ...]


@dataclass
class _Field:
    """A wanted field as it is written, with the number of its first line."""

    submission: str
    name: str
    line: int
    text: bytes = b""


def read_metadata(item: Item) -> Metadata:
    """Return what the file says of each submission. What cannot be read of one is a remark with its line.

    Raises:
        UsageError: It names no submission, or one twice.
    """
    submissions: dict[str, About] = {}
    remarks: list[str] = []
    with item.open() as stream:
        for field in _fields(stream, item.name):
            before = submissions.setdefault(field.submission, About())
            if not field.name:
                continue
            try:
                submissions[field.submission] = before.model_copy(update=_read(field))
            except PlainYamlError as error:
                line = field.line + (error.line or 1) - 1
                remarks.append(
                    f"{item.name}:{line}: {error.message}; this was not read of submission_{field.submission}."
                )
    if not submissions:
        raise UsageError(f"{item.name} names no submission. Download the submissions from Gradescope again.")
    more = len(remarks) - _REMARKS
    return Metadata(
        submissions, (*remarks[:_REMARKS], *([f"{item.name}: {more:,} more like these."] if more > 0 else []))
    )


def _fields(stream: IO[bytes], name: str) -> Iterator[_Field]:
    """The wanted fields of every submission; first of each, one without a name."""
    seen: set[str] = set()
    submission, indent = "", b""
    field: _Field | None = None
    for number, line, begins in _lines(stream):
        top = begins and not line[:1].isspace()
        inner = _FIELD.match(line) if begins and submission else None
        indent = inner[1] if inner and not indent else indent
        if top or (inner and inner[1] == indent):
            if field is not None:
                yield field
            field = None
        if top:
            started = _SUBMISSION.fullmatch(line)
            submission, indent = started[1].decode() if started else "", b""
            if submission in seen:
                raise UsageError(f"{name}:{number}: submission_{submission} stands here for the second time.")
            if submission:
                seen.add(submission)
                yield _Field(submission, "", number)
        elif inner and inner[1] == indent and inner[2] in _WANTED:
            field = _Field(submission, inner[2].decode(), number)
        if field is not None and len(field.text) <= _LONGEST:
            field.text += line
    if field is not None:
        yield field


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """(number, bytes, whether a line begins with them) of every line, or of every piece of a long one."""
    number, begins = 1, True
    while piece := stream.readline(_PIECE):
        yield number, piece.removeprefix(codecs.BOM_UTF8) if number == 1 else piece, begins
        begins = piece.endswith(b"\n")
        number += begins


def _read(field: _Field) -> dict[str, object]:
    """What a field says, as fields of `About`.

    Raises:
        PlainYamlError: It is not what Gradescope writes.
    """
    try:
        document = parse_plain(field.text.decode("utf-8"), longest=_LONGEST)
    except UnicodeDecodeError:
        raise PlainYamlError(None, "it is not UTF-8") from None
    value = document.entries[0][1] if isinstance(document, Table) and len(document.entries) == 1 else None
    if field.name == ":created_at":
        return {"submitted_at": _moment(value)}
    if not isinstance(value, Items):
        raise PlainYamlError(None, "a list of submitters is missing")
    members = tuple(_member(one) for one in value.items)
    ids = [member.id for member in members]
    return {
        "name": told(", ".join(member.name or member.email or member.id for member in members)),
        "id": told(", ".join(ids)) if all(ids) else "",
        "members": members,
    }


def _member(node: Node) -> Member:
    if not isinstance(node, Table):
        raise PlainYamlError(node.line, "a submitter has :name, :sid and :email")
    said = {key.text: told(value.text) for key, value in node.entries if isinstance(value, Scalar) and not value.empty}
    return Member(name=said.get(":name", ""), id=said.get(":sid", ""), email=said.get(":email", ""))


def _moment(node: Node | None) -> str:
    """`2026-03-01 22:59:00.113837000 Z` in ISO 8601; YAML says that a time without a zone is UTC."""
    found = _TIME.fullmatch(node.text.strip()) if isinstance(node, Scalar) else None
    try:
        if found is None:
            raise ValueError
        zone = "+00:00" if found[4] in (None, "Z") else found[4]
        return datetime.fromisoformat(f"{found[1]}T{found[2]}.{(found[3] or '0').ljust(6, '0')}{zone}").isoformat()
    except ValueError:
        raise PlainYamlError(node.line if node else None, "this is no point in time") from None
