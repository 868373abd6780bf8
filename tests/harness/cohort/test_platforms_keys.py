"""Keys of entries: different on every file system, and readable where that is possible."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder.cohort.platforms.keys import entry_keys

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
TRICKY = st.sampled_from(
    (
        *("", "CON", "con.txt", "aux", "Lpt1", "falcon", "a-1", "a", "1", "-", ".", "student", "x" * 300, "X" * 300),
        *(
            "Zoë",
            unicodedata.normalize("NFD", "Zoë"),
            "zoe",
            "Zoe",
            "Zoe_2",
            "Zoe-2",
            "ß",
            "SS",
            "K",
            "\u212a",
            "ﬁ",
            "fi",
        ),
        *("\ud800", "\u202e", "a" * 39 + "-b"),
    )
)
TEXTS = st.one_of(TRICKY, st.text(max_size=12), st.text(st.sampled_from("aA1-._ é"), max_size=4))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=12))
@example([("a", ""), ("A", ""), ("a-" + "0" * 8, "")])
def test_keys_are_different_and_safe_whoever_they_are_for(people: list[tuple[str, str]]) -> None:
    """Nobody shares a key, also where case is ignored; every key is a name on every system."""
    keys = entry_keys(people)

    assert len({key.lower() for key in keys}) == len(people) == len(keys)
    assert [key for key in keys if not KEY.fullmatch(key)] == []
    assert [key for key in keys if key.lower().split(".")[0] in DEVICES or key.endswith(".")] == []


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=8, unique=True), st.randoms(use_true_random=False))
def test_keys_do_not_depend_on_the_order(people: list[tuple[str, str]], random: object) -> None:
    """The same people have the same keys in whatever order they come."""
    shuffled = list(people)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert dict(zip(people, entry_keys(people), strict=True)) == dict(zip(shuffled, entry_keys(shuffled), strict=True))


def test_a_key_with_an_id_is_the_same_whoever_else_is_there() -> None:
    """Who hands in later changes no folder that is there."""
    assert entry_keys([("Zoë", "1"), ("Zoe", "2"), ("יעל", "3")]) == ["Zoe-1", "Zoe-2", "student-3"]
    assert entry_keys([("Zoë", "1")]) == ["Zoe-1"]


def test_a_name_without_an_id_is_told_apart_by_itself() -> None:
    """A name that is ASCII stays as it is; any other carries a digest of its own."""
    plain, composed, decomposed, spaced = entry_keys(
        [("zoe_b", ""), ("Zoë B", ""), (unicodedata.normalize("NFD", "Zoë B"), ""), ("jane doe", "")]
    )

    assert plain == "zoe_b"
    assert re.fullmatch(r"Zoe_B-[0-9a-f]{8}", composed)
    assert re.fullmatch(r"Zoe_B-[0-9a-f]{8}", decomposed)
    assert composed != decomposed
    assert entry_keys([("Zoë B", "")]) == [composed]
    assert re.fullmatch(r"jane_doe-[0-9a-f]{8}", spaced)


def test_names_are_readable() -> None:
    """Accents go, letters that ASCII does not have are spelt, what has no Latin letters is left to the id."""
    names = ["Straße", "Łukasz Żółć", "Søren Kierkegård", "Œuvre", "Işık", "O'Neil", "Smith, Jr.", "CON", "王小明"]

    assert entry_keys([(name, "7") for name in names]) == [
        "Strasse-7",
        "Lukasz_Zolc-7",
        "Soren_Kierkegard-7",
        "Oeuvre-7",
        "Isik-7",
        "O_Neil-7",
        "Smith_Jr-7",
        "CON-7",
        "student-7",
    ]
    assert entry_keys([("CON", ""), ("nul.tar", ""), ("falcon", "")]) == ["CON_", "nul_.tar", "falcon"]
