"""Part B: the KL term."""
import torch


def kl_standard_normal(mean, log_var):
    # KL(q || N(0, I)) = 1/2 sum(sigma^2 + mu^2 - 1 - log sigma^2)
    var = log_var.exp()
    return 0.5 * torch.sum(var + mean.pow(2) - 1.0 - log_var, dim=1 if mean.dim() == 2 else -1)


if __name__ == "__main__":
    m = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    print("should be 0 and 0.5:", kl_standard_normal(m, torch.zeros_like(m)))
