"""What is held against the checks of `fit_top_posterior`."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional as F

from autograder.authoring.candidates import graded, right, wrong
from reference.densities import gaussian_log_density
from reference.divergences import kl_standard_normal
from reference.inpainting import fit_top_posterior, log_joint_top, svi_elbo

# ------------------------------------------------------------------------------------------------------- named mistakes


Bound = Callable[..., Tensor]


def _climb(x_top, latent_dim, steps, learning_rate, seed, bound: Bound, start=0.0, frozen=()):
    """The fit with another `bound(mean, log_var, generator)`; `frozen` are the numbers of parameters that are not trained."""
    generator = Generator().manual_seed(seed)
    parameters = [torch.full((latent_dim,), start, dtype=x_top.dtype, requires_grad=True) for _ in range(2)]
    moved = [p for k, p in enumerate(parameters) if k not in frozen]
    optimiser = torch.optim.Adam(moved, lr=learning_rate)
    for _ in range(steps):
        loss = -bound(*parameters, generator)
        for parameter, gradient in zip(moved, torch.autograd.grad(loss, moved, allow_unused=True), strict=True):
            parameter.grad = gradient
        optimiser.step()
    return tuple(p.detach() for p in parameters)


def _fitted(x_top, decoder, **settings):
    """The right answer, not by its name: whatever calls that is put on top of every other mistake, and each costs a fit."""
    return fit_top_posterior(x_top, decoder, **settings)


def _kl(mean, log_var):
    return kl_standard_normal(mean[None], log_var[None])[0]


def _log_likelihood(x_top, z, decoder):
    return Bernoulli(logits=decoder(z)[:, :392]).log_prob(x_top).sum(-1)


def _draws(mean, log_var, n_samples, generator):
    noise = torch.randn(n_samples, len(mean), generator=generator, dtype=mean.dtype)
    return mean + torch.exp(0.5 * log_var) * noise


@wrong(
    "kl_missing", "Only log p(x_top | z) is climbed: without the KL divergence q shrinks to a point.", severity="gap"
)
def _kl_missing(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    def bound(mean, log_var, generator):
        return svi_elbo(x_top, mean, log_var, decoder, n_samples, generator) + _kl(mean, log_var)

    return _climb(x_top, latent_dim, steps, learning_rate, seed, bound)


@wrong(
    "log_q_missing",
    "log q(z) is missing: log p(x_top, z) alone has its highest value at a single point, so q shrinks to it.",
    severity="gap",
)
def _log_q_missing(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    def bound(mean, log_var, generator):
        return log_joint_top(x_top, _draws(mean, log_var, n_samples, generator), decoder).mean()

    return _climb(x_top, latent_dim, steps, learning_rate, seed, bound)


@wrong("kl_twice", "The KL divergence counts twice: its factor ½ is missing.", severity="slip")
def _kl_twice(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    def bound(mean, log_var, generator):
        return svi_elbo(x_top, mean, log_var, decoder, n_samples, generator) - _kl(mean, log_var)

    return _climb(x_top, latent_dim, steps, learning_rate, seed, bound)


@wrong("kl_half", "The KL divergence counts half: there is a factor ½ too many.", severity="slip")
def _kl_half(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    def bound(mean, log_var, generator):
        return svi_elbo(x_top, mean, log_var, decoder, n_samples, generator) + 0.5 * _kl(mean, log_var)

    return _climb(x_top, latent_dim, steps, learning_rate, seed, bound)


@wrong("kl_averaged", "The KL divergence is averaged over the latent dimensions; it is their sum.", severity="slip")
def _kl_averaged(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    def bound(mean, log_var, generator):
        estimate = svi_elbo(x_top, mean, log_var, decoder, n_samples, generator)
        return estimate + (1 - 1 / latent_dim) * _kl(mean, log_var)

    return _climb(x_top, latent_dim, steps, learning_rate, seed, bound)


@wrong(
    "descends",
    "The bound is minimised: a step goes up the bound, or down its negative.",
    severity="slip",
    credit=0.5,
)
def _descends(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    def bound(mean, log_var, generator):
        return -svi_elbo(x_top, mean, log_var, decoder, n_samples, generator)

    return _climb(x_top, latent_dim, steps, learning_rate, seed, bound)


@wrong(
    "averaged_over_pixels",
    "log p(x_top | z) is averaged over the pixels; it is their sum. So the prior decides nearly alone.",
    severity="slip",
)
def _averaged_over_pixels(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    def bound(mean, log_var, generator):
        z = _draws(mean, log_var, n_samples, generator)
        return _log_likelihood(x_top, z, decoder).mean() / 392 - _kl(mean, log_var)

    return _climb(x_top, latent_dim, steps, learning_rate, seed, bound)


@wrong(
    "padded_with_black",
    "The image is filled up with zeros, and all 784 pixels are scored: unobserved pixels are not black, they are left out.",
    severity="gap",
)
def _padded_with_black(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    image = torch.cat([x_top, torch.zeros_like(x_top)])

    def bound(mean, log_var, generator):
        z = _draws(mean, log_var, n_samples, generator)
        return Bernoulli(logits=decoder(z)).log_prob(image).sum(-1).mean() - _kl(mean, log_var)

    return _climb(x_top, latent_dim, steps, learning_rate, seed, bound)


@wrong(
    "lower_logits",
    "The upper pixels are scored with the logits of the lower half: the upper ones come first.",
    severity="slip",
)
def _lower_logits(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    return _fitted(
        x_top,
        lambda z: decoder(z).roll(392, -1),
        latent_dim=latent_dim,
        steps=steps,
        learning_rate=learning_rate,
        n_samples=n_samples,
        seed=seed,
    )


@wrong(
    "left_logits",
    "The logits are those of the left half (columns 0 to 13); the upper half has rows 0 to 13, which come first.",
    severity="slip",
)
def _left_logits(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    return _fitted(
        x_top,
        lambda z: decoder(z).reshape(-1, 28, 28).mT.flatten(1),  # the left half comes first
        latent_dim=latent_dim,
        steps=steps,
        learning_rate=learning_rate,
        n_samples=n_samples,
        seed=seed,
    )


@wrong(
    "sigmoid_twice",
    "The sigmoid is applied twice: once by you, and once by what takes logits.",
    severity="slip",
    credit=0.5,
)
def _sigmoid_twice(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    return _fitted(
        x_top,
        lambda z: torch.sigmoid(decoder(z)),
        latent_dim=latent_dim,
        steps=steps,
        learning_rate=learning_rate,
        n_samples=n_samples,
        seed=seed,
    )


@wrong(
    "detached_sample",
    "z is cut from the graph (`sample` for `rsample`, or `no_grad`), so the image has no influence: q goes to the prior.",
    severity="gap",
    credit=0.5,
)
def _detached_sample(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    def bound(mean, log_var, generator):
        z = _draws(mean, log_var, n_samples, generator).detach()
        return _log_likelihood(x_top, z, decoder).mean() - _kl(mean, log_var)

    return _climb(x_top, latent_dim, steps, learning_rate, seed, bound, start=0.5)  # at 0 nothing moves: `not_trained`


@wrong("only_mean", "The variance is never trained: log σ² stays where it started.", severity="gap")
def _only_mean(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    def bound(mean, log_var, generator):
        return svi_elbo(x_top, mean, log_var, decoder, n_samples, generator)

    return _climb(x_top, latent_dim, steps, learning_rate, seed, bound, frozen=(1,))


@wrong(
    "not_trained",
    "Nothing is trained: this is where the fit starts, be it that no step is taken, or that z is cut from the graph.",
    severity="empty",
    credit=0,
)
def _not_trained(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    return torch.zeros(latent_dim, dtype=x_top.dtype), torch.zeros(latent_dim, dtype=x_top.dtype)


@wrong("log_std", "log σ is returned; the result is log σ² = 2 log σ.", severity="slip", credit=0.75)
def _log_std(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    mean, log_var = _fitted(
        x_top,
        decoder,
        latent_dim=latent_dim,
        steps=steps,
        learning_rate=learning_rate,
        n_samples=n_samples,
        seed=seed,
    )
    return mean, log_var / 2


@wrong("variance", "The variance is returned; the result is its logarithm.", severity="slip", credit=0.75)
def _variance(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    mean, log_var = _fitted(
        x_top,
        decoder,
        latent_dim=latent_dim,
        steps=steps,
        learning_rate=learning_rate,
        n_samples=n_samples,
        seed=seed,
    )
    return mean, log_var.exp()


@wrong("order", "The results are in the wrong order: the mean comes first.", severity="slip", credit=0.75)
def _order(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    mean, log_var = _fitted(
        x_top,
        decoder,
        latent_dim=latent_dim,
        steps=steps,
        learning_rate=learning_rate,
        n_samples=n_samples,
        seed=seed,
    )
    return log_var, mean


@wrong(
    "variance_as_std",
    "The noise is multiplied by the variance e^{log_var}; it belongs to σ = e^{½ log_var}.",
    severity="slip",
)
def _variance_as_std(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    def bound(mean, log_var, generator):
        z = _draws(mean, 2 * log_var, n_samples, generator)
        return _log_likelihood(x_top, z, decoder).mean() - _kl(mean, log_var)

    return _climb(x_top, latent_dim, steps, learning_rate, seed, bound)


@wrong(
    "same_noise_every_step",
    "The noise is drawn once, before the loop: q fits these few numbers, every step needs new ones.",
    severity="slip",
)
def _same_noise_every_step(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    def bound(mean, log_var, generator):
        return svi_elbo(x_top, mean, log_var, decoder, n_samples, Generator().manual_seed(seed))

    return _climb(x_top, latent_dim, steps, learning_rate, seed, bound)


@wrong(
    "shared_over_latents",
    "One number is drawn for all latent dimensions of z; each needs its own.",
    severity="slip",
)
def _shared_over_latents(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    def bound(mean, log_var, generator):
        noise = torch.randn(n_samples, 1, generator=generator, dtype=mean.dtype)
        z = mean + torch.exp(0.5 * log_var) * noise
        return _log_likelihood(x_top, z, decoder).mean() - _kl(mean, log_var)

    return _climb(x_top, latent_dim, steps, learning_rate, seed, bound)


@wrong("one_draw", "One z is drawn in every step, whatever `n_samples` is.", severity="slip", credit=0.75)
def _one_draw(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    return _fitted(
        x_top, decoder, latent_dim=latent_dim, steps=steps, learning_rate=learning_rate, n_samples=1, seed=seed
    )


@wrong("uniform_noise", "The noise is uniform (`rand`); it must be standard normal (`randn`).", severity="slip")
def _uniform_noise(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    def bound(mean, log_var, generator):
        noise = torch.rand(n_samples, latent_dim, generator=generator, dtype=mean.dtype)
        z = mean + torch.exp(0.5 * log_var) * noise
        return _log_likelihood(x_top, z, decoder).mean() - _kl(mean, log_var)

    return _climb(x_top, latent_dim, steps, learning_rate, seed, bound)


@wrong("own_steps", "The number of steps is a constant: `steps` is not used.", severity="slip", credit=0.8)
def _own_steps(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    return _fitted(
        x_top,
        decoder,
        latent_dim=latent_dim,
        steps=150,
        learning_rate=learning_rate,
        n_samples=n_samples,
        seed=seed,
    )


@wrong(
    "own_learning_rate", "The learning rate is a constant: `learning_rate` is not used.", severity="slip", credit=0.8
)
def _own_learning_rate(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    return _fitted(
        x_top, decoder, latent_dim=latent_dim, steps=steps, learning_rate=0.05, n_samples=n_samples, seed=seed
    )


@wrong(
    "not_seeded",
    "The noise does not depend on `seed`: the same call has another result every time.",
    severity="slip",
    credit=0.85,
)
def _not_seeded(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    return _fitted(
        x_top,
        decoder,
        latent_dim=latent_dim,
        steps=steps,
        learning_rate=learning_rate,
        n_samples=n_samples,
        seed=int(torch.randint(2**31, ())),
    )


@wrong("constant_seed", "The seed is a constant: `seed` is not used.", severity="slip", credit=0.85)
def _constant_seed(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    return _fitted(
        x_top,
        decoder,
        latent_dim=latent_dim,
        steps=steps,
        learning_rate=learning_rate,
        n_samples=n_samples,
        seed=42,
    )


@wrong(
    "decoder_trained",
    "The decoder's weights are trained together with q: it is given, and must stay as it is.",
    severity="gap",
)
def _decoder_trained(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    generator = Generator().manual_seed(seed)
    mean, log_var = (torch.zeros(latent_dim, dtype=x_top.dtype, requires_grad=True) for _ in range(2))
    weights = [w.requires_grad_() for w in decoder.parameters()]
    optimiser = torch.optim.Adam([mean, log_var, *weights], lr=learning_rate)
    for _ in range(steps):
        optimiser.zero_grad()
        (-svi_elbo(x_top, mean, log_var, decoder, n_samples, generator)).backward()
        optimiser.step()
    return mean.detach(), log_var.detach()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("same_noise_every_step")
def _noise_before_the_loop(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    """With the closed form of the KL divergence q stays finite."""
    noise = torch.randn(n_samples, latent_dim, generator=Generator().manual_seed(seed), dtype=x_top.dtype)

    def bound(mean, log_var, generator):
        z = mean + torch.exp(0.5 * log_var) * noise
        return _log_likelihood(x_top, z, decoder).mean() - _kl(mean, log_var)

    return _climb(x_top, latent_dim, steps, learning_rate, seed, bound)


# ------------------------------------------------------------------------------------------------------- in other words


def _parameters(latent_dim, dtype):
    return [torch.nn.Parameter(torch.zeros(latent_dim, dtype=dtype)) for _ in range(2)]


@wrong("kl_missing", rewritten=True)
def _likelihood_only(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    torch.manual_seed(seed)
    mean, log_var = _parameters(latent_dim, x_top.dtype)
    optimiser = torch.optim.Adam([mean, log_var], lr=learning_rate)
    for _ in range(steps):
        optimiser.zero_grad()
        z = Normal(mean, torch.exp(log_var / 2)).rsample((n_samples,))
        logits = decoder(z)[:, :392]
        F.binary_cross_entropy_with_logits(logits, x_top.expand_as(logits), reduction="sum").div(n_samples).backward()
        optimiser.step()
    return mean.data, log_var.data


@wrong("log_std", rewritten=True)
def _log_sigma(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    torch.manual_seed(seed)
    mean, log_std = _parameters(latent_dim, x_top.dtype)
    optimiser = torch.optim.Adam([mean, log_std], lr=learning_rate)
    for _ in range(steps):
        optimiser.zero_grad()
        q = Normal(mean, log_std.exp())
        log_p = Bernoulli(logits=decoder(q.rsample((n_samples,)))[:, :392]).log_prob(x_top).sum(-1).mean()
        (kl_divergence(q, Normal(torch.zeros_like(mean), 1.0)).sum() - log_p).backward()
        optimiser.step()
    return mean.data, log_std.data


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _wide_prior(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    """The prior has the standard deviation 3."""
    torch.manual_seed(seed)
    mean, log_var = _parameters(latent_dim, x_top.dtype)
    optimiser = torch.optim.Adam([mean, log_var], lr=learning_rate)
    for _ in range(steps):
        optimiser.zero_grad()
        q = Normal(mean, torch.exp(log_var / 2))
        log_p = Bernoulli(logits=decoder(q.rsample((n_samples,)))[:, :392]).log_prob(x_top).sum(-1).mean()
        (kl_divergence(q, Normal(torch.zeros_like(mean), 3.0)).sum() - log_p).backward()
        optimiser.step()
    return mean.data, log_var.data


@wrong()
def _one_variance(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    """All latent dimensions have the same variance."""

    def bound(mean, log_var, generator):
        return svi_elbo(x_top, mean, log_var.mean().expand(latent_dim), decoder, n_samples, generator)

    mean, log_var = _climb(x_top, latent_dim, steps, learning_rate, seed, bound)
    return mean, log_var.mean().repeat(latent_dim)


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.75, "log σ is what is optimised, and what is returned.")
def _phi_log_sigma(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    torch.manual_seed(seed)
    phi = torch.zeros(2, latent_dim, dtype=x_top.dtype, requires_grad=True)
    optimiser = torch.optim.Adam([phi], lr=learning_rate)
    for _ in range(steps):
        z = phi[0] + phi[1].exp() * torch.randn(n_samples, latent_dim, dtype=x_top.dtype)
        log_p = log_joint_top(x_top, z, decoder)
        bound = (log_p - gaussian_log_density(z, phi[0], 2 * phi[1])).mean()
        optimiser.zero_grad()
        (-bound).backward()
        optimiser.step()
    return phi[0].detach(), phi[1].detach()


# -------------------------------------------------------------------------------------------------------- right answers


@right(
    "distributions",
    "torch.distributions, with the closed form of the KL divergence; log σ is optimised, from a random start.",
)
def _distributions(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    torch.manual_seed(seed)
    mean = torch.randn(latent_dim, dtype=x_top.dtype).requires_grad_()
    log_std = (0.1 * torch.randn(latent_dim, dtype=x_top.dtype)).requires_grad_()
    optimiser = torch.optim.Adam([mean, log_std], lr=learning_rate)
    for _ in range(steps):
        q = Normal(mean, log_std.exp())
        log_p = Bernoulli(logits=decoder(q.rsample((n_samples,)))[:, :392]).log_prob(x_top).sum(-1)
        loss = kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum() - log_p.mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return mean, 2 * log_std


@right("gradient_ascent", "Plain gradient ascent by hand, in one vector of parameters.")
def _gradient_ascent(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    torch.manual_seed(seed)
    phi = torch.zeros(2 * latent_dim, dtype=x_top.dtype)
    for _ in range(steps):
        phi.requires_grad_()
        mean, log_var = phi.chunk(2)
        z = mean + torch.exp(log_var / 2) * torch.randn(n_samples, latent_dim, dtype=x_top.dtype)
        log_ratio = 0.5 * ((z - mean) ** 2 / log_var.exp() + log_var - z**2).sum(-1)
        log_p = -F.softplus((1 - 2 * x_top) * decoder(z)[:, :392]).sum(-1)
        (gradient,) = torch.autograd.grad((log_p + log_ratio).mean(), phi)
        phi = (phi + learning_rate * gradient).detach()
    return phi[:latent_dim].clone(), phi[latent_dim:].clone()


@right("momentum", "Stochastic gradient descent with momentum; log σ is optimised, and nothing is in closed form.")
def _momentum(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    torch.manual_seed(seed)
    mean, log_std = _parameters(latent_dim, x_top.dtype)
    optimiser = torch.optim.SGD([mean, log_std], lr=learning_rate, momentum=0.9)
    for _ in range(steps):
        z = mean + torch.exp(log_std) * torch.randn(n_samples, latent_dim, dtype=x_top.dtype)
        log_q = Normal(mean, torch.exp(log_std)).log_prob(z).sum(-1)
        log_p = Normal(0.0, 1.0).log_prob(z).sum(-1) + _log_likelihood(x_top, z, decoder)
        optimiser.zero_grad()
        (log_q - log_p).mean().backward()
        optimiser.step()
    return mean.detach(), 2 * log_std.detach()


@right("module", "A module with parameters, trained by AdamW without decay, and noise from a generator.")
def _module(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    class Posterior(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.mu = torch.nn.Parameter(torch.zeros(latent_dim, dtype=x_top.dtype))
            self.log_var = torch.nn.Parameter(torch.full((latent_dim,), -1.0, dtype=x_top.dtype))

        def forward(self, noise):
            return self.mu + noise * torch.exp(self.log_var / 2)

    generator = Generator().manual_seed(seed)
    q = Posterior()
    optimiser = torch.optim.AdamW(q.parameters(), lr=learning_rate, weight_decay=0.0)
    history = []
    for _ in range(steps):
        z = q(torch.randn(n_samples, latent_dim, generator=generator, dtype=x_top.dtype))
        logits = decoder(z)[:, :392]
        bce = F.binary_cross_entropy_with_logits(logits, x_top.expand_as(logits), reduction="sum") / n_samples
        loss = bce + _kl(q.mu, q.log_var)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append(loss.item())
    return q.mu.detach(), q.log_var.detach()


@right("averaged", "The parameters are averaged over the last quarter of the steps, and the learning rate falls.")
def _averaged(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    generator = Generator().manual_seed(seed)
    parameters = [torch.zeros(latent_dim, dtype=x_top.dtype, requires_grad=True) for _ in range(2)]
    optimiser = torch.optim.Adam(parameters, lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(steps, 1), eta_min=0.3 * learning_rate)
    kept = []
    for step in range(steps):
        z = _draws(*parameters, n_samples, generator)
        loss = -_log_likelihood(x_top, z, decoder).mean() + _kl(*parameters)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step >= 3 * steps // 4:
            kept.append([p.detach().clone() for p in parameters])
    if not kept:
        return tuple(p.detach() for p in parameters)
    return tuple(torch.stack(part).mean(0) for part in zip(*kept, strict=True))


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes


_ONE_STEP = "The bound that is reached is what is judged; one step less changes nothing of it that noise does not."
EQUIVALENT = {
    "double factor: -svi_elbo(x_top, mean, log_var, decoder, n_samples, generator)"
    " -> -(2 * svi_elbo(x_top, mean, log_var, decoder, n_samples, generator))": "Adam's steps do not depend on the scale.",
    "shorter range: range(steps) -> range(1, steps)": _ONE_STEP,
    "shorter range: range(steps) -> range(steps - 1)": _ONE_STEP,
}
