"""Everything with parameters: networks, the learnt prior, and the models that the trainings return."""

import math

import torch
import torch.distributions as td
from torch import nn

from .elementary import ContinuousBernoulli, split_scale


def _layer(n_in, n_out):
    bound = n_in**-0.5
    return nn.ParameterList([td.Uniform(-bound, bound).sample((n_in, n_out)), torch.zeros(n_out)])


class Decoder(nn.Module):
    def __init__(self, n_latent, n_pixels, n_hidden=500):
        super().__init__()
        self.below, self.above = _layer(n_latent, n_hidden), _layer(n_hidden, n_pixels)

    def forward(self, z):
        h = (z @ self.below[0] + self.below[1]).tanh()
        return h @ self.above[0] + self.above[1]


class Encoder(nn.Module):
    def __init__(self, n_pixels, n_latent, n_hidden=500):
        super().__init__()
        self.below, self.mean, self.log_var = _layer(n_pixels, n_hidden), _layer(n_hidden, n_latent), _layer(n_hidden, n_latent)

    def forward(self, x):
        h = (x @ self.below[0] + self.below[1]).tanh()
        return h @ self.mean[0] + self.mean[1], h @ self.log_var[0] + self.log_var[1]


class ConvEncoder(nn.Module):
    def __init__(self, n_latent):
        super().__init__()
        self.filters = nn.ParameterList([td.Normal(0.0, 0.2).sample((12, 1, 5, 5)), torch.zeros(12)])
        self.above = _layer(12 * 49, 2 * n_latent)

    def forward(self, x):
        h = nn.functional.conv2d(x, *self.filters, stride=4, padding=2).tanh()
        q = td.Independent(td.Normal(*split_scale((h.flatten(1) @ self.above[0] + self.above[1]).chunk(2, 1))), 1)
        return q.mean, 2 * q.base_dist.scale.log()


class ConvDecoder(nn.Module):
    def __init__(self, n_latent):
        super().__init__()
        self.below = _layer(n_latent, 12 * 49)
        self.filters = nn.ParameterList([td.Normal(0.0, 0.2).sample((12, 1, 4, 4)), torch.zeros(1)])

    def forward(self, z):
        h = (z @ self.below[0] + self.below[1]).tanh().unflatten(1, (12, 7, 7))
        pixels = nn.functional.conv_transpose2d(h, *self.filters, stride=4)
        return td.Independent(td.Bernoulli(logits=pixels.flatten(1)), 1).base_dist.logits


class MLPClassifier(nn.Module):
    def __init__(self, n_in, n_hidden, n_out, dropout=0.5):
        super().__init__()
        self.below, self.above, self.dropout = _layer(n_in, n_hidden), _layer(n_hidden, n_out), dropout

    def forward(self, x):
        h = (x @ self.below[0] + self.below[1]).relu()
        if self.training:
            h = h * td.Bernoulli(1 - self.dropout).sample(h.shape) / (1 - self.dropout)
        return h @ self.above[0] + self.above[1]


class ConvClassifier(nn.Module):
    def __init__(self, filters=16, hidden=128):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, filters, 5, padding=2), nn.SiLU(), nn.MaxPool2d(2),
            nn.Conv2d(filters, 2 * filters, 3, padding=1), nn.BatchNorm2d(2 * filters), nn.SiLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.head = nn.Sequential(nn.Flatten(), nn.LazyLinear(hidden), nn.SiLU(), nn.Dropout(0.25), nn.Linear(hidden, 10))
        self.eval()(torch.zeros(1, 1, 28, 28))  # now the lazy layer knows its size
        self.train()

    def forward(self, x):
        return self.head(self.features(2 * x - 1))


class StandardNormal(nn.Module):
    def __init__(self, n_latent):
        super().__init__()
        self.register_buffer("zeros", torch.zeros(n_latent), persistent=False)

    def distribution(self):
        return td.Independent(td.Normal(self.zeros, torch.ones_like(self.zeros)), 1)


class MixturePrior(nn.Module):
    def __init__(self, K, M):
        super().__init__()
        self.logits, self.mu = nn.Parameter(torch.zeros(K)), nn.Parameter(torch.randn(K, M))
        self.sigma = nn.Parameter(torch.full((K, M), 0.5))

    def distribution(self):
        components = td.Independent(td.Normal(self.mu, nn.functional.softplus(self.sigma)), 1)
        return td.MixtureSameFamily(td.Categorical(logits=self.logits), components)

    def log_prob(self, z):
        return self.distribution().log_prob(z)

    def sample(self, n):
        return self.distribution().sample((n,))


class VAE(nn.Module):
    """q(z | x), p(z) and p(x | z), each a method that returns a distribution."""

    def __init__(self, n_pixels, n_latent, prior="normal", likelihood="bernoulli", n_components=10):
        super().__init__()
        self.encode, self.decode = Encoder(n_pixels, n_latent), Decoder(n_latent, n_pixels)
        self.prior = {"normal": StandardNormal(n_latent), "mixture": MixturePrior(n_components, n_latent)}[prior]
        self.likelihood = likelihood
        self.log_sigma = nn.Parameter(torch.tensor(math.log(0.4)), requires_grad=likelihood == "gaussian_learned")

    def posterior(self, x):
        return td.Independent(td.Normal(*split_scale(self.encode(x))), 1)

    def pixels(self, z):
        out = self.decode(z)
        match self.likelihood:
            case "bernoulli":
                base = td.Bernoulli(logits=out)
            case "continuous_bernoulli":
                base = ContinuousBernoulli(logits=out)
            case "gaussian" | "gaussian_learned":
                base = td.Normal(out, self.log_sigma.exp())
            case unknown:
                raise ValueError(f"no such likelihood: {unknown}")
        return td.Independent(base, 1)

    def elbo(self, x):
        """One draw of the bound of every image, shape (B,)."""
        q = self.posterior(x)
        return self.pixels(q.rsample()).log_prob(x) - td.kl_divergence(q, self.prior.distribution())


class HierarchicalVAE(nn.Module):
    def __init__(self, n_pixels, n_latent, n_top):
        super().__init__()
        self.q1, self.q2 = Encoder(n_pixels, n_latent), Encoder(n_latent, n_top, 100)
        self.p1, self.decoder = Encoder(n_top, n_latent, 100), Decoder(n_latent, n_pixels)


class Autoencoder(nn.Module):
    def __init__(self, n_pixels, n_code, n_hidden=256):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(n_pixels, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_code))
        self.logits = nn.Sequential(nn.Linear(n_code, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_pixels))

    def pixels(self, z):
        return td.Independent(td.Bernoulli(logits=self.logits(z), validate_args=False), 1)

    def decode(self, z):
        return self.pixels(z).mean
