"""Evidence lower bound of a model on a data set."""

import torch

from autograder.authoring import Case, check, inputs
from tests.public.networks import affine_decoder, gaussian_encoder, vae
from tests.public.sizes import SIZES
from tests.public.vae.known import LOG_P, WITHIN, by_hand


@inputs("evaluate_elbo", sizes=SIZES, scale="D", dtypes=[torch.float32])  # models of students have float32 weights
def evaluate_elbo(draw):
    """Binary images, and a model with known weights."""
    model = vae(gaussian_encoder(draw), affine_decoder(draw))
    return {"images": draw.binary("N", "D"), "model": model, "n_samples": draw.size("S")}


@check("evaluate_elbo", "golden")
def test_golden(student):
    """By hand: a model that ignores z and says ½ for the first of two pixels and ¾ for the second, which is white in half of the 200
    images. If q(z | x) is the prior, the bound is log ½ + ½ (log ¾ + log ¼) = −1.5301; if q is N(2, 1) it is 2 less, since
    KL = ½ · 2².
    """
    for mean, kl in ((0.0, 0.0), (2.0, 2.0)):
        by = by_hand("elbo", mean, torch.float32).arguments
        model = vae(by["encoder"], by["decoder"])
        case = Case("evaluate_elbo", {"images": by["x"], "model": model, "n_samples": by["n_samples"]}, seed=1)
        got, expected = float(student.value(case)), LOG_P - kl
        message = f"with q(z | x) = N({mean:g}, 1) the result is {got:.4f}, but should be {expected:.4f}"
        help_text = "Sum over pixels, average over all images and samples; then subtract the KL."
        student.require(abs(got - expected) < WITHIN, case, message, help=help_text, expected=f"{expected:.4f}")
