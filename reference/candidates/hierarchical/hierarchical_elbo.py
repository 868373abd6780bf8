"""What is held against the checks of `hierarchical_elbo`."""

import math

import torch
from torch import Generator
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.nn import functional as F

from autograder.authoring.candidates import right, wrong
from reference.densities import bernoulli_log_density, gaussian_log_density, sample_gaussian
from reference.divergences import kl_standard_normal
from reference.hierarchical import hierarchical_elbo, hierarchical_terms


def _lower(x, q1, n_samples, generator):
    """Samples of the lower level, shape (S, B, M1)."""
    mean, log_var = q1(x)
    shape = (n_samples, *mean.shape)
    return sample_gaussian(mean.expand(shape), log_var.expand(shape), generator)


def _samples(x, q1, q2, n_samples, generator):
    """Samples of both levels."""
    z1 = _lower(x, q1, n_samples, generator)
    return z1, sample_gaussian(*q2(z1), generator)


def _weighted(x, q1, q2, p1, decoder, n_samples, generator, of_recon, of_p, of_q, of_kl):
    """The bound with other weights of its terms."""
    z1, z2 = _samples(x, q1, q2, n_samples, generator)
    recon = bernoulli_log_density(x, decoder(z1)).sum(-1)
    log_p, log_q = gaussian_log_density(z1, *p1(z2)), gaussian_log_density(z1, *q1(x))
    return (of_recon * recon + of_p * log_p - of_q * log_q - of_kl * kl_standard_normal(*q2(z1))).mean()


def _doubled(network):
    def doubled(given):
        mean, log_var = network(given)
        return mean, 2 * log_var

    return doubled


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("kl_added", "The KL divergence of z₂ is added; the bound subtracts it.", severity="slip")
def _kl_added(x, q1, q2, p1, decoder, n_samples, generator=None):
    return _weighted(x, q1, q2, p1, decoder, n_samples, generator, 1, 1, 1, -1)


@wrong("kl_missing", "The KL divergence of z₂ from its prior is missing.", severity="gap", credit=0.5)
def _kl_missing(x, q1, q2, p1, decoder, n_samples, generator=None):
    return _weighted(x, q1, q2, p1, decoder, n_samples, generator, 1, 1, 1, 0)


@wrong("kl_twice", "The KL divergence of z₂ counts twice: its factor ½ is missing.", severity="slip")
def _kl_twice(x, q1, q2, p1, decoder, n_samples, generator=None):
    return _weighted(x, q1, q2, p1, decoder, n_samples, generator, 1, 1, 1, 2)


@wrong(
    "ratio_reversed",
    "log q(z₁ | x) − log p(z₁ | z₂) is added; the bound subtracts it.",
    severity="slip",
)
def _ratio_reversed(x, q1, q2, p1, decoder, n_samples, generator=None):
    return _weighted(x, q1, q2, p1, decoder, n_samples, generator, 1, -1, -1, 1)


@wrong("ratio_missing", "The term of the lower level, log p(z₁ | z₂) − log q(z₁ | x), is missing.", severity="gap")
def _ratio_missing(x, q1, q2, p1, decoder, n_samples, generator=None):
    return _weighted(x, q1, q2, p1, decoder, n_samples, generator, 1, 0, 0, 1)


@wrong("log_q_missing", "−log q(z₁ | x) is missing.", severity="gap", credit=0.5)
def _log_q_missing(x, q1, q2, p1, decoder, n_samples, generator=None):
    return _weighted(x, q1, q2, p1, decoder, n_samples, generator, 1, 1, 0, 1)


@wrong("log_p_missing", "log p(z₁ | z₂) is missing.", severity="gap", credit=0.5)
def _log_p_missing(x, q1, q2, p1, decoder, n_samples, generator=None):
    return _weighted(x, q1, q2, p1, decoder, n_samples, generator, 1, 0, 1, 1)


@wrong("recon_missing", "The reconstruction term log p(x | z₁) is missing.", severity="gap")
def _recon_missing(x, q1, q2, p1, decoder, n_samples, generator=None):
    return _weighted(x, q1, q2, p1, decoder, n_samples, generator, 0, 1, 1, 1)


@wrong("negative", "The sign is reversed: this is the loss, the negative of the bound.", severity="slip")
def _negative(x, q1, q2, p1, decoder, n_samples, generator=None):
    return -hierarchical_elbo(x, q1, q2, p1, decoder, n_samples, generator)


@wrong(
    "standard_prior",
    "z₁ has a standard normal prior, as in a VAE with one level; here its prior is p(z₁ | z₂).",
    severity="gap",
)
def _standard_prior(x, q1, q2, p1, decoder, n_samples, generator=None):
    def standard(z2):
        zero = torch.zeros_like(_lower(x, q1, 1, generator))
        return zero, zero

    return hierarchical_elbo(x, q1, q2, standard, decoder, n_samples, generator)


@wrong(
    "ratio_in_closed_form",
    "−KL(q(z₁ | x) ‖ p(z₁ | z₂)) stands for the ratio; z₂ depends on z₁, so the closed form is not its mean.",
    severity="slip",
)
def _ratio_in_closed_form(x, q1, q2, p1, decoder, n_samples, generator=None):
    z1, z2 = _samples(x, q1, q2, n_samples, generator)
    (mean_q, log_var_q), (mean_p, log_var_p) = q1(x), p1(z2)
    squares = ((mean_q - mean_p) ** 2 + log_var_q.exp()) * torch.exp(-log_var_p)
    divergence = 0.5 * (log_var_p - log_var_q + squares - 1).sum(-1)
    recon = bernoulli_log_density(x, decoder(z1)).sum(-1)
    return (recon - divergence - kl_standard_normal(*q2(z1))).mean()


@wrong(
    "mean_of_lower_level",
    "q2 gets the mean of q(z₁ | x); z₂ is drawn from q(z₂ | z₁) at the sample z₁.",
    severity="slip",
)
def _mean_of_lower_level(x, q1, q2, p1, decoder, n_samples, generator=None):
    at_mean = q2(q1(x)[0])
    return hierarchical_elbo(
        x, q1, lambda z1: tuple(part.expand(*z1.shape[:-1], -1) for part in at_mean), p1, decoder, n_samples, generator
    )


@wrong("upper_from_prior", "z₂ is drawn from its prior; it must be drawn from q(z₂ | z₁).", severity="gap", credit=0.5)
def _upper_from_prior(x, q1, q2, p1, decoder, n_samples, generator=None):
    z1 = _lower(x, q1, n_samples, generator)
    zero = torch.zeros_like(q2(z1)[0])
    recon, ratio, kl = hierarchical_terms(x, z1, sample_gaussian(zero, zero, generator), q1, q2, p1, decoder)
    return (recon + ratio - kl).mean()


@wrong("upper_without_noise", "z₂ is the mean of q(z₂ | z₁); it must be drawn from it.", severity="slip")
def _upper_without_noise(x, q1, q2, p1, decoder, n_samples, generator=None):
    z1 = _lower(x, q1, n_samples, generator)
    recon, ratio, kl = hierarchical_terms(x, z1, q2(z1)[0], q1, q2, p1, decoder)
    return (recon + ratio - kl).mean()


@wrong("no_noise", "Both levels are the means of their q; they must be drawn.", severity="gap")
def _no_noise(x, q1, q2, p1, decoder, n_samples, generator=None):
    z1 = q1(x)[0]
    recon, ratio, kl = hierarchical_terms(x, z1, q2(z1)[0], q1, q2, p1, decoder)
    return (recon + ratio - kl).mean()


@wrong(
    "log_std_everywhere",
    "All networks' `log_var` are taken for log σ; they are log σ².",
    severity="slip",
)
def _log_std_everywhere(x, q1, q2, p1, decoder, n_samples, generator=None):
    return hierarchical_elbo(x, _doubled(q1), _doubled(q2), _doubled(p1), decoder, n_samples, generator)


@wrong(
    "variance_as_std",
    "The noise of z₂ is multiplied by its variance; it belongs to σ = e^{½ log_var}.",
    severity="slip",
)
def _variance_as_std(x, q1, q2, p1, decoder, n_samples, generator=None):
    z1 = _lower(x, q1, n_samples, generator)
    z2 = sample_gaussian(*_doubled(q2)(z1), generator)
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return (recon + ratio - kl).mean()


@wrong(
    "averaged_over_pixels",
    "The log-probabilities are averaged over the pixels; log p(x | z₁) is their sum.",
    severity="slip",
)
def _averaged_over_pixels(x, q1, q2, p1, decoder, n_samples, generator=None):
    return _weighted(x, q1, q2, p1, decoder, n_samples, generator, 1 / x.shape[-1], 1, 1, 1)


@wrong(
    "summed_over_batch", "The batch is summed; the mean over the examples is asked for.", severity="slip", credit=0.7
)
def _summed_over_batch(x, q1, q2, p1, decoder, n_samples, generator=None):
    return hierarchical_elbo(x, q1, q2, p1, decoder, n_samples, generator) * len(x)


@wrong("samples_summed", "The samples are summed; they must be averaged.", severity="slip")
def _samples_summed(x, q1, q2, p1, decoder, n_samples, generator=None):
    return hierarchical_elbo(x, q1, q2, p1, decoder, n_samples, generator) * n_samples


@wrong(
    "sigmoid_twice",
    "The decoder's logits go through a sigmoid before a function that applies another one.",
    severity="slip",
    credit=0.5,
)
def _sigmoid_twice(x, q1, q2, p1, decoder, n_samples, generator=None):
    return hierarchical_elbo(x, q1, q2, p1, lambda z: torch.sigmoid(decoder(z)), n_samples, generator)


@wrong(
    "log_of_sigmoid",
    "The logarithm of a sigmoid becomes log 0 for large logits, where the sigmoid rounds to 0 or 1.",
    severity="slip",
    credit=0.75,
)
def _log_of_sigmoid(x, q1, q2, p1, decoder, n_samples, generator=None):
    z1, z2 = _samples(x, q1, q2, n_samples, generator)
    _, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    probs = torch.sigmoid(decoder(z1))
    return ((x * torch.log(probs) + (1 - x) * torch.log(1 - probs)).sum(-1) + ratio - kl).mean()


@wrong(
    "averaged_inside_log",
    "The samples are averaged inside the logarithm: that is the importance-weighted bound, not the ELBO.",
    severity="slip",
    credit=0.5,
)
def _averaged_inside_log(x, q1, q2, p1, decoder, n_samples, generator=None):
    z1, z2 = _samples(x, q1, q2, n_samples, generator)
    recon, ratio, _ = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    zero = torch.zeros_like(z2)
    log_w = recon + ratio + gaussian_log_density(z2, zero, zero) - gaussian_log_density(z2, *q2(z1))
    return (torch.logsumexp(log_w, 0) - math.log(n_samples)).mean()


@wrong(
    "shared_over_samples",
    "One draw of an example stands for all `n_samples` of them, so that averaging them averages nothing.",
    severity="slip",
)
def _shared_over_samples(x, q1, q2, p1, decoder, n_samples, generator=None):
    return hierarchical_elbo(x, q1, q2, p1, decoder, 1, generator)


@wrong(
    "shared_noise",
    "One noise vector is shared by the whole batch; every example needs its own.",
    severity="slip",
    credit=0.7,
)
def _shared_noise(x, q1, q2, p1, decoder, n_samples, generator=None):
    mean, log_var = q1(x)
    zero = torch.zeros(n_samples, 1, mean.shape[-1], dtype=mean.dtype)
    z1 = mean + torch.exp(0.5 * log_var) * sample_gaussian(zero, zero, generator)
    upper, upper_log_var = q2(z1)
    zero = torch.zeros_like(upper[:, :1])
    z2 = upper + torch.exp(0.5 * upper_log_var) * sample_gaussian(zero, zero, generator)
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return (recon + ratio - kl).mean()


@wrong("same_noise_every_call", "A seed is set inside, so that every call draws the same noise.", severity="slip")
def _same_noise_every_call(x, q1, q2, p1, decoder, n_samples, generator=None):
    return hierarchical_elbo(x, q1, q2, p1, decoder, n_samples, Generator(device=x.device).manual_seed(0))


@wrong(
    "detached_samples",
    "The samples are detached from the graph, so that q1 and q2 get no gradient through them.",
    severity="slip",
    credit=0.5,
)
def _detached_samples(x, q1, q2, p1, decoder, n_samples, generator=None):
    z1, z2 = (z.detach() for z in _samples(x, q1, q2, n_samples, generator))
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return (recon + ratio - kl).mean()


@wrong("detached", "The result is cut from the graph, so that nothing can be learnt.", severity="slip", credit=0.5)
def _detached(x, q1, q2, p1, decoder, n_samples, generator=None):
    return hierarchical_elbo(x, q1, q2, p1, decoder, n_samples, generator).detach()


@wrong("per_example", "One value per example is returned; the mean of all is asked for.", severity="form")
def _per_example(x, q1, q2, p1, decoder, n_samples, generator=None):
    z1, z2 = _samples(x, q1, q2, n_samples, generator)
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return (recon + ratio - kl).mean(0)


@wrong(
    "score_function",
    "The gradient comes from log q times a number (REINFORCE): it is right on average, and far noisier than through the samples.",
    severity="slip",
    credit=0.8,
)
def _score_function(x, q1, q2, p1, decoder, n_samples, generator=None):
    z1, z2 = (z.detach() for z in _samples(x, q1, q2, n_samples, generator))
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    log_q = gaussian_log_density(z1, *q1(x)) + gaussian_log_density(z2, *q2(z1))
    value = recon + ratio - kl
    return (value + (log_q - log_q.detach()) * value.detach()).mean()


@wrong(
    "shared_over_latents",
    "One number is drawn for all latent dimensions of a level; each needs its own.",
    severity="slip",
)
def _shared_over_latents(x, q1, q2, p1, decoder, n_samples, generator=None):
    def draw(mean, log_var):
        zero = torch.zeros_like(mean[..., :1])
        return mean + torch.exp(0.5 * log_var) * sample_gaussian(zero, zero, generator)

    mean, log_var = q1(x)
    shape = (n_samples, *mean.shape)
    z1 = draw(mean.expand(shape), log_var.expand(shape))
    recon, ratio, kl = hierarchical_terms(x, z1, draw(*q2(z1)), q1, q2, p1, decoder)
    return (recon + ratio - kl).mean()


@wrong(
    "same_noise_on_both_levels",
    "One ε serves both levels, where they have equally many latents; z₂ needs noise of its own.",
    severity="slip",
)
def _same_noise_on_both_levels(x, q1, q2, p1, decoder, n_samples, generator=None):
    z1 = _lower(x, q1, n_samples, generator)
    mean, log_var = q1(x)
    upper, upper_log_var = q2(z1)
    zero = torch.zeros_like(upper)
    eps = (z1 - mean) * torch.exp(-0.5 * log_var)
    if eps.shape != upper.shape:
        eps = sample_gaussian(zero, zero, generator)
    z2 = upper + torch.exp(0.5 * upper_log_var) * eps
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return (recon + ratio - kl).mean()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("detached_samples")
def _detached_upper_sample(x, q1, q2, p1, decoder, n_samples, generator=None):
    z1, z2 = _samples(x, q1, q2, n_samples, generator)
    recon, ratio, kl = hierarchical_terms(x, z1, z2.detach(), q1, q2, p1, decoder)
    return (recon + ratio - kl).mean()


# ------------------------------------------------------------------------------------------------------- in other words


def _normal(mean, log_var):
    return Independent(Normal(mean, torch.exp(0.5 * log_var)), 1)


@wrong("detached_samples", rewritten=True)
def _sample_for_rsample(x, q1, q2, p1, decoder, n_samples):
    q = _normal(*q1(x))
    z1 = q.sample((n_samples,))
    above = _normal(*q2(z1))
    z2 = above.sample()
    prior = _normal(torch.zeros_like(z2), torch.zeros_like(z2))
    recon = Bernoulli(logits=decoder(z1)).log_prob(x).sum(-1)
    return (recon + _normal(*p1(z2)).log_prob(z1) - q.log_prob(z1) - kl_divergence(above, prior)).mean()


@wrong("kl_missing", rewritten=True)
def _no_upper_divergence(x, q1, q2, p1, decoder, n_samples):
    q = _normal(*q1(x))
    z1 = q.rsample((n_samples,))
    z2 = _normal(*q2(z1)).rsample()
    recon = -F.binary_cross_entropy_with_logits(decoder(z1), x.expand(n_samples, *x.shape), reduction="none").sum(-1)
    return torch.mean(recon + _normal(*p1(z2)).log_prob(z1) - q.log_prob(z1))


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "torch.distributions, with the KL divergence in closed form; no generator.")
def _distributions(x, q1, q2, p1, decoder, n_samples):
    q = _normal(*q1(x))
    z1 = q.rsample((n_samples,))
    above = _normal(*q2(z1))
    z2 = above.rsample()
    prior = _normal(torch.zeros_like(z2), torch.zeros_like(z2))
    recon = Independent(Bernoulli(logits=decoder(z1)), 1).log_prob(x)
    return (recon + _normal(*p1(z2)).log_prob(z1) - q.log_prob(z1) - kl_divergence(above, prior)).mean()


@right("all_sampled", "log p(x, z₁, z₂) − log q(z₁, z₂ | x), all of it at the samples.")
def _all_sampled(x, q1, q2, p1, decoder, n_samples, generator=None):
    def log_density(z, mean, log_var):
        return -0.5 * (math.log(2 * math.pi) + log_var + (z - mean) ** 2 / log_var.exp()).sum(-1)

    def noise_like(mean):
        return torch.randn(mean.shape, generator=generator, dtype=mean.dtype)

    mean, log_var = (part.expand(n_samples, -1, -1) for part in q1(x))
    z1 = mean + torch.exp(log_var / 2) * noise_like(mean)
    upper, upper_log_var = q2(z1)
    z2 = upper + torch.exp(upper_log_var / 2) * noise_like(upper)
    logits = decoder(z1)
    joint = (x * logits - F.softplus(logits)).sum(-1) + log_density(z1, *p1(z2))
    joint = joint - 0.5 * (z2**2 + math.log(2 * math.pi)).sum(-1)
    return (joint - log_density(z1, mean, log_var) - log_density(z2, upper, upper_log_var)).mean()


@right("loop_over_samples", "A loop over the samples, with the entropy of q(z₁ | x) in closed form.")
def _loop_over_samples(x, q1, q2, p1, decoder, n_samples, generator=None):
    total = x.new_zeros(())
    for _ in range(n_samples):
        q = Normal(*(f(part) for f, part in zip((lambda m: m, lambda v: (v / 2).exp()), q1(x), strict=True)))
        z1 = q.rsample()
        mean, log_var = q2(z1)
        z2 = mean + torch.randn_like(mean) * torch.exp(0.5 * log_var)
        bce = F.binary_cross_entropy_with_logits(decoder(z1), x, reduction="none").sum(1)
        kl = -0.5 * (1 + log_var - mean**2 - log_var.exp()).sum(1)
        below, below_log_var = p1(z2)
        log_p = Normal(below, torch.exp(0.5 * below_log_var)).log_prob(z1).sum(1)
        total = total + (log_p + q.entropy().sum(1) - bce - kl).mean() / n_samples
    return total


@right("flattened", "Samples and batch in one axis.")
def _flattened(x, q1, q2, p1, decoder, n_samples, generator=None):
    images = x.repeat(n_samples, 1)
    mean, log_var = q1(images)
    z1 = sample_gaussian(mean, log_var, generator)
    z2 = sample_gaussian(*q2(z1), generator)
    recon, ratio, kl = hierarchical_terms(images, z1, z2, q1, q2, p1, decoder)
    return recon.mean() + ratio.mean() - kl.mean()
