"""What is held against the checks of `sample_latent_mixture`."""

import numpy as np
import torch
from torch import Generator
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from autograder.authoring.candidates import graded, right, wrong
from reference.autoencoder import sample_latent_mixture

# ------------------------------------------------------------------------------------------------------- named mistakes


def _components(n, weights, generator):
    return torch.multinomial(weights, n, replacement=True, generator=generator)


def _noise(n, means, generator):
    return torch.randn(n, means.shape[1], generator=generator, dtype=means.dtype)


def _drawn(k, means, factors, noise):
    return means[k] + torch.einsum("nij,nj->ni", factors[k], noise)


@wrong(
    "equal_weights",
    "Every component is drawn equally often; component k has the probability weights[k].",
    severity="slip",
    credit=0.5,
)
def _equal_weights(n, weights, means, covariances, decoder, generator=None):
    return sample_latent_mixture(n, torch.ones_like(weights) / len(weights), means, covariances, decoder, generator)


@wrong("likeliest_component", "All codes come from the component with the largest weight.", severity="gap")
def _likeliest_component(n, weights, means, covariances, decoder, generator=None):
    only = torch.nn.functional.one_hot(weights.argmax(), len(weights)).to(weights.dtype)
    return sample_latent_mixture(n, only, means, covariances, decoder, generator)


@wrong(
    "one_component_per_call",
    "One component is drawn for all images of a call; every image has its own.",
    severity="slip",
    credit=0.5,
)
def _one_component_per_call(n, weights, means, covariances, decoder, generator=None):
    k = _components(1, weights, generator).expand(n)
    return decoder(_drawn(k, means, torch.linalg.cholesky(covariances), _noise(n, means, generator)))


@wrong(
    "averaged_components",
    "The draws of all components are added up, with the weights: a mixture draws one of them.",
    severity="gap",
)
def _averaged_components(n, weights, means, covariances, decoder, generator=None):
    factors = torch.linalg.cholesky(covariances)
    K, M = means.shape
    noise = torch.randn(n, K, M, generator=generator, dtype=means.dtype)
    z = means + torch.einsum("kij,nkj->nki", factors, noise)
    return decoder((weights[:, None] * z).sum(1))


@wrong("one_gaussian", "One Gaussian with the mean and covariance of the whole mixture is drawn from.", severity="gap")
def _one_gaussian(n, weights, means, covariances, decoder, generator=None):
    centre = weights @ means
    away = means - centre
    whole = (weights[:, None, None] * (covariances + away[:, :, None] * away[:, None])).sum(0)
    return decoder(centre + _noise(n, means, generator) @ torch.linalg.cholesky(whole).mT)


@wrong(
    "covariance_as_factor",
    "The noise is multiplied by the covariance; it belongs to its Cholesky factor.",
    severity="slip",
)
def _covariance_as_factor(n, weights, means, covariances, decoder, generator=None):
    k = _components(n, weights, generator)
    return decoder(_drawn(k, means, covariances, _noise(n, means, generator)))


@wrong("factor_transposed", "The Cholesky factor is transposed: z = m + L ε, with L Lᵀ = S.", severity="slip")
def _factor_transposed(n, weights, means, covariances, decoder, generator=None):
    k = _components(n, weights, generator)
    return decoder(_drawn(k, means, torch.linalg.cholesky(covariances).mT, _noise(n, means, generator)))


@wrong("diagonal", "Only the variances are used: the codes' dimensions are correlated.", severity="slip")
def _diagonal(n, weights, means, covariances, decoder, generator=None):
    own = torch.diag_embed(covariances.diagonal(dim1=1, dim2=2))
    return sample_latent_mixture(n, weights, means, own, decoder, generator)


@wrong(
    "root_of_entries",
    "The root is taken entry by entry; the factor of a matrix is its Cholesky factor.",
    severity="slip",
)
def _root_of_entries(n, weights, means, covariances, decoder, generator=None):
    k = _components(n, weights, generator)
    return decoder(_drawn(k, means, covariances.abs().sqrt(), _noise(n, means, generator)))


@wrong("means_only", "The means of the components are decoded; codes are drawn around them.", severity="gap")
def _means_only(n, weights, means, covariances, decoder, generator=None):
    return decoder(means[_components(n, weights, generator)])


@wrong("unit_covariance", "The noise is N(0, I) whatever the covariances are.", severity="gap", credit=0.5)
def _unit_covariance(n, weights, means, covariances, decoder, generator=None):
    return decoder(means[_components(n, weights, generator)] + _noise(n, means, generator))


@wrong(
    "prior_samples",
    "Codes are drawn from N(0, I): an autoencoder's codes follow the mixture.",
    severity="empty",
    credit=0.2,
)
def _prior_samples(n, weights, means, covariances, decoder, generator=None):
    return decoder(_noise(n, means, generator))


@wrong(
    "mean_of_another_component",
    "Mean and covariance belong to different components: both are those of the one that was drawn.",
    severity="slip",
)
def _mean_of_another_component(n, weights, means, covariances, decoder, generator=None):
    k, other = _components(n, weights, generator), _components(n, weights, generator)
    z = means[k] + torch.einsum("nij,nj->ni", torch.linalg.cholesky(covariances)[other], _noise(n, means, generator))
    return decoder(z)


@wrong("same_noise_for_all", "All images have the same noise; each has its own.", severity="slip", credit=0.5)
def _same_noise_for_all(n, weights, means, covariances, decoder, generator=None):
    k = _components(n, weights, generator)
    noise = _noise(1, means, generator).expand(n, -1)
    return decoder(_drawn(k, means, torch.linalg.cholesky(covariances), noise))


@wrong(
    "shared_over_dimensions",
    "One number is drawn for all dimensions of a code; each needs its own.",
    severity="slip",
    credit=0.5,
)
def _shared_over_dimensions(n, weights, means, covariances, decoder, generator=None):
    k = _components(n, weights, generator)
    noise = torch.randn(n, 1, generator=generator, dtype=means.dtype).expand(-1, means.shape[1])
    return decoder(_drawn(k, means, torch.linalg.cholesky(covariances), noise))


@wrong("same_noise_every_call", "A seed is set inside, so that every call draws the same images.", severity="slip")
def _same_noise_every_call(n, weights, means, covariances, decoder, generator=None):
    return sample_latent_mixture(n, weights, means, covariances, decoder, Generator().manual_seed(0))


@wrong(
    "sigmoid",
    "A sigmoid is applied to what the decoder returns, which are pixels already.",
    severity="slip",
    credit=0.7,
)
def _sigmoid(n, weights, means, covariances, decoder, generator=None):
    return torch.sigmoid(sample_latent_mixture(n, weights, means, covariances, decoder, generator))


@wrong("clamped", "The images are clamped to [0, 1]; what the decoder returns is returned as it is.", severity="form")
def _clamped(n, weights, means, covariances, decoder, generator=None):
    return sample_latent_mixture(n, weights, means, covariances, decoder, generator).clamp(0, 1)


@wrong(
    "binary",
    "Binary images are drawn from what the decoder returns, which are the pixels.",
    severity="slip",
    credit=0.5,
)
def _binary(n, weights, means, covariances, decoder, generator=None):
    pixels = torch.sigmoid(sample_latent_mixture(n, weights, means, covariances, decoder, generator))
    return torch.bernoulli(pixels)


@wrong("pixel_noise", "Noise is added to the decoded images.", severity="slip")
def _pixel_noise(n, weights, means, covariances, decoder, generator=None):
    images = sample_latent_mixture(n, weights, means, covariances, decoder, generator)
    return images + 0.1 * torch.randn(images.shape, generator=generator, dtype=images.dtype)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("covariance_as_factor", rewritten=True)
def _scale_tril(n, weights, means, covariances, decoder):
    k = Categorical(weights).sample((n,))
    return decoder(means[k] + (covariances[k] @ torch.randn(n, means.shape[1], 1, dtype=means.dtype))[..., 0])


@wrong("diagonal", rewritten=True)
def _normal_by_variances(n, weights, means, covariances, decoder):
    k = Categorical(weights).sample((n,))
    return decoder(torch.normal(means[k], covariances.diagonal(dim1=-2, dim2=-1).sqrt()[k]))


@wrong("equal_weights", rewritten=True)
def _randint(n, weights, means, covariances, decoder):
    k = torch.randint(len(weights), (n,))
    return decoder(MultivariateNormal(means[k], covariances[k]).sample())


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _too_narrow(n, weights, means, covariances, decoder):
    k = Categorical(weights).sample((n,))
    return decoder(MultivariateNormal(means[k], 0.8 * covariances[k]).sample())


@wrong()
def _in_turn(n, weights, means, covariances, decoder):
    """The components come in proportion, not at random."""
    k = torch.searchsorted(weights.cumsum(0), (torch.arange(n, dtype=weights.dtype) + 0.5) / n)
    return decoder(MultivariateNormal(means, covariances).sample((n,))[torch.arange(n), k.clamp(max=len(weights) - 1)])


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.5, "Components are drawn with equal probability.")
def _choice(n, weights, means, covariances, decoder):
    z = []
    for _ in range(n):
        k = int(torch.randint(0, means.shape[0], (1,)))
        z.append(MultivariateNormal(means[k], covariance_matrix=covariances[k]).sample())
    return decoder(torch.stack(z))


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "MixtureSameFamily of torch.distributions; the generator is not used.")
def _distributions(n, weights, means, covariances, decoder, generator=None):
    mixture = MixtureSameFamily(Categorical(weights), MultivariateNormal(means, covariances))
    with torch.no_grad():
        return decoder(mixture.sample((n,)))


@right("loop", "One image after the other, with eigenvectors for the Cholesky factor.")
def _loop(n, weights, means, covariances, decoder, generator=None):
    values, vectors = torch.linalg.eigh(covariances)
    roots = vectors * values.clamp(min=0).sqrt()[:, None]
    codes = []
    for _ in range(n):
        k = int(torch.multinomial(weights, 1, generator=generator))
        codes.append(means[k] + roots[k] @ torch.randn(means.shape[1], generator=generator, dtype=means.dtype))
    return decoder(torch.stack(codes))


@right("grouped", "As scikit-learn does: numbers of draws per component first, and the images component by component.")
def _grouped(n, weights, means, covariances, decoder):
    p = weights.double().numpy()
    counts = np.random.multinomial(n, p / p.sum())
    parts = [
        np.random.multivariate_normal(mean.numpy(), covariance.numpy(), int(count))
        for mean, covariance, count in zip(means.double(), covariances.double(), counts, strict=True)
    ]
    return decoder(torch.as_tensor(np.concatenate(parts), dtype=means.dtype))


@right("every_component", "A draw of every component, of which one is chosen by a uniform number.")
def _every_component(n, weights, means, covariances, decoder, generator=None):
    K, M = means.shape
    z = means + torch.einsum(
        "kij,nkj->nki", torch.linalg.cholesky(covariances), torch.randn(n, K, M, generator=generator, dtype=means.dtype)
    )
    u = torch.rand(n, generator=generator, dtype=weights.dtype)
    k = (u[:, None] > weights.cumsum(0)).sum(1).clamp(max=K - 1)
    return decoder(z[torch.arange(n), k])


# ------------------------------------------------------------------------------------------- mutants that are no mistakes


_NO_GRADIENT = "Images are looked at: no gradient is asked for."
EQUIVALENT = {
    "detach gradient: factors = torch.linalg.cholesky(covariances)"
    " -> factors = torch.linalg.cholesky(covariances).detach()": _NO_GRADIENT,
    "detach gradient: z = means[components] + torch.einsum('nij,nj->ni', ..., noise)"
    " -> z = (means[components] + torch.einsum('nij,nj->ni', ..., noise)).detach()": _NO_GRADIENT,
    "flip sign: means[components] + torch.einsum('nij,nj->ni', ..., noise)"
    " -> means[components] - torch.einsum('nij,nj->ni', ..., noise)": "Noise is symmetric.",
}
