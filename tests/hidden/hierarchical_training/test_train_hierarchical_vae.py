"""Training a VAE with two levels: what comes back, how well it tells images that it has not seen, and what the history says of both levels.

What is only asked for its effect on the weights is asked of short trainings on forty images (`ModelRun.short`), each made once.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from autograder.authoring import CheckFailed, FailureKind, check
from autograder.authoring.failures import CheckStopped
from autograder.checking.student import Student
from autograder.training.history import history_list
from autograder.training.measures.hierarchical import HierarchicalRun, Levels, Trained
from autograder.training.measures.vae import nats
from tests.hidden.trainings import require_settings, wrong
from tests.public.hierarchical_training.evidence import by_history, by_terms, of_a_runaway

NARROWER = 2.5
"""Nats by which the bound may be better with other log-variances: right ones have 0.1, a draw that is left out 6, a tenth of the KL 4."""
LISTS = {"elbo": "bound", "kl_1": "lower", "kl_2": "upper"}
"""The history's lists, and what is measured of each."""


@check("train_hierarchical_vae", "contract")
def test_contract(student: Student, run: HierarchicalRun):
    """`train_hierarchical_vae` takes the documented arguments and returns (model, history); `q1`, `q2`, `p1` and `decoder` map batches of
    any size, and `state_dict` holds tensors.
    """
    model = run.made(student, run.case(images=run.images[:20], latent_dim=3, top_dim=2, epochs=1), form=True)
    if model.history is None:
        message = "`train_hierarchical_vae` returns the model alone, but (model, history) are asked for"
        raise CheckFailed(FailureKind.CONTRACT, message, mistake="history_forgotten")
    for n in (1, 5):
        q1 = run.gaussian(student, model.handle, "q1", run.test_images[:n])
        q2 = run.gaussian(student, model.handle, "q2", q1.mean)
        p1 = run.gaussian(student, model.handle, "p1", q2.mean)
        for part, found, wanted in (("q1", q1, 3), ("q2", q2, 2), ("p1", p1, 3)):
            if found.mean.shape[1] != wanted:
                message = f"with `latent_dim=3` and `top_dim=2` `{part}` gives {found.mean.shape[1]} numbers for an image, not {wanted}"
                raise CheckFailed(FailureKind.CONTRACT, message)
        run.decode(student, model.handle, q1.mean)
    student.require_form()


@check("train_hierarchical_vae", "weights")
def test_weights(student: Student, run: HierarchicalRun):
    """What the model has learnt is in its `state_dict`: loaded into an untrained model (`epochs=0`) elsewhere it computes as before."""
    if not computes_elsewhere(student, run):
        message = "weights that `state_dict` gave, loaded into an untrained model (`epochs=0`), make `p1` or `decoder` something else"
        raise wrong(message, "Whatever they need belongs to the model's parameters and buffers.", "state_outside")


def computes_elsewhere(student: Student, run: HierarchicalRun) -> bool:
    """Whether a model with the weights of another computes p as that does, after a short training."""

    def compared() -> bool:
        model = run.short(student)
        generator = torch.Generator().manual_seed(student.lot("z"))
        z1, z2 = (torch.randn(5, m, generator=generator) for m in (3, 2))
        there = run.elsewhere(student, model.weights, run.case(latent_dim=3, top_dim=2))
        logits = [run.decode(student, handle, z1) for handle in (model.handle, there)]
        priors = [run.gaussian(student, handle, "p1", z2) for handle in (model.handle, there)]
        pairs = [logits, [p.mean for p in priors], [p.stddev for p in priors]]
        return all(torch.allclose(*pair, rtol=1e-3, atol=1e-4) for pair in pairs)

    return run.once("computes elsewhere", compared)


@check("train_hierarchical_vae", "elbo")
def test_elbo(student: Student, run: HierarchicalRun):
    """The bound of held-out images, measured by the grader: one process says what q is, the grader draws from both levels and charges for
    them, and another process, with nothing but the weights, computes p.
    """
    with explained(student, run):
        test = run.trained(student).test
    if not test.bound >= run.rule.threshold:
        message = (
            f"the bound of {len(run.test_images):,} held-out images is {nats(test.bound)} per image (log-likelihood {test.likelihood:.1f}, "
            f"lower level {test.lower:.1f}, upper level {test.upper:.1f}); {run.rule.threshold:g} is needed, and the best model without "
            f"latent variables has {run.without_latents():.0f} (data: {run.data.name}, {run.rule.epochs} epochs)"
        )
        mistake, evidence = evidence_of(student, run)
        help_text = "The bound is log p(x | z1) + log p(z1 | z2) - log q(z1 | x) - KL, summed over dimensions, averaged over images."
        raise wrong(message, evidence or help_text, mistake)


def evidence_of(student: Student, run: HierarchicalRun) -> tuple[str, str]:
    """Return the name of what keeps a model from a good bound and the evidence for it, where there is any; empty texts otherwise."""
    history = run.whole(student).history
    said = history_list(history, "elbo") or []
    if len(said) == 1 < run.rule.epochs:
        return "one_epoch_only", f"The history holds one epoch, {run.rule.epochs} were asked for."
    if found := by_history(last_finite(history)):
        return found
    if not all(map(math.isfinite, said)):  # it runs away: slowly, the numbers stay finite
        slow = run.short(student, n=200, epochs=20, batch_size=40, learning_rate=1e-4)
        code = run.levels(student, slow.handle, slow.handle, run.images[:200])
        return of_a_runaway(last_finite(slow.history), (code.likelihood, code.lower, code.upper))
    if not computes_elsewhere(student, run):
        return "state_outside", "With the same weights in another process, `p1` or `decoder` gives something else."
    if run.learns_nothing(student):
        return "no_update", "After two epochs the weights are those of an untrained model."
    code = run.trained(student).training
    last = last_finite(history)
    return by_terms(code.likelihood, code.lower, code.upper, last) if last else ("", "")


def last_finite(history: object) -> tuple[float, ...]:
    """Return the three lists' entries for the last epoch in which all of them are finite; an empty tuple where there is none."""
    lists = [history_list(history, name) or [] for name in LISTS]
    return next((row for row in reversed(list(zip(*lists, strict=False))) if all(map(math.isfinite, row))), ())


@contextmanager
def explained(student: Student, run: HierarchicalRun) -> Iterator[None]:
    """What the whole training shows to be wrong explains what fails in other trainings, too."""
    try:
        yield
    except CheckFailed as failure:
        failure.mistake = known_mistake(student, run) or failure.mistake
        raise


def known_mistake(student: Student, run: HierarchicalRun) -> str:
    """Return the name of what keeps the model of the whole training from a good bound, "" where there is none."""
    try:
        return evidence_of(student, run)[0]
    except (CheckFailed, CheckStopped):
        return ""


def mistake_in_widths(trained: Trained) -> str:
    """Return the name of what makes q(z₁ | x) narrower than the bound wants it; "" where it is not."""
    gain = trained.widths["lower", "+1"] - trained.widths["lower", "as encoded"]
    return "kl_hardly_counts" if gain > NARROWER else ""


@check("train_hierarchical_vae", "posterior", after=["elbo"])
def test_posterior(student: Student, run: HierarchicalRun):
    """`q1` and `q2` return the log-variances that training has fitted: with others, the training images are not told better."""
    trained = run.trained(student)
    widths = trained.widths
    for level, part in (("lower", "q1"), ("upper", "q2")):
        usual = widths[level, "as encoded"]
        best, bound = max(((name, bound) for (at, name), bound in widths.items() if at == level), key=lambda f: f[1])
        if bound > usual + NARROWER:
            other = "doubled" if best == "twice" else f"{best} each"
            message = (
                f"the bound of training images is {nats(usual)} with the log-variances that `{part}` returns, and {nats(bound)} with these "
                f"{other}: they are not those that the bound is best for"
            )
            help_text = (
                "Both levels are drawn from, the deviation is exp(log_var / 2) in the noise as in the KL, both KL terms count in full, and "
                "gradients flow through all of it."
            )
            raise wrong(message, help_text, mistake_in_widths(trained))


@check("train_hierarchical_vae", "terms", given=True)
def test_terms(student: Student, run: HierarchicalRun):
    """The history holds the bound and both KL terms of every epoch, in nats per image, and the last ones are about what the returned model
    reaches on the training images.
    """
    with explained(student, run):
        trained = run.trained(student)
        history, measured = trained.model.history, trained.training
        for name, part in LISTS.items():
            said, found = history_list(history, name), getattr(measured, part)
            if said is None or len(said) != run.rule.epochs or not all(map(math.isfinite, said)):
                message = f"history['{name}'] should be a list of {run.rule.epochs} numbers, one per epoch"
                mistake = "one_epoch_only" if said is not None and len(said) == 1 < run.rule.epochs else ""
                raise CheckFailed(FailureKind.CONTRACT, message, mistake=mistake)
            # an average over the epoch lags behind by what was learnt in it; draws differ
            allowed = 0.1 * abs(found) + 3 * abs(said[-1] - said[-2 if len(said) > 1 else -1]) + 1.5
            if abs(said[-1] - found) > allowed:
                message = f"history['{name}'] says {said[-1]:.4g} at the end, but for the training images it is {nats(found)} per image"
                help_text = "`elbo` is the bound, not the loss; `kl_1` is log q(z1 | x) - log p(z1 | z2), `kl_2` the KL of q(z2 | z1)."
                raise wrong(
                    message, help_text, mistake_in_history(run, measured, history) or mistake_in_widths(trained)
                )


def mistake_in_history(run: HierarchicalRun, measured: Levels, history: object) -> str:
    """Return the name of what the history holds instead, where its last numbers prove it; "" otherwise."""
    bound, lower, upper = ((history_list(history, name) or [math.nan])[-1] for name in LISTS)
    n = len(run.images)

    def about(value: float, wanted: float) -> bool:
        return abs(value - wanted) < 0.1 * abs(wanted) + 1.0

    if about(bound, -measured.bound) and about(lower, measured.lower):
        return "loss_in_history"
    if about(lower, measured.upper) and about(upper, measured.lower) and not about(measured.lower, measured.upper):
        return "terms_swapped"
    if about(bound / n, measured.bound) and abs(bound) > 10 * abs(measured.bound):
        return "history_not_per_image"
    return ""


@check("train_hierarchical_vae", "levels")
def test_levels(student: Student, run: HierarchicalRun):
    """Both levels are learnt: after two epochs p(z1 | z2) and q(z2 | z1) are others than those of an untrained model."""
    with explained(student, run):
        untrained, trained = run.short(student, epochs=0).handle, run.short(student).handle
        generator = torch.Generator().manual_seed(student.lot("levels"))
        for part, given, mistake in (
            ("p1", torch.randn(5, 2, generator=generator), "standard_prior"),
            ("q2", torch.randn(5, 3, generator=generator), ""),
        ):
            before, after = (run.gaussian(student, handle, part, given) for handle in (untrained, trained))
            if torch.equal(before.mean, after.mean) and torch.equal(before.stddev, after.stddev):
                help_text = (
                    "z1 is told by p(z1 | z2), whose mean and log-variance `p1` gives; its loss reaches `p1` and `q2`."
                )
                raise wrong(f"training does not change `{part}`: it is as in an untrained model", help_text, mistake)


@check("train_hierarchical_vae", "settings")
def test_settings(student: Student, run: HierarchicalRun):
    """Settings are settings: the same seed gives the same model and another seed another one; epochs, batch size and learning rate make
    a difference; with a learning rate of 0 nothing is learnt; images that fill less than one batch are learnt from.
    """
    with explained(student, run):
        require_settings(student, run)
