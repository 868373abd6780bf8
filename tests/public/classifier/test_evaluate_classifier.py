"""Loss and accuracy of a classifier on a data set."""

import torch

from autograder.authoring import Probe, inputs
from tests.public.sizes import SIZES


@inputs(
    "evaluate_classifier", sizes=SIZES, dtypes=[torch.float32], scale="D"
)  # models of students have float32 weights
def evaluate_classifier(draw):
    """A linear classifier with known weights, images, and a batch size that does not divide their number."""
    layers = [{"op": "flatten"}, draw.affine("C", 784, std=6.0)]
    return {
        "model": Probe({"layers": layers}),
        "images": draw.uniform("N", 1, 28, 28, low=0.0, high=1.0),
        "labels": draw.labels("N", "C"),
        "batch_size": draw.size("S"),
    }
