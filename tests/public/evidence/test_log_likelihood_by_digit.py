"""Mean log-likelihood of every digit."""

import torch

from autograder.authoring import DTYPES, Case, Sizes, check, inputs

SIZES = [Sizes({"N": n}) for n in (11, 13, 17, 23, 31, 47)]


@inputs("log_likelihood_by_digit", sizes=SIZES)
def log_likelihood_by_digit(draw, absent=()):
    """Images in no order: of some digits there are more than of others, and there are none of those that are absent."""
    digits = torch.tensor([digit for digit in range(10) if digit not in absent])
    once = torch.arange(len(digits))
    more = torch.minimum(draw.labels("N", len(digits)), draw.labels("N", len(digits)))
    labels = digits[torch.cat([once, more])[: draw.size("N")]]
    return {"log_p": draw.normal("N", mean=-300.0, std=100.0), "labels": labels[draw.normal("N").argsort()]}


@check("log_likelihood_by_digit", "golden")
def test_golden(student):
    """By hand: twos with −1, −2 and −6 have the mean −3, zeros with −40 and −60 the mean −50, and a nine with −7 is its own mean. There
    are no other digits, so the others are NaN.
    """
    expected = torch.full((10,), torch.nan, dtype=torch.float64)
    expected[[0, 2, 9]] = torch.tensor([-50.0, -3.0, -7.0], dtype=torch.float64)
    labels = torch.tensor([2, 0, 9, 2, 2, 0])
    for dtype in DTYPES:
        log_p = torch.tensor([-1.0, -40.0, -7.0, -2.0, -6.0, -60.0], dtype=dtype)
        case = Case("log_likelihood_by_digit", {"log_p": log_p, "labels": labels})
        help_text = "One entry for each digit from 0 to 9, and NaN where there is no image of it."
        student.agrees(case, expected, finite=False, help=help_text)
