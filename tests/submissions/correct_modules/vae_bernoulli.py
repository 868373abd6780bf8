"""Week 1: train a VAE on binarised MNIST, and sample from it."""
import argparse

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision import datasets
from torchvision.utils import make_grid, save_image


class BernoulliVAE(nn.Module):
    def __init__(self, M):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(784, 400), nn.ReLU(), nn.Linear(400, 400), nn.ReLU())
        self.mu, self.log_sigma = nn.Linear(400, M), nn.Linear(400, M)
        self.out = nn.Sequential(nn.Linear(M, 400), nn.ReLU(), nn.Linear(400, 400), nn.ReLU(), nn.Linear(400, 784))
        self.M = M

    def loss(self, x):
        h = self.body(x)
        mu, log_sigma = self.mu(h), self.log_sigma(h)
        z = mu + log_sigma.exp() * torch.randn_like(mu)
        bce = F.binary_cross_entropy_with_logits(self.out(z), x, reduction="none").sum(1)
        kl = (0.5 * (mu**2 + (2 * log_sigma).exp() - 1) - log_sigma).sum(1)
        return (bce + kl).mean()


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["train", "sample"])
    parser.add_argument("--model", type=str, default="model.pt")
    parser.add_argument("--samples", type=str, default="samples.png")
    parser.add_argument("--device", type=str, default="cpu", choices=["cpu", "cuda", "mps"])
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--latent-dim", type=int, default=32)
    return parser.parse_args()


def main():
    args = parse()
    model = BernoulliVAE(args.latent_dim).to(args.device)
    if args.mode == "train":
        mnist = datasets.MNIST("data/", train=True, download=True)
        images = (mnist.data / 255 > 0.5).float().view(-1, 784)
        loader = DataLoader(TensorDataset(images), batch_size=args.batch_size, shuffle=True)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(args.epochs):
            for (x,) in loader:
                loss = model.loss(x.to(args.device))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            print(f"epoch {epoch + 1}/{args.epochs}: loss {loss.item():.2f}")
        torch.save(model.state_dict(), args.model)
    else:
        try:
            model.load_state_dict(torch.load(args.model, map_location=args.device))
        except FileNotFoundError as error:
            raise SystemExit(f"no model: {error}") from error
        model.eval()
        with torch.no_grad():
            means = torch.sigmoid(model.out(torch.randn(64, args.latent_dim, device=args.device)))
        save_image(make_grid(means.cpu().view(64, 1, 28, 28)), args.samples)


if __name__ == "__main__":
    main()
