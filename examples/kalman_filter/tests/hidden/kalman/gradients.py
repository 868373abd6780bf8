"""Gradients that are the same for every right way to write a function."""

import torch

COVARIANCES = ("cov", "P0", "Q", "R")


def agree_in_gradients(student, oracle, case, names, part=None, help=""):
    """Gradients by `names` are the reference's; those by covariances are compared along symmetric changes only.

    Off the symmetric matrices, P - G S Gᵀ and (I - G C) P are different functions of P, so their gradients differ there.
    """
    ours = oracle.gradients(case, names, part=part)
    theirs = student.gradients(case, names, part=part)
    for name in names:
        got, expected = theirs[name], ours[name]
        if name in COVARIANCES:
            got, expected = (got + got.mT) / 2, (expected + expected.mT) / 2
        of = "the result" if part is None else ("the means", "the covariances")[part]
        student.close(case, got, expected, what=f"the gradient of {of} by `{name}`", help=help)


def only(inputs):
    """Cases in float64, for gradients."""
    return inputs.drawn(dtypes=[torch.float64])
