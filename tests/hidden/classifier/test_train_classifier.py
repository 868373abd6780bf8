"""Training a classifier: what comes back, what the history says, what was learnt, and that probabilities mean something.

Each check asks what it can by itself: none waits for the accuracy. What is asked of short runs is asked at a learning rate at which
something is learnt in them (`ClassifierRun.pace`).
"""

import math
from itertools import takewhile

import torch
from torch.nn.functional import cross_entropy

from autograder.authoring import Case, CheckFailed, FailureKind, check
from autograder.authoring.failures import CheckStopped
from autograder.checking.student import Student
from autograder.sandbox.inside.values import Handle
from autograder.training.history import history_list
from autograder.training.measures.classifier import FACTORS, NO_STEP, ClassifierRun, OneStep, Trained, share_right
from tests.hidden.trainings import wrong

MORE_THAN_LINEAR = 0.38
"""Share of images, half of them negatives, that a network learns to recognise: measured 0.5 to 0.96, linear models at most 0.25."""
ONE_OF_EACH = 0.92
"""Share of images that nobody recognises who has seen one of each class: right answers 0.45 to 0.75, with turned copies 0.78."""
KNOWN = 0.8
"""Share of images that nobody recognises who has not been taught."""


@check("train_classifier", "contract")
def test_contract(student: Student, run: ClassifierRun):
    """`train_classifier` takes the documented arguments and returns (model, history); the model maps images to ten
    logits.
    """
    case = run.short_case(run.images[:50], run.labels[:50], epochs=1)
    answer = student.ask(case, seconds=60.0)
    if isinstance(answer.value, Handle):
        require_history(student, run, case)
    model, _ = student.settled(case, answer, form=True)
    run.logits(student, model, run.val_images[:7])


def require_history(student: Student, run: ClassifierRun, case: Case) -> None:
    """Say that the history is missing, where the model alone came back and has learnt what it should."""
    model = student.ask(run.case(), seconds=run.rule.wall_seconds).value
    accuracy = 0.0
    if isinstance(model, Handle):
        truth = run.permutation[run.data.test_labels]
        accuracy = share_right(run.logits(student, model, run.test_images), truth)
    if accuracy >= run.rule.threshold:
        message = "`train_classifier` returns the model alone, but (model, history) are asked for"
        raise CheckFailed(FailureKind.CONTRACT, message, mistake="history_forgotten")
    student.settled(case, student.ask(case, seconds=60.0), form=True)


@check("train_classifier", "untaught", given=True)
def test_untaught(student: Student, run: ClassifierRun):
    """What the model knows, it learns: after one step on twenty images, with a learning rate that is next to 0, it knows nothing, and one
    image of each class does not teach it what others look like.
    """
    # measured: right answers recognise up to 0.25 of their images then; tables, forests and closed forms all of them; who trains with
    # settings of his own all of them, too, but at most 0.75 of others
    step = run.one_step(student)
    if step.own >= KNOWN and (step.others >= KNOWN or not step.network):
        known = step.others >= KNOWN
        help_text = (
            "What a model knows must come from the images that the function is given."
            if known
            else "A network learns step by step: forward, loss, backward, step, as often as `epochs` and `batch_size` say."
        )
        raise wrong(after_one_step(step), help_text, "known_beforehand" if known else "not_trained")
    try:
        share = run.from_one_of_each(student)
    except (CheckFailed, CheckStopped):
        return  # it does not learn, which other checks say
    if share > ONE_OF_EACH:
        message = f"taught one image of each class, the model recognises {share:.0%} of 500 others"
        help_text = "Who knows so much has seen many such images before: what is learnt must come from the images that are given."
        raise wrong(message, help_text, "known_beforehand")


def after_one_step(step: OneStep) -> str:
    """Return what a model knows after one step, in words."""
    return (
        f"after one step on 20 images with `learning_rate={NO_STEP:g}` the model recognises {step.own:.0%} of them and {step.others:.0%} "
        "of 500 others"
    )


@check("train_classifier", "accuracy", after=["untaught"])
def test_accuracy(student: Student, run: ClassifierRun):
    """The trained model recognises enough held-out test images; their labels were never in reach of the submission,
    and the ten classes are numbered in another order than usual.
    """
    _, accuracy = run.measure(student)
    if is_random(student, run):
        message = "in evaluation mode the same images get other logits when they are asked about again"
        help_text = "F.dropout needs training=self.training; nn.Dropout knows by itself."
        raise wrong(message, help_text, "random_in_evaluation")
    if accuracy < run.rule.threshold:
        message = (
            f"{accuracy:.2%} of the {len(run.data.test_labels):,} held-out images are recognised, "
            f"{run.rule.threshold:.0%} are needed (data: {run.data.name}, {run.rule.epochs} epochs)"
        )
        help_text = (
            "optimizer.zero_grad() before every backward? Shuffled batches, every batch of every epoch? "
            "No softmax in the model or before cross_entropy?"
        )
        mistake = mistake_in_learning(student, run, accuracy)
        raise CheckFailed(FailureKind.VALUE, message, help=help_text, mistake=mistake)


def is_random(student: Student, run: ClassifierRun) -> bool:
    """Whether a model gives other logits for the same images when it is asked again in evaluation mode."""
    asked = run.small(student)
    return not torch.allclose(asked.logits, asked.again, rtol=1e-3, atol=1e-3)


def mistake_in_learning(student: Student, run: ClassifierRun, accuracy: float) -> str:
    """Return the name of what keeps a model from recognising enough images, where there is evidence for it; "" otherwise."""
    losses = history_list(run.trained(student).history, "val_loss") or [0.0]
    if len(losses) == 1 < run.rule.epochs and accuracy > 0.5:
        return "one_epoch_only"  # a model that has learnt nothing has made another mistake, whatever its history says
    if len(losses) == run.rule.epochs > 1 and accuracy < 0.3 and max(losses) - min(losses) < 1e-6 * abs(losses[0]):
        return "no_update"
    if learns_in_larger_steps(student, run, accuracy):
        return "steps_too_small"
    return "linear_model" if accuracy > 0.7 and is_linear(student, run) else ""


def is_linear(student: Student, run: ClassifierRun) -> bool:
    """Whether a model that learns to recognise images does not learn it of images and negatives."""
    try:
        return share_of_negatives(student, run) < MORE_THAN_LINEAR
    except (CheckFailed, CheckStopped):
        return False


def learns_in_larger_steps(student: Student, run: ClassifierRun, accuracy: float) -> bool:
    """Whether short runs learn at a multiple of the learning rate only, and a whole one then makes up for most of what is missing."""
    enough = accuracy + 0.75 * (run.rule.threshold - accuracy)
    try:
        factor, _ = run.pace(student)
        larger = [other for other in FACTORS if other >= factor > 1.0]
        truth = run.permutation[run.data.test_labels]
        return any(share_right(run.trained(student, f).test, truth) >= enough for f in larger)
    except (CheckFailed, CheckStopped):
        return False


@check("train_classifier", "shuffled", after=["untaught"])
def test_shuffled(student: Student, run: ClassifierRun):
    """The order of the training images does not matter: sorted by class they teach as much as mixed."""
    factor, mixed = run.pace(student)
    images, labels = run.images[:600], run.labels[:600]
    by_class = labels.argsort(stable=True)
    case = run.short_case(images[by_class], labels[by_class], 3, factor)
    in_order = share_right(logits_after(run, student, case, images), labels)
    # measured: right answers differ by up to 0.07 between the two, those that do not shuffle by 0.69 and more, who leaves images out by 0.3
    if mixed - in_order > 0.22:
        message = (
            f"after three epochs {mixed:.0%} of 600 training images are recognised when they come mixed, "
            f"but {in_order:.0%} when the same images come sorted by class"
        )
        help_text = (
            "Draw a new order of the training images for every epoch: torch.randperm, or DataLoader(..., shuffle=True)."
        )
        mistake = "not_shuffled" if mixed - in_order > 0.5 else ""
        raise CheckFailed(FailureKind.VALUE, message, help=help_text, mistake=mistake)


def logits_after(run: ClassifierRun, student: Student, case: Case, images: torch.Tensor) -> torch.Tensor:
    """Train as `case` says; return the logits of some images."""
    model, _ = student.value(case, finite=False, seconds=120.0)
    return run.logits(student, model, images)


@check("train_classifier", "held_out", after=["untaught"])
def test_held_out(student: Student, run: ClassifierRun):
    """Nothing is learnt from the validation images: where all of them have wrong labels, the model does not take these
    up.
    """
    logits, labels, _ = run.with_wrong_validation(student)
    said = float(torch.softmax(logits, dim=-1)[torch.arange(len(labels)), labels].mean())
    # measured: right answers say at most 0.02, those that train on the validation images as well 0.45 and more
    if said > 0.25:
        message = f"validation images were given wrong labels, and the model repeats these with probability {said:.0%}"
        help_text = (
            "Only `images` and `labels` are trained on; the validation data are evaluated, without backward or step."
        )
        raise CheckFailed(FailureKind.VALUE, message, help=help_text, mistake="trained_on_validation_data")


def reached(logits: torch.Tensor, labels: torch.Tensor) -> dict[str, tuple[float, float]]:
    """Return the loss and the accuracy that logits have, each with how far a history may be off, by their names in it."""
    loss = float(cross_entropy(logits, labels))
    return {"val_loss": (loss, 0.02 * loss + 2e-3), "val_accuracy": (share_right(logits, labels), 0.006)}


@check("train_classifier", "history", after=["untaught"], given=True)
def test_history(student: Student, run: ClassifierRun):
    """The history holds the validation loss and accuracy of every epoch, and the last (or the best) is what the
    returned model really reaches.
    """
    trained = run.trained(student)
    figures = reached(trained.validation, run.val_labels)
    mistake = mistake_in_history(run, trained)
    for name, (measured, allowed) in figures.items():
        values = history_list(trained.history, name)
        if values is None or len(values) != run.rule.epochs or not all(map(math.isfinite, values)):
            message = f"history[{name!r}] should be a list of {run.rule.epochs} numbers, one per epoch"
            raise CheckFailed(FailureKind.CONTRACT, message, mistake=mistake)
        closest = min(values, key=lambda value: abs(value - measured))
        if abs(closest - measured) > allowed and not is_random(student, run):  # which `accuracy` charges
            message = (
                f"history[{name!r}] says {values[-1]:.4g} at the end, "
                f"but the returned model reaches {measured:.4g} on the validation images"
            )
            help_text = (
                "Average over all validation examples, in evaluation mode; the accuracy is a fraction; "
                "a loss that cannot fall below 1.46 comes from a softmax before cross_entropy."
            )
            raise CheckFailed(FailureKind.VALUE, message, help=help_text, mistake=mistake)
    try:
        logits, labels, history = run.with_wrong_validation(student)
    except (CheckFailed, CheckStopped):
        return  # `held_out` says what keeps it from that
    said, measured = (history_list(history, "val_accuracy") or [0.0])[-1], share_right(logits, labels)
    # the model takes none of these labels up, and figures of the training images are far from there
    if said > measured + 0.4:
        message = (
            f"where all labels of the validation images are wrong, history['val_accuracy'] says {said:.0%} all the same"
        )
        help_text = "Evaluate on `val_images` and `val_labels`."
        raise wrong(message, help_text, "validated_on_training_data")


def mistake_in_history(run: ClassifierRun, trained: Trained) -> str:
    """Return the name of what the history holds in place of the validation figures, where its numbers prove it; "" otherwise.

    Only of a model that has learnt: of one that has not, all figures are alike.
    """
    losses, shares = (history_list(trained.history, name) or [] for name in ("val_loss", "val_accuracy"))
    if share_right(trained.validation, run.val_labels) <= 0.5 or not losses or len(losses) != len(shares):
        return ""
    if len(losses) == 1 < run.rule.epochs:
        return "one_epoch_only"
    said = {"val_loss": losses, "val_accuracy": shares}
    last = len(run.labels) % run.rule.batch_size or run.rule.batch_size
    if not {0.0, 1.0}.issuperset(shares) and all(abs(share * last - round(share * last)) < 1e-4 for share in shares):
        return "last_batch_reported"
    on_training = reached(trained.training, run.labels)
    if all(abs(said[name][-1] - figure) <= allowed for name, (figure, allowed) in on_training.items()):
        return "validated_on_training_data"
    validated = reached(trained.validation, run.val_labels)
    steps = {name: values[-1] - values[-2] for name, values in said.items()}
    accumulated = all(abs(steps[name] - figure) <= allowed for name, (figure, allowed) in validated.items())
    return "epochs_accumulated" if accumulated else ""


@check("train_classifier", "settings", after=["untaught"])
def test_settings(student: Student, run: ClassifierRun):
    """Settings are settings: the same seed gives the same model and another seed another one; epochs, batch size and learning rate make a
    difference.
    """
    run.pace(student)  # of a model that learns nothing no setting makes a difference
    step = run.one_step(student)
    if step.own >= KNOWN:
        message = f"{after_one_step(step)}: it has not been trained with the settings that it was given"
        help_text = "The optimiser takes `learning_rate`, and there are `epochs` passes over batches of `batch_size`."
        raise wrong(message, help_text, "settings_ignored")
    plain = run.small(student)
    again = run.small(student, global_seed=student.lot("global"))
    if not torch.allclose(plain.logits, again.logits, rtol=1e-3, atol=1e-3):
        help_text = "Call torch.manual_seed(seed) first, or draw everything from generators that `seed` seeds."
        raise wrong("two trainings with the same `seed` give different models", help_text, "seed_ignored")
    for name, values, mistake in (
        ("seed", (5,), "seed_ignored"),
        ("epochs", (3, 1, 12), "epochs_ignored"),  # who returns the best epoch may end in the same one twice
        ("batch_size", (60,), "batch_size_ignored"),
        ("learning_rate", (0.3 * run.rule.learning_rate,), "learning_rate_ignored"),
    ):
        others = (run.small(student, **{name: value}) for value in values)
        same = list(takewhile(lambda other: torch.equal(plain.logits, other.logits), others))
        if len(same) == len(values):
            losses = history_list(same[0].history, "val_loss") or []
            named = "one_epoch_only" if name == "epochs" and len(losses) == 1 else mistake
            raise wrong(f"`{name}` makes no difference: another value gives the same model", mistake=named)


@check("train_classifier", "negatives", after=["untaught"])
def test_negatives(student: Student, run: ClassifierRun):
    """The network is more than linear: where half of the images are negatives, in training as in the test, it learns to recognise both."""
    share = share_of_negatives(student, run)
    if share < MORE_THAN_LINEAR:
        message = (
            f"trained on 600 images of which half are negatives (1 - x), the model recognises {share:.0%} of 400 others; a network "
            "with a hidden layer and a non-linearity recognises most of them"
        )
        help_text = "A single linear layer cannot see that an image and its negative show the same."
        raise wrong(message, help_text, "linear_model")


def share_of_negatives(student: Student, run: ClassifierRun) -> float:
    """Return which share of held-back images, half of them negatives, a model recognises that was trained on 600 such images."""

    def measured() -> float:
        factor, _ = run.pace(student)
        images, labels = half_negative(run.images[:600]), run.labels[:600]
        others, truth = half_negative(run.images[-400:]), run.labels[-400:]
        case = run.short_case(images, labels, 12, factor)
        return share_right(logits_after(run, student, case, others), truth)

    share: float = run.once("share of negatives", measured)
    return share


def half_negative(images: torch.Tensor) -> torch.Tensor:
    """Return images (N, 1, 28, 28) of which every second one is its negative."""
    every_second = (torch.arange(len(images)) % 2 == 1)[:, None, None, None]
    return torch.where(every_second, 1 - images, images)


@check("train_classifier", "calibrated", after=["untaught"])
def test_calibrated(student: Student, run: ClassifierRun):
    """Cross-entropy is minimised on logits: trained on images whose label is one class in 70 % and another in 30 % of
    the cases, the model says about 70 %.
    """
    prototypes = torch.stack([run.images[run.labels == c][0] for c in range(10)])
    kinds = torch.arange(10).repeat_interleave(60)
    images = prototypes[kinds]
    first = (torch.arange(600) % 10) < 7
    labels = torch.where(first, kinds, (kinds + 1) % 10)
    order = torch.randperm(600, generator=torch.Generator().manual_seed(1))
    factor, _ = run.pace(student)
    logits = logits_after(run, student, run.short_case(images[order], labels[order], 12, factor), prototypes)
    probabilities = torch.softmax(logits, dim=-1)
    of_class = probabilities[torch.arange(10), torch.arange(10)]
    said, off = float(of_class.mean()), float((of_class - 0.7).abs().mean())
    # measured: right answers are off by at most 0.08; where all are driven to 0 or 1, by 0.3 and more, whatever their mean
    if not 0.5 <= said <= 0.85 or off > 0.2:
        message = (
            f"for images that were labelled with a class in 70 % of the cases the model says {said:.0%}, "
            f"and is off by {off:.0%} on average"
        )
        help_text = (
            "cross_entropy takes logits and applies log_softmax itself: a softmax before it drives probabilities "
            "to 0 or 1, and one in the model flattens them."
        )
        sums = bool((logits >= 0).all()) and bool(((logits.sum(-1) - 1).abs() < 1e-4).all())
        raise CheckFailed(FailureKind.VALUE, message, help=help_text, mistake="softmax_in_network" if sums else "")
