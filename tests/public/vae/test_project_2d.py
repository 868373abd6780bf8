"""Two coordinates of every latent vector."""

import torch
from hypothesis import given, settings

from autograder.authoring import DTYPES, Case, Sizes, check, inputs

SIZES = [Sizes({"B": b, "M": m}) for b, m in ((4, 3), (6, 3), (7, 4), (5, 8), (12, 5), (31, 6))]
"""More than two latents; fewer than that are looked at by a check of their own."""


@inputs("project_2d", sizes=SIZES, scale="M")
def project_2d(draw):
    """Latent vectors far from 0, with two directions that differ clearly in variance from each other and from the rest: iterative methods
    find them, too. One or two latents are drawn as they come.
    """
    B, M = draw.size("B"), draw.size("M")
    if M < 3:
        return {"z": draw.normal("B", "M", mean=2.0, std=1.5)}
    scores = draw.normal("B", 2).double()
    scores = torch.linalg.qr(scores - scores.mean(0))[0] * B**0.5 * torch.tensor([3.0, 1.6], dtype=torch.float64)
    z = scores @ draw.orthogonal("M", 2).double().T
    return {"z": z.to(draw.dtype) + draw.normal("B", "M", std=0.02) + draw.normal("M", mean=2.0)}


def require_scores(student, case, expected):
    """Require the scores, each column up to its sign and to 1 % of its length: randomised and iterative methods are right as well."""
    got, want = student.value(case).detach().double(), expected.double()
    turned = got * torch.where((got * want).sum(0) < 0, -1.0, 1.0)
    student.sees(case, "the coordinates, their signs aside", turned, within=0.01)
    off = (turned - want).norm(dim=0) / want.norm(dim=0)
    worst = int(off.argmax())
    message = f"column {worst + 1} is off by {float(off[worst]):.1%} of its length, its sign aside"
    help_text = "Centre z, then project it onto the first two principal components, the larger variance first."
    student.require(bool((off <= 0.01).all()), case, message, help=help_text)


@check("project_2d", "contract")
@settings(max_examples=12)
@given(case=project_2d.drawn())
def test_contract(student, case):
    """`project_2d` exists, takes the documented argument, and returns finite coordinates of shape (B, 2), of the documented dtype and
    without changing z.
    """
    student.value(case, form=True)  # no call is repeated: randomised solvers do not give the same digits twice


@check("project_2d", "golden")
def test_golden(student):
    """By hand: the six points μ ± (6, 8, 0), μ ± (−4, 3, 0) and μ ± (0, 0, 1) have the coordinates ±(10, 0), ±(0, 5) and (0, 0), where
    the sign of either column is free; points with two latents stay as they are.
    """
    half = torch.tensor([[6.0, 8.0, 0.0], [-4.0, 3.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    z = torch.tensor([5.0, -2.0, 9.0], dtype=torch.float64) + torch.cat([half, -half])
    expected = torch.tensor([[10.0, 0, 0, -10, 0, 0], [0, 5.0, 0, 0, -5, 0]], dtype=torch.float64).T
    require_scores(student, Case("project_2d", {"z": z}), expected)
    for dtype in DTYPES:
        two = torch.tensor([[3.0, 1.0], [4.0, -2.0], [8.0, 0.5]], dtype=dtype)
        student.agrees(Case("project_2d", {"z": two}), two, help="With two latents nothing is to be projected.")
