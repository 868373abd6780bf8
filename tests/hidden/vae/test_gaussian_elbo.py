"""The bound with Gaussian pixels, asked about affine networks: its expectation is then known in closed form."""

import math

import numpy as np
import torch

from autograder.authoring import DTYPES, Case, Draw, Probe, Sizes, check, constant
from autograder.checking.statistics import share_of
from tests.hidden.vae.bound import (
    FEW,
    judge_divergence,
    judge_gradient,
    judge_mean,
    judge_reconstruction,
    judge_unbiased,
    revealing,
    without_kl,
)
from tests.hidden.vae.noise import judge_noise, slopes_of


@check("gaussian_elbo", "reconstruction")
def test_reconstruction(student):
    """Where q(z | x) is the prior and the decoder ignores z, the bound is log N(x; μ, σ_x²) with all its constants: summed over pixels,
    averaged over the batch, for one variance or one for each pixel.
    """
    help_text = "−½ (log 2π + log σ_x² + (x − μ)² / σ_x²), summed over pixels; log_var_x is log σ_x²."
    judge_reconstruction(student, "gaussian_elbo", help_text)


@check("gaussian_elbo", "divergence", after=["reconstruction"])
def test_divergence(student):
    """The KL divergence to the prior is subtracted, summed over latent dimensions, with its full weight."""
    judge_divergence(student, "gaussian_elbo")


@check("gaussian_elbo", "unbiased", after=["reconstruction"])
def test_unbiased(student):
    """With noise, the mean of many estimates is the exact bound."""
    help_text = "z is mean + exp(log_var / 2) · ε with ε ~ N(0, I), and the decoder is applied to z."
    judge_unbiased(student, "gaussian_elbo", help_text)


@check("gaussian_elbo", "noise", after=["reconstruction"])
def test_noise(student):
    """Every call, every example and every one of the `n_samples` draws has noise of its own."""
    slopes = slopes_of(student, revealing("gaussian_elbo", torch.float64, student.lot("any"), 64, 1), 1)
    if slopes is not None and np.median(np.abs(slopes)) < 1.0:  # a right one has thousands
        return  # the mean is squashed, and tells of next to no noise: other checks look at that
    judge_noise(student, "gaussian_elbo")


@check("gaussian_elbo", "gradient", after=["reconstruction"])
def test_gradient(student):
    """Gradients reach the encoder's mean and log_var, through the sample and through the KL, and the decoder; on average they are those
    of the exact bound.
    """
    judge_gradient(student, "gaussian_elbo")


@check("gaussian_elbo", "learned", after=["reconstruction"])
def test_learned(student):
    """`log_var_x` can be learnt, one for all pixels or one for each: its gradient is −½ + ½ (x − μ)² / σ_x², averaged over the batch."""
    for turn, dtype in enumerate((*DTYPES, *DTYPES)):
        case = without_kl(
            "gaussian_elbo", Sizes({"B": 9, "D": 5, "M": 2, "S": 3}), dtype, student.lot(f"learned {turn}")
        )
        log_var_x = Draw(dtype, student.lot(f"variance {turn}")).uniform(5, low=-0.9, high=0.9)
        case = case.but(log_var_x=log_var_x if turn < 2 else log_var_x[0])
        away = case.arguments["x"].double() - case.arguments["decoder"].spec["layers"][0]["bias"].double()
        each = (-0.5 + 0.5 * away**2 * torch.exp(-case.arguments["log_var_x"].double())).mean(0)
        expected = each if turn < 2 else each.sum()
        got = student.gradients(case, ["log_var_x"])["log_var_x"]
        student.close(
            case, got, expected, what="the gradient with respect to `log_var_x`", help="No .item() or detach."
        )


@check("gaussian_elbo", "extreme", after=["reconstruction"])
def test_extreme(student):
    """It stays finite and exact for hundreds of pixels, whose density is too small or too large a number, and for variances from e⁻¹³ to
    e⁶⁰.
    """
    rng = np.random.default_rng(student.lot("levels"))
    for dtype, low, high in (
        (DTYPES[0], -13.4, -12.6),
        (DTYPES[1], -13.4, -12.6),
        (DTYPES[student.lot() % 2], 55.0, 60.0),
    ):
        pixels, level = int(rng.integers(300, 350)), float(np.float32(rng.uniform(low, high)))
        draw = Draw(
            dtype, student.lot(f"extreme {dtype}")
        )  # F.gaussian_nll_loss keeps variances above 1e-6, which is more than e⁻¹⁴
        zeros = constant(torch.zeros(2, dtype=dtype), pixels)
        arguments = {
            "x": 3.0 * draw.normal(40, pixels).clamp(-2.0, 2.0) * math.exp(0.5 * level),
            "encoder": Probe({"layers": [], "heads": [[zeros], [zeros]]}),
            "decoder": Probe({"layers": [constant(torch.zeros(pixels, dtype=dtype), 2)]}),
            "log_var_x": level,
            "n_samples": 3,
        }
        case = Case("gaussian_elbo", arguments, seed=int(rng.integers(2**31)))
        student.value(case)
        help_text = "Stay in the log domain: no log of a product of densities, and log σ_x² is log_var_x itself."
        judge_mean(
            student,
            case,
            0.2,
            "for hundreds of pixels, or extreme variances, the mean of its results is wrong",
            help_text,
            share_of(3),
            FEW,
        )
