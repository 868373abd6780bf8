"""Evidence lower bound of a VAE whose prior is a mixture."""

import math

import torch

from autograder.authoring import Case, check, inputs
from tests.public.mixtures import SIZES, mixture
from tests.public.networks import affine_decoder, gaussian_encoder
from tests.public.vae.known import LOG_P, WITHIN, by_hand
from tests.public.vae.prior import mixture_prior


@inputs("mixture_elbo", sizes=SIZES, scale=lambda draw: draw.size("D") + 10.0 * draw.size("M"))
def mixture_elbo(draw):
    """Binary images, networks with known weights, and a prior of overlapping components."""
    return {
        "x": draw.binary("B", "D"),
        "encoder": gaussian_encoder(draw),
        "decoder": affine_decoder(draw),
        "prior": mixture_prior(**mixture(draw)),
        "n_samples": draw.size("S"),
    }


@check("mixture_elbo", "golden")
def test_golden(student):
    """By hand: a decoder that ignores z and says ½ for the first of two pixels and ¾ for the second, which is white in half of the
    images, so that the mean of log p(x) is −1.5301; and q(z | x) = N(2, 1). Where both components of the prior are N(2, 1), there is no
    divergence. Where both are N(0, 1) it is ½ · 2² = 2. Where one is N(2, 1) and the other so far away that it says nothing of z, with
    the weights ¼ and ¾, it is log 4 = 1.3863.
    """
    two, far = torch.tensor([[2.0], [2.0]]).double(), torch.tensor([[2.0], [80.0]]).double()
    equal, unequal = torch.zeros(2).double(), torch.tensor([0.0, math.log(3.0)]).double()
    for logits, means, kl in ((equal, two, 0.0), (equal, 0 * two, 2.0), (unequal, far, math.log(4.0))):
        known = by_hand("elbo", 2.0).arguments
        prior = mixture_prior(logits, means, torch.zeros(2, 1, dtype=torch.float64))
        case = Case("mixture_elbo", {**known, "prior": prior}, seed=1)
        got, expected = float(student.value(case)), LOG_P - kl  # scatters by 0.014
        message = f"the bound is {got:.4f}, but should be {expected:.4f}"
        help_text = "log p(x | z) + log p(z) − log q(z | x) at draws of z, averaged over images and samples."
        student.require(abs(got - expected) < WITHIN, case, message, help=help_text, expected=f"{expected:.4f}")
