"""The bound with a mixture as prior, asked about networks whose exact answer is known.

Any form is right whose expectation is the bound, so that is what is asked, never a single draw.
"""

import numpy as np
import torch

from autograder.authoring import DTYPES, Case, CheckFailed, Draw, FailureKind, Probe, Sizes, check, constant
from autograder.checking import compare
from autograder.checking.statistics import mean_test, mean_vector_test, noise_test, share_of, spread_sequence_test
from tests.hidden.networks import with_other_networks
from tests.hidden.revealed import flat_decoder, samples_of
from tests.hidden.vae.bound import NOISE, SKEWNESS, STAGES
from tests.hidden.vae.mixture import (
    PARTS,
    bound_gradient,
    gradient_tolerance,
    in_dtype,
    mean_bound,
    variance_of_term,
    with_gradient,
    with_noise,
)
from tests.public.mixtures import mixture
from tests.public.vae.prior import mixture_prior

SAMPLES = "z is mean + exp(log_var / 2) · ε with ε ~ N(0, I), for every sample and example; decoder, prior and q see the same z."
UNBIASED_WITHIN, DIVERGENCE_WITHIN, RECONSTRUCTION_WITHIN = 0.15, 0.1, 0.3
"""Nats."""
FEW = (64, 256)
"""Where the result has next to no noise, or only that of log p(z): a right answer is settled by the first of them."""
ANTITHETIC = 2.0
"""Antithetic draws may have twice the variance where a term is an even function of the noise, and are right all the same."""
MANY_EXAMPLES, MANY_CALLS = (2, 300, 60), (397, 2, 2)
"""Calls, examples and latents."""
ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-5}


def judge_mean(student, case, expected, tolerance, message, help_text, share, stages=STAGES, evaluate=False):
    """Require that the mean of many estimates is the exact bound."""
    verdict = mean_test(
        student.draws(case, evaluate=evaluate),
        expected,
        tolerance=tolerance,
        false_fail=share,
        stages=stages,
        exact_tolerance=compare.tolerance(case.dtype()) * max(1.0, abs(expected), float(case.arguments["x"].shape[1])),
        max_skewness=SKEWNESS,
    )
    student.judge(verdict, case, message, help=help_text, noise=NOISE)


def without_divergence(sizes, dtype, seed, size=None):
    """A call in which q and every component of the prior are one Gaussian and the decoder ignores z, and log p(x)."""
    draw = Draw(torch.float64, seed, sizes)
    logits = draw.normal("D", std=2.0) if size is None else size * (2 * draw.binary("D") - 1)
    mean, log_var = draw.normal("M"), draw.uniform("M", low=-1.0, high=1.0)
    arguments = {
        "x": draw.binary("B", "D"),
        "encoder": Probe({"layers": [], "heads": [[constant(part, sizes["D"])] for part in (mean, log_var)]}),
        "decoder": Probe({"layers": [constant(logits, sizes["M"])]}),
        "prior": mixture_prior(draw.normal("K"), mean.expand(sizes["K"], -1), log_var.expand(sizes["K"], -1)),
        "n_samples": sizes["S"],
    }
    log_p = float((arguments["x"] * logits - torch.nn.functional.softplus(logits)).sum(-1).mean())
    return in_dtype(Case("mixture_elbo", arguments, seed=seed % 2**31), dtype), log_p


@check("mixture_elbo", "reconstruction")
def test_reconstruction(student):
    """Where q(z | x) is the prior and the decoder ignores z, the bound is log p(x): summed over pixels, averaged over the batch."""
    rng = np.random.default_rng(student.lot("sizes"))
    for turn, axis in enumerate("BDMSK"):
        drawn = {"B": 100, "D": 2 + rng.integers(10), "M": 4 + rng.integers(2), "K": 2 + rng.integers(5), "S": 3}
        sizes = Sizes({name: int(size) for name, size in (drawn | {"S": 24 if axis == "B" else 3, axis: 1}).items()})
        case, log_p = without_divergence(sizes, DTYPES[turn % 2], int(rng.integers(2**31)))
        student.value(case)
        help_text = "Sum the log-probabilities over pixels; average over examples and samples."
        within = 0.8 if axis == "B" else RECONSTRUCTION_WITHIN
        judge_mean(student, case, log_p, within, "the reconstruction term is wrong", help_text, share_of(5), FEW)


@check("mixture_elbo", "divergence", after=["reconstruction"])
def test_divergence(student):
    """Where the decoder ignores z, the bound is log p(x) − KL(q(z | x) ‖ p(z)), with its full weight: log p(z) is the prior's own."""
    for dtype, latents, components in ((DTYPES[0], 2, 3), (DTYPES[1], 1, 2)):
        case = with_noise(student.lot(f"divergence {dtype}"), dtype, latents, components)
        layer = case.arguments["decoder"].spec["layers"][0]
        case = case.but(decoder=Probe({"layers": [constant(layer["bias"], latents)]}))
        help_text = "log p(z) − log q(z | x) is added, with z drawn from q; log p(z) comes from `prior.log_prob`."
        message = "the divergence from the prior is wrong"
        judge_mean(student, case, mean_bound(case), DIVERGENCE_WITHIN, message, help_text, share_of(2))


@check("mixture_elbo", "unbiased", after=["reconstruction"])
def test_unbiased(student):
    """Where everything depends on everything, the mean of many estimates is the exact bound (found by quadrature)."""
    for turn, (dtype, latents, components) in enumerate(((DTYPES[0], 2, 3), (DTYPES[1], 2, 2), (DTYPES[0], 1, 4))):
        case, evaluate = with_noise(student.lot(f"unbiased {turn}"), dtype, latents, components), turn == 1
        if evaluate:
            student.value(with_other_networks(case), finite=False, evaluate=True)
        expected, message = mean_bound(case), "the estimates are biased"
        judge_mean(student, case, expected, UNBIASED_WITHIN, message, SAMPLES, share_of(3), evaluate=evaluate)


def revealing(seed, dtype, rows, latents):
    """A call whose gradient tells the samples of every example in every latent, and the mean and log-variance of q."""
    draw = Draw(torch.float64, seed, Sizes({"M": latents, "K": 2}))
    heads = [draw.affine(latents, rows, std=rows**0.5), draw.affine(latents, rows, std=0.7 * rows**0.5)]
    arguments = {
        "x": torch.eye(rows, dtype=torch.float64),
        "encoder": Probe({"layers": [], "heads": [[head] for head in heads]}),
        "decoder": flat_decoder(draw, rows, latents),
        "prior": mixture_prior(**mixture(draw)),
        "n_samples": 1,
    }
    return in_dtype(Case("mixture_elbo", arguments, seed=seed % 2**31), dtype)


@check("mixture_elbo", "noise", after=["reconstruction"])
def test_noise(student):
    """Every call, every example, every latent and every one of the `n_samples` draws has noise of its own, drawn from N(0, 1)."""
    share = share_of(5)
    one = with_noise(student.lot("noise"), torch.float64, 1, 3, n_samples=1, repeats=0)
    row, term = one.arguments["x"], variance_of_term(one)
    for what, B, S in (("256 examples share their noise", 256, 1), ("16 samples are not 16 draws", 16, 16)):
        case = one.but(x=row.expand(B, -1).clone(), n_samples=S)
        verdict = spread_sequence_test(student.draws(case), term / (B * S), forms=ANTITHETIC, false_fail=share)
        # far from either answer, so that no chance decides it: it rules out most other mistakes at once
        student.sees(case, f"whether {what}", float(verdict.decision == "fail"))
        student.judge(verdict, case, what, help=SAMPLES)
    for manner in ({}, {"one_generator": True}, {"evaluate": True, "own_generator": False}):
        closest = float(np.diff(np.sort(student.draws(one, **manner)(0, 32))).min())
        student.require(closest > 1e-11, one, "calls repeat the noise of earlier calls")
    kinds = ((*MANY_EXAMPLES, DTYPES[0], True), (*MANY_EXAMPLES, DTYPES[1], True), (*MANY_CALLS, DTYPES[0], False))
    for turn, (calls, rows, latents, dtype, own_generator) in enumerate(kinds):
        case = revealing(student.lot(f"draws {turn}"), dtype, rows, latents)
        z = samples_of(student, case, calls, own_generator)
        if z is None:
            return  # no gradient comes through the decoder: `gradient` looks at that
        (mean,), (log_var,) = case.arguments["encoder"].spec["heads"]
        x = case.arguments["x"].double()
        mean, log_var = (x @ part["weight"].double().T + part["bias"].double() for part in (mean, log_var))
        noise = ((z - mean) * torch.exp(-0.5 * log_var)).clamp(-40.0, 40.0).numpy()
        student.sees(case, "the noise of examples", noise.reshape(-1, latents), interchangeable=True)
        verdict = noise_test(noise, false_fail=share, rounding=ROUNDING[dtype])
        student.judge(verdict, case, "the noise is not that of independent draws from N(0, I)", help=SAMPLES)


def gradient_draws(student, case):
    """`draw(start, n)`: gradients by `PARTS` of calls number start to start + n − 1, as rows."""

    def draw(start, n):
        gradients = student.ask(case, seed=1000 + start, repeat=n, gradients=list(PARTS)).gradients
        student.require_gradients(case, gradients)
        for name in PARTS:
            if gradients.get(name) is None or gradients[name].shape[:1] != (n,):
                network, _, part = name.partition(".")
                of = {"heads.0.0.bias": "mean of the ", "heads.1.0.bias": "log-variance of the "}.get(part, "")
                message = f"no gradient of `{case.function}` reaches the {of}{network}"
                help_text = "No detach, .data, .item() or no_grad between networks, samples and result."
                raise CheckFailed(FailureKind.VALUE, message, help=help_text)
        return torch.cat([gradients[name].double().reshape(n, -1) for name in PARTS], dim=1).numpy()

    return draw


@check("mixture_elbo", "gradient", after=["reconstruction"])
def test_gradient(student):
    """Gradients reach encoder, decoder and prior, through the samples; on average they are those of the exact bound."""
    for dtype, latents, components in ((DTYPES[0], 2, 2), (DTYPES[1], 1, 3)):
        case = with_gradient(student.lot(f"gradient {dtype}"), dtype, latents, components)
        expected = bound_gradient(case)
        verdict = mean_vector_test(
            gradient_draws(student, case),
            expected,
            tolerance=gradient_tolerance(expected),
            stages=STAGES,
            exact_tolerance=1e-4,
            max_skewness=SKEWNESS,
            false_fail=share_of(2),
        )
        message = "the gradient is biased (mean and log_var of the encoder, then the decoder's bias and the prior)"
        student.judge(verdict, case, message, help="The sample is reparameterised: z = μ + σ ⊙ ε.", noise=NOISE)


@check("mixture_elbo", "extreme", after=["reconstruction"])
def test_extreme(student):
    """The bound stays finite and exact where the decoder is certain (logits of ±800)."""
    for dtype in DTYPES:
        sizes = Sizes({"B": 40, "D": 50, "M": 2, "K": 3, "S": 3})
        case, log_p = without_divergence(sizes, dtype, student.lot(f"extreme {dtype}"), size=800.0)
        student.value(case)
        help_text = "Compute log p(x | z) from logits: no log of a sigmoid."
        judge_mean(
            student,
            case,
            log_p,
            RECONSTRUCTION_WITHIN,
            "logits of ±800 are too much for it",
            help_text,
            share_of(2),
            FEW,
        )
