"""Documents that are handed in: which file, how long at most, and what it must mention.

Pure: what must be asked of a hostile PDF is asked through the function `count_pages` (see `sandbox.readers`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

from pydantic import Field, field_validator, model_validator

from autograder.intake.layout import matches
from autograder.outcomes import Evidence, FailureKind, Judged, Outcome
from autograder.records import DataFile, Record

MOST_TEXT = 2**20
"""Bytes of a text document that are looked at."""
_MOST_FILES = 5

CountPages = Callable[[bytes], int | str]
"""The number of a PDF's pages, or why there is none, as the end of a sentence."""


class DocumentRule(Record):
    """What a document must be.

    Attributes:
        file: Pattern of its name, in any folder and case: `"*.pdf"`, `"README*"`.
        pages: Pages at most; for PDF documents only.
        mentions: Texts that must stand in it, in any case; for text documents only.
    """

    file: str = Field(min_length=1, max_length=200)
    pages: int | None = Field(default=None, ge=1)
    mentions: tuple[str, ...] = ()

    @field_validator("mentions")
    @classmethod
    def _said(cls, mentions: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_folded(mention).strip() for mention in mentions):
            raise ValueError("what must be mentioned is a text with at least one letter")
        return mentions

    @model_validator(mode="after")
    def _possible(self) -> DocumentRule:
        is_pdf = self.file.lower().endswith(".pdf")
        if self.pages is not None and not is_pdf:
            raise ValueError(f"pages are counted in PDF documents only, and {self.file} does not end in .pdf")
        if self.mentions and is_pdf:
            raise ValueError(f"mentions are looked for in text documents only, and {self.file} is a PDF")
        return self

    def checks(self) -> tuple[str, ...]:
        """The names of its checks, in order."""
        return ("present", *(("pages",) if self.pages is not None else ()), *(("mentions",) if self.mentions else ()))


def found_documents(rule: DocumentRule, files: Sequence[DataFile]) -> tuple[DataFile, ...]:
    """The files that the rule means: those nearest to the top, by name, at most five; empty ones only if there are no others."""
    named = [file for file in files if matches(file.path, rule.file)]
    meant = [file for file in named if file.data.strip()] or named
    highest = min((file.path.count("/") for file in meant), default=0)
    return tuple(
        sorted((file for file in meant if file.path.count("/") == highest), key=lambda file: file.path)[:_MOST_FILES]
    )


def judge_document(rule: DocumentRule, files: Sequence[DataFile], count_pages: CountPages) -> tuple[Judged, ...]:
    """Return what is to be said of every check of a document, in the order of `DocumentRule.checks`.

    Of several files that the rule means, one that is as it should be is enough.

    Args:
        rule: What is asked.
        files: Everything of the submission that is not Python.
        count_pages: Called with the bytes of a PDF.
    """
    documents = found_documents(rule, files)
    results = [_present(rule, documents)]
    if rule.pages is not None:
        results.append(_pages(rule, rule.pages, documents, count_pages) if documents else _not_there(rule, "pages"))
    if rule.mentions:
        results.append(_mentions(rule, documents) if documents else _not_there(rule, "mentions"))
    return tuple(results)


def _title(rule: DocumentRule, name: str) -> str:
    if name == "pages":
        return f"has at most {rule.pages} {'page' if rule.pages == 1 else 'pages'}"
    return "mentions " + ", ".join(rule.mentions) if name == "mentions" else f"is handed in as {rule.file}"


def _not_there(rule: DocumentRule, name: str) -> Judged:
    message = f"no file called `{rule.file}` was handed in"
    return Judged(name, _title(rule, name), Outcome.FAILED, FailureKind.MISSING, message)


def _present(rule: DocumentRule, documents: Sequence[DataFile]) -> Judged:
    if not documents:
        return _not_there(rule, "present")
    title, evidence = _title(rule, "present"), Evidence(got=", ".join(file.path for file in documents))
    if not any(file.data.strip() for file in documents):
        message = f"`{documents[0].path}` is empty"
        return Judged("present", title, Outcome.FAILED, FailureKind.CONTRACT, message, evidence=evidence)
    return Judged("present", title, Outcome.PASSED, evidence=evidence)


def _pages(rule: DocumentRule, most: int, documents: Sequence[DataFile], count_pages: CountPages) -> Judged:
    title = _title(rule, "pages")
    failed: list[Judged] = []
    for file in documents:
        counted = count_pages(file.data)
        if isinstance(counted, str):
            message, kind, got = f"`{file.path}`: {counted}", FailureKind.CONTRACT, file.path
        else:
            got = f"{file.path}: {counted} {'page' if counted == 1 else 'pages'}"
            message, kind = f"`{file.path}` has {counted} pages; at most {most} are asked for", FailureKind.VALUE
            if counted <= most:
                return Judged("pages", title, Outcome.PASSED, evidence=Evidence(got=got))
        failed.append(Judged("pages", title, Outcome.FAILED, kind, message, evidence=Evidence(got=got)))
    return failed[0]


def _mentions(rule: DocumentRule, documents: Sequence[DataFile]) -> Judged:
    title = _title(rule, "mentions")
    missing = {file.path: _not_mentioned(rule.mentions, file.data) for file in documents}
    path = min(missing, key=lambda path: len(missing[path]))
    evidence = Evidence(got=path)
    if not missing[path]:
        return Judged("mentions", title, Outcome.PASSED, evidence=evidence)
    data = next(file.data for file in documents if file.path == path)
    if "\0" in decode_text(data) or data.startswith(b"%PDF-"):
        message = f"`{path}` is not a text document; hand it in as plain text (.txt, .md)"
        return Judged("mentions", title, Outcome.FAILED, FailureKind.CONTRACT, message, evidence=evidence)
    message = f"`{path}` does not mention: {', '.join(missing[path])}"
    return Judged("mentions", title, Outcome.FAILED, FailureKind.VALUE, message, evidence=evidence)


def _not_mentioned(mentions: Sequence[str], data: bytes) -> list[str]:
    text = _folded(decode_text(data))
    return [mention for mention in mentions if _folded(mention) not in text]


def decode_text(data: bytes) -> str:
    """The first `MOST_TEXT` bytes of a text document: UTF-8, or UTF-16 with its mark, or else Latin-1."""
    start = data[:MOST_TEXT]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return start.decode("utf-16", "replace")
    try:
        # a letter of several bytes may be cut in two at the end
        return start.decode("utf-8-sig") if len(data) <= MOST_TEXT else _cut_utf8(start)
    except UnicodeDecodeError:
        return start.decode("latin-1")


def _cut_utf8(start: bytes) -> str:
    try:
        return start.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:
            raise
        return start[: error.start].decode("utf-8-sig")


def _folded(text: str) -> str:
    """Text without regard to case, to how letters are composed, and to where lines are broken."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
