"""The bound of a two-level model, asked about networks whose exact answer is known.

Any form is right whose expectation is the bound, so that is what is asked, never a single draw.
"""

import numpy as np
import torch

from autograder.authoring import DTYPES, Case, CheckFailed, Draw, FailureKind, Probe, Sizes, check, constant
from autograder.checking import compare
from autograder.checking.statistics import mean_test, mean_vector_test, share_of, spread_sequence_test
from tests.hidden.hierarchical.bound import (
    PARTS,
    bound_gradient,
    gradient_tolerance,
    in_dtype,
    mean_bound,
    variance_of_term,
    with_gradient,
    with_noise,
)
from tests.hidden.networks import with_other_networks
from tests.hidden.vae.bound import FEW, NOISE, SKEWNESS, STAGES

SAMPLES = "z₁ is drawn from q(z₁ | x), z₂ from q(z₂ | z₁) at that z₁, each with noise of its own for every sample and example."
UNBIASED_WITHIN, DIVERGENCE_WITHIN = 0.2, 0.1
"""Nats."""
ANTITHETIC = 2.0
"""Antithetic draws may have twice the variance where a term is an even function of the noise, and are right all the same."""


def judge_mean(student, case, expected, tolerance, message, help_text, share, stages=STAGES, evaluate=False):
    """Require that the mean of many estimates is the exact bound."""
    rounding = compare.tolerance(case.dtype()) * max(1.0, abs(expected), float(case.arguments["x"].shape[1]))
    verdict = mean_test(
        student.draws(case, evaluate=evaluate),
        expected,
        tolerance=tolerance,
        false_fail=share,
        stages=stages,
        exact_tolerance=rounding,
        max_skewness=SKEWNESS,
    )
    student.judge(verdict, case, message, help=help_text, noise=NOISE)


def fixed(mean, log_var, inputs):
    """A Gaussian that does not depend on what comes in."""
    return Probe({"layers": [], "heads": [[constant(mean, inputs)], [constant(log_var, inputs)]]})


def without_divergence(sizes, dtype, seed, size=None):
    """A call in which all Gaussians are standard normal and the decoder ignores z₁, and log p(x)."""
    draw = Draw(dtype, seed, sizes)
    logits = draw.normal("D", std=2.0) if size is None else size * (2 * draw.binary("D") - 1)
    below, above = (torch.zeros(sizes[axis], dtype=dtype) for axis in ("M1", "M2"))
    arguments = {
        "x": draw.binary("B", "D"),
        "q1": fixed(below, below, sizes["D"]),
        "q2": fixed(above, above, sizes["M1"]),
        "p1": fixed(below, below, sizes["M2"]),
        "decoder": Probe({"layers": [constant(logits, sizes["M1"])]}),
        "n_samples": sizes["S"],
    }
    x, wide = arguments["x"].double(), logits.double()
    log_p = float((x * wide - torch.nn.functional.softplus(wide)).sum(-1).mean())
    return Case("hierarchical_elbo", arguments, seed=seed % 2**31), log_p


@check("hierarchical_elbo", "reconstruction")
def test_reconstruction(student):
    """Where all Gaussians are N(0, I) and the decoder ignores z₁, the bound is log p(x): summed over pixels, averaged over the batch."""
    rng = np.random.default_rng(student.lot("sizes"))
    for turn, axis in enumerate(("B", "D", "M1", "M2", "S")):
        drawn = {"B": 400, "D": 2 + rng.integers(10), "M1": 2 + rng.integers(4), "M2": 2 + rng.integers(4), "S": 3}
        sizes = Sizes({name: int(size) for name, size in (drawn | {"S": 40 if axis == "B" else 3, axis: 1}).items()})
        case, log_p = without_divergence(sizes, DTYPES[turn % 2], int(rng.integers(2**31)))
        student.value(case)
        help_text = "Sum the log-probabilities over pixels; average over examples and samples."
        judge_mean(student, case, log_p, 0.2, "the reconstruction term is wrong", help_text, share_of(5), FEW)


def with_divergence(level, dtype, seed):
    """A call whose decoder ignores z₁ and in which one level alone has a divergence, and the exact bound.

    Of the lower one it is KL(q(z₁ | x) ‖ p(z₁)), since p(z₁ | z₂) does not depend on z₂.
    """
    draw = Draw(torch.float64, seed)
    B, D, M1, M2 = 300, 4, 5, 3
    logits = draw.normal(D, std=1.2)
    below, above = torch.zeros(M1, dtype=torch.float64), torch.zeros(M2, dtype=torch.float64)
    mean = draw.uniform(M1 if level == 1 else M2, low=0.6, high=1.4)
    log_var = draw.uniform(len(mean), low=-1.5, high=0.8)
    kl = 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum()
    arguments = {
        "x": draw.binary(B, D),
        "q1": fixed(mean, log_var, D) if level == 1 else fixed(below, below, D),
        "q2": fixed(mean, log_var, M1) if level == 2 else fixed(above, above, M1),
        "p1": fixed(below, below, M2),
        "decoder": Probe({"layers": [constant(logits, M1)]}),
        "n_samples": 2,
    }
    log_p = (arguments["x"] * logits - torch.nn.functional.softplus(logits)).sum(-1).mean()
    return in_dtype(Case("hierarchical_elbo", arguments, seed=seed), dtype), float(log_p - kl)


@check("hierarchical_elbo", "divergence", after=["reconstruction"])
def test_divergence(student):
    """What either level's q is away from its prior is subtracted, with its full weight, summed over latent dimensions."""
    for level, dtype in ((1, DTYPES[0]), (2, DTYPES[1])):
        case, expected = with_divergence(level, dtype, student.lot(f"level {level}"))
        message = f"the divergence of level {level} is wrong"
        help_text = "log p(z₁ | z₂) − log q(z₁ | x) is added, and KL(q(z₂ | z₁) ‖ N(0, I)) subtracted."
        judge_mean(student, case, expected, DIVERGENCE_WITHIN, message, help_text, share_of(2))


@check("hierarchical_elbo", "unbiased", after=["reconstruction"])
def test_unbiased(student):
    """Where everything depends on everything, the mean of many estimates is the exact bound (found by quadrature)."""
    for turn, (dtype, below, above) in enumerate(((DTYPES[0], 2, 1), (DTYPES[1], 1, 2), (DTYPES[0], 1, 1))):
        case, evaluate = with_noise(student.lot(f"unbiased {turn}"), dtype, below, above), turn == 1
        if evaluate:
            student.value(with_other_networks(case), finite=False, evaluate=True)
        expected, message = mean_bound(case), "the estimates are biased"
        judge_mean(student, case, expected, UNBIASED_WITHIN, message, SAMPLES, share_of(3), evaluate=evaluate)


@check("hierarchical_elbo", "noise", after=["reconstruction"])
def test_noise(student):
    """Every call, every example and every one of the `n_samples` draws has noise of its own, on both levels."""
    one = with_noise(student.lot("noise"), torch.float64, 1, 1, n_samples=1, repeats=0)
    row, term = one.arguments["x"], variance_of_term(one)
    for what, B, S in (("256 examples share their noise", 256, 1), ("64 samples are not 64 draws", 4, 64)):
        case = one.but(x=row.expand(B, -1).clone(), n_samples=S)
        verdict = spread_sequence_test(student.draws(case), term / (B * S), forms=ANTITHETIC, false_fail=share_of(2))
        # far from either answer, so that no chance decides it: it rules out most other mistakes at once
        student.sees(case, f"whether {what}", float(verdict.decision == "fail"))
        student.judge(verdict, case, what, help=SAMPLES)
    for manner in ({}, {"one_generator": True}, {"evaluate": True, "own_generator": False}):
        closest = float(np.diff(np.sort(student.draws(one, **manner)(0, 32))).min())
        student.require(closest > 1e-11, one, "calls repeat the noise of earlier calls")


def gradient_draws(student, case):
    """`draw(start, n)`: gradients by `PARTS` of calls number start to start + n − 1, as rows."""

    def draw(start, n):
        gradients = student.ask(case, seed=1000 + start, repeat=n, gradients=list(PARTS)).gradients
        student.require_gradients(case, gradients)
        for name in PARTS:
            if gradients.get(name) is None or gradients[name].shape[:1] != (n,):
                network, _, part = name.partition(".")
                of = {"heads.0.0.bias": "the mean of ", "heads.1.0.bias": "the log-variance of "}.get(part, "")
                message = f"no gradient of `{case.function}` reaches {of}{network}"
                help_text = "No detach, .data, .item() or no_grad between networks, samples and result."
                raise CheckFailed(FailureKind.VALUE, message, help=help_text)
        return torch.cat([gradients[name].double().reshape(n, -1) for name in PARTS], dim=1).numpy()

    return draw


@check("hierarchical_elbo", "gradient", after=["reconstruction"])
def test_gradient(student):
    """Gradients reach all four networks, through the samples of both levels; on average they are those of the exact bound."""
    for dtype, below, above in ((DTYPES[0], 1, 2), (DTYPES[1], 2, 1)):
        case = with_gradient(student.lot(f"gradient {dtype}"), dtype, below, above)
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
        message = "the gradient is biased (mean and log_var of q1, q2 and p1, then the decoder's bias)"
        student.judge(verdict, case, message, help="Both samples are reparameterised: z = μ + σ ⊙ ε.", noise=NOISE)


@check("hierarchical_elbo", "extreme", after=["reconstruction"])
def test_extreme(student):
    """The bound stays finite and exact where the decoder is certain (logits of ±800)."""
    for dtype in DTYPES:
        sizes = Sizes({"B": 40, "D": 50, "M1": 2, "M2": 3, "S": 3})
        case, log_p = without_divergence(sizes, dtype, student.lot(f"extreme {dtype}"), size=800.0)
        student.value(case)
        help_text = "Compute log p(x | z₁) from logits: no log of a sigmoid."
        judge_mean(student, case, log_p, 0.2, "logits of ±800 are too much for it", help_text, share_of(2), FEW)
