"""A deterministic autoencoder, trained by a submission, and measured by the trusted process: what is left of an image in its code.

One process, in which the model was trained, encodes images that it has not seen before. Their codes are rounded here, so that nothing can
be told in their last digits: with a precision of a hundredth of the standard deviation, a number tells at most nine bits of an image,
however it is distributed. Another process, which holds nothing but the weights of the model and has never seen an image, decodes. The error
is compared with that of the best linear autoencoder, principal component analysis with as many components.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed
from autograder.checking.describe import kind_of
from autograder.checking.student import Student
from autograder.records import FailureKind, Grid, Scatter, TrainingRecord
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.questions import Question
from autograder.training.models import CHUNK, MOST_TEST_IMAGES, Model, ModelRun
from autograder.training.pictures import grid, scatter
from autograder.training.weights import Weights

PRECISION = 0.01
"""Of a code, in standard deviations over images."""
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")
"""Of batch normalisation: they follow the images without any step of an optimiser."""
_COLUMNS, _ROWS = 10, 2


@dataclass(frozen=True)
class Trained:
    """What came out of the training that the rubric's budget pays for.

    Attributes:
        codes: Of held-out images, as they were told: rounded. Shape (N, M).
        decoded: What the other process made of them, shape (N, D).
        error: Mean squared error of a held-out image, summed over pixels.
        share: How much of the mean image's error went away, as a share of what goes away with PCA.
    """

    model: Model
    codes: Tensor
    decoded: Tensor
    error: float
    share: float


@dataclass
class AutoencoderRun(ModelRun):
    """Trainings of a model with an encoder, a decoder, and nothing random between them, on grey images."""

    few: ClassVar[dict[str, Any]] = {"n": 600, "latent_dim": 3, "epochs": 1}

    def __post_init__(self) -> None:
        super().__post_init__()
        self.images, self.test_images = self.grey, self.test_grey

    def case(self, **changes: Any) -> Case:
        """Return the call that trains within the rubric's budget, with some arguments changed."""
        arguments: dict[str, Any] = {
            "images": self.images,
            **self.rule.arguments,
            "epochs": self.rule.epochs,
            "device": self.device,
            "seed": 0,
        }
        return Case(self.task, arguments | changes)

    def made(self, student: Student, case: Case, *, seconds: float = 120.0, form: bool = False, seed: int = 0) -> Model:
        """Train as a case says, and ask for the weights; a history that is a list is left to the check that says so."""
        value = (answer := student.ask(case, seconds=seconds, seed=seed)).value
        parts = value if isinstance(value, tuple | list) and len(value) == 2 else (value, None)
        if isinstance(parts[0], Handle) and isinstance(parts[1], list | tuple | None):
            return Model(parts[0], parts[1], self.weights(student, parts[0]))
        return self.settled(student, case, answer, form=form)

    # -------------------------------------------------------------------------------------------------- asking

    def raw(self, student: Student, model: Handle, method: str, argument: Tensor, seed: int = 0) -> Any:
        """Return what a method of a model returns, in evaluation mode, whatever it is."""
        question = Question(model, [argument.float()], method=method, seconds=60.0, evaluate=True, seed=seed)
        return student.ask_handle(question, f"`{method}` of the model").value

    def encode(self, student: Student, model: Handle, images: Tensor, seed: int = 0) -> Tensor:
        """Ask a model for codes, in evaluation mode. Shape (N, M), float64.

        Raises:
            CheckFailed, CheckStopped: They are no such tensor; how many columns there are is not asked here.
        """
        parts = []
        for chunk in images.split(CHUNK):  # type: ignore[no-untyped-call]
            value = self.raw(student, model, "encode", chunk, seed)
            found = rows_of(value, len(chunk))
            if found is None:
                wanted = f"one finite tensor of codes, a row for each of {len(chunk)} images"
                message = f"`model.encode(x)` should return {wanted}, but gave {kind_of(value)}"
                raise CheckFailed(FailureKind.CONTRACT, message, mistake="variational" if is_pair(value) else "")
            parts.append(found)
        return torch.cat(parts)

    def _decode(self, student: Student, model: Handle, z: Tensor) -> Tensor:
        value = self.raw(student, model, "decode", z)
        found = rows_of(value, len(z))
        if found is None or found.shape[1] != self.images.shape[1]:
            wanted = f"a finite tensor of shape {(len(z), self.images.shape[1])}: pixel values"
            message = f"`model.decode(z)` should return {wanted}, but gave {kind_of(value)}"
            raise CheckFailed(FailureKind.CONTRACT, message)
        return found

    # ----------------------------------------------------------------------------------------------- measuring

    def trained(self, student: Student) -> Trained:
        """Return what came out of training within the rubric's budget; train first when that was not done yet."""
        return self.once("the whole training", lambda: self._train(student))

    def _train(self, student: Student) -> Trained:
        case = self.case()
        model = self.made(
            student, case, seconds=self.rule.wall_seconds
        )  # its weights are fixed before a test image is seen
        decoder = self.elsewhere(student, model.weights, case)
        codes = self.encode(student, model.handle, self.test_images)
        wanted = case.arguments["latent_dim"]
        if codes.shape[1] != wanted:
            message = f"with `latent_dim={wanted}` the code of an image should have {wanted} numbers, but `encode` gives {codes.shape[1]}"
            raise CheckFailed(FailureKind.CONTRACT, message)
        codes = rounded(codes)
        decoded = self.decode(student, decoder, codes)
        error, mean, linear = squared_error(self.test_images, decoded), self.error_of_mean(), self.error_of_pca(wanted)
        found = Trained(model, codes, decoded, error, (mean - error) / (mean - linear))
        self.metrics = {"explained_share": found.share, "test_error": error, "pca_error": linear, "mean_error": mean}
        self.grids, self.scatters = self._pictures(found)
        return found

    def error_of_mean(self) -> float:
        """Return the squared error of a held-out image where the mean of the training images is said of all."""
        mean = self.images.double().mean(dim=0, keepdim=True)
        return squared_error(self.test_images, mean.expand(len(self.test_images), -1))

    def error_of_pca(self, components: int) -> float:
        """Return the squared error of a held-out image in the plane of principal components of the training images."""
        x = self.images.double()
        mean = x.mean(dim=0)
        _, vectors = torch.linalg.eigh((x - mean).T @ (x - mean))  # in ascending order
        plane = vectors[:, -components:]
        test = self.test_images.double()
        return squared_error(test, mean + (test - mean) @ plane @ plane.T)

    def _pictures(self, found: Trained) -> tuple[tuple[Grid, ...], tuple[Scatter, ...]]:
        labels = self.data.test_labels[:MOST_TEST_IMAGES]
        firsts = torch.cat([(labels == c).nonzero()[:_ROWS, 0] for c in labels.unique()[:_COLUMNS]])  # type: ignore[no-untyped-call]
        rows = []
        for some in firsts.split(_COLUMNS):  # type: ignore[no-untyped-call]
            rows += [self.test_images[some].double(), found.decoded[some]]
        title = "held-out images, and below each row what is decoded from their codes"
        plane = "themselves" if found.codes.shape[1] == 2 else "in the plane of their first two principal components"
        return (
            (grid(title, self.upright(torch.cat(rows)), _COLUMNS),),
            (scatter(f"codes of held-out images by class, {plane}", found.codes, labels),),
        )

    # ------------------------------------------------------------------------- what short trainings say of the loop

    def learns_nothing(self, student: Student) -> bool:
        """Whether the same seed makes the same weights of images and of their negatives."""
        return identical(*(self.of_few(student, negative=negative).weights for negative in (False, True)))

    def unmoved(self, student: Student) -> str:
        """Return the half of the model, `"encode"` or `"decode"`, that is the same whatever the images were; "" where there is none."""
        models = [self.of_few(student, negative=negative).handle for negative in (False, True)]
        z = torch.randn(20, self.few["latent_dim"], generator=torch.Generator().manual_seed(1))
        moved = []
        for method, argument in (("encode", self.test_images[:20]), ("decode", z)):
            one, other = (self.raw(student, model, method, argument) for model in models)
            comparable = isinstance(one, Tensor) and isinstance(other, Tensor) and one.shape == other.shape
            if not comparable or not torch.equal(one, other):
                moved.append(method)
        return {"encode": "decode", "decode": "encode"}[moved[0]] if len(moved) == 1 else ""

    def ignored_images(self, student: Student, n: int = 2000, asked: int = 8) -> tuple[int, int]:
        """Return how many images were changed, one in each training of one epoch, and of how many nothing was noticed.

        A loop that visits all images ends in other weights if one of them is another. It is enough that two are noticed: who sets
        images aside, or draws them with replacement, misses one or another.
        """
        images = torch.cat([self.images, self.images.flip(-1)])
        images = images.repeat(-(-n // len(images)), 1)[:n]
        generator = torch.Generator().manual_seed(int(torch.randint(0, 2**31, (), generator=self.generator)))
        plain = self._epoch(student, images)
        ignored = 0
        for done, i in enumerate(torch.randperm(n, generator=generator)[:asked].tolist(), start=1):
            other = images.clone()
            other[i] = 1 - other[i]
            ignored += identical(plain, self._epoch(student, other))
            if done - ignored == 2:
                break
        return done, ignored

    def _epoch(self, student: Student, images: Tensor) -> Weights:
        case = self.case(images=images, latent_dim=3, epochs=1, device="cpu")
        return self.made(student, case).weights

    def of_few(self, student: Student, *, negative: bool = False, **changes: Any) -> Model:
        """Return what a short training makes of some images, or of their negatives."""
        if not negative:
            return self.short(student, grey=True, **changes)
        arguments = self.few | changes
        n = arguments.pop("n")
        case = self.case(images=1 - self.images[:n], device="cpu", **arguments)
        return self.once(f"negatives {sorted(arguments.items())} {n}", lambda: self.made(student, case))

    def record(self) -> TrainingRecord | None:
        """Return what is known about the run; None when nothing was trained."""
        trained = self.once.get("the whole training")
        if not isinstance(trained, Trained):
            return None
        return self.described(
            trained.model.history,
            titles=_TITLES,
            thresholds={"explained_share": self.rule.threshold},
            curve_titles={"loss": ("loss", "")},
        )


_TITLES = {
    "explained_share": "what goes away of the mean image's error, as a share of what goes away with PCA",
    "test_error": "squared error per held-out image",
    "pca_error": "with PCA of as many components",
    "mean_error": "with the mean of the training images",
}


def rounded(codes: Tensor) -> Tensor:
    """Return codes (N, M) rounded to a hundredth of their standard deviation over the rows, by column."""
    centre, step = codes.mean(dim=0), PRECISION * codes.std(dim=0, correction=0)
    steps = torch.where(step > 0, (codes - centre) / step, 0.0)  # a column that says nothing is its mean
    return centre + steps.round() * step


def squared_error(images: Tensor, decoded: Tensor) -> float:
    """Return the squared error of an image, summed over pixels, on average over images; both of shape (N, D)."""
    return float((images.double() - decoded.double()).square().sum(dim=-1).mean())


def identical(first: Weights, second: Weights) -> bool:
    """Whether all that an optimiser moves is equal to the last digit."""
    names = [name for name in first if not name.endswith(_BUFFERS)]
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in names)


def rows_of(value: Any, rows: int) -> Tensor | None:
    """Return a finite tensor of floats with so many rows as a matrix of them, float64, whatever further axes it has; None for all else."""
    if isinstance(value, np.ndarray):
        value = torch.as_tensor(value)
    if not isinstance(value, Tensor) or not value.is_floating_point() or value.dim() < 2 or value.shape[0] != rows:
        return None
    return value.flatten(1).double() if bool(value.isfinite().all()) else None


def is_pair(value: Any) -> bool:
    """Whether a value is two tensors of one shape, as the mean and the log-variance of a distribution are."""
    parts = value if isinstance(value, tuple | list) else ()
    return len(parts) == 2 and all(isinstance(part, Tensor) for part in parts) and parts[0].shape == parts[1].shape


Run = AutoencoderRun
"""What `measure_named` finds here."""
