"""Mean squared error plus the mean KL divergence of a latent dimension."""

import torch

from autograder.authoring import Case, check, inputs
from tests.public.sizes import SIZES


@inputs("mse_objective", sizes=SIZES)
def mse_objective(draw):
    """Grey images, reconstructions that may leave their range, and q(z | x)."""
    return {
        "x": draw.uniform("B", "D", low=0.0, high=1.0),
        "x_hat": draw.normal("B", "D", mean=0.3, std=0.6),
        "mean": draw.normal("B", "M", std=1.5),
        "log_var": draw.uniform("B", "M", low=-3.0, high=1.5),
    }


@check("mse_objective", "golden")
def test_golden(student):
    """Two images of three pixels that are off by (1, 0, 0) and (0, −1, 2): the mean of the squares is 1. For μ = (1, 0) and (0, 2) with
    σ = 1 the divergences of the four latent dimensions are ½, 0, 0 and 2: their mean is 0.625, and the result 1.625.
    """
    x = torch.tensor([[1.0, 0.5, 0.0], [0.25, 0.0, 1.0]], dtype=torch.float64)
    away = torch.tensor([[1.0, 0.0, 0.0], [0.0, -1.0, 2.0]], dtype=torch.float64)
    mean = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
    case = Case("mse_objective", {"x": x, "x_hat": x + away, "mean": mean, "log_var": torch.zeros_like(mean)})
    expected = torch.tensor(1.625, dtype=torch.float64)
    student.agrees(case, expected, help="The mean over all pixels, plus the mean over all latent dimensions: no sums.")
