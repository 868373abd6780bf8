"""Training a VAE with two levels: what students can check themselves, in seconds and without any data."""

import math

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from autograder.authoring import Case, CheckFailed, FailureKind, check
from autograder.sandbox.questions import Question
from tests.public.hierarchical_training.evidence import by_history, by_terms, of_a_runaway
from tests.public.histories import numbers
from tests.public.stripes import stripes

NEEDED = -36.0
"""Nats per image: without latent variables -42 can be reached, with one level -25; right ones with two have -25 to -30."""


@check("train_hierarchical_vae", "learns")
def test_learns(student):
    """It learns something very simple: images of 64 pixels that hold one of six patterns, a tenth of the pixels turned over. A model
    without latent variables needs 42 nats an image, the patterns and their noise 23: the trained one needs at most 36.
    """
    images, others = stripes(300, seed=1), stripes(200, seed=2)
    settings = {"latent_dim": 4, "top_dim": 2, "epochs": 40, "batch_size": 25, "learning_rate": 3e-3}
    case = Case("train_hierarchical_vae", {"images": images, **settings, "device": "cpu", "seed": 0})
    model, history = student.value(case, finite=False, seconds=60.0)
    likelihood, lower, upper = terms(student, case, model, others)
    bound = likelihood - lower - upper
    if not bound >= NEEDED:
        message = (
            f"after 40 epochs the bound of 200 new images is {bound:.1f} nats per image (log-likelihood {likelihood:.1f}, lower level "
            f"{lower:.1f}, upper level {upper:.1f}); {NEEDED:g} is needed"
        )
        help_text = (
            "Every batch: zero_grad, the negative bound (a sum over pixels and latent variables), backward, step."
        )
        mistake, evidence = explained(student, case, model, history)
        raise CheckFailed(
            FailureKind.VALUE, message, help=evidence or help_text, evidence=student.evidence(case), mistake=mistake
        )


def terms(student, case, model, images):
    """Return log-likelihood, cost of the lower and cost of the upper level, one draw each, on average over images."""

    def ask(part, given, *shapes):
        value = student.ask_handle(Question(model, [given], method=part, evaluate=True), f"`{part}` of the model").value
        parts = value if isinstance(value, tuple | list) else (value,)
        right = [tuple(getattr(each, "shape", ())) for each in parts] == list(shapes)
        student.require(
            right, case, f"`model.{part}` returns {' and '.join(map(str, shapes))}, tensors of these shapes"
        )
        return value

    n = len(images)
    generator = torch.Generator().manual_seed(3)
    mean, log_var = ask("q1", images, (n, 4), (n, 4))
    z1 = mean + (log_var / 2).exp() * torch.randn(n, 4, generator=generator)
    top, top_log_var = ask("q2", z1, (n, 2), (n, 2))
    z2 = top + (top_log_var / 2).exp() * torch.randn(n, 2, generator=generator)
    prior, prior_log_var = ask("p1", z2, (n, 4), (n, 4))
    logits = ask("decoder", z1, (n, 64))
    likelihood = -binary_cross_entropy_with_logits(logits, images, reduction="none").sum(dim=-1)
    log_q = -0.5 * ((z1 - mean) ** 2 / log_var.exp() + log_var).sum(dim=-1)
    log_p = -0.5 * ((z1 - prior) ** 2 / prior_log_var.exp() + prior_log_var).sum(dim=-1)
    upper = 0.5 * (top_log_var.exp() + top**2 - 1 - top_log_var).sum(dim=-1)
    return tuple(float(part.mean()) for part in (likelihood, log_q - log_p, upper))


def explained(student, case, model, history):
    """Return the name of the mistake and the evidence for it, if there is any: from the history, and from the training images."""
    said = numbers(history, "elbo")
    if len(said) == 1:
        return "one_epoch_only", "The history holds one epoch, 40 were asked for."
    if found := by_history(last_finite(history)):
        return found
    if not all(map(math.isfinite, said)):  # it runs away: slowly, the numbers stay finite
        slow, history = student.value(case.but(learning_rate=1e-4, epochs=20), finite=False, seconds=60.0)
        return of_a_runaway(last_finite(history), terms(student, case, slow, case.arguments["images"]))
    untrained, _ = student.value(case.but(epochs=0), finite=False, seconds=60.0)
    images = case.arguments["images"]
    if terms(student, case, untrained, images) == terms(student, case, model, images):
        return "no_update", "After 40 epochs the model computes what it does after none."
    last = last_finite(history)
    return by_terms(*terms(student, case, model, images), last, certain=8.0) if last else ("", "")


def last_finite(history):
    """Return the entries of the last epoch in which all three lists are finite; an empty tuple where there is none."""
    rows = zip(*(numbers(history, name) for name in ("elbo", "kl_1", "kl_2")), strict=False)
    return next((row for row in reversed(list(rows)) if all(map(math.isfinite, row))), ())
