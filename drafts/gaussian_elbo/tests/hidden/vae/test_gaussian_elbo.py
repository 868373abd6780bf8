"""The bound with Gaussian pixels, asked about affine networks: its expectation is then known in closed form."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, Probe, Sizes, check, constant
from tests.hidden.vae.bound import (
    judge_divergence,
    judge_gradient,
    judge_mean,
    judge_reconstruction,
    judge_unbiased,
    without_kl,
)
from tests.hidden.vae.noise import judge_noise


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
@settings(max_examples=6)
@given(
    dtype=st.sampled_from(DTYPES),
    level=st.sampled_from([-13.0, -8.0, 8.0, 60.0]),
    seed=st.integers(0, 2**31 - 1),
    pixels=st.integers(700, 800),
)
def test_extreme(student, dtype, level, seed, pixels):
    """It stays finite and exact for hundreds of pixels, whose density is too small a number, and for variances from e⁻¹³ to e⁶⁰."""
    draw = Draw(dtype, seed)  # F.gaussian_nll_loss keeps variances above 1e-6, which is more than e⁻¹⁴
    zeros = constant(torch.zeros(2, dtype=dtype), pixels)
    arguments = {
        "x": 3.0 * draw.normal(40, pixels).clamp(-2.0, 2.0) * torch.exp(torch.tensor(0.5 * level, dtype=dtype)),
        "encoder": Probe({"layers": [], "heads": [[zeros], [zeros]]}),
        "decoder": Probe({"layers": [constant(torch.zeros(pixels, dtype=dtype), 2)]}),
        "log_var_x": level,
        "n_samples": 3,
    }
    case = Case("gaussian_elbo", arguments, seed=seed % 2**31, scale=pixels * abs(level))
    help_text = "Stay in the log domain: no log of a product of densities, and log σ_x² is log_var_x itself."
    student.value(case)
    judge_mean(student, case, 0.2, "it is lost in many pixels or extreme variances", help_text, 1e-7, (32,))
