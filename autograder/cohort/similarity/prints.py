"""Fingerprints by copydetect: what a text looks like when names, comments and layout are gone. Only its pure functions are used.

Every passage is kept (a window of 1): which ones winnowing would keep depends on Python's hashes, and these on the process.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from copydetect import CodeFingerprint, compare_files
from copydetect.defaults import NOISE_THRESHOLD
from copydetect.utils import filter_code, get_token_coverage, hashed_kgrams

Hashes = npt.NDArray[np.uint32]

LENGTH = NOISE_THRESHOLD
"""The shortest passage that counts, in characters of filtered code: a line or two."""


@dataclass(frozen=True)
class Print:
    """A text, filtered.

    Attributes:
        text: The code with every name as one letter, without spaces and comments.
        offsets: As copydetect keeps them: (place in `text`, characters that were left out before it), shape (tokens, 2).
    """

    text: str
    offsets: npt.NDArray[np.int32]

    def passages(self) -> Hashes:
        """Return the hashes of all passages, each once, sorted. They hold for this process."""
        return np.unique(_folded(hashed_kgrams(self.text, LENGTH)))


def print_of(text: str) -> Print:
    """Return the fingerprint of a text without blank lines: on those, copydetect's lexer takes quadratic time."""
    filtered, offsets = filter_code(text, "", "python")
    # copydetect 0.5.0 writes the wrong number where a class has its name; offsets never decrease
    return Print(filtered, np.maximum.accumulate(np.asarray(offsets, np.int32).reshape(-1, 2), axis=0))


def passages_of(texts: Iterable[str]) -> Hashes:
    """Return the hashes of all passages of several texts, each once, sorted."""
    found = [print_of(text).passages() for text in texts]
    return np.unique(np.concatenate(found)) if found else np.array([], np.uint32)


def fingerprint(of: Print, ignored: Hashes) -> CodeFingerprint:
    """Return copydetect's own object, without passages that do not count; its slices are places in the text before filtering.

    copydetect's boilerplate is not used: where a passage stands twice, 0.5.0 removes one of them, given or not.
    """
    made = CodeFingerprint("", LENGTH, 1, filter=False, fp=io.StringIO(of.text))
    made.offsets = of.offsets
    every = np.fromiter(made.hashes, np.int64, len(made.hashes))
    for passage in every[np.isin(_folded(every), ignored)].tolist():
        made.hashes.remove(passage)
        del made.hash_idx[passage]
    made.token_coverage = int(get_token_coverage(made.hash_idx, LENGTH, len(of.text)))
    return made


@dataclass(frozen=True)
class Alike:
    """What two fingerprints have in common. Places are positions in the text before filtering.

    Attributes:
        size: How much of the first, in filtered characters.
        shares: How much of each, from 0 to 1.
        slices: Of each, the passages in a row that stand in both: (start, end), by start.
        matches: Where the same passage stands in the first and in the second, shape (n, 2); of the first, the first place counts.
    """

    size: int
    shares: tuple[float, float]
    slices: tuple[list[tuple[int, int]], list[tuple[int, int]]]
    matches: npt.NDArray[np.int64]


def alike(one: CodeFingerprint, other: CodeFingerprint) -> Alike:
    """Compare two fingerprints."""
    size, (share, share_of_other), (slices, slices_of_other) = compare_files(one, other)
    if size == 0:
        return Alike(0, (0.0, 0.0), ([], []), np.empty((0, 2), np.int64))
    pairs = []
    for passage in one.hashes & other.hashes:
        first = min(one.hash_idx[passage])
        pairs += [(first, place) for place in other.hash_idx[passage]]
    places = np.array(sorted(pairs), np.int64)
    matches = np.stack([_before(one, places[:, 0]), _before(other, places[:, 1])], axis=1)
    rows = [[(start, end) for start, end in found.T.tolist()] for found in (slices, slices_of_other)]
    return Alike(int(size), (float(share), float(share_of_other)), (rows[0], rows[1]), matches)


def _before(of: CodeFingerprint, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return places in filtered text as places in the text before filtering, as copydetect does for its slices."""
    at = np.searchsorted(of.offsets[:, 0], places).clip(0, len(of.offsets) - 1)
    return np.asarray(places + of.offsets[at, 1], np.int64)


def _folded(hashes: npt.NDArray[np.int64]) -> Hashes:
    """Return hashes of 32 bits: half the memory, and by accident two texts share one passage in a hundred pairs."""
    bits = np.asarray(hashes, np.int64).view(np.uint64)
    return (bits ^ (bits >> np.uint64(32))).astype(np.uint32)
