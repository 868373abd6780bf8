"""What three tasks have in common: a noise variance comes in two forms."""

import torch
from hypothesis import example

from autograder.authoring import DTYPES, levelled, require_gradients, siblings
from tests.hidden.sizes import CORNERS

LEARNT = "math.log(sigma2) cuts one term off from the graph, and the others stay: torch.log(torch.as_tensor(sigma2)) does not."


def with_sigma2(case, as_tensor):
    """σ² as a float or as a 0-d tensor: a function takes both."""
    return case.but(sigma2=torch.tensor(case.arguments["sigma2"], dtype=case.dtype())) if as_tensor else case


def require_gradients_of(student, oracle, case, names, part=None):
    """Require the gradients by some arguments, and by σ² as a 0-d tensor, where any flows: to make a float of it is right, but a gradient
    that lacks a term would teach a model another noise.
    """
    case = with_sigma2(case, as_tensor=True)
    flows = student.ask(case, gradients=["sigma2"], part=part).gradients.get("sigma2") is not None
    require_gradients(student, oracle, case, [*names, *(["sigma2"] if flows else [])], part, help=LEARNT)


def around(case):
    """The calls that are asked beside a call: other numbers, a mean of 0, points that are all alike, loadings of very different sizes."""
    points = {name: (0.0,) for name in ("x", "X", "mu") if name in case.arguments}
    return [*siblings(case), *levelled(case, points), *uneven(case)]


def uneven(case):
    """The same call, in float64, with little noise and loadings from 1 down to a hundredth, as they are where the last components hardly
    explain anything: what takes small eigenvalues for 0 is wrong there.
    """
    if case.dtype() != torch.float64:
        return []
    W, sigma2 = case.arguments["W"], case.arguments["sigma2"]
    return [case.but(W=W * torch.logspace(0, -2, W.shape[1], dtype=W.dtype), sigma2=1e-3 * sigma2)]


def at_corners(test):
    """Ask for the corners of the sizes in any case."""
    for turn, size in enumerate(CORNERS):
        test = example(size=size, dtype=DTYPES[turn % 2], seed=turn, as_tensor=turn % 4 < 2)(test)
    return test
