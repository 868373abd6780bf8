"""Relaxed Bernoulli draws: their law at every temperature, what they tend to, independence and gradients.

The noise of a sample is found by solving for it: τ logit(z) − ℓ is logistic, and its normal score N(0, 1).
"""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from autograder.authoring import DTYPES, Case, Draw, check, cotangent_for
from autograder.checking.statistics import binary_sample_test, combine, gaussian_sample_test, noise_test, share_of
from tests.public.discrete.test_relaxed_bernoulli_sample import relaxed_bernoulli_sample

ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-5}
TEMPERATURES = {torch.float64: (0.6, 3.0), torch.float32: (2.5, 5.0)}
"""Low enough to matter, and so high that no sample rounds to 1: the noise is within 16, and within 10 but once in 20,000 times."""
SHAPES = ((3, 4000, 6), (2, 40, 70), (64, 12, 2), (64, 1, 12))
"""Calls, examples and dimensions."""
LATE = 1000
FAR = 40.0


def sampling_case(n, seed, dtype=torch.float64, dimensions=3, temperature=None):
    """A call with the same logits in every row; each dimension has its own."""
    draw = Draw(torch.float64, seed)
    levels = torch.linspace(-2.0, 2.0, dimensions, dtype=torch.float64) + draw.uniform(dimensions, low=-0.4, high=0.4)
    logits = levels[torch.randperm(dimensions, generator=torch.Generator().manual_seed(seed))].to(dtype)
    if temperature is None:
        low, high = TEMPERATURES[dtype]
        temperature = draw.number(low, high)
    arguments = {"logits": logits.expand(n, dimensions), "temperature": temperature}
    return Case("relaxed_bernoulli_sample", arguments, seed=seed)


def noise_of(case, z):
    """Return the normal scores of the noise of samples, shape (..., B, M)."""
    logits, temperature = case.arguments["logits"].double(), float(case.arguments["temperature"])
    logistic = (temperature * torch.logit(z.double()) - logits).nan_to_num(nan=900.0).clamp(-900.0, 900.0).numpy()
    scores = special.ndtri_exp(special.log_expit(-np.abs(logistic)))  # the smaller tail, exact for any noise
    return np.clip(-np.sign(logistic) * scores, -FAR, FAR)


@check("relaxed_bernoulli_sample", "distribution")
def test_distribution(student):
    """τ logit(z) − ℓ follows the logistic distribution, at temperatures below and above 1, given as numbers and as tensors."""
    for dtype in DTYPES:
        case = sampling_case(4000, student.lot(str(dtype)), dtype)
        if dtype == torch.float32:
            case = case.but(temperature=torch.tensor(case.arguments["temperature"], dtype=dtype))
        z = student.value(case)
        student.sees(case, "the samples", z, interchangeable=True)
        noise = noise_of(case, z)
        verdict = combine(*(gaussian_sample_test(noise[:, m], false_fail=share_of(6)) for m in range(3)))
        help_text = "z = sigmoid((ℓ + log u − log(1 − u)) / τ) with u uniform: logits, not probabilities, and one temperature for all."
        student.judge(verdict, case, "the samples do not follow the relaxed Bernoulli distribution", help=help_text)


@check("relaxed_bernoulli_sample", "limit")
def test_limit(student):
    """At a low temperature nearly all samples are 0 or 1, and they are draws from Ber(sigmoid(ℓ))."""
    for turn, dtype in enumerate(DTYPES):
        seed = student.lot(f"limit {dtype}")
        case = sampling_case(4000, seed, dtype, temperature=(1e-3, 3e-3)[(seed + turn) % 2])
        z = student.value(case).double().numpy()
        student.sees(case, "the samples", z, interchangeable=True)
        hard = np.round(z)
        share = float((np.abs(z - hard) > 1e-3).mean())  # of right samples: at most 1.1 % on average
        message = f"{share:.1%} of the samples are neither 0 nor 1 although the temperature is next to 0"
        student.require(share < 0.04, case, message, help="Divide by the temperature.")
        probs = torch.sigmoid(case.arguments["logits"][0].double()).numpy()
        verdict = binary_sample_test(np.clip(hard, 0.0, 1.0), probs, false_fail=share_of(2))
        message = "a 1 does not have the probability sigmoid(ℓ)"
        student.judge(verdict, case, message, help="log u − log(1 − u) is added to the logits.")


@check("relaxed_bernoulli_sample", "independence", after=["distribution"])
def test_independence(student):
    """Noise is fresh for every example, every dimension and every call."""
    share = share_of(len(SHAPES) + 3)
    for turn, (calls, rows, dimensions) in enumerate(SHAPES):
        dtype = DTYPES[(turn + student.lot("dtype")) % 2] if turn else torch.float64
        case = sampling_case(rows, student.lot(f"noise {turn}"), dtype, dimensions)
        manner = {"scattered": turn % 2 == 1, "own_generator": turn != 3, "evaluate": turn % 2 == 0}
        drawn = [student.value(replace(case, seed=case.seed + call), **manner) for call in range(calls)]
        noise = noise_of(case, torch.stack(drawn))
        student.sees(case, "the noise", noise.reshape(-1, dimensions), interchangeable=True)
        apart = np.round(noise[..., 0] - noise[..., 1], 6).reshape(-1)  # nothing where dimensions share their noise
        student.sees(case, "what sets two dimensions apart", apart, interchangeable=True)
        verdict = noise_test(noise, independent=True, rounding=ROUNDING[dtype], false_fail=share)
        student.judge(verdict, case, "examples, dimensions or calls share their noise")
    case = sampling_case(1, student.lot("late"), torch.float64, 2)
    for n, what, manner in (
        (LATE, "calls", {}),
        (LATE // 4, "calls with one generator", {"one_generator": True}),
        (LATE // 4, "calls without a generator", {"own_generator": False}),
    ):
        late = noise_of(case, torch.as_tensor(student.many(case, n, **manner)).reshape(n, 1, 2))
        student.judge(noise_test(late, independent=True, false_fail=share), case, f"{n} {what} share their noise")


@check("relaxed_bernoulli_sample", "gradient")
@settings(max_examples=8)
@given(seed=st.integers(0, 2**31 - 1), dtype=st.sampled_from(DTYPES))
def test_gradient(student, seed, dtype):
    """The draw is reparameterised: ∂z/∂ℓ = z (1 − z) / τ."""
    case = relaxed_bernoulli_sample.build(None, dtype, seed)
    weights = cotangent_for(case.arguments["logits"], seed)
    answer = student.ask(case, gradients=["logits"], cotangent=weights)
    z = student.settled(case, answer).double()
    student.require_gradients(case, answer.gradients)
    gradient = answer.gradients.get("logits")
    help_text = (
        "Draw the noise outside of the graph, and compute z from the logits inside of it: no rounding, no `sample`."
    )
    flows = gradient is not None and bool(gradient.any())
    student.require(flows, case, "no gradient flows from the sample to `logits`", help=help_text)
    expected = weights * z * (1 - z) / float(case.arguments["temperature"])
    student.close(case, gradient, expected, what="the gradient with respect to `logits`", help=help_text)


@check("relaxed_bernoulli_sample", "extreme")
@settings(max_examples=10)
@given(dtype=st.sampled_from(DTYPES), temperature=st.sampled_from([0.1, 0.3]), seed=st.integers(0, 2**31 - 1))
def test_extreme(student, dtype, temperature, seed):
    """Logits of about ±800 give 1 and 0, and gradients that are finite."""
    draw = Draw(dtype, seed)
    signs = 2 * draw.binary(2, 3) - 1
    logits = signs * draw.uniform(2, 3, low=700.0, high=900.0)
    case = Case("relaxed_bernoulli_sample", {"logits": logits, "temperature": temperature}, seed=seed)
    help_text = "Stay with logits: no exponential of them, and no logarithm of their sigmoid."
    student.close(case, student.value(case), 0.5 + 0.5 * signs, what="the samples", help=help_text)
    answer = student.ask(case, gradients=["logits"])
    gradient = answer.gradients.get("logits")  # that there is one is asked by `gradient`
    finite = gradient is None or bool(gradient.isfinite().all())
    student.require(finite, case, "the gradient by the logits is not finite", help=help_text)
