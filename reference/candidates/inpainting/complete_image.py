"""What is held against the checks of `complete_image`."""

import torch
from torch import Generator, Tensor
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal
from torch.nn.functional import softplus

from autograder.authoring.candidates import right, wrong
from reference.densities import sample_gaussian
from reference.inpainting import complete_image
from reference.types import AnyDecoder

# ------------------------------------------------------------------------------------------------------- named mistakes


def _decoded(mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None) -> Tensor:
    """The logits of a whole image, shape (784,), at one z from q."""
    return decoder(sample_gaussian(mean[None], log_var[None], generator))[0]


def _with_noise(x_top: Tensor, z: Tensor, decoder: AnyDecoder) -> Tensor:
    """The image that belongs to a z of shape (M,)."""
    return torch.cat([x_top, torch.sigmoid(decoder(z[None])[0, 392:])])


def _noise(mean: Tensor, generator: Generator | None) -> Tensor:
    return torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)


@wrong("logits_below", "The lower half holds logits; their sigmoids are the Bernoulli means.", severity="slip")
def _logits_below(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return torch.cat([x_top, _decoded(mean, log_var, decoder, generator)[392:]])


@wrong(
    "decoded_above",
    "The whole image is the decoder's: the upper half must be the true one, `x_top`.",
    severity="gap",
    credit=0.5,
)
def _decoded_above(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return torch.sigmoid(_decoded(mean, log_var, decoder, generator))


@wrong(
    "halves_swapped", "The true half is below and the decoded one above: the upper rows come first.", severity="slip"
)
def _halves_swapped(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return torch.cat([torch.sigmoid(_decoded(mean, log_var, decoder, generator)[392:]), x_top])


@wrong(
    "upper_means_below",
    "Below stand the decoder's means of the upper half (the first 392 of them); the lower half has the last 392.",
    severity="slip",
)
def _upper_means_below(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return torch.cat([x_top, torch.sigmoid(_decoded(mean, log_var, decoder, generator)[:392])])


@wrong(
    "side_by_side",
    "The halves stand side by side, 14 columns each; they belong one above the other, 14 rows each.",
    severity="slip",
)
def _side_by_side(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    lower = complete_image(x_top, mean, log_var, decoder, generator)[392:]
    return torch.cat([x_top.reshape(28, 14), lower.reshape(28, 14)], dim=1).flatten()


@wrong(
    "lower_half_only",
    "Only the lower half is returned; the true upper half belongs above it.",
    severity="gap",
    credit=0.5,
)
def _lower_half_only(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return complete_image(x_top, mean, log_var, decoder, generator)[392:]


@wrong(
    "sampled_pixels",
    "The lower pixels are samples, 0 or 1; the Bernoulli means are asked for, which are grey.",
    severity="slip",
)
def _sampled_pixels(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    probs = complete_image(x_top, mean, log_var, decoder, generator)[392:]
    return torch.cat([x_top, torch.bernoulli(probs, generator=generator)])


@wrong(
    "thresholded",
    "The lower pixels are rounded to 0 and 1; the Bernoulli means are asked for, which are grey.",
    severity="slip",
)
def _thresholded(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return (complete_image(x_top, mean, log_var, decoder, generator) > 0.5).to(x_top.dtype)


@wrong(
    "sigmoid_twice",
    "The sigmoid is applied twice, so the lower pixels are confined to the range from 0.5 to 0.73.",
    severity="slip",
)
def _sigmoid_twice(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    means = complete_image(x_top, mean, log_var, decoder, generator)[392:]
    return torch.cat([x_top, torch.sigmoid(means)])


@wrong(
    "sigmoid_of_all",
    "The sigmoid is applied to the true upper half as well, which is then grey; only logits pass through it.",
    severity="slip",
)
def _sigmoid_of_all(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return torch.sigmoid(torch.cat([x_top, _decoded(mean, log_var, decoder, generator)[392:]]))


@wrong(
    "colours_swapped", "The lower half is a negative: sigmoid(ℓ) is the probability of a white pixel.", severity="slip"
)
def _colours_swapped(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return torch.cat([x_top, torch.sigmoid(-_decoded(mean, log_var, decoder, generator)[392:])])


@wrong(
    "black_below", "The lower half is filled up with zeros: the decoder says nothing there.", severity="empty", credit=0
)
def _black_below(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return torch.cat([x_top, torch.zeros_like(x_top)])


@wrong("mean_decoded", "The mean of q is decoded; a sample from q is asked for.", severity="slip", credit=0.5)
def _mean_decoded(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _with_noise(x_top, mean + 0 * log_var, decoder)


@wrong(
    "prior_sample",
    "z is drawn from the prior; it belongs to q, with `mean` and `log_var`, which knows of the upper half.",
    severity="gap",
)
def _prior_sample(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return complete_image(x_top, 0 * mean, 0 * log_var, decoder, generator)


@wrong(
    "variance_as_std",
    "The noise is multiplied by the variance e^{log_var}; it belongs to σ = e^{½ log_var}.",
    severity="slip",
)
def _variance_as_std(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return complete_image(x_top, mean, 2 * log_var, decoder, generator)


@wrong(
    "log_var_as_std",
    "The noise is multiplied by `log_var` itself; the standard deviation is e^{½ log_var}.",
    severity="slip",
    credit=0.5,
)
def _log_var_as_std(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _with_noise(x_top, mean + log_var * _noise(mean, generator), decoder)


@wrong(
    "std_missing",
    "The noise is added to the mean as it is; it must be multiplied by σ = e^{½ log_var}.",
    severity="slip",
)
def _std_missing(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return complete_image(x_top, mean, 0 * log_var, decoder, generator)


@wrong("mean_missing", "The mean of q is missing in z = μ + σ ⊙ ε.", severity="slip")
def _mean_missing(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return complete_image(x_top, 0 * mean, log_var, decoder, generator)


@wrong("arguments_swapped", "`mean` and `log_var` have changed places.", severity="slip")
def _arguments_swapped(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return complete_image(x_top, log_var, mean, decoder, generator)


@wrong("uniform_noise", "The noise is uniform (`rand`); it must be standard normal (`randn`).", severity="slip")
def _uniform_noise(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    noise = torch.rand(mean.shape, generator=generator, dtype=mean.dtype)
    return _with_noise(x_top, mean + torch.exp(0.5 * log_var) * noise, decoder)


@wrong(
    "averaged_over_samples",
    "The lower half is an average over several z; one sample is asked for, which gives one picture.",
    severity="slip",
)
def _averaged_over_samples(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    z = sample_gaussian(mean.expand(10, -1), log_var.expand(10, -1), generator)
    return torch.cat([x_top, torch.sigmoid(decoder(z)).mean(0)[392:]])


@wrong(
    "shared_over_latents",
    "One number is drawn for all latent dimensions of z; each needs its own.",
    severity="slip",
    credit=0.5,
)
def _shared_over_latents(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return _with_noise(x_top, mean + torch.exp(0.5 * log_var) * _noise(mean[:1], generator), decoder)


@wrong(
    "same_noise_every_call",
    "A seed is set inside, so that every call draws the same z.",
    severity="slip",
    credit=0.5,
)
def _same_noise_every_call(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return complete_image(x_top, mean, log_var, decoder, Generator().manual_seed(0))


@wrong(
    "exp_over_exp",
    "e^ℓ / (1 + e^ℓ) overflows for large logits; `torch.sigmoid` does not.",
    severity="slip",
    credit=0.8,
)
def _exp_over_exp(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    odds = torch.exp(_decoded(mean, log_var, decoder, generator)[392:])
    return torch.cat([x_top, odds / (1 + odds)])


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("uniform_noise")
def _uniform_around_zero(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    noise = 2 * torch.rand(mean.shape, generator=generator, dtype=mean.dtype) - 1
    return _with_noise(x_top, mean + torch.exp(0.5 * log_var) * noise, decoder)


@wrong("averaged_over_samples")
def _averaged_over_two(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    z = sample_gaussian(mean.expand(2, -1), log_var.expand(2, -1), generator)
    return torch.cat([x_top, torch.sigmoid(decoder(z)).mean(0)[392:]])


@wrong("averaged_over_samples")
def _averaged_over_many(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    z = sample_gaussian(mean.expand(200, -1), log_var.expand(200, -1), generator)
    return torch.cat([x_top, torch.sigmoid(decoder(z)).mean(0)[392:]])


@wrong("black_below")
def _white_below(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return torch.cat([x_top, torch.ones_like(x_top)])


@wrong("thresholded")
def _rounded(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    return complete_image(x_top, mean, log_var, decoder, generator).round()


# ------------------------------------------------------------------------------------------------------- in other words


@wrong()  # mean_decoded in other words, for which there is no name of its own yet, or a second one
def _probabilities_at_mean(x_top, mean, log_var, decoder):
    return torch.cat((x_top, Bernoulli(logits=decoder(mean)).mean[392:]))


@wrong("logits_below", rewritten=True)
def _raw_decoder_output(x_top, mean, log_var, decoder):
    image = decoder(Normal(mean, (log_var / 2).exp()).sample()).clone()
    image[:392] = x_top
    return image


@wrong("sampled_pixels", rewritten=True)
def _bernoulli_sample(x_top, mean, log_var, decoder):
    z = Normal(mean, torch.exp(log_var / 2)).sample()
    return torch.hstack([x_top, Bernoulli(logits=decoder(z)).sample()[392:]])


@wrong("variance_as_std", rewritten=True)
def _normal_with_variance(x_top, mean, log_var, decoder):
    z = Normal(mean, log_var.exp()).sample()
    return torch.cat([x_top, decoder(z).sigmoid()[392:]])


@wrong("prior_sample", rewritten=True)
def _standard_noise_decoded(x_top, mean, log_var, decoder):
    return torch.cat([x_top, decoder(torch.randn_like(mean)).sigmoid()[392:]])


@wrong("decoded_above", rewritten=True)
def _x_top_unused(x_top, mean, log_var, decoder):
    z = Normal(mean, torch.exp(log_var / 2)).sample()
    return Bernoulli(logits=decoder(z)).mean


@wrong()  # same_noise_every_call in other words, for which there is no name of its own yet, or a second one
def _seeded_inside(x_top, mean, log_var, decoder):
    torch.manual_seed(412)
    z = mean + torch.randn_like(mean) * torch.exp(log_var / 2)
    return torch.cat([x_top, decoder(z).sigmoid()[392:]])


@wrong("shared_over_latents", rewritten=True)
def _one_number(x_top, mean, log_var, decoder):
    z = mean + torch.randn((), dtype=mean.dtype) * log_var.exp().sqrt()
    return torch.cat([x_top, decoder(z).sigmoid()[392:]])


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _slightly_wide(x_top, mean, log_var, decoder):
    z = mean + 1.15 * torch.randn_like(mean) * torch.exp(log_var / 2)
    return torch.cat([x_top, decoder(z).sigmoid()[392:]])


@wrong()
def _z_for_every_row(x_top, mean, log_var, decoder):
    """Another z for each of the lower rows."""
    z = Normal(mean, torch.exp(log_var / 2)).sample((28,))
    rows = decoder(z).sigmoid().reshape(28, 28, 28)
    return torch.cat([x_top, torch.cat([rows[r, r] for r in range(14, 28)])])


@wrong()
def _one_row_off(x_top, mean, log_var, decoder):
    z = Normal(mean, torch.exp(log_var / 2)).sample()
    return torch.cat([x_top, decoder(z).sigmoid().roll(28)[392:]])


# -------------------------------------------------------------------------------------------------------- right answers


@right("in_place", "The upper pixels are written into the decoded image.")
def _in_place(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    with torch.no_grad():
        z = mean + torch.exp(log_var / 2) * _noise(mean, generator)
        image = torch.sigmoid(decoder(z))
        image[: x_top.numel()] = x_top
    return image


@right("distributions", "torch.distributions, one z with a batch axis.")
def _distributions(x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder) -> Tensor:
    z = Independent(Normal(mean, torch.exp(0.5 * log_var)), 1).sample(torch.Size([1]))
    means: Tensor = Bernoulli(logits=decoder(z)).mean.squeeze(0)
    return torch.hstack((x_top, means[392:]))


@right("rows", "Two pictures of 14 × 28, stacked.")
def _rows(half: Tensor, mu: Tensor, logvar: Tensor, decode: AnyDecoder) -> Tensor:
    z = torch.normal(mu, torch.exp(0.5 * logvar))
    whole = decode(z.unsqueeze(0)).sigmoid().view(28, 28)
    return torch.vstack([half.view(14, 28), whole[14:]]).flatten()


@right("where", "A mask chooses between both; a covariance matrix.")
def _where(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    z = MultivariateNormal(mean, torch.diag(log_var.exp())).sample()
    upper = torch.arange(784) < 392
    return torch.where(upper, x_top.repeat(2), torch.exp(-softplus(-decoder(z))))


@right("two_classes", "The means as a softmax of two classes; float64 noise.")
def _two_classes(
    x_top: Tensor, mean: Tensor, log_var: Tensor, decoder: AnyDecoder, generator: Generator | None = None
) -> Tensor:
    noise = torch.randn(mean.shape, generator=generator, dtype=torch.float64).to(mean.dtype)
    logits = decoder(torch.addcmul(mean, noise, (log_var / 2).exp()))
    both = torch.stack([torch.zeros_like(logits), logits]).softmax(0)
    return torch.cat([x_top, both[1].chunk(2)[1]])


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

_PICTURE = "It is a picture to look at: no gradient is asked for."
EQUIVALENT = {
    "detach gradient: lower = torch.sigmoid(decoder(z)[0, _TOP:]) -> lower = torch.sigmoid(decoder(z)[0, _TOP:]).detach()": _PICTURE,
    "detach gradient: x_top -> x_top.detach()": _PICTURE,
    "detach gradient: z = sample_gaussian(mean[None], ..., generator)"
    " -> z = sample_gaussian(mean[None], ..., generator).detach()": _PICTURE,
}
