"""Part B: the KL term."""
import torch

from densities import gaussian_log_density, mixture_log_density


def kl_standard_normal(mean, log_var):
    # KL(q || N(0, I)) = 1/2 sum(sigma^2 + mu^2 - 1 - log sigma^2)
    var = log_var.exp()
    return 0.5 * torch.sum(var + mean.pow(2) - 1.0 - log_var, dim=1 if mean.dim() == 2 else -1)


def kl_gaussian(mean_q, log_var_q, mean_p, log_var_p):
    ratio = torch.exp(log_var_q - log_var_p)
    return 0.5 * (log_var_p - log_var_q + ratio + (mean_q - mean_p) ** 2 / torch.exp(log_var_p) - 1)


def kl_bernoulli(probs, prior=0.5):
    # xlogy is 0 where the probability is 0
    p = torch.as_tensor(prior, dtype=probs.dtype)
    one = torch.xlogy(probs, probs) - probs * torch.log(p)
    zero = torch.xlogy(1 - probs, 1 - probs) - (1 - probs) * torch.log1p(-p)
    return (one + zero).sum(-1)


def kl_mixture_monte_carlo(z, mean, log_var, logits, means, log_vars):
    return (gaussian_log_density(z, mean, log_var) - mixture_log_density(z, logits, means, log_vars)).mean(0)


if __name__ == "__main__":
    m = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    print("should be 0 and 0.5:", kl_standard_normal(m, torch.zeros_like(m)))
