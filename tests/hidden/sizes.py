"""Sizes that the hidden checks draw: every axis from 1 on, and beyond what the public checks show."""

from hypothesis import strategies as st

from autograder.authoring import Sizes, drawn_sizes

_LONG = (
    drawn_sizes(B=(513, 1100), D=(3, 5), M=(1, 3), S=(1, 4), N=(513, 1100), C=(2, 4)),
    drawn_sizes(B=(1, 4), D=(101, 330), M=(1, 3), S=(1, 4), N=(1, 9), C=(2, 4)),
    drawn_sizes(B=(1, 4), D=(24, 30), M=(11, 24), S=(1, 4), N=(1, 9), C=(11, 30)),
    drawn_sizes(B=(1, 4), D=(3, 4), M=(1, 3), S=(101, 700), N=(1, 9), C=(2, 4)),
)
"""One axis is long at a time: what works in blocks, or for as many as students see, is wrong there."""
CORNERS = [
    Sizes({"B": 5, "D": 1, "M": 1, "S": 3, "N": 6, "C": 3}),
    Sizes({"B": 1, "D": 4, "M": 3, "S": 2, "N": 1, "C": 5}),
    Sizes({"B": 4, "D": 3, "M": 2, "S": 1, "N": 5, "C": 2}),
    Sizes({"B": 4, "D": 4, "M": 4, "S": 4, "N": 4, "C": 4}),
    Sizes({"B": 3, "D": 27, "M": 17, "S": 2, "N": 5, "C": 19}),
    Sizes({"B": 2, "D": 403, "M": 3, "S": 5, "N": 7, "C": 3}),
    Sizes({"B": 777, "D": 3, "M": 2, "S": 4, "N": 777, "C": 3}),
    Sizes({"B": 3, "D": 4, "M": 2, "S": 333, "N": 6, "C": 3}),
]
"""One axis of length 1 at a time, all alike, and one long at a time: asked for in any case, since what Hypothesis draws may miss one."""
ELEMENTWISE = [
    *CORNERS,
    Sizes({"B": 2, "D": 1807, "M": 1807, "S": 1807, "N": 2, "C": 2}),
    Sizes({"B": 2503, "D": 2, "M": 2, "S": 2, "N": 2, "C": 2}),
]
"""For what costs little more where it is much longer."""
PAIRS = [
    *CORNERS,
    Sizes({"B": 2, "D": 2, "M": 1807, "S": 2, "N": 2, "C": 2}),
    Sizes({"B": 2, "D": 2, "M": 2, "S": 2503, "N": 2, "C": 2}),
]
"""As `ELEMENTWISE`, where every entry of one axis meets every entry of another: more numbers than a list may hold are not looked at."""
_SQUARE = st.integers(2, 7).map(lambda n: Sizes(dict.fromkeys("BDMSNC", n)))
"""Where all axes are equally long, nothing tells one from another."""
_FEW = drawn_sizes(B=(1, 37), D=(1, 14), M=(1, 6), S=(1, 11), N=(1, 37), C=(2, 12))
WIDE = st.one_of(_FEW, _FEW, _FEW, _FEW, _FEW, _SQUARE, *_LONG)
"""Any combination: fewer data points than dimensions, more latent than observed ones."""
IMAGES = [sizes for sizes in CORNERS if sizes["B"] < 300]
"""For whole images, which hold hundreds of numbers each: as lists, more than 300 of them are not looked at."""
WIDE_IMAGES = st.one_of(
    *[_FEW] * 5, _SQUARE, drawn_sizes(B=(101, 300), D=(3, 5), M=(1, 3), S=(1, 4), N=(1, 9), C=(2, 4))
)
"""As `WIDE`, for whole images."""
_NARROW = drawn_sizes(B=(1, 11), D=(1, 14), M=(1, lambda sizes: sizes["D"]), S=(1, 11), N=(1, 37), C=(2, 12))
NARROW = st.one_of(_NARROW, _NARROW, _NARROW, _NARROW, _NARROW, _SQUARE, *_LONG)
"""No more latent dimensions than observed ones."""
FIT = drawn_sizes(
    B=(1, 11), D=(2, 18), M=(1, lambda sizes: min(6, sizes["D"] - 1)), N=(lambda sizes: sizes["M"] + 6, 37), S=(1, 11)
)
"""Something is discarded, and σ² is not so small that EM takes thousands of steps; fewer points than dimensions are among them."""
FIT_FEW = drawn_sizes(B=(1, 11), D=(13, 18), M=(1, 3), N=(lambda sizes: sizes["M"] + 6, 12), S=(1, 11))
"""Fewer points than dimensions."""
FIT_MANY = drawn_sizes(B=(1, 11), D=(4, 9), M=(1, 2), N=(1100, 1400), S=(1, 11))
"""More points than anybody looks at one by one."""
