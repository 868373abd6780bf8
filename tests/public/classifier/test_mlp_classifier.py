"""A classifier with one hidden layer: how it is made and called, and what students can check themselves."""

import torch

from autograder.authoring import Case, Sizes, check, inputs, made

SIZES = [
    Sizes({"B": b, "D": d, "H": h, "C": c}) for b, d, h, c in ((1, 5, 3, 2), (4, 2, 6, 3), (5, 7, 9, 2), (3, 12, 7, 4))
]


@inputs("MLPClassifier", sizes=SIZES, dtypes=[torch.float32])  # networks of students have float32 weights
def mlp_classifier(draw):
    """A small classifier, and one batch."""
    sizes = {"input_dim": draw.size("D"), "hidden_dim": draw.size("H"), "output_dim": draw.size("C")}
    return made(sizes | {"dropout": 0.3}, forward={"x": draw.normal("B", "D")})


@check("MLPClassifier", "golden")
def test_golden(student):
    """For 784 pixels, 100 hidden units and 10 classes there are 784 · 100 + 100 numbers below and 100 · 10 + 10 above: 79,510."""
    case = Case("MLPClassifier", {"input_dim": 784, "hidden_dim": 100, "output_dim": 10})
    made = student.make(case)
    made.value("forward", {"x": torch.zeros(3, 784)})
    count = made.inspect().count
    message = f"it has {count:,} parameters, but should have 79,510"
    student.require(count == 79_510, case, message, help="Two linear layers with biases; dropout has no parameters.")
