"""What is held against the checks of `ancestral_sample`."""

import torch
from torch import Generator, Tensor
from torch.distributions import Bernoulli, Normal

from autograder.authoring.candidates import graded, right, wrong
from reference.types import AnyDecoder
from reference.vae import ancestral_sample

# ------------------------------------------------------------------------------------------------------- named mistakes


def _uniform(shape, generator):
    return torch.rand(shape, generator=generator)


def _with_latents(z, decoder, generator):
    means = torch.sigmoid(decoder(z))
    return means, (_uniform(means.shape, generator) < means).to(means.dtype)


def _with_images(n, decoder, latent_dim, generator, images):
    means, _ = ancestral_sample(n, decoder, latent_dim, generator)
    return means, images(means)


@wrong(
    "logits",
    "The decoder's logits are returned; the means are the probabilities, their sigmoid.",
    severity="slip",
    credit=0.7,
)
def _logits(n, decoder, latent_dim, generator=None):
    logits = decoder(torch.randn(n, latent_dim, generator=generator))
    return logits, (_uniform(logits.shape, generator) < torch.sigmoid(logits)).to(logits.dtype)


@wrong(
    "other_latents",
    "The images belong to other latent variables than the means: each is drawn from the means in its own row.",
    severity="slip",
)
def _other_latents(n, decoder, latent_dim, generator=None):
    means, _ = ancestral_sample(n, decoder, latent_dim, generator)
    return means, ancestral_sample(n, decoder, latent_dim, generator)[1]


@wrong(
    "thresholded",
    "The means are rounded to 0 and 1; a binary image is drawn from them.",
    severity="gap",
)
def _thresholded(n, decoder, latent_dim, generator=None):
    return _with_images(n, decoder, latent_dim, generator, lambda means: (means > 0.5).to(means.dtype))


@wrong(
    "means_twice",
    "The means are returned in place of the images; those are drawn from them.",
    severity="gap",
)
def _means_twice(n, decoder, latent_dim, generator=None):
    return _with_images(n, decoder, latent_dim, generator, lambda means: means.clone())


@wrong("images_twice", "The images are returned in place of the means.", severity="gap")
def _images_twice(n, decoder, latent_dim, generator=None):
    _, images = ancestral_sample(n, decoder, latent_dim, generator)
    return images, images.clone()


@wrong(
    "order", "The results are in the wrong order: the means come first, then the images.", severity="slip", credit=0.75
)
def _order(n, decoder, latent_dim, generator=None):
    means, images = ancestral_sample(n, decoder, latent_dim, generator)
    return images, means


@wrong(
    "black_for_white",
    "A pixel is 1 with probability 1 − λ: the comparison with the uniform number is the wrong way round.",
    severity="slip",
)
def _black_for_white(n, decoder, latent_dim, generator=None):
    means, images = ancestral_sample(n, decoder, latent_dim, generator)
    return means, 1 - images


@wrong(
    "one_number_per_image",
    "One uniform number decides about all pixels of an image; every pixel is drawn by itself.",
    severity="slip",
)
def _one_number_per_image(n, decoder, latent_dim, generator=None):
    return _with_images(
        n, decoder, latent_dim, generator, lambda means: (_uniform((n, 1), generator) < means).to(means.dtype)
    )


@wrong(
    "one_number_per_pixel",
    "The same uniform numbers decide about all images; every image is drawn by itself.",
    severity="slip",
)
def _one_number_per_pixel(n, decoder, latent_dim, generator=None):
    return _with_images(
        n,
        decoder,
        latent_dim,
        generator,
        lambda means: (_uniform(means.shape[1:], generator) < means).to(means.dtype),
    )


@wrong(
    "images_of_sigmoid",
    "The means go through another sigmoid before the images are drawn (`logits=` in place of `probs=`).",
    severity="slip",
)
def _images_of_sigmoid(n, decoder, latent_dim, generator=None):
    return _with_images(n, decoder, latent_dim, generator, lambda means: torch.bernoulli(torch.sigmoid(means)))


@wrong(
    "sigmoid_twice",
    "The sigmoid is applied twice, so that no mean is below 0.5.",
    severity="slip",
)
def _sigmoid_twice(n, decoder, latent_dim, generator=None):
    return ancestral_sample(n, lambda z: torch.sigmoid(decoder(z)), latent_dim, generator)


@wrong("noisy_means", "Gaussian noise is added to the means; binary pixels are Bernoulli draws.", severity="gap")
def _noisy_means(n, decoder, latent_dim, generator=None):
    return _with_images(
        n, decoder, latent_dim, generator, lambda means: (means + 0.1 * torch.randn_like(means)).clamp(0, 1)
    )


@wrong("uniform_latents", "z is uniform (`torch.rand`); the prior is N(0, I) (`torch.randn`).", severity="slip")
def _uniform_latents(n, decoder, latent_dim, generator=None):
    return _with_latents(_uniform((n, latent_dim), generator), decoder, generator)


@wrong(
    "no_noise",
    "z is the prior's mean: every image is decoded from 0.",
    severity="gap",
)
def _no_noise(n, decoder, latent_dim, generator=None):
    return _with_latents(torch.zeros(n, latent_dim), decoder, generator)


@wrong(
    "one_latent_for_all",
    "One z is decoded for all images; every image has its own.",
    severity="slip",
    credit=0.5,
)
def _one_latent_for_all(n, decoder, latent_dim, generator=None):
    return _with_latents(torch.randn(1, latent_dim, generator=generator).expand(n, -1), decoder, generator)


@wrong(
    "shared_over_dimensions",
    "One number stands in all latent dimensions of an image; each is drawn by itself.",
    severity="slip",
    credit=0.5,
)
def _shared_over_dimensions(n, decoder, latent_dim, generator=None):
    return _with_latents(torch.randn(n, 1, generator=generator).expand(-1, latent_dim), decoder, generator)


@wrong("same_noise_every_call", "A seed is set inside, so that every call draws the same images.", severity="slip")
def _same_noise_every_call(n, decoder, latent_dim, generator=None):
    return ancestral_sample(n, decoder, latent_dim, Generator().manual_seed(0))


@wrong(
    "scaled_latents",
    "z is scaled by a constant; the prior's standard deviation is 1.",
    severity="slip",
)
def _scaled_latents(n, decoder, latent_dim, generator=None):
    return ancestral_sample(n, lambda z: decoder(0.5 * z), latent_dim, generator)


@wrong(
    "sigmoid_overflows",
    "exp(ℓ) / (1 + exp(ℓ)) is NaN for large logits; torch.sigmoid is not.",
    severity="slip",
    credit=0.75,
)
def _sigmoid_overflows(n, decoder, latent_dim, generator=None):
    logits = decoder(torch.randn(n, latent_dim, generator=generator))
    means = torch.exp(logits) / (1 + torch.exp(logits))
    return means, (_uniform(means.shape, generator) < means).to(means.dtype)


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("scaled_latents")
def _too_wide(n, decoder, latent_dim, generator=None):
    return ancestral_sample(n, lambda z: decoder(2 * z), latent_dim, generator)


@wrong("scaled_latents")
def _a_tenth(n, decoder, latent_dim, generator=None):
    return ancestral_sample(n, lambda z: decoder(0.1 * z), latent_dim, generator)


@wrong("uniform_latents")
def _uniform_around_zero(n, decoder, latent_dim, generator=None):
    return _with_latents(2 * _uniform((n, latent_dim), generator) - 1, decoder, generator)


@wrong("same_noise_every_call")
def _latents_of_a_seed(n, decoder, latent_dim, generator=None):
    z = torch.randn(n, latent_dim, generator=Generator().manual_seed(42))
    return _with_latents(z, decoder, generator)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("thresholded", rewritten=True)
def _rounded(n, decoder, latent_dim):
    means = torch.sigmoid(decoder(torch.randn(n, latent_dim)))
    return means, means.round()


@wrong("other_latents", rewritten=True)
def _two_draws_of_z(n, decoder, latent_dim):
    first, second = torch.randn(2, n, latent_dim)
    return torch.sigmoid(decoder(first)), Bernoulli(logits=decoder(second)).sample()


@wrong("images_of_sigmoid", rewritten=True)
def _means_as_logits(n, decoder, latent_dim):
    means = decoder(torch.randn(n, latent_dim)).sigmoid()
    return means, Bernoulli(logits=means).sample()


@wrong("logits", rewritten=True)
def _no_sigmoid(n, decoder, latent_dim):
    logits = decoder(torch.randn(n, latent_dim))
    return logits, Bernoulli(logits=logits).sample()


@wrong("no_noise", rewritten=True)
def _mean_of_the_prior(n, decoder, latent_dim):
    means = torch.sigmoid(decoder(torch.zeros(1, latent_dim))).repeat(n, 1)
    return means, torch.bernoulli(means)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _pixels_in_pairs(n, decoder, latent_dim):
    """Every second pixel takes the uniform number of the one before it."""
    means = torch.sigmoid(decoder(torch.randn(n, latent_dim)))
    u = torch.rand(means.shape)
    u[:, 1::2] = u[:, : 2 * (means.shape[1] // 2) : 2]
    return means, (u < means).float()


@wrong()
def _antithetic_latents(n, decoder, latent_dim):
    """z and −z: right in every row, but no independent draws."""
    half = torch.randn((n + 1) // 2, latent_dim)
    means = torch.sigmoid(decoder(torch.cat([half, -half])[:n]))
    return means, torch.bernoulli(means)


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.4, "Pixels over one half are white: nothing is drawn.")
def _over_one_half(n, decoder, latent_dim, generator=None):
    z = torch.randn(n, latent_dim, generator=generator)
    probs = torch.sigmoid(decoder(z))
    return probs, torch.where(probs > 0.5, torch.ones_like(probs), torch.zeros_like(probs))


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "Normal and Bernoulli of torch.distributions; the generator is not used.")
def _distributions(n: int, decoder: AnyDecoder, latent_dim: int, generator: Generator | None = None):
    z = Normal(torch.zeros(latent_dim), torch.ones(latent_dim)).sample(torch.Size([n]))
    p = Bernoulli(logits=decoder(z))
    return p.probs, p.sample()


@right("bernoulli", "torch.bernoulli without gradients and without `generator` in the signature.")
def _bernoulli(n: int, decoder: AnyDecoder, latent_dim: int):
    with torch.no_grad():
        means = decoder(torch.randn(n, latent_dim)).sigmoid()
        return means, torch.bernoulli(means)


@right("loop", "One image after the other.")
def _loop(n: int, decoder: AnyDecoder, latent_dim: int, generator: Generator | None = None):
    means, images = [], []
    for _ in range(n):
        probs = torch.sigmoid(decoder(torch.randn(1, latent_dim, generator=generator)))[0]
        means.append(probs)
        images.append(torch.bernoulli(probs, generator=generator))
    return torch.stack(means), torch.stack(images)


@right("uniform", "Uniform numbers below the means; the sigmoid is written with tanh.")
def _right_uniform(n: int, decoder: AnyDecoder, latent_dim: int, generator: Generator | None = None):
    logits: Tensor = decoder(torch.empty(n, latent_dim).normal_(generator=generator))
    means = 0.5 * (1 + torch.tanh(logits / 2))
    return means, torch.where(torch.rand(means.shape, generator=generator) < means, 1.0, 0.0)
