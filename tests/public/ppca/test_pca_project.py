"""Principal component analysis."""

import torch
from hypothesis import given, settings

from autograder.authoring import Case, check, inputs
from tests.public.sizes import SIZES


@inputs("pca_project", sizes=SIZES, scale="D")
def pca_project(draw):
    """Data far from 0 with M directions that differ clearly in variance, from each other and from the rest: each is determined but for
    its sign, and iterative methods find it.
    """
    N, D = draw.size("N"), draw.size("D")
    M = min(draw.size("M"), D, N - 1)
    strengths = torch.linspace(3.0, 1.5, M, dtype=torch.float64)
    scores = draw.normal("N", M).double()
    scores = torch.linalg.qr(scores - scores.mean(0))[0] * N**0.5 * strengths
    X = scores @ draw.orthogonal("D", M).double().T
    return {
        "X": X.to(draw.dtype) + draw.normal("N", "D", std=0.02) + draw.normal("D", mean=6.0, std=2.0),
        "n_components": M,
    }


def aligned(student, case, expected):
    """Return components and scores, each pair with the sign that turns the component towards the expected one."""
    components, scores = student.value(case)
    components, scores = components.double(), scores.double()
    signs = torch.where((components * expected.double()).sum(1) < 0, -1.0, 1.0).double()
    return components * signs[:, None], scores * signs


def within_one_percent(student, case, got, expected, what, help_text):
    """Require every vector up to 1 % of its length: randomised and iterative methods are right as well."""
    student.sees(case, f"the {what}, their signs aside", got, within=0.01)
    off = (got - expected).norm(dim=-1) / expected.norm(dim=-1)
    worst = int(off.argmax())
    message = f"the {what} of component {worst + 1} are off by {float(off[worst]):.1%} of their length, signs aside"
    student.require(bool((off <= 0.01).all()), case, message, help=help_text)


@check("pca_project", "contract")
@settings(max_examples=12)
@given(case=pca_project.drawn())
def test_contract(student, case):
    """`pca_project` exists, takes the documented arguments, and returns finite components of shape (M, D) and scores of shape (N, M), of
    the documented dtype and without changing X.
    """
    student.value(case, form=True)  # no call is repeated: randomised solvers do not give the same digits twice


@check("pca_project", "golden")
def test_golden(student):
    """By hand: the six points μ ± (6, 8, 0), μ ± (−4, 3, 0) and μ ± (0, 0, 1) have the components (0.6, 0.8, 0) and (−0.8, 0.6, 0), with
    scores of ±10 and of ±5 for two points each. Any sign of a component is right where its scores go with it.
    """
    half = torch.tensor([[6.0, 8.0, 0.0], [-4.0, 3.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    X = torch.tensor([5.0, -2.0, 9.0]) + torch.cat([half, -half])
    components = torch.tensor([[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0]], dtype=torch.float64)
    scores = torch.tensor([[10.0, 0, 0, -10, 0, 0], [0, 5.0, 0, 0, -5, 0]], dtype=torch.float64).T
    case = Case("pca_project", {"X": X, "n_components": 2})
    got, projected = aligned(student, case, components)
    help_text = "Subtract the mean (5, −2, 9) first; one component per row, the largest variance first."
    within_one_percent(student, case, got, components, "entries", help_text)
    within_one_percent(student, case, projected.T, scores.T, "scores", help_text)
