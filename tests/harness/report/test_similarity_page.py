"""The list of code that looks alike, and both sources of a pair: for staff, text only, and no verdict."""

from __future__ import annotations

import re
from pathlib import Path

import browser
import pytest
from pages import ALLOWED, Structure
from similar_pairs import pair, similarity, sources
from test_hostile import ATTACKS

from autograder.report.similarity_page import MOST_LINES, pair_page, similarity_page
from autograder.similarity_records import OWN, ListedPiece, PairSources, SimilarityRecord

OWN_ATTRIBUTES = {("a", "aria-label"), ("div", "role"), ("div", "tabindex"), ("div", "id"), ("div", "aria-labelledby")}
OWN_ATTRIBUTES |= {("div", "aria-label"), ("br", ""), ("bdi", "class"), ("main", "class"), ("strong", "")}
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def pages_of(attack: str = "") -> tuple[str, str]:
    """The list and a pair."""
    return similarity_page(similarity(attack=attack)), pair_page(sources(attack), attack or "Averages")


def text_of(html: str) -> str:
    """The words of a page."""
    return " ".join(
        "".join(Structure.of(re.sub("<(td|th|br|h3|p|bdi)\\b", r" <\1", html).replace("<br>", "")).text).split()
    )


def test_the_list_says_what_it_is_and_what_was_taken_away() -> None:
    """Before any pair, that it is no verdict; for whom; what does not count; who was not compared, and why."""
    html = similarity_page(similarity())
    text = text_of(html)

    assert html.index("never a verdict") < html.index("Anna Berg")
    assert "for staff only" in text
    assert "3 pairs to look at, out of 31 submissions and 12 of earlier classes" in text
    assert "2,367 of them" in text
    assert "more than 10 submissions have (1,234 here)" in text
    assert "dora: work.zip is a damaged zip file." in text
    assert "Left out, not named as Moodle" in text
    assert "At least 4 more pairs reach 20 % as well" in text
    assert "No two submissions share as much as 20 %" in text_of(similarity_page(similarity(pairs=0)))


def test_a_row_has_the_share_of_both_sides_and_leads_to_the_sources() -> None:
    """Who, from where, how much of each; a share of half a per cent does not read as nothing."""
    html = similarity_page(similarity(pairs=1))

    assert "1 Anna Berg Anna_Berg-12 97 % carl 2025: carl 1 %" in text_of(html)
    assert 'href="./pair-001.html"' in html


def test_both_sources_stand_side_by_side_with_marks() -> None:
    """A part has the same number on both sides and leads to the other; what stands on one side only leads nowhere."""
    html = pair_page(sources(), "Averages")
    structure = Structure.of(html)

    assert {"#left-1", "#right-1", "./index.html"} == set(structure.references)
    assert {"left-1", "right-1", "left-2"} <= set(structure.ids)
    assert len(structure.ids) == len(set(structure.ids))
    assert "no verdict" in text_of(html)
    assert "97 % of what remains of the left one, 1 % of the right one" in text_of(html)
    assert "There is more of it than is compared" in text_of(html)
    assert html.count('class="run alike"') == 4
    assert "lab.ipynb, cell 3" in text_of(html)


def test_long_sources_are_cut_and_say_so() -> None:
    """Thousands of lines, and lines of thousands of letters."""
    lines = tuple(f"x{n} = {'1' * (9999 if n == 0 else 1)}" for n in range(MOST_LINES + 5))
    long = ListedPiece(path="x.py", label="", lines=lines, marks=(OWN,) * len(lines))
    html = pair_page(PairSources(pair=pair(), left=(long, long), right=()), "Averages")

    assert "6,010 more lines are not shown" in text_of(html).replace("\N{NO-BREAK SPACE}", " ")
    assert "more characters)" in html
    assert len(html) < 1_000_000


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_hostile_strings_are_only_text_here(attack: str) -> None:
    """With an attack in every string, no new element, attribute, reference or invisible character."""
    for html in pages_of(attack):
        structure = Structure.of(html.replace("<br>", "<br/>"))
        assert structure.seen <= ALLOWED | OWN_ATTRIBUTES
        assert [one for one in structure.misnested if one != "br"] == []
        assert all(re.fullmatch(r"#(left|right)-\d+|\./(index|pair-\d{3})\.html", one) for one in structure.references)
        assert not INVISIBLE.search(html)
        assert len(html) < 700_000


def test_the_browser_runs_nothing(tmp_path: Path) -> None:
    """Chromium opens both pages full of attacks: nothing runs, nothing is asked for."""
    with browser.started(tmp_path) as running:
        for html in (page for attack in ATTACKS.values() for page in pages_of(attack)):
            seen = running.open(html)
            assert (seen.ran, seen.contacts, seen.refused) == ([], [], [])
            assert [one for one in seen.requests if not one.endswith((".html", "-1", "-2"))] == []


def test_the_record_is_read_back() -> None:
    """`similarity.json` says by itself that it is no verdict."""
    record = similarity()

    assert SimilarityRecord.model_validate_json(record.to_json()) == record
    assert '"kind":"a list to look at, never a verdict"' in record.to_json()
