"""Maximum likelihood for probabilistic PCA."""

import torch

from autograder.authoring import check, inputs
from tests.public.sizes import SIZES


@inputs("ppca_fit", sizes=SIZES, scale="D")
def ppca_fit(draw):
    """Data with M strong directions, clearly separated from the rest, so that iterative fits converge."""
    factors = max(1, min(draw.size("M"), draw.size("D") - 1))
    strengths = torch.linspace(3.0, 2.0, factors, dtype=draw.normal(1).dtype)
    W = draw.orthogonal("D", factors) * strengths
    X = draw.normal("N", factors) @ W.T + draw.normal("N", "D", std=0.4)
    return {"X": X + draw.normal("D", mean=6.0, std=2.0), "n_components": factors}


@check("ppca_fit", "centre")
def test_centre(student):
    """The maximum-likelihood mean is the mean of the data, also when it is far from 0."""
    case = ppca_fit.build(SIZES[5], torch.float64, 4)
    _, mu, _ = student.value(case)
    student.close(case, mu, case.arguments["X"].mean(0), what="mu")


@check("ppca_fit", "tiled")
def test_tiled(student):
    """Showing every data point twice changes nothing: σ² and W Wᵀ are averages over the data, not sums."""
    case = ppca_fit.build(SIZES[5], torch.float64, 4)
    twice = case.but(X=case.arguments["X"].repeat(2, 1))
    (W, _, sigma2), (W2, _, sigma2_twice) = student.value(case), student.value(twice)
    sizes = float(sigma2), float((W**2).sum())
    student.require(min(sizes) > 0, case, "σ² and W Wᵀ of these data are larger than 0", got=f"σ² = {sizes[0]:.6g}")
    ratios = float(sigma2_twice) / sizes[0], float((W2**2).sum()) / sizes[1]
    for what, ratio in zip(("σ²", "the trace of W Wᵀ"), ratios, strict=True):
        student.sees(twice, f"{what} with every data point doubled", ratio, within=0.01)
        message = f"with every data point doubled {what} becomes {ratio:.4g} times as large"
        student.require(abs(ratio - 1) < 0.01, twice, message, help="Divide by the number of data points N.")
