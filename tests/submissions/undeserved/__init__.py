"""Wrong work that must lose points and need not be known by name: whole submissions for one task each, by the pattern that hid it.

`python -m tests.submissions.undeserved` grades all of it and prints what each piece earns.
"""

from __future__ import annotations

from . import dtypes, loops, noise, ranges, samples, sizes, special, state, twins, undecided, unseen
from .piece import Piece

PIECES: dict[str, tuple[Piece, ...]] = {
    module.__name__.rpartition(".")[2]: module.PIECES
    for module in (sizes, dtypes, noise, samples, undecided, twins, loops, state, ranges, special, unseen)
}
"""Pattern -> pieces, in the order of the issue."""

__all__ = ["PIECES", "Piece"]
