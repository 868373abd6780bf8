"""Draws from probabilistic PCA: the right distribution, and independence."""

from dataclasses import replace

import numpy as np
import torch

from autograder.authoring import DTYPES, Case, Draw, Sizes, check
from autograder.checking.statistics import combine, gaussian_sample_test, noise_test, share_of
from tests.hidden.ppca.arguments import with_sigma2
from tests.public.ppca.parameters import ppca_parameters

ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-5}
MODELS = ((3, 2), (4, 1), (1, 1), (2, 4))
"""Dimensions and latents: fewer latents, one of them, one of each, and more latents than dimensions."""
SHAPES = ((3, 8000, 6, 2), (2, 40, 70, 3), (64, 12, 2, 1), (64, 1, 12, 4))
"""Calls, draws, dimensions and latents. The first has numbers enough to see noise that is 3 % off, or a pool that begins again."""
LATE = 1000
"""Calls of one shape: noise that was put by comes back."""


def _model(n: int, seed: int, dtype: torch.dtype, D: int, M: int, small: bool = False) -> Case:
    """A call whose noise variance is not near 1, where a root that is forgotten would not show; or `small` numbers, as pixels give them,
    to which nothing can be added that does not show.
    """
    arguments = ppca_parameters(Draw(dtype, seed, Sizes({"D": D, "M": M})))
    ratio = arguments["sigma2"] / 2.5
    arguments["sigma2"] = 0.15 + 0.3 * ratio if seed % 2 else 2.2 + 2.0 * ratio
    if small:
        arguments |= {"W": 0.1 * arguments["W"], "mu": 0.1 * arguments["mu"], "sigma2": 0.01 + 0.02 * ratio}
    return with_sigma2(Case("ppca_sample", {"n": n, **arguments}, seed=seed), seed % 3 == 0)


def _noise(case: Case, x: torch.Tensor) -> np.ndarray:
    """The draws of one call or of several, shape (..., n, D), along the principal axes of the model, divided by their deviations there."""
    W, mu = case.arguments["W"].double(), case.arguments["mu"].double()
    C = W @ W.mT + float(case.arguments["sigma2"]) * torch.eye(len(mu), dtype=torch.float64)
    variances, axes = torch.linalg.eigh(C)
    return ((x.double() - mu) @ axes / variances.sqrt()).numpy()


@check("ppca_sample", "distribution")
def test_distribution(student):
    """Draws follow N(μ, W Wᵀ + σ² I): along every principal axis, divided by their standard deviation there, they are standard normal."""
    looks = share_of(sum(D + 1 for D, _ in MODELS))
    for turn, (D, M) in enumerate(MODELS):
        case = _model(4000, student.lot(f"model {turn}"), DTYPES[turn % 2], D, M, small=turn == 1)
        noise = _noise(case, student.value(case))
        student.sees(case, "the noise", noise, interchangeable=True)
        together = noise.sum(1) / D**0.5  # axes that are not independent of one another
        columns = [*noise.T, *([together] if D > 1 else [])]
        verdict = combine(*(gaussian_sample_test(column, false_fail=looks) for column in columns))
        help_text = "x = W z + μ + σ ε: z and ε are standard normal, and σ is the root of sigma2."
        student.judge(verdict, case, "the draws do not follow N(μ, W Wᵀ + σ² I)", help=help_text)


@check("ppca_sample", "independence", after=["distribution"])
def test_independence(student):
    """Latent variables and noise are fresh for every draw, every dimension and every call."""
    first = _model(4000, student.lot("names"), torch.float64, 3, 2)
    noise = _noise(first, student.value(first))
    student.sees(first, "the noise", noise, interchangeable=True)
    second = _noise(first, student.value(replace(first, seed=first.seed + 77)))
    student.sees(first, "the noise of two calls", np.stack([noise[:, 0], second[:, 0]], axis=1), interchangeable=True)
    share = share_of(len(SHAPES) + 4)
    for turn, (calls, n, D, M) in enumerate(SHAPES):
        # the largest is asked in float64, where numbers that are equal stand out among so many
        dtype = DTYPES[(turn + student.lot("dtype")) % 2] if turn else torch.float64
        case = _model(n, student.lot(f"noise {turn}"), dtype, D, M)
        manner = {"scattered": turn % 2 == 1, "own_generator": turn != 3, "evaluate": turn % 2 == 0}
        drawn = [student.value(replace(case, seed=case.seed + call), **manner) for call in range(calls)]
        found = _noise(case, torch.stack(drawn))
        verdict = noise_test(found, independent=True, rounding=ROUNDING[dtype], false_fail=share)
        student.judge(verdict, case, "draws, dimensions or calls share their noise")
    case = _model(1, student.lot("late"), torch.float64, 2, 1)
    for count, what, manner in (
        (LATE, "calls", {}),
        (LATE // 4, "calls with one generator", {"one_generator": True}),
        (LATE // 4, "calls without a generator", {"own_generator": False}),
        (LATE // 4, "calls without a generator and without gradients", {"own_generator": False, "evaluate": True}),
    ):
        late = _noise(case, student.many(case, count, **manner).reshape(count, 1, 2))
        verdict = noise_test(late, independent=True, false_fail=share)
        student.judge(verdict, case, f"{count} {what} share their noise")
