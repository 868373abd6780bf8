"""Documents: which file is meant, and what its checks say."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from autograder.assignment.documents import MOST_TEXT, DocumentRule, decode_text, found_documents, judge_document
from autograder.outcomes import FailureKind, Judged, Outcome
from autograder.records import DataFile

REPORT = DocumentRule(file="*.pdf", pages=5)
README = DocumentRule(file="README*", mentions=("name", "Tools used"))
PAGES = {b"three": 3, b"six": 6, b"one": 1, b"bad": "it cannot be read as a PDF"}


def files(**contents: bytes) -> list[DataFile]:
    """Files whose names have `_` for `.` and `__` for `/`."""
    return [DataFile(path=name.replace("__", "/").replace("_", "."), data=data) for name, data in contents.items()]


def judged(rule: DocumentRule, handed_in: list[DataFile]) -> dict[str, Judged]:
    """What is said of each check, with pages counted by `PAGES`."""
    results = judge_document(rule, handed_in, lambda data: PAGES[data])
    assert tuple(result.name for result in results) == rule.checks()
    return {result.name: result for result in results}


def test_a_document_as_it_should_be_passes() -> None:
    """Present and short enough; what was found is said."""
    report = judged(REPORT, files(a_txt=b"x", Report_PDF=b"three"))

    assert {result.outcome for result in report.values()} == {Outcome.PASSED}
    assert report["present"].title == "is handed in as *.pdf"
    assert report["pages"].title == "has at most 5 pages"
    assert report["pages"].evidence is not None
    assert report["pages"].evidence.got == "Report.PDF: 3 pages"


@pytest.mark.parametrize("rule", [REPORT, README])
def test_a_missing_document_fails_every_check(rule: DocumentRule) -> None:
    """Each check is missing, and the message names the file."""
    for result in judged(rule, files(a_txt=b"x")).values():
        assert (result.outcome, result.kind) == (Outcome.FAILED, FailureKind.MISSING)
        assert result.message == f"no file called `{rule.file}` was handed in"


def test_too_many_pages_fail() -> None:
    """The message says how many there are and how many are asked for."""
    result = judged(REPORT, files(report_pdf=b"six"))["pages"]

    assert (result.outcome, result.kind) == (Outcome.FAILED, FailureKind.VALUE)
    assert result.message == "`report.pdf` has 6 pages; at most 5 are asked for"


def test_a_damaged_document_fails_with_the_reason() -> None:
    """What the reader says ends the sentence."""
    result = judged(REPORT, files(report_pdf=b"bad"))["pages"]

    assert (result.outcome, result.kind) == (Outcome.FAILED, FailureKind.CONTRACT)
    assert result.message == "`report.pdf`: it cannot be read as a PDF"


def test_one_good_document_of_several_is_enough() -> None:
    """The files nearest to the top are meant; one of them that is as it should be passes."""
    handed_in = files(a_pdf=b"bad", b_pdf=b"six", c_pdf=b"one", figures__d_pdf=b"one")

    assert judged(REPORT, handed_in)["pages"].outcome is Outcome.PASSED
    assert [file.path for file in found_documents(REPORT, handed_in)] == ["a.pdf", "b.pdf", "c.pdf"]
    assert judged(REPORT, handed_in[:2])["pages"].message == "`a.pdf`: it cannot be read as a PDF"
    assert judged(DocumentRule(file="*.pdf", pages=1), handed_in[2:])["pages"].title == "has at most 1 page"
    many = [DataFile(path=f"{index}.pdf", data=b"six") for index in range(9)]
    assert len(found_documents(REPORT, many)) == 5


def test_an_empty_document_is_said() -> None:
    """Nothing in a file is not a document; an empty copy does not hide the real one in a folder."""
    result = judged(README, files(README_md=b" \n"))["present"]

    assert (result.kind, result.message) == (FailureKind.CONTRACT, "`README.md` is empty")
    assert judged(README, files(README=b"", doc__README_md=b"x"))["present"].outcome is Outcome.PASSED


def test_mentions_are_looked_for_in_any_case() -> None:
    """Case, line breaks and encodings do not matter; what is missing is named."""
    for data in (b"NAME: me\n\ntools\nused: none", "Näme name, tools used".encode("utf-16"), b"\xe9 name tools used"):
        assert judged(README, files(README=data))["mentions"].outcome is Outcome.PASSED
    result = judged(README, files(readme_txt=b"my name"))["mentions"]
    assert (result.kind, result.message) == (FailureKind.VALUE, "`readme.txt` does not mention: Tools used")
    assert result.title == "mentions name, Tools used"


@pytest.mark.parametrize("data", [b"%PDF-1.7 name", b"name \0\1"])
def test_a_document_that_is_no_text_is_told(data: bytes) -> None:
    """A PDF under the name of a text document is named as such."""
    result = judged(README, files(README_pdf=data))["mentions"]

    assert (result.outcome, result.kind) == (Outcome.FAILED, FailureKind.CONTRACT)
    assert result.message == "`README.pdf` is not a text document; hand it in as plain text (.txt, .md)"


def test_long_texts_are_cut() -> None:
    """Only the beginning is looked at, also where a letter is cut in two."""
    assert len(decode_text(b"x" * (MOST_TEXT + 5))) == MOST_TEXT
    assert decode_text(b"x" + "é".encode() * MOST_TEXT) == "x" + "é" * (MOST_TEXT // 2 - 1)
    assert judged(README, files(README=b"x" * MOST_TEXT + b"name tools used"))["mentions"].outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"file": "README*", "pages": 5}, "pages are counted in PDF documents only, and README* does not end in .pdf"),
        ({"file": "*.PDF", "mentions": ["a"]}, "mentions are looked for in text documents only, and *.PDF is a PDF"),
        ({"file": "README", "mentions": [" "]}, "what must be mentioned is a text with at least one letter"),
        ({"file": "a.pdf", "pages": 0}, "greater than or equal to 1"),
        ({"file": ""}, "at least 1 character"),
    ],
)
def test_impossible_rules_are_refused(fields: dict[str, object], message: str) -> None:
    """A rule that could never hold is a mistake of its author."""
    with pytest.raises(ValidationError) as caught:
        DocumentRule.model_validate(fields)
    assert message in str(caught.value)
