"""Latent optimisation: what comes back, how well it tells its images, whose rows are whose, what the history says, and the settings.

What is only asked for its effect on the weights is asked of short trainings on forty images (`short`), each made once.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from autograder.authoring import CheckFailed, FailureKind, check
from autograder.authoring.failures import CheckStopped
from autograder.checking.student import Student
from autograder.training.history import history_list
from autograder.training.measures.latent_optimization import LatentOptimizationRun, Optimised
from autograder.training.weights import alike
from tests.public.latent_optimization_training.evidence import (
    NEXT_TO_NOTHING,
    Fit,
    mistake_in_learning,
    mistake_in_objective,
)

NEAREST = 0.2
"""Share of the images to which their own row must be nearest: right work has 0.5 and more, rows that hardly moved 0.08."""


def wrong(message: str, help: str = "", mistake: str = "") -> CheckFailed:
    """Return the failure of a value."""
    return CheckFailed(FailureKind.VALUE, message, help=help, mistake=mistake)


@check("train_latent_optimization", "contract")
def test_contract(student: Student, run: LatentOptimizationRun):
    """`train_latent_optimization` takes the documented arguments and returns (decoder, mean, log_var, history), a row for each image;
    the decoder maps batches of any size to rows of pixels, and `state_dict` holds tensors.
    """
    case = run.case(images=run.grey[:20], latent_dim=2, epochs=1)
    model = run.made(student, case, form=True)

    def named(mistake: str) -> str:
        """Return the name where nothing else is wrong: that is, where the images are learnt."""
        return mistake if run.trained(student).told.objective <= run.rule.threshold else ""

    if model.history is None:
        message = (
            "`train_latent_optimization` returns three things, but (decoder, mean, log_var, history) are asked for"
        )
        raise CheckFailed(FailureKind.CONTRACT, message, mistake=named("history_forgotten"))
    if model.embedded:
        message = "`mean` and `log_var` are modules; tensors of shape (N, M) are asked for"
        help_text = "The numbers of an nn.Embedding are its `weight`."
        raise CheckFailed(FailureKind.CONTRACT, message, help=help_text, mistake=named("embeddings_returned"))
    for n in (1, 5):
        decoded = run.decode(student, model.handle, model.mean[:n])
        got = run.as_returned(student, model.handle, model.mean[:n])
        if got.shape != decoded.shape:
            message = f"`decoder(z)` returns shape {tuple(got.shape)} for {n} latent vectors; {tuple(decoded.shape)} is asked for"
            raise CheckFailed(FailureKind.CONTRACT, message, mistake=named("pictures_decoded"))
    student.require_form()


@check("train_latent_optimization", "weights")
def test_weights(student: Student, run: LatentOptimizationRun):
    """What the decoder has learnt is in its `state_dict`: loaded into an untrained decoder (`epochs=0`) elsewhere it decodes as before."""
    model = short(student, run)
    z = torch.randn(5, 3, generator=torch.Generator().manual_seed(student.lot("z")))
    case = run.case(images=run.grey[:40], latent_dim=3)
    here = run.decode(student, model.handle, z)
    there = run.decode(student, run.elsewhere(student, model.weights, case), z)
    if not torch.allclose(here, there, rtol=1e-3, atol=1e-4):
        message = (
            "weights that `state_dict` gave, loaded into an untrained decoder (`epochs=0`), decode z to something else"
        )
        raise wrong(message, "Whatever the decoder needs belongs to its parameters and buffers.")


def short(student: Student, run: LatentOptimizationRun, **changes: object) -> Optimised:
    """Return what a short training makes of a few grey images."""
    return run.short(student, grey=True, **changes)


@check("train_latent_optimization", "bound")
def test_bound(student: Student, run: LatentOptimizationRun):
    """The objective of the training images, measured by the grader: it charges the KL of the returned rows, draws z, and another process,
    with nothing but the decoder's weights, decodes.
    """
    trained = run.trained(student)
    told = trained.told
    if not told.objective <= run.rule.threshold:
        message = (
            f"squared error plus KL of the training images is {told.objective:.1f} per image (squared error {told.error:.1f}, KL "
            f"{told.divergence:.1f}); at most {run.rule.threshold:g} is needed, the mean image alone has {run.without_latents():.1f}, and "
            f"the best linear decoder {run.linear(trained.model.mean.shape[1]):.1f} (data: {run.data.name}, {run.rule.epochs} epochs)"
        )
        mistake, evidence = evidence_of(student, run, trained.model)
        help_text = evidence or (
            "Every batch: zero_grad, squared error summed over pixels plus KL, backward, step of decoder and latents; fresh noise in every "
            "step; row n belongs to image n."
        )
        raise wrong(message, help_text, mistake)


def evidence_of(student: Student, run: LatentOptimizationRun, model: Optimised) -> tuple[str, str]:
    """Return the name of what keeps the objective from being small, and the evidence for it; empty texts where there is none."""

    def train(images: Tensor, **changes: Any) -> Fit:
        case = run.case(images=images, **changes)
        return fit_of(
            student, run, run.once(f"{len(images)} {sorted(changes.items())}", lambda: run.made(student, case))
        )

    try:
        return mistake_in_learning(train, fit_of(student, run, model), run.grey, run.rule.epochs)
    except (CheckFailed, CheckStopped):
        return "", ""


def fit_of(student: Student, run: LatentOptimizationRun, model: Optimised) -> Fit:
    """Return a training as the public evidence looks at it."""
    said = history_list(model.history, "loss") or []
    return Fit(lambda z: run.decode(student, model.handle, z), model.mean, model.log_var, said)


@contextmanager
def explained(student: Student, run: LatentOptimizationRun) -> Iterator[None]:
    """What the whole training shows to be wrong explains what fails in other checks, too."""
    try:
        yield
    except CheckFailed as failure:
        failure.mistake = known_mistake(student, run) or failure.mistake
        raise


def known_mistake(student: Student, run: LatentOptimizationRun) -> str:
    """Return the name of what keeps the whole training from a good objective, "" where there is none."""
    try:
        trained = run.trained(student)
        return evidence_of(student, run, trained.model)[0] if trained.told.objective > run.rule.threshold else ""
    except (CheckFailed, CheckStopped):
        return ""


@check("train_latent_optimization", "rows")
def test_rows(student: Student, run: LatentOptimizationRun):
    """Row n of `mean` belongs to image n: it decodes to an image that is nearer to image n than those of other rows, for most images."""
    with explained(student, run):
        told = run.trained(student).told
        if told.nearest < NEAREST:
            message = (
                f"of the training images only {told.nearest:.0%} are nearest to what is decoded from their own row of `mean`; at least "
                f"{NEAREST:.0%} are needed"
            )
            raise wrong(message, "Take the rows by the images' own indices, and return them in the order of `images`.")


@check("train_latent_optimization", "variance")
def test_variance(student: Student, run: LatentOptimizationRun):
    """`log_var` is the logarithm of the variance of the noise that was added in training: read as that of a standard deviation, the
    objective is no smaller.
    """
    with explained(student, run):
        trained = run.trained(student)
        told = trained.told
        said = history_list(trained.model.history, "loss") or []
        lasts = [said[-1], said[-1] / len(run.grey)] if said else []
        # of sums over all images neither is near
        meant = any(abs(last - told.objective) < abs(last - told.as_log_std) < told.objective for last in lasts)
        if told.as_log_std < 0.97 * told.objective and not meant:
            message = (
                f"squared error plus KL is {told.objective:.1f} per image; if `log_var` were the logarithm of the standard deviation, it "
                f"would be {told.as_log_std:.1f}"
            )
            raise wrong(message, "The standard deviation is exp(log_var / 2).", "log_var_as_log_std")
        mistake, evidence = mistake_in_objective(fit_of(student, run, trained.model), run.grey)
        if mistake == "log_var_as_log_std":
            raise wrong("the noise of the training does not have the variance exp(`log_var`)", evidence, mistake)


@check("train_latent_optimization", "history", given=True)
def test_history(student: Student, run: LatentOptimizationRun):
    """The history holds the objective of every epoch, per image, and the last one is about what the returned decoder and rows reach."""
    with explained(student, run):
        trained = run.trained(student)
        measured = trained.told.objective
        said = history_list(trained.model.history, "loss")
        if said is None or len(said) != run.rule.epochs or not all(map(math.isfinite, said)):
            message = f"history['loss'] should be a list of {run.rule.epochs} numbers, one per epoch"
            mistake = "one_epoch_only" if said is not None and len(said) == 1 < run.rule.epochs else ""
            raise CheckFailed(FailureKind.CONTRACT, message, mistake=mistake)
        allowed = 0.15 * measured + 3 * abs(said[-1] - said[-2 if len(said) > 1 else -1])
        if abs(said[-1] - measured) > min(allowed, 0.5 * measured):
            message = (
                f"history['loss'] says {said[-1]:.4g} at the end, but of the returned decoder and rows squared error plus KL is "
                f"{measured:.4g} per image"
            )
            total = abs(said[-1] - len(run.grey) * measured) < 0.15 * len(run.grey) * measured
            help_text = (
                "The objective itself: summed over pixels and latent variables, averaged over all images of the epoch."
            )
            # of the other names none is proven where the images are told well: a history may hold the squared error alone
            shown, _ = mistake_in_objective(fit_of(student, run, trained.model), run.grey)
            other = shown if shown == "log_var_as_log_std" else ""
            raise wrong(message, help_text, "history_not_per_image" if total else other)


@check("train_latent_optimization", "settings")
def test_settings(student: Student, run: LatentOptimizationRun):
    """Settings are settings: the same seed gives the same decoder and rows and another seed others; epochs make a difference; with a
    `latent_lr` next to nothing the rows stay as they were, with such a `decoder_lr` the decoder does, and other rates give other results.
    """
    with explained(student, run):
        plain = short(student, run)
        again = short(student, run, global_seed=student.lot("global"))
        if not alike(learnt(plain), learnt(again)):
            help_text = "Call torch.manual_seed(seed) first, or draw everything from generators that `seed` seeds."
            raise wrong("two trainings with the same `seed` give different results", help_text, "seed_ignored")
        for name, value, mistake in (("seed", 5, "seed_ignored"), ("epochs", 3, "one_epoch_only")):
            if alike(learnt(plain), learnt(short(student, run, **{name: value}))):
                raise wrong(f"`{name}` makes no difference: another value gives the same result", mistake=mistake)
        start = short(student, run, epochs=0)
        no_decoder, no_latents = (
            short(student, run, **{name: NEXT_TO_NOTHING}) for name in ("decoder_lr", "latent_lr")
        )
        stand = {
            "decoder": stands(start.weights, no_decoder.weights),
            "latent": stands(start.latents, no_latents.latents),
        }
        if not any(stand.values()) and stands(start.weights, no_latents.weights):
            message = "with `latent_lr=1e-12` the decoder stays as it was and the rows of q(z) change"
            raise wrong(message, "Decoder and rows have got each other's learning rate.", "learning_rates_swapped")
        for name, what, standing in (
            ("latent_lr", "rows of q(z)", "latent"),
            ("decoder_lr", "weights of the decoder", "decoder"),
        ):
            if not stand[standing]:
                raise wrong(f"with `{name}=1e-12` the {what} change all the same", mistake=f"{name}_ignored")
        faster = short(student, run, decoder_lr=5e-3), short(student, run, latent_lr=5e-2)
        if alike(plain.weights, faster[0].weights):
            raise wrong(
                "`decoder_lr` makes no difference: another value gives the same decoder", mistake="decoder_lr_ignored"
            )
        if alike(plain.latents, faster[1].latents):
            raise wrong(
                "`latent_lr` makes no difference: another value gives the same rows", mistake="latent_lr_ignored"
            )


def learnt(model: Optimised) -> dict[str, Tensor]:
    """Return all numbers that a training has found, by name."""
    return {f"decoder.{name}": value for name, value in model.weights.items()} | model.latents


def stands(before: dict[str, Tensor], after: dict[str, Tensor]) -> bool:
    """Whether at most half of the numbers have changed visibly: statistics of batches do, whatever is learnt."""
    pairs = [(before[name].double(), value.double()) for name, value in after.items() if name in before]
    changed = sum(int((~torch.isclose(old, new, rtol=1e-4, atol=1e-6)).sum()) for old, new in pairs)
    return 2 * changed <= sum(new.numel() for _, new in pairs)
