"""A model with two levels of latent variables, trained by a submission, and measured as a code.

As for one level (`measures.vae`): one process, in which the model was trained, says what q(z₁ | x) and q(z₂ | z₁) are for images that it
has not seen before. Both are drawn from here, and charged for here. Another process, which holds nothing but the weights, is asked for
p(z₁ | z₂) and p(x | z₁).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed
from autograder.checking.student import Student
from autograder.records import FailureKind, TrainingRecord
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.questions import Question
from autograder.training.measures.vae.codes import WIDTHS, log_likelihood, without_latents
from autograder.training.measures.vae.pictures import COLUMNS, Shown, grids, latents
from autograder.training.models import CHUNK, MOST_TEST_IMAGES, Model, ModelRun, is_matrix, what_came

Width = Callable[[Tensor], Tensor]
_DRAWS = 4
_FEW = 400
_EXTREME = 80.0


@dataclass(frozen=True)
class Levels:
    """How long the message is that tells images through both levels. All in nats per image.

    Attributes:
        likelihood: Mean of log p(x | z₁).
        lower: Mean of log q(z₁ | x) − log p(z₁ | z₂).
        upper: Mean of KL(q(z₂ | z₁) || N(0, I)).
    """

    likelihood: float
    lower: float
    upper: float

    @property
    def bound(self) -> float:
        """The evidence lower bound."""
        return self.likelihood - self.lower - self.upper


@dataclass(frozen=True)
class Trained:
    """What came out of the training that the rubric's budget pays for.

    Attributes:
        widths: Bounds of some training images with other log-variances of q at one level, in nats per image, by ("lower" or "upper",
            name in `WIDTHS`).
    """

    model: Model
    training: Levels
    test: Levels
    widths: Mapping[tuple[str, str], float]


def widened(q: Normal, width: Width) -> Normal:
    """Return a Gaussian with other log-variances."""
    return Normal(q.mean, (width(2 * q.stddev.log()).clamp(-_EXTREME, _EXTREME) / 2).exp())


@dataclass
class HierarchicalRun(ModelRun):
    """Trainings of a model with the parts q1, q2, p1 and decoder."""

    model: ClassVar[str] = "a torch.nn.Module with the parts q1, q2, p1 and decoder"
    decoding: ClassVar[str] = "decoder"
    decoded: ClassVar[str] = "Bernoulli logits"
    few: ClassVar[dict[str, Any]] = {
        "latent_dim": 3,
        "top_dim": 2,
        "epochs": 2,
        "batch_size": 16,
        "learning_rate": 1e-3,
    }

    def case(self, **changes: Any) -> Case:
        """Return the call that trains within the rubric's budget, with some arguments changed."""
        arguments: dict[str, Any] = {
            "images": self.images,
            **self.rule.arguments,
            "epochs": self.rule.epochs,
            "batch_size": self.rule.batch_size,
            "learning_rate": self.rule.learning_rate,
            "device": self.device,
            "seed": 0,
        }
        return Case(self.task, arguments | changes)

    def gaussian(self, student: Student, model: Handle, part: str, given: Tensor) -> Normal:
        """Ask a part of a model for mean and log-variance, in evaluation mode; given (N, ·), each of shape (N, M), float64.

        Raises:
            CheckFailed, CheckStopped: It gives something else.
        """
        answers = [self._gaussian(student, model, part, chunk) for chunk in given.float().split(CHUNK)]  # type: ignore[no-untyped-call]
        mean, log_var = (torch.cat(column) for column in zip(*answers, strict=True))
        return Normal(mean, (log_var.clamp(-_EXTREME, _EXTREME) / 2).exp())

    def _gaussian(self, student: Student, model: Handle, part: str, given: Tensor) -> tuple[Tensor, Tensor]:
        question = Question(model, [given], method=part, seconds=60.0, evaluate=True)
        value = student.ask_handle(question, f"`{part}` of the model").value
        parts = value if isinstance(value, tuple | list) else ()
        right = len(parts) == 2 and all(is_matrix(each, len(given)) for each in parts)
        if not right or parts[0].shape != parts[1].shape:
            wanted = f"a mean and a log-variance, two finite tensors of shape ({len(given)}, M)"
            message = f"`model.{part}(...)` should return {wanted}, but gave {what_came(value)}"
            raise CheckFailed(FailureKind.CONTRACT, message)
        return parts[0].double(), parts[1].double()

    def levels(
        self,
        student: Student,
        model: Handle,
        other: Handle,
        images: Tensor,
        lower: Width = WIDTHS["as encoded"],
        upper: Width = WIDTHS["as encoded"],
    ) -> Levels:
        """Tell images through a model: q where it was trained, p in another process.

        Args:
            student: The submission.
            model: Has q1 and q2.
            other: Has p1 and the decoder.
            images: Shape (N, D).
            lower, upper: What the log-variances of q1 and q2 are taken to be, given those that the model returns.
        """
        q1, sums = widened(self.gaussian(student, model, "q1", images), lower), torch.zeros(3, dtype=torch.float64)
        for _ in range(_DRAWS):
            z1 = self.draw(q1)
            q2 = widened(self.gaussian(student, model, "q2", z1), upper)
            p1 = self.gaussian(student, other, "p1", self.draw(q2))
            if p1.mean.shape != z1.shape:
                message = f"`model.p1(z2)` gives {p1.mean.shape[1]} numbers for an image, but z₁ has {z1.shape[1]}"
                raise CheckFailed(FailureKind.CONTRACT, message)
            told = log_likelihood(images, self.decode(student, other, z1), "bernoulli").mean()
            ratio = (q1.log_prob(z1) - p1.log_prob(z1)).sum(dim=-1).mean()  # type: ignore[no-untyped-call]
            above = kl_divergence(q2, Normal(torch.zeros_like(q2.mean), 1.0)).sum(dim=-1).mean()
            sums += torch.stack([told, ratio, above])
        return Levels(*(sums / _DRAWS).tolist())

    def draw(self, q: Normal) -> Tensor:
        """Return a draw for every image."""
        return q.mean + q.stddev * torch.randn(q.mean.shape, generator=self.generator, dtype=q.mean.dtype)

    def trained(self, student: Student) -> Trained:
        """Return what came out of training within the rubric's budget; train first when that was not done yet."""
        return self.once("the whole training", lambda: self._train(student))

    def whole(self, student: Student) -> Model:
        """Return the model of that training, of which nothing has been asked but its weights."""
        return self.once("its model", lambda: self.made(student, self.case(), seconds=self.rule.wall_seconds))

    def _train(self, student: Student) -> Trained:
        model = self.whole(student)
        other = self.elsewhere(student, model.weights, self.case())
        found = Trained(
            model,
            self.levels(student, model.handle, other, self.images[:MOST_TEST_IMAGES]),
            self.levels(student, model.handle, other, self.test_images),
            {
                (level, name): self.levels(student, model.handle, other, self.images[:_FEW], **{level: width}).bound
                for level in ("lower", "upper")
                for name, width in WIDTHS.items()
            },
        )
        self._show(student, model, other)
        self.metrics = {
            "test_elbo": found.test.bound,
            "test_kl_1": found.test.lower,
            "test_kl_2": found.test.upper,
            "without_latents": self.without_latents(),
        }
        return found

    def _show(self, student: Student, model: Model, other: Handle) -> None:
        q1 = self.gaussian(student, model.handle, "q1", self.test_images)
        top = self.gaussian(student, model.handle, "q2", q1.mean[:1]).mean.shape[1]
        z2 = torch.randn(COLUMNS, top, generator=self.generator, dtype=torch.float64)
        drawn = self.draw(self.gaussian(student, other, "p1", z2))
        labels = self.data.test_labels[:MOST_TEST_IMAGES]
        shown = Shown(self.test_images, labels, q1.mean, drawn, lambda z: self.decode(student, other, z), self.upright)
        self.grids, self.scatters = grids(shown, self.generator), latents(shown)

    def without_latents(self) -> float:
        """Return how well the best model without latent variables tells the test images: every pixel by itself."""
        return without_latents(self.images, self.test_images, "bernoulli")

    def record(self) -> TrainingRecord | None:
        """Return what is known about the run; None when nothing was trained."""
        trained = self.once.get("the whole training")
        if not isinstance(trained, Trained):
            return None
        return self.described(
            trained.model.history,
            titles=_TITLES,
            thresholds={"test_elbo": self.rule.threshold},
            curve_titles={
                "elbo": ("ELBO", "nats"),
                "kl_1": ("KL, lower level", "nats"),
                "kl_2": ("KL, upper level", "nats"),
            },
        )


_TITLES = {
    "test_elbo": "test ELBO (nats per image)",
    "test_kl_1": "its KL of the lower level (nats per image)",
    "test_kl_2": "its KL of the upper level (nats per image)",
    "without_latents": "the best model without latent variables (nats per image)",
}

Run = HierarchicalRun
"""What `measure_named` finds here."""
