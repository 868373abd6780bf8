"""Training an autoencoder: what students can check themselves, in seconds and without any data."""

import torch

from autograder.authoring import Case, CheckFailed, FailureKind, check
from autograder.sandbox.questions import Question
from tests.public.autoencoder_training.evidence import mistake_in_loop, mistake_in_reconstruction, squared_error
from tests.public.histories import numbers

LATENT = 8
ENOUGH = 30.0


def bars(n: int, seed: int):
    """Return n grey images of 28 × 28 pixels, shape (n, 784): one bar, across or down, in one of three places, more or less bright."""
    generator = torch.Generator().manual_seed(seed)
    place, across = torch.randint(0, 3, (n,), generator=generator), torch.randint(0, 2, (n,), generator=generator)
    bright = 0.5 + 0.5 * torch.rand(n, 1, generator=generator)
    lines = bright * ((torch.arange(28)[None, :] - 5 - 8 * place[:, None]).abs() <= 2).float()
    down, over = lines[:, None, :].expand(n, 28, 28), lines[:, :, None].expand(n, 28, 28)
    return torch.where(across[:, None, None] == 1, over, down).reshape(n, 784)


@check("train_autoencoder", "learns")
def test_learns(student):
    """It learns something very simple: images of 784 pixels with one bar in one of six places, more or less bright. The mean image has a
    squared error of 61 per image, summed over pixels: what is decoded from the codes of new images has at most 30.
    """
    images, others = bars(500, seed=1), bars(200, seed=2)
    case = Case(
        "train_autoencoder", {"images": images, "latent_dim": LATENT, "epochs": 100, "device": "cpu", "seed": 0}
    )
    model, history = student.value(case, finite=False, seconds=60.0)
    codes = ask(student, model, "encode", others)
    right = isinstance(codes, torch.Tensor) and tuple(codes.shape) == (200, LATENT)
    student.require(right, case, f"`model.encode(x)` returns codes of shape (200, {LATENT}), one tensor")
    decoded = ask(student, model, "decode", codes)
    right = isinstance(decoded, torch.Tensor) and tuple(decoded.shape) == (200, 784)
    student.require(right, case, "`model.decode(z)` returns images of shape (200, 784)")
    error = squared_error(others, decoded)
    if not error <= ENOUGH:
        mistake, evidence = explained(student, case, history, others, decoded)
        message = (
            f"after 100 epochs the squared error of 200 new images is {error:.1f} per image, summed over pixels; "
            f"at most {ENOUGH:g} is needed"
        )
        help_text = evidence or "Every batch: zero_grad, the error of decode(encode(x)) against x, backward, step."
        raise CheckFailed(FailureKind.VALUE, message, help=help_text, evidence=student.evidence(case), mistake=mistake)


def ask(student, model, method, argument):
    """Return what a method of the model makes of its argument, a row for each."""
    answer = student.ask_handle(
        Question(model, [argument], method=method, evaluate=True), f"`{method}` of the model"
    ).value
    return answer.flatten(1) if isinstance(answer, torch.Tensor) and answer.dim() > 2 else answer


def explained(student, case, history, others, decoded):
    """Return the name of the mistake and the evidence for it, if there is any: from what is decoded, and from three short trainings."""
    images = case.arguments["images"]
    z = torch.randn(20, LATENT, generator=torch.Generator().manual_seed(3))

    def made(**changes):
        model, _ = student.value(case.but(**({"epochs": 1} | changes)), finite=False, seconds=60.0)
        return ask(student, model, "encode", others), ask(student, model, "decode", z)

    def same(first, second):
        return tuple(a.shape == b.shape and torch.equal(a, b) for a, b in zip(first, second, strict=True))

    one = made()
    if mistake := mistake_in_loop(same(one, made(images=1 - images)), all(same(one, made(epochs=2)))):
        return mistake, ""
    said = numbers(history if isinstance(history, dict) else {"loss": history}, "loss")
    return mistake_in_reconstruction(others, decoded, said)
