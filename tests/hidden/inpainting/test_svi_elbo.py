"""The bound of one upper half, asked about decoders whose exact answer is known."""

from collections.abc import Callable

import numpy as np
import torch

from autograder.authoring import DTYPES, CheckFailed, FailureKind, check
from autograder.checking import compare
from autograder.checking.statistics import FALSE_FAIL, combine, mean_test, mean_vector_test, share_of, spread_test
from tests.hidden import exact
from tests.hidden.inpainting import bound
from tests.hidden.inpainting.noise import judge_noise
from tests.hidden.networks import with_other_networks
from tests.public.inpainting.test_log_likelihood_top import UPPER

STAGES = (64, 128, 256, 1024)
FEW = (32, 256)
"""Where the result has next to no noise."""
AT_ONCE = 128
"""Calls in one question: a loop over the draws of z must not run out of time."""
SKEWNESS = 0.3
"""Of one call's result, a mean over 100 draws: a draw is nearly quadratic in Gaussian noise, which bounds its skewness by 2√2."""
UNBIASED_WITHIN, DIVERGENCE_WITHIN, RECONSTRUCTION_WITHIN = 0.3, 0.25, 1.0
"""Nats."""
GRADIENT_WITHIN = 0.4
"""Of every entry of the gradient by mean and log-variance; of 1 for those by a logit."""
NOISE = 0.15
"""Standard error after all draws, in units of the tolerance: that of right answers is less than half of it."""
NOISE_ROOM = 2.0
"""How much noisier than the noisiest form that we know an estimate may be."""
BIAS = "decoder.trunk.0.bias"


def in_parts(draw: Callable[[int, int], np.ndarray]) -> Callable[[int, int], np.ndarray]:
    """Return the same draws, asked for in several questions where they are many."""

    def drawn(start: int, n: int) -> np.ndarray:
        parts = [draw(start + done, min(AT_ONCE, n - done)) for done in range(0, n, AT_ONCE)]
        return np.concatenate(parts)

    return drawn


def judge_mean(student, case, tolerance, message, help_text, share=FALSE_FAIL, stages=STAGES, **manner):
    """Require that the mean of many estimates is the exact value; `share` is what this test takes of the check's rate."""
    expected = exact.mean_bernoulli_elbo(bound.as_elbo(case))
    few = case.arguments["n_samples"] < bound.DRAWS
    verdict = mean_test(
        in_parts(student.draws(case, **manner)),
        expected,
        tolerance=tolerance,
        false_fail=share,
        stages=stages,
        exact_tolerance=compare.tolerance(case.dtype()) * max(float(UPPER), abs(expected)),
        **({} if few else {"max_skewness": SKEWNESS}),
    )
    student.judge(verdict, case, message, help=help_text, noise=NOISE)


@check("svi_elbo", "reconstruction")
def test_reconstruction(student):
    """Where q is the prior and the decoder ignores z, the bound is log p(x_top): summed over the upper pixels, whatever the number of
    latents and of draws.
    """
    rng = np.random.default_rng(student.lot("sizes"))
    help_text = "Sum the log-probabilities over the 392 upper pixels; average over the draws of z only."
    few, some, many = (int(rng.integers(low, high)) for low, high in ((2, 6), (6, 12), (12, 20)))
    for turn, (latents, n_samples) in enumerate(((many, 130), (1, 100), (few, 1), (some, some))):
        seed = int(rng.integers(2**31))
        case = bound.without_kl(DTYPES[turn % 2], seed, latents, n_samples)
        student.value(case)
        message = "the reconstruction term is wrong"
        judge_mean(student, case, RECONSTRUCTION_WITHIN, message, help_text, share_of(4), STAGES if turn == 2 else FEW)


@check("svi_elbo", "divergence", after=["reconstruction"])
def test_divergence(student):
    """The KL divergence of q to the prior is subtracted, summed over latent dimensions, with its full weight."""
    help_text = (
        "ELBO = reconstruction − KL, with KL = ½ Σ (σ² + μ² − 1 − log σ²), or log p(z) − log q(z) averaged over draws."
    )
    for dtype in DTYPES:
        case = bound.with_kl_only(dtype, student.lot(f"divergence {dtype}"))
        judge_mean(student, case, DIVERGENCE_WITHIN, "the KL term is wrong", help_text, share_of(2))


@check("svi_elbo", "unbiased", after=["reconstruction"])
def test_unbiased(student):
    """With noise, the mean of many estimates is the exact bound (found by Gauss-Hermite quadrature)."""
    help_text = "z is mean + exp(log_var / 2) · ε with ε ~ N(0, I), and the decoder is applied to z."
    for dtype in DTYPES:
        case = bound.with_noise(dtype, student.lot(f"noise {dtype}"))
        evaluate = dtype == torch.float32
        student.value(with_other_networks(case), finite=False, evaluate=evaluate)
        message = "the estimates are biased"
        judge_mean(student, case, UNBIASED_WITHIN, message, help_text, share_of(2), evaluate=evaluate)


@check("svi_elbo", "noise", after=["reconstruction"])
def test_noise(student):
    """Every call, every latent and every one of the `n_samples` draws has noise of its own, so that the average over draws is as exact
    as it should be.
    """
    judge_noise(student)


def gradient_draws(student, case, names):
    """`draw(start, n)`: gradients of calls number start to start + n − 1, as rows, one argument after the other."""

    def draw(start: int, n: int) -> np.ndarray:
        gradients = student.ask(case, seed=1000 + start, repeat=n, gradients=list(names)).gradients
        student.require_gradients(case, gradients)
        for name in names:
            found = gradients.get(name)
            if found is None or found.shape[:1] != (n,):
                target = "the decoder" if name == BIAS else f"`{name}`"
                message = f"no gradient of `svi_elbo` reaches {target}"
                help_text = "No detach, .data, .item() or no_grad between the parameters of q, z, decoder and result."
                raise CheckFailed(FailureKind.VALUE, message, help=help_text)
        return torch.cat([gradients[name].double().reshape(n, -1) for name in names], dim=1).numpy()

    return in_parts(draw)


@check("svi_elbo", "gradient", after=["reconstruction"])
def test_gradient(student):
    """Gradients reach mean and log_var, through the sample and through the KL, and the decoder's upper logits; on average they are
    the gradients of the exact bound.
    """
    for dtype in DTYPES:
        case = bound.with_gradient(dtype, student.lot("gradient"))
        # a few of the logits: those that depend on z, some that do not, and some of the lower half
        logits = [*range(UPPER - bound.LIVE - 2, UPPER + 2)]
        of_q = bound.gradient_of_q(bound.as_elbo(case, UPPER - bound.LIVE))
        of_logits = np.append(bound.gradient_of_logits(bound.as_elbo(case)), [0.0, 0.0])[logits]
        columns = [*range(len(of_q)), *(len(of_q) + pixel for pixel in logits)]
        draws = gradient_draws(student, case, ["mean", "log_var", BIAS])
        verdict = mean_vector_test(
            lambda start, n, draws=draws, columns=columns: draws(start, n)[:, columns],
            np.concatenate([of_q, of_logits]),
            tolerance=np.concatenate([GRADIENT_WITHIN * np.abs(of_q), np.full(len(logits), GRADIENT_WITHIN)]),
            stages=STAGES,
            exact_tolerance=1e-4,
            max_skewness=SKEWNESS,
            false_fail=share_of(2),
        )
        message = "the gradient is biased (first mean, then log_var, then logits of the decoder)"
        student.judge(verdict, case, message, noise=NOISE)


@check("svi_elbo", "reparameterised", after=["gradient"])
def test_reparameterised(student):
    """The gradient by the mean comes through the sample, z = μ + σ ⊙ ε: a score-function (REINFORCE) estimate is right on average, but
    far noisier.
    """
    case = bound.with_linear_decoder(student.lot("linear"))
    _, term = exact.noisiest_form(bound.as_elbo(case))
    draws = gradient_draws(student, case, ["mean"])(0, 64)
    largest = NOISE_ROOM * term.numpy() / case.arguments["n_samples"]
    verdict = combine(*(spread_test(draws[:, m], largest[m], false_fail=share_of(2)) for m in range(2)))
    help_text = "Differentiate through z itself: no log q(z) times a detached value."
    student.judge(verdict, case, "the gradient with respect to the mean of q is too noisy", help=help_text)


@check("svi_elbo", "extreme", after=["reconstruction"])
def test_extreme(student):
    """The bound stays finite and exact where the decoder is certain (logits of ±800)."""
    for dtype in DTYPES:
        seed = student.lot(f"extreme {dtype}")
        case = bound.without_kl(dtype, seed, 2, bound.DRAWS, size=800.0)
        student.value(case)
        help_text = "Compute log p(x_top | z) from logits: no log of a sigmoid."
        message = "logits of ±800 are too much for it"
        judge_mean(student, case, RECONSTRUCTION_WITHIN, message, help_text, share_of(2), FEW)
