"""Everything that takes an encoder or a decoder: likelihoods, bounds, evidence, inpainting, draws."""

import torch
import torch.distributions as td
from torch import nn

from .elementary import gaussian_log_density, kl_standard_normal, log_mean_exp, log_prior, split_scale, standard


def log_likelihood(x, z, decoder):
    return td.Independent(td.Bernoulli(logits=decoder(z), validate_args=False), 1).log_prob(x)


def joint_log_density(x, z, decoder):
    return log_prior(z) + log_likelihood(x, z, decoder)


# --- bounds ----------------------------------------------------------------------------------------------------------


def elbo(x, encoder, decoder, n_samples=1):
    """Monte Carlo for the likelihood, joint form: log p(x, z) - log q(z|x) would be fine too."""
    mu, lv = encoder(x)
    q = td.Independent(td.Normal(mu, torch.exp(lv / 2)), 1)
    z = q.rsample((n_samples,))
    px = td.Independent(td.Bernoulli(logits=decoder(z), validate_args=False), 1)
    return (px.log_prob(x).mean(0) - kl_standard_normal(mu, lv)).mean()


def vae_loss(*args, **kwargs):
    return -elbo(*args, **kwargs)


@torch.no_grad()
def evaluate_elbo(images, model, n_samples=1):
    mode = model.training
    model.eval()
    q = td.Independent(td.Normal(*split_scale(model.encode(images))), 1)
    z = q.sample((n_samples,))
    log_px = td.Independent(td.Bernoulli(logits=model.decode(z), validate_args=False), 1).log_prob(images)
    model.train(mode)
    return (log_px.mean(0) - td.kl_divergence(q, standard(q.mean))).mean().item()


def gaussian_elbo(x, encoder, decoder, log_var_x, n_samples=1):
    mean, log_var = encoder(x)
    q = td.Independent(td.Normal(mean, (log_var / 2).exp()), 1)
    z = q.rsample((n_samples,))
    scale = (torch.as_tensor(log_var_x).to(x) / 2).exp()
    px = td.Independent(td.Normal(decoder(z), scale), 1)
    return (px.log_prob(x) + standard(mean).log_prob(z) - q.log_prob(z)).mean()


def mixture_elbo(x, encoder, decoder, prior, n_samples):
    q = td.Independent(td.Normal(*split_scale(encoder(x))), 1)
    z = q.rsample((n_samples,))
    return (log_likelihood(x, z, decoder) + prior.log_prob(z) - q.log_prob(z)).mean()


def mse_objective(x, x_hat, mean, log_var):
    q, p = td.Normal(mean, (log_var / 2).exp()), td.Normal(torch.zeros_like(mean), 1.0)
    return nn.functional.mse_loss(x_hat, x) + td.kl_divergence(q, p).mean()


def binary_elbo(x, encoder_logits, decoder, n_samples, temperature):
    logits = encoder_logits(x)
    z = td.RelaxedBernoulli(temperature, logits=logits).rsample((n_samples,))
    q, p = td.Bernoulli(logits=logits), td.Bernoulli(logits=torch.zeros_like(logits))
    return log_likelihood(x, z, decoder).mean() - td.kl_divergence(q, p).sum(-1).mean()


def hierarchical_terms(x, z1, z2, q1, q2, p1, decoder):
    q_z1, q_z2, p_z1 = (td.Independent(td.Normal(*split_scale(net(c))), 1) for net, c in ((q1, x), (q2, z1), (p1, z2)))
    ratio = p_z1.log_prob(z1) - q_z1.log_prob(z1)
    return log_likelihood(x, z1, decoder), ratio, td.kl_divergence(q_z2, standard(q_z2.mean))


def hierarchical_elbo(x, q1, q2, p1, decoder, n_samples):
    z1 = td.Normal(*split_scale(q1(x))).rsample((n_samples,))
    z2 = td.Normal(*split_scale(q2(z1))).rsample()
    recon, ratio, kl = hierarchical_terms(x, z1, z2, q1, q2, p1, decoder)
    return (recon + ratio - kl).mean()


def latent_objective(x, mean, log_var, decoder):
    q = td.Independent(td.Normal(mean, (log_var / 2).exp()), 1)
    return (x - decoder(q.rsample())).pow(2).sum() + td.kl_divergence(q, standard(mean)).sum()


# --- evidence --------------------------------------------------------------------------------------------------------


def importance_log_weights(x, z, mean, log_var, decoder, sigma_p):
    out = decoder(z)
    px = td.Independent(td.Normal(out, torch.ones_like(out) * sigma_p), 1)
    return standard(z).log_prob(z) + px.log_prob(x) - gaussian_log_density(z, mean, log_var)


def estimate_log_likelihood(x, encoder, decoder, sigma_p=0.4, n_samples=1000):
    mu, lv = encoder(x)
    q = td.Independent(td.Normal(mu, torch.exp(lv / 2)), 1)
    z = q.rsample((n_samples,))
    prior = td.Independent(td.Normal(torch.zeros_like(z), torch.ones_like(z)), 1)
    out = decoder(z)
    px = td.Independent(td.Normal(out, torch.ones_like(out) * sigma_p), 1)
    return log_mean_exp(prior.log_prob(z) + px.log_prob(x) - q.log_prob(z))


def prior_log_likelihood(x, decoder, latent_dim, log_var_x, n_samples):
    z = td.Normal(torch.zeros(latent_dim).to(x), 1).sample((n_samples, 1))
    px = td.Independent(td.Normal(decoder(z), torch.as_tensor(log_var_x).to(x).div(2).exp()), 1)
    return td.MixtureSameFamily(
        td.Categorical(logits=torch.zeros(n_samples).to(x)),
        td.Independent(td.Normal(px.mean.squeeze(1), px.stddev.squeeze(1)), 1),
    ).log_prob(x)


def log_likelihood_by_digit(log_p, labels):
    return torch.stack([log_p[labels == digit].mean() for digit in range(10)])


# --- draws -----------------------------------------------------------------------------------------------------------


def ancestral_sample(n, decoder, latent_dim):
    px = td.Bernoulli(logits=decoder(td.Normal(0.0, 1.0).sample((n, latent_dim))))
    return px.mean, px.sample()


def posterior_samples(x, encoder):
    return td.Normal(*split_scale(encoder(x))).rsample()


def sample_latent_mixture(n, weights, means, covariances, decoder):
    mixture = td.MixtureSameFamily(td.Categorical(weights), td.MultivariateNormal(means, covariances))
    return decoder(mixture.sample((n,)))


def fit_latent_mixture(codes, n_components, seed):
    X = codes.double()
    torch.manual_seed(seed)
    M = X.shape[1]
    best = None
    for _ in range(3):
        pi = torch.full((n_components,), 1 / n_components, dtype=X.dtype)
        mu = X[torch.randperm(len(X))[:n_components]]
        cov = torch.stack([torch.eye(M, dtype=X.dtype) * X.var()] * n_components)
        for _ in range(80):
            mixture = td.MixtureSameFamily(td.Categorical(pi), td.MultivariateNormal(mu, cov))
            joint = mixture.component_distribution.log_prob(X[:, None]) + pi.log()
            gamma = (joint - joint.logsumexp(1, keepdim=True)).exp()
            nk = gamma.sum(0)
            pi, mu = nk / nk.sum(), gamma.T @ X / nk[:, None]
            d = X[None] - mu[:, None]
            cov = (gamma.T[..., None] * d).transpose(1, 2) @ d / nk[:, None, None] + 1e-6 * torch.eye(M, dtype=X.dtype)
        score = joint.logsumexp(1).sum().item()
        if best is None or score > best[0]:
            best = score, pi, mu, cov
    return tuple(t.to(codes.dtype) for t in best[1:])


# --- the bottom half, given the top half -----------------------------------------------------------------------------


def top_half(x):
    return x.unflatten(-1, (28, 28))[..., :14, :].flatten(-2)


def log_likelihood_top(x_top, z, decoder):
    return td.Independent(td.Bernoulli(logits=decoder(z)[:, :392], validate_args=False), 1).log_prob(x_top)


def log_joint_top(x_top, zs, decoder):
    return log_prior(zs) + log_likelihood_top(x_top, zs, decoder)


def svi_elbo(x_top, mean, log_var, decoder, n_samples):
    q = td.Independent(td.Normal(mean, (log_var / 2).exp()), 1)
    zs = q.rsample((n_samples,))
    return (log_joint_top(x_top, zs, decoder) - q.log_prob(zs)).mean()


def fit_top_posterior(x_top, decoder, *, latent_dim, steps, learning_rate, n_samples, seed):
    torch.manual_seed(seed)
    mean = nn.Parameter(torch.randn(latent_dim, dtype=x_top.dtype))
    log_std = nn.Parameter(torch.zeros(latent_dim, dtype=x_top.dtype))
    optimizer = torch.optim.Adam([mean, log_std], lr=learning_rate)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = -svi_elbo(x_top, mean, 2 * log_std, decoder, n_samples)
        loss.backward()
        optimizer.step()
    return mean.data, 2 * log_std.data


def complete_image(x_top, mean, log_var, decoder):
    z = td.Normal(mean, (log_var / 2).exp()).sample()
    return torch.cat([x_top, td.Bernoulli(logits=decoder(z)).mean[392:]])
