"""A classifier trained by a submission, in a secret world, and measured by the trusted process.

Labels are numbered in another order, and images are turned, mirrored, slightly bent and in another contrast. A learner does not notice.
A network that was trained elsewhere, or a table of known images, has seen another world.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from autograder.assignment.rubric import TrainingRule
from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed, CheckStopped
from autograder.checking.describe import kind_of
from autograder.checking.student import Student
from autograder.errors import UsageError
from autograder.records import FailureKind, Grid, TrainingRecord
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.questions import Asked, Question
from autograder.training.data import Images, load_images
from autograder.training.history import curves, diverged
from autograder.training.once import Once
from autograder.training.pictures import grid
from autograder.training.worlds import SAID, Sort, World

_CHUNK = 1000
_WORST = 10


FACTORS = (1.0, 30.0, 300.0)
"""Multiples of the learning rate: what Adam, SGD with momentum and plain SGD need (measured: `tests/harness/training`)."""
NO_STEP = 1e-9
"""A learning rate at which nothing can be learnt; 0 is refused by some schedules."""
LEARNT = 0.5
"""Share of its own few images that a model must recognise before anything is concluded from how it answers."""


@dataclass(frozen=True)
class Trained:
    """What came out of a training run, asked of the model while its worker lived.

    Attributes:
        history: As the submission returned it.
        training, validation, test: Logits on the images of each part, shape (N, 10).
    """

    history: Any
    training: Tensor
    validation: Tensor
    test: Tensor


@dataclass(frozen=True)
class Small:
    """What came out of a short training: the history, and logits of some validation images, shape (100, 10), asked twice."""

    history: Any
    logits: Tensor
    again: Tensor


@dataclass(frozen=True)
class OneStep:
    """What a model knows after a single step whose learning rate is next to 0.

    Attributes:
        own, others: Shares of the images of that step, and of others, that it recognises.
        network: Whether its answers depend on parameters, differentiably.
    """

    own: float
    others: float
    network: bool


@dataclass
class ClassifierRun:
    """One training run, started when the first check needs it. Its results, or its failure, are kept.

    Attributes:
        asked: The submission with the training budget, in which every training has a worker of its own.
        task: Id of the task.
        secret: Fixes the permutation and the split; the same for every grading of the same submission.
    """

    asked: Asked
    task: str
    data: Images
    rule: TrainingRule
    secret: str
    device: str
    metrics: dict[str, float] = field(default_factory=dict)
    once: Once = field(default_factory=Once)
    _confusion: tuple[tuple[int, ...], ...] = ()
    _grids: tuple[Grid, ...] = ()

    @staticmethod
    def load(choice: str, root: Path | None) -> Images:
        """Return the images that the rubric's options name."""
        return load_images(choice, root)

    def __post_init__(self) -> None:
        if not 0 < self.rule.threshold <= 1:
            share = "the threshold is an accuracy, a share from 0 to 1"
            raise UsageError(f"rubric.yaml: training.{self.task}: {share}, not {self.rule.threshold:g}")
        rule = self.rule
        digest = hashlib.sha256(f"{self.secret}/{self.task}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
        self.permutation = torch.arange(10)
        while bool((self.permutation == torch.arange(10)).any()):  # no digit keeps its label
            self.permutation = torch.randperm(10, generator=generator)
        sort: Sort = "bent" if rule.world == "secret" else "plain"
        self.world = World.drawn(sort, generator, self.data.images.shape[-1])
        order = torch.randperm(len(self.data.labels), generator=generator)
        train, validation = order[: rule.n_train], order[rule.n_train : rule.n_train + rule.n_validation]
        self.images, self.labels = self.world.seen(self.data.images[train]), self.permutation[self.data.labels[train]]
        self.val_images = self.world.seen(self.data.images[validation])
        self.val_labels = self.permutation[self.data.labels[validation]]
        self.test_images = self.world.seen(self.data.test_images)

    def case(self, factor: float = 1.0) -> Case:
        """Return the call that trains: the student's function on relabelled images, at a multiple of the learning rate."""
        return Case(
            self.task,
            {
                "images": self.images,
                "labels": self.labels,
                "val_images": self.val_images,
                "val_labels": self.val_labels,
                "epochs": self.rule.epochs,
                "batch_size": self.rule.batch_size,
                "learning_rate": factor * self.rule.learning_rate,
                "device": self.device,
                "seed": 0,
            },
        )

    def short_case(self, images: Tensor, labels: Tensor, epochs: int, factor: float = 1.0) -> Case:
        """Return a short training on a few images of its own, in batches of 32; the validation images are 40 of the usual ones."""
        few = {"val_images": self.val_images[:40], "val_labels": self.val_labels[:40]}
        return self.case(factor).but(images=images, labels=labels, epochs=epochs, batch_size=32, **few)

    def trained(self, student: Student, factor: float = 1.0) -> Trained:
        """Return what came out of training at a multiple of the learning rate; train first when that was not done yet."""
        return self.once(f"trained at {factor:g}", lambda: self._train(student, factor))

    def _train(self, student: Student, factor: float) -> Trained:
        model, history = student.value(self.case(factor), finite=False, seconds=self.rule.wall_seconds)
        parts = [self.logits(student, model, images) for images in (self.images, self.val_images, self.test_images)]
        return Trained(history, *parts)

    def pace(self, student: Student) -> tuple[float, float]:
        """Return the multiple of the learning rate at which 600 images are learnt in three epochs, and the share of them recognised.

        The rate is meant for Adam, and other optimisers learn nothing in so few steps at it: what is concluded from short runs is
        asked at a rate at which something is learnt.

        Raises:
            CheckFailed, CheckStopped: There is no model, or none of the rates teaches it anything.
        """
        return self.once("pace", lambda: self._find_pace(student))

    def _find_pace(self, student: Student) -> tuple[float, float]:
        images, labels = self.images[:600], self.labels[:600]
        most = 0.0
        for factor in FACTORS:
            model, _ = student.value(self.short_case(images, labels, 3, factor), finite=False, seconds=120.0)
            share = share_right(self.logits(student, model, images), labels)
            if share >= LEARNT:
                return factor, share
            most = max(most, share)
        message = f"in three epochs on 600 training images nothing is learnt: at most {most:.0%} of them are recognised"
        raise CheckFailed(FailureKind.VALUE, message, help="Every batch: zero_grad, loss on logits, backward, step.")

    def small(self, student: Student, *, global_seed: int = 0, **changes: Any) -> Small:
        """Return what a short training on sixty images ends in, on a CPU, where the same seed gives the same numbers. Each is made once.

        Args:
            student: The submission.
            global_seed: That of the global generators before the call.
            changes: Arguments that differ from two epochs with batches of 16.
        """

        def make() -> Small:
            case = self.short_case(self.images[:60], self.labels[:60], 2)
            case = case.but(**{"batch_size": 16, "device": "cpu"} | changes)
            answer = student.ask(case, seconds=60.0, seed=global_seed)
            model, history = student.settled(case, answer, finite=False)
            logits, again = (self.logits(student, model, self.val_images[:100], seed) for seed in (0, 1))
            return Small(history, logits, again)

        return self.once(f"small {sorted(changes.items())} {global_seed}", make)

    def one_step(self, student: Student) -> OneStep:
        """Return what a model knows after one step that is next to none, on two images of each class.

        Raises:
            CheckFailed, CheckStopped: There is no model.
        """
        return self.once("one step", lambda: self._one_step(student))

    def _one_step(self, student: Student) -> OneStep:
        places = torch.cat([(self.labels == c).nonzero()[:2, 0] for c in range(10)])
        images, labels = self.images[places], self.labels[places]
        case = self.short_case(images, labels, 1).but(batch_size=len(places), learning_rate=NO_STEP)
        model, _ = student.value(case, finite=False, seconds=60.0)
        others, truth = self.images[-500:], self.labels[-500:]
        return OneStep(
            own=share_right(self.logits(student, model, images), labels),
            others=share_right(self.logits(student, model, others), truth),
            network=self._is_network(student, model, images),
        )

    def from_one_of_each(self, student: Student) -> float:
        """Return the share of 500 images that a model recognises which was taught one image of each class, sixty times.

        Raises:
            CheckFailed, CheckStopped: There is no model, or nothing can be taught it.
        """

        def measured() -> float:
            factor, _ = self.pace(student)
            places = torch.cat([(self.labels == c).nonzero()[:1, 0] for c in range(10)])
            case = self.short_case(self.images[places], self.labels[places], 60, factor).but(batch_size=10)
            model, _ = student.value(case, finite=False, seconds=60.0)
            return share_right(self.logits(student, model, self.images[-500:]), self.labels[-500:])

        return self.once("from one of each", measured)

    def _is_network(self, student: Student, model: Handle, images: Tensor) -> bool:
        """Whether what a model says depends on parameters of it, differentiably."""
        weights = torch.randn(len(images), 10, generator=torch.Generator().manual_seed(1))
        question = Question(model, [images], method="__call__", gradients=["self.*"], cotangent=weights, seconds=60.0)
        try:
            found = student.ask_handle(question, "the gradient of the model").gradients
        except (CheckFailed, CheckStopped):
            return False
        return any(gradient is not None and bool((gradient != 0).any()) for gradient in found.values())

    def with_wrong_validation(self, student: Student) -> tuple[Tensor, Tensor, Any]:
        """Return what comes out of a short training whose validation images, 500 of them, all have wrong labels: their logits, shape
        (500, 10), these labels, and the history.
        """

        def measured() -> tuple[Tensor, Tensor, Any]:
            factor, _ = self.pace(student)
            others, labels = self.images[-500:], (self.labels[-500:] + 1) % 10
            case = self.short_case(self.images[:500], self.labels[:500], 4, factor)
            model, history = student.value(case.but(val_images=others, val_labels=labels), finite=False, seconds=120.0)
            return self.logits(student, model, others), labels, history

        return self.once("wrong validation labels", measured)

    def logits(self, student: Student, model: Handle, images: Tensor, seed: int = 0) -> Tensor:
        """Ask the model for logits, in evaluation mode, `_CHUNK` images at a time. Shape (N, 10), float32. What is random in it hangs on
        the seed.
        """
        parts = []
        for start in range(0, len(images), _CHUNK):
            chunk = images[start : start + _CHUNK]
            question = Question(model, [chunk], seconds=60.0, evaluate=True, seed=seed)
            value = student.ask_handle(question, "the trained model").value
            if not isinstance(value, Tensor) or value.shape != (len(chunk), 10) or not bool(value.isfinite().all()):
                wanted = f"map {len(chunk)} images to finite logits of shape ({len(chunk)}, 10)"
                message = f"the trained model should {wanted}, but gave {kind_of(value)}"
                raise CheckFailed(FailureKind.CONTRACT, message)
            parts.append(value.float())
        return torch.cat(parts)

    def measure(self, student: Student) -> tuple[float, float]:
        """Return cross-entropy (nats) and accuracy on the held-out test images, measured here."""
        logits = self.trained(student).test
        truth = self.permutation[self.data.test_labels]
        guesses = logits.argmax(-1)
        inverse = torch.argsort(self.permutation)
        table = torch.zeros(10, 10, dtype=torch.int64)
        table.index_put_((self.data.test_labels, inverse[guesses]), torch.ones_like(guesses), accumulate=True)
        self._confusion = tuple(tuple(int(n) for n in row) for row in table)
        loss, accuracy = float(cross_entropy(logits, truth)), share_right(logits, truth)
        self._grids = self._worst(logits, truth, inverse[guesses])
        self.metrics = {"test_loss": loss, "test_accuracy": accuracy}
        return loss, accuracy

    def measured(self, student: Student) -> None:
        """Train within the rubric's budget and measure what comes out, so that there is a `record`.

        Raises:
            CheckFailed, CheckStopped: There is no model.
        """
        self.measure(student)

    def _worst(self, logits: Tensor, truth: Tensor, read_as: Tensor) -> tuple[Grid, ...]:
        """Return the test images that the model is most wrong about, as they are outside of this world; none where all are right."""
        losses = torch.where(logits.argmax(-1) == truth, -torch.inf, cross_entropy(logits, truth, reduction="none"))
        worst = [int(i) for i in losses.argsort(descending=True, stable=True)[:_WORST] if losses[i] > -torch.inf]
        if not worst:
            return ()
        said = ", ".join(f"{int(self.data.test_labels[i])} as {int(read_as[i])}" for i in worst)
        title = f"held-out images that the model is most wrong about: {said}"
        return (grid(title, self.data.test_images[worst, 0], len(worst)),)

    def record(self) -> TrainingRecord | None:
        """Return what is known about the run; None when nothing was trained."""
        trained = self.once.get("trained at 1")
        if not isinstance(trained, Trained):
            return None
        return TrainingRecord(
            task=self.task,
            dataset=self.data.name,
            dataset_title=self.data.title,
            world=f"{SAID[self.world.sort]}; labels numbered in another order",
            examples="images",
            classes="digits",
            device=self.device,
            n_train=len(self.labels),
            n_validation=len(self.val_labels),
            n_test=len(self.data.test_labels),
            epochs=self.rule.epochs,
            metrics=self.metrics,
            thresholds={"test_accuracy": self.rule.threshold},
            curves=curves(trained.history),
            confusion=self._confusion,
            grids=self._grids,
            remarks=diverged(trained.history),
        )


def share_right(logits: Tensor, labels: Tensor) -> float:
    """Return the accuracy: the share of rows of `logits` (N, 10) whose largest entry is at the label (N,)."""
    return float((logits.argmax(-1) == labels).double().mean())


Run = ClassifierRun
"""What `measure_named` finds here."""
