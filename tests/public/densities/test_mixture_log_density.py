"""Log-density of a mixture of Gaussians."""

import math

import torch

from autograder.authoring import Case, check, inputs
from tests.public.mixtures import SIZES, mixture


@inputs("mixture_log_density", sizes=SIZES, scale="M")
def mixture_log_density(draw):
    """Points among the components."""
    return {"z": draw.normal("B", "M", mean=0.5, std=2.0), **mixture(draw)}


@check("mixture_log_density", "golden")
def test_golden(student):
    """Two components that are far apart do not feel each other: at its mean the one with π = ¾, σ = 1 has log ¾ − ½ log 2π, that with
    π = ¼, σ = 2 has log ¼ − log 2 − ½ log 2π, and one σ away costs ½. Two that are both N(0, I) are N(0, I), whatever their weights.
    """
    apart = {
        "z": torch.tensor([[0.0], [100.0], [1.0], [98.0]], dtype=torch.float64),
        "logits": torch.tensor([math.log(3.0), 0.0], dtype=torch.float64),
        "means": torch.tensor([[0.0], [100.0]], dtype=torch.float64),
        "log_vars": torch.tensor([[0.0], [math.log(4.0)]], dtype=torch.float64),
    }
    first, second = math.log(0.75), math.log(0.25) - math.log(2.0)
    expected = torch.tensor([first, second, first - 0.5, second - 0.5], dtype=torch.float64)
    help_text = "log Σ_k π_k N(z; m_k, σ_k²): the weights are the softmax of `logits`."
    student.agrees(Case("mixture_log_density", apart), expected - 0.5 * math.log(2 * math.pi), help=help_text)
    alike = {
        "z": torch.tensor([[0.0, 0.0], [3.0, -4.0], [1.0, 1.0]], dtype=torch.float64),
        "logits": torch.tensor([2.0, 1.0], dtype=torch.float64),
        "means": torch.zeros(2, 2, dtype=torch.float64),
        "log_vars": torch.zeros(2, 2, dtype=torch.float64),
    }
    cost = torch.tensor([0.0, 12.5, 1.0], dtype=torch.float64)
    student.agrees(Case("mixture_log_density", alike), -math.log(2 * math.pi) - cost, help=help_text)
