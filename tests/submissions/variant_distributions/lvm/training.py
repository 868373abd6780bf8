"""All trainings but that of the classifier."""

import torch
import torch.distributions as td
from torch import nn

from .bounds import hierarchical_terms, latent_objective
from .elementary import init_latents, split_scale
from .nets import VAE, Autoencoder, Decoder, HierarchicalVAE


def descend(losses, optimizer, n, epochs, batch_size):
    """Visit all n examples per epoch; after each, yield the averages of what `losses(index)` returns beside the loss.

    Args:
        losses: index of a batch -> dictionary of tensors of shape (B,); the entry `loss` is what is minimised.
    """
    for _ in range(epochs):
        sums = {}
        for index in torch.randperm(n).split(batch_size):
            values = losses(index)
            optimizer.zero_grad(set_to_none=True)
            values["loss"].mean().backward()
            optimizer.step()
            for name, value in values.items():
                sums[name] = sums.get(name, 0.0) + value.detach().sum().item() / n
        yield sums


def train_vae(
    images,
    *,
    latent_dim,
    epochs,
    batch_size,
    learning_rate,
    prior="normal",
    likelihood="bernoulli",
    n_components=10,
    device="cpu",
    seed=0,
    snapshot_epochs=(),
):
    torch.manual_seed(seed)
    model = VAE(images.shape[1], latent_dim, prior, likelihood, n_components).to(device)
    images = images.to(device)
    history = {"elbo": [], "snapshots": {}}
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    model.train()
    run = descend(lambda i: {"loss": -model.elbo(images[i])}, optimizer, len(images), epochs, batch_size)
    for epoch, averages in enumerate(run, start=1):
        history["elbo"].append(-averages["loss"])
        if epoch in snapshot_epochs:
            history["snapshots"][epoch] = {name: value.clone() for name, value in model.state_dict().items()}
    return model.eval(), history


def train_hierarchical_vae(images, *, latent_dim, top_dim, epochs, batch_size, learning_rate, device="cpu", seed=0):
    torch.manual_seed(seed)
    model = HierarchicalVAE(images.shape[1], latent_dim, top_dim).to(device)
    images = images.to(device)

    def losses(index):
        x = images[index]
        z1 = td.Normal(*split_scale(model.q1(x))).rsample()
        z2 = td.Normal(*split_scale(model.q2(z1))).rsample()
        recon, ratio, kl = hierarchical_terms(x, z1, z2, model.q1, model.q2, model.p1, model.decoder)
        return {"loss": kl - ratio - recon, "kl_1": -ratio, "kl_2": kl}

    history = {"elbo": [], "kl_1": [], "kl_2": []}
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    for averages in descend(losses, optimizer, len(images), epochs, batch_size):
        history["elbo"].append(-averages["loss"])
        history["kl_1"].append(averages["kl_1"])
        history["kl_2"].append(averages["kl_2"])
    return model, history


def train_autoencoder(images, *, latent_dim, epochs, device="cpu", seed=0, batch_size=64):
    torch.manual_seed(seed)
    model = Autoencoder(images.shape[1], latent_dim).to(device)
    images = images.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def losses(index):
        return {"loss": -model.pixels(model.encode(images[index])).log_prob(images[index])}

    return model, {"loss": [a["loss"] for a in descend(losses, optimizer, len(images), epochs, batch_size)]}


def train_latent_optimization(images, *, latent_dim, epochs, decoder_lr=1e-3, latent_lr=1e-2, device="cpu", seed=0, batch_size=64):
    torch.manual_seed(seed)
    decoder = nn.Sequential(Decoder(latent_dim, images.shape[1]), nn.Sigmoid()).to(device)
    mean, log_var = (nn.Parameter(start.to(device)) for start in init_latents(len(images), latent_dim))
    images = images.to(device)
    optimizer = torch.optim.Adam(
        [{"params": decoder.parameters(), "lr": decoder_lr}, {"params": [mean, log_var], "lr": latent_lr}]
    )

    def losses(index):
        total = latent_objective(images[index], mean[index], log_var[index], decoder)
        return {"loss": (total / len(index)).expand(len(index))}

    history = {"loss": [a["loss"] for a in descend(losses, optimizer, len(images), epochs, batch_size)]}
    return decoder, mean.detach(), log_var.detach(), history
