"""Pairs are found without looking at pairs: held against looking at every one."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from autograder.cohort.similarity import index
from autograder.cohort.similarity.index import best_pairs, shared_by


@pytest.mark.parametrize("at_once", [7, 10**6])
def test_counts_are_those_of_sets(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """In one part or in many, without what is ignored and what too many have."""
    monkeypatch.setattr(index, "_AT_ONCE", at_once)
    rng = random.Random(3)
    for limit in (2, 4, 100):
        sets = [{rng.randrange(60) for _ in range(rng.randrange(20))} for _ in range(9)]
        ignored = {rng.randrange(60) for _ in range(6)}
        holders = {one: sum(one in found for found in sets) for one in range(60)}
        counted = [{one for one in found if one not in ignored and holders[one] <= limit} for found in sets]
        arrays = [np.array(sorted(found), np.uint32) for found in sets]
        shared = shared_by(limit, arrays, np.array(sorted(ignored), np.uint32), lambda done, of: None)

        assert shared.sizes.tolist() == [len(found) for found in counted]
        for one, other in itertools.combinations(range(9), 2):
            assert shared.counts[one, other] == len(counted[one] & counted[other])
        assert shared.common.tolist() == sorted(n for n, had in holders.items() if had > limit and n not in ignored)

        def mean(one: int, other: int, sets: list[set[int]] = counted) -> float:
            return len(sets[one] & sets[other]) * 0.5 * (1 / max(1, len(sets[one])) + 1 / max(1, len(sets[other])))

        expected = [pair for pair in itertools.combinations(range(9), 2) if mean(*pair) >= 0.1 and pair != (0, 1)]
        may = np.ones(9, np.bool_)
        found = best_pairs(shared, lambda row, may=may: may & (np.arange(9) != 1) if row == 0 else may, 0.1, 100)
        assert sorted(found) == expected
        assert [mean(*pair) for pair in found] == pytest.approx(sorted((mean(*pair) for pair in found), reverse=True))
        assert (
            best_pairs(shared, lambda row, may=may: may, 0.1, 3)
            == best_pairs(shared, lambda row, may=may: may, 0.1, 100)[:3]
        )


def test_nobody_has_no_pairs() -> None:
    """Neither has a class of one, or of people without a passage."""
    none = np.array([], np.uint32)
    for class_ in ([], [none], [none, none]):
        shared = shared_by(10, class_, none, lambda done, of: None)
        assert best_pairs(shared, lambda row: np.ones(len(class_), np.bool_), 0.0, 10) == []  # noqa: B023
