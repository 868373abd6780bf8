"""Networks of two levels with known weights, and sizes of their axes: M1 latents below, M2 above."""

from __future__ import annotations

from typing import Any

from autograder.authoring import Draw, Probe, Sizes

SIZES = [
    Sizes({"B": b, "D": d, "M1": m1, "M2": m2, "S": s})
    for b, d, m1, m2, s in (
        (1, 2, 3, 1, 4),
        (2, 3, 1, 4, 5),
        (3, 5, 4, 2, 6),
        (5, 4, 2, 3, 7),
        (4, 7, 5, 3, 2),
        (7, 9, 4, 6, 3),
    )
]


def gaussian(draw: Draw, outputs: str, inputs: str) -> Probe:
    """Means and log-variances that depend on what comes in."""
    return Probe({"layers": [], "heads": [[draw.affine(outputs, inputs)], [draw.affine(outputs, inputs, std=0.5)]]})


def two_levels(draw: Draw) -> dict[str, Any]:
    """Every network of the model, by its name among the arguments."""
    return {
        "q1": gaussian(draw, "M1", "D"),
        "q2": gaussian(draw, "M2", "M1"),
        "p1": gaussian(draw, "M1", "M2"),
        "decoder": Probe({"layers": [draw.affine("D", "M1", std=1.5)]}),
    }
