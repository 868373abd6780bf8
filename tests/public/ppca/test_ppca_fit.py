"""Maximum likelihood for probabilistic PCA."""

import torch
from hypothesis import given, settings

from autograder.authoring import Case, CheckFailed, FailureKind, check, inputs
from tests.public.sizes import SIZES


@inputs("ppca_fit", sizes=SIZES, scale="D")
def ppca_fit(draw):
    """Data with M strong directions, clearly separated from the rest however few points there are, so that iterative fits converge."""
    factors = max(1, min(draw.size("M"), draw.size("D") - 1))
    strengths = torch.linspace(3.0, 2.0, factors, dtype=draw.normal(1).dtype)
    W = draw.orthogonal("D", factors) * strengths
    scores = draw.normal("N", factors)
    scores = torch.linalg.qr((scores - scores.mean(0)).double())[0].to(W.dtype) * draw.size("N") ** 0.5
    X = scores @ W.T + draw.normal("N", "D", std=0.6)
    return {"X": X + draw.normal("D", mean=6.0, std=2.0), "n_components": factors}


def fitted(student, case, form=False):
    """Return W, μ and σ². Where W has another shape, its products are what is seen: signs and rotations are free in it, too."""
    answer = student.ask(case).value
    W = answer[0] if isinstance(answer, tuple | list) and answer else None
    D, M = case.arguments["X"].shape[1], case.arguments["n_components"]
    if isinstance(W, torch.Tensor) and is_another_matrix(W, D, M):
        products = W @ W.mT if W.shape[0] > W.shape[1] else W.mT @ W
        student.sees(case, f"products in W of shape {tuple(W.shape)}", products, within=0.01)
        message = f"W has shape {tuple(W.shape)}, but should have (D, M) = {(D, M)}"
        raise CheckFailed(FailureKind.CONTRACT, message, evidence=student.evidence(case))
    return student.value(case, form=form)


def is_another_matrix(W, D, M):
    """Whether this is a small matrix with other entries than one of shape (D, M) has; a single column may lie down."""
    if not W.is_floating_point() or W.dim() != 2 or max(W.shape) > 200:
        return False
    return tuple(W.shape) != (D, M) and (W.numel() != D * M or M > 1)


@check("ppca_fit", "contract")
@settings(max_examples=12)
@given(case=ppca_fit.drawn())
def test_contract(student, case):
    """`ppca_fit` exists, takes the documented arguments, and returns finite W of shape (D, M), μ of shape (D,) and the number σ²,
    of the documented dtype and without changing X.
    """
    fitted(student, case, form=True)


@check("ppca_fit", "golden")
def test_golden(student):
    """By hand: the four points μ + (3, 2, 1), μ + (3, −2, −1), μ + (−3, 2, −1) and μ + (−3, −2, 1) have the covariance
    diag(9, 4, 1), divided by N = 4. With one component σ² = (4 + 1) / 2 = 2.5, and W Wᵀ + σ² I = diag(9, 2.5, 2.5).
    """
    signs = torch.tensor([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=torch.float64)
    X = signs * torch.tensor([3.0, 2.0, 1.0]) + torch.tensor([5.0, -2.0, 1.0])
    case = Case("ppca_fit", {"X": X, "n_components": 1})
    W, _, sigma2 = fitted(student, case)
    noise = float(sigma2)
    cov = W @ W.T + noise * torch.eye(3, dtype=torch.float64)
    student.sees(case, "sigma2", noise, within=0.01)
    student.sees(case, "the covariance", cov, within=0.01)
    help_text = "The eigenvalues are 9, 4 and 1 (not 12, 5.33 and 1.33: divide by N); W is √(9 − 2.5) times (±1, 0, 0)."
    student.require(abs(noise / 2.5 - 1) < 0.01, case, f"σ² is {noise:.4g}, not 2.5", help=help_text)
    off = float((cov - torch.diag(torch.tensor([9.0, 2.5, 2.5]))).abs().max())
    message = f"W Wᵀ + σ² I is off by {off:.3g} from diag(9, 2.5, 2.5)"
    student.require(off < 0.09, case, message, help=help_text)


@check("ppca_fit", "centre")
def test_centre(student):
    """The maximum-likelihood mean is the mean of the data, also when it is far from 0."""
    case = ppca_fit.build(SIZES[5], torch.float64, 4)
    _, mu, _ = fitted(student, case)
    student.close(case, mu, case.arguments["X"].mean(0), what="mu")


@check("ppca_fit", "tiled", given=True)
def test_tiled(student):
    """Showing every data point twice changes nothing: σ² and W Wᵀ are averages over the data, not sums."""
    case = ppca_fit.build(SIZES[5], torch.float64, 4)
    twice = case.but(X=case.arguments["X"].repeat(2, 1))
    (W, _, sigma2), (W2, _, sigma2_twice) = fitted(student, case), fitted(student, twice)
    sizes = float(sigma2), float((W**2).sum())
    student.require(min(sizes) > 0, case, "σ² and W Wᵀ of these data are larger than 0", got=f"σ² = {sizes[0]:.6g}")
    ratios = float(sigma2_twice) / sizes[0], float((W2**2).sum()) / sizes[1]
    for what, ratio in zip(("σ²", "the trace of W Wᵀ"), ratios, strict=True):
        student.sees(twice, f"{what} with every data point doubled", ratio, within=0.01)
        message = f"with every data point doubled {what} becomes {ratio:.4g} times as large"
        student.require(abs(ratio - 1) < 0.01, twice, message, help="Divide by the number of data points N.")
