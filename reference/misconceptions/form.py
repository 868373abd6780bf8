"""Wrong answers whose numbers would be right: loops over the examples, the wrong shape, dtype or kind, changed inputs.

What is asked is a batch, in and out, on the inputs' dtype. These are the mistakes that the first rungs of every task catch.
"""

from typing import Any

import torch
from torch import Generator, Tensor, nn

from reference.classifier import evaluate_classifier, train_classifier
from reference.densities import bernoulli_log_density, gaussian_log_density, sample_gaussian
from reference.divergences import kl_standard_normal
from reference.evidence import estimate_log_likelihood, log_mean_exp
from reference.misconceptions import misconception
from reference.ppca import ppca_fit, ppca_log_likelihood, ppca_posterior
from reference.types import Decoder, Encoder
from reference.vae import elbo, vae_loss

Variance = float | Tensor
LOOP = "A Python loop goes over the examples of the batch; operations on whole tensors do all of them at once."


def _rows(batch: Tensor) -> list[Tensor]:
    return [batch[i : i + 1] for i in range(len(batch))]


# ------------------------------------------------------------------------------------------- loops over the examples


@misconception("gaussian_log_density", "loop_over_examples", LOOP)
def _gaussian_loop(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    rows = zip(_rows(x), _rows(mean), _rows(log_var), strict=True)
    return torch.cat([gaussian_log_density(*row) for row in rows])


@misconception("bernoulli_log_density", "loop_over_examples", LOOP)
def _bernoulli_loop(x: Tensor, logits: Tensor) -> Tensor:
    return torch.cat([bernoulli_log_density(*row) for row in zip(_rows(x), _rows(logits), strict=True)])


@misconception("sample_gaussian", "loop_over_examples", LOOP)
def _sample_loop(mean: Tensor, log_var: Tensor, generator: Generator | None = None) -> Tensor:
    rows = zip(_rows(mean), _rows(log_var), strict=True)
    return torch.cat([sample_gaussian(*row, generator) for row in rows])


@misconception("kl_standard_normal", "loop_over_examples", LOOP)
def _kl_loop(mean: Tensor, log_var: Tensor) -> Tensor:
    return torch.cat([kl_standard_normal(*row) for row in zip(_rows(mean), _rows(log_var), strict=True)])


@misconception("ppca_posterior", "loop_over_examples", LOOP)
def _posterior_loop(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    parts = [ppca_posterior(row, W, mu, sigma2) for row in _rows(x)]
    return torch.cat([mean for mean, _ in parts]), parts[0][1]


@misconception("ppca_log_likelihood", "loop_over_examples", LOOP)
def _likelihood_loop(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return torch.cat([ppca_log_likelihood(row, W, mu, sigma2) for row in _rows(X)])


@misconception("elbo", "loop_over_examples", LOOP)
def _elbo_loop(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return torch.stack([elbo(row, encoder, decoder, n_samples, generator) for row in _rows(x)]).mean()


@misconception("log_mean_exp", "loop_over_examples", LOOP)
def _mean_exp_loop(log_w: Tensor) -> Tensor:
    return torch.cat([log_mean_exp(column.mT) for column in _rows(log_w.mT)])


@misconception("estimate_log_likelihood", "loop_over_examples", LOOP)
def _estimate_loop(
    x: Tensor,
    encoder: Encoder,
    decoder: Decoder,
    sigma_p: float | Tensor = 0.4,
    n_samples: int = 1000,
    generator: Generator | None = None,
) -> Tensor:
    parts = [estimate_log_likelihood(row, encoder, decoder, sigma_p, n_samples, generator) for row in _rows(x)]
    return torch.cat(parts)


# ------------------------------------------------------------------------------------------- shape, dtype and kind


@misconception(
    "bernoulli_log_density", "summed_over_pixels", "The pixels are summed; one value per pixel is asked for."
)
def _bernoulli_summed(x: Tensor, logits: Tensor) -> Tensor:
    return bernoulli_log_density(x, logits).sum(-1)


@misconception("kl_standard_normal", "column", "The result is a column of shape (B, 1); its shape should be (B,).")
def _kl_column(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var)[:, None]


@misconception(
    "kl_standard_normal", "always_float32", "The result is always float32; it should keep the dtype of the inputs."
)
def _kl_always_float32(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_standard_normal(mean, log_var).float()


@misconception("log_mean_exp", "column", "`keepdim=True` leaves an axis of size 1; the result should have shape (B,).")
def _mean_exp_column(log_w: Tensor) -> Tensor:
    return log_mean_exp(log_w)[None]


@misconception(
    "ppca_posterior", "mean_transposed", "The means stand in the columns, (M, B); one row per data point is asked for."
)
def _posterior_mean_transposed(x: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> tuple[Tensor, Tensor]:
    mean, cov = ppca_posterior(x, W, mu, sigma2)
    return mean.mT, cov


@misconception(
    "ppca_log_likelihood", "summed_over_data", "The data points are summed; one value per data point is asked for."
)
def _likelihood_summed(X: Tensor, W: Tensor, mu: Tensor, sigma2: Variance) -> Tensor:
    return ppca_log_likelihood(X, W, mu, sigma2).sum()


@misconception(
    "ppca_fit", "loadings_transposed", "W has shape (M, D); its columns should be the factors, shape (D, M)."
)
def _fit_transposed(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    W, mu, sigma2 = ppca_fit(X, n_components)
    return W.mT, mu, sigma2


@misconception(
    "ppca_fit", "data_centred_in_place", "The mean is subtracted from the caller's data in place; work on a copy."
)
def _fit_in_place(X: Tensor, n_components: int) -> tuple[Tensor, Tensor, Variance]:
    W, mu, sigma2 = ppca_fit(X, n_components)
    X -= mu
    return W, mu, sigma2


@misconception("elbo", "per_example", "One value per example is returned; their mean is asked for.")
def _elbo_per_example(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return torch.stack([elbo(row, encoder, decoder, n_samples, generator) for row in _rows(x)])


@misconception("vae_loss", "per_example", "One value per example is returned; a loss is their mean, a single number.")
def _loss_per_example(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    return torch.stack([vae_loss(row, encoder, decoder, n_samples, generator) for row in _rows(x)])


@misconception("evaluate_classifier", "loss_only", "Only the loss is returned; the accuracy is asked for as well.")
def _evaluate_loss_only(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return evaluate_classifier(model, images, labels, batch_size)[0]


@misconception("train_classifier", "history_forgotten", "Only the model is returned; the history is asked for as well.")
def _train_history_forgotten(
    images: Tensor,
    labels: Tensor,
    val_images: Tensor,
    val_labels: Tensor,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    device: str,
    seed: int,
) -> nn.Module:
    model, _ = train_classifier(
        images,
        labels,
        val_images,
        val_labels,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        device=device,
        seed=seed,
    )
    assert isinstance(model, nn.Module)
    return model


# ------------------------------------------------------------------------------------------- numbers at the edges


@misconception(
    "gaussian_log_density",
    "epsilon_added",
    "A small constant is added to the variance to keep it from zero: where the variance is smaller, it decides the result.",
)
def _gaussian_epsilon(x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return gaussian_log_density(x, mean, torch.log(log_var.exp() + 1e-10))


@misconception(
    "elbo",
    "log_of_sigmoid",
    "The logarithm of a sigmoid becomes log 0 for large logits, where the sigmoid rounds to 0 or 1.",
)
def _elbo_log_of_sigmoid(
    x: Tensor, encoder: Encoder, decoder: Decoder, n_samples: int = 1, generator: Generator | None = None
) -> Tensor:
    mean, log_var = encoder(x)
    shape = (n_samples, *mean.shape)
    probs = torch.sigmoid(decoder(sample_gaussian(mean.expand(shape), log_var.expand(shape), generator)))
    reconstruction = (x * torch.log(probs) + (1 - x) * torch.log(1 - probs)).sum(-1)
    return (reconstruction - kl_standard_normal(mean, log_var)).mean()
