"""The bound at relaxed samples, asked about networks whose exact answer is known.

The divergence has a closed form, so where the decoder ignores z nothing is random.
"""

import numpy as np
import torch

from autograder.authoring import DTYPES, Case, CheckFailed, Draw, FailureKind, Probe, Sizes, check
from autograder.checking import compare
from autograder.checking.statistics import mean_test, mean_vector_test, noise_test, share_of, spread_sequence_test
from tests.hidden.discrete.bound import (
    COLD,
    PARTS,
    bound_gradient,
    exact_bound,
    gradient_tolerance,
    in_dtype,
    mean_bound,
    variance_of_term,
    with_gradient,
    with_noise,
    without_samples,
)
from tests.hidden.discrete.test_relaxed_bernoulli_sample import ROUNDING, TEMPERATURES, noise_of
from tests.hidden.networks import with_other_networks
from tests.hidden.revealed import flat_decoder, samples_of
from tests.hidden.vae.bound import NOISE, SKEWNESS, STAGES

SAMPLES = (
    "z = sigmoid((ℓ + log u − log(1 − u)) / τ), not rounded, with a u of its own for every sample, example and latent."
)
WITHIN = 0.12
"""Nats."""
ANTITHETIC = 2.0
"""Antithetic draws may have twice the variance where a term is an even function of the noise, and are right all the same."""
FEW, MANY = (2, 300, 60), (397, 2, 2)
"""Calls, examples and latents: many examples in a few calls, few examples in many calls."""


def judge_exact(student, case, expected, message, help_text):
    """Require the exact value, where nothing is random."""
    got = student.value(case)
    student.close(case, got, expected, what=message, help=help_text)


@check("binary_elbo", "reconstruction")
def test_reconstruction(student):
    """Where all θ are ½ and the decoder ignores z, the bound is log p(x): summed over pixels, averaged over the batch."""
    rng = np.random.default_rng(student.lot("sizes"))
    for turn, axis in enumerate("BDMS"):
        few = {name: int(size) for name, size in zip("BDMS", 2 + rng.permutation(6), strict=False)}
        sizes = Sizes(few | {axis: 1, "BSDM"[turn]: 500 if turn else 1})
        case, expected = without_samples(sizes, DTYPES[turn % 2], int(rng.integers(2**31)))
        help_text = "Sum the log-probabilities over pixels; average over examples and samples."
        judge_exact(student, case, expected, "the bound where all θ are ½", help_text)


@check("binary_elbo", "divergence", after=["reconstruction"])
def test_divergence(student):
    """KL(Ber(θ) ‖ Ber(½)) is subtracted in closed form, summed over the latents, whatever the temperature."""
    help_text = "KL = Σ (θ log 2θ + (1 − θ) log 2(1 − θ)) with θ = sigmoid(ℓ): no samples in it, and no temperature."
    for turn, (dtype, level) in enumerate(zip((*DTYPES, *DTYPES), (1.0, 3.0, 3.0, 1.0), strict=True)):
        sizes = Sizes({"B": 7 - turn, "D": 5, "M": (6, 3, 11, 1)[turn], "S": 2 + turn})
        case, expected = without_samples(sizes, dtype, student.lot(f"divergence {turn}"), level)
        judge_exact(student, case, expected, "the bound where the decoder ignores z", help_text)


def judge_mean(student, case, expected, message, share, evaluate=False):
    """Require that the mean of many estimates is the exact one."""
    verdict = mean_test(
        student.draws(case, evaluate=evaluate),
        expected,
        tolerance=WITHIN,
        false_fail=share,
        stages=STAGES,
        exact_tolerance=compare.tolerance(case.dtype()) * max(1.0, abs(expected), case.scale),
        max_skewness=SKEWNESS,
    )
    student.judge(verdict, case, message, help=SAMPLES, noise=NOISE)


@check("binary_elbo", "relaxed", after=["reconstruction"])
def test_relaxed(student):
    """The reconstruction is taken at relaxed samples of the temperature that is given: the mean of many estimates is the exact one."""
    kinds = ((DTYPES[0], 2, (0.3, 0.5)), (DTYPES[1], 2, (1.8, 2.6)), (DTYPES[0], 1, (0.3, 0.5)))
    for turn, (dtype, latents, temperatures) in enumerate(kinds):
        case, evaluate = with_noise(student.lot(f"relaxed {turn}"), dtype, latents, temperatures), turn == 1
        if evaluate:
            case = case.but(temperature=torch.tensor(case.arguments["temperature"], dtype=dtype))
            student.value(with_other_networks(case), finite=False, evaluate=True)
        message = f"the mean at the temperature {float(case.arguments['temperature']):.2f} is wrong"
        judge_mean(student, case, mean_bound(case), message, share_of(3), evaluate)


@check("binary_elbo", "limit", after=["reconstruction"])
def test_limit(student):
    """At a temperature next to 0 the mean of many estimates is the exact bound of the Bernoullis, a sum over all binary z."""
    for dtype, latents in ((DTYPES[0], 2), (DTYPES[1], 1)):
        case = with_noise(student.lot(f"limit {dtype}"), dtype, latents, (0.3, 2.0)).but(temperature=COLD)
        judge_mean(student, case, exact_bound(case), "it does not tend to the exact bound as τ falls", share_of(2))


def revealing(seed, dtype, rows, latents):
    """A call whose gradient tells the samples of every example in every latent."""
    draw = Draw(torch.float64, seed)
    low, high = TEMPERATURES[dtype]
    arguments = {
        "x": torch.eye(rows, dtype=torch.float64),
        "encoder_logits": Probe({"layers": [draw.affine(latents, rows, std=0.7 * rows**0.5, bias=1.0)]}),
        "decoder": flat_decoder(draw, rows, latents),
        "n_samples": 1,
        "temperature": float(draw.uniform(1, low=low, high=high)),
    }
    return in_dtype(Case("binary_elbo", arguments, seed=seed % 2**31), dtype)


@check("binary_elbo", "noise", after=["reconstruction"])
def test_noise(student):
    """Every call, every example, every latent and every one of the `n_samples` draws has logistic noise of its own."""
    share = share_of(5)
    one = with_noise(student.lot("noise"), torch.float64, 1, (0.3, 0.5), n_samples=1, repeats=0)
    row, term = one.arguments["x"], variance_of_term(one)
    for what, B, S in (("256 examples share their noise", 256, 1), ("64 samples are not 64 draws", 4, 64)):
        case = one.but(x=row.expand(B, -1).clone(), n_samples=S)
        verdict = spread_sequence_test(student.draws(case), term / (B * S), forms=ANTITHETIC, false_fail=share)
        # far from either answer, so that no chance decides it: it rules out most other mistakes at once
        student.sees(case, f"whether {what}", float(verdict.decision == "fail"))
        student.judge(verdict, case, what, help=SAMPLES)
    for manner in ({}, {"one_generator": True}, {"evaluate": True, "own_generator": False}):
        closest = float(np.diff(np.sort(student.draws(one, **manner)(0, 32))).min())
        student.require(closest > 1e-11, one, "calls repeat the noise of earlier calls")
    kinds = ((*FEW, DTYPES[0], True), (*FEW, DTYPES[1], True), (*MANY, DTYPES[0], False))
    for turn, (calls, rows, latents, dtype, own_generator) in enumerate(kinds):
        case = revealing(student.lot(f"draws {turn}"), dtype, rows, latents)
        z = samples_of(student, case, calls, own_generator)
        if z is None:
            return  # no gradient comes through the decoder: `gradient` looks at that
        encoder = case.arguments["encoder_logits"].spec["layers"][0]
        logits = case.arguments["x"].double() @ encoder["weight"].double().T + encoder["bias"].double()
        noise = noise_of(case.but(logits=logits), z)
        student.sees(case, "the noise of examples", noise.reshape(-1, latents), interchangeable=True)
        verdict = noise_test(noise, false_fail=share, rounding=ROUNDING[dtype])
        student.judge(verdict, case, "the noise is not that of independent logistic draws", help=SAMPLES)


def gradient_draws(student, case):
    """`draw(start, n)`: gradients by `PARTS` of calls number start to start + n − 1, as rows."""

    def draw(start, n):
        gradients = student.ask(case, seed=1000 + start, repeat=n, gradients=list(PARTS)).gradients
        student.require_gradients(case, gradients)
        for name in PARTS:
            if gradients.get(name) is None or gradients[name].shape[:1] != (n,):
                message = f"no gradient of `{case.function}` reaches `{name.partition('.')[0]}`"
                help_text = (
                    "No rounding, detach, .data, .item() or no_grad between encoder, sample, decoder and result."
                )
                raise CheckFailed(FailureKind.VALUE, message, help=help_text)
        return torch.cat([gradients[name].double().reshape(n, -1) for name in PARTS], dim=1).numpy()

    return draw


@check("binary_elbo", "gradient", after=["reconstruction"])
def test_gradient(student):
    """Gradients reach the encoder, through the samples and through the divergence, and the decoder; on average they are exact."""
    for dtype, latents in ((DTYPES[0], 2), (DTYPES[1], 1)):
        case = with_gradient(student.lot(f"gradient {dtype}"), dtype, latents)
        recon, kl = bound_gradient(case)
        verdict = mean_vector_test(
            gradient_draws(student, case),
            recon - kl,
            tolerance=gradient_tolerance(recon - kl),
            stages=STAGES,
            exact_tolerance=1e-4,
            max_skewness=SKEWNESS,
            false_fail=share_of(2),
        )
        message = "the gradient is biased (bias of the encoder, then of the decoder)"
        student.judge(verdict, case, message, help="z is a smooth function of ℓ and of noise.", noise=NOISE)


@check("binary_elbo", "extreme", after=["reconstruction"])
def test_extreme(student):
    """It stays finite and exact where encoder and decoder are certain (logits of ±800)."""
    for dtype in DTYPES:
        sizes = Sizes({"B": 40, "D": 50, "M": 3, "S": 2})
        case, expected = without_samples(sizes, dtype, student.lot(f"extreme {dtype}"), 800.0, 800.0)
        help_text = "Compute log p(x | z) from logits: no log of a sigmoid. In the divergence 0 log 0 is 0."
        judge_exact(student, case, expected, "the bound at logits of ±800", help_text)
