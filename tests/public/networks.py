"""Encoders and decoders with known weights, whose exact answer is known."""

from __future__ import annotations

from torch import Tensor

from autograder.authoring import Draw, Probe, constant


def gaussian_encoder(draw: Draw, log_var: Tensor | None = None) -> Probe:
    """x ↦ (A x + a, C x + c): means and log-variances that depend on x, or a fixed log-variance."""
    spread = constant(log_var, draw.size("D")) if log_var is not None else draw.affine("M", "D", std=0.5)
    return Probe({"layers": [], "heads": [[draw.affine("M", "D")], [spread]]})


def affine_decoder(draw: Draw, std: float = 1.5) -> Probe:
    """z ↦ W z + b on the last axis: logits, or the mean of a Gaussian."""
    return Probe({"layers": [draw.affine("D", "M", std=std)]})


def vae(encoder: Probe, decoder: Probe) -> Probe:
    """A model with the methods `encode` and `decode`."""
    return Probe({"parts": {"encode": encoder.spec, "decode": decoder.spec}})
