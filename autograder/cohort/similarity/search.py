"""One search: a class and, if there are any, earlier ones go in; a list of pairs comes out, and both sources of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from autograder.assignment.loading import Assignment
from autograder.cohort.similarity.given import given_to_students
from autograder.cohort.similarity.index import MOST_SUBMISSIONS, best_pairs, shared_by
from autograder.cohort.similarity.listing import listed
from autograder.cohort.similarity.owners import Owners
from autograder.cohort.similarity.prints import Alike, Hashes, Print, alike, fingerprint, passages_of, print_of
from autograder.cohort.similarity.reading import OneOfAll, read_classes
from autograder.cohort.similarity.remaining import Given, Remaining, remaining
from autograder.errors import SubmissionRejected, UsageError
from autograder.similarity_records import NotCompared, Pair, PairSources, Side, SimilarityRecord

LEAST_SIZE = 300
"""Of less filtered code, ten lines or so, nothing can be said."""
LEAST_ALIKE = 200
"""As much filtered code two submissions must have in common, however short they are: where functions in another order meet, there are
always some passages that few have."""
COMMON_FROM, COMMON_SHARE = 10, 0.1
"""A passage counts if at most so many, or at most this share of all submissions, have it: what more have is from a source of all."""


@dataclass(frozen=True)
class Handed:
    """A submission that is compared: where it comes from, what remains of it, and its fingerprint."""

    source: OneOfAll
    remaining: Remaining
    print: Print


@dataclass
class Search:
    """A search for code that looks alike.

    Attributes:
        submissions: What a platform handed out, or a folder.
        assignment: What students were given, beside `given`.
        workspace: A folder for what is unpacked.
        also: Earlier classes; two submissions of these are no pair.
        given: Further files that students were given.
        least: The smallest mean share of a pair that is listed.
        most: As many pairs are listed.
        tell: Told (done, of how many, what), again and again.
    """

    submissions: Path
    assignment: Assignment
    workspace: Path
    also: Sequence[Path] = ()
    given: Sequence[Path] = ()
    least: float = 0.2
    most: int = 200
    tell: Callable[[int, int, str], None] = lambda done, of, what: None
    _handed: list[Handed] = field(default_factory=list)
    _not_compared: list[NotCompared] = field(default_factory=list)
    _remarks: tuple[str, ...] = ()
    _alike: list[tuple[int, int, Alike]] = field(default_factory=list)

    def run(self) -> SimilarityRecord:
        """Read everything, compare it, and return the list.

        Raises:
            UsageError: A download, the assignment or a file that was given is unusable.
        """
        given = given_to_students(self.assignment, self.given)
        self._read(given)
        owners = Owners([(one.source.download, one.source.entry.about) for one in self._handed])
        same = [owners.of_the_same(place) for place in range(len(self._handed))]
        ignored = passages_of(_own_lines(text) for text in given.texts)
        passages = [one.print.passages() for one in self._handed]
        limit = max(COMMON_FROM, int(COMMON_SHARE * len(passages)))
        shared = shared_by(limit, passages, ignored, lambda done, of: self.tell(done, of, "parts of the index"))
        # by passages first; what copydetect says of a pair differs a little, because passages overlap
        near = best_pairs(shared, self._may_pair(same, shared.sizes), 0.8 * self.least, 2 * self.most)
        found = self._compared(near, np.union1d(ignored, shared.common))
        self._alike = found[: self.most]
        return SimilarityRecord(
            title=self.assignment.rubric.title,
            compared=sum(not one.source.download for one in self._handed),
            earlier=sum(one.source.download > 0 for one in self._handed),
            of_one_owner=sum(map(len, same)) // 2,
            given_statements=len(given.statements),
            shared_by=limit,
            passages=len(shared.common),
            least=self.least,
            most=self.most,
            more=len(found) - len(self._alike),
            remarks=self._remarks,
            not_compared=tuple(self._not_compared),
            pairs=tuple(self._pair(number, *one) for number, one in enumerate(self._alike, start=1)),
        )

    def sources(self) -> Iterator[PairSources]:
        """Yield both sources of every pair that `run` has listed, in its order."""
        for number, (one, other, found) in enumerate(self._alike, start=1):
            left, right = listed(self._handed[one].remaining, self._handed[other].remaining, found)
            yield PairSources(pair=self._pair(number, one, other, found), left=left, right=right)

    # ------------------------------------------------------------------------------------------------------- reading

    def _read(self, given: Given) -> None:
        every, self._remarks = read_classes(self.submissions, self.also, self.workspace)
        if len(every) > MOST_SUBMISSIONS:
            raise UsageError(
                f"These are {len(every):,} submissions; {MOST_SUBMISSIONS:,} can be compared at once. Leave out some of --also."
            )
        for done, one in enumerate(every, start=1):
            try:
                rest = remaining(one.sources(), given)
                made = print_of(rest.text)
                why = "" if len(made.text) >= LEAST_SIZE else "Too little remains of it to be compared."
            except SubmissionRejected as error:
                why = str(error)
            if why:
                self._not_compared.append(NotCompared(key=one.entry.key, download=one.label, why=why))
            else:
                self._handed.append(Handed(one, rest, made))
            self.tell(done, len(every), one.entry.key)

    # ----------------------------------------------------------------------------------------------------- comparing

    def _may_pair(
        self, same: Sequence[list[int]], sizes: npt.NDArray[np.int64]
    ) -> Callable[[int], npt.NDArray[np.bool_]]:
        present = np.array([one.source.download == 0 for one in self._handed], np.bool_)

        def may_pair(place: int) -> npt.NDArray[np.bool_]:
            others = np.ones(len(present), np.bool_) if present[place] else present.copy()
            others[same[place]] = False
            return others & (sizes >= LEAST_SIZE)

        return may_pair

    def _compared(self, near: list[tuple[int, int]], ignored: Hashes) -> list[tuple[int, int, Alike]]:
        """Let copydetect compare pairs; return those that are to be listed, the largest mean share first."""
        made = lru_cache(maxsize=64)(lambda place: fingerprint(self._handed[place].print, ignored))
        found = []
        for done, (one, other) in enumerate(sorted(near), start=1):  # pairs of the same left one come together
            result = alike(made(one), made(other))
            if result.size >= LEAST_ALIKE and sum(result.shares) / 2 >= self.least:
                found.append((one, other, result))
            self.tell(done, len(near), "pairs compared")
        return sorted(found, key=lambda pair: (-sum(pair[2].shares), pair[:2]))

    # ------------------------------------------------------------------------------------------------------- results

    def _pair(self, number: int, one: int, other: int, found: Alike) -> Pair:
        left, right = (self._side(place, share) for place, share in zip((one, other), found.shares, strict=True))
        return Pair(page=f"pair-{number:03d}.html", left=left, right=right, alike=found.size)

    def _side(self, place: int, share: float) -> Side:
        one = self._handed[place]
        entry = one.source.entry
        return Side(
            key=entry.key,
            download=one.source.label,
            name=entry.about.name or entry.key,
            share=round(share, 4),
            size=len(one.print.text),
            is_cut=one.remaining.is_cut,
        )


def _own_lines(text: str) -> str:
    """Return a text that was given as those of students are compared."""
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))
