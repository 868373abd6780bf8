"""A mixture of Gaussians as the prior of a VAE: how it is made and called, and what students can check themselves."""

import torch

from autograder.authoring import Case, Sizes, check, inputs, made

SIZES = [
    Sizes({"K": k, "M": m, "B": b, "S": s}) for k, m, b, s in ((2, 1, 3, 4), (3, 2, 1, 5), (1, 3, 4, 2), (6, 4, 5, 3))
]


@inputs("mixture_prior", sizes=SIZES, dtypes=[torch.float32])  # modules of students have float32 weights
def mixture_prior(draw):
    """A small mixture, one batch of latent variables, and a few draws."""
    sizes = {"n_components": draw.size("K"), "latent_dim": draw.size("M")}
    return made(sizes, log_prob={"z": draw.normal("B", "M", std=2.0)}, sample={"n": draw.size("S")})


@check("mixture_prior", "golden")
def test_golden(student):
    """The density of a mixture of three in one dimension integrates to 1: summed up in steps of 0.01 from −100 to 100."""
    case = Case("mixture_prior", {"n_components": 3, "latent_dim": 1})
    made, z = student.make(case), torch.linspace(-100.0, 100.0, 20_001)[:, None]
    total = float(made.value("log_prob", {"z": z}).double().exp().sum() * 0.01)
    message = f"the density integrates to {total:.4f}, but should to 1"
    help_text = "The weights add up to 1, and every Gaussian has its normalising constant."
    student.require(abs(total - 1.0) < 0.01, made.call("log_prob", {"z": z}), message, help=help_text)
