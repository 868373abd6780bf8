"""What the bound and the loss are both asked by hand: a call whose answer a student can work out."""

import math

import torch

from autograder.authoring import Case, Probe, constant

WITHIN = 0.1
"""Nats. A bound with the closed form of the KL divergence is exact here; one that samples log p(z) or log q(z | x) scatters by 0.014."""


def by_hand(task: str, mean: float, dtype: torch.dtype = torch.float64) -> Case:
    """A call in which q(z | x) = N(`mean`, 1) for every image, and p(white) is ½ for the first pixel and ¾ for the second, for every z.

    Of every four images two are (1, 1), one is (1, 0) and one is (0, 0).
    """
    zero = torch.zeros(1, dtype=dtype)
    logits = torch.tensor([0.0, math.log(3.0)], dtype=dtype)
    images = torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]], dtype=dtype)
    arguments = {
        "x": images.repeat(50, 1),
        "encoder": Probe({"layers": [], "heads": [[constant(zero + mean, 2)], [constant(zero, 2)]]}),
        "decoder": Probe({"layers": [constant(logits, 1)]}),
        "n_samples": 100,
    }
    return Case(task, arguments, seed=1)


LOG_P = math.log(1 / 2) + (math.log(3 / 4) + math.log(1 / 4)) / 2
"""The mean of log p(x): half of the second pixels are white."""


def require_by_hand(student, task: str, sign: float, help_text: str) -> None:
    """Require the bound (`sign` = 1) or the loss (−1) of two calls: without a KL divergence, and with one of 2 nats."""
    for mean, kl in ((0.0, 0.0), (2.0, 2.0)):
        case, expected = by_hand(task, mean), sign * (LOG_P - kl)
        got = float(student.value(case))
        message = f"with q(z | x) = N({mean:g}, 1) the result is {got:.4f}, but should be {expected:.4f}"
        student.require(abs(got - expected) < WITHIN, case, message, help=help_text, expected=f"{expected:.4f}")
