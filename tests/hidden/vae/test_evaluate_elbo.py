"""The bound of a whole data set, asked about models whose exact answer is known. Every check looks at one thing, the others given.

How many images are taken at once is everybody's own business. Where batches shall not matter, the same four images come again and
again; elsewhere images differ so much from each other that one batch too few or too much shows, whatever its size.
"""

import numpy as np
import torch

from autograder.authoring import Case, Draw, Probe, Sizes, check, constant
from autograder.checking import compare
from autograder.checking.statistics import mean_test, share_of, spread_sequence_test
from tests.hidden import exact
from tests.hidden.networks import with_other_networks
from tests.hidden.vae.bound import (
    DIVERGENCE_WITHIN,
    FEW,
    NOISE,
    SKEWNESS,
    STAGES,
    UNBIASED_WITHIN,
    in_dtype,
    with_kl_only,
    with_noise,
    without_kl,
)
from tests.hidden.vae.noise import ANTITHETIC, SHARE
from tests.public.networks import vae
from tests.public.sizes import SIZES
from tests.public.vae.test_evaluate_elbo import evaluate_elbo

PERIOD = 4
"""Nearly all batches that people choose hold whole periods; a last one does as well, where the number of images is a multiple."""
PIXELS = 24


def evaluated(case: Case, copies: int = 1) -> Case:
    """A call of `elbo` as one of this task, with all images `copies` times in a row."""
    given = case.arguments
    model = vae(given["encoder"], given["decoder"])
    arguments = {"images": given["x"].repeat(copies, 1), "model": model, "n_samples": given["n_samples"]}
    return Case("evaluate_elbo", arguments, seed=case.seed)


def judge_mean(student, case, copies, tolerance, message, help_text, stages=STAGES):
    """Require that the mean of many evaluations of the images of a call of `elbo` is the exact value."""
    expected = exact.mean_bernoulli_elbo(case)
    asked = evaluated(case, copies)
    rounding = compare.tolerance(torch.float32) * max(1.0, abs(expected), float(case.arguments["x"].shape[1]))
    verdict = mean_test(
        student.draws(asked),
        expected,
        tolerance=tolerance,
        false_fail=share_of(6),
        stages=stages,
        exact_tolerance=rounding,
        max_skewness=SKEWNESS,
    )
    student.judge(verdict, asked, message, help=help_text, noise=NOISE)


@check("evaluate_elbo", "value")
def test_value(student):
    """It is the mean ELBO of the images: log p(x | z) summed over the pixels at draws of q, less the KL divergence with its full weight."""
    rng = np.random.default_rng(student.lot("sizes"))
    for axis in "BDMS":
        drawn = {
            "B": PERIOD,
            "D": int(rng.integers(2, 13)),
            "M": int(rng.integers(2, 6)),
            "S": int(rng.integers(4, 10)),
        }
        sizes = Sizes(drawn | {"S": 400 if axis == "B" else drawn["S"], axis: 1})
        case = without_kl("elbo", sizes, torch.float32, seed=int(rng.integers(2**31)))
        student.value(evaluated(case))
        help_text = "Sum the log-probabilities over pixels; average over images only."
        judge_mean(student, case, 1 if axis == "B" else 60, 0.2, "the reconstruction term is wrong", help_text, FEW)
    case = with_kl_only("elbo", torch.float32, student.lot("divergence"))
    case = case.but(x=case.arguments["x"][:PERIOD], n_samples=20)
    help_text = "ELBO = reconstruction − KL, with KL = ½ Σ (σ² + μ² − 1 − log σ²) summed over the latent dimensions."
    judge_mean(student, case, 30, DIVERGENCE_WITHIN, "the KL term is wrong", help_text)
    case = with_noise("elbo", torch.float32, student.lot("noise"), n_samples=40, batch=PERIOD)
    student.value(evaluated(with_other_networks(case)), finite=False)
    help_text = "z is mean + exp(log_var / 2) · ε with ε ~ N(0, I), and the decoder is applied to z."
    judge_mean(student, case, 12, UNBIASED_WITHIN, "the estimates are biased", help_text)


# ------------------------------------------------------------------------------------------------- all images count


def unlike_each_other(seed: int, sizes: tuple[int, ...], size: float, changed: int) -> tuple[Case, float, float]:
    """A call with `sizes` images, in turn of two kinds: some are what the model expects and some the very opposite, but for `changed`
    pixels of each. z is ignored and q(z | x) is the prior. With it come the exact answer, and how far the kinds are from each other.
    """
    N = sum(sizes)
    draw = Draw(torch.float64, seed, Sizes({"B": N, "D": PIXELS}))
    logits = size * draw.uniform(PIXELS, low=0.8, high=1.2) * (2 * draw.binary(PIXELS) - 1)
    kind = torch.cat([torch.full((n, 1), turn % 2 == 1) for turn, n in enumerate(sizes)])
    other = draw.uniform("B", "D", low=0.0, high=1.0).argsort(1) < changed
    x = ((logits > 0) ^ kind ^ other).double()
    zero = constant(torch.zeros(1, dtype=torch.float64), PIXELS)
    arguments = {
        "x": x,
        "encoder": Probe({"layers": [], "heads": [[zero], [zero]]}),
        "decoder": Probe({"layers": [constant(logits, 1)]}),
        "n_samples": 4,
    }
    bounds = torch.nn.functional.logsigmoid((2 * x - 1) * logits).sum(1)
    apart = abs(float(bounds[kind[:, 0]].mean() - bounds[~kind[:, 0]].mean()))
    return evaluated(in_dtype(Case("elbo", arguments, seed=seed), torch.float32)), float(bounds.mean()), apart


@check("evaluate_elbo", "every_image")
def test_every_image(student):
    """All images are looked at, not those of one batch: the first half of them are likely under the model, the second half are not, or
    the other way round; and the result is not by chance, as it is where some of them are drawn.
    """
    seed = student.lot("halves")
    half = 1570 + seed % 60
    sizes = (half, half) if seed // 60 % 2 else (0, half, half)
    case, expected, apart = unlike_each_other(seed, sizes, 1.0, 2)
    results = student.draws(case)(0, 4)
    far = float(np.abs(results - expected).max())
    message = f"over {2 * half} images, of which the first half are other than the second, the result is off by {far:.3g} nats"
    help_text = "Go through all batches, and divide by the number of images at the end."
    # the least exact right form scatters by 0.01 nats; a mean of batch means is not charged for here
    student.require(
        far < 0.2 * apart, case, message, help=help_text, got=f"{results[0]:.4f}", expected=f"{expected:.4f}"
    )
    scatter = float(np.ptp(results))
    message = (
        f"over {2 * half} images, for which noise hardly matters, results of one model scatter by {scatter:.3g} nats"
    )
    student.require(scatter < 0.2, case, message, help="Look at all images, not at a random choice of them.")


@check("evaluate_elbo", "last_batch", after=["every_image"])
def test_last_batch(student):
    """A last batch that is smaller than the others counts for less, and for no less than its images: the last four images of some
    thousand are very unlikely ones.
    """
    seed = student.lot("last")
    case, expected, _ = unlike_each_other(seed, (1027 + seed % 9, 4), 6.0, 3)
    got = float(student.value(case))
    student.sees(case, "the bound", torch.tensor(got), within=2e-3)  # which says what was left out, or counted twice
    message = f"over {len(case.arguments['images'])} images, of which the last four are very unlikely, the result is {got:.4f}"
    help_text = "Weigh every batch by its size: add up over the images and divide by N once, at the end."
    student.require(abs(got - expected) < 0.15, case, message, help=help_text, expected=f"{expected:.4f}")


# ------------------------------------------------------------------------------------------------------------- noise


@check("evaluate_elbo", "samples", after=["value"])
def test_samples(student):
    """Every image, every one of the `n_samples` draws and every call has noise of its own, so that averages are as exact as they
    should be; one sample is the default.
    """
    rows = with_noise("elbo", torch.float32, student.lot("scatter"), n_samples=1, batch=PERIOD)
    one = rows.but(x=rows.arguments["x"][:1])
    term, _ = exact.noisiest_form(one)
    for what, copies, n_samples in (("400 images share their noise", 400, 1), ("64 samples are not 64 draws", 4, 64)):
        case = evaluated(one.but(n_samples=n_samples), copies)
        usual = term / (copies * n_samples)
        verdict = spread_sequence_test(student.draws(case), usual, forms=ANTITHETIC, false_fail=SHARE)
        student.judge(verdict, case, what, help="One ε for every sample and image: shape (n_samples, B, M).")
    case = evaluated(one)
    for manner in ({}, {"one_generator": True}, {"own_generator": False}):
        distinct = len(np.unique(student.draws(case, **manner)(0, 32)))
        student.require(distinct > 24, case, "calls repeat the noise of earlier calls")
    again = [float(student.value(case)) for _ in range(2)]
    default = float(student.value(Case(case.function, {k: case.arguments[k] for k in ("images", "model")}, case.seed)))
    if (
        again[0] == again[1]
    ):  # the noise is that of the seeds, so one sample gives the same whether it is asked for or not
        same = abs(default - again[0]) <= 1e-4 * max(1.0, abs(default))
        student.require(same, case, "without `n_samples` it is not what `n_samples=1` gives", help="The default is 1.")


# -------------------------------------------------------------------------------------------------- how it leaves things


def with_layers(seed: int, of_encode: list, of_decode: list) -> Case:
    """A call in which noise hardly matters, with layers between images and means of q, and behind the logits."""
    draw = Draw(torch.float32, seed, Sizes({"N": 200, "D": 12, "M": 2}))
    encode = {"layers": of_encode, "heads": [[draw.affine("M", "D", std=0.8)], [constant(torch.zeros(2), 12)]]}
    decode = {"layers": [constant(draw.normal("D", std=2.0), 2), *of_decode]}
    model = Probe({"parts": {"encode": encode, "decode": decode}})
    return Case("evaluate_elbo", {"images": draw.binary("N", "D"), "model": model, "n_samples": 30}, seed=seed)


@check("evaluate_elbo", "evaluation_mode", given=True)
def test_evaluation_mode(student):
    """The model is evaluated in evaluation mode, all of it: dropout makes no difference, nor what else is in a batch for batch
    normalisation, also when the model comes in training mode.
    """
    seed = student.lot("mode")
    batch_norm = {"op": "batch_norm", "mean": torch.zeros(12), "var": torch.full((12,), 1.0 - 1e-5)}  # changes nothing
    dropout = {"op": "dropout", "p": 0.35}
    without = float(student.value(with_layers(seed, [], [])))  # the student's own: what else is wrong has other checks
    for of_encode, of_decode in (([], [dropout]), ([batch_norm, dropout], []), ([dropout], [dropout])):
        case = with_layers(seed, of_encode, of_decode)
        got = float(student.value(case))
        message = "layers that do nothing in evaluation mode, such as dropout, change the result"
        help_text = "Call model.eval() before the loop."
        student.require(abs(got - without) < 0.25, case, message, help=help_text, expected=f"{without:.4f}")


@check("evaluate_elbo", "mode_restored", given=True)
def test_mode_restored(student):
    """Afterwards the model is in the mode it came in: training goes on with dropout, and a finished model stays in evaluation mode."""
    case = evaluate_elbo.build(SIZES[2], torch.float32, student.lot("restored"))
    for training in (True, False):
        spec = case.arguments["model"].spec | {"eval": not training}
        modes = student.ask(case.but(model=Probe(spec))).modes
        was, became = ("training", "evaluation") if training else ("evaluation", "training")
        message = f"a model that comes in {was} mode is left in {became} mode"
        student.require(modes.get("model") is training, case, message, help="Remember model.training and restore it.")


@check("evaluate_elbo", "no_graph", given=True)
def test_no_graph(student):
    """What is returned is a number, and no graph for gradients hangs on it, which would keep everything that was computed."""
    case = evaluate_elbo.build(SIZES[3], torch.float32, student.lot("graph"))
    names = ["model.decode.trunk.0.bias", "model.encode.heads.0.0.bias"]
    kept = [name for name, gradient in student.ask(case, gradients=names).gradients.items() if gradient is not None]
    help_text = "Compute it under torch.no_grad(), and return a Python float: .item()."
    student.require(not kept, case, "the result keeps the graph for gradients", help=help_text)
