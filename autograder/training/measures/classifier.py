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
from autograder.records import Curve, FailureKind, TrainingRecord
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.questions import Asked, Question
from autograder.training.data import Images, load_images

_CHUNK = 1000


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
    _trained: tuple[Handle, dict[str, Any]] | BaseException | None = None
    _confusion: tuple[tuple[int, ...], ...] = ()

    @staticmethod
    def load(choice: str, root: Path | None) -> Images:
        """Return the images that the rubric's options name."""
        return load_images(choice, root)

    def __post_init__(self) -> None:
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

    def case(self) -> Case:
        """Return the call that trains: the student's function on relabelled images."""
        return Case(
            self.task,
            {
                "images": self.images,
                "labels": self.labels,
                "val_images": self.val_images,
                "val_labels": self.val_labels,
                "epochs": self.rule.epochs,
                "batch_size": self.rule.batch_size,
                "learning_rate": self.rule.learning_rate,
                "device": self.device,
                "seed": 0,
            },
        )

    def trained(self, student: Student) -> tuple[Handle, dict[str, Any]]:
        """Return the trained model (which stays in the sandbox) and the history; train first when that was not done yet."""
        if self._trained is None:
            try:
                self._trained = student.value(self.case(), finite=False, seconds=self.rule.wall_seconds)
            except (CheckFailed, CheckStopped) as failure:
                self._trained = failure
        if isinstance(self._trained, BaseException):
            raise self._trained
        assert self._trained is not None
        return self._trained

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
        model, _ = self.trained(student)
        logits = self.logits(student, model, self.data.test_images)
        truth = self.permutation[self.data.test_labels]
        guesses = logits.argmax(-1)
        inverse = torch.argsort(self.permutation)
        table = torch.zeros(10, 10, dtype=torch.int64)
        table.index_put_((self.data.test_labels, inverse[guesses]), torch.ones_like(guesses), accumulate=True)
        self._confusion = tuple(tuple(int(n) for n in row) for row in table)
        loss, accuracy = float(cross_entropy(logits, truth)), float((guesses == truth).double().mean())
        self.metrics = {"test_loss": loss, "test_accuracy": accuracy}
        return loss, accuracy

    def record(self) -> TrainingRecord | None:
        """Return what is known about the run; None when nothing was trained."""
        if self._trained is None or isinstance(self._trained, BaseException):
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
            curves=_curves(self._trained[1]),
            confusion=self._confusion,
        )


def history_list(history: Any, name: str) -> list[float] | None:
    """Return one of the history's lists as floats, or None when it is not a list of numbers."""
    values = history.get(name) if isinstance(history, dict) else None
    if isinstance(values, Tensor) and values.dim() == 1:
        values = values.tolist()
    if not isinstance(values, list | tuple):
        return None
    plain: list[Any] = [value.item() if getattr(value, "shape", None) == () else value for value in values]
    return [float(value) for value in plain] if all(isinstance(value, int | float) for value in plain) else None


def _curves(history: Any) -> tuple[Curve, ...]:
    curves = []
    names = [name for name in history if isinstance(name, str)] if isinstance(history, dict) else []
    for name in sorted(names)[:12]:
        values = history_list(history, name)
        if values and len(values) <= 1000 and all(map(_finite, values)):
            unit = "fraction" if "acc" in name else "nats" if "loss" in name else ""
            curves.append(Curve(name=name[:40], unit=unit, values=tuple(values)))
    return tuple(curves)


def _finite(value: float) -> bool:
    return value == value and abs(value) != float("inf")


Run = ClassifierRun
"""What `measure_named` finds here."""
