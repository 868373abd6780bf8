"""A convolutional classifier: how it is made and called, and what students can check themselves."""

import torch

from autograder.authoring import Case, Sizes, check, inputs, made

SIZES = [Sizes({"B": b}) for b in (2, 3, 5, 8)]  # in training mode some layers need more than one image


@inputs("ConvClassifier", sizes=SIZES, dtypes=[torch.float32])  # networks of students have float32 weights
def conv_classifier(draw):
    """A classifier, and one batch of images."""
    return made({}, forward={"x": draw.uniform("B", 1, 28, 28, low=0.0, high=1.0)})


@check("ConvClassifier", "golden", given=True)
def test_golden(student):
    """In evaluation mode a white image has the logits that it has beside a black one, in whatever order they come."""
    made = student.make(Case("ConvClassifier", {}))
    white, black = torch.ones(1, 1, 28, 28), torch.zeros(1, 1, 28, 28)
    call = made.call("forward", {"x": white})
    alone = made.value("forward", {"x": white}, evaluate=True)
    for place, batch in enumerate(([white, black], [black, white])):
        logits = made.value("forward", {"x": torch.cat(batch)}, evaluate=True)[place : place + 1]
        what = f"beside a black image, at place {place},"
        student.close(call, logits, alone, what=what, help="Nothing in `forward` may mix the images of a batch.")
