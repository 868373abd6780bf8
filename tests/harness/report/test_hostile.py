"""Every string of a record may be an attack on the reader; a page shows it as harmless text."""

from __future__ import annotations

import re

import factories
import pytest
from pages import ALLOWED, Structure

from autograder.records import Curve, Outcome
from autograder.report import figures, staff_page, student_page
from autograder.report.redact import for_student

ATTACKS = {
    "script": "<script>alert(1)</script>",
    "end of style": "</style><style>*{display:none}</style>",
    "end of title": "</title></head><body onload=alert(1)>",
    "attribute": "\" onmouseover=\"alert(1)\" style='x' '",
    "address": "javascript:alert(1) https://evil.example/x.png",
    "image": "<img src=https://evil.example/x.png onerror=alert(1)><svg onload=alert(1)>",
    "comment": "<!-- --><![CDATA[ ]]><?php ?>",
    "template": "{{ 7 * 7 }}{% raw %}{{ config }}",
    "colours and bells": "\x1b[31mred\x1b[0m\x07\x00\x08\x9b\r",
    "right to left": "\u202ereversed\u2066\u200f\u2028",
    "tags and byte order": "\ufeff\U000e0041\u200b",
    "mathtext": r"$\frac{1}$ \unknown $$",
    "piled marks": "a" + "\u0301" * 500,
    "long line": "W" * 100_000,
    "entity": "&lt;script&gt;&#x3c;b",
}


@pytest.mark.parametrize("page", [student_page, staff_page], ids=["student", "staff"])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_hostile_strings_are_only_text(page, attack: str) -> None:  # type: ignore[no-untyped-def]
    """With an attack in every string, a page has no new element, attribute, reference or invisible character."""
    html = page(factories.hostile(attack))
    structure = Structure.of(html)

    assert structure.seen <= ALLOWED
    assert structure.misnested == []
    assert all(reference.startswith("#") for reference in structure.references)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]", html)


def test_a_hostile_string_is_shown_in_full_view() -> None:
    """A student who wrote odd text reads the same odd text, and a template expression is not evaluated."""
    text = "".join(Structure.of(student_page(factories.hostile("<b>{{ 7 * 7 }}\x1b[31m"))).text)

    assert "<b>{{ 7 * 7 }}⟨ESC⟩[31m" in text


def test_very_long_strings_are_cut_and_say_so() -> None:
    """A page stays small, and says how much it left out."""
    html = student_page(factories.hostile("W" * 100_000))

    assert len(html) < 700_000  # of which pictures are 250,000
    assert re.search(r"… \(\d{2},\d{3} more characters\)", html)


def test_a_curve_of_impossible_values_does_not_break_a_page() -> None:
    """Not-a-number, infinity and 1e300 are left out of the picture and counted in the caption."""
    curve = Curve(name="loss", unit="", values=(float("nan"), float("inf"), 1e300, 0.5, 5e-324))

    assert figures.curves_svg((curve,), "", "f") is not None
    assert "3 values cannot be drawn" in figures.curve_caption(curve)
    assert figures.curves_svg((Curve(name="loss", unit="", values=(float("nan"),)),), "", "f") is None


def test_a_history_without_end_is_thinned_out() -> None:
    """A million epochs give a picture of ordinary size."""
    picture = figures.curves_svg((Curve(name="loss", unit="", values=(0.5, 0.25) * 100_000),), "", "f")

    assert picture is not None
    assert len(picture) < 100_000


def test_a_ragged_confusion_matrix_is_not_drawn() -> None:
    """Rows of different lengths are no matrix."""
    assert figures.confusion_svg(((1, 2), (3,)), "f") is None


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (f"`elbo` failed: it raised ValueError: {factories.CANARY}", "`elbo` failed: it raised ValueError"),
        (f"`elbo` failed: it raised {factories.CANARY}: x", "`elbo` failed: it raised an exception of its own"),
        ("`elbo` failed: it raised exec: 0.31337\n0.31337", "`elbo` failed: it raised an exception of its own"),
        (
            f"waits for it; and fails: it raised Exception: it raised {factories.CANARY}",
            "waits for it; and fails: it raised Exception",
        ),
        ("`elbo` gives a wrong value", "`elbo` gives a wrong value"),
    ],
)
def test_an_exception_in_a_hidden_check_carries_nothing_out(message: str, shown: str) -> None:
    """A submission sees hidden inputs, and chooses the text and the name of what it raises: the student reads neither."""
    hidden = factories.check("elbo", "x", "x", Outcome.FAILED, visibility="hidden", reveal=False, message=message)
    public = factories.check("elbo", "y", "y", Outcome.FAILED, message=message)
    record = factories.record(tasks=(factories.task("elbo", (hidden, public), "0", Outcome.FAILED),))
    told = for_student(record).tasks[0].checks

    assert (told[0].message, told[1].message) == (shown, message)
