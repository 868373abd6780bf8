"""The evidence lower bound, asked about encoders and decoders whose exact answer is known."""

import math

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.checking import Case, CheckFailed, check
from autograder.checking.statistics import mean_test, mean_vector_test
from autograder.outcomes import FailureKind
from autograder.sandbox.inside.values import Probe
from tests.hidden import exact
from tests.hidden.gradients import require_gradients
from tests.public import cases

WEIGHTS = ["encoder.heads.0.0.weight", "encoder.heads.0.0.bias", "encoder.heads.1.0.bias", "decoder.trunk.0.weight"]


def without_noise(task: str, sizes: cases.Sizes, dtype: torch.dtype, seed: int) -> Case:
    """A call whose encoder has σ = e⁻³⁰: z is the mean, and one draw gives the ELBO exactly."""
    draw = cases.Draw(dtype, seed)
    log_var = torch.full((sizes["M"],), -60.0, dtype=dtype)
    arguments = {
        "x": draw.binary(sizes["B"], sizes["D"]),
        "encoder": cases.gaussian_encoder(draw, sizes, log_var),
        "decoder": cases.affine_decoder(draw, sizes),
        "n_samples": sizes["S"],
    }
    return Case(task, arguments, seed=seed % 2**31, scale=30.0 * sizes["M"] + sizes["D"])


def with_noise(n_samples: int, seed: int = 9, batch: int = 3) -> Case:
    """A call with σ around 1, in which the noise matters."""
    sizes = cases.Sizes({"B": batch, "D": 6, "M": 2, "S": n_samples})
    draw = cases.Draw(torch.float64, seed)
    arguments = {
        "x": draw.binary(batch, 6),
        "encoder": cases.gaussian_encoder(draw, sizes, torch.tensor([0.9, -1.2], dtype=torch.float64)),
        "decoder": cases.affine_decoder(draw, sizes, std=2.5),
        "n_samples": n_samples,
    }
    return Case("elbo", arguments, seed=seed)


def noiseless(task):
    """Calls without noise over sizes, dtypes and seeds."""
    return st.builds(
        without_noise,
        st.just(task),
        st.sampled_from(cases.SIZES),
        st.sampled_from(cases.DTYPES),
        st.integers(0, 2**31 - 1),
    )


@check("elbo", "value")
@given(case=noiseless("elbo"))
def test_elbo_value(student, oracle, case):
    """With an encoder that has no noise the ELBO is exact: log p(x | z) summed over pixels, minus the KL, averaged over the batch."""
    help_text = "The KL is subtracted from the ELBO; sum over pixels and latents, average over examples only."
    student.agrees(case, oracle.value(case), help=help_text)


@check("elbo", "unbiased", after=["value"])
def test_elbo_unbiased(student):
    """With noise, the mean of many estimates is the exact ELBO (found by Gauss-Hermite quadrature)."""
    case = with_noise(n_samples=2)
    expected = float(exact.bernoulli_elbo(case).mean())
    verdict = mean_test(student.draws(case), expected, tolerance=0.05 * max(1.0, abs(expected)))
    help_text = "z is mean + exp(log_var / 2) · ε with ε ~ N(0, I), and the decoder is applied to z."
    student.judge(verdict, case, "the estimates are biased", help=help_text)


@check("elbo", "noise", after=["value"])
def test_elbo_noise(student):
    """Every example has noise of its own, and `n_samples` draws are averaged: both make the estimate less noisy by the right factor."""
    one = with_noise(n_samples=1, batch=1)
    row = one.arguments["x"]
    for what, case, factor in (
        ("16 examples share their noise", one.but(x=row.expand(16, -1).clone()), 16),
        ("n_samples = 16 does not average 16 draws", one.but(n_samples=16), 16),
    ):
        variances = [float(np.var(student.draws(c)(0, 400))) for c in (one, case)]
        student.require(variances[0] > 0, one, "the estimate has no noise although the encoder has")
        # under a correct function the logarithm of this ratio is within ±0.2 of 0; log 3 is more than five times that
        ratio = variances[0] / max(variances[1], 1e-300) / factor
        message = f"{what}: the variance should fall by {factor}, but falls by {ratio * factor:.3g}"
        student.require(abs(math.log(ratio)) < math.log(3.0), case, message)


@check("elbo", "gradient")
@settings(max_examples=10)
@given(case=noiseless("elbo").filter(lambda case: case.dtype() == torch.float64))
def test_elbo_gradient(student, oracle, case):
    """Gradients reach the encoder through the sample (reparameterised) and through the KL, and reach the decoder."""
    help_text = "No detach, .data, .item() or no_grad between encoder, sample, decoder and result."
    require_gradients(student, oracle, case, WEIGHTS, help=help_text)


@check("elbo", "gradient_noise", after=["gradient"])
def test_elbo_gradient_noise(student):
    """With noise, the mean gradient with respect to log_var is the exact one: the noise is scaled by exp(log_var / 2) inside the graph."""
    case = with_noise(n_samples=64)
    shift = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    expected = torch.autograd.grad(exact.bernoulli_elbo(case, shift).mean(), shift)[0].numpy()

    def draw(start: int, n: int):
        name = "encoder.heads.1.0.bias"
        rows = []
        for index in range(start, start + n):
            gradient = student.ask(case, seed=1000 + index, gradients=[name]).gradients[name]
            if gradient is None:
                raise CheckFailed(FailureKind.VALUE, "no gradient reaches the encoder's log_var")
            rows.append(gradient.double().numpy())
        return np.stack(rows)

    verdict = mean_vector_test(draw, expected, tolerance=0.25, stages=(400, 800))
    student.judge(verdict, case, "the gradient with respect to the encoder's log_var is biased")


@check("elbo", "extreme")
@given(dtype=st.sampled_from(cases.DTYPES), size=st.sampled_from([100.0, 800.0]))
def test_elbo_extreme(student, oracle, dtype, size):
    """The ELBO stays finite and exact where the decoder is certain (logits of ±800) and the posterior is as narrow as e⁻¹¹⁰."""
    sizes = cases.Sizes({"B": 3, "D": 4, "M": 2, "S": 2})
    case = without_noise("elbo", sizes, dtype, 1)
    logits = torch.tensor([size, -size, size, -size], dtype=dtype)
    narrow = torch.full((2,), -110.0, dtype=dtype)
    encoder = cases.gaussian_encoder(cases.Draw(dtype, 2), sizes, narrow)
    certain = Probe({"layers": [cases.constant(logits, 2)]})
    case = case.but(decoder=certain, encoder=encoder)
    student.agrees(case, oracle.value(case), help="Compute log p(x | z) from logits, and the KL from log_var itself.")


@check("vae_loss", "value")
@given(case=noiseless("vae_loss"))
def test_loss_value(student, oracle, case):
    """The loss is the negative ELBO: it falls when the ELBO rises."""
    student.agrees(case, oracle.value(case), help="loss = −elbo, with the same scaling.")


@check("vae_loss", "gradient")
@settings(max_examples=5)
@given(case=noiseless("vae_loss").filter(lambda case: case.dtype() == torch.float64))
def test_loss_gradient(student, oracle, case):
    """The loss can be minimised: its gradients reach encoder and decoder."""
    require_gradients(student, oracle, case, WEIGHTS)
