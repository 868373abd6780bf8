"""A decoder that was trained together with a q(z) for every single training image, measured by the trusted process as a code.

There is no encoder, so the code is that of the training images. A submission says means and log-variances; the divergence from the prior
is charged here and z is drawn here. Another process, which holds nothing but the decoder's weights and was given noise in place of images,
decodes. That the weights remember training images is no fault: which one it is must come through z, and is paid for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed
from autograder.checking.describe import kind_of
from autograder.checking.student import Student
from autograder.records import FailureKind, TrainingRecord
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.questions import Question
from autograder.training.models import CHUNK, MOST_TEST_IMAGES, Model, ModelRun, binary
from autograder.training.pictures import grid, scatter
from autograder.training.weights import Weights

_DRAWS = 4
"""Of z for every image: an average over hundreds of images hardly varies then."""
_COLUMNS = 10


@dataclass(frozen=True)
class Optimised(Model):
    """A decoder that lives in a process of its own, and the q(z) of every image that it was trained with.

    Attributes:
        mean, log_var: Of q(z), a row for each image, each of shape (N, M), float64.
        embedded: Whether they came as objects that hold them (an `nn.Embedding`), and were read from their weights.
    """

    mean: Tensor
    log_var: Tensor
    embedded: bool

    @property
    def latents(self) -> Weights:
        """What is learnt beside the decoder's weights, by name."""
        return {"mean": self.mean, "log_var": self.log_var}


@dataclass(frozen=True)
class Told:
    """How well images are told by rows of q(z). All but `nearest` are numbers per image, averaged over the images.

    Attributes:
        error: Squared error, summed over the pixels, z drawn from q(z).
        divergence: KL(q(z) || N(0, I)) in nats.
        at_mean: Squared error where z is the mean of q(z).
        as_log_std: The objective that would come of it if `log_var` were the logarithm of a standard deviation.
        nearest: Share of the images to which every other row decodes worse than their own.
    """

    error: float
    divergence: float
    at_mean: float
    as_log_std: float
    nearest: float

    @property
    def objective(self) -> float:
        """Squared error plus KL."""
        return self.error + self.divergence


@dataclass(frozen=True)
class Trained:
    """What came out of the training that the rubric's budget pays for."""

    model: Optimised
    told: Told


@dataclass
class LatentOptimizationRun(ModelRun):
    """Trainings of a decoder without an encoder."""

    model: ClassVar[str] = "the decoder, a torch.nn.Module,"
    few: ClassVar[dict[str, Any]] = {"latent_dim": 3, "epochs": 2}

    def case(self, **changes: Any) -> Case:
        """Return the call that trains within the rubric's budget, with some arguments changed."""
        arguments: dict[str, Any] = {
            "images": self.grey,
            **self.rule.arguments,
            "epochs": self.rule.epochs,
            "decoder_lr": self.rule.learning_rate,
            "latent_lr": 10 * self.rule.learning_rate,
            "device": self.device,
            "seed": 0,
        }
        return Case(self.task, arguments | changes)

    def noise(self, case: Case) -> Tensor:
        """Return as many images of noise as a case has images: a decoder that keeps the rows has weights of the same size then."""
        return binary(torch.rand(case.arguments["images"].shape, generator=self.generator))

    # -------------------------------------------------------------------------------------------------- asking

    def made(
        self, student: Student, case: Case, *, seconds: float = 120.0, form: bool = False, seed: int = 0
    ) -> Optimised:
        """Train as a case says, and ask for the weights.

        Raises:
            CheckFailed, CheckStopped: No decoder, means and log-variances come back.
        """
        answer = student.ask(case, seconds=seconds, seed=seed)
        parts = list(answer.value) if isinstance(answer.value, tuple | list) else []
        embedded, forgotten = any(isinstance(part, Handle) for part in parts[1:3]), len(parts) == 3
        parts[1:3] = [self._embedded(student, part) for part in parts[1:3]]
        if embedded or forgotten:
            answer = replace(answer, value=(*parts, {}) if forgotten else tuple(parts))
        decoder, mean, log_var, history = student.settled(case, answer, finite=False, form=form)
        if not isinstance(decoder, Handle):
            message = f"`{student.called(case)}` should return {self.model} first, but gave {kind_of(decoder)}"
            raise CheckFailed(FailureKind.CONTRACT, message)
        for name, part in (("mean", mean), ("log_var", log_var)):
            if not bool(part.isfinite().all()):
                raise CheckFailed(FailureKind.VALUE, f"`{name}` is not finite after {case.arguments['epochs']} epochs")
        weights = self.weights(student, decoder)
        rows = (mean.double(), log_var.double())
        return Optimised(decoder, None if forgotten else history, weights, *rows, embedded)

    def _embedded(self, student: Student, part: Any) -> Any:
        """Return the one tensor that an object holds in place of which it came; anything else as it is."""
        if not isinstance(part, Handle):
            return part
        held = list(self.weights(student, part).values())
        return held[0] if len(held) == 1 else part

    def as_returned(self, student: Student, model: Handle, z: Tensor) -> Any:
        """Return what a decoder makes of z (B, M), in evaluation mode, as it comes."""
        return student.ask_handle(Question(model, [z.float()], seconds=60.0, evaluate=True), "the decoder").value

    def _decode(self, student: Student, model: Handle, z: Tensor) -> Tensor:
        """Ask the decoder; pictures (B, 1, height, width) are read as rows, which the check of the contract says."""
        value = self.as_returned(student, model, z)
        sizes = (len(z), self.images.shape[1])
        as_rows = isinstance(value, Tensor) and value.shape[:1] == sizes[:1] and value.numel() == sizes[0] * sizes[1]
        if not as_rows or not value.is_floating_point() or not bool(value.isfinite().all()):
            message = f"`decoder(z)` should return a finite tensor of shape {sizes}: the means of the pixels, but gave {kind_of(value)}"
            raise CheckFailed(FailureKind.CONTRACT, message)
        return torch.as_tensor(value).reshape(sizes).double()

    # ----------------------------------------------------------------------------------------------- measuring

    def told(self, student: Student, decoder: Handle, images: Tensor, mean: Tensor, log_var: Tensor) -> Told:
        """Tell images (N, D) through a decoder, row n of `mean` and `log_var` (N, M) being that of image n."""
        x = images.double()

        def error(deviation: Tensor | float) -> float:
            noise = torch.randn(_DRAWS, *mean.shape, generator=self.generator, dtype=mean.dtype)
            decoded = self.decode(student, decoder, (mean + deviation * noise).flatten(0, 1))
            return float(((decoded.reshape(_DRAWS, *x.shape) - x) ** 2).sum(dim=-1).mean())

        at_mean = self.decode(student, decoder, mean)
        distances = torch.cdist(x, at_mean) ** 2
        own = distances.diagonal().clone()
        others = distances.fill_diagonal_(torch.inf).min(dim=1).values
        return Told(
            error=error((log_var / 2).exp()),
            divergence=divergence(mean, log_var),
            at_mean=float(own.mean()),
            as_log_std=error(log_var.exp()) + divergence(mean, 2 * log_var),
            nearest=float((own < others).double().mean()),
        )

    def trained(self, student: Student) -> Trained:
        """Return what came out of training within the rubric's budget; train first when that was not done yet."""
        return self.once("the whole training", lambda: self._train(student))

    def _train(self, student: Student) -> Trained:
        case = self.case()
        model = self.made(student, case, seconds=self.rule.wall_seconds)
        decoder = self.elsewhere(student, model.weights, case)
        shown = slice(MOST_TEST_IMAGES)
        found = Trained(model, self.told(student, decoder, self.grey[shown], model.mean[shown], model.log_var[shown]))
        self._show(student, model, decoder)
        self.metrics = {
            "training_loss": found.told.objective,
            "training_kl": found.told.divergence,
            "loss_without_latents": self.without_latents(),
            "loss_of_pca": self.linear(model.mean.shape[1]),
        }
        return found

    def without_latents(self) -> float:
        """Return the objective of the best model without latent variables, which knows the mean image."""
        return float(self.grey.double().var(dim=0, correction=0).sum())

    def linear(self, latent_dim: int) -> float:
        """Return the least objective of a linear decoder: that of probabilistic PCA whose noise has the variance ½."""
        images = self.grey.double()
        variances = torch.linalg.svdvals(images - images.mean(dim=0)) ** 2 / len(images)
        kept, rest = variances[:latent_dim].clamp(min=0.5), variances[:latent_dim].clamp(max=0.5)
        # of a component whose variance λ exceeds ½, an error of ½ is left, and ½ log 2λ is charged; of others all is left
        told = torch.where(variances[:latent_dim] > 0.5, 0.5 + 0.5 * torch.log(2 * kept), rest)
        return float(variances[latent_dim:].sum() + told.sum())

    # ---------------------------------------------------------------------------------------------------- showing

    def _show(self, student: Student, model: Optimised, decoder: Handle) -> None:
        firsts = torch.arange(min(_COLUMNS, len(self.grey)))
        labels = self._labels()
        if len(labels.unique()) > 1:  # type: ignore[no-untyped-call]
            firsts = torch.stack([(labels == c).nonzero()[0, 0] for c in labels.unique()[:_COLUMNS]])  # type: ignore[no-untyped-call]
        z = torch.randn(2 * _COLUMNS, model.mean.shape[1], generator=self.generator, dtype=model.mean.dtype)
        again, sampled = self.decode(student, decoder, torch.cat([model.mean[firsts], z])).split([len(firsts), len(z)])  # type: ignore[no-untyped-call]
        title = "training images, and below them what is decoded from the mean of their own q(z)"
        pair = torch.cat([self.grey[firsts].double(), again])
        self.grids = (
            grid(title, self.upright(pair), len(firsts)),
            grid("samples: decoded from z drawn from the prior N(0, I)", self.upright(sampled), _COLUMNS),
        )
        plane = "themselves" if model.mean.shape[1] == 2 else "in the plane of their first two principal components"
        title = f"means of q(z) of training images by class, {plane}"
        self.scatters = (scatter(title, model.mean[:CHUNK], labels[:CHUNK]),)

    def _labels(self) -> Tensor:
        """Return the classes of the training images, which no submission sees."""
        return self.data.labels[self.order[: self.rule.n_train]]

    def record(self) -> TrainingRecord | None:
        """Return what is known about the run; None when nothing was trained."""
        trained = self.once.get("the whole training")
        if not isinstance(trained, Trained):
            return None
        record = self.described(
            trained.model.history,
            titles=_TITLES,
            thresholds={"training_loss": self.rule.threshold},
            curve_titles={"loss": ("squared error plus KL", "per image")},
        )
        return record.model_copy(update={"n_test": 0})


def divergence(mean: Tensor, log_var: Tensor) -> float:
    """Return KL(N(mean, exp(log_var)) || N(0, I)) in nats, summed over M and averaged over N. Both have the shape (N, M)."""
    return float(0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(dim=-1).mean())


_TITLES = {
    "training_loss": "squared error plus KL (per training image)",
    "training_kl": "its KL divergence (nats per image)",
    "loss_without_latents": "the same of the best model without latent variables",
    "loss_of_pca": "the same of the best linear decoder (probabilistic PCA)",
}

Run = LatentOptimizationRun
"""What `measure_named` finds here."""
