"""Bernoulli VAE: python vae_bernoulli.py train|sample [options]"""
import argparse
import gzip
import os
import sys

import numpy as np
import torch
import torch.nn as nn

HERE = os.path.dirname(os.path.abspath(__file__))


def mnist():
    """the training images as an array (N, 784) of 0 and 1, straight from the idx file"""
    raw = os.path.join(HERE, "data", "MNIST", "raw", "train-images-idx3-ubyte")
    if not os.path.exists(raw) and not os.path.exists(raw + ".gz"):
        from torchvision.datasets import MNIST
        MNIST(os.path.join(HERE, "data"), download=True)
    f = open(raw, "rb") if os.path.exists(raw) else gzip.open(raw + ".gz", "rb")
    with f:
        buf = f.read()
    n, h, w = np.frombuffer(buf, ">i4", 3, offset=4)
    x = np.frombuffer(buf, np.uint8, offset=16).reshape(n, h * w)
    return (x / 255 > 0.5).astype(np.float32)


def nets(M):
    enc = nn.Sequential(nn.Linear(784, 400), nn.ReLU(), nn.Linear(400, 2 * M))
    dec = nn.Sequential(nn.Linear(M, 400), nn.ReLU(), nn.Linear(400, 784))
    return nn.ModuleDict({"enc": enc, "dec": dec})


def train(a):
    torch.manual_seed(0)
    X = torch.from_numpy(mnist()).to(a.device)
    net = nets(a.latent_dim).to(a.device)
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    for ep in range(a.epochs):
        tot, perm = 0.0, np.random.permutation(len(X))
        for i in range(0, len(X), a.batch_size):
            x = X[perm[i:i + a.batch_size]]
            mu, lv = net["enc"](x).chunk(2, -1)
            l = net["dec"](mu + torch.exp(lv / 2) * torch.randn_like(mu))
            rec = (x * l - torch.logaddexp(torch.zeros_like(l), l)).sum(-1)
            kl = 0.5 * (torch.exp(lv) + mu**2 - 1 - lv).sum(-1)
            loss = (kl - rec).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot -= loss.item() * len(x)
        print(f"epoch {ep + 1}: elbo {tot / len(X):.2f}", flush=True)
    torch.save(net.state_dict(), a.model)


def sample(a):
    if not os.path.exists(a.model):
        sys.exit(f"there is no model '{a.model}': run train first")
    net = nets(a.latent_dim)
    net.load_state_dict(torch.load(a.model, map_location="cpu"))
    with torch.no_grad():
        p = torch.sigmoid(net["dec"](torch.randn(64, a.latent_dim))).numpy()
    grid = np.pad(p.reshape(8, 8, 28, 28), ((0, 0), (0, 0), (1, 1), (1, 1)))
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    plt.imsave(a.samples, np.block([list(r) for r in grid]), cmap="gray", vmin=0, vmax=1, format="png")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("mode", choices=["train", "sample"])
    p.add_argument("--model", default="model.pt")
    p.add_argument("--samples", default="samples.png")
    p.add_argument("--device", default="cpu")
    p.add_argument("--latent-dim", type=int, default=10)
    p.add_argument("--epochs", type=int, default=5)
    p.add_argument("--batch-size", type=int, default=128)
    a = p.parse_args()
    {"train": train, "sample": sample}[a.mode](a)


if __name__ == "__main__":
    main()
