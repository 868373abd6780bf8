"""The loss of latent optimisation: exact where nothing is random, and where the noise can be found from the answer.

Whether examples are summed or averaged is free. Where the decoder is linear, one pixel of a single example tells its noise, and the
gradient by the means that of all examples.
"""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Case, Draw, Probe, check, constant
from autograder.checking.statistics import gaussian_sample_test, noise_test, share_of, spread_test
from tests.hidden.sizes import WIDE
from tests.public.latent_optimization.either import require_either

HELP = (
    "Σ (‖x − G(z)‖² + KL): squares summed over the pixels, KL = ½ Σ (σ² + μ² − 1 − log σ²) over the latent dimensions."
)
SAMPLE = "z = μ + σ ⊙ ε with σ = exp(½ log_var) and fresh ε of the shape of μ, and the decoder is applied to z."
ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-5}


def divergence(mean, log_var):
    """Return the divergence of each example, in float64."""
    mean, log_var = mean.double(), log_var.double()
    return 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)


def affine(weight, bias):
    """A linear decoder."""
    return Probe({"layers": [{"op": "affine", "weight": weight, "bias": bias}]})


# ------------------------------------------------------------------------------------------------- where nothing is random


@check("latent_objective", "reconstruction")
@settings(max_examples=20)
@given(sizes=WIDE, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_reconstruction(student, sizes, dtype, seed):
    """Where q is the prior and the decoder ignores z, the loss is the squared error, summed over pixels."""
    draw = Draw(dtype, seed, sizes)
    fixed = draw.normal("D", mean=-1.0)
    x, zero = draw.normal("B", "D", mean=1.0), torch.zeros(sizes["B"], sizes["M"], dtype=dtype)
    arguments = {"x": x, "mean": zero, "log_var": zero, "decoder": Probe({"layers": [constant(fixed, sizes["M"])]})}
    case = Case("latent_objective", arguments, seed=seed, scale=sizes["D"])
    average = float(((x.double() - fixed.double()) ** 2).sum(-1).mean())
    require_either(student, case, average, HELP)


@check("latent_objective", "divergence")
@settings(max_examples=20)
@given(sizes=WIDE, dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_divergence(student, sizes, dtype, seed):
    """Where every image is what the decoder returns, the loss is the KL divergence: summed over latent dimensions, in closed form."""
    draw = Draw(dtype, seed, sizes)
    fixed, mean = draw.normal("D", mean=-1.0), draw.normal("B", "M", std=2.0)
    log_var = draw.uniform("B", "M", low=-4.0, high=2.5)
    arguments = {"x": fixed.expand(sizes["B"], -1).clone(), "mean": mean, "log_var": log_var}
    decoder = Probe({"layers": [constant(fixed, sizes["M"])]})
    case = Case("latent_objective", {**arguments, "decoder": decoder}, seed=seed, scale=sizes["M"])
    average = float(divergence(mean, log_var).mean())
    require_either(student, case, average, HELP)


@check("latent_objective", "extreme", after=["divergence"])
@settings(max_examples=10)
@given(dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**31 - 1))
def test_extreme(student, dtype, seed):
    """Where σ is next to nothing (log_var = −80, in float32 too) the decoder gets the mean, and the loss is exact."""
    draw = Draw(dtype, seed)
    x, mean, log_var = draw.normal(4, 5), draw.normal(4, 3), -80.0 + draw.uniform(4, 3, low=0.0, high=0.5)
    weight, bias = draw.normal(5, 3), draw.normal(5)
    arguments = {"x": x, "mean": mean, "log_var": log_var, "decoder": affine(weight, bias)}
    case = Case("latent_objective", arguments, seed=seed, scale=30.0)
    error = ((x.double() - mean.double() @ weight.double().T - bias.double()) ** 2).sum(-1)
    average = float((error + divergence(mean, log_var)).mean())
    help_text = "log σ² is log_var itself, and σ = exp(½ log_var): nothing is clamped or added."
    require_either(student, case, average, help_text)


# -------------------------------------------------------------------------------------------- where the noise can be found

CALLS = 400
AWAY = 60.0
"""The pixel is so much larger than what the decoder says that its distance has one sign, and is nearly linear in the noise."""
MANY = 1000


def one_pixel(seed, dtype, rows, away=AWAY):
    """A call with equal rows whose only pixel is `away` from Σ w (μ + σ ε), and the standard deviation of that sum, its unit."""
    draw = Draw(torch.float64, seed)
    mean, log_var = draw.normal(3, mean=1.0), torch.tensor([-2.0, 0.3, 1.0]) + draw.uniform(3, low=-0.2, high=0.2)
    weight = draw.uniform(1, 3, low=0.7, high=1.5) * (2 * draw.binary(1, 3) - 1)
    deviation = float((weight[0] ** 2 * log_var.exp()).sum()) ** 0.5
    arguments = {
        "x": torch.full((rows, 1), away * deviation + float(weight[0] @ mean)),
        "mean": mean.expand(rows, 3).clone(),
        "log_var": log_var.double().expand(rows, 3).clone(),
    }
    cast = {name: value.to(dtype) for name, value in arguments.items()}
    decoder = affine(weight.to(dtype), torch.zeros(1, dtype=dtype))
    return Case("latent_objective", {**cast, "decoder": decoder}, seed=seed), deviation


@check("latent_objective", "sampled", after=["reconstruction", "divergence"])
def test_sampled(student):
    """The decoder gets z = μ + σ ⊙ ε with ε ~ N(0, I): from the error of one example its noise is found."""
    many, _ = one_pixel(student.lot("spread"), torch.float64, MANY, away=0.0)
    student.ask(many, repeat=8)  # tells the diagnosis how far z scatters, for less than what follows
    for dtype in DTYPES:
        case, deviation = one_pixel(student.lot(f"one {dtype}"), dtype, 1)
        losses = student.draws(case)(0, CALLS).reshape(-1)
        squares = losses - float(divergence(case.arguments["mean"], case.arguments["log_var"]).mean())
        noise = np.clip(AWAY - np.sqrt(np.maximum(squares, 0.0)) / deviation, -1e3, 1e3)
        student.sees(case, "the noise", noise, interchangeable=True)
        verdict = gaussian_sample_test(noise, false_fail=share_of(2))
        student.judge(verdict, case, "the decoder does not get draws from N(μ, σ²)", help=SAMPLE)


def factor_of(student, dtype, rows):
    """Return by what the gradients of an average are multiplied: the number of examples where the loss is their sum, else 1."""
    error = Draw(dtype, student.lot(f"factor {rows} {dtype}")).uniform(1, low=0.8, high=1.6)
    x, latents = error.expand(rows, 1).clone(), torch.zeros(rows, 1, dtype=dtype)
    decoder = Probe({"layers": [constant(torch.zeros(1, dtype=dtype), 1)]})
    case = Case("latent_objective", {"x": x, "mean": latents, "log_var": latents.clone(), "decoder": decoder})
    return rows if float(student.value(case)) > 0.5 * (1 + rows) * float(error) ** 2 else 1


def diagonal(seed, dtype, rows, latents):
    """A call in which every latent has a pixel of its own."""
    draw = Draw(torch.float64, seed)
    weight = torch.diag(draw.uniform(latents, low=0.8, high=1.4) * (2 * draw.binary(latents) - 1))
    arguments = {
        "x": draw.normal(rows, latents),
        "mean": draw.normal(rows, latents),
        "log_var": draw.uniform(rows, latents, low=-2.5, high=1.0),
    }
    cast = {name: value.to(dtype) for name, value in arguments.items()}
    decoder = affine(weight.to(dtype), draw.normal(latents).to(dtype))
    return Case("latent_objective", {**cast, "decoder": decoder}, seed=seed)


def parts_of(case):
    """Return weights, biases, images, means and log-variances of a call of `diagonal`, in float64."""
    layer = case.arguments["decoder"].spec["layers"][0]
    given = (case.arguments[name].detach().double() for name in ("x", "mean", "log_var"))
    return layer["weight"].detach().double().diagonal(), layer["bias"].detach().double(), *given


def recovered(case, gradient, factor):
    """Return the z that explain the gradient by the means: 2 w (w z + b − x) + μ for each, times 1/B."""
    weight, bias, x, mean, _ = parts_of(case)
    rows = len(x)
    return ((gradient.detach().double() * rows / factor - mean) / (2 * weight) + x - bias) / weight


@check("latent_objective", "noise", after=["sampled"])
def test_noise(student):
    """Every call, every example and every dimension has noise of its own."""
    share = share_of(6)
    case, deviation = one_pixel(student.lot("many"), torch.float64, 256)
    values = student.draws(case)(0, 64) / factor_of(student, torch.float64, 256)
    largest = 1.1 * (4.0 * AWAY**2 + 2.0) / 256  # Var (a − ε)² = 4a² + 2
    verdict = spread_test(values.reshape(-1) / deviation**2, largest, false_fail=share)
    student.judge(verdict, case, "256 examples share their noise", help=SAMPLE)
    for turn, (calls, rows, latents) in enumerate(((2, 300, 20), (300, 2, 3), (1, 40, 60))):
        dtype = DTYPES[(turn + student.lot("dtype")) % 2]
        case = diagonal(student.lot(f"noise {turn}"), dtype, rows, latents)
        answer = student.ask(case, repeat=calls, gradients=["mean"], own_generator=turn != 1)
        found = answer.gradients.get("mean")
        if found is None or not bool(found.isfinite().all()):
            return  # that no gradient comes through is the business of `gradient`
        z = recovered(case, found.reshape(calls, rows, latents), factor_of(student, dtype, rows))
        _, _, _, mean, log_var = parts_of(case)
        noise = ((z - mean) * torch.exp(-0.5 * log_var)).clamp(-1e3, 1e3).numpy()
        student.sees(case, "the noise of examples", noise.reshape(-1, latents), interchangeable=True)
        verdict = noise_test(noise, false_fail=share, rounding=ROUNDING[dtype])
        student.judge(verdict, case, "examples, dimensions or calls share their noise", help=SAMPLE)


@check("latent_objective", "gradient", after=["sampled"])
@settings(max_examples=8)
@given(seed=st.integers(0, 2**31 - 1), dtype=st.sampled_from(DTYPES), rows=st.integers(1, 6))
def test_gradient(student, seed, dtype, rows):
    """Gradients reach mean and log_var, through the sample and through the KL, and the decoder; all belong to the same noise."""
    case = diagonal(seed, dtype, rows, 3)
    names = ["mean", "log_var", "decoder.trunk.0.weight", "decoder.trunk.0.bias"]
    answer = student.ask(case, gradients=names)
    value, factor = student.settled(case, answer), factor_of(student, dtype, rows) if rows > 1 else 1
    student.require_gradients(case, answer.gradients)
    help_text = (
        "No detach, .data, .item() or no_grad between sample, decoder and result (in torch.distributions: rsample)."
    )
    for name in names:
        student.require(answer.gradients.get(name) is not None, case, f"no gradient reaches `{name}`", help=help_text)
    weight, bias, x, mean, log_var = parts_of(case)
    z = recovered(case, answer.gradients["mean"], factor)
    off = 2.0 * (weight * z + bias - x)  # the derivative of an example's error by the decoder's output
    loss = (0.25 * off**2).sum(-1) + divergence(mean, log_var)
    expected = {
        "log_var": 0.5 * off * weight * (z - mean) + 0.5 * (log_var.exp() - 1.0),
        "decoder.trunk.0.weight": off.T @ z,
        "decoder.trunk.0.bias": off.sum(0),
    }
    student.close(
        case,
        value,
        factor * loss.mean(),
        what="the loss at the noise that the gradient by `mean` tells",
        help=help_text,
    )
    for name, wanted in expected.items():
        got = answer.gradients[name].detach().double() * rows / factor
        student.close(case, got, wanted, what=f"the gradient with respect to `{name}`", help=help_text)
