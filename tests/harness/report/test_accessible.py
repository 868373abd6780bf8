"""Everybody can read and use the pages: axe-core finds nothing, in both colour schemes and widths; the keyboard reaches everything."""

from __future__ import annotations

from collections.abc import Iterator

import browser
import factories
import pytest
import similar_pairs
import viewing
from browser import Browser
from test_browser import matrix
from viewing import Scheme

from autograder.report import staff_page, student_page
from autograder.report.similarity_page import pair_page, similarity_page

PAGES = {
    **{f"student, {name}": student_page(made()) for name, made in factories.RECORDS.items()},
    **{f"staff, {name}": staff_page(made()) for name, made in factories.RECORDS.items()},
    "validation": matrix(" <b>"),
    "code that looks alike": similarity_page(similar_pairs.similarity(attack="W" * 120)),
    "both sources": pair_page(similar_pairs.sources(), "Averages"),
}


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all pages of this file."""
    with browser.started(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (400, "dark")])
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_axe_finds_nothing(chromium: Browser, page: str, width: int, scheme: Scheme) -> None:
    """No violation of WCAG 2.2 AA, with all that can be unfolded unfolded, and no text whose contrast it could not tell."""
    viewing.show(chromium, page, width=width, scheme=scheme, opened=True)
    found = viewing.audit(chromium)

    assert found["violations"] == []
    assert found["pale"] == []
    assert "color-contrast" in found["passes"]


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ('lang="en"', "", "html-has-lang"),
        ("--soft: #565f66", "--soft: #8a8f93", "color-contrast"),
        ("<h1>", "<h1><img src='data:,'>", "image-alt"),
    ],
)
def test_axe_would_find_it(chromium: Browser, before: str, after: str, rule: str) -> None:
    """A page without language, with pale letters, with an image that says nothing is found out."""
    page = PAGES["student, mixed"]
    assert before in page
    broken = page.replace(before, after).replace('<meta http-equiv="Content-Security-Policy"', '<meta name="none"')
    viewing.show(chromium, broken, opened=True)

    assert rule in {line.partition(":")[0] for line in viewing.audit(chromium)["violations"]}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_have_contrast(chromium: Browser, scheme: Scheme) -> None:
    """Every label of a curve and every number in a confusion matrix can be read."""
    viewing.show(chromium, PAGES["student, mixed"], scheme=scheme)
    letters = viewing.letters_in_pictures(chromium)

    assert len(letters) > 50
    assert [found for found in letters if not viewing.contrast(*found[1:]) >= 4.5] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["student, mixed", "staff, mixed", "student, explained", "validation", "both sources"])
def test_the_keyboard_reaches_everything(chromium: Browser, name: str, scheme: Scheme) -> None:
    """Every link and all that unfolds or scrolls is reached with Tab, and where one is can be seen."""
    viewing.show(chromium, PAGES[name], scheme=scheme, opened=True)
    seen = viewing.tab_through(chromium)
    missed = chromium.evaluate(
        "[...document.querySelectorAll('a[href], summary, [tabindex], pre, .scroll')].filter(e => !e.dataset.reached && "
        "(e.matches('a, summary, [tabindex]') || e.scrollHeight > e.clientHeight + 2 || e.scrollWidth > e.clientWidth + 2))"
        ".map(e => e.outerHTML.slice(0, 120))"
    )

    assert missed == []
    assert seen
    assert [one for one in seen if one["style"] == "none" or one["width"] < 2] == []
    assert [one for one in seen if viewing.contrast(one["colour"], one["ground"]) < 3] == []


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_nothing_is_cut_off(chromium: Browser, page: str) -> None:
    """No page is wider than its window, down to 320 px: nobody has to scroll sideways."""
    viewing.show(chromium, page, width=320, opened=True)

    assert chromium.evaluate("document.documentElement.scrollWidth") <= 320
