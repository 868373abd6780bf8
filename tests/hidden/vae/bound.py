"""What the bound and the loss are both asked: calls whose exact answer is known, and how many answers are judged.

Any form of the bound is right: analytic KL, an average of log p(x, z) − log q(z | x), or one with the analytic entropy. They
agree in expectation only, so that is what is asked, never a single draw. Every call is drawn for one submission.
"""

from collections.abc import Callable

import numpy as np
import torch

from autograder.authoring import DTYPES, Case, CheckFailed, Draw, FailureKind, Probe, Sizes, constant
from autograder.authoring.cases import probe_dtype
from autograder.checking import compare
from autograder.checking.statistics import FALSE_FAIL, combine, mean_test, mean_vector_test, share_of, spread_test
from tests.hidden import exact
from tests.hidden.networks import with_other_networks

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
UNBIASED_WITHIN, DIVERGENCE_WITHIN = 0.2, 0.1
"""Nats."""
GRADIENT_WITHIN = 0.4
"""Of every entry of the gradient."""
NOISE = 0.12
"""Standard error after all draws, in units of the tolerance: right answers are settled at 0.07, and none comes near twice that
(`tests/harness/reference/test_undecided.py`).
"""
NOISE_ROOM = 2.0
"""How much noisier than the noisiest form that we know an estimate may be."""
SIGN = {"elbo": 1.0, "vae_loss": -1.0, "gaussian_elbo": 1.0}


def with_pixels_of(case: Case, kind: int | None = None) -> Case:
    """The same call with pixels as its task has them: where p(x | z) is Gaussian they are not binary, and have a variance: one for each
    pixel, a tensor without axes, or a number, as `kind` says (or the seed).
    """
    if case.function != "gaussian_elbo":
        return case
    x = case.arguments["x"]
    draw = Draw(x.dtype, case.seed + 17)
    log_var_x = draw.uniform(x.shape[1], low=-0.9, high=0.2)
    kinds = (log_var_x, log_var_x[0], float(log_var_x[0].float()))
    return case.but(x=x + 0.3 * draw.normal(*x.shape), log_var_x=kinds[(case.seed if kind is None else kind) % 3])


def without_kl(
    task: str, sizes: Sizes, dtype: torch.dtype, seed: int, size: float | None = None, kind: int | None = None
) -> Case:
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
    return with_pixels_of(Case(task, arguments, seed=seed % 2**31), kind)


def with_kl_only(task: str, dtype: torch.dtype, seed: int) -> Case:
    """A call with a large KL, other for every image, of which every one of 12 latents has a part, and a decoder that ignores z."""
    sizes = Sizes({"B": 600, "D": 4, "M": 12, "S": 2})
    draw = Draw(torch.float64, seed, sizes)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(seed))
    mean, spread = (
        torch.tensor(few + 9 * [rest], dtype=torch.float64)[order]
        for few, rest in (([0.4, 2.2, -1.2], 0.8), ([0.9, -3.0, -0.8], -0.3))
    )
    heads = [
        [{"op": "affine", "weight": draw.normal(12, 4, std=0.15), "bias": mean * (2 * draw.binary(12) - 1)}],
        [{"op": "affine", "weight": draw.normal(12, 4, std=0.2), "bias": spread}],
    ]
    arguments = {
        "x": draw.binary(sizes["B"], sizes["D"]),
        "encoder": Probe({"layers": [], "heads": heads}),
        "decoder": Probe({"layers": [constant(draw.normal(4, std=1.2), 12)]}),
        "n_samples": sizes["S"],
    }
    return in_dtype(unlike_first(with_pixels_of(Case(task, arguments, seed=seed))), dtype)


def with_noise(task: str, dtype: torch.dtype, seed: int, n_samples: int = 3, batch: int = 160) -> Case:
    """A call in which everything matters to the value: the mean of q alone, its variance for its standard deviation or draws from
    the prior change the result by 0.7 nats or more, and log-variances depend on the image.
    """
    return _drawn(lambda case: exact.least_effect(case) > 0.7, task, dtype, seed, n_samples, batch)


def with_gradient(task: str, dtype: torch.dtype, seed: int) -> Case:
    """A call in which everything matters to the gradient: every entry in `PARTS` is far from 0, and both log p(x | z) and the KL
    divergence have a large part in that by the mean of some latent, and in that by the log-variance of some latent.
    """
    return _drawn(_every_part_matters, task, dtype, seed, 3, 160)


def _drawn(
    enough: Callable[[Case], bool], task: str, dtype: torch.dtype, seed: int, n_samples: int, batch: int
) -> Case:
    for attempt in range(10_000):
        case = _any_noise(task, seed + attempt * 7919, n_samples, batch)
        if exact.largest_logit(case) < LARGEST_LOGIT and enough(case) and exact.most_noise(case) < MOST_NOISE:
            return in_dtype(unlike_first(case), dtype)
    raise AssertionError("no call was found in which everything matters")


LARGEST_LOGIT = 14.0
"""In float32 a sigmoid rounds to 1 beyond 16.6: that is asked by `extreme`, and paid once."""
MOST_NOISE = 6.0
"""Nats, of one example and one draw: 0.27 in the mean of 160 examples and 3 draws, and `UNBIASED_WITHIN` can be decided up to 0.37."""
LEAST_GRADIENT = 0.3
LEAST_PART = 0.7
"""Of the gradient, which is looked at within `GRADIENT_WITHIN` of itself."""


def _every_part_matters(case: Case) -> bool:
    gradient = exact_gradient(case)
    if np.abs(gradient).min() < LEAST_GRADIENT:
        return False
    divergence = exact.divergence_gradient(case)
    of_q = gradient[: len(divergence)]
    parts = np.abs(np.stack([divergence, of_q + divergence]) / of_q)
    return bool((parts.reshape(2, 2, -1).max(axis=2) > LEAST_PART).all())


def _any_noise(task: str, seed: int, n_samples: int, batch: int) -> Case:
    D = PIXELS
    draw = Draw(torch.float64, seed % 2**31, Sizes({"B": batch, "D": D, "M": 2, "S": n_samples}))
    white = 2 * draw.binary(D) - 1  # most pixels are nearly always of one colour, and the decoder expects the other one
    spread = torch.tensor([0.9, -2.5] if bool(draw.binary(1)) else [-2.5, 0.9], dtype=torch.float64)
    centre = draw.uniform(2, low=0.8, high=1.6) * (2 * draw.binary(2) - 1)
    steep = 0.3 if task == "gaussian_elbo" else 0.8  # a square has more noise than a logarithm
    to_mean, to_logits = draw.normal(2, D, std=1.2 / D**0.5), draw.normal(D, 2, std=steep)
    heads = [
        [{"op": "affine", "weight": to_mean, "bias": centre - to_mean @ (0.5 + 0.4 * white)}],
        [{"op": "affine", "weight": draw.normal(2, D, std=0.5 / D**0.5), "bias": spread}],
    ]
    decoder = {
        "op": "affine",
        "weight": to_logits,
        "bias": -white * draw.uniform(D, low=0.4, high=1.2) - to_logits @ centre,
    }
    arguments = {
        "encoder": Probe({"layers": [], "heads": heads}),
        "decoder": Probe({"layers": [decoder]}),
        "x": (draw.uniform(batch, D, low=0.0, high=1.0) < 0.5 + 0.4 * white).double(),
        "n_samples": n_samples,
    }
    return with_pixels_of(Case(task, arguments, seed=seed % 2**31))


PIXELS = 12


def unlike_first(case: Case) -> Case:
    """The same call with the images in another order: first comes the one whose bound differs most from the others'."""
    bounds = exact.bernoulli_elbo(case).detach()
    first = int((bounds - bounds.mean()).abs().argmax())
    order = [first, *(b for b in range(len(bounds)) if b != first)]
    return case.but(x=case.arguments["x"][order])


def with_linear_decoder(task: str, seed: int) -> Case:
    """A call in which log p(x | z) is all but linear in z and far from 0, so that reparameterised gradients have little noise."""
    draw = Draw(torch.float64, seed)
    logits = draw.uniform(60, low=-0.7, high=-0.3)
    weight = draw.uniform(60, 2, low=0.15, high=0.25) * (2 * draw.binary(2) - 1)
    heads = [[constant(draw.normal(2, std=0.3), 60)], [constant(draw.uniform(2, low=-0.2, high=0.2), 60)]]
    arguments = {
        "x": torch.ones(8, 60, dtype=torch.float64),
        "encoder": Probe({"layers": [], "heads": heads}),
        "decoder": Probe({"layers": [{"op": "affine", "weight": weight, "bias": logits}]}),
        "n_samples": 2,
    }
    return Case(task, arguments, seed=seed)


LEVELS = (-8.0, 1.0)
"""Log-variances of narrow and wide latents."""
STEEP = 100.0
"""Of a Gaussian p(x | z), the weights that make what the sample has in a gradient 10,000 times what the prior and q have."""


def revealing(
    task: str,
    dtype: torch.dtype,
    seed: int,
    rows: int,
    latents: int,
    n_samples: int = 1,
    *,
    prior: bool = True,
    turn: int = 0,
) -> Case:
    """A call whose gradient by the weights of the encoder's mean tells the noise of every example in every latent.

    Image b is the b-th unit vector, followed by a white pixel for every latent, whose logit depends on that latent alone. Column b of
    the gradient then belongs to example b. q is the prior, or has means of its own and log-variances over all of `LEVELS`, on which
    the decoder is as steep as they are narrow. `turn` gives the same q another decoder.
    """
    draw = Draw(torch.float64, seed)
    mean, log_var = torch.zeros(latents, dtype=torch.float64), torch.zeros(latents, dtype=torch.float64)
    if not prior:
        order = torch.randperm(latents, generator=torch.Generator().manual_seed(seed))
        mean, log_var = draw.normal(latents), torch.linspace(*LEVELS, latents, dtype=torch.float64)[order]
    draw = Draw(torch.float64, seed + 1)
    gaussian = task == "gaussian_elbo"
    weights = (
        draw.uniform(latents, low=1.2, high=1.8)
        * (2 * draw.binary(latents) - 1)
        * (-1.3) ** turn
        * torch.exp(-0.5 * log_var)
        * (STEEP if gaussian else 1.0)
    )
    x = torch.cat([torch.eye(rows, dtype=torch.float64), torch.ones(rows, latents, dtype=torch.float64)], dim=1)
    pixels = rows + latents
    decoder = torch.zeros(pixels, latents, dtype=torch.float64)
    decoder[rows:] = torch.diag(weights)
    logits = torch.cat([draw.normal(rows), draw.normal(latents, std=0.3) - weights * mean])
    heads = [[constant(mean, pixels)], [constant(log_var, pixels)]]
    arguments = {
        "x": x,
        "encoder": Probe({"layers": [], "heads": heads}),
        "decoder": Probe({"layers": [{"op": "affine", "weight": decoder, "bias": logits}]}),
        **({"log_var_x": draw.number(-0.5, 0.5)} if gaussian else {}),
        **({} if n_samples == 1 and not gaussian else {"n_samples": n_samples}),  # 1 is the default
    }
    return in_dtype(Case(task, arguments, seed=seed), dtype)


def in_dtype(case: Case, dtype: torch.dtype) -> Case:
    """The same call with its tensors and both networks in another dtype."""
    networks = {name: probe_dtype(case.arguments[name], dtype) for name in ("encoder", "decoder")}
    return case.but(**{name: value.to(dtype) for name, value in case.tensors().items()}, **networks)


@exact.remembered
def exact_gradient(case: Case) -> np.ndarray:
    """The gradient of the exact ELBO with respect to the biases in `PARTS`, one after the other."""
    M, D = case.arguments["decoder"].spec["layers"][0]["weight"].shape[::-1]
    shifts = {
        "mean": torch.zeros(M, dtype=torch.float64, requires_grad=True),
        "log_var": torch.zeros(M, dtype=torch.float64, requires_grad=True),
        "decoder": torch.zeros(D, dtype=torch.float64, requires_grad=True),
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


def judge_gradient(student, task):
    """Require that the mean gradient is the exact one, each entry within a part of itself, in both dtypes."""
    for dtype in DTYPES:
        case = with_gradient(task, dtype, student.lot("gradient"))
        expected = SIGN[task] * exact_gradient(case)
        verdict = mean_vector_test(
            gradient_draws(student, case),
            expected,
            tolerance=GRADIENT_WITHIN * np.abs(expected),
            stages=STAGES,
            max_skewness=SKEWNESS,
            false_fail=share_of(2),
        )
        student.judge(
            verdict,
            case,
            "the gradient is biased (first mean, then log_var of the encoder, then the decoder's bias)",
            noise=NOISE,
        )


def judge_mean(student, case, tolerance, message, help_text, share=FALSE_FAIL, stages=STAGES, evaluate=False):
    """Require that the mean of many estimates is the exact value; `share` is what this test takes of the check's rate."""
    expected = SIGN[case.function] * exact.mean_bernoulli_elbo(case)
    rounding = compare.tolerance(case.dtype()) * max(1.0, abs(expected), float(case.arguments["x"].shape[1]))
    verdict = mean_test(
        student.draws(case, evaluate=evaluate),
        expected,
        tolerance=tolerance,
        false_fail=share,
        stages=stages,
        exact_tolerance=rounding,
        max_skewness=SKEWNESS,
    )
    student.judge(verdict, case, message, help=help_text, noise=NOISE)


def judge_reconstruction(student, task, help_text):
    """Require log p(x), summed over pixels and averaged over examples, in both dtypes, with 1 on every axis in turn."""
    rng = np.random.default_rng(student.lot("sizes"))
    for turn, axis in enumerate("BDMS"):
        drawn = {
            "B": 560,
            "D": int(rng.integers(2, 13)),
            "M": int(rng.integers(2, 6) if turn else rng.integers(11, 20)),
            "S": int(rng.integers(2, 10)),
        }
        sizes = Sizes(drawn | {"S": 200 if axis == "B" else drawn["S"], axis: 1})
        case = without_kl(task, sizes, DTYPES[turn % 2], seed=int(rng.integers(2**31)), kind=turn)
        student.value(case)
        judge_mean(student, case, 0.2, "the reconstruction term is wrong", help_text, share_of(4), FEW)


def judge_divergence(student, task, share=FALSE_FAIL):
    """Require the bound where the KL divergence is large and the decoder ignores z, in both dtypes."""
    help_text = "ELBO = reconstruction − KL, with KL = ½ Σ (σ² + μ² − 1 − log σ²) summed over the latent dimensions."
    for dtype in DTYPES:
        case = with_kl_only(task, dtype, student.lot(f"divergence {dtype}"))
        judge_mean(student, case, DIVERGENCE_WITHIN, "the KL term is wrong", help_text, share / 2)


def judge_unbiased(student, task, help_text, share=FALSE_FAIL):
    """Require that the mean of noisy estimates is the exact bound, in both dtypes, with and without a graph for gradients, also after
    other networks saw the same images.
    """
    for dtype in DTYPES:
        case = with_noise(task, dtype, student.lot(f"noise {dtype}"))
        evaluate = dtype == torch.float32
        student.value(with_other_networks(case), finite=False, evaluate=evaluate)
        judge_mean(student, case, UNBIASED_WITHIN, "the estimates are biased", help_text, share / 2, evaluate=evaluate)


def judge_reparameterised(student, task):
    """Require that the gradient by the encoder's mean has no more noise than one that comes through the sample."""
    case = with_linear_decoder(task, student.lot("linear"))
    _, term = exact.noisiest_form(case)
    terms = case.arguments["x"].shape[0] * case.arguments["n_samples"]
    draws = gradient_draws(student, case, {"encoder.heads.0.0.bias": "mean"})(0, 64)
    largest = NOISE_ROOM * term.numpy() / terms
    verdict = combine(*(spread_test(draws[:, m], largest[m], false_fail=share_of(2)) for m in range(2)))
    help_text = "Differentiate through z itself: no log q(z | x) times a detached value."
    student.judge(verdict, case, "the gradient with respect to the encoder's mean is too noisy", help=help_text)


def judge_extreme(student, task):
    """Require log p(x) for logits of ±800, in both dtypes."""
    for dtype in DTYPES:
        seed = student.lot(f"extreme {dtype}")
        D = 784 if dtype == torch.float64 else 2 + seed % 5
        sizes = Sizes({"B": 40, "D": D, "M": 2, "S": 3})
        case = without_kl(task, sizes, dtype, seed, size=800.0)
        student.value(case)
        help_text = "Compute log p(x | z) from logits: no log of a sigmoid."
        judge_mean(student, case, 0.2, "logits of ±800 are too much for it", help_text, share_of(2), FEW)
