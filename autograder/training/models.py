"""Trainings of models that live in a process of their own, and what is asked of any of them, whatever it is that they learn."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from autograder.assignment.rubric import TrainingRule
from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed, CheckStopped
from autograder.checking.describe import kind_of
from autograder.checking.student import Student
from autograder.records import FailureKind, Grid, Scatter, TrainingRecord
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.questions import Answer, Asked, Question
from autograder.training.data import Images, load_images
from autograder.training.history import curves, diverged
from autograder.training.once import Once
from autograder.training.weights import Weights, alike
from autograder.training.worlds import SAID, Sort, World

CHUNK = 1000
"""Images that a model is asked about at a time."""
MOST_TEST_IMAGES = 1000


def binary(images: Tensor) -> Tensor:
    """Return images in black and white, as zeros and ones."""
    return (images > 0.5).to(images.dtype)


@dataclass(frozen=True)
class Model:
    """A model that lives in a process of its own, and what was returned with it.

    Attributes:
        handle: Stands for it.
        history: As the submission returned it; None where the model came alone.
        weights: Its `state_dict`.
    """

    handle: Handle
    history: Any
    weights: Weights


@dataclass
class ModelRun:
    """Trainings of one submission, each made when the first check needs it. Its results, or its failure, are kept.

    A measure says with which arguments (`case`), and what came out of the training that the rubric's budget pays for.

    Attributes:
        asked: The submission with the training budget, in which every training has a worker of its own.
        task: Id of the task.
        secret: Fixes which images are given, how they are turned and what noise is drawn; the same for every grading of a submission.
        model: What the first thing is that the training returns, in words.
        decoding: Name of its method that decodes.
        decoded: What that gives, in words.
        few: Arguments of short trainings, which are asked only for what they make of the weights.
        once: Remembers trainings, and what was asked of them.
        untrained: Arguments of a call that gives an untrained model.
    """

    asked: Asked
    task: str
    data: Images
    rule: TrainingRule
    secret: str
    device: str
    metrics: dict[str, float] = field(default_factory=dict)
    grids: tuple[Grid, ...] = ()
    scatters: tuple[Scatter, ...] = ()
    once: Once = field(default_factory=Once)

    model: ClassVar[str] = "a torch.nn.Module with the methods encode and decode"
    decoding: ClassVar[str] = "decode"
    decoded: ClassVar[str] = "a row of numbers for each"
    few: ClassVar[dict[str, Any]] = {}
    untrained: ClassVar[dict[str, Any]] = {"epochs": 0}

    @staticmethod
    def load(choice: str, root: Path | None) -> Images:
        """Return the images that the rubric's options name."""
        return load_images(choice, root)

    def __post_init__(self) -> None:
        digest = hashlib.sha256(f"{self.secret}/{self.task}".encode()).digest()
        self.generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
        sort: Sort = "turned" if self.rule.world == "secret" else "plain"
        self.world = World.drawn(sort, self.generator, self.data.images.shape[-1])
        self.order = torch.randperm(len(self.data.labels), generator=self.generator)
        self.grey = self._seen(self.data.images[self.order[: self.rule.n_train]])
        self.images = binary(self.grey)
        self.test_grey = self._seen(self.data.test_images[:MOST_TEST_IMAGES])
        self.test_images = binary(self.test_grey)

    def _seen(self, images: Tensor) -> Tensor:
        """Return images as this grading shows them, a row each: turned and mirrored in a way that weights made elsewhere do not know."""
        return self.world.seen(images).flatten(1)

    def case(self, **changes: Any) -> Case:
        """Return the call that trains within the rubric's budget, with some arguments changed."""
        raise NotImplementedError

    def trained(self, student: Student) -> Any:
        """Return what came out of training within the rubric's budget; train first when that was not done yet."""
        raise NotImplementedError

    def measured(self, student: Student) -> None:
        """Train within the rubric's budget and measure what comes out, so that there is a `record`.

        Raises:
            CheckFailed, CheckStopped: There is no model.
        """
        self.trained(student)

    def made(self, student: Student, case: Case, *, seconds: float = 120.0, form: bool = False, seed: int = 0) -> Model:
        """Train as a case says, and ask for the weights.

        Raises:
            CheckFailed, CheckStopped: No model and history come back, or the model has no weights.
        """
        answer = student.ask(case, seconds=seconds, seed=seed)
        if isinstance(answer.value, Handle):
            return Model(answer.value, None, self.weights(student, answer.value))
        return self.settled(student, case, answer, form=form)

    def settled(self, student: Student, case: Case, answer: Answer, *, form: bool) -> Model:
        """Return the model and the history of an answer that is as the contract says; errors are those of `made`."""
        model, history = student.settled(case, answer, finite=False, form=form)
        if not isinstance(model, Handle):
            message = f"`{student.called(case)}` should return {self.model} first, but gave {kind_of(model)}"
            raise CheckFailed(FailureKind.CONTRACT, message)
        return Model(model, history, self.weights(student, model))

    def short(self, student: Student, *, global_seed: int = 0, grey: bool = False, **changes: Any) -> Model:
        """Return what a short training makes of forty images. Each is made once, on a CPU, where the same seed gives the same numbers.

        Args:
            student: The submission.
            global_seed: That of the global generators before the call.
            grey: Whether the images are; they are black and white otherwise.
            changes: Arguments that differ from `few`; `n` is the number of images.
        """
        arguments = {"n": 40} | self.few | changes
        n, kind = arguments.pop("n"), self.grey if grey else self.images
        name = f"{sorted(arguments.items())} {n} {grey} {global_seed}"
        case = self.case(images=kind[:n], device="cpu", **arguments)
        return self.once(name, lambda: self.made(student, case, seed=global_seed))

    def weights(self, student: Student, model: Handle) -> Weights:
        """Ask a model for its `state_dict`: tensors by name.

        Raises:
            CheckFailed, CheckStopped: It has none, or what it has is something else.
        """
        value = student.ask_handle(Question(model, method="state_dict"), "`state_dict` of the model").value
        if not isinstance(value, dict) or not all(isinstance(entry, Tensor) for entry in value.values()):
            message = f"`model.state_dict()` should be a dictionary of tensors, but is {kind_of(value)}"
            raise CheckFailed(FailureKind.CONTRACT, message)
        if not value:
            message = "`model.state_dict()` is empty: the model's weights are not among its parameters"
            help_text = "Networks are attributes of a torch.nn.Module; inside a plain list or dict they are not seen."
            raise CheckFailed(FailureKind.CONTRACT, message, help=help_text, mistake="weights_not_registered")
        return {str(name): entry for name, entry in value.items()}

    def learns_nothing(self, student: Student) -> bool:
        """Whether a short training leaves the weights as they were."""
        try:
            return alike(self.short(student, epochs=0).weights, self.short(student).weights)
        except (CheckFailed, CheckStopped):
            return False

    def elsewhere(self, student: Student, weights: Weights, case: Case) -> Handle:
        """Return a model in another process that has seen noise only: untrained, with `weights` loaded into it. Where a submission
        cannot make an untrained one, which another check says, it is trained on two images of noise.

        Args:
            student: The submission.
            weights: As `state_dict` gave them.
            case: The call that they come from.
        """
        untrained = case.but(images=self.noise(case), **(self.untrained | {"seed": 1}))
        try:
            model = self.made(student, untrained).handle
        except CheckFailed:
            model = self.made(student, untrained.but(epochs=1)).handle
        question = Question(model, [weights], method="load_state_dict")
        student.ask_handle(
            question, "`load_state_dict` of an untrained model (`epochs=0`) with the weights of a trained one"
        )
        return model

    def noise(self, case: Case) -> Tensor:
        """Return the images of noise that stand for those of a case where a model must not see any."""
        return binary(torch.rand(2, self.images.shape[1], generator=self.generator))

    def decode(self, student: Student, model: Handle, z: Tensor) -> Tensor:
        """Ask a model for the parameters of p(x | z), in evaluation mode. Shape (N, D), float64."""
        return torch.cat([self._decode(student, model, chunk) for chunk in z.float().split(CHUNK)])  # type: ignore[no-untyped-call]

    def _decode(self, student: Student, model: Handle, z: Tensor) -> Tensor:
        question = Question(model, [z], method=self.decoding, seconds=60.0, evaluate=True)
        value = student.ask_handle(question, f"`{self.decoding}` of the model").value
        first = (
            value[0] if isinstance(value, tuple | list) and value else value
        )  # a learnt variance may come with the mean
        if not is_matrix(first, len(z)) or first.shape[1] != self.images.shape[1]:
            wanted = f"a finite tensor of shape {(len(z), self.images.shape[1])}: {self.decoded}"
            message = f"`model.{self.decoding}(z)` should return {wanted}, but gave {what_came(value)}"
            raise CheckFailed(FailureKind.CONTRACT, message)
        return torch.as_tensor(first).double()

    def upright(self, rows: Tensor) -> Tensor:
        """Return images that this grading shows turned or mirrored as they were."""
        return self.world.upright(rows.reshape(-1, *self.data.images.shape[-2:]))

    def described(
        self,
        history: Any,
        *,
        titles: Mapping[str, str],
        thresholds: Mapping[str, float],
        curve_titles: Mapping[str, tuple[str, str]],
        remarks: Sequence[str] = (),
    ) -> TrainingRecord:
        """Return what a report says of the run.

        Args:
            history: As the submission returned it.
            titles: What the `metrics` are called in words.
            thresholds: What metrics must reach.
            curve_titles: What lists of the history are called in words, and their units.
            remarks: What stands out, a sentence each, beside a history that diverged.
        """
        return TrainingRecord(
            task=self.task,
            dataset=self.data.name,
            dataset_title=self.data.title,
            examples="images",
            world=SAID[self.world.sort],
            device=self.device,
            n_train=len(self.images),
            n_validation=0,
            n_test=len(self.test_images),
            epochs=self.rule.epochs,
            metrics=self.metrics,
            titles=dict(titles),
            thresholds=dict(thresholds),
            curves=curves(history, curve_titles),
            grids=self.grids,
            scatters=self.scatters,
            remarks=(*diverged(history, curve_titles), *remarks),
        )


def what_came(value: Any) -> str:
    """Return in words what a model gave in place of finite tensors."""
    parts = value if isinstance(value, tuple | list) else (value,)
    diverged = any(isinstance(part, Tensor) and not bool(part.isfinite().all()) for part in parts)
    return "numbers that are not finite (NaN or infinity)" if diverged else kind_of(value)


def is_matrix(value: Any, rows: int) -> bool:
    """Whether a value is a finite matrix of floats with so many rows."""
    return (
        isinstance(value, Tensor)
        and value.dim() == 2
        and value.shape[0] == rows
        and value.is_floating_point()
        and bool(value.isfinite().all())
    )
