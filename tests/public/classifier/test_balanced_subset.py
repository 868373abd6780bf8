"""Random subset with equally many images of every digit."""

import torch

from autograder.authoring import Case, check, inputs
from tests.public.sizes import SIZES


@inputs("balanced_subset", sizes=SIZES)
def balanced_subset(draw):
    """Labels in no order: of every digit as many as are needed, and more of some."""
    needed = torch.arange(10).repeat(draw.size("S"))
    labels = torch.cat([needed, torch.minimum(draw.labels("N", 10), draw.labels("N", 10))])
    return {"labels": labels[draw.normal(len(labels)).argsort()], "per_class": draw.size("S")}


@check("balanced_subset", "golden")
def test_golden(student):
    """Where every digit occurs twice, two of each are all of the images, and one of each is one of the two."""
    labels = torch.tensor([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 8, 7, 0, 2, 8, 4, 6, 0, 9, 7])
    help_text = "The result holds indices into `labels`, `per_class` of each digit."
    everything = Case("balanced_subset", {"labels": labels, "per_class": 2}, seed=5)
    indices = student.value(everything).sort().values
    student.require(indices.tolist() == list(range(20)), everything, "these are not all images", help=help_text)
    half = everything.but(per_class=1)
    indices = student.value(half)
    inside = bool(((indices >= 0) & (indices < 20)).all())
    one_each = inside and labels[indices].sort().values.tolist() == list(range(10))
    student.require(one_each, half, "these are not ten images, one of each digit", help=help_text)
