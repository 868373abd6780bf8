"""Log-likelihood by plain Monte Carlo: exact where nothing depends on z, and otherwise right on average, in p(x)."""

import math

import numpy as np
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, Probe, Sizes, check, levelled, siblings
from autograder.authoring.cases import probe_dtype
from autograder.checking.statistics import mean_test, noise_test, share_of, spread_test
from tests.hidden.exact import NODES, SHARES
from tests.hidden.sizes import CORNERS, WIDE
from tests.public.evidence.test_prior_log_likelihood import prior_log_likelihood

ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-5}
FEW, MANY = (250, 4), (300, 2)
"""Calls and latents: one example is asked about, since examples may share their draws."""
SHARE = share_of(5)
ANTITHETIC = 2.0
"""Antithetic draws may have up to twice the variance, and are right all the same."""
CALLS = 100
"""Few, and few samples in each: right work may loop over the samples, with a distribution made for every one."""


def without_z(case):
    """The same call with a decoder that returns its bias whatever z is: the estimate is exact for any number of samples."""
    (layer,) = case.arguments["decoder"].spec["layers"]
    return case.but(decoder=Probe({"layers": [{**layer, "weight": torch.zeros_like(layer["weight"])}]}))


def at_corners(test):
    """Ask for the corners of the sizes in any case."""
    for turn, size in enumerate(CORNERS):
        test = example(size=size, dtype=DTYPES[turn % 2], seed=turn, as_tensor=turn % 4 < 2)(test)
    return test


@check("prior_log_likelihood", "value")
@at_corners
@given(size=WIDE, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1), as_tensor=st.booleans())
def test_value(student, oracle, size, dtype, seed, as_tensor):
    """Where the decoder returns the same for every z, the estimate is log N(x; G, σ_x² I) for any number of samples, for log σ_x² as a
    float or as a tensor.
    """
    case = without_z(prior_log_likelihood.build(size, dtype, seed))
    if as_tensor:
        case = case.but(log_var_x=torch.tensor(case.arguments["log_var_x"], dtype=dtype))
    help_text = "−½ Σ (log 2π + log σ_x² + (x − G)²/σ_x²) for each sample, and − log S at the end."
    for one in (case, *siblings(case), *levelled(case, {"x": (0.0,)})):
        student.agrees(one, oracle.value(one), help=help_text)


# --------------------------------------------------------------------------------------------------------- what is drawn


def revealing(latents: int, latent: int, dtype: torch.dtype, seed: int) -> Case:
    """A call with one sample whose result tells z of one latent: the only pixel is far above it."""
    weight = torch.zeros(1, latents, dtype=torch.float64)
    weight[0, latent] = 1.0
    layer = {"op": "affine", "weight": weight, "bias": torch.zeros(1, dtype=torch.float64)}
    arguments = {
        "x": torch.full((1, 1), 9.0 + 2.0 * (seed % 1009) / 1009, dtype=dtype),
        "decoder": probe_dtype(Probe({"layers": [layer]}), dtype),
        "latent_dim": latents,
        "log_var_x": 0.5 + 0.5 * (seed % 2003) / 2003,
        "n_samples": 1,
    }
    return Case("prior_log_likelihood", arguments, seed=seed)


def noise_of(student, calls: int, latents: int, dtype: torch.dtype, name: str, *, own_generator: bool):
    """Return the case of the first latent, and z of all, shape (calls, 1, latents): one question for each, all with the same seeds."""
    cases = [revealing(latents, latent, dtype, student.lot(name)) for latent in range(latents)]
    log_var, x = cases[0].arguments["log_var_x"], float(cases[0].arguments["x"])
    found = []
    for case in cases:
        log_p = student.draws(case, own_generator=own_generator)(0, calls).reshape(calls, 1)
        squares = -2.0 * math.exp(log_var) * (log_p + 0.5 * log_var + 0.5 * math.log(2 * math.pi))
        found.append(x - np.sqrt(np.maximum(squares, 0.0)))
    return cases[0], np.stack(found, axis=-1)


def linear(n_samples: int, seed: int, dtype: torch.dtype = torch.float64) -> tuple[Case, float, float, float]:
    """A call about one pixel, of which three latents with a linear decoder are behind; log p(x), and of p(x | z)/p(x) the variance and
    the skewness. The pixel lies to one side, so that p(x | z) is no even function of z.
    """
    draw = Draw(torch.float64, seed)
    weight = draw.uniform(1, 3, low=0.4, high=0.7)
    log_var = float(draw.uniform(1, low=-1.0, high=-0.6))
    bias = draw.normal(1, mean=1.0)
    slope = float(weight.norm())
    away = float(draw.uniform(1, low=0.5, high=0.9))
    arguments = {
        "x": (bias + away)[None].to(dtype),
        "decoder": probe_dtype(Probe({"layers": [{"op": "affine", "weight": weight, "bias": bias}]}), dtype),
        "latent_dim": 3,
        "log_var_x": log_var,
        "n_samples": n_samples,
    }
    total = slope**2 + math.exp(log_var)
    log_p = -0.5 * (math.log(2 * math.pi * total) + away**2 / total)
    at_nodes = -0.5 * (math.log(2 * math.pi) + log_var + (away - slope * NODES) ** 2 / math.exp(log_var)) - log_p
    weights = at_nodes.exp()  # one Gaussian number, slope z, stands for the three latents
    second, third = (float((SHARES * (weights - 1.0) ** k).sum()) for k in (2, 3))
    return Case("prior_log_likelihood", arguments, seed=seed), log_p, second, abs(third) / second**1.5


@check("prior_log_likelihood", "noise", after=["value"])
def test_noise(student):
    """z is drawn from N(0, I), anew in every call and for every latent, and `n_samples` draws are so many: with one sample, the estimate
    tells z.
    """
    for turn, dtype in enumerate((*DTYPES, torch.float64)):
        plan = MANY if turn == 2 else FEW
        case, noise = noise_of(student, *plan, dtype, f"noise {turn}", own_generator=turn < 2)
        student.sees(case, "z", noise.reshape(-1, noise.shape[2]), interchangeable=True)
        student.sees(case, "the share of z that is 0", float((np.abs(noise) < 1e-6).mean()))
        verdict = noise_test(noise, false_fail=SHARE, rounding=ROUNDING[dtype])
        student.judge(verdict, case, "z is not what independent draws from N(0, I) are")
    for n_samples, dtype in ((8, torch.float32), (40, torch.float64)):
        case, log_p, variance, _ = linear(n_samples, student.lot(f"samples {n_samples}"), dtype)
        estimates = student.draws(case)(0, CALLS)
        student.sees(case, "the estimates", estimates, interchangeable=True)
        weights = np.exp(np.minimum(estimates - log_p, 30.0))
        verdict = spread_test(weights, ANTITHETIC * variance / n_samples, false_fail=SHARE)
        student.judge(verdict, case, f"{n_samples} samples are not {n_samples} independent draws")


@check("prior_log_likelihood", "average", after=["noise"])
def test_average(student):
    """The estimate of p(x), not that of log p(x), is right on average: the mean is taken inside the logarithm."""
    for turn, dtype in enumerate(DTYPES):
        case, log_p, _, skewness = linear(12, student.lot(f"average {turn}"), dtype)
        draw = student.draws(case)

        def ratios(start, n, case=case, draw=draw, log_p=log_p):
            estimates = draw(start, n)
            student.sees(case, "the estimates", estimates, interchangeable=True)
            return np.exp(np.minimum(estimates - log_p, 30.0))

        verdict = mean_test(
            ratios,
            1.0,
            tolerance=0.15,
            stages=(150, 450, 900),
            max_skewness=skewness / 12**0.5,
            false_fail=share_of(2),
            exact_tolerance=1e-5,
        )
        help_text = "log of the mean of p(x | z), not the mean of log p(x | z): that is smaller."
        message = "the estimate of p(x) divided by the exact p(x) should be 1 on average"
        student.judge(verdict, case, message, help=help_text)


@check("prior_log_likelihood", "extreme")
@settings(max_examples=3)
@given(dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_extreme(student, oracle, dtype, seed):
    """It stays finite and exact for images whose probability underflows, also beside others that are likely."""
    case = without_z(prior_log_likelihood.build(Sizes({"B": 3, "D": 600, "M": 2, "S": 4}), dtype, seed))
    help_text = "Stay in the log domain until the end (torch.logsumexp)."
    student.agrees(case, oracle.value(case), help=help_text)
    case = without_z(prior_log_likelihood.build(Sizes({"B": 4, "D": 5, "M": 2, "S": 3}), dtype, seed + 1))
    far = torch.tensor([[60.0], [0.0], [0.0], [0.0]], dtype=dtype)
    case = case.but(x=case.arguments["x"] + far)
    help_text = "What keeps the likelihoods of one example in range is nothing to another: each has its own."
    student.agrees(case, oracle.value(case), help=help_text)
