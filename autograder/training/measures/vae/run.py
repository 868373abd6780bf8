"""Trainings of one submission, and what is asked of the models that come out of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed, CheckStopped
from autograder.checking.student import Student
from autograder.records import FailureKind, TrainingRecord
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.questions import Question
from autograder.training.measures.vae.codes import WIDTHS, Code, log_likelihood, unused, without_latents
from autograder.training.measures.vae.pictures import COLUMNS, Shown, grids, latents
from autograder.training.models import CHUNK, MOST_TEST_IMAGES, Model, ModelRun, is_matrix, what_came

_DRAWS = 4
"""Of z for every image: an average over hundreds of images hardly varies then."""
_AT_A_TIME = 100
"""Importance samples of every image that are decoded in one question."""
_SAMPLES = (1, 10, 100, 1000)
_LOOKED_AT = 20
"""Held-out images whose bounds are made tighter."""
_EXTREME = 80.0
_FEW = 400
"""Training images that are told in ways that differ."""


@dataclass(frozen=True)
class Trained:
    """What came out of the training that the rubric's budget pays for: the codes of training and of held-out images.

    Attributes:
        widths: Bounds of some training images where q(z | x) is wider or narrower than `encode` says, in nats per image: "as encoded",
            "twice" where the log-variances are doubled, and a number that is added to them otherwise.
    """

    model: Model
    training: Code
    test: Code
    widths: Mapping[str, float]


@dataclass
class VaeRun(ModelRun):
    """Trainings of a model with an encoder, a decoder and a divergence that is paid for."""

    decoded: ClassVar[str] = "Bernoulli logits, or means"
    few: ClassVar[dict[str, Any]] = {"latent_dim": 3, "epochs": 2, "batch_size": 16, "learning_rate": 1e-3}
    untrained: ClassVar[dict[str, Any]] = {"epochs": 0, "snapshot_epochs": ()}

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

    # -------------------------------------------------------------------------------------------------- asking

    def encode(self, student: Student, model: Handle, images: Tensor) -> tuple[Tensor, Tensor]:
        """Ask a model for mean and log-variance of q(z | x), in evaluation mode. Each of shape (N, M), float64; a log-variance counts as
        ±80 at most, of which no bound is any good.
        """
        parts = [self._encode(student, model, chunk) for chunk in images.split(CHUNK)]  # type: ignore[no-untyped-call]
        mean, log_var = (torch.cat(column) for column in zip(*parts, strict=True))
        return mean, log_var.clamp(-_EXTREME, _EXTREME)  # a deviation stays a positive number

    def _encode(self, student: Student, model: Handle, images: Tensor) -> tuple[Tensor, Tensor]:
        question = Question(model, [images], method="encode", seconds=60.0, evaluate=True)
        value = student.ask_handle(question, "`encode` of the model").value
        parts = value if isinstance(value, tuple | list) else ()
        if (
            len(parts) != 2
            or not all(is_matrix(part, len(images)) for part in parts)
            or parts[0].shape != parts[1].shape
        ):
            wanted = f"the mean and the log-variance of q(z | x), two finite tensors of shape ({len(images)}, M)"
            message = f"`model.encode(x)` should return {wanted}, but gave {what_came(value)}"
            raise CheckFailed(FailureKind.CONTRACT, message)
        return parts[0].double(), parts[1].double()

    # ----------------------------------------------------------------------------------------------- measuring

    def code(
        self,
        student: Student,
        model: Model,
        decoder: Handle,
        images: Tensor,
        likelihood: str = "bernoulli",
        log_prior: Callable[[Tensor], Tensor] | None = None,
        wider: Callable[[Tensor], Tensor] = lambda log_var: log_var,
    ) -> Code:
        """Tell images through a model: encoded where it was trained, decoded elsewhere.

        Args:
            student: The submission.
            model: Encodes.
            decoder: Decodes.
            images: Shape (N, D).
            likelihood: The law of p(x | z).
            log_prior: Gives log p(z) of draws, shape (N, M) -> (N,); N(0, I) where nothing is said.
            wider: Another q(z | x) is asked about: what its log-variances are, given those of `encode`.
        """
        mean, log_var = self.encode(student, model.handle, images)
        log_var = wider(log_var)
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
        noise = torch.randn(mean.shape, generator=self.generator, dtype=mean.dtype)
        return mean + (log_var / 2).exp() * noise

    def log_likelihood(
        self, student: Student, model: Handle, images: Tensor, n_samples: int, generator: torch.Generator
    ) -> Tensor:
        """Estimate log p(x) in nats of some binary images (N, D), shape (N,), by importance sampling with q(z | x) (Burda et al., 2016)."""
        weights = self._log_weights(student, model, model, images, n_samples, generator)
        return torch.logsumexp(weights, dim=0) - math.log(len(weights))

    def _log_weights(
        self,
        student: Student,
        encoder: Handle,
        decoder: Handle,
        images: Tensor,
        n_samples: int,
        generator: torch.Generator,
    ) -> Tensor:
        """Return log p(x, z) − log q(z | x) of binary images (N, D) for draws of z from q(z | x), shape (S, N); S is a multiple of 100."""
        mean, log_var = self.encode(student, encoder, images)
        q, prior = Normal(mean, (log_var / 2).exp()), Normal(torch.zeros_like(mean), torch.ones_like(mean))
        weights = []
        for _ in range(n_samples // _AT_A_TIME):
            noise = torch.randn(_AT_A_TIME, *mean.shape, generator=generator, dtype=mean.dtype)
            z = q.mean + q.stddev * noise
            decoded = self.decode(student, decoder, z.flatten(0, 1)).reshape(_AT_A_TIME, *images.shape)
            told = log_likelihood(images.expand(_AT_A_TIME, -1, -1), decoded, "bernoulli")
            weights.append(told + (prior.log_prob(z) - q.log_prob(z)).sum(dim=-1))  # type: ignore[no-untyped-call]
        return torch.cat(weights)

    def tighter(self, student: Student, model: Model, decoder: Handle) -> dict[int, float]:
        """Return the importance-weighted bounds of some held-out images (Burda et al., 2016, equation 8), by number of samples, in nats per
        image. With one sample it is their ELBO, and with more it can only come closer to log p(x). It is for information, and asked last:
        nothing where the model does not answer.
        """
        images = self.test_images[:_LOOKED_AT]
        try:
            weights = self._log_weights(student, model.handle, decoder, images, max(_SAMPLES), self.generator)
        except (CheckFailed, CheckStopped):
            return {}
        parts = {size: weights.reshape(-1, size, len(images)) for size in _SAMPLES}
        return {size: float((torch.logsumexp(part, dim=1) - math.log(size)).mean()) for size, part in parts.items()}

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
        return self.once("the whole training", lambda: self._train(student))

    def _train(self, student: Student) -> Trained:
        case = self.case()
        model = self.made(
            student, case, seconds=self.rule.wall_seconds
        )  # its weights are fixed before it sees a test image
        decoder = self.elsewhere(student, model.weights, case)
        found = Trained(
            model,
            self.code(student, model, decoder, self.images[:MOST_TEST_IMAGES]),
            self.code(student, model, decoder, self.test_images),
            {
                name: self.code(student, model, decoder, self.images[:_FEW], wider=wider).bound
                for name, wider in WIDTHS.items()
            },
        )
        self._show(student, model, decoder)
        self.metrics = {
            "test_elbo": found.test.bound,
            "test_kl": found.test.divergence,
            "bits_per_dimension": -found.test.bound / (self.test_images.shape[1] * math.log(2)),
            "active_count": float(found.test.active),
            "without_latents": self.without_latents(),
            **{f"bound_{size}": bound for size, bound in self.tighter(student, model, decoder).items()},
        }
        return found

    def _show(self, student: Student, model: Model, decoder: Handle) -> None:
        mean, _ = self.encode(student, model.handle, self.test_images)
        labels = self.data.test_labels[:MOST_TEST_IMAGES]
        drawn = torch.randn(COLUMNS, mean.shape[1], generator=self.generator, dtype=mean.dtype)
        shown = Shown(self.test_images, labels, mean, drawn, lambda z: self.decode(student, decoder, z), self.upright)
        self.grids, self.scatters = grids(shown, self.generator), latents(shown)

    def without_latents(self, likelihood: str = "bernoulli") -> float:
        """Return how well the best model without latent variables tells the test images: every pixel by itself."""
        training, test = (self.images, self.test_images) if likelihood == "bernoulli" else (self.grey, self.test_grey)
        return without_latents(training, test, likelihood)

    def record(self) -> TrainingRecord | None:
        """Return what is known about the run; None when nothing was trained."""
        trained = self.once.get("the whole training")
        if not isinstance(trained, Trained):
            return None
        in_use = f"latent variables in use, of {len(trained.test.divergences)}"
        return self.described(
            trained.model.history,
            titles=_TITLES | {"active_count": in_use},
            thresholds={"test_elbo": self.rule.threshold},
            curve_titles={"elbo": ("ELBO", "nats")},
            remarks=unused(trained.test.divergences),
        )


_TITLES = {
    "test_elbo": "test ELBO (nats per image)",
    "test_kl": "its KL divergence (nats per image)",
    "bits_per_dimension": "the same ELBO in bits per pixel",
    "without_latents": "the best model without latent variables (nats per image)",
    "bound_1": f"ELBO of {_LOOKED_AT} of these images (nats per image)",
    **{f"bound_{size}": f"their bound with {size:,} importance samples (nats per image)" for size in _SAMPLES[1:]},
}
