"""Q3: latent optimization."""
import torch
from torch import nn


class Generator(nn.Module):
    def __init__(self, latent_dim, data_dim):
        super().__init__()
        self.fc1 = nn.Linear(latent_dim, 256)
        self.fc2 = nn.Linear(256, data_dim)

    def forward(self, z):
        return torch.sigmoid(self.fc2(torch.relu(self.fc1(z))))


def train_latent_optimization(images, *, latent_dim, epochs, decoder_lr=1e-3, latent_lr=1e-2, device, seed):
    torch.manual_seed(seed)
    images = images.to(device)
    generator = Generator(latent_dim, images.shape[1]).to(device)
    mu = nn.Embedding(len(images), latent_dim).to(device)
    r = nn.Embedding(len(images), latent_dim).to(device)
    r.weight.data = torch.log(torch.randn_like(r.weight) ** 2)
    opt_decoder = torch.optim.Adam(generator.parameters(), lr=decoder_lr)
    opt_latent = torch.optim.Adam(list(mu.parameters()) + list(r.parameters()), lr=latent_lr)
    history = {"loss": []}
    for epoch in range(epochs):
        total = 0.0
        for idx in torch.randperm(len(images)).to(device).split(64):
            m, log_var = mu(idx), r(idx)
            z = m + torch.exp(0.5 * log_var) * torch.randn_like(m)
            mse = ((images[idx] - generator(z)) ** 2).sum()
            kl = 0.5 * (m ** 2 + log_var.exp() - log_var - 1).sum()
            opt_decoder.zero_grad()
            opt_latent.zero_grad()
            (mse + kl).backward()
            opt_decoder.step()
            opt_latent.step()
            total += (mse + kl).item()
        history["loss"].append(total / len(images))
    return generator, mu.weight.detach(), r.weight.detach(), history
