"""Reading documents that nobody trusts: a short program of ours asks the library, in a worker that is thrown away.

Parsers of PDF have had endless loops and memory without end, so the trusted process never looks into one. A worker is asked one
question, under limits of its own, and what comes back is a number or a word from a short list.
"""

from __future__ import annotations

import hashlib

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
    own = limits.model_copy(
        update={"call_seconds": _SECONDS, "total_seconds": 2 * _SECONDS, "load_seconds": 3 * _SECONDS}
        | {"memory_mb": _MEMORY_MB, "answer_mb": 1, "device": "cpu"}
    )
    with Sandbox(backend, _program(), {"pages": "reader"}, own) as sandbox:
        report = sandbox.load()
        if report.failures or "pages" not in report.found:
            why = "; ".join(text for text, _ in report.failures.values()) or "it was stopped while it started"
            raise HarnessFault(f"the program that reads documents did not start in the sandbox: {why[:500]}")
        answer = sandbox.call(Question("pages", [data], seconds=_SECONDS))
    if isinstance(answer, Refusal):
        return _refusal(answer)
    return _counted(answer.value)


def _program() -> Submission:
    source = SourceFile(path="reader.py", module="reader", cells=(Cell(label="", source=_SOURCE),))
    digest = hashlib.sha256(_SOURCE.encode()).hexdigest()
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
