"""Other right answers to the tasks of `evidence.py`."""

import math

import torch
from torch import Generator, Tensor
from torch.distributions import Independent, Normal

from reference.types import Decoder, Encoder
from reference.variants import variant


@variant("log_mean_exp", "maximum_taken_out", "The maximum of each column is taken out by hand.")
def _mean_maximum_taken_out(log_w: Tensor) -> Tensor:
    maximum = log_w.max(dim=0).values.detach()
    maximum = torch.where(torch.isfinite(maximum), maximum, torch.zeros_like(maximum))
    return maximum + torch.log(torch.exp(log_w - maximum).mean(dim=0))


@variant("log_mean_exp", "logaddexp", "A loop over the samples with logaddexp.")
def _mean_logaddexp(log_weights: Tensor) -> Tensor:
    total = log_weights[0]
    for row in log_weights[1:]:
        total = torch.logaddexp(total, row)
    return total - math.log(len(log_weights))


@variant("log_mean_exp", "shifted_first", "log S is subtracted before the log-sum-exp.")
def _mean_shifted_first(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w - math.log(log_w.size(0)), dim=0)


@variant("log_mean_exp", "cumulative", "The last entry of a cumulative log-sum-exp, in float64.")
def _mean_cumulative(log_w: Tensor) -> Tensor:
    return (torch.logcumsumexp(log_w.double(), dim=0)[-1] - math.log(len(log_w))).to(log_w.dtype)


@variant("estimate_log_likelihood", "loop_over_samples", "A loop over the samples that keeps only S × B numbers.")
def _estimate_loop_over_samples(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var = encoder(x)
    log_2pi, log_sigma = math.log(2 * math.pi), torch.log(torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device))
    rows = []
    for _ in range(n_samples):
        eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        z = mean + torch.exp(log_var / 2) * eps
        log_ratio = 0.5 * (eps**2 + log_var - z**2).sum(-1)  # log p(z) − log q(z | x): the constants cancel
        log_likelihood = -0.5 * (((x - decoder(z)) / sigma_p) ** 2 + log_2pi).sum(-1) - x.shape[-1] * log_sigma
        rows.append(log_ratio + log_likelihood)
    return torch.stack(rows).logsumexp(0) - math.log(n_samples)


@variant("estimate_log_likelihood", "distributions", "torch.distributions; the generator is not used.")
def _estimate_distributions(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var = encoder(x)
    q = Independent(Normal(mean, torch.exp(0.5 * log_var)), 1)
    p = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
    z = q.rsample(torch.Size([n_samples]))
    x_mean = decoder(z)
    std = torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device).expand_as(x_mean)
    likelihood = Independent(Normal(x_mean, std), 1)
    log_w: Tensor = p.log_prob(z) + likelihood.log_prob(x) - q.log_prob(z)  # type: ignore[no-untyped-call]
    return torch.logsumexp(log_w, 0) - math.log(n_samples)


@variant("estimate_log_likelihood", "flattened", "Samples and batch in one axis, without `generator` in the signature.")
def _estimate_flattened(
    x: Tensor, encoder: Encoder, decoder: Decoder, sigma_p: float | Tensor = 0.4, n_samples: int = 1000
) -> Tensor:
    mu, logvar = encoder(x)
    mu, logvar, images = (t.repeat(n_samples, 1) for t in (mu, logvar, x))
    variance = torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device) ** 2
    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
    log_p = -0.5 * z.square().sum(1) - 0.5 * z.shape[1] * math.log(2 * math.pi)
    log_q = -0.5 * ((z - mu).square() / logvar.exp() + logvar + math.log(2 * math.pi)).sum(1)
    log_px = -(images - decoder(z)).square().sum(1) / (2 * variance)
    log_px = log_px - x.shape[1] / 2 * torch.log(2 * math.pi * variance)
    return torch.logsumexp((log_p + log_px - log_q).view(n_samples, -1), 0) - math.log(n_samples)


@variant("estimate_log_likelihood", "running_sum", "A running log-sum that never holds more than one sample.")
def _estimate_running_sum(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    mean, log_var = encoder(x)
    total = torch.full_like(mean[:, 0], -math.inf)
    constant = x.shape[-1] * (
        0.5 * math.log(2 * math.pi) + torch.as_tensor(sigma_p, dtype=x.dtype, device=x.device).log()
    )
    for _ in range(n_samples):
        eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        z = mean + eps * torch.exp(log_var / 2)
        log_w = 0.5 * (eps.square() + log_var - z.square()).sum(-1)
        log_w = log_w - 0.5 * ((x - decoder(z)) / sigma_p).square().sum(-1) - constant
        total = torch.logaddexp(total, log_w)
    return total - math.log(n_samples)
