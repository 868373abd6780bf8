"""Sizes that the hidden checks of two-level models draw: every axis from 1 on, either level the larger one, and long axes."""

from hypothesis import strategies as st

from autograder.authoring import Sizes, drawn_sizes

_FEW = drawn_sizes(B=(1, 23), D=(1, 14), M1=(1, 6), M2=(1, 6), S=(1, 7))
WIDE = st.one_of(
    _FEW,
    _FEW,
    _FEW,
    _FEW,
    st.integers(2, 7).map(lambda n: Sizes(dict.fromkeys(("B", "D", "M1", "M2", "S"), n))),
    drawn_sizes(B=(513, 1100), D=(3, 5), M1=(1, 3), M2=(1, 3), S=(1, 4)),
    drawn_sizes(B=(1, 4), D=(101, 330), M1=(1, 3), M2=(1, 3), S=(1, 4)),
    drawn_sizes(B=(1, 4), D=(2, 4), M1=(11, 24), M2=(11, 24), S=(1, 4)),
)
CORNERS = [
    Sizes({"B": 5, "D": 1, "M1": 2, "M2": 3, "S": 2}),
    Sizes({"B": 1, "D": 4, "M1": 3, "M2": 2, "S": 3}),
    Sizes({"B": 4, "D": 3, "M1": 1, "M2": 2, "S": 2}),
    Sizes({"B": 4, "D": 3, "M1": 2, "M2": 1, "S": 1}),
    Sizes({"B": 4, "D": 4, "M1": 4, "M2": 4, "S": 4}),
    Sizes({"B": 3, "D": 5, "M1": 17, "M2": 19, "S": 2}),
    Sizes({"B": 2, "D": 403, "M1": 2, "M2": 3, "S": 2}),
    Sizes({"B": 777, "D": 3, "M1": 2, "M2": 4, "S": 2}),
]
"""One axis of length 1 at a time, all alike, and one long at a time: asked for in any case."""
