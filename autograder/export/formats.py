"""What a format is, and which there are: every module of this package that has a `FORMAT`. Nothing is listed by hand."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Literal

from autograder import export
from autograder.records import GradeRecord, SourceFile


@dataclass(frozen=True)
class Result:
    """A record, and the name of the folder where it lies: what people call this result in messages."""

    name: str
    record: GradeRecord


@dataclass(frozen=True)
class HandedIn:
    """The code that somebody handed in.

    Attributes:
        name: Of the folder of reports; a name that any file system takes.
        download: The earlier class that it comes from, as it is called; "" for this one.
    """

    name: str
    download: str
    sources: tuple[SourceFile, ...]


@dataclass(frozen=True)
class Classes:
    """The code of a class, of earlier ones, and what they were given.

    Attributes:
        handed_in: Of all who handed in code.
        given: Python of the kit, by path.
        without: Why something is not there, in sentences.
    """

    handed_in: tuple[HandedIn, ...]
    given: Mapping[str, str]
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Given:
    """A file that a format was given: its name for messages, and what stands in it."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Need:
    """What a format is given beside the results: an option of the command line, and a keyword argument of its `make`.

    Attributes:
        name: `"gradebook"` for `--gradebook`; a hyphen is an underscore in the keyword.
        help: One line.
        kind: What the keyword receives: `"text"`; `"file"`: `Given`, or None without one; `"moment"`: a time in ISO 8601 with its
            zone, the present one unless another is given.
        is_required: Whether the format cannot do without it.
        variable: An environment variable in which it may stand.
    """

    name: str
    help: str
    kind: Literal["text", "file", "moment"] = "text"
    is_required: bool = False
    variable: str = ""


@dataclass(frozen=True)
class Export:
    """What a format made.

    Attributes:
        files: What is to be written, by relative POSIX path.
        remarks: Who was left out and why, and what else is to be known, in sentences for whoever runs the export.
    """

    files: Mapping[str, bytes]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: What it is called on the command line.
        help: One line for the list of formats.
        make: A pure function. For `"one"` it is given a `Result`, for `"class"` a sequence of them, for `"project"` the files of the
            project by path, for `"code"` the `Classes`; and what `needs` says as keywords. Returns an `Export`; raises `UsageError`
            where there can be none.
        writes: `"file"`: `Export.files` holds one, which is written under the name that was asked for; `"folder"`, `"zip"`: any number.
        reads: See `make`.
        needs: What it is given beside the results.
    """

    name: str
    help: str
    make: Callable[..., Export]
    writes: Literal["file", "folder", "zip"] = "file"
    reads: Literal["one", "class", "project", "code"] = "class"
    needs: tuple[Need, ...] = ()


@cache
def formats() -> tuple[Format, ...]:
    """Return every format, in the order of their names."""
    modules = [import_module(f"{export.__name__}.{found.name}") for found in pkgutil.iter_modules(export.__path__)]
    return tuple(sorted((module.FORMAT for module in modules if hasattr(module, "FORMAT")), key=lambda one: one.name))
