"""The bound against a plain loop over the same noise and against quadrature over two latents."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.signal
import torch
from reference_problems import CANDIDATES, B, D, LinearDecoder, LinearEncoder, M, S, problems, randn, tolerances
from sklearn.decomposition import PCA
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from reference.networks import ConvDecoder, ConvEncoder
from reference.vae import ancestral_sample, elbo, evaluate_elbo, project_2d, vae_loss


def test_is_what_a_loop_over_the_same_noise_gives() -> None:
    """The estimate is the plain triple sum over samples, examples and pixels, for the noise of the generator."""
    x, encoder, decoder, n_samples = problems("elbo")[1]
    noise = torch.randn(n_samples, B, M, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    mean, log_var = (t.tolist() for t in encoder(x))
    total = 0.0
    for b in range(B):
        for s in range(S):
            z = [m + math.exp(v / 2) * e for m, v, e in zip(mean[b], log_var[b], noise[s, b].tolist(), strict=True)]
            logits = decoder(torch.tensor(z, dtype=torch.float64)).tolist()
            total -= sum(math.log1p(math.exp(v if x[b, d] == 0 else -v)) for d, v in enumerate(logits)) / S
        total -= sum(0.5 * (math.exp(v) + m * m - 1 - v) for m, v in zip(mean[b], log_var[b], strict=True))

    estimate = elbo(x, encoder, decoder, n_samples, torch.Generator().manual_seed(3))
    loss = vae_loss(x, encoder, decoder, n_samples, torch.Generator().manual_seed(3))
    assert estimate.item() == pytest.approx(total / B)
    assert loss.item() == pytest.approx(-total / B)


def test_is_unbiased() -> None:
    """The mean of estimates, and of their gradients, is the bound by Gauss-Hermite quadrature over two latents."""
    x = problems("elbo")[0][0]
    encoder, decoder = LinearEncoder(torch.float64, D, 2), LinearDecoder(torch.float64, D, 2)
    parameters = encoder.parameters + decoder.parameters
    nodes, weights = (torch.tensor(t) for t in np.polynomial.hermite_e.hermegauss(40))
    noise = torch.cartesian_prod(nodes, nodes)[:, None]  # (1600, 1, 2)
    weight = (weights[:, None] * weights).flatten() / (2 * math.pi)
    mean, log_var = encoder(x)
    q = torch.distributions.Normal(mean, torch.exp(log_var / 2))
    logits = decoder(mean + torch.exp(log_var / 2) * noise)
    reconstruction = weight @ torch.distributions.Bernoulli(logits=logits).log_prob(x).sum(-1)
    exact = (reconstruction - torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(-1)).mean()
    rows = []
    for seed in range(30):
        estimate = elbo(x, encoder, decoder, 200, torch.Generator().manual_seed(seed))
        gradients = torch.autograd.grad(estimate, parameters)
        rows.append(torch.cat([estimate.detach().reshape(1), *(g.flatten() for g in gradients)]))
    estimates = torch.stack(rows)
    expected = torch.cat([exact.detach().reshape(1), *(g.flatten() for g in torch.autograd.grad(exact, parameters))])

    assert ((estimates.mean(0) - expected).abs() < 6 * estimates.std(0) / 30**0.5).all()


def test_dtype_and_shape(dtype: torch.dtype) -> None:
    """Bound and loss are 0-d tensors of the input's precision, and one sample is the default."""
    x, encoder, decoder, _ = problems("elbo", dtype)[0]
    for function in (elbo, vae_loss):
        result = function(x, encoder, decoder)
        assert (result.shape, result.dtype) == ((), dtype)


class Model(nn.Module):
    """A model with dropout in either half, of which the encoder's has been frozen in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.there, self.back = LinearEncoder(torch.float64, D, 2), LinearDecoder(torch.float64, D, 2)
        self.before, self.behind = nn.Dropout(0.3).eval(), nn.Dropout(0.6)

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log-variance."""
        return self.there(self.before(x))

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Logits."""
        logits: torch.Tensor = self.behind(self.back(z))
        return logits


def test_evaluation_is_the_mean_over_all_images() -> None:
    """Over more images than a batch has, it comes close to the bound by quadrature over two latents; modes are as they were."""
    model = Model()
    images = (torch.rand(1203, D, generator=torch.Generator().manual_seed(1)) < 0.3).double()
    images[1100:] = 1.0
    nodes, weights = (torch.tensor(t) for t in np.polynomial.hermite_e.hermegauss(24))
    noise = torch.cartesian_prod(nodes, nodes)[:, None]
    weight = (weights[:, None] * weights).flatten() / (2 * math.pi)
    mean, log_var = model.there(images)
    q = Normal(mean, torch.exp(log_var / 2))
    log_px = Bernoulli(logits=model.back(mean + torch.exp(log_var / 2) * noise)).log_prob(images).sum(-1)  # (576, N)
    exact = (weight @ log_px - kl_divergence(q, Normal(0.0, 1.0)).sum(-1)).mean().item()
    variance = (weight @ (log_px - weight @ log_px) ** 2).mean().item()

    for n_samples in (1, 50):
        generator = torch.Generator().manual_seed(2)
        found = evaluate_elbo(images, model, n_samples, generator)
        assert type(found) is float
        assert abs(found - exact) < 6 * (variance / (1203 * n_samples)) ** 0.5

    one = torch.Generator().manual_seed(2)
    assert evaluate_elbo(images, model, generator=one) != found
    assert (model.training, model.before.training, model.behind.training) == (True, False, True)


@pytest.mark.parametrize(
    "drawn",
    [ancestral_sample, *(v.function for v in CANDIDATES.variants("ancestral_sample"))],
    ids=lambda f: f.__name__,
)
def test_ancestral_samples_are_those_of_quadrature(drawn: Callable[..., tuple[torch.Tensor, torch.Tensor]]) -> None:
    """White pixels, and pairs of them, are as frequent as the integral over one latent says; so are the means."""
    weight, bias = torch.tensor([1.5, -1.0, 0.7]), torch.tensor([0.3, -0.5, 1.0])
    nodes, weights = (torch.tensor(t) for t in np.polynomial.hermite_e.hermegauss(60))
    at_nodes = torch.sigmoid(nodes[:, None] * weight + bias)
    once = (weights / weights.sum()) @ at_nodes
    pairs = torch.einsum("k,ki,kj->ij", weights / weights.sum(), at_nodes, at_nodes)
    torch.manual_seed(5)
    means, images = (part.double() for part in drawn(5000, lambda z: z * weight + bias, 1))
    products = images.mT @ images / len(images)

    assert ((images == 0) | (images == 1)).all()
    torch.testing.assert_close(means.mean(0), once, atol=0.04, rtol=0)
    torch.testing.assert_close(images.mean(0), once, atol=0.04, rtol=0)
    torch.testing.assert_close(products, pairs.fill_diagonal_(0) + images.mean(0).diag(), atol=0.04, rtol=0)


@pytest.mark.parametrize(
    "projected", [project_2d, *(v.function for v in CANDIDATES.variants("project_2d"))], ids=lambda f: f.__name__
)
def test_two_coordinates_are_those_of_scikit_learn(
    projected: Callable[[torch.Tensor], torch.Tensor], dtype: torch.dtype
) -> None:
    """Up to the sign of a column for more than two latents; fewer are kept as they are."""
    z = (randn(200, 4, seed=1) @ torch.diag(torch.tensor([0.02, 3.0, 0.02, 1.5]).double()) @ randn(4, 4, seed=2)) + 2
    theirs = torch.tensor(PCA(2).fit_transform(z.numpy()))
    ours = projected(z.to(dtype))
    signs = (ours.double() * theirs).sum(0).sign()
    one, two = z[:, :1].to(dtype), z[:, :2].to(dtype)

    assert ours.dtype == dtype
    torch.testing.assert_close(ours.double() * signs, theirs, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(projected(two), two, **tolerances(dtype))
    torch.testing.assert_close(projected(one), torch.cat([one, 0 * one], 1), **tolerances(dtype))


def test_convolutional_encoder_is_that_of_scipy() -> None:
    """Mean and log-variance by SciPy's correlations and NumPy's products with the same weights."""
    network = ConvEncoder(3)
    images = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    state = [value.double().numpy() for value in network.state_dict().values()]
    expected = []
    for image in images.double().numpy():
        hidden = image
        for filters, bias in (state[0:2], state[2:4]):
            padded = np.pad(hidden, ((0, 0), (1, 1), (1, 1)))
            planes = [scipy.signal.correlate(padded, one, mode="valid")[0, ::2, ::2] for one in filters]
            hidden = np.maximum(np.stack(planes) + bias[:, None, None], 0)
        expected.append(state[4] @ hidden.reshape(-1) + state[5])

    torch.testing.assert_close(
        torch.cat(network(images), 1).double(), torch.tensor(np.array(expected)), atol=1e-4, rtol=1e-4
    )


def test_convolutional_decoder_is_that_of_scipy() -> None:
    """Logits by NumPy's products and SciPy's convolutions of images that are stretched by zeros, with the same weights."""
    network = ConvDecoder(3)
    z = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    state = [value.double().numpy() for value in network.state_dict().values()]
    expected = []
    for row in z.double().numpy():
        hidden = (state[0] @ row + state[1]).reshape(32, 7, 7)
        for filters, bias in (state[2:4], state[4:6]):
            hidden = np.maximum(hidden, 0)
            stretched = np.zeros((len(hidden), 2 * hidden.shape[1] - 1, 2 * hidden.shape[2] - 1))
            stretched[:, ::2, ::2] = hidden
            planes = [
                sum(scipy.signal.convolve(plane, one) for plane, one in zip(stretched, filters[:, out], strict=True))
                for out in range(filters.shape[1])
            ]
            hidden = np.stack(planes)[:, 1:-1, 1:-1] + bias[:, None, None]
        expected.append(hidden.reshape(-1))

    torch.testing.assert_close(network(z).double(), torch.tensor(np.array(expected)), atol=1e-4, rtol=1e-4)
