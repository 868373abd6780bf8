"""Densities, draws and divergences. Wherever torch.distributions has it, I take it from there."""

import torch
import torch.distributions as td


class ContinuousBernoulli(td.ContinuousBernoulli):
    """torch's own takes the normaliser from the probabilities, which round to 0 and 1; this one takes it from the logits."""

    def _cont_bern_log_norm(self):
        small = self.logits.abs() < 0.3
        l2 = torch.where(small, self.logits, 0.0).square()
        series = l2 * (1 / 12 + l2 * (-7 / 1440 + l2 * (31 / 90720 - l2 * 127 / 4838400)))
        away = torch.where(small, 1.0, self.logits)
        return torch.where(small, series + torch.log(torch.full_like(l2, 2.0)), (away / torch.tanh(away / 2)).log())


def gaussian_log_density(x, mean, log_var):
    return td.Independent(td.Normal(mean, (0.5 * log_var).exp()), 1).log_prob(x)


def bernoulli_log_density(x, logits):
    return td.Bernoulli(logits=logits, validate_args=False).log_prob(x)


def continuous_bernoulli_log_density(x, logits):
    return ContinuousBernoulli(logits=logits).log_prob(x)


def standard(z):
    return td.Independent(td.Normal(torch.zeros_like(z), torch.ones_like(z)), 1)


def log_prior(z):
    return standard(z).log_prob(z)


def mixture_log_density(z, logits, means, log_vars):
    parts = td.Independent(td.Normal(means, (0.5 * log_vars).exp()), 1)
    return td.MixtureSameFamily(td.Categorical(logits=logits), parts).log_prob(z)


def split_scale(both):
    return both[0], (0.5 * both[1]).exp()


def sample_gaussian(mean, log_var):
    return td.Normal(mean, torch.exp(log_var / 2)).rsample()


def sample_bernoulli(logits):
    return td.Bernoulli(logits=logits, validate_args=False).sample()


def binarize(x):
    return torch.heaviside(x - 0.5, torch.zeros_like(x))


def kl_gaussian(mean_q, log_var_q, mean_p, log_var_p):
    return td.kl_divergence(td.Normal(mean_q, (log_var_q / 2).exp()), td.Normal(mean_p, (log_var_p / 2).exp()))


def kl_standard_normal(mean, log_var):
    # the closed form; kl_divergence(Normal, Normal) takes the log of an exp
    return ((log_var.exp() + mean.square() - log_var - 1) / 2).sum(dim=-1)


def kl_bernoulli(probs, prior=0.5):
    q = td.Independent(td.Bernoulli(probs), 1)
    p = td.Independent(td.Bernoulli(torch.full_like(probs, prior)), 1)
    return td.kl_divergence(q, p)


def kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars):
    return (gaussian_log_density(z, mean, log_var) - mixture_log_density(z, logits, means, log_vars)).mean(dim=0)


@td.register_kl(td.Independent, td.MixtureSameFamily)
def _kl_to_mixture(q, p):
    """One draw of the divergence that has no closed form."""
    z = q.rsample()
    return q.log_prob(z) - p.log_prob(z)


def interpolate(z_a, z_b, alphas):
    return torch.lerp(z_b, z_a, alphas.unsqueeze(-1))


def log_mean_exp(log_w):
    return log_w.logsumexp(0) - torch.tensor(float(len(log_w)), dtype=log_w.dtype).log()


def relaxed_bernoulli_sample(logits, temperature):
    return td.RelaxedBernoulli(temperature, logits=logits).rsample()


def init_latents(n, latent_dim):
    # the square of a standard normal sigma is chi-squared with one degree of freedom
    return td.Normal(0.0, 1.0).sample((n, latent_dim)), td.Chi2(1.0).sample((n, latent_dim)).log()
