"""Part D, 2(e): training."""
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from networks import Decoder, Encoder


class VAE(nn.Module):
    def __init__(self, data_dim, latent_dim, prior, likelihood, n_components):
        super().__init__()
        self.enc = Encoder(data_dim, latent_dim)
        self.dec = Decoder(latent_dim, data_dim)
        self.prior_kind = prior
        self.likelihood = likelihood
        # always there, only used where they are asked for
        self.mix_logits = nn.Parameter(torch.zeros(n_components))
        self.mix_means = nn.Parameter(torch.randn(n_components, latent_dim))
        self.mix_log_vars = nn.Parameter(torch.zeros(n_components, latent_dim))
        self.log_sigma = nn.Parameter(torch.full((data_dim,), math.log(0.4)))

    def encode(self, x):
        return self.enc(x)

    def decode(self, z):
        return self.dec(z)

    def reconstruction(self, x, out):
        if self.likelihood == "bernoulli":
            return -F.binary_cross_entropy_with_logits(out, x, reduction="none").sum(1)
        if self.likelihood == "continuous_bernoulli":
            bce = F.binary_cross_entropy_with_logits(out, x, reduction="none")
            away = torch.where(out.abs() < 0.01, 0.01 * torch.ones_like(out), out)  # 0 / 0 at logit 0
            return (torch.log(away / torch.tanh(away / 2)) - bce).sum(1)
        log_sigma = self.log_sigma if self.likelihood == "gaussian_learned" else self.log_sigma.detach()
        log_p = -0.5 * ((x - out) / log_sigma.exp()) ** 2 - log_sigma - 0.5 * math.log(2 * math.pi)
        return log_p.sum(1)

    def kl(self, z, mean, log_var):
        if self.prior_kind == "normal":
            return 0.5 * (log_var.exp() + mean ** 2 - 1 - log_var).sum(1)
        log_q = -0.5 * ((z - mean) ** 2 / log_var.exp() + log_var + math.log(2 * math.pi)).sum(1)
        diff = z.unsqueeze(1) - self.mix_means
        log_k = -0.5 * (diff ** 2 / self.mix_log_vars.exp() + self.mix_log_vars + math.log(2 * math.pi)).sum(2)
        log_p = torch.logsumexp(F.log_softmax(self.mix_logits, dim=0) + log_k, dim=1)
        return log_q - log_p


def train_vae(
    images, *, latent_dim, epochs, batch_size, learning_rate, prior="normal", likelihood="bernoulli",
    n_components=10, device, seed, snapshot_epochs=(),
):
    torch.manual_seed(seed)
    model = VAE(images.shape[1], latent_dim, prior, likelihood, n_components).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    loader = DataLoader(TensorDataset(images), batch_size=batch_size, shuffle=True)
    history = {"elbo": [], "snapshots": {}}
    for epoch in range(1, epochs + 1):
        total = 0.0
        for (x,) in loader:
            x = x.to(device)
            mean, log_var = model.encode(x)
            z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
            loss = -(model.reconstruction(x, model.decode(z)) - model.kl(z, mean, log_var)).sum() / len(x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total -= loss.item() * len(x)
        history["elbo"].append(total / len(images))
        if epoch in snapshot_epochs:
            history["snapshots"][epoch] = {k: v.clone() for k, v in model.state_dict().items()}
    return model.eval(), history
