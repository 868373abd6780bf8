"""Golden values: numbers that can be worked out by hand, with the working in the docstring."""

import math

import torch

from autograder.checking import Case, check
from tests.public import cases


def tensor(values, dtype=torch.float64):
    """A float64 tensor."""
    return torch.tensor(values, dtype=dtype)


@check("kl_standard_normal", "golden")
def test_kl_golden(student):
    """KL(N(0, I) ‖ N(0, I)) = 0; KL(N(1, 1) ‖ N(0, 1)) = ½; at μ = 0, σ = 1/√2 it is ½(½ − 1 + log 2) = 0.0966 per
    dimension; two dimensions add.
    """
    half = math.log(0.5)
    mean = tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [1.0, -2.0]])
    log_var = tensor([[0.0, 0.0], [0.0, 0.0], [half, half], [0.0, half]])
    one = 0.5 * (0.5 - 1 - half)
    case = Case("kl_standard_normal", {"mean": mean, "log_var": log_var})
    student.agrees(
        case,
        tensor([0.0, 0.5, 2 * one, 0.5 + one + 2.0]),
        help="HUJI's printed equation (7) lacks the ½ and has log σ for log σ²: use the formula of the docstring.",
    )


@check("log_mean_exp", "golden")
def test_log_mean_exp_golden(student):
    """The log-mean-exp of equal weights is that weight; of log 1 and log 3 it is log 2; adding a constant to all
    weights adds it to the result.
    """
    columns = [[0.0, 0.0], [math.log(1.0), math.log(3.0)], [-50.0, -50.0], [math.log(1.0) + 7, math.log(3.0) + 7]]
    log_w = tensor(columns).T.contiguous()
    case = Case("log_mean_exp", {"log_w": log_w})
    student.agrees(
        case,
        tensor([0.0, math.log(2.0), -50.0, math.log(2.0) + 7]),
        help="log (1/S) Σ_s exp(log_w_s) over the first axis: is − log S there?",
    )


@check("ppca_fit", "centre")
def test_fit_centre(student):
    """The maximum-likelihood mean is the mean of the data, also when it is far from 0."""
    case = cases.build("ppca_fit", cases.SIZES[5], torch.float64, 4)
    _, mu, _ = student.value(case)
    student.close(case, mu, case.arguments["X"].mean(0), what="mu")


@check("ppca_fit", "tiled")
def test_fit_tiled(student):
    """Showing every data point twice changes nothing: σ² and W Wᵀ are averages over the data, not sums."""
    case = cases.build("ppca_fit", cases.SIZES[5], torch.float64, 4)
    twice = case.but(X=case.arguments["X"].repeat(2, 1))
    (W, _, sigma2), (W2, _, sigma2_twice) = student.value(case), student.value(twice)
    sizes = float(sigma2), float((W**2).sum())
    student.require(min(sizes) > 0, case, "σ² and W Wᵀ of these data are larger than 0", got=f"σ² = {sizes[0]:.6g}")
    ratios = float(sigma2_twice) / sizes[0], float((W2**2).sum()) / sizes[1]
    for what, ratio in zip(("σ²", "the trace of W Wᵀ"), ratios, strict=True):
        student.sees(twice, f"{what} with every data point doubled", ratio, within=0.01)
        message = f"with every data point doubled {what} becomes {ratio:.4g} times as large"
        student.require(abs(ratio - 1) < 0.01, twice, message, help="Divide by the number of data points N.")
