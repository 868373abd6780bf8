"""What is held against the checks of `log_likelihood`."""

import math

import torch
from torch import Tensor
from torch.distributions import Bernoulli, ContinuousBernoulli, Independent, Normal
from torch.nn import functional as F
from torch.nn.functional import logsigmoid, softplus

from autograder.authoring.candidates import graded, right, wrong
from reference.densities import bernoulli_log_density
from reference.types import AnyDecoder
from reference.vae import log_likelihood

# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "loss",
    "This is a loss: the cross-entropy of the whole batch, with its sign; one log-probability per image is asked for.",
    severity="slip",
    credit=0.5,
)
def _loss(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return F.binary_cross_entropy_with_logits(decoder(z), x)


@wrong("sign", "The sign is reversed: this is the cross-entropy, a log-probability is never positive.", severity="slip")
def _sign(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return -log_likelihood(x, z, decoder)


@wrong(
    "averaged_over_pixels",
    "The log-probabilities are averaged over the pixels; log p(x | z) is their sum.",
    severity="slip",
)
def _averaged_over_pixels(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z, decoder) / x.shape[-1]


@wrong(
    "not_summed",
    "One value per pixel is returned; the pixels of an image are summed.",
    severity="slip",
    credit=0.7,
)
def _not_summed(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return bernoulli_log_density(x, decoder(z))


@wrong(
    "summed_over_batch",
    "The batch is summed as well; one value per example is asked for.",
    severity="slip",
    credit=0.7,
)
def _summed_over_batch(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z, decoder).sum().expand(len(x))


@wrong(
    "averaged_over_batch",
    "The batch is averaged as well; one value per example is asked for.",
    severity="slip",
    credit=0.7,
)
def _averaged_over_batch(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z, decoder).mean().expand(len(x))


@wrong(
    "divided_by_batch",
    "The sum is divided by the size of the batch; each example keeps its own value.",
    severity="slip",
    credit=0.7,
)
def _divided_by_batch(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z, decoder) / len(x)


@wrong(
    "summed_over_wrong_axis",
    "The sum runs over the examples (`dim=0`); it belongs over the pixels (`dim=-1`).",
    severity="slip",
)
def _summed_over_wrong_axis(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return bernoulli_log_density(x, decoder(z)).sum(0)


@wrong(
    "sigmoid_twice",
    "The decoder's logits go through a sigmoid before a function that applies another one.",
    severity="slip",
    credit=0.5,
)
def _sigmoid_twice(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z, lambda z: torch.sigmoid(decoder(z)))


@wrong(
    "logits_read_as_probabilities",
    "The decoder's logits are used as if they were probabilities; they pass through a sigmoid first.",
    severity="gap",
)
def _logits_read_as_probabilities(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return Bernoulli(probs=decoder(z)).log_prob(x).sum(-1)


@wrong(
    "log_of_sigmoid",
    "The logarithm of a sigmoid becomes log 0 for large logits, where the sigmoid rounds to 0 or 1.",
    severity="slip",
    credit=0.75,
)
def _log_of_sigmoid(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    probs = torch.sigmoid(decoder(z))
    return (x * torch.log(probs) + (1 - x) * torch.log(1 - probs)).sum(-1)


@wrong(
    "clamped_sigmoid",
    "Clamping the sigmoid away from 0 and 1, or adding a small number to it, keeps the logarithm finite but makes it wrong for large"
    " logits.",
    severity="slip",
    credit=0.75,
)
def _clamped_sigmoid(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return -F.binary_cross_entropy(torch.sigmoid(decoder(z)), x, reduction="none").sum(-1)


@wrong(
    "log_one_plus_exp",
    "log(1 + exp(ℓ)) overflows for large logits ℓ; a softplus or logsigmoid function does not.",
    severity="slip",
    credit=0.75,
)
def _log_one_plus_exp(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    logits = decoder(z)
    return (x * logits - torch.log(1 + torch.exp(logits))).sum(-1)


@wrong(
    "log_of_product",
    "The probabilities of the pixels are multiplied before the logarithm: the product of a thousand of them is too small a number.",
    severity="slip",
    credit=0.75,
)
def _log_of_product(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return torch.log(torch.sigmoid((2 * x - 1) * decoder(z)).prod(-1))


@wrong(
    "probability",
    "The probability p(x | z) is returned; its logarithm is asked for.",
    severity="slip",
    credit=0.5,
)
def _probability(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z, decoder).exp()


@wrong(
    "log_missing",
    "The probabilities of the pixels are summed; the logarithm of each is missing.",
    severity="slip",
    credit=0.5,
)
def _log_missing(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return bernoulli_log_density(x, decoder(z)).exp().sum(-1)


@wrong("black_pixels_ignored", "The term (1 − x) log(1 − λ) is missing, so black pixels cost nothing.", severity="gap")
def _black_pixels_ignored(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return (x * logsigmoid(decoder(z))).sum(-1)


@wrong("white_pixels_ignored", "The term x log λ is missing, so white pixels cost nothing.", severity="gap")
def _white_pixels_ignored(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return ((1 - x) * logsigmoid(-decoder(z))).sum(-1)


@wrong("classes_swapped", "λ and 1 − λ are swapped: λ is the probability of a white pixel.", severity="slip")
def _classes_swapped(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(1 - x, z, decoder)


@wrong(
    "arguments_swapped",
    "Image and logits have changed places: the decoder's output is scored by the image.",
    severity="slip",
    credit=0.5,
)
def _arguments_swapped(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return bernoulli_log_density(decoder(z), x).sum(-1)


@wrong("squared_error", "A squared error is used; binary pixels have a Bernoulli log-probability.", severity="gap")
def _squared_error(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return -((x - torch.sigmoid(decoder(z))) ** 2).sum(-1)


@wrong(
    "gaussian",
    "This is a Gaussian with the decoder's output as its mean; binary pixels are Bernoulli, with the output as logits.",
    severity="gap",
)
def _gaussian(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return Normal(decoder(z), 1.0).log_prob(x).sum(-1)


@wrong(
    "continuous_bernoulli",
    "The normalising constant of the continuous Bernoulli distribution is added; binary pixels have none.",
    severity="slip",
)
def _continuous_bernoulli(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return ContinuousBernoulli(logits=decoder(z)).log_prob(x).sum(-1)


@wrong(
    "prior_added",
    "log p(z) is added: this is the joint density log p(x, z).",
    severity="slip",
)
def _prior_added(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z, decoder) - 0.5 * (z**2 + math.log(2 * math.pi)).sum(-1)


@wrong("softmax", "A softmax over the pixels is taken; every pixel has a probability of its own.", severity="gap")
def _softmax(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return (x * torch.log_softmax(decoder(z), -1)).sum(-1)


@wrong(
    "other_base",
    "The logarithm has another base than e: nats are asked for, not bits or decimal digits.",
    severity="slip",
    credit=0.7,
)
def _other_base(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z, decoder) / math.log(2)


@wrong(
    "clamped_logits",
    "The logits are clamped: a large logit then costs no more than a smaller one.",
    severity="slip",
    credit=0.75,
)
def _clamped_logits(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z, lambda z: decoder(z).clamp(-10, 10))


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z, decoder).detach()


@wrong(
    "latent_detached",
    "z is detached before it is decoded, so no gradient reaches it.",
    severity="slip",
    credit=0.75,
)
def _latent_detached(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z.detach(), decoder)


@wrong(
    "one_latent_for_all", "One latent vector is decoded for the whole batch; every image has its own.", severity="gap"
)
def _one_latent_for_all(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z[:1], decoder)


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("loss")
def _summed_loss(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return F.binary_cross_entropy_with_logits(decoder(z), x, reduction="sum")


@wrong("summed_over_batch")
def _one_number_for_the_batch(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z, decoder).sum()


@wrong("averaged_over_batch")
def _mean_of_the_batch(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z, decoder).mean()


@wrong("one_latent_for_all")
def _mean_latent_for_all(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z.mean(0, keepdim=True), decoder)


@wrong("other_base")
def _decimal_logarithm(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z, decoder) / math.log(10)


@wrong("logits_read_as_probabilities")
def _log_of_logits(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    logits = decoder(z)
    return (x * torch.log(logits) + (1 - x) * torch.log(1 - logits)).sum(-1)


@wrong("logits_read_as_probabilities")
def _logits_clamped_to_probabilities(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    probs = decoder(z).clamp(1e-6, 1 - 1e-6)
    return (x * torch.log(probs) + (1 - x) * torch.log(1 - probs)).sum(-1)


@wrong("logits_read_as_probabilities")
def _cross_entropy_of_logits(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return -F.binary_cross_entropy(decoder(z), x, reduction="none").sum(-1)


@wrong("squared_error")
def _squared_error_of_logits(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return -((x - decoder(z)) ** 2).sum(-1)


@wrong("log_of_sigmoid")
def _one_logarithm_per_pixel(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    probs = torch.sigmoid(decoder(z))
    return torch.log(torch.where(x > 0.5, probs, 1 - probs)).sum(-1)


@wrong("log_of_product")
def _product_of_powers(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    probs = torch.sigmoid(decoder(z))
    return torch.log((probs**x * (1 - probs) ** (1 - x)).prod(-1))


@wrong("clamped_sigmoid")
def _distribution_of_probabilities(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return Bernoulli(probs=torch.sigmoid(decoder(z))).log_prob(x).sum(-1)


def _with_epsilon(x: Tensor, z: Tensor, decoder: AnyDecoder, epsilon: float) -> Tensor:
    probs = torch.sigmoid(decoder(z))
    return (x * torch.log(probs + epsilon) + (1 - x) * torch.log(1 - probs + epsilon)).sum(-1)


@wrong("clamped_sigmoid")
def _epsilon_1e_6(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _with_epsilon(x, z, decoder, 1e-6)


@wrong("clamped_sigmoid")
def _epsilon_1e_8(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _with_epsilon(x, z, decoder, 1e-8)


@wrong("clamped_sigmoid")
def _epsilon_1e_10(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _with_epsilon(x, z, decoder, 1e-10)


@wrong("clamped_logits")
def _clamped_at_30(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood(x, z, lambda z: decoder(z).clamp(-30, 30))


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("averaged_over_pixels", rewritten=True)
def _cross_entropy_averaged(x, z, decoder):
    return -F.binary_cross_entropy_with_logits(decoder(z), x, reduction="none").mean(dim=1)


@wrong("sign", rewritten=True)
def _cross_entropy(x, z, decoder):
    return F.binary_cross_entropy_with_logits(decoder(z), x, reduction="none").sum(1)


@wrong("sigmoid_twice", rewritten=True)
def _bernoulli_of_sigmoid(x, z, decoder):
    return Independent(Bernoulli(logits=torch.sigmoid(decoder(z))), 1).log_prob(x)


@wrong("prior_added", rewritten=True)
def _joint(x, z, decoder):
    prior = Independent(Normal(torch.zeros_like(z), torch.ones_like(z)), 1)
    return Independent(Bernoulli(logits=decoder(z)), 1).log_prob(x) + prior.log_prob(z)


@wrong()  # detached in other words, for which there is no name of its own yet, or a second one
def _without_grad(x, z, decoder):
    with torch.no_grad():
        logits = decoder(z)
    return (x * logits - softplus(logits)).sum(-1)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _first_pixel_forgotten(x, z, decoder):
    return Bernoulli(logits=decoder(z)).log_prob(x)[:, 1:].sum(-1)


@wrong()
def _logits_cooled(x, z, decoder):
    return Bernoulli(logits=0.9 * decoder(z)).log_prob(x).sum(-1)


@wrong()
def _images_in_reverse(x, z, decoder):
    return Bernoulli(logits=decoder(z)).log_prob(x.flip(0)).sum(-1)


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.6, "The mean over the pixels in place of their sum.")
def _mean_over_the_pixels(x, z, decoder):
    logits = decoder(z)
    return (x * logsigmoid(logits) + (1 - x) * logsigmoid(-logits)).mean(-1)


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "Independent Bernoullis of torch.distributions.", second=True)
def _distributions(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    log_p: Tensor = Independent(Bernoulli(logits=decoder(z)), 1).log_prob(x)
    return log_p


@right("cross_entropy", "The negative of PyTorch's binary cross-entropy, summed over the pixels.")
def _right_cross_entropy(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return -F.binary_cross_entropy_with_logits(decoder(z), x, reduction="none").sum(dim=1)


@right("softplus", "−softplus((1 − 2x) ℓ), summed by einsum.")
def _right_softplus(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return torch.einsum("bd->b", -softplus((1 - 2 * x) * decoder(z)))


@right("product", "x · ℓ as a product of matrices, minus the softplus.")
def _product(x: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    logits = decoder(z)
    return torch.bmm(x[:, None], logits[..., None])[:, 0, 0] - torch.logaddexp(logits, torch.zeros_like(logits)).sum(-1)


@right("where", "log λ where the pixel is white, log(1 − λ) where it is black.")
def _where(images: Tensor, latents: Tensor, network: AnyDecoder) -> Tensor:
    logits = network(latents)
    return torch.where(images > 0.5, logsigmoid(logits), logsigmoid(-logits)).sum(-1)


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

EQUIVALENT = {
    "detach gradient: x -> x.detach()": "Images are data: nothing is differentiated with respect to them.",
}
