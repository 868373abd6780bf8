"""Training a VAE: what students can check themselves, in seconds and without any data."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from autograder.authoring import Case, CheckFailed, FailureKind, check
from autograder.sandbox.questions import Question
from tests.public.histories import numbers
from tests.public.stripes import stripes
from tests.public.vae_training.evidence import mistake_in_learning


@check("train_vae", "learns")
def test_learns(student):
    """It learns something very simple: images of 64 pixels that hold one of six patterns, a tenth of the pixels turned over. A model
    without latent variables needs 42 nats an image, the patterns and their noise 23: the trained one needs at most 33.
    """
    images, others = stripes(300, seed=1), stripes(200, seed=2)
    settings = {"latent_dim": 4, "epochs": 30, "batch_size": 25, "learning_rate": 3e-3, "device": "cpu", "seed": 0}
    options = {"prior": "normal", "likelihood": "bernoulli", "n_components": 10, "snapshot_epochs": ()}
    case = Case("train_vae", {"images": images} | settings | options)
    model, history = student.value(case, finite=False, seconds=60.0)
    answer = student.ask_handle(
        Question(model, [others], method="encode", evaluate=True), "`encode` of the model"
    ).value
    right = isinstance(answer, tuple | list) and len(answer) == 2 and all(tuple(a.shape) == (200, 4) for a in answer)
    student.require(right, case, "`model.encode(x)` returns mean and log-variance, both of shape (200, 4)")
    mean, log_var = answer
    z = mean + (log_var / 2).exp() * torch.randn(200, 4, generator=torch.Generator().manual_seed(3))
    logits = student.ask_handle(Question(model, [z], method="decode", evaluate=True), "`decode` of the model").value
    right = isinstance(logits, torch.Tensor) and tuple(logits.shape) == (200, 64)
    student.require(right, case, "`model.decode(z)` returns logits of shape (200, 64)")
    likelihood = -binary_cross_entropy_with_logits(logits, others, reduction="none").sum(dim=-1)
    divergence = 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(dim=-1)
    bound = float((likelihood - divergence).mean())
    message = (
        f"after 30 epochs the ELBO of 200 new images is {bound:.1f} nats per image (log-likelihood {float(likelihood.mean()):.1f}, "
        f"KL {float(divergence.mean()):.1f}); -33 is needed"
    )
    help_text = (
        "Every batch: zero_grad, the negative bound summed over pixels and averaged over images, backward, step."
    )
    if bound < -33:
        mistake, evidence = explained(student, case, model, history)
        raise CheckFailed(
            FailureKind.VALUE, message, help=evidence or help_text, evidence=student.evidence(case), mistake=mistake
        )


def explained(student, case, model, history):
    """Return the name of the mistake and the evidence for it, if there is any: what the model does with its own training images."""
    images = case.arguments["images"]

    def ask(model, method, argument):
        return student.ask_handle(
            Question(model, [argument], method=method, evaluate=True), f"`{method}` of the model"
        ).value

    mean, log_var = ask(model, "encode", images)
    z = mean + (log_var / 2).exp() * torch.randn(mean.shape, generator=torch.Generator().manual_seed(4))
    logits, at_mean = ask(model, "decode", z), ask(model, "decode", mean)
    untrained, _ = student.value(case.but(epochs=0), finite=False, seconds=60.0)
    if torch.allclose(logits, ask(untrained, "decode", z), atol=1e-5):
        return "no_update", "After 30 epochs the model decodes as after none."
    told, best = (
        -binary_cross_entropy_with_logits(y, images, reduction="none").sum(dim=-1).mean() for y in (logits, at_mean)
    )
    divergence = 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(dim=-1).mean()
    said = numbers(history, "elbo")
    return mistake_in_learning(said, case.arguments["epochs"], float(told), float(divergence), float(best), logits)
