"""The numbers of log_probability_questions: ten images of each digit, half of them from training."""

import torch

from lvm.bounds import estimate_log_likelihood, log_likelihood_by_digit
from lvm.digits import balanced_subset
from lvm.training import train_vae


def main():
    from data import load_mnist

    torch.set_num_threads(1)
    images, labels, test_images, test_labels = load_mnist()
    model, history = train_vae(
        images, latent_dim=10, epochs=30, batch_size=64, learning_rate=1e-3, likelihood="gaussian", device="cpu", seed=0
    )
    print(history["elbo"][-1])
    torch.manual_seed(1)
    a, b = balanced_subset(labels, 5), balanced_subset(test_labels, 5)
    x, y = torch.cat([images[a], test_images[b]]), torch.cat([labels[a], test_labels[b]])
    with torch.no_grad():
        log_p = torch.cat([estimate_log_likelihood(part, model.encode, model.decode) for part in x.split(10)])
    by_digit = log_likelihood_by_digit(log_p, y)
    print([round(v, 2) for v in by_digit.tolist()], by_digit.argmax().item())
    print(log_p[:50].mean().item(), log_p[50:].mean().item())


if __name__ == "__main__":
    main()
