"""What is held against the checks of `train_autoencoder`."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from autograder.authoring.candidates import right, wrong

Made = tuple[nn.Module, dict[str, Any]]
Loss = Callable[[Tensor, Tensor], Tensor]


class _Network(nn.Module):
    """An autoencoder with one hidden layer on either side; its parts are what students call them."""

    def __init__(self, pixels: int, latent_dim: int) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Linear(pixels, 200), nn.Tanh(), nn.Linear(200, latent_dim))
        self.up = nn.Sequential(nn.Linear(latent_dim, 200), nn.Tanh(), nn.Linear(200, pixels))

    def encode(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.down(x))

    def outputs(self, z: Tensor) -> Tensor:
        """What the loss sees."""
        return torch.sigmoid(self.up(z))

    def decode(self, z: Tensor) -> Tensor:
        return self.outputs(z)


def _train(
    images: Tensor,
    *,
    latent_dim: int,
    epochs: int,
    device: str,
    seed: int,
    network: type[_Network] = _Network,
    loss: Loss = F.mse_loss,
    target: Callable[[Tensor], Tensor] = lambda x: x,
    zero_grad: bool = True,
    update: bool = True,
    full_batches: bool = False,
    batches: int | None = None,
    seeded: bool = True,
    learnt: tuple[str, ...] = ("down", "up"),
    told: float = 1.0,
    every_batch: bool = False,
) -> Made:
    """A training loop that may have one thing wrong: what, its caller says."""
    if seeded:
        torch.manual_seed(seed)
    model = network(images.shape[1], latent_dim).to(device)
    optimiser = torch.optim.Adam([p for name, p in model.named_parameters() if name.startswith(learnt)], lr=1e-3)
    history: dict[str, Any] = {"loss": []}
    for _ in range(epochs):
        losses = []
        order = torch.randperm(len(images)).split(50)
        for rows in [r for r in order if not full_batches or len(r) == 50][:batches]:
            x = target(images[rows].to(device))
            value = loss(model.outputs(model.encode(x)), x)
            if zero_grad:
                optimiser.zero_grad()
            value.backward()
            if update:
                optimiser.step()
            losses.append(told * value.item())
        history["loss"].extend(losses if every_batch else [sum(losses) / max(1, len(losses))])
    return model.eval(), history


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "no_update",
    "The optimiser's `step` is never called, so the model stays as it was initialised.",
    severity="empty",
    credit=0,
)
def _no_update(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, update=False)


@wrong(
    "zero_grad_missing",
    "The gradients are never set to zero, so every step adds up those of all steps before it.",
    severity="slip",
    credit=0.5,
)
def _zero_grad_missing(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, zero_grad=False)


@wrong("epochs_ignored", "`epochs` is ignored: the model is trained for a fixed number of them.", severity="slip")
def _one_epoch_only(images: Tensor, *, epochs: int, **settings: Any) -> Made:
    return _train(images, epochs=min(epochs, 1), **settings)


@wrong("epochs_ignored")
def _twenty_epochs(images: Tensor, *, epochs: int, **settings: Any) -> Made:
    return _train(images, epochs=20, **settings)


@wrong(
    "most_images_unused",
    "An epoch leaves most images out, as it does where it is one batch: an epoch is a pass over all images.",
    severity="gap",
)
def _one_batch_per_epoch(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, batches=1)


@wrong("most_images_unused")  # always the same ones
def _first_images(images: Tensor, **settings: Any) -> Made:
    return _train(images[:50], **settings)


@wrong(
    "last_batch_dropped", "The last batch of an epoch is left out where it is not full.", severity="slip", credit=0.85
)
def _last_batch_dropped(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, full_batches=True)


@wrong("seed_ignored", "`seed` is ignored: weights and order cannot be had again.", severity="slip", credit=0.85)
def _seed_ignored(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, seeded=False)


@wrong("seed_ignored")  # it repeats itself whatever the seed
def _seed_fixed(images: Tensor, *, seed: int, **settings: Any) -> Made:
    return _train(images, seed=42, **settings)


@wrong(
    "latent_dim_ignored",
    "`latent_dim` is ignored: codes have the same size, whatever is asked for.",
    severity="slip",
)
def _latent_dim_ignored(images: Tensor, *, latent_dim: int, **settings: Any) -> Made:
    return _train(images, latent_dim=32, **settings)


@wrong(
    "encoder_not_trained",
    "The encoder is not trained: its parameters are not given to the optimiser, or no gradient reaches them.",
    severity="gap",
)
def _encoder_not_given(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, learnt=("up",))


class _Cut(_Network):
    def outputs(self, z: Tensor) -> Tensor:
        return super().outputs(z.detach())


@wrong("encoder_not_trained")
def _encoder_cut(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, network=_Cut)


@wrong(
    "decoder_not_trained",
    "The decoder is not trained: its parameters are not given to the optimiser.",
    severity="gap",
)
def _decoder_not_given(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, learnt=("down",))


class _Logits(_Network):
    def outputs(self, z: Tensor) -> Tensor:
        return cast(Tensor, self.up(z))


@wrong("logits_decoded", "`decode` returns logits; pixel values are asked for.", severity="slip", credit=0.7)
def _logits_decoded(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, network=_Logits, loss=F.binary_cross_entropy_with_logits)


@wrong(
    "sigmoid_twice",
    "The loss takes the sigmoid of what is a probability already: `binary_cross_entropy_with_logits` wants logits.",
    severity="slip",
)
def _sigmoid_twice(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, loss=F.binary_cross_entropy_with_logits)


class _FromMinusOne(_Network):
    def encode(self, x: Tensor) -> Tensor:
        return super().encode(2 * x - 1)

    def outputs(self, z: Tensor) -> Tensor:
        return torch.tanh(self.up(z))


def _to_minus_one(outputs: Tensor, x: Tensor) -> Tensor:
    return F.mse_loss(outputs, 2 * x - 1)


@wrong(
    "decoded_from_minus_one",
    "`decode` returns pixels between -1 and 1; the images are given, and asked for, between 0 and 1.",
    severity="slip",
    credit=0.7,
)
def _decoded_from_minus_one(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, network=_FromMinusOne, loss=_to_minus_one)


class _To255(_Logits):
    def outputs(self, z: Tensor) -> Tensor:
        return 255 * super().outputs(z)


def _of_255(outputs: Tensor, x: Tensor) -> Tensor:
    return F.mse_loss(outputs / 255, x)


@wrong(
    "decoded_to_255",
    "`decode` returns pixels between 0 and 255; the images are given, and asked for, between 0 and 1.",
    severity="slip",
    credit=0.7,
)
def _decoded_to_255(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, network=_To255, loss=_of_255)


@wrong(
    "images_binarized",
    "The model is trained on images in black and white; grey ones were given, and are asked for.",
    severity="slip",
)
def _images_binarized(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, target=lambda x: (x > 0.5).to(x.dtype), loss=F.binary_cross_entropy)


class _Noisy(_Network):
    def encode(self, x: Tensor) -> Tensor:
        z = super().encode(x)
        return z + 0.3 * torch.randn_like(z)


@wrong(
    "noise_in_codes",
    "The code of an image is drawn at random: a deterministic autoencoder has one code for an image.",
    severity="slip",
)
def _noise_in_codes(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, network=_Noisy)


class _Variational(_Network):
    def __init__(self, pixels: int, latent_dim: int) -> None:
        super().__init__(pixels, latent_dim)
        self.down_too = nn.Linear(pixels, latent_dim)

    def encode(self, x: Tensor) -> Any:
        return self.down(x), self.down_too(x)

    def outputs(self, z: Any) -> Tensor:
        mean, log_var = z
        return super().outputs(mean + (0.5 * log_var).exp() * torch.randn_like(mean))

    def decode(self, z: Tensor) -> Tensor:
        return super().outputs(z)


@wrong(
    "variational",
    "`encode` returns the mean and the log-variance of a distribution, as a VAE's does; an autoencoder has one code for an image.",
    severity="gap",
)
def _variational(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, network=_Variational)


class _Skipping(_Network):
    def __init__(self, pixels: int, latent_dim: int) -> None:
        super().__init__(pixels, latent_dim)
        self.down_hidden, self.up_hidden = nn.Linear(pixels, 50), nn.Linear(50, pixels)
        self.seen = torch.zeros(1, 50)

    def encode(self, x: Tensor) -> Tensor:
        self.seen = torch.tanh(self.down_hidden(x))
        return super().encode(x)

    def outputs(self, z: Tensor) -> Tensor:
        seen = self.seen if len(self.seen) == len(z) else torch.zeros(1, 50)
        return torch.sigmoid(self.up(z) + self.up_hidden(seen))


@wrong(
    "skip_connection",
    "`decode` uses what `encode` has kept of the images: there is no bottleneck, and a code alone cannot be decoded.",
    severity="gap",
)
def _skip_connection(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, network=_Skipping)


class _Unregistered(nn.Module):
    """Its networks are in a list, where PyTorch does not see them."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.parts = [cast(_Network, network)]

    def encode(self, x: Tensor) -> Tensor:
        return self.parts[0].encode(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.parts[0].decode(z)


@wrong(
    "weights_not_registered",
    "The networks are in a plain list, where PyTorch does not see them: `state_dict()` is empty, and nothing can be saved.",
    severity="gap",
)
def _weights_not_registered(images: Tensor, **settings: Any) -> Made:
    model, history = _train(images, **settings)
    return _Unregistered(model), history


@wrong("history_forgotten", "Only the model is returned; the history is asked for as well.", severity="slip")
def _history_forgotten(images: Tensor, **settings: Any) -> nn.Module:
    return _train(images, **settings)[0]


@wrong(
    "history_is_a_list",
    "The history is the list of losses itself; a dictionary with this list as `loss` is asked for.",
    severity="form",
    credit=0.9,
)
def _history_is_a_list(images: Tensor, **settings: Any) -> Any:
    model, history = _train(images, **settings)
    return model, history["loss"]


@wrong(
    "loss_of_every_batch",
    "The history holds the loss of every batch: one number per epoch is asked for.",
    severity="slip",
    credit=0.9,
)
def _loss_of_every_batch(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, every_batch=True)


@wrong("negative_loss", "The history holds the negative of the loss.", severity="slip", credit=0.9)
def _negative_loss(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, told=-1.0)


class _Pictures(_Network):
    def outputs(self, z: Tensor) -> Tensor:
        return super().outputs(z).unflatten(1, (1, 28, 28))


def _of_pictures(outputs: Tensor, x: Tensor) -> Tensor:
    return F.mse_loss(outputs.flatten(1), x)


@wrong(
    "not_in_rows",
    "What comes back has more axes than asked for: a row of pixels for an image, a row of numbers for its code.",
    severity="form",
    credit=0.9,
)
def _not_in_rows(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, network=_Pictures, loss=_of_pictures)


# -------------------------------------------------------------------------------------------------------- right answers


@right(
    "deep_relu", "Four layers on either side, ReLU, cross-entropy summed over pixels, a loader, Adam with larger steps."
)
def _deep(images: Tensor, *, latent_dim: int, epochs: int, device: str, seed: int) -> Made:
    torch.manual_seed(seed)

    class Deep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            sizes = [images.shape[1], 128, 64, 32, latent_dim]
            self.encoder, self.decoder = self.layers(sizes), self.layers(sizes[::-1])

        @staticmethod
        def layers(sizes: list[int]) -> nn.Sequential:
            parts: list[nn.Module] = []
            for a, b in pairwise(sizes):
                parts += [nn.Linear(a, b), nn.ReLU()]
            return nn.Sequential(*parts[:-1])

        def encode(self, x: Tensor) -> Tensor:
            return cast(Tensor, self.encoder(x))

        def decode(self, z: Tensor) -> Tensor:
            return torch.sigmoid(self.decoder(z))

    model = Deep().to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
    loader = DataLoader(TensorDataset(images), batch_size=128, shuffle=True)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for (x,) in loader:
            x = x.to(device)
            optimiser.zero_grad()
            loss = F.binary_cross_entropy(model.decode(model.encode(x)), x, reduction="sum") / len(x)
            loss.backward()
            optimiser.step()
            total += loss.item()
        losses.append(total / len(loader))
    return model, {"loss": losses}


class _Convolutional(nn.Module):
    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Unflatten(1, (1, 28, 28)),
            nn.Conv2d(1, 8, 3, stride=2, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(16 * 49, latent_dim),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, 16 * 49),
            nn.ReLU(),
            nn.Unflatten(1, (16, 7, 7)),
            nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1),
            nn.Flatten(),
        )

    def encode(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.encoder(x))

    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.decoder(z))


@right("convolutions", "Convolutions for 28 × 28 pixels, normalised batches, AdamW, cross-entropy of logits.")
def _convolutions(images: Tensor, *, latent_dim: int, epochs: int, device: str, seed: int) -> Made:
    torch.manual_seed(seed)
    model = _Convolutional(latent_dim).to(device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    history: dict[str, Any] = {"loss": [], "seconds": []}
    for _ in range(epochs):
        model.train()
        total = 0.0
        for x in images[torch.randperm(len(images))].to(device).split(64):
            logits = model.decoder(model.encoder(x))
            loss = F.binary_cross_entropy_with_logits(logits, x)
            model.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss.detach()) * len(x)
        history["loss"].append(torch.tensor(total / len(images)))
    return model.eval(), history


class _Denoising(nn.Module):
    def __init__(self, pixels: int, latent_dim: int) -> None:
        super().__init__()
        self.enc = nn.Sequential(
            nn.Linear(pixels, 256), nn.BatchNorm1d(256), nn.GELU(), nn.Dropout(0.1), nn.Linear(256, latent_dim)
        )
        self.dec = nn.Sequential(nn.Linear(latent_dim, 256), nn.LeakyReLU(0.1), nn.Linear(256, pixels))

    def encode(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.enc(x - 0.5))

    def decode(self, z: Tensor) -> Tensor:
        return cast(Tensor, self.dec(z)) + 0.5


@right(
    "sgd_and_dropout",
    "SGD with momentum on errors summed over pixels, dropout, normalised batches, pixels without a sigmoid.",
)
def _sgd_and_dropout(images: Tensor, *, latent_dim: int, epochs: int, device: str, seed: int) -> Made:
    torch.manual_seed(seed)
    model = _Denoising(images.shape[1], latent_dim).to(device)
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    losses = []
    for _ in range(epochs):
        model.train()
        sums = 0.0
        for rows in torch.randperm(len(images)).split(32):
            x = images[rows].to(device)
            loss = (model.decode(model.encode(x)) - x).pow(2).sum(1).mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            sums += loss.item() * len(x)
        losses.append(sums / len(images))
    return model, {"loss": tuple(losses)}


@right("linear", "Both halves are linear, which can do as well as PCA and no better.")
def _linear(images: Tensor, *, latent_dim: int, epochs: int, device: str, seed: int) -> Made:
    generator = torch.Generator().manual_seed(seed)
    pixels = images.shape[1]
    model = nn.Module()
    model.encode, model.decode = nn.Linear(pixels, latent_dim), nn.Linear(latent_dim, pixels)
    for weights in model.parameters():
        weights.data = 0.05 * torch.randn(weights.shape, generator=generator)
    model.to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(epochs):
        before = torch.zeros(())
        for rows in torch.randperm(len(images), generator=generator).split(100):
            x = images[rows].to(device)
            loss = F.mse_loss(model.decode(model.encode(x)), x)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            before = before + loss.detach().cpu() * len(rows)
        losses.append(before.item() / len(images))
    return model, {"loss": losses}
