"""What is held against the checks of `sample_bernoulli`."""

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.distributions import Bernoulli, Binomial, Categorical, Independent, RelaxedBernoulli
from torch.nn import functional as F

from autograder.authoring.candidates import graded, right, wrong
from reference.densities import sample_bernoulli

# ------------------------------------------------------------------------------------------------------- named mistakes


def _uniform(like: Tensor, generator: Generator | None) -> Tensor:
    return torch.rand(like.shape, generator=generator, dtype=like.dtype, device=like.device)


def _drawn(probs: Tensor, generator: Generator | None) -> Tensor:
    return (_uniform(probs, generator) < probs).to(probs.dtype)


@wrong(
    "probabilities",
    "The probabilities sigmoid(logits) are returned; each pixel is drawn with them, 0 or 1.",
    severity="gap",
    credit=0.3,
)
def _probabilities(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return torch.sigmoid(logits)


@wrong(
    "most_probable",
    "Each pixel is its more probable value (the probability rounded): nothing is drawn.",
    severity="gap",
)
def _most_probable(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return (logits > 0).to(logits.dtype)


@wrong(
    "logits_read_as_probabilities",
    "The logits are used as if they were probabilities; they pass through a sigmoid first.",
    severity="gap",
    credit=0.3,
)
def _logits_read_as_probabilities(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return _drawn(logits, generator)


@wrong(
    "sigmoid_twice",
    "The sigmoid is applied twice, so the probabilities are confined to the range from 0.5 to 0.73.",
    severity="gap",
)
def _sigmoid_twice(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_bernoulli(torch.sigmoid(logits), generator)


@wrong("inverted", "0 and 1 are swapped: λ = sigmoid(logit) is the probability of a 1.", severity="slip")
def _inverted(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return 1 - sample_bernoulli(logits, generator)


@wrong(
    "normal_threshold",
    "The logit is compared with normal noise (`randn`), which makes the probability Φ(ℓ); compare the sigmoid with uniform"
    " noise (`rand`).",
    severity="slip",
    credit=0.5,
)
def _normal_threshold(logits: Tensor, generator: Generator | None = None) -> Tensor:
    noise = torch.randn(logits.shape, generator=generator, dtype=logits.dtype)
    return (noise < logits).to(logits.dtype)


@wrong(
    "normal_for_uniform",
    "The probability is compared with normal noise (`randn`); the noise must be uniform in [0, 1] (`rand`).",
    severity="slip",
    credit=0.5,
)
def _normal_for_uniform(logits: Tensor, generator: Generator | None = None) -> Tensor:
    noise = torch.randn(logits.shape, generator=generator, dtype=logits.dtype)
    return (noise < torch.sigmoid(logits)).to(logits.dtype)


@wrong(
    "logits_ignored",
    "The logits make no difference: each pixel is a fair coin.",
    severity="empty",
)
def _logits_ignored(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_bernoulli(0 * logits, generator)


@wrong(
    "relaxed",
    "The draws are relaxed (Gumbel-softmax, or noise under a sigmoid) and lie between 0 and 1; a pixel is 0 or 1.",
    severity="gap",
)
def _relaxed(logits: Tensor, generator: Generator | None = None) -> Tensor:
    uniform = _uniform(logits, generator)
    return torch.sigmoid((logits + torch.log(uniform) - torch.log1p(-uniform)) / 0.5)


@wrong("plus_minus_one", "The pixels are −1 and 1; they are 0 and 1.", severity="slip", credit=0.7)
def _plus_minus_one(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return 2 * sample_bernoulli(logits, generator) - 1


@wrong(
    "softmax",
    "A softmax over the pixels is taken; every pixel has a probability of its own, its sigmoid.",
    severity="gap",
)
def _softmax(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return _drawn(torch.softmax(logits, -1), generator)


@wrong(
    "exponential_for_sigmoid",
    "The exponential of the logit is taken for the probability: that is λ/(1 − λ); the sigmoid is λ.",
    severity="slip",
)
def _exponential_for_sigmoid(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return _drawn(torch.exp(logits), generator)


@wrong(
    "temperature",
    "The logits are scaled before the sigmoid is taken, as by a temperature: the probability is sigmoid(ℓ).",
    severity="slip",
)
def _temperature(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_bernoulli(2 * logits, generator)


@wrong(
    "noise_added",
    "Normal noise is added to the probabilities; a pixel is drawn, 0 or 1.",
    severity="gap",
    credit=0.3,
)
def _noise_added(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return torch.sigmoid(logits) + torch.randn(logits.shape, generator=generator, dtype=logits.dtype)


@wrong(
    "one_noise_for_all",
    "A single random number is compared with all pixels of all images; every pixel needs its own.",
    severity="gap",
)
def _one_noise_for_all(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return (_uniform(logits[:1, :1], generator) < torch.sigmoid(logits)).to(logits.dtype)


@wrong(
    "shared_over_batch",
    "All images share their random numbers; every image needs its own.",
    severity="slip",
    credit=0.5,
)
def _shared_over_batch(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return (_uniform(logits[:1], generator) < torch.sigmoid(logits)).to(logits.dtype)


@wrong(
    "shared_over_pixels",
    "All pixels of an image share one random number; every pixel needs its own.",
    severity="slip",
    credit=0.5,
)
def _shared_over_pixels(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return (_uniform(logits[:, :1], generator) < torch.sigmoid(logits)).to(logits.dtype)


@wrong(
    "same_noise_every_call",
    "A seed is set inside, so that every call draws the same.",
    severity="slip",
    credit=0.5,
)
def _same_noise_every_call(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_bernoulli(logits, Generator(device=logits.device).manual_seed(0))


@wrong(
    "overflow",
    "e^ℓ / (1 + e^ℓ) is ∞/∞ for large logits; torch.sigmoid does not overflow.",
    severity="form",
)
def _overflow(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return _drawn(torch.exp(logits) / (1 + torch.exp(logits)), generator)


@wrong(
    "kept_from_sure",
    "The probabilities (or the logits) are clamped, which leaves to chance what large logits decide.",
    severity="form",
)
def _kept_from_sure(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return _drawn(torch.sigmoid(logits).clamp(1e-3, 1 - 1e-3), generator)


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("temperature")
def _half_of_the_logits(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return sample_bernoulli(0.5 * logits, generator)


@wrong("relaxed")
def _relaxed_at_one(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return RelaxedBernoulli(torch.tensor(1.0, dtype=logits.dtype), logits=logits).sample()


@wrong("noise_added")
def _little_noise_added(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return torch.sigmoid(logits) + 0.1 * torch.randn(logits.shape, generator=generator, dtype=logits.dtype)


@wrong("noise_added")
def _spread_of_a_bernoulli(logits: Tensor, generator: Generator | None = None) -> Tensor:
    """The Gaussian of the same mean and variance."""
    probs = torch.sigmoid(logits)
    return torch.normal(probs, torch.sqrt(probs * (1 - probs)), generator=generator)


@wrong("logits_read_as_probabilities")
def _clamped_logits_as_probabilities(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return torch.bernoulli(logits.clamp(0, 1), generator=generator)


@wrong("logits_read_as_probabilities")
def _bernoulli_of_logits(logits: Tensor, generator: Generator | None = None) -> Tensor:
    """It refuses what is not between 0 and 1."""
    return torch.bernoulli(logits, generator=generator)


@wrong("logits_read_as_probabilities")
def _distribution_of_logits(logits: Tensor, generator: Generator | None = None) -> Tensor:
    """It refuses as well, with another exception."""
    return Bernoulli(probs=logits).sample()


@wrong("kept_from_sure")
def _clamped_at_a_percent(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return _drawn(torch.sigmoid(logits).clamp(0.002, 0.998), generator)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("most_probable", rewritten=True)
def _rounded(logits):
    return torch.round(torch.sigmoid(logits))


@wrong("probabilities", rewritten=True)
def _mean_of_the_distribution(logits):
    return Bernoulli(logits=logits).mean


@wrong("inverted", rewritten=True)
def _noise_under(logits, generator=None):
    return (torch.sigmoid(logits) < torch.rand_like(logits)).to(logits.dtype)


@wrong("sigmoid_twice", rewritten=True)
def _probabilities_as_logits(logits, generator=None):
    return Bernoulli(logits=torch.sigmoid(logits)).sample()


@wrong("shared_over_batch", rewritten=True)
def _noise_of_one_image(logits, generator=None):
    return (torch.rand(logits.shape[1], dtype=logits.dtype) <= torch.sigmoid(logits)).to(logits.dtype)


@wrong("shared_over_pixels", rewritten=True)
def _one_column_of_noise(logits, generator=None):
    return torch.where(torch.rand(len(logits), 1) < torch.sigmoid(logits), 1.0, 0.0).to(logits.dtype)


@wrong("one_noise_for_all", rewritten=True)
def _single_number(logits, generator=None):
    return (torch.rand(1) < torch.sigmoid(logits)).to(logits.dtype)


@wrong("same_noise_every_call", rewritten=True)
def _seeded_inside(logits, generator=None):
    torch.manual_seed(42)
    return torch.bernoulli(torch.sigmoid(logits))


@wrong("logits_ignored", rewritten=True)
def _fair_coins(logits, generator=None):
    return torch.randint(0, 2, logits.shape).to(logits.dtype)


@wrong("plus_minus_one", rewritten=True)
def _signs(logits, generator=None):
    return torch.sign(torch.sigmoid(logits) - torch.rand_like(logits))


@graded(0.40, "The probabilities, rounded.")
def _thresholded_at_half(logits, generator=None):
    return (torch.sigmoid(logits) > 0.5).to(logits.dtype)


# ------------------------------------------------------------------------------------------------------- without a name


_STATE: dict[torch.Size, Tensor] = {}


@wrong()
def _drawn_once(logits):
    """The noise of the first call of a shape is kept."""
    noise = _STATE.setdefault(logits.shape, torch.rand(logits.shape, dtype=torch.float64))
    return (noise < torch.sigmoid(logits.double())).to(logits.dtype)


@wrong()
def _antithetic(logits):
    """The second half of the batch has the first half's noise, reflected."""
    half = torch.rand((len(logits) + 1) // 2, logits.shape[1], dtype=logits.dtype)
    return (torch.cat([half, 1 - half])[: len(logits)] < torch.sigmoid(logits)).to(logits.dtype)


@wrong()
def _pool_of_noise(logits):
    """1,000 rows of noise, used again and again."""
    pool = torch.rand(1000, logits.shape[1], dtype=logits.dtype)
    return (pool[torch.arange(len(logits)) % 1000] < torch.sigmoid(logits)).to(logits.dtype)


@wrong()
def _slightly_biased(logits):
    return torch.bernoulli(0.9 * torch.sigmoid(logits))


# -------------------------------------------------------------------------------------------------------- right answers


@right("torch_bernoulli", "torch.bernoulli of the probabilities, with the generator.")
def _torch_bernoulli(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return torch.bernoulli(torch.sigmoid(logits), generator=generator)


@right("distribution", "Bernoulli of torch.distributions, which knows no generator.")
def _distribution(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return Bernoulli(logits=logits).sample()


@right("distribution_of_probabilities", "The same of probabilities, Independent, without `generator` in the signature.")
def _distribution_of_probabilities(logits: Tensor) -> Tensor:
    return Independent(Bernoulli(probs=torch.sigmoid(logits)), 1).sample()


@right("logistic_noise", "The logit compared with logistic noise.")
def _logistic_noise(logits: Tensor, generator: Generator | None = None) -> Tensor:
    uniform = _uniform(logits, generator)
    return (logits + torch.log(uniform) - torch.log1p(-uniform) > 0).to(logits.dtype)


@right("log_domain", "The logarithm of uniform noise compared with logsigmoid.")
def _log_domain(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return torch.where(_uniform(logits, generator).log() < F.logsigmoid(logits), 1.0, 0.0).to(logits.dtype)


@right("gumbel_max", "Two classes, each with Gumbel noise: the larger one wins.")
def _gumbel_max(logits: Tensor, generator: Generator | None = None) -> Tensor:
    both = torch.stack([torch.zeros_like(logits), logits])
    noise = -torch.log(torch.empty_like(both).exponential_(generator=generator))
    return (both + noise).argmax(0).to(logits.dtype)


@right("categorical", "A Categorical with two classes.")
def _categorical(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return Categorical(logits=torch.stack([torch.zeros_like(logits), logits], -1)).sample().to(logits.dtype)


@right("binomial", "A Binomial with one trial.")
def _binomial(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return Binomial(1, logits=logits).sample()


@right("at_most", "Noise of float32 that is at most the probability, and `.float()`.")
def _at_most(logits: Tensor, generator: Generator | None = None) -> Tensor:
    return (torch.rand(logits.shape, generator=generator) <= torch.sigmoid(logits)).float()


@right("numpy", "NumPy's random numbers.")
def _numpy(logits: Tensor, generator: Generator | None = None) -> Tensor:
    probs = torch.sigmoid(logits.detach()).numpy()
    return torch.as_tensor(np.random.binomial(1, probs)).to(logits.dtype)


@right("straight_through", "With a straight-through gradient, which leaves rounding in the pixels.")
def _straight_through(logits: Tensor, generator: Generator | None = None) -> Tensor:
    probs = torch.sigmoid(logits)
    return torch.bernoulli(probs.detach(), generator=generator) + probs - probs.detach()


@right("submodule", "A callable module.")
def _submodule(logits: Tensor, generator: Generator | None = None) -> Tensor:
    class Sampler(nn.Module):
        def forward(self, logits: Tensor) -> Tensor:
            return torch.empty_like(logits).uniform_(generator=generator).lt(torch.sigmoid(logits)).type_as(logits)

    x: Tensor = Sampler()(logits)
    return x
