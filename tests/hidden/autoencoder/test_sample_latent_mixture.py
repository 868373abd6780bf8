"""Images of the mixture: codes are found again from them, and each becomes noise that is N(0, I) if and only if it is from the mixture."""

from dataclasses import replace

import numpy as np
import torch
from scipy import special

from autograder.authoring import DTYPES, Case, Draw, Probe, Sizes, check
from autograder.checking.statistics import combine, gaussian_sample_test, noise_test, share_of
from tests.public.autoencoder.test_sample_latent_mixture import latent_mixture

ROUNDING = {torch.float64: 1e-7, torch.float32: 1e-4}
MODELS = ((2, 3), (1, 4), (3, 2), (2, 1))
"""Latents and components."""
SHAPES = ((2, 1500, 2, 3), (61, 12, 3, 2), (127, 1, 1, 5))
"""Calls, images, latents and components; numbers of calls are prime, so that what comes round does not come round with them."""
SINGLE = 64
"""Calls for one image: that all are of the component with weight 0.65 has a probability of 1e-12."""
MORE = 2
"""Pixels more than latents: an image tells its code, and whether there is one."""


def revealing(dtype: torch.dtype, seed: int, n: int, M: int, K: int) -> Case:
    """A call whose images tell their codes: the decoder's weights have orthonormal columns."""
    draw = Draw(dtype, seed, Sizes({"M": M, "K": K}))
    layer = {"op": "affine", "weight": draw.orthogonal(M + MORE, M), "bias": draw.normal(M + MORE, std=2.0)}
    decoder = Probe({"layers": [layer]})
    return Case("sample_latent_mixture", {"n": n, **latent_mixture(draw), "decoder": decoder}, seed=seed)


def codes_of(case: Case, images: torch.Tensor) -> tuple[np.ndarray, float]:
    """The code of every image, and how far images are from what is decoded."""
    layer = case.arguments["decoder"].spec["layers"][0]
    weight, bias = layer["weight"].double(), layer["bias"].double()
    x = images.detach().double() - bias
    z = x @ weight
    return z.numpy(), float((x - z @ weight.mT).abs().max())


def noise_of(case: Case, z: np.ndarray) -> np.ndarray:
    """What is N(0, I) if z is from the mixture (Rosenblatt): the normal score of each coordinate, given those before it, which make
    some components more probable than others.
    """
    weights, means, covariances = (case.arguments[name].double() for name in ("weights", "means", "covariances"))
    factors = torch.linalg.cholesky(covariances)
    away = torch.as_tensor(z)[..., None, :, None] - means[..., None]
    e = torch.linalg.solve_triangular(factors, away, upper=False)[..., 0].numpy()  # (..., K, M)
    log_share = np.broadcast_to(weights.log().numpy(), e.shape[:-1])
    scores = []
    for d in range(z.shape[-1]):
        log_share = log_share - special.logsumexp(log_share, axis=-1, keepdims=True)
        below, above = (
            special.logsumexp(log_share + special.log_ndtr(side), axis=-1) for side in (e[..., d], -e[..., d])
        )
        smaller = np.minimum(below, above)
        scores.append(np.where(below < above, 1.0, -1.0) * special.ndtri_exp(smaller))
        log_share = log_share - 0.5 * e[..., d] ** 2 - np.log(factors[:, d, d].numpy())
    return np.clip(np.stack(scores, axis=-1), -1e6, 1e6)


def shuffled(noise: np.ndarray, seed: int) -> np.ndarray:
    """The images of every call in another order: whoever draws how many belong to each component, and then these, is right, too."""
    rng = np.random.default_rng(seed)
    return np.stack([call[rng.permutation(len(call))] for call in noise])


@check("sample_latent_mixture", "distribution")
def test_distribution(student):
    """The images are decoded from codes that follow the mixture: its weights, its means and its full covariances."""
    looks = share_of(sum(M + 1 for M, _ in MODELS))
    for turn, (M, K) in enumerate(MODELS):
        case = revealing(DTYPES[turn % 2], student.lot(f"model {turn}"), 3000, M, K)
        z, off = codes_of(case, student.value(case))
        student.sees(case, "the codes", z, interchangeable=True)
        message = "the images are not what the decoder returns for any code"
        student.require(off < 0.01, case, message, help="decoder(z) as it is: no sigmoid, no noise.")
        noise = shuffled(noise_of(case, z)[None], case.seed)[0]
        columns = [*noise.T, *([noise.sum(1) / M**0.5] if M > 1 else [])]
        verdict = combine(*(gaussian_sample_test(column, false_fail=looks) for column in columns))
        help_text = "z = m + L ε with L Lᵀ = S, of component k with probability weights[k]."
        student.judge(verdict, case, "the codes do not follow the mixture", help=help_text)


@check("sample_latent_mixture", "independence", after=["distribution"])
def test_independence(student):
    """Every image of every call has a component and a code of its own."""
    for turn, (calls, n, M, K) in enumerate(SHAPES):
        case = revealing(DTYPES[turn % 2], student.lot(f"noise {turn}"), n, M, K)
        manner = {"own_generator": turn != 1, "evaluate": turn == 2}
        drawn = [student.value(replace(case, seed=case.seed + call), **manner) for call in range(calls)]
        z, _ = codes_of(case, torch.stack([part.detach() for part in drawn]))
        noise = shuffled(noise_of(case, z), case.seed)
        student.sees(case, "the codes of calls", z[:, 0], interchangeable=True)
        verdict = noise_test(noise, independent=True, rounding=ROUNDING[case.dtype()], false_fail=share_of(len(SHAPES)))
        student.judge(verdict, case, "images or calls share their components or their noise")
    judge_single(student)


def judge_single(student):
    """Require that a call for one image draws its component, too."""
    case = revealing(torch.float64, student.lot("single"), 1, 1, 2)
    heavy = int(student.lot("heavy") % 2)
    weights = torch.tensor([0.65, 0.35], dtype=torch.float64).roll(heavy)
    means = torch.tensor([[-6.0], [6.0]], dtype=torch.float64)
    case = case.but(weights=weights, means=means, covariances=torch.full((2, 1, 1), 0.5, dtype=torch.float64))
    z, _ = codes_of(case, torch.as_tensor(student.many(case, SINGLE)).detach().reshape(SINGLE, -1))
    second = float((z > 0).mean())
    student.sees(case, "whether single images have both components", float(0.0 < second < 1.0))
    message = f"{SINGLE} calls for one image each are all of one component"
    student.require(0.0 < second < 1.0, case, message, help="Draw the component of every image by the weights.")
