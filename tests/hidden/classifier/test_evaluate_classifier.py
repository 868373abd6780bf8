"""Evaluation of classifiers, asked about classifiers with known weights. Every check looks at one thing, the others given."""

import math

import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder.authoring import CheckFailed, FailureKind, Probe, check
from tests.hidden.sizes import CORNERS, WIDE
from tests.public.classifier.test_evaluate_classifier import evaluate_classifier
from tests.public.sizes import SIZES


def in_whole_batches(case):
    """The same call with a number of images that the batch size divides: no batch is smaller than the others."""
    size = min(case.arguments["batch_size"], len(case.arguments["labels"]))
    whole = len(case.arguments["labels"]) // size * size
    return case.but(images=case.arguments["images"][:whole], labels=case.arguments["labels"][:whole], batch_size=size)


def with_another_model(case):
    """The same images, labels and batches, with the classes of the model moved on by one."""
    flatten, layer = case.arguments["model"].spec["layers"]
    moved = {name: part.roll(1, 0) for name, part in layer.items() if name in ("weight", "bias")}
    return case.but(model=Probe({"layers": [flatten, {**layer, **moved}]}))


def with_logits_times(factor, case):
    """The same call with logits that differ by hundredths or by dozens of nats: the model recognises the same images."""
    flatten, layer = case.arguments["model"].spec["layers"]
    scaled = {name: factor * layer[name] for name in ("weight", "bias")}
    return case.but(model=Probe({"layers": [flatten, {**layer, **scaled}]}))


def undecided(case):
    """The same call with a model that has not learnt anything: its logits are the same for all classes."""
    return with_logits_times(0.0, case)


def broken(case):
    """The same call with a model whose logits overflow for a third of the images: what softmax makes of them is no number."""
    flatten, layer = case.arguments["model"].spec["layers"]
    images = case.arguments["images"].clone()
    images[:, 0, 0, :2] = 0.0
    images[: max(1, len(images) // 3), 0, 0, :2] = 1.0
    weight = layer["weight"].clone()
    weight[:, :2] = 3e38  # twice as much is infinite in float32
    return case.but(images=images, model=Probe({"layers": [flatten, {**layer, "weight": weight}]}))


def close_loss(student, case, loss, best, help_text):
    """The model works in float32, so the loss is compared at that precision."""
    as_float32 = torch.tensor(float(loss), dtype=torch.float32)
    student.close(case, as_float32, torch.tensor(float(best), dtype=torch.float64), what="the loss", help=help_text)


@check("evaluate_classifier", "loss")
@settings(max_examples=10)
@given(case=evaluate_classifier.drawn(sizes=WIDE))
def test_loss(student, oracle, case):
    """The loss is the mean cross-entropy (nats) over all examples, where every batch is full."""
    case = in_whole_batches(case)
    help_text = "cross_entropy takes logits, so no softmax before it; average over all batches."
    for one in (case, with_another_model(case), with_logits_times(3.0, case)):
        close_loss(student, one, student.value(one)[0], oracle.value(one)[0], help_text)
    require_no_number(student, broken(case))


def require_no_number(student, case):
    """Require that a model that is broken for some images is not reported with a loss as if it were not; an error is as good."""
    try:
        loss = float(student.value(case, finite=False)[0])
    except CheckFailed as failure:
        if failure.kind is FailureKind.EXCEPTION:
            return
        raise
    message = "the model's logits overflow for a third of the images, but the mean loss is a usual number"
    help_text = "The loss is an average over all images: leave none out."
    student.require(not math.isfinite(loss), case, message, help=help_text, got=f"{loss:.6g}", expected="nan or inf")


@check("evaluate_classifier", "accuracy")
@settings(max_examples=10)
@given(case=evaluate_classifier.drawn(sizes=WIDE))
def test_accuracy(student, oracle, case):
    """The accuracy is the share of right answers among all examples, where every batch is full."""
    case = in_whole_batches(case)
    help_text = "It is a fraction of all examples, not of the last batch."
    for one in (case, with_logits_times(0.003, case)):
        student.close(one, student.value(one)[1], oracle.value(one)[1], what="the accuracy", help=help_text)
    require_one_class(student, undecided(case))


def require_one_class(student, case):
    """Require that of several classes with the same logit one is taken, whichever that is: at most the share of one class is right."""
    labels = case.arguments["labels"]
    n_classes = len(case.arguments["model"].spec["layers"][1]["bias"])
    most = float(torch.bincount(labels, minlength=n_classes).max()) / len(labels)
    got = float(student.value(case)[1])
    message = (
        f"a model that gives all {n_classes} classes the same logit is right for at most {most:.4g} of these images"
    )
    help_text = "The predicted class is one class: argmax."
    student.require(got <= most + 1e-6, case, message, help=help_text, got=f"{got:.6g}", expected=f"at most {most:.6g}")


@check("evaluate_classifier", "last_batch", after=["loss", "accuracy"])
@example(size=CORNERS[4].but(N=37, S=9), seed=2)
@example(size=CORNERS[4].but(N=35, S=9), seed=3)
@example(size=CORNERS[1], seed=1)
@example(size=CORNERS[7], seed=7)
@settings(max_examples=10)
@given(size=WIDE, seed=st.integers(0, 2**31 - 1))
def test_last_batch(student, oracle, size, seed):
    """A last batch that is smaller than the others, by one image or by all but one, counts for less: loss and accuracy are averages
    over examples, not over batches.
    """
    case = evaluate_classifier.build(size, torch.float32, seed)
    loss, accuracy = student.value(case)
    best_loss, best_accuracy = oracle.value(case)
    help_text = "Weigh every batch by its size: reduction='sum' and one division by N at the end."
    student.close(case, accuracy, best_accuracy, what="the accuracy", help=help_text)
    close_loss(student, case, loss, best_loss, help_text)


@check("evaluate_classifier", "mode_restored", given=True)
def test_mode_restored(student):
    """Afterwards the model is in the mode it came in: training goes on with dropout, and a finished model stays in
    evaluation mode.
    """
    case = evaluate_classifier.build(SIZES[2], torch.float32, student.lot("mode"))
    for training in (True, False):
        spec = case.arguments["model"].spec | {"eval": not training}
        modes = student.ask(case.but(model=Probe(spec))).modes
        was, became = ("training", "evaluation") if training else ("evaluation", "training")
        message = f"a model that comes in {was} mode is left in {became} mode"
        student.require(modes.get("model") is training, case, message, help="Remember model.training and restore it.")


@check("evaluate_classifier", "evaluation_mode", given=True)
@settings(max_examples=8)
@given(seed=st.integers(0, 2**31 - 1))
def test_evaluation_mode(student, seed):
    """The model is evaluated in evaluation mode: dropout makes no difference, nor what else is in a batch for batch normalisation,
    also when the model comes in training mode.
    """
    case = evaluate_classifier.build(SIZES[6], torch.float32, seed)
    layers = case.arguments["model"].spec["layers"]
    pixels = layers[1]["weight"].shape[1]
    seen = {"mean": torch.zeros(pixels), "var": torch.full((pixels,), 1.0 - 1e-5)}  # with its ε, that changes nothing
    both = [{"op": "batch_norm", **seen}, {"op": "dropout", "p": 0.35}]
    dropping = case.but(model=Probe({"layers": [layers[0], *both, layers[1]]}))
    without = student.value(case)  # the student's own: what else is wrong with it has a check of its own
    loss, accuracy = student.value(dropping)
    help_text = "Call model.eval() before the loop."
    close_loss(student, dropping, loss, without[0], help_text)
    student.close(dropping, accuracy, without[1], what="the accuracy", help=help_text)
