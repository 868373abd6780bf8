"""What hidden checks of trainings have in common."""

from autograder.authoring import CheckFailed, FailureKind
from autograder.checking.student import Student
from autograder.training.models import ModelRun
from autograder.training.weights import alike, moved


def wrong(message: str, help: str = "", mistake: str = "") -> CheckFailed:
    """Return the failure of a value."""
    return CheckFailed(FailureKind.VALUE, message, help=help, mistake=mistake)


def require_settings(student: Student, run: ModelRun) -> None:
    """Require that seed, epochs, batch size and learning rate make a difference, and the last batch too, in short trainings.

    Raises:
        CheckFailed, CheckStopped: One of them does not, or a training fails.
    """
    plain = run.short(student).weights
    if not alike(plain, run.short(student, global_seed=student.lot("global")).weights):
        help_text = "Call torch.manual_seed(seed) first, or draw everything from generators that `seed` seeds."
        raise wrong("two trainings with the same `seed` give different models", help_text, "seed_ignored")
    for name, value, mistake in (
        ("seed", 5, "seed_ignored"),
        ("epochs", 3, "one_epoch_only"),
        ("batch_size", 40, "batch_size_ignored"),
        ("learning_rate", 3e-4, "learning_rate_ignored"),
    ):
        if alike(plain, run.short(student, **{name: value}).weights):
            raise wrong(f"`{name}` makes no difference: another value gives the same model", mistake=mistake)
    untrained = run.short(student, epochs=0).weights
    standing = run.short(student, learning_rate=0.0).weights
    if 2 * sum(moved(untrained, standing).values()) > sum(value.numel() for value in standing.values()):
        raise wrong("with `learning_rate=0` the weights change all the same", mistake="learning_rate_ignored")
    if alike(untrained, run.short(student, batch_size=64).weights):
        message = "of 40 images in batches of 64 nothing is learnt: the last batch, which is not full, is left out"
        help_text = "It counts, too: no drop_last=True, and as many steps as N / batch_size, rounded up."
        raise wrong(message, help_text, "last_batch_dropped")
