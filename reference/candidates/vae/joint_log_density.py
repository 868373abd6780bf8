"""What is held against the checks of `joint_log_density`."""

import math

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal
from torch.nn import functional as F
from torch.nn.functional import logsigmoid, softplus

from autograder.authoring.candidates import graded, right, wrong
from reference.candidates.vae._helpers import LOG_2PI
from reference.types import AnyDecoder
from reference.vae import joint_log_density, log_likelihood

# ------------------------------------------------------------------------------------------------------- named mistakes


def _log_prior(z: Tensor) -> Tensor:
    return -0.5 * (LOG_2PI + z**2).sum(-1)


@wrong("prior_missing", "Only log p(x | z) is there; log p(z) must be added.", severity="gap")
def _prior_missing(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) - _log_prior(z)


@wrong("likelihood_missing", "Only log p(z) is there; log p(x | z) must be added.", severity="gap", credit=0.3)
def _likelihood_missing(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _log_prior(z)


@wrong(
    "log_2pi_missing",
    "The constant −½ log 2π of every latent dimension is missing from log p(z).",
    severity="slip",
)
def _log_2pi_missing(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) + 0.5 * LOG_2PI * z.shape[-1]


@wrong(
    "log_2pi_once",
    "−½ log 2π is there once; every latent dimension has its own.",
    severity="slip",
    credit=0.7,
)
def _log_2pi_once(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) + 0.5 * LOG_2PI * (z.shape[-1] - 1)


@wrong("log_2pi_not_halved", "log 2π is not halved: −½ log 2π for every latent dimension.", severity="slip", credit=0.7)
def _log_2pi_not_halved(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) - 0.5 * LOG_2PI * z.shape[-1]


@wrong(
    "log_2pi_of_pixels",
    "−½ log 2π is counted for every pixel; z has M latent dimensions.",
    severity="slip",
    credit=0.7,
)
def _log_2pi_of_pixels(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) + 0.5 * LOG_2PI * (z.shape[-1] - x.shape[-1])


@wrong("half_missing", "The factor ½ in front of Σ z² is missing in log p(z).", severity="slip")
def _half_missing(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) - 0.5 * (z**2).sum(-1)


@wrong("prior_twice", "log p(z) counts twice: its factor ½ is missing.", severity="slip")
def _prior_twice(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) + _log_prior(z)


@wrong("prior_subtracted", "log p(z) is subtracted; the two logarithms add up.", severity="slip")
def _prior_subtracted(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) - 2 * _log_prior(z)


@wrong("square_added", "½ Σ z² is added; log p(z) falls with the distance from 0.", severity="slip")
def _square_added(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) + (z**2).sum(-1)


@wrong(
    "likelihood_sign",
    "log p(x | z) has the wrong sign: a cross-entropy is the negative of it.",
    severity="slip",
)
def _likelihood_sign(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) - 2 * log_likelihood(x, z, decoder)


@wrong("sign", "The sign is reversed: this is the negative of the log-density.", severity="slip")
def _sign(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return -joint_log_density(x, z, decoder)


@wrong(
    "prior_averaged_over_latents",
    "log p(z) is averaged over the latent dimensions; it is their sum.",
    severity="slip",
)
def _prior_averaged_over_latents(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) + (1 / z.shape[-1] - 1) * _log_prior(z)


@wrong(
    "prior_of_batch",
    "The sum in log p(z) has no `dim`, so every example is charged with the latent variables of the whole batch.",
    severity="slip",
)
def _prior_of_batch(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) - _log_prior(z) + _log_prior(z).sum()


@wrong(
    "prior_averaged_over_batch",
    "log p(z) is averaged over the batch; every example has its own.",
    severity="slip",
)
def _prior_averaged_over_batch(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) - _log_prior(z) + _log_prior(z).mean()


@wrong(
    "likelihood_averaged_over_pixels",
    "The log-probabilities are averaged over the pixels; log p(x | z) is their sum.",
    severity="slip",
)
def _likelihood_averaged_over_pixels(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) + (1 / x.shape[-1] - 1) * log_likelihood(x, z, decoder)


@wrong(
    "likelihood_of_batch",
    "The sum in log p(x | z) has no `dim`, so every example is charged with the pixels of the whole batch.",
    severity="slip",
)
def _likelihood_of_batch(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    likelihood = log_likelihood(x, z, decoder)
    return joint_log_density(x, z, decoder) - likelihood + likelihood.sum()


@wrong(
    "summed_over_batch",
    "The batch is summed as well; one value per example is asked for.",
    severity="slip",
    credit=0.7,
)
def _summed_over_batch(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder).sum().expand(len(x))


@wrong(
    "averaged_over_batch",
    "The batch is averaged as well; one value per example is asked for.",
    severity="slip",
    credit=0.7,
)
def _averaged_over_batch(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder).mean().expand(len(x))


@wrong(
    "logs_multiplied",
    "The two logarithms are multiplied: densities are multiplied, their logarithms add up.",
    severity="gap",
)
def _logs_multiplied(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _log_prior(z) * log_likelihood(x, z, decoder)


@wrong("density", "The density p(x, z) is returned; its logarithm is asked for.", severity="slip", credit=0.5)
def _density(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder).exp()


@wrong("square_missing", "z stands where z² belongs in log p(z).", severity="slip")
def _square_missing(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) + 0.5 * (z**2 - z).sum(-1)


@wrong("norm_not_squared", "The norm ‖z‖ is not squared in log p(z).", severity="slip")
def _norm_not_squared(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) + 0.5 * ((z**2).sum(-1) - z.norm(dim=-1))


@wrong(
    "prior_of_image",
    "The prior is evaluated at the image x; it is that of z.",
    severity="slip",
    credit=0.5,
)
def _prior_of_image(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) - _log_prior(z) + _log_prior(x)


@wrong(
    "sigmoid_twice",
    "The decoder's logits go through a sigmoid before a function that applies another one.",
    severity="slip",
    credit=0.5,
)
def _sigmoid_twice(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, lambda z: torch.sigmoid(decoder(z)))


@wrong(
    "logits_read_as_probabilities",
    "The decoder's logits are used as if they were probabilities; they pass through a sigmoid first.",
    severity="gap",
)
def _logits_read_as_probabilities(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return Bernoulli(probs=decoder(z)).log_prob(x).sum(-1) + _log_prior(z)


@wrong("black_pixels_ignored", "The term (1 − x) log(1 − λ) is missing, so black pixels cost nothing.", severity="gap")
def _black_pixels_ignored(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return (x * logsigmoid(decoder(z))).sum(-1) + _log_prior(z)


@wrong("squared_error", "A squared error is used; binary pixels have a Bernoulli log-probability.", severity="gap")
def _squared_error(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return -((x - torch.sigmoid(decoder(z))) ** 2).sum(-1) + _log_prior(z)


@wrong(
    "gaussian",
    "p(x | z) is a Gaussian with the decoder's output as its mean; binary pixels are Bernoulli, with the output as logits.",
    severity="gap",
)
def _gaussian(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return Normal(decoder(z), 1.0).log_prob(x).sum(-1) + _log_prior(z)


@wrong(
    "log_of_sigmoid",
    "The logarithm of a sigmoid becomes log 0 for large logits, where the sigmoid rounds to 0 or 1.",
    severity="slip",
    credit=0.75,
)
def _log_of_sigmoid(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    probs = torch.sigmoid(decoder(z))
    return (x * torch.log(probs) + (1 - x) * torch.log(1 - probs)).sum(-1) + _log_prior(z)


@wrong(
    "clamped_sigmoid",
    "Clamping the sigmoid away from 0 and 1, or adding a small number to it, keeps the logarithm finite but makes it wrong for large"
    " logits.",
    severity="slip",
    credit=0.75,
)
def _clamped_sigmoid(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return -F.binary_cross_entropy(torch.sigmoid(decoder(z)), x, reduction="none").sum(-1) + _log_prior(z)


@wrong(
    "log_of_density",
    "The density itself is computed before its logarithm is taken: far from 0, and in many dimensions, it is too small a number.",
    severity="slip",
    credit=0.75,
)
def _log_of_density(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return torch.log(torch.exp(_log_prior(z))) + log_likelihood(x, z, decoder)


@wrong(
    "other_base",
    "The logarithm has another base than e: nats are asked for, not bits or decimal digits.",
    severity="slip",
    credit=0.7,
)
def _other_base(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) / math.log(2)


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder).detach()


@wrong(
    "prior_detached",
    "log p(z) is detached from the graph, so its gradient is missing.",
    severity="slip",
    credit=0.75,
)
def _prior_detached(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) - _log_prior(z) + _log_prior(z).detach()


@wrong(
    "likelihood_detached",
    "log p(x | z) is detached from the graph, so its gradient is missing.",
    severity="slip",
    credit=0.75,
)
def _likelihood_detached(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    likelihood = log_likelihood(x, z, decoder)
    return joint_log_density(x, z, decoder) - likelihood + likelihood.detach()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("summed_over_batch")
def _one_number_for_the_batch(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder).sum()


@wrong("averaged_over_batch")
def _mean_of_the_batch(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder).mean()


@wrong("other_base")
def _decimal_logarithm(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return joint_log_density(x, z, decoder) / math.log(10)


@wrong("logits_read_as_probabilities")
def _log_of_logits(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    logits = decoder(z)
    return (x * torch.log(logits) + (1 - x) * torch.log(1 - logits)).sum(-1) + _log_prior(z)


@wrong("log_of_density")
def _log_of_both(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return torch.log(torch.exp(_log_prior(z)) * torch.exp(log_likelihood(x, z, decoder)))


@wrong("log_of_density")
def _log_of_product(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return torch.log(torch.exp(log_likelihood(x, z, decoder))) + _log_prior(z)


@wrong("clamped_sigmoid")
def _epsilon_1e_8(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    probs = torch.sigmoid(decoder(z))
    return (x * torch.log(probs + 1e-8) + (1 - x) * torch.log(1 - probs + 1e-8)).sum(-1) + _log_prior(z)


@wrong("squared_error")
def _squared_error_of_logits(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return -((x - decoder(z)) ** 2).sum(-1) + _log_prior(z)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("prior_missing", rewritten=True)
def _cross_entropy_alone(x, z, decoder):
    return -F.binary_cross_entropy_with_logits(decoder(z), x, reduction="none").sum(1)


@wrong("log_2pi_missing", rewritten=True)
def _half_of_squares(x, z, decoder):
    return Bernoulli(logits=decoder(z)).log_prob(x).sum(-1) - z.pow(2).sum(-1) / 2


@wrong("prior_of_batch", rewritten=True)
def _sum_without_dim(x, z, decoder):
    return Normal(0.0, 1.0).log_prob(z).sum() + Bernoulli(logits=decoder(z)).log_prob(x).sum(-1)


@wrong("likelihood_sign", rewritten=True)
def _plus_cross_entropy(x, z, decoder):
    bce = F.binary_cross_entropy_with_logits(decoder(z), x, reduction="none")
    return bce.sum(-1) + Normal(0.0, 1.0).log_prob(z).sum(-1)


@wrong("prior_subtracted", rewritten=True)
def _ratio(x, z, decoder):
    prior = Independent(Normal(torch.zeros_like(z), torch.ones_like(z)), 1)
    return Independent(Bernoulli(logits=decoder(z)), 1).log_prob(x) - prior.log_prob(z)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _first_latent_forgotten(x, z, decoder):
    return Bernoulli(logits=decoder(z)).log_prob(x).sum(-1) + Normal(0.0, 1.0).log_prob(z)[:, 1:].sum(-1)


@wrong()
def _wider_prior(x, z, decoder):
    return Bernoulli(logits=decoder(z)).log_prob(x).sum(-1) + Normal(0.0, 1.1).log_prob(z).sum(-1)


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.6, "The normalising constant of the prior is left out.")
def _without_constant(x, z, decoder):
    logits = decoder(z)
    return (x * logsigmoid(logits) + (1 - x) * logsigmoid(-logits)).sum(-1) - 0.5 * (z * z).sum(-1)


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "Independent Gaussians and Bernoullis of torch.distributions.", second=True)
def _distributions(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    prior = Independent(Normal(torch.zeros_like(z), torch.ones_like(z)), 1)
    log_p: Tensor = prior.log_prob(z) + Independent(Bernoulli(logits=decoder(z)), 1).log_prob(x)
    return log_p


@right("multivariate", "A MultivariateNormal prior and the cross-entropy of PyTorch.")
def _multivariate(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    M = z.shape[-1]
    prior = MultivariateNormal(torch.zeros(M, dtype=z.dtype), torch.eye(M, dtype=z.dtype))
    log_p: Tensor = prior.log_prob(z) - F.binary_cross_entropy_with_logits(decoder(z), x, reduction="none").sum(1)
    return log_p


@right("one_sum", "All terms, of pixels and of latent dimensions, in one sum.")
def _one_sum(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    pixels = -softplus((1 - 2 * x) * decoder(z))
    return torch.cat([pixels, -0.5 * z.square() - 0.5 * math.log(2 * math.pi)], dim=1).sum(1)


@right("norm", "−½ ‖z‖² − ½ M log 2π, by einsum.")
def _norm(images: Tensor, latents: Tensor, network: AnyDecoder) -> Tensor:
    logits = network(latents)
    log_prior = -0.5 * torch.einsum("bm,bm->b", latents, latents) - 0.5 * latents.size(1) * math.log(2 * math.pi)
    return torch.einsum("bd->b", images * logits - softplus(logits)) + log_prior


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

EQUIVALENT = {
    "detach gradient: x -> x.detach()": "Images are data: nothing is differentiated with respect to them.",
}
