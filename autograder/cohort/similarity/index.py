"""Which pairs share something, out of all pairs of a class, without looking at any pair by itself. Pure.

Passages are counted by a sparse matrix times itself, a part of the passages at a time: the memory that this takes grows with the square
of the number of submissions only in the counts, 4 bytes each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from autograder.cohort.similarity.prints import Hashes

MOST_SUBMISSIONS = 10_000
"""The counts of so many take 400 MB."""
_AT_ONCE = 4_000_000
"""Passages that are sorted at a time."""


@dataclass(frozen=True)
class Shared:
    """How many passages submissions share.

    Attributes:
        counts: For each two, shape (n, n); symmetric.
        sizes: How many passages that count each one has, shape (n,).
        common: The passages that too many share, sorted; they are in no count.
    """

    counts: npt.NDArray[np.int32]
    sizes: npt.NDArray[np.int64]
    common: Hashes


def shared_by(limit: int, passages: Sequence[Hashes], ignored: Hashes, tell: Callable[[int, int], None]) -> Shared:
    """Count the passages that each two submissions share.

    Args:
        limit: A passage that stands in more than so many submissions does not count.
        passages: Of each submission, each once.
        ignored: Passages that do not count; sorted.
        tell: Told (how many parts are done, how many there are).
    """
    n = len(passages)
    counts, sizes, common = np.zeros((n, n), np.int32), np.zeros(n, np.int64), [np.array([], np.uint32)]
    parts = 1 + sum(map(len, passages)) // _AT_ONCE
    for part in range(parts):
        mine = [found[found % np.uint32(parts) == part] for found in passages]
        whose = np.repeat(np.arange(n), [len(found) for found in mine])
        every = np.concatenate([*mine, np.array([], np.uint32)])
        counted = ~np.isin(every, ignored)
        distinct, column, holders = np.unique(every[counted], return_inverse=True, return_counts=True)
        common.append(distinct[holders > limit])
        # what only one has makes no pair, but is a part of its size
        sizes += np.bincount(whose[counted][holders[column] <= limit], minlength=n)
        wanted = (holders[column] > 1) & (holders[column] <= limit)
        rows, columns = whose[counted][wanted], column[wanted]
        table = sparse.csr_matrix((np.ones(len(rows), np.int32), (rows, columns)), shape=(n, max(1, len(distinct))))
        for first in range(0, n, 500):  # rows of the product: all of it at once is as large again
            counts[first : first + 500] += (table[first : first + 500] @ table.T).toarray()
        tell(part + 1, parts)
    return Shared(counts, sizes, np.sort(np.concatenate(common)))


def best_pairs(
    shared: Shared, may_pair: Callable[[int], npt.NDArray[np.bool_]], least: float, most: int
) -> list[tuple[int, int]]:
    """Return the pairs that share most, by the mean of both shares, the largest first.

    Args:
        shared: What they share.
        may_pair: For a submission, with which others it may be paired, shape (n,).
        least: Only pairs with at least this mean share.
        most: Only so many.
    """
    shares, pairs = np.array([]), np.empty((0, 2), np.int64)
    for found_shares, found in _rows(shared, may_pair, least):
        shares, pairs = np.concatenate([shares, found_shares]), np.concatenate([pairs, found])
        if len(shares) > 4 * most + 100_000:
            kept = _largest(shares, most)
            shares, pairs = shares[kept], pairs[kept]
    return [(one, other) for one, other in pairs[_largest(shares, most)].tolist()]


def _rows(
    shared: Shared, may_pair: Callable[[int], npt.NDArray[np.bool_]], least: float
) -> Iterator[tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]]:
    inverse = 0.5 / np.maximum(shared.sizes, 1)
    for row, counts in enumerate(shared.counts):
        mean = counts[row + 1 :] * (inverse[row] + inverse[row + 1 :])
        others = np.flatnonzero((mean >= max(least, 1e-9)) & may_pair(row)[row + 1 :])
        if len(others):
            yield mean[others], np.stack([np.full(len(others), row), others + row + 1], axis=1)


def _largest(shares: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.int64]:
    return np.argsort(-shares, kind="stable")[:most]
