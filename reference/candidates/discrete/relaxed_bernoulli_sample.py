"""What is held against the checks of `relaxed_bernoulli_sample`."""

import torch
from torch import Generator, Tensor
from torch.distributions import Gumbel, RelaxedBernoulli, Uniform
from torch.distributions.relaxed_bernoulli import LogitRelaxedBernoulli
from torch.nn import functional as F

from autograder.authoring.candidates import right, wrong
from reference.discrete import relaxed_bernoulli_sample


def _logistic(logits: Tensor, generator: Generator | None = None) -> Tensor:
    uniform = torch.rand(logits.shape, generator=generator, dtype=logits.dtype, device=logits.device)
    return torch.logit(uniform.clamp_min(torch.finfo(logits.dtype).tiny))


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("no_noise", "There is no noise: sigmoid(ℓ/τ) is no sample.", severity="empty", credit=0.15)
def _no_noise(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    return torch.sigmoid(logits / temperature)


@wrong(
    "hard_draw",
    "This is a draw from the Bernoulli itself, which has no gradient; a relaxed one is asked for.",
    severity="gap",
    credit=0.3,
)
def _hard_draw(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    return torch.bernoulli(torch.sigmoid(logits), generator=generator) + 0 * logits


@wrong(
    "straight_through",
    "The sample is rounded, and only its gradient is that of the relaxed one; the relaxed sample itself is asked for.",
    severity="slip",
)
def _straight_through(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    z = relaxed_bernoulli_sample(logits, temperature, generator)
    return (z > 0.5).to(z.dtype) + z - z.detach()


@wrong(
    "gumbel_noise",
    "The noise is a single Gumbel draw; it is the difference of two, log u − log(1 − u).",
    severity="slip",
)
def _gumbel_noise(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    uniform = torch.sigmoid(_logistic(logits, generator))
    return torch.sigmoid((logits - torch.log(-torch.log(uniform))) / temperature)


@wrong("gaussian_noise", "The noise is Gaussian; it is logistic, log u − log(1 − u).", severity="slip", credit=0.5)
def _gaussian_noise(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    noise = torch.randn(logits.shape, generator=generator, dtype=logits.dtype, device=logits.device)
    return torch.sigmoid((logits + noise) / temperature)


@wrong(
    "uniform_noise",
    "The uniform number itself is added; it is log u − log(1 − u) that is.",
    severity="slip",
    credit=0.5,
)
def _uniform_noise(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    uniform = torch.rand(logits.shape, generator=generator, dtype=logits.dtype, device=logits.device)
    return torch.sigmoid((logits + uniform) / temperature)


@wrong("half_of_the_noise", "Only log u is added; − log(1 − u) is missing.", severity="slip")
def _half_of_the_noise(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    return torch.sigmoid((logits + F.logsigmoid(_logistic(logits, generator))) / temperature)


@wrong(
    "sum_of_logarithms",
    "log u and log(1 − u) are added; the noise is their difference.",
    severity="slip",
)
def _sum_of_logarithms(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    noise = _logistic(logits, generator)
    return torch.sigmoid((logits + F.logsigmoid(noise) + F.logsigmoid(-noise)) / temperature)


@wrong("temperature_multiplies", "The temperature multiplies; it must divide.", severity="slip")
def _temperature_multiplies(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    return relaxed_bernoulli_sample(logits, 1 / temperature, generator)


@wrong(
    "temperature_divides_noise",
    "The temperature divides the noise alone; it divides the sum of logits and noise.",
    severity="slip",
)
def _temperature_divides_noise(
    logits: Tensor, temperature: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return relaxed_bernoulli_sample(logits * temperature, temperature, generator)


@wrong(
    "temperature_divides_logits",
    "The temperature divides the logits alone; it divides the sum of logits and noise.",
    severity="slip",
)
def _temperature_divides_logits(
    logits: Tensor, temperature: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return torch.sigmoid(logits / temperature + _logistic(logits, generator))


@wrong("temperature_ignored", "The temperature is not used.", severity="slip", credit=0.5)
def _temperature_ignored(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    return relaxed_bernoulli_sample(logits, 1.0, generator)


@wrong("temperature_squared", "The sum is divided by τ²; it is divided by τ.", severity="slip")
def _temperature_squared(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    return relaxed_bernoulli_sample(logits, temperature**2, generator)


@wrong("sigmoid_missing", "The sigmoid around the result is missing.", severity="slip")
def _sigmoid_missing(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    return (logits + _logistic(logits, generator)) / temperature


@wrong(
    "probabilities_for_logits",
    "The noise is added to sigmoid(ℓ); it belongs to ℓ itself.",
    severity="slip",
)
def _probabilities_for_logits(
    logits: Tensor, temperature: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return relaxed_bernoulli_sample(torch.sigmoid(logits), temperature, generator)


@wrong(
    "log_probabilities_for_logits",
    "The noise is added to log sigmoid(ℓ); it belongs to ℓ = log θ − log(1 − θ).",
    severity="slip",
)
def _log_probabilities_for_logits(
    logits: Tensor, temperature: float | Tensor, generator: Generator | None = None
) -> Tensor:
    return relaxed_bernoulli_sample(F.logsigmoid(logits), temperature, generator)


@wrong("zeros_and_ones_swapped", "This is 1 − z: a 1 has the probability 1 − θ.", severity="slip")
def _zeros_and_ones_swapped(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    return relaxed_bernoulli_sample(-logits, temperature, generator)


@wrong(
    "softmax_over_latents",
    "A softmax runs over the latent dimensions, as for one categorical variable; each dimension is a variable by itself.",
    severity="gap",
)
def _softmax_over_latents(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    return torch.softmax((logits + _logistic(logits, generator)) / temperature, dim=-1)


@wrong(
    "shared_over_batch",
    "One noise vector is shared by the whole batch; every example needs its own.",
    severity="slip",
    credit=0.5,
)
def _shared_over_batch(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    return torch.sigmoid((logits + _logistic(logits[:1], generator)) / temperature)


@wrong(
    "shared_over_dimensions",
    "One number is shared by all dimensions of an example; each needs its own.",
    severity="slip",
    credit=0.5,
)
def _shared_over_dimensions(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    return torch.sigmoid((logits + _logistic(logits[:, :1], generator)) / temperature)


@wrong(
    "same_noise_every_call",
    "A seed is set inside, so that every call draws the same noise.",
    severity="slip",
    credit=0.5,
)
def _same_noise_every_call(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    return relaxed_bernoulli_sample(logits, temperature, Generator(device=logits.device).manual_seed(0))


@wrong(
    "detached",
    "The sample is cut from the graph, so that no gradient flows through it.",
    severity="slip",
    credit=0.5,
)
def _detached(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    return relaxed_bernoulli_sample(logits, temperature, generator).detach()


@wrong(
    "exponentials",
    "Exponentials of the logits overflow: e^{ℓ/τ} / (1 + e^{ℓ/τ}) is ∞/∞. A sigmoid of the sum does not.",
    severity="slip",
    credit=0.75,
)
def _exponentials(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    odds = torch.exp((logits + _logistic(logits, generator)) / temperature)
    return odds / (1 + odds)


@wrong(
    "log_of_sigmoid",
    "log θ − log(1 − θ) of θ = sigmoid(ℓ) is infinite where θ rounds to 1, and its gradient NaN; ℓ itself is there already.",
    severity="slip",
    credit=0.75,
)
def _log_of_sigmoid(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    theta = torch.sigmoid(logits)
    return relaxed_bernoulli_sample(torch.log(theta) - torch.log(1 - theta), temperature, generator)


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("no_noise")
def _plain_sigmoid(logits, temperature, generator=None):
    return torch.sigmoid(logits) + 0 * temperature


@wrong("gumbel_noise")
def _other_gumbel(logits, temperature, generator=None):
    uniform = torch.sigmoid(_logistic(logits, generator))
    return torch.sigmoid((logits + torch.log(-torch.log(uniform))) / temperature)


@wrong("hard_draw")
def _rounded(logits, temperature, generator=None):
    return torch.round(relaxed_bernoulli_sample(logits, temperature, generator))


@wrong("sigmoid_missing")
def _clamped(logits, temperature, generator=None):
    return ((logits + _logistic(logits, generator)) / temperature).clamp(0, 1)


@wrong("uniform_noise")
def _probability_plus_uniform(logits, temperature, generator=None):
    uniform = torch.rand(logits.shape, generator=generator, dtype=logits.dtype)
    return torch.sigmoid((torch.sigmoid(logits) - uniform) / temperature)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("straight_through", rewritten=True)
def _hard_forward(logits, temperature):
    u = torch.rand_like(logits)
    y = torch.sigmoid((logits + torch.log(u) - torch.log1p(-u)) / temperature)
    return (y.round() - y).detach() + y


@wrong("gumbel_noise", rewritten=True)
def _one_gumbel(logits, temperature):
    g = Gumbel(torch.zeros_like(logits), torch.ones_like(logits)).sample()
    return ((logits + g) / temperature).sigmoid()


@wrong("temperature_multiplies", rewritten=True)
def _times_temperature(logits, temperature):
    u = torch.rand_like(logits)
    return torch.sigmoid((torch.log(u) - torch.log(1 - u) + logits) * temperature)


@wrong("probabilities_for_logits", rewritten=True)
def _of_probabilities(logits, temperature):
    return RelaxedBernoulli(torch.as_tensor(temperature, dtype=logits.dtype), logits=torch.sigmoid(logits)).rsample()


@wrong("detached", rewritten=True)
def _sample_for_rsample(logits, temperature):
    return RelaxedBernoulli(torch.as_tensor(temperature, dtype=logits.dtype), logits=logits).sample()


@wrong("sigmoid_missing", rewritten=True)
def _logit_relaxed(logits, temperature):
    return LogitRelaxedBernoulli(torch.as_tensor(temperature, dtype=logits.dtype), logits=logits).rsample()


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _slightly_wide(logits, temperature):
    return torch.sigmoid((logits + 1.15 * _logistic(logits)) / temperature)


@wrong()
def _temperature_kept_high(logits, temperature):
    return relaxed_bernoulli_sample(logits, max(float(temperature), 0.1))


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "RelaxedBernoulli.rsample, which knows no generator.")
def _distributions(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    tau = torch.as_tensor(temperature, dtype=logits.dtype)
    return RelaxedBernoulli(tau, logits=logits).rsample()


@right("two_gumbels", "The difference of two Gumbel draws, without `generator`.")
def _two_gumbels(logits: Tensor, tau: float | Tensor) -> Tensor:
    gumbel = Gumbel(torch.zeros_like(logits), torch.ones_like(logits))
    return ((logits + gumbel.sample() - gumbel.sample()) / tau).sigmoid()


@right("gumbel_softmax", "PyTorch's gumbel_softmax over the two classes.")
def _gumbel_softmax(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    both = torch.stack([logits, torch.zeros_like(logits)], dim=-1)
    return F.gumbel_softmax(both, tau=temperature, dim=-1)[..., 0]  # type: ignore[arg-type]


@right("epsilon", "log(u + ε) − log(1 − u + ε) with a small ε.")
def _epsilon(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    u = torch.rand(logits.shape, generator=generator, dtype=logits.dtype)
    return torch.sigmoid((logits + torch.log(u + 1e-10) - torch.log(1 - u + 1e-10)) / temperature)


@right("unprotected", "Nothing keeps u from 0.")
def _unprotected(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    u = torch.rand_like(logits)
    return torch.sigmoid((logits + u.log() - (-u).log1p()) / temperature)


@right("clamped_uniform", "The uniform numbers come from torch.distributions, away from 0 and 1.")
def _clamped_uniform(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    u = Uniform(torch.full_like(logits, 1e-7), torch.full_like(logits, 1 - 1e-7)).sample()
    return 0.5 + 0.5 * torch.tanh((logits + torch.logit(u)) / (2 * temperature))


@right("exponential_noise", "Logistic noise as the logarithm of a ratio of exponential draws.")
def _exponential_noise(logits: Tensor, temperature: float | Tensor, generator: Generator | None = None) -> Tensor:
    one, other = torch.empty((2, *logits.shape), dtype=torch.float64).exponential_(generator=generator)
    noise = (torch.log(one) - torch.log(other)).to(logits.dtype)
    scaled = (logits + noise) / temperature
    return torch.exp(-F.softplus(-scaled))


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

_SYMMETRIC = (
    "The noise is symmetric: ℓ − log u + log(1 − u) has the distribution and the gradients of ℓ + log u − log(1 − u)."
)
EQUIVALENT = {
    "flip sign: logits + noise -> logits - noise": _SYMMETRIC,
}
