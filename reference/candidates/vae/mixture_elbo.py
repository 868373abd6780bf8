"""What is held against the checks of `mixture_elbo`."""

import math

import torch
from torch import Generator
from torch.distributions import Bernoulli, Independent, Normal
from torch.nn import functional as F

from autograder.authoring.candidates import right, wrong
from reference.candidates._helpers import LOOP, rows
from reference.candidates.vae._helpers import LOG_2PI, bce, draw, normal
from reference.densities import bernoulli_log_density, gaussian_log_density, sample_gaussian
from reference.divergences import kl_standard_normal
from reference.evidence import log_mean_exp
from reference.vae import mixture_elbo


def _terms(x, encoder, decoder, prior, z):
    """log p(x | z), log p(z) and log q(z | x), each of shape (S, B)."""
    return bernoulli_log_density(x, decoder(z)).sum(-1), prior.log_prob(z), gaussian_log_density(z, *encoder(x))


def _weighted(x, encoder, decoder, prior, n_samples, generator, of_recon, of_p, of_q):
    """The bound with other weights of its terms."""
    recon, log_p, log_q = _terms(x, encoder, decoder, prior, draw(*encoder(x), n_samples, generator))
    return (of_recon * recon + of_p * log_p - of_q * log_q).mean()


def _at(x, encoder, decoder, prior, z):
    """The bound at other samples."""
    recon, log_p, log_q = _terms(x, encoder, decoder, prior, z)
    return (recon + log_p - log_q).mean()


class _Prior:
    """A prior with another density."""

    def __init__(self, log_prob):
        self.log_prob = log_prob


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "standard_normal_kl",
    "This is the closed form of the divergence to N(0, I); the prior is another one, and `prior.log_prob` is not used.",
    severity="gap",
)
def _standard_normal_kl(x, encoder, decoder, prior, n_samples, generator=None):
    mean, log_var = encoder(x)
    recon = bernoulli_log_density(x, decoder(draw(mean, log_var, n_samples, generator))).sum(-1)
    return (recon - kl_standard_normal(mean, log_var)).mean()


@wrong(
    "both_divergences",
    "The closed form to N(0, I) is subtracted beside the term of the mixture: there is one prior only.",
    severity="slip",
)
def _both_divergences(x, encoder, decoder, prior, n_samples, generator=None):
    bound = mixture_elbo(x, encoder, decoder, prior, n_samples, generator)
    return bound - kl_standard_normal(*encoder(x)).mean()


@wrong("kl_added", "The divergence is added: log p(z) − log q(z | x) has the wrong sign.", severity="slip")
def _kl_added(x, encoder, decoder, prior, n_samples, generator=None):
    return _weighted(x, encoder, decoder, prior, n_samples, generator, 1, -1, -1)


@wrong("kl_missing", "Only the reconstruction term is there; log p(z) − log q(z | x) must be added.", severity="gap")
def _kl_missing(x, encoder, decoder, prior, n_samples, generator=None):
    return _weighted(x, encoder, decoder, prior, n_samples, generator, 1, 0, 0)


@wrong("kl_half", "The divergence counts half.", severity="slip")
def _kl_half(x, encoder, decoder, prior, n_samples, generator=None):
    return _weighted(x, encoder, decoder, prior, n_samples, generator, 1, 0.5, 0.5)


@wrong(
    "log_q_missing", "−log q(z | x) is missing: this is the average of log p(x, z) alone.", severity="gap", credit=0.5
)
def _log_q_missing(x, encoder, decoder, prior, n_samples, generator=None):
    return _weighted(x, encoder, decoder, prior, n_samples, generator, 1, 1, 0)


@wrong("log_p_missing", "log p(z) is missing.", severity="gap", credit=0.5)
def _log_p_missing(x, encoder, decoder, prior, n_samples, generator=None):
    return _weighted(x, encoder, decoder, prior, n_samples, generator, 1, 0, 1)


@wrong("log_p_subtracted", "log p(z) is subtracted; it must be added.", severity="slip")
def _log_p_subtracted(x, encoder, decoder, prior, n_samples, generator=None):
    return _weighted(x, encoder, decoder, prior, n_samples, generator, 1, -1, 1)


@wrong("log_q_added", "log q(z | x) is added; it must be subtracted.", severity="slip")
def _log_q_added(x, encoder, decoder, prior, n_samples, generator=None):
    return _weighted(x, encoder, decoder, prior, n_samples, generator, 1, 1, -1)


@wrong("recon_missing", "The reconstruction term log p(x | z) is missing.", severity="gap")
def _recon_missing(x, encoder, decoder, prior, n_samples, generator=None):
    return _weighted(x, encoder, decoder, prior, n_samples, generator, 0, 1, 1)


@wrong("negative", "The sign is reversed: this is the loss, the negative of the bound.", severity="slip")
def _negative(x, encoder, decoder, prior, n_samples, generator=None):
    return -mixture_elbo(x, encoder, decoder, prior, n_samples, generator)


@wrong(
    "log_q_averaged_over_latents",
    "log q(z | x) is averaged over the latent dimensions; it is their sum, as log p(z) is.",
    severity="slip",
)
def _log_q_averaged_over_latents(x, encoder, decoder, prior, n_samples, generator=None):
    M = encoder(x)[0].shape[-1]
    return _weighted(x, encoder, decoder, prior, n_samples, generator, 1, 1, 1 / M)


@wrong("log_q_without_constants", "−½ log 2π of every latent is missing in log q(z | x).", severity="slip")
def _log_q_without_constants(x, encoder, decoder, prior, n_samples, generator=None):
    bound = mixture_elbo(x, encoder, decoder, prior, n_samples, generator)
    return bound - 0.5 * LOG_2PI * encoder(x)[0].shape[-1]


@wrong(
    "averaged_over_pixels",
    "The log-probabilities are averaged over the pixels; log p(x | z) is their sum.",
    severity="slip",
)
def _averaged_over_pixels(x, encoder, decoder, prior, n_samples, generator=None):
    return _weighted(x, encoder, decoder, prior, n_samples, generator, 1 / x.shape[-1], 1, 1)


@wrong(
    "divided_by_pixels",
    "The whole bound is divided by the number of pixels; nats per image are asked for.",
    severity="slip",
    credit=0.7,
)
def _divided_by_pixels(x, encoder, decoder, prior, n_samples, generator=None):
    return mixture_elbo(x, encoder, decoder, prior, n_samples, generator) / x.shape[-1]


@wrong(
    "summed_over_batch", "The batch is summed; the mean over the examples is asked for.", severity="slip", credit=0.7
)
def _summed_over_batch(x, encoder, decoder, prior, n_samples, generator=None):
    return mixture_elbo(x, encoder, decoder, prior, n_samples, generator) * len(x)


@wrong("samples_summed", "The samples are summed; they must be averaged.", severity="slip")
def _samples_summed(x, encoder, decoder, prior, n_samples, generator=None):
    return mixture_elbo(x, encoder, decoder, prior, n_samples, generator) * n_samples


@wrong(
    "averaged_inside_log",
    "The samples are averaged inside the logarithm: that is the importance-weighted bound, not the ELBO.",
    severity="slip",
    credit=0.5,
)
def _averaged_inside_log(x, encoder, decoder, prior, n_samples, generator=None):
    recon, log_p, log_q = _terms(x, encoder, decoder, prior, draw(*encoder(x), n_samples, generator))
    return log_mean_exp(recon + log_p - log_q).mean()


@wrong("prior_at_mean", "log p(z) is taken at the mean of q; it must be taken at the samples.", severity="slip")
def _prior_at_mean(x, encoder, decoder, prior, n_samples, generator=None):
    mean, _ = encoder(x)
    return mixture_elbo(x, encoder, decoder, _Prior(lambda z: prior.log_prob(mean)), n_samples, generator)


@wrong(
    "other_samples_for_kl",
    "log p(z) − log q(z | x) is taken at draws of N(0, I); it is an expectation under q.",
    severity="gap",
    credit=0.5,
)
def _other_samples_for_kl(x, encoder, decoder, prior, n_samples, generator=None):
    z = draw(*encoder(x), n_samples, generator)
    recon, _, _ = _terms(x, encoder, decoder, prior, z)
    zero = torch.zeros_like(z)
    _, log_p, log_q = _terms(x, encoder, decoder, prior, sample_gaussian(zero, zero, generator))
    return (recon + log_p - log_q).mean()


@wrong("no_noise", "z is the mean of q; it must be drawn from it.", severity="gap")
def _no_noise(x, encoder, decoder, prior, n_samples, generator=None):
    return _at(x, encoder, decoder, prior, encoder(x)[0])


@wrong("standard_normal_samples", "z is drawn from N(0, I); it must be drawn from q(z | x).", severity="gap")
def _standard_normal_samples(x, encoder, decoder, prior, n_samples, generator=None):
    zero = torch.zeros_like(encoder(x)[0])
    return _at(x, encoder, decoder, prior, draw(zero, zero, n_samples, generator))


@wrong(
    "variance_as_std",
    "The noise is multiplied by the variance e^{log_var}; it belongs to σ = e^{½ log_var}.",
    severity="slip",
)
def _variance_as_std(x, encoder, decoder, prior, n_samples, generator=None):
    mean, log_var = encoder(x)
    return _at(x, encoder, decoder, prior, draw(mean, 2 * log_var, n_samples, generator))


@wrong("log_std", "The encoder's `log_var` is taken for log σ; it is log σ².", severity="slip")
def _log_std(x, encoder, decoder, prior, n_samples, generator=None):
    def doubled(images):
        mean, log_var = encoder(images)
        return mean, 2 * log_var

    return mixture_elbo(x, doubled, decoder, prior, n_samples, generator)


@wrong(
    "sigmoid_twice",
    "The decoder's logits go through a sigmoid before a function that applies another one.",
    severity="slip",
    credit=0.5,
)
def _sigmoid_twice(x, encoder, decoder, prior, n_samples, generator=None):
    return mixture_elbo(x, encoder, lambda z: torch.sigmoid(decoder(z)), prior, n_samples, generator)


@wrong(
    "log_of_sigmoid",
    "The logarithm of a sigmoid becomes log 0 for large logits, where the sigmoid rounds to 0 or 1.",
    severity="slip",
    credit=0.75,
)
def _log_of_sigmoid(x, encoder, decoder, prior, n_samples, generator=None):
    z = draw(*encoder(x), n_samples, generator)
    probs = torch.sigmoid(decoder(z))
    _, log_p, log_q = _terms(x, encoder, decoder, prior, z)
    return ((x * torch.log(probs) + (1 - x) * torch.log(1 - probs)).sum(-1) + log_p - log_q).mean()


@wrong(
    "shared_noise",
    "One noise vector is shared by the whole batch; every example needs its own.",
    severity="slip",
    credit=0.7,
)
def _shared_noise(x, encoder, decoder, prior, n_samples, generator=None):
    mean, log_var = encoder(x)
    zero = torch.zeros(n_samples, 1, mean.shape[-1], dtype=mean.dtype)
    z = mean + torch.exp(0.5 * log_var) * sample_gaussian(zero, zero, generator)
    return _at(x, encoder, decoder, prior, z)


@wrong(
    "shared_over_samples",
    "One draw of an example stands for all `n_samples` of them, so that averaging them averages nothing.",
    severity="slip",
)
def _shared_over_samples(x, encoder, decoder, prior, n_samples, generator=None):
    return mixture_elbo(x, encoder, decoder, prior, 1, generator)


@wrong(
    "shared_over_latents",
    "One number is drawn for all latent dimensions of an example; each needs its own.",
    severity="slip",
)
def _shared_over_latents(x, encoder, decoder, prior, n_samples, generator=None):
    mean, log_var = encoder(x)
    zero = torch.zeros(n_samples, len(mean), 1, dtype=mean.dtype)
    z = mean + torch.exp(0.5 * log_var) * sample_gaussian(zero, zero, generator)
    return _at(x, encoder, decoder, prior, z)


@wrong("same_noise_every_call", "A seed is set inside, so that every call draws the same noise.", severity="slip")
def _same_noise_every_call(x, encoder, decoder, prior, n_samples, generator=None):
    return mixture_elbo(x, encoder, decoder, prior, n_samples, Generator(device=x.device).manual_seed(0))


@wrong(
    "detached_samples",
    "The samples are detached from the graph, so the encoder gets no gradient through them.",
    severity="slip",
    credit=0.5,
)
def _detached_samples(x, encoder, decoder, prior, n_samples, generator=None):
    return _at(x, encoder, decoder, prior, draw(*encoder(x), n_samples, generator).detach())


@wrong(
    "detached_prior",
    "log p(z) is cut from the graph, so that the prior is not learnt, and the encoder not drawn to it.",
    severity="slip",
    credit=0.5,
)
def _detached_prior(x, encoder, decoder, prior, n_samples, generator=None):
    return mixture_elbo(x, encoder, decoder, _Prior(lambda z: prior.log_prob(z).detach()), n_samples, generator)


@wrong("detached", "The result is cut from the graph, so that nothing can be learnt.", severity="slip", credit=0.5)
def _detached(x, encoder, decoder, prior, n_samples, generator=None):
    return mixture_elbo(x, encoder, decoder, prior, n_samples, generator).detach()


@wrong("per_example", "One value per example is returned; the mean of all is asked for.", severity="form")
def _per_example(x, encoder, decoder, prior, n_samples, generator=None):
    recon, log_p, log_q = _terms(x, encoder, decoder, prior, draw(*encoder(x), n_samples, generator))
    return (recon + log_p - log_q).mean(0)


@wrong("loop_over_examples", LOOP, severity="form", credit=0.95)
def _loop_over_examples(x, encoder, decoder, prior, n_samples, generator=None):
    each = [mixture_elbo(row, encoder, decoder, prior, n_samples, generator) for row in rows(x)]
    return torch.stack(each).mean()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("detached_prior")
def _prior_without_graph(x, encoder, decoder, prior, n_samples, generator=None):
    return mixture_elbo(x, encoder, decoder, _Prior(lambda z: prior.log_prob(z.detach())), n_samples, generator)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("detached_samples", rewritten=True)
def _sample_for_rsample(x, encoder, decoder, prior, n_samples):
    mean, log_var = encoder(x)
    q = normal(mean, torch.exp(log_var / 2))
    z = q.sample((n_samples,))
    return (-bce(decoder(z), x) - q.log_prob(z) + prior.log_prob(z)).mean()


@wrong("kl_added", rewritten=True)
def _plus_divergence(x, encoder, decoder, prior, n_samples):
    mean, log_var = encoder(x)
    q = normal(mean, torch.exp(log_var / 2))
    z = q.rsample((n_samples,))
    kl = q.log_prob(z) - prior.log_prob(z)
    return (-bce(decoder(z), x) + kl).mean()


@wrong("standard_normal_kl", rewritten=True)
def _as_before(x, encoder, decoder, prior, n_samples):
    mean, log_var = encoder(x)
    z = mean + torch.exp(0.5 * log_var) * torch.randn(n_samples, *mean.shape, dtype=mean.dtype)
    kl = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp(), dim=1)
    return (-bce(decoder(z), x).mean(0) - kl).mean()


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "torch.distributions, as DTU's own code has them, without `generator`.")
def _distributions(x, encoder, decoder, prior, n_samples):
    mean, log_var = encoder(x)
    q = Independent(Normal(loc=mean, scale=torch.exp(log_var / 2)), 1)
    z = q.rsample(torch.Size([n_samples]))
    log_px = Independent(Bernoulli(logits=decoder(z)), 1).log_prob(x)
    return (log_px - (q.log_prob(z) - prior.log_prob(z))).mean()


@right("entropy", "The entropy of q in closed form, and a loop over the samples.")
def _entropy(x, encoder, decoder, prior, n_samples, generator=None):
    mean, log_var = encoder(x)
    entropy = 0.5 * (1 + math.log(2 * math.pi) + log_var).sum(1).mean()
    total = x.new_zeros(())
    for _ in range(n_samples):
        z = mean + torch.exp(0.5 * log_var) * torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
        log_px = -F.binary_cross_entropy_with_logits(decoder(z), x, reduction="sum") / len(x)
        total = total + log_px + prior.log_prob(z).mean()
    return total / n_samples + entropy


@right("flattened", "Samples and batch in one axis; log q(z | x) from the noise itself.")
def _flattened(x, encoder, decoder, prior, n_samples, generator=None):
    mean, log_var = encoder(x.repeat(n_samples, 1))
    eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
    z = mean + eps * torch.exp(log_var / 2)
    log_q = -0.5 * (eps**2 + log_var + math.log(2 * math.pi)).sum(-1)
    logits = decoder(z)
    log_px = (x.repeat(n_samples, 1) * logits - F.softplus(logits)).sum(-1)
    return (log_px + prior.log_prob(z) - log_q).mean()


@right("path_only", "log q(z | x) with its parameters detached: less noise near the optimum, and the same mean.")
def _path_only(x, encoder, decoder, prior, n_samples, generator=None):
    mean, log_var = encoder(x)
    z = draw(mean, log_var, n_samples, generator)
    log_q = gaussian_log_density(z, mean.detach(), log_var.detach())
    return (bernoulli_log_density(x, decoder(z)).sum(-1) + prior.log_prob(z) - log_q).mean()


_SCORE = "The gradient of log q(z | x) by its own parameters is 0 on average."
EQUIVALENT = {
    "detach gradient: log_var -> log_var.detach()": _SCORE,
    "detach gradient: mean -> mean.detach()": _SCORE,
}
