"""What is held against the checks of `log_likelihood_top`."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Independent
from torch.nn import functional as F
from torch.nn.functional import logsigmoid

from autograder.authoring.candidates import right, wrong
from reference.densities import bernoulli_log_density
from reference.inpainting import log_likelihood_top, top_half
from reference.types import AnyDecoder

# ------------------------------------------------------------------------------------------------------- named mistakes


def _scored(x_top: Tensor, logits: Tensor) -> Tensor:
    """The log-probability of pixels, summed over them."""
    return bernoulli_log_density(x_top, logits).sum(-1)


def _lower(z: Tensor, decoder: AnyDecoder) -> Tensor:
    """The logits of the lower half."""
    return decoder(z)[:, 392:]


def _grid(z: Tensor, decoder: AnyDecoder) -> Tensor:
    """The logits as rows and columns."""
    return decoder(z).reshape(-1, 28, 28)


def _by(x_top: Tensor, z: Tensor, decoder: AnyDecoder, log_p: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """The sum of `log_p(probability of a white pixel, pixel)` over the upper half."""
    return log_p(torch.sigmoid(top_half(decoder(z))), x_top).sum(-1)


@wrong(
    "padded_with_black",
    "The image is filled up with zeros, and all 784 pixels are scored: unobserved pixels are not black, they are left out.",
    severity="gap",
)
def _padded_with_black(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood_top(x_top, z, decoder) + logsigmoid(-_lower(z, decoder)).sum(-1)


@wrong(
    "padded_with_grey",
    "The image is filled up with ½, and all 784 pixels are scored: unobserved pixels are left out.",
    severity="gap",
)
def _padded_with_grey(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    lower = _lower(z, decoder)
    return log_likelihood_top(x_top, z, decoder) + _scored(torch.full_like(lower, 0.5), lower)


@wrong(
    "log_half_for_unobserved",
    "Every lower pixel counts as log ½, as with logits of 0: summed over both of its values it has probability 1, which is log 1 = 0.",
    severity="slip",
)
def _log_half_for_unobserved(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood_top(x_top, z, decoder) - 392 * math.log(2)


@wrong(
    "expected_lower_half",
    "The expected log-probability of the lower pixels is added; they are summed out, which leaves nothing of them.",
    severity="gap",
)
def _expected_lower_half(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    lower = _lower(z, decoder)
    return log_likelihood_top(x_top, z, decoder) + _scored(torch.sigmoid(lower), lower)


@wrong(
    "lower_logits",
    "The pixels of the upper half are scored with the logits of the lower half: the upper ones come first.",
    severity="slip",
)
def _lower_logits(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _scored(x_top, _lower(z, decoder))


@wrong(
    "left_logits",
    "The logits are those of the left half (columns 0 to 13); the upper half has rows 0 to 13, which come first.",
    severity="slip",
)
def _left_logits(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _scored(x_top, _grid(z, decoder)[:, :, :14].flatten(1))


@wrong(
    "transposed_logits",
    "The logits are transposed against the pixels: both lie row by row.",
    severity="slip",
)
def _transposed_logits(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _scored(x_top, _grid(z, decoder).transpose(1, 2)[:, :14].flatten(1))


@wrong(
    "both_halves",
    "The upper pixels are scored twice, with the upper and with the lower logits.",
    severity="gap",
)
def _both_halves(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _scored(torch.cat([x_top, x_top], -1), decoder(z))


@wrong(
    "upper_half_twice",
    "The upper half is taken of `x_top` once more, which leaves a quarter of the image: `x_top` has the 392 pixels already.",
    severity="slip",
)
def _upper_half_twice(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _scored(x_top[:, :196], decoder(z)[:, :196])


@wrong(
    "not_summed",
    "One value per pixel is returned; each example has one, their sum.",
    severity="slip",
    credit=0.7,
)
def _not_summed(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return bernoulli_log_density(x_top, top_half(decoder(z)))


@wrong("averaged_over_pixels", "The pixels are averaged; their log-probabilities add up.", severity="slip")
def _averaged_over_pixels(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood_top(x_top, z, decoder) / 392


@wrong(
    "summed_over_batch",
    "The batch is summed as well; one value per example is asked for.",
    severity="slip",
    credit=0.7,
)
def _summed_over_batch(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood_top(x_top, z, decoder).sum()


@wrong(
    "averaged_over_batch",
    "The batch is averaged; one value per example is asked for.",
    severity="slip",
    credit=0.7,
)
def _averaged_over_batch(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood_top(x_top, z, decoder).mean().expand(len(z))


@wrong("sign", "The sign is reversed: this is the cross-entropy; a log-probability is never positive.", severity="slip")
def _sign(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return -log_likelihood_top(x_top, z, decoder)


@wrong(
    "prior_added",
    "log p(z) is added: this is the joint density; the log-probability given z is asked for.",
    severity="slip",
)
def _prior_added(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood_top(x_top, z, decoder) - 0.5 * (z**2 + math.log(2 * math.pi)).sum(-1)


@wrong(
    "sigmoid_twice",
    "The sigmoid is applied twice: once by you, and once by what takes logits.",
    severity="slip",
    credit=0.5,
)
def _sigmoid_twice(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _scored(x_top, torch.sigmoid(top_half(decoder(z))))


@wrong(
    "logits_read_as_probabilities",
    "The decoder's output is used as if it were probabilities; it is logits, which pass through a sigmoid first.",
    severity="gap",
)
def _logits_read_as_probabilities(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    probs = top_half(decoder(z)).clamp(1e-6, 1 - 1e-6)
    return (x_top * torch.log(probs) + (1 - x_top) * torch.log(1 - probs)).sum(-1)


@wrong(
    "black_pixels_missing",
    "The part (1 − x) log(1 − λ) is missing, so that black pixels say nothing.",
    severity="gap",
    credit=0.5,
)
def _black_pixels_missing(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return (x_top * logsigmoid(top_half(decoder(z)))).sum(-1)


@wrong("colours_swapped", "λ and 1 − λ are swapped: λ is the probability of a 1.", severity="slip")
def _colours_swapped(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood_top(1 - x_top, z, decoder)


@wrong(
    "log_missing",
    "The probabilities of the pixels are added; their logarithms are.",
    severity="gap",
)
def _log_missing(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _by(x_top, z, decoder, lambda probs, x: x * probs + (1 - x) * (1 - probs))


@wrong(
    "probability",
    "The probability is returned; its logarithm is asked for, which does not underflow.",
    severity="gap",
)
def _probability(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood_top(x_top, z, decoder).exp()


@wrong(
    "log_of_product",
    "The probabilities are multiplied before the logarithm is taken: a product of 392 of them underflows to 0. Add logarithms.",
    severity="gap",
)
def _log_of_product(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    probs = torch.sigmoid(top_half(decoder(z)))
    return torch.log((x_top * probs + (1 - x_top) * (1 - probs)).prod(-1))


@wrong(
    "squared_error",
    "A squared error is used; binary pixels have a Bernoulli log-probability.",
    severity="empty",
)
def _squared_error(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _by(x_top, z, decoder, lambda probs, x: -((x - probs) ** 2))


@wrong(
    "log_of_sigmoid",
    "The logarithm of a sigmoid becomes log 0 for large logits, where the sigmoid rounds to 0 or 1.",
    severity="slip",
    credit=0.8,
)
def _log_of_sigmoid(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _by(x_top, z, decoder, lambda probs, x: x * torch.log(probs) + (1 - x) * torch.log(1 - probs))


@wrong(
    "clamped_sigmoid",
    "The sigmoid is kept away from 0 and 1, by clamping or by a small number inside the logarithm: large logits then have a wrong value.",
    severity="slip",
    credit=0.8,
)
def _clamped_sigmoid(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _clamped_at(x_top, z, decoder, 1e-6)


@wrong(
    "bits",
    "The logarithm has base 2; log-probabilities are asked for in nats.",
    severity="slip",
    credit=0.7,
)
def _bits(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood_top(x_top, z, decoder) / math.log(2)


@wrong(
    "first_z_only",
    "All examples are scored with the first z; each has its own.",
    severity="slip",
)
def _first_z_only(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood_top(x_top, z[:1].expand_as(z), decoder)


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood_top(x_top, z, decoder).detach()


# -------------------------------------------------------------------------------------------------- other forms of them


def _clamped_at(x_top: Tensor, z: Tensor, decoder: AnyDecoder, least: float) -> Tensor:
    probs = torch.sigmoid(top_half(decoder(z))).clamp(least, 1 - least)
    return (x_top * torch.log(probs) + (1 - x_top) * torch.log(1 - probs)).sum(-1)


def _with_epsilon(x_top: Tensor, z: Tensor, decoder: AnyDecoder, epsilon: float) -> Tensor:
    return _by(
        x_top, z, decoder, lambda probs, x: x * torch.log(probs + epsilon) + (1 - x) * torch.log(1 - probs + epsilon)
    )


@wrong("padded_with_black")
def _padded_with_white(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood_top(x_top, z, decoder) + logsigmoid(_lower(z, decoder)).sum(-1)


@wrong("first_z_only")
def _mean_of_z(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood_top(x_top, z.mean(0, keepdim=True).expand_as(z), decoder)


@wrong("clamped_sigmoid")
def _clamped_at_1e_3(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _clamped_at(x_top, z, decoder, 1e-3)


@wrong("clamped_sigmoid")
def _clamped_at_1e_7(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _clamped_at(x_top, z, decoder, 1e-7)


@wrong("clamped_sigmoid")
def _cross_entropy_of_probabilities(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    """It clamps its logarithms at -100."""
    probs = torch.sigmoid(top_half(decoder(z)))
    return -F.binary_cross_entropy(probs, x_top, reduction="none").sum(-1)


@wrong("clamped_sigmoid")
def _distribution_of_probabilities(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    """It clamps at the resolution of the dtype."""
    return Bernoulli(probs=torch.sigmoid(top_half(decoder(z)))).log_prob(x_top).sum(-1)


@wrong("clamped_sigmoid")
def _epsilon_1e_6(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _with_epsilon(x_top, z, decoder, 1e-6)


@wrong("clamped_sigmoid")
def _epsilon_1e_8(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _with_epsilon(x_top, z, decoder, 1e-8)


@wrong("clamped_sigmoid")
def _epsilon_1e_10(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _with_epsilon(x_top, z, decoder, 1e-10)


@wrong("log_of_sigmoid")
def _log_one_plus_exp(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    logits = top_half(decoder(z))
    return (x_top * logits - torch.log(1 + torch.exp(logits))).sum(-1)


@wrong("log_of_sigmoid")
def _log_of_the_pixels_probability(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return _by(x_top, z, decoder, lambda probs, x: torch.log(torch.where(x > 0.5, probs, 1 - probs)))


@wrong("squared_error")
def _squared_error_of_logits(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return -((x_top - top_half(decoder(z))) ** 2).sum(-1)


@wrong("summed_over_batch")
def _mean_of_the_batch(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    return log_likelihood_top(x_top, z, decoder).mean()


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("padded_with_black", rewritten=True)
def _zeros_below(x_top, z, decoder):
    image = torch.zeros(len(x_top), 784, dtype=x_top.dtype)
    image[:, :392] = x_top
    return Bernoulli(logits=decoder(z)).log_prob(image).sum(1)


@wrong("log_half_for_unobserved", rewritten=True)
def _masked_after_decoding(x_top, z, decoder):
    mask = (torch.arange(784) < 392).to(x_top.dtype)
    image = torch.cat([x_top, torch.zeros_like(x_top)], dim=1)
    return -F.binary_cross_entropy_with_logits(decoder(z) * mask, image, reduction="none").sum(1)


@wrong("lower_logits", rewritten=True)
def _second_chunk(x_top, z, decoder):
    return Bernoulli(logits=decoder(z).chunk(2, -1)[1]).log_prob(x_top).sum(-1)


@wrong("left_logits", rewritten=True)
def _left_columns(x_top, z, decoder):
    left = decoder(z).unflatten(1, (28, 28))[..., :14].reshape(len(z), 392)
    return Independent(Bernoulli(logits=left), 1).log_prob(x_top)


@wrong("averaged_over_pixels", rewritten=True)
def _mean_of_log_probs(x_top, z, decoder):
    return Bernoulli(logits=decoder(z)[:, :392]).log_prob(x_top).mean(dim=1)


@wrong("sign", rewritten=True)
def _cross_entropy(x_top, z, decoder):
    return F.binary_cross_entropy_with_logits(decoder(z)[:, :392], x_top, reduction="none").sum(1)


@wrong("log_of_product", rewritten=True)
def _product_of_bernoullis(x_top, z, decoder):
    p = torch.sigmoid(decoder(z))[:, :392]
    return (p**x_top * (1 - p) ** (1 - x_top)).prod(1).log()


@wrong("sigmoid_twice", rewritten=True)
def _sigmoid_then_logits(x_top, z, decoder):
    return Bernoulli(logits=decoder(z).sigmoid()[:, :392]).log_prob(x_top).sum(1)


@wrong("detached", rewritten=True)
@torch.no_grad()
def _no_grad_left_over(x_top, z, decoder):
    return Bernoulli(logits=decoder(z)[:, :392]).log_prob(x_top).sum(1)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _one_pixel_missing(x_top, z, decoder):
    return Bernoulli(logits=decoder(z)[:, :391]).log_prob(x_top[:, :391]).sum(1)


@wrong()
def _one_row_off(x_top, z, decoder):
    return Bernoulli(logits=decoder(z)[:, 28:420]).log_prob(x_top).sum(1)


@wrong()
def _tempered(x_top, z, decoder):
    return Bernoulli(logits=0.9 * decoder(z)[:, :392]).log_prob(x_top).sum(1)


# -------------------------------------------------------------------------------------------------------- right answers


@right("bce_with_logits", "The negative of PyTorch's cross-entropy with logits, summed.", second=True)
def _bce_with_logits(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    logits = decoder(z)[..., :392]
    return -F.binary_cross_entropy_with_logits(logits, x_top, reduction="none").sum(-1)


@right("independent", "torch.distributions.Independent of the upper rows of the decoded image.")
def _independent(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    logits = decoder(z).view(-1, 28, 28)[:, :14]
    return Independent(Bernoulli(logits=logits), 2).log_prob(x_top.view(-1, 14, 28))


@right("masked", "All 784 pixels are scored, and the lower ones are taken out of the sum.")
def _masked(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    image = torch.cat([x_top, torch.zeros_like(x_top)], -1)
    mask = (torch.arange(784) < 392).to(x_top.dtype)
    return (Bernoulli(logits=decoder(z)).log_prob(image) * mask).sum(-1)


@right("summed_out", "The sum over both values of every lower pixel is really taken, in logarithms: it is 0.")
def _summed_out(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    upper, lower = decoder(z).chunk(2, dim=-1)
    both = torch.logaddexp(logsigmoid(lower), logsigmoid(-lower))
    return (bernoulli_log_density(x_top, upper) + both).sum(-1)


@right("softplus", "A product of pixels and logits, less the softplus.")
def _softplus(pixels: Tensor, latents: Tensor, decode: AnyDecoder) -> Tensor:
    upper = decode(latents)[:, : pixels.shape[1]]
    return torch.einsum("bd,bd->b", pixels, upper) - F.softplus(upper).sum(1)


@right("toronto_starter", "The Toronto starter code's trick with b = 2x − 1.")
def _toronto_starter(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    logits = top_half(decoder(z))
    b = 2 * x_top - 1
    return -torch.logaddexp(torch.zeros_like(logits), -b * logits).sum(-1)


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

EQUIVALENT = {
    "detach gradient: x_top -> x_top.detach()": "Pixels are data: nothing is differentiated with respect to them.",
}
