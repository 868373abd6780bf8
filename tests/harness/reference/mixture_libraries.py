"""What libraries answer for the tasks about a mixture of Gaussians: rows of the table in `test_libraries.py`."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import scipy.special
import scipy.stats
import sklearn.mixture
import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal


def _sklearn_mixture(logits: Tensor, means: Tensor, log_vars: Tensor) -> sklearn.mixture.GaussianMixture:
    made = sklearn.mixture.GaussianMixture(len(logits), covariance_type="diag")
    made.weights_, made.means_ = scipy.special.softmax(logits.numpy()), means.numpy()
    made.precisions_cholesky_ = np.exp(-log_vars.numpy() / 2)
    return made


MIXTURE: Mapping[str, Callable[..., Any]] = {
    "Normal": lambda z, logits, means, log_vars: MixtureSameFamily(
        Categorical(logits=logits), Independent(Normal(means, (log_vars / 2).exp()), 1)
    ).log_prob(z),
    "Categorical of probabilities": lambda z, logits, means, log_vars: MixtureSameFamily(
        Categorical(torch.softmax(logits, -1)), Independent(Normal(means, log_vars.exp().sqrt()), 1)
    ).log_prob(z),
    "covariance_matrix": lambda z, logits, means, log_vars: MixtureSameFamily(
        Categorical(logits=logits), MultivariateNormal(means, torch.diag_embed(log_vars.exp()))
    ).log_prob(z),
    "scipy.stats.norm": lambda z, logits, means, log_vars: scipy.special.logsumexp(
        scipy.stats.norm.logpdf(z.numpy()[:, None], means.numpy(), np.exp(log_vars.numpy() / 2)).sum(-1)
        + scipy.special.log_softmax(logits.numpy()),
        axis=1,
    ),
    "sklearn.mixture": lambda z, logits, means, log_vars: _sklearn_mixture(logits, means, log_vars).score_samples(
        z.numpy()
    ),
}


def _estimate(log_q: Callable[..., Any], log_p: Callable[..., Any]) -> Callable[..., Any]:
    def estimate(z: Tensor, mean: Tensor, log_var: Tensor, **prior: Tensor) -> Tensor:
        of_prior = torch.as_tensor(log_p(z.flatten(0, 1), **prior)).reshape(z.shape[:2])
        return (torch.as_tensor(log_q(z, mean, log_var)) - of_prior).mean(0)

    return estimate


def _normal(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return Independent(Normal(mean, (log_var / 2).exp()), 1).log_prob(z)


KL_MIXTURE: Mapping[str, Callable[..., Any]] = {
    "Normal": _estimate(_normal, MIXTURE["Normal"]),
    "MultivariateNormal": _estimate(
        lambda z, mean, log_var: MultivariateNormal(mean, torch.diag_embed(log_var.exp())).log_prob(z),
        MIXTURE["covariance_matrix"],
    ),
    "scipy.stats.norm": _estimate(
        lambda z, mean, log_var: scipy.stats.norm.logpdf(z.numpy(), mean.numpy(), np.exp(log_var.numpy() / 2)).sum(-1),
        MIXTURE["scipy.stats.norm"],
    ),
    "sklearn.mixture": _estimate(_normal, MIXTURE["sklearn.mixture"]),
}
