"""Encoder and decoder."""
import math

import torch
import torch.nn.functional as F
from torch import nn


class Decoder(nn.Module):
    def __init__(self, latent_dim, data_dim, hidden=500):
        super().__init__()
        self.fc1 = nn.Linear(latent_dim, hidden)
        self.fc2 = nn.Linear(hidden, data_dim)

    def forward(self, z):
        h = torch.tanh(self.fc1(z))
        return self.fc2(h)  # logits, the loss does the rest


class Encoder(nn.Module):
    def __init__(self, data_dim, latent_dim, hidden=500):
        super().__init__()
        self.fc1 = nn.Linear(data_dim, hidden)
        self.fc_mean = nn.Linear(hidden, latent_dim)
        self.fc_log_std = nn.Linear(hidden, latent_dim)

    def forward(self, x):
        h = torch.tanh(self.fc1(x))
        return self.fc_mean(h), 2 * self.fc_log_std(h)  # the handout's log sigma, twice


class ConvEncoder(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 4, stride=2, padding=1)   # 14 x 14
        self.conv2 = nn.Conv2d(16, 32, 4, stride=2, padding=1)  # 7 x 7
        self.bn = nn.BatchNorm2d(32)
        self.fc_mean = nn.Linear(32 * 7 * 7, latent_dim)
        self.fc_log_var = nn.Linear(32 * 7 * 7, latent_dim)

    def forward(self, x):
        h = F.relu(self.conv1(x))
        h = F.relu(self.bn(self.conv2(h))).flatten(1)
        return self.fc_mean(h), self.fc_log_var(h)


class ConvDecoder(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.fc = nn.Linear(latent_dim, 32 * 7 * 7)
        self.up1 = nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1)  # 14 x 14
        self.up2 = nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1)   # 28 x 28

    def forward(self, z):
        h = F.relu(self.fc(z)).view(-1, 32, 7, 7)
        return self.up2(F.relu(self.up1(h))).flatten(1)  # logits


class MixturePrior(nn.Module):
    def __init__(self, n_components, latent_dim):
        super().__init__()
        self.w = nn.Parameter(torch.ones(n_components))
        self.m = nn.Parameter(torch.randn(n_components, latent_dim) * 2)
        self.log_s = nn.Parameter(torch.zeros(n_components, latent_dim))

    def log_prob(self, z):
        total = []
        log_pi = torch.log_softmax(self.w, dim=0)
        for k in range(len(self.w)):
            u = (z - self.m[k]) / torch.exp(self.log_s[k])
            log_n = -0.5 * u**2 - self.log_s[k] - 0.5 * math.log(2 * math.pi)
            total.append(log_pi[k] + log_n.sum(-1))
        return torch.logsumexp(torch.stack(total), dim=0)

    @torch.no_grad()
    def sample(self, n):
        k = torch.multinomial(torch.softmax(self.w, dim=0), n, replacement=True)
        return self.m[k] + torch.exp(self.log_s[k]) * torch.randn(n, self.m.shape[1])
