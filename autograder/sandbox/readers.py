"""Reading documents that nobody trusts: a short program of ours asks the library, in a worker that is thrown away.

Parsers of PDF have had endless loops and memory without end, and those of pictures much more, so the trusted process never looks into
one. A worker is asked, under limits of its own, and what comes back is a number, a word from a short list, or dots.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from autograder.errors import HarnessFault
from autograder.outcomes import FailureKind
from autograder.records import Cell, SourceFile, Submission
from autograder.sandbox.limits import Limits
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Question, Refusal
from autograder.sandbox.zygote import Backend

MOST_BYTES = 50 * 2**20
"""The largest document that is looked into."""
_SECONDS, _MEMORY_MB = 20.0, 1024
_MOST_PAGES = 100_000
LONGEST_SIDE = 900
"""Dots of a picture's longer side: larger ones are made smaller."""

_SOURCE = '''\
import io
import logging

from pypdf import PdfReader

logging.disable(logging.CRITICAL)


def pages(data):
    """Return the number of pages, or one word that says why there is none."""
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            return "encrypted"
        return len(reader.pages)
    except MemoryError:
        raise
    except Exception as error:
        return "encrypted" if type(error).__name__ in ("DependencyError", "FileNotDecryptedError") else "damaged"
'''
_WHY = {
    "encrypted": "it is encrypted, so its pages cannot be counted; save it without a password",
    "damaged": "it cannot be read as a PDF; perhaps it is damaged or another kind of file",
}


def count_pages(backend: Backend, data: bytes, limits: Limits) -> int | str:
    """Count the pages of a PDF in a worker of `backend`.

    Args:
        backend: Where the worker comes from; the caller closes it.
        data: The document; hostile.
        limits: Of the worker; time and memory are set to what a document needs.

    Returns:
        The number of pages, at least 1; or why there is none, as the end of a sentence that a student understands.

    Raises:
        SandboxFault: The sandbox is broken.
        HarnessFault: pypdf cannot be used in the sandbox.
    """
    if b"%PDF-" not in data[:1024]:
        return "it is not a PDF document, whatever its name says"
    if len(data) > MOST_BYTES:
        return f"it has {len(data) / 2**20:,.0f} MB; the limit is {MOST_BYTES / 2**20:,.0f} MB"
    with _reading(backend, "pages", _SOURCE, limits, 1) as sandbox:
        answer = sandbox.call(Question("pages", [data], seconds=_SECONDS))
    if isinstance(answer, Refusal):
        return _refusal(answer)
    return _counted(answer.value)


@dataclass(frozen=True)
class Dots:
    """A picture as plain data: `data` holds red, green and blue of every dot, one byte each, row by row from the top."""

    width: int
    height: int
    data: bytes


def read_pictures(backend: Backend, pictures: Iterable[bytes], limits: Limits) -> Iterator[Dots | str]:
    """Read pictures in a worker of `backend`; yield for each its dots, or why there are none, as the end of a sentence.

    Args:
        backend: Where the worker comes from; the caller closes it.
        pictures: Files of any format; hostile. None is larger than a submission may be.
        limits: Of the worker; time and memory are set to what a picture needs.

    Raises:
        SandboxFault: The sandbox is broken.
        HarnessFault: Pillow cannot be used in the sandbox.
    """
    with _reading(backend, "picture", _PICTURES, limits, 8) as sandbox:
        for data in pictures:
            answer = sandbox.call(Question("picture", [data], seconds=_SECONDS))
            yield "it cannot be read, or not in time" if isinstance(answer, Refusal) else _dots(answer.value)


_PICTURES = f'''\
import io

from PIL import Image, ImageOps

Image.MAX_IMAGE_PIXELS = 40_000_000


def picture(data):
    """Return width, height and the dots of a picture, on white and no larger than a page shows, or a word that says why not."""
    try:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "GIF", "BMP", "WEBP"]))
        if image.width * image.height > Image.MAX_IMAGE_PIXELS:
            return "large"
        image = image.convert("RGBA")
        image.thumbnail(({LONGEST_SIDE}, {LONGEST_SIDE}))
        page = Image.new("RGBA", image.size, "white")
        page.alpha_composite(image)
        return image.width, image.height, page.convert("RGB").tobytes()
    except MemoryError:
        raise
    except Exception as error:
        return "large" if "Bomb" in type(error).__name__ else "damaged"
'''
_NO_PICTURE = {
    "large": "it has more than 40 million dots; save it smaller",
    "damaged": "it cannot be read as a picture (PNG, JPEG, GIF, BMP or WebP)",
}


def _dots(value: object) -> Dots | str:
    """What came back, which a picture that took the worker over could have made: dots of one picture, or one of our sentences."""
    if type(value) is str and value in _NO_PICTURE:
        return _NO_PICTURE[value]
    if isinstance(value, tuple | list) and len(value) == 3:
        width, height, data = value
        sides = all(type(side) is int and 0 < side <= LONGEST_SIDE for side in (width, height))
        if sides and type(data) is bytes and len(data) == 3 * width * height:
            return Dots(width, height, data)
    return _NO_PICTURE["damaged"]


@contextmanager
def _reading(backend: Backend, function: str, source: str, limits: Limits, answer_mb: int) -> Iterator[Sandbox]:
    """Start a worker with a program of ours that defines one function."""
    own = limits.model_copy(
        update={"call_seconds": _SECONDS, "total_seconds": 2 * _SECONDS, "load_seconds": 3 * _SECONDS}
        | {"memory_mb": _MEMORY_MB, "answer_mb": answer_mb, "device": "cpu"}
    )
    with Sandbox(backend, _program(source), {function: "reader"}, own) as sandbox:
        report = sandbox.load()
        if report.failures or function not in report.found:
            why = "; ".join(text for text, _ in report.failures.values()) or "it was stopped while it started"
            raise HarnessFault(f"the program that reads documents did not start in the sandbox: {why[:500]}")
        yield sandbox


def _program(text: str) -> Submission:
    source = SourceFile(path="reader.py", module="reader", cells=(Cell(label="", source=text),))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Submission(name="reader", kind="file", sha256=digest, sources=(source,))


def _refusal(refusal: Refusal) -> str:
    if refusal.kind is FailureKind.TIMEOUT:
        return f"its pages could not be counted within {_SECONDS:g} seconds; save it again with another program"
    if refusal.kind is FailureKind.MEMORY:
        return f"counting its pages needs more than {_MEMORY_MB:,} MB of memory; save it again with another program"
    return "the program that counts its pages crashed on it; save it again with another program"


def _counted(value: object) -> int | str:
    """What came back, which a document that took the worker over could have made: a number of pages or one of our words."""
    if type(value) is int and 1 <= value <= _MOST_PAGES:
        return value
    if type(value) is str and value in _WHY:
        return _WHY[value]
    return _WHY["damaged"]
