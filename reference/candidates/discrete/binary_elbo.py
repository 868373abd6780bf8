"""What is held against the checks of `binary_elbo`."""

import math

import torch
from torch import Generator
from torch.distributions import Bernoulli, Independent, RelaxedBernoulli, kl_divergence
from torch.nn import functional as F

from autograder.authoring.candidates import right, wrong
from reference.candidates._helpers import LOOP, rows
from reference.densities import bernoulli_log_density
from reference.discrete import binary_elbo, relaxed_bernoulli_sample
from reference.evidence import log_mean_exp

LOG_2 = math.log(2)


def _kl(logits):
    """The divergence, one value per example."""
    return (logits * torch.sigmoid(logits) - F.softplus(logits) + LOG_2).sum(-1)


def _mean_kl(x, encoder_logits):
    """The divergence, averaged over the batch: what is added to a bound to make its share another."""
    return _kl(encoder_logits(x)).mean()


def _draw(logits, n_samples, temperature, generator):
    """Relaxed samples, shape (S, B, M)."""
    return relaxed_bernoulli_sample(logits.expand(n_samples, *logits.shape), temperature, generator)


def _at(x, decoder, z, logits):
    """The bound at given samples."""
    return (bernoulli_log_density(x, decoder(z)).sum(-1) - _kl(logits)).mean()


def _with_other_samples(x, encoder_logits, decoder, sample):
    """The bound with `sample(logits)` in place of relaxed samples."""
    logits = encoder_logits(x)
    return _at(x, decoder, sample(logits), logits)


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("kl_added", "The KL divergence is added; the bound subtracts it.", severity="slip")
def _kl_added(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    return binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator) + 2 * _mean_kl(x, encoder_logits)


@wrong("kl_missing", "Only the reconstruction term is there; the KL divergence must be subtracted.", severity="gap")
def _kl_missing(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    return binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator) + _mean_kl(x, encoder_logits)


@wrong("kl_half", "The KL divergence counts half.", severity="slip")
def _kl_half(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    bound = binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator)
    return bound + 0.5 * _mean_kl(x, encoder_logits)


@wrong(
    "log_2_missing",
    "The divergence lacks log 2 for every latent: θ log θ + (1 − θ) log(1 − θ) alone is the negative entropy.",
    severity="slip",
)
def _log_2_missing(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    bound = binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator)
    return bound + LOG_2 * encoder_logits(x).shape[-1]


@wrong("log_2_once", "log 2 is there once; every latent has its own.", severity="slip", credit=0.7)
def _log_2_once(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    bound = binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator)
    return bound + LOG_2 * (encoder_logits(x).shape[-1] - 1)


@wrong(
    "log_2_wrong_sign",
    "log 2 has the wrong sign: the prior's log ½ is subtracted in the divergence, which makes it +log 2.",
    severity="slip",
)
def _log_2_wrong_sign(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    bound = binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator)
    return bound + 2 * LOG_2 * encoder_logits(x).shape[-1]


@wrong(
    "half_of_the_kl",
    "Only θ log 2θ is there; (1 − θ) log 2(1 − θ) belongs to the divergence as well.",
    severity="slip",
)
def _half_of_the_kl(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    other = torch.sigmoid(-encoder_logits(x))
    bound = binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator)
    return bound + (torch.xlogy(other, other) + LOG_2 * other).sum(-1).mean()


@wrong(
    "kl_reversed",
    "The divergence is that of the prior from q; it is KL(Ber(θ) ‖ Ber(½)).",
    severity="slip",
)
def _kl_reversed(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    bound = binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator)
    logits = encoder_logits(x)
    reverse = -LOG_2 - 0.5 * (F.logsigmoid(logits) + F.logsigmoid(-logits))
    return bound + _mean_kl(x, encoder_logits) - reverse.sum(-1).mean()


@wrong(
    "kl_averaged_over_latents",
    "The KL divergence is averaged over the latent dimensions; it is their sum.",
    severity="slip",
)
def _kl_averaged_over_latents(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    share = 1 - 1 / encoder_logits(x).shape[-1]
    bound = binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator)
    return bound + share * _mean_kl(x, encoder_logits)


@wrong(
    "kl_summed_over_batch",
    "The KL divergence is summed over the batch while the reconstruction is averaged over it.",
    severity="slip",
)
def _kl_summed_over_batch(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    bound = binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator)
    return bound - (len(x) - 1) * _mean_kl(x, encoder_logits)


@wrong(
    "kl_at_temperature",
    "The divergence is that of sigmoid(ℓ/τ); it is that of θ = sigmoid(ℓ), whatever the temperature.",
    severity="slip",
)
def _kl_at_temperature(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    bound = binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator)
    return bound + _mean_kl(x, encoder_logits) - _kl(encoder_logits(x) / temperature).mean()


@wrong(
    "kl_at_samples",
    "The divergence is computed of the samples, as if they were probabilities; it is that of θ = sigmoid(ℓ).",
    severity="slip",
    credit=0.5,
)
def _kl_at_samples(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    z = _draw(encoder_logits(x), n_samples, temperature, generator)
    kl = (torch.xlogy(z, 2 * z) + torch.xlogy(1 - z, 2 * (1 - z))).sum(-1)
    return (bernoulli_log_density(x, decoder(z)).sum(-1) - kl).mean()


@wrong(
    "kl_sampled",
    "The divergence is estimated at the samples; it is asked for in closed form.",
    severity="slip",
)
def _kl_sampled(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    logits = encoder_logits(x)
    z = _draw(logits, n_samples, temperature, generator)
    log_q = (z * logits - F.softplus(logits)).sum(-1)
    return (bernoulli_log_density(x, decoder(z)).sum(-1) - log_q - LOG_2 * logits.shape[-1]).mean()


@wrong(
    "gaussian_kl",
    "The divergence is that of a Gaussian with mean ℓ; the latents are Bernoullis.",
    severity="gap",
)
def _gaussian_kl(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    bound = binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator)
    return bound + _mean_kl(x, encoder_logits) - 0.5 * (encoder_logits(x) ** 2).sum(-1).mean()


@wrong("negative", "The sign is reversed: this is the loss of eq. (22), the negative of the bound.", severity="slip")
def _negative(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    return -binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator)


@wrong(
    "averaged_over_pixels",
    "The log-probabilities are averaged over the pixels; log p(x | z) is their sum.",
    severity="slip",
)
def _averaged_over_pixels(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    D = x.shape[-1]
    bound = binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator)
    return bound / D - (1 - 1 / D) * _mean_kl(x, encoder_logits)


@wrong(
    "divided_by_pixels",
    "The whole bound is divided by the number of pixels; nats per image are asked for.",
    severity="slip",
    credit=0.7,
)
def _divided_by_pixels(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    return binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator) / x.shape[-1]


@wrong(
    "summed_over_batch", "The batch is summed; the mean over the examples is asked for.", severity="slip", credit=0.7
)
def _summed_over_batch(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    return binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator) * len(x)


@wrong("samples_summed", "The reconstruction is summed over the samples of z; it must be averaged.", severity="slip")
def _samples_summed(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    bound = binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator)
    return n_samples * bound + (n_samples - 1) * _mean_kl(x, encoder_logits)


@wrong(
    "averaged_inside_log",
    "The samples are averaged inside the logarithm; the bound averages log p(x | z).",
    severity="slip",
    credit=0.5,
)
def _averaged_inside_log(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    logits = encoder_logits(x)
    z = _draw(logits, n_samples, temperature, generator)
    return (log_mean_exp(bernoulli_log_density(x, decoder(z)).sum(-1)) - _kl(logits)).mean()


@wrong(
    "hard_samples",
    "The samples are Bernoulli draws, through which no gradient reaches the encoder; relaxed ones are asked for.",
    severity="gap",
)
def _hard_samples(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    def sample(logits):
        theta = torch.sigmoid(logits).expand(n_samples, *logits.shape)
        return torch.bernoulli(theta.detach(), generator=generator)

    return _with_other_samples(x, encoder_logits, decoder, sample)


@wrong(
    "straight_through",
    "The samples are rounded, and only their gradient is that of relaxed ones; relaxed samples themselves are asked for.",
    severity="slip",
)
def _straight_through(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    def sample(logits):
        z = _draw(logits, n_samples, temperature, generator)
        return (z > 0.5).to(z.dtype) + z - z.detach()

    return _with_other_samples(x, encoder_logits, decoder, sample)


@wrong("theta_decoded", "The decoder gets the probabilities θ; it must get samples.", severity="gap")
def _theta_decoded(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    return _with_other_samples(x, encoder_logits, decoder, torch.sigmoid)


@wrong("no_noise", "There is no noise: sigmoid(ℓ/τ) is no sample.", severity="gap")
def _no_noise(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    return _with_other_samples(x, encoder_logits, decoder, lambda logits: torch.sigmoid(logits / temperature))


@wrong("temperature_ignored", "The temperature is not used.", severity="slip", credit=0.5)
def _temperature_ignored(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    return binary_elbo(x, encoder_logits, decoder, n_samples, 1.0, generator)


@wrong("temperature_multiplies", "The temperature multiplies; it must divide.", severity="slip")
def _temperature_multiplies(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    return binary_elbo(x, encoder_logits, decoder, n_samples, 1 / temperature, generator)


@wrong("temperature_squared", "ℓ and noise are divided by τ²; they are divided by τ.", severity="slip")
def _temperature_squared(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    return binary_elbo(x, encoder_logits, decoder, n_samples, temperature**2, generator)


@wrong(
    "temperature_divides_logits",
    "The temperature divides the logits alone; it divides the sum of logits and noise.",
    severity="slip",
)
def _temperature_divides_logits(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    def sample(logits):
        return _draw(logits / temperature, n_samples, 1.0, generator)

    return _with_other_samples(x, encoder_logits, decoder, sample)


@wrong("gaussian_noise", "The noise is Gaussian; it is logistic, log u − log(1 − u).", severity="slip", credit=0.5)
def _gaussian_noise(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    def sample(logits):
        noise = torch.randn(n_samples, *logits.shape, generator=generator, dtype=logits.dtype)
        return torch.sigmoid((logits + noise) / temperature)

    return _with_other_samples(x, encoder_logits, decoder, sample)


@wrong("gumbel_noise", "The noise is a single Gumbel draw; it is the difference of two.", severity="slip")
def _gumbel_noise(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    def sample(logits):
        uniform = torch.rand(n_samples, *logits.shape, generator=generator, dtype=logits.dtype).clamp(1e-7, 1 - 1e-7)
        return torch.sigmoid((logits - torch.log(-torch.log(uniform))) / temperature)

    return _with_other_samples(x, encoder_logits, decoder, sample)


@wrong(
    "probabilities_for_logits",
    "The noise is added to sigmoid(ℓ); it belongs to ℓ itself.",
    severity="slip",
)
def _probabilities_for_logits(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    def sample(logits):
        return _draw(torch.sigmoid(logits), n_samples, temperature, generator)

    return _with_other_samples(x, encoder_logits, decoder, sample)


@wrong("zeros_and_ones_swapped", "The samples are 1 − z: a 1 has the probability 1 − θ.", severity="slip")
def _zeros_and_ones_swapped(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    return binary_elbo(x, lambda images: -encoder_logits(images), decoder, n_samples, temperature, generator)


@wrong("prior_samples", "z is drawn from the prior; it must be drawn from q(z | x).", severity="gap")
def _prior_samples(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    def sample(logits):
        return _draw(torch.zeros_like(logits), n_samples, temperature, generator)

    return _with_other_samples(x, encoder_logits, decoder, sample)


@wrong(
    "sigmoid_twice",
    "The decoder's logits go through a sigmoid before a function that applies another one.",
    severity="slip",
    credit=0.5,
)
def _sigmoid_twice(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    return binary_elbo(x, encoder_logits, lambda z: torch.sigmoid(decoder(z)), n_samples, temperature, generator)


@wrong(
    "log_of_sigmoid",
    "The logarithm of a sigmoid becomes log 0 for large logits, where the sigmoid rounds to 0 or 1.",
    severity="slip",
    credit=0.8,
)
def _log_of_sigmoid(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    logits = encoder_logits(x)
    probs = torch.sigmoid(decoder(_draw(logits, n_samples, temperature, generator)))
    return ((x * torch.log(probs) + (1 - x) * torch.log(1 - probs)).sum(-1) - _kl(logits)).mean()


@wrong(
    "nan_in_kl",
    "θ log θ is NaN where θ rounds to 0 or 1: 0 log 0 counts as 0.",
    severity="slip",
    credit=0.8,
)
def _nan_in_kl(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    logits = encoder_logits(x)
    theta = torch.sigmoid(logits)
    kl = (theta * torch.log(2 * theta) + (1 - theta) * torch.log(2 * (1 - theta))).sum(-1)
    z = _draw(logits, n_samples, temperature, generator)
    return (bernoulli_log_density(x, decoder(z)).sum(-1) - kl).mean()


@wrong(
    "shared_noise",
    "One noise vector is shared by the whole batch; every example needs its own.",
    severity="slip",
    credit=0.7,
)
def _shared_noise(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    def sample(logits):
        one = torch.rand(n_samples, 1, logits.shape[-1], generator=generator, dtype=logits.dtype)
        return torch.sigmoid((logits + torch.logit(one.clamp_min(1e-30))) / temperature)

    return _with_other_samples(x, encoder_logits, decoder, sample)


@wrong(
    "shared_over_samples",
    "One draw of an example stands for all `n_samples` of them, so that averaging them averages nothing.",
    severity="slip",
)
def _shared_over_samples(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    return binary_elbo(x, encoder_logits, decoder, 1, temperature, generator)


@wrong(
    "shared_over_latents",
    "One number is drawn for all latent dimensions of an example; each needs its own.",
    severity="slip",
)
def _shared_over_latents(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    def sample(logits):
        one = torch.rand(n_samples, len(logits), 1, generator=generator, dtype=logits.dtype)
        return torch.sigmoid((logits + torch.logit(one.clamp_min(1e-30))) / temperature)

    return _with_other_samples(x, encoder_logits, decoder, sample)


@wrong("same_noise_every_call", "A seed is set inside, so that every call draws the same noise.", severity="slip")
def _same_noise_every_call(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    return binary_elbo(x, encoder_logits, decoder, n_samples, temperature, Generator(device=x.device).manual_seed(0))


@wrong(
    "detached_samples",
    "The samples are detached from the graph, so the encoder gets no gradient from the reconstruction.",
    severity="slip",
    credit=0.5,
)
def _detached_samples(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    def sample(logits):
        return _draw(logits, n_samples, temperature, generator).detach()

    return _with_other_samples(x, encoder_logits, decoder, sample)


@wrong("detached", "The result is cut from the graph, so that nothing can be learnt.", severity="slip", credit=0.5)
def _detached(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    return binary_elbo(x, encoder_logits, decoder, n_samples, temperature, generator).detach()


@wrong(
    "detached_kl",
    "The KL divergence is detached from the graph, so the encoder gets no gradient from it.",
    severity="slip",
    credit=0.5,
)
def _detached_kl(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    logits = encoder_logits(x)
    z = _draw(logits, n_samples, temperature, generator)
    return bernoulli_log_density(x, decoder(z)).sum(-1).mean() - _kl(logits.detach()).mean()


@wrong("per_example", "One value per example is returned; the mean of all is asked for.", severity="form")
def _per_example(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    logits = encoder_logits(x)
    z = _draw(logits, n_samples, temperature, generator)
    return bernoulli_log_density(x, decoder(z)).sum(-1).mean(0) - _kl(logits)


@wrong("loop_over_examples", LOOP, severity="form", credit=0.95)
def _loop_over_examples(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    each = [binary_elbo(row, encoder_logits, decoder, n_samples, temperature, generator) for row in rows(x)]
    return torch.stack(each).mean()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("hard_samples")
def _rounded(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    def sample(logits):
        return torch.round(_draw(logits, n_samples, temperature, generator))

    return _with_other_samples(x, encoder_logits, decoder, sample)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("straight_through", rewritten=True)
def _hard_forward(x, encoder_logits, decoder, n_samples, temperature):
    ell = encoder_logits(x).repeat(n_samples, 1, 1)
    u = torch.rand_like(ell)
    y = torch.sigmoid((ell + torch.log(u) - torch.log1p(-u)) / temperature)
    z = (y.round() - y).detach() + y
    recon = Bernoulli(logits=decoder(z)).log_prob(x).sum(-1)
    return (recon - kl_divergence(Bernoulli(logits=ell), Bernoulli(logits=torch.zeros_like(ell))).sum(-1)).mean()


@wrong("negative", rewritten=True)
def _equation_22(x, encoder_logits, decoder, n_samples, temperature):
    ell = encoder_logits(x)
    tau = torch.as_tensor(temperature, dtype=x.dtype)
    z = RelaxedBernoulli(tau, logits=ell).rsample((n_samples,))
    bce = F.binary_cross_entropy_with_logits(decoder(z), x.expand(n_samples, -1, -1), reduction="none").sum(-1)
    return bce.mean() + kl_divergence(Bernoulli(logits=ell), Bernoulli(logits=torch.zeros_like(ell))).sum(-1).mean()


@wrong("log_2_missing", rewritten=True)
def _entropy_only(x, encoder_logits, decoder, n_samples, temperature):
    q = Bernoulli(logits=encoder_logits(x))
    z = RelaxedBernoulli(torch.as_tensor(temperature, dtype=x.dtype), logits=q.logits).rsample((n_samples,))
    return Bernoulli(logits=decoder(z)).log_prob(x).sum(-1).mean() + q.entropy().sum(-1).mean()


@wrong("detached_samples", rewritten=True)
def _sample_for_rsample(x, encoder_logits, decoder, n_samples, temperature):
    q = Bernoulli(logits=encoder_logits(x))
    z = RelaxedBernoulli(torch.as_tensor(temperature, dtype=x.dtype), logits=q.logits).sample((n_samples,))
    kl = kl_divergence(q, Bernoulli(probs=torch.full_like(q.logits, 0.5))).sum(-1)
    return (Bernoulli(logits=decoder(z)).log_prob(x).sum(-1) - kl).mean()


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _slightly_wide(x, encoder_logits, decoder, n_samples, temperature):
    def sample(logits):
        noise = torch.logit(torch.rand(n_samples, *logits.shape, dtype=logits.dtype).clamp_min(1e-30))
        return torch.sigmoid((logits + 1.15 * noise) / temperature)

    return _with_other_samples(x, encoder_logits, decoder, sample)


@wrong()
def _temperature_kept_high(x, encoder_logits, decoder, n_samples, temperature):
    return binary_elbo(x, encoder_logits, decoder, n_samples, max(float(temperature), 0.1))


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "RelaxedBernoulli.rsample and kl_divergence, which know no generator.")
def _distributions(x, encoder_logits, decoder, n_samples, temperature):
    q = Independent(Bernoulli(logits=encoder_logits(x)), 1)
    prior = Independent(Bernoulli(probs=torch.full_like(q.mean, 0.5)), 1)
    tau = torch.as_tensor(temperature, dtype=x.dtype)
    z = RelaxedBernoulli(tau, logits=q.base_dist.logits).rsample(torch.Size([n_samples]))
    return (Independent(Bernoulli(logits=decoder(z)), 1).log_prob(x) - kl_divergence(q, prior)).mean()


@right("loop_over_samples", "A loop over the samples, and a float of the temperature.")
def _loop_over_samples(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    tau = float(temperature)
    ell = encoder_logits(x)
    theta = torch.sigmoid(ell)
    total = x.new_zeros(())
    for _ in range(n_samples):
        u = torch.rand(ell.shape, generator=generator, dtype=ell.dtype).clamp(1e-7, 1 - 1e-7)
        z = torch.sigmoid((ell + torch.log(u) - torch.log(1 - u)) / tau)
        total = total - F.binary_cross_entropy_with_logits(decoder(z), x, reduction="sum") / (n_samples * len(x))
    kl = theta * torch.log(theta + 1e-10) + (1 - theta) * torch.log(1 - theta + 1e-10) + LOG_2
    return total - kl.sum(1).mean()


@right("flattened", "Samples and batch in one axis, and the encoder asked for each sample.")
def _flattened(x, encoder_logits, decoder, n_samples, temperature, generator=None):
    images = x.repeat(n_samples, 1)
    ell = encoder_logits(images)
    out = decoder(relaxed_bernoulli_sample(ell, temperature, generator))
    log_p = torch.where(images > 0.5, F.logsigmoid(out), F.logsigmoid(-out)).sum(1)
    entropy = F.binary_cross_entropy_with_logits(ell, torch.sigmoid(ell), reduction="none")
    return (log_p + entropy.sum(1) - ell.shape[1] * LOG_2).mean()


@right("gumbel_softmax", "PyTorch's gumbel_softmax over the two classes; the divergence by xlogy.")
def _gumbel_softmax(x, encoder_logits, decoder, n_samples, temperature):
    ell = encoder_logits(x)
    both = torch.stack([ell, torch.zeros_like(ell)], dim=-1).expand(n_samples, -1, -1, -1)
    z = F.gumbel_softmax(both, tau=temperature, dim=-1)[..., 0]
    theta = torch.sigmoid(ell)
    kl = torch.xlogy(theta, theta / 0.5) + torch.xlogy(1 - theta, (1 - theta) / 0.5)
    out = decoder(z)
    return (torch.einsum("bd,sbd->sb", x, out) - F.softplus(out).sum(-1)).mean() - kl.sum(-1).mean()
