"""Wrong answers to the tasks of `classifier.py`."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from reference.classifier import ConvClassifier, evaluate_classifier
from reference.misconceptions import misconception

History = dict[str, list[float]]


def _in_batches(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> list[tuple[float, float]]:
    """Mean loss and accuracy of each batch, in whatever mode the model is."""
    results = []
    with torch.no_grad():
        for start in range(0, len(labels), batch_size):
            logits, y = model(images[start : start + batch_size]), labels[start : start + batch_size]
            results.append((cross_entropy(logits, y).item(), (logits.argmax(-1) == y).double().mean().item()))
    return results


def _mode(model: Any, training: bool) -> bool:
    before = bool(getattr(model, "training", training))
    if isinstance(model, nn.Module):
        model.train(training)
    return before


@misconception(
    "evaluate_classifier",
    "training_mode",
    "The model stays in training mode, so dropout disturbs the result: call `model.eval()` first.",
)
def _evaluate_training_mode(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    total_loss, total_correct = 0.0, 0.0
    for start, (loss, accuracy) in zip(
        range(0, len(labels), batch_size), _in_batches(model, images, labels, batch_size), strict=True
    ):
        n = min(batch_size, len(labels) - start)
        total_loss, total_correct = total_loss + n * loss, total_correct + n * accuracy
    return total_loss / len(labels), total_correct / len(labels)


@misconception(
    "evaluate_classifier",
    "mode_not_restored",
    "The model is left in evaluation mode; afterwards it should be in the mode it was in before.",
)
def _evaluate_mode_not_restored(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    _mode(model, training=False)
    return evaluate_classifier(model, images, labels, batch_size)


@misconception(
    "evaluate_classifier",
    "training_mode_afterwards",
    "The model is always put in training mode afterwards, even when it was in evaluation mode before.",
)
def _evaluate_training_mode_afterwards(
    model: Any, images: Tensor, labels: Tensor, batch_size: int
) -> tuple[float, float]:
    result = evaluate_classifier(model, images, labels, batch_size)
    _mode(model, training=True)
    return result


@misconception(
    "evaluate_classifier",
    "mean_of_batch_means",
    "The means of the batches are averaged, so the examples of a smaller last batch count for too much.",
)
def _evaluate_mean_of_batch_means(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    before = _mode(model, training=False)
    results = torch.tensor(_in_batches(model, images, labels, batch_size), dtype=torch.float64).mean(0)
    _mode(model, before)
    return results[0].item(), results[1].item()


@misconception(
    "evaluate_classifier", "last_batch_only", "Only the last batch is reported; the averages run over all examples."
)
def _evaluate_last_batch_only(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    start = (len(labels) - 1) // batch_size * batch_size
    return evaluate_classifier(model, images[start:], labels[start:], batch_size)


@misconception(
    "evaluate_classifier", "first_batch_only", "Only the first batch is evaluated; the averages run over all examples."
)
def _evaluate_first_batch_only(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    return evaluate_classifier(model, images[:batch_size], labels[:batch_size], batch_size)


@misconception(
    "evaluate_classifier", "last_batch_dropped", "The last, incomplete batch is dropped; every example counts."
)
def _evaluate_last_batch_dropped(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    n = max(len(labels) // batch_size * batch_size, min(batch_size, len(labels)))
    return evaluate_classifier(model, images[:n], labels[:n], batch_size)


@misconception(
    "evaluate_classifier", "percent", "The accuracy is given in per cent; a fraction between 0 and 1 is asked for."
)
def _evaluate_percent(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return loss, 100 * accuracy


@misconception(
    "evaluate_classifier", "number_correct", "The number of correct examples is returned; it must be divided by N."
)
def _evaluate_number_correct(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return loss, float(round(accuracy * len(labels)))


@misconception(
    "evaluate_classifier",
    "error_rate",
    "The fraction of wrong answers is returned; the accuracy is the fraction of right ones.",
)
def _evaluate_error_rate(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return loss, 1 - accuracy


@misconception("evaluate_classifier", "summed_loss", "The loss is summed over the examples; the mean is asked for.")
def _evaluate_summed_loss(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return loss * len(labels), accuracy


@misconception(
    "evaluate_classifier",
    "summed_over_batches",
    "The mean losses of the batches are added up without dividing by their number.",
)
def _evaluate_summed_over_batches(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    before = _mode(model, training=False)
    loss = sum(loss for loss, _ in _in_batches(model, images, labels, batch_size))
    _mode(model, before)
    return loss, evaluate_classifier(model, images, labels, batch_size)[1]


@misconception(
    "evaluate_classifier",
    "softmax_before_loss",
    "A softmax is applied before the cross-entropy, which has its own: the loss cannot fall below 1.46.",
)
def _evaluate_softmax_before_loss(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    before = _mode(model, training=False)
    result = evaluate_classifier(lambda x: torch.softmax(model(x), dim=-1), images, labels, batch_size)
    _mode(model, before)
    return result


@misconception(
    "evaluate_classifier",
    "result_order",
    "The two results are in the wrong order: the loss comes first, then the accuracy.",
)
def _evaluate_result_order(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return accuracy, loss


class _Softmaxed(ConvClassifier):
    def forward(self, images: Tensor) -> Tensor:
        return torch.softmax(super().forward(images), dim=-1)


class _Dropout(ConvClassifier):
    def forward(self, images: Tensor) -> Tensor:
        return super().forward(nn.functional.dropout(images, 0.8, training=self.training))


def _train(
    images: Tensor,
    labels: Tensor,
    learning_rate: float,
    device: str,
    seed: int,
    *,
    epochs: int,
    batch_size: int,
    validate: Callable[[nn.Module, list[Tensor]], tuple[float, float]],
    network: Callable[[], nn.Module] = ConvClassifier,
    steps: int | None = None,
    zero_grad: bool = True,
    shuffle: bool = True,
    update: bool = True,
    smaller_steps: bool = False,
) -> tuple[nn.Module, History]:
    """A training loop with one thing wrong: what, its caller says."""
    images, labels = images.to(device), labels.to(device)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        model = network().to(device)
        optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
        total = epochs * -(-len(labels) // batch_size)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05 if smaller_steps else 1.0, total_iters=total)
        history: History = {"val_loss": [], "val_accuracy": []}
        for _ in range(epochs):
            order = torch.randperm(len(labels)) if shuffle else torch.arange(len(labels))
            batches = [order[start : start + batch_size].to(device) for start in range(0, len(labels), batch_size)]
            for batch in batches[:steps]:
                if zero_grad:
                    optimizer.zero_grad()
                loss = cross_entropy(model(images[batch]), labels[batch])
                loss.backward()  # type: ignore[no-untyped-call]
                if update:
                    optimizer.step()
                    schedule.step()
            val_loss, val_accuracy = validate(model, batches)
            history["val_loss"].append(val_loss)
            history["val_accuracy"].append(val_accuracy)
    return model, history


@misconception(
    "train_classifier",
    "softmax_in_network",
    "The network ends in a softmax and the cross-entropy has its own: the loss cannot fall below 1.46.",
)
def _train_softmax_in_network(
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
    val_images, val_labels = val_images.to(device), val_labels.to(device)
    return _train(
        images,
        labels,
        learning_rate,
        device,
        seed,
        epochs=epochs,
        batch_size=batch_size,
        validate=lambda model, _: evaluate_classifier(model, val_images, val_labels, batch_size),
        network=_Softmaxed,
    )


@misconception(
    "train_classifier",
    "zero_grad_missing",
    "The gradients are never set to zero, so every step adds up those of all steps before it.",
)
def _train_zero_grad_missing(
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
    val_images, val_labels = val_images.to(device), val_labels.to(device)
    return _train(
        images,
        labels,
        learning_rate,
        device,
        seed,
        epochs=epochs,
        batch_size=batch_size,
        validate=lambda model, _: evaluate_classifier(model, val_images, val_labels, batch_size),
        zero_grad=False,
    )


@misconception(
    "train_classifier",
    "validated_in_training_mode",
    "The validation figures are computed in training mode, with dropout still at work: call `model.eval()` first.",
)
def _train_validated_in_training_mode(
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
    val_images, val_labels = val_images.to(device), val_labels.to(device)
    model, history = _train(
        images,
        labels,
        learning_rate,
        device,
        seed,
        epochs=epochs,
        batch_size=batch_size,
        validate=lambda model, _: _evaluate_training_mode(model, val_images, val_labels, batch_size),
        network=_Dropout,
    )
    return model.eval(), history


@misconception(
    "train_classifier",
    "validated_on_training_data",
    "The history holds figures of the training data; the validation data are to be reported.",
)
def _train_validated_on_training_data(
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
    return _train(
        images,
        labels,
        learning_rate,
        device,
        seed,
        epochs=epochs,
        batch_size=batch_size,
        validate=lambda model, _: evaluate_classifier(model, images.to(device), labels.to(device), batch_size),
    )


@misconception(
    "train_classifier",
    "last_batch_reported",
    "The history holds figures of the last training batch of each epoch, not of the validation data.",
)
def _train_last_batch_reported(
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
    return _train(
        images,
        labels,
        learning_rate,
        device,
        seed,
        epochs=epochs,
        batch_size=batch_size,
        validate=lambda model, batches: evaluate_classifier(
            model, images[batches[-1].cpu()].to(device), labels[batches[-1].cpu()].to(device), batch_size
        ),
    )


@misconception(
    "train_classifier",
    "trained_on_validation_data",
    "The model is trained on the validation data as well, so their figures say nothing about new images.",
)
def _train_trained_on_validation_data(
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
    val_images, val_labels = val_images.to(device), val_labels.to(device)
    return _train(
        torch.cat([images.to(device), val_images]),
        torch.cat([labels.to(device), val_labels]),
        learning_rate,
        device,
        seed,
        epochs=epochs,
        batch_size=batch_size,
        validate=lambda model, _: evaluate_classifier(model, val_images, val_labels, batch_size),
    )


@misconception(
    "train_classifier",
    "one_batch_per_epoch",
    "Only one batch is used in each epoch; an epoch is a pass over all training images.",
)
def _train_one_batch_per_epoch(
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
    val_images, val_labels = val_images.to(device), val_labels.to(device)
    return _train(
        images,
        labels,
        learning_rate,
        device,
        seed,
        epochs=epochs,
        batch_size=batch_size,
        validate=lambda model, _: evaluate_classifier(model, val_images, val_labels, batch_size),
        steps=1,
    )


@misconception("train_classifier", "one_epoch_only", "`epochs` is ignored: the model is trained for one epoch.")
def _train_one_epoch_only(
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
    val_images, val_labels = val_images.to(device), val_labels.to(device)
    return _train(
        images,
        labels,
        learning_rate,
        device,
        seed,
        epochs=1,
        batch_size=batch_size,
        validate=lambda model, _: evaluate_classifier(model, val_images, val_labels, batch_size),
    )


@misconception(
    "train_classifier", "no_update", "The optimiser's `step` is never called, so the model stays as it was initialised."
)
def _train_no_update(
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
    val_images, val_labels = val_images.to(device), val_labels.to(device)
    return _train(
        images,
        labels,
        learning_rate,
        device,
        seed,
        epochs=epochs,
        batch_size=batch_size,
        validate=lambda model, _: evaluate_classifier(model, val_images, val_labels, batch_size),
        update=False,
    )


@misconception(
    "train_classifier",
    "not_shuffled",
    "The images are visited in the order in which they are stored; sorted by class they teach one class at a time.",
)
def _train_not_shuffled(
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
    val_images, val_labels = val_images.to(device), val_labels.to(device)
    return _train(
        images,
        labels,
        learning_rate,
        device,
        seed,
        epochs=epochs,
        batch_size=batch_size,
        validate=lambda model, _: evaluate_classifier(model, val_images, val_labels, batch_size),
        shuffle=False,
        smaller_steps=True,
    )


@misconception(
    "train_classifier",
    "epochs_accumulated",
    "The sums of loss and accuracy are not reset between epochs, so the history grows from epoch to epoch.",
)
def _train_epochs_accumulated(
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
    val_images, val_labels = val_images.to(device), val_labels.to(device)
    model, history = _train(
        images,
        labels,
        learning_rate,
        device,
        seed,
        epochs=epochs,
        batch_size=batch_size,
        validate=lambda model, _: evaluate_classifier(model, val_images, val_labels, batch_size),
    )
    for values in history.values():
        values[:] = torch.tensor(values, dtype=torch.float64).cumsum(0).tolist()
    return model.eval(), history
