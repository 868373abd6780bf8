"""The KL divergence against torch.distributions and quadrature."""

import numpy as np
import torch
from reference_problems import B, M, problems, tolerances

from reference.divergences import kl_standard_normal


def test_is_that_of_torch(dtype: torch.dtype) -> None:
    """The closed form is the one of torch.distributions."""
    mean, log_var = problems("kl_standard_normal", dtype)[0]
    q = torch.distributions.Normal(mean, torch.exp(log_var / 2))
    expected = torch.distributions.kl_divergence(q, torch.distributions.Normal(torch.zeros_like(mean), 1)).sum(-1)

    torch.testing.assert_close(kl_standard_normal(mean, log_var), expected, **tolerances(dtype))


def test_is_the_expected_log_ratio() -> None:
    """The closed form is E_q[log q − log p], integrated by Gauss-Hermite quadrature in a plain loop."""
    mean, log_var = problems("kl_standard_normal")[0]
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    expected = np.zeros(B)
    for b in range(B):
        for m in range(M):
            std = np.exp(float(log_var[b, m]) / 2)
            z = float(mean[b, m]) + std * nodes
            expected[b] += weights / weights.sum() @ (z**2 / 2 - nodes**2 / 2 - np.log(std))

    np.testing.assert_allclose(kl_standard_normal(mean, log_var).numpy(), expected, rtol=1e-10)


def test_is_finite_for_tiny_variances() -> None:
    """At log σ² = −110 in float32 the divergence is 54.5; at σ = 1/√2 it is 0.0966."""
    log_var = torch.tensor([[-110.0], [-0.6931472]])

    torch.testing.assert_close(kl_standard_normal(0 * log_var, log_var), torch.tensor([54.5, 0.0965736]))
