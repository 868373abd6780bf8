"""What is held against the checks of `posterior_samples`."""

import numpy as np
import torch
from torch import Generator, Tensor
from torch.distributions import Independent, MultivariateNormal, Normal

from autograder.authoring.candidates import graded, right, wrong
from reference.densities import sample_gaussian
from reference.types import AnyEncoder

# ------------------------------------------------------------------------------------------------------- named mistakes


def _noise(mean: Tensor, generator: Generator | None) -> Tensor:
    return torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)


def _standard_deviation(log_var: Tensor) -> Tensor:
    return torch.exp(0.5 * log_var)


@wrong("no_noise", "The encoder's means are returned; a draw of q(z | x) has noise around them.", severity="gap")
def _no_noise(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, _ = encoder(x)
    return mean.clone()


@wrong(
    "prior",
    "z is drawn from the prior N(0, I); q(z | x) has the means and variances that the encoder returns.",
    severity="empty",
)
def _prior(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, _ = encoder(x)
    return _noise(mean, generator)


@wrong(
    "variance_as_std",
    "The noise is multiplied by the variance e^{log_var}; it belongs to σ = e^{½ log_var}.",
    severity="slip",
)
def _variance_as_std(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return sample_gaussian(mean, 2 * log_var, generator)


@wrong(
    "log_var_as_std",
    "The noise is multiplied by `log_var` itself; the standard deviation is e^{½ log_var}.",
    severity="gap",
)
def _log_var_as_std(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return mean + log_var * _noise(mean, generator)


@wrong("root_of_std", "The square root is taken twice: e^{½ log_var} is σ already.", severity="slip")
def _root_of_std(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return sample_gaussian(mean, 0.5 * log_var, generator)


@wrong("standard_normal", "The noise has standard deviation 1 whatever `log_var` is.", severity="gap")
def _standard_normal(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return sample_gaussian(mean, 0 * log_var, generator)


@wrong("mean_missing", "The mean is not added: the draw is σ ⊙ ε.", severity="gap")
def _mean_missing(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return sample_gaussian(0 * mean, log_var, generator)


@wrong("mean_scaled", "The mean is multiplied by σ as well: z = μ + σ ⊙ ε, not (μ + ε) ⊙ σ.", severity="slip")
def _mean_scaled(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return sample_gaussian(mean * _standard_deviation(log_var), log_var, generator)


@wrong(
    "parts_swapped",
    "Mean and log-variance have changed places: the encoder returns the mean first.",
    severity="slip",
)
def _parts_swapped(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    log_var, mean = encoder(x)
    return sample_gaussian(mean, log_var, generator)


@wrong(
    "inverse_std",
    "The noise is divided by σ (e^{−½ log_var}); it is multiplied by σ = e^{½ log_var}.",
    severity="slip",
)
def _inverse_std(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return sample_gaussian(mean, -log_var, generator)


@wrong(
    "averaged",
    "Several draws of every image are averaged, which leaves too small a spread; one draw is asked for.",
    severity="slip",
)
def _averaged(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return torch.stack([sample_gaussian(mean, log_var, generator) for _ in range(10)]).mean(0)


@wrong(
    "rows_shuffled",
    "The rows come in another order than the images: row b is a draw for image b.",
    severity="slip",
)
def _rows_shuffled(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    z = sample_gaussian(mean, log_var, generator)
    return z[torch.randperm(len(z), generator=generator)]


@wrong(
    "first_image",
    "All draws are those for the first image; every image has a mean and a variance of its own.",
    severity="gap",
)
def _first_image(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return sample_gaussian(mean[:1].expand_as(mean), log_var[:1].expand_as(log_var), generator)


@wrong(
    "std_kept_from_zero",
    "A small constant is added to σ, or `log_var` is clamped, which keeps a spread where there is next to none.",
    severity="form",
)
def _std_kept_from_zero(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return mean + (_standard_deviation(log_var) + 1e-6) * _noise(mean, generator)


@wrong(
    "one_noise_for_all",
    "A single noise value is shared by all images and all dimensions; every entry needs its own.",
    severity="gap",
)
def _one_noise_for_all(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return mean + _standard_deviation(log_var) * _noise(mean[:1, :1], generator)


@wrong(
    "shared_over_batch",
    "One noise vector is shared by all images; every image needs its own.",
    severity="slip",
    credit=0.5,
)
def _shared_over_batch(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return mean + _standard_deviation(log_var) * _noise(mean[:1], generator)


@wrong(
    "shared_over_dimensions",
    "One noise value is shared by all latent dimensions of an image; each needs its own.",
    severity="slip",
    credit=0.5,
)
def _shared_over_dimensions(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return mean + _standard_deviation(log_var) * _noise(mean[:, :1], generator)


@wrong("uniform_noise", "The noise is uniform (`rand`); it should be standard normal (`randn`).", severity="gap")
def _uniform_noise(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return mean + _standard_deviation(log_var) * torch.rand(mean.shape, generator=generator, dtype=mean.dtype)


@wrong(
    "scaled_noise",
    "The noise is scaled by a constant, so that the spread is not that of q(z | x).",
    severity="slip",
)
def _scaled_noise(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return mean + 0.1 * _standard_deviation(log_var) * _noise(mean, generator)


@wrong(
    "same_noise_every_call",
    "A seed is set inside, so that every call draws the same noise.",
    severity="slip",
    credit=0.5,
)
def _same_noise_every_call(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return sample_gaussian(mean, log_var, Generator(device=mean.device).manual_seed(0))


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("scaled_noise")
def _half_of_the_noise(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return mean + 0.5 * _standard_deviation(log_var) * _noise(mean, generator)


@wrong("scaled_noise")
def _a_hundredth_of_the_noise(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return mean + 0.01 * _standard_deviation(log_var) * _noise(mean, generator)


@wrong("uniform_noise")
def _uniform_from_minus_one_to_one(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    uniform = torch.rand(mean.shape, generator=generator, dtype=mean.dtype)
    return mean + _standard_deviation(log_var) * (2 * uniform - 1)


@wrong("std_kept_from_zero")
def _clamped_log_var(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return sample_gaussian(mean, log_var.clamp(-10, 10), generator)


@wrong("std_kept_from_zero")
def _epsilon_in_variance(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return mean + torch.sqrt(torch.exp(log_var) + 1e-8) * _noise(mean, generator)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("no_noise", rewritten=True)
def _first_of_the_encoder(x, encoder):
    with torch.no_grad():
        return encoder(x)[0]


@wrong("variance_as_std", rewritten=True)
def _normal_with_variance(x, encoder):
    mean, log_var = encoder(x)
    return Normal(mean, torch.exp(log_var)).sample()


@wrong("prior", rewritten=True)
def _standard_normal_of_torch(x, encoder):
    mu, _ = encoder(x)
    return Normal(torch.zeros_like(mu), torch.ones_like(mu)).sample()


@wrong("parts_swapped", rewritten=True)
def _other_order(x, encoder):
    parts = encoder(x)
    return parts[1] + torch.randn_like(parts[0]) * (parts[0] / 2).exp()


@wrong("shared_over_batch", rewritten=True)
def _noise_of_one_row(x, encoder):
    mean, log_var = encoder(x)
    return mean + torch.randn(mean.shape[1], dtype=mean.dtype) * log_var.div(2).exp()


@wrong("same_noise_every_call", rewritten=True)
def _seeded_inside(x, encoder):
    torch.manual_seed(42)
    mean, log_var = encoder(x)
    return mean + torch.randn(mean.shape, dtype=mean.dtype) * torch.exp(log_var * 0.5)


@wrong("log_var_as_std", rewritten=True)
def _addcmul_with_log_var(x, encoder):
    mean, log_var = encoder(x)
    return torch.addcmul(mean, torch.randn_like(mean), log_var)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _slightly_wide(x, encoder):
    mean, log_var = encoder(x)
    return mean + 1.1 * torch.randn_like(mean) * torch.exp(0.5 * log_var)


@wrong()
def _mean_variance(x, encoder):
    """All images have the variance that is right on average."""
    mean, log_var = encoder(x)
    return mean + torch.randn_like(mean) * torch.exp(log_var).mean(0).sqrt()


@wrong()
def _pairs(x, encoder):
    """Every second image takes the noise of the one before it."""
    mean, log_var = encoder(x)
    eps = torch.randn_like(mean)
    eps[1::2] = -eps[: 2 * (len(eps) // 2) : 2]
    return mean + eps * torch.exp(0.5 * log_var)


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.4, "The means of q(z | x), without noise.")
def _means_for_the_scatter_plot(x, encoder, generator=None):
    mu, _ = encoder(x)
    return mu.detach()


@graded(0.6, "exp(log_var) is taken for the standard deviation.")
def _exp_of_log_var(x, encoder, generator=None):
    mu, log_var = encoder(x)
    return mu + log_var.exp() * torch.randn(mu.shape, dtype=mu.dtype, generator=generator)


# -------------------------------------------------------------------------------------------------------- right answers


@right("rsample", "Normal.rsample, which knows no generator.")
def _rsample(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return Independent(Normal(mean, torch.exp(log_var).sqrt()), 1).rsample()


@right("without_graph", "torch.normal under no_grad, without `generator` in the signature.")
def _without_graph(images: Tensor, encoder: AnyEncoder) -> Tensor:
    with torch.no_grad():
        mean, log_var = encoder(images)
        return torch.normal(mean, (0.5 * log_var).exp())


@right("multivariate", "A multivariate normal distribution with a diagonal factor.")
def _multivariate(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    return MultivariateNormal(mean, scale_tril=torch.diag_embed(torch.exp(log_var / 2))).sample()


@right("numpy", "numpy draws the noise.")
def _numpy(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = (part.detach().numpy() for part in encoder(x))
    return torch.from_numpy(np.random.normal(mean, np.exp(0.5 * log_var))).to(x.dtype)


@right("first_of_many", "Five draws of every image, of which the first is kept.")
def _first_of_many(x: Tensor, encoder: AnyEncoder, generator: Generator | None = None) -> Tensor:
    mean, log_var = encoder(x)
    eps = torch.randn(5, *mean.shape, generator=generator, dtype=mean.dtype)
    return (mean + torch.exp(0.5 * log_var) * eps)[0]


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

_PICTURE = "Draws are plotted, never trained on: right answers may be drawn under no_grad."
EQUIVALENT = {
    "detach gradient: mean -> mean.detach()": _PICTURE,
    "detach gradient: log_var -> log_var.detach()": _PICTURE,
}
