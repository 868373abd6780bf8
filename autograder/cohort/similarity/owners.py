"""Whose a submission is: what one student or one group handed in twice is no pair. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from autograder.cohort.platforms import moodle
from autograder.records import About


class Owners:
    """Who handed in what, so that two submissions of one owner are known.

    Within a download two entries are two people unless they have a number, a login or an address in common: names are no proof. Across
    downloads the same name is one person, unless both are known by a number, a login or an address of the same sort, and these differ.
    """

    def __init__(self, handed_in: Sequence[tuple[int, About]]) -> None:
        """`handed_in` are (which download, who) of every submission."""
        self._downloads = [download for download, _ in handed_in]
        self._known = [_known(download, about) for download, about in handed_in]
        self._names = [_names(about) for _, about in handed_in]
        self._by_mark: dict[tuple[str, str], list[int]] = {}
        for place, (known, names) in enumerate(zip(self._known, self._names, strict=True)):
            for mark in known | {("name", name) for name in names}:
                self._by_mark.setdefault(mark, []).append(place)

    def of_the_same(self, place: int) -> list[int]:
        """Return the other submissions of whoever handed in this one."""
        marks = self._known[place] | {("name", name) for name in self._names[place]}
        near = {other for mark in marks for other in self._by_mark[mark] if other != place}
        return sorted(other for other in near if self._same(place, other))

    def _same(self, one: int, other: int) -> bool:
        if self._known[one] & self._known[other]:
            return True
        sorts = {sort for sort, _ in self._known[one]} & {sort for sort, _ in self._known[other]}
        return self._downloads[one] != self._downloads[other] and not sorts


def _known(download: int, about: About) -> frozenset[tuple[str, str]]:
    """By what a person can be told from all others: (sort, value). Moodle counts its participants anew in every assignment."""
    number = f"number of download {download}" if about.platform == moodle.NAME else f"number {about.platform}"
    found = {(number, about.id)}
    for one in about.members:
        found |= {(number, one.id), ("login", one.login), ("email", one.email)}
    return frozenset((sort, value.strip().casefold()) for sort, value in found if value.strip())


def _names(about: About) -> frozenset[str]:
    names = [about.name, *(one.name for one in about.members)]
    return frozenset(filter(None, (unicodedata.normalize("NFC", name).strip().casefold() for name in names)))
