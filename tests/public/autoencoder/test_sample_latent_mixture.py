"""Images decoded from a mixture of Gaussians on the codes."""

import torch

from autograder.authoring import Case, Probe, Sizes, check, inputs
from tests.public.networks import affine_decoder

SIZES = [
    Sizes({"N": n, "M": m, "K": k, "D": d})
    for n, m, k, d in ((2, 1, 3, 4), (3, 2, 1, 5), (5, 1, 2, 3), (7, 3, 4, 6), (9, 2, 5, 12), (31, 5, 2, 8))
]


def latent_mixture(draw):
    """Weights that add up to 1, means far from 0, and full covariances."""
    weights = draw.uniform("K", low=0.2, high=1.0)
    factors = draw.normal("K", "M", "M", std=0.8)
    return {
        "weights": weights / weights.sum(),
        "means": draw.normal("K", "M", mean=1.0, std=2.5),
        "covariances": factors @ factors.mT + 0.2 * torch.eye(draw.size("M"), dtype=draw.dtype),
    }


@inputs("sample_latent_mixture", sizes=SIZES)
def sample_latent_mixture(draw):
    """A mixture, and a decoder with known weights."""
    return {"n": draw.size("N"), **latent_mixture(draw), "decoder": affine_decoder(draw)}


@check("sample_latent_mixture", "golden")
def test_golden(student):
    """Three points with next to no spread, of weights ½, ⅓ and ⅙, and a decoder that multiplies by 2 and adds 1: of 3,000 images about
    1,500, 1,000 and 500 are those of the points, and there are no others.
    """
    means = torch.tensor([[0.0, 3.0], [-2.0, 1.0], [4.0, -1.0]], dtype=torch.float64)
    layer = {
        "op": "affine",
        "weight": 2 * torch.eye(2, dtype=torch.float64),
        "bias": torch.ones(2, dtype=torch.float64),
    }
    arguments = {
        "n": 3000,
        "weights": torch.tensor([1 / 2, 1 / 3, 1 / 6], dtype=torch.float64),
        "means": means,
        "covariances": 1e-8 * torch.eye(2, dtype=torch.float64).repeat(3, 1, 1),
        "decoder": Probe({"layers": [layer]}),
    }
    case = Case("sample_latent_mixture", arguments, seed=1)
    images = student.value(case).detach()
    away = (images[:, None] - (2 * means + 1)).abs().amax(dim=2)  # (n, K)
    nearest, which = away.min(dim=1)
    student.sees(case, "the images", images, interchangeable=True)
    message = "there are images that belong to none of the points"
    help_text = (
        "decoder(z) as it is, for z from the mixture: no sigmoid, no noise; covariances are squares of deviations."
    )
    student.require(float(nearest.max()) < 0.01, case, message, help=help_text)
    shares = torch.bincount(which, minlength=3) / 3000  # the standard errors are 0.009 or less
    off = float((shares - arguments["weights"]).abs().max())
    message = f"the shares of the points are {[round(float(s), 3) for s in shares]}, not 1/2, 1/3 and 1/6"
    student.require(
        off < 0.06, case, message, help="Component k is drawn with probability weights[k], for every image anew."
    )
