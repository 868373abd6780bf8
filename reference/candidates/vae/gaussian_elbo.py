"""What is held against the checks of `gaussian_elbo`."""

import math

import torch
from torch import Generator
from torch.distributions import Independent, Normal, kl_divergence
from torch.nn import functional as F

from autograder.authoring.candidates import graded, right, wrong
from reference.candidates._helpers import LOOP, rows
from reference.candidates.vae._helpers import LOG_2PI, changed, draw, half_sum, kl, normal, q_and_prior
from reference.densities import gaussian_log_density, sample_gaussian
from reference.divergences import kl_standard_normal
from reference.evidence import log_mean_exp
from reference.vae import gaussian_elbo

# ------------------------------------------------------------------------------------------------------- named mistakes


def _pixels(x, log_var_x):
    """`log_var_x`, one for each pixel."""
    return torch.as_tensor(log_var_x, dtype=x.dtype).expand(x.shape[-1])


def _with_log_p(x, encoder, decoder, n_samples, generator, log_p):
    """The bound with `log_p(x, decoded)`, summed over the pixels, for log p(x | z)."""
    mean, log_var = encoder(x)
    decoded = decoder(draw(mean, log_var, n_samples, generator))
    return (log_p(x, decoded).sum(-1) - kl_standard_normal(mean, log_var)).mean()


@wrong(
    "huji_equation_5",
    "The squared error has no scale, as HUJI's eq. (5) is printed: log p(x | z) divides it by 2σ_x², and has log σ_x² and log 2π.",
    severity="slip",
    credit=0.5,
)
def _huji_equation_5(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return _with_log_p(x, encoder, decoder, n_samples, generator, lambda x, decoded: -((x - decoded) ** 2))


@wrong(
    "constants_missing",
    "Only the squared error over 2σ_x² is there; −½ log σ_x² − ½ log 2π of every pixel is missing.",
    severity="slip",
)
def _constants_missing(x, encoder, decoder, log_var_x, n_samples, generator=None):
    constants = 0.5 * (LOG_2PI + _pixels(x, log_var_x)).sum()
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) + constants


@wrong("log_2pi_missing", "−½ log 2π of every pixel is missing.", severity="slip", credit=0.7)
def _log_2pi_missing(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) + 0.5 * LOG_2PI * x.shape[-1]


@wrong("log_2pi_once", "−½ log 2π is there once; every pixel has its own.", severity="slip", credit=0.7)
def _log_2pi_once(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) + 0.5 * LOG_2PI * (x.shape[-1] - 1)


@wrong("log_2pi_not_halved", "log 2π is not halved: −½ log 2π for every pixel.", severity="slip", credit=0.7)
def _log_2pi_not_halved(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) - 0.5 * LOG_2PI * x.shape[-1]


@wrong(
    "log_variance_missing",
    "−½ log σ_x² of every pixel is missing: the largest variance would always be the best.",
    severity="slip",
)
def _log_variance_missing(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) + 0.5 * _pixels(x, log_var_x).sum()


@wrong(
    "log_variance_once",
    "−½ log σ_x² is there once; every pixel has its own.",
    severity="slip",
)
def _log_variance_once(x, encoder, decoder, log_var_x, n_samples, generator=None):
    each = _pixels(x, log_var_x)
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) + 0.5 * (each.sum() - each.mean())


@wrong(
    "log_variance_not_halved",
    "log σ_x² is not halved: −½ log σ_x², which is −log σ_x, for every pixel.",
    severity="slip",
)
def _log_variance_not_halved(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) - 0.5 * _pixels(x, log_var_x).sum()


@wrong("log_variance_added", "½ log σ_x² is added; it must be subtracted.", severity="slip")
def _log_variance_added(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) + _pixels(x, log_var_x).sum()


@wrong("error_not_halved", "The squared error over σ_x² is not halved.", severity="slip")
def _error_not_halved(x, encoder, decoder, log_var_x, n_samples, generator=None):
    each = _pixels(x, log_var_x)
    return _with_log_p(
        x,
        encoder,
        decoder,
        n_samples,
        generator,
        lambda x, decoded: -((x - decoded) ** 2) * torch.exp(-each) - 0.5 * (LOG_2PI + each),
    )


@wrong(
    "pixel_log_std",
    "`log_var_x` is taken for log σ_x; it is log σ_x², so that σ_x = e^{½ log_var_x}.",
    severity="slip",
)
def _pixel_log_std(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, 2 * log_var_x, n_samples, generator)


@wrong(
    "pixel_std_for_variance",
    "The squared error is divided by σ_x; it is divided by the variance σ_x² = e^{log_var_x}.",
    severity="slip",
)
def _pixel_std_for_variance(x, encoder, decoder, log_var_x, n_samples, generator=None):
    each = _pixels(x, log_var_x)
    return gaussian_elbo(x, encoder, decoder, 0.5 * each, n_samples, generator) - 0.25 * each.sum()


@wrong(
    "log_var_read_as_variance",
    "`log_var_x` is used as if it were the variance itself; it is its logarithm.",
    severity="gap",
)
def _log_var_read_as_variance(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, torch.log(_pixels(x, log_var_x)), n_samples, generator)


@wrong(
    "log_var_read_as_std",
    "`log_var_x` is used as if it were σ_x itself; σ_x is e^{½ log_var_x}.",
    severity="gap",
)
def _log_var_read_as_std(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, torch.log(_pixels(x, log_var_x) ** 2), n_samples, generator)


@wrong(
    "one_variance_for_all",
    "The variances of the pixels are averaged; every pixel has its own.",
    severity="slip",
)
def _one_variance_for_all(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, _pixels(x, log_var_x).mean(), n_samples, generator)


@wrong("unit_variance", "The variance of the pixels is 1, whatever `log_var_x` is.", severity="gap")
def _unit_variance(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, 0.0, n_samples, generator)


@wrong(
    "bernoulli",
    "The decoder's output is taken for Bernoulli logits; here it is the mean of a Gaussian.",
    severity="gap",
)
def _bernoulli(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return _with_log_p(x, encoder, decoder, n_samples, generator, lambda x, logits: x * logits - F.softplus(logits))


@wrong(
    "sigmoid_of_mean",
    "The decoder's output goes through a sigmoid; it is the mean of the pixels as it is.",
    severity="slip",
    credit=0.5,
)
def _sigmoid_of_mean(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, lambda z: torch.sigmoid(decoder(z)), log_var_x, n_samples, generator)


@wrong("plus_kl", "The KL divergence is added; the bound subtracts it.", severity="slip")
def _plus_kl(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) + 2 * kl(x, encoder)


@wrong("kl_missing", "Only the reconstruction term is there; the KL divergence must be subtracted.", severity="gap")
def _kl_missing(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) + kl(x, encoder)


@wrong("kl_twice", "The KL divergence counts twice: its factor ½ is missing.", severity="slip")
def _kl_twice(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) - kl(x, encoder)


@wrong("kl_half", "The KL divergence counts half: there is a factor ½ too many (or β = ½).", severity="slip")
def _kl_half(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) + 0.5 * kl(x, encoder)


@wrong(
    "kl_averaged_over_latents",
    "The KL divergence is averaged over the latent dimensions; it is their sum.",
    severity="slip",
)
def _kl_averaged_over_latents(x, encoder, decoder, log_var_x, n_samples, generator=None):
    share = 1 - 1 / encoder(x)[0].shape[-1]
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) + share * kl(x, encoder)


@wrong(
    "kl_summed_over_batch",
    "The KL divergence is summed over the batch while the reconstruction is averaged over it.",
    severity="slip",
)
def _kl_summed_over_batch(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) - (len(x) - 1) * kl(x, encoder)


@wrong(
    "averaged_over_pixels",
    "The log-densities are averaged over the pixels; log p(x | z) is their sum.",
    severity="slip",
)
def _averaged_over_pixels(x, encoder, decoder, log_var_x, n_samples, generator=None):
    D = x.shape[-1]
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) / D - (1 - 1 / D) * kl(x, encoder)


@wrong(
    "divided_by_pixels",
    "The whole bound is divided by the number of pixels; nats per image are asked for.",
    severity="slip",
    credit=0.7,
)
def _divided_by_pixels(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) / x.shape[-1]


@wrong(
    "summed_over_batch", "The batch is summed; the mean over the examples is asked for.", severity="slip", credit=0.7
)
def _summed_over_batch(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) * len(x)


@wrong("samples_summed", "The reconstruction is summed over the samples of z; it must be averaged.", severity="slip")
def _samples_summed(x, encoder, decoder, log_var_x, n_samples, generator=None):
    bound = gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator)
    return n_samples * bound + (n_samples - 1) * kl(x, encoder)


@wrong(
    "averaged_inside_log",
    "The samples are averaged inside the logarithm: that is the importance-weighted bound, not the ELBO.",
    severity="slip",
    credit=0.5,
)
def _averaged_inside_log(x, encoder, decoder, log_var_x, n_samples, generator=None):
    mean, log_var = encoder(x)
    z = draw(mean, log_var, n_samples, generator)
    zero = torch.zeros_like(mean)
    log_w = gaussian_log_density(z, zero, zero) - gaussian_log_density(z, mean, log_var)
    return log_mean_exp(log_w + gaussian_log_density(x, decoder(z), _pixels(x, log_var_x))).mean()


@wrong("negative", "The sign is reversed: this is the loss, the negative of the bound.", severity="slip")
def _negative(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return -gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator)


@wrong(
    "reconstruction_sign",
    "The reconstruction has the wrong sign: squared errors lower log p(x | z).",
    severity="slip",
    credit=0.5,
)
def _reconstruction_sign(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return -gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator) - 2 * kl(x, encoder)


@wrong("log_q_missing", "−log q(z | x) is missing: this is the average of log p(x, z) alone.", severity="gap")
def _log_q_missing(x, encoder, decoder, log_var_x, n_samples, generator=None):
    bound = gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator)
    return bound - half_sum(1 + LOG_2PI + encoder(x)[1])


@wrong(
    "shared_noise",
    "One noise vector is shared by the whole batch; every example needs its own.",
    severity="slip",
    credit=0.7,
)
def _shared_noise(x, encoder, decoder, log_var_x, n_samples, generator=None):
    mean, log_var = encoder(x)
    zero = torch.zeros(n_samples, 1, mean.shape[-1], dtype=mean.dtype)
    z = mean + torch.exp(0.5 * log_var) * sample_gaussian(zero, zero, generator)
    log_p = gaussian_log_density(x, decoder(z), _pixels(x, log_var_x))
    return (log_p - kl_standard_normal(mean, log_var)).mean()


@wrong(
    "shared_over_samples",
    "One draw of an example stands for all `n_samples` of them, so that averaging them averages nothing.",
    severity="slip",
)
def _shared_over_samples(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, log_var_x, 1, generator)


@wrong("same_noise_every_call", "A seed is set inside, so that every call draws the same noise.", severity="slip")
def _same_noise_every_call(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, Generator().manual_seed(0))


@wrong("no_noise", "The mean of q is decoded; z must be drawn from q.", severity="gap")
def _no_noise(x, encoder, decoder, log_var_x, n_samples, generator=None):
    mean, log_var = encoder(x)
    log_p = gaussian_log_density(x, decoder(mean), _pixels(x, log_var_x))
    return (log_p - kl_standard_normal(mean, log_var)).mean()


@wrong("prior_samples", "z is drawn from the prior; it must be drawn from q(z | x).", severity="gap")
def _prior_samples(x, encoder, decoder, log_var_x, n_samples, generator=None):
    other = changed(encoder, lambda mean, log_var: (torch.zeros_like(mean), torch.zeros_like(log_var)))
    bound = gaussian_elbo(x, other, decoder, log_var_x, n_samples, generator)
    return bound + kl(x, other) - kl(x, encoder)


@wrong(
    "variance_as_std",
    "The noise is multiplied by the variance e^{log_var}; it belongs to σ = e^{½ log_var}.",
    severity="slip",
)
def _variance_as_std(x, encoder, decoder, log_var_x, n_samples, generator=None):
    other = changed(encoder, lambda mean, log_var: (mean, 2 * log_var))
    bound = gaussian_elbo(x, other, decoder, log_var_x, n_samples, generator)
    return bound + kl(x, other) - kl(x, encoder)


@wrong(
    "detached_sample",
    "The sample is detached from the graph, so the encoder gets no gradient from the reconstruction.",
    severity="slip",
    credit=0.5,
)
def _detached_sample(x, encoder, decoder, log_var_x, n_samples, generator=None):
    mean, log_var = encoder(x)
    z = draw(mean, log_var, n_samples, generator).detach()
    log_p = gaussian_log_density(x, decoder(z), _pixels(x, log_var_x))
    return (log_p - kl_standard_normal(mean, log_var)).mean()


@wrong(
    "detached_kl",
    "The KL divergence is detached from the graph, so the encoder gets no gradient from it.",
    severity="slip",
    credit=0.5,
)
def _detached_kl(x, encoder, decoder, log_var_x, n_samples, generator=None):
    bound = gaussian_elbo(x, encoder, decoder, log_var_x, n_samples, generator)
    return bound + kl(x, encoder) - kl(x, encoder).detach()


@wrong(
    "detached_variance",
    "`log_var_x` is detached from the graph (`float`, `.item()`, `.data`), so it cannot be learnt.",
    severity="slip",
    credit=0.75,
)
def _detached_variance(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, _pixels(x, log_var_x).detach(), n_samples, generator)


@wrong(
    "per_example", "One value per example, or per sample, is returned; the mean of all is asked for.", severity="form"
)
def _per_example(x, encoder, decoder, log_var_x, n_samples, generator=None):
    mean, log_var = encoder(x)
    log_p = gaussian_log_density(x, decoder(draw(mean, log_var, n_samples, generator)), _pixels(x, log_var_x))
    return log_p.mean(0) - kl_standard_normal(mean, log_var)


@wrong("loop_over_examples", LOOP, severity="form", credit=0.95)
def _loop_over_examples(x, encoder, decoder, log_var_x, n_samples, generator=None):
    bounds = [gaussian_elbo(row, encoder, decoder, log_var_x, n_samples, generator) for row in rows(x)]
    return torch.stack(bounds).mean()


@wrong(
    "log_of_density",
    "The density itself is computed before its logarithm is taken: in hundreds of pixels it is too small a number.",
    severity="slip",
    credit=0.75,
)
def _log_of_density(x, encoder, decoder, log_var_x, n_samples, generator=None):
    mean, log_var = encoder(x)
    p = Normal(decoder(draw(mean, log_var, n_samples, generator)), torch.exp(0.5 * _pixels(x, log_var_x)))
    log_p = torch.log(torch.exp(p.log_prob(x)).prod(-1))
    return (log_p - kl_standard_normal(mean, log_var)).mean()


@wrong(
    "epsilon_added",
    "A small constant is added to the variance: it decides the result where the variance is small.",
    severity="form",
)
def _epsilon_added(x, encoder, decoder, log_var_x, n_samples, generator=None):
    each = torch.log(_pixels(x, log_var_x).exp() + 1e-6)
    return gaussian_elbo(x, encoder, decoder, each, n_samples, generator)


@wrong(
    "clamped",
    "`log_var_x` is clamped: it is the variance, however small or large, that is asked about.",
    severity="form",
)
def _clamped(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return gaussian_elbo(x, encoder, decoder, _pixels(x, log_var_x).clamp(-10, 10), n_samples, generator)


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("huji_equation_5")
def _half_the_squared_error(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return _with_log_p(x, encoder, decoder, n_samples, generator, lambda x, decoded: -0.5 * (x - decoded) ** 2)


@wrong("huji_equation_5")
def _mean_squared_error(x, encoder, decoder, log_var_x, n_samples, generator=None):
    return _with_log_p(
        x, encoder, decoder, n_samples, generator, lambda x, decoded: -((x - decoded) ** 2) / x.shape[-1]
    )


@wrong("log_var_read_as_std")
def _normal_of_log_var(x, encoder, decoder, log_var_x, n_samples, generator=None):
    """It refuses what is negative."""
    each = _pixels(x, log_var_x)
    return _with_log_p(x, encoder, decoder, n_samples, generator, lambda x, decoded: Normal(decoded, each).log_prob(x))


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("pixel_log_std", rewritten=True)
def _scale_is_exp(x, encoder, decoder, log_var_x, n_samples):
    q, prior = q_and_prior(x, encoder)
    p = Independent(Normal(decoder(q.rsample((n_samples,))), torch.exp(_pixels(x, log_var_x))), 1)
    return (p.log_prob(x) - kl_divergence(q, prior)).mean()


@wrong("plus_kl", rewritten=True)
def _loop_over_samples(x, encoder, decoder, log_var_x, n_samples):
    mu, logvar = encoder(x)
    std_x = torch.exp(0.5 * _pixels(x, log_var_x))
    total = 0.0
    for _ in range(n_samples):
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        total = total + Normal(decoder(z), std_x).log_prob(x).sum()
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (total / n_samples + kl) / x.shape[0]


@wrong("no_noise", rewritten=True)
def _decode_the_mean(x, encoder, decoder, log_var_x, n_samples):
    mu, logvar = encoder(x)
    log_p = Normal(decoder(mu), torch.exp(0.5 * _pixels(x, log_var_x))).log_prob(x).sum(-1)
    return torch.mean(log_p + 0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp(), dim=1))


@wrong("log_2pi_missing", rewritten=True)
def _nll_loss_without_full(x, encoder, decoder, log_var_x, n_samples):
    q, prior = q_and_prior(x, encoder)
    centre = decoder(q.rsample((n_samples,)))
    var = _pixels(x, log_var_x).exp().expand(centre.shape)
    nll = F.gaussian_nll_loss(centre, x.expand(centre.shape), var, reduction="none").sum(-1)
    return -(nll + kl_divergence(q, prior)).mean()


@wrong("averaged_over_pixels", rewritten=True)
def _mean_of_log_prob(x, encoder, decoder, log_var_x, n_samples):
    q, prior = q_and_prior(x, encoder)
    p = Normal(decoder(q.rsample((n_samples,))), torch.exp(0.5 * _pixels(x, log_var_x)))
    return p.log_prob(x).mean() - kl_divergence(q, prior).mean()


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _noise_a_third_too_wide(x, encoder, decoder, log_var_x, n_samples):
    mean, log_var = encoder(x)
    z = mean + 1.3 * torch.exp(0.5 * log_var) * torch.randn((n_samples, *mean.shape), dtype=mean.dtype)
    log_p = Normal(decoder(z), torch.exp(0.5 * _pixels(x, log_var_x))).log_prob(x).sum(-1)
    return log_p.mean() - 0.5 * (mean**2 + log_var.exp() - log_var - 1).sum(-1).mean()


@wrong()
def _pixel_noise_added(x, encoder, decoder, log_var_x, n_samples):
    """The image is compared with a draw of p(x | z), not with its mean."""
    q, prior = q_and_prior(x, encoder)
    std = torch.exp(0.5 * _pixels(x, log_var_x))
    centre = decoder(q.rsample((n_samples,)))
    p = Independent(Normal(centre + std * torch.randn_like(centre), std), 1)
    return (p.log_prob(x) - kl_divergence(q, prior)).mean()


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.6, "`log_var_x` is exponentiated and used as the standard deviation.")
def _exponential_as_deviation(x, encoder, decoder, log_var_x, n_samples, generator=None):
    mu, log_var = encoder(x)
    sigma = torch.exp(torch.as_tensor(log_var_x, dtype=x.dtype))
    total = 0.0
    for _ in range(n_samples):
        z = mu + torch.exp(0.5 * log_var) * torch.randn(mu.shape, generator=generator, dtype=mu.dtype)
        total = total + Normal(decoder(z), sigma).log_prob(x).sum(-1).mean()
    return total / n_samples + 0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(-1).mean()


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "torch.distributions throughout; the generator is not used.")
def _distributions(x, encoder, decoder, log_var_x, n_samples, generator=None):
    q, prior = q_and_prior(x, encoder)
    scale = torch.as_tensor(log_var_x, dtype=x.dtype).exp().sqrt()
    p = Independent(Normal(decoder(q.rsample(torch.Size([n_samples]))), scale), 1)
    return torch.mean(p.log_prob(x) - kl_divergence(q, prior))


@right("joint_minus_log_q", "The mean of log p(x, z) − log q(z | x), with no closed form.")
def _joint_minus_log_q(x, encoder, decoder, log_var_x, n_samples, generator=None):
    mean, log_var = encoder(x)
    eps = torch.randn((n_samples, *mean.shape), generator=generator, dtype=mean.dtype)
    std = torch.exp(log_var / 2)
    z = mean + std * eps
    log_joint = normal(torch.zeros_like(z), torch.ones_like(z)).log_prob(z)
    log_joint = log_joint + normal(decoder(z), torch.exp(0.5 * _pixels(x, log_var_x)).expand(x.shape)).log_prob(x)
    return (log_joint - normal(mean, std).log_prob(z)).mean()


@right("loop", "A loop over the samples, with the formula written out; a float stays a float.")
def _loop(x, encoder, decoder, log_var_x, n_samples=1, generator=None):
    mu, logvar = encoder(x)
    var = math.exp(log_var_x) if isinstance(log_var_x, float) else log_var_x.exp()
    error = x.new_zeros(())
    for _ in range(n_samples):
        z = mu + (logvar * 0.5).exp() * torch.randn(mu.shape, generator=generator, dtype=mu.dtype)
        terms = (x - decoder(z)) ** 2 / var + log_var_x + math.log(2 * math.pi)
        error = error + 0.5 * terms.sum(-1).mean()
    return -error / n_samples + 0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp()) / len(x)


@right("nll_loss", "PyTorch's Gaussian loss; samples and batch in one axis, without `generator` in the signature.")
def _nll_loss(x, encoder, decoder, log_var_x, n_samples):
    mean, log_var = (part.repeat_interleave(n_samples, 0) for part in encoder(x))
    images = x.repeat_interleave(n_samples, 0)
    var = torch.as_tensor(log_var_x, dtype=x.dtype).exp().expand(images.shape)
    centre = decoder(mean + torch.randn_like(mean) * torch.exp(0.5 * log_var))
    nll = F.gaussian_nll_loss(centre, images, var, full=True, reduction="sum") / len(images)
    return -nll - 0.5 * (mean.pow(2) + log_var.exp() - log_var - 1).sum(1).mean()


@right("entropy", "E[log p(x, z)] by sampling plus the closed-form entropy of q.")
def _entropy(x, encoder, decoder, log_var_x, n_samples, generator=None):
    q, prior = q_and_prior(x, encoder)
    z = q.rsample(torch.Size([n_samples]))
    p = Independent(Normal(decoder(z), torch.exp(0.5 * _pixels(x, log_var_x))), 1)
    return (p.log_prob(x) + prior.log_prob(z)).mean() + q.entropy().mean()
