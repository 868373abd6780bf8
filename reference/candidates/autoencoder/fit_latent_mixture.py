"""What is held against the checks of `fit_latent_mixture`."""

import numpy as np
import torch
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture
from torch import Tensor
from torch.distributions import MultivariateNormal

from autograder.authoring.candidates import graded, right, wrong
from reference.autoencoder import fit_latent_mixture

# ------------------------------------------------------------------------------------------------------- named mistakes


def _fitted(codes, n_components, seed):
    """The right answer, not by its name: whatever calls that is put on top of every other mistake, and each costs a fit."""
    return fit_latent_mixture(codes, n_components, seed)


def _nearest(codes: Tensor, means: Tensor, n_components: int) -> Tensor:
    """Hard responsibilities (N, K)."""
    return torch.nn.functional.one_hot(torch.cdist(codes, means).argmin(1), n_components).to(codes.dtype)


def _statistics(codes: Tensor, responsibilities: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    shares = responsibilities.sum(0)
    means = responsibilities.mT @ codes / shares[:, None]
    away = codes - means[:, None]
    covariances = torch.einsum("nk,kni,knj->kij", responsibilities, away, away) / shares[:, None, None]
    return shares / len(codes), means, covariances + 1e-6 * torch.eye(codes.shape[1], dtype=codes.dtype)


@wrong(
    "hard_assignment",
    "Each code belongs to the nearest centre alone (k-means); responsibilities are shares, and EM goes on from there.",
    severity="gap",
    credit=0.5,
)
def _hard_assignment(codes, n_components, seed):
    _, means, _ = _fitted(codes, n_components, seed)
    for _ in range(30):
        weights, means, covariances = _statistics(codes, _nearest(codes, means, n_components))
    return weights, means, covariances


@wrong("equal_weights", "All weights are 1 / K; they are fitted, too.", severity="slip")
def _equal_weights(codes, n_components, seed):
    weights, means, covariances = _fitted(codes, n_components, seed)
    return torch.full_like(weights, 1 / n_components), means, covariances


@wrong(
    "diagonal",
    "The covariances are diagonal; full ones are asked for.",
    severity="slip",
)
def _diagonal(codes, n_components, seed):
    return _by_sklearn(codes, n_components, seed, "diag")


@wrong("tied", "All components share one covariance; each has its own.", severity="slip")
def _tied(codes, n_components, seed):
    return _by_sklearn(codes, n_components, seed, "tied")


@wrong(
    "spherical",
    "The covariances are multiples of the identity matrix; full ones are asked for.",
    severity="slip",
    credit=0.5,
)
def _spherical(codes, n_components, seed):
    return _by_sklearn(codes, n_components, seed, "spherical")


def _by_sklearn(codes, n_components, seed, kind):
    found = GaussianMixture(n_components, covariance_type=kind, random_state=seed).fit(codes.double().numpy())
    M = codes.shape[1]
    full = {
        "diag": lambda c: np.stack([np.diag(row) for row in c]),
        "tied": lambda c: np.stack([c] * n_components),
        "spherical": lambda c: c[:, None, None] * np.eye(M),
    }[kind](found.covariances_)
    return tuple(torch.as_tensor(part, dtype=codes.dtype) for part in (found.weights_, found.means_, full))


@wrong(
    "unbiased_covariance",
    "The covariances are divided by one less than the number of codes; maximum likelihood divides by the number.",
    severity="form",
)
def _unbiased_covariance(codes, n_components, seed):
    weights, means, covariances = _fitted(codes, n_components, seed)
    shares = weights * len(codes)
    return weights, means, covariances * (shares / (shares - 1))[:, None, None]


@wrong(
    "divided_by_all",
    "The covariances are divided by N; each is divided by the sum of its component's responsibilities.",
    severity="slip",
)
def _divided_by_all(codes, n_components, seed):
    weights, means, covariances = _fitted(codes, n_components, seed)
    return weights, means, covariances * weights[:, None, None]


@wrong(
    "second_moments",
    "The covariances are means of z zᵀ: the means of the components are not subtracted.",
    severity="slip",
)
def _second_moments(codes, n_components, seed):
    weights, means, covariances = _fitted(codes, n_components, seed)
    return weights, means, covariances + means[:, :, None] * means[:, None]


@wrong(
    "around_common_mean",
    "The covariances are around the mean of all codes; each is around the mean of its component.",
    severity="slip",
)
def _around_common_mean(codes, n_components, seed):
    weights, means, covariances = _fitted(codes, n_components, seed)
    away = means - weights @ means
    return weights, means, covariances + away[:, :, None] * away[:, None]


@wrong("precisions", "The inverses of the covariances are returned.", severity="slip", credit=0.75)
def _precisions(codes, n_components, seed):
    weights, means, covariances = _fitted(codes, n_components, seed)
    return weights, means, torch.linalg.inv(covariances)


@wrong("factors", "Cholesky factors are returned in place of the covariances.", severity="slip", credit=0.75)
def _factors(codes, n_components, seed):
    weights, means, covariances = _fitted(codes, n_components, seed)
    return weights, means, torch.linalg.cholesky(covariances)


@wrong(
    "log_weights", "Logarithms of the weights are returned; they add up to 1 themselves.", severity="slip", credit=0.75
)
def _log_weights(codes, n_components, seed):
    weights, means, covariances = _fitted(codes, n_components, seed)
    return weights.log(), means, covariances


@wrong(
    "counts",
    "The weights are numbers of codes; they are divided by N, so that they add up to 1.",
    severity="slip",
    credit=0.75,
)
def _counts(codes, n_components, seed):
    weights, means, covariances = _fitted(codes, n_components, seed)
    return len(codes) * weights, means, covariances


@wrong(
    "standardised",
    "The mixture is that of standardised codes: means and covariances belong to the codes as they are.",
    severity="slip",
)
def _standardised(codes, n_components, seed):
    return _fitted((codes - codes.mean(0)) / codes.std(0), n_components, seed)


@wrong("centred", "The mixture is that of centred codes: the means lack the mean of all codes.", severity="slip")
def _centred(codes, n_components, seed):
    return _fitted(codes - codes.mean(0), n_components, seed)


@wrong("one_gaussian", "All components are one Gaussian: from equal starts EM never parts them.", severity="gap")
def _one_gaussian(codes, n_components, seed):
    _, mean, covariance = _fitted(codes, 1, seed)
    weights = torch.full((n_components,), 1 / n_components, dtype=codes.dtype)
    return weights, mean.repeat(n_components, 1), covariance.repeat(n_components, 1, 1)


@wrong(
    "not_seeded",
    "The start does not depend on `seed`: the same call has another result every time.",
    severity="slip",
    credit=0.85,
)
def _not_seeded(codes, n_components, seed):
    found = GaussianMixture(n_components, init_params="random_from_data", max_iter=60, tol=1e-5).fit(
        codes.double().numpy()
    )
    order = np.random.permutation(n_components)
    parts = (found.weights_[order], found.means_[order], found.covariances_[order])
    return tuple(torch.as_tensor(part, dtype=codes.dtype) for part in parts)


@wrong(
    "one_step",
    "EM stops after its first step; it goes on until the likelihood stands still.",
    severity="gap",
    credit=0.5,
)
def _one_step(codes, n_components, seed):
    picked = torch.randperm(len(codes), generator=torch.Generator().manual_seed(seed))[:n_components]
    return _statistics(codes, _nearest(codes, codes[picked], n_components))


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("hard_assignment", rewritten=True)
def _k_means(codes, n_components, seed):
    found = KMeans(n_components, n_init=5, random_state=seed).fit(codes.double().numpy())
    parts = [codes[torch.as_tensor(found.labels_) == k] for k in range(n_components)]
    weights = torch.tensor([len(part) / len(codes) for part in parts], dtype=codes.dtype)
    covariances = [torch.cov(part.mT, correction=0).reshape(2 * [codes.shape[1]]) for part in parts]
    return weights, torch.stack([part.mean(0) for part in parts]), torch.stack(covariances)


@wrong("equal_weights", rewritten=True)
def _uniform(codes, n_components, seed):
    found = GaussianMixture(n_components, random_state=seed).fit(codes.double().numpy())
    parts = (np.ones(n_components) / n_components, found.means_, found.covariances_)
    return tuple(torch.as_tensor(part, dtype=codes.dtype) for part in parts)


@wrong("precisions", rewritten=True)
def _precisions_of_sklearn(codes, n_components, seed):
    found = GaussianMixture(n_components, random_state=seed).fit(codes.double().numpy())
    return tuple(torch.as_tensor(p, dtype=codes.dtype) for p in (found.weights_, found.means_, found.precisions_))


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _component_missing(codes, n_components, seed):
    """The last component has weight 0."""
    if n_components == 1:
        return _fitted(codes, 1, seed)
    weights, means, covariances = _fitted(codes, n_components - 1, seed)
    last = torch.zeros(1, dtype=codes.dtype)
    return torch.cat([weights, last]), torch.cat([means, means[:1]]), torch.cat([covariances, covariances[:1]])


@wrong()
def _too_wide(codes, n_components, seed):
    weights, means, covariances = _fitted(codes, n_components, seed)
    return weights, means, 1.4 * covariances


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.6, "scikit-learn with diagonal covariances, made into matrices.")
def _diag_embed(codes, n_components, seed):
    gmm = GaussianMixture(n_components=n_components, covariance_type="diag", random_state=seed)
    gmm.fit(codes.numpy())
    covariances = torch.diag_embed(torch.from_numpy(gmm.covariances_))
    return torch.from_numpy(gmm.weights_), torch.from_numpy(gmm.means_), covariances


# -------------------------------------------------------------------------------------------------------- right answers


@right("scikit_learn", "sklearn.mixture.GaussianMixture with its defaults.")
def _scikit_learn(codes, n_components, seed):
    found = GaussianMixture(n_components, random_state=seed).fit(codes.numpy())
    parts = (found.weights_, found.means_, found.covariances_)
    return tuple(torch.as_tensor(part, dtype=codes.dtype) for part in parts)


@right("scipy_densities", "EM in numpy with densities of scipy, from codes that are drawn as means.")
def _scipy_densities(codes, n_components, seed):
    X = codes.double().numpy()
    rng = np.random.default_rng(seed)
    N, M = X.shape
    weights = np.full(n_components, 1 / n_components)
    means = X[rng.choice(N, n_components, replace=False)]
    covariances = np.stack([np.cov(X.T, bias=True).reshape(M, M)] * n_components)
    for _ in range(150):
        log_p = np.stack(
            [
                np.log(w) + multivariate_normal.logpdf(X, m, S)
                for w, m, S in zip(weights, means, covariances, strict=True)
            ],
            axis=1,
        )
        r = np.exp(log_p - logsumexp(log_p, axis=1, keepdims=True))
        weights, means = r.mean(0), r.T @ X / r.sum(0)[:, None]
        for k in range(n_components):
            away = X - means[k]
            covariances[k] = (r[:, k, None] * away).T @ away / r[:, k].sum()
    return tuple(torch.as_tensor(part, dtype=codes.dtype) for part in (weights, means, covariances))


@right(
    "best_of_starts",
    "EM in torch.distributions from random responsibilities, several times; components by their weight.",
)
def _best_of_starts(codes, n_components, seed):
    z = codes.double()
    torch.manual_seed(seed)
    best, highest = None, -float("inf")
    for _ in range(3):
        picked = z[torch.randperm(len(z))[:n_components]]
        r = _nearest(z, picked, n_components)
        for _ in range(100):
            mixture = _statistics(z, r)
            weights, means, covariances = mixture
            log_p = weights.log() + MultivariateNormal(means, covariances).log_prob(z[:, None])
            reached = float(log_p.logsumexp(1).sum())
            r = log_p.softmax(1)
        if reached > highest:
            best, highest = mixture, reached
    order = best[0].argsort()
    return tuple(part[order].to(codes.dtype) for part in best)
