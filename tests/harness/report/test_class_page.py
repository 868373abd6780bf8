"""The page of a class: what it says, that it sorts and filters, works without its script, and that nothing in it is alive."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from typing import Any

import browser
import factories
import pytest
import viewing
from browser import INERT, LIVE, Browser
from classes import DERIVATION, HALF, RAISING, by_name, graded, large, task, varied
from pages import Structure
from viewing import Scheme

from autograder.behaviour import Behaviour
from autograder.class_records import ClassRecord
from autograder.cohort.entries import Entry
from autograder.cohort.summary import summarise
from autograder.records import About, Flag
from autograder.report.class_page import MOST_CONCERNS, MOST_LINKS, class_page, discriminates, link, whole

PAGE = class_page(varied())


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all pages of this file."""
    with browser.started(tmp_path_factory.mktemp("browser")) as running:
        yield running


def words_of(page: str) -> str:
    """What a page says, in one line."""
    return " ".join("".join(Structure.of(page).text).split())


def names(chromium: Browser) -> list[str]:
    """The names in the table of students that can be seen, from its top."""
    found: list[str] = chromium.evaluate(
        "[...document.querySelector('#students-table').tBodies[0].rows].filter(row => row.checkVisibility())"
        ".map(row => row.cells[0].textContent.trim())"
    )
    return found


def choose(chromium: Browser, field: str, value: str) -> None:
    """Fill in a filter, or choose the option whose text begins like this."""
    chromium.evaluate(
        f"(() => {{ const field = document.getElementById('by-{field}'); const value = {value!r};"
        "const option = field.options && [...field.options].find(option => option.text.startsWith(value));"
        "field.value = field.options ? option.value : value; field.dispatchEvent(new Event('input')); })()"
    )


def press(chromium: Browser, title: str) -> None:
    """Press the button in the header of a column of the table of students."""
    chromium.evaluate(
        "[...document.querySelectorAll('#students-table thead button')].find(one => one.textContent.trim() === "
        f"{title!r}).click()"
    )


# ---------------------------------------------------------------------------------------------------- what it says


def test_the_page_says_what_the_record_says() -> None:
    """Counts, the distribution in words, what needs a person, mistakes and trend."""
    said = words_of(PAGE)

    assert (
        "12 entries: 9 graded, 1 not graded because of a fault of the grader, 1 that could not be read, 1 with nothing"
        in said
    )
    assert "9 scores: median 50 %, the middle half between 31 % and 72 %" in said
    assert "5 of 9 pass." in said
    assert "3 of 9: The factor ½ is missing. a slip" in said
    assert "4 of 9: The sign is wrong." in said
    assert "The folder is empty." in said
    assert "network: A connection was stopped." in said
    assert "12.0 s: Student 08" in said
    assert "fault of the grader" in said


def test_scores_are_points_where_all_can_have_the_same() -> None:
    """The sentence speaks of points then."""
    record = by_name(*(graded(f"S{n}", task("one", f"{n}.00", max_points="4.00")) for n in range(5)))

    assert "median 2.00, the middle half between 1.00 and 3.00, mean 2.00" in words_of(class_page(record))


def test_links_lead_to_the_reports() -> None:
    """To both pages of every entry that has some, to parts of the page, and nowhere else."""
    record = varied()
    keys = [row.key for row in record.rows if row.status != "absent"]
    references = Structure.of(PAGE).references

    assert {reference for reference in references if not reference.startswith("#")} == {
        f"./{key.replace(' ', '%20')}/{page}.html" for key in keys for page in ("staff", "student")
    }
    assert {reference[1:] for reference in references if reference.startswith("#")} <= set(Structure.of(PAGE).ids)
    assert len(set(Structure.of(PAGE).ids)) == len(Structure.of(PAGE).ids)


@pytest.mark.parametrize("key", ["javascript:alert(1)", "//evil.example/x", "../../etc", 'a"b', "?q#f"])
def test_no_key_leads_elsewhere(key: str) -> None:
    """Whatever a key holds, it is one folder beside the page."""
    assert re.fullmatch(r"\./[\w.%-]+/staff\.html", link(key, "staff"))


@pytest.mark.parametrize(
    ("share", "shown"), [(0, "0"), (0.001, "1"), (0.5, "50"), (0.999, "99"), (1, "100"), (1.25, "125"), (-0.5, "-50")]
)
def test_only_all_and_nothing_read_so(share: float, shown: str) -> None:
    """What is neither all nor nothing is never 100 or 0 per cent."""
    assert whole(share) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "–"), (0.5, "0.50"), (0.1, "0.10 (low)"), (-0.25, "−0.25 (negative)")]
)
def test_a_low_discrimination_has_a_word(value: float | None, shown: str) -> None:
    """A number alone says little."""
    assert discriminates(value) == shown


@pytest.mark.parametrize(
    "record",
    [
        summarise((), ()),
        summarise((), [Entry("gone", About(), None, "Nothing.")]),
        by_name(factories.rejected().model_copy(update={"about": About(name="A")})),
        by_name(graded("A", task("one", "2.00"))),
        by_name(graded("A", task("one", "0.00", max_points="0.00"))),
        by_name(graded("A", waiting=(DERIVATION,))),
    ],
    ids=["nobody", "nothing", "rejected", "one", "no points", "no tasks"],
)
def test_small_and_odd_classes_have_a_page(record: ClassRecord) -> None:
    """No division by nobody."""
    assert words_of(class_page(record)).count("Students") >= 2


def test_many_students_of_one_mistake_are_counted() -> None:
    """The first of them have links; how many are left out is said."""
    record = by_name(*(graded(f"S{n:03}", task("one", "1.20", mistakes=(HALF,))) for n in range(MOST_LINKS + 7)))

    assert "and 7 more students" in words_of(class_page(record))


def test_many_concerns_of_one_kind_are_folded() -> None:
    """The most frequent stand open, the rest are counted and one click away."""
    flags = [Flag(code=f"flag-{n:02}", message="Look.") for n in range(MOST_CONCERNS + 3)]
    page = class_page(by_name(graded("A", task("one", "2.00"), flags=tuple(flags))))

    assert "<summary>3 more</summary>" in page
    assert [flag.code for flag in flags if f"{flag.code}</b>: Look." not in page] == []


# --------------------------------------------------------------------------------------------------- with the script


def test_every_column_sorts(chromium: Browser) -> None:
    """Numbers as numbers, names as names, up and down, what is not there last; `aria-sort` says so."""
    viewing.show(chromium, PAGE)
    assert names(chromium)[:2] == ["Astrid Lindgren", "Nobody"]
    press(chromium, "Score")
    rising = names(chromium)
    press(chromium, "Score")
    falling = names(chromium)

    assert rising[:3] == ["Student 00", "Student 03", "Student 01"]
    assert falling[0] == "Student 08"
    assert set(rising[-3:]) == set(falling[-3:]) == {"Astrid Lindgren", "Nobody", "Zoe"}
    sorted_ = (
        "[...document.querySelectorAll('#students-table [aria-sort]')].map(th => [th.innerText.trim(), th.ariaSort])"
    )
    assert chromium.evaluate(sorted_) == [["Score", "descending"]]
    for title in chromium.evaluate(
        "[...document.querySelectorAll('#students-table thead button')].map(e => e.innerText.trim())"
    ):
        press(chromium, title)
        assert sorted(names(chromium)) == sorted(rising)
    press(chromium, "Two")
    press(chromium, "Two")
    assert names(chromium)[0] == "Student 08"


def test_the_table_of_tasks_sorts_too(chromium: Browser) -> None:
    """By per cent."""
    viewing.show(chromium, PAGE)
    first = "document.querySelector('table.tasks').tBodies[0].rows[0].cells[2].innerText"
    chromium.evaluate("[...document.querySelectorAll('table.tasks button')].find(e => e.innerText === 'Mean').click()")
    lowest = chromium.evaluate(first)
    chromium.evaluate("[...document.querySelectorAll('table.tasks button')].find(e => e.innerText === 'Mean').click()")

    assert (lowest, chromium.evaluate(first)) == ("50 %", "75 %")


def test_filters_are_combined(chromium: Browser) -> None:
    """By words in the name or id, by status, by a task in which points were lost, by a mistake; how many are left is said."""
    viewing.show(chromium, PAGE)
    assert len(names(chromium)) == 12
    choose(chromium, "mistake", f"3: {HALF.text}")
    assert names(chromium) == ["Student 01", "Student 04", "Student 07"]
    choose(chromium, "state", "waits for a person")
    assert names(chromium) == ["Student 01", "Student 04"]
    choose(chromium, "words", "04 STUDENT")
    assert names(chromium) == ["Student 04"]
    assert chromium.evaluate("document.getElementById('shown').innerText") == "1 of 12 shown"
    chromium.evaluate("document.getElementById('all').click()")
    assert len(names(chromium)) == 12
    choose(chromium, "task", "One")
    assert names(chromium) == [f"Student {n:02}" for n in (0, 1, 3, 4, 6, 7)]
    choose(chromium, "task", "any")
    choose(chromium, "state", "nothing to grade")
    assert names(chromium) == ["Nobody"]
    choose(chromium, "state", "any")
    choose(chromium, "words", "id-Student 05")
    assert names(chromium) == ["Student 05"]


def test_it_works_without_its_script(chromium: Browser) -> None:
    """A plain table then: all rows are there, and nothing that would do nothing."""
    chromium.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        viewing.show(chromium, PAGE)
    finally:
        chromium.ask("Emulation.setScriptExecutionDisabled", value=False)

    assert len(names(chromium)) == 12
    assert (
        chromium.evaluate(
            "[...document.querySelectorAll('button, select, input')].filter(e => e.checkVisibility()).length"
        )
        == 0
    )


def test_the_policy_allows_this_script_alone() -> None:
    """By the hash of exactly what stands in the page; nothing from elsewhere, nothing in attributes."""
    script = re.findall(r"<script>(.*?)</script>", PAGE, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()

    assert len(script) == PAGE.lower().count("<script") == 1
    policy = html.unescape(PAGE)
    assert f"script-src 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in PAGE


# ------------------------------------------------------------------------------------------------------ hostile texts


def hostile(text: str) -> ClassRecord:
    """A class in which every free string holds `text`, keys included."""
    fixed = ("status", "kind", "outcome", "severity", "score", "max_score", "max_points")

    def poison(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: poison(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [poison(item, key) for item in value]
        return f"{value}{text}" if isinstance(value, str) and key not in fixed else value

    return ClassRecord.model_validate(poison(varied().model_dump(mode="json")))


@pytest.mark.parametrize("start", range(0, len([*LIVE, *INERT]), 8))
def test_hostile_names_do_nothing(chromium: Browser, start: int) -> None:
    """With attacks in every string no script but ours runs, nothing is asked for, and the policy has nothing to stop."""
    texts = [*LIVE.values(), *INERT.values()][start : start + 8]
    page = class_page(hostile(" ".join(texts))).replace('href="./', 'href="#./')  # the reader clicks on every link
    seen = chromium.open(page)

    assert (seen.ran, seen.requests, seen.contacts, seen.refused) == ([], [], [], [])


def test_hostile_names_are_only_text() -> None:
    """With attacks in every string, a page has no element, no attribute and no sort of reference that it has not without."""
    page = Structure.of(class_page(hostile(" ".join([*LIVE.values(), *INERT.values()]))))

    assert page.seen == Structure.of(PAGE).seen
    assert [
        reference for reference in page.references if not re.fullmatch(r"#[a-z]+|\./[\w.%~-]+/\w+\.html", reference)
    ] == []


def test_what_is_invisible_is_shown() -> None:
    """A name cannot turn the direction of a page, nor hide in it."""
    page = class_page(by_name(graded("Eve \u202e\u200b\x1b[31m<b>", task("one", "2.00"))))

    assert "Eve ⟨U+202E⟩⟨U+200B⟩⟨ESC⟩[31m&lt;b&gt;" in page
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\x1b]", page)


# ------------------------------------------------------------------------------------------------------ everybody


@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (1100, "dark"), (400, "light"), (400, "dark")])
def test_axe_finds_nothing(chromium: Browser, width: int, scheme: Scheme) -> None:
    """No violation of WCAG 2.2 AA, with a sorted column and everything unfolded."""
    viewing.show(chromium, PAGE, width=width, scheme=scheme, opened=True)
    press(chromium, "Score")
    found = viewing.audit(chromium)

    assert found["violations"] == []
    assert found["pale"] == []
    assert "color-contrast" in found["passes"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_keyboard_reaches_everything(chromium: Browser, scheme: Scheme) -> None:
    """Links, folds, filters, headers and what scrolls, each with a ring that can be seen."""
    viewing.show(chromium, PAGE, scheme=scheme, opened=True)
    seen = viewing.tab_through(chromium)
    missed = chromium.evaluate(
        "[...document.querySelectorAll('a[href], summary, [tabindex], button, input, select')].filter(e => !e.dataset.reached)"
        ".map(e => e.outerHTML.slice(0, 120))"
    )

    assert missed == []
    assert [one for one in seen if one["style"] == "none" or one["width"] < 2] == []
    assert [one for one in seen if viewing.contrast(one["colour"], one["ground"]) < 3] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_cells_have_contrast(chromium: Browser, scheme: Scheme) -> None:
    """Shares can be read on their colours, wherever the table is scrolled to, and differ in text as well as in colour."""
    viewing.show(chromium, PAGE, scheme=scheme)
    cells = chromium.evaluate(
        "[...document.querySelectorAll('#students-table td[class]')].map(td => [td.className, td.textContent, "
        "getComputedStyle(td).color, getComputedStyle(td).backgroundColor])"
    )
    told = [(look, text, colour, ground) for look, text, colour, ground in cells if look in "fpzw"]

    assert {look for look, *_ in cells} == set("fpzwn")
    assert len({ground for *_, ground in told}) == 4
    assert [cell for cell in told if viewing.contrast(cell[2], cell[3]) < 4.5] == []
    assert {(look, text) for look, text, *_ in told if look != "p"} == {("f", "100"), ("z", "0"), ("w", "?")}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_histogram_can_be_read(chromium: Browser, scheme: Scheme) -> None:
    """Numbers and axis stand on the page's own ground."""
    viewing.show(chromium, PAGE, scheme=scheme)
    letters = chromium.evaluate("[...document.querySelectorAll('.histogram text')].map(e => getComputedStyle(e).fill)")
    ground = chromium.evaluate("getComputedStyle(document.body).backgroundColor")

    assert len(letters) > 8
    assert min(viewing.contrast(letter, ground) for letter in letters) >= 4.5


def test_nothing_is_cut_off(chromium: Browser) -> None:
    """The page is no wider than its window, down to 320 px: tables scroll in boxes of their own."""
    viewing.show(chromium, PAGE, width=320, opened=True)

    assert chromium.evaluate("document.documentElement.scrollWidth") <= 320
    assert chromium.evaluate(
        "(box => box.scrollWidth > box.clientWidth)(document.querySelector('.everyone > .scroll'))"
    )


def test_headers_and_names_stay(chromium: Browser) -> None:
    """Wherever the table is scrolled to, the header is at its top and the name at its left."""
    viewing.show(chromium, class_page(large(300, 20)), width=700)
    moved = chromium.evaluate(
        "(() => { const box = document.querySelector('.everyone > .scroll'); box.scrollTo(600, 3000);"
        "const name = box.querySelector('tbody tr:nth-child(99) th').getBoundingClientRect(), all = box.getBoundingClientRect();"
        "const head = box.querySelector('thead').getBoundingClientRect();"
        "return [box.scrollLeft, box.scrollTop, name.left - all.left, head.top - all.top]; })()"
    )

    assert moved[:2] == [600, 3000]
    assert moved[2:] == pytest.approx([1, 1], abs=1)


# --------------------------------------------------------------------------------------------------------- groups


def test_a_group_is_one_line_with_one_to_look_at() -> None:
    """How many, what they share, what commands call it, one of them, and all."""
    page = class_page(varied())
    part = page[page.index('<h2 id="groups">') : page.index('<h2 id="mistakes">')]

    assert "<b>3</b>: right but for B = 1: IndexError in the line <code>return x[n] + total</code>" in part
    assert re.search(r"no written name: the same answers.*?<code>one-[0-9a-f]{8}</code>", part)
    assert 'Look at <a href="./student%2000/staff.html">' in part
    assert "<summary>3 students</summary>" in part
    assert '<a href="#groups">The same wrong</a>' in page


def test_rare_faults_are_folded_and_counted() -> None:
    """Of a task in which everybody is wrong in a way of their own, a page holds few; class.json has all."""

    def alone(number: int) -> Behaviour:
        return Behaviour(probes="p", relation="factor", number=2.0 + number, answers=RAISING.answers)

    record = by_name(*(graded(f"S{n:02}", task("one", "0.00", behaviour=alone(n))) for n in range(40)))
    page = class_page(record)

    assert len(record.groups) == 40
    assert "<summary>35 smaller groups</summary>" in page
    assert "And 10 more groups, which class.json holds." in page
    assert "2 × what is expected, everywhere" in page


def test_a_class_without_groups_has_no_such_part() -> None:
    """Everybody is right."""
    assert '<h2 id="groups">' not in class_page(by_name(graded("A", task("one", "2.00"))))


# ---------------------------------------------------------------------------------------------------------- large


def test_three_thousand_rows_stay_small(chromium: Browser) -> None:
    """Under 10 MB for 60 tasks, and of 180,000 cells only those in sight are laid out."""
    page = class_page(large())
    viewing.show(chromium, page)
    cells = "[...document.querySelectorAll('#students-table tbody tr')]"

    assert len(page.encode()) < 10_000_000
    assert chromium.evaluate(f"{cells}.length") == 3000
    assert (
        chromium.evaluate(
            f"{cells}.filter(row => row.lastElementChild.checkVisibility({{contentVisibilityAuto: true}})).length"
        )
        < 300
    )
