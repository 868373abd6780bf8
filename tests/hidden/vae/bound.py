"""What the bound and the loss are both asked: calls whose exact answer is known, and how many answers are judged.

Any form of the bound is right: analytic KL, an average of log p(x, z) − log q(z | x), or one with the analytic entropy. They
agree in expectation only, so that is what is asked, never a single draw.
"""

import numpy as np
import torch

from autograder.authoring import DTYPES, Case, CheckFailed, Draw, FailureKind, Probe, Sizes, constant
from autograder.checking import compare
from autograder.checking.statistics import FALSE_FAIL, mean_test, mean_vector_test, share_of, variance_at_most_test
from tests.hidden import exact
from tests.public.networks import affine_decoder, gaussian_encoder
from tests.public.sizes import SIZES

PARTS = {
    "encoder.heads.0.0.bias": "mean",
    "encoder.heads.1.0.bias": "log_var",
    "decoder.trunk.0.bias": "decoder",
}
STAGES = (64, 256, 1024)
FEW = (32, 256)
"""Where the result has next to no noise."""
SKEWNESS = 0.3
"""Of one call's result, a mean over 160 to 2,000 independent terms. A term is nearly quadratic in Gaussian noise, which bounds its
skewness by 2√2 (`statistics/intervals.py`), so a mean over 160 has at most 0.22. `make validate` measures it: at most 0.2.
"""
NOISE_STAGES = (32, 128)
NOISE_ROOM = 2.0
"""How much noisier than the noisiest form that we know an estimate may be."""
NOISE_CLEAR = 6.0
SIGN = {"elbo": 1.0, "vae_loss": -1.0}


def without_kl(task: str, sizes: Sizes, dtype: torch.dtype, seed: int, size: float | None = None) -> Case:
    """A call in which q(z | x) = N(0, I) is the prior and the decoder ignores z: the ELBO is log p(x)."""
    draw = Draw(dtype, seed)
    logits = draw.normal(sizes["D"], std=2.0) if size is None else size * (2 * draw.binary(sizes["D"]) - 1)
    zeros = constant(torch.zeros(sizes["M"], dtype=dtype), sizes["D"])
    arguments = {
        "x": draw.binary(sizes["B"], sizes["D"]),
        "encoder": Probe({"layers": [], "heads": [[zeros], [zeros]]}),
        "decoder": Probe({"layers": [constant(logits, sizes["M"])]}),
        "n_samples": sizes["S"],
    }
    return Case(task, arguments, seed=seed % 2**31)


def with_kl_only(task: str) -> Case:
    """A call with a large KL and a decoder that ignores z."""
    sizes = Sizes({"B": 500, "D": 4, "M": 3, "S": 2})
    draw = Draw(torch.float64, 4)
    mean, log_var = (torch.tensor(v, dtype=torch.float64) for v in ([0.4, 2.5, -1.0], [0.9, -3.5, -0.5]))
    heads = [[constant(mean, 4)], [constant(log_var, 4)]]
    logits = torch.tensor([0.5, -1.0, 2.0, 0.3], dtype=torch.float64)
    arguments = {
        "x": draw.binary(sizes["B"], sizes["D"]),
        "encoder": Probe({"layers": [], "heads": heads}),
        "decoder": Probe({"layers": [constant(logits, 3)]}),
        "n_samples": sizes["S"],
    }
    return Case(task, arguments, seed=4)


def with_noise(task: str, n_samples: int, batch: int) -> Case:
    """A call with σ from 0.5 to 1.6, in which the noise matters: the mean of q alone, its variance for its standard deviation or
    draws from the prior change the result by 0.7 nats or more.
    """
    sizes = Sizes({"B": batch, "D": 6, "M": 2, "S": n_samples})
    draw = Draw(torch.float64, 38, sizes)  # in float32 a sigmoid rounds to 1 at logits that occur here: see `extreme`
    arguments = {
        "encoder": gaussian_encoder(draw, torch.tensor([0.9, -1.2], dtype=torch.float64)),
        "decoder": affine_decoder(draw, std=1.8),
        "x": draw.binary(batch, 6),
        "n_samples": n_samples,
    }
    return Case(task, arguments, seed=38)


def with_linear_decoder(task: str) -> Case:
    """A call in which log p(x | z) is all but linear in z and far from 0, so that reparameterised gradients have little noise."""
    zero, logits = torch.zeros(2, dtype=torch.float64), torch.full((60,), -0.5, dtype=torch.float64)
    arguments = {
        "x": torch.ones(8, 60, dtype=torch.float64),
        "encoder": Probe({"layers": [], "heads": [[constant(zero + 0.3, 60)], [constant(zero, 60)]]}),
        "decoder": Probe({"layers": [{"op": "affine", "weight": torch.full((60, 2), 0.2).double(), "bias": logits}]}),
        "n_samples": 2,
    }
    return Case(task, arguments, seed=2)


@exact.remembered
def exact_gradient(case: Case) -> np.ndarray:
    """The gradient of the exact ELBO with respect to the biases in `PARTS`, one after the other."""
    shifts = {
        "mean": torch.zeros(2, dtype=torch.float64, requires_grad=True),
        "log_var": torch.zeros(2, dtype=torch.float64, requires_grad=True),
        "decoder": torch.zeros(6, dtype=torch.float64, requires_grad=True),
    }
    value = exact.bernoulli_elbo(case, shifts).mean()
    return torch.cat(torch.autograd.grad(value, list(shifts.values()))).numpy()


def gradient_draws(student, case, parts=PARTS):
    """`draw(start, n)`: gradients of calls number start to start + n − 1, as rows."""

    def draw(start: int, n: int) -> np.ndarray:
        gradients = student.ask(case, seed=1000 + start, repeat=n, gradients=list(parts)).gradients
        student.require_gradients(case, gradients)
        for name, part in parts.items():
            found = gradients.get(name)
            if found is None or found.shape[:1] != (n,):
                target = "decoder" if part == "decoder" else f"encoder's {part}"
                message = f"no gradient of `{case.function}` reaches the {target}"
                help_text = "No detach, .data, .item() or no_grad between encoder, sample, decoder and result."
                raise CheckFailed(FailureKind.VALUE, message, help=help_text)
        return torch.cat([gradients[name].double().reshape(n, -1) for name in parts], dim=1).numpy()

    return draw


def judge_gradient(student, case):
    """Require that the mean gradient is the exact one."""
    expected = SIGN[case.function] * exact_gradient(case)
    verdict = mean_vector_test(
        gradient_draws(student, case), expected, tolerance=0.3, stages=STAGES[:2], max_skewness=SKEWNESS
    )
    student.judge(
        verdict, case, "the gradient is biased (first mean, then log_var of the encoder, then the decoder's bias)"
    )


def judge_mean(student, case, tolerance, message, help_text, share=FALSE_FAIL, stages=STAGES):
    """Require that the mean of many estimates is the exact value; `share` is what this test takes of the check's rate."""
    expected = SIGN[case.function] * exact.mean_bernoulli_elbo(case)
    rounding = compare.tolerance(case.dtype()) * max(1.0, abs(expected), float(case.arguments["x"].shape[1]))
    verdict = mean_test(
        student.draws(case),
        expected,
        tolerance=tolerance,
        false_fail=share,
        stages=stages,
        exact_tolerance=rounding,
        max_skewness=SKEWNESS,
    )
    student.judge(verdict, case, message, help=help_text)


def judge_reconstruction(student, task, help_text):
    """Require log p(x), summed over pixels and averaged over examples, for several sizes and both dtypes."""
    for sizes, dtype in ((SIZES[2], torch.float32), (SIZES[5], torch.float64)):
        case = without_kl(task, sizes.but(B=40), dtype, seed=sizes["D"])
        student.value(case)
        judge_mean(student, case, 0.5, "the reconstruction term is wrong", help_text, share_of(2), FEW)


def judge_noise(student, task):
    """Require that calls, examples and samples have noise of their own: the variance falls with their number as it should."""
    one = with_noise(task, n_samples=1, batch=1)
    term, _ = exact.noisiest_form(one)
    row = one.arguments["x"]
    for what, B, S in (
        ("256 examples share their noise", 256, 1),
        ("64 samples of one example are not 64 draws", 4, 64),
    ):
        case = one.but(x=row.expand(B, -1).clone(), n_samples=S)
        draw = student.draws(case)
        verdict = variance_at_most_test(
            draw, NOISE_ROOM * term / (B * S), clear=NOISE_CLEAR, false_fail=share_of(3), stages=NOISE_STAGES
        )
        student.judge(verdict, case, what, help="One ε for every sample and example: shape (n_samples, B, M).")
    # of 32 numbers with standard deviation s > 1, two are within d of each other with probability 32²/2 · d / (s √π) < 1e-8
    closest = float(np.diff(np.sort(student.draws(one)(0, 32))).min())
    student.require(closest > 1e-11, one, "calls repeat the noise of earlier calls")


def judge_reparameterised(student, task):
    """Require that the gradient by the encoder's mean has no more noise than one that comes through the sample."""
    case = with_linear_decoder(task)
    _, term = exact.noisiest_form(case)
    terms = case.arguments["x"].shape[0] * case.arguments["n_samples"]
    verdict = variance_at_most_test(
        gradient_draws(student, case, {"encoder.heads.0.0.bias": "mean"}),
        NOISE_ROOM * term.numpy() / terms,
        clear=NOISE_CLEAR,
        stages=NOISE_STAGES,
    )
    help_text = "Differentiate through z itself: no log q(z | x) times a detached value."
    student.judge(verdict, case, "the gradient with respect to the encoder's mean is too noisy", help=help_text)


def judge_extreme(student, task):
    """Require log p(x) for logits of ±800, in both dtypes."""
    for dtype in DTYPES:
        case = without_kl(task, Sizes({"B": 40, "D": 4, "M": 2, "S": 3}), dtype, 1, size=800.0)
        student.value(case)
        help_text = "Compute log p(x | z) from logits: no log of a sigmoid."
        judge_mean(student, case, 0.5, "logits of ±800 are too much for it", help_text, share_of(2), FEW)
