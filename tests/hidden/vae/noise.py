"""The noise inside a bound: recovered, example by example, from the gradient that flows through the sample.

Where every latent has a pixel of its own, the gradient by the mean of one example and latent is a monotone function of its z.
What is recovered is judged as draws are: law, equal numbers, sums (`checking.statistics.noise`).
"""

import numpy as np
import torch
from scipy import special

from autograder.authoring import DTYPES
from autograder.checking.statistics import noise_test, share_of, spread_sequence_test, spread_test
from tests.hidden import exact
from tests.hidden.vae.bound import SIGN, revealing, with_noise

GRADIENT = "encoder.heads.0.0.weight"
ANTITHETIC = 2.0
"""Antithetic draws may have twice the variance where a term is an even function of the noise, and are right all the same."""
ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-5}
FEW, MANY = (2, 300, 60), (397, 2, 2)
"""Calls, examples and latents: many examples in a few calls, few examples in many calls. With 36,000 numbers a deviation of 0.97 for 1 is
seen; the number of calls is prime, so that what comes round after so many does not come round with it."""
ENOUGH = 64
"""Calls that tell whether two decoders agree: even with two examples and latents."""
SHARE = share_of(10)
HELP = "One ε for every sample and example: shape (n_samples, B, M)."


def judge_noise(student, task):
    """Require that calls, examples, latents and samples have noise of their own, drawn from N(0, I), as much as `n_samples` says."""
    judge_scatter(student, task)
    if slopes_of(student, revealing(task, torch.float64, student.lot("any"), 2, 1), 1) is None:
        return  # no gradient comes through a sample: other checks look at that
    for turn, dtype in enumerate((*DTYPES, DTYPES[student.lot("late") % 2])):
        calls, rows, latents = MANY if turn == 2 else FEW
        seed = student.lot(f"draws {turn}")
        judge_draws(
            student,
            [revealing(task, dtype, seed, rows, latents, prior=turn == 1, turn=k) for k in (0, 1)],
            calls,
            own_generator=turn < 2,
        )
    for turn, n_samples in enumerate((8, 64)):
        seed = student.lot(f"samples {turn}")
        judge_samples(student, [revealing(task, DTYPES[turn], seed, 200, 3, n_samples, turn=k) for k in (0, 1)])


# ----------------------------------------------------------------------------------------------------- seen in values


def judge_scatter(student, task):
    """Require that the variance of the result falls with the number of examples and samples, and that no call repeats another."""
    rows = with_noise(task, torch.float64, student.lot("scatter"), n_samples=1, batch=100)
    one = rows.but(x=rows.arguments["x"][:1])
    term, _ = exact.noisiest_form(one)
    row = one.arguments["x"]
    for what, B, S in (
        ("256 examples share their noise", 256, 1),
        ("64 samples of one example are not 64 draws", 4, 64),
    ):
        case = one.but(x=row.expand(B, -1).clone(), n_samples=S)
        verdict = spread_sequence_test(student.draws(case), term / (B * S), forms=ANTITHETIC, false_fail=SHARE)
        student.judge(verdict, case, what, help=HELP)
    # of 32 numbers with standard deviation s > 1, two are within d of each other with probability 32²/2 · d / (s √π) < 1e-8, either way
    for manner in ({}, {"one_generator": True}, {"evaluate": True}, {"evaluate": True, "own_generator": False}):
        closest = float(np.diff(np.sort(student.draws(one, **manner)(0, 32))).min())
        student.require(closest > 1e-11, one, "calls repeat the noise of earlier calls")


# -------------------------------------------------------------------------------------------------- seen in gradients


def slopes_of(student, case, calls, own_generator=True):
    """Return the gradients of the bound by every example's mean, shape (calls, examples, latents); None where there are none."""
    answer = student.ask(case, repeat=calls, gradients=[GRADIENT], own_generator=own_generator)
    found = answer.gradients.get(GRADIENT)
    if found is None or not bool(found.isfinite().all()) or not bool(found.any()):
        return None
    latents = case.arguments["decoder"].spec["layers"][0]["weight"].shape[1]
    rows = case.arguments["x"].shape[0]
    found = found.double().reshape(calls, latents, -1)[:, :, :rows]
    return (SIGN[case.function] * rows * found).transpose(1, 2).numpy()


def recovered(case, slopes):
    """Return the noise that explains slopes, and how much one slope varies in each latent.

    A slope is w sigmoid(−(w z + c)) − κ, with κ = μ for the closed form of the KL divergence (where q is the prior, also for samplers
    that leave out the gradient of log q), and κ = z = μ + σ ε where log p(z) is sampled. Where p(x | z) is Gaussian it is
    w (1 − c − w z) / σ_x² − κ, of which κ's noise is next to nothing.
    """
    layer = case.arguments["decoder"].spec["layers"][0]
    (mean,), (log_var,) = case.arguments["encoder"].spec["heads"]
    mean, deviation = mean["bias"].double().numpy(), np.exp(0.5 * log_var["bias"].double().numpy())
    latents = layer["weight"].shape[1]
    weights = layer["weight"].double()[-latents:].diagonal().numpy()
    offsets = layer["bias"].double()[-latents:].numpy()
    if "log_var_x" in case.arguments:
        precision = np.exp(-case.arguments["log_var_x"])
        centre = weights * (1.0 - offsets - weights * mean) * precision - mean
        spread = weights**2 * deviation * precision
        return -(slopes - centre) / spread, centre, spread
    share = (slopes + mean) / weights
    nodes, masses = (part.numpy()[:, None] for part in (exact.NODES, exact.SHARES))
    sampled = not bool(((share > 0.0) & (share < 1.0)).all())
    at_nodes = mean + deviation * nodes
    at_nodes = weights * special.expit(-(weights * at_nodes + offsets)) - (at_nodes if sampled else mean)
    centre = (masses * at_nodes).sum(0)
    spread = np.sqrt((masses * (at_nodes - centre) ** 2).sum(0))
    z = _solved(slopes, weights, offsets) if sampled else (-special.logit(share) - offsets) / weights
    return (z - mean) / deviation, centre, spread


def _solved(slopes, weights, offsets):
    """Solve w σ(−(w z + c)) − z = slope, which falls in z, by halving."""
    low, high = -slopes - np.abs(weights), -slopes + np.abs(weights)
    for _ in range(60):
        middle = 0.5 * (low + high)
        above = weights * special.expit(-(weights * middle + offsets)) - middle > slopes
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return 0.5 * (low + high)


def judge_draws(student, cases, calls, own_generator):
    """Require that the noise of calls, examples and latents is that of independent draws from N(0, 1); of two decoders one is asked."""
    case = cases[0]
    slopes = slopes_of(student, case, calls, own_generator)
    if slopes is None or not through_sample(student, cases, slopes[:ENOUGH], own_generator):
        return
    noise, _, _ = recovered(case, slopes)
    student.sees(case, "the noise of examples", noise.reshape(-1, noise.shape[2]), interchangeable=True)
    verdict = noise_test(noise, false_fail=SHARE, rounding=ROUNDING[case.dtype()])
    student.judge(verdict, case, "the noise is not that of independent draws from N(0, I)", help=HELP)


def through_sample(student, cases, first, own_generator=True):
    """Whether the gradient comes through the sample, so that noise can be recovered from it: two decoders tell of the same noise.

    `first` are the slopes of the first calls. Where calls with one seed differ from each other, nothing can be said against it.
    """
    case, other = cases
    again, second = (slopes_of(student, c, len(first), own_generator) for c in (case, other))
    if second is None or not np.array_equal(first, again):
        return True
    one, two = recovered(case, first)[0], recovered(other, second)[0]
    return bool(np.quantile(np.abs(one - two), 0.9) < 1e-2)


def judge_samples(student, cases):
    """Require that the mean over `n_samples` draws varies as little as it should; of two decoders one is asked."""
    case = cases[0]
    slopes = slopes_of(student, case, 2)
    if slopes is None or not np.ptp(slopes, axis=1).all():
        return  # where examples share their noise, which is judged already, there are too few numbers to tell
    _, centre, spread = recovered(case.but(n_samples=1), slopes_of(student, case.but(n_samples=1), 2))
    n_samples = case.arguments["n_samples"]
    values = ((slopes - centre) / spread).reshape(-1)
    message = f"the mean over n_samples={n_samples} draws varies too much: they are not {n_samples} independent draws"
    verdict = spread_test(values, 1.0 / n_samples, false_fail=SHARE)
    single = [one.but(n_samples=1) for one in cases]
    if verdict.decision == "fail" and not through_sample(student, single, slopes_of(student, single[0], 1)):
        return
    student.judge(verdict, case, message, help=HELP)
