"""What is held against the checks of `train_latent_optimization`."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from autograder.authoring.candidates import right, wrong

Made = tuple[nn.Module, Tensor, Tensor, dict[str, Any]]


def _train(
    images: Tensor,
    *,
    latent_dim: int,
    epochs: int,
    decoder_lr: float = 1e-3,
    latent_lr: float = 1e-2,
    device: str,
    seed: int,
    divergence: float = 1.0,
    noise: float = 1.0,
    averaged: bool = False,
    as_log_std: str = "",
    rows: str = "own",
    learnt: tuple[str, ...] = ("decoder", "latents"),
    sgd: bool = False,
    batches: int | None = None,
    returned: str = "own",
    told: float = 1.0,
    seeded: bool = True,
) -> Made:
    """A training loop that may have one thing wrong: what, its caller says."""
    if seeded:
        torch.manual_seed(seed)
    n, pixels = images.shape
    decoder = nn.Sequential(nn.Linear(latent_dim, 300), nn.ReLU(), nn.Linear(300, pixels)).to(device)
    mean = torch.randn(n, latent_dim).to(device).requires_grad_()
    log_var = torch.randn(n, latent_dim).to(device).square().log().requires_grad_()
    groups: list[dict[str, Any]] = []
    if "decoder" in learnt:
        groups.append({"params": decoder.parameters(), "lr": decoder_lr})
    if "latents" in learnt:
        groups.append({"params": [mean, log_var], "lr": latent_lr})
    optimiser = (torch.optim.SGD if sgd else torch.optim.Adam)(groups) if groups else None
    losses = []
    for _ in range(epochs):
        total = 0.0
        order = torch.arange(n) if batches else torch.randperm(n)
        for start in list(range(0, n, 50))[:batches]:
            batch = order[start : start + 50].to(device)
            places = {"own": batch, "slice": torch.arange(start, start + len(batch)), "first": torch.arange(len(batch))}
            mu, lv, x = mean[places[rows]], log_var[places[rows]], images[batch.cpu()].to(device)
            deviation = lv.exp() if as_log_std else (0.5 * lv).exp()
            z = mu + noise * deviation * torch.randn_like(mu)
            r = 2 * lv if as_log_std == "everywhere" else lv
            kl = 0.5 * (mu.square() + r.exp() - 1 - r)
            error = (decoder(z) - x).square()
            of_each = error.mean(1) + kl.mean(1) if averaged else error.sum(1) + divergence * kl.sum(1)
            loss = of_each.mean()
            if optimiser is not None:
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            total += loss.item() * len(x)
        losses.append(told * total / n)
    found = {"own": torch.arange(n), "shuffled": torch.randperm(n)}[returned].to(device)
    return decoder, mean[found].detach(), log_var[found].detach(), {"loss": losses}


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("no_update", "Nothing is learnt: decoder and rows stay as they were initialised.", severity="empty", credit=0)
def _no_update(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, learnt=())


@wrong(
    "latents_not_learnt",
    "Means and log-variances are not given to the optimiser: only the decoder is learnt, and z says nothing of the image.",
    severity="gap",
)
def _latents_not_learnt(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, learnt=("decoder",))


@wrong(
    "decoder_not_learnt", "The decoder is not given to the optimiser: only the rows of q(z) are learnt.", severity="gap"
)
def _decoder_not_learnt(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, learnt=("latents",))


@wrong(
    "rows_by_position",
    "Rows of q(z) are taken by their place in the shuffled batch, not by the image's index: each row gets another image in every epoch.",
    severity="gap",
)
def _rows_by_position(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, rows="slice")


@wrong("rows_by_position")  # every batch gets the rows of the first
def _rows_of_the_first_batch(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, rows="first")


@wrong(
    "rows_of_another_order",
    "The rows are learnt well, and returned in another order than that of the images.",
    severity="slip",
)
def _rows_of_another_order(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, returned="shuffled")


@wrong("images_left_out", "Only one batch is learnt from; an epoch is a pass over all images.", severity="gap")
def _images_left_out(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, batches=1)


@wrong(
    "noise_missing",
    "The decoder gets the means: nothing is sampled in training, so it does not know the noise that the KL pays for.",
    severity="gap",
)
def _noise_missing(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, noise=0.0)


@wrong("kl_missing", "The KL is not in the objective: the rows tell more than the prior allows.", severity="gap")
def _kl_missing(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, divergence=0.0)


@wrong("kl_of_the_wrong_sign", "The KL is taken from the objective: the rows run away from the prior.", severity="slip")
def _kl_of_the_wrong_sign(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, divergence=-1.0)


@wrong(
    "error_averaged",
    "The squared error is averaged over the pixels, beside which the KL of ten latent variables is so large that z says nothing.",
    severity="slip",
    credit=0.75,
)
def _error_averaged(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, averaged=True)


@wrong(
    "log_var_as_log_std",
    "What is returned as `log_var` was the logarithm of the standard deviation in training.",
    severity="slip",
)
def _log_var_as_log_std(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, as_log_std="everywhere")


@wrong("log_var_as_log_std")  # the KL is right
def _log_var_as_log_std_in_the_noise(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, as_log_std="in the noise")


@wrong(
    "latent_lr_ignored",
    "`latent_lr` is ignored: means and log-variances have the decoder's learning rate, and hardly move.",
    severity="slip",
)
def _latent_lr_ignored(images: Tensor, *, latent_lr: float = 1e-2, decoder_lr: float = 1e-3, **settings: Any) -> Made:
    return _train(images, latent_lr=decoder_lr, decoder_lr=decoder_lr, **settings)


@wrong("latent_lr_ignored")  # as large as it should be, but not the one that is asked for
def _latent_lr_fixed(images: Tensor, *, latent_lr: float = 1e-2, **settings: Any) -> Made:
    return _train(images, latent_lr=1e-2, **settings)


@wrong(
    "decoder_lr_ignored",
    "`decoder_lr` is ignored: the decoder has a learning rate of its own.",
    severity="slip",
    credit=0.85,
)
def _decoder_lr_ignored(images: Tensor, *, decoder_lr: float = 1e-3, **settings: Any) -> Made:
    return _train(images, decoder_lr=1e-3, **settings)


@wrong("learning_rates_swapped", "Decoder and rows of q(z) have got each other's learning rate.", severity="slip")
def _learning_rates_swapped(
    images: Tensor, *, decoder_lr: float = 1e-3, latent_lr: float = 1e-2, **settings: Any
) -> Made:
    return _train(images, decoder_lr=latent_lr, latent_lr=decoder_lr, **settings)


@wrong("one_epoch_only", "`epochs` is ignored: there is one pass over the images.", severity="slip")
def _one_epoch_only(images: Tensor, *, epochs: int, **settings: Any) -> Made:
    return _train(images, epochs=min(epochs, 1), **settings)


@wrong(
    "seed_ignored",
    "`seed` is ignored: initial values, order and noise cannot be had again.",
    severity="slip",
    credit=0.85,
)
def _seed_ignored(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, seeded=False)


@wrong("seed_ignored")  # it repeats itself whatever the seed
def _seed_fixed(images: Tensor, *, seed: int, **settings: Any) -> Made:
    return _train(images, seed=42, **settings)


@wrong(
    "history_not_per_image",
    "The history holds sums over images: the objective is asked for per image.",
    severity="slip",
    credit=0.9,
)
def _history_not_per_image(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, told=len(images))


@wrong(
    "history_forgotten",
    "Decoder, means and log-variances are returned; the history is asked for as well.",
    severity="slip",
    credit=0.8,
)
def _history_forgotten(images: Tensor, **settings: Any) -> tuple[nn.Module, Tensor, Tensor]:
    return _train(images, **settings)[:3]


@wrong(
    "weights_not_registered",
    "The decoder's layers are in a plain list, where PyTorch does not see them: `state_dict()` is empty, and nothing can be saved.",
    severity="gap",
)
def _weights_not_registered(images: Tensor, **settings: Any) -> Made:
    decoder, *rest = _train(images, **settings)
    return (_Unregistered(decoder), *rest)  # type: ignore[return-value]


class _Unregistered(nn.Module):
    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = [layers]

    def forward(self, z: Tensor) -> Tensor:
        decoded: Tensor = self.layers[0](z)
        return decoded


@wrong("embeddings_returned", "Means and log-variances come as modules; tensors are asked for.", severity="form")
def _embeddings_returned(images: Tensor, **settings: Any) -> Any:
    decoder, mean, log_var, history = _train(images, **settings)
    return decoder, nn.Embedding.from_pretrained(mean), nn.Embedding.from_pretrained(log_var), history


@wrong(
    "pictures_decoded",
    "The decoder returns pictures (B, 1, height, width); rows of pixels are asked for.",
    severity="form",
)
def _pictures_decoded(images: Tensor, **settings: Any) -> Made:
    decoder, *rest = _train(images, **settings)
    side = round(images.shape[1] ** 0.5)
    return (nn.Sequential(decoder, nn.Unflatten(1, (1, side, side))), *rest)  # type: ignore[return-value]


# -------------------------------------------------------------------------------------------------------- right answers


@right(
    "relu_and_two_groups",
    "ReLU units, the KL by hand, one Adam with two groups of parameters, averages over batches of 50.",
)
def _two_groups(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings)


class _Convolutional(nn.Module):
    def __init__(self, latent_dim: int, side: int) -> None:
        super().__init__()
        self.side, self.quarter = side, math.ceil(side / 4)
        self.first = nn.Linear(latent_dim, 16 * self.quarter**2)
        self.up = nn.Sequential(
            nn.ReLU(),
            nn.ConvTranspose2d(16, 16, 4, stride=2, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, z: Tensor) -> Tensor:
        h = self.first(z).view(len(z), 16, self.quarter, self.quarter)
        image: Tensor = self.up(h)
        return image[..., : self.side, : self.side].flatten(1)


@right(
    "convolutions_and_embeddings",
    "Transposed convolutions with batch normalisation, sparse embeddings, two optimisers, a loader that gives indices, summed losses.",
)
def _convolutions(
    images: Tensor,
    *,
    latent_dim: int,
    epochs: int,
    decoder_lr: float = 1e-3,
    latent_lr: float = 1e-2,
    device: str,
    seed: int,
) -> Made:
    torch.manual_seed(seed)
    decoder = _Convolutional(latent_dim, round(images.shape[1] ** 0.5)).to(device)
    means, log_vars = (nn.Embedding(len(images), latent_dim, sparse=True).to(device) for _ in range(2))
    with torch.no_grad():
        log_vars.weight.copy_(2 * torch.log(log_vars.weight.abs()))
    optimisers: list[torch.optim.Optimizer] = [
        torch.optim.Adam(decoder.parameters(), lr=decoder_lr),
        torch.optim.SparseAdam([means.weight, log_vars.weight], lr=latent_lr),
    ]
    loader = DataLoader(TensorDataset(torch.arange(len(images)), images), batch_size=64, shuffle=True)
    losses = []
    for _ in range(epochs):
        decoder.train()
        sums = 0.0
        for index, batch in loader:
            i, x = index.to(device), batch.to(device)
            q = Normal(means(i), torch.exp(log_vars(i) / 2))
            kl = kl_divergence(q, Normal(torch.zeros_like(q.loc), torch.ones_like(q.loc))).sum()
            loss = F.mse_loss(decoder(q.rsample()), x, reduction="sum") + kl
            for optimiser in optimisers:
                optimiser.zero_grad()
            loss.backward()
            for optimiser in optimisers:
                optimiser.step()
            sums += loss.item()
        losses.append(sums / len(images))
    return decoder.eval(), means.weight.data, log_vars.weight.data, {"loss": losses}


@right(
    "rmsprop_and_the_whole_set",
    "Parameters in a ParameterDict, RMSprop, GELU and dropout, batches in a fixed order, the loss of all images after every epoch.",
)
def _fixed_order(
    images: Tensor,
    *,
    latent_dim: int,
    epochs: int,
    decoder_lr: float = 1e-3,
    latent_lr: float = 1e-2,
    device: str,
    seed: int,
) -> Made:
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = (nn.Linear(latent_dim, 400), nn.GELU(), nn.Dropout(0.02), nn.Linear(400, images.shape[1]))
        decoder = nn.Sequential(*layers).to(device)
        q = nn.ParameterDict(
            {"mu": torch.randn(len(images), latent_dim), "r": torch.randn(len(images), latent_dim).pow(2).log()}
        ).to(device)
        parameters: list[dict[str, Any]] = [
            {"params": decoder.parameters()},
            {"params": q.parameters(), "lr": latent_lr},
        ]
        optimiser = torch.optim.RMSprop(parameters, lr=decoder_lr)

        def objective(i: slice) -> Tensor:
            mu, r, x = q["mu"][i], q["r"][i], images[i].to(device)
            z = torch.addcmul(mu, torch.exp(0.5 * r), torch.randn(mu.shape, generator=generator).to(device))
            squares = torch.linalg.vector_norm(x - decoder(z), dim=1) ** 2
            return squares.sum() - 0.5 * torch.sum(1 + r - mu**2 - r.exp())

        losses = []
        for _ in range(epochs):
            decoder.train()
            for start in range(0, len(images), 32):
                optimiser.zero_grad(set_to_none=True)
                objective(slice(start, start + 32)).div(32).backward()
                optimiser.step()
            decoder.eval()
            with torch.no_grad():
                losses.append(float(objective(slice(None))) / len(images))
    return decoder.eval(), q["mu"].detach(), q["r"].detach(), {"loss": losses}
