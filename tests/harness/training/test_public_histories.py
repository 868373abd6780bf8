"""A history is a stranger's data: nothing that it holds makes a public check our fault, and no picture does."""

import io

import pytest
import torch
from PIL import Image

from autograder.assignment.loading import Assignment
from tests.public.histories import numbers
from tests.submissions.build import ROOT


@pytest.mark.parametrize("values", [None, "loss", 3.0, ["a"], [None], [torch.zeros(2)], [[1.0]], {"a": 1.0}])
def test_anything_else_is_an_empty_list(values: object) -> None:
    """Also where there is no dictionary, and no list of the name."""
    assert numbers({"elbo": values}, "elbo") == []
    assert numbers(values, "elbo") == []


def test_numbers_are_read() -> None:
    """Numbers, tensors of one number, and a tensor of them."""
    assert numbers({"elbo": (1, torch.tensor(2.0))}, "elbo") == [1.0, 2.0]
    assert numbers({"elbo": torch.tensor([1.0, 2.0])}, "elbo") == [1.0, 2.0]


def test_a_picture_that_is_none() -> None:
    """Bytes that are no picture, one that is cut off, and one that is too small have no shade."""
    program = Assignment(ROOT).code.module("tests.hidden.programs.test_vae_command_line")
    buffer = io.BytesIO()
    Image.new("L", (100, 40), 51).save(buffer, "PNG")
    small = io.BytesIO()
    Image.new("L", (10, 400), 51).save(small, "PNG")

    assert program.mean_shade(buffer.getvalue()) == pytest.approx(0.2)
    assert [program.mean_shade(data) for data in (b"", b"PNG", buffer.getvalue()[:60], small.getvalue())] == [None] * 4
