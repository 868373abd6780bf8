"""Reports with an attack in every string, opened in a real browser: no script runs, and no request is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import browser
import factories
import pytest
from browser import INERT, LIVE, Browser, Seen

from autograder.outcomes import Outcome
from autograder.quality.matrix import Row
from autograder.quality.page import validation_page
from autograder.quality.validation import Validation
from autograder.report import staff_page, student_page
from autograder.report.redact import for_student

NOTHING = Seen()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all pages of this file."""
    with browser.started(tmp_path_factory.mktemp("browser")) as running:
        yield running


def matrix(text: str) -> str:
    """The page of `make validate` with `text` in every name."""
    outcomes = dict.fromkeys((f"value{text}", text), Outcome.FAILED)
    kinds = ("misconception", "variant")
    rows = tuple(Row(kind, f"task{text}", f"{kind}{text}", outcomes, {text: text}, (text,)) for kind in kinds)
    return validation_page(Validation((*rows, Row(kinds[0], text, text, {}, {})), 1, (text,), 1.0))


def unprotected(text: str) -> str:
    """What a report must not be: the text as it is, no policy."""
    return f"<!DOCTYPE html><html><body id=here>{text}</body></html>"


PAGES: dict[str, Callable[[str], str]] = {
    "student": lambda text: student_page(for_student(factories.hostile(text))),
    "staff": lambda text: staff_page(factories.hostile(text)),
    "validation": matrix,
}


def test_an_empty_page_is_quiet(chromium: Browser) -> None:
    """The browser itself asks for nothing and writes nothing: whatever is seen below was the page's doing."""
    assert chromium.open(unprotected("")) == NOTHING


def test_every_attack_works_where_nothing_stops_it(chromium: Browser) -> None:
    """Each of the strings runs a script or makes a request in a page that takes it for markup: none is a dud."""
    seen = {name: chromium.open(unprotected(text)) for name, text in LIVE.items()}
    assert [name for name, found in seen.items() if not found.ran and not found.contacts] == []
    assert sum(bool(found.ran) for found in seen.values()) > 20
    assert sum(bool(found.contacts) for found in seen.values()) > 20
    assert all("leak.evil.example" in line or "without" in line for found in seen.values() for line in found.contacts)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_hostile_report_does_nothing(chromium: Browser, page: Callable[[str], str]) -> None:
    """No script, no request, nothing that the policy had to stop, and no element that could do anything."""
    texts = [*LIVE.values(), *INERT.values()]
    for some in (texts[start : start + 6] for start in range(0, len(texts), 6)):
        seen = chromium.open(page(" ".join(some)))
        assert seen == NOTHING, (seen, some)


def test_the_policy_stands_alone(chromium: Browser) -> None:
    """Were a string not escaped after all, the page's policy would still stop scripts and requests."""
    clean = student_page(factories.rejected())
    assert chromium.open(clean) == NOTHING
    leaves = {"link to elsewhere", "refresh"}  # no policy stops a reader from leaving a page
    survived = {}
    for name, text in LIVE.items():
        for _ in range(3 if name in leaves else 1):  # on a busy machine the browser may leave later than anybody looks
            seen = chromium.open(clean.replace("</header>", f"{text}</header>"))
            # the browser may connect before it asks the policy; what counts is whether it says anything
            if seen.ran or any(" http://leak.evil.example" in line for line in seen.contacts):
                survived[name] = seen
                break
    assert set(survived) == leaves, survived
