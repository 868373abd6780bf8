"""Trainings of one submission, and what is asked of the models that come out of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from autograder.assignment.rubric import TrainingRule
from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed, CheckStopped
from autograder.checking.describe import kind_of
from autograder.checking.student import Student
from autograder.records import FailureKind, Grid, Scatter, TrainingRecord
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.questions import Asked, Question
from autograder.training.data import Images, load_images
from autograder.training.history import curves
from autograder.training.measures.vae.codes import Code, Weights, alike, binary, log_likelihood
from autograder.training.measures.vae.pictures import Shown, grids, latents

_CHUNK = 1000
_DRAWS = 4
"""Of z for every image: an average over hundreds of images hardly varies then."""
_MOST_TEST_IMAGES = 1000
MODEL = "a torch.nn.Module with the methods encode and decode"


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


@dataclass(frozen=True)
class Trained:
    """What came out of the training that the rubric's budget pays for: the codes of training and of held-out images."""

    model: Model
    training: Code
    test: Code


@dataclass
class VaeRun:
    """Trainings of one submission, each made when the first check needs it. Its results, or its failure, are kept.

    Attributes:
        asked: The submission with the training budget, in which every training has a worker of its own.
        task: Id of the task.
        secret: Fixes which images are given, how they are turned and what noise is drawn; the same for every grading of a submission.
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
    _known: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def load(choice: str, root: Path | None) -> Images:
        """Return the images that the rubric's options name."""
        return load_images(choice, root)

    def __post_init__(self) -> None:
        digest = hashlib.sha256(f"{self.secret}/{self.task}".encode()).digest()
        self._generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
        self._turns = int(torch.randint(0, 4, (), generator=self._generator))
        self._flipped = bool(torch.randint(0, 2, (), generator=self._generator))
        order = torch.randperm(len(self.data.labels), generator=self._generator)
        self.grey = self._seen(self.data.images[order[: self.rule.n_train]])
        self.images = binary(self.grey)
        self.test_grey = self._seen(self.data.test_images[:_MOST_TEST_IMAGES])
        self.test_images = binary(self.test_grey)

    def _seen(self, images: Tensor) -> Tensor:
        """Return images as this grading shows them, a row each: turned and mirrored in a way that weights made elsewhere do not know."""
        turned = torch.rot90(images, self._turns, dims=(-2, -1))
        return (turned.flip(-1) if self._flipped else turned).flatten(1)

    # -------------------------------------------------------------------------------------------------- asking

    def case(self, **changes: Any) -> Case:
        """Return the call that trains within the rubric's budget, with some arguments changed."""
        arguments: dict[str, Any] = {
            "images": self.images,
            **self.rule.arguments,
            "epochs": self.rule.epochs,
            "batch_size": self.rule.batch_size,
            "learning_rate": self.rule.learning_rate,
            "prior": "normal",
            "likelihood": "bernoulli",
            "n_components": 10,
            "device": self.device,
            "seed": 0,
            "snapshot_epochs": (),
        }
        return Case(self.task, arguments | changes)

    def made(self, student: Student, case: Case, *, seconds: float = 120.0, form: bool = False, seed: int = 0) -> Model:
        """Train as a case says, and ask for the weights.

        Raises:
            CheckFailed, CheckStopped: No model and history come back, or the model has no weights.
        """
        answer = student.ask(case, seconds=seconds, seed=seed)
        if isinstance(answer.value, Handle):
            return Model(answer.value, None, self.weights(student, answer.value))
        model, history = student.settled(case, answer, finite=False, form=form)
        if not isinstance(model, Handle):
            message = f"`{student.called(case)}` should return {MODEL} first, but gave {kind_of(model)}"
            raise CheckFailed(FailureKind.CONTRACT, message)
        return Model(model, history, self.weights(student, model))

    def short(self, student: Student, *, global_seed: int = 0, **changes: Any) -> Model:
        """Return what a short training makes of forty images: two epochs, batches of sixteen, three latent variables. Each is made once,
        on a CPU, where the same seed gives the same numbers.

        Args:
            student: The submission.
            global_seed: That of the global generators before the call.
            changes: Arguments that differ from those; `n` is the number of images, which are grey ones where a likelihood is asked for.
        """
        arguments: dict[str, Any] = {
            "n": 40,
            "latent_dim": 3,
            "epochs": 2,
            "batch_size": 16,
            "learning_rate": 1e-3,
        } | changes
        n, kind = arguments.pop("n"), self.grey if "likelihood" in changes else self.images
        name = f"{sorted(arguments.items())} {n} {global_seed}"
        case = self.case(images=kind[:n], device="cpu", **arguments)
        found: Model = self._once(name, lambda: self.made(student, case, seed=global_seed))
        return found

    def _once(self, name: str, make: Any) -> Any:
        if name not in self._known:
            try:
                self._known[name] = make()
            except (CheckFailed, CheckStopped) as failure:
                self._known[name] = failure
        found = self._known[name]
        if isinstance(found, BaseException):
            raise found
        return found

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
        noise = binary(torch.rand(2, self.images.shape[1], generator=self._generator))
        untrained = case.but(images=noise, epochs=0, seed=1, snapshot_epochs=())
        try:
            model = self.made(student, untrained).handle
        except CheckFailed:
            model = self.made(student, untrained.but(epochs=1)).handle
        question = Question(model, [weights], method="load_state_dict")
        student.ask_handle(
            question, "`load_state_dict` of an untrained model (`epochs=0`) with the weights of a trained one"
        )
        return model

    def encode(self, student: Student, model: Handle, images: Tensor) -> tuple[Tensor, Tensor]:
        """Ask a model for mean and log-variance of q(z | x), in evaluation mode. Each of shape (N, M), float64."""
        parts = [self._encode(student, model, chunk) for chunk in images.split(_CHUNK)]  # type: ignore[no-untyped-call]
        mean, log_var = (torch.cat(column) for column in zip(*parts, strict=True))
        return mean, log_var

    def _encode(self, student: Student, model: Handle, images: Tensor) -> tuple[Tensor, Tensor]:
        question = Question(model, [images], method="encode", seconds=60.0, evaluate=True)
        value = student.ask_handle(question, "`encode` of the model").value
        parts = value if isinstance(value, tuple | list) else ()
        if (
            len(parts) != 2
            or not all(_is_matrix(part, len(images)) for part in parts)
            or parts[0].shape != parts[1].shape
        ):
            wanted = f"the mean and the log-variance of q(z | x), two finite tensors of shape ({len(images)}, M)"
            message = f"`model.encode(x)` should return {wanted}, but gave {kind_of(value)}"
            raise CheckFailed(FailureKind.CONTRACT, message)
        return parts[0].double(), parts[1].double()

    def decode(self, student: Student, model: Handle, z: Tensor) -> Tensor:
        """Ask a model for the parameters of p(x | z), in evaluation mode. Shape (N, D), float64."""
        return torch.cat([self._decode(student, model, chunk) for chunk in z.float().split(_CHUNK)])  # type: ignore[no-untyped-call]

    def _decode(self, student: Student, model: Handle, z: Tensor) -> Tensor:
        question = Question(model, [z], method="decode", seconds=60.0, evaluate=True)
        value = student.ask_handle(question, "`decode` of the model").value
        first = (
            value[0] if isinstance(value, tuple | list) and value else value
        )  # a learnt variance may come with the mean
        if not _is_matrix(first, len(z)) or first.shape[1] != self.images.shape[1]:
            wanted = f"a finite tensor of shape {(len(z), self.images.shape[1])}: Bernoulli logits, or means"
            message = f"`model.decode(z)` should return {wanted}, but gave {kind_of(value)}"
            raise CheckFailed(FailureKind.CONTRACT, message)
        return torch.as_tensor(first).double()

    # ----------------------------------------------------------------------------------------------- measuring

    def code(
        self,
        student: Student,
        model: Model,
        decoder: Handle,
        images: Tensor,
        likelihood: str = "bernoulli",
        log_prior: Callable[[Tensor], Tensor] | None = None,
    ) -> Code:
        """Tell images through a model: encoded where it was trained, decoded elsewhere.

        `log_prior` gives log p(z) of draws, shape (N, M) -> (N,); N(0, I) where nothing is said.
        """
        mean, log_var = self.encode(student, model.handle, images)
        q = Normal(mean, (log_var / 2).exp())
        draws = [self._draw(mean, log_var) for _ in range(_DRAWS)]
        decoded = [self.decode(student, decoder, z) for z in draws]
        at_mean = self.decode(student, decoder, mean)
        told = torch.stack([log_likelihood(images, answer, likelihood) for answer in decoded])
        if log_prior is None:
            divergences = kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean))).mean(dim=0)
        else:
            divergences = torch.stack([(q.log_prob(z).sum(dim=-1) - log_prior(z)).mean() for z in draws]).mean(dim=0)[  # type: ignore[no-untyped-call]
                None
            ]
        return Code(
            float(told.mean()), divergences, float(log_likelihood(images, at_mean, likelihood).mean()), decoded[0]
        )

    def _draw(self, mean: Tensor, log_var: Tensor) -> Tensor:
        noise = torch.randn(mean.shape, generator=self._generator, dtype=mean.dtype)
        return mean + (log_var / 2).exp() * noise

    def mixture(self, student: Student, model: Model, images: Tensor, n_components: int) -> Callable[[Tensor], Tensor]:
        """Return the log-density of a mixture of Gaussians fitted to draws of q(z | x) for training images, z (N, M) -> (N,).

        The mixture that a submission has learnt has no name by which it could be asked for. This one can only be charged less.
        """
        from sklearn.mixture import GaussianMixture

        z = self._draw(*self.encode(student, model.handle, images))
        fitted = GaussianMixture(n_components, covariance_type="diag", random_state=0, reg_covar=1e-4).fit(z.numpy())
        return lambda draws: torch.from_numpy(fitted.score_samples(draws.numpy()))

    def trained(self, student: Student) -> Trained:
        """Return what came out of training within the rubric's budget; train first when that was not done yet."""
        found: Trained = self._once("the whole training", lambda: self._train(student))
        return found

    def _train(self, student: Student) -> Trained:
        case = self.case()
        model = self.made(
            student, case, seconds=self.rule.wall_seconds
        )  # its weights are fixed before it sees a test image
        decoder = self.elsewhere(student, model.weights, case)
        found = Trained(
            model,
            self.code(student, model, decoder, self.images[:_MOST_TEST_IMAGES]),
            self.code(student, model, decoder, self.test_images),
        )
        self._show(student, model, decoder)
        self.metrics = {
            "test_elbo": found.test.bound,
            "test_kl": found.test.divergence,
            "active_count": float(found.test.active),
            "without_latents": self.without_latents(),
        }
        return found

    def _show(self, student: Student, model: Model, decoder: Handle) -> None:
        mean, _ = self.encode(student, model.handle, self.test_images)
        labels = self.data.test_labels[:_MOST_TEST_IMAGES]
        shown = Shown(self.test_images, labels, mean, lambda z: self.decode(student, decoder, z), self._upright)
        self.grids, self.scatters = grids(shown, self._generator), latents(shown)

    def _upright(self, rows: Tensor) -> Tensor:
        """Return images that this grading shows turned or mirrored as they were."""
        images = rows.reshape(-1, *self.data.images.shape[-2:])
        return torch.rot90(images.flip(-1) if self._flipped else images, -self._turns, dims=(-2, -1))

    def without_latents(self, likelihood: str = "bernoulli") -> float:
        """Return how well the best model without latent variables tells the test images: every pixel by itself."""
        training, test = (self.images, self.test_images) if likelihood == "bernoulli" else (self.grey, self.test_grey)
        share = training.double().mean(dim=0, keepdim=True).clamp(1e-3, 1 - 1e-3)
        decoded = share if likelihood == "gaussian" else torch.logit(share)
        return float(log_likelihood(test, decoded.expand(len(test), -1), likelihood).mean())

    def record(self) -> TrainingRecord | None:
        """Return what is known about the run; None when nothing was trained."""
        trained = self._known.get("the whole training")
        if not isinstance(trained, Trained):
            return None
        return TrainingRecord(
            task=self.task,
            dataset=self.data.name,
            dataset_title=self.data.title,
            examples="images",
            device=self.device,
            n_train=len(self.images),
            n_validation=0,
            n_test=len(self.test_images),
            epochs=self.rule.epochs,
            metrics=self.metrics,
            titles=_TITLES | {"active_count": f"latent variables in use, of {len(trained.test.divergences)}"},
            thresholds={"test_elbo": self.rule.threshold},
            curves=curves(trained.model.history, {"elbo": ("ELBO", "nats")}),
            grids=self.grids,
            scatters=self.scatters,
        )


_TITLES = {
    "test_elbo": "test ELBO (nats per image)",
    "test_kl": "its KL divergence (nats per image)",
    "without_latents": "the best model without latent variables (nats per image)",
}


def _is_matrix(value: Any, rows: int) -> bool:
    return (
        isinstance(value, Tensor)
        and value.dim() == 2
        and value.shape[0] == rows
        and value.is_floating_point()
        and bool(value.isfinite().all())
    )
