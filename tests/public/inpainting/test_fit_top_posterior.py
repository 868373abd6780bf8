"""Stochastic variational inference for the upper half of an image."""

import torch
from hypothesis import given, settings

from autograder.authoring import Case, Probe, check, inputs
from tests.public.inpainting.test_log_likelihood_top import PIXELS, UPPER
from tests.public.sizes import SIZES


@inputs("fit_top_posterior", sizes=SIZES)
def fit_top_posterior(draw):
    """Binary pixels, a decoder whose logits are affine in z, and a few steps."""
    return {
        "x_top": draw.binary(UPPER),
        "decoder": Probe({"layers": [draw.affine(PIXELS, "M", std=0.3, bias=1.0)]}),
        "latent_dim": draw.size("M"),
        "steps": 3,
        "learning_rate": 0.05,
        "n_samples": draw.size("S"),
        "seed": draw.size("B"),
    }


@check("fit_top_posterior", "contract")
@settings(max_examples=6)
@given(case=fit_top_posterior.drawn())
def test_contract(student, case):
    """`fit_top_posterior` exists, takes the documented arguments, and returns finite means and log-variances, one for each latent, of
    the documented dtype and without changing image and decoder.
    """
    student.value(case, form=True)
    student.in_any_manner(case, [])


@check("fit_top_posterior", "golden")
def test_golden(student):
    """Two latents, each of which the decoder shows in 196 pixels of its own: the logits of the first are 0.3 z₁, and 133 of
    them are white; of the second −0.2 z₂, and 120. So p(z | x_top) has its mode where 0.3 (133 − 196 sigmoid(0.3 z₁)) = z₁, which
    is z₁ = 1.99, and −0.2 (120 − 196 sigmoid(−0.2 z₂)) = z₂, which is z₂ = −1.49. It is all but Gaussian, with the variances
    0.20 = e^{−1.62} and 0.34 = e^{−1.07}.
    """
    one = torch.ones(UPPER // 2, dtype=torch.float64)
    weight = torch.zeros(PIXELS, 2, dtype=torch.float64)
    weight[:, 0] = torch.cat([0.3 * one, 0 * one, -3.0 * one, -3.0 * one])  # what the lower half would say is not asked
    weight[:, 1] = torch.cat([0 * one, -0.2 * one, -3.0 * one, -3.0 * one])
    layer = {"op": "affine", "weight": weight, "bias": torch.zeros(PIXELS, dtype=torch.float64)}
    x_top = torch.cat([one[:133], 0 * one[133:], one[:120], 0 * one[120:]])
    settings = {"latent_dim": 2, "steps": 120, "learning_rate": 0.05, "n_samples": 50, "seed": 3}
    case = Case("fit_top_posterior", {"x_top": x_top, "decoder": Probe({"layers": [layer]}), **settings})
    mean, log_var = student.value(case)
    student.sees(case, "the mean", mean, within=0.12)
    student.sees(case, "the log-variance", log_var, within=0.12)
    # the noise of right answers is less than half of what is allowed
    for what, found, wanted, allowed in (
        ("mean", mean, (1.99, -1.49), 0.4),
        ("log-variance", log_var, (-1.62, -1.07), 0.5),
    ):
        off = max(abs(float(f) - w) for f, w in zip(found, wanted, strict=True))
        message = f"a {what} is {off:.2g} away from that of the posterior"
        help_text = "Climb the bound (descend its negative), by mean and log-variance, with fresh noise in every step."
        student.require(off < allowed, case, message, help=help_text)
