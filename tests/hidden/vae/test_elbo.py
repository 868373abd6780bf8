"""The evidence lower bound, asked about encoders and decoders whose exact answer is known."""

import numpy as np

from autograder.authoring import DTYPES, Sizes, check
from autograder.checking.statistics import share_of, variance_at_most_test
from tests.hidden import exact
from tests.hidden.vae.bound import (
    FEW,
    NOISE_CLEAR,
    NOISE_ROOM,
    NOISE_STAGES,
    gradient_draws,
    judge_gradient,
    judge_mean,
    judge_reconstruction,
    with_kl_only,
    with_linear_decoder,
    with_noise,
    without_kl,
)


@check("elbo", "reconstruction")
def test_reconstruction(student):
    """Where q(z | x) is the prior and the decoder ignores z, the ELBO is log p(x): summed over pixels, averaged over
    the batch.
    """
    judge_reconstruction(student, "elbo", "Sum the log-probabilities over pixels; average over examples only.")


@check("elbo", "divergence", after=["reconstruction"])
def test_divergence(student):
    """The KL divergence to the prior is subtracted, summed over latent dimensions, with its full weight."""
    case = with_kl_only("elbo")
    help_text = "ELBO = reconstruction − KL, with KL = ½ Σ (σ² + μ² − 1 − log σ²) summed over the latent dimensions."
    judge_mean(student, case, 0.1, "the KL term is wrong", help_text)


@check("elbo", "unbiased", after=["reconstruction"])
def test_unbiased(student):
    """With noise, the mean of many estimates is the exact ELBO (found by Gauss-Hermite quadrature)."""
    help_text = "z is mean + exp(log_var / 2) · ε with ε ~ N(0, I), and the decoder is applied to z."
    judge_mean(student, with_noise("elbo", n_samples=3, batch=250), 0.25, "the estimates are biased", help_text)


@check("elbo", "noise", after=["reconstruction"])
def test_noise(student):
    """Every call, every example and every one of the `n_samples` draws has noise of its own, so that averages over examples and
    samples are as exact as they should be.
    """
    one = with_noise("elbo", n_samples=1, batch=1)
    term, _ = exact.noisiest_form(one)
    row = one.arguments["x"]
    for what, B, S in (
        ("256 examples share their noise", 256, 1),
        ("64 samples of one example are not 64 draws", 4, 64),
    ):
        case = one.but(x=row.expand(B, -1).clone(), n_samples=S)
        draw = student.draws(case)
        verdict = variance_at_most_test(
            draw, NOISE_ROOM * term / (B * S), clear=NOISE_CLEAR, false_fail=share_of(3), stages=NOISE_STAGES
        )
        student.judge(verdict, case, what, help="One ε for every sample and example: shape (n_samples, B, M).")
    # of 32 numbers with standard deviation s > 1, two are within d of each other with probability 32²/2 · d / (s √π) < 1e-8
    closest = float(np.diff(np.sort(student.draws(one)(0, 32))).min())
    student.require(closest > 1e-11, one, "calls repeat the noise of earlier calls")


@check("elbo", "gradient", after=["reconstruction"])
def test_gradient(student):
    """Gradients reach the encoder's mean and log_var, through the sample and through the KL, and the decoder; on
    average they are the gradients of the exact ELBO.
    """
    judge_gradient(student, with_noise("elbo", n_samples=3, batch=250))


@check("elbo", "reparameterised", after=["gradient"])
def test_reparameterised(student):
    """The encoder's gradient comes through the sample, z = μ + σ ⊙ ε: a score-function (REINFORCE) estimate is right on average,
    but more than 60 times as noisy.
    """
    case = with_linear_decoder("elbo")
    _, term = exact.noisiest_form(case)
    terms = case.arguments["x"].shape[0] * case.arguments["n_samples"]
    verdict = variance_at_most_test(
        gradient_draws(student, case, {"encoder.heads.0.0.bias": "mean"}),
        NOISE_ROOM * term.numpy() / terms,
        clear=NOISE_CLEAR,
        stages=NOISE_STAGES,
    )
    help_text = "Differentiate through z itself: no log q(z | x) times a detached value."
    student.judge(verdict, case, "the gradient with respect to the encoder's mean is too noisy", help=help_text)


@check("elbo", "extreme", after=["reconstruction"])
def test_extreme(student):
    """The ELBO stays finite and exact where the decoder is certain (logits of ±800)."""
    for dtype in DTYPES:
        case = without_kl("elbo", Sizes({"B": 40, "D": 4, "M": 2, "S": 3}), dtype, 1, size=800.0)
        student.value(case)
        help_text = "Compute log p(x | z) from logits: no log of a sigmoid."
        judge_mean(student, case, 0.5, "logits of ±800 are too much for it", help_text, share_of(2), FEW)
