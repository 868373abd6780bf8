"""Fingerprints: what copydetect makes of a text, and what it takes to use it here."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
from alike_classes import INDEPENDENT, code_of, renamed

from autograder.cohort.similarity.listing import listed
from autograder.cohort.similarity.prints import LENGTH, alike, fingerprint, passages_of, print_of
from autograder.cohort.similarity.remaining import Given, Remaining, given_in, remaining
from autograder.records import Cell, SourceFile
from autograder.similarity_records import GIVEN, OWN

NOTHING = np.array([], np.uint32)
FIT = """class Model{n}:
    def fit(self, data):
        total, scale = 0.0, len(data)
        for row in data:
            total = total + row.sum() / scale - 0.5 * row.min()
        self.mean = total / scale
        return self.mean * 2 + total ** 0.25
"""


def rest_of(*texts: str, given: Given | None = None) -> Remaining:
    """What remains of files."""
    files = [
        SourceFile(path=f"f{n}.py", module=f"f{n}", cells=(Cell(label="", source=text),))
        for n, text in enumerate(texts)
    ]
    return remaining(files, given or given_in([]))


def compared(one: Remaining, other: Remaining, ignored: np.typing.NDArray[np.uint32] = NOTHING):  # type: ignore[no-untyped-def]
    """What two texts have in common."""
    return alike(*(fingerprint(print_of(side.text), ignored) for side in (one, other)))


def other_code(seed: int, lines: int = 30) -> str:
    """Code that looks like no other."""
    rng = random.Random(seed)
    operators = ["+", "-", "*", "/", "//", "%", "**", "@", "|", "&", "<<"]
    return "".join(
        f"a = {' '.join(f'{rng.randrange(9999)} {rng.choice(operators)}' for _ in range(9))} b\n" for _ in range(lines)
    )


@pytest.mark.parametrize("name", ["correct_modules", "variant_numpy"])
def test_names_order_layout_and_comments_do_not_count(name: str) -> None:
    """A copy with other variables, another order of functions, other quotes and no comments is nearly the same."""
    text = code_of(name)
    found = compared(rest_of(text), rest_of(renamed(text)))

    assert min(found.shares) > 0.9


def test_passages_are_found_where_they_stand() -> None:
    """Marks lie on the lines of the copied class, also after classes, whose names copydetect 0.5.0 counts wrongly."""
    before = "".join(f"class {'Long' * 9}{n}(Base):\n    x = {n}\n" for n in range(5))
    one = rest_of(before + other_code(1), other_code(2) + FIT.format(n=1) + other_code(3))
    other = rest_of(
        other_code(4) + "\n# a comment\n\n" + FIT.format(n=2) + "\n\n" + before.replace("x =", "y +=") + other_code(5)
    )
    left, right = listed(one, other, compared(one, other))

    marked = [
        [line for line, mark in zip(piece.lines, piece.marks, strict=True) if mark > 0] for piece in (left[1], right[0])
    ]
    for side in marked:
        assert set(FIT.format(n=1).splitlines()[2:]) <= set(side)
    assert [line for line in marked[0] if line.startswith("a = ")] == []


def test_parts_have_the_same_number_on_both_sides() -> None:
    """Two functions in another order: each leads to its own copy."""
    first = "def f(data):\n    for row in data:\n        total = row.sum() / 12 - 0.5 * row.min() + 3.25\n    return total ** 0.125\n"
    second = "def g(a, b):\n    while a < b:\n        a, b = b % 77, a // 13 + 4096\n    return [a, b, 8192, a << 3]\n"
    one = rest_of(first + other_code(1) + second)
    other = rest_of(second + other_code(2) + first)
    left, right = (
        {line: mark for piece in side for line, mark in zip(piece.lines, piece.marks, strict=True)}
        for side in listed(one, other, compared(one, other))
    )

    for line in (first.splitlines()[2], second.splitlines()[2]):
        assert left[line] == right[line] > 0
    assert left[first.splitlines()[2]] != left[second.splitlines()[2]]
    assert OWN in left.values()
    assert GIVEN not in {mark for line, mark in left.items() if line.strip()}


def test_what_is_ignored_does_not_count() -> None:
    """Wherever it stands, and however often; the rest counts as before."""
    text = other_code(1) + FIT.format(n=1) + other_code(2) + FIT.format(n=2)
    ignored = passages_of([print_of(FIT.format(n=3)).text, FIT.format(n=3).replace("\n\n", "\n")])
    found = compared(rest_of(text), rest_of(other_code(3) + FIT.format(n=4)), ignored)

    assert compared(rest_of(text), rest_of(other_code(3) + FIT.format(n=4))).size > 100
    assert found.size <= 2 * LENGTH
    assert compared(rest_of(text), rest_of(text), ignored).shares == (1.0, 1.0)


def test_independent_answers_share_little() -> None:
    """Right submissions that were written without each other, whole: also heads of functions, which are prescribed."""
    texts = [code_of(name) for name in INDEPENDENT]
    found = [sum(compared(rest_of(a), rest_of(b)).shares) / 2 for n, a in enumerate(texts) for b in texts[n + 1 :]]

    assert max(found) < 0.3


def test_nothing_has_nothing_in_common() -> None:
    """Neither have texts that are shorter than a passage."""
    for text in ("", "a = 1"):
        found = compared(rest_of(text), rest_of(FIT.format(n=1)))
        assert (found.size, found.shares, found.slices) == (0, (0.0, 0.0), ([], []))
        assert len(print_of(text).passages()) == 0
        assert listed(rest_of(text), rest_of(text), found)[0][0].path == "f0.py"


@pytest.mark.parametrize(
    "line",
    [
        "x = [" + "0," * 900 + "]",
        "x" + "(" * 900 + ")" * 900,
        "a." * 900 + "b",
        "'{' + \"%(\" " * 90,
        "f'{a!r:{b}}' + " * 100 + "a",
        "1_0e5j" * 300,
        "a b c " * 300,
    ],
)
def test_hostile_texts_take_no_time(line: str) -> None:
    """As much of it as is compared, on both sides, every passage a thousand times."""
    rest = rest_of(*["\n".join([line] * 30)] * 2)
    began = time.monotonic()
    found = compared(rest, rest)
    listed(rest, rest, found)

    assert time.monotonic() - began < 30
    assert len(rest.text) > 30_000
