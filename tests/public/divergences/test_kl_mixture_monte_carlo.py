"""KL divergence to a mixture of Gaussians, estimated by samples."""

import math

import torch

from autograder.authoring import Case, check, inputs
from tests.public.mixtures import SIZES, mixture


@inputs("kl_mixture_monte_carlo", sizes=SIZES, scale="M")
def kl_mixture_monte_carlo(draw):
    """A posterior for every example, draws of it, and a mixture of which the components overlap."""
    mean, log_var = (
        draw.normal("B", "M", std=1.5),
        draw.uniform("B", 1, low=-3.0, high=3.0) + draw.normal("B", "M", std=0.3),
    )
    z = mean + torch.exp(0.5 * log_var) * draw.normal("S", "B", "M")
    return {"z": z, "mean": mean, "log_var": log_var, **mixture(draw)}


@check("kl_mixture_monte_carlo", "golden")
def test_golden(student):
    """A prior of two components that are far apart, the first with π = ¾. Where q is the first one, log q − log p = −log ¾ at every z;
    where it is the second one, −log ¼. Where q = N(1, 1), it is ½ − log ¾ at z = 1 and 3/2 − log ¾ at z = 2, on average 1 − log ¾.
    Where q is twice as wide as the first, it is −log 2 − log ¾ at z = 0: an estimate may be negative.
    """
    prior = {
        "logits": torch.tensor([math.log(3.0), 0.0], dtype=torch.float64),
        "means": torch.tensor([[0.0], [100.0]], dtype=torch.float64),
        "log_vars": torch.tensor([[0.0], [math.log(4.0)]], dtype=torch.float64),
    }
    z = torch.tensor([[0.0, 100.0, 1.0, 0.0], [1.0, 98.0, 2.0, 0.0]], dtype=torch.float64)
    q = torch.tensor([[0.0, 0.0], [100.0, math.log(4.0)], [1.0, 0.0], [0.0, math.log(4.0)]], dtype=torch.float64)
    arguments = {"z": z[..., None], "mean": q[:, :1].clone(), "log_var": q[:, 1:].clone(), **prior}
    first, second = -math.log(0.75), -math.log(0.25)
    student.agrees(
        Case("kl_mixture_monte_carlo", arguments),
        torch.tensor([first, second, 1.0 + first, first - math.log(2.0)], dtype=torch.float64),
        help="The mean over the samples (the first axis of z) of log q(z) − log p(z).",
    )
