"""What is held against the checks of `train_hierarchical_vae`."""

import math
from typing import Any

import torch
from torch import Tensor, distributions, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from autograder.authoring.candidates import right, wrong

Made = tuple[nn.Module, dict[str, Any]]


class _Gaussian(nn.Module):
    def __init__(self, inputs: int, outputs: int, hidden: int = 200) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 2 * outputs))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_var = self.net(x).chunk(2, dim=-1)
        return mean, log_var


class _Levels(nn.Module):
    """Its parts are what the task calls them."""

    def __init__(self, pixels: int, latent_dim: int, top_dim: int) -> None:
        super().__init__()
        self.q1, self.q2, self.p1 = (
            _Gaussian(*sizes) for sizes in ((pixels, latent_dim), (latent_dim, top_dim), (top_dim, latent_dim))
        )
        self.decoder = nn.Sequential(nn.Linear(latent_dim, 300), nn.ReLU(), nn.Linear(300, pixels))


class _Offset(_Levels):
    """Its prior has a mean that is neither a parameter nor a buffer."""

    def __init__(self, pixels: int, latent_dim: int, top_dim: int) -> None:
        super().__init__(pixels, latent_dim, top_dim)
        self.mean_image: Tensor | float = 0.0
        decode = self.decoder.forward
        self.decoder.forward = lambda z: decode(z) + self.mean_image  # type: ignore[method-assign]


def _log_normal(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    return -0.5 * (math.log(2 * math.pi) + log_var + (z - mean) ** 2 / log_var.exp()).sum(-1)


def _train(
    images: Tensor,
    *,
    latent_dim: int,
    top_dim: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    device: str,
    seed: int,
    network: type[_Levels] = _Levels,
    noise: float = 1.0,
    lower: float = 1.0,
    upper: float = 1.0,
    per_pixel: bool = False,
    plain_prior: bool = False,
    zero_grad: bool = True,
    update: bool = True,
    full_batches: bool = False,
    told: tuple[float, float, float] = (1.0, 1.0, 1.0),
    swapped: bool = False,
    total: bool = False,
    seeded: bool = True,
) -> Made:
    """A training loop that may have one thing wrong: what, its caller says."""
    if seeded:
        torch.manual_seed(seed)
    model = network(images.shape[1], latent_dim, top_dim).to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
    history: dict[str, Any] = {"elbo": [], "kl_1": [], "kl_2": []}
    if isinstance(model, _Offset) and epochs > 0:
        model.mean_image = 2 * torch.logit(images.mean(dim=0).clamp(0.01, 0.99)).to(device)
    for _ in range(epochs):
        seen, sums = 0, torch.zeros(3)
        for rows in [
            r for r in torch.randperm(len(images)).split(batch_size) if not full_batches or len(r) == batch_size
        ]:
            x = images[rows].to(device)
            mean, log_var = model.q1(x)
            z1 = mean + noise * (0.5 * log_var).exp() * torch.randn_like(mean)
            top, top_log_var = model.q2(z1)
            z2 = top + noise * (0.5 * top_log_var).exp() * torch.randn_like(top)
            prior, prior_log_var = model.p1(z2)
            if plain_prior:
                prior, prior_log_var = torch.zeros_like(prior), torch.zeros_like(prior)
            recon = -F.binary_cross_entropy_with_logits(model.decoder(z1), x, reduction="none").sum(-1)
            ratio = _log_normal(z1, mean, log_var) - _log_normal(z1, prior, prior_log_var)
            kl = 0.5 * (top_log_var.exp() + top.pow(2) - 1 - top_log_var).sum(-1)
            bound = recon / (x.shape[1] if per_pixel else 1) - lower * ratio - upper * kl
            if zero_grad:
                optimiser.zero_grad()
            (-bound.mean()).backward()
            if update:
                optimiser.step()
            seen += len(x)
            sums += torch.stack([part.detach().sum().cpu() for part in (bound, ratio, kl)])
        means = (sums / (1 if total else max(seen, 1))).tolist()
        if swapped:
            means = [means[0], means[2], means[1]]
        for name, value, factor in zip(history, means, told, strict=True):
            history[name].append(factor * value)
    return model, history


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "ratio_reversed",
    "The bound has + log q(z₁ | x) − log p(z₁ | z₂): it is the reciprocal of the ratio whose logarithm is added.",
    severity="slip",
)
def _ratio_reversed(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, lower=-1.0)


@wrong(
    "lower_missing",
    "log p(z₁ | z₂) − log q(z₁ | x) is not in the bound: what z₁ tells of an image costs nothing.",
    severity="gap",
)
def _lower_missing(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, lower=0.0)


@wrong("lower_missing")  # nor is the other level: this trains an autoencoder
def _kl_missing(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, lower=0.0, upper=0.0)


@wrong(
    "upper_missing",
    "The KL of the upper level is not in the bound: what z₂ tells of z₁ costs nothing.",
    severity="slip",
)
def _upper_missing(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, upper=0.0)


@wrong(
    "upper_of_the_wrong_sign",
    "The KL of the upper level is added: its sign is wrong, and the training runs away from the prior.",
    severity="slip",
)
def _upper_of_the_wrong_sign(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, upper=-1.0)


@wrong("noise_missing", "Nothing is sampled: the decoder gets the mean of q(z₁ | x).", severity="gap")
def _noise_missing(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, noise=0.0)


@wrong(
    "kl_hardly_counts",
    "Both KL terms count a tenth only, so q is much narrower than the bound is best for.",
    severity="slip",
)
def _kl_hardly_counts(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, lower=0.1, upper=0.1)


@wrong(
    "reconstruction_averaged",
    "The reconstruction term is averaged over pixels while the KL terms are summed: they win, and z says nothing of the image.",
    severity="slip",
)
def _reconstruction_averaged(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, per_pixel=True)


@wrong(
    "standard_prior",
    "z₁ is charged against N(0, I) and not against p(z₁ | z₂): there is no second level.",
    severity="gap",
)
def _standard_prior(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, plain_prior=True)


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


@wrong("loss_in_history", "The history holds the loss: the bound is its negative.", severity="slip", credit=0.9)
def _loss_in_history(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, told=(-1.0, 1.0, 1.0))


@wrong(
    "terms_swapped",
    "In the history `kl_1` is the upper level and `kl_2` the lower one: it is the other way round.",
    severity="slip",
    credit=0.9,
)
def _terms_swapped(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, swapped=True)


@wrong(
    "history_not_per_image",
    "The history holds sums over images: nats per image are asked for.",
    severity="slip",
    credit=0.9,
)
def _history_not_per_image(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, total=True)


@wrong(
    "state_outside",
    "Something that `p1` or `decoder` needs is neither a parameter nor a buffer: it is not in `state_dict()`.",
    severity="slip",
)
def _state_outside(images: Tensor, **settings: Any) -> Made:
    return _train(images, **settings, network=_Offset)


@wrong("history_forgotten", "Only the model is returned; the history is asked for as well.", severity="slip")
def _history_forgotten(images: Tensor, **settings: Any) -> nn.Module:
    return _train(images, **settings)[0]


# --------------------------------------------------------------------------------------------------------- right answers


@right("loaders", "A DataLoader, torch.distributions, RMSprop, and the upper level's KL estimated at the draw.")
def _loaders(
    images: Tensor,
    *,
    latent_dim: int,
    top_dim: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    device: str,
    seed: int,
) -> tuple[nn.Module, dict[str, Any]]:
    def law(parameters: tuple[Tensor, Tensor]) -> distributions.Distribution:
        mean, log_var = parameters
        return distributions.Independent(distributions.Normal(mean, torch.exp(log_var / 2)), 1)

    torch.manual_seed(seed)
    model = _Levels(images.shape[1], latent_dim, top_dim).to(device)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=learning_rate)
    loader = DataLoader(TensorDataset(images), batch_size=batch_size, shuffle=True)
    history: dict[str, Any] = {"elbo": [], "kl_1": [], "kl_2": [], "loss": []}
    for _ in range(epochs):
        rows = []
        for (x,) in loader:
            x = x.to(device)
            q1 = law(model.q1(x))
            z1 = q1.rsample()
            q2 = law(model.q2(z1))
            z2 = q2.rsample()
            standard = law((torch.zeros_like(z2), torch.zeros_like(z2)))
            first = q1.log_prob(z1) - law(model.p1(z2)).log_prob(z1)
            second = q2.log_prob(z2) - standard.log_prob(z2)
            pixels = distributions.Independent(distributions.Bernoulli(logits=model.decoder(z1)), 1)
            elbo = pixels.log_prob(x) - first - second
            loss = -elbo.mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rows.append(torch.stack([elbo, first, second]).detach())
        for name, value in zip(("elbo", "kl_1", "kl_2"), torch.cat(rows, dim=1).mean(dim=1), strict=True):
            history[name].append(value)
        history["loss"].append(-history["elbo"][-1].item())
    return model, history


@right(
    "methods",
    "q1, q2, p1 and decoder are methods; tanh, the history is of the training images after each epoch, two draws.",
)
def _methods(
    images: Tensor,
    *,
    latent_dim: int,
    top_dim: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    device: str,
    seed: int,
) -> tuple[nn.Module, dict[str, Any]]:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(images.shape[1], 150)
            self.am, self.av = nn.Linear(150, latent_dim), nn.Linear(150, latent_dim)
            self.b = nn.Linear(latent_dim, 50)
            self.bm, self.bv = nn.Linear(50, top_dim), nn.Linear(50, top_dim)
            self.c = nn.Linear(top_dim, 50)
            self.cm, self.cv = nn.Linear(50, latent_dim), nn.Linear(50, latent_dim)
            self.d1, self.d2 = nn.Linear(latent_dim, 150), nn.Linear(150, images.shape[1])

        def q1(self, x: Tensor) -> list[Tensor]:
            h = torch.tanh(self.a(x))
            return [self.am(h), self.av(h)]

        def q2(self, z1: Tensor) -> tuple[Tensor, Tensor]:
            h = torch.tanh(self.b(z1))
            return self.bm(h), self.bv(h)

        def p1(self, z2: Tensor) -> tuple[Tensor, Tensor]:
            h = torch.tanh(self.c(z2))
            return self.cm(h), self.cv(h)

        def decoder(self, z1: Tensor) -> Tensor:
            logits: Tensor = self.d2(torch.tanh(self.d1(z1)))
            return logits

        def terms(self, x: Tensor, draws: int) -> Tensor:
            x = x.repeat(draws, 1)
            m1, v1 = self.q1(x)
            z1 = m1 + torch.exp(v1 / 2) * torch.randn_like(m1)
            m2, v2 = self.q2(z1)
            z2 = m2 + torch.exp(v2 / 2) * torch.randn_like(m2)
            m, v = self.p1(z2)
            first = 0.5 * ((z1 - m) ** 2 / v.exp() + v - (z1 - m1) ** 2 / v1.exp() - v1).sum(1)
            second = 0.5 * (v2.exp() + m2**2 - 1 - v2).sum(1)
            logits = self.decoder(z1)
            return torch.stack([(x * logits - F.softplus(logits)).sum(1) - first - second, first, second])

    torch.manual_seed(seed)
    model = Model().to(device)
    images = images.to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2 * learning_rate, weight_decay=1e-3)
    history: dict[str, Any] = {"elbo": [], "kl_1": [], "kl_2": []}
    for _ in range(epochs):
        order = torch.randperm(len(images), device=device)
        for start in range(0, len(images), batch_size):
            optimizer.zero_grad()
            loss = -model.terms(images[order[start : start + batch_size]], 2)[0].mean()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            for name, value in zip(history, model.terms(images, 1).mean(1).tolist(), strict=True):
                history[name].append(value)
    return model, history
