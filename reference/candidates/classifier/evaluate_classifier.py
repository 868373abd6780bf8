"""What is held against the checks of `evaluate_classifier`."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from autograder.authoring.candidates import graded, right, wrong
from reference.classifier import evaluate_classifier

# ------------------------------------------------------------------------------------------------------- named mistakes


def _in_batches(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> list[tuple[float, float]]:
    """Mean loss and accuracy of each batch, in whatever mode the model is."""
    results = []
    with torch.no_grad():
        for start in range(0, len(labels), batch_size):
            logits, y = model(images[start : start + batch_size]), labels[start : start + batch_size]
            results.append((cross_entropy(logits, y).item(), (logits.argmax(-1) == y).double().mean().item()))
    return results


class _Changed(nn.Module):
    """A model whose logits are changed; it goes into evaluation mode and back as one."""

    def __init__(self, model: Any, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.model, self.change = model, change
        self.training = bool(getattr(model, "training", True))

    def forward(self, images: Tensor) -> Tensor:
        return self.change(self.model(images))


def _logits(model: Any, images: Tensor) -> Tensor:
    """The logits of all images, in evaluation mode."""
    before = _mode(model, training=False)
    with torch.no_grad():
        logits: Tensor = model(images)
    _mode(model, before)
    return logits


def _of_batches(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Mean loss, accuracy and size of each batch, in evaluation mode."""
    before = _mode(model, training=False)
    results = torch.tensor(_in_batches(model, images, labels, batch_size), dtype=torch.float64)
    _mode(model, before)
    sizes = torch.tensor([len(part) for part in labels.split(batch_size)], dtype=torch.float64)
    return results[:, 0], results[:, 1], sizes


def _batches(images: Tensor, labels: Tensor, batch_size: int) -> list[tuple[Tensor, Tensor]]:
    return list(zip(images.split(batch_size), labels.split(batch_size), strict=True))


def _mode(model: Any, training: bool) -> bool:
    before = bool(getattr(model, "training", training))
    if isinstance(model, nn.Module):
        model.train(training)
    return before


@wrong(
    "training_mode",
    "The model stays in training mode, so dropout disturbs the result: call `model.eval()` first.",
    severity="slip",
)
def _training_mode(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    total_loss, total_correct = 0.0, 0.0
    for start, (loss, accuracy) in zip(
        range(0, len(labels), batch_size), _in_batches(model, images, labels, batch_size), strict=True
    ):
        n = min(batch_size, len(labels) - start)
        total_loss, total_correct = total_loss + n * loss, total_correct + n * accuracy
    return total_loss / len(labels), total_correct / len(labels)


@wrong(
    "mode_not_restored",
    "The model is left in evaluation mode; afterwards it should be in the mode it was in before.",
    severity="form",
)
def _mode_not_restored(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    _mode(model, training=False)
    return evaluate_classifier(model, images, labels, batch_size)


@wrong(
    "training_mode_afterwards",
    "The model is always put in training mode afterwards, even when it was in evaluation mode before.",
    severity="form",
)
def _training_mode_afterwards(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    result = evaluate_classifier(model, images, labels, batch_size)
    _mode(model, training=True)
    return result


@wrong(
    "mean_of_batch_means",
    "The means of the batches are averaged, so the examples of a smaller last batch count for too much.",
    severity="slip",
    credit=0.7,
)
def _mean_of_batch_means(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    before = _mode(model, training=False)
    results = torch.tensor(_in_batches(model, images, labels, batch_size), dtype=torch.float64).mean(0)
    _mode(model, before)
    return results[0].item(), results[1].item()


@wrong(
    "ties_count_as_right",
    "An image counts as recognised wherever no logit is larger than that of its class, so also where all are equal.",
    severity="form",
)
def _ties_count_as_right(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    logits = _logits(model, images)
    right = logits.gather(1, labels[:, None])[:, 0] >= logits.max(1).values
    return evaluate_classifier(model, images, labels, batch_size)[0], right.double().mean().item()


@wrong(
    "broken_images_left_out",
    "Images whose loss is no finite number are left out of the average, so a broken model looks healthy.",
    severity="form",
)
def _broken_images_left_out(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    losses = cross_entropy(_logits(model, images), labels, reduction="none")
    _, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return losses[losses.isfinite()].double().mean().item(), accuracy


@wrong("last_batch_only", "Only the last batch is reported; the averages run over all examples.", severity="gap")
def _last_batch_only(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    start = (len(labels) - 1) // batch_size * batch_size
    return evaluate_classifier(model, images[start:], labels[start:], batch_size)


@wrong(
    "first_batch_only",
    "Only the first batch is evaluated; the averages run over all examples.",
    severity="gap",
    credit=0.3,
)
def _first_batch_only(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    return evaluate_classifier(model, images[:batch_size], labels[:batch_size], batch_size)


@wrong("last_batch_dropped", "The last, incomplete batch is dropped; every example counts.", severity="slip")
def _last_batch_dropped(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    n = max(len(labels) // batch_size * batch_size, min(batch_size, len(labels)))
    return evaluate_classifier(model, images[:n], labels[:n], batch_size)


@wrong("percent", "The accuracy is given in per cent; a fraction between 0 and 1 is asked for.", severity="form")
def _percent(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return loss, 100 * accuracy


@wrong(
    "number_correct",
    "The number of correct examples is returned; it must be divided by N.",
    severity="slip",
    credit=0.7,
)
def _number_correct(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return loss, float(round(accuracy * len(labels)))


@wrong(
    "error_rate",
    "The fraction of wrong answers is returned; the accuracy is the fraction of right ones.",
    severity="slip",
    credit=0.7,
)
def _error_rate(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return loss, 1 - accuracy


@wrong("summed_loss", "The loss is summed over the examples; the mean is asked for.", severity="slip", credit=0.7)
def _summed_loss(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return loss * len(labels), accuracy


@wrong(
    "summed_over_batches",
    "The mean losses of the batches are added up without dividing by their number.",
    severity="slip",
)
def _summed_over_batches(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    before = _mode(model, training=False)
    loss = sum(loss for loss, _ in _in_batches(model, images, labels, batch_size))
    _mode(model, before)
    return loss, evaluate_classifier(model, images, labels, batch_size)[1]


@wrong(
    "softmax_before_loss",
    "A softmax is applied before the cross-entropy, which has its own: the loss cannot fall below 1.46.",
    severity="slip",
)
def _softmax_before_loss(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    softmax = _Changed(model, lambda logits: torch.softmax(logits, dim=-1))
    return evaluate_classifier(softmax, images, labels, batch_size)


@wrong(
    "result_order", "The two results are in the wrong order: the loss comes first, then the accuracy.", severity="form"
)
def _result_order(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return accuracy, loss


@wrong("loss_only", "Only the loss is returned; the accuracy is asked for as well.", severity="slip", credit=0.5)
def _loss_only(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> float:
    return evaluate_classifier(model, images, labels, batch_size)[0]


@wrong(
    "batch_means_divided_by_examples",
    "The mean losses of the batches are added up and divided by the number of examples; each of them is a mean already.",
    severity="slip",
)
def _batch_means_divided_by_examples(
    model: Any, images: Tensor, labels: Tensor, batch_size: int
) -> tuple[float, float]:
    losses, _, _ = _of_batches(model, images, labels, batch_size)
    return losses.sum().item() / len(labels), evaluate_classifier(model, images, labels, batch_size)[1]


@wrong(
    "losses_divided_by_batches",
    "The losses of all examples are added up and divided by the number of batches; there are N examples.",
    severity="slip",
)
def _losses_divided_by_batches(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return loss * len(labels) / len(labels.split(batch_size)), accuracy


@wrong(
    "correct_divided_by_batches",
    "The number of right answers is divided by the number of batches; there are N examples.",
    severity="slip",
    credit=0.7,
)
def _correct_divided_by_batches(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return loss, accuracy * len(labels) / len(labels.split(batch_size))


@wrong(
    "divided_by_full_batches",
    "The sums are divided by the number of batches times the batch size, as if the last batch were full; there are N examples.",
    severity="slip",
    credit=0.7,
)
def _divided_by_full_batches(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    share = len(labels) / (len(labels.split(batch_size)) * batch_size)
    return share * loss, share * accuracy


@wrong(
    "batch_size_for_length",
    "The mean loss of every batch is multiplied by `batch_size`; the last batch may be smaller and counts for its own size.",
    severity="slip",
    credit=0.7,
)
def _batch_size_for_length(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    losses, _, _ = _of_batches(model, images, labels, batch_size)
    return losses.sum().item() * batch_size / len(labels), evaluate_classifier(model, images, labels, batch_size)[1]


@wrong(
    "loss_of_last_batch",
    "The loss is that of the last batch; it is the mean over all examples, as the accuracy is.",
    severity="slip",
)
def _loss_of_last_batch(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    losses, _, _ = _of_batches(model, images, labels, batch_size)
    return losses[-1].item(), evaluate_classifier(model, images, labels, batch_size)[1]


@wrong(
    "accuracy_of_last_batch",
    "The accuracy is that of the last batch; it is the share of all examples, as the loss is.",
    severity="slip",
)
def _accuracy_of_last_batch(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    _, accuracies, _ = _of_batches(model, images, labels, batch_size)
    return evaluate_classifier(model, images, labels, batch_size)[0], accuracies[-1].item()


@wrong(
    "sigmoid_before_loss",
    "A sigmoid is applied before the cross-entropy, which takes logits and has a softmax of its own.",
    severity="slip",
)
def _sigmoid_before_loss(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    return evaluate_classifier(_Changed(model, torch.sigmoid), images, labels, batch_size)


@wrong(
    "nll_of_logits",
    "`nll_loss` is given logits; it takes log-probabilities, so `log_softmax` must come before it.",
    severity="slip",
)
def _nll_of_logits(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    return F.nll_loss(_logits(model, images), labels).item(), evaluate_classifier(model, images, labels, batch_size)[1]


@wrong(
    "log_missing",
    "The loss is minus the probability of the right class; its logarithm is missing.",
    severity="slip",
)
def _log_missing(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    return F.nll_loss(_logits(model, images).softmax(-1), labels).item(), evaluate_classifier(
        model, images, labels, batch_size
    )[1]


@wrong(
    "softmax_over_examples",
    "The softmax is taken over the examples of a batch (`dim=0`); it is taken over the classes.",
    severity="slip",
)
def _softmax_over_examples(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    over_examples = _Changed(model, lambda logits: logits.log_softmax(0))
    losses = [
        F.nll_loss(_logits(over_examples, x), y, reduction="sum") for x, y in _batches(images, labels, batch_size)
    ]
    return torch.stack(losses).sum().item() / len(labels), evaluate_classifier(model, images, labels, batch_size)[1]


@wrong(
    "loss_sign",
    "The sign of the loss is reversed: the cross-entropy is minus the mean log-probability, and never negative.",
    severity="slip",
)
def _loss_sign(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return -loss, accuracy


@wrong(
    "squared_error",
    "The loss is a squared error; the mean cross-entropy is asked for.",
    severity="slip",
    credit=0.5,
)
def _squared_error(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    errors = (_logits(model, images).softmax(-1) - F.one_hot(labels, _logits(model, images[:1]).shape[-1])) ** 2
    return errors.mean().item(), evaluate_classifier(model, images, labels, batch_size)[1]


@wrong(
    "binary_cross_entropy",
    "The loss is a binary cross-entropy for every class by itself; one cross-entropy over all classes is asked for.",
    severity="slip",
    credit=0.5,
)
def _binary_cross_entropy(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    logits = _logits(model, images)
    one_hot = F.one_hot(labels, logits.shape[-1]).to(logits.dtype)
    return F.binary_cross_entropy_with_logits(logits, one_hot).item(), evaluate_classifier(
        model, images, labels, batch_size
    )[1]


@wrong(
    "divided_by_classes",
    "The loss is divided by the number of classes as well; it is a mean over the examples alone.",
    severity="slip",
    credit=0.7,
)
def _divided_by_classes(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return loss / _logits(model, images[:1]).shape[-1], accuracy


@wrong(
    "perplexity",
    "The exponential of the mean cross-entropy is returned; the cross-entropy itself, in nats, is asked for.",
    severity="slip",
    credit=0.7,
)
def _perplexity(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, accuracy = evaluate_classifier(model, images, labels, batch_size)
    return math.exp(min(loss, 700.0)), accuracy


@wrong(
    "smallest_logit",
    "The class with the smallest logit is taken for the answer; it is that with the largest (`argmax`).",
    severity="slip",
)
def _smallest_logit(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    loss, _ = evaluate_classifier(model, images, labels, batch_size)
    return loss, (_logits(model, images).argmin(-1) == labels).double().mean().item()


@wrong(
    "mean_probability",
    "The accuracy is the mean probability of the right class; it is the share of examples whose largest logit is the right one.",
    severity="slip",
)
def _mean_probability(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    probabilities = _logits(model, images).double().softmax(-1).gather(1, labels[:, None])
    return evaluate_classifier(model, images, labels, batch_size)[0], probabilities.mean().item()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("mean_of_batch_means")
def _mean_of_batch_losses(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    losses, _, _ = _of_batches(model, images, labels, batch_size)
    return losses.mean().item(), evaluate_classifier(model, images, labels, batch_size)[1]


@wrong("mean_of_batch_means")
def _mean_of_batch_accuracies(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    _, accuracies, _ = _of_batches(model, images, labels, batch_size)
    return evaluate_classifier(model, images, labels, batch_size)[0], accuracies.mean().item()


@wrong("last_batch_dropped")
def _last_batch_dropped_however_small(
    model: Any, images: Tensor, labels: Tensor, batch_size: int
) -> tuple[float, float]:
    """Also where it is the only one: nothing is left to average over."""
    n = len(labels) // batch_size * batch_size
    loss, accuracy = evaluate_classifier(model, images[:n], labels[:n], batch_size) if n else (0.0, 0.0)
    return loss * n / n, accuracy


@wrong("squared_error")
def _squared_distance(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    """Summed over the classes."""
    logits = _logits(model, images)
    errors = (logits.softmax(-1) - F.one_hot(labels, logits.shape[-1])) ** 2
    return errors.sum(-1).mean().item(), evaluate_classifier(model, images, labels, batch_size)[1]


@wrong("binary_cross_entropy")
def _binary_cross_entropies(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    """Summed over the classes."""
    logits = _logits(model, images)
    one_hot = F.one_hot(labels, logits.shape[-1]).to(logits.dtype)
    entropies = F.binary_cross_entropy_with_logits(logits, one_hot, reduction="none").sum(-1)
    return entropies.mean().item(), evaluate_classifier(model, images, labels, batch_size)[1]


# ------------------------------------------------------------------------------------------------------- in other words


def _evaluating(model):
    was = model.training
    model.eval()
    return was


def Normalised(scores):
    """Log-probabilities by way of numpy."""
    return torch.from_numpy(np.log(np.exp(scores.double().numpy()) / np.exp(scores.double().numpy()).sum(1)[:, None]))


@wrong("mean_of_batch_means", rewritten=True)
def _numpy_means(model, images, labels, batch_size):
    was = _evaluating(model)
    losses, accuracies = [], []
    with torch.no_grad():
        for x, y in DataLoader(TensorDataset(images, labels), batch_size=batch_size):
            scores = model(x)
            losses.append(F.nll_loss(scores.log_softmax(1), y).item())
            accuracies.append((scores.argmax(1) == y).float().mean().item())
    model.train(was)
    return float(np.mean(losses)), float(np.mean(accuracies))


@wrong("percent", rewritten=True)
def _per_cent(model, images, labels, batch_size):
    was = _evaluating(model)
    with torch.inference_mode():
        scores = torch.cat([model(part) for part in images.split(batch_size)])
    model.train(was)
    loss = -Normalised(scores).gather(1, labels.view(-1, 1)).mean()
    return loss.item(), 100.0 * torch.eq(scores.max(1).indices, labels).sum().item() / len(labels)


@wrong("softmax_before_loss", rewritten=True)
def _probabilities_into_cross_entropy(model, images, labels, batch_size):
    was = _evaluating(model)
    total = hits = 0.0
    with torch.no_grad():
        for i in range(0, len(images), batch_size):
            probabilities = model(images[i : i + batch_size]).softmax(dim=1)
            y = labels[i : i + batch_size]
            total += torch.nn.CrossEntropyLoss()(probabilities, y).item() * len(y)
            hits += (probabilities.argmax(1) == y).sum().item()
    model.train(was)
    return total / len(images), hits / len(images)


@wrong("training_mode", rewritten=True)
@torch.no_grad()
def _whole_set_in_training_mode(model, images, labels, batch_size):
    scores = model(images)
    return F.cross_entropy(scores, labels).item(), (scores.argmax(1) == labels).double().mean().item()


@wrong("training_mode", rewritten=True)
def _data_loader_in_training_mode(model, images, labels, batch_size):
    loss = correct = 0.0
    for x, y in DataLoader(TensorDataset(images, labels), batch_size=batch_size):
        with torch.no_grad():
            scores = model(x)
        loss += F.cross_entropy(scores, y, reduction="sum").item() / len(labels)
        correct += (scores.argmax(1) == y).sum().item() / len(labels)
    return loss, correct


@wrong("mode_not_restored", rewritten=True)
@torch.no_grad()
def _eval_and_away(model, images, labels, batch_size):
    model.eval()
    scores = model(images)
    return F.cross_entropy(scores, labels).item(), (scores.argmax(1) == labels).double().mean().item()


@wrong("last_batch_dropped", rewritten=True)
def _drop_last(model, images, labels, batch_size):
    was = _evaluating(model)
    total = hits = count = 0
    with torch.no_grad():
        for x, y in DataLoader(TensorDataset(images, labels), batch_size, drop_last=True):
            scores = model(x)
            total += F.cross_entropy(scores, y, reduction="sum").item()
            hits += int((scores.argmax(1) == y).sum())
            count += len(y)
    model.train(was)
    return total / count, hits / count


@wrong("batch_size_for_length", rewritten=True)
def _times_batch_size(model, images, labels, batch_size):
    was = _evaluating(model)
    total = hits = 0.0
    with torch.no_grad():
        for i in range(0, len(images), batch_size):
            scores, y = model(images[i : i + batch_size]), labels[i : i + batch_size]
            total += F.cross_entropy(scores, y).item() * batch_size
            hits += (scores.argmax(1) == y).sum().item()
    model.train(was)
    return total / len(images), hits / len(images)


@wrong("accuracy_of_last_batch", rewritten=True)
def _accuracy_after_the_loop(model, images, labels, batch_size):
    was = _evaluating(model)
    total = 0.0
    with torch.no_grad():
        for x, y in DataLoader(TensorDataset(images, labels), batch_size):
            scores = model(x)
            total += F.cross_entropy(scores, y, reduction="sum").item()
    model.train(was)
    return total / len(images), (scores.argmax(1) == y).double().mean().item()


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _loss_of_best_class(model, images, labels, batch_size):
    """The cross-entropy against the model's own answers."""
    was = _evaluating(model)
    with torch.no_grad():
        scores = model(images)
    model.train(was)
    return F.cross_entropy(scores, scores.argmax(1)).item(), (scores.argmax(1) == labels).double().mean().item()


@wrong()
def _bits(model, images, labels, batch_size):
    was = _evaluating(model)
    with torch.no_grad():
        scores = model(images)
    model.train(was)
    loss = F.cross_entropy(scores, labels).item() / math.log(2)
    return loss, (scores.argmax(1) == labels).double().mean().item()


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.7, "The mean of the batches' mean losses; the accuracy is right.")
def _average_loss_of_the_batches(model, images, labels, batch_size):
    was_training = model.training
    model.eval()
    losses, correct = [], 0
    with torch.no_grad():
        for i in range(0, len(images), batch_size):
            x, y = images[i : i + batch_size], labels[i : i + batch_size]
            out = model(x)
            losses.append(F.cross_entropy(out, y).item())
            correct += (out.argmax(dim=1) == y).sum().item()
    model.train(was_training)
    return sum(losses) / len(losses), correct / len(images)


# -------------------------------------------------------------------------------------------------------- right answers


def _switch(model: Any, training: bool) -> bool:
    before = bool(getattr(model, "training", False))
    if hasattr(model, "train"):
        model.train(training)
    return before


@right("whole_set_at_once", "All images in one pass; the batch size is a limit, not an order.")
@torch.no_grad()
def _whole_set_at_once(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    before = _switch(model, training=False)
    logits = model(images)
    _switch(model, before)
    loss = F.cross_entropy(logits, labels).item()
    return loss, (logits.argmax(1) == labels).float().mean().item()


@right("data_loader", "A DataLoader and weighted batch means.")
def _data_loader(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    before = _switch(model, training=False)
    loss = correct = 0.0
    with torch.inference_mode():
        for x, y in DataLoader(TensorDataset(images, labels), batch_size=batch_size):
            scores = model(x)
            loss += nn.CrossEntropyLoss()(scores, y).item() * len(y)
            correct += (scores.max(dim=1).indices == y).sum().item()
    _switch(model, before)
    return loss / len(images), correct / len(images)


@right("log_softmax", "Logits collected first, then log-softmax and gather, in float64.", second=True)
def _log_softmax(network: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    before = _switch(network, training=False)
    with torch.no_grad():
        logits = torch.cat([network(x) for x in torch.split(images, batch_size)])
    _switch(network, before)
    log_probs = torch.log_softmax(logits.double(), dim=-1)
    loss = -log_probs.gather(1, labels[:, None].long()).mean()
    return float(loss), float(torch.eq(log_probs.argmax(-1), labels).double().mean())


@right("running_average", "A running average that is updated batch by batch.")
def _running_average(model: Any, images: Tensor, labels: Tensor, batch_size: int) -> tuple[float, float]:
    before = _switch(model, training=False)
    averages, seen = torch.zeros(2, dtype=torch.float64), 0
    for start in range(0, len(labels), batch_size):
        x, y = images[start : start + batch_size], labels[start : start + batch_size]
        with torch.no_grad():
            logits = model(x)
        hit = (logits.argmax(-1) == y).double().mean()
        batch = torch.stack([F.cross_entropy(logits, y).double(), hit]).cpu()
        seen += len(y)
        averages += (batch - averages) * len(y) / seen
    _switch(model, before)
    return averages[0].item(), averages[1].item()
