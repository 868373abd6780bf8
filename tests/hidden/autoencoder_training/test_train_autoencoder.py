"""Training an autoencoder: what comes back, whether it has a bottleneck, how well images that it has not seen come out of it, and what its
loop does.

What is only asked for its effect on the weights is asked of short trainings on 600 images (`AutoencoderRun.of_few`), each made once.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from autograder.authoring import CheckFailed, FailureKind, check
from autograder.authoring.failures import CheckStopped
from autograder.checking.describe import kind_of
from autograder.checking.student import Student
from autograder.sandbox.inside.values import Handle
from autograder.training.history import history_list
from autograder.training.measures.autoencoder import AutoencoderRun, identical
from autograder.training.weights import alike
from tests.public.autoencoder_training.evidence import mistake_in_reconstruction

INFORMATIVE = 0.4
"""Share of PCA's gain over the mean image, below which codes hardly say which image it was."""
LOOP = "Every batch: zero_grad, the error of decode(encode(x)) against x, backward, step; all batches of every epoch."


def wrong(message: str, help: str = "", mistake: str = "") -> CheckFailed:
    """Return the failure of a value."""
    return CheckFailed(FailureKind.VALUE, message, help=help, mistake=mistake)


def codes_of(
    student: Student, run: AutoencoderRun, model: Handle, images: torch.Tensor, latent_dim: int, seed: int = 0
):
    """Return the codes of images, shape (N, latent_dim).

    Raises:
        CheckFailed: There are more or fewer numbers than asked for.
    """
    codes = run.encode(student, model, images, seed)
    if codes.shape[1] != latent_dim:
        asked = f"with `latent_dim={latent_dim}` the code of an image should have {latent_dim} numbers"
        message = f"{asked}, but `encode` gives {codes.shape[1]}"
        raise CheckFailed(FailureKind.CONTRACT, message, mistake=ignored_size(student, run))
    return codes


def ignored_size(student: Student, run: AutoencoderRun) -> str:
    """Return "latent_dim_ignored" where codes have the same size whatever is asked for, "" otherwise."""
    sizes = [run.encode(student, run.of_few(student, latent_dim=m).handle, run.images[:2]).shape[1] for m in (3, 5)]
    return "latent_dim_ignored" if sizes[0] == sizes[1] else ""


@check("train_autoencoder", "contract")
def test_contract(student: Student, run: AutoencoderRun):
    """`train_autoencoder` takes the documented arguments and returns (model, history); `encode` makes codes of any number of images and
    `decode` images of them, a row each, and `state_dict` holds tensors.
    """
    model = run.made(student, run.case(images=run.images[:20], latent_dim=2, epochs=1), form=True)
    with explained(student, run):
        for n in (1, 5):
            codes = codes_of(student, run, model.handle, run.test_images[:n], 2)
            run.decode(student, model.handle, codes)
    if model.history is None:
        message = "`train_autoencoder` returns the model alone, but (model, history) are asked for"
        raise CheckFailed(FailureKind.CONTRACT, message, mistake="history_forgotten" if learns(student, run) else "")
    if isinstance(model.history, list | tuple):
        message = "the history should be a dictionary with the list `loss`, but is the list itself"
        raise CheckFailed(FailureKind.CONTRACT, message, mistake="history_is_a_list" if learns(student, run) else "")
    if not isinstance(model.history, dict):
        raise CheckFailed(FailureKind.CONTRACT, "the history should be a dictionary with the list `loss`")
    for method, argument, size in (("encode", run.test_images[:5], 2), ("decode", codes, run.images.shape[1])):
        value = run.raw(student, model.handle, method, argument)
        if len(value.shape) != 2:
            message = f"`model.{method}` should return a tensor of shape (5, {size}), but gave {kind_of(value)}"
            raise CheckFailed(FailureKind.CONTRACT, message, mistake="not_in_rows" if learns(student, run) else "")
    student.require_form()


def learns(student: Student, run: AutoencoderRun) -> bool:
    """Whether the whole training ends in a good autoencoder."""
    try:
        return run.trained(student).share >= run.rule.threshold
    except (CheckFailed, CheckStopped):
        return False


@check("train_autoencoder", "bottleneck")
def test_bottleneck(student: Student, run: AutoencoderRun):
    """The code of an image is a point: `encode` gives the same one each time, whatever other images are asked about with it, and as many
    numbers as `latent_dim` says, also where that is 1.
    """
    with explained(student, run):
        model = run.of_few(student).handle
        images = run.test_images[:20]
        first, again = (codes_of(student, run, model, images, 3, seed) for seed in (0, 1))
        if not close(first, again):
            raise wrong(
                "`encode` gives other codes for the same images when it is asked again", mistake="noise_in_codes"
            )
        alone = torch.cat([codes_of(student, run, model, image[None], 3) for image in images[:5]])
        if not close(first[:5], alone):
            message = "the code of an image depends on the other images that `encode` is asked about with it"
            raise wrong(message, "In evaluation mode layers such as BatchNorm use what they have learnt.")
        thin = run.of_few(student, latent_dim=1).handle
        run.decode(student, thin, codes_of(student, run, thin, images, 1))


def close(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Whether codes are the same, up to the last digits."""
    return torch.allclose(first, second, rtol=1e-3, atol=1e-4 * float(first.abs().max()) + 1e-12)


@check("train_autoencoder", "weights")
def test_weights(student: Student, run: AutoencoderRun):
    """What the model has learnt is in its `state_dict`: loaded into an untrained model (`epochs=0`) elsewhere it decodes as before; that
    does not depend on which images were encoded last.
    """
    with explained(student, run):
        model = run.of_few(student)
        z = torch.randn(5, 3, generator=torch.Generator().manual_seed(student.lot("z")))
        here = []
        for images in (run.test_images[:5], run.test_images[5:10]):
            run.encode(student, model.handle, images)
            here.append(run.decode(student, model.handle, z))
        if not torch.allclose(*here, rtol=1e-3, atol=1e-4):
            message = "`decode` makes something else of the same codes when other images were encoded before"
            raise wrong(message, "All that `decode` may know of an image is its code.", "skip_connection")
        there = run.decode(student, run.elsewhere(student, model.weights, run.case(latent_dim=3)), z)
        if not torch.allclose(here[0], there, rtol=1e-3, atol=1e-4):
            message = "weights that `state_dict` gave, loaded into an untrained model (`epochs=0`), decode z to something else"
            raise wrong(message, "Whatever `decode` needs belongs to the model's parameters and buffers.")


@check("train_autoencoder", "informative")
def test_informative(student: Student, run: AutoencoderRun):
    """Codes say something of the images: held-out ones come out of them clearly better than as the mean of the training images. Measured
    by the grader: one process encodes, and another process, with nothing but the weights, decodes.
    """
    judge(student, run, INFORMATIVE)


@check("train_autoencoder", "reconstruction")
def test_reconstruction(student: Student, run: AutoencoderRun):
    """Held-out images come out of their codes about as well as out of as many principal components, or better."""
    judge(student, run, run.rule.threshold)


def judge(student: Student, run: AutoencoderRun, needed: float) -> None:
    """Compare the error of held-out images with those of the mean image and of principal components.

    Raises:
        CheckFailed: Less than `needed` of what goes away of it with principal components goes away.
    """
    trained = run.trained(student)
    if not trained.share >= needed:
        mean, linear = run.error_of_mean(), run.error_of_pca(trained.codes.shape[1])
        message = (
            f"the squared error of {len(run.test_images):,} held-out images is {trained.error:.4g} per image, of the mean image {mean:.1f} "
            f"and of {trained.codes.shape[1]} principal components {linear:.1f}: {mean - needed * (mean - linear):.1f} is needed "
            f"(data: {run.data.name}, {run.rule.epochs} epochs)"
        )
        mistake, evidence = reason(student, run)
        raise wrong(message, evidence or LOOP, mistake)


def reason(student: Student, run: AutoencoderRun) -> tuple[str, str]:
    """Return the name of what keeps a model from being a good one, and the evidence for it; empty texts where nothing proves one."""
    return run.once("the reason", lambda: _reason(student, run))


def _reason(student: Student, run: AutoencoderRun) -> tuple[str, str]:
    if run.learns_nothing(student):
        return "no_update", "After an epoch the weights are the same whatever the images were."
    if name := forgotten_half(student, run):
        return (
            name,
            "Give the optimiser `model.parameters()`, and let the gradient flow from the decoder into the encoder.",
        )
    trained = run.trained(student)
    said = losses(trained.model.history) or []
    found = mistake_in_reconstruction(run.test_images, trained.decoded, said)
    if found[0]:
        return found
    if ignores_epochs(student, run):
        return "epochs_ignored", "One epoch and two end in the same weights."
    if bool((trained.codes.std(dim=0) < 1e-6).all()):
        return "", "All images have the same code: the units of the bottleneck are dead, or the encoder is not trained."
    return "", ""


def forgotten_half(student: Student, run: AutoencoderRun) -> str:
    """Return which half of the model training leaves as it was, by the name of the mistake; "" where there is none."""
    return {"": "", "encode": "encoder_not_trained", "decode": "decoder_not_trained"}[run.unmoved(student)]


def ignores_epochs(student: Student, run: AutoencoderRun) -> bool:
    """Whether one epoch and two end in the same weights."""
    return identical(run.of_few(student).weights, run.of_few(student, epochs=2).weights)


@contextmanager
def explained(student: Student, run: AutoencoderRun) -> Iterator[None]:
    """What the whole training shows to be wrong explains what fails in other trainings, too."""
    try:
        yield
    except CheckFailed as failure:
        failure.mistake = known_mistake(student, run) or failure.mistake
        raise


def known_mistake(student: Student, run: AutoencoderRun) -> str:
    """Return the name of what keeps the model of the whole training from being a good one, "" where there is none."""
    try:
        return reason(student, run)[0] if run.trained(student).share < run.rule.threshold else ""
    except (CheckFailed, CheckStopped):
        return ""


@check("train_autoencoder", "history", given=True)
def test_history(student: Student, run: AutoencoderRun):
    """The history holds one finite number for every epoch in its list `loss`, and the last is smaller than the first."""
    with explained(student, run):
        epochs = run.rule.epochs
        said = losses(run.trained(student).model.history)
        if said is None or len(said) != epochs or not all(map(math.isfinite, said)):
            what = "no list of numbers" if said is None else f"a list of {len(said):,}"
            message = f"history['loss'] should be a list of {epochs} finite numbers, one per epoch, but is {what}"
            mistake = ""
            if said is not None and len(said) != epochs:
                each = len(said) > epochs and len(said) % epochs == 0
                mistake = "epochs_ignored" if ignores_epochs(student, run) else "loss_of_every_batch" if each else ""
            raise CheckFailed(FailureKind.CONTRACT, message, mistake=mistake)
        if len(said) > 1 and not said[-1] < said[0]:
            message = f"history['loss'] goes from {said[0]:.4g} to {said[-1]:.4g}: what is minimised should fall"
            raise wrong(message, "The loss itself, not its negative.", "negative_loss" if negative(said) else "")


def losses(history: object) -> list[float] | None:
    """Return the losses of a history, also where it is the list itself; None where they are no list of numbers."""
    return history_list({"loss": history} if isinstance(history, list | tuple) else history, "loss")


def negative(said: list[float]) -> bool:
    """Whether the numbers are negative and rise towards zero, as the negative of a squared error does."""
    return all(value < 0 for value in said)


@check("train_autoencoder", "loop")
def test_loop(student: Student, run: AutoencoderRun):
    """Training changes what encoder and decoder compute, every image of an epoch counts, and images that fill less than one batch are
    learnt from.
    """
    with explained(student, run):
        if run.learns_nothing(student):
            raise wrong("one epoch on other images ends in the same weights: nothing is learnt", LOOP, "no_update")
        if name := forgotten_half(student, run):
            method = run.unmoved(student)
            raise wrong(f"an epoch on other images changes nothing in what `{method}` returns", LOOP, name)
        done, ignored = run.ignored_images(student)
        if done - ignored < 2:
            message = (
                f"of 2,000 images one was changed, and an epoch ended in exactly the same weights; so it was for {ignored} of {done} "
                "images: most images of an epoch are not used"
            )
            raise wrong(message, "An epoch is a pass over all images, batch by batch.", "most_images_unused")
        few, other = (run.of_few(student, n=6, negative=negative).weights for negative in (False, True))
        if identical(few, other):
            message = "nothing is learnt of six images: the last batch, which is not full, is left out"
            raise wrong(
                message,
                "It counts, too: no drop_last=True, and as many steps as N / batch size, rounded up.",
                "last_batch_dropped",
            )


@check("train_autoencoder", "settings")
def test_settings(student: Student, run: AutoencoderRun):
    """Settings are settings: the same seed gives the same model, whatever random numbers were drawn before, and another seed another one;
    epochs make a difference, and none give an untrained model.
    """
    with explained(student, run):
        plain = run.of_few(student).weights
        if not alike(plain, run.of_few(student, global_seed=student.lot("global")).weights):
            help_text = "Call torch.manual_seed(seed) first, or draw everything from generators that `seed` seeds."
            raise wrong("two trainings with the same `seed` give different models", help_text, "seed_ignored")
        if identical(plain, run.of_few(student, seed=5).weights):
            raise wrong("`seed` makes no difference: another one gives the same model", mistake="seed_ignored")
        if ignores_epochs(student, run):
            raise wrong("`epochs` makes no difference: one and two end in the same weights", mistake="epochs_ignored")
        if identical(plain, run.of_few(student, epochs=0).weights):
            raise wrong("`epochs=0` gives the model that one epoch gives", mistake="epochs_ignored")
