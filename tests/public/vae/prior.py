"""A mixture of Gaussians as a prior: an object with the method `log_prob`, and weights that are known."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from autograder.authoring import Probe


def mixture_prior(logits: Tensor, means: Tensor, log_vars: Tensor) -> Probe:
    """log Σ_k π_k N(z; m_k, diag σ_k²): the standardised z for every component, squared and summed, and the log of a sum."""
    components, latents = means.shape
    precision = torch.exp(-0.5 * log_vars)
    standardise = (precision[:, :, None] * torch.eye(latents, dtype=means.dtype)).flatten(0, 1)
    add_up = -0.5 * torch.eye(components, dtype=means.dtype).repeat_interleave(latents, dim=1)
    constants = torch.log_softmax(logits, 0) - 0.5 * (log_vars + math.log(2 * math.pi)).sum(-1)
    layers = [
        {"op": "affine", "weight": standardise, "bias": -(precision * means).flatten()},
        {"op": "square"},
        {"op": "affine", "weight": add_up, "bias": constants},
        {"op": "logsumexp"},
    ]
    return Probe({"parts": {"log_prob": {"layers": layers}}})
