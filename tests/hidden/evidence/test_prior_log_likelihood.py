"""Log-likelihood by plain Monte Carlo: exact where nothing depends on z, and otherwise right on average, in p(x)."""

import math

import numpy as np
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, Probe, Sizes, check, levelled, siblings
from autograder.authoring.cases import probe_dtype
from autograder.checking.statistics import combine, mean_vector_test, noise_test, share_of, spread_test
from tests.hidden.sizes import CORNERS, WIDE
from tests.public.evidence.test_prior_log_likelihood import prior_log_likelihood

ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-5}
PLANS = (((120, 3), torch.float64), ((250, 4), torch.float32), ((300, 2), torch.float64))
"""Calls and latents: one example is asked about, since examples may share their draws. The cheapest comes first: it tells most mistakes
apart, so that finding the name of one takes few calls.
"""
SHARE = share_of(5)
ANTITHETIC = 2.0
"""Antithetic draws may have up to twice the variance, and are right all the same."""
CALLS = 64
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


def linear(n_samples: int, seed: int, dtype: torch.dtype) -> tuple[Case, np.ndarray, np.ndarray, np.ndarray]:
    """A call about three images of two pixels, of which three latents with a linear decoder are behind; for each image log p(x), and of
    p(x | z)/p(x) the variance and the skewness. The pixels lie to one side, so that p(x | z) is no even function of z.
    """
    draw = Draw(torch.float64, seed)
    weight = draw.uniform(2, 3, low=0.3, high=0.5) * torch.tensor([[1.0, 1.0, 1.0], [1.0, -1.0, 1.0]])
    log_var = draw.number(-0.9, -0.5)
    bias = draw.normal(2, mean=1.0)
    away = draw.uniform(3, 2, low=0.4, high=0.8)
    arguments = {
        "x": (bias + away).to(dtype),
        "decoder": probe_dtype(Probe({"layers": [{"op": "affine", "weight": weight, "bias": bias}]}), dtype),
        "latent_dim": 3,
        "log_var_x": log_var,
        "n_samples": n_samples,
    }

    def moment(k: int) -> torch.Tensor:  # log E[p(x | z)^k], of Gaussian integrals
        noise = math.exp(log_var) * torch.eye(2, dtype=torch.float64)
        cov = noise + k * weight @ weight.mT
        squares = (away * torch.linalg.solve(cov, away.mT).mT).sum(-1)
        return -0.5 * k * (2 * (math.log(2 * math.pi) + log_var) + squares) - 0.5 * (cov.logdet() - noise.logdet())

    log_p = moment(1)
    second, third = (torch.exp(moment(k) - k * log_p).numpy() for k in (2, 3))
    skewness = np.abs(third - 3 * second + 2) / (second - 1) ** 1.5
    return Case("prior_log_likelihood", arguments, seed=seed), log_p.numpy(), second - 1, skewness


@check("prior_log_likelihood", "noise", after=["value"])
def test_noise(student):
    """z is drawn from N(0, I), anew in every call and for every latent, and `n_samples` draws are so many: with one sample, the estimate
    tells z.
    """
    several = []
    for n_samples, dtype in ((8, torch.float32), (130, torch.float64)):
        case, log_p, variance, _ = linear(n_samples, student.lot(f"samples {n_samples}"), dtype)
        estimates = student.draws(case)(0, CALLS)
        # of one image: whether images share their draws is free. With one sample, as below, most mistakes are one and the same
        student.sees(case, "the estimates", estimates[:, :1], interchangeable=True)
        several.append((case, np.exp(np.minimum(estimates - log_p, 30.0)), ANTITHETIC * variance / n_samples))
    for turn, (plan, dtype) in enumerate(PLANS):
        case, noise = noise_of(student, *plan, dtype, f"noise {turn}", own_generator=turn < 2)
        student.sees(case, "z", noise.reshape(-1, noise.shape[2]), interchangeable=True)
        student.sees(case, "the share of z that is 0", float((np.abs(noise) < 1e-6).mean()))
        verdict = noise_test(noise, false_fail=SHARE, rounding=ROUNDING[dtype])
        student.judge(verdict, case, "z is not what independent draws from N(0, I) are")
    for case, weights, largest in several:
        verdict = combine(*(spread_test(weights[:, b], largest[b], false_fail=SHARE / 3) for b in range(3)))
        n_samples = case.arguments["n_samples"]
        student.judge(verdict, case, f"{n_samples} samples are not {n_samples} independent draws")


@check("prior_log_likelihood", "average", after=["noise"])
def test_average(student):
    """The estimate of p(x), not that of log p(x), is right on average: the mean is taken inside the logarithm."""
    for turn, dtype in enumerate(DTYPES):
        case, log_p, _, skewness = linear(12, student.lot(f"average {turn}"), dtype)
        draw = student.draws(case)
        verdict = mean_vector_test(
            lambda start, n, draw=draw, log_p=log_p: np.exp(np.minimum(draw(start, n) - log_p, 30.0)),
            np.ones(3),
            tolerance=0.2,
            stages=(150, 450, 900),
            max_skewness=float(skewness.max()) / 12**0.5,
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
