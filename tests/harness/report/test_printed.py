"""What comes out of a printer: few pages with numbers, and no card or heading torn apart."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import browser
import factories
import pypdf
import pytest
import viewing
from browser import Browser

from autograder.records import Code, Evidence, FailureKind, GradeRecord, Outcome
from autograder.report import staff_page, student_page

TASKS = 14


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all pages of this file."""
    with browser.started(tmp_path_factory.mktemp("browser")) as running:
        yield running


def pages_of(chromium: Browser, record: GradeRecord) -> list[str]:
    """Return the text of every page on paper, without line breaks."""
    viewing.show(chromium, student_page(record))
    document = pypdf.PdfReader(io.BytesIO(viewing.printed(chromium)))
    return [re.sub(r"\s+", " ", page.extract_text()) for page in document.pages]


def all_wrong() -> GradeRecord:
    """Fourteen tasks that raise, each with its code, one failure with its evidence, and checks that wait or passed."""
    tasks = []
    for number in range(TASKS):
        name = factories.CATALOGUE[number % len(factories.CATALOGUE)][1]
        evidence = Evidence(called=f"{name}(x=tensor([[0.5, 1.5]]))", got=f"ends{number:02}", expected="tensor([1.0])")
        failed = factories.check(
            name, "value", f"begins{number:02} and agrees with the closed form", Outcome.FAILED, kind=FailureKind.EXCEPTION,
            message=f"`{name}` failed: it raised ValueError: no", evidence=evidence,
            traceback=(f'File "work.py", line {100 * number + 3}, in {name}', "    raise ValueError('no')"),
        )  # fmt: skip
        text = f"def {name}(x):\n" + "    x = x + 1  # one line of code\n" * 7 + f"    return x  # last{number:02}"
        more = {"code": Code(place="work.py", first_line=100 * number + 1, text=text), "title": f"Task{number:02}"}
        passed = (factories.check(name, other, title) for other, title in factories.LADDER[:4])
        waiting = (
            factories.check(name, other, title, Outcome.SKIPPED, waits_for=f"{name}.value")
            for other, title in factories.LADDER[4:]
        )
        tasks.append(factories.task(name, (*passed, failed, *waiting), "0.50", Outcome.FAILED, **more))
    return factories.record(tasks=tuple(tasks), score="7.00", max_score="28.00", about=factories.ABOUT)


def test_fourteen_wrong_tasks_fit_on_seven_pages(chromium: Browser) -> None:
    """With numbers on all of them; no card, no code and no heading is torn from what belongs to it."""
    pages = pages_of(chromium, all_wrong())

    assert 1 < len(pages) < 8
    assert [f"{number} / {len(pages)}" in page for number, page in enumerate(pages, start=1)] == [True] * len(pages)
    where = {
        mark: [number for number, page in enumerate(pages) if mark in page]
        for mark in re.findall(r"(?:begins|ends|last)\d\d", " ".join(pages))
    }
    for number in range(TASKS):
        begins, ends = where[f"begins{number:02}"], where[f"ends{number:02}"]
        assert begins == ends, number
        heads = [n for n, page in enumerate(pages) if f"Task{number:02} 0.50 of 2.00 ✗ raises" in page]
        assert heads == begins, number
        assert len(where[f"last{number:02}"]) == 1


def test_what_is_not_implemented_takes_little_paper(chromium: Browser) -> None:
    """On the staff's page, which names every check: a line for each, as elsewhere, and nobody needs a page for two stubs."""
    viewing.show(chromium, staff_page(factories.template()))
    document = pypdf.PdfReader(io.BytesIO(viewing.printed(chromium)))

    assert len(document.pages) < 8


@pytest.mark.parametrize("made", factories.RECORDS.values(), ids=factories.RECORDS)
def test_every_page_is_printed(chromium: Browser, made) -> None:  # type: ignore[no-untyped-def]
    """Whatever the record: fewer than eight pages, none of them empty."""
    pages = pages_of(chromium, made())

    assert len(pages) < 8
    assert all(len(page) > 20 for page in pages)
