"""Other right answers to the tasks of `classifier.py`."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from reference.variants import variant

History = dict[str, list[float]]


def _switch(model: Any, training: bool) -> bool:
    before = bool(getattr(model, "training", False))
    if hasattr(model, "train"):
        model.train(training)
    return before


@variant("evaluate_classifier", "whole_set_at_once", "All images in one pass; the batch size is a limit, not an order.")
@torch.no_grad()
def _evaluate_whole_set_at_once(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    before = _switch(model, training=False)
    logits = model(images)
    _switch(model, before)
    loss = functional.cross_entropy(logits, labels).item()
    return loss, (logits.argmax(1) == labels).float().mean().item()


@variant("evaluate_classifier", "data_loader", "A DataLoader and weighted batch means.")
def _evaluate_data_loader(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    before = _switch(model, training=False)
    loss = correct = 0.0
    with torch.inference_mode():
        for x, y in DataLoader(TensorDataset(images, labels), batch_size=batch_size):
            scores = model(x)
            loss += nn.CrossEntropyLoss()(scores, y).item() * len(y)
            correct += (scores.max(dim=1).indices == y).sum().item()
    _switch(model, before)
    return loss / len(images), correct / len(images)


@variant("evaluate_classifier", "log_softmax", "Logits collected first, then log-softmax and gather, in float64.")
def _evaluate_log_softmax(network: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    before = _switch(network, training=False)
    with torch.no_grad():
        logits = torch.cat([network(x) for x in torch.split(images, batch_size)])
    _switch(network, before)
    log_probs = torch.log_softmax(logits.double(), dim=-1)
    loss = -log_probs.gather(1, labels[:, None].long()).mean()
    return float(loss), float(torch.eq(log_probs.argmax(-1), labels).double().mean())


@variant("evaluate_classifier", "running_average", "A running average that is updated batch by batch.")
def _evaluate_running_average(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    before = _switch(model, training=False)
    averages, seen = torch.zeros(2, dtype=torch.float64), 0
    for start in range(0, len(labels), batch_size):
        x, y = images[start : start + batch_size], labels[start : start + batch_size]
        with torch.no_grad():
            logits = model(x)
        hit = (logits.argmax(-1) == y).double().mean()
        batch = torch.stack([functional.cross_entropy(logits, y).double(), hit]).cpu()
        seen += len(y)
        averages += (batch - averages) * len(y) / seen
    _switch(model, before)
    return averages[0].item(), averages[1].item()


class _Normalised(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return (images - 0.1307) / 0.3081


@variant(
    "train_classifier",
    "mlp_with_momentum",
    "A three-layer perceptron with SGD and momentum; normalisation inside the model.",
)
def _train_mlp_with_momentum(
    images: Tensor,
    labels: Tensor,
    val_images: Tensor,
    val_labels: Tensor,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    device: str,
    seed: int,
) -> tuple[nn.Module, History]:
    torch.manual_seed(seed)
    model = nn.Sequential(
        _Normalised(),
        nn.Flatten(),
        nn.Linear(784, 512),
        nn.BatchNorm1d(512),
        nn.ReLU(),
        nn.Linear(512, 256),
        nn.BatchNorm1d(256),
        nn.ReLU(),
        nn.Linear(256, 10),
    ).to(device)
    # plain SGD needs larger steps than the Adam step size that callers have in mind
    optimizer = torch.optim.SGD(model.parameters(), lr=80 * learning_rate, momentum=0.9, nesterov=True)
    steps = epochs * -(-len(labels) // batch_size)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, total_iters=steps)
    loader = DataLoader(TensorDataset(images, labels), batch_size=batch_size, shuffle=True)
    history: History = {"train_loss": [], "val_loss": [], "val_accuracy": []}
    for _ in range(epochs):
        losses = []
        for x, y in loader:
            if len(y) == 1:  # batch normalisation cannot work on a single image
                continue
            optimizer.zero_grad()
            loss = nn.CrossEntropyLoss()(model(x.to(device)), y.to(device))
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        val_loss, val_accuracy = _evaluate_data_loader(model, val_images.to(device), val_labels.to(device), 500)
        history["train_loss"].append(sum(losses) / len(losses))
        history["val_loss"].append(val_loss)
        history["val_accuracy"].append(val_accuracy)
    return model, history


@variant(
    "train_classifier", "convolutions_with_one_cycle", "Batch normalisation, dropout, AdamW and a one-cycle schedule."
)
def _train_convolutions_with_one_cycle(
    images: Tensor,
    labels: Tensor,
    val_images: Tensor,
    val_labels: Tensor,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    device: str,
    seed: int,
) -> tuple[nn.Module, History]:
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.25),
        nn.Linear(32 * 49, 10),
    ).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=1e-2)
    steps_per_epoch = max(1, len(labels) // batch_size)  # an incomplete batch is left out, another one in each epoch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=5 * learning_rate, epochs=epochs, steps_per_epoch=steps_per_epoch
    )
    history: History = {"val_loss": [], "val_accuracy": []}
    for _ in range(epochs):
        model.train()
        order = torch.randperm(len(labels))
        for step in range(steps_per_epoch):
            batch = order[step * batch_size : (step + 1) * batch_size]
            log_probs = functional.log_softmax(model(images[batch].to(device)), dim=1)
            loss = functional.nll_loss(log_probs, labels[batch].to(device))
            model.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        val_loss, val_accuracy = _evaluate_log_softmax(model, val_images.to(device), val_labels.to(device), 512)
        history["val_loss"].append(val_loss)
        history["val_accuracy"].append(val_accuracy)
    model.eval()
    return model, history
