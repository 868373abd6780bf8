"""Sizes that the hidden checks of tasks about a mixture draw: those of all others, with any number K of components."""

from hypothesis import strategies as st

from tests.hidden import sizes

WIDE = st.builds(lambda others, k: others.but(K=k), sizes.WIDE, st.integers(1, 11))
CORNERS = [others.but(K=k) for others, k in zip(sizes.CORNERS, (4, 3, 5, 4, 1, 2, 3, 6), strict=True)]
CORNERS.append(sizes.CORNERS[0].but(M=2, K=257))
"""K is 1, is as long as another axis, or is long, besides what the others are."""
