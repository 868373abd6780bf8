"""Records of code that looks alike, made by hand, with or without an attack in every string."""

from __future__ import annotations

from autograder.similarity_records import (
    GIVEN,
    OWN,
    ListedPiece,
    NotCompared,
    Pair,
    PairSources,
    Side,
    SimilarityRecord,
)

LINES = ("import torch", "", "def f(x):", "    y = x + 1", "    return y * 2", "# the end")


def pair(number: int = 1, attack: str = "") -> Pair:
    """A pair of somebody and somebody of last year."""
    left = Side(key=attack or "Anna_Berg-12", download="", name=attack or "Anna Berg", share=0.97, size=8216)
    right = Side(
        key=attack or "carl", download=attack or "2025", name=attack or "carl", share=0.005, size=300, is_cut=True
    )
    return Pair(page=f"pair-{number:03d}.html", left=left, right=right, alike=310)


def similarity(pairs: int = 3, attack: str = "") -> SimilarityRecord:
    """A list."""
    why = attack or "work.zip is a damaged zip file."
    return SimilarityRecord(
        title=attack or "Averages",
        compared=31,
        earlier=12,
        of_one_owner=2,
        given_statements=2367,
        shared_by=10,
        passages=1234,
        least=0.2,
        most=200,
        more=4,
        remarks=(attack or "Left out, not named as Moodle names submissions: x.txt.",),
        not_compared=(NotCompared(key=attack or "dora", download=attack, why=why),),
        pairs=tuple(pair(number, attack) for number in range(1, pairs + 1)),
    )


def sources(attack: str = "") -> PairSources:
    """Both sources of a pair: two files on the left, two cells on the right, of which one is not Python."""
    lines = (attack or "x = 0", *LINES)
    marks = (OWN, GIVEN, GIVEN, GIVEN, 1, 1, GIVEN)
    left = (
        ListedPiece(path=attack or "work.py", label="", lines=lines, marks=marks),
        ListedPiece(path="more.py", label="", lines=("a = 1", "b = 2"), marks=(2, OWN)),
    )
    right = (
        ListedPiece(
            path=attack or "lab.ipynb", label=attack or "cell 3", lines=lines, marks=(1, 1, OWN, GIVEN, 1, 1, 1)
        ),
        ListedPiece(path="lab.ipynb", label="cell 4", lines=(attack,), marks=(OWN,)),
    )
    return PairSources(pair=pair(attack=attack), left=left, right=right)
