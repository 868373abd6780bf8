"""Toronto 4(b)(d): contours of p(z, half of an image) and of the fitted q(z), by `log_joint_top` and `fit_top_posterior`."""

import torch

from autograder.records import Contours
from autograder.training.easel import Drawn, Easel, NotDrawn
from autograder.training.pictures import layer
from tests.figures.shared import codes, fitted, upper_half

POINTS, WIDTH = 41, 5.0
"""Of an axis, and how many deviations of q it shows on either side."""


def draw(easel: Easel) -> Drawn:
    """Return both on the axes of the two latent variables that q tells most of; the others are at the mean of q."""
    model = easel.trained("train_vae")
    _, image = upper_half(model)
    latent_dim = codes(model, image[None]).shape[1]
    if latent_dim < 2:
        raise NotDrawn("contours need two latent variables")
    decoder = model.part("decode")
    mean, log_var = fitted(model, image, decoder, latent_dim)
    told = mean**2 + log_var.exp() - 1 - log_var
    first, second = sorted(told.topk(2).indices.tolist())
    deviation = torch.exp(log_var / 2)
    x, y = (torch.linspace(-WIDTH, WIDTH, POINTS) * deviation[i] + mean[i] for i in (first, second))
    zs = mean.repeat(POINTS * POINTS, 1)
    zs[:, first], zs[:, second] = x.repeat(POINTS), y.repeat_interleave(POINTS)
    joint = model.value("log_joint_top", x_top=image[: len(image) // 2], zs=zs, decoder=decoder)
    q = -0.5 * (((zs - mean) / deviation) ** 2).sum(dim=1)
    others = "" if latent_dim == 2 else "; all other latent variables are at the mean of q"
    return Drawn(
        contours=(
            Contours(
                title=f"`log_joint_top` and the q(z) of `fit_top_posterior` for half of an image, with your trained decoder{others}",
                x_label=f"z{first + 1}",
                y_label=f"z{second + 1}",
                x=tuple(round(v, 4) for v in x.tolist()),
                y=tuple(round(v, 4) for v in y.tolist()),
                layers=(
                    layer("joint density p(z, x)", joint.reshape(POINTS, POINTS)),
                    layer("fitted q(z)", q.reshape(POINTS, POINTS)),
                ),
            ),
        )
    )
