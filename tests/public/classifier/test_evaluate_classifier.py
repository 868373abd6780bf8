"""Loss and accuracy of a classifier on a data set."""

import math

import torch

from autograder.authoring import Case, Probe, check, inputs
from tests.public.sizes import SIZES


@inputs("evaluate_classifier", sizes=SIZES, dtypes=[torch.float32])  # models of students have float32 weights
def evaluate_classifier(draw):
    """A linear classifier with known weights, images, and a batch size that does not divide their number."""
    layers = [{"op": "flatten"}, draw.affine("C", 784, std=6.0)]
    return {
        "model": Probe({"layers": layers}),
        "images": draw.uniform("N", 1, 28, 28, low=0.0, high=1.0),
        "labels": draw.labels("N", "C"),
        "batch_size": draw.size("S"),
    }


@check("evaluate_classifier", "golden")
def test_golden(student):
    """By hand: a model gives class 1 the probability ¾ for a white image and ¼ for a black one. Of a white image of class 1 and two
    black ones of classes 0 and 1, in batches of two, two of three are recognised, and the loss is (2 log 4/3 + log 4) / 3 = 0.6539.
    """
    weight, bias = torch.zeros(2, 784), torch.tensor([0.0, -math.log(3.0)])
    weight[1, 0] = 2 * math.log(3.0)  # the logits are 0 and ± log 3, by the first pixel
    images = torch.stack([torch.ones(1, 28, 28), torch.zeros(1, 28, 28), torch.zeros(1, 28, 28)])
    arguments = {
        "model": Probe({"layers": [{"op": "flatten"}, {"op": "affine", "weight": weight, "bias": bias}]}),
        "images": images,
        "labels": torch.tensor([1, 0, 1]),
        "batch_size": 2,
    }
    case = Case("evaluate_classifier", arguments)
    loss, accuracy = student.value(case)
    expected = (2 * math.log(4 / 3) + math.log(4)) / 3
    help_text = "Add up over all three examples and divide by 3: the second batch has one example only."
    student.close(case, torch.tensor(float(loss)), torch.tensor(expected), what="the loss", help=help_text)
    student.close(case, torch.tensor(float(accuracy)), torch.tensor(2 / 3), what="the accuracy", help=help_text)
