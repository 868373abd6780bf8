"""What candidates of several topics are made of."""

from torch import Tensor

LOOP = "A Python loop goes over the examples of the batch; operations on whole tensors do all of them at once."
"""The sentence for right numbers that are computed example by example."""


def rows(batch: Tensor) -> list[Tensor]:
    """The examples of a batch, each as a batch of one."""
    return [batch[i : i + 1] for i in range(len(batch))]
