"""Wrong submissions: seeded faults, each one change to `correct_modules`, and the tasks that must lose points by it.

The text of a change must occur exactly once in the file, so a fault cannot silently become no fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CORRECT = Path(__file__).parent / "correct_modules"


ELBO = ("elbo", "vae_loss")
NEIGHBOURS = {
    "densities.py": ("gaussian_log_density", "bernoulli_log_density", "sample_gaussian", "kl_standard_normal"),
    "divergences.py": ("kl_standard_normal", "gaussian_log_density", "log_mean_exp"),
    "ppca.py": ("ppca_marginal", "ppca_posterior", "ppca_log_likelihood", "ppca_fit"),
    "vae.py": (*ELBO, "kl_standard_normal", "bernoulli_log_density"),
    "evidence.py": ("log_mean_exp", "estimate_log_likelihood", "gaussian_log_density"),
    "classifier.py": ("evaluate_classifier",),
}


@dataclass(frozen=True)
class Fault:
    """One mistake.

    Attributes:
        file: Where it is.
        old: Text of the correct submission.
        new: What stands there instead.
        task: The task whose function is wrong.
        dependent: Tasks whose functions call it and are wrong because of it.
        says: What the report must say, somewhere in message, help or misconception of the task's failed checks.
        keeps: Checks of the task that pass all the same: it loses the points of the others only.
        training: Whether a model must be trained to see it.
    """

    name: str
    file: str
    old: str
    new: str
    task: str
    says: str
    dependent: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ("contract",)
    training: bool = False

    def tasks(self) -> tuple[str, ...]:
        """What is graded: the task, those that depend on it, and the neighbours in its file, which must lose nothing."""
        if self.training:
            return ("evaluate_classifier", "train_classifier")
        neighbours = [task for task in NEIGHBOURS[self.file] if not (task in ELBO and self.task not in ELBO)]
        return tuple(dict.fromkeys([self.task, *self.dependent, *neighbours]))

    def sources(self) -> dict[str, str]:
        """The files of the submission."""
        files = {path.name: path.read_text(encoding="utf-8") for path in sorted(CORRECT.glob("*.py"))}
        if files[self.file].count(self.old) != 1:
            raise ValueError(
                f"{self.name}: {self.old!r} stands {files[self.file].count(self.old)} times in {self.file}"
            )
        files[self.file] = files[self.file].replace(self.old, self.new)
        return files


FAULTS = [
    Fault(
        "kl_without_half",
        "divergences.py",
        "return 0.5 * torch.sum(",
        "return torch.sum(",
        "kl_standard_normal",
        "½",
        dependent=ELBO,
        keeps=("contract", "vectorised"),
    ),
    Fault(
        "posterior_of_bishop_12_42",
        "ppca.py",
        "cov = sigma2 * M_inv",
        "cov = M / sigma2  # Bishop (12.42)",
        "ppca_posterior",
        "12.42",
        keeps=("contract", "vectorised", "gradient"),
    ),
    Fault(
        "log_sum_exp_for_log_mean_exp",
        "evidence.py",
        "torch.logsumexp(log_w, dim=0) - math.log(S)",
        "torch.logsumexp(log_w, dim=0)",
        "log_mean_exp",
        "log S",
        dependent=("estimate_log_likelihood",),
        keeps=("contract", "vectorised", "gradient"),
    ),
    Fault(
        "kl_added_to_the_elbo",
        "vae.py",
        "return (log_px - kl).mean()",
        "return (log_px + kl).mean()",
        "elbo",
        "KL",
        dependent=("vae_loss",),
        keeps=("contract", "vectorised"),
    ),
    Fault(
        "softmax_before_cross_entropy_in_evaluation",
        "classifier.py",
        'loss_sum += F.cross_entropy(out, yb, reduction="sum").item()',
        'loss_sum += F.cross_entropy(out.softmax(1), yb, reduction="sum").item()',
        "evaluate_classifier",
        "softmax",
    ),
    Fault(
        "softmax_before_cross_entropy_in_training",
        "classifier.py",
        "loss = F.cross_entropy(model(xb), yb)",
        "loss = F.cross_entropy(torch.softmax(model(xb), dim=1), yb)",
        "train_classifier",
        "softmax",
        training=True,
    ),
    Fault(
        "model_ends_in_softmax",
        "classifier.py",
        "return self.fc2(x)",
        "return torch.softmax(self.fc2(x), dim=1)",
        "train_classifier",
        "softmax",
        training=True,
    ),
    Fault(
        "sigma_for_variance_in_marginal",
        "ppca.py",
        "C = torch.matmul(W, W.transpose(0, 1)) + sigma2 *",
        "C = torch.matmul(W, W.transpose(0, 1)) + sigma2 ** 0.5 *",
        "ppca_marginal",
        "σ²",
        dependent=("ppca_log_likelihood",),
        keeps=("contract", "gradient"),
    ),
    Fault(
        "sigma_for_variance_in_likelihood",
        "ppca.py",
        "mean, C = ppca_marginal(W, mu, sigma2)",
        "mean, C = ppca_marginal(W, mu, sigma2 ** 0.5)",
        "ppca_log_likelihood",
        "σ stands where the variance",
        keeps=("contract", "vectorised"),
    ),
    Fault(
        "variance_for_std_in_sample",
        "densities.py",
        "sigma = torch.exp(0.5 * log_var)",
        "sigma = torch.exp(log_var)",
        "sample_gaussian",
        "it belongs to σ",
        dependent=("elbo", "vae_loss", "estimate_log_likelihood"),
        keeps=("contract", "vectorised"),
    ),
    Fault(
        "detached_sample",
        "densities.py",
        "    return mean + sigma * eps",
        "    return (mean + sigma * eps).detach()",
        "sample_gaussian",
        "no gradient",
        dependent=("elbo", "vae_loss"),
        keeps=("contract", "vectorised", "distribution", "independence"),
    ),
    Fault(
        "no_zero_grad",
        "classifier.py",
        "            optimizer.zero_grad()\n",
        "",
        "train_classifier",
        "zero_grad",
        training=True,
    ),
    Fault(
        "training_mode_at_evaluation",
        "classifier.py",
        "    model.eval()\n    loss_sum",
        "    loss_sum",
        "evaluate_classifier",
        "model.eval()",
        keeps=("contract", "accuracy"),
    ),
    Fault(
        "one_noise_for_the_batch",
        "densities.py",
        "eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)",
        "eps = torch.randn(mean.shape[-1:], generator=generator, dtype=mean.dtype, device=mean.device)",
        "sample_gaussian",
        "do not follow",
        dependent=("elbo", "estimate_log_likelihood"),
        keeps=("contract", "vectorised", "gradient"),
    ),
    Fault(
        "not_centred",
        "ppca.py",
        "torch.linalg.svd(X - mu, full_matrices=False)",
        "torch.linalg.svd(X, full_matrices=False)",
        "ppca_fit",
        "maximum-likelihood",
        keeps=("contract", "centre", "tiled"),
    ),
    Fault(
        "log_of_a_sigmoid",
        "densities.py",
        'return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")',
        "p = torch.sigmoid(logits)\n    return x * torch.log(p) + (1 - x) * torch.log(1 - p)",
        "bernoulli_log_density",
        "NaN or infinite",
        dependent=ELBO[:1],
        keeps=("contract", "vectorised", "value", "gradient"),
    ),
]
