"""The evidence lower bound, asked about encoders and decoders whose exact answer is known.

Any form of the bound is right: analytic KL, an average of log p(x, z) − log q(z | x), or one with the analytic entropy. They
agree in expectation only, so that is what is asked, never a single draw.
"""

import math

import numpy as np
import torch

from autograder.checking import Case, CheckFailed, check, compare
from autograder.checking.statistics import mean_test, mean_vector_test
from autograder.outcomes import FailureKind
from autograder.sandbox.inside.values import Probe
from tests.hidden import exact
from tests.public import cases

PARTS = {
    "encoder.heads.0.0.bias": "mean",
    "encoder.heads.1.0.bias": "log_var",
    "decoder.trunk.0.bias": "decoder",
}
STAGES = (200, 800, 3200)
SKEWNESS = 1.0
"""Of a mean over hundreds of draws: those of a single ELBO have at most 2√2, divided by the root of their number."""
SIGN = {"elbo": 1.0, "vae_loss": -1.0}


def without_kl(task: str, sizes: cases.Sizes, dtype: torch.dtype, seed: int, size: float | None = None) -> Case:
    """A call in which q(z | x) = N(0, I) is the prior and the decoder ignores z: the ELBO is log p(x)."""
    draw = cases.Draw(dtype, seed)
    logits = draw.normal(sizes["D"], std=2.0) if size is None else size * (2 * draw.binary(sizes["D"]) - 1)
    zeros = cases.constant(torch.zeros(sizes["M"], dtype=dtype), sizes["D"])
    arguments = {
        "x": draw.binary(sizes["B"], sizes["D"]),
        "encoder": Probe({"layers": [], "heads": [[zeros], [zeros]]}),
        "decoder": Probe({"layers": [cases.constant(logits, sizes["M"])]}),
        "n_samples": sizes["S"],
    }
    return Case(task, arguments, seed=seed % 2**31)


def with_kl_only(task: str) -> Case:
    """A call with a large KL and a decoder that ignores z."""
    sizes = cases.Sizes({"B": 300, "D": 3, "M": 2, "S": 3})
    draw = cases.Draw(torch.float64, 4)
    mean, log_var = torch.tensor([2.0, -1.5], dtype=torch.float64), torch.tensor([1.4, -3.0], dtype=torch.float64)
    heads = [[cases.constant(mean, 3)], [cases.constant(log_var, 3)]]
    logits = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
    arguments = {
        "x": draw.binary(sizes["B"], 3),
        "encoder": Probe({"layers": [], "heads": heads}),
        "decoder": Probe({"layers": [cases.constant(logits, 2)]}),
        "n_samples": sizes["S"],
    }
    return Case(task, arguments, seed=4)


def with_noise(task: str, n_samples: int, seed: int = 9, batch: int = 3) -> Case:
    """A call with σ around 1, in which the noise matters."""
    sizes = cases.Sizes({"B": batch, "D": 6, "M": 2, "S": n_samples})
    draw = cases.Draw(torch.float64, seed)
    arguments = {
        "x": draw.binary(batch, 6),
        "encoder": cases.gaussian_encoder(draw, sizes, torch.tensor([0.9, -1.2], dtype=torch.float64)),
        "decoder": cases.affine_decoder(draw, sizes, std=2.5),
        "n_samples": n_samples,
    }
    return Case(task, arguments, seed=seed)


def exact_gradient(case: Case) -> np.ndarray:
    """The gradient of the exact ELBO with respect to the biases in `PARTS`, one after the other."""
    shifts = {
        "mean": torch.zeros(2, dtype=torch.float64, requires_grad=True),
        "log_var": torch.zeros(2, dtype=torch.float64, requires_grad=True),
        "decoder": torch.zeros(6, dtype=torch.float64, requires_grad=True),
    }
    value = exact.bernoulli_elbo(case, shifts).mean()
    return torch.cat(torch.autograd.grad(value, list(shifts.values()))).numpy()


def gradient_draws(student, case):
    """`draw(start, n)`: gradients of calls number start to start + n − 1, as rows."""

    def draw(start: int, n: int) -> np.ndarray:
        gradients = student.ask(case, seed=1000 + start, repeat=n, gradients=list(PARTS)).gradients
        for name, part in PARTS.items():
            found = gradients.get(name)
            if found is None or found.shape[:1] != (n,):
                target = "decoder" if part == "decoder" else f"encoder's {part}"
                message = f"no gradient of `{case.function}` reaches the {target}"
                help_text = "No detach, .data, .item() or no_grad between encoder, sample, decoder and result."
                raise CheckFailed(FailureKind.VALUE, message, help=help_text)
        return torch.cat([gradients[name].double().reshape(n, -1) for name in PARTS], dim=1).numpy()

    return draw


def judge_gradient(student, case):
    """Require that the mean gradient is the exact one."""
    expected = SIGN[case.function] * exact_gradient(case)
    verdict = mean_vector_test(
        gradient_draws(student, case), expected, tolerance=0.3, stages=(260, 1040), max_skewness=SKEWNESS
    )
    student.judge(
        verdict, case, "the gradient is biased (first mean, then log_var of the encoder, then the decoder's bias)"
    )


def judge_mean(student, case, tolerance, message, help_text):
    """Require that the mean of many estimates is the exact value."""
    expected = SIGN[case.function] * float(exact.bernoulli_elbo(case).mean())
    rounding = compare.tolerance(case.dtype()) * max(1.0, abs(expected), float(case.arguments["x"].shape[1]))
    verdict = mean_test(
        student.draws(case),
        expected,
        tolerance=tolerance,
        stages=STAGES,
        exact_tolerance=rounding,
        max_skewness=SKEWNESS,
    )
    student.judge(verdict, case, message, help=help_text)


def judge_reconstruction(student, task, help_text):
    """Require log p(x), summed over pixels and averaged over examples, for several sizes and both dtypes."""
    for sizes, dtype in ((cases.SIZES[2], torch.float32), (cases.SIZES[5], torch.float64)):
        case = without_kl(task, sizes.but(B=40), dtype, seed=sizes["D"])
        student.value(case)
        judge_mean(student, case, 0.5, "the reconstruction term is wrong", help_text)


@check("elbo", "reconstruction")
def test_elbo_reconstruction(student):
    """Where q(z | x) is the prior and the decoder ignores z, the ELBO is log p(x): summed over pixels, averaged over
    the batch.
    """
    judge_reconstruction(student, "elbo", "Sum the log-probabilities over pixels; average over examples only.")


@check("elbo", "divergence", after=["reconstruction"])
def test_elbo_divergence(student):
    """The KL divergence to the prior is subtracted, summed over latent dimensions, with its full weight."""
    case = with_kl_only("elbo")
    help_text = "ELBO = reconstruction − KL, with KL = ½ Σ (σ² + μ² − 1 − log σ²) summed over the latent dimensions."
    judge_mean(student, case, 0.1, "the KL term is wrong", help_text)


@check("elbo", "unbiased", after=["reconstruction"])
def test_elbo_unbiased(student):
    """With noise, the mean of many estimates is the exact ELBO (found by Gauss-Hermite quadrature)."""
    help_text = "z is mean + exp(log_var / 2) · ε with ε ~ N(0, I), and the decoder is applied to z."
    judge_mean(student, with_noise("elbo", n_samples=3, batch=80), 0.25, "the estimates are biased", help_text)


@check("elbo", "noise", after=["reconstruction"])
def test_elbo_noise(student):
    """Every example has noise of its own, and `n_samples` draws are averaged: both make the estimate less noisy by the
    right factor.
    """
    one = with_noise("elbo", n_samples=1, batch=1)
    row = one.arguments["x"]
    single = float(np.var(student.draws(one)(0, 250)))
    student.require(single > 0, one, "the estimate has no noise although the encoder has")
    for what, case, factor in (
        ("16 examples share their noise", one.but(x=row.expand(16, -1).clone()), 16),
        ("n_samples = 16 does not average 16 draws", one.but(n_samples=16), 16),
    ):
        # under a correct function the logarithm of this ratio has a standard deviation of 0.2; log 4 is seven times that
        ratio = single / max(float(np.var(student.draws(case)(0, 250))), 1e-300) / factor
        message = f"{what}: the variance should fall by a factor of {factor}, but falls by {ratio * factor:.3g}"
        student.require(abs(math.log(ratio)) < math.log(4.0), case, message)


@check("elbo", "gradient", after=["reconstruction"])
def test_elbo_gradient(student):
    """Gradients reach the encoder's mean and log_var, through the sample and through the KL, and the decoder; on
    average they are the gradients of the exact ELBO.
    """
    judge_gradient(student, with_noise("elbo", n_samples=3, batch=200))


@check("elbo", "extreme", after=["reconstruction"])
def test_elbo_extreme(student):
    """The ELBO stays finite and exact where the decoder is certain (logits of ±800)."""
    for dtype in cases.DTYPES:
        case = without_kl("elbo", cases.Sizes({"B": 40, "D": 4, "M": 2, "S": 3}), dtype, 1, size=800.0)
        student.value(case)
        help_text = "Compute log p(x | z) from logits: no log of a sigmoid."
        judge_mean(student, case, 0.5, "logits of ±800 are too much for it", help_text)


@check("vae_loss", "value")
def test_loss_value(student):
    """The loss is the negative ELBO: where q(z | x) is the prior and the decoder ignores z, it is −log p(x)."""
    judge_reconstruction(student, "vae_loss", "loss = −elbo: summed over pixels, averaged over examples.")


@check("vae_loss", "unbiased", after=["value"])
def test_loss_unbiased(student):
    """With noise and a KL, the mean of many losses is the exact negative ELBO."""
    help_text = "loss = KL − reconstruction: a minimised loss adds the KL. z is a sample, not the mean."
    judge_mean(student, with_kl_only("vae_loss"), 0.1, "the KL term is wrong", help_text)
    judge_mean(student, with_noise("vae_loss", n_samples=3, batch=80), 0.25, "the losses are biased", help_text)


@check("vae_loss", "gradient", after=["value"])
def test_loss_gradient(student):
    """The loss can be minimised: on average its gradients are those of the exact negative ELBO."""
    judge_gradient(student, with_noise("vae_loss", n_samples=3, batch=200))
