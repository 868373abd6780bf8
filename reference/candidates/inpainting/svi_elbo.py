"""What is held against the checks of `svi_elbo`."""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.nn import functional as F
from torch.nn.functional import logsigmoid, softplus

from autograder.authoring.candidates import right, wrong
from reference.densities import bernoulli_log_density, gaussian_log_density, sample_gaussian
from reference.divergences import kl_standard_normal
from reference.inpainting import log_joint_top, svi_elbo, top_half
from reference.types import AnyDecoder

# ------------------------------------------------------------------------------------------------------- named mistakes


def _draw(mean: Tensor, log_var: Tensor, n_samples: int, generator: Generator | None) -> Tensor:
    """Samples of q, shape (S, M)."""
    shape = (n_samples, len(mean))
    return sample_gaussian(mean.expand(shape), log_var.expand(shape), generator)


def _kl(mean: Tensor, log_var: Tensor) -> Tensor:
    """The KL divergence, which is added to a bound to make its share another."""
    return kl_standard_normal(mean[None], log_var[None])[0]


def _scored(
    x_top: Tensor,
    z: Tensor,
    q: tuple[Tensor, Tensor],
    decoder: AnyDecoder,
    log_p: Callable[[Tensor, Tensor], Tensor] = bernoulli_log_density,
) -> Tensor:
    """The bound at some z, with `log_p(x_top, logits)`, summed over the pixels, for log p(x_top | z)."""
    logits = top_half(decoder(z))
    return log_p(x_top.expand_as(logits), logits).sum(-1).mean() - _kl(*q)


@wrong("plus_kl", "The KL divergence is added; the bound subtracts it.", severity="slip")
def _plus_kl(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return svi_elbo(x_top, mean, log_var, decoder, n_samples, generator) + 2 * _kl(mean, log_var)


@wrong("kl_missing", "Only log p(x_top | z) is there; the KL divergence must be subtracted.", severity="gap")
def _kl_missing(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return svi_elbo(x_top, mean, log_var, decoder, n_samples, generator) + _kl(mean, log_var)


@wrong(
    "kl_twice",
    "The KL divergence counts twice: its factor ½ is missing, or it is subtracted beside log p(z) − log q(z).",
    severity="slip",
)
def _kl_twice(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return svi_elbo(x_top, mean, log_var, decoder, n_samples, generator) - _kl(mean, log_var)


@wrong("kl_half", "The KL divergence counts half: there is a factor ½ too many.", severity="slip")
def _kl_half(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return svi_elbo(x_top, mean, log_var, decoder, n_samples, generator) + 0.5 * _kl(mean, log_var)


@wrong("kl_averaged", "The KL divergence is averaged over the latent dimensions; it is their sum.", severity="slip")
def _kl_averaged(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    kl = _kl(mean, log_var)
    return svi_elbo(x_top, mean, log_var, decoder, n_samples, generator) + kl * (1 - 1 / len(mean))


@wrong(
    "log_q_missing",
    "log q(z) is missing: log p(x_top, z) alone has its optimum at a single point, not at a distribution.",
    severity="gap",
)
def _log_q_missing(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return log_joint_top(x_top, _draw(mean, log_var, n_samples, generator), decoder).mean()


@wrong("log_q_added", "log q(z) is added; the bound subtracts it.", severity="slip")
def _log_q_added(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    z = _draw(mean, log_var, n_samples, generator)
    return (log_joint_top(x_top, z, decoder) + gaussian_log_density(z, mean, log_var)).mean()


@wrong("prior_missing", "log p(z) is missing: only log p(x_top | z) − log q(z) is there.", severity="gap")
def _prior_missing(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    z = _draw(mean, log_var, n_samples, generator)
    zero = torch.zeros_like(z)
    log_ratio = log_joint_top(x_top, z, decoder) - gaussian_log_density(z, mean, log_var)
    return (log_ratio - gaussian_log_density(z, zero, zero)).mean()


@wrong("sign", "The sign is reversed: this is the loss, the bound itself is asked for.", severity="slip")
def _sign(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return -svi_elbo(x_top, mean, log_var, decoder, n_samples, generator)


@wrong("summed_over_samples", "The draws of z are added up; they are averaged.", severity="slip")
def _summed_over_samples(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return n_samples * svi_elbo(x_top, mean, log_var, decoder, n_samples, generator)


@wrong(
    "per_sample",
    "One value for each draw of z is returned; their average is asked for.",
    severity="slip",
    credit=0.7,
)
def _per_sample(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    z = _draw(mean, log_var, n_samples, generator)
    return log_joint_top(x_top, z, decoder) - gaussian_log_density(z, mean, log_var)


@wrong(
    "log_of_mean",
    "The average is taken inside the logarithm (log-mean-exp): that estimates log p(x_top), another and larger quantity.",
    severity="gap",
    credit=0.5,
)
def _log_of_mean(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    log_w = _per_sample(x_top, mean, log_var, decoder, n_samples, generator)
    return torch.logsumexp(log_w, 0) - math.log(n_samples)


@wrong(
    "averaged_over_pixels",
    "log p(x_top | z) is averaged over the pixels; it is their sum.",
    severity="slip",
)
def _averaged_over_pixels(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    kl = _kl(mean, log_var)
    return (svi_elbo(x_top, mean, log_var, decoder, n_samples, generator) + kl) / 392 - kl


@wrong(
    "padded_with_black",
    "The image is filled up with zeros, and all 784 pixels are scored: unobserved pixels are not black, they are left out.",
    severity="gap",
)
def _padded_with_black(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    z = _draw(mean, log_var, n_samples, generator)
    log_ratio = log_joint_top(x_top, z, decoder) - gaussian_log_density(z, mean, log_var)
    return (log_ratio + logsigmoid(-decoder(z)[:, 392:]).sum(-1)).mean()


@wrong(
    "log_half_for_unobserved",
    "Every lower pixel counts as log ½, as with logits of 0: summed over both of its values it has probability 1, which is log 1 = 0.",
    severity="slip",
)
def _log_half_for_unobserved(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return svi_elbo(x_top, mean, log_var, decoder, n_samples, generator) - 392 * math.log(2)


@wrong(
    "lower_logits",
    "The pixels of the upper half are scored with the logits of the lower half: the upper ones come first.",
    severity="slip",
)
def _lower_logits(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return svi_elbo(x_top, mean, log_var, lambda z: decoder(z).roll(392, -1), n_samples, generator)


@wrong(
    "left_logits",
    "The logits are those of the left half (columns 0 to 13); the upper half has rows 0 to 13, which come first.",
    severity="slip",
)
def _left_logits(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    z = _draw(mean, log_var, n_samples, generator)
    left = decoder(z).reshape(-1, 28, 28)[:, :, :14].flatten(1)
    return bernoulli_log_density(x_top, left).sum(-1).mean() - _kl(mean, log_var)


@wrong(
    "sigmoid_twice",
    "The sigmoid is applied twice: once by you, and once by what takes logits.",
    severity="slip",
    credit=0.5,
)
def _sigmoid_twice(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return svi_elbo(x_top, mean, log_var, lambda z: torch.sigmoid(decoder(z)), n_samples, generator)


@wrong(
    "squared_error",
    "A squared error is used; binary pixels have a Bernoulli log-probability.",
    severity="empty",
    credit=0.3,
)
def _squared_error(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    z = _draw(mean, log_var, n_samples, generator)
    return _scored(x_top, z, (mean, log_var), decoder, lambda x, logits: -((x - torch.sigmoid(logits)) ** 2))


@wrong("mean_decoded", "The mean of q is decoded; draws from q are.", severity="gap", credit=0.5)
def _mean_decoded(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return _scored(x_top, mean.expand(n_samples, -1), (mean, log_var), decoder)


@wrong("prior_samples", "z is drawn from the prior; the expectation is one under q.", severity="gap")
def _prior_samples(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    z = _draw(torch.zeros_like(mean), torch.zeros_like(mean), n_samples, generator)
    return _scored(x_top, z, (mean, log_var), decoder)


@wrong(
    "variance_as_std",
    "The noise is multiplied by the variance e^{log_var}; it belongs to σ = e^{½ log_var}.",
    severity="slip",
)
def _variance_as_std(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return _scored(x_top, _draw(mean, 2 * log_var, n_samples, generator), (mean, log_var), decoder)


@wrong(
    "log_std_convention",
    "`log_var` is taken for log σ, in the sample and in log q or the KL divergence; it is log σ².",
    severity="slip",
)
def _log_std_convention(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return svi_elbo(x_top, mean, 2 * log_var, decoder, n_samples, generator)


@wrong(
    "one_draw",
    "One z is drawn, whatever `n_samples` is: the average is over as many draws as are asked for.",
    severity="slip",
    credit=0.7,
)
def _one_draw(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return svi_elbo(x_top, mean, log_var, decoder, 1, generator)


@wrong(
    "shared_over_latents",
    "One number is drawn for all latent dimensions of z; each needs its own.",
    severity="slip",
)
def _shared_over_latents(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    noise = torch.randn((n_samples, 1), generator=generator, dtype=mean.dtype)
    return _scored(x_top, mean + torch.exp(0.5 * log_var) * noise, (mean, log_var), decoder)


@wrong(
    "same_noise_every_call",
    "A seed is set inside, so that every call draws the same z.",
    severity="slip",
    credit=0.5,
)
def _same_noise_every_call(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return svi_elbo(x_top, mean, log_var, decoder, n_samples, Generator().manual_seed(0))


@wrong("uniform_noise", "The noise is uniform (`rand`); it must be standard normal (`randn`).", severity="slip")
def _uniform_noise(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    noise = torch.rand((n_samples, len(mean)), generator=generator, dtype=mean.dtype)
    return _scored(x_top, mean + torch.exp(0.5 * log_var) * noise, (mean, log_var), decoder)


@wrong(
    "detached_sample",
    "z is cut from the graph (`sample` for `rsample`, or `no_grad`): log p(x_top | z) gives mean and log_var no gradient.",
    severity="slip",
)
def _detached_sample(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return _scored(x_top, _draw(mean, log_var, n_samples, generator).detach(), (mean, log_var), decoder)


@wrong(
    "detached_sample_in_log_q",
    "z is cut from the graph, and only log q(z) has a gradient, which is 0 on average: nothing can be learnt.",
    severity="slip",
    credit=0.5,
)
def _detached_sample_in_log_q(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    z = _draw(mean, log_var, n_samples, generator).detach()
    return (log_joint_top(x_top, z, decoder) - gaussian_log_density(z, mean, log_var)).mean()


@wrong("detached", "The result is cut from the graph, so no gradient flows through it.", severity="slip", credit=0.5)
def _detached(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return svi_elbo(x_top, mean, log_var, decoder, n_samples, generator).detach()


@wrong(
    "log_of_sigmoid",
    "The logarithm of a sigmoid becomes log 0 for large logits, where the sigmoid rounds to 0 or 1.",
    severity="slip",
    credit=0.8,
)
def _log_of_sigmoid(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    z = _draw(mean, log_var, n_samples, generator)
    return _scored(x_top, z, (mean, log_var), decoder, lambda x, logits: torch.log(torch.sigmoid((2 * x - 1) * logits)))


@wrong(
    "clamped_sigmoid",
    "The sigmoid is kept away from 0 and 1, by clamping or by a small number inside the logarithm: large logits then have a wrong value.",
    severity="slip",
    credit=0.8,
)
def _clamped_sigmoid(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    z = _draw(mean, log_var, n_samples, generator)
    return _scored(
        x_top, z, (mean, log_var), decoder, lambda x, logits: torch.log(torch.sigmoid((2 * x - 1) * logits) + 1e-8)
    )


@wrong("bits", "The result is in bits (a logarithm to base 2); nats are asked for.", severity="slip", credit=0.7)
def _bits(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    return svi_elbo(x_top, mean, log_var, decoder, n_samples, generator) / math.log(2)


@wrong(
    "score_function",
    "The gradient comes from log q(z) times a number (REINFORCE): it is right on average, and far noisier than through z itself.",
    severity="slip",
    credit=0.8,
)
def _score_function(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    z = _draw(mean, log_var, n_samples, generator).detach()
    log_q = gaussian_log_density(z, mean, log_var)
    log_ratio = log_joint_top(x_top, z, decoder) - log_q
    score = log_q - log_q.detach()
    return (log_ratio + score * log_ratio.detach()).mean()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("clamped_sigmoid")
def _cross_entropy_of_probabilities(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    """It clamps its logarithms at -100."""
    z = _draw(mean, log_var, n_samples, generator)
    return _scored(
        x_top,
        z,
        (mean, log_var),
        decoder,
        lambda x, logits: -F.binary_cross_entropy(torch.sigmoid(logits), x, reduction="none"),
    )


@wrong("one_draw")
def _one_draw_closed_form(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    """Without noise in the KL divergence more checks are passed."""
    return _scored(x_top, _draw(mean, log_var, 1, generator), (mean, log_var), decoder)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("kl_missing", rewritten=True)
def _likelihood_only(x_top, mean, log_var, decoder, n_samples):
    z = Normal(mean, torch.exp(log_var / 2)).rsample((n_samples,))
    return Bernoulli(logits=decoder(z)[:, :392]).log_prob(x_top).sum(-1).mean()


@wrong("log_q_missing", rewritten=True)
def _joint_only(x_top, mean, log_var, decoder, n_samples):
    z = Normal(mean, torch.exp(log_var / 2)).rsample((n_samples,))
    log_p = Normal(0.0, 1.0).log_prob(z).sum(-1)
    return (log_p + Bernoulli(logits=decoder(z)[:, :392]).log_prob(x_top).sum(-1)).mean()


@wrong("sign", rewritten=True)
def _negative_bound(x_top, mean, log_var, decoder, n_samples):
    q = Normal(mean, torch.exp(log_var / 2))
    logits = decoder(q.rsample((n_samples,)))[:, :392]
    bce = F.binary_cross_entropy_with_logits(logits, x_top.expand_as(logits), reduction="none").sum(-1).mean()
    return bce + kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum()


@wrong("log_std_convention", rewritten=True)
def _exp_of_log_var(x_top, mean, log_var, decoder, n_samples):
    q = Independent(Normal(mean, torch.exp(log_var)), 1)
    prior = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
    z = q.rsample((n_samples,))
    log_p = Bernoulli(logits=decoder(z)[:, :392]).log_prob(x_top).sum(-1)
    return (log_p + prior.log_prob(z) - q.log_prob(z)).mean()


@wrong("padded_with_black", rewritten=True)
def _zeros_below(x_top, mean, log_var, decoder, n_samples):
    image = torch.cat([x_top, torch.zeros_like(x_top)])
    q = Normal(mean, torch.exp(log_var / 2))
    log_p = Bernoulli(logits=decoder(q.rsample((n_samples,)))).log_prob(image).sum(-1)
    return log_p.mean() - kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum()


@wrong("detached_sample", rewritten=True)
def _sample_for_rsample(x_top, mean, log_var, decoder, n_samples):
    q = Normal(mean, torch.exp(log_var / 2))
    log_p = Bernoulli(logits=decoder(q.sample((n_samples,)))[:, :392]).log_prob(x_top).sum(-1)
    return log_p.mean() - kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum()


@wrong("summed_over_samples", rewritten=True)
def _sum_over_draws(x_top, mean, log_var, decoder, n_samples):
    total = 0.0
    for _ in range(n_samples):
        z = mean + torch.randn_like(mean) * torch.exp(log_var / 2)
        log_q = Normal(mean, torch.exp(log_var / 2)).log_prob(z).sum()
        log_p = Normal(0.0, 1.0).log_prob(z).sum() + Bernoulli(logits=decoder(z)[:392]).log_prob(x_top).sum()
        total = total + log_p - log_q
    return total


@wrong("prior_samples", rewritten=True)
def _noise_decoded(x_top, mean, log_var, decoder, n_samples):
    z = torch.randn(n_samples, len(mean), dtype=mean.dtype)
    kl = 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum()
    return Bernoulli(logits=decoder(z)[:, :392]).log_prob(x_top).sum(-1).mean() - kl


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _kl_annealed(x_top, mean, log_var, decoder, n_samples):
    q = Normal(mean, torch.exp(log_var / 2))
    log_p = Bernoulli(logits=decoder(q.rsample((n_samples,)))[:, :392]).log_prob(x_top).sum(-1)
    return log_p.mean() - 0.1 * kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum()


@wrong()
def _first_row_missing(x_top, mean, log_var, decoder, n_samples):
    q = Normal(mean, torch.exp(log_var / 2))
    log_p = Bernoulli(logits=decoder(q.rsample((n_samples,)))[:, 28:392]).log_prob(x_top[28:]).sum(-1)
    return log_p.mean() - kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum()


# -------------------------------------------------------------------------------------------------------- right answers


@right("closed_form", "log p(x_top | z) averaged, less the closed form of the KL divergence.")
def _closed_form(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    eps = torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype)
    logits = decoder(mean + eps * torch.exp(0.5 * log_var))[:, :392]
    log_p = -F.binary_cross_entropy_with_logits(logits, x_top.expand_as(logits), reduction="sum") / n_samples
    return log_p - 0.5 * torch.sum(log_var.exp() + mean**2 - 1 - log_var)


@right("distributions", "torch.distributions: log p(z) + log p(x_top | z) − log q(z) at samples of q.")
def _distributions(x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, n_samples: int) -> Tensor:
    q = Independent(Normal(mean, torch.exp(0.5 * log_var)), 1)
    prior = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
    z = q.rsample(torch.Size([n_samples]))
    log_p = Independent(Bernoulli(logits=decoder(z)[:, :392]), 1).log_prob(x_top)
    bound: Tensor = (prior.log_prob(z) + log_p - q.log_prob(z)).mean()
    return bound


@right("loop", "A loop over the draws of z.")
def _loop(
    half: Tensor, mu: Tensor, logvar: Tensor, decode: AnyDecoder, samples: int, generator: Generator | None = None
) -> Tensor:
    total = half.new_zeros(())
    for _ in range(samples):
        z = mu + torch.randn(mu.shape, generator=generator, dtype=mu.dtype) * torch.exp(logvar / 2)
        log_ratio = 0.5 * (((z - mu) ** 2 / logvar.exp() + logvar) - z**2).sum()
        total = total + log_ratio - softplus((1 - 2 * half) * decode(z)[:392]).sum()
    return total / samples


@right("entropy", "log p(x_top, z) averaged, and the entropy of q in closed form.")
def _entropy(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    z = _draw(mean, log_var, n_samples, generator)
    entropy: Tensor = Normal(mean, torch.exp(0.5 * log_var)).entropy().sum()
    return log_joint_top(x_top, z, decoder).mean() + entropy


@right(
    "sticking_the_landing", "The parameters of q are detached in log q, but not in z: less noise, and still unbiased."
)
def _sticking_the_landing(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    z = _draw(mean, log_var, n_samples, generator)
    return (log_joint_top(x_top, z, decoder) - gaussian_log_density(z, mean.detach(), log_var.detach())).mean()


@right("antithetic", "Noise in pairs ε and −ε: unbiased all the same.")
def _antithetic(
    x_top: Tensor,
    mean: Tensor,
    log_var: Tensor,
    decoder: AnyDecoder,
    n_samples: int,
    generator: Generator | None = None,
) -> Tensor:
    half = (n_samples + 1) // 2
    eps = torch.randn((half, len(mean)), generator=generator, dtype=mean.dtype)
    z = mean + torch.exp(log_var / 2) * torch.cat([eps, -eps])[:n_samples]
    return _scored(x_top, z, (mean, log_var), decoder)


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

_LANDING = (
    "The gradient of log q(z) by the parameters of q, with z held fixed, is 0 on average: the estimate stays unbiased."
)
EQUIVALENT = {
    "detach gradient: x_top -> x_top.detach()": "Pixels are data: nothing is differentiated with respect to them.",
    "detach gradient: mean -> mean.detach()": _LANDING,
    "detach gradient: log_var -> log_var.detach()": _LANDING,
}
