"""A model that needs no training: the closed form of probabilistic PCA, for courses whose students hand in no trained model."""

import torch
from torch import Tensor

from autograder.authoring import Probe, constant

LATENTS, FEW = 10, 2000


def encoder(images: Tensor) -> Probe:
    """Return q(z | x) of probabilistic PCA fitted to some images (N, 1, height, width), as a network (mean, log-variance).

    Tipping and Bishop, 1999: W = U (Λ − σ²I)^½, M = WᵀW + σ²I, and z | x ~ N(M⁻¹Wᵀ(x − μ), σ²M⁻¹), whose covariance is diagonal here.
    """
    x = images[:FEW].flatten(1).double()
    centre = x.mean(dim=0)
    values, vectors = torch.linalg.eigh((x - centre).T @ (x - centre) / len(x))  # in ascending order
    noise = values[:-LATENTS].clamp(min=0).mean()
    kept = values[-LATENTS:]
    weight = (vectors[:, -LATENTS:] * (kept - noise).sqrt() / kept).T  # M⁻¹Wᵀ: M is Λ
    affine = {"op": "affine", "weight": weight.float(), "bias": (-weight @ centre).float()}
    return Probe({"layers": [], "heads": [[affine], [constant((noise / kept).log().float(), x.shape[1])]]})
