"""Training a classifier: what comes back, what the history says, what was learnt, and that probabilities mean something."""

import math

import torch
from torch.nn.functional import cross_entropy

from autograder.authoring import Case, CheckFailed, FailureKind, check
from autograder.checking.student import Student
from autograder.training.measures.classifier import ClassifierRun, history_list


def small_case(run: ClassifierRun, images, labels, epochs: int, learning_rate: float = 0.001) -> Case:
    """A short training run on the given images; the validation images are the usual ones."""
    arguments = dict(run.case().arguments)
    few = slice(0, 40)
    arguments |= {
        "images": images,
        "labels": labels,
        "epochs": epochs,
        "batch_size": 32,
        "learning_rate": learning_rate,
    }
    return Case(run.task, arguments | {"val_images": run.val_images[few], "val_labels": run.val_labels[few]})


@check("train_classifier", "contract")
def test_contract(student: Student, run: ClassifierRun):
    """`train_classifier` takes the documented arguments and returns (model, history); the model maps images to ten
    logits.
    """
    case = small_case(run, run.images[:50], run.labels[:50], epochs=1)
    model, _ = student.value(case, form=True, seconds=60.0)
    run.logits(student, model, run.val_images[:7])


@check("train_classifier", "accuracy")
def test_accuracy(student: Student, run: ClassifierRun):
    """The trained model recognises enough held-out test images; their labels were never in reach of the submission,
    and the ten classes are numbered in another order than usual.
    """
    _, accuracy = run.measure(student)
    if accuracy < run.rule.threshold:
        message = (
            f"{accuracy:.2%} of the {len(run.data.test_labels):,} held-out images are recognised, "
            f"{run.rule.threshold:.0%} are needed (data: {run.data.name}, {run.rule.epochs} epochs)"
        )
        help_text = (
            "optimizer.zero_grad() before every backward? Shuffled batches, every batch of every epoch? "
            "No softmax in the model or before cross_entropy?"
        )
        _, history = run.trained(student)
        epochs = len(history_list(history, "val_loss") or ())
        # a model that has learnt nothing has made another mistake, whatever its history says
        mistake = "one_epoch_only" if epochs == 1 < run.rule.epochs and accuracy > 0.5 else ""
        raise CheckFailed(FailureKind.VALUE, message, help=help_text, mistake=mistake)


def accuracy_on(run: ClassifierRun, student: Student, case: Case, images, labels) -> tuple[float, torch.Tensor]:
    """Train as `case` says; return the accuracy on some images, and the logits of them."""
    model, _ = student.value(case, finite=False, seconds=120.0)
    logits = run.logits(student, model, images)
    return float((logits.argmax(-1) == labels).double().mean()), logits


@check("train_classifier", "shuffled", after=["accuracy"])
def test_shuffled(student: Student, run: ClassifierRun):
    """The order of the training images does not matter: sorted by class they teach as much as mixed."""
    images, labels = run.images[:600], run.labels[:600]
    by_class = labels.argsort(stable=True)
    mixed, _ = accuracy_on(run, student, small_case(run, images, labels, epochs=3), images, labels)
    case = small_case(run, images[by_class], labels[by_class], epochs=3)
    in_order, _ = accuracy_on(run, student, case, images, labels)
    # measured: right answers differ by up to 0.07 between the two, those that do not shuffle by 0.69 and more
    if mixed - in_order > 0.35:
        message = (
            f"after three epochs {mixed:.0%} of 600 training images are recognised when they come mixed, "
            f"but {in_order:.0%} when the same images come sorted by class"
        )
        help_text = (
            "Draw a new order of the training images for every epoch: torch.randperm, or DataLoader(..., shuffle=True)."
        )
        raise CheckFailed(FailureKind.VALUE, message, help=help_text, mistake="not_shuffled")


@check("train_classifier", "held_out", after=["accuracy"])
def test_held_out(student: Student, run: ClassifierRun):
    """Nothing is learnt from the validation images: where all of them have wrong labels, the model does not take these
    up.
    """
    images, labels = run.images[:500], run.labels[:500]
    others, wrong = run.images[-500:], (run.labels[-500:] + 1) % 10
    case = small_case(run, images, labels, epochs=4).but(val_images=others, val_labels=wrong)
    _, logits = accuracy_on(run, student, case, others, wrong)
    said = float(torch.softmax(logits, dim=-1)[torch.arange(len(wrong)), wrong].mean())
    # measured: right answers say at most 0.02, those that train on the validation images as well 0.45 and more
    if said > 0.25:
        message = f"validation images were given wrong labels, and the model repeats these with probability {said:.0%}"
        help_text = (
            "Only `images` and `labels` are trained on; the validation data are evaluated, without backward or step."
        )
        raise CheckFailed(FailureKind.VALUE, message, help=help_text, mistake="trained_on_validation_data")


@check("train_classifier", "history", after=["accuracy"])
def test_history(student: Student, run: ClassifierRun):
    """The history holds the validation loss and accuracy of every epoch, and the last (or the best) is what the
    returned model really reaches.
    """
    model, history = run.trained(student)
    logits = run.logits(student, model, run.val_images)
    loss = float(cross_entropy(logits, run.val_labels))
    accuracy = float((logits.argmax(-1) == run.val_labels).double().mean())
    for name, measured, allowed in (("val_loss", loss, 0.02 * loss + 2e-3), ("val_accuracy", accuracy, 0.006)):
        values = history_list(history, name)
        if values is None or len(values) != run.rule.epochs or not all(map(math.isfinite, values)):
            message = f"history[{name!r}] should be a list of {run.rule.epochs} numbers, one per epoch"
            raise CheckFailed(FailureKind.CONTRACT, message)
        closest = min(values, key=lambda value: abs(value - measured))
        if abs(closest - measured) > allowed:
            message = (
                f"history[{name!r}] says {values[-1]:.4g} at the end, "
                f"but the returned model reaches {measured:.4g} on the validation images"
            )
            help_text = (
                "Average over all validation examples, in evaluation mode; the accuracy is a fraction; "
                "a loss that cannot fall below 1.46 comes from a softmax before cross_entropy."
            )
            raise CheckFailed(FailureKind.VALUE, message, help=help_text)


@check("train_classifier", "calibrated", after=["accuracy"])
def test_calibrated(student: Student, run: ClassifierRun):
    """Cross-entropy is minimised on logits: trained on images whose label is one class in 70 % and another in 30 % of
    the cases, the model says about 70 %.
    """
    prototypes = torch.stack([run.images[run.labels == c][0] for c in range(10)])
    kinds = torch.arange(10).repeat_interleave(60)
    images = prototypes[kinds]
    first = (torch.arange(600) % 10) < 7
    labels = torch.where(first, kinds, (kinds + 1) % 10)
    order = torch.randperm(600, generator=torch.Generator().manual_seed(1))
    case = small_case(run, images[order], labels[order], epochs=12)
    model, _ = student.value(case, finite=False, seconds=120.0)
    logits = run.logits(student, model, prototypes)
    probabilities = torch.softmax(logits, dim=-1)
    of_class = probabilities[torch.arange(10), torch.arange(10)]
    said, off = float(of_class.mean()), float((of_class - 0.7).abs().mean())
    # measured: right answers are off by at most 0.08; where all are driven to 0 or 1, by 0.3 and more, whatever their mean
    if not 0.5 <= said <= 0.85 or off > 0.2:
        message = (
            f"for images that were labelled with a class in 70 % of the cases the model says {said:.0%}, "
            f"and is off by {off:.0%} on average"
        )
        help_text = (
            "cross_entropy takes logits and applies log_softmax itself: a softmax before it drives probabilities "
            "to 0 or 1, and one in the model flattens them."
        )
        sums = bool((logits >= 0).all()) and bool(((logits.sum(-1) - 1).abs() < 1e-4).all())
        raise CheckFailed(FailureKind.VALUE, message, help=help_text, mistake="softmax_in_network" if sums else "")
