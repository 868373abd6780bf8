"""A classifier trained by a submission, under a secret permutation of the ten labels, and measured by the trusted process.

A learner does not notice the permutation. A pretrained network, or a table of known test images, answers with the usual
labels and is right about one time in ten.
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
from autograder.records import FailureKind, TrainingRecord
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.questions import Asked, Question
from autograder.training.data import Images, load_images
from autograder.training.history import curves

_CHUNK = 1000


FACTORS = (1.0, 30.0, 300.0)
"""Multiples of the learning rate: what Adam, SGD with momentum and plain SGD need (measured: `tests/harness/training`)."""
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
    _trained: dict[float, Trained | BaseException] = field(default_factory=dict)
    _pace: tuple[float, float] | BaseException | None = None
    _confusion: tuple[tuple[int, ...], ...] = ()

    @staticmethod
    def load(choice: str, root: Path | None) -> Images:
        """Return the images that the rubric's options name."""
        return load_images(choice, root)

    def __post_init__(self) -> None:
        if not 0 < self.rule.threshold <= 1:
            share = "the threshold is an accuracy, a share from 0 to 1"
            raise UsageError(f"rubric.yaml: training.{self.task}: {share}, not {self.rule.threshold:g}")
        digest = hashlib.sha256(f"{self.secret}/{self.task}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
        self.permutation = torch.arange(10)
        while bool((self.permutation == torch.arange(10)).any()):  # no digit keeps its label
            self.permutation = torch.randperm(10, generator=generator)
        order = torch.randperm(len(self.data.labels), generator=generator)
        rule = self.rule
        train, validation = order[: rule.n_train], order[rule.n_train : rule.n_train + rule.n_validation]
        self.images, self.labels = self.data.images[train], self.permutation[self.data.labels[train]]
        self.val_images, self.val_labels = self.data.images[validation], self.permutation[self.data.labels[validation]]

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
        if factor not in self._trained:
            try:
                self._trained[factor] = self._train(student, factor)
            except (CheckFailed, CheckStopped) as failure:
                self._trained[factor] = failure
        found = self._trained[factor]
        if isinstance(found, BaseException):
            raise found
        return found

    def _train(self, student: Student, factor: float) -> Trained:
        model, history = student.value(self.case(factor), finite=False, seconds=self.rule.wall_seconds)
        parts = [
            self.logits(student, model, images) for images in (self.images, self.val_images, self.data.test_images)
        ]
        return Trained(history, *parts)

    def pace(self, student: Student) -> tuple[float, float]:
        """Return the multiple of the learning rate at which 600 images are learnt in three epochs, and the share of them recognised.

        The rate is meant for Adam, and other optimisers learn nothing in so few steps at it: what is concluded from short runs is
        asked at a rate at which something is learnt.

        Raises:
            CheckFailed, CheckStopped: There is no model, or none of the rates teaches it anything.
        """
        if self._pace is None:
            try:
                self._pace = self._find_pace(student)
            except (CheckFailed, CheckStopped) as failure:
                self._pace = failure
        if isinstance(self._pace, BaseException):
            raise self._pace
        return self._pace

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

    def logits(self, student: Student, model: Handle, images: Tensor) -> Tensor:
        """Ask the model for logits, in evaluation mode, `_CHUNK` images at a time. Shape (N, 10), float32."""
        parts = []
        for start in range(0, len(images), _CHUNK):
            chunk = images[start : start + _CHUNK]
            question = Question(model, [chunk], seconds=60.0, evaluate=True)
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
        self.metrics = {"test_loss": loss, "test_accuracy": accuracy}
        return loss, accuracy

    def record(self) -> TrainingRecord | None:
        """Return what is known about the run; None when nothing was trained."""
        trained = self._trained.get(1.0)
        if not isinstance(trained, Trained):
            return None
        return TrainingRecord(
            task=self.task,
            dataset=self.data.name,
            dataset_title=self.data.title,
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
        )


def share_right(logits: Tensor, labels: Tensor) -> float:
    """Return the accuracy: the share of rows of `logits` (N, 10) whose largest entry is at the label (N,)."""
    return float((logits.argmax(-1) == labels).double().mean())


Run = ClassifierRun
"""What `measure_named` finds here."""
