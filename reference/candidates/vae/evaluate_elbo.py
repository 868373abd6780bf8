"""What is held against the checks of `evaluate_elbo`."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from autograder.authoring.candidates import graded, right, wrong
from reference.candidates.vae import elbo as of_the_bound
from reference.candidates.vae._helpers import bce, kl, q_and_prior
from reference.vae import elbo, evaluate_elbo

USUAL = 128
"""The batch size that most people choose."""


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    before = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(before)


def _means(
    images: Tensor, model: Any, n_samples: int, generator: Generator | None, size: int = USUAL
) -> tuple[Tensor, Tensor]:
    """The mean bound of each batch, and how many images it has."""
    with _evaluating(model):
        batches = images.split(size)
        means = [elbo(batch, model.encode, model.decode, n_samples, generator).double() for batch in batches]
    return torch.stack(means), torch.tensor([len(batch) for batch in batches], dtype=torch.float64)


def _with(
    bound: Callable[..., Tensor], images: Tensor, model: Any, n_samples: int, generator: Generator | None
) -> float:
    """The evaluation of another bound, right in all else."""
    total = 0.0
    with _evaluating(model):
        for batch in images.split(USUAL):
            total += len(batch) * bound(batch, model.encode, model.decode, n_samples, generator).item()
    return total / len(images)


def _mean_kl(images: Tensor, model: Any) -> float:
    with _evaluating(model):
        return kl(images, model.encode).item()


# ---------------------------------------------------------------------------------------------- named mistakes: the data


@wrong(
    "mean_of_batch_means",
    "The means of the batches are averaged, so the images of a smaller last batch count for too much.",
    severity="slip",
    credit=0.7,
)
def _mean_of_batch_means(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _means(images, model, n_samples, generator)[0].mean().item()


@wrong("last_batch_dropped", "The last, incomplete batch is dropped; every image counts.", severity="slip")
def _last_batch_dropped(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    n = max(len(images) // USUAL * USUAL, min(USUAL, len(images)))
    return evaluate_elbo(images[:n], model, n_samples, generator)


@wrong(
    "first_batch_only",
    "Only one batch is evaluated; the average runs over all images.",
    severity="gap",
)
def _first_batch_only(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return evaluate_elbo(images[:USUAL], model, n_samples, generator)


@wrong(
    "last_batch_only",
    "The bound of the last batch is returned; the average runs over all images.",
    severity="gap",
)
def _last_batch_only(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _means(images, model, n_samples, generator)[0][-1].item()


@wrong(
    "random_batch_only",
    "A few images that are drawn at random stand for all of them; the average runs over all images.",
    severity="gap",
)
def _random_batch_only(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return evaluate_elbo(images[torch.randperm(len(images))[:USUAL]], model, n_samples, generator)


@wrong("summed", "The bounds of the images are added up; their mean is asked for.", severity="slip", credit=0.7)
def _summed(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return len(images) * evaluate_elbo(images, model, n_samples, generator)


@wrong(
    "summed_over_batches",
    "The mean bounds of the batches are added up without dividing by their number.",
    severity="slip",
)
def _summed_over_batches(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _means(images, model, n_samples, generator)[0].sum().item()


@wrong(
    "batch_means_divided_by_images",
    "The mean bounds of the batches are added up and divided by the number of images; each of them is a mean already.",
    severity="slip",
)
def _batch_means_divided_by_images(
    images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None
) -> float:
    return _means(images, model, n_samples, generator)[0].sum().item() / len(images)


@wrong(
    "sums_divided_by_batches",
    "The bounds of all images are added up and divided by the number of batches; there are N images.",
    severity="slip",
)
def _sums_divided_by_batches(
    images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None
) -> float:
    means, sizes = _means(images, model, n_samples, generator)
    return ((means * sizes).sum() / len(sizes)).item()


@wrong(
    "divided_by_full_batches",
    "The sum is divided by the number of batches times the batch size, as if the last batch were full; there are N images.",
    severity="slip",
    credit=0.7,
)
def _divided_by_full_batches(
    images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None
) -> float:
    means, sizes = _means(images, model, n_samples, generator)
    return ((means * sizes).sum() / (USUAL * len(sizes))).item()


@wrong(
    "batch_size_for_length",
    "The mean bound of every batch is multiplied by the batch size; the last batch may be smaller and counts for its own size.",
    severity="slip",
    credit=0.7,
)
def _batch_size_for_length(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    means, _ = _means(images, model, n_samples, generator)
    return (USUAL * means.sum() / len(images)).item()


# --------------------------------------------------------------------------------------------- named mistakes: the model


@wrong(
    "training_mode",
    "The model stays in training mode, so dropout disturbs the result: call `model.eval()` first.",
    severity="slip",
)
@torch.no_grad()
def _training_mode(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return elbo(images, model.encode, model.decode, n_samples, generator).item()


@wrong(
    "mode_not_restored",
    "The model is left in evaluation mode; afterwards it should be in the mode it was in before.",
    severity="form",
)
def _mode_not_restored(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    model.eval()
    return evaluate_elbo(images, model, n_samples, generator)


@wrong(
    "training_mode_afterwards",
    "The model is always put in training mode afterwards, even when it was in evaluation mode before.",
    severity="form",
)
def _training_mode_afterwards(
    images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None
) -> float:
    result = evaluate_elbo(images, model, n_samples, generator)
    model.train()
    return result


@wrong(
    "graph_kept",
    "A tensor with its graph for gradients is returned, which keeps all that was computed: `torch.no_grad()` and `.item()`.",
    severity="form",
)
def _graph_kept(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> Tensor:
    before = model.training
    model.eval()
    result = elbo(images, model.encode, model.decode, n_samples, generator)
    model.train(before)
    return result


# --------------------------------------------------------------------------------------------- named mistakes: the bound


@wrong("negative", "The loss is returned; the bound itself is asked for.", severity="slip", credit=0.7)
def _negative(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return -evaluate_elbo(images, model, n_samples, generator)


@wrong(
    "divided_by_pixels",
    "The bound is divided by the number of pixels; nats per image are asked for.",
    severity="slip",
    credit=0.7,
)
def _divided_by_pixels(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return evaluate_elbo(images, model, n_samples, generator) / images.shape[-1]


@wrong("bits", "The result is in bits (a logarithm to base 2); nats are asked for.", severity="slip", credit=0.75)
def _bits(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return evaluate_elbo(images, model, n_samples, generator) / math.log(2)


@wrong("kl_missing", "Only the reconstruction term is there; the KL divergence must be subtracted.", severity="gap")
def _kl_missing(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return evaluate_elbo(images, model, n_samples, generator) + _mean_kl(images, model)


@wrong("plus_kl", "The KL divergence is added; the bound subtracts it.", severity="slip")
def _plus_kl(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return evaluate_elbo(images, model, n_samples, generator) + 2 * _mean_kl(images, model)


@wrong("kl_twice", "The KL divergence counts twice: its factor ½ is missing.", severity="slip")
def _kl_twice(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return evaluate_elbo(images, model, n_samples, generator) - _mean_kl(images, model)


@wrong("kl_half", "The KL divergence counts half: there is a factor ½ too many (or β = ½).", severity="slip")
def _kl_half(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return evaluate_elbo(images, model, n_samples, generator) + 0.5 * _mean_kl(images, model)


@wrong(
    "kl_averaged_over_latents",
    "The KL divergence is averaged over the latent dimensions; it is their sum.",
    severity="slip",
)
def _kl_averaged_over_latents(
    images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None
) -> float:
    return _with(of_the_bound._kl_averaged_over_latents, images, model, n_samples, generator)


@wrong(
    "kl_summed_over_batch",
    "The KL divergence is summed over the batch while the reconstruction is averaged over it.",
    severity="slip",
)
def _kl_summed_over_batch(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _with(of_the_bound._kl_summed_over_batch, images, model, n_samples, generator)


@wrong(
    "averaged_over_pixels",
    "The log-probabilities are averaged over the pixels; log p(x | z) is their sum.",
    severity="slip",
)
def _averaged_over_pixels(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _with(of_the_bound._averaged_over_pixels, images, model, n_samples, generator)


@wrong("samples_summed", "The reconstruction is summed over the samples of z; it must be averaged.", severity="slip")
def _samples_summed(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _with(of_the_bound._samples_summed, images, model, n_samples, generator)


@wrong(
    "averaged_inside_log",
    "The samples are averaged inside the logarithm: that is the importance-weighted bound, not the ELBO.",
    severity="slip",
    credit=0.5,
)
def _averaged_inside_log(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _with(of_the_bound._averaged_inside_log, images, model, n_samples, generator)


@wrong("no_noise", "The mean of q is decoded; z must be drawn from q.", severity="gap")
def _no_noise(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _with(of_the_bound._no_noise, images, model, n_samples, generator)


@wrong(
    "variance_as_std",
    "The noise is multiplied by the variance e^{log_var}; it belongs to σ = e^{½ log_var}.",
    severity="slip",
)
def _variance_as_std(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _with(of_the_bound._variance_as_std, images, model, n_samples, generator)


@wrong(
    "log_std_convention",
    "`log_var` is taken for log σ, in the sample and in the KL divergence; it is log σ².",
    severity="slip",
)
def _log_std_convention(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _with(of_the_bound._log_std_convention, images, model, n_samples, generator)


@wrong("prior_samples", "z is drawn from the prior; it must be drawn from q(z | x).", severity="gap")
def _prior_samples(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _with(of_the_bound._prior_samples, images, model, n_samples, generator)


@wrong(
    "sigmoid_twice",
    "The decoder's logits go through a sigmoid before a function that applies another one.",
    severity="slip",
    credit=0.5,
)
def _sigmoid_twice(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _with(
        lambda x, encoder, decoder, *rest: elbo(x, encoder, lambda z: torch.sigmoid(decoder(z)), *rest),
        images,
        model,
        n_samples,
        generator,
    )


@wrong(
    "squared_error",
    "The reconstruction is a squared error; binary pixels have a Bernoulli log-probability.",
    severity="gap",
)
def _squared_error(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _with(of_the_bound._squared_error, images, model, n_samples, generator)


# --------------------------------------------------------------------------------------------- named mistakes: the noise


@wrong(
    "shared_over_samples",
    "One draw of an image stands for all `n_samples` of them, so that averaging them averages nothing.",
    severity="slip",
)
def _shared_over_samples(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return evaluate_elbo(images, model, 1, generator)


@wrong(
    "shared_noise",
    "One noise vector is shared by a whole batch; every image needs its own.",
    severity="slip",
    credit=0.7,
)
def _shared_noise(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _with(of_the_bound._shared_noise, images, model, n_samples, generator)


@wrong(
    "same_noise_every_call",
    "A seed is set inside, so that every call draws the same noise.",
    severity="slip",
    credit=0.75,
)
def _same_noise_every_call(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return evaluate_elbo(images, model, n_samples, Generator().manual_seed(0))


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("mean_of_batch_means")
def _mean_of_means_of_32(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _means(images, model, n_samples, generator, 32)[0].mean().item()


@wrong("mean_of_batch_means")
def _mean_of_means_of_64(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _means(images, model, n_samples, generator, 64)[0].mean().item()


@wrong("mean_of_batch_means")
def _mean_of_means_of_100(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _means(images, model, n_samples, generator, 100)[0].mean().item()


@wrong("mean_of_batch_means")
def _mean_of_means_of_256(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _means(images, model, n_samples, generator, 256)[0].mean().item()


@wrong("mean_of_batch_means")
def _mean_of_means_of_500(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return _means(images, model, n_samples, generator, 500)[0].mean().item()


@wrong("last_batch_dropped")
def _dropped_of_100(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    n = max(len(images) // 100 * 100, min(100, len(images)))
    return evaluate_elbo(images[:n], model, n_samples, generator)


@wrong("first_batch_only")
def _first_of_100(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    return evaluate_elbo(images[:100], model, n_samples, generator)


# ------------------------------------------------------------------------------------------------------- in other words


def _loss(x, model, n_samples):
    """The negative bound of a batch, as training has it."""
    mu, logvar = model.encode(x)
    total = 0.0
    for _ in range(n_samples):
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        total = total + F.binary_cross_entropy_with_logits(model.decode(z), x, reduction="sum") / n_samples
    return (total - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())) / len(x)


def _averaging(model):
    was = model.training
    model.eval()
    return was


@wrong("mean_of_batch_means", rewritten=True)
def _divided_by_length_of_loader(images, model, n_samples=1):
    was = _averaging(model)
    loader = DataLoader(TensorDataset(images), batch_size=128)
    total = 0.0
    with torch.no_grad():
        for (x,) in loader:
            total -= _loss(x, model, n_samples).item()
    model.train(was)
    return total / len(loader)


@wrong("mean_of_batch_means", rewritten=True)
def _numpy_mean_of_batches(images, model, n_samples=1):
    was = _averaging(model)
    bounds = []
    with torch.no_grad():
        for start in range(0, len(images), 64):
            x = images[start : start + 64]
            q, prior = q_and_prior(x, model.encode)
            bounds.append((-bce(model.decode(q.sample((n_samples,))), x) - kl_divergence(q, prior)).mean().item())
    model.train(was)
    return float(np.mean(bounds))


@wrong("first_batch_only", rewritten=True)
def _next_of_loader(images, model, n_samples=1):
    was = _averaging(model)
    with torch.inference_mode():
        (x,) = next(iter(DataLoader(TensorDataset(images), batch_size=128)))
        q, prior = q_and_prior(x, model.encode)
        z = q.sample((n_samples,))
        bound = Bernoulli(logits=model.decode(z)).log_prob(x).sum(-1) + prior.log_prob(z) - q.log_prob(z)
    model.train(was)
    return bound.mean().item()


@wrong("last_batch_only", rewritten=True)
def _overwritten_in_the_loop(images, model, n_samples=1):
    was = _averaging(model)
    with torch.no_grad():
        for x in images.split(128):
            bound = -_loss(x, model, n_samples)
    model.train(was)
    return float(bound)


@wrong("batch_means_divided_by_images", rewritten=True)
def _loss_items_over_data_set(images, model, n_samples=1):
    was = _averaging(model)
    total = 0.0
    with torch.no_grad():
        for (x,) in DataLoader(TensorDataset(images), batch_size=128):
            total += _loss(x, model, n_samples).item()
    model.train(was)
    return -total / len(images)


@wrong("training_mode", rewritten=True)
def _no_grad_alone(images, model, n_samples=1):
    total = 0.0
    with torch.no_grad():
        for x in images.split(128):
            total -= _loss(x, model, n_samples).item() * len(x)
    return total / len(images)


@wrong("mode_not_restored", rewritten=True)
@torch.no_grad()
def _eval_and_away(images, model, n_samples=1):
    model.eval()
    q, prior = q_and_prior(images, model.encode)
    z = q.sample((n_samples,))
    return (-bce(model.decode(z), images) - kl_divergence(q, prior)).mean().item()


@wrong("graph_kept", rewritten=True)
def _sum_of_tensors(images, model, n_samples=1):
    was = _averaging(model)
    total = 0.0
    for x in images.split(128):
        total = total - _loss(x, model, n_samples) * len(x)
    model.train(was)
    return total / len(images)


@wrong("negative", rewritten=True)
def _mean_loss(images, model, n_samples=1):
    was = _averaging(model)
    with torch.no_grad():
        total = sum(_loss(x, model, n_samples).item() * len(x) for x in images.split(128))
    model.train(was)
    return total / len(images)


@wrong("no_noise", rewritten=True)
def _reconstruct_from_means(images, model, n_samples=1):
    was = _averaging(model)
    with torch.no_grad():
        mu, logvar = model.encode(images)
        kl_term = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(1)
        result = (-bce(model.decode(mu), images) - kl_term).mean().item()
    model.train(was)
    return result


@wrong("kl_missing", rewritten=True)
def _reconstruction_alone(images, model, n_samples=1):
    was = _averaging(model)
    with torch.no_grad():
        q, _ = q_and_prior(images, model.encode)
        result = -bce(model.decode(q.sample((n_samples,))), images).mean().item()
    model.train(was)
    return result


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _best_image(images, model, n_samples=1):
    """The maximum over the images where the mean belongs."""
    was = _averaging(model)
    with torch.no_grad():
        q, prior = q_and_prior(images, model.encode)
        result = (-bce(model.decode(q.sample((n_samples,))), images) - kl_divergence(q, prior)).max().item()
    model.train(was)
    return result


@wrong()
def _encode_alone_evaluates(images, model, n_samples=1):
    """Only half of the model is put in evaluation mode."""
    was = model.training
    model.encode.eval()
    with torch.no_grad():
        result = -_loss(images, model, n_samples).item()
    model.train(was)
    return result


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.7, "The mean of the means of the batches.")
def _average_of_the_batches(images, model, n_samples=1, generator=None):
    was_training = model.training
    model.eval()
    bounds = []
    with torch.no_grad():
        for i in range(0, len(images), 128):
            x = images[i : i + 128]
            mu, log_var = model.encode(x)
            total = 0.0
            for _ in range(n_samples):
                eps = torch.randn(mu.shape, generator=generator)
                logits = model.decode(mu + torch.exp(0.5 * log_var) * eps)
                total += -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
            kl_term = -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(1)
            bounds.append((total / n_samples - kl_term).mean().item())
    model.train(was_training)
    return sum(bounds) / len(bounds)


# -------------------------------------------------------------------------------------------------------- right answers


@right("whole_set_at_once", "All images in one pass, with torch.distributions; the generator is not used.")
def _whole_set_at_once(images: Tensor, model: Any, n_samples: int = 1) -> float:
    before = model.training
    model.eval()
    with torch.inference_mode():
        mean, log_var = model.encode(images)
        q = Normal(mean, torch.exp(0.5 * log_var))
        z = q.sample(torch.Size([n_samples]))
        log_likelihood = Bernoulli(logits=model.decode(z)).log_prob(images).sum(-1)
        bound = log_likelihood - kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum(-1)
    model.train(before)
    return bound.mean().item()


@right(
    "data_loader", "A DataLoader that shuffles, weighted batch means, and the sampled log-ratio for the KL divergence."
)
def _data_loader(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    before = model.training
    model.train(False)
    total = 0.0
    for (x,) in DataLoader(TensorDataset(images), batch_size=64, shuffle=True):
        with torch.no_grad():
            mu, log_var = model.encode(x)
            eps = torch.randn((n_samples, *mu.shape), generator=generator, dtype=mu.dtype, device=mu.device)
            logits = model.decode(mu + torch.exp(log_var / 2) * eps)
            log_px = -F.softplus((1 - 2 * x) * logits).sum(-1)
            log_ratio = 0.5 * ((eps**2).sum(-1) + log_var.sum(-1) - ((mu + torch.exp(log_var / 2) * eps) ** 2).sum(-1))
            total += (log_px + log_ratio).mean(0).sum().item()
    model.train(before)
    return total / len(images)


@right("entropy", "E[log p(x, z)] by sampling plus the closed-form entropy of q; a 0-d tensor, and batches of 200.")
@torch.no_grad()
def _entropy(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> Tensor:
    modes = {module: module.training for module in model.modules()}
    model.eval()
    bounds = []
    for x in torch.split(images, 200):
        mean, log_var = model.encode(x)
        bound = 0.5 * (1 + math.log(2 * math.pi) + log_var).sum(-1)
        for _ in range(n_samples):
            eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
            z = mean + (0.5 * log_var).exp() * eps
            logits = model.decode(z)
            log_px = -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
            bound = bound + (log_px - 0.5 * (z**2 + math.log(2 * math.pi)).sum(-1)) / n_samples
        bounds.append(bound)
    for module, training in modes.items():
        module.training = training
    return torch.cat(bounds).mean()


@right("running_average", "A running average that is updated batch by batch, in batches of 100, in float64.")
def _running_average(images: Tensor, model: Any, n_samples: int = 1, generator: Generator | None = None) -> float:
    before = model.training
    model.eval()
    average, seen = 0.0, 0
    for start in range(0, len(images), 100):
        x = images[start : start + 100]
        with torch.no_grad():
            mu, log_var = (part.repeat_interleave(n_samples, 0) for part in model.encode(x))
            z = mu + torch.exp(0.5 * log_var) * torch.randn(mu.shape, generator=generator, dtype=mu.dtype)
            logits, tiled = model.decode(z), x.repeat_interleave(n_samples, 0)
            bound = (tiled * logits - F.softplus(logits)).sum(1) - 0.5 * (mu**2 + log_var.exp() - 1 - log_var).sum(1)
        seen += len(x)
        average += (float(bound.double().mean()) - average) * len(x) / seen
    model.train(before)
    return average
