"""Evaluation of classifiers, asked about classifiers with known weights."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.authoring import Probe, check
from tests.public.classifier.test_evaluate_classifier import evaluate_classifier
from tests.public.sizes import SIZES


@check("evaluate_classifier", "value")
@settings(max_examples=15)
@given(case=evaluate_classifier.drawn())
def test_value(student, oracle, case):
    """The loss is the mean cross-entropy (nats) and the accuracy the share of right answers over all examples,
    whatever the batch size.
    """
    loss, accuracy = student.value(case)
    best_loss, best_accuracy = oracle.value(case)
    help_text = "Weigh the last, smaller batch by its size; cross_entropy takes logits, so no softmax before it."
    student.close(
        case,
        accuracy,
        best_accuracy,
        what="the accuracy",
        help="It is a fraction of all examples, not of the last batch.",
    )
    close_loss(student, case, loss, best_loss, help_text)


def close_loss(student, case, loss, best, help_text):
    """The model works in float32, so the loss is compared at that precision."""
    as_float32 = torch.tensor(float(loss), dtype=torch.float32)
    student.close(case, as_float32, torch.tensor(float(best), dtype=torch.float64), what="the loss", help=help_text)


@check("evaluate_classifier", "mode_restored")
def test_mode_restored(student):
    """Afterwards the model is in the mode it came in: training goes on with dropout, and a finished model stays in
    evaluation mode.
    """
    case = evaluate_classifier.build(SIZES[2], torch.float32, 1)
    for training in (True, False):
        spec = case.arguments["model"].spec | {"eval": not training}
        modes = student.ask(case.but(model=Probe(spec))).modes
        was, became = ("training", "evaluation") if training else ("evaluation", "training")
        message = f"a model that comes in {was} mode is left in {became} mode"
        student.require(modes.get("model") is training, case, message, help="Remember model.training and restore it.")


@check("evaluate_classifier", "evaluation_mode")
@settings(max_examples=8)
@given(seed=st.integers(0, 100))
def test_evaluation_mode(student, oracle, seed):
    """The model is evaluated in evaluation mode: dropout is off, also when the model comes in training mode."""
    case = evaluate_classifier.build(SIZES[6], torch.float32, seed)
    layers = case.arguments["model"].spec["layers"]
    dropping = Probe({"layers": [layers[0], {"op": "dropout", "p": 0.35}, layers[1]]})
    expected = oracle.value(case)
    case = case.but(model=dropping)
    loss, accuracy = student.value(case)
    help_text = "Call model.eval() before the loop."
    close_loss(student, case, loss, expected[0], help_text)
    student.close(case, accuracy, expected[1], what="the accuracy", help=help_text)
