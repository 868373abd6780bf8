"""A VAE with Bernoulli pixels: `train` makes a model, `sample` draws images from it."""

import argparse
import sys
from pathlib import Path

import torch
from torchvision import datasets
from torchvision.utils import save_image

from lvm.elementary import binarize
from lvm.nets import VAE
from lvm.training import train_vae


def mnist():
    root = Path(__file__).resolve().parent / "data"
    try:
        data = datasets.MNIST(root)
    except RuntimeError:
        data = datasets.MNIST(root, download=True)
    return binarize(data.data.flatten(1) / 255)


def train(options):
    model, history = train_vae(
        mnist(),
        latent_dim=options.latent_dim,
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        device=options.device,
        seed=options.seed,
    )
    for epoch, bound in enumerate(history["elbo"], start=1):
        print(f"epoch {epoch}: {bound:.2f} nats")
    torch.save({"latent_dim": options.latent_dim, "weights": model.state_dict()}, options.model)


@torch.no_grad()
def sample(options):
    if not options.model.is_file():
        sys.exit(f"There is no model {options.model}: train it first.")
    saved = torch.load(options.model, map_location=options.device, weights_only=True)
    model = VAE(784, saved["latent_dim"]).to(options.device)
    model.load_state_dict(saved["weights"])
    z = model.prior.distribution().sample((64,))
    save_image(model.pixels(z).mean.view(-1, 1, 28, 28), options.samples)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=["train", "sample"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--latent-dim", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=Path, default=Path("model.pt"))
    parser.add_argument("--samples", type=Path, default=Path("samples.png"))
    options = parser.parse_args()
    {"train": train, "sample": sample}[options.mode](options)


if __name__ == "__main__":
    main()
