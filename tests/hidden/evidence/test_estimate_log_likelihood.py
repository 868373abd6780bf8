"""The evidence: exact where the proposal is the true posterior, unbiased (not in the log) where it is not."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Probe, Sizes, check, constant
from autograder.authoring.cases import probe_dtype
from autograder.checking.statistics import mean_test, noise_test, share_of, spread_test
from tests.hidden import exact
from tests.hidden.networks import with_other_networks
from tests.hidden.sizes import NARROW as SIZES_DRAWN


@check("estimate_log_likelihood", "value")
@given(
    sizes=SIZES_DRAWN,
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 2**31 - 1),
    sigma_p=st.sampled_from([0.4, 0.7, 1.3]),
    as_tensor=st.booleans(),
)
def test_value(student, sizes, dtype, seed, sigma_p, as_tensor):
    """When the encoder is the true posterior of a linear-Gaussian model, every weight is p(x) and the estimate is
    exact for any number of samples.
    """
    case, log_p = exact.linear_gaussian(sizes, dtype, seed, sigma_p, n_samples=sizes["S"], blank=seed % 3 == 1)
    if as_tensor:
        case = case.but(sigma_p=torch.tensor(sigma_p, dtype=dtype))
    help_text = "Each weight is log p(z) + log p(x | z) − log q(z), constants and σ_p² included; − log S at the end."
    student.agrees(case, log_p, help=help_text)


WIDEN = 0.7
STAGES = (500, 4000)
ROWS = 2000
FEW, MANY = (2, 2000, 5), (160, 4, 2)
"""Calls, examples and latents: many examples in a few calls, few examples in many calls."""
ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-5}
SHARE = share_of(6)
DEFAULT = 1000
"""Samples where nothing is said, as the signature has it."""


def wide_proposal(n_samples: int, rows: int, seed: int, dtype: torch.dtype = torch.float64):
    """A call with the same image in every row, whose encoder has e^WIDEN times the variances of the true posterior; log p(x)."""
    sizes = Sizes({"B": 1, "D": 4, "M": 2})
    case, log_p = exact.linear_gaussian(sizes, dtype, seed, 0.7, widen=WIDEN, n_samples=n_samples)
    return case.but(x=case.arguments["x"].expand(rows, -1).clone()), float(log_p)


SHIFT, DRIFT, FAR = 0.3, 0.5, 1.1
"""Standard deviations: where all weights count, where few do, and where the largest of a thousand weighs as much as fifty others."""


def shifted_proposal(n_samples: int, rows: int, seed: int, dtype: torch.dtype, shift: float = SHIFT):
    """A call with the same image in every row, whose encoder has means `shift` standard deviations off in both latents; log p(x).

    A weight is then p(x) exp(−shift Σ ε − ½ Σ shift²), log-normal, with the relative variance e^(2 shift²) − 1. It is no even function
    of ε: antithetic samples have less, not more of it.
    """
    sizes = Sizes({"B": 1, "D": 4, "M": 2})
    case, log_p = exact.linear_gaussian(sizes, dtype, seed, 0.7, n_samples=n_samples, shift=shift)
    return case.but(x=case.arguments["x"].expand(rows, -1).clone()), float(log_p)


def moment_of_weight(k: int) -> float:
    """E[(w / p(x))ᵏ] for one weight w of `wide_proposal`: (uᵏ / (1 + k (u − 1)))^(M/2) with u = e^WIDEN and M = 2 latents."""
    u = np.exp(WIDEN)
    return float(u**k / (1 + k * (u - 1)))


def revealing(rows: int, latents: int, latent: int, dtype: torch.dtype, seed: int) -> Case:
    """A call with one sample whose result tells z of one latent in every row: q is the prior, and the only pixel is far above z."""
    pixel, sigma_p = pixel_and_sigma(seed)
    weight = torch.zeros(1, latents, dtype=torch.float64)
    weight[0, latent] = 1.0
    decoder = Probe({"layers": [{"op": "affine", "weight": weight, "bias": torch.zeros(1, dtype=torch.float64)}]})
    zeros = constant(torch.zeros(latents, dtype=torch.float64), 1)
    encoder = Probe({"layers": [], "heads": [[zeros], [zeros]]})
    arguments = {
        "x": torch.full((rows, 1), pixel, dtype=dtype),
        "encoder": probe_dtype(encoder, dtype),
        "decoder": probe_dtype(decoder, dtype),
        "sigma_p": sigma_p,
        "n_samples": 1,
    }
    return Case("estimate_log_likelihood", arguments, seed=seed)


def pixel_and_sigma(seed: int) -> tuple[float, float]:
    """Return the value of the pixel, which no z comes near, and σ_p."""
    return 9.0 + 2.0 * (seed % 1009) / 1009, 1.3 + 0.4 * (seed % 2003) / 2003


def noise_of(student, calls: int, rows: int, latents: int, dtype: torch.dtype, name: str, **manner: bool):
    """Return the case of the first latent, and the noise of all, shape (calls, rows, latents): one question for each latent, all with
    the same seeds. `manner` is how generators are handed in (`student.draws`).
    """
    seed = student.lot(name)
    cases = [revealing(rows, latents, latent, dtype, seed) for latent in range(latents)]
    sigma_p, x = cases[0].arguments["sigma_p"], float(cases[0].arguments["x"][0, 0])  # in float32 the pixel is rounded
    found = []
    for case in cases:
        answers = student.draws(case, **manner)(0, calls).reshape(calls, rows)
        squares = -2.0 * sigma_p**2 * (answers + np.log(sigma_p) + 0.5 * np.log(2 * np.pi))
        found.append(x - np.sqrt(np.maximum(squares, 0.0)))
    return cases[0], np.stack(found, axis=-1)


@check("estimate_log_likelihood", "noise", after=["value"])
def test_noise(student):
    """Every call, every example, every latent and every one of the `n_samples` draws has noise of its own, and it is Gaussian: with
    one sample, the estimate tells how large the noise was.
    """
    for turn, dtype in enumerate((*DTYPES, DTYPES[student.lot("late") % 2])):
        manner = {"own_generator": turn < 2, "one_generator": turn == 1}
        case, noise = noise_of(student, *(MANY if turn == 2 else FEW), dtype, f"noise {turn}", **manner)
        student.sees(case, "the noise", noise.reshape(-1, noise.shape[2]), interchangeable=True)
        student.sees(case, "the share of examples whose z is the mean", float((np.abs(noise) < 1e-6).mean()))
        verdict = noise_test(noise, false_fail=SHARE, rounding=ROUNDING[dtype])
        student.judge(verdict, case, "the noise is not that of independent draws from q(z | x)")
    for n_samples, dtype in ((8, torch.float32), (160, torch.float64), (DEFAULT, torch.float64)):
        case, log_p = shifted_proposal(n_samples, ROWS // 5, student.lot(f"samples {n_samples}"), dtype)
        if n_samples == DEFAULT:
            case = replace(case, arguments={k: v for k, v in case.arguments.items() if k != "n_samples"})
        estimates = student.value(case).double().numpy()
        student.sees(case, "the estimates", estimates, interchangeable=True)
        weights = np.exp(np.minimum(estimates - log_p, 30.0))
        verdict = spread_test(weights, np.expm1(2 * SHIFT**2) / n_samples, false_fail=SHARE)
        student.judge(verdict, case, f"{n_samples} samples of one example are not {n_samples} independent draws")


@check("estimate_log_likelihood", "importance", after=["noise"])
def test_importance(student):
    """When the encoder is not the posterior, the estimate of p(x), not of log p(x), is unbiased: the mean is taken inside the
    logarithm.
    """
    help_text = "log of the mean of the weights, not the mean of the log-weights (that is the ELBO)."
    message = "the estimate of p(x) divided by the exact p(x) should be 1 on average"
    for n_samples, dtype, stages in (
        (6, torch.float64, STAGES),
        (6, torch.float32, STAGES),
        (520, torch.float64, (100,)),
    ):
        draw = ratios(student, n_samples, dtype, student.lot(f"{n_samples} {dtype}"))
        central = moment_of_weight(3) - 3 * moment_of_weight(2) + 2
        skewness = (
            abs(central) / (moment_of_weight(2) - 1) ** 1.5 / np.sqrt(n_samples)
        )  # of a mean of n_samples weights
        verdict = mean_test(
            draw,
            1.0,
            tolerance=0.15,
            stages=stages,
            max_skewness=skewness,
            false_fail=share_of(5),
            exact_tolerance=1e-5,
        )
        case, _ = wide_proposal(n_samples, 1, student.lot("shown"), dtype)
        student.judge(verdict, case, message, help=help_text)
    judge_weights(student, message, help_text)


def judge_weights(student, message, help_text):
    """Require that every weight counts as it should: of 200,000, a few for each of many examples, the mean is known well; and of the
    default number, with proposals far off, neither the largest may be held back nor the mean be one of means of logarithms.
    """
    seed = student.lot("weights")
    for n_samples, shift, rows, tolerance in ((10 + seed % 15, DRIFT, ROWS, 0.04), (DEFAULT, FAR, 600, 0.08)):
        case, log_p = shifted_proposal(n_samples, rows, seed, torch.float64, shift)
        if n_samples == DEFAULT:
            case = replace(case, arguments={k: v for k, v in case.arguments.items() if k != "n_samples"})
        calls = range(max(1, 200_000 // (n_samples * rows)))
        estimates = np.concatenate([student.value(replace(case, seed=case.seed + k)).double().numpy() for k in calls])
        weights = np.exp(np.minimum(estimates - log_p, 30.0))
        relative = np.expm1(2 * shift**2)
        skewness = (relative + 3.0) * relative**0.5 / n_samples**0.5  # (e^v + 2) (e^v − 1)^½ of one log-normal weight
        verdict = mean_test(
            lambda start, n, weights=weights: weights[start : start + n],
            1.0,
            tolerance=tolerance,
            stages=(len(weights),),
            max_skewness=skewness,
            false_fail=share_of(5),
            exact_tolerance=1e-5,
        )
        student.judge(verdict, case, message, help=help_text)


def ratios(student, n_samples: int, dtype: torch.dtype, seed: int):
    """`draw(start, n)`: estimates of p(x) over p(x). Equal images are independent draws (`noise`), so that one call gives n of them."""

    def draw(start: int, n: int) -> np.ndarray:
        call, log_p = wide_proposal(n_samples, n, seed, dtype)
        if start == 0:  # as in evaluations between the steps of a training
            student.value(with_other_networks(call), finite=False, evaluate=True)
        estimates = student.value(replace(call, seed=call.seed + start), evaluate=True).double().numpy()
        student.sees(call, "the estimates", estimates, interchangeable=True)
        return np.exp(np.minimum(estimates - log_p, 30.0))

    return draw


@check("estimate_log_likelihood", "extreme")
@settings(max_examples=2)
@given(dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1), latents=st.integers(150, 220))
def test_extreme(student, dtype, seed, latents):
    """It stays finite and exact for 200 latents and for images whose probability underflows, also beside others that are likely."""
    sizes = Sizes({"B": 3, "D": 600, "M": latents})
    case, log_p = exact.linear_gaussian(sizes, dtype, seed, 1.3, n_samples=2)
    student.agrees(case, log_p, help="Stay in the log domain until the end (torch.logsumexp).")
    likely = Sizes({"B": 4, "D": 5, "M": 2})
    case, log_p = exact.linear_gaussian(likely, dtype, seed, 1.3, n_samples=3, apart=60.0)
    student.agrees(
        case, log_p, help="Every example has weights of its own: what keeps one in range is nothing to another."
    )
