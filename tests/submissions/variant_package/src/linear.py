"""PPCA and the classifier."""
import numpy as np
import torch
from torch import nn


def ppca_marginal(W, mu, sigma2):
    C = torch.einsum("dm,em->de", W, W)
    return mu * 1.0, C + sigma2 * torch.eye(len(mu), dtype=W.dtype)


def ppca_posterior(x, W, mu, sigma2):
    M = torch.einsum("dm,dk->mk", W, W) + sigma2 * torch.eye(W.shape[1], dtype=W.dtype)
    mean = torch.linalg.solve(M, torch.einsum("dm,bd->mb", W, x - mu)).T
    return mean, sigma2 * torch.linalg.inv(M)


def ppca_log_likelihood(X, W, mu, sigma2):
    D = len(mu)
    _, C = ppca_marginal(W, mu, sigma2)
    sign, logdet = torch.linalg.slogdet(C)
    R = X - mu
    maha = (R * torch.linalg.solve(C, R.T).T).sum(1)
    return -(D * np.log(2 * np.pi) + logdet + maha) / 2


def ppca_fit(X, n_components):
    """numpy inside, torch outside"""
    A = X.detach().numpy().astype(np.float64)
    mu = A.mean(axis=0)
    values, vectors = np.linalg.eigh((A - mu).T @ (A - mu) / A.shape[0])
    order = np.argsort(values)[::-1]
    values, vectors = values[order], vectors[:, order]
    sigma2 = values[n_components:].mean()
    W = vectors[:, :n_components] * np.sqrt(np.maximum(values[:n_components] - sigma2, 0))
    return torch.tensor(W, dtype=X.dtype), torch.tensor(mu, dtype=X.dtype), float(sigma2)


class Classifier(nn.Module):
    def __init__(self, n_hidden=128):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(784, n_hidden), nn.Tanh(), nn.Dropout(0.1), nn.Linear(n_hidden, 10))

    def forward(self, x):
        return self.body(2 * x - 1)


def evaluate_classifier(model, images, labels, batch_size):
    before = model.training
    model.eval()
    losses, hits = [], []
    with torch.inference_mode():
        for i in range(0, len(images), batch_size):
            logits = model(images[i : i + batch_size])
            losses.append(nn.functional.cross_entropy(logits, labels[i : i + batch_size], reduction="none").numpy())
            hits.append((logits.argmax(1) == labels[i : i + batch_size]).numpy())
    model.train(before)
    return np.concatenate(losses).mean(), np.concatenate(hits).mean()


def train_classifier(images, labels, val_images, val_labels, *, epochs, batch_size, learning_rate, device, seed):
    np.random.seed(seed)
    torch.manual_seed(seed)
    model = Classifier().to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
    history = dict(val_loss=[], val_accuracy=[])
    for _ in range(epochs):
        model.train()
        order = np.random.permutation(len(images))
        for i in range(0, len(order), batch_size):
            batch = torch.as_tensor(order[i : i + batch_size])
            loss = nn.CrossEntropyLoss()(model(images[batch].to(device)), labels[batch].to(device))
            model.zero_grad()
            loss.backward()
            optimiser.step()
        loss, accuracy = evaluate_classifier(model, val_images.to(device), val_labels.to(device), batch_size)
        history["val_loss"].append(loss)
        history["val_accuracy"].append(accuracy)
    return model, history


class MLPClassifier(nn.Sequential):
    def __init__(self, input_dim, hidden_dim, output_dim, dropout=0.5):
        super().__init__(nn.Linear(input_dim, hidden_dim), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden_dim, output_dim))


class ConvClassifier(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 5 * 5, 10),
        )
