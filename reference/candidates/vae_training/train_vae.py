"""What is held against the checks of `train_vae`."""

import copy
from typing import Any

import torch
from torch import Tensor, distributions, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from autograder.authoring.candidates import right, wrong

Made = tuple[nn.Module, dict[str, Any]]


class _Network(nn.Module):
    """A VAE with ReLU units; its parts are what students call them."""

    def __init__(self, pixels: int, latent_dim: int, n_components: int = 0, learnt_variance: bool = False) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(pixels, 300), nn.ReLU())
        self.mu, self.lv = nn.Linear(300, latent_dim), nn.Linear(300, latent_dim)
        self.out = nn.Sequential(nn.Linear(latent_dim, 300), nn.ReLU(), nn.Linear(300, pixels))
        self.pi = nn.Parameter(torch.zeros(n_components)) if n_components else None
        self.centres = nn.Parameter(0.5 * torch.randn(n_components, latent_dim)) if n_components else None
        self.spread = nn.Parameter(torch.zeros(n_components, latent_dim)) if n_components else None
        self.noise = nn.Parameter(torch.full((pixels,), -2.0)) if learnt_variance else None

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.trunk(x)
        return self.mu(h), self.lv(h)

    def decode(self, z: Tensor) -> Tensor:
        decoded: Tensor = self.out(z)
        return decoded

    def log_prior(self, z: Tensor) -> Tensor:
        if self.pi is None or self.centres is None or self.spread is None:
            return distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
        parts = distributions.Independent(distributions.Normal(self.centres, (0.5 * self.spread).exp()), 1)
        mixture = distributions.MixtureSameFamily(distributions.Categorical(logits=self.pi), parts)
        log_p: Tensor = mixture.log_prob(z)
        return log_p

    def log_likelihood(self, x: Tensor, decoded: Tensor, likelihood: str) -> Tensor:
        if likelihood == "bernoulli":
            return -F.binary_cross_entropy_with_logits(decoded, x, reduction="none").sum(-1)
        if likelihood == "continuous_bernoulli":
            return distributions.ContinuousBernoulli(logits=decoded).log_prob(x).sum(-1)
        deviation = torch.tensor(0.3) if self.noise is None else (0.5 * self.noise).exp()
        return distributions.Normal(decoded, deviation).log_prob(x).sum(-1)


class _Probabilities(_Network):
    def decode(self, z: Tensor) -> Tensor:
        return torch.sigmoid(super().decode(z))

    def log_likelihood(self, x: Tensor, decoded: Tensor, likelihood: str) -> Tensor:
        if likelihood == "bernoulli":
            return -F.binary_cross_entropy(decoded, x, reduction="none").sum(-1)
        return super().log_likelihood(x, decoded, likelihood)


class _Offset(_Network):
    """Adds the mean image, which is neither a parameter nor a buffer."""

    offset: Tensor | float = 0.0

    def decode(self, z: Tensor) -> Tensor:
        return super().decode(z) + self.offset


class _Unregistered(nn.Module):
    """Its networks are in a list, where PyTorch does not see them."""

    def __init__(self, *sizes: Any, **options: Any) -> None:
        super().__init__()
        self.parts = [_Network(*sizes, **options)]

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.parts[0].encode(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.parts[0].decode(z)


def _train(
    images: Tensor,
    *,
    latent_dim: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    prior: str,
    likelihood: str,
    n_components: int,
    device: str,
    seed: int,
    snapshot_epochs: tuple[int, ...],
    network: type[nn.Module] = _Network,
    divergence: float = 1.0,
    noise: float = 1.0,
    power: float = 0.5,
    cut: bool = False,
    apart: bool = True,
    per_pixel: bool = False,
    zero_grad: bool = True,
    update: bool = True,
    full_batches: bool = False,
    told: float = 1.0,
    total: bool = False,
    copied: bool = True,
    learnt_prior: bool = True,
    batches: int | None = None,
    seeded: bool = True,
) -> Made:
    """A training loop that may have one thing wrong: what, its caller says."""
    if seeded:
        torch.manual_seed(seed)
    made = network(
        images.shape[1],
        latent_dim,
        n_components=n_components if prior == "mixture" else 0,
        learnt_variance=likelihood == "gaussian_learned",
    ).to(device)
    model = made.parts[0] if isinstance(made, _Unregistered) else made
    assert isinstance(model, _Network)
    if not apart and model.centres is not None:
        nn.init.zeros_(model.centres)
    if isinstance(model, _Offset) and epochs > 0:
        model.offset = 2 * torch.logit(images.mean(dim=0).clamp(0.01, 0.99)).to(device)
    learnt = [
        value for name, value in model.named_parameters() if learnt_prior or name not in ("pi", "centres", "spread")
    ]
    optimiser = torch.optim.Adam(learnt, lr=learning_rate)
    history: dict[str, Any] = {"elbo": [], "snapshots": {}}
    for epoch in range(1, epochs + 1):
        seen, gained = 0, 0.0
        order = torch.randperm(len(images)).split(batch_size)
        for rows in [r for r in order if not full_batches or len(r) == batch_size][:batches]:
            x = images[rows].to(device)
            mean, log_var = model.encode(x)
            deviation = (power * (log_var.detach() if cut else log_var)).exp()
            z = mean + noise * deviation * torch.randn_like(mean)
            reconstruction = model.log_likelihood(x, model.decode(z), likelihood)
            if prior == "normal":
                kl = -0.5 * (1 + log_var - mean.pow(2) - log_var.exp()).sum(-1)
            else:
                kl = distributions.Normal(mean, (0.5 * log_var).exp()).log_prob(z).sum(-1) - model.log_prior(z)
            bound = (reconstruction / (x.shape[1] if per_pixel else 1) - divergence * kl).mean()
            if zero_grad:
                optimiser.zero_grad()
            (-bound).backward()
            if update:
                optimiser.step()
            seen, gained = seen + len(x), gained + bound.item() * len(x)
        history["elbo"].append(told * gained / (1 if total else max(seen, 1)))
        if epoch in snapshot_epochs:
            history["snapshots"][epoch] = copy.deepcopy(made.state_dict()) if copied else made.state_dict()
    return made, history


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "kl_missing",
    "The KL divergence is not in the bound: this trains an autoencoder whose latent variables go anywhere.",
    severity="gap",
)
def _kl_missing(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, divergence=0.0)


@wrong("noise_missing", "The decoder gets the mean of q(z | x): nothing is sampled in training.", severity="gap")
def _noise_missing(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, noise=0.0)


@wrong(
    "variance_as_deviation",
    "The deviation of the noise is exp(log σ²), which is the variance: it is exp(log σ² / 2).",
    severity="slip",
    credit=0.9,
)
def _variance_as_deviation(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, power=1.0)


@wrong(
    "deviation_detached",
    "No gradient flows through the deviation of the noise: the log-variances see the KL alone.",
    severity="slip",
    credit=0.9,
)
def _deviation_detached(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, cut=True)


@wrong(
    "kl_of_the_wrong_sign",
    "The KL divergence is added to the bound: its sign is wrong, and the training runs away from the prior.",
    severity="slip",
)
def _kl_of_the_wrong_sign(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, divergence=-1.0)


@wrong(
    "reconstruction_averaged",
    "The reconstruction term is averaged over pixels while the KL is summed: the KL wins, and z says nothing of the image.",
    severity="slip",
)
def _reconstruction_averaged(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, per_pixel=True)


@wrong(
    "zero_grad_missing",
    "The gradients are never set to zero, so every step adds up those of all steps before it.",
    severity="slip",
    credit=0.5,
)
def _zero_grad_missing(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, zero_grad=False)


@wrong(
    "no_update",
    "The optimiser's `step` is never called, so the model stays as it was initialised.",
    severity="empty",
    credit=0,
)
def _no_update(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, update=False)


@wrong(
    "one_batch_per_epoch", "Only one batch is used in each epoch; an epoch is a pass over all images.", severity="gap"
)
def _one_batch_per_epoch(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, batches=1)


@wrong("one_epoch_only", "`epochs` is ignored: the model is trained for one epoch.", severity="slip")
def _one_epoch_only(images: Tensor, *, epochs: int, **settings: Any) -> Made:
    return _train(images, epochs=min(epochs, 1), **settings)


@wrong(
    "last_batch_dropped", "The last batch of an epoch is left out where it is not full.", severity="slip", credit=0.85
)
def _last_batch_dropped(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, full_batches=True)


@wrong("batch_size_ignored", "`batch_size` is ignored: batches have a fixed size.", severity="slip", credit=0.85)
def _batch_size_ignored(images: Tensor, *, batch_size: int, **settings: Any) -> Made:
    return _train(images, batch_size=32, **settings)


@wrong(
    "learning_rate_ignored",
    "`learning_rate` is ignored: the optimiser has one of its own.",
    severity="slip",
    credit=0.85,
)
def _learning_rate_ignored(images: Tensor, *, learning_rate: float, **settings: Any) -> Made:
    return _train(images, learning_rate=1e-3, **settings)


@wrong("seed_ignored", "`seed` is ignored: weights, order and noise cannot be had again.", severity="slip", credit=0.85)
def _seed_ignored(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, seeded=False)


@wrong("seed_ignored")  # it repeats itself whatever the seed
def _seed_fixed(images: Tensor, *, seed: int, **settings: Any) -> Made:
    return _train(images, seed=42, **settings)


@wrong(
    "likelihood_ignored",
    "`likelihood` is ignored: the loss is the Bernoulli one, whatever is asked for.",
    severity="slip",
)
def _likelihood_ignored(images: Tensor, *, likelihood: str, **settings: Any) -> Made:
    return _train(images, likelihood="bernoulli", **settings)


@wrong(
    "constant_missing",
    "The continuous Bernoulli has no normalising constant, and is the Bernoulli.",
    severity="slip",
    credit=0.9,
)
def _constant_missing(images: Tensor, *, likelihood: str, **settings: Any) -> Made:
    return _train(images, likelihood=likelihood.removeprefix("continuous_"), **settings)


@wrong(
    "variance_not_learnt",
    "With `gaussian_learned` the variance of the pixels is fixed, as with `gaussian`.",
    severity="slip",
    credit=0.85,
)
def _variance_not_learnt(images: Tensor, *, likelihood: str, **settings: Any) -> Made:
    return _train(images, likelihood=likelihood.removesuffix("_learned"), **settings)


@wrong("prior_ignored", "`prior` is ignored: it is the standard normal, whatever is asked for.", severity="slip")
def _prior_ignored(images: Tensor, *, prior: str, **settings: Any) -> Made:
    return _train(images, prior="normal", **settings)


@wrong(
    "mixture_not_learnt",
    "The mixture of the prior is not learnt: the optimiser does not get its parameters.",
    severity="slip",
    credit=0.85,
)
def _mixture_not_learnt(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, learnt_prior=False)


@wrong(
    "components_alike",
    "All components of the mixture start alike, get the same gradients, and stay one and the same.",
    severity="slip",
    credit=0.9,
)
def _components_alike(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, apart=False)


@wrong("loss_in_history", "The history holds the loss: the bound is its negative.", severity="slip", credit=0.9)
def _loss_in_history(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, told=-1.0)


@wrong(
    "history_not_per_image",
    "The history holds sums over images: the bound is asked for in nats per image.",
    severity="slip",
    credit=0.9,
)
def _history_not_per_image(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, total=True)


@wrong(
    "history_per_pixel",
    "The history holds the bound per pixel: it is asked for per image.",
    severity="slip",
    credit=0.9,
)
def _history_per_pixel(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, told=1 / images.shape[1])


@wrong(
    "snapshots_not_copied",
    "The snapshots are not copies: all of them hold the last weights.",
    severity="slip",
    credit=0.9,
)
def _snapshots_not_copied(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, copied=False)


@wrong("probabilities_decoded", "`decode` returns probabilities; logits are asked for.", severity="slip", credit=0.7)
def _probabilities_decoded(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, network=_Probabilities)


@wrong(
    "weights_not_registered",
    "The networks are in a plain list, where PyTorch does not see them: `state_dict()` is empty, and nothing can be saved.",
    severity="gap",
)
def _weights_not_registered(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, network=_Unregistered)


@wrong(
    "state_outside",
    "`decode` needs something that is neither a parameter nor a buffer: it is not in `state_dict()`, and is lost with the process.",
    severity="slip",
)
def _state_outside(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, network=_Offset)


@wrong("history_forgotten", "Only the model is returned; the history is asked for as well.", severity="slip")
def _history_forgotten(images: Tensor, **settings: Any) -> nn.Module:
    return _train(images, **settings)[0]


# -------------------------------------------------------------------------------------------------------- right answers


@right(
    "relu_and_kl_by_hand", "ReLU units, the KL by hand, torch.distributions for the rest; a variance for every pixel."
)
def _relu(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings)


class _Convolutional(nn.Module):
    def __init__(self, side: int, latent_dim: int, k: int) -> None:
        super().__init__()
        self.side, self.quarter = side, -(-side // 4)
        self.down = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.head = nn.Linear(16 * self.quarter**2, 2 * latent_dim)
        self.up = nn.Sequential(
            nn.Linear(latent_dim, 16 * self.quarter**2),
            nn.ReLU(),
            nn.Unflatten(1, (16, self.quarter, self.quarter)),
            nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1),
        )
        self.log_std = nn.Parameter(torch.tensor(-1.0))
        self.k_weights, self.k_means = nn.Parameter(torch.ones(k) / k), nn.Parameter(torch.randn(k, latent_dim))
        self.k_scales = nn.Parameter(torch.zeros(k, latent_dim))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_var = self.head(self.down(2 * x.view(-1, 1, self.side, self.side) - 1)).chunk(2, dim=1)
        return mean, log_var

    def decode(self, z: Tensor) -> Tensor:
        image: Tensor = self.up(z)
        return image[:, 0, : self.side, : self.side].flatten(1)


@right(
    "convolutions",
    "Convolutions, AdamW, a loader, summed losses, two draws of z, the bound of the whole data set after every epoch.",
)
def _convolutions(
    images: Tensor,
    *,
    latent_dim: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    prior: str = "normal",
    likelihood: str = "bernoulli",
    n_components: int = 10,
    device: str,
    seed: int,
    snapshot_epochs: tuple[int, ...] = (),
) -> Made:
    torch.manual_seed(seed)
    model = _Convolutional(round(images.shape[1] ** 0.5), latent_dim, n_components).to(device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2 * learning_rate)

    def loss(x: Tensor) -> Tensor:
        mean, log_var = model.encode(x)
        q = distributions.Independent(distributions.Normal(mean, torch.exp(log_var / 2)), 1)
        value = torch.zeros((), device=device)
        for _ in range(2):
            z = q.rsample()
            if prior == "mixture":
                parts = distributions.Independent(
                    distributions.Normal(model.k_means, F.softplus(model.k_scales) + 1e-3), 1
                )
                weights = distributions.Categorical(logits=model.k_weights)
                p: Any = distributions.MixtureSameFamily(weights, parts)
            else:
                p = distributions.MultivariateNormal(
                    torch.zeros(latent_dim, device=device), torch.eye(latent_dim, device=device)
                )
            y = model.decode(z)
            if likelihood == "bernoulli":
                fit = -F.binary_cross_entropy_with_logits(y, x, reduction="sum")
            elif likelihood == "continuous_bernoulli":
                fit = distributions.ContinuousBernoulli(logits=y).log_prob(x).sum()
            else:
                log_std = model.log_std if likelihood == "gaussian_learned" else torch.tensor(-1.0, device=device)
                fit = distributions.Normal(y, log_std.exp()).log_prob(x).sum()
            value = value - 0.5 * (fit + (p.log_prob(z) - q.log_prob(z)).sum())
        return value

    history: dict[str, Any] = {"elbo": []}
    for epoch in range(epochs):
        for (x,) in DataLoader(TensorDataset(images), batch_size=batch_size, shuffle=True):
            model.zero_grad()
            loss(x.to(device)).backward()
            optimiser.step()
        with torch.no_grad():
            history["elbo"].append(-loss(images.to(device)).item() / len(images))
        if epoch + 1 in snapshot_epochs:
            weights = {name: value.cpu().clone() for name, value in model.state_dict().items()}
            history.setdefault("snapshots", {})[epoch + 1] = weights
    return model.eval(), history


class _Annealed(nn.Module):
    """Batch normalisation in the encoder; what else is learnt is in a dictionary."""

    def __init__(self, pixels: int, latent_dim: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(pixels, 256), nn.BatchNorm1d(256), nn.ELU())
        self.mean, self.log_std = nn.Linear(256, latent_dim), nn.Linear(256, latent_dim)
        self.outer = nn.Sequential(nn.Linear(latent_dim, 256), nn.Tanh(), nn.Linear(256, pixels))
        self.extra = nn.ParameterDict()

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.inner(x)
        return self.mean(h), 2 * self.log_std(h)

    def decode(self, z: Tensor) -> Tensor:
        decoded: Tensor = self.outer(z)
        return decoded


@right("annealed", "The KL fades in, steps of RMSprop shrink, the encoder normalises batches; no snapshots are kept.")
def _annealed(
    images: Tensor,
    *,
    latent_dim: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    prior: str = "normal",
    likelihood: str = "bernoulli",
    n_components: int = 10,
    device: str,
    seed: int,
    snapshot_epochs: tuple[int, ...] = (),
) -> Made:
    torch.manual_seed(seed)
    model = _Annealed(images.shape[1], latent_dim).to(device)
    if prior == "mixture":
        model.extra["mixture"] = nn.Parameter(torch.randn(n_components, 2 * latent_dim + 1, device=device) * 0.3)
    if likelihood == "gaussian_learned":
        model.extra["precision"] = nn.Parameter(torch.zeros(1, device=device))
    optimiser = torch.optim.RMSprop(model.parameters(), lr=learning_rate)
    steps = max(1, epochs * -(-len(images) // batch_size))
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.1, total_iters=steps)
    bounds, step = [], 0
    for _ in range(epochs):
        model.train()
        sums = 0.0
        for x in images[torch.randperm(len(images))].split(batch_size):
            step += 1
            mean, log_var = model.encode(x.to(device))
            z = torch.normal(mean.detach(), 1.0)
            z = mean + (z - mean.detach()) * torch.exp(0.5 * log_var)
            log_q = -0.5 * (log_var + (z - mean) ** 2 / log_var.exp() + 1.8378771).sum(1)
            if prior == "mixture":
                share, centre, scale = model.extra["mixture"].split([1, latent_dim, latent_dim], dim=1)
                far = -0.5 * (2 * scale + (z[:, None] - centre) ** 2 * torch.exp(-2 * scale) + 1.8378771).sum(2)
                log_p = torch.logsumexp(far + torch.log_softmax(share[:, 0], 0), dim=1)
            else:
                log_p = -0.5 * (z**2 + 1.8378771).sum(1)
            y, target = model.decode(z), x.to(device)
            if likelihood in ("gaussian", "gaussian_learned"):
                precision = (
                    model.extra["precision"] if likelihood == "gaussian_learned" else torch.zeros(1, device=device)
                )
                squares = torch.exp(precision + 2.0) * (target - y) ** 2
                log_x = -0.5 * (squares - precision - 2.0 + 1.8378771).sum(1)
            else:
                log_x = (target * F.logsigmoid(y) + (1 - target) * F.logsigmoid(-y)).sum(1)
                if likelihood == "continuous_bernoulli":
                    safe = torch.where(y.abs() < 1e-2, torch.full_like(y, 1e-2), y)
                    log_x = log_x + torch.log(safe / torch.tanh(0.5 * safe)).sum(1)
            fade = min(1.0, 4 * step / steps)
            optimiser.zero_grad()
            (fade * (log_q - log_p) - log_x).mean().backward()
            optimiser.step()
            schedule.step()
            sums += float((log_x - log_q + log_p).sum().detach())
        bounds.append(sums / len(images))
    return model.eval(), {"elbo": bounds}
