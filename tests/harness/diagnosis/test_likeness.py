"""When two behaviours are the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.behaviour import Behaviour, ProbeAnswer
from autograder.diagnosis.likeness import GAP, RANDOM_GAP, exact_part, like_line, numbers_of, same, together
from autograder.outcomes import FailureKind


def answer(relation: str = "other", **more: object) -> ProbeAnswer:
    """One answer."""
    return ProbeAnswer.model_validate({"sizes": {"B": 2}, "relation": relation, **more})


def raised(line: str, message: str = "index # is out of bounds") -> Behaviour:
    """A behaviour that raises."""
    failed = {"failure": FailureKind.EXCEPTION, "exception": "IndexError", "message": message, "line": line}
    return Behaviour(probes="p", answers=(answer("failed", **failed),))


def values(*digest: float) -> Behaviour:
    """A behaviour with other values."""
    return Behaviour(probes="p", answers=(answer(digest=digest),))


LINES = {
    "names of variables": ("return total / len(xs)", "return s / len(values) ", True),
    "a comment and spaces": ("y = x [ 0 ]  # first", "z=a[0]", True),
    "another index": ("y = x[0]", "y = x[1]", False),
    "another attribute": ("return x.sum(0)", "return x.mean(0)", False),
    "another function": ("return f(x)", "return g(x)", False),
    "which variable": ("return a - b", "return b - a", True),
    "the same twice": ("return a - a", "return a - b", False),
    "a keyword argument": ("return x.sum(dim=0)", "return y.sum(dim=0)", True),
    "another keyword argument": ("return x.sum(dim=0)", "return x.sum(axis=0)", False),
    "the first of several lines": ("return torch.stack([a,", "return torch.stack([b,", True),
    "no Python": ("return 'a", "yield 'a", False),
}


@pytest.mark.parametrize(("one", "other", "alike"), LINES.values(), ids=LINES)
def test_lines_of_python(one: str, other: str, alike: bool) -> None:
    """What a line does counts, not what its variables are called."""
    assert (like_line(one) == like_line(other)) is alike


@given(st.text(max_size=200))
def test_any_text_may_be_a_line(text: str) -> None:
    """Hostile text is no reason to stop."""
    assert isinstance(like_line(text), str)


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), max_size=40), st.randoms())
def test_parts_do_not_depend_on_the_order(points: list[tuple[float, float]], shuffled: random.Random) -> None:
    """Whoever comes first: the same members are together."""
    mixed = list(points)
    shuffled.shuffle(mixed)
    one, other = (sorted(sorted(part) for part in together(some, lambda point: point)) for some in (points, mixed))

    assert one == other
    assert sorted(point for part in one for point in part) == sorted(points)


def test_a_gap_divides_and_rounding_does_not() -> None:
    """Two numbers on both sides of a round one are together; two that a gap divides are not."""
    numbers = [0.99999, 1.00001, 1.00001 + 2 * GAP]

    assert together(numbers, lambda number: (number,)) == [[0.99999, 1.00001], [1.00001 + 2 * GAP]]
    assert together([], lambda number: (number,)) == []


def test_a_constant_takes_the_place_of_single_answers() -> None:
    """Twice everywhere is twice everywhere, also where one probe alone could not say so; half is another fault, minus half too."""
    twice = Behaviour(probes="p", relation="factor", number=2.0, answers=(answer(),))
    also = twice.model_copy(update={"number": 2.00001, "answers": (answer("factor", number=2.0),)})
    half, minus = (twice.model_copy(update={"number": number}) for number in (0.5, -0.5))

    assert same(twice, also)
    assert not same(twice, half)
    assert exact_part(twice) == exact_part(half)
    assert exact_part(half) != exact_part(minus)


def test_what_is_raised() -> None:
    """Type, message and line count in a class; against a mistake of ours, which is written otherwise, the line does not."""
    assert exact_part(raised("return x[n]")) == exact_part(raised("return values[k]"))
    assert exact_part(raised("return x[n]")) != exact_part(raised("return x[0]"))
    assert same(raised("return x[n]"), raised("return x[0]"))
    assert not same(raised("return x[n]"), raised("return x[n]", "another message"))


def test_values_are_told_apart_by_numbers() -> None:
    """By how large they are and by their means."""
    assert same(values(2.0, 0.1, 0.2), values(2.000001, 0.1, 0.2))
    assert not same(values(2.0, 0.1, 0.2), values(2.0, 0.2, 0.2))
    assert not same(values(2.0, 0.1, 0.2), values(3.0, 0.1, 0.2))


def test_of_other_probes_only_words_are_compared() -> None:
    """Numbers belong to what was asked."""
    other = values(7.0, 0.3, 0.1).model_copy(update={"probes": "q"})

    assert same(values(2.0, 0.1, 0.2), other)
    assert not same(raised("return x"), other)


def test_draws_are_compared_coarsely() -> None:
    """A quarter of a deviation, or of the logarithm of a spread."""

    def drawn(centre: float, spread: float) -> Behaviour:
        return Behaviour(probes="p", random=True, answers=(answer("unlike", digest=(centre, spread)),))

    assert same(drawn(1.0, 2.0), drawn(1.0 + 0.9 * RANDOM_GAP, 2.1))
    assert not same(drawn(1.0, 2.0), drawn(1.0 + 1.1 * RANDOM_GAP, 2.0))
    assert not same(drawn(1.0, 2.0), drawn(1.0, 4.0))


def test_as_many_numbers_for_all_with_the_same_exact_part() -> None:
    """Also where a digest is missing, or a probe was not asked."""
    assert numbers_of(values()) == ()
    assert numbers_of(Behaviour(probes="p")) == ()
