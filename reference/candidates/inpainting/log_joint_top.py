"""What is held against the checks of `log_joint_top`."""

import math

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal
from torch.nn import functional as F
from torch.nn.functional import logsigmoid

from autograder.authoring.candidates import right, wrong
from reference.densities import bernoulli_log_density
from reference.inpainting import log_joint_top, log_likelihood_top, top_half
from reference.types import AnyDecoder

# ------------------------------------------------------------------------------------------------------- named mistakes


def _likelihood(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood_top(x_top.expand(len(zs), -1), zs, decoder)


def _prior(zs: Tensor) -> Tensor:
    return -0.5 * (zs**2 + math.log(2 * math.pi)).sum(-1)


@wrong("prior_missing", "log p(z) is missing: this is the log-probability given z alone.", severity="gap")
def _prior_missing(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder) - _prior(zs)


@wrong("likelihood_missing", "log p(x_top | z) is missing: this is the prior alone.", severity="gap", credit=0.3)
def _likelihood_missing(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return _prior(zs) + 0.0 * decoder(zs).sum()


@wrong(
    "prior_subtracted",
    "log p(z) is subtracted; the joint density is a product, so its logarithms add up.",
    severity="slip",
)
def _prior_subtracted(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder) - 2 * _prior(zs)


@wrong("sign", "The sign of all of it is reversed: a log density is asked for, no loss.", severity="slip")
def _sign(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return -log_joint_top(x_top, zs, decoder)


@wrong(
    "likelihood_subtracted", "log p(x_top | z) has the wrong sign: the cross-entropy is its negative.", severity="slip"
)
def _likelihood_subtracted(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder) - 2 * _likelihood(x_top, zs, decoder)


@wrong(
    "log_2pi_missing",
    "The constant −½ log 2π of every latent dimension is missing in log p(z).",
    severity="slip",
    credit=0.7,
)
def _log_2pi_missing(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder) + 0.5 * math.log(2 * math.pi) * zs.shape[-1]


@wrong(
    "one_constant_for_all",
    "The constant −½ log 2π of log p(z) counts once; every latent dimension has one.",
    severity="slip",
    credit=0.7,
)
def _one_constant_for_all(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder) + 0.5 * math.log(2 * math.pi) * (zs.shape[-1] - 1)


@wrong("half_missing", "The factor ½ of z² is missing in log p(z).", severity="slip")
def _half_missing(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder) - 0.5 * (zs**2).sum(-1)


@wrong("prior_averaged", "log p(z) is averaged over the latent dimensions; it is their sum.", severity="slip")
def _prior_averaged(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder) - _prior(zs) * (1 - 1 / zs.shape[-1])


@wrong(
    "prior_of_all",
    "log p(z) is summed over all latent vectors together (`sum()` without `dim=-1`); each has its own.",
    severity="slip",
)
def _prior_of_all(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder) - _prior(zs) + _prior(zs).sum()


@wrong(
    "likelihood_of_all",
    "log p(x_top | z) is summed over all latent vectors together (`sum()` without `dim=-1`); each has its own.",
    severity="slip",
)
def _likelihood_of_all(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    likelihood = _likelihood(x_top, zs, decoder)
    return log_joint_top(x_top, zs, decoder) - likelihood + likelihood.sum()


@wrong("likelihood_averaged", "log p(x_top | z) is averaged over the pixels; it is their sum.", severity="slip")
def _likelihood_averaged(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder) - _likelihood(x_top, zs, decoder) * (1 - 1 / 392)


@wrong(
    "padded_with_black",
    "The image is filled up with zeros, and all 784 pixels are scored: unobserved pixels are not black, they are left out.",
    severity="gap",
)
def _padded_with_black(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder) + logsigmoid(-decoder(zs)[:, 392:]).sum(-1)


@wrong(
    "log_half_for_unobserved",
    "Every lower pixel counts as log ½, as with logits of 0: summed over both of its values it has probability 1, which is log 1 = 0.",
    severity="slip",
)
def _log_half_for_unobserved(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder) - 392 * math.log(2)


@wrong(
    "lower_logits",
    "The pixels of the upper half are scored with the logits of the lower half: the upper ones come first.",
    severity="slip",
)
def _lower_logits(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return _prior(zs) + bernoulli_log_density(x_top, decoder(zs)[:, 392:]).sum(-1)


@wrong(
    "left_logits",
    "The logits are those of the left half (columns 0 to 13); the upper half has rows 0 to 13, which come first.",
    severity="slip",
)
def _left_logits(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    left = decoder(zs).reshape(-1, 28, 28)[:, :, :14].flatten(1)
    return _prior(zs) + bernoulli_log_density(x_top, left).sum(-1)


@wrong(
    "sigmoid_twice",
    "The sigmoid is applied twice: once by you, and once by what takes logits.",
    severity="slip",
    credit=0.5,
)
def _sigmoid_twice(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return _prior(zs) + bernoulli_log_density(x_top, torch.sigmoid(top_half(decoder(zs)))).sum(-1)


@wrong(
    "product_of_probabilities",
    "Probabilities are multiplied before the logarithm is taken: their product underflows to 0. Add logarithms.",
    severity="gap",
)
def _product_of_probabilities(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    probs = torch.sigmoid(top_half(decoder(zs)))
    of_pixels = (x_top * probs + (1 - x_top) * (1 - probs)).prod(-1)
    return torch.log(_prior(zs).exp() * of_pixels)


@wrong(
    "density", "The density itself is returned; its logarithm is asked for, which does not underflow.", severity="gap"
)
def _density(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder).exp()


@wrong(
    "logs_multiplied",
    "The two logarithms are multiplied; a product of densities is a sum of their logarithms.",
    severity="gap",
)
def _logs_multiplied(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return _prior(zs) * _likelihood(x_top, zs, decoder)


@wrong(
    "normalised",
    "The values are normalised over the latent vectors given (a log-softmax); the joint density stays as it is.",
    severity="slip",
)
def _normalised(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return torch.log_softmax(log_joint_top(x_top, zs, decoder), 0)


@wrong(
    "evidence",
    "The latent vectors are averaged out (log-mean-exp), which estimates another quantity; each has its own value.",
    severity="gap",
)
def _evidence(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return torch.logsumexp(log_joint_top(x_top, zs, decoder), 0) - math.log(len(zs))


@wrong(
    "averaged_over_latents",
    "The latent vectors are averaged or added up; each has a value of its own.",
    severity="slip",
    credit=0.7,
)
def _averaged_over_latents(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder).mean()


@wrong(
    "first_z_only",
    "The decoder is given the first z only; every latent vector has its own logits.",
    severity="slip",
)
def _first_z_only(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return _prior(zs) + _likelihood(x_top, zs[:1].expand_as(zs), decoder)


@wrong("bits", "The logarithm has base 2; log densities are asked for in nats.", severity="slip", credit=0.7)
def _bits(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder) / math.log(2)


@wrong(
    "log_of_sigmoid",
    "The logarithm of a sigmoid becomes log 0 for large logits, where the sigmoid rounds to 0 or 1.",
    severity="slip",
    credit=0.8,
)
def _log_of_sigmoid(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    probs = torch.sigmoid(top_half(decoder(zs)))
    return _prior(zs) + (x_top * torch.log(probs) + (1 - x_top) * torch.log(1 - probs)).sum(-1)


@wrong(
    "clamped_sigmoid",
    "The sigmoid is kept away from 0 and 1, by clamping or by a small number inside the logarithm: large logits then have a wrong value.",
    severity="slip",
    credit=0.8,
)
def _clamped_sigmoid(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return _clamped_at(x_top, zs, decoder, 1e-6)


@wrong(
    "log_of_exp",
    "The logarithm is taken of a prior density that has underflowed to 0: log p(z) is a sum of −½ (z² + log 2π).",
    severity="slip",
    credit=0.8,
)
def _log_of_exp(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    density = torch.exp(-0.5 * (zs**2).sum(-1)) / (2 * math.pi) ** (zs.shape[-1] / 2)
    return torch.log(density) + _likelihood(x_top, zs, decoder)


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder).detach()


@wrong(
    "detached_likelihood",
    "The likelihood is detached from the graph: only the prior's gradient reaches z, and none the decoder.",
    severity="slip",
    credit=0.75,
)
def _detached_likelihood(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return _prior(zs) + _likelihood(x_top, zs, decoder).detach()


# -------------------------------------------------------------------------------------------------- other forms of them


def _clamped_at(x_top: Tensor, zs: Tensor, decoder: AnyDecoder, least: float) -> Tensor:
    probs = torch.sigmoid(top_half(decoder(zs))).clamp(least, 1 - least)
    return _prior(zs) + (x_top * torch.log(probs) + (1 - x_top) * torch.log(1 - probs)).sum(-1)


@wrong("clamped_sigmoid")
def _clamped_at_1e_7(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return _clamped_at(x_top, zs, decoder, 1e-7)


@wrong("clamped_sigmoid")
def _clamped_at_1e_3(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return _clamped_at(x_top, zs, decoder, 1e-3)


@wrong("clamped_sigmoid")
def _cross_entropy_of_probabilities(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    """It clamps its logarithms at -100."""
    probs = torch.sigmoid(top_half(decoder(zs)))
    return _prior(zs) - F.binary_cross_entropy(probs, x_top.expand_as(probs), reduction="none").sum(-1)


@wrong("clamped_sigmoid")
def _distribution_of_probabilities(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    """It clamps at the resolution of the dtype."""
    return _prior(zs) + Bernoulli(probs=torch.sigmoid(top_half(decoder(zs)))).log_prob(x_top).sum(-1)


@wrong("clamped_sigmoid")
def _epsilon_inside_log(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    probs = torch.sigmoid(top_half(decoder(zs)))
    return _prior(zs) + (x_top * torch.log(probs + 1e-8) + (1 - x_top) * torch.log(1 - probs + 1e-8)).sum(-1)


@wrong("log_of_sigmoid")
def _log_one_plus_exp(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    logits = top_half(decoder(zs))
    return _prior(zs) + (x_top * logits - torch.log(1 + torch.exp(logits))).sum(-1)


@wrong("averaged_over_latents")
def _added_up(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder).sum()


@wrong("padded_with_black")
def _padded_with_white(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder) + logsigmoid(decoder(zs)[:, 392:]).sum(-1)


@wrong("half_missing")
def _half_missing_of_all(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_joint_top(x_top, zs, decoder) + _prior(zs)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("prior_missing", rewritten=True)
def _only_the_pixels(x_top, zs, decoder):
    return Bernoulli(logits=decoder(zs)[:, :392]).log_prob(x_top).sum(1)


@wrong("likelihood_missing", rewritten=True)
def _only_the_prior(x_top, zs, decoder):
    return Normal(0.0, 1.0).log_prob(zs).sum(1)


@wrong("log_2pi_missing", rewritten=True)
def _squares_only(x_top, zs, decoder):
    return Bernoulli(logits=decoder(zs)[:, :392]).log_prob(x_top).sum(1) - zs.pow(2).sum(1) / 2


@wrong("prior_averaged", rewritten=True)
def _mean_of_normal(x_top, zs, decoder):
    log_p_z = Normal(torch.zeros_like(zs), torch.ones_like(zs)).log_prob(zs).mean(1)
    return log_p_z + Bernoulli(logits=decoder(zs)[:, :392]).log_prob(x_top).sum(1)


@wrong("prior_of_all", rewritten=True)
def _sum_without_axis(x_top, zs, decoder):
    log_p_z = Normal(torch.zeros_like(zs), torch.ones_like(zs)).log_prob(zs).sum()
    return log_p_z + Bernoulli(logits=decoder(zs)[:, :392]).log_prob(x_top).sum(-1)


@wrong("padded_with_black", rewritten=True)
def _zeros_below(x_top, zs, decoder):
    image = torch.zeros(784, dtype=x_top.dtype)
    image[:392] = x_top
    prior = MultivariateNormal(torch.zeros_like(zs[0]), torch.eye(zs.shape[1], dtype=zs.dtype))
    return prior.log_prob(zs) + Bernoulli(logits=decoder(zs)).log_prob(image).sum(1)


@wrong("likelihood_subtracted", rewritten=True)
def _plus_cross_entropy(x_top, zs, decoder):
    logits = decoder(zs)[:, :392]
    bce = F.binary_cross_entropy_with_logits(logits, x_top.expand_as(logits), reduction="none").sum(1)
    return Normal(0.0, 1.0).log_prob(zs).sum(1) + bce


@wrong("product_of_probabilities", rewritten=True)
def _densities_multiplied(x_top, zs, decoder):
    p_z = Normal(0.0, 1.0).log_prob(zs).exp().prod(1)
    p_x = Bernoulli(logits=decoder(zs)[:, :392]).log_prob(x_top).exp().prod(1)
    return (p_z * p_x).log()


@wrong("detached", rewritten=True)
@torch.no_grad()
def _no_grad_left_over(x_top, zs, decoder):
    log_p_x = Bernoulli(logits=decoder(zs)[:, :392]).log_prob(x_top).sum(1)
    return log_p_x + Normal(0.0, 1.0).log_prob(zs).sum(1)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _wide_prior(x_top, zs, decoder):
    prior = Normal(torch.zeros_like(zs), 2 * torch.ones_like(zs))
    return prior.log_prob(zs).sum(1) + Bernoulli(logits=decoder(zs)[:, :392]).log_prob(x_top).sum(1)


@wrong()
def _pixels_reversed(x_top, zs, decoder):
    return Normal(0.0, 1.0).log_prob(zs).sum(1) + Bernoulli(logits=decoder(zs)[:, :392]).log_prob(x_top.flip(0)).sum(1)


# -------------------------------------------------------------------------------------------------------- right answers


@right("bce_with_logits", "The cross-entropy of the upper pixels and a sum of squares.", second=True)
def _bce_with_logits(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    logits = decoder(zs)[:, :392]
    bce = F.binary_cross_entropy_with_logits(logits, x_top.repeat(len(zs), 1), reduction="none").sum(1)
    return -bce - 0.5 * zs.pow(2).sum(1) - 0.5 * zs.shape[1] * math.log(2 * math.pi)


@right("distributions", "torch.distributions, with the pixels broadcast over the latent vectors.")
def _distributions(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    prior = Independent(Normal(torch.zeros_like(zs), torch.ones_like(zs)), 1)
    pixels = Independent(Bernoulli(logits=decoder(zs)[..., :392]), 1)
    log_p: Tensor = prior.log_prob(zs) + pixels.log_prob(x_top)
    return log_p


@right("multivariate", "A multivariate normal prior; pixels as rows and columns.")
def _multivariate(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    latents = zs.shape[-1]
    prior = MultivariateNormal(torch.zeros(latents, dtype=zs.dtype), torch.eye(latents, dtype=zs.dtype))
    rows = decoder(zs).reshape(-1, 28, 28)[:, :14, :]
    return prior.log_prob(zs) + Bernoulli(logits=rows).log_prob(x_top.reshape(14, 28)).sum(dim=(1, 2))


@right("softplus", "Matrix products, less the softplus.")
def _softplus(half: Tensor, latents: Tensor, decode: AnyDecoder) -> Tensor:
    upper = decode(latents)[:, : len(half)]
    log_p_z = -0.5 * torch.einsum("sm,sm->s", latents, latents) - latents.shape[1] * math.log(math.sqrt(2 * math.pi))
    return upper @ half - F.softplus(upper).sum(1) + log_p_z


@right("plain_normal", "Normal(0, 1), whose constant is in float32.")
def _plain_normal(x_top: Tensor, zs: Tensor, decoder: AnyDecoder) -> Tensor:
    log_p_x = -F.softplus((1 - 2 * x_top) * decoder(zs)[:, :392]).sum(-1)
    return Normal(0.0, 1.0).log_prob(zs).sum(-1) + log_p_x


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

EQUIVALENT = {
    "detach gradient: x_top -> x_top.detach()": "Pixels are data: nothing is differentiated with respect to them.",
}
