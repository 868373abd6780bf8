"""What is held against the checks of `mse_objective`."""

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from autograder.authoring.candidates import graded, right, wrong
from reference.candidates._helpers import LOOP, rows
from reference.vae import mse_objective

# ------------------------------------------------------------------------------------------------------- named mistakes


def _error(x: Tensor, x_hat: Tensor) -> Tensor:
    return ((x - x_hat) ** 2).mean()


def _divergence(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (log_var.exp() + mean**2 - 1 - log_var).mean()


@wrong(
    "kl_summed_over_latents",
    "The KL divergence is summed over the latent dimensions; beside a mean over the pixels it is their mean.",
    severity="slip",
)
def _kl_summed_over_latents(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) + (mean.shape[-1] - 1) * _divergence(mean, log_var)


@wrong(
    "kl_summed_over_batch",
    "The KL divergence is summed over the batch while the squared error is averaged over it.",
    severity="slip",
)
def _kl_summed_over_batch(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) + (mean.shape[0] - 1) * _divergence(mean, log_var)


@wrong(
    "kl_summed",
    "The KL divergence is summed over latent dimensions and batch, the squared error averaged over all.",
    severity="slip",
)
def _kl_summed(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) + (mean.numel() - 1) * _divergence(mean, log_var)


@wrong(
    "error_summed_over_pixels",
    "The squared error is summed over the pixels; it is their mean, as the divergence is one of the latent dimensions.",
    severity="slip",
)
def _error_summed_over_pixels(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) + (x.shape[-1] - 1) * _error(x, x_hat)


@wrong("error_summed", "The squared error is summed over pixels and batch; it is their mean.", severity="slip")
def _error_summed(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) + (x.numel() - 1) * _error(x, x_hat)


@wrong(
    "sums_for_means",
    "Squared errors and divergences are summed, as in HUJI's eq. (5); means over pixels and over latent dimensions are asked for.",
    severity="slip",
)
def _sums_for_means(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return x.shape[-1] * _error(x, x_hat) + mean.shape[-1] * _divergence(mean, log_var)


@wrong(
    "kl_divided_by_pixels",
    "The KL divergence is divided by the number of pixels; its mean is one over the latent dimensions.",
    severity="slip",
)
def _kl_divided_by_pixels(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    kl = _divergence(mean, log_var)
    return mse_objective(x, x_hat, mean, log_var) - kl + mean.shape[-1] * kl / x.shape[-1]


@wrong(
    "kl_divided_by_batch",
    "The KL divergence is divided by the size of the batch twice.",
    severity="slip",
)
def _kl_divided_by_batch(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    kl = _divergence(mean, log_var)
    return mse_objective(x, x_hat, mean, log_var) - kl + kl / len(x)


@wrong("kl_missing", "Only the squared error is there; the KL divergence must be added.", severity="gap")
def _kl_missing(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return _error(x, x_hat)


@wrong("error_missing", "Only the KL divergence is there; the squared error is missing.", severity="gap", credit=0.3)
def _error_missing(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return _divergence(mean, log_var)


@wrong(
    "kl_subtracted",
    "The KL divergence is subtracted; an objective that is minimised adds it.",
    severity="slip",
)
def _kl_subtracted(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) - 2 * _divergence(mean, log_var)


@wrong(
    "negative",
    "The sign is reversed: the objective is minimised, so error and divergence count as they are.",
    severity="slip",
)
def _negative(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -mse_objective(x, x_hat, mean, log_var)


@wrong("kl_twice", "The KL divergence counts twice: its factor ½ is missing.", severity="slip")
def _kl_twice(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) + _divergence(mean, log_var)


@wrong("kl_half", "The KL divergence counts half: there is a factor ½ too many (or β = ½).", severity="slip")
def _kl_half(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) - 0.5 * _divergence(mean, log_var)


@wrong(
    "huji_equation_7",
    "The divergence is HUJI's eq. (7) as printed, which is a misprint: the factor ½ is missing and log σ should be log σ².",
    severity="slip",
)
def _huji_equation_7(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return _error(x, x_hat) + (mean**2 + log_var.exp() - 0.5 * log_var - 1).mean()


@wrong("kl_log_variance_sign", "In the KL divergence log σ² is added; it must be subtracted.", severity="slip")
def _kl_log_variance_sign(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) + log_var.mean()


@wrong(
    "kl_log_std_for_log_variance",
    "In the KL divergence log σ stands where log σ², twice that, belongs.",
    severity="slip",
)
def _kl_log_std_for_log_variance(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) + 0.25 * log_var.mean()


@wrong("kl_with_log_std", "In the KL divergence `log_var` is taken for log σ; it is log σ².", severity="slip")
def _kl_with_log_std(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, 2 * log_var)


@wrong(
    "kl_std_for_variance", "In the KL divergence σ stands where the variance σ² = e^{log_var} belongs.", severity="slip"
)
def _kl_std_for_variance(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    change = (0.5 * log_var).exp() - log_var.exp()
    return mse_objective(x, x_hat, mean, log_var) + 0.5 * change.mean()


@wrong("kl_mean_missing", "The term ½ μ² of the KL divergence is missing.", severity="slip", credit=0.5)
def _kl_mean_missing(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) - 0.5 * (mean**2).mean()


@wrong("kl_variance_missing", "The term ½ σ² of the KL divergence is missing.", severity="slip", credit=0.5)
def _kl_variance_missing(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) - 0.5 * log_var.exp().mean()


@wrong("kl_log_variance_missing", "The term −½ log σ² of the KL divergence is missing.", severity="slip", credit=0.5)
def _kl_log_variance_missing(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) + 0.5 * log_var.mean()


@wrong(
    "kl_one_missing",
    "The constant −½ of the KL divergence is missing, so that it is never 0.",
    severity="slip",
    credit=0.7,
)
def _kl_one_missing(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) + 0.5


@wrong("kl_mean_not_squared", "In the KL divergence μ stands where μ² belongs.", severity="slip")
def _kl_mean_not_squared(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) + 0.5 * (mean - mean**2).mean()


@wrong("parameters_swapped", "`mean` and `log_var` have changed places.", severity="slip")
def _parameters_swapped(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, log_var, mean)


@wrong("error_halved", "The squared error counts half; no factor stands in front of it here.", severity="slip")
def _error_halved(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) - 0.5 * _error(x, x_hat)


@wrong(
    "error_over_variance",
    "The squared error is divided by 2σ_p², as in a Gaussian log-density; this objective leaves the factor out.",
    severity="slip",
)
def _error_over_variance(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) + (1 / (2 * 0.4**2) - 1) * _error(x, x_hat)


@wrong("root_of_error", "The root of the mean squared error is taken.", severity="slip")
def _root_of_error(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) - _error(x, x_hat) + _error(x, x_hat).sqrt()


@wrong("absolute_error", "The absolute error stands where the squared one belongs.", severity="slip", credit=0.5)
def _absolute_error(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) - _error(x, x_hat) + (x - x_hat).abs().mean()


@wrong("error_not_squared", "The differences are averaged as they are; each is squared first.", severity="slip")
def _error_not_squared(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) - _error(x, x_hat) + (x - x_hat).mean()


@wrong(
    "cross_entropy",
    "The reconstruction term is a binary cross-entropy; this objective has a squared error.",
    severity="gap",
)
def _cross_entropy(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return F.binary_cross_entropy(x_hat, x) + _divergence(mean, log_var)


@wrong(
    "sigmoid_of_reconstruction",
    "A sigmoid is applied to `x_hat`, which is the reconstruction already.",
    severity="slip",
    credit=0.5,
)
def _sigmoid_of_reconstruction(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, torch.sigmoid(x_hat), mean, log_var)


@wrong("per_example", "One value per example is returned; the mean of all is asked for.", severity="form")
def _per_example(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return ((x - x_hat) ** 2).mean(-1) + 0.5 * (log_var.exp() + mean**2 - 1 - log_var).mean(-1)


@wrong("loop_over_examples", LOOP, severity="form", credit=0.95)
def _loop_over_examples(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    parts = zip(rows(x), rows(x_hat), rows(mean), rows(log_var), strict=True)
    return torch.stack([mse_objective(*part) for part in parts]).mean()


@wrong(
    "error_detached",
    "The squared error is detached from the graph, so no gradient reaches the reconstruction.",
    severity="slip",
    credit=0.75,
)
def _error_detached(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat.detach(), mean, log_var)


@wrong(
    "kl_detached",
    "The KL divergence is detached from the graph, so no gradient of it reaches the encoder.",
    severity="slip",
    credit=0.75,
)
def _kl_detached(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean.detach(), log_var.detach())


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.item()` or `no_grad`), so nothing can be learnt through it.",
    severity="slip",
    credit=0.75,
)
def _detached(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var).detach()


@wrong(
    "epsilon_added",
    "A small constant is added to the variance, or `log_var` is clamped: it decides the result where the variance is small.",
    severity="form",
)
def _epsilon_added(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, torch.log(log_var.exp() + 1e-8))


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("sums_for_means")
def _equation_5_summed_over_batch(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return x.numel() * _error(x, x_hat) + mean.numel() * _divergence(mean, log_var)


@wrong("huji_equation_7")
def _huji_equation_7_summed(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return _error(x, x_hat) + (mean**2 + log_var.exp() - 0.5 * log_var - 1).sum(-1).mean()


@wrong("error_over_variance")
def _error_over_sigma_squared(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var) + (1 / 0.4**2 - 1) * _error(x, x_hat)


@wrong("cross_entropy")
def _cross_entropy_of_logits(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(x_hat, x) + _divergence(mean, log_var)


@wrong("epsilon_added")
def _epsilon_1e_6(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, torch.log(log_var.exp() + 1e-6))


@wrong("epsilon_added")
def _clamped_at_20(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var.clamp(-20, 20))


@wrong("epsilon_added")
def _clamped_at_10(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return mse_objective(x, x_hat, mean, log_var.clamp(-10, 10))


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("kl_summed_over_latents", rewritten=True)
def _usual_closed_form(x, x_hat, mu, logvar):
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1)
    return F.mse_loss(x_hat, x) + torch.mean(kld)


@wrong("kl_summed", rewritten=True)
def _mean_error_and_summed_divergence(x, x_hat, mu, logvar):
    return torch.nn.MSELoss()(x_hat, x) + kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(0.0, 1.0)).sum()


@wrong("error_summed", rewritten=True)
def _reduction_sum(x, x_hat, mu, logvar):
    kld = -0.5 * torch.mean(1 + logvar - mu.pow(2) - logvar.exp())
    return F.mse_loss(x_hat, x, reduction="sum") + kld


@wrong("kl_twice", rewritten=True)
def _half_forgotten(x, x_hat, mu, logvar):
    return F.mse_loss(x_hat, x) + torch.mean(mu**2 + logvar.exp() - logvar - 1)


@wrong()  # kl_with_log_std in other words, for which there is no name of its own yet, or a second one
def _scale_is_exp(x, x_hat, mean, log_scale):
    return F.mse_loss(x_hat, x) + kl_divergence(Normal(mean, log_scale.exp()), Normal(0.0, 1.0)).mean()


@wrong("kl_subtracted", rewritten=True)
def _plus_of_the_minus_form(x, x_hat, mu, logvar):
    return F.mse_loss(x_hat, x) + 0.5 * torch.mean(1 + logvar - mu.pow(2) - logvar.exp())


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _last_example_only(x, x_hat, mean, log_var):
    kld = -0.5 * torch.mean(1 + log_var[-1] - mean[-1] ** 2 - log_var[-1].exp())
    return F.mse_loss(x_hat[-1], x[-1]) + kld


@wrong()
def _reconstruction_clamped(x, x_hat, mean, log_var):
    kld = -0.5 * torch.mean(1 + log_var - mean**2 - log_var.exp())
    return F.mse_loss(x_hat.clamp(0, 1), x) + kld


@wrong()
def _beta_of_a_tenth(x, x_hat, mean, log_var):
    return F.mse_loss(x_hat, x) - 0.05 * torch.mean(1 + log_var - mean**2 - log_var.exp())


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.6, "The divergence is summed over the latent dimensions beside a mean over the pixels.")
def _sum_over_latents(x, x_hat, mean, log_var):
    kld = 0.5 * (mean * mean + log_var.exp() - 1 - log_var).sum(1).mean(0)
    return ((x_hat - x) ** 2).mean() + kld


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "PyTorch's MSE and kl_divergence of torch.distributions.", second=True)
def _distributions(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    q, prior = Normal(mean, torch.exp(0.5 * log_var)), Normal(torch.zeros_like(mean), torch.ones_like(mean))
    return F.mse_loss(x_hat, x) + kl_divergence(q, prior).mean()


@right("minus_form", "−½ times the mean of 1 + log σ² − μ² − σ², as in many tutorials.")
def _minus_form(x: Tensor, x_hat: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    return torch.nn.MSELoss()(x_hat, x) - 0.5 * torch.mean(1 + logvar - mu.pow(2) - logvar.exp())


@right("per_example_first", "One value per example first, then their mean.")
def _per_example_first(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    kl = 0.5 * (mean.square() + log_var.exp() - 1 - log_var)
    return ((x_hat - x).square().mean(dim=1) + kl.mean(dim=1)).mean()


@right("sums_divided", "Sums, each divided by the number of its terms.")
def _sums_divided(x: Tensor, x_hat: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    error = torch.einsum("bd,bd->", x - x_hat, x - x_hat) / x.numel()
    return error + 0.5 * torch.sum(torch.expm1(log_var) - log_var + mean * mean) / mean.numel()


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

EQUIVALENT = {
    "detach gradient: x -> x.detach()": "Images are data: nothing is differentiated with respect to them.",
}
